#!/bin/bash
# SPDX-License-Identifier: MIT
# A mount for one account shows and allows what the account's role is now, not what it was when it was mounted.
. "${0%/*}/../lib.sh"
catalog
ok admin account add walt --role auditor
mount_as alice
mount_as walt
mount_as dave
image "$A/web"
W=$T/walt/regions/north/images D=$T/dave/regions/north/images
settle
is web@alice listing "$W"
is '' listing "$D"

# No auditor any more: sees nothing, as any account that nothing was shared with.
ok admin account set walt role=account
settle
is '' listing "$W"
refused 1 "$ENOENT" cat "$W/web@alice/description"
says '^role: account$' cat "$T/walt/.imgshare/whoami"

# An auditor from now on: sees everything, and changes nothing.
ok admin account set dave role=auditor
settle
is web@alice listing "$D"
is 'the image web' cat "$D/web@alice/description"
is '' listing "$D/web@alice/shares/"
says '^mode: ro$' cat "$T/dave/.imgshare/whoami"
refused 1 "$EROFS" mkdir "$D/new"
rule read-only-role dave
refused 1 "$EPERM" cat "$D/web@alice/disk"

# An operator: sees everything, and may write, but owns nothing.
ok admin account set dave role=operator
settle
refused 1 "$EPERM" mkdir "$D/new"
rule role dave

# Removed: hears nothing more.
ok admin account rm dave
settle
refused 2 "$EACCES" ls "$T/dave"
refused 2 "$EACCES" ls "$D/web@alice"

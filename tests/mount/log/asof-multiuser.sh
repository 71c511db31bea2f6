#!/bin/bash
# SPDX-License-Identifier: MIT
# asof= for many users: each sees what its account could see then; who has an account is today's, by the uid of today.
. "${0%/*}/../lib.sh"
needs_root
needs setpriv
catalog
ok admin account add zoe --uid "$STRANGER"
mount_as alice
image "$A/web"
ok mkdir "$A/web/shares/"{bob,zoe}
then=$(admin log --json | sed -n '$s/^{"event":\([0-9]*\),.*/\1/p')
ok rmdir "$A/web/shares/bob"
ok admin account rm zoe
settle
ok mv "$A/web" "$A/db"
mount_users "asof=$then"
M=$T/all N=$T/all/regions/north/images

is '.views/bob/regions' user "$BOB" readlink "$M/regions"
is 'web@alice' user "$BOB" ls "$N/"
is 'bob' user "$BOB" ls "$N/web@alice/shares/"
is 'the image web' user "$BOB" cat "$N/web@alice/description"
is 'bob
zoe' user "$ALICE" ls "$N/web/shares/"
is '' user "$CAROL" ls "$N/"
is 'web@alice' ls "$N/"
is 'bob
zoe' ls "$N/web@alice/shares/"
refused 2 "$EACCES" user "$STRANGER" ls "$M"
refused 1 "$EPERM" user "$ALICE" cat "$N/web/disk"
refused 1 "$EROFS" user "$ALICE" mkdir "$N/web/shares/carol"
is "account: bob
role: account
uid: $BOB
mode: ro
asof: $then" user "$BOB" cat "$M/.imgshare/whoami"

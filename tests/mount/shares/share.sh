#!/bin/bash
# SPDX-License-Identifier: MIT
# mkdir shares/bob shares an image; mkdir -p and install -d are the idempotent forms.
. "${0%/*}/../lib.sh"
needs busybox
catalog
mount_as alice
mount_as bob
mount_as carol
image "$A/web"

before=$(date +%s)
ok mkdir "$A/web/shares/bob"
settle
is 'web@alice' listing "$B"
is '' listing "$C"
is 'bob' listing "$A/web/shares/"
is '' listing "$A/web/shares/bob"
granted=$(stat -c %Y "$A/web/shares/bob")
[ "$granted" -ge "$before" ] && [ "$granted" -le "$(date +%s)" ] || not_ok "granted at $granted, asked at $before"
is 'sealed' state "$A/web"
is 'the image web' cat "$B/web@alice/description"

snapshot
refused 1 "$EEXIST" mkdir "$A/web/shares/bob"
ok mkdir -p "$A/web/shares/bob"
ok install -d "$A/web/shares/bob"
ok busybox mkdir -p "$A/web/shares/bob"
unchanged 'sharing again'

refused 1 "$EPERM" mkdir "$A/web/shares/nobody"
rule unknown-account alice
refused 1 "$EPERM" mkdir "$A/web/shares/alice"
rule no-self-share alice
refused 1 "$EPERM" mkdir "$A/web/shares/operator"
rule role alice
refused 1 "$EINVAL" mkdir "$A/web/shares/Bob"
refused 1 "$EINVAL" mkdir "$A/web/shares/bob@alice"
refused 1 "$EINVAL" mkdir "$A/web/shares/.bob"
refused 1 "$ENAMETOOLONG" mkdir "$A/web/shares/$(printf '%065d' 0)"
refused 1 "$EPERM" touch "$A/web/shares/file"
refused 1 "$EPERM" touch "$A/web/shares/bob/file"
unchanged 'refused shares'

# One command for several: each on its own.
refused 1 "nobody.*$EPERM" mkdir "$A/web/shares/"{carol,nobody,dave}
is 'bob carol dave' listing "$A/web/shares/"
settle
is 'web@alice' listing "$C"

# mkdir -p makes the parents first: a share, before what cannot be below it.
image "$A/db"
refused 1 "$EPERM" mkdir -p "$A/db/shares/bob/sub"
is 'bob' listing "$A/db/shares/"

# An auditor and an operator receive no share.
ok admin account add audit --role auditor
refused 1 "$EPERM" mkdir "$A/web/shares/audit"
rule role alice

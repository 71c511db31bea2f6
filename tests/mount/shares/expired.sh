#!/bin/bash
# SPDX-License-Identifier: MIT
# From the instant of its expiry a share is dead for every question, daemon or not; the log closes it, with a line.
. "${0%/*}/../lib.sh"
catalog
mount_as alice
mount_as bob
VM=$T/bob/regions/north/instances
image "$A/web"
image "$A/db"
ok admin limits shares-per-image 2
ok mkdir "$A/web/shares/"{bob,carol} "$A/db/shares/bob"
settle
ok mkdir "$VM/vm1" "$VM/vm2"
ok put web@alice "$VM/vm1/image"
ok put mine "$VM/vm1/disk"
refused 1 "$EPERM" mkdir "$A/web/shares/dave"
rule share-limit alice

# soon SECONDS: a time from now, with milliseconds; more than 1 where something must come before it.
soon() {
        date -ud "+$(($1 * ${IMGSHARE_SLOW:-1})) seconds" +%Y-%m-%dT%H:%M:%S.%3NZ
}
# Whether that time has come.
passed() {
        [ "$(date -u +%Y-%m-%dT%H:%M:%S.%3NZ)" \> "$at" ]
}
wait_until_passed() {
        WAIT=$((10 * ${IMGSHARE_SLOW:-1})) eventually passed || die "never: $at"
}

# With both daemons running: listing, lookup, launch, reinstall, the limit, freezing.
at=$(soon 3)
ok put "$at" "$A/web/shares/bob/.expires"
is 'bob carol' listing "$A/web/shares/"
ok ls "$B/web@alice" "$B/db@alice"
wait_until_passed
is db@alice listing "$B"
refused 2 "$ENOENT" ls "$B/web@alice"
is carol listing "$A/web/shares/"
refused 1 "$ENOENT" put web@alice "$VM/vm2/image"
refused 1 "$ENOENT" put web@alice "$VM/vm1/image"
is mine cat "$VM/vm1/disk"
is carol cut -f1 "$A/web/.meta/shares.tsv"
is db@alice listing "$T/bob/accounts/bob/received/north"
absent "$T/bob/accounts/bob/received/north/web@alice"
ok mkdir "$A/web/shares/dave"
refused 1 "$EPERM" mkdir "$A/web/shares/bob"
rule share-limit alice
refused 1 "$ENOENT" rmdir "$A/web/shares/bob"
absent "$A/web/shares/bob"

# One line in the log closes it.
# closed IMAGE: it has such a line.
closed() {
        grep -q '"op":"expire".*"account":"bob"' "$1/.meta/history.jsonl"
}
eventually closed "$A/web" || not_ok 'no event closes the share'
is 1 grep -c '"op":"expire"' "$A/web/.meta/history.jsonl"
says '"op":"expire","object":"north/web@alice","account":"bob".*"detail":{"expired":"'"$at"'"' grep expire "$A/web/.meta/history.jsonl"
says $'^[0-9]+\tbob\tpast share\t-\t.*\tnorth/web@alice$' cat "$A/web/.meta/exposure.tsv"

# Sharing again works, without an expiry; a longer time counts from when it is set.
ok rmdir "$A/web/shares/dave"
ok mkdir "$A/web/shares/bob"
is never cat "$A/web/shares/bob/.expires"
settle
is 'db@alice web@alice' listing "$B"
ok put web@alice "$VM/vm1/image"
at=$(soon 3)
ok put "$at" "$A/web/shares/bob/.expires"
ok put +30d "$A/web/shares/bob/.expires"
wait_until_passed
is 'db@alice web@alice' listing "$B"

# The last share expired, the image is no longer frozen, and can be deleted.
ok rmdir "$A/web/shares/"*
ok mkdir "$A/web/shares/bob"
refused 1 "$EPERM" mv "$A/web" "$A/renamed"
rule shared-frozen alice
at=$(soon 1)
ok put "$at" "$A/web/shares/bob/.expires"
wait_until_passed
ok mv "$A/web" "$A/renamed"
ok put new "$A/renamed/description"
ok rm -r "$A/renamed"

# No daemon at all: what the command line says after it, and the next mount, which closes it.
at=$(soon 3)
ok put "$at" "$A/db/shares/bob/.expires"
ok rm -r "$VM/vm1" "$VM/vm2"
refused 1 '^imgshare: ' admin account set bob role=auditor
unmount alice bob
wait_until_passed
ok admin account set bob role=auditor
ok admin account set bob role=account
mount_as bob ro
is '' listing "$B"
refused 2 "$ENOENT" ls "$B/db@alice"
unmount bob
mount_as alice
is '' listing "$A/db/shares/"
eventually closed "$A/db" || not_ok 'no event closes the share after the mount'
is 1 grep -c '"op":"expire"' "$A/db/.meta/history.jsonl"
ok mkdir "$A/db/shares/bob"

# Granted again in the moment it is over but not yet closed: both lines, in that order.
at=$(soon 1)
ok put "$at" "$A/db/shares/bob/.expires"
wait_until_passed
ok mkdir "$A/db/shares/bob"
is 'expire share' sh -c 'grep -o "\"op\":\"[a-z-]*\"" "$1" | cut -d\" -f4 | tail -n 2 | xargs' - "$A/db/.meta/history.jsonl"
is never cat "$A/db/shares/bob/.expires"

# An end that a view saw that cannot write is written by the first command that can, before what it does itself.
ok mkdir -p "$A/db/shares/carol"
at=$(soon 2)
ok put "$at" "$A/db/shares/carol/.expires"
unmount alice
wait_until_passed
expired=$(admin log --json | grep -c '"op":"expire"')
ok admin access --all
is "$expired" sh -c '"$@" | grep -c "\"op\":\"expire\""' - "$IMGSHARE" -C "$DIR" log --json
ok admin limits require-review off
is 'expire limit' sh -c '"$@" | tail -n 2 | cut -f 4 | xargs' - "$IMGSHARE" -C "$DIR" log

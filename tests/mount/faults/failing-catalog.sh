#!/bin/bash
# SPDX-License-Identifier: MIT
# The disk under the catalog fails: no change succeeds that is not on disk, nobody is told something wrong, the daemon
# lives; and all that was acknowledged is there when the disk is back.
. "${0%/*}/../lib.sh"
. "${0%/*}/../disks.sh"
disk small 24
DIR=$T/small/catalog
catalog
mount_as alice
mount_as bob
pid=$(daemon_of "$T/alice")
image "$A/web" 100
image "$A/db" 100
ok mkdir "$A/web/shares/"{bob,carol}
settle
ok ls "$B/web@alice"

# names: what both see, but of the disks.
names() {
        find "$T/alice/regions" "$T/bob/regions" -name disk -prune -o -printf '%p %y %i %m %l\n' 2>>"$T/find" | sort
}

names >"$T/before"
break_disk small
refused 1 "$EIO" mkdir "$A/web/shares/dave"
refused 1 "$EIO" rmdir "$A/web/shares/bob"
refused 1 "$EIO" mkdir "$A/new"
refused 1 "$EIO" mv "$A/db" "$A/other"
refused 1 "$EIO" rmdir "$B/web@alice/shares/bob"
refused 1 "$EIO" admin account add erin
names >"$T/after"
is '' comm -13 "$T/before" "$T/after"
cmp -s "$T/before" "$T/after" || ok grep -qF "$EIO" "$T/find" # what memory no longer knows
# Reading goes on as far as memory goes; else it says that it cannot, and never that something is not there.
for try in 1 2 3; do
        run ls "$A/web/shares/" "$T/alice/events" "$T/alice/accounts/alice/owned/north" "$B/web@alice/" ||
                grep -q "$EIO" "$T/err" || not_ok "$try: $(cat "$T/err")"
done
is '' sh -c 'grep -vF "$1" "$2" || true' - "$EIO" "$T/find"
is "$pid" daemon_of "$T/alice"
unmount alice bob

mend_disk small
ok admin check --log
mount_as alice
mount_as bob
is 'bob carol' listing "$A/web/shares/"
is 'db web' listing "$A"
ok cat "$B/web@alice/description"
ok mkdir "$A/web/shares/dave" "$A/new"
ok rmdir "$A/web/shares/bob"
settle
absent "$B/web@alice"

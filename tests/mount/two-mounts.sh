#!/bin/bash
# SPDX-License-Identifier: MIT
# Mounts of one catalog show each other's changes, and those of imgshare, to any call begun 100 ms later.
. "${0%/*}/lib.sh"
catalog
mount_as alice
mount_at again account=alice
mount_as bob
O=$T/again/regions/north/images

# sees: both of alice's mounts show the same now.
sees() {
        settle
        is "$1" listing "$O"
        is "$1" listing "$A"
}
image "$A/web" 64
sees web
same "$A/web/disk" "$O/web/disk"
is "$(stat -c '%i %s %a %Y' "$A/web" "$A/web/disk")" stat -c '%i %s %a %Y' "$O/web" "$O/web/disk"

# What is written in one is read in the other, and what is open for writing in one is busy in the other.
ok put changed "$O/web/description"
settle
is changed cat "$A/web/description"
printf XYZ | dd of="$O/web/disk" bs=1 seek=1000 conv=notrunc status=none
settle
is XYZ dd if="$A/web/disk" bs=1 skip=1000 count=3 status=none
same "$A/web/disk" "$O/web/disk"
exec 7<>"$O/web/disk"
refused 1 "$EBUSY" mkdir "$A/web/shares/bob"
exec 7>&-
ok mkdir "$A/web/shares/bob"
settle
is bob listing "$O/web/shares/"
is sealed state "$O/web"
refused 1 "$EPERM" put x "$O/web/disk"
refused 1 "$EEXIST" mkdir "$O/web/shares/bob"
is web@alice listing "$B"
is 'changed' cat "$B/web@alice/description"

# A share ended in one mount ends bob's access, even where bob stands.
cd "$B/web@alice" || die cd
ok rmdir "$O/web/shares/bob"
settle
is '' listing "$A/web/shares/"
is '' listing "$B"
refused 2 "$ENOENT" ls "$B/web@alice/disk"
refused 1 "$ENOENT" cat description
cd /

ok mv "$O/web" "$O/db"
sees db
ok put new "$A/db/description"
settle
is new cat "$O/db/description"
ok rm -r "$A/db"
sees ''

# What a daemon holds open dies with it: its writers keep nobody busy.
image "$A/held"
exec 7<>"$O/held/disk"
refused 1 "$EBUSY" mkdir "$A/held/shares/bob"
kill -KILL "$(daemon_of "$T/again")"
exec 7>&-
ok fusermount3 -uz "$T/again"
ok mkdir "$A/held/shares/bob"
mount_at again account=alice
ok rmdir "$O/held/shares/bob"
ok rm -r "$O/held"

# Through imgshare: a region and a limit.
ok admin region add west
settle
is 'north south west' listing "$T/alice/regions"
is '' listing "$T/again/regions/west/images"
ok admin limits images-per-region 1
mkdir "$A/one"
refused 1 "$EPERM" mkdir "$O/two"
ok admin region rm west
settle
is 'north south' listing "$T/alice/regions"

# An account that is removed can do nothing more.
ok admin account rm bob
settle
refused 1 '.' mkdir "$B/new"

#!/bin/bash
# SPDX-License-Identifier: MIT
# Mounts of one catalog show each other's changes, and those of imgshare, to any call begun 100 ms later.
. "${0%/*}/../lib.sh"
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

# A copy has its source's file until it is written to. Who has it open then, in another mount, goes on with what it has
# become: the source keeps its bytes, and neither writer loses what the other one wrote.
image "$A/source" 64
cp "$A/source/disk" "$T/source"
begin() {
        ok mkdir "$A/copy"
        ok ln "$A/source/disk" "$A/copy/disk"
        settle
}
# writes FD OFFSET TEXT: there, and in what is expected.
writes() {
        ok "$PYTHON" -c 'import os, sys; os.pwrite(int(sys.argv[1]), sys.argv[3].encode(), int(sys.argv[2]))' "$@"
        printf '%s' "$3" | dd of="$T/copy" bs=1 seek="$2" conv=notrunc status=none
}
both() {
        same "$T/copy" "$A/copy/disk"
        same "$T/copy" "$O/copy/disk"
}
for first in "$A" "$O"; do
        begin
        exec 7<>"$first/copy/disk"
        second=$([ "$first" = "$A" ] && echo "$O" || echo "$A")
        dense "$second/copy/disk" 32
        cp "$second/copy/disk" "$T/copy"
        both
        writes 7 100 first
        exec 7>&-
        both
        same "$T/source" "$A/source/disk"
        ok rm -r "$A/copy"
done
# Both have it open before either writes, and then the source is gone.
for removed in false true; do
        begin
        cp "$T/source" "$T/copy"
        exec 7<>"$A/copy/disk" 8<>"$O/copy/disk"
        writes 7 100 seventh
        same "$T/source" "$A/source/disk"
        ! "$removed" || ok rm -r "$A/source"
        writes 8 200 eighth
        writes 7 300 seventh
        exec 7>&- 8>&-
        both
        "$removed" || same "$T/source" "$A/source/disk"
        ok rm -r "$A/copy"
done

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

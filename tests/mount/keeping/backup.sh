#!/bin/bash
# SPDX-License-Identifier: MIT
# A backup is the catalog as of the event that it names, with its sealed disks; it can be mounted at once, to be read. Again
# on the same place it brings only what is new, and removes what is not wanted any more.
# shellcheck source-path=SCRIPTDIR
. "${0%/*}/backup-lib.sh"
needs sqlite3

catalog
ok admin limits keep-deleted 0 # what is kept stays in a backup that has it
mount_as alice
mount_as bob
image "$A/web" 300
image "$A/db" 100
ok mkdir "$A/web/shares/bob"
ok mkdir "$A/db/shares/bob"
ok mkdir "$T/bob/regions/north/instances/vm1"
ok put web@alice "$T/bob/regions/north/instances/vm1/image"
mkdir "$A/filled" && truncate -s 1M "$A/filled/disk" && dense "$T/part" 64
dd if="$T/part" of="$A/filled/disk" bs=64k seek=4 conv=notrunc status=none
ok admin region add east --store "$T/elsewhere"

backup
is 700 stat -c %a "$K"
is 600 stat -c %a "$K/catalog.db"
is '.backup catalog.db store' listing "$K"
is "$(printf '%s\n' $'image\tnorth/filled@alice\tis being written: copied as found' \
        $'instance\tnorth/vm1@bob\tis being written: copied as found')" grep -v ^head "$T/said"
same_as_then
blobs_same
is 2 stat -c %h "$K/store/north/$(cat "$A/web/.meta/id")" # linked
[ "$(stat -c %b "$K/store/north/$(cat "$A/filled/.meta/id")")" -lt 1024 ] || not_ok 'its holes are filled'
is 0 sqlite3 "file:$K/catalog.db?immutable=1" 'SELECT count(*) FROM store'
absent "$K/catalog.db-wal" "$K/catalog.db-shm"

# Only to be read, and not brought up to date while it is.
refused 1 'imgshare restore makes a catalog' "$IMGSHARE" -C "$K" region add west
ok timeout -s KILL 30 "$IMGSHAREFS" "$K" "$T/now" -o account=alice
is "imgsharefs: $K: it is a backup, which is only read; imgshare restore makes a catalog from it" cat "$T/err"
same "$T/now/regions/north/images/web/disk" "$A/web/disk"
refused 1 "$EROFS" mkdir "$T/now/regions/north/images/other"
ok admin region add west
(sleep 0.5 && fusermount3 -u "$T/now") & # it is waited for
backup
wait

# What is new, and what is gone.
inode=$(stat -c %i "$K/catalog.db")
web=$(stat -c '%i %z' "$K/store/north/$(cat "$A/web/.meta/id")")
db=$(cat "$A/db/.meta/id") filled=$(cat "$A/filled/.meta/id")
ok rmdir "$A/db/shares/bob"
ok rm -r "$A/db"
ok dd if="$T/part" of="$A/filled/disk" bs=64k seek=2 conv=notrunc status=none # was copied as found
ok put sealed "$A/filled/.meta/state"
image "$AS/new" 50
ok mkdir "$AS/new/shares/bob"
ok admin region rm west
backup
same_as_then
blobs_same
absent "$K/store/north/$db" "$K/store/west"
is 2 stat -c %h "$K/store/north/$filled"
[ "$(stat -c %i "$K/catalog.db")" != "$inode" ] || not_ok 'the same file is written to'
is "$web" stat -c '%i %z' "$K/store/north/$(cat "$A/web/.meta/id")"

# An instance's disk that nobody touches is copied once.
vm=$(awk -F '\t' '$1 == "instance" { print $2 }' "$T/said")
is north/vm1@bob echo "$vm"
launch=$(sqlite3 "file:$K/catalog.db?immutable=1" 'SELECT max(id) FROM launch')
touch -d '1 hour ago' "$DIR/store/north/$launch"
backup
is $'instance\tnorth/vm1@bob\tcan still be written: copied as found' grep instance "$T/said"
before=$(stat -c '%i %y' "$K/store/north/$launch")
backup
is "$before" stat -c '%i %y' "$K/store/north/$launch"
ok dd if="$T/part" of="$T/bob/regions/north/instances/vm1/disk" bs=1k count=1 conv=notrunc status=none
backup
[ "$(stat -c '%i %y' "$K/store/north/$launch")" != "$before" ] || not_ok 'a changed disk is not copied again'
same "$DIR/store/north/$launch" "$K/store/north/$launch"

# What it must not become.
refused 1 'name a new directory, or an empty one' admin backup "$DIR"
refused 1 'name a new directory, or an empty one' admin backup "$T"
refused 1 'it lies in a store' admin backup "$DIR/store/north/kept"
refused 1 'it lies in a store' admin backup "$T/elsewhere/kept"
absent "$DIR/store/north/kept" "$T/elsewhere/kept"
refused 1 'with disks; name another directory' admin backup --without-disks "$K"
refused 1 'only the operator may' admin --as alice backup "$T/other"
absent "$T/other"
"$IMGSHARE" init "$T/stranger" && mv "$DIR" "$T/aside" && mv "$T/stranger" "$DIR"
refused 1 'a backup of another catalog' admin backup "$K"
rm -r "$DIR" && mv "$T/aside" "$DIR"
cp -a "$DIR/catalog.db"* "$T/" # the same, and then another event under the same number
ok admin limits shares-per-image 20
backup
unmount alice bob
cp -a "$T/catalog.db"* "$DIR/"
ok admin adopt # an older state of what wrote to the stores
ok admin limits shares-per-image 30
refused 1 'events that this one does not have: its last one is' admin backup "$K"

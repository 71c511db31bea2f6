#!/bin/bash
# SPDX-License-Identifier: MIT
# An older state of a catalog is put back in its place: its stores are ahead of it, so it can only be read. When the newer
# state is there again, all is as it was. To go on with the older one is asked for, and loses no disk for a week.
. "${0%/*}/../lib.sh"
catalog
mount_as alice
image "$A/old"
unmount alice
mkdir "$T/older" "$T/newer"
cp -a "$DIR/catalog.db"* "$T/older/"
mount_as alice
image "$A/new" 300
rm -r "$A/old"
cp "$A/new/disk" "$T/new"
unmount alice
cp -a "$DIR/catalog.db"* "$T/newer/"

# put_back STATE: as from a backup that knows nothing of stores.
put_back() {
        rm "$DIR"/catalog.db*
        cp -a "$T/$1/catalog.db"* "$DIR/"
}
blobs() {
        find "$DIR/store" -type f ! -name .locks -exec sha1sum {} + | sort -k 2
}
before=$(blobs)

put_back older
for options in account=alice account=alice,ro account=alice,durability=normal; do
        mount_at alice "$options"
        says "^because: the store of 'north' was written to by a newer state" cat "$T/alice/.imgshare/whoami"
        is old listing "$A"
        refused 1 "$EROFS" mkdir "$A/another"
        unmount alice
done
refused 1 "written to by a newer state of this catalog; put that back, or 'imgshare adopt north'" admin region rm south
is "$before" blobs

put_back newer
mount_as alice
says '^mode: rw$' cat "$T/alice/.imgshare/whoami"
same "$T/new" "$A/new/disk"
image "$A/newer"
rm -r "$A/newer"
unmount alice
ok admin check --digests

# The older one goes on: what it does not know stays until it comes to its number, and is then set aside.
put_back older
ok admin adopt
says "north" cat "$T/out"
mount_as alice
says '^mode: rw$' cat "$T/alice/.imgshare/whoami"
for name in a b c d e f; do
        image "$A/$name"
        mkdir "$AS/$name"
        ok ln "$A/$name/disk" "$AS/$name/disk"
done
unmount alice
mount_as alice
# shellcheck disable=SC2317 # called through eventually
found() {
        local file
        for file in "$DIR"/store/north/lost+found/* "$DIR"/store/north/[0-9]*; do
                cmp -s "$T/new" "$file" && return 0
        done
        return 1
}
found || not_ok 'the disk that the older state did not know is lost'
unmount alice

# Now the newer one has an older mark's number.
put_back newer
mount_as alice
says "^because: the store of 'north' belongs to another copy" cat "$T/alice/.imgshare/whoami"
unmount alice
touch "$T/no_check" # the older state's disk is gone, which it has: rm took it

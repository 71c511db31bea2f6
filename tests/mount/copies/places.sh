#!/bin/bash
# SPDX-License-Identifier: MIT
# Stores and catalogs that are moved: which go on by themselves, which are refused, and how each is found again.
. "${0%/*}/../lib.sh"
catalog
for name in east west; do
        ok admin region add "$name" --store "$T/$name"
done
mount_as alice
E=$T/alice/regions/east/images W=$T/alice/regions/west/images
image "$E/web"
image "$W/db"
image "$A/app"
cp "$E/web/disk" "$T/web"
unmount alice
marks() {
        cat "$T"/{east,west}/.imgshare "$DIR"/store/*/.imgshare
}
blobs() {
        find "$T/east" "$T/west" -type f ! -name .locks -exec sha1sum {} + | sort -k 2
}
because() {
        mount_as alice
        says "^because: $1" cat "$T/alice/.imgshare/whoami"
        refused 1 "$EROFS" mkdir "$A/more"
        unmount alice
        refused 1 "read-only: $1" admin limits shares-per-image 7
}
goes_on() {
        mount_as alice
        says '^mode: rw$' cat "$T/alice/.imgshare/whoami"
        same "$T/web" "$E/web/disk"
        unmount alice
}

# Mounting changes no mark, as nothing was written: also not after a reboot, since no device's number is in it.
before=$(marks)
goes_on
is "$before" marks

# A catalog that is moved within its filesystem keeps its stores.
mv "$DIR" "$T/elsewhere"
DIR=$T/elsewhere goes_on
mv "$T/elsewhere" "$DIR"
is "$before" marks

# Its copy has stores of its own inside: both go on.
"$IMGSHARE" init "$T/inside" && "$IMGSHARE" -C "$T/inside" region add north && "$IMGSHARE" -C "$T/inside" account add alice
cp -a "$T/inside" "$T/inside-2"
for dir in "$T/inside" "$T/inside-2"; do
        DIR=$dir mount_as alice
        image "$A/web"
        unmount alice
        ok "$IMGSHARE" -C "$dir" check --log
done
[ "$(cat "$T/inside/store/north/.imgshare")" != "$(cat "$T/inside-2/store/north/.imgshare")" ] || not_ok 'one mark for both'

# Two stores change places: never swept by each other's rows, and found.
before=$(blobs)
mv "$T/east" "$T/aside" && mv "$T/west" "$T/east" && mv "$T/aside" "$T/west"
because "where the store of 'east' should be is another region's; 'imgshare region set east store=PATH'"
mount_as alice
refused 1 "$EIO" cat "$E/web/disk"
unmount alice
refused 1 'another region' admin adopt east
refused 1 'it is the store of another region' admin region set east store="$T/east"
ok admin region set east store="$T/west"
ok admin region set west store="$T/east"
goes_on
mv "$T/east" "$T/aside" && mv "$T/west" "$T/east" && mv "$T/aside" "$T/west"
ok admin region set east store="$T/east"
ok admin region set west store="$T/west"
is "$before" blobs
is 2 grep -c '"op":"region-set","object":"east"' <(admin log --json)

# One is moved, also under a running mount.
mount_as alice
same "$T/web" "$E/web/disk"
mv "$T/east" "$T/moved"
refused 1 "$EIO" cat "$E/web/disk"
ok admin region set east store="$T/moved"
same "$T/web" "$E/web/disk"
image "$E/more"
unmount alice
says "east	$T/moved" admin region list
refused 1 'no store of this catalog is there' admin region set east store="$T/east"
refused 1 'no such region' admin region set none store="$T/moved"
refused 2 'is not store=PATH' admin region set east "$T/moved"
refused 1 'role' admin --as alice region set east store="$T/moved"
refused 1 'role' admin --as alice adopt east

# Into the catalog, and out again.
mv "$T/moved" "$DIR/store/east"
ok admin region set east store="$DIR/store/east"
goes_on
mv "$DIR/store/east" "$T/east"
ok admin region set east store="$T/east"
goes_on

# Others can enter one; it lies in another.
chmod 755 "$T/east"
because "others can enter the store of 'east': .*; 'chmod 700 $T/east'"
refused 1 'others can enter' admin adopt
refused 1 'others can enter' admin region set east store="$T/east"
chmod 700 "$T/east"
goes_on
refused 1 'in another store' admin region add inner --store "$T/east/inner"
absent "$T/east/inner"
mv "$T/west" "$T/east/west"
ok admin region list
refused 1 'lies in another store' admin region set west store="$T/east/west"
mv "$T/east/west" "$T/west"
goes_on

# Numbers that the catalog lost are those in the marks, if these name its directory.
forget_numbers() {
        "$PYTHON" -c 'import sqlite3, sys
catalog = sqlite3.connect(sys.argv[1])
assert catalog.execute("UPDATE store SET number = NULL").rowcount > 0
catalog.commit()' "$1/catalog.db"
}
before=$(marks)
forget_numbers "$DIR"
goes_on
is "$before" marks
ok admin check --log
cp -a "$DIR" "$T/copy"
forget_numbers "$T/copy"
DIR=$T/copy because "the store of '[a-z]*' belongs to another copy"
is "$before" marks

# Marks as earlier versions wrote them are completed, once.
mark=$(head -n 1 "$T/east/.imgshare")
echo "$mark" >"$T/east/.imgshare"
mount_at seen account=alice,ro
is "$mark" cat "$T/east/.imgshare"
unmount seen
goes_on
is 'directory event number region' sh -c 'sed 1d "$1" | cut -d" " -f1 | sort | xargs' - "$T/east/.imgshare"

# A copy by hard links (cp -al) shares the database, and would have a log of its own: neither is written to.
unmount_all_of_test() {
        local name
        for name in "${MOUNTED[@]}"; do unmount "$name"; done
}
unmount_all_of_test
cp -al "$DIR" "$T/linked"
for dir in "$DIR" "$T/linked"; do
        refused 1 'has another name elsewhere \(a hard link' "$IMGSHARE" -C "$dir" account add linked
        refused 1 'has another name elsewhere' "$IMGSHAREFS" "$dir" "$T" -o account=alice
        ok "$IMGSHARE" -C "$dir" account list
done
ok cp "$T/linked/catalog.db" "$T/linked/own"
ok mv "$T/linked/own" "$T/linked/catalog.db"
ok "$IMGSHARE" -C "$DIR" account add linked

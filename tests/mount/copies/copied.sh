#!/bin/bash
# SPDX-License-Identifier: MIT
# A catalog is copied with `cp -a`; its region west has a store outside, which the copy's rows lead to, too. Whoever
# mounts the copy, and whenever, nothing in that store changes: the copy can only be read, and says why.
. "${0%/*}/../lib.sh"
COPY=$T/copied

# blobs: all files of the outside store, with their bytes.
blobs() {
        find "$T/west" -type f ! -name .locks ! -name .imgshare -exec sha1sum {} + | sort -k 2
}

# mount_copy NAME OPTIONS: mounts the copy on $T/NAME.
mount_copy() {
        DIR=$COPY mount_at "$@"
}

catalog
ok admin region add west --store "$T/west"
ok admin account add audrey --role auditor
mount_as alice
W=$T/alice/regions/west/images
image "$W/old"
image "$A/inside"
unmount alice
cp -a "$DIR" "$COPY"

# The original goes on: a disk that the copy does not know, and one that the copy still has is gone.
mount_as alice
image "$W/new" 500
image "$W/gone"
VM=$T/alice/regions/west/instances/vm
ok mkdir "$VM"
ok put old "$VM/image"
cp "$W/new/disk" "$T/new"
unmount alice
before=$(blobs)
mark=$(cat "$T/west/.imgshare")

# read_only NAME: that mount of the copy shows what there is, changes nothing, and says why.
read_only() {
        local view=$T/$1
        says "^because: the store of 'west' belongs to another copy of this catalog; 'imgshare adopt west'" \
                cat "$view/.imgshare/whoami"
        says '^mode: ro$' cat "$view/.imgshare/whoami"
        refused 1 "$EROFS" mkdir "$view/regions/north/images/more"
}

for options in account=operator account=audrey account=alice account=alice,ro account=alice,durability=normal; do
        mount_copy copy "$options"
        says "belongs to another copy" cat "$T/err"
        read_only copy
        unmount copy
        is "$before" blobs
        is "$mark" cat "$T/west/.imgshare"
done
mount_copy copy account=alice
refused 1 "$EROFS" rm -r "$T/copy/regions/west/images/old"
refused 1 "$EROFS" put x "$T/copy/regions/west/images/old/description"
unmount copy
if [ "$(id -u)" -eq 0 ]; then
        chmod 711 "$T"
        mount_copy copy multiuser
        says "^because: the store of 'west'" cat "$T/copy/.imgshare/whoami"
        unmount copy
fi

# By commands, too.
copy() {
        "$IMGSHARE" -C "$COPY" "$@"
}
for command in 'region rm west' 'region add east' 'account add erin' 'limits shares-per-image 3'; do
        # shellcheck disable=SC2086 # words
        refused 1 "read-only: the store of 'west' belongs to another copy.*adopt" copy $command
done
is "$before" blobs
refused 1 '' copy check
says '^region\swest\sthe store of .west. belongs to another copy' cat "$T/out"
ok copy region list

# Both at once.
mount_copy copy account=alice
mount_as alice
read_only copy
ok rm -r "$W/gone"
image "$W/newer"
same "$T/new" "$W/new/disk"
unmount copy
ok mkdir "$W/newer/shares/bob"
unmount alice
ok admin check --digests

# The copy takes the store over, under the original's eyes: who had it finds that out, and writes no more.
mkdir -p "$T/alice"
"$IMGSHAREFS" -f "$DIR" "$T/alice" -o account=alice 2>"$T/log" &
ok eventually test -d "$A" || die 'not mounted'
ok touch "$W/newer/description"
before=$(blobs)
ok copy adopt
says "the store of 'west' is this catalog's from now on" cat "$T/out"
refused 1 "$EROFS" rm -r "$W/old"
refused 1 "$EROFS" mkdir "$A/more"
says "^because: the store of 'west' belongs to another copy" cat "$T/alice/.imgshare/whoami"
is 1 grep -c "read-only: the store of 'west' belongs to another copy" "$T/log"
same "$T/new" "$W/new/disk"
unmount alice
mount_as alice
says "^because: the store of 'west' belongs to another copy" cat "$T/alice/.imgshare/whoami"
unmount alice
refused 1 'belongs to another copy' admin region rm south
is "$before" blobs

# The copy writes there now; what has its numbers already is set aside, never lost.
mount_copy copy account=alice
for name in a b c d e f; do
        image "$T/copy/regions/west/images/$name"
done
ok eventually sh -c 'cmp -s "$1" "$2"/lost+found/* || cmp -s "$1" "$2"/[0-9]*' - "$T/new" "$T/west"
unmount copy
says '"op":"adopt","object":"west"' copy log --json
run copy check --log
ok sh -c '! grep -qv "^blob\|^head" "$1"' - "$T/out" # blobs of numbers that it has not come to

# And back. The disk that the copy did not know is in lost+found.
touch "$T/no_check"
ok admin adopt west
ok admin adopt west
says 'already' cat "$T/out"
mount_as alice
image "$A/again"
unmount alice
mount_copy copy account=alice
says "^because: the store of 'west'" cat "$T/copy/.imgshare/whoami"
unmount copy

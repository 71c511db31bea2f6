#!/bin/bash
# SPDX-License-Identifier: MIT
# The store of a copied catalog hangs while it is asked whose it is. The mount comes; nothing is written in that store; once
# it answers, the first use of it tells that it is the original's, and nothing is written at all from then on.
. "${0%/*}/../lib.sh"
: "${HANG_MODULE:?the built libhang.so}"
COPY=$T/copied
catalog
ok admin region add west --store "$T/west"
mount_as alice
W=$T/alice/regions/west/images
image "$W/web"
image "$A/app"
cp "$W/web/disk" "$T/web"
unmount alice
cp -a "$DIR" "$COPY"
mount_as alice
image "$W/new"
unmount alice
blobs() {
        find "$T/west" -type f ! -name .locks -exec sha1sum {} + | sort -k 2
}
before=$(blobs)

export HANG=$T/hangs HANG_STORE=$T/west
touch "$HANG"
DIR=$COPY
LD_PRELOAD=$HANG_MODULE mount_as alice
is web listing "$W"
image "$A/more" # inside of the copy
ok mkdir "$W/draft"
mkdir "$T/waits" && (dd if=/dev/zero of="$W/draft/disk" bs=1 count=1 2>"$T/waits/err" || touch "$T/waits/failed") &
cat "$W/web/disk" >"$T/read" 2>/dev/null &
is "$before" blobs
rm "$HANG"
wait
ok test -e "$T/waits/failed"
same "$T/web" "$W/web/disk"
refused 1 "$EROFS" mkdir "$A/another"
says "^because: the store of 'west' belongs to another copy" cat "$T/alice/.imgshare/whoami"
unmount alice
is "$before" blobs

# A command does not wait for it either, and does not touch it.
touch "$HANG"
ok env LD_PRELOAD="$HANG_MODULE" "$IMGSHARE" -C "$COPY" account add erin
is "$before" blobs
rm "$HANG"
refused 1 'belongs to another copy' admin account add frank

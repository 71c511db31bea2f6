#!/bin/bash
# SPDX-License-Identifier: MIT
# A store that does not answer (its server hangs) keeps only those waiting who want its bytes: the mount comes, names
# are found, other regions go on, and the daemon ends.
. "${0%/*}/../lib.sh"
: "${HANG_MODULE:?the built libhang.so}"
catalog
mkdir "$T/disk"
ok admin region add west --store "$T/disk/store"
mount_as alice
W=$T/alice/regions/west/images
image "$W/web"
image "$A/db"
cp "$A/db/disk" "$T/db"
unmount alice
store=$T/disk/store
touch "$DIR/store/south/2" # the number of an event that made no image

export HANG=$T/hangs HANG_STORE=$store
touch "$HANG"
LD_PRELOAD=$HANG_MODULE mount_as alice
is web listing "$W"
is 'the image web' cat "$W/web/description"
is 'alice' cat "$W/web/.meta/owner"
same "$T/db" "$A/db/disk"
ok eventually test ! -e "$DIR/store/south/2"
for i in {1..5}; do
        cat "$W/web/disk" >"$T/read$i" 2>&1 &
done
image "$A/more"
ok mkdir "$A/more/shares/bob"
ok rm -r "$A/more/shares/bob" "$A/more"

# It answers again.
rm "$HANG"
ok cmp "$W/web/disk" "$W/web/disk"
wait
unmount alice

# The sweeper waits for it when the daemon is to end. What was refused is in the log all the same.
touch "$HANG"
LD_PRELOAD=$HANG_MODULE mount_as alice
for i in {1..8}; do
        refused 1 'not permitted' mkdir "$A/db/.meta/shares/alice"
done
kill -TERM "$(daemon_of "$T/alice")"
ok eventually daemon_ended "$T/alice"
umount -l "$T/alice" 2>/dev/null || fusermount3 -uz "$T/alice" 2>/dev/null
rm "$HANG"
repeated() {
        admin log --json | grep '"no-self-share"' | grep -q '"repeated":7}'
}
ok eventually repeated

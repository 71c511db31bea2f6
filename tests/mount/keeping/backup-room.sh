#!/bin/bash
# SPDX-License-Identifier: MIT
# A backup for which there is no room, of a store that is not there, or of a disk that is not: each says so, and makes nothing
# that looks whole. What was a backup before stays one.
# shellcheck source-path=SCRIPTDIR
. "${0%/*}/backup-lib.sh"
needs_root

catalog
mkdir "$T/far" && mount -t tmpfs -o mode=700 none "$T/far" || skip 'no tmpfs'
ok admin region add east --store "$T/far"
mount_as alice
image "$A/web" 3000
image "$T/alice/regions/east/images/far" 20
ok mkdir "$A/web/shares/bob"

# No room: first for the disks, then for the catalog, last for the next one.
mkdir "$T/small" && mount -t tmpfs -o mode=700,size=2M none "$T/small" || skip 'no tmpfs'
K=$T/small/kept
refused 1 "cannot back up to '$K': .*No space left on device" admin backup "$K"
refused 1 'a backup into it was interrupted; run it again' "$IMGSHARE" -C "$K" check
refused 1 'a backup into it was interrupted; run it again' "$IMGSHAREFS" "$K" "$T/small" -o account=alice
mount -o remount,size=5M "$T/small"
backup
image "$A/large" 3000
before=$(find "$K" -printf '%P %i %s\n' | sort)
refused 1 'No space left on device' admin backup "$K"
is "$before" bash -c "find '$K' -printf '%P %i %s\n' | sort"
ok "$IMGSHARE" -C "$K" check --digests --log
ok rm -r "$A/large"
backup
mount -o remount,size=4M "$T/small"
while dd if=/dev/zero bs=4k count=8 status=none >>"$T/small/filled"; do :; done 2>/dev/null
refused 1 'No space left on device' admin backup "$K"
ok "$IMGSHARE" -C "$K" check --digests --log
rm "$T/small/filled"
refused 1 'No space left on device' "$IMGSHARE" restore "$K" "$T/small/restored"
refused 1 'a restore into it was interrupted; run it again' "$IMGSHARE" -C "$T/small/restored" check
cp -a "$T/small/restored" "$T/half"
mount -o remount,size=20M "$T/small"
ok "$IMGSHARE" restore "$K" "$T/small/restored" # goes on
ok "$IMGSHARE" -C "$T/small/restored" check --digests --log
ok admin limits shares-per-image 40
backup
refused 1 'a restore of another backup into it was interrupted; name another directory' "$IMGSHARE" restore "$K" "$T/half"

# A store that is not there.
K=$T/kept
unmount alice
umount "$T/far" && touch "$T/no_check" || die umount
refused 1 "the store of region 'east' is offline; mount it where region list shows it" admin backup "$K"
refused 1 'a backup into it was interrupted; run it again' "$IMGSHARE" -C "$K" log
ok admin backup --without-disks "$T/papers" # does not need it
mount -t tmpfs -o mode=700 none "$T/far" # an empty disk is none either
refused 1 "the store of region 'east' is offline" admin backup "$K"

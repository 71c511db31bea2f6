#!/bin/bash
# SPDX-License-Identifier: MIT
# A store that is not there (its disk is not mounted) takes its region offline: EIO there, other regions go on, nothing
# is swept or repaired, and all is back when the store is.
. "${0%/*}/../lib.sh"
catalog
mkdir "$T/disk"
ok admin region add west --store "$T/disk/store"
mount_as alice
W=$T/alice/regions/west/images
image "$W/web"
image "$W/open"
image "$A/db"
cp "$W/web/disk" "$T/web"
unmount alice
blobs=$(find "$T/disk" -type f | sort)

# offline: what can and what cannot be done then.
offline() {
        refused 1 "$EIO" cat "$W/web/disk"
        refused 1 "$EIO" dd if=/dev/zero of="$W/web/disk" bs=1 count=1 conv=notrunc
        refused 1 "$EIO" ln "$W/web/disk" "$AS/new/disk"
        refused 1 "$EIO" ln "$A/db/disk" "$W/draft/disk"
        refused 1 "$EIO" mkdir "$W/web/shares/bob"
        is 'draft open web' listing "$W"
        is 'the image web' cat "$W/web/description"
        is 'description disk shares' listing "$W/open"
        image "$A/more"
        ok mkdir "$A/more/shares/bob"
        ok rmdir "$A/more/shares/bob"
        ok rm -r "$A/more"
}

# Gone when the daemon starts.
mount_as alice
mkdir "$AS/new" "$W/draft"
unmount alice
mv "$T/disk" "$T/away" && mkdir "$T/disk"
mount_as alice
offline
unmount alice
rmdir "$T/disk" && mv "$T/away" "$T/disk"
is "$blobs" sh -c 'find "$1" -type f | sort' - "$T/disk"

# Gone while the daemon runs, and back.
mount_as alice
same "$T/web" "$W/web/disk"
mv "$T/disk" "$T/away" && mkdir "$T/disk"
offline
refused 1 '' admin check
says 'region\swest' cat "$T/out"
rmdir "$T/disk" && mv "$T/away" "$T/disk"
same "$T/web" "$W/web/disk"
ok put changed "$W/web/disk"
ok mkdir "$W/web/shares/bob"

# Another store in its place is not this region's.
unmount alice
mv "$T/disk/store" "$T/disk/real"
mkdir -m 700 "$T/disk/store"
cp "$T/disk/real/"* "$T/disk/store/"
mount_as alice
refused 1 "$EIO" cat "$W/open/disk"
unmount alice
rm -r "$T/disk/store" && mv "$T/disk/real" "$T/disk/store"

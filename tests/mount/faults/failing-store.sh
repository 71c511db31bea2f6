#!/bin/bash
# SPDX-License-Identifier: MIT
# The disk under a region's store fails: EIO for what needs it, nothing half done, the rest goes on; and all is as it was
# when the disk is back.
. "${0%/*}/../lib.sh"
. "${0%/*}/../disks.sh"
disk small 24
catalog
ok admin region add west --store "$T/small/store"
mount_as alice
pid=$(daemon_of "$T/alice")
W=$T/alice/regions/west/images
image "$W/sealed" 2000
image "$W/filled" 2000
image "$W/written" 100
image "$A/db" 100
cp "$W/sealed/disk" "$T/sealed" && cp "$W/filled/disk" "$T/filled"
ok mkdir "$W/sealed/shares/bob"
exec 9<>"$W/written/disk"
blobs=$(ls "$T/small/store")

break_disk small
refused 1 "$EIO" cat "$W/filled/disk"
# What cannot be made durable cannot be sealed, so not shared, copied or launched either.
refused 1 "$EIO" put changed "$W/written/disk"
refused 1 "$EIO" sync "$W/written/disk"
exec 9>&-
mkdir "$AS/copy" "$T/alice/regions/west/instances/vm"
snapshot
refused 1 "$EIO" ln "$W/filled/disk" "$AS/copy/disk"
refused 1 "$EIO" put filled "$T/alice/regions/west/instances/vm/image"
refused 1 "$EIO" mkdir "$W/written/shares/bob"
refused 1 "$EIO" put sealed "$W/written/.meta/state"
is available state "$W/filled"
unchanged 'what could not be done'
rmdir "$AS/copy" "$T/alice/regions/west/instances/vm"

# what needs no byte of it goes on: shares of what is sealed, names, other regions
ok mkdir "$W/sealed/shares/carol"
ok rmdir "$W/sealed/shares/bob"
ok mv "$W/filled" "$W/renamed"
ok mkdir "$A/db/shares/bob"
is 'renamed sealed written' listing "$W"
refused 1 '' admin check --digests
says 'region\swest' cat "$T/out"
is "$pid" daemon_of "$T/alice"

# Such a filesystem must be unmounted by all who hold it before it can be mounted again.
unmount alice
mend_disk small
mount_as alice
same "$T/sealed" "$W/sealed/disk"
same "$T/filled" "$W/renamed/disk"
ok mkdir "$W/renamed/shares/bob"
image "$W/new"
ok mkdir "$W/new/shares/bob"
for blob in $blobs; do
        [ -e "$T/small/store/$blob" ] || not_ok "blob $blob is gone"
done
ok admin check --digests

#!/bin/bash
# SPDX-License-Identifier: MIT
# A region's store on an overlay, whose files the kernel does not let pass through: the daemon moves their bytes, and
# those of a store beside it still pass, where they do.
. "${0%/*}/../lib.sh"
needs_root
catalog
mkdir "$T"/{low,up,work,over}
mount -t overlay -o "lowerdir=$T/low,upperdir=$T/up,workdir=$T/work" overlay "$T/over" || skip 'no overlay'
ok admin region add west --store "$T/over/store"
mount_as alice
W=$T/alice/regions/west/images

# opened WAY: how many disks this mount has opened so.
opened() {
        awk -v name="opens_$1" '$1 == name { print $2 }' "$T/alice/.imgshare/stats"
}

image "$A/web" 100
image "$W/web" 100
passed=$(opened passthrough) served=$(opened daemon)
for image in "$W/web" "$A/web" "$W/web" "$A/web"; do
        ok cat "$image/disk"
done
if [ "$(opened passthrough)" -gt "$passed" ]; then
        is $((passed + 2)) opened passthrough
        is $((served + 2)) opened daemon
else
        is $((served + 4)) opened daemon
fi

# Everything else is as in any region.
ok mkdir "$W/web/shares/bob"
refused 1 "$EPERM" mv "$W/web" "$W/name"
rule shared-frozen alice
ok cp -r "$W/web" "$AS/"
ok cp -r "$A/web" "$W/copy"
same "$W/web/disk" "$AS/web/disk"
same "$A/web/disk" "$W/copy/disk"
ok qemu-img info "$W/copy/disk"
ok rmdir "$W/web/shares/bob"
ok rm -r "$W/web" "$W/copy"
is '' listing "$W"
ok admin check

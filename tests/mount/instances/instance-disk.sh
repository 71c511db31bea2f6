#!/bin/bash
# SPDX-License-Identifier: MIT
# An instance's disk keeps the image's holes and serves qemu-img; a launch that finds no space leaves what was there.
. "${0%/*}/../lib.sh"
needs_root
needs qemu-img qemu-io
catalog
ok admin limits keep-deleted 0
mkdir "$T/small"
mount -t tmpfs -o size=4m tmpfs "$T/small" || skip 'no tmpfs'
ok admin region add west --store "$T/small/store"
mount_as alice
VM=$T/alice/regions/north/instances W=$T/alice/regions/west

# A sparse image.
mkdir "$A/sparse"
truncate -s 128M "$T/sparse" && dd if=/dev/urandom of="$T/sparse" bs=64K seek=100 count=1 conv=notrunc status=none
ok cp --sparse=always "$T/sparse" "$A/sparse/disk"
ok mkdir "$VM/vm1"
ok put sparse "$VM/vm1/image"
is 134217728 stat -c %s "$VM/vm1/disk"
[ "$(stat -c %b "$VM/vm1/disk")" -lt 1000 ] || not_ok "the instance's disk has lost its holes: $(stat -c %b "$VM/vm1/disk") blocks"
same "$VM/vm1/disk" "$T/sparse"
[ "$(stat -c %b "$VM/vm1/disk")" -lt 1000 ] || not_ok 'reading filled the holes'

# qemu-img and qemu-io work on a raw disk, as it is in the mount.
says '"virtual-size": 134217728' qemu-img info -f raw --output json "$VM/vm1/disk"
ok qemu-io -f raw -c 'write -P 0x42 1M 64k' -c 'write -z 2M 1M' -c flush "$VM/vm1/disk"
ok qemu-io -f raw -c 'read -P 0x42 1M 64k' "$VM/vm1/disk"
ok qemu-img convert -f raw -O qcow2 "$VM/vm1/disk" "$T/out.qcow2"
ok qemu-img compare -f raw -F qcow2 "$VM/vm1/disk" "$T/out.qcow2"
same "$A/sparse/disk" "$T/sparse"

# And on a qcow2 one.
mkdir "$A/qcow2"
ok cp "$T/out.qcow2" "$A/qcow2/disk"
before=$(sha1sum <"$A/qcow2/disk")
ok mkdir "$VM/vm2"
ok put qcow2 "$VM/vm2/image"
says 'file format: qcow2' qemu-img info "$VM/vm2/disk"
ok qemu-io -f qcow2 -c 'write -P 0x43 100M 1M' "$VM/vm2/disk"
ok qemu-img check "$VM/vm2/disk"
ok qemu-img convert -f qcow2 -O raw "$VM/vm2/disk" "$T/out.raw"
ok qemu-io -f raw -c 'read -P 0x43 100M 1M' "$T/out.raw"
is "$before" sh -c 'sha1sum <"$1"' - "$A/qcow2/disk"
ok rm -r "$VM/vm1" "$VM/vm2"

# A full store.
image "$W/images/web" 1000
ok mkdir "$W/instances/vm1" "$W/instances/vm2"
ok put web "$W/instances/vm1/image"
ok put mine "$W/instances/vm1/disk"
dense "$T/filling" 2600
ok mkdir "$W/images/filling"
ok cp "$T/filling" "$W/images/filling/disk"
free=$(df --output=avail "$T/small")
node=$(stat -c %i "$W/instances/vm1/disk")
for vm in vm1 vm2; do
        refused 1 "$ENOSPC" put web "$W/instances/$vm/image"
done
is "$free" df --output=avail "$T/small"
is mine cat "$W/instances/vm1/disk"
is "$node" stat -c %i "$W/instances/vm1/disk"
is web@alice cat "$W/instances/vm1/image"
is '' listing "$W/instances/vm2"
ok rm -r "$W/images/filling"
ok put web "$W/instances/vm1/image"
same "$W/instances/vm1/disk" "$W/images/web/disk"
unmount alice
ok admin check
umount "$T/small" && touch "$T/no_check"

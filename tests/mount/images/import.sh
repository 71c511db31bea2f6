#!/bin/bash
# SPDX-License-Identifier: MIT
# Import: mkdir images/web and any tool that writes a file; the bytes are the same and the image is available.
LIMIT=200
. "${0%/*}/../lib.sh"
needs busybox qemu-img rsync
catalog
mount_as alice

dense "$T/dense" 3000
truncate -s 20M "$T/disk"
dd if="$T/dense" of="$T/disk" bs=64k seek=100 conv=notrunc status=none
qemu-img convert -O qcow2 "$T/disk" "$T/disk.qcow2" || die qemu-img
n=0

# imports CMD…: with DISK replaced by a new image's disk; it then has the source's bytes.
imports() {
        n=$((n + 1))
        mkdir "$A/i$n"
        ok "${@//DISK/$A/i$n/disk}"
        is available state "$A/i$n"
        same "$T/disk" "$A/i$n/disk"
        ok mkdir "$A/i$n/shares/bob"
        same "$T/disk" "$A/i$n/disk"
}
sparse() {
        [ "$(stat -c %b "$A/i$n/disk")" -lt 10000 ] || not_ok "has no holes: $(stat -c %b "$A/i$n/disk") blocks"
}
imports cp "$T/disk" DISK
sparse
imports cp --sparse=always "$T/disk" DISK
sparse
imports cp --sparse=never "$T/disk" DISK
imports cp --reflink=never "$T/disk" DISK
imports cp -a "$T/disk" DISK
imports busybox cp "$T/disk" DISK
imports install "$T/disk" DISK
imports dd if="$T/disk" of=DISK bs=1M status=none
imports dd if="$T/disk" of=DISK bs=64k conv=sparse status=none
sparse
imports dd if="$T/disk" of=DISK bs=1M conv=fsync status=none
imports dd if="$T/disk" of=DISK bs=1M oflag=direct status=none
imports sh -c 'cat "$1" >"$2"' - "$T/disk" DISK
imports sh -c 'tee "$2" <"$1"' - "$T/disk" DISK
imports sh -c 'truncate -s 20M "$2" && dd if="$1" of="$2" bs=64k skip=100 seek=100 conv=notrunc' - "$T/disk" DISK
imports sh -c 'head -c 1000000 "$1" >"$2" && tail -c +1000001 "$1" >>"$2"' - "$T/disk" DISK
imports rsync --inplace "$T/disk" DISK
imports rsync --inplace --sparse "$T/disk" DISK
imports "$PYTHON" -c 'import shutil, sys; shutil.copyfile(*sys.argv[1:])' "$T/disk" DISK
imports qemu-img convert -O raw "$T/disk.qcow2" DISK
sparse
imports qemu-img convert -O raw -t none -W "$T/disk.qcow2" DISK
imports sh -c 'qemu-img create -q -f raw "$2" 20M && qemu-img convert -n -O raw "$1" "$2"' - "$T/disk.qcow2" DISK
imports sh -c 'fallocate -l 20M "$2" && cat "$1" 1<>"$2"' - "$T/disk" DISK
cp "$T/disk" "$T/moved"
imports mv "$T/moved" DISK
imports "$PYTHON" -c '
import mmap, os, sys
source = open(sys.argv[1], "rb").read()
fd = os.open(sys.argv[2], os.O_RDWR | os.O_CREAT)
os.ftruncate(fd, len(source))
with mmap.mmap(fd, len(source)) as memory:
    memory[:] = source' "$T/disk" DISK

# A filesystem with files in it, made in place.
if has mke2fs; then
        mkdir "$A/ext4" "$T/files"
        cp "$T/dense" "$T/files/"
        ok mke2fs -q -t ext4 -d "$T/files" "$A/ext4/disk" 16M
        is available state "$A/ext4"
        ok e2fsck -fn "$A/ext4/disk"
        ok mkdir "$A/ext4/shares/bob"
        ok debugfs -R "dump /dense $T/dumped" "$A/ext4/disk"
        same "$T/dense" "$T/dumped"
fi

# A qcow2 image: qemu-img writes and reads it in place.
mkdir "$A/qcow"
ok qemu-img convert -O qcow2 "$T/disk" "$A/qcow/disk"
is available state "$A/qcow"
says '^file format: qcow2$' qemu-img info "$A/qcow/disk"
ok qemu-img check "$A/qcow/disk"
ok qemu-img compare "$T/disk" "$A/qcow/disk"
ok mkdir "$A/qcow/shares/bob"
says '^virtual size: 20 MiB' qemu-img info "$A/qcow/disk"
ok qemu-img compare "$T/disk" "$A/qcow/disk"

# Bytes outlive the daemon.
ok sync "$A/i1/disk" "$A/i1/description" "$A/i1" "$A" "$T/alice"
ok sync -f "$A/i1/disk"
unmount alice
mount_as alice
same "$T/disk" "$A/i1/disk"
same "$T/disk" "$A/i$n/disk"

#!/bin/bash
# SPDX-License-Identifier: MIT
# The owner's export: cp disk elsewhere, holes kept; reading neither seals nor changes an image.
. "${0%/*}/../lib.sh"
needs qemu-img tar
catalog
mount_as alice
mkdir "$A/web"
truncate -s 500M "$T/disk"
dd if=/dev/urandom of="$T/disk" bs=1M seek=300 count=2 conv=notrunc status=none
ok cp --sparse=always "$T/disk" "$A/web/disk"

ok cp "$A/web/disk" "$T/exported"
same "$T/disk" "$T/exported"
[ "$(stat -c %b "$T/exported")" -lt 10000 ] || not_ok "cp lost the holes: $(stat -c %b "$T/exported") blocks"
ok tar -C "$A" -cSf "$T/web.tar" web
[ "$(stat -c %s "$T/web.tar")" -lt 5000000 ] || not_ok 'tar -S lost the holes'
ok qemu-img convert -O qcow2 "$A/web/disk" "$T/exported.qcow2"
ok qemu-img compare "$T/disk" "$T/exported.qcow2"
ok dd if="$A/web/disk" of="$T/read" bs=1M skip=300 count=2 iflag=direct status=none
ok cp -r "$A/web" "$T/all"
is '.meta/shares' readlink "$T/all/shares"
is available state "$A/web"

# Where data and holes are.
"$PYTHON" - "$A/web/disk" >"$T/wrong" 2>&1 <<'PYTHON'
import errno, os, sys
fd = os.open(sys.argv[1], os.O_RDONLY)
if os.lseek(fd, 0, os.SEEK_DATA) != 300 << 20:
    print('data at', os.lseek(fd, 0, os.SEEK_DATA))
if os.lseek(fd, 300 << 20, os.SEEK_HOLE) != 302 << 20:
    print('hole at', os.lseek(fd, 300 << 20, os.SEEK_HOLE))
if os.lseek(fd, 0, os.SEEK_END) != 500 << 20:
    print('ends at', os.lseek(fd, 0, os.SEEK_END))
for offset, what in (302 << 20, os.SEEK_DATA), (500 << 20, os.SEEK_DATA), (500 << 20, os.SEEK_HOLE):
    try:
        print('no ENXIO:', os.lseek(fd, offset, what))
    except OSError as e:
        if e.errno != errno.ENXIO:
            print(e)
PYTHON
is '' cat "$T/wrong"

# Sealed and shared: its owner may export it all the same.
ok mkdir "$A/web/shares/bob"
rm "$T/exported"
ok cp "$A/web/disk" "$T/exported"
same "$T/disk" "$T/exported"

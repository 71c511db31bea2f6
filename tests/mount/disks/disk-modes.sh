#!/bin/bash
# SPDX-License-Identifier: MIT
# A disk that is opened again, by the kernel itself (passthrough) or through the daemon: what is written counts, whoever
# moved the bytes, and all who have it open see the same ones.
. "${0%/*}/../lib.sh"
catalog
mount_as alice
image "$A/web" 3000

# A write without truncation, and one through a mapping, reset the review when it is opened, the set time at the close.
for how in write map; do
        ok touch -d 2020-02-02 "$A/web/disk" # which opens it for writing
        ok eval "echo 1 >'$A/web/.meta/reviewed'"
        is 1 cat "$A/web/.meta/reviewed"
        "$PYTHON" - "$A/web/disk" "$how" <<'PYTHON' || not_ok "write by $how"
import mmap, os, sys
fd = os.open(sys.argv[1], os.O_RDWR)
if sys.argv[2] == 'write':
    os.pwrite(fd, b'written', 70000)
else:
    with mmap.mmap(fd, 0) as memory:
        memory[1:7] = b'mapped'
        memory.flush()
os.close(fd)
PYTHON
        is 0 cat "$A/web/.meta/reviewed"
        [ "$(stat -c %Y "$A/web/disk")" -gt 1600000000 ] || not_ok "the time of a $how is not the disk's"
done
is written dd if="$A/web/disk" bs=1 skip=70000 count=7 status=none
is mapped dd if="$A/web/disk" bs=1 skip=1 count=6 status=none

# A time that is set after the writes, before the close, stays; the review does not.
ok eval "echo 1 >'$A/web/.meta/reviewed'"
"$PYTHON" - "$A/web/disk" <<'PYTHON' || not_ok 'a time set before the close'
import os, sys
fd = os.open(sys.argv[1], os.O_RDWR)
os.pwrite(fd, b'again', 5)
os.utime(fd, (1500000000, 1500000000))
os.close(fd)
PYTHON
is 1500000000 stat -c %Y "$A/web/disk"
is 0 cat "$A/web/.meta/reviewed"

# Handles of all kinds at once see one disk: an old reader, a writer, one that empties it, a copy into what is left.
ok cp "$A/web/disk" "$T/before"
ok mkdir "$A/mixed"
ok cp --reflink=never "$T/before" "$A/mixed/disk"
"$PYTHON" - "$A/mixed/disk" "$T/before" <<'PYTHON' || not_ok 'handles of all kinds'
import os, sys
path, data = sys.argv[1], open(sys.argv[2], 'rb').read()
reader = os.open(path, os.O_RDONLY)
assert os.pread(reader, len(data) + 1, 0) == data
writer = os.open(path, os.O_RDWR)
os.pwrite(writer, b'A' * 5000, 100)
assert os.pread(reader, 5000, 100) == b'A' * 5000
emptier = os.open(path, os.O_RDWR | os.O_TRUNC)
assert os.pread(reader, 10, 0) == b'' and os.fstat(writer).st_size == 0
os.pwrite(emptier, b'B' * 9000, 0)
assert os.pread(reader, 9001, 0) == os.pread(writer, 9001, 0) == b'B' * 9000
os.ftruncate(writer, 0)
for fd in reader, writer:
    os.close(fd)
os.pwrite(emptier, b'C', 4095)
again = os.open(path, os.O_RDONLY)
assert os.pread(again, 5000, 0) == b'\0' * 4095 + b'C'
PYTHON
is 4096 stat -c %s "$A/mixed/disk"

# A copy that shares its file: who reads it already sees what is written to it, and its source stays.
ok cp -r "$A/web" "$AS/copy"
"$PYTHON" - "$AS/copy/disk" "$T/before" <<'PYTHON' || not_ok 'a copy that is read and written'
import os, sys
path, data = sys.argv[1], open(sys.argv[2], 'rb').read()
reader = os.open(path, os.O_RDONLY)
assert os.pread(reader, len(data), 0) == data
writer = os.open(path, os.O_RDWR)
os.pwrite(writer, b'copied', 11)
assert os.pread(reader, 6, 11) == b'copied'
PYTHON
same "$T/before" "$A/web/disk"

# cp onto a disk that is there, open elsewhere: emptied and filled again, by reference or not.
for reflink in auto never; do
        exec 7<"$A/mixed/disk"
        ok cp --reflink="$reflink" "$A/web/disk" "$A/mixed/disk"
        same "$T/before" "$A/mixed/disk"
        cmp -s - "$T/before" <&7 || not_ok "a reader from before a cp --reflink=$reflink"
        exec 7<&-
done

# An instance's disk, opened again and again; its image's digest stays.
ok touch "$A/web/disk"
ok mkdir "$T/alice/regions/north/instances/vm"
ok put web "$T/alice/regions/north/instances/vm/image"
disk=$T/alice/regions/north/instances/vm/disk
same "$T/before" "$disk"
ok dd if=/dev/zero of="$disk" bs=1M count=4 seek=2 conv=notrunc status=none
is 6291456 stat -c %s "$disk"
cp "$T/before" "$T/expected" && dd if=/dev/zero of="$T/expected" bs=1M count=4 seek=2 conv=notrunc status=none
same "$T/expected" "$disk"
same "$T/before" "$A/web/disk"

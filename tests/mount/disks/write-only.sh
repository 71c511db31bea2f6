#!/bin/bash
# SPDX-License-Identifier: MIT
# A disk that is only written, as cp and dd do, goes past the mount's page cache: its bytes are in memory once, in the
# store's. Who reads or maps it meanwhile sees what has been written, and what is written through a mapping stays.
. "${0%/*}/../lib.sh"
catalog
mount_as alice
ok mkdir "$A/web"

"$PYTHON" - "$A/web/disk" <<'PYTHON' || not_ok 'written, read and mapped at once'
import ctypes, mmap, os, sys

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
libc.mincore.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p]

def resident(fd, size):
    address = libc.mmap(None, size, mmap.PROT_READ, mmap.MAP_SHARED, fd, 0)
    pages = ctypes.create_string_buffer((size + 4095) // 4096)
    assert libc.mincore(address, size, pages) == 0
    return sum(page & 1 for page in pages.raw)

path, size = sys.argv[1], 1 << 20
writer = os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)
reader = os.open(path, os.O_RDONLY)
for at in range(0, size, 65536):
    assert os.pwrite(writer, b'a' * 65536, at) == 65536
assert resident(reader, size) == 0, 'what is only written is kept by the mount'

# who reads and maps sees the next write, too: of whole pages and of parts
assert os.pread(reader, size + 1, 0) == b'a' * size
mapping = mmap.mmap(reader, size, prot=mmap.PROT_READ)
assert mapping[:] == b'a' * size
for at, length in (0, 4096), (8000, 5000), (size - 1, 1):
    assert os.pwrite(writer, b'b' * length, at) == length
    assert os.pread(reader, length + 1, at)[:length] == b'b' * length, at
    assert mapping[at:at + length] == b'b' * length, at
assert os.pwrite(writer, b'c' * 10, size) == 10
assert os.fstat(reader).st_size == size + 10 and os.pread(reader, 20, size) == b'c' * 10

# a mapping is written to in one place, the descriptor in another, of the same page as well
both = os.open(path, os.O_RDWR)
shared = mmap.mmap(both, size)
for at in 100, 65536, 131072:
    shared[at:at + 6] = b'mapped'
assert os.pwrite(writer, b'written', 200) == 7
assert os.pwrite(writer, b'written', 131072 + 4096) == 7
shared.flush()
for at in 100, 65536, 131072:
    assert os.pread(reader, 6, at) == b'mapped', at
assert os.pread(reader, 7, 200) == shared[200:207] == b'written'

# appending, and an interrupted offset
appender = os.open(path, os.O_WRONLY | os.O_APPEND)
assert os.write(appender, b'end') == 3 and os.fstat(reader).st_size == size + 13
os.lseek(writer, 0, os.SEEK_END)
assert os.write(writer, b'!') == 1
assert os.pread(reader, 20, size) == b'c' * 10 + b'end!'
PYTHON
is sealed-then bash -c "echo sealed >'$A/web/.meta/state' && echo sealed-then"
is 1048590 stat -c %s "$A/web/disk"
is mapped dd if="$A/web/disk" bs=1 skip=100 count=6 status=none
is 'end!' tail -c 4 "$A/web/disk"

# What is refused or fails is no success, at once.
is available state "$(ok mkdir "$A/full" && ok put x "$A/full/disk" && echo "$A/full")"
fails EFBIG 'os.pwrite(os.open(a[0], os.O_WRONLY), b"x", (1 << 62))' "$A/full/disk"
is 2 stat -c %s "$A/full/disk"

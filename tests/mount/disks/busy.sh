#!/bin/bash
# SPDX-License-Identifier: MIT
# A disk that is open or mapped for writing is neither shared nor copied nor sealed (EBUSY), and its data stays whole.
. "${0%/*}/../lib.sh"
catalog
mount_as alice

# busy IMAGE: it cannot be shared, copied or sealed now.
busy() {
        refused 1 "$EBUSY" mkdir "$A/$1/shares/bob"
        refused 1 "$EBUSY" put sealed "$A/$1/.meta/state"
        ok mkdir "$AS/$1"
        refused 1 "$EBUSY" ln "$A/$1/disk" "$AS/$1/disk"
        ok rm -r "$AS/$1"
        is available state "$A/$1"
}

# A descriptor of the shell's: each command's end flushes it, none closes it.
image "$A/open" 0
exec 7>"$A/open/disk"
echo one >&7
/bin/echo two >&7
busy open
echo three >&7
exec 7>&-
ok mkdir "$A/open/shares/bob"
is 'one
two
three' cat "$A/open/disk"

# A group of commands with one redirection.
image "$A/group" 0
{
        echo 1
        /bin/echo 2
        mkdir "$A/group/shares/bob" 2>"$T/mkdir"
        echo 3
} >"$A/group/disk"
says "$EBUSY" cat "$T/mkdir"
is '1
2
3' cat "$A/group/disk"
ok mkdir "$A/group/shares/bob"

# Half an image is available when the first of two commands ends, but not to be shared.
dense "$T/half" 100
image "$A/halves" 0
{
        head -c 1000 "$T/half"
        cp -r "$A/halves" "$AS/" 2>"$T/cp"
        mkdir "$A/halves/shares/bob" 2>"$T/mkdir"
        tail -c +1001 "$T/half"
} >"$A/halves/disk"
says "$EBUSY" cat "$T/mkdir"
same "$T/half" "$A/halves/disk"
ok mkdir "$A/halves/shares/bob"
same "$T/half" "$A/halves/disk"

# A copy cannot be asked for while the source is written: cp says so and takes nothing half.
image "$A/source" 100
exec 7<>"$A/source/disk"
ok mkdir "$AS/target"
refused 1 "$EBUSY" cp "$A/source/disk" "$AS/target/disk"
exec 7>&-
is available state "$A/source"
ok cp "$A/source/disk" "$AS/target/disk"
same "$A/source/disk" "$AS/target/disk"

# A mapping outlives its descriptor.
image "$A/mapped" 64
"$PYTHON" - "$A/mapped" >"$T/wrong" 2>&1 <<'PYTHON'
import errno, mmap, os, sys
image = sys.argv[1]
fd = os.open(image + '/disk', os.O_RDWR)
memory = mmap.mmap(fd, 65536)
os.close(fd)
memory[0:5] = b'early'
try:
    os.mkdir(image + '/shares/bob')
    print('shared while mapped for writing')
except OSError as e:
    if e.errno != errno.EBUSY:
        print(e)
memory[6:10] = b'late'
memory.close()
os.mkdir(image + '/shares/bob')
if os.pread(os.open(image + '/disk', os.O_RDONLY), 10, 0)[6:] != b'late':
    print('what was stored in the mapping is lost')
PYTHON
is '' cat "$T/wrong"
is 'early' head -c 5 "$A/mapped/disk"
unmount alice
mount_as alice
is 'late' sh -c 'head -c 10 "$1" | tail -c 4' - "$A/mapped/disk"

# Readers keep nobody busy.
image "$A/read" 64
exec 7<"$A/read/disk"
ok mkdir "$A/read/shares/bob"
exec 7<&-

#!/bin/bash
# SPDX-License-Identifier: MIT
# A copy by reference has its own life: writing it leaves the source alone, and deleting the source leaves the copy.
. "${0%/*}/../lib.sh"
catalog
mount_as alice
image "$A/web" 3000
cp "$A/web/disk" "$T/disk"

# The copy is unsealed and may be written, from the first byte on; the source is sealed and may not.
for n in 1 2 3 4 5; do
        ok cp -r "$A/web" "$AS/copy$n"
done
ok put changed "$AS/copy1/disk"
is changed cat "$AS/copy1/disk"
printf X | dd of="$AS/copy2/disk" bs=1 seek=1000000 conv=notrunc status=none || not_ok 'dd into a copy'
ok truncate -s 1000 "$AS/copy3/disk"
ok truncate -s 5000000 "$AS/copy4/disk"
printf X >>"$AS/copy5/disk" || not_ok 'append to a copy'
same "$T/disk" "$A/web/disk"
refused 1 "$EPERM" put changed "$A/web/disk"
rule sealed alice
cp "$T/disk" "$T/expected" && printf X | dd of="$T/expected" bs=1 seek=1000000 conv=notrunc status=none
same "$T/expected" "$AS/copy2/disk"
same <(head -c 1000 "$T/disk") "$AS/copy3/disk"
same <(cat "$T/disk" && head -c 1928000 /dev/zero) "$AS/copy4/disk"
same <(cat "$T/disk" && printf X) "$AS/copy5/disk"

# Through a mapping, and through a handle that made the copy.
"$PYTHON" - "$A/web/disk" "$AS" >"$T/wrong" 2>&1 <<'PYTHON'
import errno, mmap, os, sys
source, south = sys.argv[1:]
data = open(source, 'rb').read()
for how in 'map', 'write', 'append', 'truncate', 'punch', 'again':
    os.mkdir(f'{south}/{how}')
    path = f'{south}/{how}/disk'
    src, dst = os.open(source, os.O_RDONLY), os.open(path, os.O_RDWR | os.O_CREAT)
    done = 0
    while done < len(data):
        done += os.copy_file_range(src, dst, len(data) - done)
    want = bytearray(data)
    if how == 'map':
        memory = mmap.mmap(dst, len(data))
        memory[5:6] = b'X'
        memory.close()
        want[5:6] = b'X'
    elif how == 'write':
        os.pwrite(dst, b'X', 5)
        want[5:6] = b'X'
    elif how == 'append':
        os.write(dst, b'X')
        want += b'X'
    elif how == 'truncate':
        os.ftruncate(dst, 5)
        want = want[:5]
    elif how == 'punch':
        os.ftruncate(dst, 0)
        os.ftruncate(dst, len(data))
        want = bytearray(len(data))
    elif how == 'again':
        if os.copy_file_range(src, dst, 100, 50, 1000) != 100:
            print('short copy')
        want[1000:1100] = data[50:150]
    os.close(dst)
    os.close(src)
    if open(path, 'rb').read() != want:
        print(how, 'has other bytes')
    if open(source, 'rb').read() != data:
        sys.exit(f'{how} changed the source')
PYTHON
is '' cat "$T/wrong"

# A source that is being copied can be neither written nor removed; when the copy is complete, the source is sealed.
image "$A/db" 300
ok mkdir "$AS/db"
"$PYTHON" - "$A/db" "$AS/db" >"$T/wrong" 2>&1 <<'PYTHON'
import errno, os, sys
source, target = sys.argv[1:]
src, dst = os.open(source + '/disk', os.O_RDONLY), os.open(target + '/disk', os.O_WRONLY | os.O_CREAT)
os.copy_file_range(src, dst, 300 * 1024)
for call in lambda: os.open(source + '/disk', os.O_WRONLY), lambda: os.unlink(source + '/disk'):
    try:
        call()
        print('a source was written or removed while it was being copied')
    except OSError as e:
        if e.errno != errno.EBUSY:
            print(e)
os.close(dst)
PYTHON
is '' cat "$T/wrong"
is sealed state "$A/db"
same "$A/db/disk" "$AS/db/disk"

# Copies keep their bytes when the source goes.
ok cp -r "$A/web" "$AS/kept"
ok rm -r "$A/web"
same "$T/disk" "$AS/kept/disk"
unmount alice
mount_as alice
same "$T/disk" "$AS/kept/disk"
same "$T/expected" "$AS/copy2/disk"

#!/bin/bash
# SPDX-License-Identifier: MIT
# What the disks of an account may take in a region (byte-quota): by every way to get bytes, by one caller after the other
# and by many at once. What is deleted gives room; what is there goes on.
LIMIT=120
. "${0%/*}/../lib.sh"
EDQUOT='Disk quota exceeded'
MIB=1048576
catalog
mount_as alice
mount_as bob
V=$T/alice/regions/north/instances
K=$T/bob/regions/north/instances

# over COMMAND…: it is refused, by this rule.
over() {
        refused '*' "$EDQUOT" "$@"
        rule byte-quota alice
}

# taken ACCOUNT: MiB, as du counts them.
taken() {
        local region=$T/$1/regions/north
        echo $((($(du -s --block-size=1 "$region/images" "$region/instances" | awk '{ n += $1 } END { print n }') + MIB / 2) / MIB))
}

is 'bytes-per-region	-' sh -c '"$IMGSHARE" -C "$DIR" limits | grep bytes'
image "$A/web" 4096
ok admin limits bytes-per-region 10M
is 'bytes-per-region	10M' admin limits bytes-per-region

# Writing: as far as it goes, then not a byte more. What was refused left no image that looks whole.
head -c 12M /dev/urandom >"$T/twelve"
ok mkdir "$A/big"
over cp "$T/twelve" "$A/big/disk"
is draft cat "$A/big/.meta/state"
[ "$(taken alice)" -ge 8 ] && [ "$(taken alice)" -le 10 ] || not_ok "takes $(taken alice) MiB"
says 'fact: your disks take [0-9]+ of at most 10485760 bytes in region north, and this needs more' \
        cat "$T/alice/.imgshare/last_denial"
says 'imgshare limits bytes-per-region SIZE' "$IMGSHARE" why "$T/alice"
settle
is 1 sh -c '"$IMGSHARE" -C "$DIR" log --denied | grep -c "alice	available	north/big@alice	.*byte-quota"'
over sh -c 'exec dd if="$1" of="$2" bs=1M seek=20 conv=notrunc status=none' - "$T/twelve" "$A/big/disk"
over fallocate -o 20M -l 8M "$A/big/disk"
# In place it goes on, and a hole is nothing.
ok dd if="$T/twelve" of="$A/big/disk" bs=64K count=16 conv=notrunc status=none
ok truncate -s 1T "$A/big/disk"

# What takes bytes without writing any: a launch, a copy by reference, both in its own region; a copy of a range.
ok rm "$A/big/disk"
head -c 6M /dev/urandom >"$T/six"
ok cp "$T/six" "$A/big/disk"
ok mkdir "$V/vm1" "$V/vm2" "$A/copy" "$AS/copy"
over put big "$V/vm1/image"
over ln "$A/big/disk" "$A/copy/disk"
over cp "$A/big/disk" "$A/copy/disk"
ok rm -f "$A/copy/disk"
ok ln "$A/big/disk" "$AS/copy/disk" # another region
ok mkdir "$A/big/shares/bob" "$K/vm1"
ok put big@alice "$K/vm1/image" # another account
ok admin limits bytes-per-region 16M
ok put big "$V/vm1/image"
over put big "$V/vm2/image"
# A guest writes: what its disk has already, but no more.
ok dd if="$T/twelve" of="$V/vm1/disk" bs=64K count=96 conv=notrunc,fsync status=none
before=$(stat -c '%s %b' "$V/vm1/disk")
over sh -c 'exec dd if="$1" of="$2" bs=1M seek=6 count=1 conv=notrunc status=none' - "$T/twelve" "$V/vm1/disk"
is "$before" stat -c '%s %b' "$V/vm1/disk"

# What was removed while it is open is not given back before it is closed; it does not grow either.
ok rmdir "$A/big/shares/bob"
ok rm -r "$V/vm1"
ok "$PYTHON" - "$A/copy/disk" "$T/six" <<'END'
import errno, os, sys
path, six = sys.argv[1], open(sys.argv[2], 'rb').read()
fds = []
try:
    for _ in range(4):
        fds.append(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL))
        os.pwrite(fds[-1], six, 0)
        os.unlink(path)
    sys.exit('four disks of 6 MiB, all open')
except OSError as e:
    assert e.errno == errno.EDQUOT and len(fds) == 2, (e, len(fds))
END
ok rm -f "$A/copy/disk"

# Many at once: never more than the limit but what each write had been granted.
ok admin limits bytes-per-region 40M
"$PYTHON" - "$V" "$A" "$T/six" <<'END' >"$T/out" 2>&1 || not_ok "many at once" || show
import errno, os, sys, threading
instances, images, six = sys.argv[1:]
six = open(six, 'rb').read()
outcomes = []
def attempt(i):
    try:
        if i % 2:
            os.mkdir(f'{instances}/m{i}')
            with open(f'{instances}/m{i}/image', 'w') as f:
                f.write('big\n')
        else:
            os.mkdir(f'{images}/m{i}')
            os.link(f'{images}/big/disk', f'{images}/m{i}/disk')
        outcomes.append(0)
    except OSError as e:
        outcomes.append(e.errno)
threads = [threading.Thread(target=attempt, args=(i,)) for i in range(16)]
[t.start() for t in threads]
[t.join() for t in threads]
assert set(outcomes) <= {0, errno.EDQUOT, errno.EBUSY}, outcomes
assert 1 <= outcomes.count(0) <= 6, outcomes
END
[ "$(taken alice)" -le 40 ] || not_ok "takes $(taken alice) MiB of 40"

# Kept bytes do not count, until they are brought back.
for vm in "$V"/m*; do
        ok rm -r "$vm"
done
for image in "$A"/m*; do
        ok rm -r "$image"
done
ok admin limits bytes-per-region 10M
over put big "$V/vm2/image"
refused 1 'byte-quota' admin undelete north/vm1@alice
ok admin limits bytes-per-region -
is 'bytes-per-region	-' admin limits bytes-per-region
ok admin undelete north/vm1@alice
ok cp "$T/twelve" "$A/copy/disk"

# Lowered: what is there stays, and can be used, shared and removed.
ok admin limits bytes-per-region 0
ok mkdir "$A/web/shares/bob"
same "$T/twelve" "$A/copy/disk"
over dd if="$T/six" of="$V/vm1/disk" bs=1M count=1 oflag=append conv=notrunc status=none
ok rmdir "$A/web/shares/bob"
ok rm -r "$A/copy"
refused 2 "not a number of bytes" admin limits bytes-per-region many
ok admin limits bytes-per-region -

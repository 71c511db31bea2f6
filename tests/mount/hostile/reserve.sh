#!/bin/bash
# SPDX-License-Identifier: MIT
# One account fills the file system that has the catalog, with all that it can make; root takes what is left, again and
# again. Everybody else, and the operator, goes on revoking, deleting and expiring: in the mount and by imgshare, also
# after kill -9 and a new mount. Nothing else is accepted until there is room.
LIMIT=200
. "${0%/*}/../lib.sh"
. "${0%/*}/../disks.sh"
disk small 96
DIR=$T/small/catalog
catalog
R=north
if [ -n "${APART-}" ]; then # reserve-apart.sh: the bytes are on another one
        R=west
        disk other 64
        ok admin region add west --store "$T/other/store"
fi
I=$T/alice/regions/$R/images M=$T/alice/regions/$R/instances
ok admin limits shares-per-image 1000
ok admin limits keep-deleted 0 # what is removed makes room at once, and root takes it
for i in {1..80}; do
        admin account add "g$i" >"$T/out" || die "account g$i"
done
mount_as alice
mount_as bob durability=normal
for name in web db old spare; do
        image "$I/$name" 100
done
ok mkdir "$I/db/shares/bob" "$M/vm" "$I/draft"
(cd "$I/web/shares/" && mkdir g{1..80}) || die shares
ok put web "$M/vm/image"
ok sh -c 'date -u -d +15seconds +%Y-%m-%dT%H:%M:%SZ >"$1"' - "$I/web/shares/g80/.expires"

# What is allocated is there from the first change on.
blocks() {
        echo $(($(stat -c %b "$DIR/catalog.db$1") * 512 / 1048576))
}
[ "$(blocks '')" -ge 5 ] || not_ok "no room in the file: $(blocks '') MiB"
[ "$(blocks -wal)" -ge 5 ] || not_ok "no room in the log: $(blocks -wal) MiB"

# Disks, descriptions, instances and events, as long as any is taken.
fill_as_bob() {
        "$PYTHON" - "$T/bob/regions/$R/images" "$T/bob/regions/$R/instances" <<'END'
import errno, os, sys
images, instances = sys.argv[1:]
full = set()
for i in range(100000):
    def attempt(what, call, *args):
        try:
            call(*args)
            full.discard(what)
        except OSError as e:
            if e.errno not in (errno.ENOSPC, errno.EPERM, errno.EEXIST, errno.ENOENT, errno.EBUSY):
                raise
            full.add(what)
    def write(path, size):
        with open(path, 'wb', buffering=0) as f:
            while size > 0:
                size -= f.write(b'x' * min(size, 1 << 20))
    attempt('image', os.mkdir, f'{images}/i{i}')
    attempt('disk', write, f'{images}/i{i}/disk', 8 << 20)
    attempt('description', write, f'{images}/i{i}/description', 255)
    attempt('instance', os.mkdir, f'{instances}/v{i}')
    for n in range(20):
        attempt('event', os.mkdir, f'{images}/loop')
        attempt('end', os.rmdir, f'{images}/loop')
    if len(full) == 6:
        break
else:
    sys.exit('it is never full')
END
}
ok fill_as_bob
grab() {
        local size
        for size in 1M 4K 1; do
                dd if=/dev/zero bs="$size" status=none oflag=append conv=notrunc of="$T/small/grabbed" 2>"$T/err"
        done
        if [ -n "${INODES-}" ]; then # reserve-inodes.sh
                mkdir -p "$T/small/inodes" 2>"$T/err"
                "$PYTHON" -c 'import os, sys
try:
    for i in range(10000000): os.mknod(f"{sys.argv[1]}/{sys.argv[2]}{i}")
except OSError: pass' "$T/small/inodes" "$RANDOM"
        fi
        return 0
}
grab

# use_up: what was allocated ahead of the reserve.
use_up() {
        "$PYTHON" -c 'import errno, sys
try:
    for i in range(100000):
        with open(sys.argv[1], "wb", buffering=0) as f: f.write(b"%d times" % i)
    sys.exit("there is always room")
except OSError as e: sys.exit(0 if e.errno == errno.ENOSPC else e)' "$I/spare/description" || not_ok 'another reason'
}
# nothing_more ACCOUNT: nothing that needs room is accepted.
nothing_more() {
        use_up
        sync -f "$T/small"
        grab
        use_up
        refused 1 "$ENOSPC" mkdir "$I/old/shares/$1"
        refused 1 "$ENOSPC" mkdir "$I/new"
        refused 1 "$ENOSPC" mkdir "$M/new"
        refused 1 "$ENOSPC" mv "$I/old" "$I/older"
        refused 1 "$ENOSPC" put text "$I/old/description"
        refused 1 'no space left' admin limits shares-per-image 999
}
# apply_without ACCOUNT: in bulk.
apply_without() {
        admin access --all | grep -vP "\t$1(\t|$)" >"$T/wanted"
        ok admin apply --prune "$T/wanted"
}
# ends FIRST: some of each.
ends() {
        local i
        for ((i = $1; i < $1 + 10; i++)); do
                ok rmdir "$I/web/shares/g$i"
                grab
        done
        apply_without "g$i"
        grab
        settle
        absent "$I/web/shares/g$i"
        ok timeout -s KILL 20 sh -c 'rmdir "$1"' - "$I/web/shares/g$((i + 1))"
        grab
}
nothing_more g1
ends 1
refused 1 "$EPERM" mkdir "$I/web/shares/nobody"
rule unknown-account alice
ok rmdir "$I/draft"
ok rm -r "$M/vm"
grab

# Killed, and mounted anew.
for name in alice bob; do
        pid=$(daemon_of "$T/$name")
        kill -KILL "$pid"
        eventually daemon_ended "$T/$name"
        umount "$T/$name"
done
grab
mount_as alice
grab
nothing_more g2
ends 20
unmount alice
grab
apply_without g35
mount_as alice
grab
ends 40
ok rmdir "$I/db/shares/bob"
ok rm -r "$I/db"
ended() {
        admin log | grep -q "expire.*g80"
}
WAIT=40 eventually ended || not_ok 'the expiry is not in the log'
ok admin check --log
grab
nothing_more g3

# There is room again.
rm -rf "$T/small/grabbed" "$T/small/inodes"
mount_as bob durability=normal
ok rm -r "$T/bob/regions/$R/images"/*
succeeds() {
        "$@" 2>"$T/err"
}
WAIT=30 eventually succeeds mkdir "$I/roomy" || not_ok 'there is no room'
ok mkdir "$I/new" "$I/web/shares/g1"
ok admin limits shares-per-image 999
ok admin check

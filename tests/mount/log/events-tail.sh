#!/bin/bash
# SPDX-License-Identifier: MIT
# A day of the log is followed with tail -f while mounts and imgshare add to it, and read from anywhere when it is long.
. "${0%/*}/../lib.sh"
catalog
admin account add eve --role auditor >"$T/out" || die 'account add eve'
mount_as alice durability=normal
mount_as bob
mount_as eve
# the day must not end while it is followed
while [ "$(date -u +%H%M)" = 2359 ]; do sleep 1; done
day=$(date -u +%F).jsonl
ok test -f "$T/eve/events/$day"
image "$A/web"

# inotify does not work here, nor does tail try: it looks at the size.
tail --pid=$$ -n +1 -f -s 0.05 "$T/eve/events/$day" >"$T/followed" &
tails=($!)
tail --pid=$$ -n +1 -F -s 0.05 "$T/bob/events/$day" >"$T/bobs" &
tails+=($!)

# follows FILE ACCOUNT: tail has shown all that account may see.
follows() {
        admin --as "$2" log --json | cmp -s - "$1"
}
all_follow() {
        eventually follows "$T/followed" operator || not_ok 'tail does not show all'
        eventually follows "$T/bobs" bob || not_ok 'tail does not show all of bob'\''s'
}
all_follow
for i in 1 2 3; do
        ok mkdir "$A/web/shares/bob"
        ok admin limits shares-per-image "4$i"
        ok mkdir "$B/mine$i"
        ok rmdir "$A/web/shares/bob"
        ok admin account add "new$i"
        all_follow
done
for i in $(seq 40); do
        mkdir "$A/a$i" && mkdir "$B/b$i" || not_ok "round $i"
        [ $((i % 10)) -ne 0 ] || ok admin account add "more$i"
done
all_follow
kill "${tails[@]}"
refused 1 '' grep -F '"a1@' "$T/bobs"

# A long day.
"$PYTHON" - "$A/web/description" <<'PYTHON' || not_ok 'describe'
import os, sys
fd = os.open(sys.argv[1], os.O_WRONLY)
for i in range(6000):
    os.pwrite(fd, b'%0200d' % i, 0)
os.close(fd)
PYTHON
E=$T/eve/events/$day
cp "$E" "$T/copy" || not_ok cp
same "$E" "$T/copy"
size=$(stat -c %s "$T/copy")
[ "$size" -gt 2500000 ] || not_ok "only $size bytes"
is "$size" stat -c %s "$E"
is "$(tail -n 20 "$T/copy")" tail -n 20 "$E"
is "$(tail -c +1234567 "$T/copy" | sha1sum)" bash -c "tail -c +1234567 '$E' | sha1sum"
for skip in 0 1 77 2000 600 1999 3; do
        dd if="$E" of="$T/part" bs=1234 skip="$skip" count=3 status=none
        dd if="$T/copy" of="$T/same" bs=1234 skip="$skip" count=3 status=none
        same "$T/part" "$T/same"
done
dd if="$E" of="$T/whole" bs=1M status=none
same "$T/whole" "$T/copy"
dd if="$E" of="$T/whole" bs=7777 status=none
same "$T/whole" "$T/copy"
ok "$PYTHON" - "$E" "$T/copy" <<'PYTHON'
import os, random, sys, threading
want = open(sys.argv[2], 'rb').read()
fd = os.open(sys.argv[1], os.O_RDONLY)
wrong = []
def read(seed):
    r = random.Random(seed)
    for i in range(60):
        at, size = r.randrange(len(want)), r.choice((1, 300, 70000))
        if os.pread(fd, size, at) != want[at:at + size]:
            wrong.append((at, size))
threads = [threading.Thread(target=read, args=(i,)) for i in range(4)]
for t in threads: t.start()
for t in threads: t.join()
assert not wrong, wrong
assert os.pread(fd, 10, len(want)) == b'' == os.pread(fd, 10, len(want) + 10**9)
assert os.lseek(fd, 0, os.SEEK_END) == len(want)
PYTHON

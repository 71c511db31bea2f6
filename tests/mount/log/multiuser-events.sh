#!/bin/bash
# SPDX-License-Identifier: MIT
# /events in one mount of many users: each reads its own log, at its size, and no other's.
. "${0%/*}/../lib.sh"
# the day must not end while it is looked at
while [ "$(date -u +%H%M)" = 2359 ]; do sleep 1; done
catalog
admin account add eve --role auditor --uid 70005 >"$T/out" || die 'account add eve'
mount_users gid=70000
M=$T/all
N=$M/regions/north/images
day=$(date -u +%F).jsonl

user "$ALICE" mkdir "$N/web"
user "$ALICE" sh -c 'echo bytes >"$1/disk"' - "$N/web"
ok user "$ALICE" mkdir "$N/web/shares/bob"
refused 1 "$EPERM" user "$BOB" rmdir "$N/web@alice"
ok user "$BOB" mkdir "$N/own" # what was refused has been written before

for who in "$ALICE alice" "$BOB bob" '70005 eve' '0 operator'; do
        read -r uid name <<<"$who"
        admin --as "$name" log --json >"$T/log"
        user "$uid" cat "$M/events/$day" >"$T/day" || not_ok "cat as $name"
        same "$T/day" "$T/log"
        is "400 $uid $(stat -c %s "$T/log")" user "$uid" stat -Lc '%a %u %s' "$M/events/$day"
        is "$day" user "$uid" ls "$M/events/"
        ok user "$uid" tar cf - -C "$M/events/" .
done
refused 1 "$EACCES" user "$BOB" cat "$M/.views/alice/events/$day"
refused 2 "$EACCES" user "$ALICE" sh -c 'echo >>"$1"' - "$M/events/$day"
refused 1 "$EPERM" user "$ALICE" rm "$M/events/$day"

# Who was an auditor reads no further what it opened as one.
ok "$PYTHON" - "$M/events/$day" "$IMGSHARE" "$DIR" <<'PYTHON'
import errno, os, subprocess, sys
path, imgshare, catalog = sys.argv[1:]
os.seteuid(70005)
fd = os.open(path, os.O_RDONLY)
assert os.read(fd, 8) == b'{"event"'
os.seteuid(0)
subprocess.run([imgshare, '-C', catalog, 'account', 'set', 'eve', 'role=account'], check=True)
try:
    os.read(fd, 8)
    sys.exit('still read')
except OSError as e:
    assert e.errno == errno.EACCES, e
PYTHON

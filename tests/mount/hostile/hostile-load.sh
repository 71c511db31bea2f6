#!/bin/bash
# SPDX-License-Identifier: MIT
# Callers that are many, slow or greedy do not stop the others: 1000 at once, some that make requests wait, readers that
# never read, a disk of terabytes without bytes, a transaction that somebody else does not end, bulk changes.
# IMGSHARE_LONG=1: 100 000 lines in bulk, and a catalog locked for longer than anybody waits.
LIMIT=400
[ -n "${TMPDIR-}" ] || [ ! -d /dev/shm ] || export TMPDIR=/dev/shm # flushes are not what is tried
. "${0%/*}/../lib.sh"
needs_root
needs sqlite3
catalog
ok admin limits keep-deleted 0 # what is removed is counted
mount_users rw
D=$(daemon_of "$T/all")
N=$T/all/regions/north
load() {
        "$PYTHON" "${0%/*}/hostile-load.py" "$@"
}
value() {
        awk -F '\t' -v name="$1" '$1 == name { print $2 }' "$T/all/.imgshare/stats"
}
resident() {
        awk '/^VmRSS/ { print $2 }' "/proc/$D/status"
}

# 1000 callers of 20 accounts.
for i in {0..19}; do
        ok admin account add "u$i" --uid $((71000 + i))
done
ok load callers "$T/all" 1000 20
# 80 threads with a buffer of a MiB each and connections to the catalog: 300 MB are far from enough for one per caller
grep -qE "__[at]san_init" "$IMGSHAREFS" || [ "$(resident)" -lt 300000 ] || not_ok "resident: $(resident) kB"
is '' find "$DIR/store" -type f -size +0 ! -name '.*'

# Requests that wait for disks to be closed; not under valgrind, where none of them is answered within a second.
[ "${IMGSHARE_SLOW:-1}" -gt 1 ] || ok load waiters "$N" "$ALICE"

# A disk of two terabytes without a byte: digests of smaller ones do not wait for its own.
mount_as alice
image "$A/giant" 4
if truncate -s 2T "$A/giant/disk" 2>"$T/err"; then
        ok mkdir "$A/giant/shares/bob"
        image "$A/small" 4
        ok mkdir "$A/small/shares/bob"
        digested() {
                [ "$(cat "$A/small/.meta/digest")" != pending ]
        }
        WAIT=100 ok eventually digested
        is pending cat "$A/giant/.meta/digest"
fi

# Readers that never read: stopped in the middle of a day of the log and of a listing, and following it into a pipe that
# nobody empties. The write-ahead log does not grow for them.
"$PYTHON" -c 'import os, sys
day = os.open(sys.argv[1], os.O_RDONLY)
os.read(day, 100)
listing = os.scandir(sys.argv[2])
next(listing)
os.kill(os.getpid(), 19)' "$(echo "$T"/alice/events/*)" "$A" &
stopped=$!
mkfifo "$T/never"
sleep 1000 <>"$T/never" & # has it open, and does not read
pipe=$!
"$IMGSHARE" -C "$DIR" log --follow --json >"$T/never" 2>"$T/follower" &
follower=$!
"$PYTHON" - "$N/instances" "$BOB" "$T/all/.imgshare/stats" <<'PYTHON' || not_ok 'the log grows'
import os, sys
instances, uid, stats = sys.argv[1:]
def value(name):
    mine = os.geteuid()
    os.seteuid(0) # they are the operator's
    try:
        return int(next(line.split('\t')[1] for line in open(stats) if line.startswith(name + '\t')))
    finally:
        os.seteuid(mine)
os.seteuid(int(uid))
os.mkdir(instances + '/vm')
before, largest = value('checkpoints'), 0
for i in range(20000):
    os.rmdir(instances + '/vm')
    os.mkdir(instances + '/vm')
    if i % 100 == 0:
        largest = max(largest, value('wal_bytes'))
        if value('checkpoints') >= before + 6:
            break
sys.exit(value('checkpoints') < before + 6 or largest > 64 << 20)
PYTHON
kill -KILL "$stopped" "$pipe" "$follower"
{ wait "$stopped" "$pipe" "$follower"; } 2>/dev/null

# Bulk changes: between the first and the last of them others are answered, one after the other.
lines=10000
[ "${IMGSHARE_LONG-}" != 1 ] || lines=100000
for i in $(seq "$lines"); do
        printf 'north\tsmall@alice\tu%d\t%d-01-01T00:00:00Z\n' $((i % 20)) $((2100 + i % 200 / 20))
done >"$T/lines"
load changes "$N/images" "$BOB" "$T/enough" >"$T/begun" &
bob=$!
eventually test -s "$T/begun"
ok admin apply "$T/lines"
touch "$T/enough"
ok wait "$bob"
between=$(admin log --json | "$PYTHON" -c 'import json, sys
events = [json.loads(line) for line in sys.stdin]
bulk = [e["event"] for e in events if e["op"] in ("share", "set-expiry") and e["via"] == "cli"]
print(sum(bulk[0] < e["event"] < bulk[-1] and e["actor"] == "bob" for e in events))')
[ "$between" -gt 0 ] || not_ok "no change of bob's between $lines of apply's"

# Lines that do not come, and a transaction that another process does not end: who only looks does not notice, who
# changes something waits, for a bounded time.
mkfifo "$T/lines.slow"
admin apply "$T/lines.slow" 2>"$T/malformed" &
slow=$!
exec 8>"$T/lines.slow"
printf 'north\tsmall@alice\tu0\nnorth' >&8
ok user "$BOB" mkdir "$N/images/meanwhile"
exec 8>&-
wait "$slow"

sqlite3 "$DIR/catalog.db" >"$T/held" 2>&1 < <(
        echo 'BEGIN IMMEDIATE; SELECT 1;'
        until [ -e "$T/let-go" ]; do sleep 0.05; done
) &
holder=$!
eventually test -s "$T/held"
ok user "$BOB" ls -l "$N/images"
user "$BOB" mkdir "$N/images/waits" &
waits=$!
ok cat "$A/small/description"
says small@alice admin access --all
ok kill -0 "$waits"
if [ "${IMGSHARE_LONG-}" = 1 ]; then
        fails EAGAIN 'os.mkdir(a[0])' "$A/never"
        refused 1 'in use by another process for too long' admin region add east
        wait "$waits"
        absent "$N/images/waits" "$A/never"
        touch "$T/let-go"
        wait "$holder"
else
        touch "$T/let-go"
        wait "$holder"
        ok wait "$waits"
fi
ok user "$BOB" mkdir "$N/images/after"

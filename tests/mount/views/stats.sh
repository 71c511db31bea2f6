#!/bin/bash
# SPDX-License-Identifier: MIT
# /.imgshare/stats counts and times what was asked of the mount.
. "${0%/*}/../lib.sh"
catalog
mount_as alice
mount_as bob
I=$T/alice/.imgshare

# value NAME COLUMN
value() {
        awk -F '\t' -v name="$1" -v column="$2" '$1 == name { print $column }' "$I/stats"
}

is 444 stat -c %a "$I/stats"
is 0 value mkdir 2
image "$A/web"
image "$A/db"
ok mkdir "$A/web/shares/bob"
refused 1 "$EPERM" mv "$A/web" "$A/other"
is 3 value mkdir 2
is 1 value rename 2
is 0 value rmdir 2
ok rmdir "$A/web/shares/bob"
is 1 value rmdir 2

# The parts of a line agree with each other: the buckets are as many as the calls, the percentiles in order.
"$PYTHON" - "$I/stats" <<'PYTHON' || not_ok 'the parts of a line do not agree'
import sys
lines = [line.rstrip('\n').split('\t') for line in open(sys.argv[1])]
operations = [line for line in lines if len(line) > 2]
assert {'lookup', 'getattr', 'mkdir', 'write_buf', 'copy_file_range'} <= {line[0] for line in operations}
for name, *numbers, buckets in operations:
    count, total, median, p99, longest = map(int, numbers)
    buckets = list(map(int, buckets.split(',')))
    assert len(buckets) == 24 and sum(buckets) == count, name
    assert (count > 0 or total == longest == median == p99 == 0) and median <= p99 and total >= longest, name
assert all(len(line) == 2 and line[1].replace(',', '').isdigit() for line in lines if line not in operations)
PYTHON

# Commits: of this mount's own changes, all of them in some commit; and of others' the kernel is told.
changes=$(value changes 2)
[ "$changes" -ge 8 ] || not_ok "only $changes changes"
[ "$(value commits 2)" -ge 1 ] && [ "$(value commits 2)" -le "$changes" ] || not_ok 'commits'
is "$(value commits 2)" eval 'echo $(($(value changes_a_commit 2 | tr , +)))'
[ "$(value wal_bytes 2)" -gt 0 ] || not_ok 'no write-ahead log'
before=$(value invalidations 2)
ok admin region add east
settle
[ "$(value invalidations 2)" -gt "$before" ] || not_ok 'a new region was not told'

# Disks by who moves their bytes; texts are no disks.
before=$(($(value opens_passthrough 2) + $(value opens_daemon 2)))
ok cat "$A/db/disk" "$A/web/disk" "$A/web/description" >/dev/null
is $((before + 2)) eval 'echo $(($(value opens_passthrough 2) + $(value opens_daemon 2)))'

# Each mount counts its own.
is 0 awk '$1 == "mkdir" { print $2 }' "$T/bob/.imgshare/stats"

# In a multiuser mount they are the operator's: one account does not see what others do.
if [ "$(id -u)" -eq 0 ] && has setpriv; then
        mount_users rw
        says '^mkdir' cat "$T/all/.imgshare/stats"
        refused 1 "$EACCES" user "$ALICE" cat "$T/all/.imgshare/stats"
        is $'last_denial\nrules\nstats\nversion\nwhoami' user "$ALICE" ls "$T/all/.imgshare"
        ok user "$ALICE" ls -l "$T/all/.imgshare"
        says '^account: alice' user "$ALICE" cat "$T/all/.imgshare/whoami"
fi

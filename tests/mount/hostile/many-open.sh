#!/bin/bash
# SPDX-License-Identifier: MIT
# 10 000 files open at once through one mount; and when the daemon has no descriptors left for another disk, ENFILE for
# whoever opens one, while all else goes on. IMGSHARE_LONG=1: 10 000 disks.
LIMIT=300
[ -n "${TMPDIR-}" ] || [ ! -d /dev/shm ] || export TMPDIR=/dev/shm # flushes are not what is tried
. "${0%/*}/../lib.sh"
needs_root # to have so many open oneself
needs prlimit
catalog
ok admin limits images-per-region 20000
mount_at alice account=alice,durability=normal
mount_as bob
disks=2000
[ "${IMGSHARE_LONG-}" != 1 ] || disks=10000

# holds DISKS FILES: opens them and keeps them until `release`; prints what it says.
holds() {
        rm -f "$T/end" "$T/said"
        mkfifo "$T/end"
        "$PYTHON" "${0%/*}/many-open.py" "$A" "$@" <"$T/end" >"$T/said" 2>"$T/wrong" &
        holder=$!
        exec 9>"$T/end"
        WAIT=280 eventually test -s "$T/said" || die "nothing is said: $(cat "$T/wrong")"
}
release() {
        exec 9>&-
        ok wait "$holder"
}

# all_else: what needs no new disk.
all_else() {
        ok ls -l "$A/m1"
        ok mkdir "$A/new"
        ok put text "$A/new/description"
        is text cat "$A/new/description"
        is draft state "$A/new"
        ok rm -r "$A/new"
        ok ls "$B"
        says '"op":"delete"' cat "$T"/alice/events/*
        ok cat "$T/alice/.imgshare/stats"
        ok admin log
}

holds "$disks" 10000
is 'open 10000' cat "$T/said"
all_else
ok cat "$A/m1/disk"
image "$A/another"
release

D=$(daemon_of "$T/alice")
limit=$(awk '/Max open files/ { print $4 }' "/proc/$D/limits")
ok prlimit --pid "$D" --nofile=600:
holds 400 400
says '^ENFILE [0-9]' cat "$T/said"
[ "$(sed 's/ENFILE //' "$T/said")" -ge 50 ] || not_ok "only $(cat "$T/said")"
fails ENFILE 'os.open(a[0], os.O_RDONLY)' "$A/another/disk"
mkdir "$A/more"
fails ENFILE 'os.open(a[0], os.O_WRONLY | os.O_CREAT)' "$A/more/disk"
absent "$A/more/disk"
all_else
release
same "$A/another/disk" "$A/another/disk"
ok put bytes "$A/more/disk"
ok prlimit --pid "$D" --nofile="$limit:"
ok mkdir "$A/another/shares/bob"

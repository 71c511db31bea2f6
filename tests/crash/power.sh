#!/bin/bash
# SPDX-License-Identifier: MIT
# The power fails: a load is recorded with all it writes and flushes, then states that a disk may have kept are looked
# at. Everything acknowledged is there (with durability=normal: everything up to some moment), what was open is done or
# not, sealed disks have their bytes, catalog and stores agree.
#       full, normal  such mounts; some states, with IMGSHARE_LONG=1 thousands, STATES=N any number
#       plant         that a single forgotten flush, of each kind, is found by this test
# SEED=N repeats the choices of a run, not its timing; KEEP=DIR keeps the record of a run that found something, and
# REPLAY=DIR looks at it again, STATE=... at that state alone.
LIMIT=20000
[ -n "${TMPDIR-}" ] || [ ! -w /dev/shm ] || export TMPDIR=/dev/shm # made and thrown away by the thousand
. "${0%/*}/../mount/lib.sh"
: "${RECORD:?the built librecord.so}"
# With a library before it ThreadSanitizer does not see that a request comes after the reply to the one before.
! grep -q __tsan_init "$IMGSHAREFS" || skip 'built with TSan'
arguments=() count=40
case $1 in
full) [ "${IMGSHARE_LONG-}" = 1 ] && : "${STATES:=5000}" "${STEPS:=400}" ;;
normal) [ "${IMGSHARE_LONG-}" = 1 ] && : "${STATES:=2000}" "${STEPS:=200}"; arguments=(--normal) count=30 ;;
plant) arguments=(--plant) ;;
*) die "no such way: $1" ;;
esac
"$PYTHON" "${0%/*}/power.py" --states "${STATES:-$count}" --steps "${STEPS:-40}" "${arguments[@]}" || not_ok "power.py $1"

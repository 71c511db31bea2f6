#!/bin/bash
# SPDX-License-Identifier: MIT
# An upgrade that is killed, or whose power fails, at any moment: the catalog is as it was, or upgraded, whole in either case;
# the next upgrade finishes it, with the result of one that nobody disturbed, and nothing is left behind. Moments and states
# of a disk are made of a record of what it writes and flushes (tests/crash), some of them, with IMGSHARE_LONG=1 all and more;
# and it is killed for true. SEED=N repeats the choices of a run.
[ -n "${TMPDIR-}" ] || [ ! -w /dev/shm ] || export TMPDIR=/dev/shm # made and thrown away by the hundred
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../cli/lib.sh"
: "${RECORD:?the built librecord.so}"
! grep -q __tsan_init "$IMGSHARE" || skip 'built with TSan'
here=$(dirname "$0")
"$here/unpack" small "$tmp" offline
rm -r "$cat/store" # which is not looked at
touch "$tmp/no_oracle" # of an earlier format
ran=interrupted.py
"$PYTHON" "$here/interrupted.py" "$tmp" >"$tmp/out" 2>"$tmp/err" || fail 'it is not as it was, nor upgraded'
cat "$tmp/out"

#!/bin/bash
# SPDX-License-Identifier: MIT
# kill -9 of the daemon at random moments under load: after a remount everything acknowledged is there, what was asked
# last is done or not done, and imgshare check is clean. IMGSHARE_LONG=1 takes 100 rounds, SEED=N repeats a run.
LIMIT=900
. "${0%/*}/lib.sh"
catalog
mkdir "$T/alice"
for i in $(seq 9); do
        admin account add "p$i" >"$T/out" || die "account add p$i"
done
ok "$PYTHON" "${0%/*}/crash.py" "$DIR" "$T/alice" "$([ "${IMGSHARE_LONG-}" = 1 ] && echo 100 || echo 10)"
cat "$T/out"

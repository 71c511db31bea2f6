#!/bin/bash
# SPDX-License-Identifier: MIT
# kill -9 of daemons and of imgshare at random moments under load: everything acknowledged is there, what was asked last
# is done or not done, no share is back, in the mounts that live on as well, no sealed byte has changed, and imgshare
# check is clean. Some daemons, with IMGSHARE_LONG=1 a thousand, KILLS=N any number, and about as many commands; SEED=N
# repeats the choices of a run, not its timing.
LIMIT=20000
. "${0%/*}/../mount/lib.sh"
catalog
for i in $(seq 9); do
        admin account add "p$i" >"$T/out" || die "account add p$i"
done
[ "${IMGSHARE_LONG-}" = 1 ] && : "${KILLS:=1000}"
"$PYTHON" "${0%/*}/kill.py" "$DIR" "$T" "${KILLS:-12}" || not_ok kill.py

#!/bin/bash
# SPDX-License-Identifier: MIT
# Operations of 8 workers at once over 3 mounts: some serial order explains all answers. First, that a broken history is found;
# then, with ROUNDS=N or IMGSHARE_LONG=1 (20 000), rounds on real mounts. SEED=N is any seed; it is printed.
set -u
[ -w /dev/fuse ] || { echo 'skipped: no /dev/fuse' && exit 77; }
[ "${IMGSHARE_LONG-}" = 1 ] && : "${ROUNDS:=20000}"
"${PYTHON:-python3}" "${0%/*}/test_linearize.py" || exit 1
[ "${ROUNDS:-0}" -gt 0 ] || exit 0
exec "${PYTHON:-python3}" "${0%/*}/race.py" --rounds "$ROUNDS" ${SEED:+--seed "$SEED"}

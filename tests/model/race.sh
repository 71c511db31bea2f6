#!/bin/bash
# SPDX-License-Identifier: MIT
# Operations of 8 workers at once over 3 mounts: some serial order explains all answers. First, that a broken history is found;
# then rounds on real mounts, a few, with IMGSHARE_LONG=1 20 000. ROUNDS=N is any number (0: none), SEED=N any seed; it is
# printed, and what a run does moves with timing nevertheless.
set -u
"${PYTHON:-python3}" "${0%/*}/test_linearize.py" || exit 1
[ -w /dev/fuse ] || { echo 'skipped: no /dev/fuse' && exit 77; }
[ "${IMGSHARE_LONG-}" = 1 ] && : "${ROUNDS:=20000}"
[ "${ROUNDS:=8}" -gt 0 ] || exit 0
exec "${PYTHON:-python3}" "${0%/*}/race.py" --rounds "$ROUNDS" ${SEED:+--seed "$SEED"}

#!/bin/bash
# SPDX-License-Identifier: MIT
# Operations of 8 workers at once over 3 mounts: some serial order explains all answers. 100 rounds, with IMGSHARE_LONG=1
# 20 000; ROUNDS=N is any number, SEED=N any seed. The seed is printed. First, that a broken history is found.
set -u
[ -w /dev/fuse ] || { echo 'skipped: no /dev/fuse' && exit 77; }
[ "${IMGSHARE_LONG-}" = 1 ] && : "${ROUNDS:=20000}"
"${PYTHON:-python3}" "${0%/*}/test_linearize.py" || exit 1
exec "${PYTHON:-python3}" "${0%/*}/race.py" --rounds "${ROUNDS:-100}" ${SEED:+--seed "$SEED"}

#!/bin/bash
# SPDX-License-Identifier: MIT
# Random operations by several accounts on real mounts agree with a model of the rules: some thousand that are the same each
# time, among which each rule refuses something, and some hundred new ones; with IMGSHARE_LONG=1 a million new ones. STEPS=N is
# any number, SEED=N any seed. The seed is printed.
set -u
[ -w /dev/fuse ] || { echo 'skipped: no /dev/fuse' && exit 77; }
run() {
        "${PYTHON:-python3}" "${0%/*}/run.py" "$@"
}
if [ -n "${STEPS-}${SEED-}" ]; then
        run --steps "${STEPS:-2000}" ${SEED:+--seed "$SEED"}
elif [ "${IMGSHARE_LONG-}" = 1 ]; then
        run --steps 1000000 --jobs "$((2 * $(nproc)))" --others 0.2 --all-rules
else
        run --steps 500 &
        run --seed 7 --steps 3500 --others 1 --all-rules
        first=$?
        wait $! && exit "$first"
fi

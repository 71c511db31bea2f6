#!/bin/bash
# SPDX-License-Identifier: MIT
# Random operations by several accounts on real mounts agree with a model of the rules: some hundred that are the same each
# time, with IMGSHARE_LONG=1 a million new ones; STEPS=N any number, SEED=N of any seed. The seed is printed.
set -u
[ -w /dev/fuse ] || { echo 'skipped: no /dev/fuse' && exit 77; }
if [ "${IMGSHARE_LONG-}" = 1 ]; then
        : "${STEPS:=1000000}" "${SEED=}"
else
        : "${STEPS:=600}" "${SEED=8}"
fi
exec "${PYTHON:-python3}" "${0%/*}/run.py" --steps "$STEPS" ${SEED:+--seed "$SEED"}

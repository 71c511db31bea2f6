#!/bin/bash
# SPDX-License-Identifier: MIT
# An upgrade whose n-th allocation, file call or call of SQLite fails, or that call of SQLite's own: it succeeds in full,
# or its status is 1 and it says why; nothing is lost, and the next one succeeds. Some n; with IMGSHARE_LONG=1 the
# first 2000, and many.
[ -n "${TMPDIR-}" ] || [ ! -w /dev/shm ] || export TMPDIR=/dev/shm # hundreds of catalogs
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../cli/lib.sh"
: "${PRELOAD:?the built libpreload_upgrade.so}"
here=$(dirname "$0")
"$here/unpack" small "$tmp" offline
rm -r "$cat/store" # which is not looked at
touch "$tmp/no_oracle" # of an earlier format
head -c 64 /dev/zero >"$tmp/control"
ran=faulty.py
"$PYTHON" "$here/faulty.py" "$tmp" >"$tmp/out" 2>"$tmp/err" || fail 'a fault is not borne'
cat "$tmp/out"

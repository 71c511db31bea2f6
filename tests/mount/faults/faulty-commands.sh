#!/bin/bash
# SPDX-License-Identifier: MIT
# A command, or a mount that begins, whose n-th allocation, file call or sqlite3_step fails (tests/fault/preload.c): it
# succeeds in full, or its status is 1, it says why, in lines of its own, nothing is changed, and the next one succeeds.
# All n with IMGSHARE_LONG=1.
LIMIT=1000
[ -n "${TMPDIR-}" ] || [ ! -w /dev/shm ] || export TMPDIR=/dev/shm # thousands of catalogs
. "${0%/*}/../lib.sh"
: "${PRELOAD:?the built libpreload.so}"
catalog
ok admin region add empty
mount_as alice
mount_as bob
image "$A/web"
image "$A/other"
ok mkdir "$A/web/shares/bob" "$A/web/shares/carol"
settle
ok mkdir "$T/bob/regions/north/instances/vm"
ok put web@alice "$T/bob/regions/north/instances/vm/image"
ok rmdir "$A/web/shares/carol"
refused 1 "$EPERM" mv "$A/web" "$A/name"
refused 1 "$EPERM" rmdir "$B/web@alice"
unmount bob
settle
ok admin check
ok cp -a "$DIR" "$T/made"
head -c 64 /dev/zero >"$T/control"
ok "$PYTHON" "${0%/*}/faulty-commands.py" "$IMGSHARE" "$IMGSHAREFS" "$T/made" "$T/alice" "$PRELOAD" "$T/control"
cat "$T/out"

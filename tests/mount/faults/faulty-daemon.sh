#!/bin/bash
# SPDX-License-Identifier: MIT
# A daemon whose n-th allocation, file call or sqlite3_step fails (tests/fault/preload.c): each request either succeeds
# or fails with an errno that says so, what failed is not done, and the daemon lives. All n with IMGSHARE_LONG=1.
LIMIT=600
. "${0%/*}/../lib.sh"
: "${PRELOAD:?the built libpreload.so}"
catalog
ok admin limits keep-deleted 0
head -c 64 /dev/zero >"$T/control"
LD_PRELOAD=$PRELOAD FAULT_CONTROL=$T/control mount_as alice
pid=$(daemon_of "$T/alice")
image "$A/web"
image "$A/other"
image "$A/source"
ok mkdir "$A/web/shares/carol"
mkdir "$T/alice/regions/north/instances/vm" "$AS/copy"
ok "$PYTHON" "${0%/*}/faulty-daemon.py" "$T/alice" "$T/control" "$pid"
cat "$T/out"
is "$pid" daemon_of "$T/alice"
# Where everything fails from a call on, a file that was made cannot be removed either: the next mount's sweep finds it.
unmount alice
mount_as alice
nothing_found() {
        admin check >"$T/out" 2>&1
}
WAIT=20 eventually nothing_found || not_ok "left: $(cat "$T/out")"

#!/bin/bash
# SPDX-License-Identifier: MIT
# Who holds locks of its own view's directories in the kernel (by listing them into memory that never comes) keeps
# nobody else's view from being told of changes; and what its own was not told meanwhile is bounded, and found again.
[ -n "${TMPDIR-}" ] || [ ! -d /dev/shm ] || export TMPDIR=/dev/shm # flushes are not what is tried
. "${0%/*}/../lib.sh"
catalog
mount_users rw
N=$T/all/regions/north/images
mount_as alice allow_other
mount_as carol
mount_at trap account=dave,allow_other
image "$C/web"
image "$T/trap/regions/north/images/trap"
unmount trap
mount_at trap account=dave,allow_other # nothing of it is in memory; a description, as a disk may pass by its daemon
for i in {1..12}; do
        ok user "$ALICE" mkdir "$N/d$i"
        refused 1 "$ENOENT" user "$ALICE" cat "$N/d$i/description"
done
refused 2 "$ENOENT" user "$BOB" ls -d "$N/web@carol"
settle
refused 2 "$ENOENT" user "$BOB" ls -d "$N/web@carol"
refused 2 "$ENOENT" user "$ALICE" ls -d "$N/late"
blocker=$(daemon_of "$T/trap")
"$PYTHON" "${0%/*}/hostile-hold.py" "$ALICE" "$blocker" "$T/trap/regions/north/images/trap/description" \
        "$N" "$N"/d* >"$T/held" &
eventually test -s "$T/held" || die 'the directories are not held'

# Changes in these directories, and then in bob's view.
for i in {1..12}; do
        ok put text "$A/d$i/description"
done
refused 1 "$ENOENT" user "$BOB" cat "$N/web@carol/description"
ok mkdir "$C/web/shares/bob"
settle
ok user "$BOB" cat "$N/web@carol/description"
ok rmdir "$C/web/shares/bob"
settle
refused 1 "$ENOENT" user "$BOB" cat "$N/web@carol/description"
refused 2 "$ENOENT" user "$BOB" ls -d "$N/web@carol"

# More for the view that is stuck than is kept for it.
"$PYTHON" - "$A" <<'PYTHON'
import os, sys, time
begun = time.monotonic()
while time.monotonic() < begun + 1.5: # a view is stuck after a second
    for i in range(1, 13):
        path = f'{sys.argv[1]}/d{i}/description'
        os.utime(path, (1, 1))
        os.unlink(path)
        open(path, 'w').close()
for i in range(1200):
    os.utime(path, (i, i))
PYTHON
ok mkdir "$A/late"
refused 2 "$ENOENT" user "$BOB" ls -d "$N/web@carol"

# And who held them sees what is so, once they are free.
kill -CONT "$blocker"
wait
ok eventually user "$ALICE" ls -d "$N/late"
is '' user "$ALICE" cat "$N/d1/description"

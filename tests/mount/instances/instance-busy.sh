#!/bin/bash
# SPDX-License-Identifier: MIT
# EBUSY: reinstalling while the instance's disk is open, launching while the image's disk is open for writing.
. "${0%/*}/../lib.sh"
catalog
mount_as alice
VM=$T/alice/regions/north/instances
image "$A/web"
image "$A/open"
ok mkdir "$VM/vm1" "$VM/vm2"
ok put web "$VM/vm1/image"
ok put mine "$VM/vm1/disk"

# busy HOW: with the instance's disk open like that, nothing is installed in its place.
busy() {
        exec 7<>"$T/none"
        case $1 in
        '<') exec 7<"$VM/vm1/disk" ;;
        '>>') exec 7>>"$VM/vm1/disk" ;;
        '<>') exec 7<>"$VM/vm1/disk" ;;
        esac
        refused 1 "$EBUSY" put web "$VM/vm1/image"
        exec 7>&-
        is mine cat "$VM/vm1/disk"
        is web@alice cat "$VM/vm1/image"
}
busy '>>'
busy '<>'
busy '<'

# So it is while it is only mapped, and from another mount of the same account.
"$PYTHON" - "$VM/vm1" <<'PYTHON' >"$T/wrong" 2>&1
import errno, mmap, os, sys
fd = os.open(sys.argv[1] + '/disk', os.O_RDWR)
memory = mmap.mmap(fd, 4)
os.close(fd)
try:
    with open(sys.argv[1] + '/image', 'w') as f:
        f.write('web')
    print('reinstalled while mapped')
except OSError as e:
    if e.errno != errno.EBUSY:
        print(e)
PYTHON
is '' cat "$T/wrong"
mount_at second account=alice
exec 7<>"$T/second/regions/north/instances/vm1/disk"
refused 1 "$EBUSY" put web "$VM/vm1/image"
exec 7>&-
is mine cat "$VM/vm1/disk"

# Closed, it is reinstalled at once.
ok put web "$VM/vm1/image"
same "$VM/vm1/disk" "$A/web/disk"

# A writer of the image stops the launch, a reader does not; when the writer has closed, it works.
exec 7>>"$A/open/disk"
refused 1 "$EBUSY" put open "$VM/vm1/image"
refused 1 "$EBUSY" put open "$VM/vm2/image"
is '' listing "$VM/vm2"
is web@alice cat "$VM/vm1/image"
is available state "$A/open"
exec 7>&-
exec 7<"$A/open/disk"
ok put open "$VM/vm2/image"
exec 7>&-
same "$VM/vm2/disk" "$A/open/disk"

# An instance's disk that is open can be deleted, as any file; the instance's image too while it is installed.
exec 7<>"$VM/vm2/disk"
ok rm -r "$VM/vm2"
exec 7>&-
is vm1 listing "$VM"
ok rm -r "$A/open"

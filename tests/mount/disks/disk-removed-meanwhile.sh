#!/bin/bash
# SPDX-License-Identifier: MIT
# A disk is removed just while it is shared, launched, sealed or copied: the answer is that of before or of after, never EIO.
. "${0%/*}/../lib.sh"
catalog
mount_as alice nocache
mount_at second account=alice,nocache
S=$T/second/regions/north
ok mkdir "$S/instances/vm" "$A/web" "$A/copy"
echo bytes >"$T/bytes"
tries=$([ "${IMGSHARE_LONG-}" = 1 ] && echo 500 || echo 30)

# meanwhile RIGHT CMD…: tries it with a disk that goes; what it complains of matches.
meanwhile() {
        local i right=$1
        shift
        for ((i = 0; i < tries; i++)); do
                ok cp "$T/bytes" "$A/web/disk"
                rm "$A/web/disk" 2>"$T/removed" &
                "$@" 2>"$T/err"
                wait $! || ok grep -Eq "$EBUSY|$EPERM" "$T/removed"
                ! grep -Ev "$right" "$T/err" || not_ok "$*: $(cat "$T/err")"
                rmdir "$A/web/.meta/shares/bob" 2>"$T/ignored"
                rm -f "$A/web/disk" "$A/copy"/* "$S/instances/vm"/* || not_ok 'cannot clean up'
        done
}

meanwhile "$EPERM|$EBUSY" mkdir "$S/images/web/.meta/shares/bob"
meanwhile "$EPERM|$EBUSY" put web "$S/instances/vm/image"
meanwhile "$EPERM|$EBUSY" put sealed "$S/images/web/.meta/state"
meanwhile "$ENOENT|$EBUSY" ln "$S/images/web/disk" "$S/images/copy/disk"

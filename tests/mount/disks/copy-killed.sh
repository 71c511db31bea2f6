#!/bin/bash
# SPDX-License-Identifier: MIT
# A copy that dies half-way leaves what it wrote, like any file, and does not seal its source.
. "${0%/*}/../lib.sh"
catalog
mount_as alice
image "$A/web" 1000

# half WHAT: what half a copy has left; the source is as it was.
half() {
        is available state "$A/web"
        same <(head -c "$(stat -c %s "$AS/web/disk")" "$A/web/disk") "$AS/web/disk"
        [ "$(stat -c %s "$AS/web/disk")" -lt 1024000 ] || not_ok "$1: not half a copy"
        ok rm -r "$AS/web"
        ok dd if="$A/web/disk" of="$A/web/disk" bs=1k count=1 conv=notrunc status=none
}

# By the limit of a file's size (SIGXFSZ), copying by read and write, and by reference.
(ulimit -f 128 && cp --reflink=never -r "$A/web" "$AS/") 2>"$T/err" && not_ok 'a limited cp succeeds'
half 'cp --reflink=never'
(ulimit -f 128 && cp -r "$A/web" "$AS/") 2>"$T/err" && not_ok 'a limited cp succeeds'
half cp
(ulimit -f 128 && cp --sparse=always -r "$A/web" "$AS/") 2>"$T/err" && not_ok 'a limited cp succeeds'
half 'cp --sparse=always'

# By kill -9 between two requests.
mkdir "$AS/web"
"$PYTHON" - "$A/web/disk" "$AS/web/disk" 2>"$T/err" <<'PYTHON'
import os, signal, sys
src, dst = os.open(sys.argv[1], os.O_RDONLY), os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT)
os.copy_file_range(src, dst, 500 * 1024)
os.kill(os.getpid(), signal.SIGKILL)
PYTHON
is 512000 stat -c %s "$AS/web/disk"
half 'kill -9'

# A whole one seals it.
ok cp -r "$A/web" "$AS/"
is sealed state "$A/web"
same "$A/web/disk" "$AS/web/disk"

#!/bin/bash
# SPDX-License-Identifier: MIT
# A daemon that is told to end while files are open closes them: a copy by reference that no close has finished yet is
# on disk, and so is what a writer wrote.
. "${0%/*}/../lib.sh"
catalog
mount_as alice
head -c 3000000 /dev/urandom >"$T/dense"
image "$A/web"
cp "$T/dense" "$A/web/disk"
mkdir "$A/copy" "$A/written"

# Holds a whole copy and a written disk open, unflushed, and says when.
"$PYTHON" - "$A" "$T/ready" <<'PYTHON' &
import os, signal, sys
images, ready = sys.argv[1:]
source = os.open(images + '/web/disk', os.O_RDONLY)
copy = os.open(images + '/copy/disk', os.O_WRONLY | os.O_CREAT)
size, done = os.fstat(source).st_size, 0
while done < size:
    done += os.copy_file_range(source, copy, size - done, done, done)
written = os.open(images + '/written/disk', os.O_WRONLY | os.O_CREAT)
os.write(written, b'some bytes')
text = os.open(images + '/web/description', os.O_RDONLY)
open(ready, 'w').close()
signal.pause()
PYTHON
holder=$!
ok eventually test -e "$T/ready"
daemon=$(daemon_of "$T/alice")
kill -TERM "$daemon"
ok eventually daemon_ended "$T/alice"
kill "$holder"
wait "$holder" 2>/dev/null
umount -l "$T/alice" 2>/dev/null || fusermount3 -uz "$T/alice" 2>/dev/null

mount_as alice
same "$T/dense" "$A/web/disk"
same "$T/dense" "$A/copy/disk"
is 'some bytes' cat "$A/written/disk"

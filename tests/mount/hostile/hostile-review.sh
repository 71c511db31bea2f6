#!/bin/bash
# SPDX-License-Identifier: MIT
# The owner's word that an image was reviewed is about the bytes that he has looked at. It is not given while somebody
# writes them, through a descriptor or a mapping, in this mount or another; and no kill lets it outlive a write.
. "${0%/*}/../lib.sh"
catalog
ok admin limits require-review on
mount_as alice
mount_at second account=alice
S=$T/second/regions/north/images
image "$A/web"
ok put 1 "$A/web/.meta/reviewed"

# a writer takes it back at once, before a byte is written; and it is not given again while he is there
exec 7<>"$A/web/disk"
is 0 cat "$A/web/.meta/reviewed"
for images in "$A" "$S"; do
        refused 1 "$EBUSY" put 1 "$images/web/.meta/reviewed"
done
ok put 0 "$A/web/.meta/reviewed"
exec 7<&-
ok put 1 "$S/web/.meta/reviewed"

# a mapping outlives its descriptor
"$PYTHON" - "$A/web/disk" "$T/go" <<'PYTHON' &
import mmap, os, sys, time
fd = os.open(sys.argv[1], os.O_RDWR)
memory = mmap.mmap(fd, 4096)
os.close(fd)
open(sys.argv[2], 'w').close()
while os.path.exists(sys.argv[2]):
    time.sleep(0.01)
memory[:6] = b'secret'
PYTHON
eventually test -e "$T/go" || die 'no mapping'
is 0 cat "$A/web/.meta/reviewed"
refused 1 "$EBUSY" put 1 "$S/web/.meta/reviewed"
rm "$T/go"
wait
is secret head -c 6 "$A/web/disk"
is 0 cat "$A/web/.meta/reviewed"
refused 1 "$EPERM" mkdir "$A/web/shares/bob"
ok put 1 "$A/web/.meta/reviewed"

# killed between a write and its close: the caller, and the daemon
"$PYTHON" -c 'import os, signal, sys
os.write(os.open(sys.argv[1], os.O_WRONLY), b"again")
os.kill(os.getpid(), signal.SIGKILL)' "$A/web/disk"
is 0 cat "$A/web/.meta/reviewed"
ok put 1 "$A/web/.meta/reviewed"
exec 7<>"$A/web/disk"
echo more >&7
kill -KILL "$(daemon_of "$T/alice")"
umount -l "$T/alice"
exec 7<&-
is 0 cat "$S/web/.meta/reviewed"
mount_as alice
is 0 cat "$A/web/.meta/reviewed"

# what is set on an empty draft says nothing of the bytes that come
ok mkdir "$A/new"
ok put 1 "$A/new/.meta/reviewed"
ok cp "$T/err" "$A/new/disk"
is 0 cat "$A/new/.meta/reviewed"
# a sealed disk changes no more
ok put 1 "$A/web/.meta/reviewed"
ok mkdir "$A/web/shares/bob"
ok put 0 "$A/web/.meta/reviewed"
ok put 1 "$A/web/.meta/reviewed"

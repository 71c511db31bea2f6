#!/bin/bash
# SPDX-License-Identifier: MIT
# What is open when it is removed lives on for who has it open: it can be read, sought and asked for its size.
. "${0%/*}/../lib.sh"
catalog
mount_as alice
mount_as bob
VM=$T/alice/regions/north/instances
for name in web db gone; do image "$A/$name"; done
mkdir "$VM/vm1" "$VM/vm2" && put web "$VM/vm1/image" && put web "$VM/vm2/image" || die launch

# opens PATH COMMAND…: a file that is open before a command, still is what it was after it, with no name to it.
opens() {
        run "$PYTHON" - "$@" <<'PYTHON'
import os, subprocess, sys
path, command = sys.argv[1], sys.argv[2:]
descriptors = [os.open(path, os.O_RDONLY), os.open(path, os.O_RDONLY)]
before = os.fstat(descriptors[0])
text = os.pread(descriptors[0], 1 << 20, 0)
subprocess.run(command, check=True)
assert not os.path.lexists(path), 'it is there'
for d in descriptors:
    after = os.fstat(d)
    for name in ('st_ino', 'st_mode', 'st_size', 'st_blocks', 'st_mtime_ns', 'st_uid', 'st_gid'):
        assert getattr(after, name) == getattr(before, name), (name, getattr(before, name), getattr(after, name))
    assert after.st_nlink == 0, after.st_nlink
    assert os.pread(d, 1 << 20, 0) == text, 'other bytes'
    assert os.lseek(d, 0, os.SEEK_END) == len(text)
os.close(descriptors[0])
assert os.fstat(descriptors[1]).st_size == len(text), 'after one of two was closed'
try:
    os.stat(path)
    print('it has a name again')
except FileNotFoundError:
    pass
PYTHON
        local status=$?
        [ "$status" -eq 0 ] || not_ok "$1: $(tail -n 1 "$T/err")"
}
opens "$A/web/description" rm "$A/web/description"
opens "$A/db/disk" rm "$A/db/disk"
opens "$A/gone/description" rm -r "$A/gone"
image "$A/gone"
opens "$A/gone/disk" rm -r "$A/gone"
opens "$VM/vm1/disk" rm "$VM/vm1/disk"
opens "$VM/vm2/disk" rm -r "$VM/vm2"
ok mkdir "$VM/vm2"
ok put web "$VM/vm2/image"
opens "$VM/vm2/image" rm -r "$VM/vm2"

# A text that was changed before it was removed: the last one, for all who have it open.
ok put 'another text' "$A/db/description"
run "$PYTHON" - "$A/db/description" <<'PYTHON'
import os, sys
early = os.open(sys.argv[1], os.O_RDONLY)
late = os.open(sys.argv[1], os.O_RDWR)
os.write(late, b'the last text\n')
os.unlink(sys.argv[1])
for d in (early, late):
    print(os.fstat(d).st_size, os.pread(d, 100, 0))
PYTHON
is "14 b'the last text\\n'
14 b'the last text\\n'" cat "$T/out"

# A file made again under the old name is another one.
run "$PYTHON" - "$A/web/description" <<'PYTHON'
import os, sys
with open(sys.argv[1], 'w') as f:
    f.write('one')
old = os.open(sys.argv[1], os.O_RDONLY)
os.unlink(sys.argv[1])
with open(sys.argv[1], 'w') as f:
    f.write('another')
print(os.fstat(old).st_size, os.fstat(old).st_ino != os.stat(sys.argv[1]).st_ino, os.pread(old, 100, 0))
PYTHON
is "3 True b'one'" cat "$T/out"

# Who lost the share is told nothing of what came after it, and nobody of what is not open.
mkdir "$A/web/shares/bob"
settle
exec 3<"$B/web@alice/description"
ok rmdir "$A/web/shares/bob"
ok put secret "$A/web/description"
ok rm "$A/web/description"
settle
refused 1 "$ENOENT" sh -c 'cat <&3'
exec 3<&-

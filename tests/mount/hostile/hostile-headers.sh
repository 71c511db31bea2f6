#!/bin/bash
# SPDX-License-Identifier: MIT
# An owner hands a disk to others that names files of theirs: by a header that comes after the look, while somebody shares; in
# the ways that programs read and rules might not; of a disk of an older catalog. None is shared, and none launched.
. "${0%/*}/../lib.sh"
needs python3 sqlite3
catalog
mount_as alice
mount_as bob
disks=$SOURCE/tests/fuzz/corpus/format
VM=$T/bob/regions/north/instances

# The header is exchanged while others share, again and again: whatever was shared is whole.
ok cp "$disks/whole.qcow2" "$T/whole"
ok cp "$disks/backed.qcow2" "$T/backed"
for i in {1..30}; do
        ok mkdir "$A/flip$i"
        ok cp "$T/whole" "$A/flip$i/disk"
        (
                for _ in {1..20}; do
                        dd if="$T/backed" of="$A/flip$i/disk" conv=notrunc bs=512 count=4 status=none 2>/dev/null
                        dd if="$T/whole" of="$A/flip$i/disk" conv=notrunc bs=512 count=4 status=none 2>/dev/null
                done
        ) &
        writer=$!
        while kill -0 "$writer" 2>/dev/null; do
                mkdir "$A/flip$i/shares/bob" 2>/dev/null && break
        done
        wait "$writer"
        if [ -d "$A/flip$i/shares/bob" ]; then
                is qcow2 cat "$A/flip$i/.meta/format"
                run dd if="$T/backed" of="$A/flip$i/disk" conv=notrunc bs=512 count=4 status=none && not_ok 'a shared disk was written'
                cmp -s -n 2048 "$T/backed" "$A/flip$i/disk" && not_ok 'a disk was shared that names a file'
        fi
done

# Through a mapping that stays after the close: it is open for writing.
ok mkdir "$A/mapped"
ok cp "$T/whole" "$A/mapped/disk"
coproc MAP { "$PYTHON" -c '
import mmap, sys
with open(sys.argv[1], "r+b") as file:
    held = mmap.mmap(file.fileno(), 0)
print("mapped", flush=True)
sys.stdin.readline()
held[:2048] = open(sys.argv[2], "rb").read(2048)
held.flush()
held.close()
print("written", flush=True)
' "$A/mapped/disk" "$T/backed"; }
map=$MAP_PID # unset once it has ended
read -r -u "${MAP[0]}" _
refused 1 "$EBUSY" mkdir "$A/mapped/shares/bob"
echo go >&"${MAP[1]}"
read -r -u "${MAP[0]}" _
wait "$map"
refused 1 "$EPERM" mkdir "$A/mapped/shares/bob"
rule self-contained alice

# A text that only qemu takes for a disk: with remarks before it, over line ends, behind more than a head.
text() {
        ok mkdir "$A/$1"
        ok cp "$T/text" "$A/$1/disk"
        refused 1 "$EPERM" mkdir "$A/$1/shares/bob"
        rule self-contained alice
        says '/etc/passwd' cat "$A/$1/.meta/format"
}
printf '#\n#\nversion=1\nRW\n1\nFLAT\n"/etc/passwd" 0\n' >"$T/text"
text lines
{
        head -c 300000 /dev/zero | tr '\0' '#'
        printf '\ncreateType="monolithicFlat"\nRW 1 FLAT "/etc/passwd" 0\n'
} >"$T/text"
text remark
{
        printf 'KDMV'
        head -c 508 /dev/zero
        printf 'parentFileNameHint="/etc/passwd"'
        head -c 4096 /dev/zero
} >"$T/text"
text hint

# A name with what a terminal obeys, and one that is too long: shown, not obeyed.
"$PYTHON" -c '
import struct, sys
head = bytearray(b"QFI\xfb" + struct.pack(">IQII", 3, 512, 12, 16) + bytes(600))
head[512:524] = b"\x1b[2J\nroot: x"
open(sys.argv[1], "wb").write(head)
head[16:20] = struct.pack(">I", 1 << 31)
open(sys.argv[2], "wb").write(head)' "$T/odd" "$T/long"
for name in odd long; do
        ok mkdir "$A/$name"
        ok cp "$T/$name" "$A/$name/disk"
        refused 1 "$EPERM" mkdir "$A/$name/shares/bob"
        rule self-contained alice
done
is $'qcow2\nneeds ?[2J?root: x' cat "$A/odd/.meta/format"
is $'qcow2\nneeds ?' cat "$A/long/.meta/format"

# What was shared before there was the rule, in a catalog that did not tell what it is: nobody launches it, check says so.
image "$A/old"
ok mkdir "$A/old/shares/bob"
unmount alice bob
id=$(sqlite3 "$DIR/catalog.db" "SELECT i.id FROM image i JOIN place_name n ON n.place = i.place WHERE n.name = 'old'")
sqlite3 "$DIR/catalog.db" "UPDATE image SET format = NULL, size = $(stat -c %s "$T/backed") WHERE id = $id" || die sqlite3
cp "$DIR/store/north/$id" "$T/old"
cp "$T/backed" "$DIR/store/north/$id"
mount_as alice
mount_as bob
is $'qcow2\nneeds base.raw' cat "$B/old@alice/.meta/format"
ok mkdir "$VM/vm"
refused 1 "$EPERM" put old@alice "$VM/vm/image"
rule self-contained bob
says '^fact: the disk of north/old@alice needs base.raw$' cat "$T/bob/.imgshare/last_denial"
is '' listing "$VM/vm"
refused 1 "$EPERM" mkdir "$A/old/shares/carol"
rule self-contained alice
refused 1 '' admin check
is $'image\tnorth/old@alice\tit is shared, and its disk needs '"'base.raw'"$', a file that is not in it\tunshare it; share one that is made whole by qemu-img convert' cat "$T/out"
ok rmdir "$A/old/shares/bob"
is '' admin check
unmount alice bob
sqlite3 "$DIR/catalog.db" "UPDATE image SET format = 'raw', size = 65536 WHERE id = $id" || die sqlite3
cp "$T/old" "$DIR/store/north/$id"

#!/bin/bash
# SPDX-License-Identifier: MIT
# A disk that the kernel copied together from several sources has all of them, until it is emptied; exposure follows each.
. "${0%/*}/../lib.sh"
catalog
mount_as alice
for image in one two three; do
        ok mkdir "$A/$image" && dense "$A/$image/disk" 128
done
ok mkdir "$T/alice/regions/north/instances/vm"
ok mkdir "$A/two/shares/carol"
settle
ok put three "$T/alice/regions/north/instances/vm/image"

# pieces HOW TARGET SOURCE...: has the kernel copy 64 KiB of each source, one behind the other; HOW as in open().
pieces() {
        "$PYTHON" - "$@" <<'PYTHON'
import os, sys
to = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if sys.argv[1] == 'w' else 0))
at = os.lseek(to, 0, os.SEEK_END)
for source in sys.argv[3:]:
    fd = os.open(source, os.O_RDONLY)
    assert os.copy_file_range(fd, to, 65536, 0, at) == 65536, source
    at += 65536
    os.close(fd)
os.close(to)
PYTHON
}
vm=$T/alice/regions/north/instances/vm/disk
ok mkdir "$A/all"
ok pieces w "$A/all/disk" "$A/one/disk" "$A/two/disk" "$vm" "$A/one/disk"
all='copy of north/one@alice; copy of north/two@alice; instance north/vm@alice from north/three@alice'
is "$all" cat "$A/all/.meta/source"
is "$((${#all} + 1))" stat -c %s "$A/all/.meta/source"
is available cat "$A/all/.meta/state"
is 3 grep -c '"op":"copy"' "$A/all/.meta/history.jsonl"
says '"detail":\{"source":"north/two@alice","also":1,"from":[0-9]+\}' cat "$A/all/.meta/history.jsonl"
for image in one two; do
        says "	alice	copy	-	.*	north/all@alice$" admin exposure "north/$image@alice"
done
says '	alice	custom	1	.*	north/all@alice$' admin exposure north/three@alice
cmp -s <(head -c 65536 "$A/two/disk") <(tail -c +65537 "$A/all/disk" | head -c 65536) || not_ok 'other bytes'

# What is added later is one more; the same again is none; what is there already stays.
ok dd if=/dev/zero of="$A/all/disk" bs=4096 count=1 conv=notrunc status=none
is "$all" cat "$A/all/.meta/source"
ok pieces a "$A/all/disk" "$A/three/disk" "$A/two/disk"
is "$all; copy of north/three@alice" cat "$A/all/.meta/source"
is 4 grep -c '"op":"copy"' "$A/all/.meta/history.jsonl"

# Emptied and copied into, it has the new ones only.
ok pieces w "$A/all/disk" "$A/two/disk" "$A/three/disk"
is 'copy of north/two@alice; copy of north/three@alice' cat "$A/all/.meta/source"
is '' admin exposure north/one@alice
is 6 grep -c '"op":"copy"' "$A/all/.meta/history.jsonl"
ok pieces w "$A/all/disk" "$A/two/disk" "$A/three/disk"
is 6 grep -c '"op":"copy"' "$A/all/.meta/history.jsonl"

# In the past it had what it had then.
event=$(grep -m 1 -o '^{"event":[0-9]*' <(grep '"op":"copy"' "$A/all/.meta/history.jsonl" | tail -n +4) | tr -dc 0-9)
says '	alice	copy	-	.*	north/all@alice$' admin exposure north/one@alice --asof "$event"

# Sources that somebody cannot see are hidden, each.
ok mkdir "$A/all/shares/bob"
mount_as bob
is 'copy of hidden; copy of hidden' cat "$B/all@alice/.meta/source"

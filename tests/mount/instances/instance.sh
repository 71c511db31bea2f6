#!/bin/bash
# SPDX-License-Identifier: MIT
# An instance: mkdir makes it, the image's name written to `image` launches it, its disk is its own; rm -r ends it.
. "${0%/*}/../lib.sh"
needs busybox
catalog
ok admin limits keep-deleted 0
mount_as alice
mount_as bob
VM=$T/bob/regions/north/instances
image "$A/web" 3000
image "$A/db" 100
ok mkdir "$A/web/shares/bob" "$A/db/shares/bob"
settle
digest=$(sha1sum <"$A/web/disk")

# Made, it is empty; launched, it has both files.
is '' listing "$VM"
ok mkdir "$VM/vm1"
is vm1 listing "$VM"
is '' listing "$VM/vm1"
absent "$VM/vm1/"{image,disk,other}
refused 1 "$ENOENT" cat "$VM/vm1/disk"
ok put web@alice "$VM/vm1/image"
is 'disk image' listing "$VM/vm1"
is web@alice cat "$VM/vm1/image"
is 10 stat -c %s "$VM/vm1/image"
is 3072000 stat -c %s "$VM/vm1/disk"
same "$VM/vm1/disk" "$A/web/disk"
is $'755\n644\n644' stat -c %a "$VM/vm1" "$VM/vm1/image" "$VM/vm1/disk"
is sealed state "$A/web"
says '"op":"launch","object":"north/web@alice".*"detail":{"instance":"north/vm1@bob","launch":[0-9]+}' grep '"op":"launch"' "$A/web/.meta/history.jsonl"

# Its disk is written, cut and grown; the image's stays.
printf X | dd of="$VM/vm1/disk" bs=1 seek=1000000 conv=notrunc status=none || not_ok 'dd into an instance'
is X sh -c 'dd if="$1" bs=1 skip=1000000 count=1 status=none' - "$VM/vm1/disk"
ok truncate -s 10M "$VM/vm1/disk"
is 10485760 stat -c %s "$VM/vm1/disk"
ok truncate -s 1000 "$VM/vm1/disk"
ok put changed "$VM/vm1/disk"
is changed cat "$VM/vm1/disk"
"$PYTHON" - "$VM/vm1/disk" <<'PYTHON' || not_ok 'mmap of an instance'
import mmap, os, sys
fd = os.open(sys.argv[1], os.O_RDWR)
memory = mmap.mmap(fd, 8)
memory[:2] = b'CH'
memory.flush()
memory.close()
os.close(fd)
PYTHON
is CHanged cat "$VM/vm1/disk"
is "$digest" sh -c 'sha1sum <"$1"' - "$A/web/disk"

# Two instances of one image know nothing of each other.
ok mkdir "$VM/vm2"
ok put web@alice "$VM/vm2/image"
is "$digest" sh -c 'sha1sum <"$1"' - "$VM/vm2/disk"
ok put other "$VM/vm2/disk"
is CHanged cat "$VM/vm1/disk"

# Writing the name again reinstalls, also another image; no write does nothing.
before=$(stat -c %i "$VM/vm1/disk")
ok put web@alice "$VM/vm1/image"
is "$digest" sh -c 'sha1sum <"$1"' - "$VM/vm1/disk"
[ "$(stat -c %i "$VM/vm1/disk")" -ne "$before" ] || not_ok 'another disk has the same inode number'
ok put db@alice "$VM/vm1/image"
is db@alice cat "$VM/vm1/image"
same "$VM/vm1/disk" "$A/db/disk"
says '"op":"reinstall","object":"north/db@alice"' cat "$A/db/.meta/history.jsonl"
ok put mine "$VM/vm1/disk"
ok sh -c ': >"$1"' - "$VM/vm1/image"
ok truncate -s 0 "$VM/vm1/image"
ok touch "$VM/vm1/image"
ok put '' "$VM/vm1/image"
is db@alice cat "$VM/vm1/image"
is mine cat "$VM/vm1/disk"

# Other ways to write the name.
ok sh -c 'printf %s web@alice >"$1"' - "$VM/vm1/image"
is "$digest" sh -c 'sha1sum <"$1"' - "$VM/vm1/disk"
ok sh -c 'echo db@alice | tee "$1"' - "$VM/vm1/image"
is db@alice cat "$VM/vm1/image"
ok put north/web@alice "$VM/vm1/image"
is web@alice cat "$VM/vm1/image"
ok "$PYTHON" -c 'import sys; open(sys.argv[1], "w").write("db@alice\n")' "$VM/vm1/image"
is db@alice cat "$VM/vm1/image"

# The ordinary tools walk through.
ok ls -lR "$VM"
ok find "$VM" -ls
ok du -s "$VM"
ok tar cf "$T/vms.tar" -C "$VM" .

# It ends with rm -r; rmdir alone does not end one that has a disk.
refused 1 "$ENOTEMPTY" rmdir "$VM/vm1"
ok rm -r "$VM/vm1"
is vm2 listing "$VM"
ok busybox rm -r "$VM/vm2"
ok mkdir "$VM/vm3"
ok rmdir "$VM/vm3"
is '' listing "$VM"
is 2 sh -c 'find "$1" -name "[0-9]*" | wc -l' - "$DIR/store/north"
is "$digest" sh -c 'sha1sum <"$1"' - "$A/web/disk"

# Its name is free again; number and inode are new ones. What is removed stays removed until the next launch.
ok mkdir "$VM/vm1"
ok put web@alice "$VM/vm1/image"
ok rm "$VM/vm1/image"
is disk listing "$VM/vm1"
ok put web@alice "$VM/vm1/image"
ok rm "$VM/vm1/disk"
is image listing "$VM/vm1"
ok put web@alice "$VM/vm1/image"
is 'disk image' listing "$VM/vm1"
same "$VM/vm1/disk" "$A/web/disk"

# All of it is there after a remount, under the same numbers.
ok put kept "$VM/vm1/disk"
before=$(stat -c %i "$VM/vm1" "$VM/vm1/image" "$VM/vm1/disk")
unmount bob
mount_as bob
is "$before" stat -c %i "$VM/vm1" "$VM/vm1/image" "$VM/vm1/disk"
is kept cat "$VM/vm1/disk"
is web@alice cat "$VM/vm1/image"

#!/bin/bash
# SPDX-License-Identifier: MIT
# An instance's name follows the rules of names; nothing but `image` and `disk` is in it; nothing of it moves or links.
. "${0%/*}/../lib.sh"
catalog
mount_as alice
VM=$T/alice/regions/north/instances
image "$A/web"

for name in vm1 VM1 0 a.b-c_d "$(printf '%064d' 1)"; do
        ok mkdir "$VM/$name"
        ok put web "$VM/$name/image"
        ok rm -r "$VM/$name"
done
for name in .vm _vm -vm 'a b' vm@alice 'vm@' a+b ö; do
        refused 1 "$EINVAL" mkdir -- "$VM/$name"
done
refused 1 "$ENAMETOOLONG" mkdir "$VM/$(printf '%065d' 1)"
is '' listing "$VM"
refused 1 "$ENOENT" rmdir "$VM/none"
refused 1 "$ENOENT" put web "$VM/none/image"

# A name is one instance's per region and account.
ok mkdir "$VM/vm1" "$T/alice/regions/south/instances/vm1"
refused 1 "$EEXIST" mkdir "$VM/vm1"
fails EEXIST 'os.mkdir(a[0])' "$VM/vm1"
ok put web "$VM/vm1/image"
refused 1 "$EEXIST" mkdir "$VM/vm1"

# Nothing else in it, and nothing of it elsewhere.
refused 1 "$EPERM" touch "$VM/vm1/other"
refused 1 "$EPERM" mkdir "$VM/vm1/other"
refused 1 "$EPERM" ln -s disk "$VM/vm1/other"
refused 1 "$EPERM" ln "$VM/vm1/disk" "$VM/vm1/disk2"
refused 1 "$EPERM" ln "$VM/vm1/image" "$VM/vm1/other"
refused 1 "$EPERM" mv "$VM/vm1/disk" "$VM/vm1/disk2"
refused 1 "$EPERM" mv "$VM/vm1" "$VM/vm2"
refused 1 "$EPERM" mv "$VM/vm1/disk" "$A/web/disk2"
refused 1 "$EPERM" touch "$VM/file"
refused 1 "$EPERM" ln -s vm1 "$VM/link"
refused 1 "$EPERM" mv "$A/web" "$VM/web"
refused 1 "$EPERM" mv "$VM/vm1" "$A/vm1"
is 'disk image' listing "$VM/vm1"
same "$VM/vm1/disk" "$A/web/disk"

# chmod and chown are without effect, times of a disk are its own.
ok chmod 600 "$VM/vm1" "$VM/vm1/disk"
is $'755\n644' stat -c %a "$VM/vm1" "$VM/vm1/disk"
ok touch "$VM/vm1/disk" "$VM/vm1/image" "$VM/vm1"

#!/bin/bash
# SPDX-License-Identifier: MIT
# A custom image from an instance belongs to its maker, who renames, shares and copies it; its source tells of both.
. "${0%/*}/../lib.sh"
needs qemu-img busybox
catalog
mount_as alice
mount_as bob
VM=$T/bob/regions/north/instances
image "$A/web" 1000
ok mkdir "$A/web/shares/bob"
settle
ok mkdir "$VM/vm1"
ok put web@alice "$VM/vm1/image"

# digested IMAGE: its digest is known.
digested() {
        ! grep -qx pending "$1/.meta/digest"
}

# Asked of the kernel, the copy has a source.
ok mkdir "$B/linked" "$B/copied"
ok ln "$VM/vm1/disk" "$B/linked/disk"
ok cp "$VM/vm1/disk" "$B/copied/disk"
for name in linked copied; do
        is 'instance north/vm1@bob from north/web@alice' cat "$B/$name/.meta/source"
        is bob cat "$B/$name/.meta/owner"
        is available state "$B/$name"
        same "$A/web/disk" "$B/$name/disk"
done

# Both have their own lives from then on.
ok put changed "$VM/vm1/disk"
same "$A/web/disk" "$B/linked/disk"
ok put other "$B/copied/disk"
is changed cat "$VM/vm1/disk"
ok rm -r "$B/copied"
ok put web@alice "$VM/vm1/image"

# Read and written, it is an import; the same content is found out once it is sealed.
ok mkdir "$B/"{dd,cat,convert,other}
ok dd if="$VM/vm1/disk" of="$B/dd/disk" bs=64K status=none
ok sh -c 'busybox cat "$1" >"$2"' - "$VM/vm1/disk" "$B/cat/disk"
ok qemu-img convert -f raw -O raw "$VM/vm1/disk" "$B/convert/disk"
ok sh -c 'busybox cat "$1" >"$2"; echo more >>"$2"' - "$VM/vm1/disk" "$B/other/disk"
for name in dd cat convert other; do
        [ "$name" = other ] || same "$A/web/disk" "$B/$name/disk"
        is import cat "$B/$name/.meta/source"
        is pending cat "$B/$name/.meta/digest"
        ok put sealed "$B/$name/.meta/state"
        eventually digested "$B/$name" || not_ok "no digest: $name"
done
is import cat "$B/other/.meta/source"
eventually digested "$A/web" || not_ok 'no digest: web'
for name in dd cat convert; do
        is "$(cat "$A/web/.meta/digest")" cat "$B/$name/.meta/digest"
        says '^import; same-content north/[a-z]*@(alice|bob)$' cat "$B/$name/.meta/source"
done
is 'import; same-content north/web@alice' cat "$B/dd/.meta/source"

# It is fully its maker's: described, renamed, shared, copied on, whoever it came from; and alice sees nothing of it.
ok put "bob's own" "$B/linked/description"
ok mv "$B/linked" "$B/mine"
ok mkdir "$B/mine/shares/carol"
ok cp -r "$B/mine" "$BS/"
same "$A/web/disk" "$BS/mine/disk"
is 'copy of north/mine@bob' cat "$BS/mine/.meta/source"
is 'instance north/vm1@bob from north/web@alice' cat "$B/mine/.meta/source"
is 'web' listing "$A"
refused 2 "$ENOENT" ls "$A/mine@bob"
mount_as carol
is 'mine@bob' listing "$C"
is 'instance hidden from hidden' cat "$C/mine@bob/.meta/source"

# The chain goes on: carol launches, makes her own, and shares that with dave.
ok mkdir "$T/carol/regions/north/instances/vm"
ok put mine@bob "$T/carol/regions/north/instances/vm/image"
ok mkdir "$C/next"
ok ln "$T/carol/regions/north/instances/vm/disk" "$C/next/disk"
is 'instance north/vm@carol from north/mine@bob' cat "$C/next/.meta/source"
ok mkdir "$C/next/shares/dave"
mount_as dave
is 'instance hidden from hidden' cat "$T/dave/regions/north/images/next@carol/.meta/source"
ok admin account add audit --role auditor
mount_as audit
is 'instance north/vm@carol from north/mine@bob' cat "$T/audit/regions/north/images/next@carol/.meta/source"

# The names are those of then and now: the instance and the image behind it may go.
ok rm -r "$VM/vm1"
is 'instance north/vm1@bob from north/web@alice' cat "$B/mine/.meta/source"
rmdir "$A/web/shares/bob"
settle
is 'instance north/vm1@bob from hidden' cat "$B/mine/.meta/source"
ok rm -r "$A/web"
is 'instance north/vm1@bob from north/web@alice' cat "$T/audit/regions/north/images/mine@bob/.meta/source"
ok mkdir "$B/mine/shares/dave"

# What is open for writing is not copied, nor is a disk that is gone; a target that has a disk keeps it.
ok mkdir "$VM/vm2" "$B/late"
ok put mine "$VM/vm2/image"
exec 7<>"$VM/vm2/disk"
refused 1 "$EBUSY" ln "$VM/vm2/disk" "$B/late/disk"
exec 7>&-
is '' listing "$B/late"
ok ln "$VM/vm2/disk" "$B/late/disk"
refused 1 "$EEXIST" ln "$VM/vm2/disk" "$B/late/disk"
refused 1 "$EPERM" ln "$VM/vm2/disk" "$B/mine/disk2"

# The quota holds.
ok admin account set bob quota=1
refused 1 "$EPERM" mkdir "$B/more"
rule quota-own-only bob

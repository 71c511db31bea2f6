#!/bin/bash
# SPDX-License-Identifier: MIT
# A real Linux: alice shares its disk, bob launches and boots it in qemu to a line on its console; what the guest wrote
# is on bob's disk, not in alice's image. With IMGSHARE_LONG=1 only. Debian: qemu-system-x86 linux-image-cloud-amd64
# busybox-static e2fsprogs; IMGSHARE_KERNEL names another kernel (with NVMe and ext4 built in).
LIMIT=600
. "${0%/*}/../lib.sh"
[ "${IMGSHARE_LONG-}" = 1 ] || skip 'takes its time: IMGSHARE_LONG=1'
needs qemu-system-x86_64 qemu-img busybox mke2fs debugfs
kernel=${IMGSHARE_KERNEL-}
for file in /boot/vmlinuz-*-cloud-amd64; do
        [ -n "$kernel" ] || [ ! -e "$file" ] || kernel=$file
done
[ -r "$kernel" ] || skip 'no kernel: linux-image-cloud-amd64'
catalog
mount_as alice
mount_as bob
VM=$T/bob/regions/north/instances

# The disk: an ext4 with the kernel, busybox and an init that writes to the disk and powers off.
root=$T/root
mkdir -p "$root"/{bin,sbin,boot,dev,proc,sys,srv}
cp "$kernel" "$root/boot/vmlinuz"
cp "$(command -v busybox)" "$root/bin/busybox"
! ldd "$root/bin/busybox" >"$T/out" 2>&1 || skip 'no static busybox: busybox-static'
cat >"$root/sbin/init" <<'INIT'
#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
echo "written by the guest, kernel $(/bin/busybox uname -r)" >/srv/guest
/bin/busybox dd if=/dev/urandom of=/srv/data bs=1M count=4 2>/dev/null
/bin/busybox sync
echo "imgshare: the guest is up, pid $$"
/bin/busybox mount -o remount,ro /
/bin/busybox poweroff -f
INIT
chmod 755 "$root/sbin/init"
ok truncate -s 96M "$T/disk"
ok mke2fs -q -F -t ext4 -d "$root" "$T/disk"
ok mkdir "$A/linux"
ok cp --sparse=always "$T/disk" "$A/linux/disk"
ok put "a small Linux" "$A/linux/description"
ok mkdir "$A/linux/shares/bob"
digested() {
        ! grep -qx pending "$A/linux/.meta/digest"
}
WAIT=60 eventually digested || not_ok 'no digest'
digest=$(cat "$A/linux/.meta/digest") sum=$(sha256sum <"$A/linux/disk")
settle

# Bob launches it. Its bytes are not his to read, his instance's are.
refused 1 "$EPERM" cat "$B/linux@alice/disk"
ok mkdir "$VM/vm1"
ok put linux@alice "$VM/vm1/image"
says '"virtual-size": 100663296' qemu-img info -f raw --output json "$VM/vm1/disk"

# guest VM: boots it; its console is in $T/console.
guest() {
        local disk=$VM/$1/disk
        ok debugfs -R "dump /boot/vmlinuz $T/vmlinuz" "$disk"
        ok timeout -s KILL 300 qemu-system-x86_64 -accel tcg -m 256 -display none -monitor none -no-reboot -nic none \
                -serial "file:$T/console" -kernel "$T/vmlinuz" \
                -append 'console=ttyS0 root=/dev/nvme0n1 rw init=/sbin/init panic=-1' \
                -drive "file=$disk,format=raw,if=none,id=disk" -device nvme,drive=disk,serial=imgshare
        grep -q 'imgshare: the guest is up, pid 1' "$T/console" || not_ok "the guest did not come up: $(tail -n 20 "$T/console")"
}
guest vm1
ok debugfs -R 'cat /srv/guest' "$VM/vm1/disk"
says '^written by the guest, kernel [0-9]' cat "$T/out"
ok e2fsck -fn "$VM/vm1/disk"

# Alice's image is what it was, and another instance begins from it.
is "$sum" sh -c 'sha256sum <"$1"' - "$A/linux/disk"
is "$digest" cat "$A/linux/.meta/digest"
! cmp -s "$A/linux/disk" "$VM/vm1/disk" || not_ok 'the guest wrote nothing'
ok mkdir "$VM/vm2"
ok put linux@alice "$VM/vm2/image"
is "$sum" sh -c 'sha256sum <"$1"' - "$VM/vm2/disk"

# After the unshare no launch from it, but from what bob made of his instance; that boots too.
ok rmdir "$A/linux/shares/bob"
ok mkdir "$B/mine"
ok ln "$VM/vm1/disk" "$B/mine/disk"
settle
refused 1 "$ENOENT" put linux@alice "$VM/vm1/image"
ok put mine "$VM/vm2/image"
guest vm2
is "$sum" sh -c 'sha256sum <"$1"' - "$A/linux/disk"

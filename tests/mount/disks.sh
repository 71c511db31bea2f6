# SPDX-License-Identifier: MIT
# Small real disks for mount tests: ext4 in a file behind a loop device. One can fail, as far as the filesystem goes (an
# ioctl, as its own tests do it; to have the device fail under a mounted ext4 has crashed kernels), and be mounted anew.
# Sourced after lib.sh.
# shellcheck shell=bash

# disk NAME MIB: makes one and mounts it on $T/NAME.
disk() {
        needs_root
        needs mkfs.ext4
        truncate -s "$2M" "$T/$1.img" && mkfs.ext4 -q -m 0 -b 4096 "$T/$1.img" && mkdir "$T/$1" || die "disk $1"
        attach "$1" 2>"$T/err" || skip "no loop devices: $(cat "$T/err")"
}

attach() {
        mount -o loop "$T/$1.img" "$T/$1"
}

# break_disk NAME: from now on it answers EIO, and what was not synced may be lost.
break_disk() {
        "$PYTHON" -c 'import fcntl, os, struct, sys
fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587D, struct.pack("I", 2))' "$T/$1" 2>"$T/err" ||
                skip "no EXT4_IOC_SHUTDOWN: $(cat "$T/err")"
}

# mend_disk NAME: it is back, with what its journal has.
mend_disk() {
        umount -l "$T/$1" && attach "$1" || die "mend $1"
}

#!/bin/bash
# SPDX-License-Identifier: MIT
# mount -t fuse.imgsharefs, and a line of fstab.
. "${0%/*}/../lib.sh"
needs_root
has mount.fuse3 || [ -e /sbin/mount.fuse3 ] || skip 'no mount.fuse3'
# mount looks for imgsharefs where the system has its programs: put it there, in a namespace of our own.
[ -n "${OWN_NAMESPACE-}" ] || OWN_NAMESPACE=1 exec unshare --mount bash "$0"
mount -t tmpfs tmpfs /usr/local/bin && ln -s "$IMGSHAREFS" /usr/local/bin/imgsharefs || die 'no namespace'
catalog
mkdir "$T/mnt"

ok mount -t fuse.imgsharefs -o account=alice "$DIR" "$T/mnt"
says '^account: alice$' cat "$T/mnt/.imgshare/whoami"
ok mkdir "$T/mnt/regions/north/images/web"
ok umount "$T/mnt"
ok eventually daemon_ended "$T/mnt"

echo "$DIR $T/mnt fuse.imgsharefs account=alice,ro,noauto,nofail,_netdev,nosuid,nodev,allow_other,default_permissions,uid=65534 0 0" >"$T/fstab"
ok mount -T "$T/fstab" "$T/mnt"
says '^mode: ro$' cat "$T/mnt/.imgshare/whoami"
says 'ro,nosuid,nodev' grep " $T/mnt fuse.imgsharefs " /proc/self/mounts
is 65534 stat -c %u "$T/mnt/regions"
is web listing "$T/mnt/regions/north/images"
refused 1 "$EROFS" mkdir "$T/mnt/regions/north/images/db"
ok umount "$T/mnt"
ok eventually daemon_ended "$T/mnt"

# What is refused is refused here, too.
refused 1 'imgsharefs: .*nobody' mount -t fuse.imgsharefs -o account=nobody "$DIR" "$T/mnt"

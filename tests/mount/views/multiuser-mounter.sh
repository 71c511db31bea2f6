#!/bin/bash
# SPDX-License-Identifier: MIT
# Who mounts for many users: root by fstab, or any user whom fuse.conf lets. The mounter is the operator, as root is.
. "${0%/*}/../lib.sh"
needs_root
needs setpriv
has mount.fuse3 || [ -e /sbin/mount.fuse3 ] || skip 'no mount.fuse3'
# A namespace of our own, in which mount finds imgsharefs, and fuse.conf is ours.
[ -n "${OWN_NAMESPACE-}" ] || OWN_NAMESPACE=1 exec unshare --mount bash "$0"
mount -t tmpfs tmpfs /usr/local/bin && install -m 755 "$IMGSHAREFS" "$IMGSHARE" /usr/local/bin || die 'no namespace'
catalog
chmod 711 "$T"
admin account set alice uid="$ALICE"
M=$T/mnt
mkdir "$M"

echo "$DIR $M fuse.imgsharefs multiuser,noauto,nofail,nosuid,nodev 0 0" >"$T/fstab"
ok mount -T "$T/fstab" "$M"
says '^account: alice$' user "$ALICE" cat "$M/.imgshare/whoami"
says '^account: operator$' cat "$M/.imgshare/whoami"
refused 1 "$EACCES" user "$STRANGER" stat "$M"
ok user "$ALICE" mkdir "$M/regions/north/images/web"
ok umount "$M"
ok eventually daemon_ended "$M"

# A user, who must be allowed to let others in.
[ -c /dev/fuse ] && user 70020 test -w /dev/fuse && [ -u "$(command -v fusermount3)" ] || exit 0
chown -R 70020:70020 "$DIR" "$M"
echo >"$T/fuse.conf"
[ -e /etc/fuse.conf ] && mount --bind "$T/fuse.conf" /etc/fuse.conf || exit 0
refused 1 'user_allow_other' user 70020 imgsharefs "$DIR" "$M" -o multiuser
echo user_allow_other >"$T/fuse.conf"
ok user 70020 imgsharefs "$DIR" "$M" -o multiuser
is 70020 user 70020 stat -c %u "$M"
for uid in 70020 0; do
        says '^account: operator$' user "$uid" cat "$M/.imgshare/whoami"
        is 'north south' user "$uid" sh -c 'ls "$1" | xargs' - "$M/regions/"
        is '700 70020' user "$uid" stat -c '%a %u' "$M/regions/"
done
says '^account: alice$' user "$ALICE" cat "$M/.imgshare/whoami"
is web user "$ALICE" ls "$M/regions/north/images"
is "$ALICE" user "$ALICE" stat -c %u "$M/regions/north/images/web"
refused 1 "$EACCES" user "$STRANGER" stat "$M"
refused 1 "$EACCES" user 70020 stat "$M/.views/alice"
ok user 70020 df "$M"
ok user 70020 fusermount3 -u "$M"
ok eventually daemon_ended "$M"

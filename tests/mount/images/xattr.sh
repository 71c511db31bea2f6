#!/bin/bash
# SPDX-License-Identifier: MIT
# No extended attributes, which tools take quietly; df tells the store's space.
. "${0%/*}/../lib.sh"
catalog
mount_as alice
image "$A/web"

fails ENOTSUP 'os.setxattr(a[0], "user.x", b"1")' "$A/web/disk"
fails ENOTSUP 'os.getxattr(a[0], "user.x")' "$A/web/disk"
fails ENOTSUP 'os.listxattr(a[0])' "$A/web"
ok cp --preserve=all "$A/web/disk" "$T/exported"
is '' cat "$T/err"
ok ls -lZ "$A/web"

is "$(df -B1 --output=size "$DIR/store/north" | tail -n 1)" sh -c 'df -B1 --output=size "$1" | tail -n 1' - "$A/web"
ok df "$T/alice" "$T/alice/regions" "$A" "$A/web/disk"
is 'fuse.imgsharefs' sh -c 'df --output=fstype "$1" | tail -n 1' - "$A/web"

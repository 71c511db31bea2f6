#!/bin/bash
# SPDX-License-Identifier: MIT
# The filesystem of one region's store is unmounted (umount -l) under a running daemon and mounted again: the region is
# offline in between, nothing is written where it was mounted, who has a disk open keeps it, and all is there again.
. "${0%/*}/../lib.sh"
. "${0%/*}/../disks.sh"
disk small 24
catalog
ok admin region add west --store "$T/small/store"
mount_as alice
pid=$(daemon_of "$T/alice")
W=$T/alice/regions/west/images
VM=$T/alice/regions/west/instances/vm
image "$W/web" 500
image "$W/open" 500
image "$W/draft" 4 && rm "$W/draft/disk"
image "$A/db" 100
mkdir "$VM" && echo web >"$VM/image" || die launch
cp "$W/web/disk" "$T/web"
cp "$W/open/disk" "$T/open"
exec 8<"$W/web/disk" 9<>"$W/open/disk"

ok umount -l "$T/small"
refused 1 "$EIO" cat "$W/web/disk"
refused 1 "$EIO" cat "$VM/disk"
refused 1 "$EIO" cp "$A/db/disk" "$W/draft/disk"
refused 1 "$EIO" ln "$A/db/disk" "$W/draft/disk"
refused 1 "$EIO" mkdir "$W/open/shares/bob"
refused 1 "$EIO" rm "$W/web/disk"
refused 1 "$EIO" put web "$VM/image"
is 'description shares' listing "$W/draft"
is 'draft open web' listing "$W"
# what needs no bytes, and other regions
ok mkdir "$W/web/shares/bob" "$W/new"
ok rmdir "$W/web/shares/bob" "$W/new"
ok mkdir "$A/db/shares/bob"
ok mv "$W/draft" "$W/empty"
# an open disk is its filesystem's, which is there as long as somebody has it
is 512000 sh -c 'cat <&8 | wc -c'
printf changed >&9 || not_ok 'writing to an open disk'
printf changed | dd of="$T/open" conv=notrunc status=none
# nothing came where it was, by another mount and its sweep either
mount_as bob
unmount bob
refused 1 '' admin check
says 'region\swest' cat "$T/out"
is '' listing "$T/small"

attach small || die 'mount it again'
same "$T/web" "$W/web/disk"
same "$T/web" "$VM/disk"
refused 1 "$EBUSY" mkdir "$W/open/shares/bob" # who wrote it has it open still
exec 8<&- 9>&-
ok mkdir "$W/open/shares/bob"
same "$T/open" "$W/open/disk"
ok cp "$A/db/disk" "$W/empty/disk"
is "$pid" daemon_of "$T/alice"
ok admin check --digests

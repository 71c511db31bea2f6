#!/bin/bash
# SPDX-License-Identifier: MIT
# A recipient sees an image and can change nothing, read no byte of its disk and make no copy; it may give up its share.
. "${0%/*}/../lib.sh"
catalog
mount_as alice
mount_as bob
image "$A/web"
mkdir "$A/web/shares/"{bob,carol}
image "$B/own"
settle
web=$B/web@alice

is 'description disk shares' listing "$web"
is 'the image web' cat "$web/description"
is 65536 stat -c %s "$web/disk"
is 'bob' listing "$web/shares/"
is 'own web@alice' listing "$B"
ok ls -lR "$B"
ok find "$B"
ok du "$B"
snapshot

# The disk's bytes.
refused 1 "$EPERM" cat "$web/disk"
rule no-copy-of-shared bob
for how in os.O_RDONLY os.O_WRONLY os.O_RDWR 3 'os.O_RDWR|os.O_TRUNC' 'os.O_RDONLY|os.O_NOATIME'; do
        fails EPERM "os.open(a[0], $how)" "$web/disk"
done
fails EPERM 'os.open("/proc/self/fd/%d" % os.open(a[0], os.O_PATH), os.O_RDONLY)' "$web/disk"
fails EPERM 'os.truncate(a[0], 0)' "$web/disk"
refused 1 "$EPERM" dd if="$web/disk" of="$T/stolen"
refused 1 "$EPERM" ln "$web/disk" "$B/own/disk2"
refused 1 "$EPERM" ln "$web/disk" "$T/bob/regions/south/images/disk"
refused 1 "$EPERM" mv "$web/disk" "$B/own/disk"
has qemu-img && refused 1 "$EPERM" qemu-img convert -O raw "$web/disk" "$T/stolen"
refused 2 "$EPERM" tar cf "$T/stolen.tar" -C "$B" web@alice
unchanged 'reading the disk'

# Everything else of the image.
refused 1 "$EPERM" put mine "$web/description"
rule shared-frozen bob
refused 1 "$EPERM" put x "$web/disk"
refused 1 "$EPERM" mv "$web" "$B/mine"
rule shared-frozen bob
refused 1 "$EPERM" mv "$web" "$BS/"
rule shared-frozen bob
refused 1 "$EPERM" rm -r "$web"
rule owner-deletes bob
refused 1 "$EPERM" rmdir "$web"
rule owner-deletes bob
refused 1 "$EPERM" rm "$web/disk"
rule owner-deletes bob
refused 1 "$EPERM" rm "$web/shares"
refused 1 "$EPERM" mkdir "$web/shares/dave"
rule no-reshare bob
refused 1 "$EPERM" mkdir "$web/shares/nobody"
rule no-reshare bob
refused 1 "$ENOENT" rmdir "$web/shares/carol"
refused 1 "$EPERM" put sealed "$web/.meta/state"
refused 1 "$EPERM" touch "$web/other"
refused 1 "$EPERM" ln -s .meta/shares "$web/other"
refused 1 "$EPERM" mv "$B/own" "$B/other@alice"
unchanged 'changing the image'

# Times of others' images cannot be set, but nobody need notice.
ok touch -d 2001-01-01 "$web/description" "$web/disk" "$web/shares/bob" "$web"
unchanged touch

# A copy is refused when its disk is opened or linked, and leaves a draft.
refused 1 "$EPERM" cp -r "$web" "$B/mine"
rule no-copy-of-shared bob
is draft state "$B/mine"
absent "$B/mine/disk"
ok rm -r "$B/mine"
refused 1 "$EPERM" cp -al "$web" "$BS/mine"
rule no-copy-of-shared bob
is draft state "$BS/mine"
ok rm -r "$BS/mine"
ok mkdir "$B/mine"
refused 1 "$EPERM" ln "$web/disk" "$B/mine/disk"
rule no-copy-of-shared bob
refused 1 "$EPERM" cp "$web/disk" "$B/mine/disk"
rule no-copy-of-shared bob
ok rmdir "$B/mine"
unchanged 'copies'

# It may give up its own share.
ok rmdir "$web/shares/bob"
is 'own' listing "$B"
settle
is 'carol' listing "$A/web/shares/"

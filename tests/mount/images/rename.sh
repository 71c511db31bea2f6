#!/bin/bash
# SPDX-License-Identifier: MIT
# mv images/web images/db renames an image, unless it is shared or the name is taken or bad.
. "${0%/*}/../lib.sh"
needs busybox
catalog
mount_as alice
mount_as bob
image "$A/web"
image "$A/other"
cp "$A/web/disk" "$T/disk"

place=$(stat -c %i "$A/web")
ok mv "$A/web" "$A/db"
is 'db other' listing "$A"
is "$place" stat -c %i "$A/db"
is 'the image web' cat "$A/db/description"
same "$T/disk" "$A/db/disk"
ok busybox mv "$A/db" "$A/web"
ok "$PYTHON" -c 'import os, sys; os.rename(*sys.argv[1:])' "$A/web" "$A/db"
ok mv "$A/db" "$A/web"
is "$place" stat -c %i "$A/web"

# Taken, bad and foreign names; into another image; other kinds of rename.
snapshot
refused 1 "$EEXIST" mv -T "$A/web" "$A/other"
fails EEXIST 'os.rename(*a)' "$A/web" "$A/other"
rule name-taken alice
refused 1 "$EPERM" mv "$A/web" "$A/.hidden"
refused 1 "$EPERM" mv "$A/web" "$A/a b"
refused 1 "$EPERM" mv "$A/web" "$A/é"
refused 1 "$EPERM" mv "$A/web" "$A/web@bob"
refused 1 "$ENAMETOOLONG|$EPERM" mv "$A/web" "$A/$(printf '%061d' 0)"
refused 1 "$EPERM" mv "$A/web" "$A/other"
refused 1 "$EPERM" mv "$A/web" "$T/alice/regions/web"
refused 1 "$EPERM" mv "$T/alice/regions/north" "$T/alice/regions/west"
refused 1 "$EPERM" mv "$A" "$T/alice/regions/north/pictures"
refused 1 "$EPERM" mv "$A/web/disk" "$A/web/disk2"
refused 1 "$EPERM" mv "$A/web/description" "$A/web/readme"
fails EPERM 'os.rename(*a)' "$A/web/disk" "$A/disk"
unchanged renames

# Shared: not even its owner.
ok mkdir "$A/web/shares/"{bob,carol}
settle
snapshot
refused 1 "$EPERM" mv "$A/web" "$A/db"
rule shared-frozen alice
refused 1 "$EPERM" mv -T "$A/web" "$A/other"
rule shared-frozen alice
fails EPERM 'os.rename(*a)' "$A/other" "$A/web@bob"
unchanged 'renaming a shared image'
ok rmdir "$A/web/shares/bob"
refused 1 "$EPERM" mv "$A/web" "$A/db"
ok rmdir "$A/web/shares/carol"
ok mv "$A/web" "$A/db"
is 'db other' listing "$A"

# A recipient sees the name of the time of sharing, and a name of its own is no hindrance.
image "$B/db"
ok mkdir "$A/db/shares/bob"
settle
is 'db db@alice' listing "$B"
ok mv "$B/db" "$B/mine"
is 'db@alice mine' listing "$B"

# While others have it open, and drafts, too.
exec 7<"$A/other/disk" 8>>"$A/other/description"
ok mv "$A/other" "$A/moved"
echo more >&8
is 65536 sh -c 'wc -c <&7'
exec 7<&- 8>&-
is 'the image other
more' cat "$A/moved/description"
mkdir "$A/draft"
ok mv "$A/draft" "$A/draft2"

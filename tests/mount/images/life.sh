#!/bin/bash
# SPDX-License-Identifier: MIT
# An image's life: draft, available once a disk with content is closed, sealed, gone.
. "${0%/*}/../lib.sh"
catalog
mount_as alice

# A draft is an empty directory, filled piece by piece.
ok mkdir "$A/web"
is '' listing "$A/web"
is draft state "$A/web"
is '' listing "$A/web/.meta/shares"
refused 1 "$EPERM" mkdir "$A/web/.meta/shares/bob"
rule image-available alice
refused 1 "$EPERM" mkdir "$A/web/shares"
rule image-available alice
refused 1 "$EPERM" put sealed "$A/web/.meta/state"
rule image-available alice
ok put hello "$A/web/description"
is 'description' listing "$A/web"
refused 1 "$EPERM" ln -s /etc/.meta/shares "$A/web/shares"
refused 1 "$EPERM" ln -s images/web/.meta/shares "$A/web/shares"
refused 1 "$EPERM" ln -s "$A/web/.meta/shares.tsv" "$A/web/shares"
ok ln -s "$A/web/.meta/shares" "$A/web/shares" # as tools do that write links absolute
is .meta/shares readlink "$A/web/shares"
ok rm "$A/web/shares"
ok ln -s .meta/shares "$A/web/shares"
is 'description shares' listing "$A/web"
refused 1 "$EPERM" mkdir "$A/web/shares/bob"
rule image-available alice

# An empty disk is no content.
ok touch "$A/web/disk"
is draft state "$A/web"
refused 1 "$EPERM" mkdir "$A/web/shares/bob"
rule image-available alice

# With content, and closed: available, all three parts there.
exec 7>"$A/web/disk"
/bin/echo content >&7
exec 7>&-
is available state "$A/web"

mkdir "$A/db"
ok dense "$A/db/disk" 64
is available state "$A/db"
is 'description disk shares' listing "$A/db"
is '' cat "$A/db/description"

# A typo makes a draft, never a share.
refused 1 "$EPERM" mkdir -p "$A/wbe/shares/bob"
rule image-available alice
is draft state "$A/wbe"
ok rmdir "$A/wbe"

# Available: the owner may still write, and take parts away.
ok put changed "$A/web/disk"
is changed cat "$A/web/disk"
ok truncate -s 1M "$A/web/disk"
is available state "$A/web"
ok rm "$A/db/description"
is 'disk shares' listing "$A/db"
ok put again "$A/db/description"

# A disk emptied again cannot be shared.
ok truncate -s 0 "$A/db/disk"
refused 1 "$EPERM" mkdir "$A/db/shares/bob"
rule image-available alice
ok dense "$A/db/disk" 64

# Sealed by its owner: for good.
ok put sealed "$A/db/.meta/state"
is sealed state "$A/db"
snapshot
refused 1 "$EPERM" put x "$A/db/disk"
rule sealed alice
refused 1 "$EPERM" truncate -s 0 "$A/db/disk"
rule sealed alice
refused 1 "$EPERM" dd if=/dev/zero of="$A/db/disk" bs=1 count=1 conv=notrunc
rule sealed alice
fails EPERM 'os.open(a[0], os.O_RDWR)' "$A/db/disk"
refused 1 '.' fallocate -l 10M "$A/db/disk"
refused 1 '.' put available "$A/db/.meta/state"
unchanged 'writing a sealed disk'
ok put sealed "$A/db/.meta/state"

# Its description is still free, until it is shared.
ok put new "$A/db/description"
ok mkdir "$A/db/shares/bob"
refused 1 "$EPERM" put newer "$A/db/description"
rule shared-frozen alice
ok rmdir "$A/db/shares/bob"
is sealed state "$A/db"
ok put newer "$A/db/description"

# Shared: sealed too.
ok mkdir "$A/web/shares/bob"
is sealed state "$A/web"
ok rmdir "$A/web/shares/bob"
refused 1 "$EPERM" put x "$A/web/disk"
rule sealed alice

# Gone, and a new one in its place.
id=$(cat "$A/web/.meta/id")
ok rm -r "$A/web"
is db listing "$A"
ok mkdir "$A/web"
[ "$(cat "$A/web/.meta/id")" != "$id" ] || not_ok 'a new image has the old id'
is '' listing "$A/web"

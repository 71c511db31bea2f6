#!/bin/bash
# SPDX-License-Identifier: MIT
# A full disk: the store's, and the catalog's. ENOSPC, nothing half done, and everything goes on once there is space.
. "${0%/*}/../lib.sh"
needs_root
catalog
mkdir "$T/small"
mount -t tmpfs -o size=4m tmpfs "$T/small" || skip 'no tmpfs'
ok admin region add west --store "$T/small/store"
mount_as alice
W=$T/alice/regions/west/images
image "$A/web" 8000
image "$W/first" 1000

# A disk that does not fit: its image stays a draft.
dense "$T/big" 8000
ok mkdir "$W/big"
refused 1 "$ENOSPC" cp "$T/big" "$W/big/disk"
is draft state "$W/big"
refused 1 "$EPERM" mkdir "$W/big/.meta/shares/bob"
rule image-available alice
ok rm -r "$W/big"
refused 1 "$ENOSPC" cp -r "$A/web" "$W/"
[ "$(state "$W/web")" != sealed ] || not_ok 'a copy that did not fit is sealed'
is available state "$A/web"
ok rm -r "$W/web"
ok mkdir "$W/linked"
refused 1 "$ENOSPC" ln "$A/web/disk" "$W/linked/disk"
is '' listing "$W/linked"
is available state "$A/web"
ok rmdir "$W/linked"

# What was there is whole, other regions work, and what fits is taken.
is 'first' listing "$W"
is 1024000 sh -c 'cat "$1" | wc -c' - "$W/first/disk"
ok mkdir "$W/first/shares/bob" "$A/web/shares/bob"
image "$W/second" 1000
is 'first second' listing "$W"
unmount alice
umount "$T/small" && touch "$T/no_check"

# The catalog's own filesystem is full.
mkdir "$T/tiny"
mount -t tmpfs -o size=3m tmpfs "$T/tiny" || die 'no tmpfs'
DIR=$T/tiny/catalog
catalog
ok admin limits images-per-region 100000
mount_as alice
image "$A/web" 100
cat /dev/zero >"$T/tiny/filling" 2>"$T/err"
# Until no more than the reserve is free.
made=0 refusals=0
while [ "$made" -lt 20000 ] && [ "$refusals" -lt 2 ]; do
        if mkdir "$A/i$made" 2>"$T/mkdir"; then
                made=$((made + 1)) refusals=0
        else
                refusals=$((refusals + 1))
        fi
done
says "$ENOSPC" cat "$T/mkdir"
is $((made + 1)) count "$A"
snapshot
refused 1 "$ENOSPC" mkdir "$A/web/shares/bob"
refused 1 "$ENOSPC" mv "$A/web" "$A/db"
unchanged 'changes that did not fit'
rm "$T/tiny/filling"
ok mkdir "$A/after" "$A/web/shares/bob"
is $((made + 2)) count "$A"
unmount alice
ok admin check

#!/bin/bash
# SPDX-License-Identifier: MIT
# Regions whose stores are on different filesystems: cp, ln and cp -al copy the bytes, holes kept, and record the source.
LIMIT=200
. "${0%/*}/../lib.sh"
needs_root
catalog
mkdir "$T/elsewhere"
mount -t tmpfs -o size=100m tmpfs "$T/elsewhere" || skip 'no tmpfs'
ok admin region add west --store "$T/elsewhere/store"
mount_as alice
W=$T/alice/regions/west/images
image "$A/web" 3000
mkdir "$A/holes"
truncate -s 60M "$A/holes/disk"
dd if="$A/web/disk" of="$A/holes/disk" bs=1M seek=40 conv=notrunc status=none

ok cp -r "$A/web" "$W/"
ok diff -r "$A/web" "$W/web"
ok cp -r "$A/holes" "$W/"
ok cmp "$A/holes/disk" "$W/holes/disk"
is available state "$W/web"
ok rm -r "$W"/{web,holes}
ok mkdir "$W/web"
ok ln "$A/web/disk" "$W/web/disk"
same "$A/web/disk" "$W/web/disk"
is 'copy of north/web@alice' cat "$W/web/.meta/source"
is sealed state "$A/web"
ok cp -al "$A/holes" "$W/"
ok diff -r "$A/holes" "$W/holes"
[ "$(stat -c %b "$W/holes/disk")" -lt 8000 ] || not_ok "the copy has no holes: $(stat -c %b "$W/holes/disk") blocks"
is 'copy of north/holes@alice' cat "$W/holes/.meta/source"

# And back; the bytes are the copy's own.
ok cp -r "$W/web" "$AS/"
ok rm -r "$A/web" "$W/web"
ok mkdir "$AS/web/shares/bob"
is 3072000 sh -c 'cat "$1" | wc -c' - "$AS/web/disk"
ok mv "$W/holes" "$A/back"
is '' listing "$W"

# Each region's df is its own store's.
is "$(df -B1 --output=size "$T/elsewhere" | tail -n 1)" sh -c 'df -B1 --output=size "$1" | tail -n 1' - "$W"
is "$(df -B1 --output=size "$DIR" | tail -n 1)" sh -c 'df -B1 --output=size "$1" | tail -n 1' - "$A"

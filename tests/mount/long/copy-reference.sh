#!/bin/bash
# SPDX-License-Identifier: MIT
# A copy by reference moves no byte: cp -r of a disk without holes, ln and cp -al of any. IMGSHARE_LONG=1 takes 10 GiB.
LIMIT=600
. "${0%/*}/../lib.sh"
needs busybox
catalog
ok admin limits keep-deleted 0
mount_as alice
mib=$([ "${IMGSHARE_LONG-}" = 1 ] && echo 10240 || echo 256)

# Kilobytes that the stores occupy; hard links count once.
occupied() {
        sync -f "$DIR/store"
        du -sk "$DIR/store" | cut -f1
}

# by_reference CMD…: the store does not grow.
by_reference() {
        local before
        before=$(occupied)
        ok "$@"
        [ "$(occupied)" -lt $((before + 1000)) ] || not_ok "the store grew by $(($(occupied) - before)) kB: $*"
}

# A dense disk.
mkdir "$A/dense"
echo dense >"$A/dense/description"
yes 0123456789abcdef | head -c "${mib}M" >"$A/dense/disk"
[ "$(stat -c %b "$A/dense/disk")" -ge $((mib * 2048)) ] || die 'the disk is not dense'
[ "$(occupied)" -ge $((mib * 1024)) ] || die 'the store does not hold the disk'

by_reference cp -r "$A/dense" "$AS/"
is "$((mib * 1048576))" stat -c %s "$AS/dense/disk"
is 'copy of north/dense@alice' cat "$AS/dense/.meta/source"
says '"op":"copy".*"detail":\{"source":"north/dense@alice","size":'"$((mib * 1048576)),\"from\":[0-9]+}" cat "$AS/dense/.meta/history.jsonl"
is sealed state "$A/dense"
is available state "$AS/dense"
ok diff -r "$A/dense" "$AS/dense"
is "$(stat -c '%s %b' "$A/dense/disk")" stat -c '%s %b' "$AS/dense/disk"
is "$(du -k "$A/dense/disk" | cut -f1)" sh -c 'du -k "$1" | cut -f1' - "$AS/dense/disk"
[ "$(stat -c %i "$A/dense/disk")" != "$(stat -c %i "$AS/dense/disk")" ] || not_ok 'the copy has the number of its source'

# Within the region; of a shared image; of a copy.
ok mkdir "$A/dense/shares/bob"
by_reference cp -r "$A/dense" "$A/again"
by_reference cp -a "$AS/dense" "$AS/third"
is 'copy of south/dense@alice' cat "$AS/third/.meta/source"
is '' listing "$A/again/shares/"
is sealed state "$AS/dense"
ok cmp -n 10000000 "$A/dense/disk" "$AS/third/disk"

# A sparse disk: ln and cp -al.
mkdir "$A/sparse"
echo sparse >"$A/sparse/description"
truncate -s 500M "$A/sparse/disk"
dense "$T/part" 20000
for at in 0 200 400; do
        dd if="$T/part" of="$A/sparse/disk" bs=1M seek=$at conv=notrunc status=none
done
ok mkdir "$AS/linked"
by_reference ln "$A/sparse/disk" "$AS/linked/disk"
is "$(stat -c '%s %b %h' "$A/sparse/disk")" stat -c '%s %b %h' "$AS/linked/disk"
is 'copy of north/sparse@alice' cat "$AS/linked/.meta/source"
size=$(stat -c %s "$AS/linked/disk")
says '"op":"copy","object":"south/linked@alice".*"detail":\{"source":"north/sparse@alice","size":'"$size,\"from\":[0-9]+}" \
        cat "$AS/linked/.meta/history.jsonl"
is sealed state "$A/sparse"
is available state "$AS/linked"
is 'description disk shares' listing "$AS/linked"
by_reference cp -al "$A/sparse" "$AS/"
ok diff -r "$A/sparse" "$AS/sparse"
is 'copy of north/sparse@alice' cat "$AS/sparse/.meta/source"
ok mkdir "$AS/busybox"
by_reference busybox cp -l "$A/sparse/disk" "$AS/busybox/"

# What link refuses: onto what exists, other names, other files.
refused 1 "$EEXIST" ln "$A/sparse/disk" "$AS/linked/disk"
ok mkdir "$AS/new"
refused 1 "$EPERM" ln "$A/sparse/disk" "$AS/new/other"
refused 1 "$EPERM" ln "$A/sparse/disk" "$AS/disk"
refused 1 '.' ln "$A/sparse/disk" "$T/outside"
ok rmdir "$AS/new"

# A copy of an empty disk seals nothing: what is sealed can be shared, and what is empty cannot.
ok mkdir "$A/empty" "$AS/empty"
ok eval "echo bytes >'$A/empty/disk' && : >'$A/empty/disk'"
eventually [ "$(stat -c %s "$A/empty/disk")" -eq 0 ]
ok ln "$A/empty/disk" "$AS/empty/disk"
is available state "$A/empty"
is draft state "$AS/empty"
refused 1 "$EPERM" mkdir "$A/empty/shares/bob"
rule image-available alice
ok eval "echo bytes >'$A/empty/disk'"
ok rm -r "$A/empty" "$AS/empty"

# The bytes stay while any copy does, and go with the last one.
before=$(occupied)
ok rm -r "$A/sparse"
ok cmp -n 20000000 "$T/part" "$AS/linked/disk"
[ "$(occupied)" -gt $((before - 1000)) ] || not_ok 'a copy lost its bytes'
ok rm -r "$AS"/{linked,sparse,busybox}
[ "$(occupied)" -lt $((before - 50000)) ] || not_ok 'the bytes of a deleted image are still there'

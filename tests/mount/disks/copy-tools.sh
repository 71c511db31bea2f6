#!/bin/bash
# SPDX-License-Identifier: MIT
# Every tool that copies directories copies an image, to another region and within one: description and disk, never the
# shares; exit status 0 and `diff -r` silent.
. "${0%/*}/../lib.sh"
needs busybox rsync tar cpio
catalog
mount_as alice
image "$A/web" 300
mkdir "$A/holes"
echo 'a disk with holes' >"$A/holes/description"
truncate -s 5M "$A/holes/disk"
dd if="$A/web/disk" of="$A/holes/disk" bs=64k seek=20 conv=notrunc status=none
mkdir "$A/web/shares/"{bob,carol}
echo sealed >"$A/holes/.meta/state"
snapshot

# copies CMD…: run in the images of north, it makes web and holes in south.
copies() {
        ok env -C "$A" "$@"
        for image in web holes; do
                ok diff -r --no-dereference "$A/$image" "$AS/$image"
                is '' listing "$AS/$image/shares/"
                is available state "$AS/$image"
                is 'description disk shares' listing "$AS/$image"
        done
        ok rm -r "$AS"/{web,holes}
}
copies cp -r web holes "$AS"
copies cp -a web holes "$AS/"
copies cp -rp web holes "$AS"
copies cp -r --sparse=always web holes "$AS"
copies cp -r --sparse=never web holes "$AS"
copies cp -r --reflink=never web holes "$AS"
copies cp -al web holes "$AS"
copies busybox cp -r web holes "$AS"
copies busybox cp -a web holes "$AS"
copies sh -c 'for i in web holes; do mkdir "$1/$i" && cp -r "$i/." "$1/$i" || exit; done' - "$AS"
copies sh -c 'for i in web holes; do mkdir "$1/$i" && cp -P "$i"/* "$1/$i" || exit; done' - "$AS"
copies sh -c 'tar cf - web holes | tar xf - -C "$1"' - "$AS"
copies sh -c 'tar cSf - --sort=name web holes | tar xpf - -C "$1"' - "$AS"
copies sh -c 'busybox tar cf - web holes | busybox tar xf - -C "$1"' - "$AS"
copies sh -c 'find web holes | cpio -pd "$1"' - "$AS"
copies sh -c 'find web holes | cpio -o -H newc | cpio -idm -D "$1"' - "$AS"
copies rsync -a --inplace web holes "$AS/"
copies rsync -rl --inplace web holes "$AS/"
copies "$PYTHON" -c 'import shutil, sys
for i in "web", "holes":
    shutil.copytree(i, sys.argv[1] + "/" + i, symlinks=True)' "$AS"
if has bsdtar; then
        copies sh -c 'bsdtar cf - web holes | bsdtar xf - -C "$1"' - "$AS"
fi
if has pax; then
        copies pax -rw web holes "$AS"
fi
is 'import' cat "$A/web/.meta/source"

# Within the region, under another name.
ok cp -r "$A/web" "$A/web2"
ok diff -r --no-dereference "$A/web" "$A/web2"
ok rm -r "$A/web2"
unchanged 'the sources'

# rsync without --inplace makes temporary names, which an image cannot have.
refused 23 "$EPERM" rsync -a "$A/web" "$AS/"
is draft state "$AS/web"
ok rm -r "$AS/web"

# From outside and back.
ok cp -r "$A/holes" "$T/holes"
ok tar cf "$T/holes.tar" -C "$A" holes
ok tar xf "$T/holes.tar" -C "$AS"
ok diff -r --no-dereference "$AS/holes" "$T/holes"
# An archive unpacked over an image replaces it, in whatever order it has the parts.
ok tar cf "$T/disk-first.tar" -C "$T" holes/disk holes/shares holes/description
ok tar xf "$T/disk-first.tar" -C "$AS"
ok diff -r --no-dereference "$AS/holes" "$T/holes"

#!/bin/bash
# SPDX-License-Identifier: MIT
# rm -r images/web deletes an unshared image, with any tool; rmdir only an empty draft, so that pruners delete nothing.
. "${0%/*}/../lib.sh"
needs busybox rsync
catalog
ok admin limits keep-deleted 0
mount_as alice
blobs() {
        find "$DIR/store" -type f -size +40k | wc -l
}

# deletes CMD…: it takes the image web, and its bytes.
deletes() {
        image "$A/web"
        ok "$@"
        is 'other' listing "$A"
        is 1 blobs
}
image "$A/other"
deletes rm -r "$A/web"
deletes rm -rf "$A/web"
deletes busybox rm -r "$A/web"
deletes find "$A/web" -delete
deletes "$PYTHON" -c 'import shutil, sys; shutil.rmtree(sys.argv[1])' "$A/web"
deletes sh -c 'rm "$1"/* && rmdir "$1"' - "$A/web"
deletes sh -c 'rm "$1/disk" "$1/shares" "$1/description"; rmdir "$1"' - "$A/web"
deletes sh -c 'find "$1" -depth -print0 | xargs -0 -n1 rm -df' - "$A/web"
mkdir "$T/want"
cp -r "$A/other" "$T/want/"
deletes rsync -rl --delete --inplace --size-only "$T/want/" "$A/"
if has perl; then
        deletes perl -MFile::Path -e 'File::Path::remove_tree($ARGV[0]) or exit 1' "$A/web"
fi

# mv out of the mount is copy and delete.
cp -r "$A/other" "$T/other"
ok mv "$A/other" "$T/moved"
ok diff -r --no-dereference "$T/other" "$T/moved"
is '' listing "$A"
is 0 blobs

# A draft: rmdir when it is empty, else rm -r.
mkdir "$A/web"
ok rmdir "$A/web"
mkdir "$A/web" && echo text >"$A/web/description"
refused 1 "$ENOTEMPTY" rmdir "$A/web"
ok rm -r "$A/web"

# rmdir and its friends take no image that has something in it.
image "$A/web"
image "$A/db"
mkdir "$A/db/shares/bob"
snapshot
refused 1 "$ENOTEMPTY" rmdir "$A/web"
harmless sh -c 'cd "$1" && rmdir web' - "$A"
harmless find "$A/web" -depth -type d -exec rmdir {} ';'
harmless find "$T/alice" -type d -empty -delete
fails ENOTEMPTY 'os.removedirs(a[0])' "$A/web"
refused 1 "$EPERM" rmdir "$A/db"
rule unshare-before-delete alice
unchanged rmdir
refused 1 'Not a directory' rmdir -p "$A/db/shares/bob"
is '' listing "$A/db/shares/"
is 'db web' listing "$A"

# What is removed stays removed until it is made again.
ok rm "$A/web/description" "$A/web/shares"
is 'disk' listing "$A/web"
is available state "$A/web"
ok ln -s .meta/shares "$A/web/shares"
is 'disk shares' listing "$A/web"
ok mkdir "$A/web/shares/bob"
refused 1 "$EPERM" rm "$A/web/shares"
rule unshare-before-delete alice

# The tree itself stays.
refused 1 "$EPERM" rmdir "$A"
refused 1 "$EPERM" rmdir "$AS"
rule fixed-tree alice
refused 1 "$EPERM" rmdir "$T/alice/regions/south"
refused 1 "$EPERM" rmdir "$T/alice/regions"
refused 1 "$EPERM" mkdir "$T/alice/regions/west"
refused 1 "$EPERM" mkdir "$T/alice/regions/north/stuff"
refused 1 "$EPERM" touch "$A/file"
refused 1 "$EPERM" mkdir "$T/alice/stuff"

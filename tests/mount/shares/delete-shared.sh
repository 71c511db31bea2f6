#!/bin/bash
# SPDX-License-Identifier: MIT
# While an image is shared, no recursive tool changes anything, whatever it deletes first.
. "${0%/*}/../lib.sh"
needs busybox rsync
catalog
mount_as alice
mount_as bob
image "$A/web"
mkdir "$A/web/shares/"{bob,carol,dave}
mkdir "$T/empty"
snapshot

refused 1 "$EPERM" rm -r "$A/web"
rule unshare-before-delete alice
unchanged 'rm -r'
refused 1 "$EPERM" rm -rf "$A/web/description" "$A/web/shares" "$A/web/disk"
refused 1 "$EPERM" sh -c 'rm -rf "$1"/*' - "$A/web"
unchanged 'rm -rf web/*'
refused 1 "$EPERM" rm -rf "$A/web"
unchanged 'rm -rf'
refused 1 "$EPERM" busybox rm -r "$A/web"
unchanged 'busybox rm -r'
refused 1 "$EPERM" find "$A/web" -delete
unchanged 'find -delete'
refused 1 "$EPERM" mv "$A/web" "$T/moved"
unchanged 'mv out of the mount'
refused 1 "$EPERM" rmdir "$A/web"
refused 23 "$EPERM" rsync -r --delete "$T/empty/" "$A/web/"
unchanged 'rsync -r --delete'
refused 23 "$EPERM" rsync -a --delete "$T/empty/" "$A/"
unchanged 'rsync -a --delete'

harmless rsync -rl --delete-after "$T/empty/" "$A/"
harmless find "$A" -depth -exec rm -d {} ';'
harmless find "$A" -depth -exec busybox rm -r {} ';'
harmless find "$A" -depth -type d -exec rmdir {} ';'
harmless find "$A" -type d -exec rmdir {} ';'
harmless sh -c 'find "$1" -depth -print0 | xargs -0 -n1 -P2 rm -df' - "$A"
harmless sh -c 'find "$1" -depth -print0 | xargs -0 rm -df' - "$A"
harmless sh -c 'cd "$1" && rmdir *' - "$A"
harmless busybox find "$A" -delete
harmless "$PYTHON" -c 'import shutil, sys; shutil.rmtree(sys.argv[1], ignore_errors=True)' "$A/web"
harmless "$PYTHON" -c 'import shutil, sys; shutil.rmtree(sys.argv[1])' "$A/web"
harmless "$PYTHON" -c 'import shutil, sys; shutil.move(*sys.argv[1:])' "$A/web" "$T/moved2"
harmless mv "$A/web" "$AS/"
harmless cp -rf "$T/empty/." "$A/web"
if has perl; then
        harmless perl -MFile::Path -e 'File::Path::remove_tree($ARGV[0])' "$A/web"
fi
if has node; then
        harmless node -e 'require("fs").rmSync(process.argv[1], {recursive: true})' "$A/web"
        harmless node -e 'require("fs").promises.rm(process.argv[1], {recursive: true})' "$A/web"
fi
if has git; then
        harmless git -C "$A/web" clean -fdx
fi

# After the last unshare it goes.
ok rmdir "$A/web/shares/"{bob,carol}
refused 1 "$EPERM" rm -r "$A/web"
ok rmdir "$A/web/shares/dave"
ok rm -r "$A/web"
is '' listing "$A"

#!/bin/bash
# SPDX-License-Identifier: MIT
# rmdir shares/bob ends a share, and so do rm -d and rm -r; plain rm is refused by the kernel.
. "${0%/*}/../lib.sh"
needs busybox
catalog
mount_as alice
mount_as bob
image "$A/web"
mkdir "$A/web/shares/bob"

snapshot
refused 1 'Is a directory' rm "$A/web/shares/bob"
refused 1 'Is a directory' rm -f "$A/web/shares/bob"
refused 1 "$ENOENT" rmdir "$A/web/shares/carol"
refused 1 "$ENOENT" rmdir "$A/web/shares/nobody"
unchanged 'rm of a share'

# unshares CMD…: bob can no longer see the image; share it again for the next one.
unshares() {
        ok "$@"
        is '' listing "$A/web/shares/"
        settle
        is '' listing "$B"
        refused 2 "$ENOENT" ls "$B/web@alice"
        ok mkdir "$A/web/shares/bob"
}
unshares rmdir "$A/web/shares/bob"
unshares rm -d "$A/web/shares/bob"
unshares rm -r "$A/web/shares/bob"
unshares rm -rf "$A/web/shares/bob"
unshares busybox rmdir "$A/web/shares/bob"
unshares busybox rm -r "$A/web/shares/bob"
unshares find "$A/web/shares/" -mindepth 1 -delete
unshares "$PYTHON" -c 'import shutil, sys; shutil.rmtree(sys.argv[1])' "$A/web/shares/bob"
mkdir "$A/web/shares/"{carol,dave}
unshares sh -c 'rm -r "$1"/*' - "$A/web/shares"
mkdir "$A/web/shares/"{carol,dave}
unshares rm -d "$A/web/shares/"{bob,carol,dave}

# The image itself is whole, and can be deleted after the last unshare.
ok rmdir "$A/web/shares/bob"
is 'description disk shares' listing "$A/web"
ok rm -r "$A/web"

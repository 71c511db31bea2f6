#!/bin/bash
# SPDX-License-Identifier: MIT
# Backups while sixteen workers make, fill, seal, share, launch and remove images: each one is whole, and each sealed disk in
# it has the bytes that were sealed, though many are gone by then. Nobody is refused anything because of a backup.
# shellcheck source-path=SCRIPTDIR
LIMIT=240
. "${0%/*}/backup-lib.sh"
needs_root

ROUNDS=${IMGSHARE_LONG:+40}
catalog
mkdir "$DIR/store/east" && mount -t tmpfs -o mode=700 none "$DIR/store/east" || skip 'no tmpfs' # copied, others are linked
ok admin region add east
mount_as alice
mount_as bob
run "$PYTHON" "${0%/*}/backup-load.py" "$T" "$K" "${ROUNDS:-6}" || not_ok 'under load:' || show
unmount alice bob
EVENT=$(cat "$T/event")
same_as_then
backup
blobs_same

#!/bin/bash
# SPDX-License-Identifier: MIT
# What the machine failed at is in the daemon's log, with the place where it was found, once for many; what a caller
# did wrong is not.
. "${0%/*}/../lib.sh"
catalog
mkdir "$T/alice"
"$IMGSHAREFS" "$DIR" "$T/alice" -f -o account=alice 2>"$T/log" &
eventually mountpoint -q "$T/alice" || die 'no mount'
image "$A/web"
refused 1 "$EEXIST" mkdir "$A/web"
refused 1 "$EPERM" mkdir "$A/web/shares/alice"
refused 1 "$ENOENT" cat "$A/none/disk"
is '' cat "$T/log"
mv "$DIR/store/north" "$T/away"
for _ in 1 2 3; do
        refused 1 "$EIO" cat "$A/web/disk"
done
mv "$T/away" "$DIR/store/north"
is "imgsharefs: $EIO (): 'north/web@alice'" sed 's/(src[^)]*:[0-9]*)/()/' "$T/log"

#!/bin/bash
# SPDX-License-Identifier: MIT
# DIR is moved away under a running mount, and another one put in its place: EIO, never a second truth. A file of the
# catalog is removed or exchanged: noticed by the next change at the latest, and what the removed log had is saved.
. "${0%/*}/../lib.sh"
catalog
mount_as alice
image "$A/web"
ok mkdir "$A/web/shares/bob"
unmount alice
cp -a "$DIR" "$T/other"
mount_as alice
ok rmdir "$A/web/shares/bob"
settle

mv "$DIR" "$T/away"
settle
refused 1 "$EIO" mkdir "$A/web/shares/carol"
refused 1 "$EIO" cat "$A/web/.meta/shares.tsv"
cp -a "$T/other" "$DIR"
settle
refused 1 "$EIO" mkdir "$A/web/shares/carol"
refused 1 "$EIO" cat "$A/web/.meta/shares.tsv"
is 'north	web@alice	bob' admin access bob # of the other one
is '' "$IMGSHARE" -C "$T/away" access bob
rm -r "$DIR"
mv "$T/away" "$DIR"
settle
ok mkdir "$A/web/shares/carol"
is carol listing "$A/web/shares/"

# the log: nothing that was acknowledged is lost
rm "$DIR/catalog.db-wal" || die 'no log'
refused 1 "$EIO" mkdir "$A/web/shares/dave"
refused 1 "$EIO" mkdir "$A/web/shares/dave"
refused 1 "$EIO" cat "$A/web/.meta/shares.tsv"
kill -KILL "$(daemon_of "$T/alice")"
umount -l "$T/alice"
ok admin check --log
mount_as alice
is carol listing "$A/web/shares/"
ok mkdir "$A/web/shares/dave"

# its index, and the database itself
for file in catalog.db-shm catalog.db; do
        mv "$DIR/$file" "$T/kept"
        [ "$file" != catalog.db ] || cp -a "$T/kept" "$DIR/$file"
        refused 1 "$EIO" rmdir "$A/web/shares/dave"
        mv -f "$T/kept" "$DIR/$file"
        unmount alice
        mount_as alice
        is 'carol dave' listing "$A/web/shares/"
done

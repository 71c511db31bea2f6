#!/bin/bash
# SPDX-License-Identifier: MIT
# A catalog that one may only read while others write it, or begin to: what they do is seen. By root where it is mounted
# read-only, and by somebody whose the files are not.
. "${0%/*}/../lib.sh"
needs_root
catalog
mkdir "$T/window"
mount --bind "$DIR" "$T/window" && mount -o remount,ro,bind "$T/window" || die 'mount read-only'

through_window() {
        mkdir -p "$T/seen"
        run timeout -s KILL 30 "$IMGSHAREFS" "$T/window" "$T/seen" -o account=alice,ro || die "mount: $(cat "$T/err")"
}
seen() {
        settle
        is "$1" listing "$T/seen/regions/north/images"
}

# at rest, then in use
through_window
seen ''
mount_as alice
image "$A/web"
seen web
ok mkdir "$A/web/shares/bob"
settle
is bob listing "$T/seen/regions/north/images/web/shares"
is 'north	web@alice	bob' "$IMGSHARE" -C "$T/window" access bob
ok fusermount3 -u "$T/seen"

# in use, then at rest, then in use again
through_window
image "$A/db"
seen 'db web'
unmount alice
seen 'db web'
mount_as alice
image "$A/app"
seen 'app db web'
# killed: the log stays, and its index
unmount alice
mount_as alice
image "$A/late"
kill -KILL "$(daemon_of "$T/alice")"
umount -l "$T/alice" 2>/dev/null
seen 'app db late web'
is '' sh -c "'$IMGSHARE' -C '$T/window' check"
mount_as alice
ok rm -r "$A/late"
seen 'app db web'
ok fusermount3 -u "$T/seen"
WAIT=10 eventually daemon_ended "$T/seen" || not_ok 'the daemon did not end'
umount "$T/window"
unmount alice

# by somebody else: who may read it is refused nothing but changes
needs setpriv
cp -a "$DIR" "$T/theirs"
chmod -R a+rX "$T/theirs" && chmod 711 "$T"
is 'north	web@alice	bob' user "$BOB" "$IMGSHARE" -C "$T/theirs" access bob
ok user "$BOB" "$IMGSHARE" -C "$T/theirs" check --log
refused 1 "cannot be written: $EACCES" user "$BOB" "$IMGSHARE" -C "$T/theirs" account add eve
chmod 700 "$T/theirs"
refused 1 "$EACCES" user "$BOB" "$IMGSHARE" -C "$T/theirs" access bob

#!/bin/bash
# SPDX-License-Identifier: MIT
# With -d the daemon says which notice went to the kernel, and since which event; with nocache there are none.
. "${0%/*}/../lib.sh"
catalog

# mount_debug NAME OPTIONS: as mount_at, and what -d says is in $T/NAME.log.
mount_debug() {
        mkdir -p "$T/$1"
        "$IMGSHAREFS" "$DIR" "$T/$1" -o "$2" -d >"$T/$1.log" 2>&1 &
        eventually mountpoint -q "$T/$1" || die "mount $2: $(tail -n 3 "$T/$1.log")"
        MOUNTED+=("$1")
        denials[$1]=0
}

mount_debug alice account=alice
mount_debug plain account=alice,nocache
mount_at again account=alice
image "$T/again/regions/north/images/web"
for mount in alice plain; do
        ok ls -l "$T/$mount/regions/north/images/web/.meta/shares"
done
ok mkdir "$T/again/regions/north/images/web/shares/bob"
event=$("$IMGSHARE" -C "$DIR" log --json | sed -n 's/^{"event":\([0-9]*\),.*"op":"share".*/\1/p')
[ -n "$event" ] || die "no event: $("$IMGSHARE" -C "$DIR" log --json | tail -n 1)"
eventually grep -q "notice: .*event $event\b" "$T/alice.log" || not_ok "nothing of event $event"
grep -q 'notice: entry, .*name: bob, since: ' "$T/alice.log" || not_ok "no name: $(grep notice: "$T/alice.log")"
grep -q 'notice: inode, its content' "$T/alice.log" || not_ok "no listing: $(grep notice: "$T/alice.log")"
! grep 'notice:' "$T/plain.log" || not_ok 'told, and nothing is remembered'
is bob ls "$T/plain/regions/north/images/web/.meta/shares"

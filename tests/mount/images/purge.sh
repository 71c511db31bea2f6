#!/bin/bash
# SPDX-License-Identifier: MIT
# Kept bytes go: when asked, by age, ahead of need, with their region or account; what lives, or lives again, never does.
LIMIT=180
. "${0%/*}/../lib.sh"
needs_root
catalog
mkdir "$T/small"
mount -t tmpfs -o size=32m tmpfs "$T/small" || skip 'no tmpfs'
ok admin region add west --store "$T/small/store"
mount_as alice
mount_as bob
W=$T/alice/regions/west/images
blobs() {
        find "$DIR/store/$1" -maxdepth 1 -type f -size +8k -printf x | wc -c
}
id_of() {
        cat "$1/.meta/id"
}
# purged OBJECT REASON: the log's last event says so.
purged() {
        admin log --json | grep '"op":"purge"' | tail -n 1 | grep -q "\"object\":\"$1\".*\"reason\":\"$2\"" ||
                not_ok "not purged: $1, $2"
}

# Asked: the bytes are gone, and who has the same ones is told.
image "$A/web"
ok cp -r "$A/web" "$AS/"
ok cp -al "$A/web" "$A/copy"
ok mkdir "$A/web/shares/bob"
V=$T/bob/regions/north/instances
settle
ok mkdir "$V/vm"
ok put web@alice "$V/vm/image"
refused 1 'it is not deleted' admin image purge north/web@alice
ok rmdir "$A/web/shares/bob"
id=$(id_of "$A/web")
ok rm -r "$A/web"
is "$id" sh -c '"$IMGSHARE" -C "$DIR" undelete --list | cut -f 1'
refused 1 'only its owner or an operator may|nothing of that name' admin --as bob image purge north/web@alice
ok admin image purge north/web@alice
sort "$T/out" >"$T/holders"
is 'north/copy@alice	image	live
north/vm@bob	instance	live
south/web@alice	image	live' cat "$T/holders"
purged north/web@alice asked
absent "$DIR/store/north/$id"
ok cp "$DIR/store/north/$(id_of "$A/copy")" "$DIR/store/north/$id" # as if killed between the event and the file
unmount alice
mount_as alice
no_blob() {
        [ ! -e "$1" ]
}
WAIT=30 eventually no_blob "$DIR/store/north/$id" || not_ok 'what was purged comes back'
refused 1 'nothing of that name is kept' admin undelete north/web@alice
refused 1 'nothing of that name is kept' admin image purge north/web@alice
image "$A/web"
ok rm "$A/web/disk"
ok dense "$A/web/disk" 64
refused 1 'a deleted one of that name is IMAGE#ID' admin image purge north/web@alice
ok rm "$A/web/disk"
refused 1 'several of that name are kept' admin image purge north/web@alice
ok admin undelete north/web@alice
ok mkdir "$A/web/shares/bob"
settle
ok put web@alice "$V/vm/image" # reinstalled: what it had is kept, and it lives
refused 1 'it is not deleted' admin image purge north/vm@bob
ok admin image purge "north/vm@bob#$(admin undelete --list | grep vm@bob | cut -f 1)"
ok rmdir "$A/web/shares/bob"
ok rm -r "$V/vm"
ok admin image purge north/vm@bob
purged north/vm@bob asked
settle
ok dd if="$A/web/disk" of=/dev/null bs=64K status=none

# Kept bytes count as free, and in no usage.
kept=$(admin undelete --list | wc -l)
is 1 echo "$kept"
image "$W/first" 8000
free=$(stat -f -c %a "$W")
ok rm -r "$W/first"
[ "$(stat -f -c %a "$W")" -ge "$((free + 2000))" ] || not_ok 'kept bytes do not count as free'
is 'west	0	500	0' grep west "$T/alice/accounts/alice/usage"

# Ahead of need: less than twice an eighth would be free, so the oldest goes first. What lives stays.
old=$(admin undelete --list | grep west | cut -f 1)
image "$W/second" 8000
young=$(id_of "$W/second")
ok rm -r "$W/second"
image "$W/third" 10000
WAIT=30 eventually no_blob "$T/small/store/$old" || not_ok 'no room was made'
purged west/first@alice room
[ -e "$T/small/store/$young" ] || not_ok 'more was purged than was needed'
ok admin undelete west/second@alice
image "$W/fourth" 2000
settle
[ -e "$T/small/store/$young" ] || not_ok 'what lives was purged'
ok cat "$W/second/disk"

# A burst of writes, a copy or a launch needs what is kept: it gets it, without waiting for a round.
ok rm -r "$W/third" "$W/fourth"
ok mkdir "$W/../instances/vm"
for i in 1 2 3 4 5; do
        image "$W/burst" 8000
        ok put burst "$W/../instances/vm/image"
        ok rm "$W/../instances/vm/disk"
        ok rm -r "$W/burst"
done
ok rm -r "$W/../instances/vm"
ok cat "$W/second/disk"
image "$W/third" 3000
image "$W/fourth" 2000

# By age: at once, once nothing is to be kept.
ok rm -r "$W/fourth"
[ -n "$(admin undelete --list)" ] || not_ok 'nothing is kept'
ok admin limits keep-deleted 0
nothing_kept() {
        [ -z "$(admin undelete --list)" ]
}
WAIT=30 eventually nothing_kept || not_ok 'what is too old stays'
purged west/fourth@alice age
before=$(blobs south)
ok rm -r "$AS/web" # and now nothing is kept
is "$((before - 1))" blobs south
is '' admin undelete --list
same "$W/second/disk" "$W/second/disk"
is '' admin check

# With their region, their account.
ok admin limits keep-deleted 7d
ok rm -r "$W/second" "$W/third"
run admin region rm west
is "imgshare: region 'west': with it goes what is kept of 2 deleted disks, 11264000 bytes" cat "$T/err"
purged west/third@alice asked
absent "$T/small/store/.imgshare"
ok rm -r "$A"/*
kept=$(admin undelete --list | wc -l)
[ "$kept" -gt 0 ] || not_ok 'nothing to remove'
ok admin account rm alice
grep -q "account 'alice': with it goes what is kept of $kept deleted disks" "$T/err" || not_ok "does not say so: $(cat "$T/err")"
is '' admin undelete --list
is 0 blobs north

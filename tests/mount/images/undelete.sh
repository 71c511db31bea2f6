#!/bin/bash
# SPDX-License-Identifier: MIT
# What rm took comes back: image, directory, disk and description under their old numbers, its shares by access and apply; the
# past shows when it was gone. Other mounts hear of it.
LIMIT=120
. "${0%/*}/../lib.sh"
catalog
mount_as alice
mount_as bob
last_event() {
        admin log --json | tail -n 1 | sed 's/^{"event":\([0-9]*\),.*/\1/'
}

# Everything of a shared image deleted by a tool that follows links, as often as it takes.
image "$A/web" 100
echo 'the web server' >"$A/web/description"
ok mkdir "$A/web/shares/bob" "$A/web/shares/carol"
ok put +30d "$A/web/shares/carol/.expires"
stat -c %i "$A/web" "$A/web/disk" "$A/web/description" "$A/web/.meta/id" >"$T/numbers"
cat "$A/web/.meta/id" >>"$T/numbers"
ok cp "$A/web/disk" "$T/bytes"
before=$(last_event)
admin access north/web@alice >"$T/shares"
is 2 sh -c 'wc -l <"$1"' - "$T/shares"
run find -L "$A/web" -delete # the shares
run rm -r "$A/web"
is '' listing "$A"
settle
is '' listing "$B"
is 0 sh -c '"$IMGSHARE" -C "$DIR" access --all | wc -l'
gone=$(last_event)

says "^[0-9]+	north/web@alice	sealed	102400	" admin undelete --list
ok admin undelete north/web@alice
is '' admin undelete --list
settle
is 'web' listing "$A"
is 'description disk shares' listing "$A/web"
is '' listing "$A/web/.meta/shares"
is '' listing "$B"
is 'the web server' cat "$A/web/description"
same "$T/bytes" "$A/web/disk"
is sealed state "$A/web"
is 0 cat "$A/web/.meta/reviewed"
{ stat -c %i "$A/web" "$A/web/disk" "$A/web/description" "$A/web/.meta/id" && cat "$A/web/.meta/id"; } >"$T/now"
same "$T/numbers" "$T/now"
ok sh -c '"$IMGSHARE" -C "$DIR" access north/web@alice --asof "$1" | "$IMGSHARE" -C "$DIR" apply' - "$before"
admin access north/web@alice >"$T/now"
same "$T/shares" "$T/now"
settle
is 'web@alice' listing "$B"
back=$(last_event)

# Before, between and after.
for moment in $before $gone $back; do
        mount_at "at-$moment" "account=alice,asof=$moment"
done
is 'web' listing "$T/at-$before/regions/north/images"
is 'bob carol' listing "$T/at-$before/regions/north/images/web/shares"
is '' listing "$T/at-$gone/regions/north/images"
refused 2 "$ENOENT" ls "$T/at-$gone/regions/north/images/web"
is 'web' listing "$T/at-$back/regions/north/images"
is 'the web server' cat "$T/at-$back/regions/north/images/web/description"
for moment in $before $gone $back; do
        unmount "at-$moment"
done

# Only the disk was removed: the draft that was left gives way, to the last image that had content.
image "$A/db"
first=$(cat "$A/db/.meta/id")
ok cp "$A/db/disk" "$T/first"
ok rm "$A/db/disk"
ok put 'of the draft' "$A/db/description"
ok admin undelete north/db@alice
settle
is "$first" cat "$A/db/.meta/id"
same "$T/first" "$A/db/disk"
is 'the image db' cat "$A/db/description"
is available state "$A/db"
dense "$T/second" 50
ok cp --remove-destination "$T/second" "$A/db/disk"
same "$T/second" "$A/db/disk"
refused 1 'name-taken' admin undelete north/db@alice
refused 1 'has another disk now; remove that first' admin undelete north/db@alice --as other
ok rm "$A/db/disk"
ok admin undelete "north/db@alice#$first"
settle
same "$T/first" "$A/db/disk"
ok rm "$A/db/disk"
ok admin undelete north/db@alice # the youngest is the one that was removed last
settle
same "$T/first" "$A/db/disk"

# The name: an empty draft gives way, anything else is in the way; another name; a renamed place is asked for by that.
ok rm -r "$A/db"
ok mkdir "$A/db"
ok admin undelete north/db@alice
settle
same "$T/first" "$A/db/disk"
ok rm -r "$A/db"
image "$A/db"
refused 1 'bring back north/db@alice: .*take another name.* \(name-taken\)$' admin undelete "north/db@alice#$first"
refused 1 'the new name is not valid' admin undelete "north/db@alice#$first" --as 'd b'
ok admin undelete "north/db@alice#$first" --as old-db
settle
is 'db old-db web' listing "$A"
same "$T/first" "$A/old-db/disk"
ok rm -r "$A/old-db"
refused 1 "nothing of that name is kept" admin undelete "north/db@bob#$first"
ok admin undelete north/old-db@alice
settle
ok mv "$A/old-db" "$A/older"
same "$T/first" "$A/older/disk"

# What never had content is not kept; a draft's empty disk neither.
ok mkdir "$A/draft"
ok touch "$A/draft/disk"
ok rm -r "$A/draft"
refused 1 'nothing of that name is kept' admin undelete north/draft@alice

# Who holds something of the old directory does not keep the new one from those who look for it.
image "$A/held"
ok mkdir "$A/../instances/vm"
ok put held "$A/../instances/vm/image"
exec 8<"$A/held/disk" 9<"$A/../instances/vm/disk"
cd "$A/held" || exit
ok rm -r "$A/held" "$A/../instances/vm"
ok admin undelete north/held@alice
ok admin undelete north/vm@alice
settle
is 'description disk shares' listing "$A/held"
is 'disk image' listing "$A/../instances/vm"
ok cmp "$A/held/disk" "$A/../instances/vm/disk"
exec 8<&- 9<&-
cd "$T" || exit
ok rm -r "$A/held" "$A/../instances/vm"
ok admin image purge north/held@alice
ok admin image purge north/vm@alice

# One's own, under one's quota; an auditor brings back nothing.
ok admin account add eve --role auditor
ok rm -r "$A/older"
refused 1 'nothing of that name is kept' admin --as bob undelete north/older@alice
is '' admin --as bob undelete --list
refused 1 'read-only-role' admin --as eve undelete north/older@alice
refused 1 'read-only-role' admin --as eve undelete north/nothing@alice
refused 1 'read-only-role' admin --as eve image purge north/older@alice
refused 1 'bring back north/older@alice as db: .*name-taken' admin undelete north/older@alice --as db
ok admin account set alice quota=2
refused 1 'quota-own-only' admin --as alice undelete north/older@alice
ok admin account set alice quota=3
ok admin --as alice undelete north/older@alice --as younger
settle
is 'db web younger' listing "$A"
refused 1 "nothing of that name is kept" admin undelete north/older@alice
refused 1 "its region or owner was removed" admin undelete west/older@alice
refused 1 "nothing of that name is kept" admin undelete nonsense
refused 2 "an image, an instance or '--list'" admin undelete

# Exposure and access know what was deleted.
settle
rmdir "$A/web/shares/"*
ok rm -r "$A/web"
says '^[0-9]+	bob	past share	-	.*	north/web@alice$' admin exposure north/web@alice
says '^[0-9]+	bob	share	-	.*	north/web@alice$' admin exposure north/web@alice --asof "$back"
says '^north	web@alice	carol	' admin access north/web@alice --asof "$before"
id=$(sed -n 5p "$T/numbers")
says '^north	any@alice	carol	' admin access "north/any@alice#$id" --asof "$before"
refused 1 'no such image' admin access "north/web@bob#$id" --asof "$before"
refused 1 'no such image' admin access north/web@alice --asof 3
refused 1 'no such image' admin --as bob exposure north/web@alice

# An instance: its disk, or all of it.
image "$A/base"
ok mkdir "$A/base/shares/bob"
V=$T/bob/regions/north/instances
settle
ok mkdir "$V/vm1"
ok put base@alice "$V/vm1/image"
ok sh -c 'echo mine | dd of="$1" conv=notrunc status=none' - "$V/vm1/disk"
ok cp "$V/vm1/disk" "$T/vm1"
number=$(stat -c %i "$V/vm1" "$V/vm1/disk")
ok rm "$V/vm1/disk" "$V/vm1/image"
ok admin undelete north/vm1@bob
settle
same "$T/vm1" "$V/vm1/disk"
is base@alice cat "$V/vm1/image"
ok rm -r "$V/vm1"
is '' listing "$V"
ok mkdir "$V/vm1"
ok admin undelete north/vm1@bob
settle
is vm1 listing "$V"
same "$T/vm1" "$V/vm1/disk"
is "$number" stat -c %i "$V/vm1" "$V/vm1/disk"
ok put base@alice "$V/vm1/image" # reinstalled: what it had is kept
refused 1 'has another disk now' admin undelete north/vm1@bob
refused 1 "an instance keeps its name" admin undelete north/vm1@bob --as vm2
ok rm "$V/vm1/disk"
old=$(admin undelete --list | grep 'vm1@bob' | head -n 1 | cut -f 1)
ok admin undelete "north/vm1@bob#$old"
settle
same "$T/vm1" "$V/vm1/disk"
ok rm "$V/vm1/image"
is disk listing "$V/vm1"

# Of several installations the one counts that was there last, not the one that was made last.
ok mkdir "$V/vm2"
ok put base@alice "$V/vm2/image"
ok rm "$V/vm2/disk"
ok mkdir "$A/db/shares/bob"
settle
ok put db@alice "$V/vm2/image"
ok rm "$V/vm2/disk"
is db@alice cat "$V/vm2/image"
ok admin undelete "north/vm2@bob#$(admin undelete --list | grep 'vm2@bob' | head -n 1 | cut -f 1)"
settle
is base@alice cat "$V/vm2/image"
ok rm "$V/vm2/disk"
is base@alice cat "$V/vm2/image"
gone=$(last_event)
ok rm "$V/vm2/image"
is '' listing "$V/vm2"
ok rmdir "$V/vm2"
refused 2 "$ENOENT" ls "$V/vm2" # which the kernel remembers, until it hears of it
is vm1 listing "$V"
ok admin undelete north/vm2@bob
settle
is 'vm1 vm2' listing "$V"
is 'disk image' listing "$V/vm2"
ok rm -r "$V/vm2"
mount_at "at-$gone" "account=bob,asof=$gone"
is base@alice cat "$T/at-$gone/regions/north/instances/vm2/image"
unmount "at-$gone"
is '' admin check

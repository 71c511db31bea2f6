#!/bin/bash
# SPDX-License-Identifier: MIT
# A restored catalog is one of its own: it shows what the backup's event left, its numbers go on, its disks are its own files.
# shellcheck source-path=SCRIPTDIR
. "${0%/*}/backup-lib.sh"

catalog
ok admin region add east --store "$T/elsewhere"
mount_as alice
mount_as bob
image "$A/web" 300
ok mkdir "$A/web/shares/bob"
ok mkdir "$T/bob/regions/north/instances/vm1"
ok put web@alice "$T/bob/regions/north/instances/vm1/image"
mkdir "$T/alice/regions/east/images/far" && ok put here "$T/alice/regions/east/images/far/disk"
dense "$T/vm" 100
ok dd if="$T/vm" of="$T/bob/regions/north/instances/vm1/disk" conv=notrunc status=none
backup
before=$EVENT hash=$(awk -F '\t' '$1 == "head" { print $3 }' "$T/said")
was=$(shown "$T/alice" | grep -v ^events)
sum=$(sha1sum <"$A/web/disk")

# Where it must not go, and from what.
refused 1 'name a new directory, or an empty one' "$IMGSHARE" restore "$K" "$DIR"
refused 1 "'$DIR' is no backup; imgshare backup makes one" "$IMGSHARE" restore "$DIR" "$T/new"
refused 1 'No such file' "$IMGSHARE" restore "$T/nothing" "$T/new"
refused 1 'only the operator may' "$IMGSHARE" --as alice restore "$K" "$T/new"
absent "$T/new"

ok "$IMGSHARE" restore "$K" "$T/new"
is "$(grep ^head "$T/said")" tail -n 1 "$T/out"
is 'catalog.db store' listing "$T/new"
is 700 stat -c %a "$T/new"

# The catalog is lost; the restored one takes its place.
unmount alice bob
mv "$DIR" "$T/lost" && mv "$T/elsewhere" "$T/lost-elsewhere" && mv "$T/new" "$DIR"
says '"op":"restore",.*"detail":\{"event":'"$before,\"hash\":\"$hash\"}" admin log --json
is "$((before + 1))" bash -c 'tail -n 1 "$1" | cut -d: -f2 | cut -d, -f1' - "$T/out"
ok admin check --digests --log
mount_as alice
mount_as bob
is "$was" bash -c 'grep -v ^events <<<"$1"' - "$(shown "$T/alice")"
is "$sum" bash -c 'sha1sum <"$1"' - "$A/web/disk"
is 1 stat -c %h "$DIR/store/north/$(cat "$A/web/.meta/id")"
same "$T/vm" <(head -c 102400 "$T/bob/regions/north/instances/vm1/disk")
image "$A/next"
ok mkdir "$A/next/shares/bob"
[ "$(cat "$A/next/.meta/id")" -gt "$((before + 1))" ] || not_ok 'a number is used again'
ok dd if="$T/vm" of="$T/bob/regions/north/instances/vm1/disk" bs=1k count=1 seek=3 conv=notrunc status=none
ok mkdir "$T/bob/regions/north/instances/vm2"
ok put next@alice "$T/bob/regions/north/instances/vm2/image"
ok "$IMGSHARE" -C "$K" check --digests --log # the backup is what it was

# Its log is that backup's continuation.
backup
same_as_then

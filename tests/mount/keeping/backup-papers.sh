#!/bin/bash
# SPDX-License-Identifier: MIT
# A backup without disks is what an auditor may have: every command that reads works on it, and so do mounts, but no byte of a
# disk is in it. And a backup of a catalog that is damaged: it is made, and says what is missing.
# shellcheck source-path=SCRIPTDIR
. "${0%/*}/backup-lib.sh"

catalog
ok admin account add eve --role auditor
mount_as alice
mount_as bob
image "$A/web" 100
image "$A/draft" 100
ok mkdir "$A/web/shares/bob"
ok mkdir "$T/bob/regions/north/instances/vm1"
ok put web@alice "$T/bob/regions/north/instances/vm1/image"

P=$T/papers
ok admin backup --without-disks "$P"
EVENT=$(cut -f 2 "$T/out")
is '.backup catalog.db' listing "$P"
for arguments in 'log --json' 'access --all' 'exposure north/web@alice' 'region list' 'account list' limits; do
        # shellcheck disable=SC2086 # words
        [ "$arguments" = 'region list' ] || is "$(admin $arguments)" "$IMGSHARE" -C "$P" $arguments
        # shellcheck disable=SC2086
        ok "$IMGSHARE" -C "$P" --as eve $arguments
done
ok "$IMGSHARE" -C "$P" check --digests --log
ok "$IMGSHARE" -C "$P" apply -n /dev/null
refused 1 'imgshare restore makes a catalog' "$IMGSHARE" -C "$P" limits shares-per-image 3
refused 1 'it is a backup, which is only read' "$IMGSHARE" -C "$P" check --repair
refused 1 'is a backup without disks' "$IMGSHARE" restore "$P" "$T/new"
refused 1 'itself a backup without disks' "$IMGSHARE" -C "$P" backup "$T/new"
absent "$T/new"
ok "$IMGSHARE" -C "$P" backup --without-disks "$T/copy"
refused 1 'without disks; name another directory' admin backup "$P"
K=$P
same_as_then
mkdir -p "$T/now"
ok timeout -s KILL 30 "$IMGSHAREFS" "$P" "$T/now" -o ro,account=alice
ok find "$T/now" -ls
is 102400 stat -c %s "$T/now/regions/north/images/web/disk"
refused 1 "$EPERM" cat "$T/now/regions/north/images/web/disk"
fusermount3 -u "$T/now"
ok admin limits shares-per-image 30
ok admin backup --without-disks "$P"
is 30 bash -c "'$IMGSHARE' -C '$P' limits shares-per-image | cut -f 2"

# Damaged: a disk that is not there, and one that was cut.
touch "$T/no_check"
K=$T/kept
image "$A/cut" 100
ok mkdir "$A/cut/shares/bob"
unmount alice bob
sealed=$DIR/store/north/$(admin log --json | "$PYTHON" -c 'import json, sys
print([e for e in map(json.loads, sys.stdin) if e["op"] == "create" and e["object"] == "north/web@alice"][0]["event"])')
cut=$DIR/store/north/$(admin log --json | "$PYTHON" -c 'import json, sys
print([e for e in map(json.loads, sys.stdin) if e["op"] == "create" and e["object"] == "north/cut@alice"][0]["event"])')
mv "$sealed" "$T/sealed" && truncate -s 4096 "$cut" || die 'no such blobs'
refused 1 '' admin backup "$K"
is "$(printf '%s\n' $'image\tnorth/cut@alice\tits disk has 4096 bytes, 102400 were sealed' \
        $'image\tnorth/web@alice\tits disk is not in the store')" bash -c "grep -E '/(web|cut)@' '$T/out' | sort"
refused 1 '' "$IMGSHARE" -C "$K" check
is 2 grep -cE '/(web|cut)@' "$T/out"
mv "$T/sealed" "$sealed"
refused 1 '' admin backup "$K"
is 1 grep -cE '/(web|cut)@' "$T/out"

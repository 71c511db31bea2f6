#!/bin/bash
# SPDX-License-Identifier: MIT
# A backup, its bringing up to date, a restore, an undelete and a repair of rows and stores, killed or without power
# at any moment: what is there then is what was there before, or not yet anything, or all of it (of a repair, what it
# has mended so far); run again, each goes on and ends as if nobody had disturbed it. Moments and states of a disk are
# made of a record of what is written and flushed; and each is killed for true. IMGSHARE_LONG=1: all moments and more
# states. SEED=N repeats the choices of a run.
[ -n "${TMPDIR-}" ] || [ ! -w /dev/shm ] || export TMPDIR=/dev/shm # made and thrown away by the hundred
# shellcheck source-path=SCRIPTDIR
LIMIT=7000
. "${0%/*}/../mount/lib.sh"
needs sqlite3
: "${RECORD:?the built librecord.so}"
! grep -q __tsan_init "$IMGSHARE" || skip 'built with TSan'
catalog
mount_as alice
mount_as bob
image "$A/web" 20
image "$AS/db" 10
image "$A/draft" 30
ok mkdir "$A/web/shares/bob" "$AS/db/shares/bob"
ok mkdir "$T/bob/regions/north/instances/vm1"
ok put web@alice "$T/bob/regions/north/instances/vm1/image"
ok mkdir "$T/bob/regions/north/instances/vm2"
ok put web@alice "$T/bob/regions/north/instances/vm2/image"
ok rm -r "$T/bob/regions/north/instances/vm2"
admin region add east
unmount alice bob
admin backup "$T/kept" >"$T/out" || die 'a backup'
mount_as alice
ok put sealed "$A/draft/.meta/state" # was copied as found
ok rmdir "$AS/db/shares/bob"
ok rm -r "$AS/db"
image "$AS/new" 15
ok mkdir "$AS/new/shares/bob"
unmount alice
admin region rm east
ok cp -a "$DIR" "$T/damaged" # rows that do not follow from the log, a file that nobody knows, a mark that is lost
ok "$IMGSHARE" -C "$T/damaged" limits reserve 0 # each page of it would be written
ok sqlite3 "$T/damaged/catalog.db" "UPDATE account SET role = 2 WHERE name = 'bob'; DELETE FROM share"
ok put 'nobody knows' "$T/damaged/store/north/7"
ok rm "$T/damaged/store/south/.imgshare"
run "$PYTHON" "${0%/*}/keeping.py" "$T" || not_ok 'interrupted:' || show
cat "$T/out"

#!/bin/bash
# SPDX-License-Identifier: MIT
# A repair for which there is no room says so, and changes nothing; nor does one whose disk fails. With room it is done.
. "${0%/*}/../lib.sh"
. "${0%/*}/../disks.sh"
needs sqlite3
# of 4 KiB blocks, which a disk that small does not have by itself: SQLite makes the room for its index a page at a time
needs_root
needs mkfs.ext4
truncate -s 16M "$T/small.img" && mkfs.ext4 -q -m 0 -b 4096 "$T/small.img" && mkdir "$T/small" "$T/stores" || die disk
attach small 2>"$T/err" || skip "no loop devices: $(cat "$T/err")"
DIR=$T/small/catalog
ok "$IMGSHARE" init "$DIR"
ok admin region add north --store "$T/stores/north"
for i in {1..300}; do
        echo "account add other$i"
done | while read -r words; do
        # shellcheck disable=SC2086 # words
        admin $words >"$T/out" || die "$words"
done
sql() {
        sqlite3 "$DIR/catalog.db" "$@"
}
sql "UPDATE account SET role = 2 WHERE name = 'other7'; DROP INDEX trust_listing; PRAGMA wal_checkpoint(TRUNCATE)" >"$T/sql"
cp "$DIR/catalog.db" "$T/before"
unchanged() {
        rm -rf "$T/now" && mkdir "$T/now" && cp "$DIR"/catalog.db* "$T/now/" && rm -f "$T/now/catalog.db-shm"
        sqlite3 "$T/now/catalog.db" .dump >"$T/now/sql" && sqlite3 "$T/before" .dump | cmp - "$T/now/sql" || not_ok "$1: it has changed"
}

# No room for the write-ahead log: all but some pages are taken. Somebody has the catalog open, so that its index is there.
coproc HOLDER { sqlite3 "$DIR/catalog.db"; }
echo 'SELECT count(*) FROM event;' >&"${HOLDER[1]}"
read -r _ <&"${HOLDER[0]}"
cat /dev/zero >"$T/small/filling" 2>"$T/err"
for pages in 0 1 4 16 40; do
        truncate -s "-$((4 * pages))K" "$T/small/filling"
        refused 1 'cannot repair .*no space left.*nothing was changed' admin check --repair
        unchanged "full but for $pages pages"
done
# A disk that fails.
holder=$HOLDER_PID
echo .quit >&"${HOLDER[1]}"
wait "$holder"
rm "$T/small/filling"
sync -f "$T/small"
break_disk small
refused 1 . admin check --repair
mend_disk small
unchanged 'a failing disk'

says 'account	other7	its role .*	made anew from the log' admin check --repair
ok admin check --repair
is 0 sql "SELECT role FROM account WHERE name = 'other7'"

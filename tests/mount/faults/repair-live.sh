#!/bin/bash
# SPDX-License-Identifier: MIT
# A catalog is repaired while mounts of it are used: no request fails, nothing that was acknowledged is lost, and what
# the mounts had cached of damaged rows is gone.
LIMIT=120
. "${0%/*}/../lib.sh"
needs sqlite3
catalog
mount_as alice
mount_as bob
image "$A/web"
image "$A/db"
ok mkdir "$A/web/shares/bob" "$A/db/shares/"{bob,dave}
settle
ok ls "$B/web@alice" "$A/db/shares/"

# writer IMAGE: shares with carol and takes it back, until it is told to stop.
writer() {
        local n=0
        until [ -e "$T/stop" ]; do
                mkdir "$A/$1/shares/carol" && rmdir "$A/$1/shares/carol" || return 1
                n=$((n + 1))
        done
        echo "$n" >"$T/wrote.$1"
}
writers=()
for name in web db; do
        writer "$name" 2>"$T/writer.$name" &
        writers+=($!)
done

for round in {1..8}; do
        run sqlite3 "$DIR/catalog.db" "PRAGMA busy_timeout = 20000; PRAGMA foreign_keys = off;
                UPDATE description SET text = 'damaged $round';
                DELETE FROM share WHERE account = (SELECT id FROM account WHERE name = 'dave');
                UPDATE account SET quota = $round WHERE name = 'dave'" || not_ok "round $round: $(cat "$T/err")"
        settle
        says "made anew from the log" admin check --repair
        settle
        is 'the image web' cat "$A/web/description"
        is 'the image db' cat "$B/db@alice/description"
        ok test -d "$A/db/shares/dave"
done
touch "$T/stop"
for i in 0 1; do
        wait "${writers[i]}" || not_ok "a writer was refused: $(cat "$T"/writer.*)"
done
for name in web db; do
        wrote=$(cat "$T/wrote.$name")
        [ "$wrote" -ge 8 ] || not_ok "$name: only $wrote shares meanwhile"
        [ "$(sqlite3 "$DIR/catalog.db" "SELECT count(*) FROM event WHERE op = 'unshare' AND object = 'north/$name@alice'")" -eq "$wrote" ] ||
                not_ok "$name: not $wrote ends of shares in the log"
done
is 8 sqlite3 "$DIR/catalog.db" "SELECT count(*) FROM event WHERE op = 'repair'"

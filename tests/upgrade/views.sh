#!/bin/bash
# SPDX-License-Identifier: MIT
# views.sh FIXTURE: upgrading leaves every view, past moment, inode number and the chain as they were: all that can be seen of
# the catalog afterwards is what the old program showed, but for the `snapshot` events behind its last (expected.py).
LIMIT=300
. "${0%/*}/lib.sh"
fixture "$1"
look=()
[ "$1" != large ] || look=(--asof 20)
kept=$DIR/catalog.db.format-1
[ "$(id -u)" -ne 0 ] || ok chown 70009:70008 "$DIR/catalog.db" # a service's, and root upgrades it
ok chmod 640 "$DIR/catalog.db"
owner=$(stat -c '%u %g %a' "$DIR/catalog.db")
ok cp "$DIR/catalog.db" "$T/old.db"
last=$(sql "$T/old.db" 'SELECT max(id) FROM event')

# unchanged_file FILE: it holds what the old one did.
unchanged_file() {
        dump "$1" | cmp -s - "$T/old.sql" || not_ok "not as before: $1"
}
dump "$T/old.db" >"$T/old.sql"

# Only tried.
is "'$DIR' can be upgraded: all its rows follow from its log" admin upgrade -n
is '1 wal' format_of "$DIR/catalog.db"
unchanged_file "$DIR/catalog.db"
is 'catalog.db store' listing "$DIR"

ok admin upgrade
now=$(sql "$DIR/catalog.db" 'SELECT max(id) FROM event')
is "'$DIR' is upgraded, with $now events; its old file is catalog.db.format-1" cat "$T/out"
is '' cat "$T/err"
is 'catalog.db catalog.db.format-1 store' listing "$DIR"
is '202 wal' format_of "$DIR/catalog.db"
is '1 delete' format_of "$kept"
is "$owner" stat -c '%u %g %a' "$DIR/catalog.db"
unchanged_file "$kept"

# Each event is there as it was, byte by byte, and snapshots behind them.
columns=id,time,actor,uid,via,op,object,account,place,owner,rule,errno,detail,length,hex\(hash\)
sql "$T/old.db" "SELECT $columns FROM event ORDER BY id" >"$T/events"
sql "$DIR/catalog.db" "SELECT $columns FROM event WHERE id <= $last ORDER BY id" | cmp -s - "$T/events" || not_ok 'other events'
is "snapshot $((now - last))" sql "$DIR/catalog.db" "SELECT op || ' ' || count(*) FROM event WHERE id > $last GROUP BY op"

# Again: nothing is to be done.
ok cp "$DIR/catalog.db" "$T/upgraded.db"
is "'$DIR' is of this version's format already" admin upgrade
is "'$DIR' is of this version's format already" admin upgrade -n
same "$DIR/catalog.db" "$T/upgraded.db"
unchanged_file "$kept"

# What the old program did not find is not found now, either.
is '' admin check
ok admin check --log
[ -z "${ORACLE-}" ] || is '' "$ORACLE" "$DIR/catalog.db"

# All that can be seen.
ok admin log --json
ok mv "$T/out" "$T/log"
ok "$HERE/look" "${look[@]}" --until "$last" "$DIR"
xz -dc "$HERE/fixtures/$1.look.xz" >"$T/before"
# Limits that were not there; and the exposure of a disk that was removed, where only an empty draft is left.
grep -vE $'^imgshare\tlimits\ttext\t(keep-deleted|instances-per-region|bytes-per-region|reserve)\\\\t' "$T/out" |
        awk -F '\t' 'NR == FNR { old[$1 FS $2]; if ($3 == "text") told[$1 FS $2]; next }
                $2 ~ /^exposure / && !(($1 FS $2) in old) { next }
                $2 ~ /\/exposure\.tsv$/ && $3 == "text" && !(($1 FS $2) in told) { next }
                { print }' "$T/before" - >"$T/now"
ok "$PYTHON" "$HERE/expected.py" "$T/before" "$T/log"
ok mv "$T/out" "$T/expected"
diff "$T/expected" "$T/now" >"$T/different" || not_ok "it looks otherwise:
$(head -n 40 "$T/different" | cut -c1-200)"

#!/bin/bash
# SPDX-License-Identifier: MIT
# A catalog of format 2 before its first revision: refused with the command to run, and made anew from its log, with every event and
# row as it was. Nothing was kept of what was deleted then.
. "${0%/*}/lib.sh"
fixture revision
kept=$DIR/catalog.db.format-2
ok cp "$DIR/catalog.db" "$T/old.db"
is '2 wal' format_of "$DIR/catalog.db"
for command in 'log' 'undelete --list' 'check' 'limits x 1'; do
        # shellcheck disable=SC2086 # words
        refused 1 'its catalog is of an earlier format; imgshare upgrade makes it one of this version$' admin $command
done
refused 1 'imgshare upgrade makes it one of this version$' "$IMGSHAREFS" "$DIR" "$T" -o account=alice
same "$DIR/catalog.db" "$T/old.db"

is "'$DIR' can be upgraded: all its rows follow from its log" admin upgrade -n
is '2 wal' format_of "$DIR/catalog.db"
ok admin upgrade
is "'$DIR' is upgraded, with 722 events; its old file is catalog.db.format-2" cat "$T/out"
is '202 wal' format_of "$DIR/catalog.db"
is '2 delete' format_of "$kept"
is "'$DIR' is of this version's format already" admin upgrade
kinds=$("$IMGSHARE" -C "$DIR" check --log | cut -f 1 | grep -v head | sort | uniq -c || true)
is '      4 region' echo "$kinds" # their stores
[ -z "${ORACLE-}" ] || is '' "$ORACLE" "$DIR/catalog.db"
is '' admin undelete --list

# Each table of then, column by column; but digests were of another kind.
while read -r table; do
        columns=$(sql "$T/old.db" "SELECT group_concat(name) FROM pragma_table_info('$table') WHERE name <> 'digest'")
        for file in "$T/old.db" "$DIR/catalog.db"; do
                sql "$file" "SELECT $columns FROM $table ORDER BY $columns" | md5sum
        done | uniq | wc -l >"$T/kinds"
        is 1 cat "$T/kinds" || not_ok "$table differs"
done < <(sql "$T/old.db" "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'event_of_%' AND name <> 'indexed'")
is 0 sql "$DIR/catalog.db" 'SELECT count(*) FROM image WHERE digest IS NOT NULL'
is 0 sql "$DIR/catalog.db" 'SELECT count(*) FROM absence'
is 0 sql "$DIR/catalog.db" 'SELECT count(*) FROM image WHERE until_event < 140737488355327 AND purge_event IS NULL'

# What stands in the way.
ok cp "$T/old.db" "$DIR/catalog.db"
ok rm "$kept"
ok touch "$kept"
refused 1 'catalog.db.format-2 is there already: the old file would have that name; move it away' admin upgrade

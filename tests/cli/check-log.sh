#!/bin/bash
# SPDX-License-Identifier: MIT
# imgshare check --log: the chain of the log, the head that is kept, and what accounts, regions and limits should be.
# What is done through a mount is tampered with in tests/mount/log/check-log.sh.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
chain=$(dirname "$(realpath "$0")")/chain.py
indexes=${chain%chain.py}indexes.sql

quiet init "$cat"
quiet -C "$cat" region add north
quiet -C "$cat" region add south --store "$tmp/south"
quiet -C "$cat" region add west
quiet -C "$cat" region rm west
quiet -C "$cat" region add west
quiet -C "$cat" account add alice --uid 1000 --quota 5
quiet -C "$cat" account add bob
quiet -C "$cat" account add gone
quiet -C "$cat" account add eve --role auditor
quiet -C "$cat" account set bob uid=1001 quota=7 require-trust=on
quiet -C "$cat" account set bob quota=- role=auditor
quiet -C "$cat" account set bob role=account
quiet -C "$cat" account rm gone
quiet -C "$cat" limits shares-per-image 7
quiet -C "$cat" limits shares-per-image 8
quiet -C "$cat" limits require-review on
refused 'set the limit *[(]role[)]' -C "$cat" --as alice limits shares-per-image 9
last=21

# head: the last run found nothing, and printed one.
head_of() {
    [ "$status" -eq 0 ] || fail "status is not 0"
    [ -s "$tmp/err" ] && fail "complains"
    grep -qE "^head	$1	[0-9a-f]{64}$" "$tmp/out" || fail "no head $1"
    [ "$(wc -l <"$tmp/out")" -eq 1 ] || fail "not one line"
    head=$(cut -f3 "$tmp/out")
}
run -C "$cat" check --log
head_of "$last"
[ "$(sqlite3 "$cat/catalog.db" 'SELECT lower(hex(hash)) FROM event ORDER BY id DESC LIMIT 1')" = "$head" ] ||
    fail "not the last hash"
kept=$(sqlite3 "$cat/catalog.db" 'SELECT lower(hex(hash)) FROM event WHERE id = 14')
early=$(sqlite3 "$cat/catalog.db" 'SELECT hex(hash) FROM event WHERE id = 2')
for hash in "$head" "$kept" "$early" "${kept^^}"; do
    run -C "$cat" check --log --head "$hash"
    head_of "$last"
done
run -C "$cat" --as eve check --log
head_of "$last"
refused 'check: only an operator or an auditor may' -C "$cat" --as alice check --log
quiet -C "$cat" check
done_ -C "$cat" check --log --json
json '[list(r.values()) for r in rows]' "[[\"head\", \"$last\", \"$head\", null]]"
on_terminal -C "$cat" check --log
[ "$status" -eq 0 ] || fail "status is not 0"
grep -q "^The log's head is event $last:$" "$tmp/out" || fail "no sentence"
grep -qx "$head" "$tmp/out" || fail "no hash"

usage "option '--head': only with '--log'" -C "$cat" check --head "$head"
usage "option '--head': needs a value" -C "$cat" check --log --head
for hash in '' 12 "${head}0" "${head%?}" "${head%?}g" "${head%?} " "0x${head#??}"; do
    usage "option '--head': '$hash' is no hash of 64 hex digits" -C "$cat" check --log --head "$hash"
done

# found STATUS... WHAT OBJECT PROBLEM: the first row that is no head; problem is a pattern of grep -E.
found() {
    [ "$status" -eq 1 ] || fail "status is not 1"
    [ -s "$tmp/err" ] && fail "complains"
    grep -qE "^$1	$2	$3	[^	]+$" "$tmp/out" || fail "does not find $1 $2: $3"
}
only() {
    [ "$(grep -vc '^head' "$tmp/out")" -eq 1 ] || fail "finds more than that"
}

# tamper SQL [OPTION...]: the catalog as it was, changed behind its log's back, and checked; the log's indexes are made
# to fit, or most changes would be told by them too.
cp "$cat/catalog.db" "$tmp/sound"
restore() {
    rm -f "$cat/catalog.db"-*
    cp "$tmp/sound" "$cat/catalog.db"
}
tamper() {
    restore
    sqlite3 "$cat/catalog.db" "$1" ".read $indexes" >"$tmp/sql" || fail "no SQL: $1"
    run -C "$cat" check --log "${@:2}"
    ran="$1"
}
# The same with a chain computed anew.
rewrite() {
    restore
    sqlite3 "$cat/catalog.db" "$1" >"$tmp/sql" || fail "no SQL: $1"
    "$chain" "$cat/catalog.db" || fail "no chain"
    run -C "$cat" check --log "${@:2}"
    ran="$1"
}
rewrite 'SELECT 1'
head_of "$last" # what computes it anew computes it right

# One event changed: whatever is hashed.
for change in 'time = time + 1' 'uid = uid + 1' 'actor = 2' "via = 'mount'" "op = 'region-rm'" "object = 'north'" \
    "account = 'alice'" "rule = 'role'" "errno = 'EPERM'" "detail = '{\"x\":1}'" "detail = 'no JSON'"; do
    tamper "UPDATE event SET $change WHERE id = 11"
    found event 11 'it was changed.*'
done
tamper "UPDATE event SET object = 'x' WHERE id = 1"
found event 1 'it was changed'
tamper "UPDATE event SET object = 'x' WHERE id = $last"
found event "$last" 'it was changed or inserted: .*'
tamper "UPDATE event SET hash = x'00' WHERE id = 5"
found event 5 'its hash was changed'
tamper "UPDATE event SET hash = zeroblob(32) WHERE id = 5"
found event 5 'it was changed or inserted: .*'
tamper "UPDATE event SET object = 'x' WHERE id > 9"
found event 10 'it was changed.*'
[ "$(grep -cE 'changed|inserted' "$tmp/out")" -eq 1 ] || fail "names more than the first"
tamper "UPDATE account SET name = 'al' WHERE name = 'alice'" # the only event of hers
found account al 'its name does not follow from the log' # and the chain holds: it needs no rows
only

# Removed: with a gap, or numbered anew.
tamper 'DELETE FROM event WHERE id = 7'
found event 7 'it was removed'
tamper 'DELETE FROM event WHERE id BETWEEN 7 AND 9'
found event 7 'it was removed, and all behind it up to 9'
tamper 'DELETE FROM event WHERE id = 1'
found event 1 'it was removed'
tamper 'DELETE FROM event'
found event 1 'it was removed, and all behind it'
tamper 'DELETE FROM event WHERE id = 12;
    UPDATE event SET id = -id WHERE id > 12; UPDATE event SET id = -id - 1 WHERE id < 0'
found event 12 'it was removed, and those behind it numbered anew'

# Inserted: before the first, behind the last, between others.
insert='INSERT INTO event (id, time, actor, uid, via, op, length, hash)'
tamper "$insert SELECT 0, time, 1, 0, 'cli', 'limit', length, hash FROM event WHERE id = 1"
found event 0 'it was inserted: .*'
tamper "$insert SELECT id + 1, time, 1, 0, 'cli', 'limit', length, hash FROM event WHERE id = $last"
found event $((last + 1)) 'it was changed or inserted: .*'
shift_up='UPDATE event SET id = -id WHERE id >= 12; UPDATE event SET id = 1 - id WHERE id < 0'
tamper "$shift_up; $insert SELECT 12, time, 1, 0, 'cli', 'limit', length, hash FROM event WHERE id = 11"
found event 12 'it was inserted, and those behind it numbered anew'
tamper "$shift_up; $insert VALUES (12, (SELECT time FROM event WHERE id = 11), 1, 0, 'cli', 'limit', 158, zeroblob(32))"
"$chain" "$cat/catalog.db"
sqlite3 "$cat/catalog.db" "ATTACH '$tmp/sound' AS sound;
    UPDATE event SET hash = (SELECT hash FROM sound.event s WHERE s.id = event.id - 1) WHERE id > 12"
run -C "$cat" check --log # with its own hash right
found event 12 'it was inserted, and those behind it numbered anew'

# Cut: what is left is sound, but for who kept a head.
cut="DELETE FROM setting WHERE from_event > 18; UPDATE setting SET until_event = 140737488355327 WHERE until_event > 18;
    DELETE FROM event WHERE id > 18"
tamper "$cut"
head_of 18
tamper "$cut" --head "$kept"
head_of 18
tamper "$cut" --head "$(sqlite3 "$tmp/sound" 'SELECT hex(hash) FROM event WHERE id = 19')"
found log head 'no event has the hash that was kept: .*'
only

# Rewritten as a whole: nothing shows but to who kept a head from behind the change.
change="UPDATE event SET detail = '{\"value\":6}' WHERE id = 18; UPDATE setting SET value = 6 WHERE from_event = 18"
rewrite "$change"
[ "$(cut -f2 "$tmp/out")" = "$last" ] || fail "finds something"
rewrite "$change" --head "$kept"
[ "$status" -eq 0 ] || fail "the head is from before"
rewrite "$change" --head "$(sqlite3 "$tmp/sound" "SELECT hex(hash) FROM event WHERE id = 19")"
found log head 'no event has the hash that was kept: .*'
only
tamper "UPDATE event SET uid = 5 WHERE id = 9" \
    --head "$(sqlite3 "$tmp/sound" "SELECT hex(hash) FROM event WHERE id = 9")"
found event 9 'it was changed.*'
found log head 'no event before the one .*'
tamper "UPDATE event SET uid = 5 WHERE id = 9" --head "$early"
found event 9 'it was changed.*'
only

# A chain can be right over what cannot be.
rewrite 'UPDATE event SET time = (SELECT time FROM event WHERE id = 8) - 1 WHERE id = 9'
found event 9 'its time is before that of the event before it'
only
rewrite "UPDATE event SET rule = 'no-such-rule' WHERE id = $last"
found event "$last" 'it was refused by a rule that does not exist'
only
rewrite "UPDATE event SET op = 'make' WHERE id = $last"
found event "$last" 'there is no such operation'
only
tamper 'UPDATE event SET length = length + 1 WHERE id = 9'
found event 9 'its length is not that of its line'
only
tamper 'UPDATE event SET owner = 2 WHERE id = 9'
found event 9 'the catalog counts it among .*'
only
tamper 'UPDATE event SET place = 3 WHERE id = 9'
found event 9 'the catalog counts it among .*'
only

# Rows behind the log's back.
# finds WHAT OBJECT PROBLEM SQL
finds() {
    tamper "$4"
    found "$1" "$2" "$3"
}
tamper "UPDATE store SET path = '/elsewhere' WHERE path IS NOT NULL" # the directory's own: no event says it
found region south 'its store is offline'
only
finds region new '.*' "UPDATE region SET name = 'new' WHERE name = 'north'"
finds region new '.*' "INSERT INTO region (name, from_event) VALUES ('new', 2)"
finds region new '.*' "INSERT INTO region (name, from_event) VALUES ('new', 200)"
finds region south 'its end .*' "UPDATE region SET until_event = 12 WHERE name = 'south'"
finds event 5 'region-rm west: .*' "UPDATE region SET until_event = 140737488355327 - 1 WHERE until_event = 5"
finds event 6 'region-add west: .*' "DELETE FROM region WHERE from_event = 6"
finds account bob 'its uid .*' "UPDATE account SET uid = 0 WHERE name = 'bob'"
finds account alice 'its uid .*' "UPDATE account SET uid = NULL WHERE name = 'alice'"
finds account bob 'its quota .*' "UPDATE account SET quota = 7 WHERE name = 'bob'"
finds account alice 'its quota .*' "UPDATE account SET quota = 6 WHERE name = 'alice'"
finds account alice 'its role .*' "UPDATE account SET role = 2 WHERE name = 'alice'"
finds account eve 'its role .*' "UPDATE account SET role = 0 WHERE name = 'eve'"
tamper "UPDATE account SET role = 0 WHERE name = 'operator'" --as eve
found account operator 'its role .*'
finds account bob 'its require-trust .*' "UPDATE account SET require_trust = 0 WHERE name = 'bob'"
finds account zoe '.*' "INSERT INTO account (name, role, from_event) VALUES ('zoe', 0, 7)"
finds event 9 'account-add gone: .*' "DELETE FROM account WHERE name = 'gone'"
finds event 17 'account-rm gone: .*' "UPDATE account SET until_event = 140737488355327 WHERE name = 'gone'"
finds account bob 'its end .*' "UPDATE account SET until_event = 17 WHERE name = 'bob'"
finds limit shares-per-image '.*' "UPDATE setting SET value = 50 WHERE name = 'shares-per-image'"
finds limit images-per-region '.*' "INSERT INTO setting (name, from_event, value) VALUES ('images-per-region', 1, 9)"
finds event 18 'limit shares-per-image: .*' "DELETE FROM setting WHERE name = 'shares-per-image'"
finds image 'number 3' '.*' 'INSERT INTO place (id, region, owner) VALUES (3, 1, 2)'
finds share '.*' '.*' 'INSERT INTO share (id, image, account, region) VALUES (3, 99, 2, 1)'
finds catalog region_of_name 'this table or index .* missing.*' 'DROP INDEX region_of_name'
finds catalog region_of_name 'this table or index .*' 'DROP INDEX region_of_name; CREATE INDEX region_of_name ON region (name, until_event)'
finds catalog trust 'this table or index .*' 'DROP TABLE trust'
finds catalog file 'it is damaged, .*' 'DROP TABLE trust'
finds catalog extra 'a catalog has no such .*' 'CREATE TABLE extra (x)'
finds catalog reservation 'the next number .*' 'UPDATE sqlite_sequence SET seq = 7'
finds catalog reservation 'of launch 7, which cannot be' 'INSERT INTO reservation (id, instance, image) VALUES (7, 1, 1)'
finds catalog store 'of region 99, .*' "INSERT INTO store (region, path) VALUES (99, '/elsewhere')"
finds catalog helper '.*' 'CREATE TRIGGER helper AFTER INSERT ON share BEGIN SELECT 1; END'
finds catalog file '.*region_of_name.*' "PRAGMA writable_schema = on; UPDATE sqlite_schema
    SET sql = 'CREATE UNIQUE INDEX region_of_name ON region (from_event, until_event)' WHERE name = 'region_of_name'"
# The indexes of the log: too much, too little, said to go on behind the last event, and of a log that was cut.
indexed() {
    restore
    sqlite3 "$cat/catalog.db" <"$indexes" || fail "no indexes"
    sqlite3 "$cat/catalog.db" "$1" >"$tmp/sql" || fail "no SQL: $1"
    run -C "$cat" check --log
    ran="$1"
}
indexed "INSERT INTO event_of_object VALUES ('north', 9)"
found event 9 'an index .* wrong place'
only
indexed "UPDATE event_of_actor SET actor = 2 WHERE event = 12"
found event 12 'an index .* wrong place'
found event 12 'an index .* leaves it out'
indexed "DELETE FROM event_of_account WHERE event = 7"
found event 7 'an index .* leaves it out'
only
indexed "UPDATE indexed SET last = last + 1"
found catalog indexed '.*'
only
indexed "DELETE FROM event WHERE id > 18"
found catalog indexed '.*'
indexed ''
[ "$status" -eq 0 ] || fail "indexes filled at once do not fit"

# More of a kind than can be read.
tamper "WITH RECURSIVE n (id) AS (VALUES (1) UNION ALL SELECT id + 1 FROM n WHERE id < 999)
    INSERT INTO trust (account, owner, from_event) SELECT id, 2, 3 FROM n"
[ "$(grep -c '^trust	' "$tmp/out")" -eq 257 ] || fail "not 256 and one line more"
found trust more '.*'

restore
run -C "$cat" check --log
head_of "$last"

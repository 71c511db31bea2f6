#!/bin/bash
# SPDX-License-Identifier: MIT
# Rows that do not follow from the log: each is told on stderr, the upgrade refused, nothing changed. So what somebody wrote
# into the catalog's file does not become true by upgrading, not even what the events of format 1 say by name alone.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../cli/lib.sh"
here=$(dirname "$0")
db=$cat/catalog.db
"$here/unpack" small "$tmp" offline
cp "$db" "$tmp/sound.db"
FAR=140737488355327

# sql SQL: of the untouched catalog.
sql() {
    sqlite3 "file:$tmp/sound.db?immutable=1" "$1"
}

holds() {
    sqlite3 "file:$db?immutable=1" .dump && od -An -tu1 -j 18 -N 2 "$db"
}

# refuses SQL: changes at least one row, and that is not upgraded; the last line of stderr goes to $tmp/why, those before
# it stay. All of this whether it is tried or done.
refuses() {
    local try
    rm -f "$db"*
    cp "$tmp/sound.db" "$db"
    sqlite3 "$db" "PRAGMA foreign_keys = off; PRAGMA ignore_check_constraints = on; $1; SELECT total_changes()" >"$tmp/changed" ||
        fail "no SQL: $1"
    [ "$(cat "$tmp/changed")" -gt 0 ] || fail "changes nothing: $1"
    holds >"$tmp/held"
    for try in -n ''; do
        # shellcheck disable=SC2086 # nothing, or a word
        run -C "$cat" upgrade $try
        [ "$status" -eq 1 ] || fail "status is not 1: $1"
        [ -s "$tmp/out" ] && fail "prints: $1"
        holds | cmp -s - "$tmp/held" || fail "has changed: $1"
        [ "$(ls -A "$cat")" = $'catalog.db\nstore' ] || fail "there is $(ls -A "$cat"): $1"
    done
    tail -n 1 "$tmp/err" >"$tmp/why"
    sed -i '$d' "$tmp/err"
}

# finds LINE... SQL: these rows, and no others.
finds() {
    local sql=${*: -1} lines=("${@:1:$#-1}") does='does'
    [ $# -eq 2 ] || does='do'
    refuses "$sql"
    [ "$(sort "$tmp/err")" = "$(printf 'imgshare: %s\n' "${lines[@]}" | sort)" ] || fail "not: ${lines[*]}: $sql"
    [ "$(cat "$tmp/why")" = "imgshare: cannot upgrade '$cat': ${#lines[@]} of its rows $does not follow from its log; \
nothing was changed" ] || fail "says $(cat "$tmp/why"): $sql"
}

# cannot_be EVENT SQL: the log itself cannot have happened.
cannot_be() {
    refuses "$2"
    [ -s "$tmp/err" ] && fail "says more: $2"
    [ "$(cat "$tmp/why")" = "imgshare: cannot upgrade '$cat': event $1 of its log does not follow from those before it; \
nothing was changed" ] || fail "says $(cat "$tmp/why"): $2"
}

# named SHARE: as messages name it.
named() {
    sql "SELECT r.name || '/' || n.name || '@' || o.name || ' with ' || a.name FROM share s JOIN account a ON a.id = s.account
        JOIN image i ON i.id = s.image JOIN place_name n ON n.place = i.place
        AND n.until_event = (SELECT max(until_event) FROM place_name WHERE place = i.place)
        JOIN region r ON r.id = n.region JOIN account o ON o.id = n.owner WHERE s.id = $1"
}

late=$(sql "SELECT place FROM place_name WHERE name = 'late' AND until_event = $FAR")
image=$(sql "SELECT id FROM image WHERE place = $late")
share=$(sql "SELECT id FROM share WHERE image = $image")
plain=$(sql "SELECT min(id) FROM share WHERE until_event = $FAR AND id NOT IN (SELECT share FROM share_expiry)")
linked=$(sql "SELECT l.image FROM lineage l JOIN event e ON e.id = l.from_event WHERE e.object = 'south/linked@alice'")
brief=$(sql "SELECT id FROM event WHERE op = 'account-add' AND account = 'brief'")
north=$(sql "SELECT id FROM event WHERE op = 'region-add' AND object = 'north'")
launched=$(sql "SELECT min(id) FROM launch WHERE until_event = $FAR AND from_event > 0")
vm=$(sql "SELECT r.name || '/' || v.name || '@' || a.name FROM launch l JOIN instance v ON v.id = l.instance
    JOIN region r ON r.id = v.region JOIN account a ON a.id = v.owner WHERE l.id = $launched")
[ "$plain" ] && [ "$linked" ] && [ "$vm" ] || exit 99

# --- a row of each table: changed, added, removed

finds "account 'bob': its quota does not follow from the log" "UPDATE account SET quota = 9 WHERE name = 'bob'"
finds "account 'alice': its role does not follow from the log" "UPDATE account SET role = 2 WHERE name = 'alice'"
finds "account 'eve': its uid does not follow from the log" "UPDATE account SET uid = 5 WHERE name = 'eve'"
finds "account 'mallory': it does not follow from the log" \
    "INSERT INTO account (name, role, require_trust, from_event) VALUES ('mallory', 2, 0, $brief)"
finds "event '$brief': account-add brief: what it did is not in the catalog" "DELETE FROM account WHERE name = 'brief'"
finds "region 'nord': its name does not follow from the log" "UPDATE region SET name = 'nord' WHERE from_event = $north"
finds "region 'more': it does not follow from the log" "INSERT INTO region (name, from_event) VALUES ('more', $north)"
finds "limit 'images-per-region': its value does not follow from the log" \
    "UPDATE setting SET value = 1 WHERE name = 'images-per-region' AND until_event = $FAR"
finds "limit 'require-review': it does not follow from the log" \
    "INSERT INTO setting (name, from_event, until_event, value) VALUES ('require-review', $share, $((share + 1)), 1)"
finds "image 'north/late@alice': its owner does not follow from the log" "UPDATE place SET owner = 3 WHERE id = $late"
finds "image 'north/other@alice': its name does not follow from the log" \
    "UPDATE place_name SET name = 'other' WHERE place = $late"
finds "image 'north/late@alice': its size does not follow from the log" "UPDATE image SET size = 1 WHERE id = $image"
finds "event '$(sql "SELECT sealed_event FROM image WHERE id = $image")': seal north/late@alice: what it did is not in the catalog" \
    "UPDATE image SET sealed_event = NULL WHERE id = $image"
finds "image 'north/late@alice': it does not follow from the log" \
    "INSERT INTO review (image, from_event) VALUES ($image, $share)"
finds "description 'north/late@alice': its text does not follow from the log" \
    "UPDATE description SET text = 'a lie' WHERE place = $late AND until_event = $FAR"
finds "event '$(sql "SELECT id FROM shares_link WHERE place = $late")': available north/late@alice: what it did is not in the catalog" \
    "DELETE FROM shares_link WHERE place = $late"
finds "share 'north/late@alice with carol': its account does not follow from the log" \
    "UPDATE share SET account = (SELECT id FROM account WHERE name = 'carol') WHERE id = $share"
finds "share 'north/late@alice with bob': its end does not follow from the log" \
    "UPDATE share SET until_event = (SELECT max(id) FROM event) WHERE id = $share"
finds "share 'north/late@alice with dave': it does not follow from the log" "INSERT INTO share (id, image, account, region)
    SELECT id + 2, image, (SELECT id FROM account WHERE name = 'dave'), region FROM share WHERE id = $share"
finds "event '$plain': share $(named "$plain" | sed 's/ with / /'): what it did is not in the catalog" \
    "DELETE FROM share WHERE id = $plain"
finds "share 'north/late@alice with bob': its expires does not follow from the log" \
    "UPDATE share_expiry SET expires = expires + 1 WHERE share = $share"
finds "trust 'bob trusts carol': it does not follow from the log" "INSERT INTO trust (account, owner, from_event)
    SELECT b.id, c.id, $share FROM account b, account c WHERE b.name = 'bob' AND c.name = 'carol'"
finds "instance '${vm/\/*@//other@}': its name does not follow from the log" \
    "UPDATE instance SET name = 'other' WHERE id = (SELECT instance FROM launch WHERE id = $launched)"
finds "instance '$vm': its image does not follow from the log" "UPDATE launch SET image = $image WHERE id = $launched"
finds "instance '$vm': its end does not follow from the log" "UPDATE launch SET until_event = $share WHERE id = $launched"

# --- what events of format 1 do not say by number, but by name

finds "image 'south/linked@alice': its source is not what the log says" \
    "UPDATE lineage SET source = $image WHERE image = $linked"
finds "image 'south/linked@alice': its source is not what the log says" \
    "UPDATE lineage SET source = $launched WHERE image = $linked"
finds "share '$(named "$plain")': event $((share + 1)) is not about it" \
    "UPDATE share_expiry SET share = $plain WHERE share = $share"
# two shares that ended one after the other: as if it had been the other way round
read -r a ended b later < <(sql "SELECT a.id, a.until_event, b.id, b.until_event FROM share a JOIN share b
    ON a.until_event < b.until_event AND b.id < a.until_event AND b.until_event < $FAR
    WHERE NOT EXISTS (SELECT 1 FROM share_expiry t WHERE t.share IN (a.id, b.id)) AND NOT EXISTS (SELECT 1 FROM share t
    WHERE t.id > a.id AND t.id < b.until_event) LIMIT 1" | tr '|' ' ')
[ "$later" ] || exit 99
finds "share '$(named "$a")': event $later is not about it" "share '$(named "$b")': event $ended is not about it" \
    "UPDATE share SET until_event = CASE id WHEN $a THEN $later ELSE $ended END WHERE id IN ($a, $b)"

# --- a log that cannot have happened

cannot_be "$share" "UPDATE event SET op = 'explode' WHERE id = $share"
cannot_be "$share" "UPDATE event SET object = 'north/nowhere@alice' WHERE id = $share"
cannot_be "$share" "UPDATE event SET account = 'nobody' WHERE id = $share"
cannot_be "$north" "UPDATE event SET detail = '{' WHERE id = $north"
cannot_be 1 "DELETE FROM meta"
finds "share 'north/late@alice with bob': it does not follow from the log" "DELETE FROM event WHERE id = $share"
cannot_be "$((late + 1))" "DELETE FROM event WHERE id = $late"

# --- what a replay does not look at is found afterwards, as it was before

cp "$tmp/sound.db" "$db"
sqlite3 "$db" "UPDATE event SET uid = 7 WHERE id = $share"
done_ -C "$cat" upgrade
run -C "$cat" check --log
grep -qE "^event	$share	it was changed" "$tmp/out" || fail 'the chain is not looked at'

#!/bin/bash
# SPDX-License-Identifier: MIT
# imgshare check --log over all that a mount can do: nothing is found; and whatever is changed, added or removed behind
# the log's back is found and named, live or past. (Chain, heads, accounts and limits: tests/cli/check-log.sh.)
LIMIT=120
. "${0%/*}/../lib.sh"
needs sqlite3
catalog
mount_as alice
mount_as bob
mount_as carol
VM=$T/bob/regions/north/instances
sql() {
        sqlite3 "$DIR/catalog.db" "$@"
}

# ---- a history

image "$A/web"
image "$A/db"
ok mkdir "$A/draft"
ok put text "$A/draft/description"
ok put other "$A/web/description"
ok put 1 "$A/web/.meta/reviewed"
ok put 1 "$A/db/.meta/reviewed"
ok put 0 "$A/db/.meta/reviewed"
ok mv "$A/db" "$A/data"
ok mkdir "$A/web/shares/"{bob,carol,dave} "$A/data/shares/bob"
settle
ok mkdir "$T/bob/accounts/bob/trusted/"{alice,carol}
ok rmdir "$T/bob/accounts/bob/trusted/carol"
ok admin account set bob require-trust=on
ok put +30d "$A/web/shares/bob/.expires"
ok put +31d "$A/web/shares/bob/.expires"
ok put +30d "$A/data/shares/bob/.expires"
ok put never "$A/data/shares/bob/.expires"
ok rmdir "$A/web/shares/carol"
ok mkdir "$VM/vm1" "$VM/vm2" "$VM/gone"
ok put web@alice "$VM/vm1/image"
ok put data@alice "$VM/vm1/image"
ok put web@alice "$VM/vm2/image"
ok put web@alice "$VM/gone/image"
ok put web@alice "$VM/gone/image"
ok rm -r "$VM/gone"
ok mkdir "$B/custom"
ok ln "$VM/vm2/disk" "$B/custom/disk"
ok cp -r "$A/web" "$AS/"
ok mkdir "$AS/linked" "$AS/old"
ok ln "$A/data/disk" "$AS/linked/disk"
ok rm "$AS/linked/shares" "$AS/linked/description"
ok cp "$A/data/disk" "$AS/old/disk"
ok cp "$A/web/disk" "$AS/old/disk"
ok rm "$AS/old/disk"
ok cp "$VM/vm1/disk" "$T/"
image "$A/gone"
ok rm -r "$A/gone"
refused 1 "$EPERM" rm "$A/web/disk"
refused 1 "$EPERM" rm "$A/web/disk"
refused 1 "$EPERM" mkdir "$A/web/shares/nobody"
ok admin account add zoe
ok mkdir "$A/web/shares/zoe"
ok admin account rm zoe

# A share that expires, its image with it, before the log has closed it: the disk goes, the event comes.
image "$A/short"
ok mkdir "$A/short/shares/bob"
at=$(date -ud "+$((2 * ${IMGSHARE_SLOW:-1})) seconds" +%Y-%m-%dT%H:%M:%S.%3NZ)
ok put "$at" "$A/short/shares/bob/.expires"
closed() {
        grep -q '"op":"expire"' "$A/short/.meta/history.jsonl"
}
WAIT=$((20 * ${IMGSHARE_SLOW:-1})) eventually closed || not_ok 'never expires'

# While others go on.
for _ in 1 2 3 4 5 6 7 8 9 10; do
        mkdir "$A/busy" && echo x >"$A/busy/disk" && rm -r "$A/busy" || not_ok 'busy'
done &
busy=$!
while kill -0 "$busy" 2>/dev/null; do
        ok admin check --log
done
wait "$busy"
is head sh -c '"$IMGSHARE" -C "$DIR" check --log | cut -f1'
unmount alice bob carol
is head sh -c '"$IMGSHARE" -C "$DIR" check --log | cut -f1'
head=$(admin check --log | cut -f3)
cp "$DIR/catalog.db" "$T/sound"

# ---- tampering

# finds WHAT OBJECT SQL: a catalog in which SQL has changed a row at least; a finding has that what and that object, a
# regular expression.
FAR=140737488355327
finds() {
        cp "$T/sound" "$DIR/catalog.db"
        run sql "$3; SELECT 'changed ' || total_changes()" || not_ok "no SQL: $3: $(cat "$T/err")"
        grep -q 'changed [1-9]' "$T/out" || not_ok "changes nothing: $3"
        refused 1 '' admin check --log --head "$head"
        grep -qE "^$1	$2	" "$T/out" && return
        not_ok "does not find $1 $2: $3"
        show
}

# Ids by name, of what lives.
place_of() {
        sql "SELECT place FROM place_name WHERE name = '$1' AND region = ${2:-1} ORDER BY until_event DESC LIMIT 1"
}
account() {
        sql "SELECT id FROM account WHERE name = '$1'"
}
image_of() {
        sql "SELECT id FROM image WHERE place = $1 AND until_event = $FAR"
}
event() {
        sql "SELECT max(id) FROM event WHERE $1"
}
web=$(place_of web) data=$(place_of data) south=$(place_of web 2) old=$(place_of old 2) linked=$(place_of linked 2)
alice=$(account alice) bob=$(account bob) carol=$(account carol) dave=$(account dave)
image=$(image_of "$web") copy=$(image_of "$south") vm1=$(sql "SELECT id FROM instance WHERE name = 'vm1'")
unshared=$(event "op = 'unshare' AND account = 'carol'")
share="SELECT id FROM share WHERE image = $image AND account"

# Shares: revived, ended, added, removed, somebody else's, of another image, elsewhere, older than they are.
finds event "$unshared" "UPDATE share SET until_event = $FAR WHERE until_event = $unshared"
finds share 'north/web@alice with dave' \
        "UPDATE share SET until_event = (SELECT max(id) FROM event) WHERE id = ($share = $dave)"
finds share 'north/web@alice with dave' "UPDATE share SET until_event = $unshared WHERE id = ($share = $dave)"
finds share 'north/web@alice with carol' "UPDATE share SET until_event = until_event - 1 WHERE until_event = $unshared"
finds event "$(sql "$share = $dave")" "DELETE FROM share WHERE id = ($share = $dave)"
finds event "$(sql "$share = $carol")" "DELETE FROM share WHERE until_event = $unshared"
finds share 'south/web@alice with bob' "INSERT INTO share (id, image, account, region) VALUES ($web, $copy, $bob, 2)"
finds share 'south/web@alice with bob' "INSERT INTO share (id, image, account, region) VALUES (99999, $copy, $bob, 2)"
finds share 'north/web@alice with carol' "UPDATE share SET account = $carol WHERE id = ($share = $dave)"
finds share 'south/web@alice with dave' "UPDATE share SET image = $copy WHERE id = ($share = $dave)"
finds share 'image 77777 with dave' "UPDATE share SET image = 77777 WHERE id = ($share = $dave)"
finds share 'north/web@alice with dave' "UPDATE share SET region = 2 WHERE id = ($share = $dave)"
finds event '[0-9]+' \
        "UPDATE share SET until_event = $FAR WHERE until_event = (SELECT max(id) FROM event WHERE op = 'expire')"
finds event '[0-9]+' \
        "UPDATE share SET until_event = $FAR WHERE until_event = (SELECT max(id) FROM event
            WHERE account = 'zoe' AND op = 'unshare')"

# When they expire.
finds share 'north/web@alice with bob' "UPDATE share_expiry SET expires = expires + 1 WHERE until_event = $FAR"
finds event '[0-9]+' "DELETE FROM share_expiry WHERE until_event = $FAR"
finds event '[0-9]+' \
        "UPDATE share_expiry SET until_event = $FAR WHERE until_event = (SELECT max(id) FROM event
            WHERE detail LIKE '%never%')"
finds share 'north/web@alice with dave' \
        "INSERT INTO share_expiry (share, from_event, expires) VALUES (($share = $dave), ($share = $dave), 1)"
finds share 'north/web@alice with dave' "UPDATE share_expiry SET share = ($share = $dave) WHERE until_event = $FAR"
finds share 'north/web@alice with bob' \
        "UPDATE share_expiry SET until_event = until_event + 1
            WHERE share = ($share = $bob) AND until_event <> $FAR"

# Places and names.
finds image 'north/mine@alice' "UPDATE place_name SET name = 'mine' WHERE place = $web"
finds event '[0-9]+' "UPDATE place_name SET name = 'mine' WHERE place = $data AND until_event <> $FAR"
finds image 'north/web@bob' "UPDATE place_name SET owner = $bob WHERE place = $web"
finds image 'north/web@alice' "UPDATE place SET owner = $bob WHERE id = $web"
finds image 'north/web@bob' \
        "UPDATE place_name SET owner = $bob WHERE place = $web; UPDATE place SET owner = $bob WHERE id = $web"
finds image 'south/old@alice' "UPDATE place SET region = 1 WHERE id = $old"
finds event "$web" "DELETE FROM place WHERE id = $web"
finds event "$data" "DELETE FROM place_name WHERE place = $data AND until_event <> $FAR"
finds image 'north/data@alice' \
        "INSERT INTO place_name (place, from_event, region, owner, name, until_event)
            VALUES ($data, $data, 2, $alice, 'data', 99999)"
finds image 'north/draft@alice' \
        "UPDATE place SET until_event = (SELECT max(id) FROM event WHERE op = 'delete')
            WHERE id = $(place_of draft)"
finds event '[0-9]+' "UPDATE place SET until_event = $FAR WHERE id = $(place_of gone)"
finds event '[0-9]+' "UPDATE place_name SET until_event = $FAR WHERE place = $(place_of gone)"
finds image 'number 99999' "INSERT INTO place (id, region, owner) VALUES (99999, 1, $bob)"
finds image 'north/draft@alice' "UPDATE place_name SET until_event = $web WHERE place = $(place_of draft)"

# Images: their disks, states, sizes, sources, reviews.
finds image 'south/old@alice' "UPDATE image SET disk_event = id WHERE id = $(image_of "$old")"
finds event '[0-9]+' "UPDATE image SET disk_event = NULL WHERE id = $image"
finds image 'north/draft@alice' "UPDATE image SET available_event = id, disk_event = id WHERE place = $(place_of draft)"
finds event '[0-9]+' "UPDATE image SET available_event = NULL WHERE id = $image"
finds event '[0-9]+' "UPDATE image SET available_event = NULL WHERE id = $copy"
finds event '[0-9]+' "UPDATE image SET sealed_event = NULL, size = NULL WHERE id = $image"
finds image 'south/web@alice' "UPDATE image SET sealed_event = id, size = 65536 WHERE id = $copy"
finds image 'south/web@alice' \
        "UPDATE image SET sealed_event = (SELECT sealed_event FROM image WHERE id = $image), size = 65536
            WHERE id = $copy"
finds image 'north/web@alice' "UPDATE image SET size = 1 WHERE id = $image"
finds image 'north/web@alice' "UPDATE image SET format = 'qcow2' WHERE id = $image"
finds image 'north/web@alice' "UPDATE image SET format = NULL WHERE id = $image"
finds event '[0-9]+' "DELETE FROM lineage WHERE image = $copy"
finds image 'south/web@alice' "UPDATE lineage SET source = $(image_of "$data") WHERE image = $copy"
finds image 'south/web@alice' "UPDATE lineage SET from_event = from_event + 1 WHERE image = $copy"
finds image 'south/web@alice' "UPDATE lineage SET until_event = (SELECT max(id) FROM event) WHERE image = $copy"
finds image 'number 77777' "INSERT INTO lineage (image, from_event, source) VALUES (77777, $image, $image)"
finds image 'north/web@alice' \
        "INSERT INTO lineage (image, from_event, source) VALUES ($image, $image, $(image_of "$data"))"
finds image 'north/custom@bob' \
        "UPDATE lineage SET source = (SELECT min(id) FROM launch) WHERE image = $(image_of "$(place_of custom)")"
finds event '[0-9]+' \
        "DELETE FROM lineage WHERE image IN (SELECT id FROM image WHERE place = $old AND until_event <> $FAR)"
finds event '[0-9]+' "DELETE FROM review WHERE image = $image"
finds image 'north/web@alice' "UPDATE review SET until_event = $unshared WHERE image = $image"
finds image 'north/data@alice' "INSERT INTO review (image, from_event) VALUES ($(image_of "$data"), $data)"
finds image 'south/web@alice' "INSERT INTO review (image, from_event) VALUES ($copy, $copy)"
finds event '[0-9]+' "DELETE FROM image WHERE id = $(image_of "$old")"
finds event '[0-9]+' \
        "UPDATE image SET until_event = $FAR WHERE id = (SELECT max(id) FROM image WHERE place = $(place_of gone))"
finds image 'north/draft@alice' \
        "UPDATE image SET until_event = (SELECT max(id) FROM event WHERE op = 'delete')
            WHERE place = $(place_of draft)"
finds image '.*' "INSERT INTO image (id, place, until_event) VALUES (99999, $web, 100000)"
finds image 'north/draft@alice' "UPDATE image SET place = $(place_of draft), until_event = 99999 WHERE id = $image"

# What else is in them.
finds description 'north/web@alice' "UPDATE description SET text = 'safe' WHERE place = $web AND until_event = $FAR"
finds description 'north/web@alice' "UPDATE description SET text = 'safe' WHERE place = $web AND until_event <> $FAR"
finds event '[0-9]+' "DELETE FROM description WHERE place = $web AND until_event = $FAR"
finds event '[0-9]+' "UPDATE description SET until_event = $FAR WHERE place = $linked"
finds description 'south/linked@alice' \
        "INSERT INTO description (id, from_event, place, text, mtime) VALUES ($linked, $linked, $linked, '', 1)"
finds description 'south/linked@alice' \
        "UPDATE description SET place = $linked WHERE place = $web AND until_event = $FAR"
finds description 'north/web@alice' \
        "UPDATE description SET until_event = (SELECT max(id) FROM event) WHERE place = $web AND until_event = $FAR"
finds event '[0-9]+' "DELETE FROM shares_link WHERE place = $web"
finds event '[0-9]+' "UPDATE shares_link SET until_event = $FAR WHERE place = $linked"
finds link 'south/linked@alice' "INSERT INTO shares_link (id, place) VALUES ($linked, $linked)"
finds link 'north/web@alice' "UPDATE shares_link SET until_event = $unshared WHERE place = $web"

# Trust.
finds trust 'carol trusts alice' \
        "INSERT INTO trust (account, owner, from_event)
            VALUES ($carol, $alice, (SELECT min(from_event) FROM trust))"
finds event '[0-9]+' "DELETE FROM trust WHERE owner = $alice"
finds event '[0-9]+' "UPDATE trust SET until_event = $FAR WHERE owner = $carol"
finds trust 'bob trusts alice' \
        "UPDATE trust SET until_event = (SELECT until_event FROM trust WHERE owner = $carol) WHERE owner = $alice"
finds trust 'bob trusts dave' "UPDATE trust SET owner = $dave WHERE owner = $alice"

# Instances.
finds instance 'north/vm9@bob' "UPDATE instance SET name = 'vm9' WHERE id = $vm1"
finds instance 'north/vm1@carol' "UPDATE instance SET owner = $carol WHERE id = $vm1"
finds instance 'south/vm1@bob' "UPDATE instance SET region = 2 WHERE id = $vm1"
finds event "$vm1" "DELETE FROM instance WHERE id = $vm1"
finds event '[0-9]+' "UPDATE instance SET until_event = $FAR WHERE name = 'gone'"
finds instance 'north/vm1@bob' \
        "UPDATE instance SET until_event = (SELECT until_event FROM instance WHERE name = 'gone') WHERE id = $vm1"
finds instance 'north/vm9@bob' "INSERT INTO instance (id, region, owner, name) VALUES (99999, 1, $bob, 'vm9')"
finds instance 'north/vm1@bob' "UPDATE launch SET image = $image WHERE instance = $vm1"
finds instance 'north/vm1@bob' "UPDATE launch SET image_name = 'web@carol' WHERE instance = $vm1"
finds event '[0-9]+' "UPDATE launch SET until_event = $FAR WHERE instance = $vm1"
finds instance 'north/vm1@bob' \
        "UPDATE launch SET until_event = (SELECT max(id) FROM event) WHERE instance = $vm1 AND until_event = $FAR"
finds instance 'north/vm1@bob' "UPDATE launch SET image_until = $unshared WHERE instance = $vm1 AND until_event = $FAR"
finds event '[0-9]+' "DELETE FROM launch WHERE instance = $vm1 AND until_event = $FAR"
finds event '[0-9]+' "UPDATE launch SET image_until = $FAR WHERE image_until <> $FAR"
finds event '[0-9]+' "UPDATE launch SET until_event = $FAR WHERE image_until <> $FAR"
finds instance 'north/vm1@bob' \
        "INSERT INTO launch (instance, image, image_name, from_event)
            SELECT instance, image, image_name, from_event FROM launch WHERE instance = $vm1"

# Columns of the log that are not hashed: whose history an event belongs to, a refusal's too.
refusal=$(event 'rule IS NOT NULL')
finds event "$unshared" "UPDATE event SET place = NULL WHERE id = $unshared"
finds event "$unshared" "UPDATE event SET place = $data WHERE id = $unshared"
finds event "$unshared" "UPDATE event SET owner = $carol WHERE id = $unshared"
finds event "$refusal" "UPDATE event SET place = $data WHERE id = $refusal"
finds event "$(event "op = 'launch'")" "UPDATE event SET owner = NULL WHERE op = 'launch'"
finds event "$vm1" "UPDATE event SET place = $web WHERE id = $vm1"

cp "$T/sound" "$DIR/catalog.db"

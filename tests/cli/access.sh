#!/bin/bash
# SPDX-License-Identifier: MIT
# imgshare access: who sees what, by account, by image and all, to whom it is told, and in which format.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
: >"$tmp/no_oracle" # rows and events by SQL, of which one says nothing of the other

quiet init "$cat"
for region in north south; do quiet -C "$cat" region add "$region"; done
for account in alice bob carol zoe; do quiet -C "$cat" account add "$account"; done
quiet -C "$cat" account add eve --role auditor
sqlite3 "$cat/catalog.db" >"$tmp/out" <<'SQL' || fail "cannot fill the catalog"
WITH RECURSIVE n (id) AS (VALUES (1001) UNION ALL SELECT id + 1 FROM n WHERE id < 1099)
INSERT INTO event (id, time, actor, uid, via, op, length, hash)
  SELECT id, (SELECT max(time) FROM event), 1, 0, 'cli', 'create', 2, zeroblob(32) FROM n;
CREATE TEMP TABLE new (id, region, owner, name);
INSERT INTO new VALUES (1001, 'north', 'alice', 'web'), (1002, 'south', 'alice', 'web'), (1003, 'north', 'bob', 'db'),
  (1004, 'north', 'alice', 'alone');
CREATE TEMP VIEW made AS SELECT n.id, r.id AS region, a.id AS owner, n.name
  FROM new n JOIN region r ON r.name = n.region JOIN account a ON a.name = n.owner;
INSERT INTO place (id, region, owner) SELECT id, region, owner FROM made;
INSERT INTO place_name (place, from_event, region, owner, name) SELECT id, id, region, owner, name FROM made;
INSERT INTO image (id, place, disk_event, available_event, sealed_event, size) SELECT id, id, id, id, id, 1 FROM made;
CREATE TEMP TABLE granted (id, image, account, until);
INSERT INTO granted VALUES (1020, 1002, 'bob', NULL), (1021, 1001, 'bob', NULL), (1022, 1001, 'carol', NULL),
  (1023, 1003, 'alice', NULL), (1024, 1003, 'carol', 1090), -- ended
  (1025, 1001, 'zoe', NULL);                                -- expired, which nobody has noticed yet
INSERT INTO share (id, image, account, region, until_event)
  SELECT g.id, image, a.id, p.region, coalesce(until, 140737488355327)
  FROM granted g JOIN account a ON a.name = g.account JOIN place p ON p.id = g.image;
INSERT INTO share_expiry (share, from_event, expires) VALUES (1025, 1026, 1000), (1022, 1027, 253402300799999);
SQL

south=$'south\tweb@alice\tbob' north=$'north\tweb@alice\tbob' db=$'north\tdb@bob\talice'
carol=$'north\tweb@alice\tcarol\t9999-12-31T23:59:59.999Z'

for who in operator eve; do
    done_ -C "$cat" --as "$who" access --all
    prints "$south" "$north" "$carol" "$db"
    done_ -C "$cat" --as "$who" access bob
    prints "$north" "$south"
    done_ -C "$cat" --as "$who" access north/web@alice
    prints "$north" "$carol"
    quiet -C "$cat" --as "$who" access zoe
    quiet -C "$cat" --as "$who" access north/alone@alice
done

# An ordinary account: its own images' shares, and its own received ones.
done_ -C "$cat" --as alice access --all
prints "$north" "$carol" "$south" "$db"
done_ -C "$cat" --as bob access --all
prints "$db" "$north" "$south"
done_ -C "$cat" --as carol access --all
prints "$carol"
quiet -C "$cat" --as zoe access --all
done_ -C "$cat" --as carol access carol
prints "$carol"
done_ -C "$cat" --as alice access bob
prints "$north" "$south"
quiet -C "$cat" --as bob access carol
done_ -C "$cat" --as bob access alice
prints "$db"
done_ -C "$cat" --as alice access north/web@alice
prints "$north" "$carol"
done_ -C "$cat" --as bob access north/web@alice
prints "$north"
refused "image 'north/web@alice': no such image" -C "$cat" --as zoe access north/web@alice
refused "image 'north/db@bob': no such image" -C "$cat" --as carol access north/db@bob
refused "image 'north/nix@bob': no such image" -C "$cat" access north/nix@bob
refused "account 'nobody': no such account" -C "$cat" access nobody
refused "account '': no such account" -C "$cat" access ''
refused "account 'web@alice': no such account" -C "$cat" access web@alice

done_ -C "$cat" access --json north/web@alice
json '[list(r.values()) for r in rows]' \
    '[["north", "web@alice", "bob", null], ["north", "web@alice", "carol", "9999-12-31T23:59:59.999Z"]]'
json 'list(rows[0])' '["region", "image", "account", "expires"]'
done_ -C "$cat" --as zoe access --all --json
json rows '[]'
if command -v script >/dev/null; then
    on_terminal -C "$cat" access bob
    prints 'region image     account expires' 'north  web@alice bob     -' 'south  web@alice bob     -'
fi

# More than a page, of one image and of many, each once.
sqlite3 "$cat/catalog.db" <<'SQL' || fail "cannot fill the catalog"
WITH RECURSIVE n (id) AS (VALUES (2000) UNION ALL SELECT id + 1 FROM n WHERE id < 3199)
INSERT INTO event (id, time, actor, uid, via, op, length, hash)
  SELECT id, (SELECT max(time) FROM event), 1, 0, 'cli', 'create', 2, zeroblob(32) FROM n;
INSERT INTO account (name, role, from_event) SELECT 'n' || id, 0, id FROM event WHERE id BETWEEN 2000 AND 2599;
INSERT INTO share (id, image, account, region)
  SELECT from_event, 1001, id, (SELECT region FROM place WHERE id = 1001) FROM account WHERE name LIKE 'n2%';
INSERT INTO place (id, region, owner) SELECT e.id, p.region, p.owner FROM event e, place p
  WHERE e.id BETWEEN 2600 AND 2899 AND p.id = 1001;
INSERT INTO place_name (place, from_event, region, owner, name) SELECT id, id, region, owner, 'i' || id FROM place
  WHERE id >= 2600;
INSERT INTO image (id, place) SELECT id, id FROM place WHERE id >= 2600;
INSERT INTO share (id, image, account, region)
  SELECT i.id + 300, i.id, (SELECT id FROM account WHERE name = 'bob'), p.region
  FROM image i JOIN place p ON p.id = i.place WHERE i.id >= 2600;
SQL
for count in '904 access --all' '904 --as alice access --all' '602 access north/web@alice' '302 access bob' \
    '302 --as alice access bob' '303 --as bob access --all'; do
    # shellcheck disable=SC2086 # words
    done_ -C "$cat" ${count#* }
    [ "$(sort -u "$tmp/out" | wc -l)" -eq "$(wc -l <"$tmp/out")" ] || fail "twice"
    [ "$(wc -l <"$tmp/out")" -eq "${count%% *}" ] || fail "not $count"
done

usage "access: an account, an image or '--all', see 'imgshare access --help'" -C "$cat" access
usage "access: an account, an image or '--all', see 'imgshare access --help'" -C "$cat" access bob --all
usage "access: too many arguments, usage: *" -C "$cat" access bob carol
usage "option '--all': not for 'check'" -C "$cat" check --all
status=0 ran="imgshare access --all >/dev/full"
"$IMGSHARE" -C "$cat" access --all >/dev/full 2>"$tmp/err" || status=$?
: >"$tmp/out"
[ "$status" -eq 1 ] || fail "status is not 1"
one_line "standard output: no space left"

#!/bin/bash
# SPDX-License-Identifier: MIT
# imgshare exposure: to whom an image's bytes went, as rows, JSON and a graph; who may ask, and what is hidden from an
# owner. The catalog is filled by hand, so that times and numbers are known; tests/mount makes one with real tools.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
: >"$tmp/no_oracle" # rows and events by SQL, of which one says nothing of the other

quiet init "$cat"
for region in north south; do quiet -C "$cat" region add "$region"; done
for account in alice bob carol dave hidden zoe; do quiet -C "$cat" account add "$account"; done
quiet -C "$cat" account add eve --role auditor

# Events 1001 to 1099 are one a minute from 2026-05-03T00:00Z on. Ends given as 1090.
sqlite3 "$cat/catalog.db" >"$tmp/out" <<'SQL' || fail "cannot fill the catalog"
WITH RECURSIVE n (id) AS (VALUES (1001) UNION ALL SELECT id + 1 FROM n WHERE id < 1099)
INSERT INTO event (id, time, actor, uid, via, op, length, hash)
  SELECT id, 1777766400000 + (id - 1000) * 60000, 1, 0, 'cli', 'create', 2, x'00' FROM n;
CREATE TEMP TABLE new (id, region, owner, name, source, twin);
INSERT INTO new VALUES
  (1001, 'north', 'alice', 'web', NULL, NULL),
  (1002, 'south', 'alice', 'web', 1001, NULL),               -- a copy
  (1003, 'north', 'bob', 'new', 34359739001, NULL),          -- a custom image from bob's vm1
  (1004, 'south', 'bob', 'far', 1003, NULL),                 -- its copy
  (1005, 'north', 'carol', 'twin', NULL, 1001),              -- read and written again by carol
  (1006, 'north', 'alice', 'alone', NULL, NULL);
CREATE TEMP VIEW made AS SELECT n.id, r.id AS region, a.id AS owner, n.name, n.source, n.twin
  FROM new n JOIN region r ON r.name = n.region JOIN account a ON a.name = n.owner;
INSERT INTO place (id, region, owner) SELECT id, region, owner FROM made;
INSERT INTO place_name (place, from_event, region, owner, name) SELECT id, id, region, owner, name FROM made;
INSERT INTO image (id, place, disk_event, available_event, sealed_event, size, same_content)
  SELECT id, id, id, id, id, 1, twin FROM made;
INSERT INTO lineage (image, from_event, source) SELECT id, id, source FROM made WHERE source IS NOT NULL;
INSERT INTO instance (id, region, owner, name)
  SELECT 1010, r.id, a.id, 'vm1' FROM region r, account a WHERE r.name = 'north' AND a.name = 'bob';
INSERT INTO launch (id, instance, image, image_name, from_event) VALUES (34359739001, 1010, 1001, 'web@alice', 1011);
CREATE TEMP TABLE granted (id, image, account, until);
INSERT INTO granted VALUES
  (1020, 1001, 'bob', 1090), (1091, 1001, 'bob', NULL),      -- twice
  (1021, 1001, 'carol', 1090),
  (1022, 1002, 'dave', NULL),
  (1023, 1004, 'hidden', NULL),                              -- an account of that name
  (1024, 1005, 'dave', 1090),
  (1025, 1002, 'zoe', NULL);                                 -- expired, which nobody has noticed yet
INSERT INTO share (id, image, account, region, until_event)
  SELECT g.id, image, a.id, p.region, coalesce(until, 140737488355327)
  FROM granted g JOIN account a ON a.name = g.account JOIN place p ON p.id = g.image;
INSERT INTO share_expiry (share, from_event, expires) VALUES (1025, 1026, 1777768020000), (1022, 1027, 253402300799999);
SQL
[ -s "$tmp/out" ] && fail "prints"

# rows LINE...: what the last run printed, in any order; `time` of event N is its minute.
rows() {
    [ "$(sort "$tmp/out")" = "$(printf '%s\n' "$@" | sort)" ] || fail "not the rows"
}
# paths IMAGE: the last run's rows, as account, how, path and time.
paths() {
    awk -v image="$1" -f "$(dirname "$0")/../exposure.awk" "$tmp/out" >"$tmp/paths" || fail "no rows that name an earlier one"
    mv "$tmp/paths" "$tmp/out"
}
row() {
    printf '%s\t%s\t%s\t2026-05-03T%02d:%02d:00.000Z' "$1" "$2" "$3" $((($4 - 1000) / 60)) $((($4 - 1000) % 60))
}
web=north/web@alice vm=north/vm1@bob new=north/new@bob far=south/far@bob twin=north/twin@carol
all=(
    "$(row bob 'past share' $web 1020)"
    "$(row bob share $web 1091)"
    "$(row carol 'past share' $web 1021)"
    "$(row alice copy "$web > south/web@alice" 1002)"
    "$(row dave share "$web > south/web@alice" 1022)"
    "$(row zoe 'past share' "$web > south/web@alice" 1025)"
    "$(row bob launch "$web > $vm" 1011)"
    "$(row bob custom "$web > $vm > $new" 1003)"
    "$(row bob copy "$web > $vm > $new > $far" 1004)"
    "$(row hidden share "$web > $vm > $new > $far" 1023)"
    "$(row carol same-content "$web > $twin" 1005)"
    "$(row dave 'past share' "$web > $twin" 1024)"
)
for who in operator eve; do
    done_ -C "$cat" --as "$who" exposure $web
    [ "$(cut -f 1 "$tmp/out")" = "$(seq ${#all[@]})" ] || fail "rows are not numbered"
    paths $web
    rows "${all[@]}"
done

# From the middle of the chain only what comes behind it.
done_ -C "$cat" exposure $new
paths $new
rows "$(row bob copy "$new > $far" 1004)" "$(row hidden share "$new > $far" 1023)"
done_ -C "$cat" --as bob exposure $new
paths $new
rows "$(row bob copy "$new > $far" 1004)" "$(row hidden share "$new > $far" 1023)"

# The owner: who and how, but of others' objects only how many, from the last own one before them.
done_ -C "$cat" --as alice exposure $web
paths $web
h=hidden
rows "${all[@]:0:6}" \
    "$(row bob launch "$web > $h" 1011)" \
    "$(row bob custom "$web > $h" 1003)" \
    "$(row bob copy "$web > $h" 1004)" \
    "$(row hidden share "$web > $h" 1023)" \
    "$(row carol same-content "$web > $h" 1005)" \
    "$(row dave 'past share' "$web > $h" 1024)"
sqlite3 "$cat/catalog.db" "INSERT INTO launch (id, instance, image, image_name, from_event)
    VALUES (34359739002, 1010, 1001, 'web@alice', 1012), (34359739003, 1010, 1002, 'web@alice', 1013)"
done_ -C "$cat" --as alice exposure $web
paths $web
grep -qxF "$(row bob launch "$web > 2 $h" 1011)" "$tmp/out" || fail "not counted"
grep -qxF "$(row bob launch "$web > south/web@alice > $h" 1013)" "$tmp/out" || fail "not from the own copy"
sqlite3 "$cat/catalog.db" 'DELETE FROM launch WHERE id > 34359739001'

# JSON and terminal.
done_ -C "$cat" exposure $web --json
json 'len(rows)' "${#all[@]}"
json 'list(rows[0])' '["row", "account", "how", "from", "since", "count", "object"]'
json '[list(r.values())[1:3] + [r["object"], rows[r["from"] - 1]["object"], r["since"]] for r in rows if r["how"] == "custom"]' \
    "[[\"bob\", \"custom\", \"$new\", \"$vm\", \"2026-05-03T00:03:00.000Z\"]]"
json '[r["from"] for r in rows if r["how"] == "launch"]' '[null]'
if command -v script >/dev/null; then
    on_terminal -C "$cat" exposure $web
    head -n 1 "$tmp/out" | grep -qE '^object +account +how +since$' || fail "no header"
    grep -qE '^north/vm1@bob +bob +launch' "$tmp/out" || fail "no instance"
    grep -qE '^[^n]+north/new@bob +bob +custom' "$tmp/out" || fail "no tree"
    awk 'length > 80 { exit 1 }' "$tmp/out" || fail "wider than the terminal"
fi

# drawn NODES-AND-EDGES: the graph is that, and Graphviz, where there is one, reads it.
drawn() {
    prints 'digraph exposure {' '        rankdir=LR;' '        node [shape=box];' "$1" '}'
    if command -v dot >/dev/null; then
        dot -Tplain "$tmp/out" >"$tmp/plain" 2>"$tmp/err" || fail "dot fails"
        [ -s "$tmp/err" ] && fail "dot complains"
        [ "$(grep -c '^edge ' "$tmp/plain")" -eq "$(grep -c -e ' -> ' <<<"$1")" ] || fail "dot draws other edges"
        [ "$(grep -c '^node ' "$tmp/plain")" -eq "$(grep -vc -e ' -> ' <<<"$1")" ] || fail "dot draws other nodes"
    fi
}
done_ -C "$cat" exposure $web --dot
drawn '        "account alice" [label="alice", shape=ellipse];
        "account bob" [label="bob", shape=ellipse];
        "account carol" [label="carol", shape=ellipse];
        "account dave" [label="dave", shape=ellipse];
        "account hidden" [label="hidden", shape=ellipse];
        "account zoe" [label="zoe", shape=ellipse];
        "north/new@bob";
        "north/twin@carol";
        "north/vm1@bob";
        "north/web@alice";
        "south/far@bob";
        "south/web@alice";
        "north/new@bob" -> "account bob";
        "north/new@bob" -> "south/far@bob" [label="copy"];
        "north/twin@carol" -> "account carol";
        "north/twin@carol" -> "account dave" [label="past share"];
        "north/vm1@bob" -> "account bob";
        "north/vm1@bob" -> "north/new@bob" [label="custom"];
        "north/web@alice" -> "account bob" [label="past share"];
        "north/web@alice" -> "account bob" [label="share"];
        "north/web@alice" -> "account carol" [label="past share"];
        "north/web@alice" -> "north/twin@carol" [label="same-content"];
        "north/web@alice" -> "north/vm1@bob" [label="launch"];
        "north/web@alice" -> "south/web@alice" [label="copy"];
        "south/far@bob" -> "account bob";
        "south/far@bob" -> "account hidden" [label="share"];
        "south/web@alice" -> "account alice";
        "south/web@alice" -> "account dave" [label="share"];
        "south/web@alice" -> "account zoe" [label="past share"];'
done_ -C "$cat" --as alice exposure $web --dot
drawn '        "account alice" [label="alice", shape=ellipse];
        "account bob" [label="bob", shape=ellipse];
        "account carol" [label="carol", shape=ellipse];
        "account dave" [label="dave", shape=ellipse];
        "account hidden" [label="hidden", shape=ellipse];
        "account zoe" [label="zoe", shape=ellipse];
        "hidden 10" [label="hidden", style=dashed];
        "hidden 11" [label="hidden", style=dashed];
        "hidden 12" [label="hidden", style=dashed];
        "hidden 7" [label="hidden", style=dashed];
        "hidden 8" [label="hidden", style=dashed];
        "hidden 9" [label="hidden", style=dashed];
        "north/web@alice";
        "south/web@alice";
        "hidden 10" -> "account bob";
        "hidden 11" -> "account bob";
        "hidden 12" -> "account hidden";
        "hidden 7" -> "account carol";
        "hidden 8" -> "account bob";
        "hidden 9" -> "account dave";
        "north/web@alice" -> "account bob" [label="past share"];
        "north/web@alice" -> "account bob" [label="share"];
        "north/web@alice" -> "account carol" [label="past share"];
        "north/web@alice" -> "hidden 10" [label="custom"];
        "north/web@alice" -> "hidden 11" [label="copy"];
        "north/web@alice" -> "hidden 12" [label="share"];
        "north/web@alice" -> "hidden 7" [label="same-content"];
        "north/web@alice" -> "hidden 8" [label="launch"];
        "north/web@alice" -> "hidden 9" [label="past share"];
        "north/web@alice" -> "south/web@alice" [label="copy"];
        "south/web@alice" -> "account alice";
        "south/web@alice" -> "account dave" [label="share"];
        "south/web@alice" -> "account zoe" [label="past share"];'

# A chain: a line a link, and on a terminal no deeper than can be read.
sqlite3 "$cat/catalog.db" <<'SQL'
CREATE TEMP TABLE link AS WITH RECURSIVE n (i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM n WHERE i < 600) SELECT i FROM n;
INSERT INTO event (id, time, actor, uid, via, op, length, hash) SELECT 2000 + i, 1777790000000, 1, 0, 'cli', 'create', 2, x'00' FROM link;
INSERT INTO place (id, region, owner) SELECT 2000 + i, r.id, a.id FROM link, region r, account a WHERE r.name = 'north' AND a.name = 'alice';
INSERT INTO place_name (place, from_event, region, owner, name) SELECT id, id, region, owner, 'link' || (id - 2000) FROM place WHERE id >= 2000;
INSERT INTO image (id, place, disk_event, available_event) SELECT 2000 + i, 2000 + i, 2000 + i, 2000 + i FROM link;
INSERT INTO lineage (image, from_event, source) SELECT 2001 + i, 2001 + i, 2000 + i FROM link WHERE i < 600;
SQL
done_ -C "$cat" exposure north/link0@alice
[ "$(tail -n 1 "$tmp/out" | cut -f 1-4,6-7)" = "600	alice	copy	599	1	north/link600@alice" ] || fail "not the chain's end"
[ "$(awk 'length > 100' "$tmp/out" | wc -l)" -eq 0 ] || fail "longer, the deeper"
if command -v script >/dev/null; then
    on_terminal -C "$cat" exposure north/link0@alice
    grep -q 'north/link12@alice' "$tmp/out" || fail "folded earlier"
    ! grep -q 'north/link13@alice' "$tmp/out" || fail "folded later"
    grep -q '… 588 more rows' "$tmp/out" || fail "does not say how many are folded"
fi

# An image that nobody but its owner had.
quiet -C "$cat" exposure north/alone@alice
done_ -C "$cat" exposure north/alone@alice --json
json rows '[]'
done_ -C "$cat" exposure north/alone@alice --dot
drawn '        "north/alone@alice";'

# Who may not, and what is not there.
seen='only its owner, an auditor or an operator sees that'
for flag in '' --json --dot; do
    # shellcheck disable=SC2086 # no flag, no word
    refused "image '$web': $seen" -C "$cat" --as bob exposure $web $flag
done
refused "image 'south/web@alice': $seen" -C "$cat" --as dave exposure south/web@alice
refused "image 'south/web@alice': no such image" -C "$cat" --as zoe exposure south/web@alice
for who in carol dave zoe; do # a past share, a share of its copy, none: all as if there were no such image
    refused "image '$web': no such image" -C "$cat" --as "$who" exposure $web
done
for none in '' / @ /@ web web@alice north/web north/ north/@ north/@alice north/web@ north//web@alice \
    /north/web@alice north/web@alice/ north/web@alice/disk north/web@alice@alice north/web@bob north/web@nobody \
    south/new@bob west/web@alice North/web@alice regions/north/images/web@alice $vm \
    "$(printf 'n%.0s' {1..300})/web@alice" "north/$(printf 'w%.0s' {1..300})@alice"; do
    refused "image '$none': no such image" -C "$cat" exposure "$none"
done
refused "image 'no?such': no such image" -C "$cat" exposure $'no\nsuch'
refused "image 'north/a?@alice': no such image" -C "$cat" exposure $'north/a\x01@alice'

usage "exposure: too few arguments, usage: imgshare exposure IMAGE \[--json|--dot\] \[--asof T\]" -C "$cat" exposure
usage "exposure: too many arguments, usage: *" -C "$cat" exposure $web $new
usage "option '--dot': not with '--json'" -C "$cat" exposure $web --dot --json
usage "option '--dot': takes no value" -C "$cat" exposure $web --dot=svg
status=0 ran="imgshare exposure --dot >/dev/full"
"$IMGSHARE" -C "$cat" exposure $web --dot >/dev/full 2>"$tmp/err" || status=$?
: >"$tmp/out"
[ "$status" -eq 1 ] || fail "status is not 1"
one_line "standard output: no space left"

#!/bin/bash
# SPDX-License-Identifier: MIT
# imgshare apply: what a file wants and the catalog lacks, what it does not list, what the rules refuse, and the plan.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
: >"$tmp/no_oracle" # rows and events by SQL, of which one says nothing of the other

# catalog DIR: north and south with web, db and alone of alice's, mail of bob's, all sealed.
catalog() {
    quiet init "$1"
    for region in north south; do quiet -C "$1" region add "$region"; done
    for account in alice bob carol dave zoe; do quiet -C "$1" account add "$account"; done
    quiet -C "$1" account add eve --role auditor
    sqlite3 "$1/catalog.db" >"$tmp/out" <<'SQL' || fail "cannot fill the catalog"
WITH RECURSIVE n (id) AS (VALUES (1001) UNION ALL SELECT id + 1 FROM n WHERE id < 1099)
INSERT INTO event (id, time, actor, uid, via, op, length, hash)
  SELECT id, (SELECT max(time) FROM event), 1, 0, 'cli', 'create', 2, zeroblob(32) FROM n;
CREATE TEMP TABLE new (id, region, owner, name);
INSERT INTO new VALUES (1001, 'north', 'alice', 'web'), (1002, 'south', 'alice', 'web'), (1003, 'north', 'bob', 'mail'),
  (1004, 'north', 'alice', 'alone'), (1005, 'north', 'alice', 'draft');
CREATE TEMP VIEW made AS SELECT n.id, r.id AS region, a.id AS owner, n.name
  FROM new n JOIN region r ON r.name = n.region JOIN account a ON a.name = n.owner;
INSERT INTO place (id, region, owner) SELECT id, region, owner FROM made;
INSERT INTO place_name (place, from_event, region, owner, name) SELECT id, id, region, owner, name FROM made;
INSERT INTO image (id, place, disk_event, available_event, sealed_event, size, format)
  SELECT id, id, id, id, id, 1, 'raw' FROM made WHERE name <> 'draft';
INSERT INTO image (id, place) SELECT id, id FROM made WHERE name = 'draft';
SQL
}

# lines LINE...: the file, with spaces for tabs.
lines() {
    printf '%s\n' "$@" | tr ' ' '\t' >"$tmp/wanted"
}

# apply ARGUMENT...: of the file, with spaces for tabs in what it prints.
apply() {
    ran="imgshare apply $* <wanted" status=0
    timeout 60 "$IMGSHARE" -C "$cat" "${options[@]}" apply "$@" <"$tmp/wanted" >"$tmp/out" 2>"$tmp/err" || status=$?
    sed -i 's/\t/ /g' "$tmp/out"
}
options=()
applied() {
    apply "$@"
    [ "$status" -eq 0 ] || fail "not done"
    [ -s "$tmp/err" ] && fail "complains"
    return 0
}

# complains LINE...: exactly that, and the exit status says so.
complains() {
    [ "$status" -eq 1 ] || fail "status is not 1"
    [ "$(cat "$tmp/err")" = "$(printf 'imgshare: %s\n' "$@")" ] || fail "does not complain: $*"
}

# shares LINE...: all there are, in any order.
shares() {
    "$IMGSHARE" -C "$cat" access --all | tr '\t' ' ' | sort >"$tmp/out"
    [ "$(cat "$tmp/out")" = "$([ $# -eq 0 ] || printf '%s\n' "$@" | sort)" ] || fail "not the shares: $*"
}

events() {
    sqlite3 "$cat/catalog.db" "SELECT count(*) FROM event WHERE $1"
}

# logged CONDITION COUNT
logged() {
    [ "$(events "$1")" -eq "$2" ] || fail "not $2 events with $1 but $(events "$1")"
}

catalog "$cat"

# The plan changes nothing, and is what happens then.
lines '# the web' 'north web@alice bob' '' 'north web@alice carol 9999-12-31' '  # and the mail' \
    'north mail@bob alice never' 'south web@alice -'
applied -n
prints 'share north web@alice bob' 'share north web@alice carol 9999-12-31T23:59:59.999Z' 'share north mail@bob alice'
shares
logged "op NOT IN ('init', 'region-add', 'account-add', 'create')" 0
applied
prints ''
all=('north web@alice bob' 'north web@alice carol 9999-12-31T23:59:59.999Z' 'north mail@bob alice')
shares "${all[@]}"

# Each is logged as its owner's, asked by the caller through the command.
logged "op = 'share'" 3
logged "op = 'share' AND via = 'cli' AND uid = $(id -u) AND object = 'north/web@alice' AND account = 'bob' AND
    actor = (SELECT id FROM account WHERE name = 'alice') AND rule IS NULL AND place = 1001" 1
logged "op = 'share' AND object = 'north/mail@bob' AND actor = (SELECT id FROM account WHERE name = 'bob')" 1
logged "op = 'set-expiry' AND json_extract(detail, '$.expires') = '9999-12-31T23:59:59.999Z'" 1

# What is so already is no change, whoever lists it.
count=$(events 1)
applied
applied -n
prints ''
for who in operator alice bob carol eve; do
    options=(--as "$who")
    "$IMGSHARE" -C "$cat" --as "$who" access --all >"$tmp/wanted"
    [ -s "$tmp/wanted" ] || fail "nothing to try as $who"
    applied -n
    prints ''
    applied --prune
done
options=()
logged 1 "$count"

# Expiries: no cell leaves it, `never` clears it, a time sets it.
lines 'north web@alice carol' 'north web@alice bob never'
applied
logged 1 "$count"
lines 'north web@alice carol never' 'north web@alice bob 9999-01-01T00:00:00Z' \
    'north mail@bob alice 9998-12-31T23:00:00-01:00'
applied -n
prints 'set-expiry north web@alice carol never' 'set-expiry north web@alice bob 9999-01-01T00:00:00.000Z' \
    'set-expiry north mail@bob alice 9999-01-01T00:00:00.000Z'
applied
shares 'north web@alice bob 9999-01-01T00:00:00.000Z' 'north web@alice carol' \
    'north mail@bob alice 9999-01-01T00:00:00.000Z'
logged "op = 'set-expiry'" 4
applied
logged "op = 'set-expiry'" 4

# Nobody listed: only of images that are named, and only on demand.
lines 'north web@alice dave' 'south web@alice bob'
applied
shares 'north web@alice bob 9999-01-01T00:00:00.000Z' 'north web@alice carol' 'north web@alice dave' \
    'south web@alice bob' 'north mail@bob alice 9999-01-01T00:00:00.000Z'
lines 'north web@alice carol' 'north alone@alice -' 'north web@alice zoe'
applied -n --prune
prints 'unshare north web@alice bob' 'unshare north web@alice dave' 'share north web@alice zoe'
applied --prune
shares 'north web@alice carol' 'north web@alice zoe' 'south web@alice bob' \
    'north mail@bob alice 9999-01-01T00:00:00.000Z'
logged "op = 'unshare' AND actor = (SELECT id FROM account WHERE name = 'alice') AND via = 'cli'" 2
lines 'south web@alice -'
applied --prune "$tmp/wanted" # a file by its name
shares 'north web@alice carol' 'north web@alice zoe' 'north mail@bob alice 9999-01-01T00:00:00.000Z'
lines 'north web@alice -' 'north web@alice zoe' # nobody else, then
applied --prune -
shares 'north web@alice zoe' 'north mail@bob alice 9999-01-01T00:00:00.000Z'

# There is room for who comes when others go, and not otherwise; a plan knows it, over all its transactions.
quiet -C "$cat" limits shares-per-image 2
lines 'north web@alice bob' 'north web@alice carol' 'north web@alice dave'
apply -n
prints 'share north web@alice bob'
complains '-:2: share north/web@alice with carol: share-limit: 2 of 2 shares are live' \
    '-:3: share north/web@alice with dave: share-limit: 2 of 2 shares are live'
logged 'rule IS NOT NULL' 0
lines 'north web@alice bob' 'north web@alice bob' 'north web@alice carol'
applied -n --prune
prints 'unshare north web@alice zoe' 'share north web@alice bob' 'share north web@alice carol'
applied --prune
shares 'north web@alice bob' 'north web@alice carol' 'north mail@bob alice 9999-01-01T00:00:00.000Z'
lines 'north alone@alice bob' '# x'
for i in {1..1200}; do printf 'north\talone@alice\tbob\nnorth\talone@alice\tcarol\n#%s\n' "$i"; done >>"$tmp/wanted"
printf 'north\talone@alice\tdave\n' >>"$tmp/wanted"
apply -n
prints 'share north alone@alice bob' 'share north alone@alice carol'
complains '-:3603: share north/alone@alice with dave: share-limit: 2 of 2 shares are live'
quiet -C "$cat" limits shares-per-image 50

# Refused lines are told with number and rule, and logged; the others are done.
name=$(printf 'a%.0s' {1..65})
lines 'north web@alice alice' 'north web@alice nobody' 'north web@alice eve' 'north web@alice zoe' \
    'north draft@alice bob' 'north none@alice bob' 'west web@alice bob' 'north web@nobody bob' 'north web@alice Bob' \
    "north web@alice $name" "north web@$name bob" "north none@alice -" 'north mail@bob carol'
apply "$tmp/wanted"
staff="eve is an operator or auditor, and receives no share of north/web@alice"
draft="north/draft@alice is still a draft, or its disk is empty"
complains "$tmp/wanted:1: share north/web@alice with alice: no-self-share: north/web@alice is your own" \
    "$tmp/wanted:2: share north/web@alice with nobody: unknown-account: the catalog has no account nobody" \
    "$tmp/wanted:3: share north/web@alice with eve: role: $staff" \
    "$tmp/wanted:5: share north/draft@alice with bob: image-available: $draft" \
    "$tmp/wanted:6: share north/none@alice with bob: no such image" \
    "$tmp/wanted:7: share west/web@alice with bob: no such image" \
    "$tmp/wanted:8: share north/web@nobody with bob: no such image" \
    "$tmp/wanted:9: share north/web@alice with Bob: not a valid name of an account" \
    "$tmp/wanted:10: share north/web@alice with $name: the name is too long: 64 characters at most" \
    "$tmp/wanted:11: share north/web@$name with bob: no such image" \
    "$tmp/wanted:12: list north/none@alice: no such image"
shares 'north web@alice bob' 'north web@alice carol' 'north web@alice zoe' 'north mail@bob carol' \
    'north mail@bob alice 9999-01-01T00:00:00.000Z'
logged 'rule IS NOT NULL' 4
logged "rule = 'unknown-account' AND errno = 'EPERM' AND account = 'nobody' AND via = 'cli' AND
    actor = (SELECT id FROM account WHERE name = 'alice')" 1

# Somebody else than the operator acts as itself.
options=(--as bob)
lines 'north web@alice dave' 'north web@alice bob' 'north alone@alice bob' 'north mail@bob dave'
apply
complains '-:1: share north/web@alice with dave: no-reshare: north/web@alice belongs to alice' \
    '-:3: share north/alone@alice with bob: no such image'
lines 'north web@alice -' 'north mail@bob dave'
applied --prune # it is not bob's: not even bob's own share of it ends
options=(--as eve)
lines 'north web@alice dave' 'north web@alice -'
apply --prune
[ "$status" -eq 1 ] || fail "status is not 1"
grep -qx 'imgshare: -:1: share north/web@alice with dave: read-only-role: .*' "$tmp/err" || fail "not read-only-role"
options=()
shares 'north web@alice bob' 'north web@alice carol' 'north web@alice zoe' 'north mail@bob dave'

# Malformed lines are told, the others done; nothing is revoked then, for one may have named who is wanted.
form="not 'region, img@owner, account[, expires]', separated by tabs"
lines 'north' 'north web@alice' 'north web bob' ' web@alice bob' 'north web@alice ' 'north web@alice bob never more' \
    'north web@alice dave yesterday' 'north web@alice dave 2001-01-01' 'north web@alice - never' 'north,web@alice,bob' \
    'north alone@alice dave'
printf 'north\talone@alice\tbo\0b\n' >>"$tmp/wanted"
printf 'north\talone@alice\tcarol\t' >>"$tmp/wanted" # without a newline, with an empty cell
malformed=()
for i in 1 2 3 4 5 6; do malformed+=("-:$i: $form"); done
malformed+=("-:7: expires: not a time" "-:8: its expiry has passed, skipped" "-:9: nobody's share cannot expire"
    "-:10: $form" "-:12: $form")
apply -n --prune
complains "${malformed[@]}" '-: nothing is revoked: a malformed line may name who is wanted'
prints 'share north alone@alice dave' 'share north alone@alice carol'
apply
complains "${malformed[@]}"
shares 'north web@alice bob' 'north web@alice carol' 'north web@alice zoe' 'north mail@bob dave' \
    'north alone@alice dave' 'north alone@alice carol'
: >"$tmp/wanted"
applied --prune
prints ''
lines 'north web@alice dave 2001-01-01' 'north alone@alice dave' # no failure, and whom it names is not wanted
apply --prune
[ "$status" -eq 0 ] || fail "an expiry that has passed is a failure"
[ "$(cat "$tmp/err")" = 'imgshare: -:1: its expiry has passed, skipped' ] || fail "not a word"
lines 'north alone@alice carol'
applied

# review-before-share holds here, too.
quiet -C "$cat" limits require-review on
lines 'south web@alice zoe'
apply
[ "$status" -eq 1 ] || fail "shared without a review"
grep -q '^imgshare: -:1: share south/web@alice with zoe: review-before-share: ' "$tmp/err" || fail "not the rule"
quiet -C "$cat" limits require-review off

# A fleet moves to another catalog, and is what it was there.
for i in {1..700}; do printf 'a%s\n' "$i"; done >"$tmp/names"
sqlite3 "$cat/catalog.db" "CREATE TEMP TABLE n (name)" ".import $tmp/names n" \
    "INSERT INTO account (name, role, from_event) SELECT name, 0, 1002 FROM n" >"$tmp/out"
quiet -C "$cat" limits shares-per-image 5000
while read -r account; do
    printf 'north\tweb@alice\t%s\nsouth\tweb@alice\t%s\t9999-0%s-01\nnorth\tmail@bob\t%s\n' "$account" "$account" \
        $((${#account} % 9 + 1)) "$account"
done <"$tmp/names" >"$tmp/wanted"
applied
"$IMGSHARE" -C "$cat" access --all >"$tmp/fleet"
[ "$(wc -l <"$tmp/fleet")" -eq $((2100 + 6)) ] || fail "not all shares"
cp "$tmp/fleet" "$tmp/wanted"
applied -n --prune
prints ''
old=$cat cat=$tmp/other
catalog "$cat"
sqlite3 "$cat/catalog.db" "CREATE TEMP TABLE n (name)" ".import $tmp/names n" \
    "INSERT INTO account (name, role, from_event) SELECT name, 0, 1002 FROM n" >"$tmp/out"
quiet -C "$cat" limits shares-per-image 5000
applied
"$IMGSHARE" -C "$cat" access --all | sort >"$tmp/moved"
sort "$tmp/fleet" | diff -q - "$tmp/moved" >/dev/null || fail "the fleet is not what it was"
sort -R "$tmp/moved" >"$tmp/wanted"
applied -n --prune
prints ''
cat=$old

# Others write meanwhile, and are not kept from it.
catalog "$tmp/busy"
cat=$tmp/busy
sqlite3 "$cat/catalog.db" "CREATE TEMP TABLE n (name)" ".import $tmp/names n" \
    "INSERT INTO account (name, role, from_event) SELECT name, 0, 1002 FROM n" >"$tmp/out"
quiet -C "$cat" limits shares-per-image 5000
cp "$tmp/fleet" "$tmp/wanted"
(for i in {1..20}; do "$IMGSHARE" -C "$cat" limits images-per-region "$i" || exit 1; done) &
others=$!
applied
wait "$others" || fail "others could not write"
"$IMGSHARE" -C "$cat" access --all | sort | diff -q - "$tmp/moved" >/dev/null || fail "not all was done beside others"
logged "op = 'limit'" 21

if command -v script >/dev/null; then
    lines 'north web@alice a1' 'north alone@alice bob'
    on_terminal -C "$cat" apply -n "$tmp/wanted"
    sed -i 's/.*\x1b\[K//' "$tmp/out" # the progress, where the machine was slow enough for it
    grep -q '^verb  region image ' "$tmp/out" || fail "no table"
    grep -q '^share north  alone@alice bob' "$tmp/out" || fail "not the plan"
    # Who waits is told how far it is, and nothing of that stays.
    mkfifo "$tmp/slow"
    (cat "$tmp/wanted"; sleep 0.5; printf 'north\tmail@bob\ta2\n'; sleep 0.5; printf 'north\tweb@alice\ta3\n') >"$tmp/slow" &
    on_terminal -C "$cat" apply -n "$tmp/slow"
    wait $!
    grep -q $'[34] lines, 0 changes\033\\[K' "$tmp/out" || fail "no progress"
    ! sed 's/.*\x1b\[K//' "$tmp/out" | grep -q lines || fail "the progress stays"
fi

refused "cannot read '$tmp/none': does not exist" -C "$cat" apply "$tmp/none"
refused "apply '$tmp': *" -C "$cat" apply "$tmp"
refused "cannot open '$tmp/none': *" -C "$tmp/none" apply
usage "apply: too many arguments, usage: *" -C "$cat" apply a b
usage "option '-n': not for 'check'" -C "$cat" check -n
usage "option '--prune': not for 'access'" -C "$cat" access --prune bob
status=0 ran="imgshare apply -n >/dev/full"
"$IMGSHARE" -C "$cat" apply -n "$tmp/wanted" >/dev/full 2>"$tmp/err" || status=$?
: >"$tmp/out"
[ "$status" -eq 1 ] || fail "status is not 1"
one_line "standard output: no space left"

#!/bin/bash
# SPDX-License-Identifier: MIT
# imgshare check: nothing to say of a sound catalog, status 1 and a row for what is not.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

quiet init "$cat"
quiet -C "$cat" check
quiet -C "$cat" region add north
quiet -C "$cat" check
quiet -C "$cat" check --digests
done_ -C "$cat" check --json
json rows '[]'

# found STATUS-1 COLUMN-1 COLUMN-2
found() {
    [ "$status" -eq 1 ] || fail "status is not 1"
    [ -s "$tmp/err" ] && fail "complains"
    awk -F '\t' -v what="$1" -v object="$2" 'NF == 4 && $1 == what && index($2, object) && $3 != "" { found = 1 }
        END { exit !found }' "$tmp/out" || fail "does not find $1 $2"
}

echo lost >"$cat/store/north/4711"
run -C "$cat" check
found blob 4711
run -C "$cat" check --json
[ "$status" -eq 1 ] || fail "status is not 1"
json '[list(rows[0]), rows[0]["what"]]' '[["what", "object", "problem", "repair"], "blob"]'
on_terminal -C "$cat" check
[ "$status" -eq 1 ] || fail "status is not 1"
head -n 1 "$tmp/out" | grep -qE '^what +object +problem +repair$' || fail "no header"
[ "$(cat "$cat/store/north/4711")" = lost ] || fail "changed something"
rm "$cat/store/north/4711"
quiet -C "$cat" check

# A store that is not there.
mv "$cat/store/north" "$tmp/away"
run -C "$cat" check
found region north
mv "$tmp/away" "$cat/store/north"
quiet -C "$cat" check

usage "check: too many arguments, usage: imgshare check \[--digests\] \[--log \[--head HASH\]\] \[--repair\] \[--json\]" -C "$cat" check north

# What is sound is left alone, and nobody but the operator may mend what is not (more: tests/mount/faults/repair.sh).
quiet -C "$cat" check --repair
done_ -C "$cat" check --log --repair
[ "$(cut -f 1 "$tmp/out")" = head ] || fail "more than the head"
quiet -C "$cat" account add eve --role auditor
for name in eve nobody; do
    refused 'check: only the operator may repair' -C "$cat" --as "$name" check --repair
done
[ "$(sqlite3 "$cat/catalog.db" "SELECT count(*) FROM event WHERE op = 'repair'")" -eq 0 ] || fail "an event of nothing"
# A log that is not the one whose head was kept is none to make anything of.
sqlite3 "$cat/catalog.db" "UPDATE account SET role = 2 WHERE name = 'eve'"
run -C "$cat" check --repair --log --head "$(printf '0%.0s' {1..64})"
[ "$status" -eq 1 ] || fail "mends by a log that is not the one kept"
grep -q '^log	head	no event has the hash that was kept.*restore' "$tmp/out" || fail "does not say so"
[ "$(sqlite3 "$cat/catalog.db" "SELECT role FROM account WHERE name = 'eve'")" -eq 2 ] || fail "touched something"
run -C "$cat" check --repair --json
[ "$status" -eq 0 ] || fail "leaves something"
json '[list(rows[0].values())]' '[["account", "eve", "its role does not follow from the log", "made anew from the log"]]'
done_ -C "$cat" log --json
grep -q '"op":"repair","object":null.*"detail":{"account":1}' "$tmp/out" || fail "the log does not say what was done"
quiet -C "$cat" check --repair

# In a copy of a catalog whose stores are the original's only the rows are mended.
quiet -C "$cat" region add outside --store "$tmp/outside"
cp -a "$cat" "$tmp/copy"
sqlite3 "$tmp/copy/catalog.db" "UPDATE account SET role = 2 WHERE name = 'eve'"
echo lost >"$tmp/copy/store/north/2"
run -C "$tmp/copy" check --repair
[ "$status" -eq 1 ] || fail "all is well"
grep -q '^account	eve	.*	made anew from the log$' "$tmp/out" || fail "not mended"
grep -q "^region	outside	.*	'imgshare adopt outside' takes it over$" "$tmp/out" || fail "does not say what to do"
[ -e "$tmp/copy/store/north/2" ] || fail "a store was touched"

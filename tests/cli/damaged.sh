#!/bin/bash
# SPDX-License-Identifier: MIT
# A catalog that somebody has written into: every command ends by itself, with a result or an error, and no region's name
# or store leads out of DIR. More of this, by chance, is tests/fuzz/fuzz_catalog.c.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

quiet init "$tmp/whole"
quiet -C "$tmp/whole" region add north
quiet -C "$tmp/whole" account add alice --uid 1000
quiet -C "$tmp/whole" account add bob

questions=('region list' 'account list' 'limits' 'log' 'log --json' 'access --all' 'access alice' 'check' 'check --log'
    '--as alice access alice')
changes=('region add south' 'region rm north' 'account rm bob' 'account add zoe')

# anew: a copy of what was damaged.
anew() {
    rm -rf "$cat"
    cp -a "$tmp/damaged" "$cat"
}

# ends SQL WORD...: a command ends by itself.
ends() {
    local sql=$1
    shift
    run -C "$cat" "$@"
    [ "$status" -le 1 ] || fail "$* ends with $status: $sql"
}

# damaged SQL: a copy, written into; then each command, and what else there is below DIR's folder stays as it was.
damaged() {
    local words
    rm -rf "$tmp/damaged"
    cp -a "$tmp/whole" "$tmp/damaged"
    sqlite3 "$tmp/damaged/catalog.db" "PRAGMA ignore_check_constraints = on; $1" >"$tmp/sql" 2>&1 || fail "not damaged: $1"
    anew
    # shellcheck disable=SC2086 # words
    {
        for words in "${questions[@]}"; do
            ends "$1" $words
        done
        for words in "${changes[@]}"; do
            anew
            ends "$1" $words
        done
    }
    [ -z "$(find "$tmp" -maxdepth 1 -name 'escaped*')" ] || fail "leads out: $1"
}

endless='WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT'
damaged "ALTER TABLE account RENAME TO t; CREATE VIEW account AS SELECT t.* FROM t, ($endless x FROM c)"
damaged "ALTER TABLE meta RENAME TO t; CREATE VIEW meta AS SELECT t.* FROM t, ($endless x FROM c)"
damaged "CREATE TRIGGER endless AFTER INSERT ON event BEGIN SELECT count(*) FROM ($endless x FROM c); END"
damaged "UPDATE meta SET value = 'short'"
for role in 3 -1 99999999; do
    damaged "UPDATE account SET role = $role WHERE name IN ('operator', 'alice')"
done
damaged "UPDATE account SET id = -5 WHERE name = 'bob'"
damaged "UPDATE account SET id = 1 << 40 WHERE name = 'bob'"
damaged "UPDATE region SET name = '../../escaped'"
damaged "UPDATE region SET name = '../../escaped', until_event = 3"
damaged "INSERT OR REPLACE INTO store (region, path) SELECT id, 'escaped' FROM region"
damaged "UPDATE event SET id = 9223372036854775807 WHERE id = 4"
damaged "UPDATE event SET hash = x'00' WHERE id = 4"
damaged "UPDATE event SET time = -1 WHERE id > 4; UPDATE event SET length = -1"
damaged "UPDATE indexed SET last = 9223372036854775807"
damaged "UPDATE sqlite_sequence SET seq = 9223372036854775807"
damaged "DELETE FROM event"
damaged "DELETE FROM account"

# What the machine is said to have failed at comes with the place in the source.
rm -rf "$cat"
cp -a "$tmp/whole" "$cat"
sqlite3 "$cat/catalog.db" "UPDATE region SET name = '../../escaped'"
run -C "$cat" region list
grep -qE 'machine failed.* \(src/service/disk/claim\.c:[0-9]+\)$' "$tmp/err" || fail "no origin: $(cat "$tmp/err")"

# A trigger is not obeyed, and found.
rm -rf "$cat"
cp -a "$tmp/whole" "$cat"
sqlite3 "$cat/catalog.db" "CREATE TRIGGER helper AFTER INSERT ON event BEGIN UPDATE account SET role = 2; END"
quiet -C "$cat" account add carol
done_ -C "$cat" account list
[ "$(awk -F'\t' '$1 == "alice" { print $2 }' "$tmp/out")" = account ] || fail 'a trigger was obeyed'
run -C "$cat" check --log
grep -q 'it is a trigger' "$tmp/out" || fail 'no trigger found'

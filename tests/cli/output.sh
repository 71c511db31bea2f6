#!/bin/bash
# SPDX-License-Identifier: MIT
# What is printed where: a table on a terminal, tabs into a pipe, errors where the output cannot be written.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
command -v script >/dev/null || skip "no script(1)"

quiet init "$cat"
quiet -C "$cat" region add north
quiet -C "$cat" region add odd --store "$tmp/a"$'\t'"b"$'\n'"\"c\\"$'\xff'
quiet -C "$cat" account add alice --uid 7

on_terminal -C "$cat" account list
[ "$status" -eq 0 ] || fail "not done"
prints 'name     role     uid quota require-trust' \
    'operator operator   -     - off' \
    'alice    account    7     - off'
on_terminal -C "$cat" limits
head -n 1 "$tmp/out" | grep -qx 'name *value' || fail "no header"
on_terminal -C "$cat" region list --json
json 'rows[0]["name"]' '"north"'
on_terminal rules
awk 'length > 80 { exit 1 }' "$tmp/out" || fail "wider than the terminal"
grep -q "^fixed-tree .*what is not the product's to make or remove$" "$tmp/out" || fail "not broken between words"

# One row is one line, one cell one cell.
done_ -C "$cat" region list
[ "$(wc -l <"$tmp/out")" -eq 2 ] || fail "not two lines"
tail -n 1 "$tmp/out" | grep -qaF "odd	$tmp/a b \"c\\" || fail "tab or newline within a cell"
awk -F '\t' 'NF != 4 { exit 1 }' "$tmp/out" || fail "not four cells"
done_ -C "$cat" region list --json
json 'rows[1]["store"][-8:]' '"a\tb\n\"c\\\ufffd"'
on_terminal -C "$cat" region list
[ "$(wc -l <"$tmp/out")" -eq 3 ] || fail "not three lines on a terminal"

# Output that cannot be written.
for words in "-C $cat account list" "-C $cat account list --json" rules --help 'rules --help' --version; do
    status=0 ran="imgshare $words >/dev/full"
    # shellcheck disable=SC2086 # words
    "$IMGSHARE" $words >/dev/full 2>"$tmp/err" || status=$?
    : >"$tmp/out"
    [ "$status" -eq 1 ] || fail "status is not 1"
    one_line "standard output: no space left"
    status=0 ran="imgshare $words >&-"
    # shellcheck disable=SC2086
    "$IMGSHARE" $words >&- 2>"$tmp/err" || status=$?
    [ "$status" -eq 1 ] || fail "status is not 1"
    one_line "standard output: not open"
done
status=0 ran='imgshare region add quiet <&- >&- 2>&-'
"$IMGSHARE" -C "$cat" region add quiet <&- >&- 2>&- || status=$?
[ "$status" -eq 0 ] || fail "needs its standard descriptors"
done_ -C "$cat" region list
grep -q ^quiet "$tmp/out" || fail "not added"
[ "$(sqlite3 "$cat/catalog.db" 'PRAGMA integrity_check')" = ok ] || fail "catalog is broken"

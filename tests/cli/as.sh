#!/bin/bash
# SPDX-License-Identifier: MIT
# --as: an account acts under its own rules; the rule that refuses is named.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

quiet init "$cat"
quiet -C "$cat" region add north
quiet -C "$cat" account add alice
quiet -C "$cat" account add eve --role auditor
quiet -C "$cat" account add op --role operator

changes=('region add south' 'region rm north' 'account add zoe' 'account set alice quota=3' 'account rm alice'
    'limits shares-per-image 3')
state() {
    sqlite3 "$cat/catalog.db" 'SELECT count(*) FROM region; SELECT count(*) FROM account'
    "$IMGSHARE" -C "$cat" limits
    ls -R "$cat/store"
}
before=$(state)
for change in "${changes[@]}"; do
    # shellcheck disable=SC2086 # words
    refused "?*: only an operator manages ?* (role)" -C "$cat" --as alice $change
    # shellcheck disable=SC2086
    refused "?*: ?* (read-only-role)" -C "$cat" --as eve $change
done
[ "$(state)" = "$before" ] || fail "a refused change left something"

quiet -C "$cat" --as op region add south
quiet -C "$cat" region rm south --as=op
quiet -C "$cat" --as operator region add south

refused "account 'x': no such account" -C "$cat" --as x region list
refused "account 'x': no such account" -C "$cat" --as x region add west
refused "account '': no such account" -C "$cat" --as '' region list
refused "account 'no?such': no such account" -C "$cat" --as $'no\nsuch' region list
usage "option '--as': needs a value" -C "$cat" region list --as

# Who may only look may look.
done_ -C "$cat" --as eve region list
done_ -C "$cat" --as eve account list
done_ -C "$cat" --as eve limits
done_ -C "$cat" --as eve check
refused "check: only an operator or an auditor may" -C "$cat" --as alice check

#!/bin/bash
# SPDX-License-Identifier: MIT
# imgshare rules: every rule of the specification, in its order, without a catalog.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

done_ -C "$tmp/nowhere" rules
[ "$(cut -f 1 "$tmp/out" | xargs)" = "share-limit shared-frozen quota-own-only same-region no-copy-of-shared \
unshare-before-delete owner-deletes trust no-reshare review-before-share owner-uses copy-then-share share-exists \
name-taken no-self-share unknown-account image-available self-contained instance-quota byte-quota sealed read-only-role role fixed-tree" ] ||
    fail "not the rules"
awk -F '\t' 'NF != 4 || $4 == "" { exit 1 }' "$tmp/out" || fail "not four columns"
[ "$(cut -f 2 "$tmp/out" | sort -u | xargs)" = "EDQUOT EEXIST EPERM EROFS" ] || fail "not the errnos"
grep -qP '^share-limit\tEPERM\tFAQ 1\t' "$tmp/out" || fail "not the columns"
grep -qP '^read-only-role\tEROFS\t\t' "$tmp/out" || fail "not the columns"
done_ rules --json
json 'len(rows)' 24
json 'list(rows[0])' '["id", "errno", "from", "text"]'
json '[(r["errno"], r["from"]) for r in rows if r["id"] == "share-exists"]' '[["EEXIST", ""]]'
usage "rules: too many arguments, usage: imgshare rules \[--json\]" rules trust

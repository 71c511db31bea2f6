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

usage "check: too many arguments, usage: imgshare check \[--digests\] \[--log \[--head HASH\]\] \[--json\]" -C "$cat" check north
usage "option '--repair': unknown" -C "$cat" check --repair

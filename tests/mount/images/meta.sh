#!/bin/bash
# SPDX-License-Identifier: MIT
# .meta/: what an image is, as text; what of it a recipient sees.
. "${0%/*}/../lib.sh"
catalog
mount_as alice
mount_as bob
time='[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\.[0-9]+)?Z'
mkdir "$A/web"
M=$A/web/.meta

is draft cat "$M/state"
is alice cat "$M/owner"
is pending cat "$M/digest"
is '' listing "$M/shares"
echo first >"$A/web/description"
dense "$A/web/disk" 100
is available cat "$M/state"
is 102400 cat "$M/size"
is import cat "$M/source"
is pending cat "$M/digest"
says "^$time\$" cat "$M/created"
says '^[0-9A-Za-z-]+$' cat "$M/id"
mkdir "$A/web/shares/"{bob,carol}
is sealed cat "$M/state"

# The digest comes in the background.
digested() {
        [ "$(cat "$1/.meta/digest")" != pending ]
}
eventually digested "$A/web" || not_ok 'no digest after ten seconds'
is "sha256:$(sha256sum <"$A/web/disk" | cut -d' ' -f1)" cat "$M/digest"
ok ln "$A/web/disk" "$(mkdir "$AS/copy" && echo "$AS/copy/disk")"
is 'copy of north/web@alice' cat "$AS/copy/.meta/source"
ok put sealed "$AS/copy/.meta/state"
eventually digested "$AS/copy" || not_ok 'no digest of the copy after ten seconds'
same "$AS/copy/.meta/digest" "$M/digest"

# Shares: account, granted at, granted by, expires.
is 'bob
carol' cut -f1 "$M/shares.tsv"
is 'alice
alice' cut -f3 "$M/shares.tsv"
says "^bob	$time	alice	(never|-)?\$" cat "$M/shares.tsv"

# Its events, one JSON object a line.
rmdir "$A/web/shares/carol"
settle
"$PYTHON" - "$A/web/.meta/history.jsonl" "$B/web@alice/.meta/history.jsonl" >"$T/wrong" 2>&1 <<'PYTHON'
import json, re, sys
def read(path):
    return [json.loads(line) for line in open(path)]
mine, received = map(read, sys.argv[1:])
keys = {'event', 'time', 'actor', 'uid', 'via', 'op', 'object', 'account', 'rule', 'errno', 'detail'}  # no hash: only staff see that
for e in mine + received:
    actor = 'operator' if e['op'] == 'digest' else 'alice'
    if set(e) != keys or e['object'] != 'north/web@alice' or e['via'] != 'mount' or e['actor'] != actor:
        print('not an event of this image:', e)
    if e['rule'] is not None or e['errno'] is not None:
        print('a refusal that nobody asked for:', e)
if [e['event'] for e in mine] != sorted({e['event'] for e in mine}):
    print('numbers do not rise')
ops = [e['op'] for e in mine]
for op in 'create', 'describe', 'available', 'seal', 'digest', 'share', 'unshare':
    if op not in ops:
        print('no event', op, 'in', ops)
if ops[0] != 'create' or ops[-1] != 'unshare':
    print('wrong order', ops)
if [e['account'] for e in mine if e['op'] in ('share', 'unshare')] != ['bob', 'carol', 'carol']:
    print('wrong accounts')
if [e for e in received if e['op'] in ('share', 'unshare') and e['account'] != 'bob']:
    print('a recipient reads rows of others:', received)
if not [e for e in received if e['op'] == 'share']:
    print('a recipient does not read its own share:', received)
PYTHON
is '' cat "$T/wrong"

# True sizes.
for file in id owner state size digest created source shares.tsv history.jsonl; do
        is "$(wc -c <"$M/$file")" stat -c %s "$M/$file"
        is "$(wc -c <"$B/web@alice/.meta/$file")" stat -c %s "$B/web@alice/.meta/$file"
done

# A recipient reads only its own rows.
mkdir "$A/web/shares/"{carol,dave}
settle
for file in id owner state size digest created source; do
        same "$M/$file" "$B/web@alice/.meta/$file"
done
is bob cut -f1 "$B/web@alice/.meta/shares.tsv"
is bob listing "$B/web@alice/.meta/shares"

# Nothing here can be made, removed or written, but `sealed` into state.
snapshot
for file in id owner size digest created source shares.tsv history.jsonl; do
        refused 1 '.' put x "$M/$file"
        refused 1 "$EPERM" rm -f "$M/$file"
done
refused 1 "$EPERM" rmdir "$M/shares"
refused 1 "$EPERM" touch "$M/other"
refused 1 "$EPERM" mkdir "$M/other"
refused 1 "$EPERM" mv "$M/id" "$M/other"
refused 1 '.' rmdir "$M"
refused 1 '.' put draft "$M/state"
refused 1 '.' put nonsense "$M/state"
unchanged '.meta'

#!/bin/bash
# SPDX-License-Identifier: MIT
# "Who can use this image now, and who let them?": an auditor answers with ls, cat and grep alone, as the manual shows.
. "${0%/*}/../lib.sh"
needs rsync
catalog
admin account add eve --role auditor >"$T/out" || die auditor
mount_as alice
mount_as operator
mount_as eve
image "$A/web"
image "$A/db"
ok mkdir "$A/web/shares/"{bob,carol,dave} "$A/db/shares/bob"
ok rmdir "$A/web/shares/carol"
ok rmdir "$T/operator/regions/north/images/web@alice/shares/dave"
ok put 2099-12-31 "$A/web/shares/bob/.expires"
refused 1 "$EPERM" mv "$A/web" "$A/other"
settle

# The tools and nothing else, in the mount and nowhere else.
cd "$T/eve" || die cd
is bob ls regions/north/images/web@alice/shares
is 1 sh -c 'wc -l <regions/north/images/web@alice/.meta/shares.tsv'
is $'bob\talice\t2099-12-31T23:59:59.999Z' cut -f1,3,4 regions/north/images/web@alice/.meta/shares.tsv
says '^bob.20..-..-..T..:..:..\....Z.alice.2099' cat regions/north/images/web@alice/.meta/shares.tsv
is "$(cut -f2 regions/north/images/web@alice/.meta/shares.tsv)" \
        date -u -r regions/north/images/web@alice/shares/bob +%Y-%m-%dT%H:%M:%S.%3NZ
is "$(cut -f2 regions/north/images/web@alice/.meta/shares.tsv)" \
        sh -c 'date -ud "$(stat -c %y accounts/bob/received/north/web@alice)" +%Y-%m-%dT%H:%M:%S.%3NZ'
is 'share bob alice
share carol alice
share dave alice
unshare carol alice
unshare dave operator
set-expiry bob alice' "$PYTHON" -c 'import json
for line in open("regions/north/images/web@alice/.meta/history.jsonl"):
    event = json.loads(line)
    if event["account"] and not event["rule"]:
        print(event["op"], event["account"], event["actor"])'
is '"bob"
"carol"
"dave"' sh -c "grep '\"op\":\"share\"' regions/north/images/web@alice/.meta/history.jsonl | grep -o '\"account\":[^,]*' | cut -d: -f2"
says '"op":"unshare".*"account":"dave"' grep '"actor":"operator"' regions/north/images/web@alice/.meta/history.jsonl
says '"op":"rename".*"rule":"shared-frozen"' grep '"errno":"EPERM"' regions/north/images/web@alice/.meta/history.jsonl

# The other way: what can this account use now?
is 'accounts/bob/received/north:
db@alice
web@alice

accounts/bob/received/south:' ls accounts/bob/received/north accounts/bob/received/south
is "web's" sh -c 'grep -q "the image web" accounts/bob/received/north/web@alice/description && echo "web'"'"'s"'
is '' find accounts/carol/received accounts/dave/received -type l
is 2 sh -c 'ls -d accounts/bob/received/*/* | wc -l'

is "$(date -r "$A/web/shares/bob" '+%b %e %H:%M') web@alice -> ../../../../regions/north/images/web@alice" \
        sh -c 'ls -l accounts/bob/received/north | sed -n "s/^l.* \(... .. ..:.. web@alice .*\)/\1/p"'

# In one line, for the whole catalog.
is 'accounts/bob/received/north/web@alice
accounts/bob/received/north/db@alice' find accounts -path '*/received/*/*'

# Against a copy of before: just what has changed, and where.
ok rsync -a --exclude=disk ./ "$T/yesterday/"
ok diff -r --exclude=disk --no-dereference . "$T/yesterday"
ok mkdir "$A/db/shares/carol"
settle
refused 1 '' diff -r --exclude=disk --no-dereference . "$T/yesterday"
is 'Only in ./accounts/carol/received/north: db@alice
Only in ./regions/north/images/db@alice/shares: carol' grep '^Only' "$T/out"
refused 1 '' diff -r --exclude=disk --no-dereference . "$T/yesterday"
cp "$T/out" "$T/diff"
is 1 grep -c '^< ' "$T/diff" # who did it
says '"actor":"alice".*"op":"share","object":"north/db@alice","account":"carol"' grep '^< ' "$T/diff"

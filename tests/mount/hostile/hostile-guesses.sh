#!/bin/bash
# SPDX-License-Identifier: MIT
# An account guesses at what it does not see: with the hashes of the events before and after hidden ones it could test each
# guess. So nothing it can read has a hash: neither files of the log, nor histories, nor commands as that account. Staff have
# them, and the sizes of files are those of what can be read.
. "${0%/*}/../lib.sh"
catalog
admin account add watcher --role auditor || die auditor
mount_as alice
mount_as bob
mount_at watcher account=watcher
image "$A/web"
ok mkdir "$A/web/shares/bob"
settle
ok mkdir "$B/own" # bob's events lie before and after hidden ones
image "$A/hidden"
ok rmdir "$B/own"
settle
for file in "$T"/bob/events/* "$T"/alice/events/* "$A/web/.meta/history.jsonl" "$B/web@alice/.meta/history.jsonl"; do
        says '"op":"share"' cat "$file"
        refused 1 '' grep '"hash"' "$file"
        is "$(stat -c %s "$file")" sh -c "wc -c <'$file'"
        is "$(tail -c 40 "$file")" sh -c "tail -c +$(($(stat -c %s "$file") - 39)) '$file'"
done
refused 1 '' sh -c "'$IMGSHARE' -C '$DIR' --as bob log --json | grep '\"hash\"'"
for file in "$T"/watcher/events/* "$T/watcher/regions/north/images/web@alice/.meta/history.jsonl"; do
        is "$(wc -l <"$file")" grep -cE '"hash":"[0-9a-f]{64}"}$' "$file"
        is "$(stat -c %s "$file")" sh -c "wc -c <'$file'"
done
is "$(admin log | wc -l)" sh -c "'$IMGSHARE' -C '$DIR' log --json | grep -c hash"

#!/bin/bash
# SPDX-License-Identifier: MIT
# A repair that is killed, or whose power fails, at any moment: the catalog is damaged as it was, or repaired, and the next
# repair finishes it. Moments and states are made as for an upgrade (disturbed.py). SEED=N repeats a run.
[ -n "${TMPDIR-}" ] || [ ! -w /dev/shm ] || export TMPDIR=/dev/shm # made and thrown away by the hundred
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../cli/lib.sh"
: "${RECORD:?the built librecord.so}"
! grep -q __tsan_init "$IMGSHARE" || skip 'built with TSan'
quiet init "$cat"
quiet -C "$cat" limits reserve 0 # its files are allocated, which no record tells
quiet -C "$cat" region add north
quiet -C "$cat" region rm north # without disks: what is in a store is not written
for name in alice bob carol; do
    quiet -C "$cat" account add "$name"
done
for number in {1..30}; do
    quiet -C "$cat" limits images-per-region "$((500 + number))"
done
sqlite3 "$cat/catalog.db" "INSERT INTO share (id, image, account, region) VALUES (5, 5, 3, 1);
    UPDATE account SET role = 2 WHERE name = 'bob'; DELETE FROM setting WHERE from_event % 3 = 0; DROP INDEX trust_listing"
rm -r "$cat/store"
touch "$tmp/no_oracle"
ran=repair.py
"$PYTHON" "$(dirname "$0")/repair.py" "$tmp" >"$tmp/out" 2>"$tmp/err" || fail 'it is neither as it was nor repaired'
cat "$tmp/out"

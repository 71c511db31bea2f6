#!/bin/bash
# SPDX-License-Identifier: MIT
# imgshare region add, list, rm.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

quiet init "$cat"
quiet -C "$cat" region list
quiet -C "$cat" region add north
quiet -C "$cat" region add 0.a_b-c
done_ -C "$cat" region list
prints "north	$cat/store/north	0	0" "0.a_b-c	$cat/store/0.a_b-c	0	0"
[ "$(stat -c %a "$cat/store/north")" = 700 ] || fail "store is not 0700"
done_ -C "$cat" region list --json
json '[list(r) for r in rows][0]' '["name", "store", "images", "bytes"]'
json '[rows[0]["name"], rows[0]["images"], rows[1]["bytes"]]' '["north", 0, 0]'

# A store elsewhere.
mkdir "$tmp/disks" "$tmp/used" && touch "$tmp/used/file"
quiet -C "$cat" region add far --store "$tmp/disks/far"
[ "$(stat -c %a "$tmp/disks/far")" = 700 ] || fail "store is not 0700"
(cd "$tmp/disks" && quiet -C "$cat" region add near --store near && exit "$failures") || failures=1
quiet -C "$cat" region add --store="$tmp/disks/third" third
done_ -C "$cat" region list
[ "$(cut -f 1,2 "$tmp/out" | tail -n 3)" = "far	$tmp/disks/far
near	$tmp/disks/near
third	$tmp/disks/third" ] || fail "stores are not listed"
refused "store '$tmp/disks/far': is the store of another region or catalog" -C "$cat" region add again \
    --store "$tmp/disks/far"
refused "store '$tmp/used': has other files in it" -C "$cat" region add again --store "$tmp/used"
refused "store '$tmp/none/x': the directory above it does not exist" -C "$cat" region add again --store "$tmp/none/x"
refused "store '$tmp/used/file': ?*" -C "$cat" region add again --store "$tmp/used/file"
usage "store '': not a path" -C "$cat" region add again --store ''
usage "option '--store': needs a value" -C "$cat" region add again --store
done_ -C "$cat" region list
[ "$(wc -l <"$tmp/out")" -eq 5 ] || fail "a refused region is there"

# Names.
refused "region 'north': exists already" -C "$cat" region add north
refused "region 'north': exists already" -C "$cat" region add north --store "$tmp/disks/other"
[ -e "$tmp/disks/other" ] && fail "a refused region left its store behind"
long=$(printf 'a%.0s' {1..64})
quiet -C "$cat" region add "$long"
refused "region 'a$long': the name is too long: 64 characters at most" -C "$cat" region add "a$long"
for bad in '' . .. a/b North web@alice -- 'a b' $'a\nb' 'ä' _a; do
    refused "region '*': not a valid name: *" -C "$cat" region add -- "$bad"
done
usage "option '-x': unknown" -C "$cat" region add -x
[ "$(find "$cat/store" -mindepth 1 -maxdepth 1 | wc -l)" -eq 3 ] || fail "a bad name left a store behind"

# Removing.
quiet -C "$cat" region rm north
[ -e "$cat/store/north" ] && fail "the store is still there"
quiet -C "$cat" region rm far
[ -e "$tmp/disks/far" ] && fail "the store is still there"
refused "region 'north': no such region" -C "$cat" region rm north
refused "region '../x': no such region" -C "$cat" region rm ../x
refused "region '': no such region" -C "$cat" region rm ''
done_ -C "$cat" region list
[ "$(cut -f 1 "$tmp/out" | head -n 3 | xargs)" = "0.a_b-c near third" ] || fail "the wrong one is gone"

# What an interrupted `region add`, or `region rm`, leaves: a store that no region has. It is taken, unless something is in it.
quiet -C "$cat" region add half
quiet -C "$cat" region add half-far --store "$tmp/disks/half"
cp -a "$cat/store/half" "$tmp/half" && cp -a "$tmp/disks/half" "$tmp/half-far"
quiet -C "$cat" region rm half
quiet -C "$cat" region rm half-far
cp -a "$tmp/half" "$cat/store/half" && cp -a "$tmp/half-far" "$tmp/disks/half"
quiet -C "$cat" region add half
quiet -C "$cat" region add half-far --store "$tmp/disks/half"
refused "store '$cat/store/half': is the store of another region or catalog" -C "$cat" region add again \
    --store "$cat/store/half"
quiet -C "$cat" region rm half
cp -a "$tmp/half" "$cat/store/half" && touch "$cat/store/half/123"
refused "region 'half': exists already" -C "$cat" region add half
rm "$cat/store/half/123"
quiet init "$tmp/other"
refused "store '$cat/store/half': is the store of another region or catalog" -C "$tmp/other" region add half \
    --store "$cat/store/half"
mv "$tmp/disks/half" "$tmp/disks/away"
refused "region 'half': exists already" -C "$cat" region add half
mv "$tmp/disks/away" "$tmp/disks/half"
quiet -C "$cat" region add half

usage "region add: too few arguments, usage: imgshare region add NAME \[--store PATH\]" -C "$cat" region add
usage "region add: too many arguments*" -C "$cat" region add a b
usage "region list: too many arguments*" -C "$cat" region list a
usage "region rm: too few arguments*" -C "$cat" region rm
usage "region rm: too many arguments*" -C "$cat" region rm a b
usage "option '--store': not for 'region rm'" -C "$cat" region rm --store x a

#!/bin/bash
# SPDX-License-Identifier: MIT
# imgshare init: a catalog that nobody else can enter, and what may not become or be one.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
: >"$tmp/no_oracle" # it is of a newer version at the end

quiet init "$cat"
[ "$(stat -c %a "$cat")" = 700 ] || fail "not 0700"
[ "$(stat -c %a "$cat/catalog.db")" = 600 ] || fail "catalog.db is not 0600"
done_ -C "$cat" account list
prints $'operator\toperator\t-\t-\toff'

refused "cannot create '$cat': ?*" init "$cat"
done_ -C "$cat" account list

# What an interrupted one leaves is taken, but nothing else that is called so.
mkdir -m 700 "$tmp/half" "$tmp/half/store" && touch "$tmp/half/catalog.db.new" "$tmp/half/catalog.db.new-journal"
quiet init "$tmp/half"
[ "$(find "$tmp/half" -mindepth 1 -maxdepth 1 -printf "%f\n" | sort | xargs)" = "catalog.db store" ] || fail "left something of the interrupted one"
quiet -C "$tmp/half" region add north
mkdir -p "$tmp/own/store/mine"
refused "cannot create '$tmp/own': the directory is not empty" init "$tmp/own"
[ -d "$tmp/own/store/mine" ] || fail "took what is not its own"

mkdir "$tmp/full" && echo precious >"$tmp/full/file"
refused "cannot create '$tmp/full': ?*" init "$tmp/full"
[ "$(ls -A "$tmp/full")" = file ] || fail "left something behind"
refused "cannot create '$tmp/none/below': ?*" init "$tmp/none/below"
[ -e "$tmp/none" ] && fail "made the directory above"
refused "cannot create '$tmp/full/file': ?*" init "$tmp/full/file"
mkdir -m 755 "$tmp/empty"
quiet init "$tmp/empty"
[ "$(stat -c %a "$tmp/empty")" = 700 ] || fail "an empty directory is not narrowed to 0700"
(cd "$tmp" && quiet init relative && exit "$failures") || failures=1
quiet -C "$tmp/relative" region add north

usage "init: too few arguments, usage: imgshare init DIR" init
usage "init: too many arguments, usage: imgshare init DIR" init a b
usage "init: too few arguments*" -C "$tmp/other" init
[ -e "$tmp/other" ] && fail "-C made a catalog"

# What cannot be opened.
refused "cannot open '$tmp/nowhere': ?*" -C "$tmp/nowhere" region list
refused "cannot open '$tmp/full': ?*" -C "$tmp/full" region list
refused "cannot open '$tmp/full/file': ?*" -C "$tmp/full/file" region list
refused "cannot open '': ?*" -C '' region list
[ "$(ls -A "$tmp/full")" = file ] || fail "opening left something behind"
for mode in 755 710 701 777; do
    chmod "$mode" "$cat"
    refused "cannot open '$cat': *others*" -C "$cat" region list
    refused "cannot open '$cat': *others*" -C "$cat" region add north
done
chmod 700 "$cat"
quiet -C "$cat" region list

# Where -C comes from.
export IMGSHARE_DIR=$cat
quiet region add east
done_ region list
[ "$(cut -f 1 "$tmp/out")" = east ] || fail "IMGSHARE_DIR is not looked at"
done_ -C "$tmp/relative" region list
[ "$(cut -f 1 "$tmp/out")" = north ] || fail "-C does not win over IMGSHARE_DIR"
done_ region list -C "$tmp/relative"
[ "$(cut -f 1 "$tmp/out")" = north ] || fail "-C behind the command is not looked at"
unset IMGSHARE_DIR

# A catalog from the future.
sqlite3 "$cat/catalog.db" 'PRAGMA user_version = 999'
refused "cannot open '$cat': *newer*" -C "$cat" region list
refused "cannot open '$cat': *newer*" -C "$cat" region add north
[ "$(sqlite3 "$cat/catalog.db" 'PRAGMA user_version')" = 999 ] || fail "changed a newer catalog"

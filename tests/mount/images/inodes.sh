#!/bin/bash
# SPDX-License-Identifier: MIT
# An object keeps its inode number across remounts and renames; a number is never used again; a directory is a place.
. "${0%/*}/../lib.sh"
catalog
mount_as alice
image "$A/web"
image "$A/db"
mkdir "$A/web/shares/bob"

numbers() {
        find "$T/alice/regions" "$A/web/shares/" "$A/db/.meta/id" -printf '%i %P\n' | sort -k2
}
numbers >"$T/first"
unmount alice
mount_as alice
numbers >"$T/second"
same "$T/first" "$T/second"
is '' sh -c 'cut -d" " -f1 "$1" | sort | uniq -d' - <(find "$T/alice/regions" -printf '%i\n')

# newer FILE NUMBER: its inode number is above all that were used for its kind.
newer() {
        [ "$(stat -c %i "$1")" -gt "$2" ] || not_ok "the number $(stat -c %i "$1") of $1 was used before: $2"
}
inode() {
        stat -c %i "$1"
}

# A new disk in the same place: its own number, the directory's and the description's stay.
place=$(inode "$A/db") description=$(inode "$A/db/description") disk=$(inode "$A/db/disk") id=$(cat "$A/db/.meta/id")
ok rm "$A/db/disk"
dense "$A/db/disk" 64
newer "$A/db/disk" "$disk"
is "$place" inode "$A/db"
is "$description" inode "$A/db/description"
[ "$(cat "$A/db/.meta/id")" != "$id" ] || not_ok 'a new disk has the old id'

# A new description and a new link: the order stays right.
link=$(inode "$A/db/shares")
ok rm "$A/db/description" "$A/db/shares"
ok put again "$A/db/description"
ok ln -s .meta/shares "$A/db/shares"
newer "$A/db/description" "$description"
newer "$A/db/shares" "$link"
[ "$(inode "$A/db/description")" -lt "$(inode "$A/db/shares")" ] &&
        [ "$(inode "$A/db/shares")" -lt "$(inode "$A/db/disk")" ] || not_ok 'description, shares and disk do not rise'

# Renamed: the same object.
ok mv "$A/db" "$A/data"
is "$place" inode "$A/data"
ok mv "$A/data" "$A/db"
is "$place" inode "$A/db"

# Removed and made again: another one.
ok rm -r "$A/db"
mkdir "$A/db"
newer "$A/db" "$place"
share=$(inode "$A/web/shares/bob")
rmdir "$A/web/shares/bob" && mkdir "$A/web/shares/bob"
newer "$A/web/shares/bob" "$share"

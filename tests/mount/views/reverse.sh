#!/bin/bash
# SPDX-License-Identifier: MIT
# accounts/<me>/received and owned: by region, symlinks that lead to the images, and go with what they stand for.
. "${0%/*}/../lib.sh"
catalog
mount_as alice
mount_as bob
received=$T/bob/accounts/bob/received
owned=$T/alice/accounts/alice/owned
up=../../../../regions
inode() {
        stat -c %i "$1"
}
# leads LINK TARGET: to a directory, by a text of that length.
leads() {
        is "$2" readlink "$1"
        is "${#2} 777 1 symbolic link" stat -c '%s %a %h %F' "$1"
        [ "$(realpath -e "$1")" = "$(realpath -e "${1%/*}/$2")" ] || not_ok "leads elsewhere: $1"
        [ -d "$1/" ] || not_ok "leads nowhere: $1"
}

# Every region is there, also an empty one, and one that is new.
is 'north south' listing "$received"
is 'north south' listing "$owned"
is '' listing "$received/north"
is '' listing "$owned/north"
refused 2 "$ENOENT" ls "$owned/east"
ok admin region add east
settle
is 'east north south' listing "$received"
is '' listing "$owned/east"
ok admin region rm east
settle
absent "$owned/east" "$received/east"

# What one owns, drafts too; and what one received.
mkdir "$A/draft"
image "$A/web"
image "$AS/web"
image "$B/mine"
is 'draft web' listing "$owned/north"
is web listing "$owned/south"
leads "$owned/north/draft" $up/north/images/draft
leads "$owned/north/web" $up/north/images/web
leads "$owned/south/web" $up/south/images/web
is 'the image web' cat "$owned/north/web/description"
same "$owned/south/web/disk" "$AS/web/disk"
is '' listing "$received/north"
ok mkdir "$A/web/shares/bob" "$A/web/shares/carol"
settle
is web@alice listing "$received/north"
is '' listing "$received/south"
leads "$received/north/web@alice" $up/north/images/web@alice
is 'the image web' cat "$received/north/web@alice/description"
refused 1 "$EPERM" cat "$received/north/web@alice/disk"
is mine listing "$T/bob/accounts/bob/owned/north"
is '' listing "$T/alice/accounts/alice/received/north"
is "$(stat -c %Y "$A/web/shares/bob")" stat -c %Y "$received/north/web@alice"
is "$(stat -c %Y "$A/web")" stat -c %Y "$owned/north/web"

# Names are exact.
for name in web web@bob web@carol mine mine@bob draft@alice Web@alice web@Alice web@alice@alice @alice web@ .web; do
        absent "$received/north/$name"
done
for name in web@alice mine draft@alice Web .web nothing; do
        absent "$owned/north/$name"
done

# Numbers stay over a remount; each link has its own.
find "$T/alice/accounts" "$T/bob/accounts" -printf '%i %P %l\n' | sort -k2 >"$T/before"
unmount alice bob
mount_as alice
mount_as bob
find "$T/alice/accounts" "$T/bob/accounts" -printf '%i %P %l\n' | sort -k2 >"$T/after"
same "$T/before" "$T/after"
is '' sh -c 'find "$1" -printf "%i\n" | sort | uniq -d' - "$T/alice"
is '' sh -c 'find "$1" -printf "%i\n" | sort | uniq -d' - "$T/bob"

# Unshared, it is gone; shared again, it is another link.
before=$(inode "$received/north/web@alice")
ok rmdir "$A/web/shares/"{bob,carol}
settle
absent "$received/north/web@alice"
is '' listing "$received/north"
ok mkdir "$A/web/shares/bob"
settle
[ "$(inode "$received/north/web@alice")" -gt "$before" ] || not_ok 'a number was used again'

# A recipient gives a share up where shares are; the link goes.
ok rmdir "$B/web@alice/.meta/shares/bob"
is '' listing "$received/north"

# Renamed: the same link under the new name, and not under the old one.
before=$(inode "$owned/north/web")
ok mv "$A/web" "$A/db"
is 'db draft' listing "$owned/north"
absent "$owned/north/web"
leads "$owned/north/db" $up/north/images/db
is "$before" inode "$owned/north/db"
ok mkdir "$A/db/shares/bob"
settle
is db@alice listing "$received/north"
absent "$received/north/web@alice"
leads "$received/north/db@alice" $up/north/images/db@alice

# Deleted.
ok rmdir "$A/db/shares/bob"
ok rm -r "$A/db"
settle
is draft listing "$owned/north"
is '' listing "$received/north"
absent "$owned/north/db" "$received/north/db@alice"

# Tools, as on all that is one's own; a listing longer than a page, read in pieces.
mkdir "$AS/web/shares/bob"
for i in $(seq 300); do mkdir "$A/many-$i" || break; done
settle
is 301 count "$owned/north"
is '' sh -c 'ls -f "$1" | sort | uniq -d' - "$owned/north"
for view in alice bob; do
        for command in 'ls -lR' 'ls -lai' 'find' 'du -a' 'find -xtype l' 'busybox find'; do
                # shellcheck disable=SC2086 # a command and its options
                ok sh -c 'cd "$1" && shift && "$@"' - "$T/$view/accounts" $command
                is '' cat "$T/err"
        done
        is '' find "$T/$view" -xtype l
        ok tar cf "$T/$view.tar" -C "$T/$view" accounts
        ok rsync -a "$T/$view/accounts/" "$T/copy/"
        ok diff -r --no-dereference "$T/$view/accounts" "$T/copy"
        ok cp -a "$T/$view/accounts" "$T/copied"
        ok diff -r --no-dereference "$T/copy" "$T/copied"
        rm -r "$T/copy" "$T/copied"
done
ok touch -h "$owned/south/web" "$received/south/web@alice"
ok chown -h 0 "$owned/south/web"
ok stat -f "$owned/south" "$owned/south/web"

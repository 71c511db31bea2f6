#!/bin/bash
# SPDX-License-Identifier: MIT
# The tree: names and their order, inode numbers, modes, kinds, link counts, sizes; what is unlisted; the owner's alias.
. "${0%/*}/../lib.sh"
catalog
mount_as alice
image "$A/web" 300
image "$A/db"

says '^regions$' ls -A "$T/alice"
is 'north south' listing "$T/alice/regions"
says '^images$' ls -A "$T/alice/regions/north"
is 'db web' listing "$A"
is 'description
shares
disk' ls -AU "$A/web"
is '.meta/shares' readlink "$A/web/shares"

# Unlisted, but there.
ok test -d "$A/web/.meta"
ok test -d "$T/alice/.imgshare"

# Inode numbers rise in the listing's order; d_ino and d_type of a listing are those of stat.
"$PYTHON" - "$A" "$T/alice" >"$T/wrong" 2>&1 <<'PYTHON'
import os, stat, sys
images, root = sys.argv[1:]
parts = [os.lstat(f'{images}/web/{n}').st_ino for n in ('description', 'shares', 'disk')]
if parts != sorted(set(parts)):
    print('inode numbers do not rise:', parts)
for directory, names, files in os.walk(root):
    for entry in os.scandir(directory):
        s = entry.stat(follow_symlinks=False)
        kind = stat.S_IFDIR if entry.is_dir(follow_symlinks=False) else stat.S_IFLNK if entry.is_symlink() else stat.S_IFREG
        if entry.inode() != s.st_ino or kind != stat.S_IFMT(s.st_mode):
            print(entry.path, entry.inode(), oct(kind), s)
        if s.st_nlink != 1:
            print(entry.path, 'has link count', s.st_nlink)
        if entry.is_symlink() and s.st_size != len(os.readlink(entry.path)):
            print(entry.path, 'has not the size of its text:', s.st_size)
PYTHON
is '' cat "$T/wrong"

# Modes.
mkdir "$A/web/shares/bob"
for directory in "$T/alice" "$T/alice/regions" "$A" "$A/web" "$A/web/.meta" "$A/web/shares/" "$A/web/shares/bob" \
        "$T/alice/.imgshare"; do
        is '755 directory 1' stat -c '%a %F %h' "$directory"
done
for file in description disk .meta/state; do
        is '644 regular file 1' stat -c '%a %F %h' "$A/web/$file"
done
for file in .meta/id .meta/owner .meta/size .meta/digest .meta/created .meta/source .meta/shares.tsv .meta/history.jsonl; do
        is '444 regular file 1' stat -c '%a %F %h' "$A/web/$file"
done
is "$(id -u):$(id -g)" stat -c '%u:%g' "$A/web/disk"

# Sizes: the disk's bytes and blocks, holes not counted.
is 307200 stat -c %s "$A/web/disk"
blocks=$(stat -c %b "$A/web/disk")
[ "$blocks" -ge 600 ] && [ "$blocks" -lt 700 ] || not_ok "a dense disk of 300 KiB has $blocks blocks"
mkdir "$A/holes"
truncate -s 1G "$A/holes/disk"
echo x | dd of="$A/holes/disk" bs=1 seek=500000000 conv=notrunc status=none
is 1073741824 stat -c %s "$A/holes/disk"
[ "$(stat -c %b "$A/holes/disk")" -lt 100 ] || not_ok "a disk of one byte and holes has $(stat -c %b "$A/holes/disk") blocks"
says '^[0-9]{1,2}\s' du -k "$A/holes/disk"
is 14 stat -c %s "$A/web/description"

# Any path below <img>@<owner> is right for everyone: the owner's alias is an unlisted link.
is 'web' readlink "$A/web@alice"
is 3 stat -c %s "$A/web@alice"
is 'the image web' cat "$A/web@alice/description"
is 'bob' listing "$A/web@alice/shares/"
ok mkdir "$A/web@alice/shares/carol"
is 'db holes web' listing "$A"
refused 2 "$ENOENT" ls -d "$A/never@alice"
refused 2 "$ENOENT" ls -d "$A/web@bob"
refused 1 "$EPERM" rm "$A/web@alice"
is 'db holes web' listing "$A"

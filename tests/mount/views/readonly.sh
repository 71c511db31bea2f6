#!/bin/bash
# SPDX-License-Identifier: MIT
# -o ro: shares is a real directory that find, tar and diff -r walk into, and nothing can be changed.
. "${0%/*}/../lib.sh"
catalog
mount_as alice
image "$A/web"
cp -r "$A/web" "$AS/"
mkdir "$A/web/shares/"{bob,carol} "$AS/web/shares/bob" "$A/draft"
settle
mount_at view account=alice,ro
V=$T/view/regions/north/images
VS=$T/view/regions/south/images

is 'description
shares
disk' ls -AU "$V/web"
is 'directory' stat -c %F "$V/web/shares"
is '../shares' readlink "$V/web/.meta/shares"
is 'bob carol' listing "$V/web/shares"
is 'bob carol' listing "$V/web/.meta/shares/"
says '^mode: ro$' cat "$T/view/.imgshare/whoami"
is "$V/web/shares/bob" find "$V" -name bob
same "$V/web/disk" "$A/web/disk"
"$PYTHON" - "$V/web" >"$T/wrong" <<'PYTHON'
import os, sys
parts = [os.lstat(f'{sys.argv[1]}/{n}').st_ino for n in ('description', 'shares', 'disk')]
if parts != sorted(set(parts)):
    print('inode numbers do not rise:', parts)
PYTHON
is '' cat "$T/wrong"

# Tools walk into the shares.
says '^web/shares/carol/$' tar tf <(tar cf - -C "$V" web)
refused 1 '' diff -r "$V/web" "$VS/web"
is "Only in $V/web/shares: carol" cat "$T/out"
ok rmdir "$A/web/shares/carol"
settle
ok diff -r "$V/web" "$VS/web"
ok ls -lR "$T/view"
ok du -a "$T/view"
ok grep -r 'the image' "$V"
ok cp -r "$V/web" "$T/exported"
is 'bob' listing "$T/exported/shares"
same "$T/exported/disk" "$A/web/disk"

# Nothing changes.
snapshot
refused 1 "$EROFS" mkdir "$V/web/shares/dave" "$V/new"
refused 1 "$EROFS" rmdir "$V/web/shares/bob"
refused 1 "$EROFS" put x "$V/web/description"
refused 1 "$EROFS" put x "$V/web/disk"
refused 1 "$EROFS" put sealed "$V/web/.meta/state"
refused 1 "$EROFS" rm -rf "$V/web"
refused 1 "$EROFS" mv "$V/web" "$V/other"
refused 1 "$EROFS" touch "$V/web/disk"
refused 1 "$EROFS" chmod 600 "$V/web/disk"
refused 1 "$EROFS" ln -s .meta/shares "$V/draft/shares"
unchanged 'changes through a read-only mount'

#!/bin/bash
# SPDX-License-Identifier: MIT
# touch and utimens set the mtime of one's own description and disk, nothing else's; rsync -a --inplace is idempotent.
. "${0%/*}/../lib.sh"
catalog
mount_as alice
image "$A/web"
mtime() {
        stat -c %Y "$1"
}

created=$(cat "$A/web/.meta/created")
for file in description disk; do
        ok touch -d '2001-02-03 04:05:06 UTC' "$A/web/$file"
        is 981173106 mtime "$A/web/$file"
done
is 'the image web' cat "$A/web/description"
ok touch "$A/web/disk"
[ "$(mtime "$A/web/disk")" -ge $(($(date +%s) - 60)) ] || not_ok 'touch does not mean now'
ok touch -m -d @1000000000.123456789 "$A/web/disk"
is 1000000000 mtime "$A/web/disk"

# Before 1970, and beyond what is kept: the nearest that is, in 2262.
for file in description disk; do
        ok touch -d '1969-12-31 23:59:58.5 UTC' "$A/web/$file"
        is -2 mtime "$A/web/$file"
        is '1969-12-31 23:59:58.500000000 +0000' env TZ=UTC stat -c %y "$A/web/$file"
        ok touch -d @99999999999999 "$A/web/$file"
        is 9223372036 mtime "$A/web/$file"
done

# Writing sets it, too.
ok put changed "$A/web/description"
[ "$(mtime "$A/web/description")" -ge $(($(date +%s) - 60)) ] || not_ok 'a new text has an old time'
printf x | dd of="$A/web/disk" conv=notrunc status=none
[ "$(mtime "$A/web/disk")" -ge $(($(date +%s) - 60)) ] || not_ok 'new bytes have an old time'

# Sealed and shared, still; and across a remount.
ok mkdir "$A/web/shares/bob"
granted=$(mtime "$A/web/shares/bob")
ok touch -d @1000000000 "$A/web/disk" "$A/web/description"
unmount alice
mount_as alice
is 1000000000 mtime "$A/web/disk"
is 1000000000 mtime "$A/web/description"
is "$created" cat "$A/web/.meta/created"

# Elsewhere it succeeds without effect: nobody forges the time of a grant.
snapshot
ok touch -d 2001-01-01 "$A/web/shares/bob" "$A/web" "$A/web/shares/" "$A" "$T/alice" "$A/web/.meta/created" "$A/web/.meta"
ok touch -h -d 2001-01-01 "$A/web/shares"
unchanged touch
is "$granted" mtime "$A/web/shares/bob"

# A second rsync -a --inplace transfers nothing; cp -a and tar x keep times.
if has rsync; then
        ok rsync -a --inplace "$A/web" "$AS/"
        says 'files transferred: 0$' rsync -a --inplace --stats "$A/web" "$AS/"
        ok put sealed "$AS/web/.meta/state"
        says 'files transferred: 0$' rsync -a --inplace --stats "$A/web" "$AS/"
        ok diff -r --no-dereference "$A/web" "$AS/web"
        is 1000000000 mtime "$AS/web/disk"
fi
ok cp -a "$A/web" "$AS/copied"
is 1000000000 mtime "$AS/copied/disk"
is 1000000000 mtime "$AS/copied/description"
mkdir "$AS/unpacked"
ok tar xf <(tar cf - -C "$A/web" .) -C "$AS/unpacked"
is 1000000000 mtime "$AS/unpacked/disk"
ok cp -al "$A/web" "$AS/linked"

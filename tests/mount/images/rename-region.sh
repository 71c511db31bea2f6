#!/bin/bash
# SPDX-License-Identifier: MIT
# mv to another region copies and deletes; what must not move is refused before anything is touched.
. "${0%/*}/../lib.sh"
needs busybox
catalog
mount_as alice
mount_as bob
for name in one two three; do
        image "$A/$name"
        cp -r "$A/$name" "$T/$name"
done

ok mv "$A/one" "$AS/"
ok diff -r --no-dereference "$AS/one" "$T/one"
ok busybox mv "$A/two" "$AS/"
ok diff -r --no-dereference "$AS/two" "$T/two"
ok "$PYTHON" -c 'import shutil, sys; shutil.move(*sys.argv[1:])' "$A/three" "$AS/three"
ok diff -r --no-dereference "$AS/three" "$T/three"
is '' listing "$A"
ok mv "$AS/one" "$A/uno"
is uno listing "$A"
is 'three two' listing "$AS"
fails EXDEV 'os.rename(*a)' "$A/uno" "$AS/uno"

# A taken or bad name is decided first: nothing is copied, nothing removed.
image "$AS/uno"
snapshot
refused 1 "$EEXIST" mv "$A/uno" "$AS/"
fails EEXIST 'os.rename(*a)' "$A/uno" "$AS/uno"
rule name-taken alice
refused 1 '.' busybox mv "$A/uno" "$AS/"
refused 1 "$EPERM" mv "$A/uno" "$AS/.uno"
refused 1 "$EPERM" mv "$A/uno" "$AS/one@bob"
unchanged 'mv onto a taken name'

# Shared, by its owner or its recipient.
mkdir "$A/uno/shares/bob"
rm -r "$AS/uno"
settle
snapshot
refused 1 "$EPERM" mv "$A/uno" "$AS/"
rule shared-frozen alice
refused 1 "$EPERM" mv "$B/uno@alice" "$BS/"
rule shared-frozen bob
refused 1 "$EPERM" mv "$B/uno@alice" "$BS/uno"
unchanged 'mv of a shared image'

# Parts of unshared images move between them; between others nothing does.
image "$A/from"
cp "$A/from/disk" "$T/disk"
mkdir "$A/to"
ok mv "$A/from/description" "$A/from/disk" "$A/to/"
is 'the image from' cat "$A/to/description"
same "$T/disk" "$A/to/disk"
is draft state "$A/from"
snapshot
refused 1 "$EPERM" mv "$A/uno/description" "$A/from/"
refused 1 "$EPERM" mv "$A/uno/disk" "$A/from/"
fails EPERM 'os.rename(*a)' "$A/to/disk" "$A/uno/disk"
unchanged 'mv of parts of a shared image'

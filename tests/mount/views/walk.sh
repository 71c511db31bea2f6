#!/bin/bash
# SPDX-License-Identifier: MIT
# Tools that read trees work on one's own images with exit status 0, GNU and busybox.
. "${0%/*}/../lib.sh"
needs busybox tar cpio
catalog
mount_as alice
for name in web db; do
        image "$A/$name"
        image "$AS/$name"
done
mkdir "$A/web/shares/"{bob,carol} "$A/draft"
snapshot

# The mount as a whole, and each image.
for where in "$T/alice" "$A/web" "$A/web/shares/"; do
        for command in 'ls -lR' 'ls -lai' 'du -a' 'du -sh' find 'stat' 'busybox ls -lR' 'busybox du' \
                'busybox find' 'tree'; do
                has "${command%% *}" || continue
                # shellcheck disable=SC2086 # a command and its options
                ok $command "$where"
                is '' cat "$T/err"
        done
done
for where in "$T/alice/regions" "$A/web"; do
        ok tar cf "$T/all.tar" -C "$where" .
        is '' cat "$T/err"
        ok grep -r 'the image' "$where"
        ok busybox grep -r 'the image' "$where"
        ok find "$where" -ls
        ok cp -r "$where" "$T/copy"
        ok diff -r --no-dereference "$where" "$T/copy"
        rm -rf "$T/copy"
        ok busybox tar cf "$T/all.tar" -C "$where" .
        ok sh -c 'cd "$1" && find . | cpio -o -H newc >"$2"' - "$where" "$T/all.cpio"
        ok sh -c 'find "$1" -type f -exec sha1sum {} +' - "$where"
        ok sh -c 'find "$1" -type f -print0 | xargs -0 md5sum' - "$where"
done

# What find finds.
is 8 sh -c 'find "$1" -name disk -o -name description | wc -l' - "$T/alice/regions"
is 4 sh -c 'find "$1" -type l | wc -l' - "$T/alice/regions"
is 4 sh -c 'find "$1" -size 64k | wc -l' - "$T/alice/regions"
is 4 sh -c 'find "$1" -type f -name disk -mmin -10 | wc -l' - "$T/alice/regions"
is "$A/draft" find "$A" -type d -empty
is 2 sh -c 'ls -d "$1"/*/shares/* | wc -l' - "$A"
is 'bob
carol' find "$A/web/shares/" -mindepth 1 -printf '%f\n'
# A real find works with a directory of one link, and descends into all of them.
is 5 sh -c 'find "$1" -mindepth 3 -maxdepth 3 -type d | wc -l' - "$T/alice/regions"
unchanged 'reading'

# Locks are the kernel's.
ok flock "$A/web/disk" true
ok flock -n "$A/web/disk" sh -c '! flock -n "$1" true' - "$A/web/disk"

# Many entries: a listing read in pieces shows each once, also while entries go.
for i in $(seq 300); do mkdir "$A/many-$i" || break; done
is 303 count "$A"
is '' sh -c 'ls -f "$1" | sort | uniq -d' - "$A"
ok sh -c 'rmdir "$1"/many-*' - "$A"
for i in $(seq 300); do mkdir "$A/many-$i" || break; done
ok find "$A" -name 'many-*' -delete
is 'db draft web' listing "$A"

#!/bin/bash
# SPDX-License-Identifier: MIT
# A catalog on a read-only filesystem is read; what would change it is refused in one line.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

# Permissions do not bind root, so the folder is mounted read-only, in a namespace of its own that goes by itself.
if [ "${1:-}" != inside ]; then
    unshare --mount --map-root-user true 2>/dev/null || skip "no mount namespaces"
    unshare --mount --map-root-user "$0" inside
    exit
fi

quiet init "$cat"
quiet -C "$cat" region add north
{ mount --bind "$cat" "$cat" && mount -o remount,ro,bind "$cat"; } || skip "no read-only mounts"

for words in 'account list' limits check log 'check --log'; do
    # shellcheck disable=SC2086 # words
    done_ -C "$cat" $words
done
done_ -C "$cat" region list
prints "north	$cat/store/north	0	0"
for words in 'region add south' 'account add alice' 'limits shares-per-image 3'; do
    # shellcheck disable=SC2086 # words
    refused "cannot open '$cat': it cannot be written*" -C "$cat" $words
done
refused "cannot create '$cat/new': ?*" init "$cat/new"
done_ -C "$cat" rules
umount "$cat"
done_ -C "$cat" region add south

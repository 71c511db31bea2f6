#!/bin/bash
# SPDX-License-Identifier: MIT
# What a daemon's sweep finds goes to lost+found and stays a week; by whom nothing is swept; `region rm` tells of it.
. "${0%/*}/../lib.sh"
catalog
ok admin account add audrey --role auditor
mount_as alice
image "$A/web"
unmount alice
S=$DIR/store/north
week=$((7 * 24 * 3600))

# The numbers of events that made no image; of one to come; of a launch to come.
for id in 2 3 99999 34359738999; do
        echo "bytes of $id" >"$S/$id"
done
mkdir -m 700 "$S/lost+found"
old=$(($(date +%s) - week - 60)) young=$(($(date +%s) - week + 3600))
touch "$S/lost+found/7.$old" "$S/lost+found/7.$old.1" "$S/lost+found/7.$young" "$S/lost+found/notes"

# Who changes nothing sweeps nothing.
for options in account=audrey account=alice,ro account=alice,asof=3; do
        mount_at seen "$options"
        ls "$T/seen/regions/" >/dev/null
        unmount seen
done
is '2 3 34359738999 99999' sh -c 'cd "$1" && ls 2 3 99999 34359738999 | xargs' - "$S"
is "7.$old 7.$old.1 7.$young notes" listing "$S/lost+found"

mount_as alice
ok eventually sh -c '! test -e "$1/2" && ! test -e "$1/3" && ! test -e "$1/lost+found/7.$2"' - "$S" "$old"
unmount alice
is 'bytes of 2' sh -c 'cat "$1"/lost+found/2.*' - "$S"
is 'bytes of 3' sh -c 'cat "$1"/lost+found/3.*' - "$S"
is 'bytes of 99999' cat "$S/99999"
is 'bytes of 34359738999' cat "$S/34359738999"
absent "$S/lost+found/7.$old.1"
ok test -e "$S/lost+found/7.$young"
ok test -e "$S/lost+found/notes"
is 'drwx------' stat -c %A "$S/lost+found"

# A region goes with it, after it was said; not with what is somebody else's.
ok admin region add west
mkdir -m 700 "$DIR/store/west/lost+found"
echo bytes >"$DIR/store/west/lost+found/2.$young"
ok admin region rm west
says "region 'west': 1 files? in its store's lost\\+found" cat "$T/err"
absent "$DIR/store/west"
rm "$S/99999" "$S/34359738999"

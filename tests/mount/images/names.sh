#!/bin/bash
# SPDX-License-Identifier: MIT
# Names of images: ASCII, at most 60 characters; a bad one is EINVAL or ENAMETOOLONG when made, ENOENT when looked up.
. "${0%/*}/../lib.sh"
catalog
mount_as alice

long=$(printf 'n%059d' 0)
for name in a 0 Web web web-1.2_3 a.. a- disk shares description images CON "$long"; do
        ok mkdir "$A/$name"
        ok rmdir "$A/$name"
done
image "$A/Web"
image "$A/web"
is 'Web web' listing "$A"
image "$A/$long"
mkdir "$A/$long/shares/bob"
mount_as bob
is "$long@alice" listing "$B"
ok rmdir "$A/$long/shares/bob"
ok rm -r "$A/$long"

snapshot
for name in .hidden _x -x @x x@ web@alice web@bob 'a b' 'a
b' $'a\tb' $'a\177b' 'é' $'e\xcc\x81' $'\xff' 'a*' 'a:b' 'a\b' '#a' '~a'; do
        refused 1 "$EINVAL|$EEXIST" mkdir -- "$A/$name"
        [ "$name" = web@alice ] || refused 2 "$ENOENT" ls -d -- "$A/$name"
        fails ENOENT 'os.rmdir(a[0])' "$A/no$name"
done
fails EINVAL 'os.mkdir(a[0])' "$A/web@bob"
fails EINVAL 'os.mkdir(a[0])' "$A/é"
for length in 61 64 65 255; do
        refused 1 "$ENAMETOOLONG" mkdir "$A/$(printf "n%0$((length - 1))d" 0)"
        refused 2 "$ENOENT" ls -d "$A/$(printf "n%0$((length - 1))d" 0)"
done
refused 1 "$ENAMETOOLONG" mkdir "$A/$(printf 'n%0300d' 0)"
refused 2 "$ENOENT" ls "$T/alice/regions/west" "$T/alice/regions/North" "$T/alice/nothing"
unchanged 'bad names'

# Taken: by an image or a draft of one's own, in that region only.
refused 1 "$EEXIST" mkdir "$A/web"
ok mkdir -p "$A/web"
ok mkdir "$AS/web"
refused 1 "$EEXIST" mkdir "$AS/web"
ok mkdir "$B/web"
is 'web' listing "$B"

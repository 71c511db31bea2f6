#!/bin/bash
# SPDX-License-Identifier: MIT
# Names and links that change while others go the same way, in mounts for one and in one for many: no share, copy or
# removal hits an object it was not named for, and a recipient gets at no bytes.
[ -n "${TMPDIR-}" ] || [ ! -d /dev/shm ] || export TMPDIR=/dev/shm # flushes are not what is tried
. "${0%/*}/../lib.sh"
needs_root
catalog
ok admin limits images-per-region 20000
mount_users rw
mount_as alice
mount_as bob
N=$T/all/regions
races() {
        ok "$PYTHON" "${0%/*}/hostile-races.py" "$@"
        [ ! -s "$T/out" ] || not_ok "$(cat "$T/out")"
        rm -f "$T/flag"
}
log=("$IMGSHARE" -C "$DIR" log --json)

races names 0 "$T/alice/regions/north" "$T/flag" 20 bob "${log[@]}"
races names "$ALICE" "$N/south" "$T/flag" 20 bob "${log[@]}"

# A shared image beside the one whose link is swapped, and a directory outside.
for where in "0 $T/bob/regions/north" "$BOB $N/south"; do
        read -r uid north <<<"$where"
        ok setpriv --reuid "$uid" --clear-groups sh -c \
                'mkdir "$1" && echo bytes >"$1/disk" && mkdir "$1/shares/carol"' - "$north/images/victim"
        mkdir -p "$T/victim/carol" "$T/victim/dave"
        races links "$uid" "$north" "$T/flag" 15 victim
        is 'carol dave' eval 'echo $(listing "$T/victim")'
        is carol setpriv --reuid "$uid" --clear-groups ls "$north/images/victim/shares/"
done
! admin log --json --image north/victim@bob | grep -q '"op":"unshare"' || not_ok 'a share has ended'
! admin log --json --image south/victim@bob | grep -q '"op":"unshare"' || not_ok 'a share has ended'

# A recipient, while the owner shares, unshares, renames, removes and makes again.
ok mkdir "$B/own" "$B/web" "$B/db" "$B/draft"
for name in own web db; do
        ok put own "$B/$name/disk"
done
"$PYTHON" "${0%/*}/hostile-races.py" recipient 0 "$T/bob/regions/north" "$T/flag" 5 alice >"$T/tries1" 2>&1 &
one=$!
"$PYTHON" "${0%/*}/hostile-races.py" recipient "$BOB" "$N/north" "$T/flag" 5 alice >"$T/tries2" 2>&1 &
two=$!
ok "$PYTHON" - "$A" <<'PYTHON'
import os, sys, time
images = sys.argv[1]
for i in range(16):
    name, next_name = ('web', 'db')[i % 2], ('web', 'db')[(i + 1) % 2]
    image = f'{images}/{name}'
    if i % 8 == 0:
        os.mkdir(image)
        with open(image + '/description', 'w') as f:
            f.write('text')
    if i % 4 == 0:
        with open(image + '/disk', 'w') as f:
            f.write('secret')
    for wait in 0, 0.15, 0:  # which is when other mounts show it at the latest
        os.mkdir(image + '/shares/bob')
        time.sleep(wait)
        os.rmdir(image + '/shares/bob')
    if i % 4 == 3:
        os.unlink(image + '/disk')
    if i % 8 == 7:
        os.unlink(image + '/description')
        os.unlink(image + '/shares')
        os.rmdir(image)
    else:
        os.rename(image, f'{images}/{next_name}')
PYTHON
touch "$T/flag"
ok wait "$one"
ok wait "$two"
[ ! -s "$T/tries1" ] && [ ! -s "$T/tries2" ] || not_ok "$(cat "$T"/tries[12])"

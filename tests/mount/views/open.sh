#!/bin/bash
# SPDX-License-Identifier: MIT
# What cannot be mounted: one clear line, no mount, nothing changed.
. "${0%/*}/../lib.sh"
catalog
mkdir "$T/mnt"

# no_mount REGEX ARG…: imgsharefs refuses at once, in one line that says so.
no_mount() {
        local want=$1 status
        shift
        run timeout -s KILL 20 "$IMGSHAREFS" "$@"
        status=$?
        [ "$status" -ge 1 ] && [ "$status" -le 2 ] || not_ok "status $status: $*"
        [ "$(wc -l <"$T/err")" -eq 1 ] || not_ok "not one line on stderr: $*: $(cat "$T/err")"
        grep -Eq "^(imgsharefs|fuse): .*($want)" "$T/err" || not_ok "does not say '$want': $(cat "$T/err")"
        [ ! -s "$T/out" ] || not_ok "speaks on stdout: $(cat "$T/out")"
        ! grep -q " $T/mnt " /proc/self/mounts || not_ok "mounted: $*"
}
sums() {
        find "$DIR" -type f ! -name '*-shm' -exec sha1sum {} + | sort -k2
}
sums >"$T/sums"

# The account.
no_mount nobody "$DIR" "$T/mnt" -o account=nobody
no_mount account "$DIR" "$T/mnt"
no_mount account "$DIR" "$T/mnt" -o ro
no_mount Alice "$DIR" "$T/mnt" -o account=Alice
no_mount '' "$DIR" "$T/mnt" -o account=
no_mount frobnicate "$DIR" "$T/mnt" -o account=alice,frobnicate
no_mount durability "$DIR" "$T/mnt" -o account=alice,durability=perhaps
no_mount "$T/nowhere" "$DIR" "$T/nowhere" -o account=alice

# The catalog's directory.
no_mount "$T/missing.*$ENOENT|$T/missing.*no catalog" "$T/missing" "$T/mnt" -o account=alice
mkdir -m 700 "$T/empty"
no_mount "$T/empty" "$T/empty" "$T/mnt" -o account=alice
is '' listing "$T/empty"
no_mount "$T/sums" "$T/sums" "$T/mnt" -o account=alice
for mode in 755 711 750 710 701 770; do
        chmod "$mode" "$DIR"
        no_mount "$DIR" "$DIR" "$T/mnt" -o account=alice
done
chmod 700 "$DIR"
sums >"$T/sums2"; cmp "$T/sums2" "$T/sums" || not_ok "a refused mount changed the catalog: $(diff "$T/sums" "$T/sums2")"

# Not a catalog, and one from the future.
mkdir -m 700 "$T/garbage"
dense "$T/garbage/catalog.db" 100
cp "$T/garbage/catalog.db" "$T/before"
no_mount "$T/garbage" "$T/garbage" "$T/mnt" -o account=alice
same "$T/before" "$T/garbage/catalog.db"
cp -a "$DIR" "$T/future"
"$PYTHON" - "$T/future/catalog.db" <<'PYTHON'
import sqlite3, sys
catalog = sqlite3.connect(sys.argv[1])
catalog.execute('pragma user_version = 9999')
catalog.close()
PYTHON
no_mount 'newer' "$T/future" "$T/mnt" -o account=alice
is 9999 "$PYTHON" -c 'import sqlite3, sys
print(sqlite3.connect(sys.argv[1]).execute("pragma user_version").fetchone()[0])' "$T/future/catalog.db"
refused 1 '^imgshare: .*newer' "$IMGSHARE" -C "$T/future" region list

# What cannot be written is read (tests/mount/keeping/media.sh).
if [ "$(id -u)" -eq 0 ] && mkdir "$T/frozen" && mount --bind "$DIR" "$T/frozen" && mount -o remount,bind,ro "$T/frozen"; then
        ok timeout -s KILL 30 "$IMGSHAREFS" "$T/frozen" "$T/mnt" -o account=alice
        says 'it cannot be written .* and is only read' cat "$T/err"
        unmount mnt
elif [ "$(id -u)" -ne 0 ]; then
        chmod 500 "$DIR"
        ok timeout -s KILL 30 "$IMGSHAREFS" "$DIR" "$T/mnt" -o account=alice
        unmount mnt
        chmod 700 "$DIR"
fi

# And what can.
mount_at mnt account=alice
says '^account: alice$' cat "$T/mnt/.imgshare/whoami"

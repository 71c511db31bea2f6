#!/bin/bash
# SPDX-License-Identifier: MIT
# imgsharefs: help, version, usage errors, options, foreground; unmounting or SIGTERM ends the daemon.
. "${0%/*}/../lib.sh"
catalog
mkdir "$T/mnt"

for option in -h --help; do
        ok "$IMGSHAREFS" "$option"
        says 'imgsharefs.* DIR .*MOUNTPOINT' cat "$T/out"
        for word in account= asof= multiuser durability= uid= gid= allow_other; do
                ok "$IMGSHAREFS" "$option"
                says "$word" cat "$T/out"
        done
done
run "$IMGSHAREFS" -h
is '' awk 'length > 80' "$T/out"
for option in -V --version; do
        says '^imgsharefs .*[0-9]+\.[0-9]+\.[0-9]+' "$IMGSHAREFS" "$option"
done
for arguments in '' DIR 'DIR MNT more' '-o' '--nonsense DIR MNT'; do
        arguments=${arguments//DIR/$DIR}
        # shellcheck disable=SC2086 # some arguments
        refused 2 '^(imgsharefs|fuse): ' "$IMGSHAREFS" ${arguments//MNT/$T/mnt}
done

# uid= and gid=, durability=, and fuse's own options.
mount_at mnt account=alice,uid=1234,gid=5678,durability=normal,fsname=images
is '1234:5678' stat -c %u:%g "$T/mnt/regions"
says "^images $T/mnt fuse.imgsharefs " grep "$T/mnt" /proc/self/mounts
ok mkdir "$T/mnt/regions/north/images/web"
is '1234:5678' stat -c %u:%g "$T/mnt/regions/north/images/web"
unmount mnt
mount_at mnt account=alice,durability=full
is "$(id -u):$(id -g)" stat -c %u:%g "$T/mnt/regions"
unmount mnt

# A catalog is mounted under its own name, whatever that means in options.
odd="$T/a,b\\c,ro"
ln -s "$DIR" "$T/link"
mkdir "$odd" && ok "$IMGSHARE" init "$odd/catalog"
ok "$IMGSHAREFS" "$odd/catalog" "$T/mnt" -o account=operator
is "$odd/catalog" findmnt -n -o SOURCE "$T/mnt"
ok ls "$T/mnt/regions"
unmount mnt
ok "$IMGSHAREFS" "$T/link" "$T/mnt" -o account=alice
is "$DIR" findmnt -n -o SOURCE "$T/mnt"
unmount mnt

# Not over the catalog itself, nor in it.
mkdir "$DIR/inside"
for place in "$DIR" "$DIR/inside" "$T/link" "$DIR/store"; do
        refused 1 "^imgsharefs: .*: is the catalog's own directory, or in it: mount it somewhere else$" \
                "$IMGSHAREFS" "$DIR" "$place" -o account=alice
        not mountpoint -q "$place"
done
rmdir "$DIR/inside"

# io_uring is taken, or said to be missing; either way the mount serves, bytes too.
mount_at mnt account=alice,io_uring
[ "$(cat /sys/module/fuse/parameters/enable_uring 2>"$T/none")" = Y ] ||
        says '^imgsharefs: io_uring: .*; going on without$' cat "$T/err"
dense "$T/bytes" 3000
ok cp "$T/bytes" "$T/mnt/regions/north/images/web/disk"
same "$T/bytes" "$T/mnt/regions/north/images/web/disk"
unmount mnt

# -f stays in the foreground, and ends with 0 when it is unmounted or told to.
mounted() {
        grep -q " $T/mnt " /proc/self/mounts && [ -e "$T/mnt/regions" ]
}
for end in 'fusermount3 -u MNT' 'umount MNT' 'kill PID' 'kill -INT PID' 'kill -HUP PID'; do
        [ "$(id -u)" -eq 0 ] || [ "${end%% *}" != umount ] || continue
        "$PYTHON" -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
os.execv(sys.argv[1], sys.argv[1:])' "$IMGSHAREFS" "$DIR" "$T/mnt" -f -o account=alice &
        pid=$!
        eventually mounted || not_ok 'not mounted after ten seconds'
        end=${end//MNT/$T/mnt}
        # shellcheck disable=SC2086 # a command and its arguments
        ok ${end//PID/$pid}
        wait "$pid" || not_ok "status $? after $end"
        ! mounted || not_ok "still mounted after $end"
done

# In the background it keeps nothing open and stands in /.
mount_at mnt account=alice
pid=$(daemon_of "$T/mnt")
is / readlink "/proc/$pid/cwd"
is /dev/null readlink "/proc/$pid/fd/0"

# Relative paths; options first.
unmount mnt
ok env -C "$T" "$IMGSHAREFS" catalog mnt -o account=alice
is 'north south' listing "$T/mnt/regions"
unmount mnt
ok "$IMGSHAREFS" -o account=alice "$DIR" "$T/mnt"
unmount mnt

# Who waits for the end of its output, as $(…) does, waits for the mount and no longer.
mkdir -p "$T/mnt"
ok timeout 20 bash -c ': "$("$IMGSHAREFS" "$DIR" "$1" -o account=alice 2>&1)"' - "$T/mnt"
is 'north south' listing "$T/mnt/regions"
unmount mnt

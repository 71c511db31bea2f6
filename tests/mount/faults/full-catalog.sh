#!/bin/bash
# SPDX-License-Identifier: MIT
# The disk under the catalog is full while many share: ENOSPC, reading goes on, the daemon lives, it works again once
# there is space, and just what was acknowledged is there, also when the daemon was killed.
. "${0%/*}/../lib.sh"
. "${0%/*}/../disks.sh"
disk small 8
mkdir "$T/stores"
DIR=$T/small/catalog
catalog
ok admin region add west --store "$T/stores/west"
ok admin limits shares-per-image 100000
for account in {a..e}{1..20}; do
        admin account add "$account" >"$T/out" || die account
done
mount_as alice
pid=$(daemon_of "$T/alice")
W=$T/alice/regions/west/images
for i in {1..16}; do
        image "$W/i$i" 4
done

# worker N: shares one image after the other with everybody, and notes what succeeded.
worker() {
        local image account
        for ((image = $1; image <= 16; image += 4)); do
                for account in a{1..20}; do
                        if mkdir "$W/i$image/shares/$account" 2>"$T/err.$1"; then
                                echo "i$image $account" >>"$T/acknowledged.$1"
                        else
                                cat "$T/err.$1" >>"$T/refused.$1"
                        fi
                done
        done
}

# Some room, for the log as well as for the file, which is soon gone.
fill() {
        cat /dev/zero >"$T/small/filling" 2>"$T/err"
        truncate -s "-$1K" "$T/small/filling"
}

# until_full ACCOUNT...: shares with one after the other until two changes in a row are refused. One alone may be followed by
# others that fit: the log begins anew after it, as long as the catalog's file need not grow. Who is refused twice, stays so.
until_full() {
        local image account before=shared
        for account; do
                for image in {1..16}; do
                        if mkdir "$W/i$image/shares/$account" 2>"$T/err"; then
                                echo "i$image $account" >>"$T/acknowledged.1"
                                before=shared
                        else
                                grep -vF "$ENOSPC" "$T/err" && not_ok 'refused for another reason'
                                [ "$before" = refused ] && return
                                before=refused
                        fi
                done
        done
        not_ok 'the disk is never full'
}

ok mkdir "$W/i1/shares/bob"
fill 4
for n in 1 2 3 4; do
        worker "$n" &
done
wait
until_full {b,d,e}{1..20}
cat "$T"/refused.? >"$T/refused" 2>"$T/err"
grep -vF "$ENOSPC" "$T/refused" && not_ok 'refused for another reason'
is "$pid" daemon_of "$T/alice"
[ -s "$T/acknowledged.1" ] || not_ok 'nothing fitted'

# Reading goes on; what was refused is not there, what was not, is.
acknowledged() {
        { cat "$T"/acknowledged.? && echo 'i1 bob'; } | sort
}
shares() {
        (cd "$W" && printf '%s\n' i*/.meta/shares/*) | sed -n 's,/.meta/shares/, ,p' | grep -v '\*' | sort
}
acknowledged >"$T/want"
shares >"$T/got"
same "$T/want" "$T/got"
ok ls -lR "$T/alice/accounts" "$T/alice/events"
is 16 count "$W"
refused 1 "$ENOSPC" mkdir "$W/i1/shares/carol"
ok rmdir "$W/i1/shares/bob" # out of the reserve

sed -i '/^i1 bob$/d' "$T/want"

# Killed when full, and started when full: it reads, then writes again once there is space.
kill -KILL "$pid"
eventually daemon_ended "$T/alice"
umount "$T/alice"
mount_as alice
shares >"$T/got"
same "$T/want" "$T/got"
until_full c{1..20}
refused 1 "$ENOSPC" mkdir "$W/i1/shares/carol"
rm "$T/small/filling"
ok mkdir "$W/i1/shares/carol"
ok rmdir "$W/i1/shares/carol"
ok admin check

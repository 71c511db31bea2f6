#!/bin/bash
# SPDX-License-Identifier: MIT
# A catalog on read-only media: copied while it was in use, log and all, and closed; on a squashfs, and on a file system
# that is mounted read-only. Everything that only reads works on it; whatever would change it is refused, in words.
. "${0%/*}/../lib.sh"
needs_root
needs mksquashfs
catalog
admin account add watcher --role auditor || die auditor
mount_as alice
image "$A/web" 300
ok mkdir "$A/web/shares/bob"
ok cp "$A/web/disk" "$T/web"
WAIT=10 eventually grep -qv pending "$A/web/.meta/digest" || die digest
cp -a "$DIR" "$T/in-use"
rm -rf "$T/no-index" && cp -a "$T/in-use" "$T/no-index" && rm "$T/no-index/catalog.db-shm"
[ -s "$T/in-use/catalog.db-wal" ] || die 'nothing is in the log'
unmount alice
cp -a "$DIR" "$T/closed"
last=$(admin log | tail -n 1 | cut -f 1)

# only_read DIR: as all of these must be.
only_read() {
        local only=$1 command options
        is "north	web@alice	bob" "$IMGSHARE" -C "$only" access bob
        is "$last" sh -c "'$IMGSHARE' -C '$only' log | tail -n 1 | cut -f 1"
        ok "$IMGSHARE" -C "$only" check --log --digests
        says '^[0-9]+.bob.share' "$IMGSHARE" -C "$only" exposure north/web@alice
        for command in 'account list' 'region list' limits 'access --all' 'apply -n /dev/null'; do
                # shellcheck disable=SC2086 # words
                ok "$IMGSHARE" -C "$only" $command
        done
        for command in 'account add eve' 'limits shares-per-image 7' 'region add west' upgrade; do
                # shellcheck disable=SC2086 # words
                refused 1 "cannot .*: it cannot be written: $EROFS" "$IMGSHARE" -C "$only" $command
        done
        mkdir -p "$T/there"
        for options in account=alice,ro account=alice account=watcher "account=alice,asof=$last" multiuser; do
                ok timeout -s KILL 30 "$IMGSHAREFS" "$only" "$T/there" -o "$options"
                says 'it cannot be written' cat "$T/err"
                case $options in
                *asof*) is web listing "$T/there/regions/north/images" ;;
                *alice*)
                        same "$T/web" "$T/there/regions/north/images/web/disk"
                        is bob listing "$T/there/regions/north/images/web/shares"
                        refused 1 "$EROFS" mkdir "$T/there/regions/north/images/web/shares/carol"
                        says '^mode: ro' cat "$T/there/.imgshare/whoami"
                        ;;
                *) is web@alice listing "$T/there/regions/north/images" ;;
                esac
                ok fusermount3 -u "$T/there"
                WAIT=10 eventually daemon_ended "$T/there" || not_ok 'the daemon did not end'
        done
}

for state in in-use no-index closed; do
        run mksquashfs "$T/$state" "$T/$state.squashfs" -quiet -no-progress || die "mksquashfs $state"
        mkdir "$T/$state.mounted"
        mount -o loop,ro "$T/$state.squashfs" "$T/$state.mounted" || skip 'no squashfs here'
        only_read "$T/$state.mounted"
        umount "$T/$state.mounted"
        mount --bind "$T/$state" "$T/$state" && mount -o remount,ro,bind "$T/$state" || die 'mount read-only'
        only_read "$T/$state"
        umount "$T/$state"
done

# others can enter what nobody can change: said, not refused
chmod 755 "$T/closed"
mount --bind "$T/closed" "$T/closed" && mount -o remount,ro,bind "$T/closed" || die 'mount read-only'
ok timeout -s KILL 30 "$IMGSHAREFS" "$T/closed" "$T/there" -o account=alice,ro
says 'others can enter it' cat "$T/err"
ok fusermount3 -u "$T/there"

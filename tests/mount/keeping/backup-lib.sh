# SPDX-License-Identifier: MIT
# What the tests of backups share, beside tests/mount/lib.sh.
# shellcheck shell=bash source-path=SCRIPTDIR
. "${BASH_SOURCE[0]%/*}/../lib.sh"

K=$T/kept

# Brings $K up to date; EVENT is what it names, its rows are in $T/said.
backup() {
        ok admin backup "$K"
        cp "$T/out" "$T/said"
        EVENT=$(awk -F '\t' '$1 == "head" { print $2 }' "$T/said")
        ok "$IMGSHARE" -C "$K" check --digests --log
        is "$(grep ^head "$T/said")" "$IMGSHARE" -C "$K" check --log
}

# shown MOUNTPOINT: all that a view shows; what has the time of the mount, without it.
shown() {
        (cd "$1" && { find regions -mindepth 1 -printf '%p %y %i %m %n %s %T@ %l\n' &&
                find accounts events -printf '%p %y %i %m %n %s %l\n'; } 2>&1 | sort &&
                find regions events \( -name description -o -path '*/.meta/*' -o -name '*.jsonl' \) -type f | sort |
                xargs -r tail -n +1)
}

# same_as_then: each view of the backup is that of the catalog as of its event.
same_as_then() {
        local account
        for account in alice bob operator; do
                mount_at past "account=$account,asof=$EVENT"
                mkdir -p "$T/now"
                ok timeout -s KILL 30 "$IMGSHAREFS" "$K" "$T/now" -o "account=$account,asof=$EVENT"
                diff <(shown "$T/past") <(shown "$T/now") >"$T/diff" || not_ok "$account sees: $(cat "$T/diff")"
                fusermount3 -u "$T/now"
                unmount past
        done
}

# blobs_same: all bytes that it has are those of the catalog's stores, which nobody changes meanwhile.
blobs_same() {
        local blob
        for blob in "$K"/store/*/[0-9]*; do
                same "$blob" "$DIR${blob#"$K"}"
        done
}

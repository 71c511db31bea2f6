# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Rows about durable changes: shares made and ended, by one client and by many, and in bulk.

# The `shares` directories of the images that are ready to be shared, from one to N.
blank() {
    local i
    for ((i = 200; i < 200 + $1; i++)); do
        printf '%s/img%07d/.meta/shares\n' "$images" "$i"
    done
}

row share-1
row_share-1() {
    small_mount || return
    one_ours() { load change "$seconds" "$images/img0000200/.meta/shares"; }
    by_turns one_ours raw || return
    ratio 'durable share, 1 client' /s one_ours raw 'raw SQLite' '>= 0.80'
    ratio 'durable unshare, 1 client' /s one_ours:5 raw 'raw SQLite' '-'
}

row share-many
row_share-many() {
    local directories
    small && unpinned crowd "$catalog" || return
    images=$point/regions/north/images
    mapfile -t directories < <(blank 64)
    sixteen() { crowd change "$seconds" "${directories[@]:0:16}"; }
    sixtyfour() { crowd change "$seconds" "${directories[@]}"; }
    by_turns sixteen sixtyfour raw || return
    ratio 'durable share, 16 clients in 16 images' /s sixteen raw 'raw SQLite, 1 client' '>= 3'
    ratio 'durable share, 64 clients in 64 images' /s sixtyfour raw 'raw SQLite, 1 client' '>= 4.5'
    # microseconds to milliseconds; the worst of all rounds
    awk -F '\t' '{ print $3 / 1000 }' "$work/round/sixteen" >"$work/round/p99"
    awk -F '\t' '$4 > m { m = $4 } $8 > m { m = $8 } END { print m / 1000 }' "$work/round/sixteen" >"$work/round/worst"
    value 'p99 of a durable share at 16 clients' ms p99 '<= 10'
    value '... the worst, checkpoints included' ms worst '<= 50'
}

# Two accounts of one mount: one with a client in an image of its own, beside many clients of the other.
row share-fairly
row_share-fairly() {
    local what='durable share, 1 client beside' mine user=4001 other=4002
    if ! command -v setpriv >/dev/null; then
        missing "$what 256 of another account" '>= 0.33' 'not installed: setpriv'
        return
    fi
    catalog fair images=300 filled=300 shared=0 shares=0 accounts=10000
    if ! "$imgshare" -C "$catalog" account list | grep -q '^single'; then
        "$imgshare" -C "$catalog" account set alice "uid=$user" && "$imgshare" -C "$catalog" account add single --uid "$other" ||
            return
    fi
    chmod 711 "$work" "$work/mount" # the way in for users
    serve fair "$imgsharefs" -f "$catalog" "$work/mount/fair" -o multiuser || return
    mine=$point/.views/single/regions/north/images/mine
    as "$other" sh -c 'mkdir -p "$1" && head -c 65536 /dev/urandom >"$1/disk"' - "$mine" || return
    alone() { as "$other" "$bin/bench-load" change "$seconds" "$mine/.meta/shares"; }
    amid() {
        local i directories=()
        for ((i = 0; i < $1; i++)); do
            directories+=("$(printf '%s/.views/alice/regions/north/images/img%07d/.meta/shares' "$point" "$i")")
        done
        as "$user" "$bin/bench-load" change "$(awk -v s="$seconds" 'BEGIN { print 1.5 * s + 0.5 }')" "${directories[@]}" >/dev/null &
        writer=$!
        sleep 0.3 # until all of them are at it
        alone || return
        wait "$writer"
    }
    beside_16() { amid 16; }
    beside_256() { amid 256; }
    by_turns alone beside_16 beside_256 || return
    ratio "$what 16 of another account" /s beside_16 alone 'alone' '>= 0.33'
    ratio "$what 256 of another account" /s beside_256 alone 'alone' '-'
}

row share-one-directory
row_share-one-directory() {
    local i directories=()
    small && unpinned crowd "$catalog" || return
    for i in {1..16}; do
        directories+=("$point/regions/north/images/img0000299/.meta/shares")
    done
    together() { crowd change "$seconds" "${directories[@]}"; }
    by_turns together raw &&
        ratio 'durable share, 16 clients in one image (the kernel takes turns)' /s together raw 'raw SQLite' '-'
}

row lookups-while-writing
row_lookups-while-writing() {
    local mount
    small && unpinned crowd "$catalog" || return
    mount=$point
    images=$point/regions/north/images
    idle() { crowd shares "$images" "${shape[@]}" "$seconds" "$mount"; }
    busy() {
        crowd change "$(awk -v s="$seconds" 'BEGIN { print s + 0.5 }')" "$images/img0000298/.meta/shares" >/dev/null &
        writer=$!
        idle || return
        wait "$writer"
    }
    by_turns idle busy &&
        ratio 'lookups while one durable writer runs' /s busy idle 'idle' '>= 0.5'
}

row apply
row_apply() {
    local grants=100000 what
    if $quick; then
        grants=10000
    fi
    what="imgshare apply of $grants grants"
    if ! "$imgshare" --help | grep -qw apply; then
        missing "$what" '>= 20' 'not built: no imgshare apply'
        return
    fi
    awk -v n="$grants" 'BEGIN {
        for (i = 0; i < n; i++) printf "north\timg%07d@alice\tacc%05d\n", i / 1000, i % 1000
    }' >"$work/grants"
    apply() {
        rm -rf "$work/catalog-apply" "$work/catalog-apply.made"
        catalog apply images=100 filled=100 shared=0 shares=0 accounts=1000 >/dev/null &&
            crowd time "$imgshare" -C "$catalog" apply "$work/grants" >"$work/applied" || return
        awk -v n="$grants" 'END { print n * 1000 / $1 }' "$work/applied"
    }
    by_turns apply raw &&
        ratio "$what" /s apply raw 'raw SQLite, one row a commit' '>= 20'
}

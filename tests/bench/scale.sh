# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Rows about a large catalog, compared with a small one, and about many users.

# 10 000 000 shares in 200 000 images; --quick: 100 000 in 2 000. Sets catalog, many (images) and size (words).
large() {
    many=200000 size='10 000 000 shares'
    if $quick; then
        many=2000 size='100 000 shares'
    fi
    if [[ ! -e $work/catalog-large.made ]] && ! $quick && ! room 8; then
        return 1
    fi
    catalog large images="$many" filled="$many" shared="$many" shares=50 accounts=10000
}

# The process of a server of ours that went to the background.
background() {
    local process
    for process in /proc/[0-9]*; do
        if [[ $process/exe -ef $imgsharefs ]] && grep -qzFx -- "$work/mount/$1" "$process/cmdline"; then
            printf '%s\n' "${process#/proc/}"
        fi
    done 2>/dev/null
}

# first_list CATALOG: mounts it in the background and lists an image's shares, in ms.
first_list() {
    mkdir -p "$work/mount/first"
    load start "$work/mount/first/regions/north/images/img0000001/.meta/shares" "$imgsharefs" "$1" "$work/mount/first" \
        -o account=alice
}

gone() {
    local i
    for ((i = 0; i < 1000; i++)); do
        [[ $(background first) ]] || return 0
        sleep 0.01
    done
    return 1
}

# ended PROCESSES: nothing is left of them.
ended() {
    local i process
    for process in $1; do
        for ((i = 0; i < 3000; i++)); do
            [[ -e /proc/$process ]] || continue 2
            sleep 0.01
        done
        return 1
    done
}

row start
row_start() {
    large || { missing 'a large catalog' - 'no room for one'; return; }
    clean() {
        first_list "$catalog" && unmount "$work/mount/first" && gone
    }
    killed() {
        local images=$work/mount/first/regions/north/images process
        first_list "$catalog" >/dev/null &&
            load visit share "$images" "$many" 50 10000 "$seconds" >/dev/null || return
        process=$(background first)
        xargs kill -KILL <<<"$process"
        # one that is ending still has its locks, and waits for its last writes
        umount -l "$work/mount/first" && ended "$process" && first_list "$catalog" && unmount "$work/mount/first" && gone
    }
    by_turns clean || return
    value "catalog of $size: exec to first ls" ms clean '<= 50'
    by_turns killed || return
    value '... after kill -9 of a busy daemon' ms killed '<= 150'
}

row memory
row_memory() {
    local walked seen
    large && ours large "$catalog" || return
    timeout -s KILL "$limit" ls "$point/regions" >/dev/null
    memory "${servers[$point]}" >"$work/round/memory"
    value "catalog of $size: memory of the daemon after mount" MiB memory '<= 32'
    walked=$(load walk "$point/regions/north/images" 60) || return
    memory "${servers[$point]}" >"$work/round/memory"
    seen=$(cut -f 1 <<<"$walked")
    value "... after a walk over $seen of $many images and their shares" MiB memory '<= 96'
}

# The same in both catalogs: visits to 200 images, spread over the large one; the kernel forgets, or it would answer.
row scale
row_scale() {
    local large_images large_point small_point what
    small_mount && small_point=$point && large && ours large "$catalog" || return
    what="catalog of $size"
    large_point=$point large_images=$point/regions/north/images
    in_large() { load visit "$1" "$large_images" "$many" 50 10000 "$seconds" "${@:2}"; }
    in_small() { load visit "$1" "$images" "${shape[@]}" "$seconds" "${@:2}"; }
    stat_large() { in_large stat 200 "$large_point"; }
    stat_small() { in_small stat 200 "$small_point"; }
    stat_any() { in_large stat "$many" "$large_point"; }
    list_large() { in_large list 200 "$large_point"; }
    list_small() { in_small list 200 "$small_point"; }
    share_large() { in_large share 200; }
    share_small() { in_small share 200; }
    by_turns stat_large stat_small stat_any && by_turns list_large list_small && by_turns share_large share_small || return
    ratio "$what: stat of a share" /s stat_large stat_small 'of 10 000' '>= 0.8'
    ratio '... share' /s share_large share_small 'of 10 000' '>= 0.8'
    ratio '... unshare' /s share_large:2 share_small:2 'of 10 000' '>= 0.8'
    ratio "... list of an image's shares" /s list_large list_small 'of 10 000' '>= 0.8'
    ratio "... stat of any share of any image" /s stat_any stat_small 'of 10 000' -
}

row bytes
row_bytes() {
    large || { missing 'bytes a live share takes' '<= 300' 'no room for the large catalog'; return; }
    cut -f 4 "$work/catalog-large.made" >"$work/round/bytes"
    value 'bytes a live share takes in the catalog, its event included' B bytes '<= 300'
}

# Again on the same place, with nothing new in the stores, against `cp` of the catalog's files; both to the disk. The
# directory of the stores, and where the disks are compared, is that of 200 000 images.
row backup
row_backup() {
    local what
    large || { missing 'backup of a large catalog' '<= 3' 'no room for one'; return; }
    what="backup of $size, all disks there already"
    timeout -s KILL 900 "$imgshare" -C "$catalog" backup "$work/round/kept" >/dev/null || return
    took() {
        local before=${EPOCHREALTIME/./}
        "$@" >/dev/null && awk -v a="$before" -v b="${EPOCHREALTIME/./}" 'BEGIN { print (b - a) / 1e6 }'
    }
    copied() { cp "$catalog"/catalog.db* "$work/round/copied" && sync "$work/round/copied"/*; }
    mkdir "$work/round/copied"
    backup() { took timeout -s KILL "$limit" "$imgshare" -C "$catalog" backup "$work/round/kept"; }
    copy() { took copied; }
    by_turns backup copy || return
    ratio "$what" s backup copy cp '<= 3'
    rm -rf "$work/round/kept" "$work/round/copied"
}

# An import of bytes that 10 000 images have already: from its sealing to its digest and what it is the same as.
row same-content
row_same-content() {
    local name
    # imported MOUNT: milliseconds
    imported() {
        local image=$work/mount/$1/regions/north/images/again before
        timeout -s KILL 60 bash -c 'mkdir "$1" && printf "\1%.0s" {1..4096} >"$1/disk"' - "$image" || return
        before=${EPOCHREALTIME/./}
        echo sealed >"$image/.meta/state" || return
        while [[ $(<"$image/.meta/digest") == pending ]]; do :; done
        awk -v a="$before" -v b="${EPOCHREALTIME/./}" 'BEGIN { print (b - a) / 1e3 }'
        timeout -s KILL 60 rm -r "$image"
    }
    # meanwhile NAME: the owner's shares, while somebody else imports again and again
    meanwhile() {
        local end=$((${EPOCHREALTIME/./} + $(awk -v s="$seconds" 'BEGIN { print int(2e6 * s) }')))
        while ((${EPOCHREALTIME/./} < end)); do
            imported "$1-other" >/dev/null || return
        done &
        crowd change "$seconds" "$work/mount/$1/regions/north/images/img0000000/.meta/shares" && wait "$!"
    }
    for name in few many; do
        if [[ $name == few ]]; then
            catalog same-few images=1 filled=1 shared=0 shares=0 accounts=10000
        else
            catalog same-many images=10000 filled=10000 shared=0 shares=0 accounts=10000
        fi
        serve "$name" "$imgsharefs" -f "$catalog" "$work/mount/$name" -o account=alice &&
            serve "$name-other" "$imgsharefs" -f "$catalog" "$work/mount/$name-other" -o account=acc00000 || return
    done
    # each_of MOUNT: the median of some imports, for one takes milliseconds, and a dozen flushes of the disk
    each_of() {
        local i
        for ((i = 0; i < 15; i++)); do
            imported "$1" || return
        done | sort -g | sed -n 8p
    }
    few() { each_of few; }
    many() { each_of many; }
    few_other() { each_of few-other; }
    many_other() { each_of many-other; }
    by_turns many few && ratio 'import of the content of 10 000 own images' ms many few 'of one' '<= 1.5'
    by_turns many_other few_other &&
        ratio "... of 10 000 images of somebody else's" ms many_other few_other 'of one' '<= 1.5' || return
    beside_few() { meanwhile few; }
    beside_many() { meanwhile many; }
    by_turns beside_many beside_few || return
    ratio '... durable shares of their owner meanwhile' /s beside_many beside_few 'of one' '>= 0.67'
    ratio '... the slowest of a hundred of these' us beside_many:3 beside_few:3 'of one' -
}

row multiuser
row_multiuser() {
    local what='1 000 views walked by 1 000 uids: uncached stat' before
    if ! "$imgsharefs" --help | grep -q multiuser; then
        missing "$what" '>= 0.9' 'not built: no multiuser mount'
        return
    fi
    small && serve single taskset -c "$cpu" "$imgsharefs" -f "$catalog" "$work/mount/single" -o account=audit &&
        serve users taskset -c "$cpu" "$imgsharefs" -f "$catalog" "$work/mount/users" -o multiuser || return
    single() { load views "$work/mount/single" regions/north/images "${shape[@]}" 0 1000 "$rounds"; }
    users() { load views "$work/mount/users" regions/north/images "${shape[@]}" 100000 1000 "$rounds"; }
    before=$(memory "${servers[$work/mount/users]}")
    by_turns users single || return
    ratio "$what" /s users single "an auditor's mount" '>= 0.9'
    awk -v a="$(memory "${servers[$work/mount/users]}")" -v b="$before" 'BEGIN { print a - b }' >"$work/round/growth"
    value '... memory of the daemon, more than at first' MiB growth '<= 32'
}

# A chain of copies, each of the one before. Only the rows of lineage are made by hand: what reads them does not tell.
row exposure
row_exposure() {
    local links=20000 before what
    what="12 readers of the exposure of $links links"
    if ! command -v sqlite3 >/dev/null; then
        missing "$what" '>= 0.33' 'not installed: sqlite3'
        return
    fi
    catalog chain images="$links" filled="$links" shared=200 shares=50 accounts=10000
    sqlite3 "$catalog/catalog.db" 'INSERT OR IGNORE INTO lineage (image, from_event, source) SELECT id, id, source
        FROM (SELECT id, lag(id) OVER (ORDER BY id) AS source FROM image) WHERE source IS NOT NULL' &&
        unpinned chain "$catalog" || return
    images=$point/regions/north/images
    chain=$(find "$images" -maxdepth 1 -name 'img*' | sort | head -n 1)/.meta/exposure.tsv
    # read_it MICROSECONDS: one reader, again and again.
    read_it() {
        local end=$((${EPOCHREALTIME/./} + $1))
        while ((${EPOCHREALTIME/./} < end)); do
            timeout -s KILL "$limit" cat "$chain" >/dev/null || return
        done
    }
    # beside_readers COMMAND...
    beside_readers() {
        local i readers=()
        for i in {1..12}; do
            read_it "$(awk -v s="$seconds" 'BEGIN { print int(1e6 * s) }')" &
            readers+=($!)
        done
        "$@" || return
        wait "${readers[@]}"
    }
    change() { crowd change "$seconds" "$images/img0000250/.meta/shares"; }
    list() { crowd visit list "$images" 200 50 10000 "$seconds"; }
    busy_change() { beside_readers change; }
    busy_list() { beside_readers list; }
    change >/dev/null && list >/dev/null || return
    before=$(memory "${servers[$point]}")
    by_turns change busy_change && by_turns list busy_list || return
    ratio "durable share beside $what" /s busy_change change 'without' '>= 0.33'
    ratio '... list of the shares of other images' /s busy_list list 'without' '>= 0.33'
    awk -v b="$before" '/^VmHWM/ { printf "%.1f\n", $2 / 1024 - b }' "/proc/${servers[$point]}/status" >"$work/round/growth"
    value '... memory of the daemon, most, more than at first' MiB growth '<= 32'
    # shellcheck disable=SC2016 # for sh
    one_read() { crowd time sh -c 'cat "$1" >/dev/null' - "$chain"; }
    by_turns one_read && value '... one reader alone, whole file' ms one_read -
}

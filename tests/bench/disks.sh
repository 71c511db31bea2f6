# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Rows about bytes: a sealed disk read, an instance's written, an image imported and copied. One client.

# The image `data`, sealed, an instance `vm` of it, and a plain file with the same bytes; sets sealed, instance, plain.
disks() {
    local mib=512
    if $quick; then
        mib=128
    fi
    small_mount || return
    sealed=$images/data/disk instance=$point/regions/north/instances/vm plain=$work/native.disk
    if [[ ! -e $plain ]]; then
        head -c "${mib}M" /dev/urandom >"$plain"
    fi
    if [[ ! -e $sealed ]]; then
        timeout -s KILL "$limit" bash -c 'mkdir "$1" && cp "$2" "$1/disk" && echo sealed >"$1/.meta/state"' - \
            "$images/data" "$plain" || return
    fi
    if [[ ! -e $instance/disk ]]; then
        timeout -s KILL "$limit" bash -c 'mkdir "$1" && echo data >"$1/image"' - "$instance" || return
    fi
    digested "$images/data" || return
    if [[ ! ${way-} ]]; then
        passes_through && way=passthrough || way='through the daemon'
    fi
}

# How a file was written stays visible in the page cache, as large or small pages, and in how fast it is read again. So
# files to compare start from the disk: plain ones, and the blobs behind our disks of the same size.
from_disk() {
    local file
    find "$@" "$catalog/store/north" -type f -size "$(stat -c %s "$plain")c" | while read -r file; do
        sync "$file" && dd if="$file" iflag=nocache count=0 status=none || return
    done
}

# disks_peer FILE: serves a directory that has nothing but this file, as `disk`.
disks_peer() {
    unmount "$work/mount/$peer"
    rm -rf "$work/native.peer" && mkdir "$work/native.peer" && ln "$1" "$work/native.peer/disk" || return
    if [[ $way == passthrough ]]; then
        peer "$work/native.peer" || true
    else
        peer --nopassthrough "$work/native.peer" || true
    fi
}

# digested IMAGE: waits for the digest of a sealed image, whose computing would disturb.
digested() {
    local i
    for ((i = 0; i < 600; i++)); do
        if [[ $(timeout -s KILL 10 cat "$1/.meta/digest") != pending ]]; then
            return 0
        fi
        sleep 0.1
    done
    return 1
}

# Does the kernel write an instance's disk without asking us? 1000 writes would be 1000 requests.
passes_through() {
    local before after
    before=$(switches "$point")
    timeout -s KILL "$limit" dd if=/dev/zero of="$instance/disk" bs=4k count=1000 conv=notrunc status=none || return
    after=$(switches "$point")
    ((after - before < 500))
}

row read
row_read() {
    disks && from_disk "$plain" || return
    read_ours() { load read "$sealed" 1048576 "$seconds"; }
    read_native() { load read "$plain" 1048576 "$seconds"; }
    random_ours() { load random "$sealed" 4096 "$seconds"; }
    random_native() { load random "$plain" 4096 "$seconds"; }
    map_ours() { load map "$sealed" "$seconds"; }
    map_native() { load map "$plain" "$seconds"; }
    by_turns read_ours read_native && by_turns random_ours random_native && by_turns map_ours map_native || return
    if [[ $way == passthrough ]]; then
        missing 'disk re-read, sequential, without passthrough' '>= 0.75' 'not in this run: without --libfuse'
    else
        ratio 'disk re-read, sequential, without passthrough' MiB/s read_ours read_native native '>= 0.75'
    fi
    ratio "disk read, sequential ($way)" MiB/s read_ours read_native native '>= 0.97'
    ratio "disk read, mmap ($way)" MiB/s map_ours map_native native '>= 0.97'
    ratio "disk read, random 4 KiB ($way)" /s random_ours random_native native '>= 0.90'
    disks_peer "$plain" || return
    read_peer() { load read "$work/mount/$peer/disk" 1048576 "$seconds"; }
    random_peer() { load random "$work/mount/$peer/disk" 4096 "$seconds"; }
    beside 'sequential' MiB/s read_ours read_peer && beside 'random 4 KiB' /s random_ours random_peer || return
    unmount "$work/mount/$peer"
}

row write
row_write() {
    disks || return
    large_ours() { load write "$instance/disk" 1048576 "$seconds"; }
    large_native() { load write "$work/native.copy" 1048576 "$seconds"; }
    small_ours() { load write "$instance/disk" 4096 "$seconds"; }
    small_native() { load write "$work/native.copy" 4096 "$seconds"; }
    cp "$plain" "$work/native.copy" && from_disk "$work/native.copy" || return
    by_turns large_ours large_native && by_turns small_ours small_native || return
    ratio "disk write, 1 MiB, an instance's ($way)" MiB/s large_ours large_native native '>= 0.95'
    ratio "disk write, 4 KiB, an instance's ($way)" MiB/s small_ours small_native native '>= 0.85'
    disks_peer "$work/native.copy" || return
    large_peer() { load write "$work/mount/$peer/disk" 1048576 "$seconds"; }
    small_peer() { load write "$work/mount/$peer/disk" 4096 "$seconds"; }
    beside '1 MiB' MiB/s large_ours large_peer && beside '4 KiB' MiB/s small_ours small_peer || return
    unmount "$work/mount/$peer"
    rm -r "$work/native.copy" "$work/native.peer"
}

row import
row_import() {
    local mib=512
    if $quick; then
        mib=128
    fi
    small_mount || return
    import_ours() {
        mkdir "$images/import" && load import "$images/import/disk" 1048576 "$mib" && rm -r "$images/import"
    }
    import_native() {
        load import "$work/native.import" 1048576 "$mib" && rm "$work/native.import"
    }
    by_turns import_ours import_native &&
        ratio "first import of a disk of $mib MiB, 1 MiB blocks" MiB/s import_ours import_native native '>= 0.30'
}

# big NAME SIZE dense|sparse: a sealed image of that size.
big() {
    local image=$images/$1
    if [[ -e $image/disk ]]; then
        return 0
    fi
    timeout -s KILL "$limit" bash -c '
        mkdir "$1" && if [[ $3 == dense ]]; then
            fallocate -l "$2" "$1/disk"
        else
            truncate -s "$2" "$1/disk" && for i in 1 3 5 7; do
                dd if=/dev/urandom of="$1/disk" bs=1M count=4 seek="$((i * 100))" conv=notrunc status=none || exit
            done
        fi && echo sealed >"$1/.meta/state"' - "$image" "$2" "$3" && digested "$image"
}

# copied COMMAND...: how long it takes to fill a new image in south; whether it is one by reference goes to moved.
copied() {
    local new=$south/copy
    mkdir "$new" && load time "$@" "$new/disk" | cut -f 1 && moved && rm -r "$new"
}

# Says so if the store of the south has a blob with bytes of its own.
moved() {
    find "$catalog/store/south" -type f -links 1 ! -name '.*' -printf 'bytes were moved\n' | head -n 1 \
        >>"$work/round/moved"
}

row copy
row_copy() {
    local size=10G south
    if $quick; then
        size=1G
    elif ! room 12; then
        size=1G
    fi
    small_mount || return
    south=$point/regions/south/images
    : >"$work/empty"
    big dense "$size" dense && big sparse "$size" sparse || return
    sync -f "$work" # each of our flushes would wait for what earlier rows have left to be written
    nothing() { load time cp "$work/empty" "$work/round/copy"; }
    dense() { copied cp "$images/dense/disk"; }
    linked() { copied ln "$images/sparse/disk"; }
    extents() {
        mkdir "$south/copy" && load extents "$images/sparse/disk" "$south/copy/disk" && moved && rm -r "$south/copy"
    }
    copy_line dense "cp of a sealed image of $size to another region, dense" &&
        copy_line linked "ln of one of $size, sparse" &&
        copy_line extents 'the calls of cp >= 9.2 for it, extent by extent'
}
copy_line() {
    : >"$work/round/moved"
    by_turns "$1" nothing || return
    if [[ -s $work/round/moved ]]; then
        missing "$2" '<= 10 more' "no: $(head -n 1 "$work/round/moved")"
    else
        more "$2" ms "$1" nothing 'cp of nothing' '<= 10'
    fi
}

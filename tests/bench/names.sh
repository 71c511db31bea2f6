# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Rows about names: stat, readdir, ls -l. One client, on the CPU of its server.

row stat
row_stat() {
    small_mount && native_names || return
    stat_ours() { load shares "$images" "${shape[@]}" "$seconds"; }
    stat_native() { load stat "$native" 10000 "$seconds"; }
    by_turns stat_ours stat_native &&
        ratio 'stat of a cached share' /s stat_ours stat_native native '>= 0.80' || return
    peer "$native" || true
    stat_peer() { load stat "$work/mount/$peer" 10000 "$seconds"; }
    beside 'the same' /s stat_ours stat_peer
}

row fstat
row_fstat() {
    small_mount && native_names || return
    fstat_ours() { load fstat "$images/img0000001/.meta/shares" "$seconds"; }
    fstat_native() { load fstat "$native" "$seconds"; }
    by_turns fstat_ours fstat_native &&
        ratio 'fstat of a directory' /s fstat_ours fstat_native native '>= 0.97'
}

row stat-uncached
row_stat-uncached() {
    local mount
    small_mount && mount=$point && null || return
    uncached_ours() { load shares "$images" "${shape[@]}" "$seconds" "$mount"; }
    uncached_null() { load stat "$point/d10000" 10000 "$seconds" "$point"; }
    by_turns uncached_ours uncached_null &&
        ratio 'stat of a share, uncached (directories cached)' /s uncached_ours uncached_null 'null server' '>= 0.85' ||
        return
    native_names && peer "$native" || true
    uncached_peer() { load stat "$work/mount/$peer" 10000 "$seconds" "$work/mount/$peer"; }
    beside 'the same' /s uncached_ours uncached_peer
}

row ls-l
row_ls-l() {
    local mount peer
    small_mount && mount=$point && native_names || return
    long_ours() { load long "$images" "$seconds" "$mount"; }
    long_bindfs() { load long "$work/mount/bindfs" "$seconds" "$work/mount/bindfs"; }
    long_mergerfs() { load long "$work/mount/mergerfs" "$seconds" "$work/mount/mergerfs"; }
    for peer in 'bindfs >= 1.4' 'mergerfs >= 1.8'; do
        if command -v "${peer%% *}" >/dev/null; then
            serve "${peer%% *}" taskset -c "$cpu" "${peer%% *}" -f "$native" "$work/mount/${peer%% *}" &&
                by_turns long_ours "long_${peer%% *}" || return
            ratio 'ls -l of 10 000 images, uncached' /s long_ours "long_${peer%% *}" "${peer%% *}" "${peer#* }"
            unmount "$work/mount/${peer%% *}"
        else
            missing 'ls -l of 10 000 images, uncached' "${peer#* }" "no ${peer%% *} here"
        fi
    done
}

row readdir
row_readdir() {
    local mount
    small_mount && mount=$point && null || return
    list_ours() { load list "$images" "$seconds" "$mount"; }
    list_null() { load list "$point/d10000" "$seconds" "$point"; }
    by_turns list_ours list_null &&
        ratio 'readdir of 10 000 images' /s list_ours list_null 'null server' '>= 0.7'
}

row readdir-cached
row_readdir-cached() {
    local before after what='readdir of 10 000 images, from the kernel'
    small_mount && native_names && load list "$images" 0 >/dev/null || return
    before=$(switches "$point")
    load list "$images" 0 >/dev/null || return
    after=$(switches "$point")
    if ((after - before > 20)); then # twice, each time opened and closed; each block of the listing would be one more
        missing "$what" '>= 2' 'not built: the kernel keeps no listing'
        return
    fi
    kept_ours() { load list "$images" "$seconds"; }
    kept_native() { load list "$native" "$seconds"; }
    by_turns kept_ours kept_native &&
        ratio "$what" /s kept_ours kept_native native '>= 2'
}

row ls-million
row_ls-million() {
    local mount before process what='ls -f of 1 000 000 images, time'
    if $quick; then
        missing "$what" '<= 1.5' 'not in --quick'
        return
    fi
    null && catalog million images=1000000 filled=0 shared=0 shares=0 accounts=1 && ours million "$catalog" || return
    mount=$point process=${servers[$point]}
    stat -c %n "$mount/regions/north/images" >/dev/null
    before=$(memory "$process")
    million_ours() { load list "$mount/regions/north/images" 0 "$mount" | cut -f 3; }
    million_null() { load list "$work/mount/null/d1000000" 0 "$work/mount/null" | cut -f 3; }
    by_turns million_ours million_null || return
    ratio "$what" ms million_ours million_null 'null server' '<= 1.5'
    awk -v a="$(memory "$process")" -v b="$before" 'BEGIN { print a - b }' >"$work/round/growth"
    value '... by what the server grows' MiB growth '<= 16'
    unmount "$mount"
}

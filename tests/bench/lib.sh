# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# What the rows of scripts/bench share: servers that are always taken down again, rounds, medians, lines of the table.
# A row runs its candidates, which are functions that print numbers, by turns, and says lines about what they printed.

bin=$root/$tree/tests/bench
imgshare=$root/$tree/src/cli/imgshare imgsharefs=$root/$tree/src/fs/imgsharefs
limit=120 # seconds that anything which touches a mount may take
broken=0
declare -A servers=() # mount point: process

# ---- the run

bench_begin() {
    local free need=24
    if $quick; then
        need=4 rounds=3 seconds=0.3
    else
        rounds=5 seconds=1
    fi
    if [[ $keep ]]; then
        mkdir -p -- "$keep"
        work=$(realpath -- "$keep")
    else
        work=$(realpath -- "$(mktemp -d "${TMPDIR:-/tmp}/imgshare-bench.XXXXXX")")
    fi
    mkdir -p "$work/mount" "$work/round"
    trap bench_clean EXIT
    trap 'exit 130' INT TERM
    free=$(($(stat -f -c '%a * %S' "$work") >> 30))
    cpu=$(taskset -cp $$ | sed 's/.*[ ,-]//') # one of those we may use: the last
    {
        say "native filesystem: $(df --output=fstype,source "$work" | tail -n 1), $work, $free GiB free"
        say "kernel $(uname -r), $(nproc) CPUs, one-client rows on CPU $cpu, load $(cut -d' ' -f1-3 /proc/loadavg)," \
            "$("$imgsharefs" --version), $rounds rounds"
        ((free >= need)) || say "that is less than the $need GiB it takes; rows without room will say so"
    } >&2
    began=$SECONDS
    if [[ -t 1 ]]; then
        line what ours baseline ratio goal reached
    fi
}

bench_row() {
    local before=$SECONDS r=0
    "row_$1" || r=$?
    if ((r != 0)); then
        line "$1" broken - - - "no: status $r"
        broken=$((broken + 1))
    fi
    say "  ($1: $((SECONDS - before)) s)" >&2
}

bench_end() {
    say "$((SECONDS - began)) s; load at the end $(cut -d' ' -f1-3 /proc/loadavg)" >&2
    ((broken == 0)) || die "$broken rows broke"
}

bench_clean() {
    local point
    trap - EXIT
    { kill "${writer:-}" && wait "${writer:-}"; } 2>/dev/null || true
    while read -r _ point _; do
        if [[ $point == "$work"/* ]]; then
            unmount "$point"
        fi
    done < <(tac /proc/self/mounts)
    if [[ $keep ]]; then
        rm -rf --one-file-system "$work/mount" "$work/round" "$work/native"* "$work/raw"*
    else
        rm -rf --one-file-system "$work"
    fi
}

# room GIB: whether the work directory has that much.
room() {
    (($(stat -f -c '%a * %S' "$work") >> 30 >= $1))
}

# ---- the table

# line WHAT OURS BASELINE RATIO GOAL REACHED
line() {
    if [[ -t 1 ]]; then
        printf '%-62s %-20s %-34s %7s  %-9s %s\n' "$@"
    else
        (
            IFS=$'\t'
            printf '%s\n' "$*"
        )
    fi
}

# missing WHAT GOAL WHY: a row that cannot be measured.
missing() {
    line "$1" - - - "$2" "$3"
}

# middle NAME FIELD: the median of what a candidate printed there, and the half distance of best and worst in percent.
middle() {
    cut -f "$2" "$work/round/$1" | sort -g | awk '
        { v[NR] = $1 }
        END {
            m = NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2
            printf("%.9g %.0f\n", m, (m != 0 ? (v[NR] - v[1]) * 50 / m : 0))
        }'
}

# show NUMBER UNIT [SPREAD]
show() {
    awk -v n="$1" -v unit="$2" -v spread="${3-}" 'BEGIN {
        if (unit == "/s" && n >= 1e6) { n /= 1e6; unit = " M/s" }
        else if (unit == "/s" && n >= 1e3) { n /= 1e3; unit = " k/s" }
        else if (unit != "/s") unit = " " unit
        printf (n >= 100 ? "%.0f%s" : n >= 10 ? "%.1f%s" : "%.2f%s"), n, unit
        if (spread != "") printf " (%s%%)", spread
    }'
}

# judge NUMBER GOAL: yes or no; a goal begins with ">= " or "<= ", or is just "-".
judge() {
    awk -v n="$1" -v goal="$2" 'BEGIN {
        split(goal, part, " ")
        if (goal == "-")
            print "-"
        else
            print (part[1] == ">=" ? n >= part[2] : n <= part[2]) ? "yes" : "no"
    }'
}

# ratio WHAT UNIT OURS[:FIELD] BASELINE[:FIELD] BASELINE-NAME GOAL
ratio() {
    local a b a_spread b_spread quotient field=${3#*:}
    [[ $3 == *:* ]] || field=1
    read -r a a_spread < <(middle "${3%:*}" "$field")
    field=${4#*:}
    [[ $4 == *:* ]] || field=1
    read -r b b_spread < <(middle "${4%:*}" "$field")
    quotient=$(awk -v a="$a" -v b="$b" 'BEGIN { printf("%.3g", (b != 0 ? a / b : 0)) }')
    line "$1" "$(show "$a" "$2" "$a_spread")" "$5 $(show "$b" "$2" "$b_spread")" "$quotient" "$6" \
        "$(judge "$quotient" "$6")"
}

# value WHAT UNIT OURS[:FIELD] GOAL: nothing to compare with. more: what ours takes more than the baseline does.
value() {
    local a spread field=${3#*:}
    [[ $3 == *:* ]] || field=1
    read -r a spread < <(middle "${3%:*}" "$field")
    line "$1" "$(show "$a" "$2" "$spread")" - - "$4 $2" "$(judge "$a" "$4")"
}

# more WHAT UNIT OURS BASELINE BASELINE-NAME GOAL
more() {
    local a b a_spread b_spread difference
    read -r a a_spread < <(middle "$3" 1)
    read -r b b_spread < <(middle "$4" 1)
    difference=$(awk -v a="$a" -v b="$b" 'BEGIN { printf "%+.2f", a - b }')
    line "$1" "$(show "$a" "$2" "$a_spread")" "$5 $(show "$b" "$2" "$b_spread")" "$difference" "$6 more" \
        "$(judge "$difference" "$6")"
}

# by_turns CANDIDATE...: each is run in each round, in turns that alternate; what it prints is kept for the lines.
by_turns() {
    local i candidate order=("$@") turned=()
    for candidate; do
        : >"$work/round/$candidate"
        turned=("$candidate" "${turned[@]}")
    done
    for ((i = 0; i < rounds; i++)); do
        for candidate in "${order[@]}"; do
            "$candidate" >>"$work/round/$candidate" || return
        done
        order=("${turned[@]}") turned=("$@")
        if ((i % 2)); then
            turned=("${order[@]}") order=("$@")
        fi
    done
}

# ---- load

# By one client, on the CPU of its server; by several, wherever.
load() {
    timeout -s KILL "$limit" taskset -c "$cpu" "$bin/bench-load" "$@"
}
crowd() {
    timeout -s KILL "$limit" "$bin/bench-load" "$@"
}
# as UID COMMAND...: by a user of a mount for many.
as() {
    timeout -s KILL "$limit" setpriv --reuid "$1" --clear-groups "${@:2}"
}
raw() {
    rm -f "$work"/raw.db*
    timeout -s KILL "$limit" taskset -c "$cpu" "$bin/bench-raw" "$work/raw.db" "$seconds"
}

# ---- servers

mounted() {
    local point
    while read -r _ point _; do
        if [[ $point == "$1" ]]; then
            return 0
        fi
    done </proc/self/mounts
    return 1
}

# serve NAME COMMAND...: runs a server in the foreground of its own, whose mount point is $work/mount/NAME; sets point.
# One that serves already is taken as it is.
serve() {
    local i
    point=$work/mount/$1
    shift
    if mounted "$point"; then
        return 0
    fi
    mkdir -p "$point"
    "$@" >>"$work/servers" 2>&1 </dev/null &
    servers[$point]=$!
    for ((i = 0; i < 3000; i++)); do
        if mounted "$point"; then
            return 0
        fi
        kill -0 "${servers[$point]}" 2>/dev/null || break
        sleep 0.01
    done
    tail -n 3 "$work/servers" >&2
    return 1
}

unmount() {
    timeout -s KILL 30 umount "$1" 2>/dev/null || umount -l "$1" 2>/dev/null || true
    if [[ ${servers[$1]-} ]]; then
        wait "${servers[$1]}" 2>/dev/null || true
        unset "servers[$1]"
    fi
}

# ours NAME CATALOG [OPTION...]: our mount of a catalog as alice, on one CPU; unpinned: anywhere.
ours() {
    local options
    options=$(IFS=,; printf %s "account=alice${*:3}")
    serve "$1" taskset -c "$cpu" "$imgsharefs" -f "$2" "$work/mount/$1" -o "$options"
}
unpinned() {
    serve "$1" "$imgsharefs" -f "$2" "$work/mount/$1" -o account=alice
}
# The null server, with timeouts like ours.
null() {
    local timeout=0
    if kernel_caches; then
        timeout=3600
    fi
    serve null taskset -c "$cpu" "$bin/bench-null" "$work/mount/null" -f -o "timeout=$timeout"
}

# A plain directory served by libfuse's example of a passthrough server, which scripts/libfuse builds.
peer=passthrough_hp
peer() {
    local program=$root/build-libfuse/build/example/$peer
    [[ -x $program ]] && serve "$peer" taskset -c "$cpu" "$program" --foreground "$@" "$work/mount/$peer"
}
# beside WHAT UNIT OURS PEER: a line about that peer, which serves already; no goal, it is there to be seen.
beside() {
    if mounted "$work/mount/$peer"; then
        by_turns "$3" "$4" && ratio "... $1" "$2" "$3" "$4" "$peer" -
    else
        missing "... $1" - "no $peer here: scripts/libfuse"
    fi
}

# switches POINT: how often the threads of its server have waited for something: about once a request.
switches() {
    cat /proc/"${servers[$1]}"/task/*/status | awk '/^voluntary/ { n += $2 } END { print n }'
}

# memory PID: what it has in RAM, MiB
memory() {
    awk '/^VmRSS/ { printf "%.1f\n", $2 / 1024 }' "/proc/$1/status"
}

# ---- catalogs

# catalog NAME WORD...: made by bench-catalog unless an earlier run left it; sets catalog.
catalog() {
    catalog=$work/catalog-$1
    if [[ ! -e $catalog.made ]]; then
        rm -rf "$catalog"
        timeout -s KILL 900 "$bin/bench-catalog" "$catalog" "${@:2}" >"$catalog.new"
        mv "$catalog.new" "$catalog.made"
    fi
}

# The catalog of most rows: 10 000 images in north, of which 200 have 50 shares each and 100 are ready for some.
# Sets shape: images with shares, shares, accounts.
small() {
    catalog small images=10000 filled=300 shared=200 shares=50 accounts=10000
    shape=(200 50 10000)
}
small_mount() {
    small
    ours small "$catalog"
    images=$point/regions/north/images
}

# Does the kernel keep names and attributes? Asked once: of our mount, by the second of two looks at the same names.
kernel_caches() {
    local before after
    if [[ ! ${caches-} ]]; then
        local point images shape catalog
        small_mount && load shares "$images" "${shape[@]}" 0 >/dev/null || die "no load on our mount"
        before=$(switches "$point")
        load shares "$images" "${shape[@]}" 0 >/dev/null
        after=$(switches "$point")
        caches=no
        if ((after - before < 5000)); then # twice 10 000 names
            caches=yes
        fi
    fi
    [[ $caches == yes ]]
}

# A plain directory with the names of the 10 000 images.
native_names() {
    native=$work/native
    if [[ ! -d $native ]]; then
        mkdir "$native"
        (cd "$native" && seq -f 'img%07.0f' 0 9999 | xargs mkdir)
    fi
}

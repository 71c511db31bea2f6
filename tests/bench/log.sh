# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Rows about the log: checking it, and making all rows again from it.

# log NAME IMAGES ACCOUNTS: a catalog of that many images, each with 245 shares. Sets catalog and events.
log() {
    catalog "$1" images="$2" filled="$2" shared="$2" shares=245 accounts="$3"
    events=$(($2 * 250))
}

# CPU seconds of a command that prints nothing to be read.
cpu_seconds() {
    local TIMEFORMAT='%U %S'
    { time timeout -s KILL 600 "$@" >/dev/null 2>"$work/round/error"; } 2>&1 | awk '{ print $1 + $2 }'
}

row check-log
row_check-log() {
    local images=4000 few many
    if $quick; then
        images=400
    fi
    log log-10000 "$images" 10000
    check() { cpu_seconds "$imgshare" -C "$catalog" check --log; }
    by_turns check || return
    value "check --log of $events events, 10 000 accounts: CPU" s check '<= 12'
    log log-1000 400 1000
    few=$catalog
    log log-8000 400 8000
    many=$catalog
    check_few() { cpu_seconds "$imgshare" -C "$few" check --log; }
    check_many() { cpu_seconds "$imgshare" -C "$many" check --log; }
    by_turns check_many check_few || return
    ratio "... of $events events, 8 000 accounts" s check_many check_few 'of 1 000' '<= 10'
}

# Against one row for each event, in one transaction: what SQLite takes for any row.
row replay
row_replay() {
    local images=4000
    if $quick; then
        images=400
    fi
    log log-10000 "$images" 10000
    replay() { timeout -s KILL 600 "$bin/bench-replay" "$catalog/catalog.db"; }
    rows() {
        rm -f "$work"/raw.db*
        timeout -s KILL 600 "$bin/bench-raw" "$work/raw.db" "$events" rows
    }
    by_turns replay rows || return
    ratio "replay of $events events of shares" /s replay rows 'raw SQLite, rows of one commit' -
    value '... the same' k/s replay:3 '>= 50'
}

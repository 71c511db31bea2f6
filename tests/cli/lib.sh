# SPDX-License-Identifier: MIT
# Sourced by every test of imgshare: a folder of its own, and assertions that name the line they failed in.
# IMGSHARE is the program. A test goes on behind a failed assertion and fails at its end.
# shellcheck shell=bash
set -u
: "${IMGSHARE:?the built program}" "${PYTHON:=python3}"
[ -x "$IMGSHARE" ] || exit 99
unset IMGSHARE_DIR POSIXLY_CORRECT
export LC_ALL=C.UTF-8

tmp=$(mktemp -d) || exit 99
# shellcheck disable=SC2034 # for the tests
cat=$tmp/catalog
failures=0
ran='' status=0

finish() {
    local code=$?
    umount -l "$tmp"/* 2>/dev/null # of a test that mounts and came to an early end
    # do the rows follow from the log (tests/oracle); a test that has changed them says so by a file no_oracle
    if [ "$code" -eq 0 ] && [ "${ORACLE-}" ] && [ -e "$cat/catalog.db" ] && [ ! -e "$tmp/no_oracle" ]; then
        "$ORACLE" "$cat/catalog.db" || code=1
    fi
    rm -rf -- "$tmp"
    [ "$code" -eq 0 ] && [ "$failures" -gt 0 ] && code=1
    exit "$code"
}
trap finish EXIT
trap 'exit 99' HUP INT TERM

skip() {
    echo "skipped: $*"
    exit 77
}

# The line of the test, not of this file.
fail() {
    local frame=0
    while [ "${BASH_SOURCE[frame]}" = "${BASH_SOURCE[0]}" ]; do frame=$((frame + 1)); done
    echo "${BASH_SOURCE[frame]}:${BASH_LINENO[frame - 1]}: $* [$ran: status $status]"
    sed 's/^/    out: /' "$tmp/out"
    sed 's/^/    err: /' "$tmp/err"
    failures=$((failures + 1))
}

# run ARGUMENT...: leaves $status, $tmp/out and $tmp/err.
run() {
    ran="imgshare $*" status=0
    timeout 60 "$IMGSHARE" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null || status=$?
}

# done_ ARGUMENT...: it is done, and nothing complained about.
done_() {
    run "$@"
    [ "$status" -eq 0 ] || fail "not done"
    [ -s "$tmp/err" ] && fail "complains"
    return 0
}

# quiet ARGUMENT...: done, and nothing printed.
quiet() {
    done_ "$@"
    [ -s "$tmp/out" ] && fail "prints"
    return 0
}

# one_line PATTERN: stdout is empty, stderr is the one line `imgshare: PATTERN` (a glob).
one_line() {
    local line
    [ -s "$tmp/out" ] && fail "prints"
    [ "$(wc -l <"$tmp/err")" -eq 1 ] || fail "not one line on stderr"
    line=$(cat "$tmp/err")
    # shellcheck disable=SC2053 # a pattern
    [[ $line == "imgshare: "$1 ]] || fail "not the message '$1'"
}

# refused PATTERN ARGUMENT..., usage PATTERN ARGUMENT...
refused() {
    run "${@:2}"
    [ "$status" -eq 1 ] || fail "status is not 1"
    one_line "$1"
}
usage() {
    run "${@:2}"
    [ "$status" -eq 2 ] || fail "status is not 2"
    one_line "$1"
}

# prints LINE...: what the last run printed is exactly that.
prints() {
    [ "$(cat "$tmp/out")" = "$(printf '%s\n' "$@")" ] || fail "does not print: $*"
}

# on_terminal ARGUMENT...: run with an 80 column terminal as stdout and stderr.
on_terminal() {
    local words
    printf -v words '%q ' "$IMGSHARE" "$@"
    ran="imgshare $*" status=0
    : >"$tmp/err"
    script -qec "stty cols 80; $words" /dev/null </dev/null | tr -d '\r' >"$tmp/out"
    status=${PIPESTATUS[0]}
}

# json FILTER EXPECTED: of what the last run printed.
json() {
    local got
    "$PYTHON" -m json.tool <"$tmp/out" >"$tmp/json" || {
        fail "no JSON"
        return
    }
    got=$("$PYTHON" -c 'import json, sys
rows = json.load(open(sys.argv[1]))
print(json.dumps(eval(sys.argv[2])))' "$tmp/json" "$1")
    [ "$got" = "$2" ] || fail "$1 is $got, not $2"
}

# SPDX-License-Identifier: MIT
# What the mount tests share: a catalog of their own, mounts that are always taken down again, and assertions.
# Sourcing it starts the script a second time, as a child that may hang, be killed or leave mounts behind. The first
# process never touches a mount: it waits, unmounts, looks after the daemons and asks `imgshare check --log`.
# A script may set LIMIT (seconds), and JUDGES (for each of the last two looks at its log), before sourcing;
# IMGSHARE_SLOW=N makes LIMIT N times as long (valgrind). Failures are printed as `not ok: file:line: what`.
# shellcheck shell=bash
set -u
export LC_ALL=C.UTF-8

: "${IMGSHARE:?the built imgshare}" "${IMGSHAREFS:?the built imgsharefs}" "${PYTHON:=python3}"
IMGSHARE=$(realpath "$IMGSHARE") IMGSHAREFS=$(realpath "$IMGSHAREFS")
export IMGSHARE IMGSHAREFS PYTHON

# ---- the first process

# mounts REGEX: mount points below $T of such filesystem types, the newest first.
mounts() {
        local mount kind
        while read -r _ mount kind _; do
                [[ $mount == "$T"/* && $kind =~ $1 ]] && printf '%s\n' "$mount"
        done </proc/self/mounts | tac
}

# unmount_all REGEX: whatever it takes.
unmount_all() {
        local mount
        for mount in $(mounts "$1"); do
                timeout -s KILL 10 umount "$mount" 2>/dev/null || timeout -s KILL 10 fusermount3 -u "$mount" 2>/dev/null ||
                        umount -l "$mount" || fusermount3 -uz "$mount"
        done
}

# Process ids of this test's daemons: imgsharefs, and not its guard, with a path below $T on its command line; with a
# MOUNTPOINT, its daemon. No process is started for it: it is asked often.
daemons() {
        local process name words word
        for process in /proc/[0-9]*; do
                [ "$process/exe" -ef "$IMGSHAREFS" ] && read -r name <"$process/comm" && [[ $name != *guar* ]] &&
                        mapfile -d '' -t words <"$process/cmdline" || continue
                for word in "${words[@]}"; do
                        [[ ${1+exact} && $word == "$1" || ! ${1+exact} && $word == *"$T/"* ]] || continue
                        echo "${process#/proc/}"
                        break
                done
        done 2>/dev/null
}

# Waits at most ten seconds until a command succeeds.
eventually() {
        local end=$((SECONDS + ${WAIT:-10}))
        until "$@"; do
                [ "$SECONDS" -lt "$end" ] || return 1
                sleep 0.02
        done
}

no_daemons() {
        [ -z "$(daemons)" ]
}

# Takes everything down; whatever is found wrong turns a success into a failure.
take_down() {
        local status=$1
        unmount_all imgsharefs
        if ! WAIT=60 eventually no_daemons; then # a busy disk takes its time
                echo "not ok: ${0##*/}: a daemon did not end after its unmount"
                daemons | xargs -r kill -KILL
                status=1
        fi
        if [ "$status" -ne 77 ] && [ -e "$DIR/catalog.db" ] && [ ! -e "$T/no_check" ] &&
                ! timeout -s KILL "${JUDGES:-60}" "$IMGSHARE" -C "$DIR" check --log >"$T/check" 2>&1; then
                echo "not ok: ${0##*/}: imgshare check --log finds, after the test:"
                cat "$T/check"
                status=1
        fi
        # do the rows follow from the log, judged by what shares no way with the check (tests/oracle)
        if [ "$status" -ne 77 ] && [ -e "$DIR/catalog.db" ] && [ ! -e "$T/no_check" ] && [ "${ORACLE-}" ] &&
                ! timeout -s KILL "${JUDGES:-60}" "$ORACLE" "$DIR/catalog.db" >"$T/check" 2>&1; then
                echo "not ok: ${0##*/}: the oracle finds, after the test:"
                cat "$T/check"
                status=1
        fi
        for report in "$T"/sanitizer.*; do
                [ -e "$report" ] || continue
                echo "not ok: ${0##*/}: a sanitizer reports"
                cat "$report"
                status=1
        done
        unmount_all .
        rm -rf --one-file-system "$T"
        return "$status"
}

if [ -z "${MOUNT_TEST-}" ]; then
        [ -w /dev/fuse ] || { echo 'skipped: no /dev/fuse' && exit 77; }
        T=$(realpath "$(mktemp -d "${TMPDIR:-/tmp}/imgshare.XXXXXX")") || exit 1
        export T DIR=$T/catalog MOUNT_TEST=1
        for sanitizer in ASAN UBSAN TSAN; do
                variable=${sanitizer}_OPTIONS
                export "$variable=${!variable-}:log_path=$T/sanitizer"
        done
        child=
        trap 'trap "" INT TERM; kill -KILL -- "-$child"; take_down 1; exit 1' INT TERM
        LIMIT=$((${LIMIT:-60} * ${IMGSHARE_SLOW:-1}))
        timeout -s KILL "$LIMIT" bash "$0" "$@" &
        child=$!
        { wait "$child"; } 2>/dev/null
        status=$?
        if [ "$status" -ge 128 ]; then
                echo "not ok: ${0##*/}: killed (after $LIMIT s?) at: $(cat "$T/step")"
                kill -KILL -- "-$child" 2>/dev/null
        fi
        take_down "$status"
        exit
fi

# ---- the second process: the test

EPERM='Operation not permitted'
EEXIST='File exists'
ENOENT='No such file or directory'
EACCES='Permission denied'
EBUSY='Device or resource busy'
EINVAL='Invalid argument'
ENAMETOOLONG='File name too long'
ENOTEMPTY='Directory not empty'
EROFS='Read-only file system'
EIO='Input/output error'
ENOSPC='No space left on device'

# Alice's, bob's and carol's images, in north and south.
A=$T/alice/regions/north/images AS=$T/alice/regions/south/images
B=$T/bob/regions/north/images BS=$T/bob/regions/south/images
C=$T/carol/regions/north/images
# shellcheck disable=SC2034 # for the tests
readonly EPERM EEXIST ENOENT EACCES EBUSY EINVAL ENAMETOOLONG ENOTEMPTY EROFS EIO ENOSPC A AS B BS C

MOUNTED=()           # names of the mounts below $T
declare -A denials=() # per mount: the number of the last denial that `rule` has seen
failures=0
echo start >"$T/step"
trap 'status=$?; [ "$status" -ne 0 ] || [ "$failures" -eq 0 ] || exit 1' EXIT

# Sets PLACE: where in the test script we are, and from where a function of it was called.
place() {
        local i=0 last=$((${#BASH_SOURCE[@]} - 1))
        while [ "${BASH_SOURCE[i]}" = "${BASH_SOURCE[0]}" ]; do i=$((i + 1)); done
        PLACE=${BASH_SOURCE[i]##*/}:${BASH_LINENO[i - 1]}
        [ "$i" -eq "$last" ] || PLACE+=" called at ${BASH_LINENO[last - 1]}"
}

not_ok() {
        place
        printf 'not ok: %s: %s\n' "$PLACE" "$*"
        failures=$((failures + 1))
        return 1
}

# What a test cannot go on without.
die() {
        not_ok "$@"
        exit 1
}

skip() {
        echo "skipped: $*"
        exit 77
}

# needs TOOL…: skips the test if one is not installed.
needs() {
        local tool
        for tool; do
                command -v "$tool" >/dev/null || skip "no $tool"
        done
}

has() {
        command -v "$1" >/dev/null
}

needs_root() {
        [ "$(id -u)" -eq 0 ] || skip 'not root'
}

# reads_last CMD…: may the command read $T/out or $T/err, which the last one left? A function of the test may.
reads_last() {
        [[ $* == */out* || $* == */err* ]] || { declare -F "$1" >/dev/null && [[ $(declare -f "$1") == *'$T/'@(out|err)* ]]; }
}

# Runs a command with its output kept in $T/out and $T/err.
run() {
        local new='' status
        place
        echo "$PLACE: $*" >"$T/step"
        ! reads_last "$@" || new=.new
        "$@" >"$T/out$new" 2>"$T/err$new"
        status=$?
        [ -z "$new" ] || { mv "$T/out.new" "$T/out" && mv "$T/err.new" "$T/err"; }
        return "$status"
}

show() {
        sed 's/^/        /' "$T/out" "$T/err" | head -n 20
}

# ok CMD…: it succeeds.
ok() {
        local status
        run "$@"
        status=$?
        [ "$status" -eq 0 ] && return 0
        not_ok "status $status: $*"
        show
        return 1
}

# refused STATUS REGEX CMD…: it fails with that status (a pattern, as [12]), and says so on stderr.
refused() {
        local want=$1 message=$2 status
        shift 2
        run "$@"
        status=$?
        # shellcheck disable=SC2053 # a pattern
        if [[ $status != $want ]]; then
                not_ok "status $status, not $want: $*"
        elif [ -n "$message" ] && ! grep -Eq -- "$message" "$T/err"; then
                not_ok "does not say '$message': $*"
        else
                return 0
        fi
        show
        return 1
}

# is TEXT CMD…: it prints just that.
is() {
        local want=$1
        shift
        run "$@" || not_ok "status $?: $*" || show
        [ "$(<"$T/out")" = "$want" ] && return 0
        not_ok "$*: '$(cat "$T/out")', not '$want'"
}

# says REGEX CMD…: a line of what it prints matches.
says() {
        local want=$1
        shift
        run "$@" || not_ok "status $?: $*" || show
        grep -Eq -- "$want" "$T/out" && return 0
        not_ok "$*: does not print '$want'"
        show
        return 1
}

# same A B: two files have the same bytes.
same() {
        cmp -- "$1" "$2" >"$T/out" 2>&1 || not_ok "$(cat "$T/out")"
}

# fails ERRNO EXPRESSION ARG…: the python expression over its arguments a[0], a[1] … raises just that errno.
fails() {
        run "$PYTHON" - "$@" <<'PYTHON'
import ctypes, errno, os, shutil, sys
want, expression, *a = sys.argv[1:]
try:
    eval(expression)
    got = 'success'
except OSError as e:
    got = errno.errorcode.get(e.errno, str(e))
if got != want:
    sys.exit(f'{got}, not {want}')
PYTHON
        local status=$?
        [ "$status" -eq 0 ] || not_ok "$(cat "$T/err"): $*"
}

# put TEXT FILE: as `echo TEXT >FILE`, for ok and refused.
put() {
        # shellcheck disable=SC2317 # called through ok and refused
        printf '%s\n' "$1" >"$2"
}

# listing DIR: its entries in alphabetical order, on one line.
listing() {
        local names
        names=$(ls -A "$1") || return
        echo "${names//$'\n'/ }"
}

# count DIR: how many entries it has.
count() {
        find "$1" -mindepth 1 -maxdepth 1 -printf . | wc -c
}

# absent PATH…: nothing is there, not even a dangling link.
absent() {
        local path
        for path; do
                [ ! -e "$path" ] && [ ! -L "$path" ] || not_ok "exists: $path"
        done
}

# number NAME: the number of the last denial in that mount, 0 if there was none.
number() {
        local n
        n=$(sed -n 's/^number: //p' "$T/$1/.imgshare/last_denial")
        echo "${n:-0}"
}

# rule ID NAME: a request in that mount has just been refused by this rule; `imgshare why` says the same.
rule() {
        local file=$T/$2/.imgshare/last_denial n got
        n=$(number "$2")
        got=$(sed -n 's/^rule: //p' "$file")
        [ "$n" -gt "${denials[$2]}" ] || not_ok "no new denial, the last is: ${got:-none}"
        [ "$got" = "$1" ] || not_ok "refused by '$got', not '$1'"
        denials[$2]=$n
        "$IMGSHARE" why "$T/$2" | cmp -s - "$file" || not_ok "imgshare why differs from last_denial"
}

# quietly NAME CMD…: whatever it answers, it leaves no denial in that mount.
quietly() {
        local name=$1 n
        shift
        n=$(number "$name")
        run "$@"
        [ "$(number "$name")" -eq "$n" ] || not_ok "left a denial: $*"
}

# state IMAGE: prints it.
state() {
        cat "$1/.meta/state"
}

# Waits until other mounts must show what this one has acknowledged (CONTRACT 5.3).
settle() {
        sleep 0.1
}

admin() {
        "$IMGSHARE" -C "$DIR" "$@"
}

# A catalog with regions north and south and the accounts alice, bob, carol and dave.
catalog() {
        local name
        "$IMGSHARE" init "$DIR" >"$T/out" || die init
        for name in north south; do
                admin region add "$name" >"$T/out" || die "region add $name"
        done
        for name in alice bob carol dave; do
                admin account add "$name" >"$T/out" || die "account add $name"
        done
}

# mount_at NAME OPTIONS: mounts the catalog on $T/NAME; returns when it is ready.
mount_at() {
        mkdir -p "$T/$1" && run timeout -s KILL 30 "$IMGSHAREFS" "$DIR" "$T/$1" -o "$2" || die "mount $2: $(cat "$T/err")"
        MOUNTED+=("$1")
        denials[$1]=0
}

# mount_as ACCOUNT [OPTIONS]: mounts its view on $T/ACCOUNT.
mount_as() {
        mount_at "$1" "account=$1${2:+,$2}"
}

# shellcheck disable=SC2034 # for the tests
# Alice's, bob's, carol's uid, and that of somebody without an account. Nobody in /etc/passwd need have them.
readonly ALICE=70001 BOB=70002 CAROL=70003 STRANGER=70009

# mount_users OPTIONS: mounts the catalog for many users on $T/all, of whom root is the operator.
mount_users() {
        needs_root
        needs setpriv
        chmod 711 "$T"
        admin account set alice uid="$ALICE" && admin account set bob uid="$BOB" && admin account set carol uid="$CAROL" ||
                die uids
        mount_at all "multiuser,$1"
}

# user UID CMD…: as that user, without anything of root's.
user() {
        setpriv --reuid "$1" --regid "$1" --clear-groups "${@:2}"
}

# unmount NAME…: the ordinary way; the daemons have ended when it returns.
unmount() {
        local name
        for name; do
                run fusermount3 -u "$T/$name" || not_ok "unmount $name: $(cat "$T/err")"
                for i in "${!MOUNTED[@]}"; do
                        [ "${MOUNTED[i]}" != "$name" ] || unset 'MOUNTED[i]'
                done
                eventually daemon_ended "$T/$name" || not_ok "the daemon of $name did not end"
        done
}

# daemon_of MOUNTPOINT: its process id.
daemon_of() {
        daemons "$1"
}

daemon_ended() {
        [ -z "$(daemons "$1")" ]
}

# dense FILE KIB: writes random bytes, without a hole.
dense() {
        head -c "$(($2 * 1024))" /dev/urandom >"$1"
}

# image PATH [KIB]: makes an image with a description and a dense disk.
image() {
        mkdir "$1" && echo "the image ${1##*/}" >"$1/description" && dense "$1/disk" "${2:-64}" || die "image $1"
}

# Prints all that the mounted views show of the images: names, numbers, modes, sizes, times, texts, digests, shares.
views() {
        local name image
        for name in ${MOUNTED[@]+"${MOUNTED[@]}"}; do
                find "$T/$name/regions" -printf '%p %y %i %m %n %s %T@ %l\n' | sort
                for image in "$T/$name"/regions/*/images/*; do
                        [ -d "$image" ] || continue
                        echo "$image"
                        tail -n +1 "$image"/.meta/{id,owner,state,created,shares.tsv} "$image"/description
                        ls -Al --time-style=full-iso "$image/.meta/shares/"
                        case $image in
                        *@*) ;; # not to be read
                        *) [ ! -e "$image/disk" ] || sha1sum "$image/disk" ;;
                        esac
                done
        done 2>&1
}

# snapshot … unchanged WHAT: nothing has changed in between, in any mounted view.
snapshot() {
        views >"$T/before"
}
unchanged() {
        views >"$T/after"
        cmp -s "$T/before" "$T/after" && return 0
        not_ok "not as before: $*"
        diff "$T/before" "$T/after" | head -n 20
}

# harmless CMD…: whatever its status, it changes nothing (since `snapshot`).
harmless() {
        run "$@"
        unchanged "$*"
}

# ---- a machine of its own (tests/machine.c): its clocks are set, and it is restarted, while the test goes on

# machine_begin: from here on all that the test starts runs there, at the true time.
machine_begin() {
        : "${MACHINE:?the built libmachine.so}"
        export MACHINE_FILE=$T/machine
        machine set 0
        export LD_PRELOAD=$MACHINE
}

# machine set|step|sleep|restart [SECONDS]: as machine.py says.
machine() {
        run env -u LD_PRELOAD "$PYTHON" "${BASH_SOURCE[0]%/*}/../machine.py" "$MACHINE_FILE" "$@" || die "machine $*"
}

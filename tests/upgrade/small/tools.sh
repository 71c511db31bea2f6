# SPDX-License-Identifier: MIT
# Of the small fixture: what its parts are made with. Paths are in T, where the mounts are; C is the catalog.
# shellcheck shell=bash disable=SC2034 # for the parts
[[ ! ${T-} ]] || return 0

: "${IMGSHARE:?the imgshare that makes it}" "${IMGSHAREFS:?its imgsharefs}"
store=/tmp/imgshare-fixture-store
mkdir -p "$OUT"
C=$(realpath "$OUT")/catalog
T=$(mktemp -d /tmp/imgshare-small.XXXXXX)
chmod 711 "$T"
declare -A daemons=() # mount: process

die() {
    echo "${BASH_SOURCE[2]##*/}:${BASH_LINENO[1]}: $*" >&2
    exit 1
}

finish() {
    local name
    for name in "${!daemons[@]}"; do
        umount "$T/$name" 2>/dev/null || fusermount3 -u "$T/$name" 2>/dev/null || umount -l "$T/$name" || true
        wait "${daemons[$name]}" || true
    done
    rm -rf --one-file-system "$T"
}
trap finish EXIT
trap 'echo "${BASH_SOURCE[0]##*/}:$LINENO: failed: $BASH_COMMAND" >&2' ERR
trap 'exit 1' INT TERM

[[ ! -e $store ]] || die "$store exists"

# eventually CMD...: waits until it succeeds.
eventually() {
    local end=$((SECONDS + 30))
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < end)) || die "never: $*"
        sleep 0.02
    done
}

# no CMD...: it must be refused.
no() {
    if "$@" >/dev/null 2>&1; then die "is not refused: $*"; fi
}

admin() {
    "$IMGSHARE" -C "$C" "$@"
}

# up NAME [OPTIONS]: mounts NAME's view, or with OPTIONS another one by that name.
up() {
    mkdir -p "$T/$1"
    timeout -s KILL 600 "$IMGSHAREFS" "$C" "$T/$1" -f -o "${2:-account=$1}" &
    daemons[$1]=$!
    eventually mountpoint -q "$T/$1"
}

down() {
    local name
    for name; do
        umount "$T/$name"
        wait "${daemons[$name]}" || die "the daemon of $name"
        unset "daemons[$name]"
    done
}

# days_ago N: programs that are started from now on think that it is so many days ago.
cc -shared -fPIC -o "$T/clock.so" "${BASH_SOURCE[0]%/*}/clock.c"
days_ago() {
    export LD_PRELOAD=$T/clock.so CLOCK_SHIFT=$((-86400 * $1))
    (($1 > 0)) || unset LD_PRELOAD CLOCK_SHIFT
}

# Waits until each mount shows what others have changed.
settle() {
    sleep 0.2
}

# put TEXT FILE, and as it is, without a newline
put() {
    printf '%s\n' "$1" >"$2"
}
exactly() {
    printf '%b' "$1" >"$2"
}

# bytes TEXT KIB: some that compress well.
bytes() {
    { yes "$1" || true; } | head -c "$(($2 * 1024))"
}

# image PATH TEXT [KIB]
image() {
    mkdir "$1"
    put "the image ${1##*/}" "$1/description"
    bytes "$2" "${3:-8}" >"$1/disk"
}

# user UID CMD...: as that user, in the mount for many.
user() {
    setpriv --reuid "$1" --regid "$1" --clear-groups "${@:2}"
}

# sql QUERY: of the catalog, which is only read.
sql() {
    sqlite3 -readonly "$C/catalog.db" "$1"
}
FAR=140737488355327
digested() {
    [[ $(sql "SELECT count(*) FROM image WHERE sealed_event NOTNULL AND digest ISNULL AND until_event = $FAR") == 0 ]]
}

# soon SECONDS: a time from now; passed TIME
soon() {
    date -ud "+$1 seconds" +%Y-%m-%dT%H:%M:%S.%3NZ
}
passed() {
    [[ $(soon 0) > $1 ]]
}

# copy_range FROM TO [LENGTH [OFFSET]]: as programs ask the kernel to copy.
copy_range() {
    python3 - "$@" <<'PYTHON'
import os, sys
source, target = os.open(sys.argv[1], os.O_RDONLY), os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT, 0o644)
length, offset = [int(word) for word in sys.argv[3:]] + [1 << 30, 0][len(sys.argv) - 3:]
at = offset
while at < offset + length and (n := os.copy_file_range(source, target, offset + length - at, at, at)):
    at += n
os.close(target)
PYTHON
}

A=$T/alice/regions/north/images AS=$T/alice/regions/south/images AW=$T/alice/regions/west/images
B=$T/bob/regions/north/images BS=$T/bob/regions/south/images VB=$T/bob/regions/north/instances
VA=$T/alice/regions/north/instances VC=$T/carol/regions/north/instances

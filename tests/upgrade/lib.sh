# SPDX-License-Identifier: MIT
# What the tests of upgrades share, beside tests/mount/lib.sh: catalogs of earlier formats, and what their files hold.
# shellcheck shell=bash source-path=SCRIPTDIR
. "${BASH_SOURCE[0]%/*}/../mount/lib.sh"
needs sqlite3 xz flock
HERE=$(realpath "${BASH_SOURCE[0]%/*}")
STORE=/tmp/imgshare-fixture-store

# fixture NAME [offline]: makes $DIR. The outside store of small, which revision names, too, has one place on the machine, which no other test has until
# this one ends; offline leaves it out.
fixture() {
        if [ "$1 ${2-}" = 'small ' ] || [ "$1" = revision ]; then
                exec 9>>"$STORE.lock" || skip "somebody else's: $STORE.lock"
                flock 9 || die 'no lock'
                rm -rf --one-file-system "$STORE" # of a test that was killed
                trap 'status=$?; rm -rf --one-file-system "$STORE"; [ "$status" -ne 0 ] || [ "$failures" -eq 0 ] || exit 1' EXIT
        fi
        touch "$T/no_check" # its outside store will be gone
        "$HERE/unpack" "$1" "$T" "${@:2}" 2>"$T/err" || die "unpack $1: $(cat "$T/err")"
}

# sql FILE SQL: asks a catalog's file that nobody has open, and makes none beside it.
sql() {
        sqlite3 "file:$1?immutable=1" "$2"
}

# dump FILE: all that is in it.
dump() {
        sql "$1" .dump
}

# format_of FILE: its format, and how it keeps a journal: delete or wal.
format_of() {
        echo "$(sql "$1" 'PRAGMA user_version') $(od -An -tu1 -j 18 -N 1 "$1" | sed 's/ *1$/delete/; s/ *2$/wal/')"
}

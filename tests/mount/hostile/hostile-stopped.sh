#!/bin/bash
# SPDX-License-Identifier: MIT
# A command that is stopped, with whatever locks of the catalog it ever holds, and goes on or is killed: who uses a
# mount looks at everything meanwhile, and is told what became of his changes at the latest when it does.
LIMIT=300
[ -n "${TMPDIR-}" ] || [ ! -d /dev/shm ] || export TMPDIR=/dev/shm # flushes are not what is tried
. "${0%/*}/../lib.sh"
! grep -q __gcov_ "$IMGSHARE" || skip 'built for coverage: who is stopped keeps the counts from all others'
catalog
mount_as alice
image "$A/web"
ok mkdir "$A/web/shares/bob" "$A"/d{0..99}
recipients=(carol dave)
for i in {1..6000}; do
        printf 'north\tweb@alice\t%s\t%d-01-01T00:00:00Z\n' "${recipients[i % 2]}" $((2100 + i % 1000))
done >"$T/lines"
for i in {1..300}; do # a log that is not read in one piece
        put "$i" "$A/d0/description" || die description
done

# stopped HOW STOPS WRITING COMMAND...: it is, at least so many times, and with the writing lock.
stopped() {
        local stops writing
        ok "$PYTHON" "${0%/*}/hostile-stopped.py" "$1" "$DIR/catalog.db" "${A%/images}" "$IMGSHARE" -C "$DIR" "${@:4}"
        read -r _ stops _ writing < <(grep '^stops' "$T/out")
        [ "$stops" -ge "$2" ] && [ "$writing" -ge "$3" ] || not_ok "${*:4}: $(cat "$T/out")"
}
stopped goes-on 6 3 apply "$T/lines"
stopped killed 6 3 apply "$T/lines"
stopped goes-on 6 0 check --log
stopped goes-on 6 0 access --all
stopped goes-on 4 0 log --follow

# All goes on, and the lines that were not done are.
ok admin apply "$T/lines"
ok put text "$A/d1/description"
is text cat "$A/d1/description"
is 'bob carol dave' eval 'echo $(listing "$A/web/shares/")'

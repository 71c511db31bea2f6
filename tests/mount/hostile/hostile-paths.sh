#!/bin/bash
# SPDX-License-Identifier: MIT
# Every way round a path (magic links, O_PATH, links, renames, special files, ioctls, odd flags) tried on somebody
# else's image: as recipient, stranger, auditor and operator, in mounts for one and in one for many. Nothing of it is
# read or changed, no lock of theirs hinders its owner, and what they kept open is of no use when it is unshared.
. "${0%/*}/../lib.sh"
needs_root
catalog
AUDITOR=70005
ok admin account add eve --role auditor --uid "$AUDITOR"
mount_users rw
mount_as alice
mount_as bob
mount_as carol
mount_as eve
mount_as operator
N=$T/all/regions/north/images
secret=S$RANDOM$RANDOM$RANDOM

ok mkdir "$A/web"
ok put 'open to all who may see it' "$A/web/description"
ok put "$secret" "$A/web/disk"
ok mkdir "$A/private"
ok put "$secret" "$A/private/description"
ok put "$secret" "$A/private/disk"
ok mkdir "$A/web/shares/bob"
for name in bob carol; do
        I=$T/$name/regions/north/images
        ok mkdir "$I/own" "$I/empty" "$I/own2" "$I/taken" "$I/empty2"
        ok put bytes "$I/own/disk"
        ok put text "$I/own/description"
done
settle
seen() {
        ls -lR --time-style=full-iso "$A/" && ls -l "$A/web/shares/" &&
                cat "$A"/*/{description,disk} "$A"/*/.meta/{id,state,shares.tsv,source,reviewed}
}
seen >"$T/alice.before"

# All that the kernel knows of alice's view, as numbers.
nodes=$(cd / && user "$ALICE" find "$N/" -printf '%i\n')
# tricks UID IMAGE OWN EMPTY: kept at it until `caught NUMBER...`.
tries=()
tricks() {
        local n=${#tries[@]}
        : >"$T/tried$n"
        # shellcheck disable=SC2086 # numbers
        "$PYTHON" "${0%/*}/hostile-paths.py" "$@" "$secret" $nodes >"$T/tried$n" 2>&1 &
        tries+=($!)
        eventually grep -q tried "$T/tried$n" || not_ok "$(cat "$T/tried$n")"
}
caught() {
        local n
        for n; do
                kill -USR1 "${tries[n]}"
                wait "${tries[n]}" || not_ok "$n: $(cat "$T/tried$n")"
        done
}
tricks 0 "$B/web@alice" "$B/own" "$B/empty"
tricks "$BOB" "$N/web@alice" "$N/own" "$N/empty2"
tricks 0 "$C/web@alice" "$C/own" "$C/empty"
tricks "$CAROL" "$N/web@alice" "$N/own" "$N/empty2"
tricks 0 "$T/eve/regions/north/images/web@alice" "$T/none/none" "$T/none/none"
tricks "$AUDITOR" "$N/web@alice" "$T/none/none" "$T/none/none"
tricks 0 "$T/operator/regions/north/images/web@alice" "$T/none/none" "$T/none/none"
tricks 0 "$N/web@alice" "$T/none/none" "$T/none/none"
seen >"$T/alice.after"
same "$T/alice.before" "$T/alice.after"

# The owner goes on, whatever they hold.
ok rmdir "$A/web/shares/bob"
caught 4 5 6 7 # who may read all descriptions
ok put "$secret" "$A/web/description"
ok mv "$A/web" "$A/db"
ok rm -r "$A/db"
caught 0 1 2 3

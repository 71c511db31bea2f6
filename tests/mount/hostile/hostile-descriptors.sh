#!/bin/bash
# SPDX-License-Identifier: MIT
# Descriptors of disks passed on by SCM_RIGHTS: who gets one for reading has the bytes, whichever way the kernel moves
# them, and nothing else; by one for writing nobody reads. From owner to stranger and recipient, from recipient to
# stranger, in a mount for many, in one person's, and from one mount into another.
. "${0%/*}/../lib.sh"
needs_root
catalog
mount_users rw
mount_as alice
mount_as bob
mount_at person "account=alice,allow_other,default_permissions,uid=$ALICE"
ok chmod 755 "$T"
N=$T/all/regions/north
secret=S$RANDOM$RANDOM
ok mkdir "$A/web"
{ echo "$secret" && head -c 30000 /dev/urandom; } >"$A/web/disk"
settle

# passes HOW OWNER UID DISK IMAGES [READS]: with new drafts of UID's in IMAGES, which are gone afterwards but for the
# accounts that then show in web's exposure.
passes() {
        local i
        for i in {1..4}; do
                ok setpriv --reuid "$3" --clear-groups mkdir "$5/got$i"
        done
        ok "$PYTHON" "${0%/*}/hostile-descriptors.py" "${@:1:4}" "$5/got" "${@:6}"
        [ ! -s "$T/out" ] || not_ok "$(cat "$T/out")"
        ok setpriv --reuid "$3" --clear-groups rm -r "$5"/got{1..4}
}

sum=$(sha1sum <"$A/web/disk")
passes w "$ALICE" "$BOB" "$N/images/web/disk" "$N/images"
passes r "$ALICE" "$BOB" "$N/images/web/disk" "$N/images"
says '^[0-9]+.bob.copy' cat "$A/web/.meta/exposure.tsv" # what the kernel was asked to copy has its lineage
ok mkdir "$A/web/shares/bob"
settle
passes r "$ALICE" "$BOB" "$N/images/web/disk" "$N/images"
passes r "$ALICE" "$CAROL" "$N/images/web/disk" "$N/images"

# A recipient has but an instance's disk to pass on.
ok user "$BOB" mkdir "$N/instances/vm"
ok user "$BOB" sh -c 'echo web@alice >"$1/image"' - "$N/instances/vm"
passes w "$BOB" "$CAROL" "$N/instances/vm/disk" "$N/images"
passes r "$BOB" "$CAROL" "$N/instances/vm/disk" "$N/images"
says '^[0-9]+.carol.custom' cat "$A/web/.meta/exposure.tsv"
[ "$(sha1sum <"$A/web/disk")" = "$sum" ] || not_ok 'the image has changed'

# One's own, sealed; in a mount for one person, where modes let others read; and into another mount.
passes r 0 0 "$A/web/disk" "$A" reads
passes r "$ALICE" "$BOB" "$T/person/regions/north/images/web/disk" "$N/images" reads
passes r 0 0 "$A/web/disk" "$B" reads
[ "$(sha1sum <"$A/web/disk")" = "$sum" ] || not_ok 'the image has changed'
is bob eval 'echo $(listing "$A/web/shares/")'

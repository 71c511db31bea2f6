#!/bin/bash
# SPDX-License-Identifier: MIT
# An upgraded catalog goes on: what the old program left unfinished is finished (digests, an expired share, the bytes of a launch
# that never was), what was held to have the same content is looked at again, images are imported, shared and launched, by numbers above all old ones, and the log agrees with the rows.
. "${0%/*}/lib.sh"
fixture small
old=$DIR/catalog.db.format-1
reserved=$(sql "$DIR/catalog.db" 'SELECT id FROM launch WHERE from_event IS NULL')
sequence=$(sql "$DIR/catalog.db" "SELECT seq FROM sqlite_sequence WHERE name = 'launch'")
[ "$reserved" -gt 0 ] || die 'no reservation'
ok dense "$DIR/store/north/$reserved" 8 # as far as the bytes had come
ok admin upgrade
same_as() {
        sql "$DIR/catalog.db" "SELECT same_content FROM image WHERE id = $1"
}
is 183 same_as 437
is 385 same_as 391 # which has been removed
printf X | dd of="$DIR/store/north/437" conv=notrunc status=none # another content with the same digest of then

mount_as alice
mount_as bob
settled() {
        ! grep -qx pending {"$A"/{late,ancient,holes,ofsame},"$AS/linked","$B"/{cloned,same}}/.meta/digest && grep -q '"op":"expire"' "$A/later/.meta/history.jsonl" &&
                [ ! -e "$DIR/store/north/$reserved" ]
}
WAIT=30 eventually settled || not_ok 'what was left is not finished'
is '' listing "$A/later/shares"
is bob listing "$A/late/shares"

# Import: the same bytes as an image whose digest came with the upgrade, and one that came now.
for name in ancient late; do
        ok mkdir "$A/again-$name"
        ok cp "$A/$name/disk" "$T/bytes"
        ok cp "$T/bytes" "$A/again-$name/disk"
        ok put sealed "$A/again-$name/.meta/state"
done
WAIT=30 eventually grep -q same-content "$A/again-late/.meta/source" || not_ok 'no digest of an import'
is 'import; same-content north/ancient@alice' cat "$A/again-ancient/.meta/source"
is 'import; same-content north/late@alice' cat "$A/again-late/.meta/source"

# Share, launch, copy; end an old share and an old trust.
ok mkdir "$A/again-late/shares/bob"
settle
ok mkdir "$T/bob/regions/north/instances/afterwards"
ok put again-late@alice "$T/bob/regions/north/instances/afterwards/image"
same "$A/late/disk" "$T/bob/regions/north/instances/afterwards/disk"
# What was sealed then is looked at when it is asked for; what was not, when it is.
ok mkdir "$A/late/shares/carol"
ok rmdir "$A/late/shares/"{bob,carol}
is raw cat "$A/late/.meta/format"
is $'qcow2\nneeds base.raw' cat "$A/overlay/.meta/format"
refused 1 "$EPERM" mkdir "$A/overlay/shares/bob"
says '^fact: the disk of north/overlay@alice needs base.raw$' cat "$T/alice/.imgshare/last_denial"
ok cp -r "$A/again-late" "$AS/"
ok rmdir "$T/bob/accounts/bob/trusted/alice"
says '^north	again-late@alice	bob' admin access --all
says again-late admin exposure north/late@alice
is import cat "$B/cloned/.meta/source"
is "sha256:$(sha256sum <"$DIR/store/north/437" | cut -d' ' -f1)" cat "$B/cloned/.meta/digest"
unmount alice bob
is '' same_as 437
is 308 same_as 397
is 385 same_as 391
is 391 same_as 405
says '"op":"digest".*"digest":"sha256:[0-9a-f]{64}","image":437}' admin log --image north/cloned@bob --json

launched=$(sql "$DIR/catalog.db" 'SELECT max(id) FROM launch')
[ "$launched" -gt "$sequence" ] || not_ok "launch $launched, and $sequence was reserved"
is "$reserved" sql "$old" 'SELECT id FROM launch WHERE from_event IS NULL'
is '' admin check --digests
ok admin check --log
[ -z "${ORACLE-}" ] || is '' "$ORACLE" "$DIR/catalog.db"
is "'$DIR' is of this version's format already" admin upgrade

#!/bin/bash
# SPDX-License-Identifier: MIT
# Strangers' hands on what is kept: a directory that a backup is to go to, a backup to restore from, a store and its mark, a
# catalog of an earlier format. None leads out of itself, runs a statement of its own, or keeps a command waiting.
LIMIT=300
. "${0%/*}/../lib.sh"
needs_root
catalog
ok admin region add east --store "$T/elsewhere"
mount_as alice
mount_as bob
image "$A/web" 100
image "$A/old" 100
mkdir "$T/alice/regions/east/images/far" && ok put here "$T/alice/regions/east/images/far/disk"
ok mkdir "$A/web/shares/bob" "$T/bob/regions/north/instances/vm"
ok put web@alice "$T/bob/regions/north/instances/vm/image"
web=$(cat "$A/web/.meta/id") old=$(cat "$A/old/.meta/id")
ok rm -r "$A/old"
unmount alice bob
echo mine >"$T/victim"
chmod 711 "$T"
# shellcheck disable=SC2317 # called through ok and refused
# swift CMD…: it ends by itself, in seconds; for ok and refused.
swift() {
        timeout -s KILL 20 "$@"
}

# --- where a backup goes

# Whoever owns the directory could exchange what is written there, also if it looks like a backup already.
ok admin backup "$T/good"
for planted in empty marked; do
        mkdir -m 700 "$T/$planted"
        [ "$planted" = empty ] || cp "$T/good/.backup" "$T/$planted/"
        chown -R 70009 "$T/$planted"
        refused 1 'it belongs to uid 70009' admin backup "$T/$planted"
        refused 1 'it belongs to uid 70009|no interrupted restore' "$IMGSHARE" restore "$T/good" "$T/$planted"
        absent "$T/$planted"/{catalog.db,catalog.db.new,store,.restore}
done
# Not in the catalog: it would go with it, and take a region's name or a store's place.
for inside in bk store/bk; do
        refused 1 'which it is made from' admin backup "$DIR/$inside"
        refused 1 'which it is made from' "$IMGSHARE" restore "$T/good" "$T/good/$inside"
        absent "$DIR/$inside" "$T/good/$inside"
done
refused 1 'it lies in a store' admin backup "$DIR/store/north/bk"
# What lies there already is not followed.
ln -s "$T/victim" "$T/good/catalog.db.new"
rm "$T/good/store/north/$web" && ln -s "$T/victim" "$T/good/store/north/$web"
ok admin backup "$T/good"
is mine cat "$T/victim"
[ ! -L "$T/good/store/north/$web" ] || not_ok 'a link stands for a disk'
for mark in fifo link device directory; do
        mkdir -m 700 "$T/to.$mark"
        case $mark in
        fifo) mkfifo "$T/to.$mark/.backup" ;;
        link) ln -s "$T/victim" "$T/to.$mark/.backup" ;;
        device) mknod "$T/to.$mark/.backup" c 1 5 ;;
        directory) mkdir "$T/to.$mark/.backup" ;;
        esac
        cp "$T/good/catalog.db" "$T/to.$mark/"
        refused 1 '' swift "$IMGSHARE" -C "$DIR" backup "$T/to.$mark"
done
is mine cat "$T/victim"

# --- what is restored

# shellcheck disable=SC2317 # called by the cases
# spoil SQL…: does that to the catalog of $S.
spoil() {
        "$PYTHON" - "$S/catalog.db" "$@" <<'PYTHON'
import sqlite3, sys
path, *statements = sys.argv[1:]
db = sqlite3.connect(path)
for statement in statements:
    db.execute(statement)
db.commit()
db.execute('PRAGMA journal_mode = delete')
PYTHON
}
disk=store/north/$web mark=store/north/.imgshare
n=0
# Nothing but SRC's own files comes along. STATUS WHAT: how restore ends, and what was done to SRC, $S, before.
while read -r status what; do
        S=$T/source$((n += 1)) D=$T/restored$n
        cp -a "$T/good" "$S"
        eval "$what" >"$T/out" 2>&1 || die "$what: $(cat "$T/out")"
        refused "$status" '' swift "$IMGSHARE" restore "$S" "$D"
        [[ $status == 0 || $what != *store* || ! -e $D/$disk ]] || not_ok "$what: another's disk came along"
        ! head -c 100 "$D/$disk" 2>/dev/null | grep -aq mine || not_ok "$what: it was followed"
        # a catalog that was made shows what it is, and nothing of it runs
        [ "$status" -ne 0 ] || refused '[01]' '' swift "$IMGSHARE" -C "$D" check --log
done <<'CASES'
0 true
0 spoil 'CREATE TRIGGER t AFTER INSERT ON event BEGIN DELETE FROM share; END'
0 spoil 'CREATE VIEW v AS WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT n FROM r'
1 spoil 'ALTER TABLE event RENAME TO e' 'CREATE VIEW event AS SELECT * FROM e'
1 spoil 'PRAGMA writable_schema = on' "UPDATE sqlite_schema SET sql = replace(sql, 'uid INTEGER NOT NULL', 'uid INTEGER CHECK (load_extension(''x''))')"
1 rm "$S/$disk" && ln -s "$T/victim" "$S/$disk"
1 rm "$S/$disk" && mkfifo "$S/$disk"
1 rm "$S/$disk" && mknod "$S/$disk" c 1 5
1 rm "$S/$disk" && mkdir "$S/$disk"
1 truncate -s 8T "$S/$disk"
1 mv "$S/store" "$S.store" && ln -s "$S.store" "$S/store"
1 rm -r "$S/store/north" && ln -s "$DIR/store/north" "$S/store/north"
1 rm -r "$S/store/north" && spoil "INSERT OR REPLACE INTO store (region, path) SELECT id, '$DIR/store/north' FROM region WHERE name = 'north'"
1 spoil "UPDATE region SET name = '../../catalog/store/north' WHERE name = 'north'"
1 rm "$S/catalog.db" && mkfifo "$S/catalog.db"
1 rm "$S/catalog.db" && ln -s "$DIR/catalog.db" "$S/catalog.db"
1 rm "$S/catalog.db" && mknod "$S/catalog.db" c 1 5
1 rm "$S/.backup" && mkfifo "$S/.backup"
1 rm "$S/.backup" && ln -s "$T/victim" "$S/.backup"
1 rm "$S/$mark" && mkfifo "$S/$mark"
1 rm "$S/$mark" && ln -s "$DIR/$mark" "$S/$mark"
1 truncate -s 1T "$S/$mark"
0 ln -s "$DIR/store" "$S/store/north/lost+found"
CASES
# A mount of such a backup does not follow it either.
S=$T/source0
cp -a "$T/good" "$S"
rm -r "$S/store/north" && ln -s "$DIR/store/north" "$S/store/north"
mkdir "$T/from"
ok swift "$IMGSHAREFS" "$S" "$T/from" -o ro,account=alice
refused 1 "$EIO" cat "$T/from/regions/north/images/web/disk"
ok umount "$T/from"

# --- a store, its mark, and lost+found

mkdir "$T/prey" && touch "$T/prey/5.1000"
ln -s "$T/prey" "$DIR/store/north/lost+found"
mount_as alice
settle
unmount alice
is 5.1000 listing "$T/prey"
rm "$DIR/store/north/lost+found"
mv "$DIR/$mark" "$T/mark"
for kind in 'mkfifo' 'truncate -s 1T' "ln -s $T/mark" 'mkdir'; do
        $kind "$DIR/$mark" || die "$kind"
        refused 1 '' swift "$IMGSHARE" -C "$DIR" check
        refused 1 'offline' swift "$IMGSHARE" -C "$DIR" adopt
        refused 1 'offline' swift "$IMGSHARE" -C "$DIR" backup "$T/none"
        rm -r "${DIR:?}/$mark"
done
mv "$T/mark" "$DIR/$mark"

# --- what was deleted

for name in "north/old@alice" "north/old@alice#$old" "north/old@bob#$old" "#$old" $'north/o\nld@alice' "north/../old@alice"; do
        refused 1 'nothing of that name is kept' admin --as bob undelete "$name"
        refused 1 'nothing of that name is kept' admin --as bob image purge "$name"
done
for name in $'a\nb' ../x .x a@b ''; do
        refused 1 'not valid' admin undelete "north/old@alice#$old" --as "$name"
done
ok admin account set alice quota=1
refused 1 quota-own-only admin --as alice undelete north/old@alice
ok admin account set alice quota=2
# Once, whoever else asks at the same moment for that or for its end.
for _ in {1..10}; do
        admin undelete north/old@alice >"$T/one" 2>&1 &
        admin undelete north/old@alice >"$T/two" 2>&1
        first=$?
        wait $! && second=0 || second=1
        [ $((first + second)) -eq 1 ] || not_ok "both or none: $(cat "$T/one" "$T/two")"
        mount_as alice
        ok rm -r "$A/old"
        unmount alice
done
# A disk that is open when it is purged is read to its end.
mount_as alice
ok admin undelete north/old@alice
settle
sum=$(sha1sum <"$A/old/disk")
exec 5<"$A/old/disk"
ok rm -r "$A/old"
ok admin image purge north/old@alice
is "$sum" sha1sum <&5
exec 5<&-
refused 1 'nothing of that name is kept' admin undelete "north/old@alice#$old"
unmount alice
ok admin check --log --digests

# --- a catalog of an earlier format

while read -r status what; do
        rm -rf "$T/earlier" && "$SOURCE/tests/upgrade/unpack" empty "$T/earlier" || die unpack
        S=$T/earlier/catalog
        eval "$what" >"$T/out" 2>&1 || die "$what: $(cat "$T/out")"
        refused "$status" '' swift "$IMGSHARE" -C "$S" upgrade || echo "$what"
        [ "$status" -ne 0 ] || ok "$IMGSHARE" -C "$S" check --log # a trigger or a strange table does not come along
        is mine cat "$T/victim"
done <<'CASES'
0 spoil 'CREATE TRIGGER t AFTER INSERT ON event BEGIN DELETE FROM event; END'
0 spoil 'CREATE TABLE strange (x)'
1 spoil 'ALTER TABLE event RENAME TO e' 'CREATE VIEW event AS SELECT * FROM e'
0 spoil 'PRAGMA writable_schema = on' "UPDATE sqlite_schema SET sql = replace(sql, 'time INTEGER NOT NULL', 'time INTEGER CHECK (load_extension(''x''))') WHERE name = 'event'"
1 spoil "UPDATE event SET detail = json_object('a', hex(zeroblob(20000000)))"
1 head -c 40000 /dev/zero | tr '\0' '\377' | dd of="$S/catalog.db" bs=4096 seek=1 conv=notrunc status=none
0 ln -s "$T/victim" "$S/catalog.db.new"
1 ln -s "$T/victim" "$S/catalog.db.format-1"
1 rm "$S/catalog.db" && mkfifo "$S/catalog.db"
CASES
exit 0

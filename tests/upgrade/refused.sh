#!/bin/bash
# SPDX-License-Identifier: MIT
# A catalog of an earlier format is refused by every command and mount, in one sentence that says what to run, and what
# hinders that is said in one sentence, too. Whatever is refused has changed nothing.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../cli/lib.sh"
: "${IMGSHAREFS:?the built imgsharefs}"
here=$(dirname "$0")
db=$cat/catalog.db

# anew: the catalog, as the old program left it.
anew() {
    rm -rf "$cat"
    "$here/unpack" small "$tmp" offline
}

# holds FILE: all that is in it, and how its file keeps a journal.
holds() {
    sqlite3 "file:$1?immutable=1" .dump 'PRAGMA user_version' && od -An -tu1 -j 18 -N 2 "$1"
}

# in_it NAME...: what the catalog's directory has.
in_it() {
    [ "$(ls -A "$cat")" = "$(printf '%s\n' "$@")" ] || fail "there is: $(ls -A "$cat")"
}

# untouched [NAME...]: the catalog is as it was, and beside it is nothing but what is named.
untouched() {
    holds "$db" | cmp -s - "$tmp/held" || fail 'it has changed'
    in_it catalog.db "$@" store
}

# kept: the old file has what it had.
kept() {
    holds "$cat/catalog.db.format-1" | head -n -1 | cmp -s - <(head -n -1 "$tmp/held") || fail 'the old one has changed'
}

# no_upgrade WHY [OPTION...]: refused, by this sentence, whether it is tried or done.
no_upgrade() {
    refused "cannot upgrade '$cat': $1" -C "$cat" "${@:2}" upgrade -n
    refused "cannot upgrade '$cat': $1" -C "$cat" "${@:2}" upgrade
}

anew
holds "$db" >"$tmp/held"

# --- all but upgrading

old='its catalog is of an earlier format; imgshare upgrade makes it one of this version'
declare -A arguments=(['region add']=x ['region rm']=east ['account add']=x ['account set']='bob uid=5' ['account rm']=zoe
    [access]=--all [exposure]=north/late@alice [log]=--json [apply]=- [backup]=x ['region set']='north store=/nowhere'
    ['image purge']=north/web@alice [undelete]=--list)
done_ --help
sed -n '/^Commands:$/,/^$/s/^  \([a-z]\+\( [a-z]\+\)\?\)  .*/\1/p' "$tmp/out" >"$tmp/commands"
asked=0
while read -r verb; do
    case $verb in
    init | rules | why | restore | upgrade) continue ;; # open no DIR that there is
    esac
    # shellcheck disable=SC2086 # words
    refused "cannot open '$cat': $old" -C "$cat" $verb ${arguments[$verb]-}
    asked=$((asked + 1))
done <"$tmp/commands"
[ "$asked" -ge 12 ] || fail "only $asked commands"
refused "cannot open '$cat': $old" -C "$cat" --as alice access alice
refused "cannot open '$cat': $old" -C "$cat" check --log
refused "cannot create '$cat': it holds a catalog already" init "$cat"
mkdir "$tmp/mount"
for options in account=alice account=alice,ro account=operator,asof=3 multiuser; do
    ran="imgsharefs -o $options" status=0
    timeout 60 "$IMGSHAREFS" "$cat" "$tmp/mount" -o "$options" >"$tmp/out" 2>"$tmp/err" </dev/null || status=$?
    [ "$status" -eq 1 ] || fail "status is not 1"
    [ "$(cat "$tmp/out" "$tmp/err")" = "imgsharefs: $cat: $old" ] || fail "another message"
done
untouched
usage 'upgrade: too many arguments, usage: imgshare upgrade *' -C "$cat" upgrade now
untouched

# --- who and where

no_upgrade 'only the operator may' --as alice
no_upgrade 'only the operator may' --as olga # an operator by role
chmod 711 "$cat"
no_upgrade 'others can enter it (mode 0711): *; chmod 0700 it'
chmod 700 "$cat"
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
    chmod 711 "$tmp"
    cp "$IMGSHARE" "$tmp/imgshare" # which that user may not reach
    IMGSHARE=setpriv
    as=(--reuid 70009 --regid 70009 --clear-groups "$tmp/imgshare" -C "$cat")
    refused "cannot upgrade '$cat': it cannot be read: Permission denied" "${as[@]}" upgrade
    chown -R 70009 "$cat"
    chmod 500 "$cat"
    refused "cannot upgrade '$cat': it cannot be written: Permission denied" "${as[@]}" upgrade
    chmod 700 "$cat"
    chmod 400 "$db"
    refused "cannot upgrade '$cat': Permission denied" "${as[@]}" upgrade
    chmod 600 "$db"
    chown -R 0 "$cat"
    IMGSHARE=$tmp/imgshare
fi
untouched
refused "cannot upgrade '$tmp/nowhere': No such file or directory" -C "$tmp/nowhere" upgrade
refused "cannot upgrade '$db': Not a directory" -C "$db" upgrade
mkdir -m 700 "$tmp/other"
refused "cannot upgrade '$tmp/other': there is no catalog in it; imgshare init makes one" -C "$tmp/other" upgrade
for content in '' hello "$(head -c 4096 /dev/zero | tr '\0' x)"; do
    echo "$content" >"$tmp/other/catalog.db"
    refused "cannot upgrade '$tmp/other': its catalog.db is no catalog of imgsharefs" -C "$tmp/other" upgrade
    [ "$(cat "$tmp/other/catalog.db")" = "$content" ] || fail 'it has changed'
done

# other_kind SQL WHY: a file that is told apart by its header.
other_kind() {
    anew
    sqlite3 "$db" "$1"
    no_upgrade "$2"
}
other_kind 'PRAGMA user_version = 3' 'its catalog was made by a newer version; this one is *'
refused "cannot open '$cat': its catalog was made by a newer version; this one is *" -C "$cat" log
other_kind 'PRAGMA user_version = 0' 'its catalog.db is no catalog of imgsharefs'
other_kind 'PRAGMA application_id = 1' 'its catalog.db is no catalog of imgsharefs'
other_kind "UPDATE meta SET value = 'short'" 'its catalog.db is damaged; nothing was changed; use a backup'
anew

# --- in use

# held SQL: somebody has it open, and has done that.
held() {
    local pid
    mkfifo "$tmp/hold" "$tmp/told"
    sqlite3 "$db" <"$tmp/hold" >"$tmp/told" &
    pid=$!
    exec 7>"$tmp/hold" 8<"$tmp/told"
    echo "$1; SELECT 'held';" >&7
    grep -q -m 1 held <&8 || fail "no SQL: $1"
    no_upgrade 'it is in use; unmount it, and end what else has it open'
    exec 7>&- 8<&-
    wait "$pid"
    rm "$tmp/hold" "$tmp/told"
    untouched
}
held 'SELECT count(*) FROM event'
held 'BEGIN; SELECT count(*) FROM event'
held 'BEGIN IMMEDIATE'

# Two at once: one of them does it, and the other leaves it alone.
for _ in 1 2 3 4 5; do
    anew
    for n in 1 2; do
        { timeout 60 "$IMGSHARE" -C "$cat" upgrade >"$tmp/out$n" 2>&1 && echo 0 >"$tmp/status$n"; } || echo $? >"$tmp/status$n" &
    done
    wait
    ran='imgshare upgrade, twice' status=$(cat "$tmp/status1" "$tmp/status2" | xargs)
    sort "$tmp/out1" "$tmp/out2" >"$tmp/out"
    [[ $(cat "$tmp/out") == "'$cat' is "*"imgshare: cannot upgrade '$cat': it is in use; "* ||
        $(cat "$tmp/out") == *"' is of this version's format already"*"' is upgraded, with "* ]] || fail 'not one of them'
    done_ -C "$cat" account list
    in_it catalog.db catalog.db.format-1 store
done

# --- what is in the way

anew
echo mine >"$cat/catalog.db.format-1"
no_upgrade 'catalog.db.format-1 is there already: the old file would have that name; move it away'
[ "$(cat "$cat/catalog.db.format-1")" = mine ] || fail 'it is gone'
untouched catalog.db.format-1
rm "$cat/catalog.db.format-1"
ln -s nowhere "$cat/catalog.db.format-1"
no_upgrade 'catalog.db.format-1 is there already: *'
untouched catalog.db.format-1
rm "$cat/catalog.db.format-1"

# What an upgrade that was killed has left is not.
ln "$db" "$cat/catalog.db.format-1"
for name in catalog.db.new{,-journal,-wal,-shm}; do
    echo unfinished >"$cat/$name"
done
done_ -C "$cat" upgrade -n
untouched catalog.db.format-1
echo unfinished >"$cat/catalog.db.new"
done_ -C "$cat" upgrade
in_it catalog.db catalog.db.format-1 store
kept

# --- no room

if [ "$(id -u)" -eq 0 ] && mount -t tmpfs -o size=700k tmpfs "$tmp/mount" 2>"$tmp/err"; then
    anew
    rm -r "$cat/store" # which is not asked for
    mv "$cat" "$tmp/mount/"
    cat=$tmp/mount/catalog db=$tmp/mount/catalog/catalog.db
    mkdir "$cat/store"
    refused "cannot upgrade '$cat': No space left on device" -C "$cat" upgrade
    untouched
    mount -o remount,size=2m "$tmp/mount"
    done_ -C "$cat" upgrade
    kept
    umount "$tmp/mount"
fi

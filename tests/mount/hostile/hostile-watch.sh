#!/bin/bash
# SPDX-License-Identifier: MIT
# Watching (inotify, dnotify, fanotify): a stranger and a recipient hear nothing of what an owner does in its own view,
# be it in mounts for one or in one for many, and in that they cannot watch the owner's directories and files, also not
# by descriptors that they were given.
. "${0%/*}/../lib.sh"
needs_root
catalog
mount_users rw
mount_as alice
mount_as bob
mount_as carol
V=$T/all/.views/alice/regions/north/images
for name in web private; do
        image "$A/$name"
        ok put "$name" "$A/$name/description"
done
ok mkdir "$A/web/shares/bob"
image "$B/own"
image "$C/own"
settle

# watches UID MOUNT [OWNER OTHER...]: until `heard REGEX`, which says what all together may have heard.
tries=()
watches() {
        local n=${#tries[@]}
        : >"$T/heard$n"
        "$PYTHON" "${0%/*}/hostile-watch.py" "$@" >"$T/heard$n" 2>&1 &
        tries+=($!)
        eventually grep -q '^watching [0-9][0-9]* [1-9]' "$T/heard$n" || die "$(cat "$T/heard$n")"
}
heard() {
        local n
        for n in "${!tries[@]}"; do
                kill -USR1 "${tries[n]}"
                wait "${tries[n]}" || not_ok "$n: status $?"
                ! grep -Ev "^watching|^hears itself|$1" "$T/heard$n" || not_ok "$n: hears of others, or is not refused"
                grep -q '^hears itself' "$T/heard$n" || not_ok "$n: hears nothing at all"
        done
        tries=()
}
in_all() {
        # shellcheck disable=SC2086 # several
        watches "$1" "$T/all" "$ALICE" $T/all/.views/alice{,/regions,/events} $V \
                $V/{web,web/description,private/.meta,private/disk}
}
# life ACCOUNT...: alice's, in the given view of hers; web is shared and not, with each of these accounts.
life() {
        local images=$1 to
        shift
        cd "$images" && ls -lR . && ls -a .. ../.. && mkdir new && mv new new2 && rmdir new2 &&
                cmp web/disk web/disk && echo text >private/description && touch private/disk &&
                echo 1 >private/.meta/reviewed && cat private/.meta/{id,shares.tsv,history.jsonl} &&
                mkdir private/shares/dave && rmdir private/shares/dave && ls web/shares/ && mv private secret &&
                mv secret private || return
        for to; do
                mkdir "web/shares/$to" && rmdir "web/shares/$to" || return
        done
}
export -f life
# What is everybody's tells that it was looked at, and .views, who lists the top of his view itself.
top="^heard $T/all(/.imgshare(/[a-z_]*)?|/.views)? "

watches 0 "$T/carol"
watches 0 "$T/bob"
in_all "$CAROL"
in_all "$BOB"
ok bash -c 'life "$@"' - "$A" carol dave
ok user "$ALICE" bash -c 'life "$@"' - "$V" carol dave
ok user "$ALICE" cat "$T/all/.imgshare/whoami"
ok ls -l "$T/alice" "$A/web/.meta"
settle
heard "$top"

# Who receives it, or has it taken away, hears of that at most, in what its view showed.
watches 0 "$T/bob"
in_all "$BOB"
ok rmdir "$A/web/shares/bob"
ok bash -c 'life "$@"' - "$A" carol bob
ok user "$ALICE" bash -c 'life "$@"' - "$V" bob
settle
heard "$top|^heard [^ ]*/web@alice(/[^ ]*)? |^heard [^ ]*/images [^ ]* web@alice$"

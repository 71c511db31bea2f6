#!/bin/bash
# SPDX-License-Identifier: MIT
# Ordinary tools by ordinary users in one mount: what the policy allows the kernel does not refuse (0700, 0600,
# default_permissions), what it refuses is EPERM with an explanation; three users at once do the main job.
LIMIT=180
. "${0%/*}/../lib.sh"
needs rsync tar
catalog
mount_users rw
M=$T/all N=$T/all/regions/north/images S=$T/all/regions/south/images

# last UID RULE: the last refusal of that user.
last() {
        says "^rule: $2\$" user "$1" cat "$M/.imgshare/last_denial"
}

mkdir -m 755 "$T/files" && dense "$T/files/disk" 300 && truncate -s 2M "$T/files/disk"
echo 'a web server' >"$T/files/description"
chmod 644 "$T/files/"*

# An owner writes all that is its to write.
ok user "$ALICE" mkdir "$N/web"
ok user "$ALICE" cp "$T/files/disk" "$T/files/description" "$N/web/"
ok user "$ALICE" dd if="$T/files/disk" of="$N/web/disk" conv=notrunc bs=64k count=1 status=none
ok user "$ALICE" truncate -s 2M "$N/web/disk"
ok user "$ALICE" touch -d 2020-01-01 "$N/web/disk" "$N/web/description"
ok user "$ALICE" chmod 640 "$N/web/disk"
ok user "$ALICE" sh -c 'echo 1 >"$1/.meta/reviewed"' - "$N/web"
ok user "$ALICE" sh -c 'echo again >>"$1/description"' - "$N/web"
ok user "$ALICE" cmp "$T/files/disk" "$N/web/disk"
ok user "$ALICE" mkdir -p "$N/web/shares/bob"
ok user "$ALICE" sh -c 'echo +30d >"$1/shares/bob/.expires"' - "$N/web"
ok user "$ALICE" cp -r "$N/web" "$S/"
ok user "$ALICE" sh -c 'echo sealed >"$1/.meta/state"' - "$S/web"
ok user "$ALICE" mv "$S/web" "$S/db"
is 'description disk shares' user "$ALICE" sh -c 'ls "$1" | xargs' - "$S/db"

# A recipient reads what it may, and is told the rule where it may not: its modes say nothing.
R=$N/web@alice
ok user "$BOB" cat "$R/description" "$R/.meta/digest" "$R/shares/bob/.expires"
is bob user "$BOB" ls "$R/shares/"
is '600 600 400' user "$BOB" sh -c 'stat -c %a "$@" | xargs' - "$R/disk" "$R/description" "$R/.meta/digest"
for attempt in 'no-copy-of-shared cat RR/disk' 'no-copy-of-shared cp -r RR NN/mine' 'shared-frozen tee RR/description' \
        'shared-frozen chmod 777 RR/description' 'no-reshare mkdir RR/shares/carol' 'owner-deletes rm RR/disk' \
        'shared-frozen mv RR NN/other' 'sealed truncate -s 0 RR/disk' 'shared-frozen tee RR/.meta/state' \
        'no-reshare tee RR/shares/bob/.expires' 'no-copy-of-shared ln RR/disk NN/mine/disk'; do
        attempt=${attempt//RR/$R} attempt=${attempt//NN/$N}
        # shellcheck disable=SC2086 # a command and its arguments
        refused 1 "$EPERM" user "$BOB" ${attempt#* } <<<never
        last "$BOB" "${attempt%% *}"
done
ok user "$BOB" rm -r "$N/mine"
refused 1 "$EPERM" user "$ALICE" rm "$N/web/disk"
last "$ALICE" unshare-before-delete

# Trees, there and back.
ok user "$ALICE" rsync -a --inplace "$S/db/" "$S/copy/"
refused 1 '' user "$ALICE" sh -c 'rsync -ai --inplace "$1/db/" "$1/copy/" | grep "^>f"' - "$S" # nothing is transferred
ok user "$ALICE" mkdir "$S/tar"
ok user "$ALICE" sh -c 'tar -C "$1/db" -c . | tar -C "$1/tar" -x' - "$S"
ok user "$ALICE" cp -a "$S/db" "$S/archive"
ok user "$ALICE" cp -al "$S/db" "$S/linked"
for copy in copy tar archive linked; do
        ok user "$ALICE" diff -r "$S/db" "$S/$copy"
done
ok user "$ALICE" find "$S/" -name disk -size -5M
ok user "$ALICE" du -s "$S/"
ok user "$ALICE" rm -r "$S/copy" "$S/tar" "$S/archive" "$S/linked"
is db user "$ALICE" ls "$S"
if has qemu-img; then
        ok user "$ALICE" mkdir "$S/qcow"
        ok user "$ALICE" qemu-img convert -O qcow2 "$S/db/disk" "$S/qcow/disk"
        ok user "$ALICE" qemu-img check -q "$S/qcow/disk"
        ok user "$ALICE" qemu-img compare -q "$S/db/disk" "$S/qcow/disk"
fi

# Three at once: each makes images and shares them with both others, launches from theirs, and is refused their disks.
cat >"$T/share" <<'SHELL'
set -e
root=$1 me=$2 files=$3
shift 3
cd "$root/regions/north/images"
for n in 1 2 3 4 5; do
        mkdir "job$n"
        cp "$files/disk" "$files/description" "job$n/"
        for other; do mkdir "job$n/shares/$other"; done
        ls -lR "job$n" >/dev/null
        for other; do
                until [ -e "job$n@$other/shares/$me" ]; do sleep 0.01; done
                vm=../instances/vm$n-$other
                mkdir "$vm"
                echo "job$n@$other" >"$vm/image"
                cmp "$files/disk" "$vm/disk"
                echo "$me" | dd of="$vm/disk" conv=notrunc status=none
                ! cat "job$n@$other/disk" 2>/dev/null
                grep -q no-copy-of-shared "$root/.imgshare/last_denial"
                grep -qx "asked: .*/job$n@$other" "$root/.imgshare/last_denial"
        done
        cmp "$files/disk" "job$n/disk"
done
SHELL
cat >"$T/end" <<'SHELL'
set -e
root=$1 me=$2
shift 3
cd "$root/regions/north"
for n in 1 2 3 4 5; do
        for other; do
                [ "$(head -n 1 "instances/vm$n-$other/disk" | head -c "${#me}")" = "$me" ]
                rmdir "images/job$n/shares/$other"
                rm -r "instances/vm$n-$other"
        done
        rm -r "images/job$n"
done
SHELL
for phase in share end; do
        pids=()
        for who in "$ALICE alice bob carol" "$BOB bob carol alice" "$CAROL carol alice bob"; do
                read -r uid me others <<<"$who"
                # shellcheck disable=SC2086 # some names
                user "$uid" bash "$T/$phase" "$M" "$me" "$T/files" $others >"$T/$phase.$me" 2>&1 &
                pids+=("$!")
        done
        for pid in "${pids[@]}"; do
                wait "$pid" || not_ok "$phase: status $?: $(cat "$T/$phase".*)"
        done
        case $phase in
        share) is 10 user "$CAROL" sh -c 'ls -d "$1"/job*@* | wc -l' - "$N" ;;
        end) is '' user "$CAROL" ls "$N" ;;
        esac
done
is 30 sh -c '"$IMGSHARE" -C "$DIR" log --json | grep -c "\"op\":\"launch\""'
is 10 sh -c '"$IMGSHARE" -C "$DIR" log --json | grep "\"op\":\"launch\"" | grep -c "\"actor\":\"bob\",\"uid\":70002,"'

#!/bin/bash
# SPDX-License-Identifier: MIT
# One mount, many users: each finds its own view at the top, with its account's owner and modes; root is the operator.
. "${0%/*}/../lib.sh"
catalog
admin account add eve --role auditor --uid 70005
mount_users gid=70000
M=$T/all

# The top is the same for all, but for where the links lead.
for who in "$ALICE alice account rw" "$BOB bob account rw" '70005 eve auditor ro' '0 operator operator rw'; do
        read -r uid name role mode <<<"$who"
        is 'accounts events regions' user "$uid" sh -c 'ls -A "$1" | xargs' - "$M"
        ok user "$uid" ls -la "$M"
        for entry in accounts events regions; do
                is ".views/$name/$entry" user "$uid" readlink "$M/$entry"
                is "lrwxrwxrwx 0 $((8 + ${#name} + ${#entry}))" user "$uid" stat -c '%A %u %s' "$M/$entry"
                is "drwx------ $uid 70000" user "$uid" stat -Lc '%A %u %g' "$M/$entry"
        done
        is 'drwxr-xr-x 0' user "$uid" stat -c '%A %u' "$M"
        is "account: $name
role: $role
uid: $uid
mode: $mode" user "$uid" sh -c 'head -n 4 "$1"' - "$M/.imgshare/whoami"
        for file in whoami last_denial rules version; do
                is '-r--r--r-- 0' user "$uid" stat -c '%A %u' "$M/.imgshare/$file"
        done
        is "$name" user "$uid" sh -c 'ls -A "$1"' - "$M/.views"
        is 'accounts events regions' user "$uid" sh -c 'ls -A "$1" | xargs' - "$M/.views/$name"
        is 'north south' user "$uid" sh -c 'ls -A "$1" | xargs' - "$M/regions/"
        refused 2 "$ENOENT" user "$uid" ls "$M/.views/$name/.imgshare"
        ok user "$uid" df "$M"
        ok user "$uid" df "$M/regions/north"
done
ok findmnt "$M"
ok mountpoint -q "$M"
says 'default_permissions,allow_other|allow_other,default_permissions' grep " $M " /proc/self/mounts

# Nobody changes what is in no view.
for uid in "$ALICE" 0; do
        for command in "mkdir $M/new" "rmdir $M/.views" "rm $M/regions" "mv $M/regions $M/r" "ln -s x $M/x" \
                "mkdir $M/.views/new" "rmdir $M/.views/alice" "mkdir $M/.imgshare/new" "rm -f $M/.imgshare/rules"; do
                # shellcheck disable=SC2086 # a command and its arguments
                refused 1 "$EPERM|$EACCES" user "$uid" $command
        done
done
refused 1 "$EPERM" mkdir "$M/new"
rule fixed-tree all
refused 1 "$EPERM" user "$ALICE" mkdir "$M/.views/alice/new"
says '^rule: fixed-tree$' user "$ALICE" cat "$M/.imgshare/last_denial"

# Alice's and bob's views of one image: each all its own, as a mount for this account shows it but for owner and mode.
N=$M/regions/north/images
user "$ALICE" mkdir "$N/web"
user "$ALICE" sh -c 'echo hello >"$1/description" && echo bytes >"$1/disk"' - "$N/web"
ok user "$ALICE" mkdir "$N/web/shares/bob"
user "$BOB" mkdir "$M/regions/north/instances/vm1"
ok user "$BOB" sh -c 'echo web@alice >"$1"' - "$M/regions/north/instances/vm1/image"
for who in "$ALICE alice" "$BOB bob" '70005 eve'; do
        read -r uid name <<<"$who"
        mount_as "$name"
        for folder in regions accounts; do
                find "$T/$name/$folder" -printf '%P %y %n %s %T@ %l\n' | sort >"$T/alone"
                user "$uid" find "$M/$folder/" -printf '%P %y %n %s %T@ %l\n' 2>&1 | sort >"$T/among"
                # the mounts began at different times, which is the time of what has none of its own
                sed -Ei 's/^((|accounts|[a-z]*\/instances|[a-z]*|[a-z]*\/(usage|trusted|received|owned)) .) (.*) [0-9.]+ $/\1 \4/' \
                        "$T/alone" "$T/among"
                same "$T/alone" "$T/among"
                [ -s "$T/alone" ] || not_ok "nothing in $folder"
        done
        unmount "$name"
        # unlisted things, too
        I=$(user "$uid" sh -c 'echo "$1"/web*' - "$N")
        is '' user "$uid" find "$M/.views/$name" "$I/.meta" "$I/.meta/shares/bob/.expires" \
                '!' '(' -uid "$uid" -gid 70000 '(' -type d -perm 0700 -o -type l -perm 0777 -o -type f -perm 0600 -o \
                -type f -perm 0400 ')' ')'
done
is '600 600 400 600 600' user "$ALICE" sh -c 'stat -c %a "$@" | xargs' - \
        "$N/web/"{disk,description,.meta/id,.meta/state,shares/bob/.expires}
is '600 600' user "$BOB" sh -c 'stat -c %a "$@" | xargs' - "$N/web@alice/"{disk,description}
number=$(user "$ALICE" stat -c %i "$N/web")
is "$number" user "$ALICE" stat -c %i "$N/web"
[ "$(user "$BOB" stat -c %i "$N/web@alice")" != "$number" ] || not_ok 'one number in two views'

# A removed disk that is still open is nobody else's either.
user "$CAROL" mkdir "$N/tmp"
is "600 $CAROL" user "$CAROL" sh -c 'exec 3>"$1/disk"; rm "$1/disk"; stat -Lc "%a %u" /dev/fd/3' - "$N/tmp"

# The account acts, and the log says which uid it was. What is refused is told to this uid only.
says '"actor":"alice","uid":'"$ALICE"',"via":"mount","op":"share"' user "$ALICE" cat "$N/web/.meta/history.jsonl"
refused 1 "$EPERM" user "$ALICE" rm "$N/web/disk"
refused 1 "$EPERM" user "$BOB" cat "$N/web@alice/disk"
says '^rule: unshare-before-delete$' user "$ALICE" cat "$M/.imgshare/last_denial"
says '^rule: no-copy-of-shared$' user "$BOB" cat "$M/.imgshare/last_denial"
is '' user "$CAROL" cat "$M/.imgshare/last_denial"
says '^rule: fixed-tree$' cat "$M/.imgshare/last_denial"

# `imgshare why` climbs from the view to the root, where this is told.
install -m 755 "$IMGSHARE" "$T/imgshare"
says '^rule: no-copy-of-shared$' user "$BOB" "$T/imgshare" why "$N/web@alice/disk"
says '^rule: no-copy-of-shared$' user "$BOB" sh -c 'cd "$1" && "$2" why' - "$N" "$T/imgshare"
says '^rule: no-copy-of-shared$' user "$BOB" sh -c 'cd -P "$1" && "$2" why nothing/here' - \
        "$N/web@alice/shares" "$T/imgshare"

# An auditor changes nothing, by the rule, in a mount where others do.
W=$N/web@alice
for command in "mkdir $W/shares/carol" "rmdir $W/shares/bob" "rm $W/disk" "touch $W/description" "chmod 600 $W/disk" \
        "mkdir $N/own" "truncate -s 9 $W/disk" "ln $W/disk $W/more"; do
        # shellcheck disable=SC2086 # a command and its arguments
        refused 1 "$EROFS" user 70005 $command
done
refused 2 "$EROFS" user 70005 sh -c 'echo x >"$1"' - "$W/description"
says '^rule: read-only-role$' user 70005 cat "$M/.imgshare/last_denial"
is 'directory' user 70005 stat -c %F "$W/shares"
is bob user 70005 ls "$W/shares"

# Read-only for all.
unmount all
mount_at all multiuser,ro
says '^mode: ro$' user "$ALICE" cat "$M/.imgshare/whoami"
is hello user "$ALICE" cat "$N/web/description"
refused 1 "$EROFS" user "$ALICE" mkdir "$N/db"
is 'directory' user "$ALICE" stat -c %F "$N/web/shares"
refused 2 "$EACCES" user "$STRANGER" ls "$M"
unmount all

# One or the other; and whose the files are is not for the mount to say.
for options in account=alice,multiuser multiuser,uid=1000 ro; do
        refused 2 '^imgsharefs: ' "$IMGSHAREFS" "$DIR" "$M" -o "$options"
done

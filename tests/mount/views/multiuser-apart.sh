#!/bin/bash
# SPDX-License-Identifier: MIT
# No way leads into another's view: paths, links, /proc, groups, root's capabilities; and who tries disturbs nobody.
. "${0%/*}/../lib.sh"
catalog
mount_users rw
M=$T/all V=$T/all/.views
user "$ALICE" mkdir "$M/regions/north/images/web"
ok user "$ALICE" sh -c 'echo secret >"$1/description" && echo secret >"$1/disk"' - "$M/regions/north/images/web"
W=$V/alice/regions/north/images/web
is secret user "$ALICE" cat "$W/disk"

# Alice has walked all of it: what the kernel remembers of that is no help.
ok user "$ALICE" ls -lR "$V/alice"
for uid in "$BOB" 0 "$STRANGER"; do
        for path in "$V/alice" "$V/alice/" "$V/alice/regions" "$W" "$W/disk" "$W/description" "$W/.meta/id" \
                "$W/shares/bob" "$V/alice/accounts/alice/usage" "$V/carol" "$V/carol/regions" "$V/none"; do
                refused 1 "$EACCES" user "$uid" stat "$path"
                refused 1 "$EACCES" user "$uid" cat "$path"
                refused 2 "$EACCES" user "$uid" ls "$path"
                refused 1 "$EACCES" user "$uid" mkdir "$path/new"
        done
        refused 1 "$EACCES" user "$uid" rm -r "$W"
        refused 1 "$EACCES" user "$uid" mkdir "$W/shares/bob"
        refused 1 "$EACCES" user "$uid" cat "$V/bob/../alice/regions/north/images/web/disk"
        refused 2 "$EACCES" user "$uid" sh -c 'echo more >"$1"' - "$W/description"
        # by links of one's own
        ln -sfn "$W" "$T/link"
        refused 1 "$EACCES" user "$uid" cat "$T/link/disk"
        refused 2 "$EACCES" user "$uid" ls "$T/link/"
done
says "^$(user "$BOB" id -u)$" user "$BOB" stat -Lc %u "$M/regions"

# Groups are no help, nor are capabilities that only the kernel would honour.
refused 2 "$EACCES" setpriv --reuid "$BOB" --regid "$ALICE" --groups "$ALICE,0,70000" ls "$W"
refused 2 "$EACCES" setpriv --reuid "$BOB" --regid 0 --groups 0 --inh-caps +dac_override,+dac_read_search \
        --ambient-caps +dac_override,+dac_read_search ls "$W"
is 'alice' setpriv --reuid "$ALICE" --regid "$BOB" --groups 0 ls "$V"

# What alice has open, or stands in, is not to be had through /proc; root gets no further than to the name.
user "$ALICE" sh -c 'cd "$1" && exec 3<disk 4<. && echo "$$" && exec sleep 100' - "$W" >"$T/pid" 2>/dev/null &
eventually test -s "$T/pid"
read -r pid <"$T/pid"
for uid in "$BOB" "$STRANGER" 0; do
        refused 1 "$EACCES" user "$uid" cat "/proc/$pid/fd/3"
        refused 1 "$EACCES" user "$uid" cat "/proc/$pid/cwd/disk"
        refused 2 "$EACCES" user "$uid" ls "/proc/$pid/fd/4/"
        refused 2 "$EACCES" user "$uid" ls "/proc/$pid/cwd/"
        refused 2 "$EACCES" user "$uid" ls "/proc/$pid/root$W"
done

# Those who are refused make nobody lose his place.
coproc alice { cd /; user "$ALICE" sh -c 'cd -P "$1" && while read -r _; do /bin/pwd; done' - "$V/alice" 2>&1; }
for uid in "$BOB" "$STRANGER" 0; do
        run user "$uid" stat "$M/regions" "$V" "$V/alice" "$V/alice/regions"
        echo >&"${alice[1]}"
        read -r -t 20 line <&"${alice[0]}"
        [ "$line" = "$V/alice" ] || not_ok "alice is in '$line'"
done
fd=${alice[1]}
exec {fd}>&-
{ kill "$pid" && wait; } 2>/dev/null

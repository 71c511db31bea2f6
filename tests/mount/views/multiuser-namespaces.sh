#!/bin/bash
# SPDX-License-Identifier: MIT
# Callers in user namespaces: a uid is the one that the mount's namespace knows it by. Mapped from one that has an
# account, it is this account, whatever it is called inside; else it is nobody, root of its namespace or not.
. "${0%/*}/../lib.sh"
catalog
mount_users rw
M=$T/all N=$T/all/regions/north/images
user "$BOB" mkdir "$N/secret"
ok user "$BOB" sh -c 'echo secret >"$1/disk"' - "$N/secret"

# inside UID_MAP UID CMD…: in a new user namespace with this map (inside outside count, …), as that uid of it, with all
# its capabilities if it is 0.
cat >"$T/inside.py" <<'PYTHON'
import ctypes, os, sys
uid_map, uid, *command = sys.argv[1:]
go, gone = os.pipe(), os.pipe()
pid = os.fork()
if pid:
    os.read(gone[0], 1)
    for name, text in ('uid_map', uid_map), ('gid_map', '0 0 1'):
        if text:
            with open(f'/proc/{pid}/{name}', 'w') as f:
                f.write(text.replace(',', '\n'))
    os.write(go[1], b'x')
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
if not uid_map:  # stays who it is, and is called nobody inside
    os.setresuid(*[int(uid)] * 3)
if ctypes.CDLL(None, use_errno=True).unshare(0x10000000):  # CLONE_NEWUSER
    print('no user namespaces')
    os._exit(77)
os.write(gone[1], b'x')
os.read(go[0], 1)
if uid_map:
    os.setresgid(0, 0, 0)
    os.setresuid(*[int(uid)] * 3)
os.execvp(command[0], command)
PYTHON
inside() {
        "$PYTHON" "$T/inside.py" "$@"
}
run inside '0 0 1' 0 true
[ $? -ne 77 ] || skip 'no user namespaces'

# As alice, as bob; whatever they are called.
map="0 $ALICE 1,1 $BOB 1,65534 $CAROL 1,70001 170000 100"
for who in '0 alice' '1 bob' '65534 carol'; do
        read -r uid name <<<"$who"
        says "^account: $name\$" inside "$map" "$uid" cat "$M/.imgshare/whoami"
        is ".views/$name/regions" inside "$map" "$uid" readlink "$M/regions"
done
ok inside "$map" 0 mkdir "$N/web"
is "$ALICE" user "$ALICE" stat -c %u "$N/web"
is 0 inside "$map" 0 stat -c %u "$N/web"
is secret inside "$map" 1 cat "$N/secret/disk"

# Root of a namespace that knows bob's uid has the kernel's leave to read bob's files, but not ours.
V=$M/.views/bob
ok user "$BOB" ls -lR "$V"
for command in "ls $V" "ls $V/regions" "cat $V/regions/north/images/secret/disk" "stat $V/regions/north/images/secret" \
        "mkdir $V/regions/north/images/new" "rm -r $V/regions/north/images/secret"; do
        # shellcheck disable=SC2086 # a command and its arguments
        refused '[12]' "$EACCES" inside "$map" 0 $command
done

# An uid without an account: inside it is 0, or looks like alice's or nobody's.
for who in "0 170000 65536 0" "0 170000 100000 $ALICE" '0 170000 65536 65534' "$ALICE 170000 1 $ALICE"; do
        for command in "ls $M" "cat $M/.imgshare/whoami" "stat $M" "ls $M/regions/" "ls $M/.views" "ls $V" \
                "mkdir $N/new"; do
                # shellcheck disable=SC2086 # a command and its arguments
                refused '[12]' "$EACCES" inside "${who% *}" "${who##* }" $command
        done
done
refused '[12]' "$EACCES" inside '' "$STRANGER" ls "$M"
# Without any map alice is called nobody inside, and still is herself.
says '^account: alice$' inside '' "$ALICE" cat "$M/.imgshare/whoami"
unmount all

# A mount in a user namespace: whom that does not know is nobody, root of the machine too.
cat >"$T/mounter" <<'SHELL'
set -e
"$IMGSHAREFS" "$1" "$2" -o multiuser
setpriv --reuid "$3" --clear-groups cat "$2/.imgshare/whoami"
echo ready
read -r _
fusermount3 -u "$2" || umount "$2"
SHELL
unshare --mount true || skip 'no mount namespaces'
coproc daemon { inside "0 0 1,$ALICE $ALICE 1" 0 unshare --mount bash "$T/mounter" "$DIR" "$M" "$ALICE" 2>&1; }
: >"$T/said"
while read -r -t 20 line <&"${daemon[0]}" && echo "$line" >>"$T/said" && [ "$line" != ready ]; do :; done
says '^account: alice$' cat "$T/said"
pid=$(daemon_of "$M")
[ -n "$pid" ] || die "no daemon: $(cat "$T/said")"
for uid in "$ALICE" "$BOB" 0; do
        refused '[12]' . user "$uid" ls "/proc/$pid/root$M"
        refused '[12]' . nsenter --target "$pid" --mount --wd=/ setpriv --reuid "$uid" --clear-groups ls "$M"
done
# Bob, let in as himself, has no uid there.
caps=+sys_admin,+sys_ptrace,+sys_chroot
for who in "$ALICE 0" "$BOB 2"; do
        run setpriv --reuid "${who% *}" --clear-groups --inh-caps "$caps" --ambient-caps "$caps" \
                nsenter --target "$pid" --user --mount --wd=/ --preserve-credentials ls "$M"
        [ $? -eq "${who#* }" ] || not_ok "ls by ${who% *}: $(cat "$T/out" "$T/err")"
done
echo >&"${daemon[1]}"
wait
eventually daemon_ended "$M" || not_ok 'the daemon did not end'

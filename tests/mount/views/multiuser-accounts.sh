#!/bin/bash
# SPDX-License-Identifier: MIT
# Who has an account is asked with every request: accounts added, removed and given another uid while mounted, by
# another process; also for who stands in a view already.
. "${0%/*}/../lib.sh"
catalog
mount_users rw
M=$T/all N=$T/all/regions/north/images

# closed UID: every door is.
closed() {
        local path
        for path in "$M" "$M/regions" "$M/regions/" "$M/accounts" "$M/.views" "$M/.views/zoe" "$M/.views/alice" \
                "$M/.imgshare/whoami" "$M/.imgshare/version" "$M/nothing"; do
                refused 1 "$EACCES" user "$1" stat "$path"
        done
        for path in "$M" "$M/regions/" "$M/.views" "$M/.imgshare"; do
                refused 2 "$EACCES" user "$1" ls "$path"
        done
        refused 1 "$EACCES" user "$1" mkdir "$M/regions/north/images/web"
        refused 1 "$EACCES" user "$1" df "$M"
        is no user "$1" sh -c '[ -r "$1" ] || echo no' - "$M" # access(2)
}
closed "$STRANGER"

# Added: from the next request on.
admin account add zoe --uid "$STRANGER"
is '.views/zoe/regions' user "$STRANGER" readlink "$M/regions"
ok user "$STRANGER" mkdir "$N/web"
ok user "$STRANGER" sh -c 'echo bytes >"$1/web/disk" && echo text >"$1/web/description" && rm -r "$1/web"' - "$N"

# Removed, while she stands in her view with a directory open: from the next request on.
cat >"$T/zoe.py" <<'PYTHON'
import errno, os, sys
def refused(what, *arguments, **more):
    try:
        what(*arguments, **more)
    except OSError as e:
        if e.errno == errno.EACCES:
            return
    sys.exit(f'{what.__name__} {arguments} is not refused')
os.setgroups([])
os.setresgid(1, 1, 1)
os.setresuid(*[int(sys.argv[1])] * 3)
os.chdir(sys.argv[2])
directory = os.open('.', os.O_RDONLY)
view = os.open('../../..', os.O_RDONLY)
file = os.open('../../../../../.imgshare/version', os.O_RDONLY)
assert os.listdir(directory) == [] and sorted(os.listdir(view)) == ['accounts', 'events', 'regions']
for d in directory, view:
    os.lseek(d, 0, os.SEEK_SET)
print('ready', flush=True)
sys.stdin.readline()
for path in '.', '..', '../../..', '/proc/self/cwd', 'web':
    refused(os.stat, path)
    refused(os.listdir, path)
refused(os.listdir, directory)
refused(os.scandir, view)
refused(os.mkdir, 'web')
refused(os.mkdir, 'web', dir_fd=directory)
refused(os.stat, 'regions', dir_fd=view)
refused(os.open, '../../../../../.imgshare/version', os.O_RDONLY)
refused(os.statvfs, '.')
refused(os.fstat, directory)
refused(os.fstat, file)
print('refused', flush=True)
PYTHON
coproc zoe { "$PYTHON" "$T/zoe.py" "$STRANGER" "$N" 2>&1; }
read -r -t 20 line <&"${zoe[0]}"
[ "$line" = ready ] || die "zoe: $line $(cat <&"${zoe[0]}")"
admin account rm zoe
settle # what the kernel remembers of her view
echo >&"${zoe[1]}"
line=$(timeout 20 cat <&"${zoe[0]}")
[ "$line" = refused ] || not_ok "zoe: $line"
closed "$STRANGER"
# not even for root there is anything
refused 1 "$EACCES" stat "$M/.views/zoe"

# Another uid: the old one is out, the new one in, and the files are its.
ok user "$ALICE" mkdir "$N/web"
is "$ALICE" user "$ALICE" stat -c %u "$N/web"
admin account set alice uid=70011
settle
closed "$ALICE"
is 70011 user 70011 stat -c %u "$N/web"
ok user 70011 sh -c 'echo more >"$1/web/description"' - "$N"
says '"actor":"alice","uid":70011,' user 70011 cat "$N/web/.meta/history.jsonl"
# … and to somebody else's.
admin account set bob uid="$ALICE"
settle
is '.views/bob/regions' user "$ALICE" readlink "$M/regions"
refused 1 "$ENOENT" user "$ALICE" stat "$N/web"
refused 1 "$EACCES" user "$ALICE" stat "$M/.views/alice"
admin account set bob uid=-
settle
closed "$ALICE"

# Another role.
admin account set carol role=auditor
settle
is web@alice user "$CAROL" ls "$N"
refused 1 "$EROFS" user "$CAROL" mkdir "$N/db"
admin account set carol role=account
settle
is '' user "$CAROL" ls "$N"

# Root is the operator, unless an account has uid 0; the operator can have a uid besides.
is '.views/operator/regions' readlink "$M/regions"
is web@alice ls "$N"
admin account set operator uid=70012
settle
is "70012" stat -Lc %u "$M/regions"
is "70012" user 70012 stat -Lc %u "$M/regions"
is web@alice user 70012 ls "$N"
admin account set dave uid=0
settle
is '.views/dave/regions' readlink "$M/regions"
is '' ls "$N"
refused 1 "$EACCES" stat "$M/.views/operator"
ok mkdir "$N/root"
is 0 stat -c %u "$N/root"
ok umount "$M"

#!/bin/bash
# SPDX-License-Identifier: MIT
# The kernel answers what it has been told once by itself, is told of just what changed, and shows a process at once what
# that process has done.
. "${0%/*}/../lib.sh"
catalog
admin account add audit --role auditor >"$T/out" || die 'account add'

# mount_logged NAME OPTIONS: as mount_at, with every request in $T/NAME.log.
mount_logged() {
        mkdir -p "$T/$1"
        "$IMGSHAREFS" "$DIR" "$T/$1" -o "$2" -d >"$T/$1.log" 2>&1 &
        eventually mountpoint -q "$T/$1" || die "mount $2: $(tail -n 3 "$T/$1.log")"
        MOUNTED+=("$1")
        denials[$1]=0
}

# requests NAME KINDS CMD…: what the kernel asks the daemon while a command looks.
requests() {
        local log=$T/$1.log kinds=$2 size
        shift 2
        size=$(stat -c %s "$log")
        "$@" >"$T/out" 2>&1
        tail -c +$((size + 1)) "$log" | grep -E "opcode: ($kinds) "
}

# known NAME CMD…: the kernel knows the names and attributes.
known() {
        local asked
        for _ in 1 2 3; do # a notice may be late on a busy machine; what is never remembered is asked for each time
                asked=$(requests "$1" 'LOOKUP|GETATTR' "${@:2}")
                [ -n "$asked" ] || return
                settle
        done
        not_ok "${*:2}: $asked"
}
# asked NAME CMD…: the kernel does not.
asked() {
        [ -n "$(requests "$1" 'LOOKUP|GETATTR|READDIR|READDIRPLUS' "${@:2}")" ] || not_ok "no request: ${*:2}"
}
# listed NAME BETWEEN: the kernel knows the listings and links after `between` has run. These are pages, which any
# system may need for something else: one time in five tries will do.
listed() {
        for _ in 1 2 3 4 5; do
                lists
                lists
                "$2"
                [ -n "$(requests "$1" 'READDIR|READDIRPLUS|READLINK' lists)" ] || return 0
        done
        not_ok 'the listings are not known'
}

mount_logged alice account=alice
mount_as bob
mount_at again account=alice
O=$T/again/regions/north/images
image "$A/web"
image "$A/db"
ok mkdir "$A/web/shares/bob" "$A/db/shares/bob"
settle

# --- remembered

# shellcheck disable=SC2317 # called by name
looks() {
        stat "$A/web" "$A/web/disk" "$A/web/description" "$A/web/shares/bob" "$A/db" "$A/db/disk" \
                "$A/db/shares/bob" "$T/alice/regions/north/instances" "$T/alice/accounts/alice/trusted" >"$T/looks" 2>&1
}
missing() {
        stat "$A/none" "$A/none@bob" "$A/web/shares/carol" "$A/web/.hidden" "$A/web/.meta/none" "$T/alice/regions/east" \
                "$T/alice/regions/north/instances/vm" "$T/alice/accounts/alice/trusted/carol" "$T/alice/none" \
                "$T/alice/accounts/carol" 2>"$T/looks"
}
lists() {
        ls "$A" "$A/web/shares/" "$A/web/shares/bob" "$T/alice/regions" "$T/alice/regions/north" "$T/alice/regions/north/instances" \
                "$T/alice/accounts/alice/trusted" >"$T/looks"
}
for what in looks missing; do
        $what
        known alice $what
done
listed alice true
sleep 2 # for as long as nothing happens: an hour, of which this is the part that a test can wait for
known alice looks
known alice missing

# --- told of what changed, and of nothing else (with a name the kernel forgets its directory's times)

ok mkdir "$O/other"
settle
looks
known alice looks
asked alice lists
ok test -d "$A/other"
known alice stat "$A/other"
ok rmdir "$O/web/shares/bob"
settle
known alice stat "$A/web" "$A/web/disk" "$A/db/shares/bob" "$A/web/description" "$A/other"
asked alice stat "$A/web/shares/bob"
absent "$A/web/shares/bob"
ok put text "$O/web/description"
settle
known alice stat "$A/web/disk" "$A/db" "$A/db/disk"
asked alice stat "$A/web/description"
is text cat "$A/web/description"
ok touch -d 2020-02-02T02:02:02Z "$O/web/disk"
settle
is 1580608922 stat -c %Y "$A/web/disk"
known alice stat "$A/db/disk"

# What is refused, or concerns nobody here, tells nothing.
nothing_of_ours() {
        image "$B/own"
        ok mkdir "$B/own/shares/carol"
        ok admin limits images-per-region $((400 + RANDOM))
        ok rmdir "$B/own/shares/carol"
        ok rm -r "$B/own"
        settle
}
for what in looks missing; do
        $what
        nothing_of_ours
        known alice $what
done
refused 1 "$EPERM" mkdir "$A/web/shares/nobody"
listed alice nothing_of_ours

# --- at once, in the mount where it was done

# The parts that a close makes.
ok mkdir "$A/new"
absent "$A/new/description" "$A/new/shares" "$A/new/disk"
is '' listing "$A/new"
exec 7>"$A/new/disk"
is disk listing "$A/new"
echo data >&7
exec 7>&-
is 'description disk shares' listing "$A/new"
ok test -e "$A/new/description" -a -L "$A/new/shares"
# What becomes of a removed and replaced disk; the old parts that come back by themselves.
created=$(stat -c %Y "$A/new/.meta")
ok rm "$A/new/description" "$A/new/shares"
absent "$A/new/description" "$A/new/shares"
eventually sh -c '[ "$(date +%s)" -gt "$1" ]' - "$created"
ok rm "$A/new/disk"
[ "$(stat -c %Y "$A/new/.meta")" -gt "$created" ] || not_ok '.meta has the time of the image before'
is '' listing "$A/new"
ok put data "$A/new/disk"
is 'description disk shares' listing "$A/new"
ok stat "$A/new/description" "$A/new/shares/"
# The same through a directory held open.
ok mkdir "$A/held"
run "$PYTHON" - "$A/held" <<'PYTHON'
import os, sys
path = sys.argv[1]
fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
def names():
    os.lseek(fd, 0, os.SEEK_SET)
    return sorted(os.listdir(fd))
for turn in range(3):
    disk = os.open('disk', os.O_WRONLY | os.O_CREAT, dir_fd=fd)
    os.write(disk, b'data')
    assert names() == ['disk'], names()
    os.close(disk)
    assert names() == ['description', 'disk', 'shares'], names()
    for name in names():
        os.unlink(name, dir_fd=fd)
    assert names() == [], names()
# and of a directory that is gone nothing is left, wherever one stands in it
os.mkdir(path + '2')
meta = os.open(path + '2/.meta', os.O_RDONLY | os.O_DIRECTORY)
shares = os.open(path + '2/.meta/shares', os.O_RDONLY | os.O_DIRECTORY)
os.fstat(meta), os.fstat(shares), os.stat('state', dir_fd=meta)
os.rmdir(path + '2')
for call in (lambda: os.fstat(meta), lambda: os.fstat(shares), lambda: os.stat('state', dir_fd=meta),
             lambda: os.listdir(meta), lambda: os.listdir(shares)):
    try:
        call()
        sys.exit('something is left')
    except FileNotFoundError:
        pass
PYTHON
held=$?
[ "$held" -eq 0 ] || not_ok "held: $(cat "$T/err")"
# The other name of an image.
is held readlink "$A/held@alice"
absent "$A/moved@alice"
ok mv "$A/held" "$A/moved"
absent "$A/held@alice"
is moved readlink "$A/moved@alice"
ok stat "$A/moved@alice/"
ok mv "$A/moved" "$A/held"
is held readlink "$A/held@alice"
# A description that is emptied by closing it.
ok put 'some text' "$A/new/description"
is 10 stat -c %s "$A/new/description"
ok sh -c ': >"$1"' - "$A/new/description"
ok eventually test ! -s "$A/new/description"
# Launching makes the files of an instance, reinstalling replaces the disk.
VM=$T/alice/regions/north/instances/vm
ok mkdir "$VM"
absent "$VM/image" "$VM/disk"
ok put web "$VM/image"
is 65536 stat -c %s "$VM/disk"
number=$(stat -c %i "$VM/disk")
ok put new "$VM/image"
is 5 stat -c %s "$VM/disk"
[ "$(stat -c %i "$VM/disk")" != "$number" ] || not_ok 'reinstalled, but the same disk'
is 'disk image' listing "$VM"
# A share given up takes the image along.
ok ls "$B/db@alice"
ok rmdir "$B/db@alice/shares/bob"
absent "$B/db@alice"
is '' listing "$B"

# --- where one stands

ok mkdir "$A/stand"
cd "$A/stand" || die cd
settle
is "$A/stand" /bin/pwd
ok rmdir "$A/stand"
ok mkdir "$A/stand"
cd "$A/stand" || die cd
settle
is "$A/stand" /bin/pwd
ok rmdir "$O/stand"
settle
refused 1 "$ENOENT" /bin/pwd
refused 2 "$ENOENT" ls .
ok mkdir "$O/stand"
settle
cd "$A/stand" || die cd
is "$A/stand" /bin/pwd
cd /
is '' listing "$A/stand"

# --- roles, and the end of an account

admin account add eve >"$T/out" || die 'account add'
mount_as eve
E=$T/eve/regions/north/images
is '' listing "$E"
absent "$E/web@alice"
ok admin account set eve role=auditor
settle
is 'db@alice held@alice new@alice other@alice stand@alice web@alice' listing "$E"
refused 1 "$EROFS" mkdir "$E/mine"
exec 7<"$E/web@alice/.meta" 8<"$E/web@alice"
ok stat -L /proc/self/fd/7 /proc/self/fd/8/disk
ok admin account set eve role=account
settle
is '' listing "$E"
refused 1 "$ENOENT" stat -L /proc/self/fd/7
refused 1 "$ENOENT" stat -L /proc/self/fd/8/disk
exec 7<"$E" 8>&-
ok admin account rm eve
settle
refused 1 'Permission denied' stat "$E"
refused 1 'Permission denied' stat -L /proc/self/fd/7
refused 1 'Permission denied' stat "$T/eve/accounts/eve"
exec 7>&-

# --- a daemon that ends in the middle of telling

# ended PROCESS: it has, or does when it is told to.
ended() {
        kill -KILL "$1" 2>/dev/null
        ! grep -q '^State:[[:space:]]*[^ZX]' "/proc/$1/status" 2>/dev/null
}

for how in TERM KILL unmount TERM KILL unmount KILL; do
        mount_at victim account=alice
        "$PYTHON" - "$T" <<'PYTHON' &
import os, sys
images = sys.argv[1] + '/%s/regions/north/images'
try:
    for i in range(10 ** 6):
        os.mkdir((images % 'again') + f'/storm{i % 20}')
        for j in range(20):
            os.path.exists((images % 'victim') + f'/storm{j}')
        os.listdir(images % 'victim')
        os.rmdir((images % 'again') + f'/storm{i % 20}')
except OSError:
    pass
PYTHON
        storm=$!
        sleep 0.3 # in the middle, wherever that is
        if [ "$how" = unmount ]; then
                umount -l "$T/victim" 2>/dev/null || fusermount3 -uz "$T/victim"
        else
                kill "-$how" "$(daemon_of "$T/victim")"
        fi
        ok eventually daemon_ended "$T/victim"
        ok eventually ended "$storm" # nobody serves it any more, so it has failed, or can be killed
        wait "$storm" 2>/dev/null
        fusermount3 -uz "$T/victim" 2>/dev/null
        settle
done
rmdir "$O"/storm* 2>/dev/null
unmount alice # so that its log is whole

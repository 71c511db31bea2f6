#!/bin/bash
# SPDX-License-Identifier: MIT
# asof=: the whole tree as it was. After each change of a history all that an auditor and an account see is written down,
# and compared with mounts as of that event and of that time; what happens later never shows in one.
LIMIT=240
. "${0%/*}/../lib.sh"
catalog
ok admin account add eve --role auditor
mount_as alice
mount_as bob
mount_at live-eve account=eve
mount_at live-bob account=bob,ro

# What is told without an event, the digests of what is sealed, has been told.
computed() {
        local image
        for image in "$T"/live-eve/regions/*/images/*; do
                ! grep -qs sealed "$image/.meta/state" || ! grep -qs pending "$image/.meta/digest" || return 1
        done
}

# tree MOUNT: paths, numbers, modes, texts and times, and what .meta says. Left out are disks' sizes and formats until
# they are sealed, and times that can be set or are the mount's own.
cat >"$T/tree.py" <<'PYTHON'
import os, stat, sys
os.chdir(sys.argv[1])

def text(path):
    with open(path) as f:
        return f.read()

def show(path):
    s = os.lstat(path)
    parts = path.split('/')
    sealed = parts[-1] == 'disk' and parts[2] == 'images' and text(os.path.dirname(path) + '/.meta/state') == 'sealed\n'
    line = [path, oct(s.st_mode), s.st_ino, s.st_nlink]
    if stat.S_ISLNK(s.st_mode):
        line.append(os.readlink(path))
    if sealed or stat.S_ISREG(s.st_mode) and parts[-1] not in ('disk', 'usage'):
        line.append(s.st_size)
    if stat.S_ISDIR(s.st_mode) and len(parts) > 3 and parts[0] == 'regions':
        line.append(s.st_mtime_ns)
    print(*line)
    if parts[-1] == 'usage': # its bytes are of what is sealed
        print(*(row.split('\t')[:3] for row in text(path).splitlines()), sep='\n')
    elif parts[-1] == 'exposure.tsv': # shares that end later stand elsewhere in it today
        print(*sorted(row.split('\t')[1:3] + row.split('\t')[4:] for row in text(path).splitlines()), sep='\n')
    elif stat.S_ISREG(s.st_mode) and parts[-1] != 'disk':
        print(text(path))

for top, folders, files in os.walk('.'):
    folders.sort()
    top = os.path.normpath(top)
    for name in sorted(folders + files):
        path = os.path.normpath(f'{top}/{name}')
        show(path)
        if top.endswith('/images'):
            for name in sorted(os.listdir(f'{path}/.meta')):
                state = text(f'{path}/.meta/state').strip()
                if (name not in ('size', 'format') or state == 'sealed'):
                    show(f'{path}/.meta/{name}')
        if top.endswith('/shares'):
            show(f'{path}/.expires')
PYTHON
tree() {
        "$PYTHON" "$T/tree.py" "$T/$1" 2>&1
}

last_event() {
        admin log --json | sed -n '$s/^{"event":\([0-9]*\),.*/\1/p'
}

# now: a time that no later event has.
now() {
        local time
        time=$(date -u +%FT%T.%3NZ)
        until [[ $(date -u +%FT%T.%3NZ) > $time ]]; do :; done
        echo "$time"
}

moments=() times=()
# record: keeps what the live views show.
record() {
        local event
        settle
        eventually computed || not_ok 'digests are pending'
        event=$(last_event)
        tree live-eve >"$T/eve.$event"
        tree live-bob >"$T/bob.$event"
        moments+=("$event") times+=("$(now)")
}

I=$T/bob/regions/north/instances
record
ok mkdir "$A/web"
record
echo 'the first text' >"$A/web/description"
record
dense "$A/web/disk" 64
record
ok put 1 "$A/web/.meta/reviewed"
record
ok mkdir "$A/web/shares/"{bob,dave}
record
ok put 2030-01-02 "$A/web/shares/bob/.expires"
record
ok mkdir "$I/vm"
ok put web@alice "$I/vm/image"
record
ok mkdir "$B/mine"
ok ln "$I/vm/disk" "$B/mine/disk"
ok mkdir "$B/mine/shares/carol"
record
ok mkdir "$T/bob/accounts/bob/trusted/alice"
ok put never "$A/web/shares/bob/.expires"
record
ok admin account rm dave
record
ok mkdir "$A/web/shares/carol"
soon=$(date -u -d '+2 seconds' +%FT%T.%3NZ)
ok put "$soon" "$A/web/shares/carol/.expires"
expiring=$(last_event)
gone() {
        [ ! -e "$T/live-eve/regions/north/images/web@alice/shares/carol" ] &&
                [ "$(admin log --json | tail -n 1 | grep -c '"op":"expire"')" -eq 1 ]
}
eventually gone || not_ok 'the share does not expire'
record
refused 1 "$EPERM" cat "$B/web@alice/disk"
denied() {
        [ "$(admin log --denied --json | grep -c no-copy-of-shared)" -eq 1 ]
}
eventually denied || not_ok 'the refusal is not in the log'
record
ok cp -al "$A/web" "$AS/"
record
ok rmdir "$A/web/shares/bob"
ok mv "$A/web" "$A/db"
echo 'the second text' >"$A/db/description"
record
ok put mine "$I/vm/image"
ok admin limits images-per-region 7
record
ok rm "$A/db/disk"
record
dense "$A/db/disk" 8
ok rm "$A/db/description" "$A/db/shares"
record
ok rm -r "$A/db"
record
ok rm -r "$I/vm"
ok rmdir "$T/bob/accounts/bob/trusted/alice"
ok admin region add east
record
ok mkdir "$A/web"
ok admin region rm east
record

# --- the same as of then

# shows NAME OPTIONS EVENT: what a view of the past shows, compared with what was recorded.
shows() {
        mount_at past "account=$1,asof=$2"
        tree past >"$T/then"
        cmp -s "$T/then" "$T/$1.$3" || not_ok "account=$1,asof=$2 differs: $(diff "$T/$1.$3" "$T/then" | head -n 20)"
        unmount past
}
[ "${#moments[@]}" -ge 20 ] || not_ok "only ${#moments[@]} moments"
who=(eve bob)
long=${IMGSHARE_LONG-}
for n in "${!moments[@]}"; do # each moment in one way, some in two; with IMGSHARE_LONG=1 in all four
        shows "${who[n % 2]}" "${moments[n]}" "${moments[n]}"
        [ $((n % 3)) -ne 0 ] && [ "$long" != 1 ] || shows "${who[(n + 1) % 2]}" "${times[n]}" "${moments[n]}"
        [ "$long" = 1 ] || continue
        shows "${who[(n + 1) % 2]}" "${moments[n]}" "${moments[n]}"
        shows "${who[n % 2]}" "${times[n]}" "${moments[n]}"
done

# Before it expired the share was there, also as of a time to which no event belongs.
mount_at past "account=eve,asof=$expiring"
is "$soon" cat "$T/past/regions/north/images/web@alice/shares/carol/.expires"
unmount past
mount_at past "account=eve,asof=$soon"
is bob listing "$T/past/regions/north/images/web@alice/shares"
unmount past

# Tools that walk.
mount_at past "account=eve,asof=${moments[8]}"
P=$T/past
ok ls -lR "$P"
ok du -a "$P"
ok tar cf "$T/all.tar" --exclude disk -C "$P" .
ok grep -r --exclude disk 'the first text' "$P"
is 'north/mine/carol north/web/bob north/web/dave' sh -c \
        'cd "$1/regions" && find . -path "*/shares/*" | sed "s,^\./,,; s,images/,,; s,@[a-z]*/shares,," | sort | xargs' - "$P"
unmount past

# --- nothing that happens now shows, and nothing can be done
eventually computed || not_ok 'digests are pending'
mount_at past "account=eve,asof=$(last_event)"
mount_at own "account=alice,asof=$(last_event)"
mount_at live-alice account=alice,ro
tree past >"$T/past.before"
tree own >"$T/own.before"
find "$T/past" "$T/own" -name disk -printf '%p %s %T@\n' >"$T/disks.before"
diff <(tree live-alice) "$T/own.before" || not_ok 'the last event is not now'
echo x >"$A/web/description"
dense "$A/web/disk" 64
ok mkdir "$A/web/shares/bob"
ok mv "$AS/web" "$AS/new"
ok touch -d 2001-01-01 "$AS/new/disk"
ok rm -r "$B/mine/shares/carol"
ok mkdir "$I/other"
ok put mine "$I/other/image"
ok admin region add west
ok admin account add zoe
eventually computed || not_ok 'digests are pending'
tree past >"$T/past.after"
tree own >"$T/own.after"
find "$T/past" "$T/own" -name disk -printf '%p %s %T@\n' >"$T/disks.after"
same "$T/past.before" "$T/past.after"
same "$T/own.before" "$T/own.after"
same "$T/disks.before" "$T/disks.after"

O=$T/own/regions/south/images
is 65536 stat -c %s "$T/past/regions/north/images/mine@bob/disk"
is 0 stat -c %s "$O/web/disk" # not sealed
is directory stat -c %F "$O/web/shares"
before=$(last_event)
refused 1 "$EPERM" cat "$O/web/disk"
refused 1 "$EPERM" cat "$T/past/regions/south/images/web@alice/disk"
refused 1 "$EROFS" mkdir "$O/new" "$O/web/shares/bob"
refused 1 "$EROFS" rm -rf "$O/web"
refused 1 "$EROFS" put x "$O/web/description"
refused 1 "$EROFS" put x "$O/web/disk"
refused 1 "$EROFS" put 1 "$O/web/.meta/reviewed"
refused 1 "$EROFS" touch "$O/web/disk"
ok df "$O/web"
is "$before" last_event

# --- .imgshare, and which moments there are
is 'rule: -
errno: EPERM
asked: open the disk of south/web@alice
fact: a view of a past moment, or of a backup without disks, has no bytes of disks
do: read it in a mount of today' sed 1,2d "$T/own/.imgshare/last_denial"
same "$T/alice/.imgshare/rules" "$T/own/.imgshare/rules"
says '^[0-9]' cat "$T/own/.imgshare/version"
says '^mode: ro$' cat "$T/own/.imgshare/whoami"
unmount own
says '^asof: now$' cat "$T/alice/.imgshare/whoami"
while read -r asof told; do
        mount_at own "account=alice,rw,asof=$asof"
        says "^asof: $told\$" cat "$T/own/.imgshare/whoami"
        says '^mode: ro$' cat "$T/own/.imgshare/whoami"
        says ' ro,' grep " $T/own " /proc/self/mounts
        unmount own
done <<END
17 17
${times[3]} ${times[3]}
2001-02-03T04:05:06+01:00 2001-02-03T03:05:06.000Z
END

# Before init: nothing. Who asks is today's: zoe is new, dave is gone.
for asof in 2001-02-03 0; do
        mount_at own "account=alice,asof=$asof"
        is '' listing "$T/own/regions"
        is '' listing "$T/own/accounts"
        ok ls -lR "$T/own"
        unmount own
done
mount_at own "account=zoe,asof=${moments[5]}"
is 'north south' listing "$T/own/regions"
is '' listing "$T/own/regions/north/images"
is '' listing "$T/own/accounts"
unmount own

mkdir -p "$T/none"
while read -r option why; do
        refused 1 "^imgsharefs: .*$why" "$IMGSHAREFS" "$DIR" "$T/none" -o "$option"
        is 1 sh -c 'wc -l <"$1"' - "$T/err"
done <<END
account=alice,asof=$(($(last_event) + 1)) has not come yet
account=alice,asof=$(date -u -d '+1 hour' +%FT%TZ) has not come yet
account=alice,asof=9999-12-31 has not come yet
account=alice,asof=yesterday neither an RFC 3339 time nor the number of an event
account=alice,asof=+1d neither
account=alice,asof= neither
account=dave,asof=${moments[5]} no such account
END

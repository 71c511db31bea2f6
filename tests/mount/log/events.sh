#!/bin/bash
# SPDX-License-Identifier: MIT
# /events: a file a day, each line an event; who sees which; sizes that are true after every change; ordinary tools.
. "${0%/*}/../lib.sh"

# agrees NAME [ACCOUNT]: the days in that mount are, in size and bytes, what `imgshare log` tells the account.
agrees() {
        local account=${2:-$1} sizes
        admin --as "$account" log --json >"$T/log" || not_ok "log --as $account"
        run cat "$T/$1"/events/*.jsonl
        cmp -s "$T/out" "$T/log" || not_ok "$1: /events is not the log"
        sizes=$(stat -c %s "$T/$1"/events/*.jsonl | paste -sd+)
        [ $((sizes)) -eq "$(stat -c %s "$T/log")" ] || not_ok "$1: st_size is $sizes, not $(stat -c %s "$T/log")"
}

# numbers NAME: of the events in that mount.
numbers() {
        cat "$T/$1"/events/*.jsonl | sed 's/^{"event":\([0-9]*\),.*/\1/' | paste -sd' '
}

# the day must not end while it is looked at
while [ "$(date -u +%H%M)" = 2359 ]; do sleep 1; done
catalog # 7 events: init, 2 regions, alice, bob, carol, dave
admin account add eve --role auditor >"$T/out" || die 'account add eve'
mount_as alice
mount_as bob
mount_as dave
mount_as eve
mount_at other account=eve
mount_as operator

is '4' numbers alice
is '7' numbers dave
is '1 2 3 4 5 6 7 8' numbers eve
for name in alice bob dave eve operator; do
        agrees "$name"
done
says '^events$' ls -A "$T/alice"

# One file for today, of the last event's time.
E=$T/eve/events
today=$(echo "$E"/*.jsonl)
[[ $today =~ /20[0-9][0-9]-[01][0-9]-[0-3][0-9]\.jsonl$ ]] || not_ok "the day is called $today"
is '444 regular file 1' stat -c '%a %F %h' "$today"
is '755 directory' stat -c '%a %F' "$E"
time=$(tail -n 1 "$today" | sed 's/.*"time":"\([^"]*\)".*/\1/')
is "$(date -ud "$time" +%s.%3N)" date -r "$today" +%s.%3N
is "$(stat -c %i "$today")" stat -c %i "$T/other/events/${today##*/}"

# What is no day, or one without events.
for name in x .jsonl 2026-05-03 2026-13-01.jsonl 2026-5-03.jsonl 1999-01-01.jsonl 2099-12-31.jsonl 2026-05-03.jsonl.gz \
        1066-10-14.jsonl; do
        absent "$E/$name"
done

# Each sees its own: what it did, what names it, what is about its images.
image "$A/web"
ok mkdir "$A/web/shares/bob"
refused 1 "$EPERM" rmdir "$B/web@alice"
refused 1 "$EPERM" mkdir "$A/web/shares/zoe"
ok mkdir "$B/mine" # its daemon has written what was refused before
ok rmdir "$B/mine"
ok mkdir "$A/mine"
for name in alice bob dave eve operator; do
        agrees "$name"
done
says '"actor":"bob".*"op":"delete".*"object":"north/web@alice".*"rule":"owner-deletes","errno":"EPERM"' \
        cat "$T/alice"/events/*.jsonl
says '"op":"share","object":"north/web@alice","account":"bob","rule":null' cat "$T/bob"/events/*.jsonl
refused 1 '' grep -h '"op":"available"' "$T/bob"/events/*.jsonl
is '7' numbers dave
refused 1 '' grep -rlE 'web|alice|bob' "$T/dave/events"

# Whoever comes to bear a name that was refused does not see that.
ok admin account add zoe
mount_as zoe
is 1 grep -c '' "$T"/zoe/events/*.jsonl
ok mkdir "$A/web/shares/zoe"
agrees zoe
is 2 grep -c '' "$T"/zoe/events/*.jsonl
refused 1 '' grep -h unknown-account "$T"/zoe/events/*.jsonl
is 1 grep -c '' "$T/zoe/regions/north/images/web@alice/.meta/history.jsonl"

# It is only read.
refused 1 "$EROFS" bash -c "echo >>'$today'"
refused 1 "$EROFS" rm "$today"
O=$T/operator/events/${today##*/}
refused 1 "$EPERM" bash -c "echo >>'$O'"
refused 1 "$EPERM" truncate -s 0 "$O"
refused 1 "$EPERM" rm "$O"
refused 1 "$EPERM" mv "$O" "$T/operator/events/2026-01-01.jsonl"
refused 1 "$EPERM" touch "$T/operator/events/2026-01-01.jsonl"
refused 1 "$EPERM" mkdir "$T/operator/events/2026-01-01.jsonl"
ok touch "$O"
ok mkdir "$A/more"
ok rmdir "$A/more"
is '' bash -c "diff <(date -r '$O' +%s.%N) <(date -r '$T/eve/events/${O##*/}' +%s.%N)"

# Tools, in an auditor's mount; two of them show the same.
ok diff -r "$E" "$T/other/events"
ok cp -a "$E" "$T/copied"
ok diff -r "$E" "$T/copied"
is "$(stat -c '%s %Y' "$today")" stat -c '%s %Y' "$T/copied/${today##*/}"
ok tar cf "$T/events.tar" -C "$T/eve" events
ok tar df "$T/events.tar" -C "$T/eve"
ok tar cSf "$T/events.tar" -C "$T/eve" events
ok tar df "$T/events.tar" -C "$T/eve"
if has rsync; then
        ok rsync -a "$E/" "$T/synced/"
        ok diff -r "$E" "$T/synced"
        is '' rsync -ai "$E/" "$T/synced/"
fi
is "$(stat -c %s "$today")" bash -c "wc -c <'$today'"
is "$(stat -c %s "$today")" bash -c "cat '$today' | wc -c"
is "$today" grep -rl '"op":"init"' "$E"
is "$(tail -n 3 "$T/copied/${today##*/}")" tail -n 3 "$today"
is "$(tail -c 100 "$T/copied/${today##*/}")" tail -c 100 "$today"
ok "$PYTHON" - "$E" <<'PYTHON'
import json, os, sys
last = 0
for name in sorted(os.listdir(sys.argv[1])):
    for line in open(os.path.join(sys.argv[1], name)):
        e = json.loads(line)
        assert e['event'] == last + 1, e
        assert e['time'].startswith(name[:10]), (name, e)
        assert list(e) == 'event time actor uid via op object account rule errno detail hash'.split(), e
        last = e['event']
PYTHON

# Sizes, days and bytes after each of many changes, by mounts and imgshare, in every view.
ok "$PYTHON" - "$T" "$DIR" "$IMGSHARE" <<'PYTHON'
import os, random, subprocess, sys
top, catalog, imgshare = sys.argv[1:]
random.seed(4)
names = 'alice', 'bob', 'dave', 'eve', 'other', 'operator', 'zoe'
images = {n: f'{top}/{n}/regions/north/images' for n in names}
before = {}

def days(name):
    folder = f'{top}/{name}/events'
    text = b''
    for day in sorted(os.listdir(folder)):
        path = f'{folder}/{day}'
        size = os.stat(path).st_size
        with open(path, 'rb') as f:
            data = f.read()
        # a refusal of the change before may come in between: then both have grown
        assert len(data) >= size and data.endswith(b'\n') and data[:size].endswith(b'\n'), (path, size, len(data))
        with open(path, 'rb') as f:
            at = random.randrange(len(data))
            f.seek(at)
            assert f.read(5000) == data[at:at + 5000], path
        text += data
    return text

def change(i):
    who = random.choice(('alice', 'bob', 'zoe', 'operator'))
    other = random.choice(('alice', 'bob', 'dave', 'zoe', 'nix'))
    what = random.randrange(6)
    try:
        if what == 0:
            os.mkdir(f'{images[who]}/i{random.randrange(9)}')
        elif what == 1:
            os.rmdir(f'{images[who]}/i{random.randrange(9)}')
        elif what == 2:
            os.mkdir(f'{images[who]}/web/shares/{other}')
        elif what == 3:
            os.rmdir(f'{images[who]}/web/shares/{other}')
        elif what == 4:
            os.mkdir(f'{top}/{who}/accounts/{who}/trusted/{other}')
        else:
            subprocess.run([imgshare, '-C', catalog, '--as', who, 'limits', 'shares-per-image', str(40 + i % 20)],
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except OSError:
        pass

for i in range(80):
    change(i)
    for name in names:
        now = days(name)
        assert now.startswith(before.get(name, b'')), name
        before[name] = now
assert before['eve'].count(b'\n') > 50
PYTHON
for name in alice bob dave zoe operator; do
        ok mkdir "$A/settled"
        ok rmdir "$A/settled"
done
unmount bob operator zoe # what they refused is in the log
for name in alice dave eve; do
        agrees "$name"
done
agrees other eve

# As it was: no event later than that, at its size and time then.
admin log --json >"$T/log"
for n in 0 1 5 20; do
        mount_at past "account=eve,asof=$n"
        head -n "$n" "$T/log" >"$T/first"
        is "$(cat "$T/first")" find "$T/past/events" -type f -exec cat {} +
        sizes=$(find "$T/past/events" -type f -printf '%s+')
        [ $((${sizes}0)) -eq "$(stat -c %s "$T/first")" ] || not_ok "sizes as of $n: $sizes"
        unmount past
done
n=$(admin --as zoe log --json | sed -n '2s/^{"event":\([0-9]*\),.*/\1/p')
mount_at past "account=zoe,asof=$n"
is "$(admin --as zoe log --json | head -n 2)" find "$T/past/events" -type f -exec cat {} +
is 2 grep -c '' "$T/past/events/${today##*/}"
unmount past
time=$(tail -n 1 "$T/first" | sed 's/.*"time":"\([^"]*\)".*/\1/')
mount_at past "account=eve,asof=$time"
is "$(date -ud "$time" +%s.%3N)" date -r "$T/past/events/${today##*/}" +%s.%3N
before=$(sed 's/.*"time":"\([^"]*\)".*/\1/' "$T/log" | awk -v t="$time" '$0 <= t { n++ } END { print n }')
ok admin account add later
is "$before" grep -c '' "$T/past/events/${today##*/}"

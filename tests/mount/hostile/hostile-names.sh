#!/bin/bash
# SPDX-License-Identifier: MIT
# Names with control characters, newlines, quotes, broken UTF-8, names of 255 bytes: wherever a tool can put one, the
# answer is an errno, and what is shown of it (last_denial, why, the log, listings) has no control character of theirs,
# and no line more.
. "${0%/*}/../lib.sh"
catalog
mount_as alice
mount_as bob
image "$A/web"
image "$A/db"
ok mkdir "$A/web/shares/bob"
ok mkdir "$T/bob/regions/north/instances/vm"
cat >"$T/names.py" <<'PYTHON'
import errno, os, sys
alice, bob = sys.argv[1:]
a, b = alice + '/regions/north/images', bob + '/regions/north/images'
vm = bob + '/regions/north/instances/'
names = [b'\x1b[31mred', b'a\nrule: forged', b'a\tb', b'\x7f', b'a\rb', '\u009b31mc1'.encode(), '\u202eevil'.encode(),
         b'\xff\xfe', b'"quoted\\', b'$(id)', b'a b', b'.', b'..', b'-rf', b'%s%n', b'{object}', b"'", b'x' * 255,
         b'\xc3\xa9' * 127, b'web@\x1b[2J', b'web@alice@bob', b'@', b'@alice', b'alice\x1b]0;t\x07', b'web\x01', b'*',
         b'a' * 61, b'b' * 65]
allowed = {errno.EINVAL, errno.ENOENT, errno.EPERM, errno.ENAMETOOLONG, errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR,
           errno.EISDIR, errno.EBUSY, errno.EXDEV}
wrong = 0


def clean(data, lines):
    text = data.decode('utf-8', 'surrogateescape')
    return text.count('\n') in lines and not any(
        ord(c) < 32 and c != '\n' or 0x7f <= ord(c) < 0xa0 or c == '\u202e' or 0xdc80 <= ord(c) <= 0xdcff for c in text)


def attempt(what, *arguments):
    global wrong
    try:
        what(*arguments)
    except ValueError:
        return  # a NUL
    except OSError as e:
        if e.errno not in allowed:
            print(what, arguments, errno.errorcode[e.errno])
            wrong = 1
    for mount in alice, bob:
        denial = open(mount + '/.imgshare/last_denial', 'rb').read()
        if not clean(denial, (0, 6, 7)):
            print(what, arguments, denial)
            wrong = 1


def write(path, data):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT)
    try:
        os.write(fd, data)
    finally:
        os.close(fd)


for name in names:
    for parent in a, a + '/web', a + '/web/.meta', a + '/db/.meta/shares', b, b + '/web@alice', vm, vm + 'vm', alice, \
            b + '/web@alice/.meta/shares', alice + '/events', alice + '/accounts/alice/trusted', alice + '/.imgshare':
        path = parent.encode() + b'/' + name
        if name in (b'.', b'..'):
            attempt(os.stat, path)
            attempt(os.rmdir, path)
            continue
        for what in os.mkdir, os.rmdir, os.unlink, os.mkfifo, os.stat, os.readlink, os.listdir:
            attempt(what, path)
        attempt(write, path, b'x')
        attempt(os.symlink, name, path)
        attempt(os.symlink, b'.meta/shares', path)
        attempt(os.rename, a + '/web', path)
        attempt(os.rename, a + '/db', path)
        attempt(os.rename, path, a + '/db')
        attempt(os.link, a + '/web/disk', path)
        attempt(os.link, b + '/web@alice/disk', path)
    for path in vm + 'vm/image', a + '/web/.meta/state', a + '/web/.meta/reviewed', a + '/web/shares/bob/.expires', \
            a + '/web/description', b + '/web@alice/.meta/state':
        for data in name, b'north/' + name, name + b'@alice', b'north/web@' + name, b'web@' + name:
            attempt(write, path, data)
sys.exit(wrong)
PYTHON
ok "$PYTHON" "$T/names.py" "$T/alice" "$T/bob"
is 'db web' eval 'echo $(listing "$A")'
# clean FILE: no control character but newline and tab.
clean() {
        "$PYTHON" - "$1" <<'PYTHON' || not_ok "control characters: $1"
import sys
text = open(sys.argv[1], encoding='utf-8', errors='surrogateescape', newline='').read()
bad = [(i, line) for i, line in enumerate(text.split('\n')) if any(ord(c) < 32 and c != '\t' or 0x7f <= ord(c) < 0xa0 or
       0xdc80 <= ord(c) <= 0xdcff for c in line)]
for i, line in bad[:5]:
    print(i, repr(line))
sys.exit(bool(bad))
PYTHON
}
for command in 'log' 'log --json' 'access --all' 'access --all --json' 'log --denied --json'; do
        # shellcheck disable=SC2086 # words
        admin $command >"$T/shown" || not_ok "$command"
        clean "$T/shown"
done
for file in "$T"/alice/events/* "$A"/*/.meta/{history.jsonl,shares.tsv,exposure.tsv,source}; do
        cat "$file" >"$T/shown" || not_ok "$file"
        clean "$T/shown"
done
cat "$T"/alice/events/* | "$PYTHON" -c 'import json, sys
for line in sys.stdin: json.loads(line)' || not_ok 'the log is not JSON'

#!/bin/bash
# SPDX-License-Identifier: MIT
# A stranger cannot learn that an image exists: every probe answers as for an image that never was.
. "${0%/*}/../lib.sh"
catalog
mount_as alice
mount_as carol
image "$A/web"
mkdir "$A/web/shares/bob"
image "$A/private"
mkdir "$A/draft"
image "$C/own"
mkdir "$C/new"
settle
is 'new own' listing "$C"

"$PYTHON" - "$C" >"$T/probes" 2>&1 <<'PYTHON'
import errno, os, sys
images = sys.argv[1]
own = images + '/own'
south = images.replace('north', 'south')
probes = {
    'stat': os.stat, 'lstat': os.lstat, 'list': os.listdir, 'readlink': os.readlink, 'access': lambda p: os.stat(p),
    'open': lambda p: os.open(p, os.O_RDONLY), 'path': lambda p: os.open(p, os.O_PATH),
    'chmod': lambda p: os.chmod(p, 0o777), 'chown': lambda p: os.chown(p, 1, 1), 'utime': lambda p: os.utime(p),
    'statvfs': os.statvfs, 'rmdir': os.rmdir, 'unlink': os.unlink, 'rename': lambda p: os.rename(p, images + '/x'),
    'rename south': lambda p: os.rename(p, south + '/x'), 'rename onto': lambda p: os.rename(own, p),
    'mkdir': os.mkdir, 'symlink': lambda p: os.symlink('own', p), 'mknod': os.mknod,
}
for entry in 'description', 'disk', 'shares', '.meta/id', '.meta/state', '.meta/shares/bob', '.meta/shares.tsv', 'other':
    for name, call in {
        'stat': os.lstat, 'read': lambda p: os.open(p, os.O_RDONLY), 'write': lambda p: os.open(p, os.O_WRONLY),
        'create': lambda p: os.open(p, os.O_WRONLY | os.O_CREAT), 'truncate': lambda p: os.truncate(p, 0),
        'unlink': os.unlink, 'rmdir': os.rmdir, 'mkdir': os.mkdir, 'symlink': lambda p: os.symlink('.meta/shares', p),
        'link': lambda p: os.link(p, images + '/new/disk'), 'rename': lambda p: os.rename(p, own + '/disk'),
    }.items():
        probes[f'{name} {entry}'] = lambda p, call=call, entry=entry: call(p + '/' + entry)
probes['share'] = lambda p: os.mkdir(p + '/shares/carol')

def answer(call, path):
    try:
        call(path)
        return 'success'
    except OSError as e:
        return errno.errorcode[e.errno]

making = {'mkdir', 'symlink', 'mknod', 'rename onto'}
for name, call in probes.items():
    never = answer(call, images + '/never@alice')
    for image in 'web@alice', 'private@alice', 'draft@alice', 'web@bob', 'web@nobody':
        got = answer(call, images + '/' + image)
        if got != never or (got != 'ENOENT') != (name in making):
            print(f'{name} of {image}: {got}; of an image that never was: {never}')
PYTHON
is '' cat "$T/probes"
is 'new own' listing "$C"

# Nor does the plain name tell; one's own image may have it.
refused 2 "$ENOENT" ls "$C/web"
image "$C/web"
is 'new own web' listing "$C"
ok rm -r "$C/web"

# Nor do times, sizes and link counts of what is above.
attributes=$(stat -c '%s %b %h %Y %Z' "$C" "$C/../.." "$T/carol")
image "$A/another"
rm -r "$A/private"
settle
is "$attributes" stat -c '%s %b %h %Y %Z' "$C" "$C/../.." "$T/carol"

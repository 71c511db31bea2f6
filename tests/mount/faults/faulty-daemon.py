# SPDX-License-Identifier: MIT
"""Each request on a mount, with each call that the daemon makes for it failing: see faulty-daemon.sh."""
import errno, os, sys

from faults import MEMORY, FILES, SQL, Control

root, control, pid = sys.argv[1], Control(sys.argv[2]), sys.argv[3]
long = bool(os.environ.get('IMGSHARE_LONG'))
north = f'{root}/regions/north/images'
south = f'{root}/regions/south/images'
vm = f'{root}/regions/north/instances/vm'

KINDS = {MEMORY: [errno.ENOMEM], FILES: [errno.EIO, errno.ENOSPC], SQL: [10, 13, 7]}  # SQLITE_IOERR, _FULL, _NOMEM
ALLOWED = {errno.EIO, errno.ENOMEM, errno.ENOSPC}


def text(path):
    with open(path) as f:
        return f.read()


def data(path):
    with open(path, 'rb') as f:
        return f.read()


def write(path, data):
    """As a shell does: what close says counts."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(fd, data)
    except OSError:
        os.close(fd)
        raise
    os.close(fd)


def there(path):
    return os.path.lexists(path)


def tree(path):
    return sorted(d.name for d in os.scandir(path))


class Operation:
    """done() says whether it is done, undo() makes that it is not."""
    def __init__(self, name, do, done, undo):
        self.name, self.do, self.done, self.undo = name, do, done, undo


def remove(path):
    if there(path):
        os.unlink(path)


web, other, copy = f'{north}/web', f'{north}/other', f'{south}/copy'
trusted = f'{root}/accounts/alice/trusted/bob'
CHANGES = [
    Operation('share', lambda: os.mkdir(f'{web}/shares/bob'), lambda: there(f'{web}/shares/bob'),
              lambda: os.rmdir(f'{web}/shares/bob')),
    Operation('unshare', lambda: os.rmdir(f'{web}/shares/carol'), lambda: not there(f'{web}/shares/carol'),
              lambda: os.mkdir(f'{web}/shares/carol')),
    Operation('image', lambda: os.mkdir(f'{north}/new'), lambda: there(f'{north}/new'),
              lambda: os.rmdir(f'{north}/new')),
    Operation('rename', lambda: os.rename(other, f'{north}/name'), lambda: there(f'{north}/name'),
              lambda: os.rename(f'{north}/name', other)),
    Operation('describe', lambda: write(f'{other}/description', b'new\n'),
              lambda: {'new\n': True, 'the image other\n': False, 'old\n': False}.get(text(f'{other}/description')), lambda: write(f'{other}/description', b'old\n')),
    Operation('import', lambda: write(f'{copy}/disk', b'x' * 100000),
              lambda: text(f'{copy}/.meta/state') == 'available\n', lambda: remove(f'{copy}/disk')),
    Operation('link', lambda: os.link(f'{north}/source/disk', f'{copy}/disk'), lambda: there(f'{copy}/disk'),
              lambda: remove(f'{copy}/disk')),
    Operation('launch', lambda: write(f'{vm}/image', b'web\n'), lambda: there(f'{vm}/disk'),
              lambda: (remove(f'{vm}/disk'), remove(f'{vm}/image'))),
    Operation('trust', lambda: os.mkdir(trusted), lambda: there(trusted), lambda: os.rmdir(trusted)),
    Operation('expiry', lambda: write(f'{web}/shares/carol/.expires', b'+30d\n'),
              lambda: text(f'{web}/shares/carol/.expires') != 'never\n', lambda: write(f'{web}/shares/carol/.expires', b'never\n')),
    Operation('touch', lambda: os.utime(f'{other}/disk', ns=(10**18, 10**18)),
              lambda: os.stat(f'{other}/disk').st_mtime_ns == 10**18,
              lambda: os.utime(f'{other}/disk', ns=(10**17, 10**17))),
]
READS = {
    'list': lambda: tree(north),
    'shares': lambda: tree(f'{web}/.meta/shares'),
    'texts': lambda: [text(f'{web}/.meta/{name}') for name in ('id', 'owner', 'state', 'size', 'shares.tsv', 'exposure.tsv')],
    'description': lambda: text(f'{other}/description'),
    'disk': lambda: os.stat(f'{web}/disk').st_size,
    'bytes': lambda: data(f'{web}/disk'),
    'missing': lambda: there(f'{north}/none'),
    'received': lambda: tree(f'{root}/accounts/alice/owned/north'),
    'usage': lambda: text(f'{root}/accounts/alice/usage'),
    'space': lambda: os.statvfs(north).f_bsize,
}
tries = 0


def check(truth, message, name, kind, n, persistent, error):
    if not truth:
        sys.exit(f'{name}, call {n} of kind {kind} failing {"from then on" if persistent else "once"} ({error}): {message}')


def attempt(do, name, *fault):
    """What it returned, and its errno or 0."""
    global tries
    tries += 1
    control.arm(*fault)
    try:
        return do(), 0, control.disarm()
    except OSError as e:
        return None, e.errno, control.disarm()
    finally:
        check(os.path.exists(f'/proc/{pid}/exe'), 'the daemon is gone', name, *fault)


def faults(do_once, kinds=KINDS):
    """Every call that do_once(kind, n, persistent, error) makes, until the fault is not reached; or some of the later."""
    for kind, errors in kinds.items():
        for persistent in (0, 1):
            n = 1
            while True:
                reached = do_once(kind, n, persistent, errors[n % len(errors)])
                if not reached or n > 2000:
                    break
                n += 1 if long or n < 12 else 1 + n // 4


for o in CHANGES:
    if o.done():
        o.undo()

    def change(*fault):
        _, e, (calls, failed) = attempt(o.do, o.name, *fault)
        check(e == 0 or e in ALLOWED, f'it says {errno.errorcode.get(e)}', o.name, *fault)
        # an import that fails leaves what it wrote, as with any file
        check(o.done() is (e == 0) or (e and o.name == 'import'), f'it says {errno.errorcode.get(e, "done")}, and is done: {o.done()}', o.name, *fault)
        if e:
            if o.name == 'import':
                remove(f'{copy}/disk')
            _, e, _ = attempt(o.do, o.name, 0, 0, 0, 0)
            check(e == 0 and o.done(), f'the next time it says {errno.errorcode.get(e)}', o.name, *fault)
        o.undo()
        return failed
    faults(change)

for name, read in READS.items():
    want = read()

    def look(*fault):
        got, e, (calls, failed) = attempt(read, name, *fault)
        check(e in ALLOWED if e else got == want, f'it says {errno.errorcode.get(e, got)}', name, *fault)
        check(read() == want, 'the next time it says something else', name, *fault)
        return failed
    # of a store that cannot be read nothing is known, and nothing counted
    faults(look, {MEMORY: KINDS[MEMORY]} if name == 'usage' else KINDS)
print(f'{tries} tries')

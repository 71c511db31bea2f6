# SPDX-License-Identifier: MIT
# Random changes through mounts that cache and mounts that do not, and by imgshare; then every mount that caches must
# show just what its twin without caches shows: 100 ms after changes of others, at once after its own. Also through
# directories and files held open while they change, move or vanish. Mounts for one account each, and one for many.
# Usage: cache-random.py ROOT IMGSHARE CATALOG CHANGES SEED; mounts NAME and NAME-truth of each account, and many and
# many-truth for users, below ROOT.
import contextlib
import errno
import os
import random
import subprocess
import sys
import time

ROOT, IMGSHARE, CATALOG, CHANGES, SEED = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
SETTLE = 0.1  # CONTRACT 5.3
ACCOUNTS = ('alice', 'bob')  # who act
VIEWS = ('alice', 'bob', 'audit', 'turncoat')  # in mounts of their own
UIDS = {'alice': 70001, 'bob': 70002, 'audit': 70003, 'turncoat': 70004, 'operator': 0}  # in the one for many
NAMES = ('p', 'q', 'r')
INSTANCES = ('vm1', 'vm2')
RECIPIENTS = ('alice', 'bob', 'carol', 'nobody')
REGIONS = ('north', 'west')
PARTS = ('description', 'shares', 'disk', '.meta', '.hidden')
rand = random.Random(SEED)
expiries = []  # times at which shares end by themselves
history = []  # of the changes since the last comparison


@contextlib.contextmanager
def user(uid):
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)


class View:
    """What one account sees in one mount, and in that mount's twin."""

    def __init__(self, mount, account, uid):
        self.mount, self.account, self.uid = mount, account, uid
        self.name = account if mount == account else f'{mount} as {account}'

    def mounts(self):
        return self.mount, self.mount + '-truth'


ALL_VIEWS = [View(v, v, 0) for v in VIEWS] + [View('many', a, uid) for a, uid in UIDS.items()]


def attempt(call, *arguments, **keywords):
    """What a call answers, or its errno's name."""
    try:
        return call(*arguments, **keywords)
    except OSError as e:
        return errno.errorcode.get(e.errno, str(e))


def attributes(path, **keywords):
    st = attempt(os.lstat, path, **keywords)
    return st if isinstance(st, str) else values(st)


def values(st):
    return oct(st.st_mode), st.st_uid, st.st_ino, st.st_size, st.st_mtime_ns, st.st_blocks


def text(path):
    with open(path, encoding='utf-8') as file:
        return file.read()


def listing(path):
    names = attempt(os.listdir, path)
    return names if isinstance(names, str) else sorted(names)


def others(view):
    return [a for a in ACCOUNTS if a != view]


def look_at_image(at, seen):
    seen[at + '/'] = listing(at)
    for part in PARTS:
        seen[f'{at}/{part}'] = attributes(f'{at}/{part}')
    seen[at + '/shares ->'] = attempt(os.readlink, at + '/shares')
    seen[at + '/shares/'] = listing(at + '/shares/')
    seen[at + '/.meta/shares'] = attributes(at + '/.meta/shares')
    for account in RECIPIENTS:
        seen[f'{at}/.meta/shares/{account}'] = attributes(f'{at}/.meta/shares/{account}')
    seen[at + '/description text'] = attempt(text, at + '/description')
    seen[at + '/.meta/state text'] = attempt(text, at + '/.meta/state')
    seen[at + '/.meta/shares.tsv text'] = attempt(text, at + '/.meta/shares.tsv')


def look(view):
    """Everything that a view shows, below the current directory: its mount."""
    seen = {'regions/': listing('regions')}
    for region in REGIONS:
        images, instances = f'regions/{region}/images', f'regions/{region}/instances'
        for directory in (f'regions/{region}', images, instances):
            seen[directory] = attributes(directory)
            seen[directory + '/'] = listing(directory)
        if isinstance(seen[images], str):
            continue
        for name in list(NAMES) + [f'{n}@{a}' for n in NAMES for a in ACCOUNTS]:
            at = f'{images}/{name}'
            seen[at] = attributes(at)
            if '@' in name and name.endswith('@' + view):
                seen[at + ' ->'] = attempt(os.readlink, at)
            elif not isinstance(seen[at], str):
                look_at_image(at, seen)
        for name in list(INSTANCES) + [f'{n}@{a}' for n in INSTANCES for a in ACCOUNTS]:
            at = f'{instances}/{name}'
            seen[at] = attributes(at)
            if not isinstance(seen[at], str):
                seen[at + '/'] = listing(at)
                seen[at + '/image text'] = attempt(text, at + '/image')
                seen[at + '/disk'] = attributes(at + '/disk')
    seen['accounts/'] = listing('accounts')
    seen['trusted/'] = listing(f'accounts/{view}/trusted')
    for account in RECIPIENTS:
        seen['trusted/' + account] = attributes(f'accounts/{view}/trusted/{account}')
    return seen


# --- what is held open, in a mount and in its twin

class Held:
    def __init__(self, view, path, flags):
        self.view, self.path, self.flags = view, path, flags
        self.fds = []
        for mount in view.mounts():
            try:
                with user(view.uid):
                    self.fds.append(os.open(f'{ROOT}/{mount}/{path}', flags))
            except OSError:
                self.close()
                raise

    def close(self):
        for fd in self.fds:
            os.close(fd)
        self.fds = []

    def look(self, fd):
        seen = {'fstat': attributes_fd(fd)}
        if not self.flags & os.O_DIRECTORY:
            return seen
        if not self.flags & os.O_PATH:
            seen['list'] = attempt(list_fd, fd)
        for name in ('.', *PARTS, *NAMES, 'p@alice', 'q@bob', 'shares.tsv', 'state', *RECIPIENTS, *INSTANCES, '.expires'):
            seen[name] = attributes(name, dir_fd=fd)
        seen['shares ->'] = attempt(os.readlink, 'shares', dir_fd=fd)
        return seen


def attributes_fd(fd):
    st = attempt(os.fstat, fd)
    return st if isinstance(st, str) else values(st)


def list_fd(fd):
    os.lseek(fd, 0, os.SEEK_SET)
    return sorted(os.listdir(fd))


held = []


def hold_something():
    view = rand.choice(ALL_VIEWS)
    region = rand.choice(REGIONS)
    image = rand.choice(NAMES)
    if rand.random() < 0.7 or view.account not in ACCOUNTS:
        image += '@' + rand.choice(others(view.account))
    path = f'regions/{region}/' + rand.choice((
        'images', 'instances', f'images/{image}', f'images/{image}/.meta', f'images/{image}/.meta/shares/',
        f'images/{image}/.meta/shares/{rand.choice(RECIPIENTS)}', f'images/{image}/disk',
        f'images/{image}/description', f'images/{image}/shares/', f'instances/{rand.choice(INSTANCES)}'))
    directory = not path.endswith(('disk', 'description'))
    flags = (os.O_DIRECTORY if directory else 0) | (os.O_PATH if not directory or rand.random() < 0.4 else os.O_RDONLY)
    try:
        held.append(Held(view, path, flags))
    except OSError:
        return
    if len(held) > 16:
        held.pop(rand.randrange(len(held))).close()


# --- comparing

failures = 0


def wrong(what, cached, truth):
    global failures
    for key in sorted(set(cached) | set(truth)):
        if cached.get(key) != truth.get(key):
            failures += 1
            print(f'{what}: {key}: {cached.get(key)}, in truth {truth.get(key)}')
    print('    after:', *history[-12:], sep='\n        ')
    if failures > 5:
        sys.exit(1)


def look_in(mount, view):
    os.chdir(f'{ROOT}/{mount}')
    with user(view.uid):
        seen = look(view.account)
    os.chdir('/')
    return seen


def compare(views, immediately=False):
    """Every mount with its twin; anew if a share has ended in between."""
    while True:
        begun = time.time()
        found = []
        for view in views:
            cached, truth = (look_in(mount, view) for mount in view.mounts())
            if cached != truth:
                found.append((view.name, cached, truth))
        for h in held:
            if h.view in views:
                with user(h.view.uid):
                    cached, truth = (h.look(fd) for fd in h.fds)
                if cached != truth:
                    found.append((f'{h.view.name}, held {h.path} ({h.flags:o})', cached, truth))
        ended = time.time()
        near = [t for t in expiries if begun - SETTLE - 0.02 <= t <= ended + 0.02]
        if not near or not found:
            break
        time.sleep(max(0, max(near) + SETTLE + 0.03 - time.time()))
    for what, cached, truth in found:
        wrong(what + (' at once' if immediately else ''), cached, truth)


# --- changes

def write(path, content, flags=os.O_WRONLY | os.O_CREAT | os.O_TRUNC):
    fd = os.open(path, flags)
    try:
        os.write(fd, content)
    finally:
        os.close(fd)


def fill(path):
    write(path, bytes([rand.randrange(256)]) * rand.choice((1, 4096, 5000)))


def set_expiry(path):
    seconds = rand.choice((0.15, 0.3, 0.6, 3600, None))
    if seconds is None:
        write(path, b'never\n')
        return
    at = time.time() + seconds
    at = int(at * 1000) / 1000
    expiries.append(at)
    stamp = time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(at)) + f'.{int(round(at % 1 * 1000)):03d}Z'
    write(path, stamp.encode() + b'\n', os.O_WRONLY)


def remove_all(path):
    for part in ('description', 'shares', 'disk'):
        attempt(os.unlink, f'{path}/{part}')
    os.rmdir(path)


def touch(path):
    os.utime(path, ns=(0, rand.randrange(10 ** 18)))


def change(account, mount):
    with user(UIDS[account] if mount.startswith('many') else 0):
        change_as(account, mount)


def change_as(account, mount):
    other = rand.choice(others(account))
    images = f'{ROOT}/{mount}/regions/{rand.choice(REGIONS[:1] * 4 + REGIONS)}/images'
    instances = images[:-len('images')] + 'instances'
    own, another = f'{images}/{rand.choice(NAMES)}', f'{images}/{rand.choice(NAMES)}'
    foreign, vm = f'{own}@{other}', f'{instances}/{rand.choice(INSTANCES)}'
    source = rand.choice((os.path.basename(own), os.path.basename(foreign)))
    recipient = rand.choice((other, other, other, 'carol'))
    share = f'{own}/.meta/shares/{recipient}'
    what, call, *arguments = rand.choice((
        ('mkdir', os.mkdir, own),
        ('mkdir', os.mkdir, own),
        ('fill', fill, own + '/disk'),
        ('fill', fill, own + '/disk'),
        ('append', lambda: write(own + '/disk', b'more', os.O_WRONLY | os.O_APPEND)),
        ('truncate', os.truncate, own + '/disk', rand.choice((0, 100, 8192))),
        ('describe', lambda: write(own + '/description', b'%d\n' % rand.randrange(100))),
        ('describe', lambda: write(own + '/description', b'%d\n' % rand.randrange(100), os.O_WRONLY)),
        ('unlink description', os.unlink, own + '/description'),
        ('unlink shares', os.unlink, own + '/shares'),
        ('link shares', os.symlink, '.meta/shares', own + '/shares'),
        ('unlink disk', os.unlink, own + '/disk'),
        ('rmdir', os.rmdir, own),
        ('remove', remove_all, own),
        ('remove', remove_all, own),
        ('rename', os.rename, own, another),
        ('rename', os.rename, own, another),
        ('copy', os.link, own + '/disk', another + '/disk'),
        ('share', os.mkdir, share),
        ('share', os.mkdir, share),
        ('share', os.mkdir, share),
        ('share', os.mkdir, f'{own}/shares/{recipient}'),
        ('unshare', os.rmdir, share),
        ('unshare', os.rmdir, share),
        ('give up', os.rmdir, f'{foreign}/shares/{account}'),
        ('expire', set_expiry, share + '/.expires'),
        ('expire', set_expiry, share + '/.expires'),
        ('seal', lambda: write(own + '/.meta/state', b'sealed\n', os.O_WRONLY)),
        ('review', lambda: write(own + '/.meta/reviewed', b'1\n', os.O_WRONLY)),
        ('touch', touch, own + '/' + rand.choice(('disk', 'description'))),
        ('touch', touch, own + '/' + rand.choice(('disk', 'description'))),
        ('create instance', os.mkdir, vm),
        ('launch', lambda: write(vm + '/image', source.encode() + b'\n')),
        ('launch', lambda: write(vm + '/image', source.encode() + b'\n')),
        ('write instance', lambda: write(vm + '/disk', b'mine', os.O_WRONLY)),
        ('unlink instance image', os.unlink, vm + '/image'),
        ('unlink instance disk', os.unlink, vm + '/disk'),
        ('remove instance', os.rmdir, vm),
        ('trust', os.mkdir, f'{ROOT}/{mount}/accounts/{account}/trusted/{other}'),
        ('untrust', os.rmdir, f'{ROOT}/{mount}/accounts/{account}/trusted/{other}'),
    ))
    result = attempt(call, *arguments)
    history.append(f'{mount} {what} {own[len(ROOT):]} {recipient}: {"done" if result is None else result}')


def administer():
    command = rand.choice((
        ('region', 'add', 'west'), ('region', 'rm', 'west'),
        ('account', 'set', 'turncoat', 'role=auditor'), ('account', 'set', 'turncoat', 'role=account'),
        ('account', 'set', 'turncoat', f'uid={rand.choice((70004, 70005))}'),
        ('account', 'set', 'alice', 'quota=100')))
    done = subprocess.run((IMGSHARE, '-C', CATALOG, *command), stderr=subprocess.PIPE, stdout=subprocess.PIPE, check=False)
    history.append(' '.join(command) + f': {done.returncode}')


def main():
    compare(ALL_VIEWS)
    done = 0
    while done < CHANGES:
        del history[:-12]
        for _ in range(rand.randrange(3)):
            hold_something()
        if rand.random() < 0.2:  # one process, one mount: at once
            view = rand.choice([v for v in ALL_VIEWS if v.account in ACCOUNTS])
            for _ in range(rand.randrange(1, 6)):
                change(view.account, view.mount)
                compare((view,), immediately=True)
                done += 1
            continue
        if rand.random() < 0.1:
            administer()
        for _ in range(rand.choice((1, 1, 2, 5, 10, 30))):
            account = rand.choice(ACCOUNTS)
            change(account, rand.choice((account, account, account + '-truth', 'many', 'many', 'many-truth')))
            done += 1
        time.sleep(SETTLE)
        compare(rand.sample(ALL_VIEWS, 4))
    for h in held:
        h.close()
    print(f'{done} changes, {failures} wrong')
    return failures > 0


sys.exit(main())

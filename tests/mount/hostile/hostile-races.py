# SPDX-License-Identifier: MIT
# hostile-races.py WHAT UID NORTH FLAG COUNT OTHER [LOG...]: somebody who moves things about while others go the same
# way. NORTH is a region of UID's view; FLAG a file that is not there, and is made to end it; LOG a command that
# prints the log. `names`: one makes images a, b and c change names, over and over, and `secret` another one. Others
# share whatever is called a with OTHER, unshare it, link and read its disk. Each must have hit what was called so at
# some moment of its call. `links`: the link `shares` is removed and made again, leading elsewhere if it could, while
# tools copy and remove the tree; neither the shares of the image OTHER end by that, nor is the directory OTHER beside
# FLAG touched. `recipient`: tries to get at the bytes of web and db of the account OTHER, and at what has their
# names, until FLAG is there.
import errno, json, os, shutil, subprocess, sys, time

from callers import AT_FDCWD, become, call, failed, libc, told

what, uid, north, flag, count, other, *log = sys.argv[1:]
images = north + '/images'
NOREPLACE, EXCHANGE, WHITEOUT = 1, 2, 4


def tried(function, *words):
    """0, or the errno."""
    try:
        function(*words)
    except OSError as e:
        return e.errno
    return 0


def rename(a, b, flags=0):
    call(libc.renameat2, AT_FDCWD, a.encode(), AT_FDCWD, b.encode(), flags)


def child(function, *words):
    """Its lines come when it has ended."""
    r, w = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(r)
        os.dup2(w, 1)
        become(int(uid))
        status = 1
        try:
            status = int(bool(function(*words) or failed))
            sys.stdout.flush()
        finally:
            os._exit(status)
    os.close(w)
    return pid, os.fdopen(r)


def ended(pid, lines):
    text = lines.read()
    if os.waitpid(pid, 0)[1]:
        told(text or 'a child failed')
    return text.splitlines()


# ---- names

def renamer():
    """Says `begun ended` of each change of a name that was done."""
    names = [('a', 'x'), ('b', 'a'), ('x', 'b'), ('secret', 'hidden'), ('hidden', 'secret'), ('c', 'a'), ('a', 'c')]
    while not os.path.exists(flag):
        for a, b in names:
            for flags in EXCHANGE, WHITEOUT, EXCHANGE | NOREPLACE:
                if not tried(rename, f'{images}/{a}', f'{images}/{b}', flags):
                    told('not refused: flags', flags)
            begun = time.monotonic_ns()
            if tried(rename, f'{images}/{a}', f'{images}/{b}', NOREPLACE) == 0:
                print('rename', begun, time.monotonic_ns(), a)


def acts(kind):
    """One of the others: says `kind begun ended name`, for what it did."""
    i = 0
    while not os.path.exists(flag):
        i += 1
        name = ('a', 'a', 'b', 'c', 'x')[i % 5] if kind == 'unshare' else 'a'  # a share can be late, and hit what was a
        begun = time.monotonic_ns()
        if kind == 'share':
            r = tried(os.mkdir, f'{images}/a/shares/{other}')
        elif kind == 'unshare':
            r = tried(os.rmdir, f'{images}/{name}/shares/{other}')
        elif kind == 'copy':
            os.mkdir(f'{images}/copy{i}')
            begun = time.monotonic_ns()
            r = tried(os.link, f'{images}/a/disk', f'{images}/copy{i}/disk')
        else:
            r = walk()
        if r == 0:
            print(kind, begun, time.monotonic_ns(), name)
        elif r not in (errno.ENOENT, errno.EPERM, errno.EEXIST, errno.EBUSY):
            told(kind, errno.errorcode[r])


def walk():
    """What is read by one descriptor's path is of one image."""
    try:
        with open(f'{images}/a/disk') as f:
            text = f.read()
    except OSError as e:
        return e.errno
    if not text.startswith('bytes of '):
        told('reads', text)
    if 'secret' in text:
        told('reads the secret')
    for directory, _, files in os.walk(images):
        if 'secret' in files:
            told('walks into', directory)
    return 0


def make():
    for name in 'a', 'b', 'c', 'secret':
        os.mkdir(f'{images}/{name}')
        with open(f'{images}/{name}/disk', 'w') as f:
            f.write('bytes of ' + name)


def names():
    before = len(events())
    ended(*child(make))
    children = [child(renamer)] + [child(acts, kind) for kind in ('share', 'unshare', 'copy', 'walk')]
    while min(sum(e['op'] == op for e in events()[before:]) for op in ('rename', 'share', 'copy')) < int(count):
        time.sleep(0.1)  # and looks again
    open(flag, 'w').close()
    said = [line.split() for c in children for line in ended(*c)]
    judge(events()[before:], {kind: [(int(begun), int(answered), name)
                                     for k, begun, answered, name in said if k == kind]
                              for kind in ('rename', 'share', 'unshare', 'copy')})


def judge(log, calls):
    """Sets the log against the names that were asked for: one lasts from when a rename to it had begun until one away
    from it was answered."""
    place, called, done = {}, {}, []  # called: by place and name, [from, to]
    calls = {kind: iter(times) for kind, times in calls.items()}
    for e in log:
        name = e['object'].split('/')[1].split('@')[0]
        if e['op'] == 'create' and not e['detail']:
            place[name] = e['event']
            called[place[name], name] = [[0, 1 << 63]]
        elif e['op'] == 'rename':
            begun, answered, asked = next(calls['rename'])
            to, moved = e['detail']['to'], place.pop(name)
            if asked != name:
                told('renamed', name, 'not', asked)
            place[to] = moved
            called[moved, name][-1][1] = answered
            called.setdefault((moved, to), []).append([begun, 1 << 63])
        elif e['op'] in ('share', 'unshare', 'copy'):
            source = e['detail'].get('source', e['object']).split('/')[1].split('@')[0]
            done.append((e, place[source], *next(calls[e['op']])))
    for e, hit, begun, answered, asked in done:
        if not any(since <= answered and begun <= until for since, until in called.get((hit, asked), [])):
            told(e['op'], 'hit what was not called', asked, e)
    if any(next(times, None) for times in calls.values()):
        told('more calls than events')


def events():
    lines = subprocess.run(log, capture_output=True, text=True, check=True).stdout.splitlines()
    return [e for e in map(json.loads, lines) if e['rule'] is None]


# ---- links

def swaps():
    canary = os.path.dirname(flag) + '/' + other
    shares, victim = f'{images}/swap/shares', f'{images}/{other}'
    targets = (canary, f'../{other}/.meta/shares', f'../{other}/shares', '.meta', f'.meta/../../{other}/.meta/shares',
               victim + '/shares', canary + '/.meta/shares', '.meta/shares/', './.meta/shares')
    while not os.path.exists(flag):
        tried(os.mkdir, f'{images}/swap')
        tried(os.symlink, '.meta/shares', shares)
        tried(os.unlink, shares)
        for target in targets:
            if not tried(os.symlink, target, shares):
                told('a link to', target)
        for a, b, flags in ((canary, shares, 0), (f'{victim}/shares', shares, 0), (f'{victim}/.meta/shares', shares, 0),
                            (f'{images}/swap/.meta/shares', shares, EXCHANGE), (victim, f'{images}/swap', EXCHANGE),
                            (f'{images}/swap', victim, 0), (f'{victim}/.meta', f'{images}/swap/.meta', EXCHANGE)):
            if not tried(rename, a, b, flags):
                told('not refused:', a, b)
        tried(os.mkdir, shares)
        tried(os.symlink, victim + '/.meta/shares', shares)  # as some tools copy it
        tried(os.unlink, shares)
        tried(os.link, f'{victim}/shares', shares)  # which makes it: a link to its own
        try:
            if os.readlink(shares) != '.meta/shares':
                told('a link to', os.readlink(shares))
        except OSError as e:
            if e.errno != errno.ENOENT:
                told('shares:', errno.errorcode[e.errno])


def walks(*command):
    for _ in range(int(count)):
        subprocess.run(command, stderr=subprocess.DEVNULL)


def links():
    empty = os.path.dirname(flag) + '/empty'
    os.makedirs(empty, exist_ok=True)
    children = [child(swaps)]
    tools = [child(walks, 'sh', '-c', 'cp -r "$1" "$2"; rm -rf "$2"', '-', f'{images}/swap', f'{images}/copy'),
             child(walks, 'rm', '-rf', f'{images}/swap'), child(walks, 'find', f'{images}/swap', '-delete')]
    if shutil.which('rsync'):
        tools.append(child(walks, 'rsync', '-r', '--delete', empty + '/', f'{images}/swap/'))
    for tool in tools:
        ended(*tool)
    open(flag, 'w').close()
    ended(*children[0])


# ---- recipient

def recipient():
    """UID has images web, db and own, whose bytes are `own`."""
    become(int(uid))
    tries = 0
    while not os.path.exists(flag) or tries < int(count):
        tries += 1
        for name in 'web', 'db':
            shared = f'{images}/{name}@{other}'
            for path in f'{shared}/disk', f'{shared}/../{name}/disk', f'{images}/{name}/disk':
                try:
                    with open(path) as f:
                        if f.read() != 'own\n':
                            told('reads', path)
                    if path == f'{shared}/disk':
                        told('opens', path)
                except OSError:
                    pass
            for flags in os.O_RDWR, os.O_WRONLY, os.O_WRONLY | os.O_TRUNC, os.O_PATH:
                try:
                    fd = os.open(shared + '/disk', flags)
                except OSError:
                    continue
                if flags != os.O_PATH or not tried(os.open, f'/proc/self/fd/{fd}', os.O_RDONLY):
                    told('opens', shared, hex(flags))
                os.close(fd)
            for a, b, flags in ((shared, f'{images}/{name}', EXCHANGE), (shared, f'{images}/mine', 0),
                                (f'{shared}/disk', f'{images}/draft/disk', 0),
                                (f'{shared}/disk', f'{images}/own/disk', 0),
                                (f'{images}/own', shared, 0), (f'{images}/own/disk', f'{shared}/disk', 0)):
                if not tried(rename, a, b, flags):
                    told('renames', a, b, flags)
            if not tried(os.link, shared + '/disk', images + '/draft/disk'):
                told('links', shared)
            if not tried(os.link, images + '/own/disk', shared + '/disk'):
                told('puts a disk into', shared)
            if not tried(os.mkdir, f'{shared}/.meta/shares/dave'):
                told('shares on', shared)
        tried(rename, f'{images}/web', f'{images}/moved')
        tried(rename, f'{images}/db', f'{images}/web')
        tried(rename, f'{images}/moved', f'{images}/db')


globals()[what]()
sys.exit(bool(failed))

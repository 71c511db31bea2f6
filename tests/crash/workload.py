# SPDX-License-Identifier: MIT
"""What one account does at random in a mount, and what must be found of it afterwards.

A state is a dictionary: ('image' or 'vm', region, name) to what is there, ('kept image' or 'kept vm', region, name) to what
is kept of it (`rows`: the states, `old`: what comes back, in the order of removal). Each change says what it makes of the state; of
a change that was under way when the daemon died, `beginnings` knows what else may be left. `old` are earlier contents of
a disk that no sync has replaced: a power loss may bring back parts of them, the death of a process may not.
"""
import copy
import errno
import os
import random
import subprocess
import threading
import time

REGIONS = 'north', 'south'
RECIPIENTS = ['bob', 'carol', 'dave'] + [f'p{i}' for i in range(1, 10)]
SECTOR = 512


class Change:
    """One request of the workload; steps: it consists of several, any of which may be the last."""

    def __init__(self, kind, effect, call, key=None, steps=False):
        self.kind, self.effect, self.call, self.key, self.steps = kind, effect, call, key, steps

    def perform(self):
        """On a slow machine a RELEASE may be more than a second late; then the answer is EBUSY, and nothing was done but
        what is done again."""
        for tries in range(30):
            try:
                return self.call()
            except OSError as e:
                if e.errno != errno.EBUSY or tries == 29:
                    raise


def write(name, data, flags=os.O_WRONLY | os.O_CREAT | os.O_TRUNC, offset=0):
    fd = os.open(name, flags)
    try:
        os.pwrite(fd, data, offset)
    finally:
        os.close(fd)


def copy_by_reference(source, target):
    """As cp does, in two pieces."""
    from_fd = os.open(source, os.O_RDONLY)
    try:
        to_fd = os.open(target, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            pieces = [max(os.fstat(from_fd).st_size // 2, 1), 1 << 30]
            while os.copy_file_range(from_fd, to_fd, pieces[0]) > 0:
                pieces = pieces[-1:]
        finally:
            os.close(to_fd)
    finally:
        os.close(from_fd)


def sync(name, flags):
    fd = os.open(name, flags)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


class Owner:
    """account: whose mount it is; folder: the catalog; prefix: of the names it makes, for several may act in one mount; kill: whether
    a command may be killed, which has then done its change or not."""

    def __init__(self, account, mount, folder, prefix, seed, most=25, kill=False):
        self.account, self.mount, self.folder, self.prefix, self.most, self.kill = account, mount, folder, prefix, most, kill
        self.random, self.serial, self.state = random.Random(seed), 0, {}
        self.recipients = [name for name in RECIPIENTS if name != account]

    def path(self, key, *parts):
        kind, region, name = key
        return '/'.join((self.mount, 'regions', region, 'images' if kind == 'image' else 'instances', name) + parts)

    def pick(self, kind, wanted=lambda entry: True):
        keys = [key for key, entry in self.state.items() if key[0] == kind and wanted(entry)]
        return self.random.choice(keys) if keys else None

    def name(self, kind, region):
        self.serial += 1
        return kind, region, f'{self.prefix}{self.serial}'

    def data(self):
        return self.random.randbytes(self.random.choice([1, 1000, 20000, 100000]))

    def propose(self):
        while True:
            kind = self.random.choice(sorted(CHANGES))
            change = CHANGES[kind](self)
            if change:
                change.kind = kind
                return change

    # --- images ---

    def make(self):
        key = self.name('image', self.random.choice(REGIONS))
        if sum(key[0] == 'image' for key in self.state) >= self.most:
            return None
        new = dict(description=None, disk=None, old=[], shares={}, state='draft', link=False)
        return Change('', lambda s: s.update({key: new}), lambda: os.mkdir(self.path(key)), key)

    def describe(self):
        key = self.pick('image', lambda i: not i['shares'] and i['description'] is not None)
        text = f'{self.random.getrandbits(64):x}'
        return key and Change('', lambda s: s[key].update(description=text),
                              lambda: write(self.path(key, 'description'), text.encode()), key)

    @staticmethod
    def available(image, disk, old):
        image.update(disk=disk, old=old, state='available', description=image['description'] or '', link=True)

    def fill(self):
        key, data = self.pick('image', lambda i: i['disk'] is None), self.data()
        return key and Change('', lambda s: self.available(s[key], data, [b'']),
                              lambda: write(self.path(key, 'disk'), data), key, steps=True)

    def rewrite(self):
        key, data = self.pick('image', lambda i: i['state'] == 'available'), self.data()
        return key and Change('', lambda s: s[key].update(disk=data, old=s[key]['old'] + [s[key]['disk'], b'']),
                              lambda: write(self.path(key, 'disk'), data), key, steps=True)

    def sync(self):
        key = self.pick('image', lambda i: i['disk'] is not None and i['old']) or \
            self.pick('vm', lambda v: v['disk'] is not None)
        flags = self.random.choice([os.O_RDONLY, os.O_RDWR])
        return key and Change('', lambda s: s[key].update(old=[]), lambda: sync(self.path(key, 'disk'), flags), key)

    @staticmethod
    def seal_entry(image):
        image.update(state='sealed', old=[])

    def seal(self):
        key = self.pick('image', lambda i: i['state'] == 'available')
        return key and Change('', lambda s: self.seal_entry(s[key]),
                              lambda: write(self.path(key, '.meta/state'), b'sealed\n', os.O_WRONLY), key)

    def share(self):
        key, account = self.pick('image', lambda i: i['state'] != 'draft'), self.random.choice(self.recipients)
        return key and account not in self.state[key]['shares'] and Change(
            '', lambda s: (s[key]['shares'].update({account: False}), self.seal_entry(s[key])),
            lambda: os.mkdir(self.path(key, '.meta/shares', account)), key)

    def share_of(self):
        key = self.pick('image', lambda i: i['shares'])
        return key, key and self.random.choice(sorted(self.state[key]['shares']))

    def unshare(self):
        key, account = self.share_of()
        return key and Change('', lambda s: s[key]['shares'].pop(account),
                              lambda: os.rmdir(self.path(key, '.meta/shares', account)), key)

    def expire(self):
        key, account = self.share_of()
        if not key:
            return None
        expires = not self.state[key]['shares'][account]
        return Change('', lambda s: s[key]['shares'].update({account: expires}),
                      lambda: write(self.path(key, '.meta/shares', account, '.expires'),
                                    b'+30d\n' if expires else b'never\n', os.O_WRONLY), key)

    def rename(self):
        key = self.pick('image', lambda i: not i['shares'])
        new = key and self.name('image', key[1])

        def effect(s):
            s[new] = s.pop(key)
            if kept(key) in s:  # of its earlier disks
                s[kept(new)] = s.pop(kept(key))
        return key and Change('', effect, lambda: os.rename(self.path(key), self.path(new)), key)

    def copying(self, call, steps):
        key = self.pick('image', lambda i: i['disk'] is not None)
        new = self.pick('image', lambda i: i['disk'] is None)

        def effect(s):
            self.seal_entry(s[key])
            self.available(s[new], s[key]['disk'], [])
        return key and new and Change('', effect, lambda: call(self.path(key, 'disk'), self.path(new, 'disk')), new,
                                      steps=steps)

    def link(self):
        return self.copying(os.link, False)

    def copy(self):
        return self.copying(copy_by_reference, True)

    def remove_disk(self):
        key = self.pick('image', lambda i: not i['shares'] and i['disk'] is not None)

        def effect(s):
            if s[key]['state'] != 'draft':
                self.keep(s, key, s[key]['state'], s[key]['description'])
            s[key].update(disk=None, old=[], state='draft')
        return key and Change('', effect, lambda: os.unlink(self.path(key, 'disk')), key)

    def remove_part(self):
        key = self.pick('image', lambda i: not i['shares'] and i['disk'] is None and
                        (i['link'] or i['description'] is not None))
        if not key:
            return None
        part, field, value = 'description', 'description', None
        if self.state[key]['link']:
            part, field, value = 'shares', 'link', False
        return Change('', lambda s: s[key].update({field: value}), lambda: os.unlink(self.path(key, part)), key)

    def remove(self):
        key = self.pick('image', lambda i: i['disk'] is None and i['description'] is None and not i['link'])
        return key and Change('', lambda s: s.pop(key), lambda: os.rmdir(self.path(key)), key)

    # --- instances ---

    def vm_make(self):
        key = self.name('vm', self.random.choice(REGIONS))
        if sum(key[0] == 'vm' for key in self.state) >= 4:
            return None
        return Change('', lambda s: s.update({key: dict(image=None, disk=None, old=[], called=None)}),
                      lambda: os.mkdir(self.path(key)), key)

    def launch(self):
        """The first time, and a reinstall."""
        key = self.pick('vm')
        image = key and self.pick('image', lambda i: i['state'] != 'draft')
        if not image or image[1] != key[1]:
            return None

        def effect(s):
            self.seal_entry(s[image])
            if s[key]['disk'] is not None:
                self.keep(s, key, 'instance', s[key]['called'])
            name = f'{image[2]}@{self.account}'
            s[key].update(image=name, called=name, disk=s[image]['disk'], old=[])
        return Change('', effect, lambda: write(self.path(key, 'image'), image[2].encode()), key)

    def vm_write(self):
        key, data = self.pick('vm', lambda v: v['disk'] is not None), self.random.randbytes(8)
        if not key:
            return None
        offset = self.random.randrange(len(self.state[key]['disk']) + 1)

        def effect(s):
            disk = s[key]['disk']
            s[key].update(old=s[key]['old'] + [disk], disk=disk[:offset] + data + disk[offset + len(data):])
        return Change('', effect, lambda: write(self.path(key, 'disk'), data, os.O_WRONLY, offset), key)

    def vm_image(self):
        """A custom image of an instance."""
        key, new = self.pick('vm', lambda v: v['disk'] is not None), self.pick('image', lambda i: i['disk'] is None)
        return key and new and Change('', lambda s: self.available(s[new], s[key]['disk'], []),
                                      lambda: os.link(self.path(key, 'disk'), self.path(new, 'disk')), new)

    def vm_remove(self):
        key = self.pick('vm')
        if not key:
            return None
        for part in ('image', 'disk'):
            if self.state[key][part] is not None:
                def effect(s):
                    if part == 'disk':
                        self.keep(s, key, 'instance', s[key]['called'])
                    s[key].update({part: None})
                return Change('', effect, lambda: os.unlink(self.path(key, part)), key)
        return Change('', lambda s: s.pop(key), lambda: os.rmdir(self.path(key)), key)

    # --- what is kept ---

    @staticmethod
    def keep(s, key, state, text):
        entry = s.setdefault(kept(key), dict(disk=None, rows=[], old=[]))
        entry['rows'].append(state)
        entry['old'].append((s[key]['disk'], s[key]['old'], text))

    @staticmethod
    def unkeep(s, key):
        """The youngest is kept no longer. Returns it."""
        entry = s[kept(key)]
        state, it = entry['rows'].pop(), entry['old'].pop()
        if not entry['rows']:
            del s[kept(key)]
        return state, it

    def kept_rows(self):
        listed = subprocess.run([os.environ['IMGSHARE'], '-C', self.folder, 'undelete', '--list'], capture_output=True, text=True,
                                check=False)
        if listed.returncode != 0:
            raise AssertionError(f'undelete --list: {listed.stderr}')
        return [row.split('\t') for row in listed.stdout.splitlines()]

    def object(self, key):
        return f'{key[1]}/{key[2]}@{self.account}'

    def command(self, key, *words):
        """Of the youngest that is kept of it. One that was killed has done all or nothing."""
        number = [row[0] for row in self.kept_rows() if row[1] == self.object(key)][-1]
        arguments = [os.environ['IMGSHARE'], '-C', self.folder, *words, f'{self.object(key)}#{number}']
        with subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
            timer = threading.Timer(self.random.uniform(0, 0.03), process.kill)
            if self.kill and self.random.random() < 0.5:
                timer.start()
            said = process.communicate()[1]
            timer.cancel()
        if process.returncode == -9 and any(row[0] == number for row in self.kept_rows()):
            again = subprocess.run(arguments, capture_output=True, text=True, check=False)
            if again.returncode != 0:
                raise AssertionError(f'{arguments} once more: {again.stderr}')
        elif process.returncode not in (0, -9):
            raise AssertionError(f'{arguments}: {said}')

    def pick_kept(self, wanted=lambda key: True):
        keys = [(key[0].removeprefix('kept '), *key[1:]) for key in self.state if key[0].startswith('kept ')]
        keys = [key for key in keys if wanted(key)]
        return self.random.choice(keys) if keys else None

    def undelete(self):
        key = self.pick_kept(lambda key: key not in self.state or self.state[key]['disk'] is None)

        def effect(s):
            state, (disk, old, text) = self.unkeep(s, key)
            s[key] = dict(description=text, disk=disk, old=old, shares={}, state=state, link=True) if key[0] == 'image' else \
                dict(image=text, called=text, disk=disk, old=old)

        def call():
            self.command(key, 'undelete')
            self.wait_for(key)
        return key and Change('', effect, call, key)

    def wait_for(self, key, seconds=10):
        """A mount shows what a command did within 0.1 s, on a machine that does nothing else; one that has died, never."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                if os.path.lexists(self.path(key, 'disk')) and key[2] in os.listdir(os.path.dirname(self.path(key))):
                    return
            except OSError:
                return
            time.sleep(0.005)

    def purge(self):
        key = self.pick_kept()
        return key and Change('', lambda s: self.unkeep(s, key), lambda: self.command(key, 'image', 'purge'), key)

    # --- what is found ---

    def read_text(self, key, part):
        try:
            with open(self.path(key, part), encoding='utf-8') as file:
                return file.read()
        except FileNotFoundError:
            return None

    def read_disk(self, key):
        try:
            with open(self.path(key, 'disk'), 'rb') as file:
                return file.read()
        except FileNotFoundError:
            return None

    def read(self):
        """The state as the mount shows it, and the digests of what is sealed, by the images' ids."""
        found, digests = {}, {}
        for region in REGIONS:
            for name in os.listdir(f'{self.mount}/regions/{region}/images'):
                key = 'image', region, name
                if not name.startswith(self.prefix) or '@' in name:
                    continue
                rows = [row.split('\t') for row in self.read_text(key, '.meta/shares.tsv').splitlines()]
                shares = {row[0]: len(row) > 3 and row[3] not in ('', 'never', '-') for row in rows}
                if set(os.listdir(self.path(key, '.meta/shares'))) != set(shares):
                    raise AssertionError(f'{key}: shares.tsv says {shares}')
                found[key] = dict(description=self.read_text(key, 'description'), disk=self.read_disk(key),
                                  shares=shares, state=self.read_text(key, '.meta/state').strip(),
                                  link=os.path.lexists(self.path(key, 'shares')))
                if found[key]['state'] == 'sealed':
                    digests[self.read_text(key, '.meta/id')] = self.read_text(key, '.meta/digest').strip()
            for name in os.listdir(f'{self.mount}/regions/{region}/instances'):
                key = 'vm', region, name
                if name.startswith(self.prefix):
                    image = self.read_text(key, 'image')
                    found[key] = dict(image=image and image.strip(), disk=self.read_disk(key))
        for _, what, state, *_ in self.kept_rows():
            region, _, name = what.removesuffix(f'@{self.account}').partition('/')
            if what.endswith(f'@{self.account}') and name.startswith(self.prefix):
                key = kept(('vm' if state == 'instance' else 'image', region, name))
                found.setdefault(key, dict(disk=None, rows=[]))['rows'].append(state)
        return found, digests

    def finish(self):
        """What an interrupted change left is not gone on with: a disk that nobody closed makes no image available until
        it is closed once more; an empty one goes."""
        for key, image in list(self.state.items()):
            if key[0] == 'image' and image['disk'] == b'':
                os.unlink(self.path(key, 'disk'))
                if image['state'] != 'draft':  # its bytes were lost with the power
                    self.keep(self.state, key, image['state'], image['description'])
                image.update(disk=None, old=[], state='draft')
            elif key[0] == 'image' and image['disk'] is not None and image['state'] == 'draft':
                os.close(os.open(self.path(key, 'disk'), os.O_WRONLY))
                self.available(image, image['disk'], image['old'])


def kept(key):
    return (f'kept {key[0]}', *key[1:])


def same_disk(found, wanted, old):
    """Whether each sector is that of the disk or of a version since its last sync; beyond a version's end are zeros."""
    versions = [wanted] + old
    if found == wanted or not old or found is None or wanted is None:
        return found == wanted
    if len(found) > max(len(v) for v in versions):
        return False
    for at in range(0, len(found), SECTOR):
        piece = found[at:at + SECTOR]
        if all(v[at:at + len(piece)].ljust(len(piece), b'\0') != piece for v in versions):
            return False
    return len(found) >= min(len(v) for v in versions)


def same(found, wanted, power):
    """Is what is found of an image or instance what is wanted?"""
    if found is None or wanted is None:
        return found is wanted
    return same_disk(found['disk'], wanted['disk'], wanted['old'] if power else []) and \
        all(found[field] == value for field, value in wanted.items() if field not in ('disk', 'old', 'called'))


def beginnings(before, after, change, found, power=False):
    """What else may be there of a change of several steps: its key's entry as it was, its disk with a beginning; when
    the power failed, with any part."""
    if not change.steps:
        return []
    was, new, got = before[change.key], after[change.key], found.get(change.key)
    if got is None or got['disk'] is None:
        return []
    if power:
        half = {**was, 'disk': new['disk'], 'old': new['old'] + [b'']}
    elif new['disk'].startswith(got['disk']):
        half = {**was, 'disk': got['disk'], 'old': new['old'] + [b'', new['disk']]}
    else:
        return []
    states = [{**before, change.key: half}]
    if change.kind == 'copy':
        states.append({**after, change.key: half})  # its source is sealed before
    return states


def disagreements(found, states, power=False):
    """Nothing if one of the states is what is found, else what differs from all of them, and from which."""
    for state in states:
        if found.keys() == state.keys() and all(same(found[key], state[key], power) for key in state):
            return []
    return [f'{key}: {short(found.get(key))} is not {" nor ".join(short(s.get(key)) for s in states)}'
            for key in sorted(set(found).union(*states))
            if not any(same(found.get(key), s.get(key), power) for s in states)] or ['a mixture of before and after']


def short(entry):
    return str(entry and {field: hash(value) if isinstance(value, bytes) and len(value) > 8 else value
                          for field, value in entry.items() if field != 'old'})


def adopt(found, states, power=False):
    """The state that is found, with what is known of its disks' earlier contents."""
    for state in states:
        if found.keys() == state.keys() and all(same(found[key], state[key], power) for key in state):
            return {key: {**copy.deepcopy(state[key]), **entry} for key, entry in found.items()}
    raise AssertionError('disagreements() was not asked')


CHANGES = dict(
    make=Owner.make, describe=Owner.describe, fill=Owner.fill, rewrite=Owner.rewrite, sync=Owner.sync, seal=Owner.seal,
    share=Owner.share, share_again=Owner.share, share_more=Owner.share, unshare=Owner.unshare, expire=Owner.expire,
    rename=Owner.rename, link=Owner.link, copy=Owner.copy, remove_disk=Owner.remove_disk, remove_part=Owner.remove_part,
    remove=Owner.remove, vm_make=Owner.vm_make, launch=Owner.launch, relaunch=Owner.launch, vm_write=Owner.vm_write,
    vm_image=Owner.vm_image, vm_remove=Owner.vm_remove, undelete=Owner.undelete, purge=Owner.purge)

# SPDX-License-Identifier: MIT
"""Kills the daemon under load, again and again: see crash.sh.

A worker does random changes in the mount and keeps a model of what was acknowledged. When the daemon dies under it, the
request under way is the only one whose effect is open. After the remount the tree must be the model with or without it.
"""
import copy
import os
import random
import signal
import subprocess
import sys
import threading
import time

DIR, MOUNT, ROUNDS = sys.argv[1], sys.argv[2], int(sys.argv[3])
ACCOUNTS = ['bob', 'carol', 'dave'] + [f'p{i}' for i in range(1, 10)]
REGIONS = 'north', 'south'


def path(key, *parts):
    return '/'.join((f'{MOUNT}/regions/{key[0]}/images/{key[1]}',) + parts)


def start():
    daemon = subprocess.Popen([os.environ['IMGSHAREFS'], DIR, MOUNT, '-f', '-o', 'account=alice'])
    while not os.path.ismount(MOUNT):
        if daemon.poll() is not None:
            sys.exit(f'the daemon ended with {daemon.returncode}')
        time.sleep(0.001)
    return daemon


def write(name, data):
    fd = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    try:
        os.write(fd, data)
    finally:
        os.close(fd)


class Model:
    """The acknowledged tree: (region, image) -> {'description', 'disk', 'shares'}; each change is one system call or
    one write, so that there is nothing in between."""

    def __init__(self, rng):
        self.rng, self.images, self.serial = rng, {}, 0

    def pick(self, wanted):
        keys = [key for key, image in self.images.items() if wanted(image)]
        return self.rng.choice(keys) if keys else None

    def propose(self):
        """A change: (what it is called, how the model changes, the call); None if it does not apply now."""
        rng, kind = self.rng, self.rng.choice(
            ['make', 'describe', 'disk', 'share', 'share', 'share', 'unshare', 'rename', 'link', 'rmdisk', 'remove'])
        if kind == 'make' and len(self.images) < 40:
            self.serial += 1
            key = rng.choice(REGIONS), f'i{self.serial}'
            return kind, lambda m: m.update({key: dict(description=None, disk=None, shares=set(), sealed=False)}), \
                lambda: os.mkdir(path(key))
        if kind == 'describe':
            key = self.pick(lambda i: not i['shares'] and i['description'] is not None)
            text = os.urandom(8).hex()
            return key and (kind, lambda m: m[key].update(description=text),
                            lambda: write(path(key, 'description'), text.encode()))
        if kind == 'disk':
            key = self.pick(lambda i: i['disk'] is None)
            data = os.urandom(rng.choice([1, 1000, 100000]))
            return key and (kind, lambda m: m[key].update(disk=data, description=m[key]['description'] or ''),
                            lambda: write(path(key, 'disk'), data))
        if kind == 'share':
            key, account = self.pick(lambda i: i['disk'] is not None), rng.choice(ACCOUNTS)
            return key and account not in self.images[key]['shares'] and (
                kind, lambda m: (m[key]['shares'].add(account), m[key].update(sealed=True)),
                lambda: os.mkdir(path(key, '.meta/shares', account)))
        if kind == 'unshare':
            key = self.pick(lambda i: i['shares'])
            account = key and rng.choice(sorted(self.images[key]['shares']))
            return key and (kind, lambda m: m[key]['shares'].remove(account),
                            lambda: os.rmdir(path(key, '.meta/shares', account)))
        if kind == 'rename':
            key = self.pick(lambda i: not i['shares'])
            self.serial += 1
            new = key and (key[0], f'i{self.serial}')
            return key and (kind, lambda m: m.update({new: m.pop(key)}), lambda: os.rename(path(key), path(new)))
        if kind == 'link':
            key, new = self.pick(lambda i: i['disk'] is not None), self.pick(lambda i: i['disk'] is None)

            def change(m):
                m[key]['sealed'] = True
                m[new].update(disk=m[key]['disk'], description=m[new]['description'] or '')
            return key and new and (kind, change, lambda: os.link(path(key, 'disk'), path(new, 'disk')))
        if kind == 'rmdisk':
            key = self.pick(lambda i: not i['shares'] and i['disk'] is not None)
            return key and (kind, lambda m: m[key].update(disk=None, sealed=False), lambda: os.unlink(path(key, 'disk')))
        if kind == 'remove':
            key = self.pick(lambda i: i['disk'] is None and i['description'] is None)
            return key and (kind, lambda m: m.pop(key), lambda: os.rmdir(path(key)))
        return None


def read_tree():
    tree = {}
    for region in REGIONS:
        for name in os.listdir(f'{MOUNT}/regions/{region}/images'):
            key = region, name
            image = tree[key] = dict(description=None, disk=None, shares=set(os.listdir(path(key, '.meta/shares'))))
            if os.path.exists(path(key, 'description')):
                image['description'] = open(path(key, 'description')).read()
            if os.path.exists(path(key, 'disk')):
                image['disk'] = open(path(key, 'disk'), 'rb').read()
            image['sealed'] = open(path(key, '.meta/state')).read() == 'sealed\n'
    return tree


def acceptable(before, after, kind, tree):
    """The trees that may be found. A disk is made by several calls (create, writes, close): any of them may be the last,
    so it may be found with a beginning of its bytes."""
    trees = [before, after]
    if kind in ('disk', 'describe', 'link'):
        for key in after:
            if before.get(key) == after[key]:
                continue
            if kind == 'disk':
                found = tree.get(key, {}).get('disk')
                if found is not None and after[key]['disk'].startswith(found):
                    trees.append({**before, key: {**before[key], 'disk': found}})
            if kind == 'describe':
                trees.append({**before, key: {**before[key], 'description': ''}})
            if kind == 'link' and before[key]['disk'] is not None:
                trees.append({**before, key: after[key]})
    return trees


def finish_drafts(tree):
    """A disk whose close was lost has bytes in a draft, which cannot be shared: closing it once more makes it available.
    One whose write was lost is empty, and goes."""
    for key, image in tree.items():
        if image['disk'] == b'':
            os.unlink(path(key, 'disk'))
            image['disk'] = None
        if image['disk'] and open(path(key, '.meta/state')).read() == 'draft\n':
            os.close(os.open(path(key, 'disk'), os.O_WRONLY))
            image['description'] = image['description'] or ''


def run_check():
    return subprocess.run([os.environ['IMGSHARE'], '-C', DIR, 'check'], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def main():
    seed = int(os.environ.get('SEED') or 0) or random.SystemRandom().randrange(1, 1 << 30)
    print('seed', seed, flush=True)
    rng = random.Random(seed)
    model, done = Model(rng), 0
    for number in range(ROUNDS):
        daemon = start()
        threading.Timer(rng.uniform(0.02, 0.6), lambda: os.kill(daemon.pid, signal.SIGKILL)).start()
        before = after = model.images
        kind = 'nothing'
        while True:
            change = model.propose()
            if not change:
                continue
            kind, effect, call = change
            before, after = model.images, copy.deepcopy(model.images)
            effect(after)
            try:
                call()
            except OSError as e:
                if daemon.poll() is None and e.errno not in (107, 103, 5):  # ENOTCONN, ECONNABORTED, EIO: it has just died
                    sys.exit(f'round {number}, {kind}: {e}')
                daemon.wait()
                break
            model.images = after
            done += 1
        subprocess.run(['umount', '-l', MOUNT], check=False) if os.geteuid() == 0 else \
            subprocess.run(['fusermount3', '-uz', MOUNT], check=False)
        daemon = start()
        tree = read_tree()
        trees = acceptable(before, after, kind, tree)
        if tree not in trees:
            for key in sorted(set(tree) | set(after)):
                if tree.get(key) not in [t.get(key) for t in trees]:
                    print(f'round {number}, while asked to {kind}: {key} is {str(tree.get(key))[:300]}')
                    print('    not', ' nor '.join(str(t.get(key))[:300] for t in trees))
            sys.exit(1)
        model.images = tree
        finish_drafts(tree)
        # Right after the crash there may be blobs that nobody owns: the next mount sweeps them, when it comes to it.
        end = time.monotonic() + 60
        while run_check().returncode != 0 and time.monotonic() < end:
            pass
        daemon.terminate()
        if daemon.wait() != 0:
            print('the daemon ended with', daemon.returncode)
        check = run_check()
        if check.returncode != 0:
            sys.exit(f'round {number}, after {kind}: check finds\n{check.stdout.decode()}')
    print(f'{done} changes acknowledged')


main()

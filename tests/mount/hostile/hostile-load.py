# SPDX-License-Identifier: MIT
# hostile-load.py WHAT ...: callers that are many, slow or greedy.
# `waiters NORTH UID`: requests that wait for disks to be closed, more than may wait for long. `callers MOUNT COUNT
# USERS`: as many processes at once, of so many users from uid 71000 on, each with a bit of everything. Both print what
# nobody should have heard. `changes IMAGES UID FILE`: one change after the other, until FILE is there.
import errno, os, shutil, sys, threading

from callers import become

what, *arguments = sys.argv[1:]


def attempt(wrong, allowed, function, *args):
    try:
        return function(*args)
    except OSError as e:
        if e.errno not in allowed:
            wrong.append(f'{function.__name__}{args[:1]}: {errno.errorcode[e.errno]}')


class Waiting(threading.Thread):
    """A disk that is written and closed once, and kept open; and a request that waits for its release."""

    def __init__(self, north, kind, i):
        super().__init__()
        self.image, self.kind, self.error = f'{north}/images/{kind}{i}', kind, None
        self.copy, self.instance = f'{north}/images/of-{kind}{i}', f'{north}/instances/{kind}{i}'
        os.mkdir({'share': self.image, 'copy': self.copy, 'launch': self.instance}[kind])
        if kind != 'share':
            os.mkdir(self.image)
        self.disk = os.open(self.image + '/disk', os.O_RDWR | os.O_CREAT)
        os.write(self.disk, b'bytes')
        os.close(os.dup(self.disk))
        os.path.exists(self.image + '/.meta/shares/bob')  # looked up already when it is made

    def run(self):
        try:
            if self.kind == 'share':
                os.mkdir(self.image + '/.meta/shares/bob')
            elif self.kind == 'copy':
                os.link(self.image + '/disk', self.copy + '/disk')
            else:
                fd = os.open(self.instance + '/image', os.O_WRONLY | os.O_CREAT)
                try:
                    os.write(fd, os.path.basename(self.image).encode())
                finally:
                    os.close(fd)
        except OSError as e:
            self.error = e.errno

    def release(self):
        os.close(self.disk)

    def remove(self):
        if self.kind == 'share' and self.error is None:
            os.rmdir(self.image + '/.meta/shares/bob')
        if self.kind == 'launch':
            shutil.rmtree(self.instance)
        for image in [self.image] + [self.copy] * (self.kind == 'copy'):
            shutil.rmtree(image)


def crowd(north):
    """One round: what all others heard while the first 32 waited on, or None if these did not wait so long."""
    first = [Waiting(north, 'share', i) for i in range(32)]
    others = [Waiting(north, ('share', 'copy', 'launch')[i % 3], i) for i in range(32, 72)]
    for w in first:
        w.start()
    for w in others:
        w.start()
    for w in others:
        w.join()
    meanwhile = somebody(north)
    for w in first:
        w.release()
    for w in first:
        w.join()
    told = {(w.kind, w.error) for w in others} | meanwhile
    conclusive = all(w.error is None for w in first)
    for w in others:
        w.release()
    for w in first + others:
        w.remove()
    return told if conclusive else None


def somebody(north):
    """As one more caller: who looks, reads and changes something."""
    os.mkdir(north + '/instances/vm')
    os.listdir(north + '/images')
    text = open(north + '/images/share0/.meta/shares.tsv').read()
    os.rmdir(north + '/instances/vm')
    return {('shares', text)}


def waiters(north, uid):
    """72 requests wait for disks at once, each in a directory of its own (in one the kernel lets them take turns): the
    first 32 may wait for a second, and the others have given up, and who waits for none is answered, when the disks
    of the first are released and they succeed. On a machine that takes a second for that it is tried again."""
    become(int(uid))
    for _ in range(20):
        told = crowd(north)
        if told is not None:
            wrong = told - {(kind, errno.EBUSY) for kind in ('share', 'copy', 'launch')} - {('shares', '')}
            print(wrong or '')
            return wrong
    print('whoever waits keeps all others waiting')
    return True


def changes(images, uid, enough):
    become(int(uid))
    while not os.path.exists(enough):
        os.mkdir(images + '/mine')
        os.rmdir(images + '/mine')
        print('.', end='', flush=True)


def caller(mount, i, users):
    wrong = []
    become(71000 + i % users)
    images = mount + '/regions/north/images'
    mine = f'{images}/i{i}'
    busy = {errno.EBUSY}
    os.mkdir(mine)
    with open(mine + '/description', 'w') as f:
        f.write(f'image {i}')
    with open(mine + '/disk', 'w') as f:
        f.write(f'bytes {i}')
    attempt(wrong, busy | {errno.EPERM}, os.mkdir, f'{mine}/.meta/shares/u{(i + 1) % users}')
    attempt(wrong, {errno.EPERM}, os.mkdir, f'{mine}/.meta/shares/nobody')
    attempt(wrong, {errno.ENOENT}, os.stat, f'{images}/none')
    os.listdir(images)
    assert open(mine + '/description').read() == f'image {i}' and open(mine + '/disk').read() == f'bytes {i}'
    attempt(wrong, {errno.EPERM}, os.mkdir, f'{mine}/other')
    attempt(wrong, {errno.ENOENT}, os.rmdir, f'{mine}/.meta/shares/u{(i + 1) % users}')
    os.unlink(mine + '/disk')
    os.unlink(mine + '/description')
    os.unlink(mine + '/shares')
    os.rmdir(mine)
    return wrong


def callers(mount, count, users):
    children = []
    for i in range(int(count)):
        pid = os.fork()
        if pid == 0:
            try:
                wrong = caller(mount, i, int(users))
            except BaseException as e:
                wrong = [repr(e)]
            if wrong:
                print(i, *wrong, flush=True)
            os._exit(bool(wrong))
        children.append(pid)
    return max(os.waitpid(pid, 0)[1] for pid in children)


sys.exit(1 if globals()[what](*arguments) else 0)

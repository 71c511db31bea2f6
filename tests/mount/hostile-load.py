# SPDX-License-Identifier: MIT
# hostile-load.py WHAT ...: callers that are many, slow or greedy.
# `waiters IMAGES COUNT UID`: keeps a disk open that it has written and closed once, while COUNT processes ask to share
# it, over and over. `callers MOUNT COUNT USERS`: as many processes at once, of so many users from uid 71000 on, each
# with a bit of everything; prints what none of them should have heard. `changes IMAGES UID FILE`: one change after the
# other, until FILE is there.
import errno, os, sys, time

what, *arguments = sys.argv[1:]


def attempt(wrong, allowed, function, *args):
    try:
        return function(*args)
    except OSError as e:
        if e.errno not in allowed:
            wrong.append(f'{function.__name__}{args[:1]}: {errno.errorcode[e.errno]}')


def become(uid):
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def waiters(images, count, uid):
    os.setpgid(0, 0)
    become(int(uid))
    os.mkdir(images + '/kept')
    fd = os.open(images + '/kept/disk', os.O_RDWR | os.O_CREAT)
    os.write(fd, b'bytes')
    os.close(os.dup(fd))
    for _ in range(int(count)):
        if os.fork() == 0:
            while True:
                try:
                    os.mkdir(images + '/kept/.meta/shares/bob')
                    os._exit(1)
                except OSError:
                    pass
    print(os.getpid(), flush=True)
    time.sleep(1000)


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

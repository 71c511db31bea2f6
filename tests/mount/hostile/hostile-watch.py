# SPDX-License-Identifier: MIT
# hostile-watch.py UID MOUNT [OWNER OTHER...]: as UID watches all that it can of MOUNT (inotify, dnotify, fanotify), and
# tries to watch OTHERs, which are not of its view: by their paths, and by descriptors that OWNER opened and passed on.
# Says `watching`; at SIGUSR1 prints `heard PATH MASK NAME` for all that the kernel told since then, and `hears itself`
# when it makes an image. What was not refused is printed too.
import ctypes, fcntl, os, signal, struct, sys

from callers import AT_FDCWD, become, call, failed, libc, refused

uid, mount, owner, *others = int(sys.argv[1]), *(sys.argv[2:] + ['0'])[:2], *sys.argv[4:]
IN_ALL, IN_ONLYDIR = 0xfff, 0x01000000
FAN_MARK_ADD, FAN_MARK_MOUNT, FAN_MARK_FILESYSTEM, FAN_MARK_EVICTABLE = 1, 0x10, 0x100, 0x200
FAN_REPORT_FID = 0x200
FAN_EVENTS = 0x4000003b  # open, access, modify, close, of children too


def watch(path, flags=IN_ALL):
    return call(libc.inotify_add_watch, inotify, os.fsencode(path), flags)


def mark(path, dirfd=AT_FDCWD, how=0, mask=FAN_EVENTS):
    name = os.fsencode(path) if path else None
    return call(libc.fanotify_mark, fanotify, FAN_MARK_ADD | how, ctypes.c_uint64(mask), dirfd, name)


def watch_others():
    for path in others:
        refused(lambda: watch(path), 'EACCES', 'ENOENT')
        refused(lambda: watch(path, IN_ALL | IN_ONLYDIR), 'EACCES', 'ENOENT', 'ENOTDIR')
        refused(lambda: mark(path), 'EACCES', 'ENOENT')
    for fd in passed:
        refused(lambda: watch(f'/proc/self/fd/{fd}'), 'EACCES')
        refused(lambda: watch(f'/proc/self/fd/{fd}/../images'), 'EACCES', 'ENOTDIR')
        refused(lambda: mark(None, fd), 'EACCES')
        refused(lambda: mark('.', fd), 'EACCES', 'ENOTDIR')


def watch_all():
    """What may be listed, and the directories that are not."""
    for directory, directories, files in os.walk(mount):
        unlisted = ['.meta', '.views', '.imgshare'] if directory == mount or '/images/' in directory else []
        for name in ['', *unlisted, *files]:
            path = os.path.join(directory, name) if name else directory
            if os.path.exists(path) and not os.path.islink(path):
                try:
                    watches[watch(path)] = path
                    if os.path.isdir(path) and '/regions' in path:
                        dnotify.append(os.open(path, os.O_RDONLY))
                        fcntl.fcntl(dnotify[-1], fcntl.F_NOTIFY, 0x8000003f)
                except OSError:
                    pass  # not to be read
        directories += unlisted
        for link in [d for d in directories if os.path.islink(os.path.join(directory, d))]:
            if directory == mount:  # the way into one's own view
                directories[directories.index(link)] = os.readlink(os.path.join(directory, link))


def whole_filesystem():
    for how in FAN_MARK_MOUNT, FAN_MARK_FILESYSTEM, FAN_MARK_MOUNT | FAN_MARK_EVICTABLE:
        for path in mount, mount + '/regions':
            if uid:
                refused(lambda: mark(path, how=how), 'EPERM', 'EINVAL')
    if uid:
        refused(lambda: call(libc.fanotify_init, 4, 0), 'EPERM')  # that decides what others may open
        refused(lambda: call(libc.fanotify_init, 0, 0), 'EPERM')  # that gets descriptors of what others open


def heard():
    while True:
        try:
            data = os.read(inotify, 1 << 16)
        except BlockingIOError:
            return
        while data:
            wd, mask, _, length = struct.unpack_from('iIII', data)
            name = data[16:16 + length].rstrip(b'\0').decode()
            data = data[16 + length:]
            yield watches.get(wd, '?'), hex(mask), name


def pass_on():
    os.setgroups([])
    os.seteuid(int(owner))
    for path in others:
        passed.append(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
    os.seteuid(0)
    become(uid)


passed, signals, watches, dnotify = [], [], {}, []
signal.signal(signal.SIGIO, lambda *_: signals.append(1))  # of dnotify
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
pass_on()
inotify = call(libc.inotify_init1, os.O_NONBLOCK | os.O_CLOEXEC)
fanotify = call(libc.fanotify_init, FAN_REPORT_FID, os.O_RDONLY)
watch_others()
watch_all()
whole_filesystem()
list(heard())
signals.clear()
print('watching', len(watches), len(dnotify), flush=True)
signal.sigwait([signal.SIGUSR1])
for event in heard():
    print('heard', *event)
if signals:
    print('heard by a signal')
    signals.clear()
own = f'control{os.getpid()}'
os.mkdir(f'{mount}/regions/north/images/{own}')
if any(name == own for _, _, name in heard()) and signals:
    print('hears itself')
sys.exit(bool(failed))

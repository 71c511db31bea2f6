# SPDX-License-Identifier: MIT
# hostile-descriptors.py HOW OWNER UID DISK DRAFTS [READS]: OWNER opens DISK and passes the descriptor on (SCM_RIGHTS)
# to UID. HOW r: for reading. UID tries to get more by it than its bytes: another descriptor (with READS it may read
# by itself, and not write), a change of any kind, a link; the bytes it puts into its drafts DRAFTS1 to DRAFTS4, by
# each way that the kernel has. HOW w: for writing, and UID tries to read. Prints what is wrong.
import ctypes, errno, fcntl, mmap, os, socket, struct, sys

from callers import AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_FOLLOW, become, call, failed, libc, refused, told

how, owner, uid, disk, drafts, *mine = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:]
errors = 'EACCES', 'EPERM'
FICLONE, FICLONERANGE, FIDEDUPERANGE, FS_IOC_SETFLAGS = 0x40049409, 0x4020940d, 0xc0189436, 0x40086602


def passed(flags):
    """A descriptor that OWNER's process opens; None if it may not."""
    here, there = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        become(owner)
        try:
            socket.send_fds(there, [b'x'], [os.open(disk, flags)])
        except OSError:
            there.send(b'x')
        os._exit(0)
    fds = socket.recv_fds(here, 1, 1)[1]
    os.waitpid(pid, 0)
    return fds[0] if fds else None


def links(fd):
    path = os.open(f'/proc/self/fd/{fd}', os.O_PATH)  # that needs no right
    return [f'/proc/self/fd/{fd}', f'/proc/thread-self/fd/{fd}', f'/dev/fd/{fd}', f'/proc/self/fd/{path}']


def reopened(fd):
    for link in links(fd):
        for flags in os.O_WRONLY, os.O_RDWR, os.O_RDWR | os.O_TRUNC, os.O_WRONLY | os.O_APPEND | os.O_DIRECT:
            refused(lambda: os.open(link, flags), *errors)
        refused(lambda: os.truncate(link, 0), *errors)
        if not mine:
            refused(lambda: os.open(link, os.O_RDONLY), *errors)
            refused(lambda: os.open(link, os.O_RDONLY | os.O_NOATIME), *errors)
            refused(lambda: os.listdir(link), *errors, 'ENOTDIR')
            refused(lambda: os.utime(link, (1, 1)), *errors)
            refused(lambda: os.chmod(link, 0o666), *errors)
            refused(lambda: os.chown(link, uid, uid), *errors)
    refused(lambda: call(libc.execve, b'/proc/self/fd/%d' % fd, None, None), 'EACCES')


def linked(fd):
    for to in drafts + '1/disk', drafts + '1/more', os.path.dirname(drafts) + '/disk':
        refused(lambda: call(libc.linkat, fd, b'', AT_FDCWD, to.encode(), AT_EMPTY_PATH), *errors,
                'ENOENT', 'EXDEV')
        for link in links(fd):
            refused(lambda: call(libc.linkat, AT_FDCWD, link.encode(), AT_FDCWD, to.encode(), AT_SYMLINK_FOLLOW),
                    *errors, 'EXDEV')


def changed(fd, other):
    """By a descriptor that is for reading only, as UID; with OTHER, which is open for reading."""
    refused(lambda: os.pwrite(fd, b'x', 0), 'EBADF')
    refused(lambda: os.ftruncate(fd, 0), 'EINVAL', 'EBADF')
    for mode in 0, 1, 3, 8, 0x10, 0x20, 0x40:
        refused(lambda: call(libc.fallocate, fd, mode, ctypes.c_long(0), ctypes.c_long(4096)), 'EBADF', 'ENOTSUP',
                'EINVAL')
    refused(lambda: mmap.mmap(fd, 4096, mmap.MAP_SHARED, mmap.PROT_WRITE), 'EACCES')
    memory = mmap.mmap(fd, 4096, mmap.MAP_SHARED, mmap.PROT_READ)
    refused(lambda: call(libc.mprotect, ctypes.c_void_p(mapping(memory)), 4096, 3), 'EACCES')
    refused(lambda: os.copy_file_range(other, fd, 10, 0, 0), 'EBADF')
    refused(lambda: os.sendfile(fd, other, 0, 10), 'EBADF')
    r, w = os.pipe()
    os.write(w, b'other')
    refused(lambda: os.splice(r, fd, 5, offset_dst=0), 'EBADF')
    refused(lambda: fcntl.ioctl(fd, FICLONE, other), 'EBADF', 'ENOTSUP', 'EXDEV')
    refused(lambda: fcntl.ioctl(fd, FICLONERANGE, struct.pack('qQQQ', other, 0, 0, 0)), 'EBADF', 'ENOTSUP', 'EXDEV')
    refused(lambda: fcntl.ioctl(fd, FS_IOC_SETFLAGS, struct.pack('l', 0x10)), 'ENOTTY', 'EACCES', 'EPERM')
    refused(lambda: os.setxattr(fd, 'user.x', b'x'), 'ENOTSUP', 'EPERM', 'EACCES')
    try:
        dedupe = fcntl.ioctl(other, FIDEDUPERANGE, struct.pack('QQHHIqQQiI', 0, 4096, 1, 0, 0, fd, 0, 0, 0, 0))
        if struct.unpack('QQHHIqQQiI', dedupe)[7]:
            told('deduplicated')
    except OSError:
        pass
    if not mine and uid:
        refused(lambda: os.utime(fd, (1, 1)), 'EPERM', 'EACCES')
        refused(lambda: os.fchmod(fd, 0o666), 'EPERM')
        refused(lambda: os.fchown(fd, uid, uid), 'EPERM')
        refused(lambda: fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK), 'EACCES', 'EAGAIN')


def mapping(memory):
    """Where it is: the last of this process's maps of that file."""
    with open('/proc/self/maps') as maps:
        return [int(line.split('-')[0], 16) for line in maps if line.rstrip().endswith('/disk')][-1]


def by_copy(fd, to, n):
    return os.copy_file_range(fd, to, n)


def by_pieces(fd, to, n):
    return sum(os.copy_file_range(fd, to, min(5000, n - at), at, at) for at in range(0, n, 5000))


def by_sendfile(fd, to, n):
    return os.sendfile(to, fd, 0, n)


def by_splice(fd, to, n):
    r, w = os.pipe()
    at = 0
    while at < n:
        got = os.splice(fd, w, n - at, offset_src=at)
        at += os.splice(r, to, got)
    return at


def copied(fd):
    """Into drafts of UID's own: whoever may read may import, and gets what he may read."""
    size = os.fstat(fd).st_size
    bytes_read = os.pread(fd, size, 0)
    for i, way in enumerate((by_copy, by_pieces, by_sendfile, by_splice), 1):
        os.lseek(fd, 0, os.SEEK_SET)
        to = os.open(f'{drafts}{i}/disk', os.O_WRONLY | os.O_CREAT)
        try:
            n = way(fd, to, size)
        except OSError as e:
            told(way.__name__, errno.errorcode[e.errno])
        os.close(to)
        got = open(f'{drafts}{i}/disk', 'rb').read()
        if n != size or got != bytes_read:
            told(way.__name__, 'copies', n, 'bytes, not', size, 'or others')


def for_writing(fd, to):
    """Is not for reading, by none of the ways of the kernel."""
    refused(lambda: os.pread(fd, 10, 0), 'EBADF')
    refused(lambda: os.copy_file_range(fd, to, 10, 0, 0), 'EBADF')
    refused(lambda: os.sendfile(to, fd, 0, 10), 'EBADF')
    refused(lambda: os.splice(fd, os.pipe()[1], 10, offset_src=0), 'EBADF')
    refused(lambda: mmap.mmap(fd, 4096, mmap.MAP_SHARED, mmap.PROT_READ), 'EACCES')
    refused(lambda: fcntl.ioctl(to, FICLONE, fd), 'EBADF', 'ENOTSUP', 'EXDEV')
    if not mine:
        for link in links(fd):
            for flags in os.O_RDONLY, os.O_RDWR, os.O_WRONLY:
                refused(lambda: os.open(link, flags), 'EACCES')


fd = passed(os.O_RDONLY if how == 'r' else os.O_WRONLY)
assert fd is not None
readable = os.open(__file__, os.O_RDONLY)  # before: the sources may lie where UID has no way to
become(uid)
if how == 'w':
    for_writing(fd, os.open(drafts + '1/disk', os.O_RDWR | os.O_CREAT))
    sys.exit(bool(failed))
reopened(fd)
if not mine or os.stat(drafts + '1').st_dev != os.fstat(fd).st_dev:
    linked(fd)
changed(fd, readable)
copied(fd)
sys.exit(bool(failed))

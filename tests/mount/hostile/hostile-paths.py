# SPDX-License-Identifier: MIT
# hostile-paths.py UID IMAGE OWN EMPTY SECRET [NODE...]: as UID tries every way round the path to read or change IMAGE,
# which is not UID's, with UID's own image OWN and draft EMPTY, and to open NODEs of other views by number. Prints
# what it should not have got; SECRET is what nobody may read. Keeps what it has until SIGUSR1 and tries once more.
import ctypes, errno, fcntl, os, signal, socket, struct, sys

from callers import AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_FOLLOW, become, call, failed, libc, refused, told

uid, image, own, empty, secret = int(sys.argv[1]), *sys.argv[2:5], sys.argv[5].encode()
OPENAT2, RENAME_EXCHANGE, RENAME_WHITEOUT = 437, 2, 4
O_TMPFILE, O_PATH = os.O_TMPFILE, os.O_PATH


def peek(fd):
    try:
        if secret in os.pread(fd, 1 << 16, 0):
            told('read', f'the secret, by {os.readlink(f"/proc/self/fd/{fd}")}')
    except OSError:
        pass


def open_flags():
    for flags in (os.O_RDONLY, os.O_WRONLY, os.O_RDWR, os.O_TRUNC, os.O_RDWR | os.O_CREAT, os.O_DIRECT,
                  os.O_WRONLY | os.O_APPEND, os.O_RDWR | os.O_CREAT | os.O_EXCL, os.O_NOFOLLOW | os.O_NONBLOCK):
        def open_disk():
            fd = os.open(image + '/disk', flags)
            peek(fd)
            return hex(flags)
        refused(open_disk, 'EPERM', 'EEXIST', 'EACCES', 'ENOENT', 'EROFS')
    refused(lambda: os.open(image, O_TMPFILE | os.O_RDWR))
    refused(lambda: os.open(own, O_TMPFILE | os.O_RDWR))
    for resolve in 0, 1, 2, 4, 8, 0x10:  # NO_XDEV, NO_MAGICLINKS, NO_SYMLINKS, BENEATH, IN_ROOT
        how = struct.pack('QQQ', os.O_RDONLY, 0, resolve)
        for path in image + '/disk', image + '/../' + os.path.basename(image) + '/disk', image + '//.//disk':
            refused(lambda: call(libc.syscall, OPENAT2, AT_FDCWD, path.encode(), how, len(how)))


def magic_links():
    try:
        fd = os.open(image + '/disk', O_PATH)
    except OSError:
        return
    link = f'/proc/self/fd/{fd}'
    refused(lambda: os.open(link, os.O_RDONLY), 'EPERM', 'EACCES', 'ENOENT')
    refused(lambda: os.open(link, os.O_RDWR), 'EPERM', 'EACCES', 'ENOENT', 'EROFS')
    refused(lambda: os.truncate(link, 0))
    for to in empty + '/disk', own + '/more', os.path.dirname(own) + '/disk':
        refused(lambda: call(libc.linkat, fd, b'', AT_FDCWD, to.encode(), AT_EMPTY_PATH))
        refused(lambda: call(libc.linkat, AT_FDCWD, link.encode(), AT_FDCWD, to.encode(), AT_SYMLINK_FOLLOW))
        refused(lambda: os.link(image + '/disk', to))
    refused(lambda: os.pread(fd, 10, 0), 'EBADF')
    refused(lambda: os.link(image + '/disk', '/tmp/hostile-link'), 'EXDEV', 'EPERM', 'EACCES', 'ENOENT')
    os.close(fd)


def renames():
    for flags in RENAME_EXCHANGE, RENAME_WHITEOUT, RENAME_EXCHANGE | 1, 8:
        for a, b in ((image, own), (own, image), (image + '/disk', empty + '/disk'), (own + '/disk', image + '/disk'),
                     (own + '/description', image + '/description')):
            refused(lambda: call(libc.renameat2, AT_FDCWD, a.encode(), AT_FDCWD, b.encode(), flags))
    for flags in 0, 1:
        for a, b in ((image, own + '2'), (image, os.path.dirname(own) + '/taken'), (image + '/disk', empty + '/disk'),
                     (image + '/disk', own + '/disk'), (own + '/disk', image + '/disk'), (image, image + '/x'),
                     (own, image + '/.meta'), (own, image), (image + '/.meta', empty + '/.meta')):
            refused(lambda: call(libc.renameat2, AT_FDCWD, a.encode(), AT_FDCWD, b.encode(), flags))


def making():
    for place in image, image + '/.meta', image + '/.meta/shares', own, own + '/.meta', os.path.dirname(image):
        for mode in 0o100644, 0o10644, 0o20644, 0o60644, 0o140644:
            refused(lambda: os.mknod(place + '/node', mode, os.makedev(1, 3)))
        refused(lambda: socket.socket(socket.AF_UNIX).bind((place + '/s')[-100:]) if len(place) < 90 else refuse_long())
        for target in '/etc/passwd', '../../../../../etc/passwd', image + '/disk', '.meta/../../x', "/proc/self/fd/0":
            refused(lambda: os.symlink(target, place + '/shares'))
            refused(lambda: os.symlink(target, place + '/disk'))
        refused(lambda: os.link('/etc/hostname', place + '/disk'))


def refuse_long():
    raise OSError(errno.EPERM, 'too long for a socket')


def controls():
    buffer = bytearray(4096)
    for path, flags in ((image, os.O_RDONLY), (image + '/description', os.O_RDONLY), (own + '/disk', os.O_RDWR)):
        try:
            fd = os.open(path, flags)
        except OSError:
            continue
        # SETFLAGS, FSSETXATTR, FICLONE, FIDEDUPERANGE, FITRIM, SET_ENCRYPTION_POLICY, ENABLE_VERITY, SETFSLABEL
        for request in 0x40086602, 0x401c5820, 0x40049409, 0xc0189436, 0xc0185879, 0x800c6613, 0x40806685, 0x41009432:
            refused(lambda: fcntl.ioctl(fd, request, fd if request == 0x40049409 else buffer))
        for name in 'user.x', 'security.capability', 'security.selinux', 'trusted.x', 'system.posix_acl_access':
            for size in 0, 1, 4096, 65536:
                refused(lambda: os.setxattr(fd, name, b'x' * size))
            refused(lambda: os.getxattr(fd, name))
        os.close(fd)


def allocate():
    try:
        fd = os.open(own + '/disk', os.O_RDWR)
    except OSError:
        return  # it owns nothing
    size = os.fstat(fd).st_size
    for mode in range(0x80):
        for offset, length in (0, 4096), (size, 4096), (1 << 62, 1 << 62), ((1 << 63) - 2, 1), (0, (1 << 63) - 1):
            libc.fallocate(fd, mode, ctypes.c_long(offset), ctypes.c_long(length))
    if os.fstat(fd).st_size > 1 << 50:
        os.ftruncate(fd, size)
    for size in (1 << 63) - 1, 1 << 62:
        try:
            os.ftruncate(fd, size)
        except OSError as e:
            if e.errno not in (errno.EFBIG, errno.EINVAL, errno.ENOSPC):
                told('ftruncate', errno.errorcode[e.errno])
    os.ftruncate(fd, 8192)
    peek(fd)
    os.close(fd)


def splices():
    to = os.open(empty + '/description' if os.path.isdir(empty) else '/dev/null', os.O_RDWR | os.O_CREAT)
    for name in 'description', '.meta/id', '.meta/source':
        try:
            fd = os.open(f'{image}/{name}', os.O_RDONLY)
        except OSError:
            continue
        for other in to, fd:
            libc.copy_file_range(fd, None, other, None, 10, 0)  # of a text, which UID may read
        refused(lambda: os.pwrite(fd, b'x', 0), 'EBADF')
        refused(lambda: os.ftruncate(fd, 0), 'EINVAL', 'EBADF')
        os.close(fd)
    os.close(to)


def locks():
    """Kept until the end: whoever owns IMAGE is not hindered."""
    for path in image, image + '/description', image + '/.meta', image + '/.meta/id', os.path.dirname(image):
        try:
            fd = os.open(path, os.O_RDONLY)
        except OSError:
            continue
        kept.append(fd)
        for function, argument in (fcntl.flock, fcntl.LOCK_EX), (fcntl.flock, fcntl.LOCK_SH):
            try:
                function(fd, argument | fcntl.LOCK_NB)
            except OSError:
                pass
        for command, argument in ((fcntl.F_OFD_SETLK, struct.pack('hhqqi4x', fcntl.F_RDLCK, 0, 0, 0, 0)),
                                  (fcntl.F_SETLEASE, fcntl.F_RDLCK), (fcntl.F_SETLEASE, fcntl.F_WRLCK)):
            try:
                fcntl.fcntl(fd, command, argument)
            except OSError:
                pass


def dots():
    for way in '/..' * 12 + '/etc/passwd', '/.meta/shares/../../../../..', '/.meta/../disk/..', '/../../../regions/..':
        try:
            fd = os.open(image + way, os.O_RDONLY)
            peek(fd)
            os.close(fd)
        except OSError:
            pass
    mount = mount_of(image)
    if os.path.lexists(mount + '/.views'):
        for way in '/.views/alice', '/.views//alice/', '/regions/../../alice', '/.views/./alice/regions':
            refused(lambda: os.listdir(mount + way), 'EACCES', 'ENOENT')


def mount_of(path):
    while not os.path.ismount(path):
        path = os.path.dirname(path)
    return path


def capable():
    """As UID, and with the capability that opens by handle and passes all modes: the daemon itself must refuse."""
    DAC_READ_SEARCH = 1 << 2
    libc.prctl(8, 1, 0, 0, 0)  # PR_SET_KEEPCAPS
    become(uid)
    header, data = struct.pack('Ii', 0x20080522, 0), struct.pack('IIIIII', DAC_READ_SEARCH, DAC_READ_SEARCH, 0, 0, 0, 0)
    call(libc.capset, header, data)


def handles():
    mount = os.open(mount_of(image), os.O_RDONLY)
    for node in nodes:
        for kind, generation in (0x81, 0), (0x81, 1), (0x82, 0), (1, 0):
            handle = struct.pack('IiIII', 12, kind, node >> 32, node & 0xffffffff, generation) + bytes(12)
            for flags in O_PATH, os.O_RDONLY, os.O_RDWR, os.O_RDONLY | os.O_DIRECTORY:
                fd = libc.open_by_handle_at(mount, handle, flags)
                if fd < 0:
                    continue
                if flags != O_PATH:
                    told('open_by_handle_at', hex(node))
                refused(lambda: os.listdir(fd))
                refused(lambda: os.open(f'/proc/self/fd/{fd}', os.O_RDONLY))
                refused(lambda: call(libc.linkat, fd, b'', AT_FDCWD, (empty + '/disk').encode(), AT_EMPTY_PATH))
                peek(fd)
                os.close(fd)


def by_number():
    pid = os.fork()
    if pid == 0:
        capable()
        handles()
        os._exit(bool(failed))
    if os.waitpid(pid, 0)[1]:
        told('nodes', 'were opened by number')


nodes = [int(n) for n in sys.argv[6:]]
kept = []
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
signal.signal(signal.SIGIO, signal.SIG_IGN)  # of a lease
by_number()
become(uid)
for trick in open_flags, magic_links, renames, making, controls, allocate, splices, locks, dots:
    trick()
print('tried', flush=True)
signal.sigwait([signal.SIGUSR1])
for fd in kept:  # what was open when it was unshared, or deleted
    for name in '', '/disk', '/description':
        try:
            again = os.open(f'/proc/self/fd/{fd}{name}', os.O_RDONLY | os.O_NONBLOCK)  # not for its own lease
        except OSError:
            continue
        peek(again)
        os.close(again)
    peek(fd)
sys.exit(bool(failed))

# SPDX-License-Identifier: MIT
# hostile-hold.py UID DAEMON FILE DIRECTORY...: as UID lists each directory, a process each, into memory that is a page
# of FILE, whose DAEMON it has stopped: the kernel holds the directory's lock until the page comes. Says `held` when all
# are at it.
import ctypes, mmap, os, signal, sys, time

uid, daemon, path, *directories = sys.argv[1:]
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
GETDENTS = {'x86_64': 217}.get(os.uname().machine, 61)


def listing(pid):
    try:
        return open(f'/proc/{pid}/syscall').read().split()[0] == str(GETDENTS)
    except OSError:
        return False


os.setgroups([])
os.setresgid(int(uid), int(uid), int(uid))
os.setresuid(0, int(uid), 0)
fd = os.open(path, os.O_RDONLY)
page = libc.mmap(None, 4096, mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_PRIVATE, fd, 0)
assert page != ctypes.c_void_p(-1).value
opened = [os.open(d, os.O_RDONLY | os.O_DIRECTORY) for d in directories]
os.seteuid(0)
os.kill(int(daemon), signal.SIGSTOP)
os.seteuid(int(uid))
children = []
for d in opened:
    pid = os.fork()
    if pid == 0:
        libc.getdents64(d, ctypes.c_void_p(page), 4096)
        os._exit(0)
    children.append(pid)
os.seteuid(0)
while not all(listing(pid) for pid in children):
    time.sleep(0.01)
print('held', flush=True)
for pid in children:
    os.waitpid(pid, 0)

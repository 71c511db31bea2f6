# SPDX-License-Identifier: MIT
# hostile-stopped.py HOW DB NORTH COMMAND...: runs COMMAND, an imgshare, and stops it after each fcntl by which it
# comes to hold other locks than ever before (ptrace: no chance is in it). Each time, who uses NORTH of a mount is
# answered what he looks for, other commands too; and what he changes, unless COMMAND holds the catalog's writing
# lock: then more want to change something than a mount has threads, and are answered when it goes on (HOW `goes-on`),
# or is killed, as soon as it has that lock for the third time (HOW `killed`; with IMGSHARE_LONG=1 it stays until they
# hear EAGAIN).
# Prints what is wrong, and how often it was stopped, and with that lock.
import collections, ctypes, errno, os, signal, subprocess, sys

how, db, north, *command = sys.argv[1:]
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
TRACEME, SYSCALL, SETOPTIONS, GET_SYSCALL_INFO = 0, 24, 0x4200, 0x420e
SYSGOOD, EXITKILL, SYSCALL_STOP = 1, 0x100000, signal.SIGTRAP | 0x80
X86 = os.uname().machine == 'x86_64'
FCNTL = 72 if X86 else 25
SLEEPS = (7, 35, 230, 271) if X86 else (73, 101, 115)  # poll, nanosleep, clock_nanosleep, ppoll
WAITERS, PATIENT = 100, 48  # so many at a time wait as long as it takes, others hear EAGAIN after a second (writer.c)
WRITING = 120  # SQLite's byte in the index of the log
MARKS = range(123, 128)  # which are held for writing for a few instructions: who is stopped there stops readers too
PENDING = 0x40000000  # and in the catalog: who has it lets nobody open the catalog, as SQLite does when it closes it
wrong, long = False, os.environ.get('IMGSHARE_LONG') == '1'


def told(*what):
    global wrong
    wrong = True
    print(*what)


def locks(pid):
    """What it holds: (inode, kind, first byte, last byte)."""
    held = set()
    with open('/proc/locks') as lines:
        for line in lines:
            words = line.split()
            if words[1] == 'POSIX' and words[4] == str(pid):
                held.add((int(words[5].split(':')[2]), words[3], *words[6:8]))
    return frozenset(held)


def holds(held, path, byte):
    """Locks that are next to each other are one range."""
    inode = os.stat(path).st_ino
    return any((lock[0], lock[1]) == (inode, 'WRITE') and int(lock[2]) <= byte and (lock[3] == 'EOF' or byte <= int(lock[3]))
               for lock in held)


def in_child(function, *arguments):
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            function(*arguments)
            status = 0
        except OSError as e:
            status = e.errno
        finally:
            os._exit(status)
    return pid


def answer(child):
    return errno.errorcode.get(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 'success')


def look(n):
    os.path.exists(f'{north}/images/none{n}')  # asked of the catalog
    with open(f'{north}/images/web/.meta/shares.tsv') as f:
        f.read()
    os.listdir(f'{north}/images/web/shares/')
    with open(f'{north}/images/web/disk', 'rb') as f:
        f.read()


def change(i, n):
    with open(f'{north}/images/d{i}/description', 'w') as f:
        f.write(str(n))


class Run:
    def __init__(self):
        self.seen, self.stops, self.writing, self.sleeps = set(), 0, 0, 0
        self.waiting = []  # changes that are to be answered once it goes on
        self.pid = os.fork()
        if self.pid == 0:
            libc.ptrace(TRACEME, 0, None, None)
            os.environ['ASAN_OPTIONS'] = os.environ.get('ASAN_OPTIONS', '') + ':detect_leaks=0'  # not when traced
            os.dup2(os.open('/dev/null', os.O_WRONLY), 1)
            os.execvp(command[0], command)
        os.waitpid(self.pid, 0)
        libc.ptrace(SETOPTIONS, self.pid, None, SYSGOOD | EXITKILL)

    def stopped(self, writing):
        """It is, holding other locks than ever."""
        self.stops += 1
        waiting = [in_child(change, i, self.stops) for i in range(WAITERS)] if writing else []
        self.waiting += waiting
        if answer(in_child(look, self.stops)) != 'success':
            told('nobody may look', sorted(self.held))
        if not holds(self.held, db, PENDING):
            if subprocess.run([command[0], *command[1:3], 'access', '--all'], stdout=subprocess.DEVNULL).returncode:
                told('no other command is answered', sorted(self.held))
        ended = (os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) for child in waiting)
        if any(child and child.si_status == 0 for child in ended):
            told('was written at the same time')
        if not writing and answer(in_child(change, 0, self.stops)) != 'success':
            told('nobody may change anything', sorted(self.held))

    def look_at(self):
        self.held = locks(self.pid)
        writing = holds(self.held, db + '-shm', WRITING)
        self.writing += writing
        enough = how == 'killed' and self.writing == 3
        if any(holds(self.held, db + '-shm', mark) for mark in MARKS) or (self.held in self.seen and not enough):
            return
        self.seen.add(self.held)
        self.stopped(writing)
        if enough:
            if long:
                refused, self.waiting = self.waiting[-WAITERS:], self.waiting[:-WAITERS]
                self.answered(refused, 'EAGAIN')
            os.kill(self.pid, signal.SIGKILL)

    @staticmethod
    def answered(waiting, what):
        heard = [answer(child) for child in waiting]
        refused = sum(got == 'EAGAIN' != what for got in heard)
        if any(got not in (what, 'EAGAIN') for got in heard) or refused > max(0, len(waiting) - PATIENT):
            told('who waited heard', collections.Counter(heard), 'not', what)

    def go(self):
        """To its end, or until it has slept for so long that nothing else comes."""
        at = None
        info = ctypes.create_string_buffer(128)
        number = 0
        while True:
            libc.ptrace(SYSCALL, self.pid, None, number)
            _, status = os.waitpid(self.pid, 0)
            if not os.WIFSTOPPED(status):
                break
            number = os.WSTOPSIG(status)
            if number != SYSCALL_STOP:
                continue  # a signal: it is to have it
            number = 0
            libc.ptrace(GET_SYSCALL_INFO, self.pid, len(info), info)
            if info.raw[0] == 1:
                at = int.from_bytes(info.raw[24:32], 'little')
                self.sleeps += at in SLEEPS
                if self.sleeps == 30:
                    os.kill(self.pid, signal.SIGKILL)
            elif at == FCNTL:
                self.look_at()
        self.answered(self.waiting, 'success')
        if os.WIFEXITED(status) and os.WEXITSTATUS(status):
            told('status', os.WEXITSTATUS(status))


run = Run()
run.go()
print('stops', run.stops, 'writing', run.writing)
sys.exit(wrong)

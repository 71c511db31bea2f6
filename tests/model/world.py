# SPDX-License-Identifier: MIT
"""The real thing: a catalog, its mounts, and the system calls that an operation is. Knows no rule.

A process cannot be started for each call, so this one becomes each caller by its filesystem uid, which is what FUSE hands on.
"""
import contextlib
import ctypes
import errno
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time

from model import View

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import machine  # noqa: E402

LIBC = ctypes.CDLL(None)
IMGSHARE, IMGSHAREFS = os.environ.get('IMGSHARE', 'imgshare'), os.environ.get('IMGSHAREFS', 'imgsharefs')
FLAGS = {'w': os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 'a': os.O_WRONLY | os.O_APPEND, 'r+': os.O_WRONLY}
# name: role, uid. Everybody is in the mount for many users; those in OWN_MOUNTS have a mount of their own as well.
CAST = {'alice': ('account', 70001), 'bob': ('account', 70002), 'carol': ('account', 70003), 'dave': ('account', 70004),
        'aud': ('auditor', 70010), 'boss': ('operator', 70011)}
OWN_MOUNTS = ('alice', 'bob', 'aud', 'operator')
REGIONS = ('north', 'south')
# what a rule answers (CONTRACT 4), and a launch of what is not seen (5.6)
REFUSING = {errno.EPERM, errno.EEXIST, errno.EROFS, errno.EDQUOT, errno.ENOENT}


def own_mounts():
    """From now on nobody's copy of the table of mounts keeps a daemon alive that has been unmounted here."""
    new_namespace, recursive, private = 0x20000, 0x4000, 0x40000
    if LIBC.unshare(new_namespace) or LIBC.mount(b'none', b'/', None, ctypes.c_ulong(recursive | private), None):
        sys.exit('no mount namespace of our own: these tests are for root')


class World:
    """A catalog below a folder, mounted; close() takes it down and says what `imgshare check` finds."""

    def __init__(self, folder, many=1, options=''):
        self.options = options
        self.folder, self.catalog, self.uid, self.moments = folder, f'{folder}/catalog', 0, []
        self.mounts, self.views, self.roots, self.folders, self.held, self.denials = [], {}, {}, {}, {}, {}
        os.makedirs(folder)
        os.chmod(folder, 0o711)
        self.machine = os.environ.get('MACHINE')  # not where a sanitizer's own library would have to be loaded first
        if self.machine:
            machine.change(f'{folder}/machine', 'set', 0)
            os.environ.update(LD_PRELOAD=self.machine, MACHINE_FILE=f'{folder}/machine')
        self.run('init', self.catalog)
        for name in REGIONS:
            self.run('region', 'add', name)
        for name, (role, uid) in CAST.items():
            self.run('account', 'add', name, '--role', role, '--uid', str(uid))
        for name in ('all', 'too')[:many]:
            self.mount(name, 'multiuser')
        for name in OWN_MOUNTS:
            self.mount(name, f'account={name}')
            self.views[name] = View(name, name, 0, False, name == 'aud')
        for name, uid in (('operator', 0), *((name, uid) for name, (_, uid) in CAST.items())):
            self.join(name, uid, ('all', 'too')[:many])
        self.follower = subprocess.Popen([IMGSHARE, '-C', self.catalog, 'log', '--follow', '--json'], stdout=subprocess.PIPE)
        os.set_blocking(self.follower.stdout.fileno(), False)
        self.heard = b''

    def join(self, name, uid, mounts=('all',)):
        for mount in mounts:
            self.views[f'{name}@{mount}'] = View(f'{name}@{mount}', name, uid, True)

    def set_clock(self, seconds):
        """How far the clock of the machine is from the true time, for all but this process."""
        self.become(0)
        machine.change(f'{self.folder}/machine', 'set', seconds)

    def run(self, *arguments):
        return subprocess.run([IMGSHARE, '-C', self.catalog, *arguments], check=True, capture_output=True)

    def mount(self, name, who, durability=',durability=normal'):
        os.mkdir(f'{self.folder}/{name}')
        subprocess.run([IMGSHAREFS, self.catalog, f'{self.folder}/{name}', '-o', f'{who}{durability}{self.options}'], check=True, timeout=30)
        self.mounts.append(name)

    @contextlib.contextmanager
    def past(self, name, moment):
        """A view of an account as of an event, mounted for that long."""
        view = View('past', name, ro=True)
        self.become(0)
        self.mount('past', f'account={name},asof={moment}', '')
        try:
            yield view
        finally:
            self.become(0)
            for key in [key for key in self.folders if key[0] == 'past']:
                os.close(self.folders.pop(key))
            os.close(self.roots.pop('past'))
            self.unmount('past')
            self.mounts.remove('past')
            os.rmdir(f'{self.folder}/past')

    def unmount(self, name):
        if subprocess.run(['umount', f'{self.folder}/{name}'], stderr=subprocess.DEVNULL, timeout=30).returncode:
            subprocess.run(['umount', '-l', f'{self.folder}/{name}'])

    def close(self):
        """Unmounts and checks. Returns what was found wrong."""
        self.become(0)
        for fd in (*self.held.values(), *self.roots.values(), *self.folders.values()):
            os.close(fd)
        self.held, self.roots, self.folders = {}, {}, {}
        for name in self.mounts:
            self.unmount(name)
        self.mounts = []
        checked = subprocess.run([IMGSHARE, '-C', self.catalog, 'check', '--log'], capture_output=True, text=True, timeout=120)
        found = '' if checked.returncode == 0 else checked.stdout + checked.stderr
        if oracle := os.environ.get('ORACLE'):  # do the rows follow from the log: tests/oracle
            judged = subprocess.run([oracle, f'{self.catalog}/catalog.db'], capture_output=True, text=True, timeout=120)
            found += '' if judged.returncode == 0 else judged.stdout + judged.stderr
        return found

    def discard(self):
        for name in ('LD_PRELOAD', 'MACHINE_FILE'):
            os.environ.pop(name, None)
        self.follower.kill()
        self.follower.wait()
        self.follower.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log_lines(self):
        """What the log has said since the last call."""
        try:
            while chunk := os.read(self.follower.stdout.fileno(), 1 << 20):
                self.heard += chunk
        except BlockingIOError:
            pass
        *lines, self.heard = self.heard.split(b'\n')
        return lines

    def newest_event(self):
        self.become(0)
        with contextlib.closing(sqlite3.connect(f'file:{self.catalog}/catalog.db?mode=ro', uri=True)) as catalog:
            return catalog.execute('SELECT max(id) FROM event').fetchone()[0]

    # ---- as whom, where

    def become(self, uid):
        if uid != self.uid:
            LIBC.setfsuid(0)
            LIBC.setfsuid(uid)
            self.uid = uid

    def root(self, view):
        if view.name not in self.roots:
            mount = view.name.rpartition('@')[2]
            self.roots[view.name] = os.open(f'{self.folder}/{mount}', os.O_PATH | os.O_DIRECTORY)
        return self.roots[view.name]

    def at(self, view, path):
        """A folder that is open, and the rest of the path: most paths begin with a region's images or instances."""
        parts = path.split('/', 3)
        if parts[0] != 'regions' or len(parts) < 4:
            return self.root(view), path
        key = view.name, parts[1], parts[2]
        if key not in self.folders:
            try:
                self.folders[key] = os.open('/'.join(parts[:3]), os.O_PATH | os.O_DIRECTORY, dir_fd=self.root(view))
            except OSError:
                return self.root(view), path
        return self.folders[key], parts[3]

    def forget(self):
        """Region or role changed: no folder stays open."""
        for fd in self.folders.values():
            os.close(fd)
        self.folders = {}

    # ---- operations

    def do(self, view, operation):
        """Returns errno (commands: exit status), and the rule of the denial that the operation left, if it left one."""
        name, arguments = operation[1], operation[2:]
        if hasattr(self, 'command_' + name):
            return getattr(self, 'command_' + name)(*arguments)
        self.become(view.uid if view.multi else 0)
        try:
            getattr(self, 'call_' + name)(view, *arguments)
            return 0, None
        except OSError as error:
            return error.errno, self.denial(view) if error.errno in REFUSING else None

    def denial(self, view):
        """The rule of the last answer that was told of, if it is new; none if no rule gave it (CONTRACT 4)."""
        key = view.name.rpartition('@')[2], view.uid if view.multi else 0
        self.become(key[1])
        try:
            lines = self.read(view, '.imgshare/last_denial').decode().split('\n')
        except OSError:
            return None
        number = int(lines[0][8:] or 0)
        rule = lines[2][6:] if len(lines) > 2 else None
        before, self.denials[key] = self.denials.get(key, 0), number
        return None if number == before or rule == '-' else rule

    def call_mkdir(self, view, path):
        fd, rest = self.at(view, path)
        os.mkdir(rest, dir_fd=fd)

    def call_rmdir(self, view, path):
        fd, rest = self.at(view, path)
        os.rmdir(rest, dir_fd=fd)

    def call_unlink(self, view, path):
        fd, rest = self.at(view, path)
        os.unlink(rest, dir_fd=fd)

    def call_symlink(self, view, target, path):
        fd, rest = self.at(view, path)
        os.symlink(target, rest, dir_fd=fd)

    def call_rename(self, view, path, to):
        (fd, rest), (other, new) = self.at(view, path), self.at(view, to)
        os.rename(rest, new, src_dir_fd=fd, dst_dir_fd=other)

    def call_link(self, view, path, to):
        (fd, rest), (other, new) = self.at(view, path), self.at(view, to)
        os.link(rest, new, src_dir_fd=fd, dst_dir_fd=other, follow_symlinks=False)

    def open(self, view, path, flags):
        fd, rest = self.at(view, path)
        return os.open(rest, flags | os.O_CLOEXEC, 0o644, dir_fd=fd)

    def call_write(self, view, path, text, how='w'):
        fd = self.open(view, path, FLAGS[how])
        try:
            if text:
                os.write(fd, text.encode('latin-1'))
        finally:
            os.close(fd)

    def call_truncate(self, view, path, size):
        fd = self.open(view, path, os.O_WRONLY)
        try:
            os.ftruncate(fd, size)
        finally:
            os.close(fd)

    def call_copy(self, view, path, to):
        source = self.open(view, path, os.O_RDONLY)
        try:
            target = self.open(view, to, FLAGS['w'])
            try:
                while os.copy_file_range(source, target, 1 << 30):
                    pass
            finally:
                os.close(target)
        finally:
            os.close(source)

    def read(self, view, path):
        fd = self.open(view, path, os.O_RDONLY)
        try:
            text = b''
            while chunk := os.read(fd, 1 << 16):
                text += chunk
                if len(chunk) < 1 << 16:
                    break
            return text
        finally:
            os.close(fd)

    def call_read(self, view, path):
        os.close(self.open(view, path, os.O_RDONLY))

    def call_stat(self, view, path):
        fd, rest = self.at(view, path)
        os.stat(rest, dir_fd=fd)

    def call_hold(self, view, path):
        self.held[view.name, path] = self.open(view, path, os.O_WRONLY)

    def call_poke(self, view, path, offset, text):
        if (view.name, path) in self.held:
            os.pwrite(self.held[view.name, path], text.encode('latin-1'), offset)

    def call_release(self, view, path):
        fd = self.held.pop((view.name, path), None)
        if fd is not None:
            os.close(fd)

    def call_wait(self, view):
        pass

    # ---- what a path shows; the kinds are tree.py's

    def look(self, view, path, kind):
        self.become(view.uid if view.multi else 0)
        try:
            if kind == 'dir':
                fd = self.open(view, path, os.O_RDONLY | os.O_DIRECTORY)
                try:
                    return tuple(sorted(os.listdir(fd)))
                finally:
                    os.close(fd)
            if kind == 'size':
                fd, rest = self.at(view, path)
                return os.stat(rest, dir_fd=fd).st_size
            text = self.read(view, path)
        except OSError as error:
            return errno.errorcode[error.errno]
        if kind == 'text':
            return text
        rows = [tuple(line.split('\t')) for line in text.decode().splitlines()]
        if kind == 'rows':
            return tuple(sorted(rows))
        if kind == 'grants':
            return tuple(sorted((account, by, expires) for account, _, by, expires in rows))
        return rows[0][0].split(';')[0] if kind == 'source' else rows[0][0]

    # ---- commands

    def command(self, account, *arguments):
        done = self.start(account, *arguments)
        return done.returncode, self.rule(done)

    def start(self, account, *arguments):
        return subprocess.run([IMGSHARE, '-C', self.catalog, '--as', account, *arguments], capture_output=True, text=True)

    @staticmethod
    def rule(done):
        rule = done.stderr.rstrip().rpartition(' (')[2]
        return rule[:-1] if rule.endswith(')') else None

    def lines(self, *arguments):
        """Of a command that only prints: what access, account list, limits and region list tell of the catalog."""
        rows = [tuple(line.split('\t')) for line in self.run(*arguments).stdout.decode().splitlines()]
        if arguments[0] == 'undelete':  # they have an order; what is not sealed has no size that would be known
            return tuple((what, state, size if state == 'sealed' else '') for _, what, state, size, *_ in rows)
        if arguments[0] == 'account':
            rows = [(name, role, '-' if name == 'operator' else uid, *rest) for name, role, uid, *rest in rows]
        return tuple(sorted((row[0], row[2]) if arguments[0] == 'region' else row for row in rows))

    def apply(self, account, prune, lines, *options):
        """Returns the exit status, which lines were refused by which rule, and what was printed."""
        done = subprocess.run([IMGSHARE, '-C', self.catalog, '--as', account, 'apply', *options, *(['--prune'] if prune else [])],
                              input=''.join(f'{line}\n' for line in lines), capture_output=True, text=True)
        refused = []
        for line in done.stderr.splitlines():
            told = re.fullmatch(r'imgshare: -:(\d*)(?:: (?:share|set the expiry|unshare) [^:]*: ([a-z-]+): )?.*', line)
            if told and not line.endswith(', skipped'):  # else it is about no line, or none that is refused
                refused.append((int(told[1] or 0), told[2]))
        changes = ((verb, f'{region}/{image}', other) for verb, region, image, other, *_ in
                   (line.split('\t') for line in done.stdout.splitlines()))
        return done.returncode, tuple(sorted(refused, key=repr)), tuple(changes)

    def command_apply(self, account, prune, *lines):
        return self.apply(account, prune, lines)[:2]

    def command_plan(self, account, prune, *lines):
        status, refused, changes = self.apply(account, prune, lines, '-n')
        return status, (refused, changes)

    def command_limit(self, account, name, value):
        result = self.command(account, 'limits', name, str(value))
        if result[0] == 0 and value == '0' and name == 'keep-deleted':  # a daemon purges all that is kept, when it comes to it
            end = time.time() + 60
            while self.run('undelete', '--list').stdout and time.time() < end:
                time.sleep(0.05)
        return result

    def name_kept(self, what, nth):
        if nth is None:
            return what
        rows = self.run('undelete', '--list').stdout.decode().splitlines()
        return what + '#' + (rows[nth].split('\t')[0] if nth < len(rows) else '999999')

    def command_undelete(self, account, what, nth=None, name=None):
        return self.command(account, 'undelete', self.name_kept(what, nth), *(['--as', name] if name else []))

    def command_purge(self, account, what, nth=None):
        done = self.start(account, 'image', 'purge', self.name_kept(what, nth))
        if done.returncode:
            return done.returncode, self.rule(done)
        return 0, tuple(sorted({tuple(line.split('\t')) for line in done.stdout.splitlines()}))

    def command_moment(self, _):
        self.moments.append(self.newest_event())
        return 0, None

    def command_regrant(self, account, what, number):
        moment = self.moments[number] if number < len(self.moments) else 0
        told = self.start('operator', 'access', what, '--asof', str(moment))
        return (1, ()) if told.returncode else self.apply(account, False, told.stdout.splitlines())[:2]

    def command_region_add(self, account, name):
        return self.command(account, 'region', 'add', name)

    def command_region_rm(self, account, name):
        self.forget()
        return self.command(account, 'region', 'rm', name)

    def command_account_add(self, account, name, uid, role='account'):
        result = self.command(account, 'account', 'add', name, '--uid', str(uid), '--role', role)
        if result[0] == 0:
            self.join(name, uid)
        return result

    def command_account_rm(self, account, name):
        return self.command(account, 'account', 'rm', name)

    def command_account_set(self, account, name, key, value):
        self.forget()
        return self.command(account, 'account', 'set', name, f'{key}={value}')

    def pause(self, seconds):
        if seconds > 0:
            time.sleep(seconds)

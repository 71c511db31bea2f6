# SPDX-License-Identifier: MIT
"""keeping.py FOLDER: see keeping.sh. FOLDER/kept is a backup of an earlier event of FOLDER/catalog."""
import ctypes
import mmap
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import states

LONG = bool(os.environ.get('IMGSHARE_LONG'))
IMGSHARE, FOLDER = os.environ['IMGSHARE'], sys.argv[1]


class Failed(Exception):
    pass


def imgshare(*arguments, environment=None):
    done = subprocess.run([IMGSHARE, *arguments], capture_output=True, text=True, timeout=60, check=False,
                          env={**os.environ, **(environment or {})})
    return done.returncode, done.stdout, done.stderr


def tree(path):
    """Names and bytes of what is in a directory, but for what SQLite has beside an open catalog."""
    found = {}
    for folder, _, names in os.walk(path):
        for name in names:
            if name.endswith(('.db-wal', '.db-shm')):
                continue
            file = os.path.join(folder, name)
            with open(file, 'rb') as content:
                found[os.path.relpath(file, path)] = b'' if name == 'catalog.db' else content.read()
    return found


class Case:
    """What is done in a folder, what is made by it, and what that is when nobody disturbs it."""

    def __init__(self, name, parts, target, arguments):
        self.name, self.target, self.arguments, self.base = name, target, arguments, f'{FOLDER}/case-{name}'
        os.mkdir(self.base)
        os.mkdir(f'{self.base}/before')
        # hard links stay such: that is what a backup makes
        subprocess.run(['cp', '-a', *[f'{FOLDER}/{part}' for part in parts], f'{self.base}/before'], check=True)
        self.old = self.head(f'{self.base}/before')
        self.copy(f'{self.base}/after')
        begun = time.monotonic()
        status, _, why = self.run(f'{self.base}/after')
        self.seconds = time.monotonic() - begun
        if status != 0:
            raise Failed(f'{name}: {why}')
        self.new, self.tree = self.head(f'{self.base}/after'), tree(f'{self.base}/after/{target}')

    def copy(self, folder):
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run(['cp', '-a', f'{self.base}/before', folder], check=True)

    def run(self, folder, environment=None):
        return imgshare(*[word.replace('@', folder) for word in self.arguments], environment=environment)

    def head(self, folder, strangers=True):
        """The number of its last event, and of the last that a restored one has from elsewhere; None: it is nothing yet."""
        status, said, why = imgshare('-C', f'{folder}/{self.target}', 'check', '--digests', '--log')
        if status == 1 and why and ('was interrupted; run it again' in why or 'No such file' in why or 'there is no catalog' in why):
            return None
        rows = [line.split('\t') for line in said.splitlines()]
        wrong = [row for row in rows if row[0] != 'head' and not (strangers and row[0] == 'blob')]
        if why or wrong or not rows:
            raise Failed(f'check says {wrong or why}')
        return int(rows[-1][1])

    def judge(self, folder, must_be_done=False):
        """Of a run that came to an early end there."""
        found = self.head(folder)
        if found not in (self.old, self.new) or (must_be_done and found != self.new):
            raise Failed(f'it ends with {found}, not {self.old} or {self.new}')
        if found is None and os.path.exists(f'{folder}/{self.target}/catalog.db'):
            raise Failed('it looks whole')
        # a restore that is done, and has said so, is not done again
        if self.target != 'restored' or found is None or os.path.exists(f'{folder}/restored/.restore'):
            status, _, why = self.run(folder)
            if status != 0:
                raise Failed(f'again: status {status}: {why}')
        if self.head(folder, strangers=False) != self.new:
            raise Failed('in the end it is another one')
        if tree(f'{folder}/{self.target}') != self.tree:
            raise Failed(f'in the end there is {sorted(tree(f"{folder}/{self.target}"))}, not {sorted(self.tree)}')


# --- from a record

def disk_of(root):
    """A disk that has these files for sure."""
    disk = states.Disk()
    for folder, folders, names in os.walk(root):
        for name in folders:
            path = os.path.relpath(os.path.join(folder, name), root)
            disk.names[path] = disk.durable[path] = 'folder'
        for name in names:
            path = os.path.join(folder, name)
            inode = os.stat(path).st_ino
            if inode not in disk.of_inode:
                file = states.File()
                with open(path, 'rb') as content:
                    file.durable = content.read()
                file.cached = bytearray(file.durable)
                disk.of_inode[inode] = len(disk.files)
                disk.files.append(file)
            name = os.path.relpath(path, root)
            disk.names[name] = disk.durable[name] = disk.of_inode[inode]
    return disk


def record(case):
    root = f'{case.base}/top'
    case.copy(root)
    with open(f'{case.base}/lock', 'w+b') as file:
        file.truncate(4096)
        memory = mmap.mmap(file.fileno(), 4096)
        ctypes.CDLL(os.environ['RECORD']).record_lock_init(ctypes.byref(ctypes.c_char.from_buffer(memory)))
    disk = disk_of(root)
    status, _, why = case.run(root, {
        'LD_PRELOAD': os.environ['RECORD'], 'RECORD_ROOT': root, 'RECORD_LOG': f'{case.base}/log',
        'RECORD_LOCK': f'{case.base}/lock', 'ASAN_OPTIONS': os.environ.get('ASAN_OPTIONS', '') + ':verify_asan_link_order=0'})
    if status != 0:
        raise Failed(f'recording: {why}')
    return disk, states.read_log(f'{case.base}/log', root)


def choose(records, rng):
    """(how many records are written, strategy): 'most' is what a kill leaves, the others what a disk may have kept."""
    chosen = set()
    for at in range(len(records) + 1):
        near = any(0 <= n < len(records) and records[n].kind != 'write' for n in (at - 1, at))
        if LONG or near or rng.random() < 0.1:
            chosen |= {(at, 'most', 0), (at, 'least', 0)}
        for number in range(10 if LONG else 1 if near else 0):
            chosen.add((at, 'random', number + 1))
    return sorted(chosen)


def judge_record(case, seed):
    disk, records = record(case)
    folder, seen, looked = f'{case.base}/state', set(), 0
    for at, strategy, number in choose(records, random.Random(seed)):
        while disk.number < at:
            disk.apply(records[disk.number])
        state = disk.state(random.Random(seed + number), strategy)
        mark = hash(tuple(state)), at == len(records)
        if mark in seen:
            continue
        seen.add(mark)
        looked += 1
        shutil.rmtree(folder, ignore_errors=True)
        states.make(state, folder)
        try:
            case.judge(folder, must_be_done=at == len(records))
        except Failed as failed:
            behind = ' '.join(str(part) for part in records[at - 1][:1] + records[at - 1][4:6]) if at else 'nothing'
            raise Failed(f'{case.name}: after {at} of {len(records)} records ({behind}), {strategy} {number} (SEED={seed}): '
                         f'{failed}') from failed
    print(f'{case.name}: {looked} states of {len(records)} records')


# --- killed for true

def judge_kills(case, times):
    folder, killed = f'{case.base}/killed', 0
    for number in range(times):
        case.copy(folder)
        with subprocess.Popen([IMGSHARE, *[word.replace('@', folder) for word in case.arguments]],
                              stdout=subprocess.DEVNULL) as process:
            time.sleep(case.seconds * number / times)
            process.send_signal(signal.SIGKILL)
        killed += process.returncode != 0
        try:
            case.judge(folder, must_be_done=process.returncode == 0)
        except Failed as failed:
            raise Failed(f'{case.name}: killed after {number / times:.2f} of its time: {failed}') from failed
    print(f'{case.name}: killed {killed} times')


def main():
    seed = int(os.environ.get('SEED') or 0) or random.SystemRandom().randrange(1, 1 << 30)
    backup = ['-C', '@/catalog', 'backup', '@/kept']
    try:
        for name, parts, target, arguments in [('first', ['catalog'], 'kept', backup),
                                               ('again', ['catalog', 'kept'], 'kept', backup),
                                               ('restore', ['kept'], 'restored', ['restore', '@/kept', '@/restored'])]:
            case = Case(name, parts, target, arguments)
            judge_record(case, seed)
            judge_kills(case, 500 if LONG else 15)
    except Failed as failed:
        sys.exit(str(failed))


if __name__ == '__main__':
    main()

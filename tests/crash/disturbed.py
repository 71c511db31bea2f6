# SPDX-License-Identifier: MIT
"""A command that is killed, or whose power fails, at any moment. A case says what there is before, which command is run, and
judges what is left; its moments and states are made here.

    judge_record   states of a disk, of a record of what the command writes and flushes (record.c, states.py)
    judge_kills    killed for true, after a part of its time
"""
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
IMGSHARE = os.environ['IMGSHARE']


class Failed(Exception):
    pass


def run(*arguments, environment=None):
    done = subprocess.run([IMGSHARE, *arguments], capture_output=True, text=True, timeout=60, check=False,
                          env={**os.environ, **(environment or {})})
    return done.returncode, done.stdout, done.stderr


class Case:
    """BASE/before is a folder with all that there is; the command may name another folder that has the same."""
    few, several = 0.3, 4  # of the moments between two flushes; states at each flush

    def __init__(self, name, base):
        self.name, self.base, self.seconds = name, base, 0

    def arguments(self, folder):
        raise NotImplementedError

    def judge(self, folder, must_be_done=False):
        """Of a command that came to an early end there; done: it had said so."""
        raise NotImplementedError

    def copy(self, folder):
        """Hard links stay such: that is what a backup makes."""
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run(['cp', '-a', f'{self.base}/before', folder], check=True)

    def undisturbed(self):
        """Does it where nobody disturbs it, and takes its time."""
        self.copy(f'{self.base}/after')
        begun = time.monotonic()
        status, _, why = run(*self.arguments(f'{self.base}/after'))
        self.seconds = time.monotonic() - begun
        if status != 0:
            raise Failed(f'{self.name}: it cannot be done: {why}')


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
    """The disk before, and what the program did to it."""
    root = f'{case.base}/top'
    case.copy(root)
    with open(f'{case.base}/lock', 'w+b') as file:
        file.truncate(4096)
        memory = mmap.mmap(file.fileno(), 4096)
        ctypes.CDLL(os.environ['RECORD']).record_lock_init(ctypes.byref(ctypes.c_char.from_buffer(memory)))
    disk = disk_of(root)
    status, _, why = run(*case.arguments(root), environment={
        'LD_PRELOAD': os.environ['RECORD'], 'RECORD_ROOT': root, 'RECORD_LOG': f'{case.base}/log',
        'RECORD_LOCK': f'{case.base}/lock', 'ASAN_OPTIONS': os.environ.get('ASAN_OPTIONS', '') + ':verify_asan_link_order=0'})
    if status != 0:
        raise Failed(f'recording: {why}')
    return disk, states.read_log(f'{case.base}/log', root)


def choose(case, records, rng):
    """(how many records are written, strategy, number): 'most' is what a kill leaves, the others what a disk may have
    kept."""
    chosen = set()
    for at in range(len(records) + 1):
        near = any(0 <= n < len(records) and records[n].kind != 'write' for n in (at - 1, at))
        if LONG or near or rng.random() < case.few:
            chosen |= {(at, 'most', 0), (at, 'least', 0)} | ({(at, 'last', 0)} if near else set())
        for number in range(10 if LONG else case.several if near else 0):
            chosen.add((at, 'random', number + 1))
    return sorted(chosen)


def judge_record(case, seed):
    disk, records = record(case)
    folder, seen, looked = f'{case.base}/state', set(), 0
    for at, strategy, number in choose(case, records, random.Random(seed)):
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
        with subprocess.Popen([IMGSHARE, *case.arguments(folder)], stdout=subprocess.DEVNULL) as process:
            time.sleep(case.seconds * number / times)
            process.send_signal(signal.SIGKILL)
        killed += process.returncode != 0
        try:
            case.judge(folder, must_be_done=process.returncode == 0)
        except Failed as failed:
            raise Failed(f'{case.name}: killed after {number / times:.2f} of its time: {failed}') from failed
    print(f'{case.name}: killed {killed} times')


def disturb(cases):
    """cases: each is made when its turn comes."""
    seed = int(os.environ.get('SEED') or 0) or random.SystemRandom().randrange(1, 1 << 30)
    try:
        for case in cases:
            judge_record(case, seed)
            judge_kills(case, 500 if LONG else 15)
    except Failed as failed:
        sys.exit(str(failed))

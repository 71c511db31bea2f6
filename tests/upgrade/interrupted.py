# SPDX-License-Identifier: MIT
"""interrupted.py FOLDER: see interrupted.sh. FOLDER/catalog is one of format 1."""
import ctypes
import mmap
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), '../crash'))
import states  # noqa: E402

LONG = bool(os.environ.get('IMGSHARE_LONG'))
IMGSHARE = os.environ['IMGSHARE']
DB, KEPT = 'catalog.db', 'catalog.db.format-1'


class Failed(Exception):
    pass


def rows_of(path):
    """The format, and all that is in a catalog, of a copy: asking may repair it. Of events that the program under test adds not
    when, and no hash."""
    copy = f'{path}.asked'
    shutil.rmtree(copy, ignore_errors=True)
    os.mkdir(copy)
    for suffix in ['', '-wal', '-journal']:
        if os.path.exists(path + suffix):
            shutil.copy(path + suffix, f'{copy}/{DB}{suffix}')
    db = sqlite3.connect(f'{copy}/{DB}')
    try:
        stamp, = db.execute('PRAGMA user_version').fetchone()
        format = stamp if stamp < 100 else stamp // 100  # with a revision: catalog.h
        if db.execute('PRAGMA integrity_check').fetchall() != [('ok',)]:
            raise Failed(f'{path} is damaged')
        found = {}
        for table, in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").fetchall():
            if table == 'event':
                found[table] = db.execute("SELECT id, iif(op IN ('snapshot', 'repair'), 0, time), actor, uid, via, op, object, account, place, owner,"
                                          " rule, errno, detail, length, iif(op IN ('snapshot', 'repair'), 0, hash) FROM event ORDER BY id").fetchall()
            else:
                found[table] = sorted(db.execute(f'SELECT * FROM "{table}"').fetchall(), key=repr)
        return format, found
    except sqlite3.DatabaseError as error:
        raise Failed(f'{path}: {error}') from error
    finally:
        db.close()
        shutil.rmtree(copy)


def run(folder, words, environment=None):
    done = subprocess.run([IMGSHARE, '-C', folder, *words], capture_output=True, text=True, timeout=60, check=False,
                          env={**os.environ, **(environment or {})})
    return done.returncode, done.stdout, done.stderr


class Case:
    """A catalog before, what is in it, and what is in it when it has been upgraded undisturbed."""
    words = ['upgrade']

    def __init__(self, name, folder):
        self.name, self.base = name, f'{folder}/{name}'
        os.makedirs(self.base)
        shutil.copytree(f'{folder}/catalog', f'{self.base}/before')
        if name == 'wal':
            leave_in_wal(f'{self.base}/before/{DB}')
        self.old = rows_of(f'{self.base}/before/{DB}')
        shutil.copytree(f'{self.base}/before', f'{self.base}/after')
        begun = time.monotonic()
        if run(f'{self.base}/after', self.words)[0] != 0:
            raise Failed(f'{name}: it cannot be done')
        self.seconds = time.monotonic() - begun
        self.new = rows_of(f'{self.base}/after/{DB}')
        self.judge_undisturbed()

    def judge_undisturbed(self):
        if self.old[0] != 1 or self.new[0] != 2:
            raise Failed(f'{self.name}: from format {self.old[0]} to {self.new[0]}')

    def judge(self, folder, must_be_done=False):
        """Of an upgrade that came to an early end there."""
        found = rows_of(f'{folder}/{DB}')
        if found not in (self.old, self.new):
            raise Failed(f'of format {found[0]}, and not as {"before" if found[0] == 1 else "undisturbed"}')
        if must_be_done and found != self.new:
            raise Failed('it had said that it is upgraded')
        status, said, why = run(folder, self.words)
        if status != 0 or why or ('already' in said) != (found == self.new):
            raise Failed(f'again: status {status}: {said}{why}')
        names = sorted(os.listdir(folder))
        if names != [DB, KEPT]:
            raise Failed(f'there is {names}')
        if rows_of(f'{folder}/{DB}') != self.new:
            raise Failed('in the end it is not as undisturbed')
        if rows_of(f'{folder}/{KEPT}') != self.old:
            raise Failed('the old file is not as it was')


def leave_in_wal(path):
    """As a daemon that was killed leaves it: without its write-ahead log a catalog has no events."""
    if os.fork() == 0:
        try:
            db = sqlite3.connect(path, isolation_level=None)
            for sql in ['PRAGMA wal_autocheckpoint = 0', 'CREATE TEMP TABLE kept AS SELECT * FROM event', 'DELETE FROM event',
                        'PRAGMA wal_checkpoint(TRUNCATE)', 'INSERT INTO event SELECT * FROM kept']:
                db.execute(sql).fetchall()
        finally:
            os._exit(0)  # without closing it
    os.wait()
    db = sqlite3.connect(f'file:{path}?immutable=1', uri=True)
    if db.execute('SELECT count(*) FROM event').fetchone() != (0,):
        raise Failed('nothing is in its write-ahead log alone')
    db.close()
    os.unlink(f'{path}-shm')


# --- from a record

def disk_of(folder, root):
    """A disk that has these files for sure."""
    disk = states.Disk()
    for path in [folder] + [f'{folder}/{name}' for name in sorted(os.listdir(folder))]:
        name = os.path.relpath(path, root)
        if os.path.isdir(path):
            disk.names[name] = disk.durable[name] = 'folder'
            continue
        file = states.File()
        with open(path, 'rb') as content:
            file.durable = content.read()
        file.cached = bytearray(file.durable)
        disk.of_inode[os.stat(path).st_ino] = disk.names[name] = disk.durable[name] = len(disk.files)
        disk.files.append(file)
    return disk


def record(case):
    """The disk before, and what the program did to it."""
    root = f'{case.base}/top'
    shutil.copytree(f'{case.base}/before', f'{root}/catalog')
    with open(f'{case.base}/lock', 'w+b') as file:
        file.truncate(4096)
        memory = mmap.mmap(file.fileno(), 4096)
        ctypes.CDLL(os.environ['RECORD']).record_lock_init(ctypes.byref(ctypes.c_char.from_buffer(memory)))
    disk = disk_of(f'{root}/catalog', root)
    status, _, why = run(f'{root}/catalog', case.words, {
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
        if LONG or near or rng.random() < 0.3:
            chosen |= {(at, 'most', 0), (at, 'least', 0)}
        for number in range(10 if LONG else 4 if near else 0):
            chosen.add((at, 'random', number + 1))
    return sorted(chosen)


def judge_record(case, seed):
    disk, records = record(case)
    folder, seen, looked = f'{case.base}/state', set(), 0
    for at, strategy, number in choose(records, random.Random(seed)):
        while disk.number < at:
            disk.apply(records[disk.number])
        state = disk.state(random.Random(seed + number), strategy)
        mark = hash(tuple(state))
        if (mark, at == len(records)) in seen:
            continue
        seen.add((mark, at == len(records)))
        looked += 1
        shutil.rmtree(folder, ignore_errors=True)
        states.make(state, folder)
        try:
            case.judge(f'{folder}/catalog', must_be_done=at == len(records))
        except Failed as failed:
            behind = ' '.join(str(part) for part in records[at - 1][:1] + records[at - 1][4:6]) if at else 'nothing'
            raise Failed(f'{case.name}: after {at} of {len(records)} records ({behind}), {strategy} {number} (SEED={seed}): '
                         f'{failed}') from failed
    print(f'{case.name}: {looked} states of {len(records)} records')


# --- killed for true

def judge_kills(case, times):
    folder, killed = f'{case.base}/killed', 0
    for number in range(times):
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(f'{case.base}/before', folder)
        with subprocess.Popen([IMGSHARE, '-C', folder, *case.words], stdout=subprocess.DEVNULL) as process:
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
    try:
        for name in ['plain', 'wal']:
            case = Case(name, sys.argv[1])
            judge_record(case, seed)
            judge_kills(case, 500 if LONG else 15)
    except Failed as failed:
        sys.exit(str(failed))


if __name__ == '__main__':
    main()

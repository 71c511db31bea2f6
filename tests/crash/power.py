# SPDX-License-Identifier: MIT
"""The power fails: see power.sh.

First a load on a mount and by commands is recorded with all it writes and flushes, and when each change was asked and
acknowledged. Then, for moments of the record, states that a disk may have kept are made (states.py) and looked at: what
was acknowledged is there, the change that was open is done or not, sealed disks have their bytes, check finds nothing,
and changes go on.
"""
import argparse
import copy
import ctypes
import mmap
import os
import pickle
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time

import states
from admin import IMAGES, Admin, oracle
from workload import Change, Owner, adopt, beginnings, disagreements, same_disk

SWEEP = 60  # seconds until a mount must have swept away what a crash left in the stores
SETUP = [('region', 'add', 'north'), ('region', 'add', 'south')] + \
    [('account', 'add', name) for name in ['alice', 'bob', 'carol', 'dave'] + [f'p{i}' for i in range(1, 10)]]


class Failed(Exception):
    pass


def imgshare(folder, *arguments):
    return subprocess.run([os.environ['IMGSHARE'], '-C', folder, *arguments], capture_output=True, text=True,
                          check=False)


class Daemon:
    def __init__(self, folder, mount, options):
        os.makedirs(mount, exist_ok=True)
        self.mount = mount
        self.process = subprocess.Popen([os.environ['IMGSHAREFS'], folder, mount, '-f', '-o', options],
                                        stderr=subprocess.PIPE, text=True)
        while not os.path.ismount(mount):
            if self.process.poll() is not None:
                raise Failed(f'no mount: {self.process.stderr.read()}')
            time.sleep(0.001)

    def stop(self):
        self.process.terminate()
        self.process.communicate(timeout=60)


class Recording:
    """The load, and what was acknowledged when."""

    def __init__(self, base, seed, steps, options):
        self.base, self.root, self.options = base, f'{base}/top', options
        self.folder, self.mount, self.log = f'{self.root}/catalog', f'{base}/mount', f'{base}/log'
        self.owners = [Owner('alice', self.mount, self.folder, prefix, seed + i, most=12) for i, prefix in enumerate('ab')]
        self.admin = Admin(self.folder, seed + 9, kill=False, elsewhere=False)
        self.history = [[(owner.state, None)] for owner in self.owners] + [[(self.admin.state, None)]]
        self.steps, self.random, self.faults = steps, random.Random(seed), []

    def keep(self, folder):
        """The log, and what was acknowledged, for another look."""
        os.makedirs(folder, exist_ok=True)
        shutil.copy(self.log, f'{folder}/log')
        with open(f'{folder}/history', 'wb') as file:
            pickle.dump((self.root, [[(state, change and Change(change.kind, None, None, change.key, change.steps))
                                      for state, change in history] for history in self.history]), file)

    def restore(self, folder):
        with open(f'{folder}/history', 'rb') as file:
            self.root, self.history = pickle.load(file)
        self.log = f'{folder}/log'

    def mark(self, who, what):
        with open(self.log, 'ab', buffering=0) as log:
            log.write(states.pack_mark(f'{who} {what}'))

    def run(self):
        os.makedirs(self.root, exist_ok=True)
        with open(f'{self.base}/lock', 'w+b') as file:
            file.truncate(4096)
            memory = mmap.mmap(file.fileno(), 4096)
            ctypes.CDLL(os.environ['RECORD']).record_lock_init(ctypes.byref(ctypes.c_char.from_buffer(memory)))
        before = dict(os.environ)
        os.environ.update(LD_PRELOAD=os.environ['RECORD'], RECORD_ROOT=self.root, RECORD_LOG=self.log,
                          RECORD_LOCK=f'{self.base}/lock',
                          ASAN_OPTIONS=os.environ.get('ASAN_OPTIONS', '') + ':verify_asan_link_order=0')
        try:
            self.set_up()
            self.load()
        finally:
            os.environ.clear()
            os.environ.update(before)
        if self.faults:
            raise Failed('\n'.join(self.faults))

    def set_up(self):
        for number, command in enumerate([('init', self.folder)] + SETUP):
            result = imgshare(self.folder, *command)
            if result.returncode != 0:
                raise Failed(f'{command}: {result.stderr}')
            self.mark('setup', f'ack {number}')
        daemon = Daemon(self.folder, self.mount, 'account=carol')
        for name in IMAGES:
            os.mkdir(f'{self.mount}/regions/north/images/{name}')
            with open(f'{self.mount}/regions/north/images/{name}/disk', 'wb') as disk:
                disk.write(os.urandom(1000))
        daemon.stop()
        self.mark('setup', 'done')

    def load(self):
        """In two mounts one after the other, so that the catalog is closed in between, and its log copied back."""
        for _ in range(2):
            daemon = Daemon(self.folder, self.mount, self.options)
            workers = [threading.Thread(target=self.work, args=(number,)) for number in range(len(self.owners))]
            for thread in workers:
                thread.start()
            self.operate()
            for thread in workers:
                thread.join()
            daemon.stop()

    def work(self, number):
        owner, history = self.owners[number], self.history[number]
        try:
            for _ in range(self.steps):
                change, after = owner.propose(), copy.deepcopy(owner.state)
                change.effect(after)
                history.append((after, change))
                self.mark(number, 'begin')
                change.perform()
                self.mark(number, 'ack')
                owner.state = after
        except Exception as e:
            self.faults.append(f'recording, {change.kind} of {change.key}: {e}')

    def operate(self):
        number = len(self.owners)
        for _ in range(self.steps // 4):
            after, call = self.admin.prepare()
            self.history[number].append((after, None))
            self.mark(number, 'begin')
            status, output = call()
            if status != 0:
                self.faults.append(f'recording: {output}')
                return
            self.mark(number, 'ack')
            self.admin.state = after


class Moment:
    """What is known when so many records are written: how many changes each worker had acknowledged, and asked."""

    def __init__(self, workers):
        self.setup, self.acked, self.asked = -1, [0] * workers, [0] * workers

    def pass_mark(self, text):
        who, what = text.split(' ', 1)
        if who == 'setup':
            self.setup = len(SETUP) + 1 if what == 'done' else int(what.split()[1])
        elif what == 'begin':
            self.asked[int(who)] += 1
        else:
            self.acked[int(who)] += 1


class Judge:
    """Looks at one state of the disk."""

    def __init__(self, recording, base, seed):
        self.recording, self.base, self.random = recording, base, random.Random(seed)
        self.root, self.folder, self.mount = f'{base}/top', f'{base}/top/catalog', f'{base}/mount'
        self.normal = 'durability=normal' in recording.options
        os.makedirs(base)

    def judge(self, state, moment):
        shutil.rmtree(self.root, ignore_errors=True)
        states.make(state, self.root)
        if moment.setup <= len(SETUP):
            self.judge_setup(moment.setup)
        else:
            self.judge_load(moment)

    def judge_setup(self, acked):
        """No image is there yet; a command that was open is done, or can be done."""
        if acked < 0:
            result = imgshare(self.folder, 'init', self.folder)
            if result.returncode != 0 and 'holds a catalog already' not in result.stderr:
                raise Failed(f'init once more: {result.stderr}')
        daemon = Daemon(self.folder, self.mount, 'account=operator')
        try:
            self.check(SWEEP)
        finally:
            daemon.stop()
        for number, command in enumerate(SETUP[:acked + 1]):
            result = imgshare(self.folder, *command)
            if number < acked and 'exists already' not in result.stderr:
                raise Failed(f'{command} was acknowledged, and is lost: {result.stdout}{result.stderr}')
            if number == acked and result.returncode != 0 and 'exists already' not in result.stderr:
                raise Failed(f'{command} once more: {result.stderr}')
        self.check()

    def check(self, seconds=0, newest=None):
        """Blobs that nobody owns may be there for some seconds while a mount sweeps; with numbers above `newest`, the last
        event when it began to, for longer: it leaves them alone."""
        end = time.monotonic() + seconds
        result = imgshare(self.folder, 'check', '--digests', '--log')
        while result.returncode != 0 and not self.newer(result, newest) and time.monotonic() < end:
            result = imgshare(self.folder, 'check', '--digests', '--log')
        if result.returncode != 0 and not self.newer(result, newest):
            raise Failed(f'check finds: {result.stdout}{result.stderr}')
        if found := oracle(self.folder):
            raise Failed(found)

    @staticmethod
    def newer(result, newest):
        """Is nothing found but blobs that are newer than what the disk kept of the log?"""
        rows = [line.split('\t') for line in result.stdout.splitlines()]
        return newest is not None and rows and all(
            row[0] == 'head' or (row[0] == 'blob' and int(row[1].split('/')[1]) > newest) for row in rows)

    def newest(self):
        """The last event, of a log that may have lost its end."""
        return int(imgshare(self.folder, 'log').stdout.splitlines()[-1].split('\t')[0]) if self.normal else None

    def candidates(self, worker, moment, found):
        """The states a worker may find, the acknowledged one first."""
        history, acked, asked = self.recording.history[worker], moment.acked[worker], moment.asked[worker]
        if self.normal:
            possible = [self.loosen(state, found) for state, _ in reversed(history[:asked + 1])]
        else:
            possible = [state for state, _ in history[acked:asked + 1]]
        changes = history[1 if self.normal else acked + 1:asked + 1]
        for number, (after, change) in enumerate(changes, start=1 if self.normal else acked + 1):
            if change:
                possible += [self.loosen(state, found) for state in
                             beginnings(history[number - 1][0], after, change, found, power=True)]
        return possible

    def loosen(self, state, found):
        """Of what was not sealed the bytes may be later than the catalog."""
        if not self.normal or 'shares' in state:  # an operator has no disks
            return state
        later = {key: {**entry, 'disk': found[key]['disk'], 'old': []} for key, entry in state.items()
                 if entry.get('state') != 'sealed' and entry['disk'] is not None and
                 found.get(key, {}).get('disk') is not None}
        return {**state, **later}

    def judge_load(self, moment):
        newest = self.newest()
        daemon = Daemon(self.folder, self.mount, 'account=alice')
        try:
            owners = [self.judge_owner(number, moment) for number in range(len(self.recording.owners))]
            self.judge_admin(moment, owners)
            for owner in owners:
                self.go_on(owner)
            self.check(SWEEP, newest)
        finally:
            daemon.stop()

    def judge_owner(self, number, moment):
        recorded = self.recording.owners[number]
        owner = Owner(recorded.account, self.mount, self.folder, recorded.prefix, self.random.getrandbits(32))
        found, _ = owner.read()
        possible = self.candidates(number, moment, found)
        wrong = disagreements(found, possible, power=True)
        if wrong:
            is_open = moment.asked[number] > moment.acked[number]
            kind = self.recording.history[number][moment.asked[number]][1].kind if is_open else 'nothing'
            done = [change for _, change in self.recording.history[number][1:moment.acked[number] + 1]]
            past = [f'{change.kind} {change.key[2]}' for change in done
                    if any(str(change.key) in line for line in wrong)]
            raise Failed('\n'.join([f'{kind} open:', *wrong, f'their past: {", ".join(past)}']))
        owner.state, owner.serial = adopt(found, possible, power=True), 1000000
        return owner

    def judge_admin(self, moment, owners):
        admin = Admin(self.folder, 0, kill=False)
        found, number = admin.read(), len(self.recording.owners)
        possible = self.candidates(number, moment, found)
        if found not in possible and not any(admin.half_applied(found, a, b) for a, b in zip(possible, possible[1:])):
            raise Failed(f'imgshare: {found} is not {" nor ".join(map(str, possible[:2]))}')
        if fault := admin.verify_backup():
            raise Failed(fault)
        shares = {tuple(row[:3]) for row in admin.ask('access', '--all') if row[1].endswith('@alice')}
        wanted = {(key[1], f'{key[2]}@alice', account) for owner in owners for key, entry in owner.state.items()
                  if key[0] == 'image' for account in entry['shares']}
        if shares != wanted:
            raise Failed(f'shares {shares ^ wanted} are there and should not, or the other way round')

    @staticmethod
    def look_at_kept(owner, key):
        """What had been removed before it was flushed has come back with what the disk kept of it."""
        entry, found = owner.state[key], owner.read_disk(key)
        if not same_disk(found, entry['disk'], entry['old']):
            raise Failed(f'{key} came back with other bytes')
        entry['disk'] = found
        owner.finish()

    @staticmethod
    def go_on(owner):
        """Some more changes, which must find nothing in their way."""
        owner.finish()
        for _ in range(2):
            change, after = owner.propose(), copy.deepcopy(owner.state)
            change.effect(after)
            change.perform()
            owner.state = after
            if change.kind == 'undelete':
                Judge.look_at_kept(owner, change.key)
        found, _ = owner.read()
        wrong = disagreements(found, [owner.state])
        if wrong:
            raise Failed('after going on:\n' + '\n'.join(wrong))


class Replay:
    """Goes through the record once, and stops where it is asked to."""

    def __init__(self, recording, records, ignored=()):
        self.disk, self.moment = states.Disk(ignored), Moment(len(recording.history))
        self.records = records

    def go_to(self, number):
        while self.disk.number < number:
            record = self.records[self.disk.number]
            if record.kind == 'mark':
                self.moment.pass_mark(record.data.decode())
            self.disk.apply(record)


def look(recording, records, base, number, seed, jobs):
    """jobs: (record, strategy), rising. Returns (how many were looked at, faults)."""
    judge, replay, seen, faults = Judge(recording, f'{base}/look{number}', seed), Replay(recording, records), set(), []
    for at, strategy, state_seed in jobs:
        replay.go_to(at)
        state = replay.disk.state(random.Random(state_seed), strategy)
        mark = hash((tuple(state), *replay.moment.acked, *replay.moment.asked, replay.moment.setup))
        if mark in seen:
            continue
        seen.add(mark)
        try:
            judge.judge(state, replay.moment)
        except (Failed, AssertionError, OSError) as e:
            faults.append(f'after {at} of {len(records)} records, {strategy} (STATE={at}:{strategy}:{state_seed}): {e}')
            if len(faults) >= 5:
                break
    return len(seen), faults


def look_in_parallel(recording, records, jobs, seed, processes):
    """Forked, for the states are kept in memory."""
    pipes = []
    for number in range(processes):
        reading, writing = os.pipe()
        if os.fork() == 0:
            result = 0, ['the process that looked failed']
            try:
                result = look(recording, records, recording.base, number, seed + number,
                              sorted(jobs[number::processes]))
            except BaseException as e:
                result = 0, [f'{type(e).__name__}: {e}']
            finally:
                os.write(writing, repr(result).encode()[:60000])
                os._exit(0)
        os.close(writing)
        pipes.append(reading)
    results = []
    for pipe in pipes:
        with os.fdopen(pipe, 'rb') as file:
            results.append(eval(file.read()))
        os.wait()
    return sum(n for n, _ in results), [fault for _, faults in results for fault in faults]


def is_ack(record):
    return record.kind == 'mark' and (b'ack' in record.data or b'done' in record.data)


def choose(records, wanted, rng):
    """Moments and ways: all acknowledgements with as little as possible kept, the rest at random."""
    acks = [number + 1 for number, record in enumerate(records) if is_ack(record)]
    jobs = [(at, 'least', 0) for at in rng.sample(acks, min(len(acks), wanted // 3))]
    while len(jobs) < wanted:
        jobs.append((rng.randrange(1, len(records) + 1), rng.choice(['least', 'most', 'random', 'random', 'random']),
                     rng.getrandbits(30)))
    return jobs


def is_found(recording, records, at, ignored, name):
    """What is wrong with the least that is left at this moment."""
    replay = Replay(recording, records, ignored)
    replay.go_to(at)
    state = replay.disk.state(random.Random(0), 'least')
    try:
        Judge(recording, f'{recording.base}/{name}', 0).judge(state, replay.moment)
    except (Failed, AssertionError, OSError) as e:
        return str(e)
    return None


def plant(recording, records, rng):
    """One sync of each kind that is forgotten must be missed."""
    kinds = {'the catalog\'s log': lambda r: r.kind == 'sync' and r.path.endswith('-wal'),
             'a disk': lambda r: r.kind == 'sync' and '/store/' in r.path,
             'a store': lambda r: r.kind == 'sync_dir' and '/store/' in r.path}
    faults = []
    for kind, wanted in kinds.items():
        tries = [number for number, r in enumerate(records) if r.path and wanted(r)]
        rng.shuffle(tries)
        for number in tries[:40]:
            ack = next((n + 1 for n in range(number, len(records)) if is_ack(records[n])), None)
            found = ack and is_found(recording, records, ack, {number}, f'plant{number}')
            if found and not is_found(recording, records, ack, {}, f'whole{number}'):
                print(f'planted: without record {number}, a sync of {kind}, is found: {found[:200]}')
                break
        else:
            faults.append(f'nothing is found without a sync of {kind}, in {len(tries[:40])} tries')
    return faults


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument('--states', type=int, default=300)
    arguments.add_argument('--steps', type=int, default=120)
    arguments.add_argument('--normal', action='store_true')
    arguments.add_argument('--plant', action='store_true')
    arguments.add_argument('--processes', type=int, default=2)
    options = arguments.parse_args()
    seed = int(os.environ.get('SEED') or 0) or random.SystemRandom().randrange(1, 1 << 30)
    print('seed', seed, flush=True)
    rng = random.Random(seed)
    base = tempfile.mkdtemp(dir=os.environ['T'])
    recording = Recording(base, seed, options.steps,
                          'account=alice' + (',durability=normal' if options.normal else ''))
    try:
        if os.environ.get('REPLAY'):
            recording.restore(os.environ['REPLAY'])
        else:
            recording.run()
        records = states.read_log(recording.log, recording.root)
        print(f'{len(records)} records of {sum(len(history) - 1 for history in recording.history)} changes')
        if options.plant:
            count, faults = 0, plant(recording, records, rng)
        else:
            jobs = choose(records, options.states, rng)
            if os.environ.get('STATE'):
                at, strategy, state_seed = os.environ['STATE'].split(':')
                jobs = [(int(at), strategy, int(state_seed))]
            count, faults = look_in_parallel(recording, records, jobs, seed, options.processes)
            print(f'{count} states looked at')
        if faults and os.environ.get('KEEP'):
            recording.keep(os.environ['KEEP'])
    except Failed as e:
        faults = [str(e)]
    for fault in faults:
        print(fault)
    sys.exit(1 if faults else 0)


if __name__ == '__main__':
    main()

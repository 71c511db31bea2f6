# SPDX-License-Identifier: MIT
"""Kills daemons and commands under load, again and again: see kill.sh.

Alice's and bob's mounts and an operator's commands each have workers that keep a model of what was acknowledged. When a
process dies, the request under way is the only one whose effect is open. After the remount all must be as the models
say, with or without that request, in the mount that stayed alive as well.
"""
import copy
import os
import random
import signal
import subprocess
import sys
import threading
import time

from admin import IMAGES, Admin, oracle
from workload import REGIONS, Owner, adopt, beginnings, disagreements

DIR, FOLDER, KILLS = sys.argv[1], sys.argv[2], int(sys.argv[3])
SHUT = 107, 103, 5  # ENOTCONN, ECONNABORTED, EIO: the daemon has just died
SWEEP = 60  # seconds until a mount must have swept away what a crash left in the stores
PATIENCE = 10  # seconds until other mounts must show a change: it is 0.1 s, on a machine that does nothing else


class Failed(Exception):
    pass


class Mount:
    def __init__(self, account):
        self.account, self.path, self.daemon, self.dying = account, f'{FOLDER}/{account}', None, False
        os.makedirs(self.path, exist_ok=True)

    def start(self):
        self.daemon = subprocess.Popen([os.environ['IMGSHAREFS'], DIR, self.path, '-f', '-o',
                                        f'account={self.account}'])
        while not os.path.ismount(self.path):
            if self.daemon.poll() is not None:
                raise Failed(f'the daemon ended with {self.daemon.returncode}')
            time.sleep(0.001)

    def kill(self):
        self.dying = True
        self.daemon.send_signal(signal.SIGKILL)
        self.daemon.wait()

    def restart(self):
        unmount = ['umount', '-l'] if os.geteuid() == 0 else ['fusermount3', '-uz']
        subprocess.run([*unmount, self.path], check=False)
        self.start()
        self.dying = False

    def stop(self):
        self.daemon.terminate()
        if self.daemon.wait(60) != 0:
            raise Failed(f'the daemon of {self.account} ended with {self.daemon.returncode}')


class Worker(threading.Thread):
    """Does what its owner proposes until it is told to stop, or the mount is gone."""

    def __init__(self, owner, mount, stop):
        super().__init__()
        self.owner, self.mount, self.stop = owner, mount, stop
        self.states, self.change, self.done, self.fault = [owner.state], None, 0, None

    def run(self):
        try:
            while not self.stop.is_set() and self.step():
                pass
        except Exception as e:
            self.fault = f'{type(e).__name__}: {e}'

    def step(self):
        change, before = self.owner.propose(), self.owner.state
        after = copy.deepcopy(before)
        change.effect(after)
        self.states, self.change = [before, after], change
        try:
            change.perform()
        except OSError as e:
            if e.errno not in SHUT or not self.mount.dying:
                self.fault = f'{change.kind} of {change.key}: {e}'
            return False
        self.owner.state = after
        self.states, self.change = [after], None
        self.done += 1
        return True

    def resolve(self, number):
        """Looks what became of the change that was open, and of all else."""
        found, digests = self.owner.read()
        states = list(self.states)
        if self.change:
            states += beginnings(*states, self.change, found)
        wrong = disagreements(found, states)
        if wrong:
            kind = self.change.kind if self.change else 'nothing'
            raise Failed(f'round {number}, {self.owner.account}, {kind} open:\n' + '\n'.join(wrong))
        self.owner.state = adopt(found, states)
        self.owner.finish()
        return digests


class Test:
    def __init__(self, seed):
        self.random, self.digests = random.Random(seed), {}
        self.mounts = {name: Mount(name) for name in ('alice', 'bob')}
        self.owners = [Owner(name, self.mounts[name].path, DIR, prefix, seed + 1 + i, kill=True)
                       for i, (name, prefix) in enumerate((('alice', 'a'), ('alice', 'b'), ('bob', 'c')))]
        self.admin, self.done, self.kills = Admin(DIR, seed + 4), 0, 0

    def prepare(self):
        """The images whose shares the operator sets."""
        carol = Mount('carol')
        carol.start()
        for name in IMAGES:
            os.mkdir(f'{carol.path}/regions/north/images/{name}')
            with open(f'{carol.path}/regions/north/images/{name}/disk', 'wb') as disk:
                disk.write(os.urandom(1000))
        carol.stop()
        for mount in self.mounts.values():
            mount.start()

    def operate(self, stop, faults):
        """At least one command a round, so that some are killed."""
        try:
            fault = self.admin.init()
            while not fault:
                fault = self.admin.step()
                if stop.is_set():
                    break
        except Exception as e:
            fault = f'{type(e).__name__}: {e}'
        if fault:
            faults.append(f'imgshare: {fault}')

    def load(self, victims):
        """A round's load, and the death of the victims in it."""
        stop, faults = threading.Event(), []
        workers = [Worker(owner, self.mounts[owner.account], stop) for owner in self.owners]
        operator = threading.Thread(target=self.operate, args=(stop, faults))
        for thread in workers + [operator]:
            thread.start()
        time.sleep(self.random.uniform(0.02, 0.6))
        for mount in victims:
            mount.kill()
        self.kills += len(victims)
        stop.set()
        for thread in workers + [operator]:
            thread.join(120)
            if thread.is_alive():
                raise Failed('a request is not answered after the daemon was killed')
        faults += [worker.fault for worker in workers if worker.fault]
        if faults:
            raise Failed('\n'.join(faults))
        return workers

    def wanted_shares(self):
        shares = {('north', f'{name}@carol', account)
                  for name, accounts in self.admin.state['shares'].items() for account in accounts}
        for owner in self.owners:
            shares |= {(key[1], f'{key[2]}@{owner.account}', account) for key, entry in owner.state.items()
                       if key[0] == 'image' for account in entry['shares']}
        return shares

    def verify_shares(self, number):
        """No revoked share is back, none is lost: to the operator at once, to each mount when its caches must know."""
        wanted, end = self.wanted_shares(), time.monotonic() + PATIENCE
        found = {tuple(row[:3]) for row in self.admin.ask('access', '--all')}
        if found != wanted:
            raise Failed(f'round {number}: shares {found ^ wanted} are there and should not, or the other way round')
        for name, mount in self.mounts.items():
            received = {(region, image) for region, image, account in wanted if account == name}
            while True:
                found = {(region, image) for region in REGIONS
                         for image in os.listdir(f'{mount.path}/regions/{region}/images') if '@' in image}
                links = {(region, image) for region in os.listdir(f'{mount.path}/accounts/{name}/received')
                         for image in os.listdir(f'{mount.path}/accounts/{name}/received/{region}')}
                if found == links == received:
                    break
                if time.monotonic() > end:
                    raise Failed(f'round {number}: {name} sees {found ^ received} or {links ^ received} wrongly')

    def check(self, number, *options):
        """Blobs that nobody owns may be there until the mounts have swept them away."""
        end = time.monotonic() + SWEEP
        while True:
            result = subprocess.run([os.environ['IMGSHARE'], '-C', DIR, 'check', *options], capture_output=True,
                                    text=True, check=False)
            if result.returncode == 0:
                break
            if time.monotonic() < end:
                continue
            raise Failed(f'round {number}: check {" ".join(options)} finds\n{result.stdout}{result.stderr}')
        if '--log' in options and (found := oracle(DIR)):
            raise Failed(f'round {number}: {found}')

    def verify_digests(self, number, digests):
        for image, digest in digests.items():
            if self.digests.setdefault(image, digest) == 'pending':
                self.digests[image] = digest
            if self.digests[image] != digest:
                raise Failed(f'round {number}: the digest of image {image} was {self.digests[image]} and is {digest}')

    def round(self, number):
        victims = self.random.choice([['alice'], ['bob'], ['alice'], ['alice', 'bob'], []])
        workers = self.load([self.mounts[name] for name in victims])
        for name in victims:
            self.mounts[name].restart()
        for worker in workers:
            self.verify_digests(number, worker.resolve(number))
            self.done += worker.done
        fault = self.admin.verify()
        if fault:
            raise Failed(f'round {number}: {fault}')
        self.verify_shares(number)
        self.check(number, '--digests')
        if number % 50 == 0 or KILLS < 50:
            self.check(number, '--log')
        if number % 50 == 0:
            print(f'{number} rounds, {self.kills} daemons and {self.admin.kills} commands killed', flush=True)


def main():
    seed = int(os.environ.get('SEED') or 0) or random.SystemRandom().randrange(1, 1 << 30)
    print('seed', seed, flush=True)
    test = Test(seed)
    try:
        test.prepare()
        number = 0
        while test.kills < KILLS:
            number += 1
            test.round(number)
        test.check(number, '--digests')
        for mount in test.mounts.values():
            mount.stop()
    except (Failed, AssertionError, OSError) as e:
        print(e)
        sys.exit(1)
    print(f'{number} rounds, {test.kills} daemons and {test.admin.kills} commands killed; '
          f'{test.done} changes of the mounts and {test.admin.done} of commands acknowledged')


main()

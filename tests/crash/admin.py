# SPDX-License-Identifier: MIT
"""What an operator does at random with imgshare, any of whose processes may be killed, and what must be found of it.

It has accounts x1 …, regions z1 … and the shares of carol's images to itself. A killed process has done its change or
not; `apply` does any number of lines.
"""
import copy
import os
import random
import shutil
import subprocess
import threading

IMAGES = 'w1', 'w2', 'w3'  # carol's, in north
ACCOUNTS = [f'x{i}' for i in range(1, 400)]
REGIONS = 'z1', 'z2', 'z3'
KINDS = 'account add', 'account set', 'account rm', 'region add', 'region rm', 'limit', 'apply', 'apply', 'backup', 'repair'


def oracle(folder):
    """Which rows of a catalog do not follow from its log (tests/oracle); None: all do."""
    if 'ORACLE' not in os.environ:
        return None
    judged = subprocess.run([os.environ['ORACLE'], f'{folder}/catalog.db'], capture_output=True, text=True, check=False)
    return None if judged.returncode == 0 else f'the oracle finds: {judged.stdout}{judged.stderr}'


class Admin:
    def __init__(self, folder, seed, kill=True, elsewhere=True):
        self.folder, self.random, self.kill, self.elsewhere = folder, random.Random(seed), kill, elsewhere
        self.state = dict(accounts={}, regions=frozenset(), limit='500', bytes='-', shares={name: frozenset() for name in IMAGES})
        self.names = iter(ACCOUNTS)
        self.next, self.kills, self.done = next(self.names), 0, 0

    def run(self, *arguments, text=None, folder=None):
        """Its status and output; a negative status: it was killed."""
        process = subprocess.Popen([os.environ['IMGSHARE'], '-C', folder or self.folder, *arguments], text=True,
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        timer = None
        if self.kill and arguments[0] != 'access' and self.random.random() < 0.3:
            timer = threading.Timer(self.random.uniform(0, 0.03), process.kill)
            timer.start()
        try:
            output = process.communicate(text)[0]
        except BrokenPipeError:
            output = ''
        if timer:
            timer.cancel()
            timer.join()
        self.kills += process.wait() == -9
        return process.returncode, output

    def ask(self, *arguments):
        result = subprocess.run([os.environ['IMGSHARE'], '-C', self.folder, *arguments], capture_output=True, text=True,
                                check=False)
        if result.returncode != 0:
            raise AssertionError(f'{arguments}: {result.returncode} {result.stderr}')
        return [line.split('\t') for line in result.stdout.splitlines()]

    def read(self):
        shares = {name: set() for name in IMAGES}
        for row in self.ask('access', '--all'):
            if row[1].endswith('@carol'):
                shares[row[1].split('@')[0]].add(row[2])
        return dict(
            accounts={row[0]: row[3] for row in self.ask('account', 'list') if row[0].startswith('x')},
            regions=frozenset(row[0] for row in self.ask('region', 'list') if row[0].startswith('z')),
            limit=self.ask('limits', 'images-per-region')[0][1],
            bytes=self.ask('limits', 'bytes-per-region')[0][1],
            shares={name: frozenset(accounts) for name, accounts in shares.items()})

    def propose(self):
        """Arguments, input, and what becomes of the state."""
        s, rng = self.state, self.random
        kind = rng.choice(KINDS)
        accounts = sorted(s['accounts'])
        if kind == 'account add' and len(accounts) < 6:
            name = self.next
            return ('account', 'add', name, '--quota', '7'), None, lambda s: s['accounts'].update({name: '7'})
        if kind == 'account set' and accounts:
            name, quota = rng.choice(accounts), str(rng.randrange(1000))
            return ('account', 'set', name, f'quota={quota}'), None, lambda s: s['accounts'].update({name: quota})
        if kind == 'account rm' and accounts:
            name = rng.choice(accounts)

            def forget(s):
                s['accounts'].pop(name)
                s['shares'] = {image: shares - {name} for image, shares in s['shares'].items()}
            return ('account', 'rm', name), None, forget
        if kind.startswith('region'):
            name = rng.choice(REGIONS)
            if kind == 'region rm' and name in s['regions']:
                return ('region', 'rm', name), None, lambda s: s.update(regions=s['regions'] - {name})
            if kind == 'region add' and name not in s['regions']:
                store = ['--store', f'{self.folder}.{name}'] if name == 'z3' and self.elsewhere else []
                return ('region', 'add', name, *store), None, lambda s: s.update(regions=s['regions'] | {name})
        if kind == 'limit' and rng.random() < 0.5:  # never reached: what is written, copied and launched is counted
            value = rng.choice(('-', f'{rng.randrange(1, 1000)}G'))
            return ('limits', 'bytes-per-region', value), None, lambda s: s.update(bytes=value)
        if kind == 'limit':
            value = str(rng.randrange(100, 1000))
            return ('limits', 'images-per-region', value), None, lambda s: s.update(limit=value)
        if kind == 'backup':
            return ('backup', f'{self.folder}.backup'), None, lambda s: None
        if kind == 'repair':  # of what others have just left; what they still make stays
            return ('check', '--repair'), None, lambda s: None
        if kind == 'apply':
            image = rng.choice(IMAGES)
            wanted = frozenset(rng.sample(accounts + ['bob', 'alice', 'dave'] + [f'p{i}' for i in range(1, 10)], 3))
            prune = rng.random() < 0.5
            text = ''.join(f'north\t{image}@carol\t{account}\n' for account in sorted(wanted))
            return ('apply', *(['--prune'] if prune else [])), text, \
                lambda s: s['shares'].update({image: wanted if prune else s['shares'][image] | wanted})
        return None

    def prepare(self):
        """A change: what it makes of the state, and the call."""
        change = None
        while not change:
            change = self.propose()
        arguments, text, effect = change
        if arguments[:2] == ('account', 'add'):
            self.next = next(self.names)  # whether it will be used or not: a name is never used again
        after = copy.deepcopy(self.state)
        effect(after)
        return after, lambda: self.run(*arguments, text=text)

    def step(self):
        """A change; what is wrong with what is found after a kill, else None."""
        before = self.state
        after, call = self.prepare()
        status, output = call()
        if status > 0:
            return f'{status}, {output}'
        if status == 0:
            self.state = after
            self.done += 1
            return None
        found = self.read()
        if found != before and found != after and not self.half_applied(found, before, after):
            return f'killed: {found} is not {before} nor {after}'
        self.state = found
        return None

    @staticmethod
    def half_applied(found, before, after):
        """Each line of `apply` is a change of its own."""
        rest = [{**state, 'shares': None} for state in (found, before, after)]
        return rest[0] == rest[1] == rest[2] and all(
            before['shares'][i] & after['shares'][i] <= found['shares'][i] <= before['shares'][i] | after['shares'][i]
            for i in IMAGES)

    def verify(self):
        found = self.read()
        return f'acknowledged: {self.state}, found: {found}' if found != self.state else self.verify_backup()

    def verify_backup(self):
        """What a killed one has left is a backup, of an earlier event maybe, or says that it is none yet."""
        folder = f'{self.folder}.backup'
        if not os.path.exists(folder):
            return None
        check = subprocess.run([os.environ['IMGSHARE'], '-C', folder, 'check', '--digests', '--log'], capture_output=True, text=True,
                               check=False)
        if not os.path.exists(f'{folder}/catalog.db'):
            none = check.returncode == 1 and ('was interrupted; run it again' in check.stderr or 'no catalog' in check.stderr)
            return None if none else f'there is no backup, and check says {check.stdout}{check.stderr}'
        wrong = [line for line in check.stdout.splitlines() if not line.startswith(('head\t', 'blob\t'))]  # a blob too many
        return f'in the backup: {wrong}{check.stderr}' if wrong or check.stderr else None

    def init(self):
        """A killed `init` leaves nothing, or what another one takes, or the whole catalog."""
        folder = f'{self.folder}.init'
        shutil.rmtree(folder, ignore_errors=True)
        kills = self.kills
        status, output = self.run('init', folder)
        if status > 0:
            return f'init: {output}'
        if self.kills > kills:
            again = subprocess.run([os.environ['IMGSHARE'], 'init', folder], capture_output=True, text=True,
                                   check=False)
            if again.returncode != 0 and 'holds a catalog already' not in again.stderr:
                return f'init after a killed one: {again.stderr}'
        check = subprocess.run([os.environ['IMGSHARE'], '-C', folder, 'check', '--log'], capture_output=True, text=True,
                               check=False)
        return f'after init: {check.stdout}{check.stderr}' if check.returncode != 0 else oracle(folder)

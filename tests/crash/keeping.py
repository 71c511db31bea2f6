# SPDX-License-Identifier: MIT
"""keeping.py FOLDER: see keeping.sh. FOLDER/kept is a backup of an earlier event of FOLDER/catalog; FOLDER/damaged is a
catalog whose rows and stores are damaged."""
import os
import subprocess
import sys

import disturbed
from disturbed import Failed, disturb, run

FOLDER = sys.argv[1]


def tree(path):
    """Names and bytes of what is in a directory, but for what SQLite has beside an open catalog, what a mark says of
    the directory that it is in, and when something was put into lost+found."""
    found = {}
    for folder, _, names in os.walk(path):
        for name in names:
            if name.endswith(('.db-wal', '.db-shm')):
                continue
            file = os.path.join(folder, name)
            kept = os.path.relpath(file, path)
            if os.path.basename(folder) == 'lost+found':
                kept = os.path.splitext(kept)[0]
            with open(file, 'rb') as content:
                found[kept] = b'' if name in ('catalog.db', '.imgshare') else content.read()
    return found


class Case(disturbed.Case):
    """What is done in a folder, what is made by it, and what that is when nobody disturbs it."""
    few, several = 0.1, 1

    def __init__(self, name, parts, target, words):
        super().__init__(name, f'{FOLDER}/case-{name}')
        self.target, self.words = target, words
        os.makedirs(f'{self.base}/before')
        subprocess.run(['cp', '-a', *[f'{FOLDER}/{part}' for part in parts], f'{self.base}/before'], check=True)
        self.old = self.head(f'{self.base}/before')
        self.undisturbed()
        self.new, self.tree = self.head(f'{self.base}/after'), tree(f'{self.base}/after/{target}')

    def arguments(self, folder):
        return [word.replace('@/', f'{folder}/') for word in self.words]

    def head(self, folder, strangers=True):
        """The number of its last event, and of the last that a restored one has from elsewhere; None: it is nothing yet."""
        status, said, why = run('-C', f'{folder}/{self.target}', 'check', '--digests', '--log')
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
            status, _, why = run(*self.arguments(folder))
            if status != 0:
                raise Failed(f'again: status {status}: {why}')
        if self.head(folder, strangers=False) != self.new:
            raise Failed('in the end it is another one')
        if tree(f'{folder}/{self.target}') != self.tree:
            raise Failed(f'in the end there is {sorted(tree(f"{folder}/{self.target}"))}, not {sorted(self.tree)}')


class Change(Case):
    """What is done in a catalog, by one event."""

    def judge(self, folder, must_be_done=False):
        found = self.head(folder)
        if found not in (self.old, self.new) or (must_be_done and found != self.new):
            raise Failed(f'it ends with {found}, not {self.old} or {self.new}')
        if found == self.old:
            self.again(folder)
        self.judge_end(folder)

    def again(self, folder):
        status, _, why = run(*self.arguments(folder))
        if status != 0:
            raise Failed(f'again: status {status}: {why}')

    def judge_end(self, folder):
        if (end := self.head(folder, strangers=False)) != self.new:
            raise Failed(f'in the end it ends with {end}, not {self.new}')
        self.judge_tree(folder)

    def judge_tree(self, folder):
        if (found := tree(f'{folder}/{self.target}')) != self.tree:
            raise Failed(f'in the end there is {sorted(found)}, not {sorted(self.tree)}')


class Repair(Change):
    """What is found is mended thing by thing, each with its event: the rows before the stores. A file may be in
    lost+found already, and the event that says so lost."""

    def head(self, folder, strangers=True):
        status, said, _ = run('-C', f'{folder}/{self.target}', 'check', '--digests', '--log')
        return None if status else int(said.splitlines()[-1].split('\t')[1])

    def judge(self, folder, must_be_done=False):
        if must_be_done and self.head(folder) is None:
            raise Failed('it had said that nothing is left')
        self.again(folder)
        if self.head(folder) is None:
            raise Failed('something is left')
        self.judge_tree(folder)


BACKUP = ['-C', '@/catalog', 'backup', '@/kept']

if __name__ == '__main__':
    disturb(make(*each) for make, *each in [
        (Case, 'first', ['catalog'], 'kept', BACKUP),
        (Case, 'again', ['catalog', 'kept'], 'kept', BACKUP),
        (Case, 'restore', ['kept'], 'restored', ['restore', '@/kept', '@/restored']),
        (Change, 'undelete', ['catalog'], 'catalog', ['-C', '@/catalog', 'undelete', 'south/db@alice']),
        (Change, 'undelete-vm', ['catalog'], 'catalog', ['-C', '@/catalog', 'undelete', 'north/vm2@bob']),
        (Repair, 'repair', ['damaged'], 'damaged', ['-C', '@/damaged', 'check', '--repair'])])

# SPDX-License-Identifier: MIT
"""keeping.py FOLDER: see keeping.sh. FOLDER/kept is a backup of an earlier event of FOLDER/catalog."""
import os
import subprocess
import sys

import disturbed
from disturbed import Failed, disturb, run

FOLDER = sys.argv[1]


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
        return [word.replace('@', folder) for word in self.words]

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


BACKUP = ['-C', '@/catalog', 'backup', '@/kept']

if __name__ == '__main__':
    disturb(Case(*each) for each in [('first', ['catalog'], 'kept', BACKUP), ('again', ['catalog', 'kept'], 'kept', BACKUP),
                                     ('restore', ['kept'], 'restored', ['restore', '@/kept', '@/restored'])])

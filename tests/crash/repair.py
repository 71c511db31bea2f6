# SPDX-License-Identifier: MIT
"""repair.py FOLDER: see repair.sh. FOLDER/catalog is damaged, and has no stores."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), '../upgrade'))
import interrupted  # noqa: E402
from interrupted import DB, Failed, disturb, rows_of, run  # noqa: E402


class Case(interrupted.Case):
    """A catalog before, what is in it, and what is in it when it has been repaired undisturbed."""
    words = ['check', '--repair']

    def judge_undisturbed(self):
        if self.old[1]['event'] != self.new[1]['event'][:-1] or self.old[1]['share'] == self.new[1]['share']:
            raise Failed('nothing is repaired')

    def judge(self, folder, must_be_done=False):
        """Of a repair that came to an early end there."""
        folder = f'{folder}/catalog'
        found = rows_of(f'{folder}/{DB}')
        if found not in (self.old, self.new):
            raise Failed('it is neither as before nor as undisturbed')
        if must_be_done and found != self.new:
            raise Failed('it had said that it is repaired')
        status, said, why = run(folder, self.words)
        if status != 0 or why or ('anew' in said) != (found == self.old):
            raise Failed(f'again: status {status}: {said}{why}')
        if rows_of(f'{folder}/{DB}') != self.new:
            raise Failed('in the end it is not as undisturbed')
        names = sorted(os.listdir(folder))
        if names not in ([DB], [DB, f'{DB}-clock']):
            raise Failed(f'there is {names}')


if __name__ == '__main__':
    disturb(Case(each, sys.argv[1]) for each in ['plain', 'wal'])

# SPDX-License-Identifier: MIT
"""faulty.py FOLDER: see faulty.sh. FOLDER/catalog is one of format 1, FOLDER/control 64 bytes."""
import errno
import os
import re
import subprocess
import sys

from interrupted import DB, Case, Failed, rows_of

sys.path[:0] = [os.path.join(os.path.dirname(os.path.realpath(__file__)), folder) for folder in ('../crash', '../mount/faults')]
from disturbed import IMGSHARE, LONG  # noqa: E402
from faults import FILES, MEMORY, SQL, Control  # noqa: E402

# SQLITE_IOERR, _FULL, _NOMEM, _BUSY
ERRORS = {MEMORY: [errno.ENOMEM], FILES: [errno.EIO, errno.ENOSPC, errno.EMFILE], SQL: [10, 13, 7, 5]}
KINDS = [('', MEMORY), ('', FILES), ('', SQL), ('libsqlite3', MEMORY), ('libsqlite3', FILES)]


class Faults:
    def __init__(self, folder):
        self.case, self.folder, self.tries = Case('plain', folder), f'{folder}/faulty', 0
        self.control = Control(f'{folder}/control')
        self.environment = dict(os.environ, LD_PRELOAD=os.environ['PRELOAD'], FAULT_CONTROL=f'{folder}/control')

    def run(self, of, plan, fault):
        """Its status, what it printed, what it complained of, and whether the fault was reached."""
        self.tries += 1
        environment = {**self.environment, 'FAULT_OF': of} if of else self.environment
        self.control.arm(*fault)
        done = subprocess.run([IMGSHARE, '-C', f'{self.folder}/catalog', 'upgrade', *plan], capture_output=True, text=True, timeout=120,
                              env=environment, check=False)
        return done.returncode, done.stdout, done.stderr, self.control.disarm()[1]

    def check(self, of, plan, *fault):
        self.case.copy(self.folder)
        status, said, why, failed = self.run(of, plan, fault)
        if status == 0:
            if why or not re.search(r' can be upgraded: | is upgraded, ', said):
                raise Failed(f'it succeeds, and says {said}{why}')
        elif status != 1 or said or not re.fullmatch(r'(imgshare: [^\n]+\n)+', why):
            raise Failed(f'status {status}, and it says {said}{why}')
        elif not failed:
            raise Failed(f'it fails without a fault: {why}')
        if plan and rows_of(f'{self.folder}/catalog/{DB}') != self.case.old:
            raise Failed('tried only, it has changed')
        self.case.judge(self.folder, must_be_done=status == 0 and not plan)
        return failed

    def all(self, of, kind, plan):
        for persistent in (0, 1):
            n = 1
            while True:
                error = ERRORS[kind][n % len(ERRORS[kind])]
                try:
                    if not self.check(of, plan, kind, n, persistent, error):
                        break
                except Failed as wrong:
                    raise Failed(f'call {n} of kind {kind} of {of or "imgshare"} failing'
                                 f' {"from then on" if persistent else "once"} ({error}),'
                                 f' {" ".join(["upgrade", *plan])}: {wrong}') from wrong
                n += 1 if n < (2000 if LONG else 4) else 1 + n // (20 if LONG else 2)


def main():
    try:
        faults = Faults(sys.argv[1])
        for of, kind in KINDS:
            faults.all(of, kind, [])
            if LONG or not of:
                faults.all(of, kind, ['-n'])
    except Failed as failed:
        sys.exit(str(failed))
    print(f'{faults.tries} tries')


if __name__ == '__main__':
    main()

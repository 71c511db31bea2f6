# SPDX-License-Identifier: MIT
"""The programs, a catalog of its own, and mounts of it, for contract.py."""
import json
import os
import subprocess
import time
from pathlib import Path

IMGSHARE, IMGSHAREFS = os.environ['IMGSHARE'], os.environ['IMGSHAREFS']


def run(*arguments, program=IMGSHARE):
    r = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=60, check=False)
    if r.returncode != 0:
        raise SystemExit(f'{program} {" ".join(arguments)}: status {r.returncode}: {r.stderr}')
    return r.stdout


def rows(text):
    return [line.split('\t') for line in text.splitlines()]


class Catalog:
    def __init__(self, folder):
        self.folder, self.dir = Path(folder), f'{folder}/catalog'
        self.mounts = []
        run('init', self.dir)

    def admin(self, *arguments):
        return run('-C', self.dir, *arguments)

    def mount(self, account):
        where = self.folder / account
        where.mkdir()
        run(self.dir, str(where), '-o', f'account={account}', program=IMGSHAREFS)
        self.mounts.append(where)
        return where

    def unmount(self):
        for where in self.mounts:
            subprocess.run(['fusermount3', '-u', '-z', where], check=False)
        wait_for('the end of the daemons, which mark their stores', lambda: not any(map(self.serves, Path('/proc').glob('[0-9]*'))))

    def serves(self, process):
        """Is it a daemon of one of these mounts?"""
        try:
            return any(str(where) in (process / 'cmdline').read_text().split('\0') for where in self.mounts)
        except OSError:
            return False

    def log(self):
        return [json.loads(line) for line in self.admin('log', '--json').splitlines()]


def wait_for(what, asked):
    for _ in range(200):
        if asked():
            return
        time.sleep(0.05)
    raise SystemExit(f'waited in vain for {what}')


def put(path, text):
    path.write_text(f'{text}\n')


def refused(call):
    try:
        call()
    except OSError:
        return
    raise SystemExit('not refused')

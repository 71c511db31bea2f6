#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the catalog of the large fixture: a run of the model test of the programs' own source, whose catalog is kept.

    IMGSHARE=... IMGSHAREFS=... large.py MODEL DIR [SEED [STEPS]]    for root; MODEL: that source's tests/model; DIR: is made

Behind the run a mount catches up: it computes the digests that are missing and closes the shares that have expired.
"""
import os
import shutil
import subprocess
import sys
import tempfile
import time


def unfinished(catalog):
    """Digests that are pending, and shares that are over and not closed."""
    far = 140737488355327
    query = (f'SELECT (SELECT count(*) FROM image WHERE sealed_event AND digest IS NULL AND until_event = {far}) +'
             ' (SELECT count(*) FROM share_expiry e JOIN share s ON s.id = e.share AND s.until_event = e.until_event'
             f' WHERE e.until_event = {far} AND e.expires < unixepoch() * 1000 + 5000)')
    return int(subprocess.check_output(['sqlite3', '-readonly', f'{catalog}/catalog.db', query]))


def catch_up(catalog, folder):
    """What the daemon of a mount does by itself."""
    mount = f'{folder}/mount'
    os.makedirs(mount)
    command = ['timeout', '-s', 'KILL', '300', os.environ['IMGSHAREFS'], catalog, mount, '-f', '-o', 'account=operator']
    with subprocess.Popen(command) as daemon:
        try:
            end = time.time() + 120
            while not os.path.ismount(mount) or unfinished(catalog):
                if time.time() > end or daemon.poll() is not None:
                    sys.exit('no mount, or digests stay pending, or shares open')
                time.sleep(0.1)
        finally:
            subprocess.run(['umount', mount], timeout=30)


def main():
    model, target = sys.argv[1:3]
    seed, steps = [int(word) for word in sys.argv[3:]] + [7, 5000][len(sys.argv) - 3:]
    sys.path.insert(0, os.path.abspath(model))
    import run
    import world

    class Kept(world.World):
        """A world whose catalog stays."""

        def discard(self):
            self.follower.kill()
            self.follower.wait()
            shutil.move(self.catalog, target)
            super().discard()

    import session
    session.World = Kept
    target = os.path.abspath(target)
    world.own_mounts()
    with tempfile.TemporaryDirectory(prefix='imgshare-large.') as folder:
        os.chmod(folder, 0o711)
        result = run.attempt(f'{folder}/run', seed, lambda session: run.operations(session, seed, steps), 0.2)
        if result.disagreement:
            sys.exit(f'the programs disagree with their model: {result.disagreement}')
        catch_up(target, folder)
    print(f'seed {seed}: {len(result.done)} steps')


if __name__ == '__main__':
    main()

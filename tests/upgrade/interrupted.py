# SPDX-License-Identifier: MIT
"""interrupted.py FOLDER: see interrupted.sh. FOLDER/catalog is one of format 1."""
import os
import shutil
import sqlite3
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), '../crash'))
import disturbed  # noqa: E402
from disturbed import Failed, disturb  # noqa: E402

DB, KEPT = 'catalog.db', 'catalog.db.format-1'


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
    return disturbed.run('-C', folder, *words, environment=environment)


class Case(disturbed.Case):
    """A catalog before, what is in it, and what is in it when it has been upgraded undisturbed."""
    words = ['upgrade']

    def __init__(self, name, folder):
        super().__init__(name, f'{folder}/{name}')
        os.makedirs(f'{self.base}/before')
        shutil.copytree(f'{folder}/catalog', f'{self.base}/before/catalog')
        if name == 'wal':
            leave_in_wal(f'{self.base}/before/catalog/{DB}')
        self.old = rows_of(f'{self.base}/before/catalog/{DB}')
        self.undisturbed()
        self.new = rows_of(f'{self.base}/after/catalog/{DB}')
        self.judge_undisturbed()

    def arguments(self, folder):
        return '-C', f'{folder}/catalog', *self.words

    def judge_undisturbed(self):
        if self.old[0] != 1 or self.new[0] != 2:
            raise Failed(f'{self.name}: from format {self.old[0]} to {self.new[0]}')

    def judge(self, folder, must_be_done=False):
        """Of an upgrade that came to an early end there."""
        folder = f'{folder}/catalog'
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


if __name__ == '__main__':
    disturb(Case(each, sys.argv[1]) for each in ['plain', 'wal'])

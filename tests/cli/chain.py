#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""chain.py CATALOG.DB: computes the hashes of the log anew, and then its indexes, as somebody would who has changed
it."""
import datetime
import hashlib
import json
import os
import sqlite3
import sys


def chain(db):
    names = dict(db.execute('SELECT id, name FROM account'))
    last = bytes(32)
    keys = ('event', 'time', 'actor', 'uid', 'via', 'op', 'object', 'account', 'rule', 'errno', 'detail')
    rows = 'SELECT id, time, actor, uid, via, op, object, account, rule, errno, detail FROM event ORDER BY id'
    for row in db.execute(rows).fetchall():
        time = datetime.datetime.fromtimestamp(row[1] // 1000, datetime.timezone.utc)
        time = f'{time:%Y-%m-%dT%H:%M:%S}.{row[1] % 1000:03}Z'
        values = (row[0], time, names[row[2]], *row[3:10], json.loads(row[10] or '{}'))
        line = json.dumps(dict(zip(keys, values)), separators=(',', ':'), ensure_ascii=False).encode()
        last = hashlib.sha256(last + line).digest()
        length = len(line) + len(',"hash":""\n') + 64
        db.execute('UPDATE event SET hash = ?, length = ? WHERE id = ?', (last, length, row[0]))


catalog = sqlite3.connect(sys.argv[1])
chain(catalog)
catalog.commit()
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'indexes.sql')) as indexes:
    catalog.executescript(indexes.read())

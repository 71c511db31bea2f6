#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""expected.py LOOK LOG: what `look --until LAST` must print of an upgraded catalog, by what it printed before (LOOK, of
event LAST the last) and the log now (LOG, of `log --json`).

That is the same but for the `snapshot` events, which are behind LAST: in the log, the head of it, and the files of their
days of those who see every event; but for the hashes, which only they see now; but for digests, which are of another kind
and still pending; and of exposures the account, the way and the object it led to, each once, are compared. Nothing else is
left open.
"""
import datetime
import json
import re
import sys

EVERY = 50  # as in look
DAY = 'events/{}.jsonl'
MEMBERS = ['events', 'disks', 'digests', 'descriptions']


def snapshots_of(lines, last):
    """The lines behind event LAST: what upgrading added, and nothing else."""
    found = [line for line in lines if json.loads(line)['event'] > last]
    members = []
    for number, line in enumerate(found, last + 1):
        event = json.loads(line)
        said = [event[key] for key in ['event', 'actor', 'via', 'op', 'object', 'account', 'rule', 'errno']]
        if said != [number, 'operator', 'cli', 'snapshot', None, None, None, None] or len(event['detail']) != 1:
            sys.exit(f'expected: no snapshot: {line}')
        members += event['detail']
    if not members or members != sorted(members, key=MEMBERS.index) or len(found) != len(set(members)):
        sys.exit(f'expected: snapshots of {members}')
    return found


def shown(line):
    return line.replace('\\', '\\\\')


class Day:
    """What the snapshots of one day add to its file."""

    def __init__(self, name, lines):
        events = [json.loads(line) for line in lines]
        self.name, self.numbers = name, [event['event'] for event in events]
        self.bytes = sum(len(line.encode()) + 1 for line in lines)
        seconds, rest = re.fullmatch(r'(.*)\.(\d{3})Z', events[-1]['time']).groups()
        self.mtime = f'{seconds_of(seconds)}.{rest}000000'


def seconds_of(text):
    return int(datetime.datetime.fromisoformat(f'{text}+00:00').timestamp())


def days_between(a, b):
    return (seconds_of(f'{b}T00:00:00') - seconds_of(f'{a}T00:00:00')) // 86400


def ranged(a, b):
    return str(a) if a == b else f'{a}-{b}'


def main():
    with open(sys.argv[1], encoding='utf-8') as file:
        old = [line.removesuffix('\n').split('\t') for line in file.read().removesuffix('\n').split('\n')]
    with open(sys.argv[2], encoding='utf-8') as file:
        log = file.read().removesuffix('\n').split('\n')
    logged = [row for row in old if row[:2] == ['imgshare', 'log --json']]
    last = sum(row[2] == 'text' for row in logged)
    new = snapshots_of(log, last)
    days = {}
    for line in new:
        days.setdefault(json.loads(line)['time'][:10], []).append(line)
    days = [Day(name, lines) for name, lines in days.items()]
    readers = {row[3].split('\\t')[0] for row in old
               if row[:3] == ['imgshare', 'account list', 'text'] and row[3].split('\\t')[1] != 'account'}
    expect(unhashed(old, readers), logged[-1], new, days, readers)


def count(ranges):
    """How many numbers `1-3,7` are."""
    spans = [list(map(int, part.split('-'))) for part in ranges.replace(',', ' ').split()]
    return sum(span[-1] - span[0] + 1 for span in spans)


def unhashed(old, readers):
    """Without the hashes of the lines that ordinary accounts see. The rows stay what they are, for expect()."""
    lines = {(row[0], row[1]): count(row[3]) for row in old if row[2] == 'events'}
    for row in old:
        where, path, what, value = row
        if path.startswith('log --json --as ') and path.split(' ')[-1] not in readers or (
                path.endswith('.jsonl') and where.split('@')[0] not in readers):
            if what == 'hashes':
                row[3] = value.replace('yes', 'no')
            elif what == 'size':
                row[3] = str(int(value) - len(',"hash":""') * lines[where, path] - 64 * lines[where, path])
    return old


def is_exposure(path):
    return path.startswith('exposure ') or path.endswith('/exposure.tsv')


def exposed(old):
    """The rows, exposures as look tells them: without paths, numbers and times, and without the sizes of the files."""
    found = {}
    for where, path, what, value in old:
        if is_exposure(path) and what == 'text':
            account, how, way, _ = value.split('\\t')
            found.setdefault((where, path), set()).add('\\t'.join((account, how, way.split(' > ')[-1])))
    for row in old:
        if not is_exposure(row[1]) or row[2] not in ('text', 'size'):
            yield row
        elif row[2] == 'text':
            yield from ([*row[:3], value] for value in sorted(found.pop(tuple(row[:2]), ())))


def expect(old, behind, new, days, readers):
    head = json.loads(new[-1])
    listed = {}  # of a reader, the day that is listed last
    for row in exposed(old):
        where, path, what, value = row
        if path.endswith('/.meta/digest') and what in ('size', 'text'):
            value = 'pending' if what == 'text' else len('pending\n')
        if path == 'check --log' and value.startswith('head\\t'):
            value = f'head\\t{head["event"]}\\t{head["hash"]}'
        if where in readers and (path, what) == ('events', 'list'):
            listed[where] = value.split(' ')[-1].removesuffix('.jsonl')
            value = ' '.join([value] + [f'{day.name}.jsonl' for day in days if day.name > listed[where]])
        for day in days:
            if where in readers and path == DAY.format(day.name):
                value = grown(day, what, value)
        print(where, path, what, value, sep='\t')
        if row is behind:
            added(new)
        if where in listed and path == DAY.format(listed[where]):
            if what == 'node':
                inode = int(value.split(' ')[1])
            if what == 'hashes':
                for day in days:
                    if day.name > listed[where]:
                        begun(where, day, inode + days_between(listed[where], day.name))


def added(new):
    """To what `log --json` prints."""
    for line in new:
        event = json.loads(line)
        text = line.replace(f',"hash":"{event["hash"]}"}}', '}')
        print('imgshare', 'log --json', 'text', shown(text), sep='\t')
        if event['event'] % EVERY == 0:
            print('imgshare', 'log --json', 'hash', f'{event["event"]} {event["hash"]}', sep='\t')


def grown(day, what, value):
    """Of the file of a day that had one already."""
    if what == 'size':
        return int(value) + day.bytes
    if what == 'mtime':
        return day.mtime
    if what == 'events':
        first, _, end = value.partition('-')
        if int(end or first) + 1 != day.numbers[0]:
            sys.exit(f'expected: {value} and {day.numbers} in one day')
        return ranged(int(first), day.numbers[-1])
    return value


def begun(where, day, inode):
    """The file of a day that had none."""
    path = DAY.format(day.name)
    for what, value in [('node', f'file {inode} 0444 1'), ('size', day.bytes), ('mtime', day.mtime),
                        ('events', ranged(day.numbers[0], day.numbers[-1])), ('hashes', 'yes')]:
        print(where, path, what, value, sep='\t')


if __name__ == '__main__':
    main()

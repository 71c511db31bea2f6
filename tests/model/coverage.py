# SPDX-License-Identifier: MIT
"""How often each operation had each outcome: so that a run can tell what it has tried, and what it has not."""
import errno

# Allow, and so refuse nothing.
ALLOWING = {'owner-uses', 'copy-then-share'}
# One call after another never meets it: the kernel says EEXIST itself, having looked up the name, and apply takes it for done.
RACES_ONLY = {'share-exists'}
COMMANDS = {'undelete', 'purge'}  # workers of a race ask them, too
# No disk here names another file.
NOT_HERE = {'self-contained'}
PLACES = {'shares': 'share', 'images': 'image', 'instances': 'instance', 'trusted': 'trust'}
FILES = {'disk', 'description', 'image', 'state', 'reviewed', '.expires', 'shares'}


def kind(operation):
    """What an operation is about: `mkdir share`, `write disk`."""
    verb = operation[1]
    if operation[0] == '-' or verb in COMMANDS:
        return f'imgshare {verb}' + (f' {operation[3]}' if verb == 'limit' else f' {operation[4]}' if verb == 'account_set' else '')
    *_, parent, last = ['', '', *str(operation[3 if verb == 'symlink' else 2]).split('/')] if len(operation) > 2 else ['', '']
    if verb in ('copy', 'link'):
        return f'{verb} ' + ('instance' if '/instances/' in operation[2] else 'image')
    if verb in ('mkdir', 'rmdir', 'rename'):
        return f'{verb} {PLACES.get(parent, "other")}'
    machine = 'instance ' if '/instances/' in operation[2] and last != 'image' else ''
    return f'{verb} {machine}{last if last in FILES else "other"}'


def outcomes(operation, result):
    code, rule = result
    if operation[1] in ('apply', 'plan', 'regrant'):
        told = rule[0] if operation[1] == 'plan' else rule
        return [rule or 'malformed or errno' for _, rule in told or ()] or ['ok']
    if code == 0:
        return ['ok']
    return [rule or ('status 1' if operation[0] == '-' or operation[1] in COMMANDS else errno.errorcode[code])]


def report(counter):
    """One line an operation. Returns text."""
    rows = {}
    for (operation, outcome), count in sorted(counter.items()):
        rows.setdefault(operation, []).append(f'{outcome} {count}')
    width = max(map(len, rows), default=0)
    return '\n'.join(f'{operation:{width}}  {", ".join(outcomes)}' for operation, outcomes in rows.items())


def missing(counter, rules):
    """The rules that refused nothing, of those that could have."""
    return sorted(set(rules) - {outcome for _, outcome in counter} - ALLOWING - RACES_ONLY - NOT_HERE)

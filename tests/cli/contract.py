#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""docs/CONTRACT.md against the programs and the source: neither may have a row that the other lacks.

IMGSHARE and IMGSHAREFS are the programs, SOURCE is the root of the source tree. What only a mount can tell is asked of one;
without /dev/fuse that part is left out, and said so. Files of the source are found by what is in them, not by where they are.
"""
import errno
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path

from mounted import IMGSHARE, IMGSHAREFS, Catalog, put, refused, rows, run, wait_for

SOURCE = Path(os.environ['SOURCE'])
CONTRACT = (SOURCE / 'docs/CONTRACT.md').read_text()
# the request in the table of who speaks first, and the facts that its rules in src/policy are about
REQUESTS = {
    'share': 'share_facts', 'unshare': 'revoke_facts', "set a share's expiry": 'expiry_facts', 'make an image': 'create_facts',
    'undelete': 'undelete_facts', 'delete, remove a disk or another part': 'delete_facts', 'rename, describe': 'edit_facts', 'seal by hand': 'seal_facts',
    'copy, read a disk': 'copy_facts', 'write a disk': 'write_facts', 'make an instance': 'instance_facts',
    'launch, reinstall': 'launch_facts', 'use or remove an instance': 'instance_use_facts',
    'trust an owner, or no longer': 'trust_facts', 'manage regions, accounts, limits': 'role_facts',
}
FAR = '2999-12-31T00:00:00Z'
failures = 0


def fail(text):
    global failures
    failures += 1
    print(f'not held: {text}')


def same(what, contract, product):
    """Both are lists, whose order counts, or both sets."""
    if contract == product:
        return
    fail(what)
    for name, one, other in (('only in CONTRACT', contract, product), ('missing in CONTRACT', product, contract)):
        rest = [x for x in one if x not in other]
        if rest:
            print(f'    {name}: {", ".join(map(str, rest))}')
    if sorted(map(str, contract)) == sorted(map(str, product)):
        print(f'    in CONTRACT: {contract}\n    not in this order: {product}')


# --- CONTRACT.md ---

def sections():
    parts = re.split(r'^#{2,3} (\d+(?:\.\d+)?)\.? .*$', CONTRACT, flags=re.M)
    return dict(zip(parts[1::2], parts[2::2]))


SECTIONS = sections()


def table(section, *header):
    """The rows of the table of that section whose header begins so, each a list of cells."""
    lines = SECTIONS[section].split('\n')
    for i, line in enumerate(lines):
        if cells(line)[:len(header)] == list(header):
            rows = []
            for row in lines[i + 2:]:
                if not row.startswith('|'):
                    break
                rows.append(cells(row))
            return rows
    raise SystemExit(f'CONTRACT {section} has no table {header}')


def cells(line):
    return [cell.strip().replace('\\|', '|') for cell in re.split(r'(?<!\\)\|', line)[1:-1]] if line.startswith('|') else []


def words(cell):
    return re.findall(r'`([^`]+)`', cell)


def column(section, *header):
    """The literal words in the first column."""
    return [word for row in table(section, *header) for word in words(row[0])]


# --- the source ---

def files(*folders):
    for folder in folders:
        for path in sorted((SOURCE / folder).rglob('*')):
            if path.suffix in {'.c', '.h', '.def', '.py', '.sh', '.sql', '.md'} and path.is_file():
                yield path, path.read_text(errors='replace')


def only_file(name):
    found = [text for path, text in files('src', 'include') if path.name == name]
    if len(found) != 1:
        raise SystemExit(f'{len(found)} files {name} in the source')
    return found[0]


def numbering():
    """Citations count on it: sections rise, and none is there twice."""
    numbers = re.findall(r'^#{2,3} (\d+(?:\.\d+)?)\.? ', CONTRACT, flags=re.M)
    same('sections, in their order', numbers, sorted(set(numbers), key=lambda n: [int(part) for part in n.split('.')]))
    for number, text in SECTIONS.items():
        if not text.strip():
            fail(f'section {number} says nothing')


def rules():
    product = rows(run('rules'))
    contract = [(words(row[0])[0], words(row[1])[0], row[3]) for row in table('4', 'id', 'errno', 'rule', 'from')]
    same('rules: id, errno, from', contract, [(row[0], row[1], row[2]) for row in product])
    readme = re.findall(r'^\| `([a-z-]+)` \|', (SOURCE / 'README.md').read_text(), flags=re.M)
    same("rules, README's", readme, [row[0] for row in product])
    return {row[0] for row in product}


def order():
    """Who speaks first: the tables of the policy, their rows in that order."""
    product = {}
    for _, text in files('src'):
        for facts, body in re.findall(r'^RULES\((\w+)\) \w+\[\] = \{\n(.*?)^\};', text, flags=re.M | re.S):
            outcomes = re.findall(r'^\s*\{ \w+, (?:RULE_|-)(\w+) \}', body, flags=re.M)
            product[facts] = [o.lower().replace('_', '-') for i, o in enumerate(outcomes) if i == 0 or outcomes[i - 1] != o]
    contract = {}
    for request, speak in table('4', 'request', 'order'):
        if request not in REQUESTS:
            fail(f'who speaks first: no request {request!r} is known to this test')
            continue
        contract[REQUESTS[request]] = [(a or b).lower() for a, b in re.findall(r'`([a-z-]+)`|\*([A-Z]+)\*', speak)]
    same('requests of which rules are asked', set(contract), set(product))
    for facts in set(contract) & set(product):
        same(f'who speaks first, {facts}', contract[facts], product[facts])


def commands():
    fence = re.search(r'^```\n(.*?)^```', SECTIONS['8'], flags=re.M | re.S)[1].splitlines()
    verbs = re.findall(r'^  ([a-z]+(?: [a-z]+)?)  ', run('--help').split('Options')[0], flags=re.M)
    same('commands', fence, [run(*verb.split(), '--help').split('\n')[0].removeprefix('Usage: ') for verb in verbs])


def options():
    contract = column('5.3', 'option')
    own = '\n'.join(re.findall(r'^    -o .*', run('--help', program=IMGSHAREFS).split("fuse's own options")[0], flags=re.M))
    same('mount options', set(contract), set(re.findall(r'-o (\S+)', own)))
    read = re.search(r'struct fuse_opt specification\[\] = \{(.*?)\};', '\n'.join(t for _, t in files('src')), flags=re.S)[1]
    for option in re.findall(r'"([a-z_-]+)(?:=%\w)?"', read):
        if not any(re.fullmatch(rf'{option}(=.*|…)?', word) for word in words(SECTIONS['5.3'])):
            fail(f'CONTRACT 5.3 does not name the option {option}, which imgsharefs reads')


def operations():
    product = re.findall(r'^OPERATION\(\w+, "([a-z-]+)"', only_file('effects.def'), flags=re.M)
    same('operations', set(column('9', 'op')), set(product))


def citations(ids):
    names = [part for row in table('4', 'request', 'order') for part in row[0].split(', ')]
    for path, text in files('src', 'include', 'tests', 'docs'):
        if path.name == 'CONTRACT.md' or path.samefile(__file__):
            continue
        text = re.sub(r'\n[ \t]*(?:\*|#|//)?[ \t]*', ' ', text) # a citation may be wrapped
        for cited in re.finditer(r'\b(?:SPEC|CONTRACT) (\d+(?:\.\d+)?(?:(?:, | and )\d+(?:\.\d+)?)*)', text):
            for number in re.split(r', | and ', cited[1]):
                if number not in SECTIONS:
                    fail(f'{path.relative_to(SOURCE)} cites section {number}, which is not there')
            behind = text[cited.end():cited.end() + 60]
            rule = re.match(r' ([a-z]+(?:-[a-z]+)+)| `([a-z-]+)`', behind)
            asked = re.match(r' \*([a-z]+)', behind)
            if cited[1].endswith('4') and '.' not in cited[1] and rule and (rule[1] or rule[2]) not in ids:
                fail(f'{path.relative_to(SOURCE)} cites {cited[0]} {rule[1] or rule[2]}, which is no rule')
            if asked and not any(name.startswith(asked[1]) for name in names):
                fail(f'{path.relative_to(SOURCE)} cites {cited[0]} *{asked[1]}*, which is no request')


# --- what a catalog brings about ---

def managing(c):
    c.admin('region', 'add', 'north')
    c.admin('region', 'add', 'south')
    c.admin('region', 'add', 'west')
    c.admin('region', 'rm', 'west')
    west = c.folder / 'west'
    c.admin('region', 'add', 'west-2', '--store', west)
    west.rename(c.folder / 'moved')
    c.admin('region', 'set', 'west-2', f'store={c.folder / "moved"}')
    mark = (c.folder / 'moved/.imgshare').read_text()
    (c.folder / 'moved/.imgshare').write_text(re.sub('directory [0-9]+', 'directory 1', mark))
    c.admin('adopt')
    c.admin('region', 'rm', 'west-2')
    same('limits, and their defaults', [(words(row[0])[0], row[1]) for row in table('8', 'limit')],
         [tuple(row) for row in rows(c.admin('limits'))])
    clock(c)
    for account in ('alice', 'bob', 'carol', 'dave', 'frank'):
        c.admin('account', 'add', account)
    c.admin('account', 'add', 'eve', '--role', 'auditor')
    c.admin('account', 'add', 'zoe', '--uid', '4242', '--quota', '7')
    c.admin('account', 'set', 'zoe', 'uid=-', 'role=account', 'quota=3', 'require-trust=on')
    c.admin('account', 'rm', 'zoe')
    c.admin('limits', 'shares-per-image', '5')


def clock(c):
    """The file by which the machine's clock is right says a year less, and the truth again; then an operator knows better."""
    file = Path(c.dir) / 'catalog.db-clock'
    truth = file.read_text()
    boot, right = truth.split()[:2]
    wrong = int(right) - 365 * 86400000
    file.write_text(f'{boot} {wrong} {wrong} 0\n')
    c.admin('limits', 'reserve', '64M')
    file.write_text(truth)
    c.admin('limits', 'reserve', '64M')
    file.write_text(f'{boot} {wrong} {wrong} 0\n')
    c.admin('clock', 'set')


looked_at = set()  # outputs whose columns have been compared


def promised(output):
    """The columns of an output, as CONTRACT has them."""
    looked_at.add(output)
    return next((words(row[1]) for row in table('9', 'output') if words(row[0]) == [output]), [])


def columns(c, output, command):
    """The keys of --json."""
    printed = json.loads(c.admin(*command, '--json'))
    if not printed:
        raise SystemExit(f'{command} prints nothing')
    same(f'columns of {output}', promised(output), list(printed[0]))


def header(c, output, command, given=None):
    """What a terminal shows of a table that has no --json of its own."""
    line = f'stty cols 200; {IMGSHARE} -C {c.dir} {command}' + (f' {given}' if given else '')
    text = subprocess.run(['script', '-qec', line, '/dev/null'], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=60, check=False).stdout
    same(f'columns of {output}', promised(output), text.split('\n')[0].split())


def cell_count(output, text):
    """A file without a header: how many cells its rows have."""
    if not text:
        fail(f'{output} is empty')
    for row in rows(text):
        if len(row) != len(promised(output)):
            fail(f'columns of {output}: {promised(output)} in CONTRACT, printed {row}')


def life(c, alice, bob):
    """Each operation once, and each member of their details."""
    north, south = alice / 'regions/north', alice / 'regions/south'
    web, bytes_ = north / 'images/web', os.urandom(1 << 16)
    states = []

    def state():
        states.append((web / '.meta/state').read_text().strip())

    web.mkdir()
    state()
    (web / 'disk').write_bytes(bytes_)
    state()
    same('.meta', set(column('3.3', 'file')), set(os.listdir(web / '.meta')))
    put(web / 'description', 'Web server')
    os.utime(web / 'description', (1, 1))
    os.utime(web / 'disk', (1, 1))
    put(web / '.meta/reviewed', 1)
    (web / 'shares/bob').mkdir()
    state()
    same('states, from a draft on', words(table('3.3', 'file')[2][1])[:3], states)
    (web / 'shares/carol').mkdir()
    who_sees('web', {'owner': alice, 'recipient': bob, 'stranger': c.mount('dave'), 'auditor': c.mount('eve'),
                     'operator': c.mount('operator')})
    (web / 'shares/carol').rmdir()
    (north / 'images/twin').mkdir()
    wait_for('a digest', lambda: (web / '.meta/digest').read_text() != 'pending\n')
    (north / 'images/twin/disk').write_bytes(bytes_)
    put(north / 'images/twin/.meta/state', 'sealed')
    wait_for('another', lambda: (north / 'images/twin/.meta/digest').read_text() != 'pending\n')
    (north / 'images/both').mkdir()
    with open(north / 'images/both/disk', 'wb', 0) as disk:
        for source in web, north / 'images/twin':
            with open(source / 'disk', 'rb', 0) as piece:
                os.copy_file_range(piece.fileno(), disk.fileno(), 4096)
    (south / 'images/web').mkdir()
    os.link(web / 'disk', south / 'images/web/disk')
    put(web / 'shares/bob/.expires', '+1h')
    columns(c, 'access', ('access', '--all'))
    put(c.folder / 'wanted', f'north\tweb@alice\tcarol\t{FAR}')
    header(c, 'apply -n', 'apply -n', c.folder / 'wanted')

    machine, mine = bob / 'regions/north/instances/vm', bob / 'regions/north/images/mine'
    refused(lambda: (bob / 'regions/north/images/web@alice/disk').read_bytes())
    machine.mkdir()
    put(machine / 'image', 'web@alice')
    put(machine / 'image', 'web@alice')
    mine.mkdir()
    os.link(machine / 'disk', mine / 'disk')
    (bob / 'accounts/bob/trusted/alice').mkdir()
    (bob / 'accounts/bob/trusted/alice').rmdir()
    columns(c, 'exposure', ('exposure', 'north/web@alice'))
    same('how an account can get the bytes', set(column('6', 'how')),
         {row['how'] for row in json.loads(c.admin('exposure', 'north/web@alice', '--json'))})
    for name in ('shares.tsv', 'usage.tsv', 'exposure.tsv'):
        cell_count(name, (web / '.meta' / name).read_text())
    cell_count('usage', (alice / 'accounts/alice/usage').read_text())
    for whole in False, True:
        (machine / 'image').unlink()
        (machine / 'disk').unlink()
        if whole:
            machine.rmdir()
        c.admin('undelete', 'north/vm@bob')
    shutil.rmtree(machine)
    columns(c, 'undelete', ('undelete', '--list'))
    c.admin('image', 'purge', c.admin('undelete', '--list').split()[1] + '#' + c.admin('undelete', '--list').split()[0])

    soon = datetime.now(timezone.utc) + timedelta(seconds=1)
    put(web / 'shares/bob/.expires', soon.isoformat(timespec='milliseconds').replace('+00:00', 'Z'))
    wait_for('an expiry', lambda: any(event['op'] == 'expire' for event in c.log()))
    web.rename(north / 'images/db')
    (north / 'images/db/disk').unlink()
    c.admin('undelete', 'north/db@alice')
    shutil.rmtree(north / 'images/db')
    c.admin('undelete', 'north/db@alice')
    shutil.rmtree(north / 'images/db')
    header(c, 'image purge', 'image purge', 'north/db@alice')


def who_sees(image, views):
    """The table of 3.2: what each of its columns gets, by the calls that its rows are about. Shared with bob and carol."""
    def share(path, who):
        if who == 'operator':  # unshare only
            os.rmdir(path / 'shares/frank')
        else:
            os.mkdir(path / 'shares' / ('frank' if who == 'owner' else 'dave'))

    asked = {
        'the image exists': lambda path, who: os.stat(path),
        '`description`, attributes': lambda path, who: (path / 'description').read_text(),
        '`disk`: size': lambda path, who: os.stat(path / 'disk'),
        '`disk`: bytes': lambda path, who: os.close(os.open(path / 'disk', os.O_RDONLY)),
        '`shares/` lists': lambda path, who: sorted(os.listdir(path / 'shares')),
        'share / unshare': share,
    }
    lists = {'all': ['bob', 'carol'], 'itself': ['bob']}
    found = table('3.2', '', 'owner')
    same('who sees what: rows', [row[0] for row in found], list(asked))
    for label, *row in found:
        for (who, view), cell in zip(views.items(), row):
            promise = 'ENOENT' if cell == '-' else next((word for word in words(cell) if re.fullmatch('E[A-Z]+', word)), 'done')
            try:
                got = asked[label](view / 'regions/north/images' / (image if who == 'owner' else f'{image}@alice'), who)
                got, promise = (got, lists[cell]) if cell in lists else ('done', promise)
            except OSError as error:
                got = errno.errorcode[error.errno]
            if got != promise:
                fail(f'who sees what, {label}, {who}: {cell!r} in CONTRACT, {got} in the mount')


def texts(bob):
    """The files of .imgshare, and how their lines are called."""
    same('.imgshare, and source', set(column('9', 'file')), set(os.listdir(bob / '.imgshare')) | {'source'})
    for name, content in ((words(row[0])[0], row[1]) for row in table('9', 'file')):
        if name in {'whoami', 'last_denial'}:
            lines = (bob / '.imgshare' / name).read_text().splitlines()
            same(f'lines of {name}', [word for word in words(content) if word.endswith(':')],
                 [line.split(' ')[0] for line in lines])


def events(c):
    log = c.log()
    same('members of an event', column('9', 'member'), list(log[0]))
    contract = {words(row[0])[0]: set(words(row[1])) for row in table('9', 'op')}
    seen = {op: set() for op in contract}
    for event in log:
        if not event['rule']:
            seen[event['op']] |= set(event['detail'])
    # of catalogs of an earlier format only
    seen['snapshot'] = {member for _, text in files('src') for member in re.findall(r'\{ "([a-z]+)", S_UPGRADE_', text)}
    # of catalogs that were damaged only
    source = '\n'.join(text for _, text in files('src'))
    seen['repair'] = set(re.findall(r'"([a-z]+)"', re.search(r'repair_kinds\[\] = \{(.*?)\};', source, flags=re.S)[1]))
    seen['repair'] |= set(re.findall(r'\.member = "([a-z-]+)"', source))
    # in the log of another catalog
    for event in map(json.loads, run('-C', str(c.folder / 'restored'), 'log', '--json').splitlines()):
        if event['op'] == 'restore':
            seen['restore'] |= set(event['detail'])
    for op in contract:
        same(f'members of the detail of {op}', contract[op], seen[op])


def tables(c):
    columns(c, 'region list', ('region', 'list'))
    columns(c, 'account list', ('account', 'list'))
    columns(c, 'limits', ('limits',))
    columns(c, 'clock', ('clock',))
    columns(c, 'rules', ('rules',))
    columns(c, 'check', ('check', '--log'))
    columns(c, 'backup', ('backup', c.folder / 'kept'))
    columns(c, 'restore', ('restore', c.folder / 'kept', c.folder / 'restored'))
    header(c, 'log', 'log')


def outputs():
    """Each table of the programs, and each that CONTRACT has, was looked at."""
    same('outputs with columns', set(column('9', 'output')), looked_at)
    for verb in re.findall(r'^  ([a-z]+(?: [a-z]+)?)  ', run('--help').split('Options')[0], flags=re.M):
        if '--json' in run(*verb.split(), '--help') and verb not in looked_at:
            fail(f'{verb} prints a table that CONTRACT 9 does not have')


def main():
    numbering()
    ids = rules()
    order()
    commands()
    options()
    operations()
    citations(ids)
    with tempfile.TemporaryDirectory() as folder:
        c = Catalog(folder)
        managing(c)
        tables(c)
        if os.access('/dev/fuse', os.R_OK | os.W_OK) and shutil.which('fusermount3'):
            try:
                alice, bob = c.mount('alice'), c.mount('bob')
                life(c, alice, bob)
                texts(bob)
                events(c)
                outputs()
            finally:
                c.unmount()
        else:
            print('no /dev/fuse: what a mount tells was left out')
    return failures > 0


sys.exit(main())

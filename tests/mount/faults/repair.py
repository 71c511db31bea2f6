# SPDX-License-Identifier: MIT
"""repair.py FOLDER [RELIABILITY.md]: see repair.sh. FOLDER/catalog is whole, and nobody has it mounted.
repair.py --table prints the list of damages, as RELIABILITY.md has it."""
import hashlib
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time

FAR = 140737488355327
PAGE = 4096
DIR = STORE = ''
CASES = []


class Failed(Exception):
    pass


class Case:
    def __init__(self, plant, words, finds, mended, options, also):
        self.plant, self.words, self.finds, self.mended, self.options, self.also = plant, words, finds, mended, options, also


def case(words, finds, mended=True, options=(), also=None):
    """A function that damages the catalog; `finds`: what check prints of it, a pattern of its columns what, object, problem,
    None: nothing, for it is no damage; mended: by --repair, else it is left, with the remedy, a pattern."""
    def add(plant):
        CASES.append(Case(plant, words, finds, mended, list(options), also))
        return plant
    return add


# --- a catalog's files

def database():
    db = sqlite3.connect(f'{DIR}/catalog.db', isolation_level=None)
    db.execute('PRAGMA ignore_check_constraints = on')
    return db


def sql(*statements):
    db = database()
    for statement in statements:
        db.execute(statement).fetchall()
    db.close()


def ask(statement):
    db = database()
    row = db.execute(statement).fetchone()
    db.close()
    return row[0]


def rows(words, finds, *statements, mended=True, **more):
    """A damage that SQL makes."""
    case(words, finds, mended, **more)(lambda: sql(*statements))


def root_of(name):
    return ask(f"SELECT rootpage FROM sqlite_schema WHERE name = '{name}'")


def page_read(number):
    with open(f'{DIR}/catalog.db', 'rb') as file:
        file.seek((number - 1) * PAGE)
        return file.read(PAGE)


def page_write(number, content, at=0):
    with open(f'{DIR}/catalog.db', 'r+b') as file:
        file.seek((number - 1) * PAGE + at)
        file.write(content)


def last_leaf(name):
    """Of a table's or an index's tree (https://www.sqlite.org/fileformat.html#b_tree_pages), the leaf on its right."""
    number = root_of(name)
    while page_read(number)[0] in (2, 5):
        number = int.from_bytes(page_read(number)[8:12], 'big')
    return number


def blob(image):
    """The store's file of an image or instance: by its region and name."""
    region, name = image.split('/')
    if name == 'vm':
        return f'{STORE}/{region}/' + str(ask('SELECT max(id) FROM launch'))
    return f'{STORE}/{region}/' + str(ask(f"SELECT i.id FROM image i JOIN place_name n ON n.place = i.place JOIN region r ON r.id = "
                                          f"n.region WHERE n.name = '{name}' AND r.name = '{region}' AND i.until_event = {FAR} AND "
                                          f"n.until_event = {FAR}"))


# --- damages: rows

rows('an account renamed', 'account al its name does not follow', "UPDATE account SET name = 'al' WHERE name = 'alice'")
rows("an account's role, uid and quota changed", 'account bob its role', "UPDATE account SET role = 2, uid = 0, quota = 9 WHERE name = 'bob'")
rows('all accounts removed', "event 1 init: |account 'operator': the catalog is damaged", 'PRAGMA foreign_keys = off', 'DELETE FROM account')
rows('an account that nobody added', 'account mallory it does not follow',
     f"INSERT INTO account (name, role, uid, from_event) VALUES ('mallory', 2, 4711, 7)")
rows('a region renamed', 'region nord its name', "UPDATE region SET name = 'nord' WHERE name = 'north'")
rows('a region doubled', 'region north it does not follow', 'DROP INDEX region_of_name',
     "INSERT INTO region (name, from_event) VALUES ('north', 2)")
rows('a region removed', 'event .* region-add west: what it did', "DELETE FROM region WHERE name = 'west'")
rows('a limit changed', 'limit images-per-region its value', 'UPDATE setting SET value = 7')
rows('a limit removed', 'event .* limit images-per-region: ', 'DELETE FROM setting')
rows('a place of another owner', 'image .* its owner', "UPDATE place SET owner = (SELECT id FROM account WHERE name = 'bob')")
rows('all names of images removed', 'event .* create north/web@alice: ', 'DELETE FROM place_name')
rows('a former name changed', 'image .* its name', f"UPDATE place_name SET name = 'oldest' WHERE until_event < {FAR} AND name = 'old'")
rows('an image removed', 'event .* create north/web@alice: ', 'PRAGMA foreign_keys = off', "DELETE FROM image WHERE id ="
     " (SELECT min(id) FROM image)")
rows('an image doubled', 'image .* it does not follow',
     'INSERT INTO image (id, place, until_event, disk_event) SELECT max(id) + 3, min(place), 3, 3 FROM image')
rows('what disks are changed', 'image .* its format', "UPDATE image SET format = 'x' WHERE format IS NOT NULL")
rows('sizes of sealed images changed', 'image .* its size', 'UPDATE image SET size = size + 1 WHERE size IS NOT NULL')
rows('a digest changed', 'image .* its digest', "UPDATE image SET digest = zeroblob(32) WHERE digest IS NOT NULL")
rows('a broken interval: an end before its beginning', 'image .* its end', "UPDATE image SET until_event = 1 WHERE id ="
     " (SELECT min(id) FROM image)")
rows('a lineage that leads nowhere', 'image .* its source', 'UPDATE lineage SET source = 99999')
rows('a lineage removed', 'event .* copy ', 'DELETE FROM lineage')
rows('a review that nobody made', 'image .* it does not follow', 'INSERT INTO review (image, from_event) SELECT min(id), 3 FROM image'
     " WHERE id NOT IN (SELECT image FROM review)")
rows('reviews removed', 'event .* review north/', 'DELETE FROM review')
rows('a description changed', 'description .* its text', "UPDATE description SET text = 'rewritten'")
rows('descriptions removed', 'event .* describe north/web@alice: ', 'DELETE FROM description')
rows('links removed', 'event .* north/web@alice: ', 'DELETE FROM shares_link')
rows('a share removed', 'event .* share north/web@alice bob: ', 'PRAGMA foreign_keys = off', 'DELETE FROM share WHERE id = (SELECT min(id) FROM share)')
rows('a share that ended made live', 'event .* unshare north/web@alice carol: ', f'UPDATE share SET until_event = {FAR}')
rows('a share with somebody else', 'share .* its account', "UPDATE share SET account = (SELECT id FROM account WHERE name = 'dave')"
     f' WHERE until_event < {FAR}')
rows('two live shares of one image with one account', 'share north/.* it does not follow', 'DROP INDEX share_of_image',
     'INSERT INTO share (id, image, account, region) SELECT 99999, image, account, region FROM share ORDER BY id LIMIT 1')
rows('an expiry removed', 'event .* set-expiry north/web@alice bob: ', f'DELETE FROM share_expiry WHERE until_event = {FAR}')
rows('an expiry moved', 'share .* its expires', 'UPDATE share_expiry SET expires = 1')
rows('a trust that nobody gave', 'trust .* it does not follow', "INSERT INTO trust (account, owner, from_event) VALUES (1, 2, 3)")
rows('trusts removed', 'event .* trust alice: ', 'DELETE FROM trust')
rows('an instance renamed', 'instance .* its name', "UPDATE instance SET name = 'other'")
rows('an instance removed', 'event .* create north/vm@bob: ', 'PRAGMA foreign_keys = off', 'DELETE FROM instance')
rows('a launch of another image', 'instance .* its image ', 'PRAGMA foreign_keys = off', 'UPDATE launch SET image = (SELECT max(id) FROM image)')
rows('launches removed', 'event .* launch north/web@alice: ', 'DELETE FROM launch')
rows("the catalog's uuid removed", 'catalog uuid it is missing|damaged; imgshare check --repair', "DELETE FROM meta WHERE key = 'uuid'")
rows("the catalog's uuid changed", 'catalog uuid its value', "UPDATE meta SET value = '00000000-0000-4000-8000-000000000000' WHERE key = 'uuid'")
rows('columns of the log that are not hashed', 'event .* (its length|the catalog counts it)',
     'UPDATE event SET length = 1, place = 3, owner = 4 WHERE id > 9')
rows('an index of the log with too much', 'event 9 an index of the log has it in the wrong place',
     'UPDATE indexed SET last = 9', "INSERT INTO event_of_object VALUES ('north', 9)")
rows('an index of the log with too little', 'event .* an index of the log leaves it out', 'UPDATE indexed SET last = (SELECT max(id)'
     ' FROM event)', 'DELETE FROM event_of_place')
rows('the log said to be indexed further than it goes', 'catalog indexed ', 'UPDATE indexed SET last = 999999')
rows('numbers of launches used up', 'catalog reservation the next number', 'UPDATE sqlite_sequence SET seq = 9223372036854775807')
rows('a launch that cannot be, begun', 'catalog reservation of launch 7', 'INSERT INTO reservation VALUES (7, 1, 1)')
rows('a store of no region', 'catalog store of region 99', "INSERT INTO store (region, path) VALUES (99, '/elsewhere')")

# --- the file

rows('a table removed', 'catalog trust this table or index', 'DROP TABLE trust')
rows('an index removed', 'catalog share_of_image this table or index', 'DROP INDEX share_of_image')
rows('an index that allows two of a kind', 'catalog share_of_image this table or index', 'DROP INDEX share_of_image',
     'CREATE INDEX share_of_image ON share (image, until_event, account)')
rows('a trigger', 'catalog helper it is a trigger', 'CREATE TRIGGER helper AFTER INSERT ON share BEGIN SELECT 1; END')
rows('a view', 'catalog seen it is a view', 'CREATE VIEW seen AS SELECT * FROM share')


@case('an index that its table does not fit', 'catalog file row .* missing from index account_of_uid')
def _():
    sql('PRAGMA writable_schema = on', "CREATE TEMP TABLE kept AS SELECT * FROM sqlite_schema WHERE name = 'account_of_uid'",
        "DELETE FROM sqlite_schema WHERE name = 'account_of_uid'", 'PRAGMA writable_schema = reset',
        "INSERT INTO account (id, name, role, uid, from_event) VALUES (999, 'hidden', 0, 999, 3)", 'PRAGMA writable_schema = on',
        'INSERT INTO sqlite_schema SELECT * FROM kept')


for _name, _words in (('share', 'a table'), ('account_of_uid', 'an index'), ('place_name', 'a table without row numbers')):
    case(f'a torn page of {_words}', 'catalog file ')(lambda name=_name: page_write(last_leaf(name), bytes(PAGE)))
case('half a page of a table, of another time', 'catalog file |account ')(
    lambda: page_write(last_leaf('account'), os.urandom(PAGE // 2), PAGE // 2))
case('the root of a table', 'catalog file ')(lambda: page_write(root_of('image'), bytes(PAGE)))

LOST = 'imgshare restore'
case('a torn page of the log', 'catalog file ', LOST)(lambda: page_write(last_leaf('event'), bytes(PAGE)))
case("the log's root", 'catalog file ', LOST)(lambda: page_write(root_of('event'), bytes(PAGE)))
rows('an event changed', 'event 9 it was changed', 'UPDATE event SET uid = 5 WHERE id = 9', mended=LOST)
rows('an event removed', 'event 9 it was removed', 'DELETE FROM event WHERE id = 9', mended=LOST)
rows('a hash changed, and rows besides', 'event 9 it was changed', 'UPDATE event SET hash = zeroblob(32) WHERE id = 9',
     'DELETE FROM trust', mended=LOST)
rows('all events removed', 'event 1 it was removed, and all behind it', 'DELETE FROM event', mended=LOST)
rows('an event put at the end', 'event .* it was changed or inserted', 'INSERT INTO event (id, time, actor, uid, via, op, length, hash)'
     " SELECT max(id) + 1, max(time), 1, 0, 'cli', 'limit', 9, zeroblob(32) FROM event", mended=LOST)


@case('the file cut', 'cannot (open|repair)', LOST)
def _():
    os.truncate(f'{DIR}/catalog.db', os.path.getsize(f'{DIR}/catalog.db') // 2 // PAGE * PAGE)


case("the file's first page", 'cannot (open|repair)', LOST)(lambda: page_write(1, bytes(PAGE)))

# --- stores

BACKUP = 'of a backup of the store'
case("an image's disk lost", 'image north/web@alice its disk is not in the store', BACKUP)(lambda: os.unlink(blob('north/web')))
case("an instance's disk lost", 'instance north/vm@bob its disk is not in the store', BACKUP)(lambda: os.unlink(blob('north/vm')))
case('a disk that became longer', 'image north/db@alice its disk has .* bytes', BACKUP)(lambda: os.truncate(blob('north/db'), 999999))
case('a disk that became shorter', 'image north/db@alice its disk has .* bytes', BACKUP)(lambda: os.truncate(blob('north/db'), 9))


@case('a bit of a disk', 'image north/db@alice its bytes are not those that were sealed', BACKUP, ['--digests'])
def _():
    with open(blob('north/db'), 'r+b') as file:
        file.seek(4711)
        byte = file.read(1)[0]
        file.seek(4711)
        file.write(bytes([byte ^ 1]))


@case('disks that were exchanged', "image north/web@alice (its bytes are those of 'north/db@alice'|its disk has)", BACKUP, ['--digests'])
def _():
    web, db = blob('north/web'), blob('north/db')
    os.rename(web, f'{web}.x')
    os.rename(db, web)
    os.rename(f'{web}.x', db)


@case('a symlink in place of a disk', 'image north/db@alice its disk is not in the store', BACKUP)
def _():
    os.rename(blob('north/db'), f'{STORE}/north/elsewhere')
    os.symlink('elsewhere', blob('north/db'))


@case('a file that no row names', 'blob north/7 no image of the catalog has it')
def _():
    put(f'{STORE}/north/7', b'nobody knows')


@case("a deleted image's file that came back", 'blob north/.* no image of the catalog has it')
def _():
    number = ask(f'SELECT max(id) FROM image WHERE until_event < {FAR}')
    put(f'{STORE}/north/{number}', b'deleted once')


@case('a launch that was begun, with half its disk', 'blob north/.* no image', also='instance north/vm@bob a launch was begun')
def _():
    sql('INSERT INTO reservation (instance, image) SELECT id, 9 FROM instance')
    put(f'{STORE}/north/' + str(ask('SELECT id FROM reservation')), b'half a clone')


@case('a launch that was begun, without a disk', None, also='instance north/vm@bob a launch was begun')
def _():
    sql('INSERT INTO reservation (instance, image) SELECT id, 9 FROM instance')


@case('a file newer than the catalog', 'blob north/99999 it is newer than the catalog', 'put the newer catalog back')
def _():
    put(f'{STORE}/north/99999', b'of a later state')


MARK = 'region north its store (is offline|has no mark that can be read)'
case("a store's mark lost", MARK)(lambda: os.unlink(f'{STORE}/north/.imgshare'))
case("a store's mark unreadable", MARK)(lambda: put(f'{STORE}/north/.imgshare', os.urandom(60)))
case("a store with another catalog's mark", 'region north its store is offline', '.')(
    lambda: put(f'{STORE}/north/.imgshare', b'00000000-0000-4000-8000-000000000000\n'))
case('a mark lost in a store that has none of its disks', 'region north its store is offline', '.')(
    lambda: [os.unlink(f'{STORE}/north/{name}') for name in os.listdir(f'{STORE}/north') if name != '.locks'])
case("the store's locks lost", None)(lambda: os.unlink(f'{STORE}/north/.locks'))
case('a store lost', 'region north its store is offline', '.')(lambda: shutil.rmtree(f'{STORE}/north'))


@case("rows lost whose disks would be nobody's", 'event .* create north/web@alice: ')
def _():
    sql('PRAGMA foreign_keys = off', 'DELETE FROM image', 'DELETE FROM launch', 'DELETE FROM instance')


@case('much at once', 'catalog place_of_name|damaged; imgshare check --repair', also='blob north/7 no image')
def _():
    sql('PRAGMA foreign_keys = off', 'DELETE FROM share', 'DELETE FROM account', 'DROP INDEX place_of_name', "DELETE FROM meta WHERE key = 'uuid'")
    page_write(last_leaf('place'), bytes(PAGE))
    put(f'{STORE}/north/7', b'nobody knows')


# --- what there is

def put(path, content):
    with open(path, 'wb') as file:
        file.write(content)


def run(*words):
    done = subprocess.run([os.environ['IMGSHARE'], '-C', DIR, *words], capture_output=True, text=True, timeout=120, check=False)
    if done.returncode not in (0, 1):
        raise Failed(f'{" ".join(words)}: status {done.returncode}: {done.stderr}')
    return done.returncode, done.stdout + done.stderr


def dump():
    """All rows but the repair's own events, and what repeats the log."""
    db, found = database(), {}
    tables = [name for name, in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")]
    for table in tables:
        if table.startswith('event_of_') or table in ('indexed', 'sqlite_sequence'):
            continue
        where = "WHERE op <> 'repair'" if table == 'event' else ''
        found[table] = sorted(db.execute(f'SELECT * FROM "{table}" {where}').fetchall(), key=repr)
    found['schema'] = sorted(db.execute('SELECT type, name, tbl_name, sql FROM sqlite_schema').fetchall(), key=repr)
    db.close()
    return found


def bytes_of_store():
    """The bytes of each file there is that is a disk, or was one, wherever it lies."""
    found = []
    for folder, _, names in os.walk(STORE):
        for name in names:
            path = os.path.join(folder, name)
            if not name.startswith('.') and not os.path.islink(path):
                with open(path, 'rb') as file:
                    found.append(hashlib.sha256(file.read()).hexdigest())
    return sorted(found)


def view(folder, options):
    """All that a mount shows: names, kinds, modes, numbers, sizes, times (of directories and usage some are the mount's own); texts and disks as far as it lets."""
    where = f'{folder}/seen'
    os.makedirs(where, exist_ok=True)
    done = subprocess.run(['timeout', '-s', 'KILL', '30', os.environ['IMGSHAREFS'], DIR, where, '-o', options], capture_output=True,
                          text=True, check=False)
    if done.returncode != 0:
        raise Failed(f'mount {options}: {done.stderr}')
    try:
        listed = subprocess.run(['timeout', '-s', 'KILL', '30', 'find', where, '-type', 'd', '-printf', r'%P %m %i\n', '-o', '-name', 'usage', '-o', '-printf',
                                 r'%P %y %m %i %s %n %T@ %l\n'], capture_output=True, text=True, check=True).stdout
        texts = subprocess.run(['timeout', '-s', 'KILL', '30', 'sh', '-c', f'find {where}/regions -type f ! -name stats -exec cat {{}} + 2>&1'
                                ' | sha256sum'], capture_output=True, text=True, check=True).stdout
    finally:
        subprocess.run(['fusermount3', '-u', where], check=True)
        wait_for_end(where)
    return set(listed.split('\n')) | {texts}


def wait_for_end(where):
    """Of the daemon that served there: it has the catalog open a little longer."""
    for _ in range(500):
        if not any(where.encode() in words(process) for process in os.listdir('/proc') if process.isdigit()):
            return
        time.sleep(0.02)
    raise Failed('a daemon did not end')


def words(process):
    try:
        with open(f'/proc/{process}/cmdline', 'rb') as file:
            found = file.read().split(b'\0')
    except OSError:
        return []
    return found if os.path.basename(found[0]) == b'imgsharefs' else []


def views(folder):
    last = ask("SELECT max(id) FROM event WHERE op <> 'repair'")
    return [view(folder, f'account=eve,asof={last}'), view(folder, 'account=alice,ro'), view(folder, f'account=bob,ro,asof={last - 20}')]


def restore(folder):
    """In place: DIR is a directory that a catalog knows itself by."""
    for name in os.listdir(DIR):
        path = f'{DIR}/{name}'
        shutil.rmtree(path) if os.path.isdir(path) and not os.path.islink(path) else os.unlink(path)
    subprocess.run(['cp', '-a', f'{folder}/saved/.', f'{DIR}/'], check=True)


def has_line(printed, pattern):
    return any(re.search(pattern, line.replace('\t', ' ')) for line in printed.splitlines())


def require(holds, what):
    if not holds:
        raise Failed(what)


def judge(c, folder, rows_before, views_before):
    restore(folder)
    c.plant()
    bytes_before = bytes_of_store()
    rows_damaged = None if c.mended is True else file_hash()
    status, printed = run('check', '--log', *c.options)
    if c.finds is None:
        require(status == 0, f'check finds: {printed}')
    else:
        require(status == 1 and has_line(printed, c.finds), f'check does not find it: {printed}')
    status, printed = run('check', '--repair', *c.options)
    if c.finds:
        require(has_line(printed, c.finds), f'--repair does not find it: {printed}')
    if c.also:
        require(has_line(printed, c.also), f'--repair does not find {c.also}: {printed}')
    require(bytes_of_store() == bytes_before, 'bytes were lost')
    if c.mended is True:
        require(status == 0, f'--repair leaves: {printed}')
        again, said = run('check', '--repair', '--log', *c.options)
        require(again == 0 and said.count('\n') == 1, f'a second run finds: {said}')
        now = dump()
        for table in rows_before:
            require(now.get(table) == rows_before[table], f'{table} is not as before: {now.get(table)}')
        require(set(now) == set(rows_before), 'other tables')
        for seen, before in zip(views(folder), views_before):
            require(seen == before, f'a view is not as before: {sorted(seen ^ before)[:6]}')
        said = c.finds is not None or c.also is not None
        require((ask("SELECT count(*) FROM event WHERE op = 'repair'") > 0) == said, 'the log does not say it')
    else:
        require(status == 1, f'nothing is left: {printed}')
        require(has_line(printed, c.mended), f'no remedy: {printed}')
        require(file_hash() == rows_damaged, 'something was touched')
        require(run('check', '--repair', *c.options) == (status, printed), 'a second run says something else')


def file_hash():
    with open(f'{DIR}/catalog.db', 'rb') as file:
        return hashlib.sha256(file.read()).hexdigest()


def table():
    lines = ['| damage | `check --repair` |', '| --- | --- |']
    for c in CASES:
        lines.append(f'| {c.words} | {"mends it" if c.mended is True else "leaves it, with a remedy"} |')
    return '\n'.join(lines) + '\n'


def main():
    global DIR, STORE
    if sys.argv[1] == '--table':
        print(table(), end='')
        return
    folder = sys.argv[1]
    DIR, STORE = f'{folder}/catalog', f'{folder}/catalog/store'
    subprocess.run(['cp', '-a', DIR, f'{folder}/saved'], check=True)
    rows_before, views_before = dump(), views(folder)
    failures = 0
    for c in CASES:
        if os.environ.get('CASE', '') not in c.words:
            continue
        try:
            judge(c, folder, rows_before, views_before)
        except (Failed, sqlite3.Error, OSError) as error:
            failures += 1
            print(f'{c.words}: {error}')
    if len(sys.argv) > 2:
        with open(sys.argv[2], encoding='utf-8') as file:
            if table() not in file.read():
                failures += 1
                print(f'{sys.argv[2]} has another table than repair.py --table')
    print(f'{len(CASES)} damages, {failures} failures')
    restore(folder)
    sys.exit(failures > 0)


if __name__ == '__main__':
    main()

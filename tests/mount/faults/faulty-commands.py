# SPDX-License-Identifier: MIT
"""Each command, with each call that it makes failing: see faulty-commands.sh."""
import errno, glob, os, pty, re, shutil, sqlite3, subprocess, sys, tempfile, time

from faults import MEMORY, FILES, SQL, TERMINAL, Control

imgshare, imgsharefs, made, mount, preload, told = sys.argv[1:]
long = bool(os.environ.get('IMGSHARE_LONG'))
control = Control(told)
work = tempfile.mkdtemp(dir=os.path.dirname(told))
catalog = f'{work}/catalog'
environment = dict(os.environ, LD_PRELOAD=preload, FAULT_CONTROL=told)

# SQLITE_IOERR, _FULL, _NOMEM
KINDS = {MEMORY: [errno.ENOMEM], FILES: [errno.EIO, errno.EMFILE], SQL: [10, 13, 7], TERMINAL: [errno.ENOMEM]}
tries = 0


def comparable(value):
    """The same in each try: of a hash its length, of a time and of a number drawn at random that it is one."""
    if isinstance(value, bytes):
        return len(value)
    return 10**12 if isinstance(value, int) and abs(value) >= 10**12 else value


def state():
    """What is in the catalog, but for ids, times and hashes; None: there is none that can be read."""
    rows = []
    try:
        db = sqlite3.connect(f'file:{catalog}/catalog.db?mode=ro', uri=True)
        for table, in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'"
                                 " AND name NOT IN ('event', 'meta')"):
            for row in db.execute(f'SELECT * FROM {table}'):
                rows.append((table, *map(comparable, row)))
        db.close()
    except sqlite3.OperationalError:
        return None
    return sorted(rows, key=str)


def fresh(with_it=True):
    """Each try has the same catalog."""
    shutil.rmtree(catalog, ignore_errors=True)
    if with_it:
        shutil.copytree(made, catalog)


def on_terminal(arguments):
    """Its status, and what it wrote on a terminal: printed, or complained."""
    ours, its = pty.openpty()
    process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=its, stderr=its, env=environment)
    os.close(its)
    text = b''
    while True:
        try:
            more = os.read(ours, 65536)
        except OSError: # EIO: nobody has it open any more
            break
        if not more:
            break
        text += more
    os.close(ours)
    text = text.decode()
    return process.wait(), *(('', text) if text.startswith('imgshare: ') else (text, ''))


def run(command, fault=(0, 0, 0, 0)):
    """Its status, what it printed, what it complained of, and whether the fault was reached."""
    global tries
    tries += 1
    arguments = [imgshare, '-C', catalog, *command.words]
    control.arm(*fault)
    if command.terminal:
        result = on_terminal(arguments)
    else:
        done = subprocess.run(arguments, input=command.input, capture_output=True, text=True, env=environment,
                              timeout=60)
        result = done.returncode, done.stdout, done.stderr
    return *result, control.disarm()[1]


class Command:
    def __init__(self, *words, input='', terminal=False, changes=False, steps=False, new=False, finds=False):
        self.words, self.input, self.terminal, self.finds = words, input, terminal, finds
        self.changes = changes or steps or new
        self.steps = steps # of one that fails some may be done
        self.new = new # makes the catalog

    def __str__(self):
        return ' '.join(self.words) + (' on a terminal' if self.terminal else '')

    def learn(self):
        fresh(not self.new)
        self.before = state()
        status, self.printed, complaint, _ = run(self)
        if status != 0 or complaint:
            sys.exit(f'{self}: without a fault: {status} {self.printed}{complaint}')
        self.after = state()

    def check(self, *fault):
        def wrong(message):
            sys.exit(describe(self, *fault) + message)

        if self.changes:
            fresh(not self.new)
        status, printed, complaint, failed = run(self, fault)
        if status == 0 and not complaint:
            if printed != self.printed:
                wrong(f'it succeeds, and prints\n{printed}and not\n{self.printed}')
            if self.changes and state() != self.after:
                wrong(f'it succeeds, and makes\n{state()}\nand not\n{self.after}')
            return failed
        if fault[0] == FILES and status == 1 and self.finds and printed and (
                not complaint or re.fullmatch(r'imgshare: [^\n]+\r?\n', complaint)):
            return failed # what cannot be read is found wanting, nothing else is; then it may be the catalog's turn
        if status != 1 or not re.fullmatch(r'(imgshare: [^\n]+\r?\n)+', complaint):
            wrong(f'status {status}, and it says: {complaint!r}, and prints\n{printed}')
        if not failed:
            wrong(f'it fails without one: {complaint}')
        if not self.printed.startswith(printed):
            wrong(f'it fails, and prints\n{printed}')
        if not self.changes:
            return failed
        if not self.steps and not self.new and state() != self.before:
            wrong(f'it fails, and makes\n{state()}\nof\n{self.before}')
        status, printed, complaint, _ = run(self)
        kept = self.new and fault[2] and 'it holds a catalog already' in complaint # its removal failed too
        if status != 0 and not kept or state() != self.after:
            wrong(f'then without: {status} {complaint}{state()}\nand not\n{self.after}')
        return failed

    def kinds(self):
        return [kind for kind in KINDS if kind != TERMINAL or self.terminal]


class Mount:
    """Of alice's view. What fails later, the others' test has: faulty-daemon."""
    point = f'{work}/mount'

    def __str__(self):
        return 'imgsharefs'

    def learn(self):
        os.mkdir(self.point)
        fresh()

    def check(self, *fault):
        global tries
        tries += 1
        with tempfile.TemporaryFile('w+', dir=work) as complaint: # no pipe: a daemon may keep it open
            control.arm(*fault)
            status = subprocess.call([imgsharefs, catalog, self.point, '-o', 'account=alice'], stdin=subprocess.DEVNULL,
                                     stdout=complaint, stderr=complaint, env=environment, timeout=60)
            _, failed = control.disarm()
            complaint.seek(0)
            said = complaint.read()
        if status == 0:
            seen = sorted(glob.glob('*', root_dir=f'{self.point}/regions'))
            if seen != ['empty', 'north', 'south']:
                sys.exit(describe(self, *fault) + f'it has succeeded, and serves {seen}')
            subprocess.check_call(['fusermount3', '-u', self.point])
        elif status not in (1, 2) or not failed or not re.fullmatch(r'(imgsharefs: [^\n]+\n)+', said):
            sys.exit(describe(self, *fault) + f'status {status}, and it says: {said!r}')
        elif os.path.ismount(self.point):
            sys.exit(describe(self, *fault) + 'it fails, and has mounted')
        self.wait()
        return failed

    def wait(self):
        """Until its daemon has ended."""
        for _ in range(500):
            for path in glob.glob('/proc/[0-9]*/cmdline'):
                try:
                    with open(path, 'rb') as file:
                        if self.point.encode() in file.read():
                            break
                except OSError:
                    pass
            else:
                return
            time.sleep(0.02)
        sys.exit(f'{self}: a daemon does not end')

    def kinds(self):
        return [MEMORY, FILES, SQL]


def describe(command, kind, n, persistent, error):
    return f'{command}, call {n} of kind {kind} failing {"from then on" if persistent else "once"} ({error}): '


def faults(command):
    command.learn()
    for kind in command.kinds():
        errors = KINDS[kind]
        for persistent in (0, 1):
            n = 1
            while command.check(kind, n, persistent, errors[n % len(errors)]):
                n += 1 if long or n < 4 else 1 + n // 2


SHARES = 'north\tweb@alice\tdave\t2100-01-01T00:00:00Z\nnorth\tother@alice\tbob\n'
COMMANDS = [
    Mount(),
    Command('region', 'list'), Command('account', 'list', '--json'), Command('limits'),
    Command('limits', 'shares-per-image'),
    Command('rules', terminal=True), Command('account', 'list', terminal=True),
    Command('access', '--all'), Command('access', 'bob', '--json'), Command('access', 'north/web@alice'),
    Command('exposure', 'north/web@alice'), Command('exposure', '--dot', 'north/web@alice'),
    Command('--as', 'alice', 'exposure', '--dot', 'north/web@alice'),
    Command('log'), Command('log', '--json', '--denied'), Command('--as', 'bob', 'log'),
    Command('log', '--image', 'north/web@alice', '--account', 'bob'),
    Command('check', finds=True), Command('check', '--log', finds=True),
    Command('check', '--digests', finds=True),
    Command('apply', '-n', '--prune', '-', input=SHARES), Command('why', f'{mount}/regions/north/nothing/here'),
    Command('--as', 'bob', 'apply', input=''),
    Command('init', catalog, new=True),
    Command('region', 'add', 'west', changes=True), Command('region', 'rm', 'empty', changes=True),
    Command('account', 'add', 'erin', '--uid', '77', '--quota', '3', changes=True),
    Command('account', 'set', 'dave', 'role=auditor', 'quota=2', 'uid=-', changes=True),
    Command('account', 'rm', 'dave', changes=True), Command('limits', 'shares-per-image', '7', changes=True),
    Command('apply', input=SHARES, steps=True), Command('apply', '--prune', '-', input=SHARES, steps=True),
]
only = os.environ.get('COMMAND')
for command in COMMANDS:
    if not only or only in str(command):
        faults(command)
print(f'{tries} tries')

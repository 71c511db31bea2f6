# SPDX-License-Identifier: MIT
"""One run: each operation is asked of the model and of the mounts, and the two are compared.

After every step errno and rule, and in the actor's own view what was touched; from time to time, and at the end, everything in
every view, and the log. The actor's view must be right at once; the others within 100 ms (CONTRACT 5.3), so they are asked again for a
while before it counts.
"""
import collections
import errno
import heapq
import time

import coverage
import tree
from deleted import Deleted
from journal import Journal
from model import Account, No, View
from rules import iso
from world import CAST, REGIONS, World

FULL = 250  # steps between looks at everything
LATE = 2  # seconds for which another view may still show what was (CONTRACT 5.3 promises 0.1; a busy machine is given more) ...
PATIENCE = 20  # ... and for which it is asked again then, before it counts
SOON = 2  # seconds until an expiry that comes soon; no step begins in the last half of them
CLOCKS = (-400 * 86400, -7200, 7200, 80 * 365 * 86400, 80 * 365 * 86400)  # how far a machine's clock may be off: also past all expiries
TABLES = ('access --all', 'account list', 'limits', 'region list', 'undelete --list')


def short(value):
    """A disk's content need not be told."""
    text = repr(value)
    return text if len(text) < 200 else f'{text[:100]}... ({len(value)})'


class Disagreement(Exception):
    """aspect: what kind of thing differs, so that shrinking keeps to one fault."""

    def __init__(self, aspect, message):
        super().__init__(message)
        self.aspect = aspect


class Expired(Exception):
    """A share has ended since it was said what should be seen."""


class Session:
    def __init__(self, folder, random, many=1, others=1, options=''):
        """others: through how many other views each step's changes are looked at (0.2: one every fifth step)."""
        self.world, self.random, self.others = World(folder, many, options), random, others
        self.model = Deleted(time.time)
        for name in REGIONS:
            self.model.regions[name] = True
        for name, (role, uid) in CAST.items():
            self.model.accounts[name] = Account(name, role, uid)
        self.journal = Journal(self.world)
        self.journal.skip(self.model)
        self.done, self.deadlines = [], []
        self.changed = {}  # view -> when it changed something
        self.changes = {}  # image, instance, or region (whose listings changed) -> view -> when
        self.unseen = collections.defaultdict(dict)  # view -> what changed since it was last looked through, in order
        self.pasts = []  # (event, account, role, what its view showed)
        self.retries, self.latest = 0, 0.0
        self.coverage = collections.Counter()

    def close(self):
        self.check()
        self.agree('log', self.journal.compare(last=True))

    def check(self):
        """Takes the mounts down."""
        found = self.world.close()
        if found:
            raise Disagreement('check', f'imgshare check finds: {found}')

    @staticmethod
    def agree(aspect, message):
        if message:
            raise Disagreement(aspect, message)

    def step(self, operation):
        self.expiries()
        view = self.world.views.get(operation[0])
        if view is None and (operation[0] != '-' or operation[2] not in self.model.accounts):
            return  # a guest that was never added, in a shrunk run
        self.done.append(operation)
        concrete = [self.concrete(argument) for argument in operation]
        self.settle(view, concrete)
        if concrete[1] == 'moment':
            self.quiet()
            while self.deadlines and self.deadlines[0] < time.time() + SOON / 2: # that took its time
                self.expiries()
                self.quiet()
        expected = self.model.do(view, concrete)
        events, touched = self.model.events, list({id(thing): thing for thing in self.model.touched}.values())
        got = self.attempt(view, concrete, expected)
        if view and view.ro and (expected, got) == ((errno.EACCES, None), (errno.EROFS, None)):
            got = expected  # an account that was removed: from its next request, and here the kernel made none (CONTRACT 7)
        if got != expected:
            raise Disagreement(f'{operation[1]}: {expected} is {got}', f'{short(operation)}: expected {expected}, got {got}')
        for outcome in coverage.outcomes(concrete, got):
            self.coverage[coverage.kind(concrete), outcome] += 1
        self.journal.expect(events)
        self.remember(operation[0], events, touched)
        if view and not self.model.accounts[view.account].gone:
            self.look(view, touched, self.late(concrete))
        count = min(int(self.others + self.random.random()), len(self.alive()))
        for other in self.random.sample(self.alive(), count):
            self.look(other, list(self.unseen.pop(other.name, {}).values()), True, texts=False)
        if concrete[1] == 'moment':
            self.remember_view()
        if len(self.done) % FULL == 0:
            self.everything(2)
            self.doubt(self.random.choice(CLOCKS))
            self.look_back(2)
            self.agree('log', self.journal.compare())

    def doubt(self, seconds):
        """The machine's clock goes wrong by so many seconds, and is set right. Meanwhile a share that is due by it is not there, for
        nobody; afterwards all are as before, and none was ended (CONTRACT 5.4)."""
        if not self.world.machine:
            return
        views = self.random.sample(self.alive(), min(2, len(self.alive())))
        for ahead in (seconds, 0):
            self.world.set_clock(ahead)
            self.model.ahead = ahead
            for view in views:
                self.again(self.look_at_all, view)
            self.again(self.look_at_table, 'access --all')

    def remember(self, name, events, touched):
        """That something changed, through which view."""
        now = time.time()
        if any(not event[6] for event in events):
            self.changed[name] = now
        for thing in touched:
            for key in (id(thing), thing.region):
                self.changes.setdefault(key, {})[name] = now
            for view in self.alive():
                self.unseen[view.name][id(thing)] = thing

    def quiet(self):
        """Until the log has told all that has happened, of expiries as well: a moment is an event."""
        end = time.time() + PATIENCE
        self.agree('log', self.journal.compare())
        while any(self.journal.expiries.values()) and time.time() < end:
            time.sleep(0.05)
            self.agree('log', self.journal.compare())

    def remember_view(self):
        names = [name for name, account in self.model.accounts.items() if not account.gone]
        name = self.random.choice(names)
        rows = list(tree.past(self.model, View('past', name, ro=True)))
        self.pasts.append((self.world.moments[-1], name, self.model.accounts[name].role, rows))

    def look_back(self, count):
        """CONTRACT 5.3: as of an event there is what there was, whatever was brought back or purged since; to today's role."""
        same = [past for past in self.pasts if not self.model.accounts[past[1]].gone and self.model.accounts[past[1]].role == past[2]]
        for moment, name, _, rows in self.random.sample(same, min(count, len(same))):
            with self.world.past(name, moment) as view:
                for path, (kind, value) in rows:
                    got = self.world.look(view, path, kind)
                    self.agree('past', got != value and
                               f'{name}, asof={moment}: {path}: expected {kind} {short(value)}, got {short(got)}')

    @staticmethod
    def late(operation):
        """A truncation without a write takes effect at RELEASE, which close() does not wait for (CONTRACT 5.2)."""
        return operation[1] == 'write' and operation[3] == ''

    def settle(self, view, operation):
        """Through a view that may not know yet how long a file is, appending would leave a hole, and copying end too early, as on
        any network filesystem: what another view changed is waited for."""
        if view is None or operation[1] != 'copy' and (operation[1] != 'write' or operation[4:] != ['a']):
            return
        try:
            node = self.model.node(view, operation[2])
        except No:
            return
        if node[0] in ('part', 'vmpart') and (content := getattr(node[1], node[2], None)) is not None:
            self.compare(view, operation[2], 'size', len(content), True)

    def attempt(self, view, operation, expected):
        """A view that another changed may still answer from the kernel's memory: then once more when it must be right."""
        begin = time.time()
        stale = max((at for name, at in self.changed.items() if name != operation[0]), default=0)
        got = self.world.do(view, operation)
        while got != expected and (got[0] or operation[1] in ('stat', 'read')) and view and stale > begin - LATE and \
                time.time() < begin + PATIENCE:
            time.sleep(0.02)
            self.retries += 1
            self.journal.stray[got[1]] += 1
            got = self.world.do(view, operation)
        return got

    def concrete(self, argument):
        """@soon: a time that comes soon, as expiries are written."""
        if argument != '@soon':
            return argument
        when = time.time() + SOON
        heapq.heappush(self.deadlines, when + 0.001)
        return iso(when)

    def expiries(self):
        """No step begins shortly before an expiry, so that it is clear on which side it falls."""
        while self.deadlines and self.deadlines[0] < time.time() + SOON / 2:
            when = heapq.heappop(self.deadlines)
            self.world.pause(when + 0.02 - time.time())
            for image in self.model.images.values():
                for name, (expiry, *_) in list(image.shares.items()):
                    if expiry is not None and expiry <= when:
                        del image.shares[name]
                        self.journal.expect([(None, None, None, 'expire', str(image), name, None, None)])
                        self.remember('-', [(None,) * 8], [image])

    def again(self, compare, *arguments):
        """Compares, anew if meanwhile a share has ended."""
        while True:
            self.expiries()
            try:
                return compare(*arguments)
            except Expired:
                pass

    def look(self, *arguments, **named):
        self.again(lambda: self.look_once(*arguments, **named))

    def look_once(self, view, things, patient=False, texts=True):
        """Compares what a view shows of things that changed. What it changed itself, it must show at once."""
        for thing in things:
            for path, (kind, value) in list(tree.touched(self.model, view, [thing], texts)):
                by = self.changes.get(thing.region if path.count('/') == 2 else id(thing), {})
                foreign = max((at for name, at in by.items() if name != view.name), default=0)
                self.compare(view, path, kind, value, patient or time.time() < max(foreign, self.changed.get('-', 0)) + LATE)

    def compare(self, view, path, kind, value, patient):
        begin = time.time()
        while (got := self.world.look(view, path, kind)) != value:
            if self.deadlines and self.deadlines[0] < time.time():
                raise Expired
            if not patient or time.time() > begin + PATIENCE:
                raise Disagreement(f'{kind} in {"other" if patient else "own"} view',
                                   f'{view.name}: {path}: expected {kind} {short(value)}, got {short(got)}')
            time.sleep(0.01)
            self.retries += 1
        self.latest = max(self.latest, time.time() - begin)

    def alive(self):
        return [view for view in self.world.views.values() if not self.model.accounts[view.account].gone]

    def everything(self, most=None):
        views = self.alive()
        for view in views if most is None else self.random.sample(views, most):
            self.again(self.look_at_all, view)
            rule = self.world.denial(view)
            self.agree('denials', rule and f'{view.name}: a denial that nobody asked for: {rule}')

        for name in TABLES:
            self.again(self.look_at_table, name)

    def look_at_table(self, name):
        got, want = self.world.lines(*name.split()), self.model.table(name)
        if got != want and self.deadlines and self.deadlines[0] < time.time():
            raise Expired
        self.agree('tables', got != want and f'imgshare {name}: expected {want}, got {got}')

    def look_at_all(self, view):
        for path, (kind, value) in list(tree.everything(self.model, view)):
            self.compare(view, path, kind, value, True)

    def finish(self):
        self.everything()
        self.look_back(6)
        self.agree('log', self.journal.compare())
        for name, path in list(self.world.held):
            self.step([name, 'release', path])
        self.close()

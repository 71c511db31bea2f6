# SPDX-License-Identifier: MIT
"""One run: each operation is asked of the model and of the mounts, and the two are compared.

After every step errno and rule, and in the actor's own view what was touched; from time to time, and at the end, everything in
every view, and the log. The actor's view must be right at once; the others within 100 ms (SPEC 5.3), so they are asked again for a
while before it counts.
"""
import heapq
import time

import tree
from admin import Registry
from journal import Journal
from model import Account
from rules import iso
from world import CAST, PATIENCE, REGIONS, World

BRIEF, FULL = 10, 250  # steps between looks through another view, and looks at everything


def short(value):
    """A disk's content need not be told."""
    text = repr(value)
    return text if len(text) < 200 else f'{text[:100]}... ({len(value)})'


class Disagreement(Exception):
    """aspect: what kind of thing differs, so that shrinking keeps to one fault."""

    def __init__(self, aspect, message):
        super().__init__(message)
        self.aspect = aspect


class Session:
    def __init__(self, folder, random, many=1):
        self.world, self.random = World(folder, many), random
        self.model = Registry(time.time)
        for name in REGIONS:
            self.model.regions[name] = True
        for name, (role, uid) in CAST.items():
            self.model.accounts[name] = Account(name, role, uid)
        self.journal = Journal(self.world)
        self.journal.skip(self.model)
        self.done, self.unseen, self.deadlines, self.changed = [], [], [], {}
        self.retries = 0

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
        if view is None and operation[0] != '-':
            return  # a guest that was never added, in a shrunk run
        self.done.append(operation)
        concrete = [self.concrete(argument) for argument in operation]
        expected = self.model.do(view, concrete)
        events, touched = self.model.events, self.model.touched
        got = self.attempt(view, concrete, expected)
        if got != expected:
            raise Disagreement(f'{operation[1]}: {expected} is {got}', f'{short(operation)}: expected {expected}, got {got}')
        if any(not event[6] for event in events):
            self.changed[operation[0]] = time.time()
        self.journal.expect(events)
        if view and not self.model.accounts[view.account].gone:
            foreign = max((at for name, at in self.changed.items() if name != operation[0]), default=0)
            patient = self.late(concrete) or time.time() < foreign + PATIENCE
            self.look(view, tree.touched(self.model, view, touched), PATIENCE if patient else 0)
        self.unseen += touched
        if len(self.done) % BRIEF == 0:
            self.elsewhere()
        if len(self.done) % FULL == 0:
            self.everything(2)
            self.agree('log', self.journal.compare())

    @staticmethod
    def late(operation):
        """A truncation without a write takes effect at RELEASE, which close() does not wait for (SPEC 5.2)."""
        return operation[1] == 'write' and operation[3] == ''

    def attempt(self, view, operation, expected):
        """A view that another changed may still answer from the kernel's memory: then once more when it must be right."""
        got = self.world.do(view, operation)
        stale = max((at for name, at in self.changed.items() if name != operation[0]), default=0)
        end = stale + PATIENCE
        while got != expected and got[0] and view and time.time() < end:
            time.sleep(0.02)
            self.retries += 1
            got = self.world.do(view, operation)
        return got

    def concrete(self, argument):
        """@soon: a time that comes soon, as expiries are written."""
        if argument != '@soon':
            return argument
        when = time.time() + 1
        heapq.heappush(self.deadlines, when + 0.001)
        return iso(when)

    def expiries(self):
        """No step begins shortly before an expiry, so that it is clear on which side it falls."""
        while self.deadlines and self.deadlines[0] < time.time() + 0.4:
            when = heapq.heappop(self.deadlines)
            self.world.pause(when + 0.02 - time.time())
            for image in self.model.images.values():
                for name, (expiry, *_) in list(image.shares.items()):
                    if expiry is not None and expiry <= when:
                        del image.shares[name]
                        self.journal.expect([(None, None, None, 'expire', str(image), name, None, None)])
                        self.unseen.append(image)
                        self.changed['-'] = time.time()

    def look(self, view, things, patience):
        """Compares what a view shows."""
        self.expiries()
        end = time.time() + patience
        for path, (kind, value) in list(things):
            while (got := self.world.look(view, path, kind)) != value:
                if time.time() > end:
                    raise Disagreement(f'{kind} in {"own" if not patience else "other"} view',
                                       f'{view.name}: {path}: expected {kind} {short(value)}, got {short(got)}')
                time.sleep(0.01)
                self.retries += 1

    def alive(self):
        return [view for view in self.world.views.values() if not self.model.accounts[view.account].gone]

    def elsewhere(self):
        """What was touched lately, through one other view."""
        view = self.random.choice(self.alive())
        self.look(view, tree.touched(self.model, view, list({id(thing): thing for thing in self.unseen}.values())), PATIENCE)
        self.unseen = []

    def everything(self, most=None):
        views = self.alive()
        for view in views if most is None else self.random.sample(views, most):
            self.look(view, tree.everything(self.model, view), PATIENCE)
            rule = self.world.denial(view)
            self.agree('denials', rule and f'{view.name}: a denial that nobody asked for: {rule}')

    def finish(self):
        self.everything()
        self.agree('log', self.journal.compare())
        for name, path in list(self.world.held):
            self.step([name, 'release', path])
        self.close()

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Many at once: 8 workers over 3 mounts ask for the same few images, and some serial order must explain all answers.

    tests/model/race.py --seed 7 --rounds 50     without --seed a new one, which is printed

Each worker is a process that acts as an account through a mount, of which no other worker has both, so that last_denial is its own.
A round is short (8 times 6 operations), for an order must be searched for; what it leads to must be what the mounts then show, and
what the log tells. Half of the operations are the generator's, half are about the names that the others are just busy with.
The kernel remembers nothing (nocache): else each mount may use names for 100 ms that another has changed (CONTRACT 5.3), and there is
no one order. What it remembers is run.py's to try.
"""
import argparse
import collections
import json
import os
import random
import shutil
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import coverage  # noqa: E402
import linearize  # noqa: E402
import tree  # noqa: E402
from generate import Generator  # noqa: E402
from session import Disagreement, Session  # noqa: E402
from world import own_mounts  # noqa: E402

WORKERS = ('alice@all', 'alice@too', 'alice', 'bob@all', 'bob@too', 'carol@all', 'carol@too', 'operator@too')
NAMES = ('web', 'db', 'os')
EACH = 6  # operations of a worker in a round
MOST = 500  # rounds on one catalog
# What is decided in one instant. Disks are written in several: the disks of a round are there before it, or are links.
ATOMIC = {'mkdir', 'rmdir', 'unlink', 'symlink', 'rename', 'link'}
KINDS = ('make', 'remove', 'share', 'unshare', 'rename', 'copy', 'launch', 'note', 'part', 'machine_op', 'describe', 'tree')


class Workers:
    """Processes that do what they are told, all from the same moment on."""

    def __init__(self, world):
        self.pipes = {name: self.start(world, name) for name in WORKERS}

    @staticmethod
    def start(world, name):
        (heard, say), (answer, answered) = os.pipe(), os.pipe()
        if os.fork() == 0:
            try:
                os.close(say)
                with os.fdopen(heard) as orders, os.fdopen(answered, 'w') as answers:
                    for line in orders:
                        print(json.dumps(Workers.work(world, name, json.loads(line))), file=answers, flush=True)
            finally:
                os._exit(0)
        os.close(heard)
        os.close(answered)
        return os.fdopen(say, 'w'), os.fdopen(answer)

    @staticmethod
    def work(world, name, order):
        view, answers = world.views[name], []
        world.denial(view)  # what came before does not count
        while time.time() < order['begin']:
            pass
        for operation in order['operations']:
            begin = time.time()
            result = world.do(view, operation)
            answers.append((begin, time.time(), result))
        return answers

    def round(self, plans):
        begin = time.time() + 0.02
        for name, operations in plans.items():
            print(json.dumps({'begin': begin, 'operations': operations}), file=self.pipes[name][0], flush=True)
        return [linearize.Call(name, operation, *answer) for name, operations in plans.items()
                for operation, answer in zip(operations, json.loads(self.pipes[name][1].readline()))]

    def stop(self):
        for say, answer in self.pipes.values():
            say.close()
            answer.close()
        for _ in self.pipes:
            os.wait()


class Rounds:
    def __init__(self, session, rng, told):
        self.session, self.model, self.random = session, session.model, rng
        views = {name: session.world.views[name] for name in WORKERS}
        self.generator = Generator(session.model, views, rng)
        self.coverage, self.busy = told, NAMES[0]  # the name that most are busy with in a round

    def pick(self, things):
        return self.random.choice(things)

    def prepare(self):
        """Some images that are available, some shares, an instance for each; asked one after another."""
        while len(self.model.kept) > 12:  # a list of more takes long to look at
            yield ['-', 'purge', 'operator', str(self.model.kept[0].thing), 0]
        for name in ('alice', 'bob', 'carol'):
            for image in NAMES:
                path = f'regions/north/images/{image}'
                if ('north', name, image) not in self.model.images and self.random.random() < 0.5:
                    yield [f'{name}@all', 'mkdir', path]
                    yield [f'{name}@all', 'write', f'{path}/disk', f'{name} {self.random.random()}']
            if ('north', name, 'vm') not in self.model.instances:
                yield [f'{name}@all', 'mkdir', 'regions/north/instances/vm']
        if self.random.random() < 0.3:
            yield ['-', 'limit', 'operator', 'shares-per-image', self.pick((1, 1, 2, 3))]
        if self.random.random() < 0.3:
            yield ['-', 'account_set', 'operator', self.pick(('alice', 'bob')), 'quota', self.pick(('1', '2', '3', '-'))]
        if self.random.random() < 0.1:
            yield ['-', 'limit', 'operator', 'require-review', self.pick(('on', 'off', 'off'))]

    def operation(self, view):
        own = self.busy if self.random.random() < 0.6 else self.pick(NAMES)
        other = f'{self.busy}@{self.pick(("alice", "bob", "carol"))}'
        path = f'regions/north/images/{other if view.account == "operator" or self.random.random() < 0.25 else own}'
        to = f'regions/north/images/{self.pick(NAMES)}'
        account = self.pick(('alice', 'bob', 'carol', 'dave'))
        owner = other.partition('@')[2] if view.account == 'operator' else view.account
        what = f'north/{self.pick((own, own, own, "vm"))}@{owner}'
        return [view.name, *self.random.choices((
            ('mkdir', f'{path}/.meta/shares/{account}'), ('rmdir', f'{path}/.meta/shares/{account}'),
            ('rmdir', f'regions/north/images/{other}/.meta/shares/{view.account}'),
            ('mkdir', path), ('rmdir', path), ('unlink', f'{path}/disk'), ('unlink', f'{path}/description'),
            ('unlink', f'{path}/shares'), ('rename', path, to), ('link', f'{path}/disk', f'{to}/disk'),
            ('write', f'{path}/description', self.pick(('one', 'two', 'six')), 'r+'),
            ('write', f'{path}/.meta/reviewed', self.pick('01')),
            ('write', 'regions/north/instances/vm/image', self.pick((own, other))), ('unlink', 'regions/north/instances/vm/disk'),
            ('undelete', view.account, what, None, self.pick((None, None, None, self.pick(NAMES)))), ('purge', view.account, what, None)),
            (20, 12, 6, 8, 8, 8, 4, 4, 8, 8, 6, 4, 6, 3, 12, 3))[0]]

    def suits(self, operation):
        """One that is decided in one instant, however many it takes to find what it is about: images or instances of one region."""
        verb, path = operation[1], operation[3 if operation[1] == 'symlink' else 2]
        if verb in coverage.COMMANDS:
            return True
        if any(len(str(p).split('/')) < 4 or not p.startswith('regions/') for p in (path, *operation[3:][:verb in ('rename', 'link')])):
            return False
        if verb in ('rename', 'link') and path.split('/')[1] != operation[3].split('/')[1]:
            return False
        last = path.rpartition('/')[2]
        if verb == 'write':  # without truncation: that is another instant
            return last in ('state', 'reviewed') or last == 'image' and '/instances/' in path and '/' not in operation[3] or \
                last == 'description' and operation[4:] == ['r+'] and bool(operation[3])
        return verb in ATOMIC

    def generated(self, view):
        """The generator's next for this worker: a call, or what a tool asks one after another."""
        return [[view.name, *operation] for operation in getattr(self.generator, self.pick(KINDS))(view)
                if operation[0] and self.suits([view.name, *operation])]

    def plan(self):
        plans, self.busy = {}, self.pick(NAMES)
        for name in WORKERS:
            view, plan = self.session.world.views[name], []
            while len(plan) < EACH:
                plan += self.generated(view) if self.random.random() < 0.5 else filter(self.suits, [self.operation(view)])
            plans[name] = plan[:EACH]
        return plans

    def quiet(self, count=1):
        """Until views show what is so (CONTRACT 5.3: 100 ms); they remember nothing, so a few are looked through after each round."""
        for name in self.random.sample((*WORKERS, 'operator@all'), count):
            view = self.session.world.views[name]
            for path, (kind, value) in self.known(view):
                self.session.compare(view, path, kind, value, True)

    def known(self, view):
        yield from tree.listings(self.model, view)
        for region in self.model.regions:
            for image in self.model.seen(view, region):
                yield from tree.image_brief(self.model, view, image)
            for vm in self.model.machines(view, region):
                yield from tree.machine(self.model, view, vm)

    def observed(self):
        """What an operator sees, as linearize.picture has it."""
        world, view, shown = self.session.world, self.session.world.views['operator@all'], {}
        for region in self.model.regions:
            for name in world.look(view, f'regions/{region}/images', 'dir'):
                base = f'regions/{region}/images/{name}'
                for path, kind in ((base, 'dir'), (f'{base}/.meta/shares', 'dir'), (f'{base}/.meta/state', 'text'),
                                   (f'{base}/.meta/reviewed', 'text'), (f'{base}/description', 'text'), (f'{base}/disk', 'size')):
                    shown[path] = kind, world.look(view, path, kind)
            for name in world.look(view, f'regions/{region}/instances', 'dir'):
                base = f'regions/{region}/instances/{name}'
                for path, kind in ((base, 'dir'), (f'{base}/image', 'text'), (f'{base}/disk', 'size')):
                    shown[path] = kind, world.look(view, path, kind)
        kept = linearize.kept_shown(row[:2] for row in world.lines('undelete', '--list'))
        return kept | {path: seen for path, seen in shown.items() if seen[1] != 'ENOENT'}

    def orders(self, calls, shown):
        """For each group of calls that share nothing, an order of them that explains what was answered and what is there."""
        views, start = self.session.world.views, self.model.copy()
        for touched, part in linearize.parts(calls, views):
            differs = {}

            def final(state, touched=touched, differs=differs):
                wrong = {path: (value, shown.get(path)) for path, value in linearize.picture(state, touched).items()
                         if shown.get(path) != value}
                differs.update(wrong)
                return not wrong
            try:
                yield linearize.search(start, part, views, final)
            except linearize.Unexplained as unexplained:
                ends = [f'{path}: {value}, there is {got}' for path, (value, got) in differs.items()]
                raise linearize.Unexplained('\n'.join([str(unexplained), 'and such ends:', *ends])) from None

    def sort_kept(self):
        """In the order of removal, of which the orders of the parts say nothing but for each part."""
        rest = list(self.model.kept)
        for what, *_ in self.session.world.lines('undelete', '--list'):
            entry = next(entry for entry in rest if linearize.key_of(str(entry.thing)) == linearize.key_of(what))
            rest.remove(entry)
            self.model.kept.remove(entry)
            self.model.kept.append(entry)

    def explain(self, calls):
        """Finds the order, takes the model along it, and compares what is there now and what the log tells."""
        for call in calls:
            self.coverage.update((coverage.kind(call.operation), o) for o in coverage.outcomes(call.operation, call.answer))
            self.session.journal.stray[call.answer[1]] += 1  # a refusal may be told later than the rest is compared
        for wait in (0.12, 5):  # seconds: what CONTRACT 5.3 promises, and for a busy machine
            time.sleep(wait)
            shown = self.observed()
            try:
                orders = list(self.orders(calls, shown))
                break
            except linearize.Unexplained as unexplained:
                why = unexplained
        else:
            raise Disagreement('order', str(why))
        events = linearize.follow(self.model, orders, self.session.world.views)
        expected = linearize.picture(self.model, {'everything'})
        for path in {*shown, *expected}:
            if shown.get(path) != expected.get(path):
                raise Disagreement('state', f'{path}: the order found leads to {expected.get(path)}, there is {shown.get(path)}')
        self.session.agree('log', self.session.journal.compare_any(events))
        self.sort_kept()
        for name in WORKERS:
            self.session.world.denial(self.session.world.views[name])  # theirs count no more


def save(options, seed, number, calls, model):
    """A history that no order explains, and what was there before. Returns where."""
    os.makedirs(options.out, exist_ok=True)
    name = f'{options.out}/race-{seed}.txt'
    with open(name, 'w', encoding='utf-8') as file:
        file.write(f'seed {seed}, round {number}: begin and end, who asked what -> what was answered\n')
        file.writelines(f'{call}\n' for call in sorted(calls, key=lambda call: call.end))
        file.write(f'before: {model.limits}, quotas { {name: account.quota for name, account in model.accounts.items()} }\n')
        file.writelines(f'{path}: {value}\n' for path, (_, value) in linearize.picture(model, {'everything'}).items())
    return name


def perform(options, seed, count, session, told):
    """Rounds on one catalog. Returns whether all were explained; counts in told."""
    rng = random.Random(seed)
    workers, rounds, calls = Workers(session.world), Rounds(session, rng, told), []
    number = 0
    try:
        for number in range(1, count + 1):
            for operation in rounds.prepare():
                session.step(operation)
            session.agree('log', session.journal.compare())
            rounds.quiet()
            calls = workers.round(rounds.plan())
            rounds.explain(calls)
            told['rounds'] += 1
            told['operations'] += len(calls)
        rounds.quiet(len(WORKERS) + 1)
        session.check()
        return True
    except Disagreement as disagreement:
        session.world.become(0)
        print(f'disagreement (seed {seed}) in round {number}: {disagreement}')
        print(f'the history: {save(options, seed, number, calls, session.model)}', flush=True)
        return False
    finally:
        workers.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--seed', type=int, default=random.SystemRandom().randrange(1 << 31))
    parser.add_argument('--rounds', type=int, default=50)
    parser.add_argument('--dir', help='where catalog and mounts are made (default: a new folder)')
    parser.add_argument('--out', default=os.environ.get('IMGSHARE_OUT', tempfile.gettempdir()), help='where to save what fails')
    options = parser.parse_args()
    own_mounts()
    folder = options.dir or tempfile.mkdtemp(prefix='imgshare-model.')
    os.chmod(folder, 0o711)
    print(f'seed {options.seed}', flush=True)
    begin, told, failed = time.time(), collections.Counter(), 0
    for at in range(0, options.rounds, MOST):
        session = Session(f'{folder}/run', random.Random(options.seed), many=2, others=0, options=',nocache')
        try:
            failed += not perform(options, options.seed + at // MOST, min(MOST, options.rounds - at), session, told)
        finally:
            session.world.close()
            session.world.discard()
    if not options.dir:
        shutil.rmtree(folder, ignore_errors=True)
    done, asked = told.pop('rounds', 0), told.pop('operations', 0)
    print(coverage.report(told))
    print(f'{done} rounds, {asked} operations, {failed} disagreements, in {time.time() - begin:.0f} s')
    return int(failed > 0)


if __name__ == '__main__':
    sys.exit(main())

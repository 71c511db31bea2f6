# SPDX-License-Identifier: MIT
"""Is there a serial order that explains what many at once were answered?

The search of Wing and Gong, as Knossos does it: take any operation that nothing still to be taken had ended before, let the model
answer, go on if it answers the same, else take another; what was tried is remembered by how far each worker is and by the state.
Operations that share nothing are searched apart (an order of the whole follows, for the orders of the parts do not meet).
What is ordered are the instants of their calls (instants.py).
"""
import errno
import itertools
import time

import tree
from coverage import COMMANDS
from instants import OK, Answer, begin, change, opening, said, walk
from model import View

ALL = View('all', 'operator')


def disks(view, operation, renamed):
    """The disks that an operation moves, makes or removes: (made or removed, only used); among images that are renamed, any."""
    def own(path):
        parts = path.split('/')
        name, _, owner = parts[3].partition('@')
        owner = owner or view.account
        return (parts[1], parts[2], owner, parts[2] == 'images' and (parts[1], owner) in renamed or name)
    name, *arguments = operation[1:]
    if name in COMMANDS:
        return {own(path_of(arguments[1]))}, set()
    if name == 'link':
        return {own(arguments[1])}, {own(arguments[0])}
    if name == 'unlink' and arguments[0].endswith('/disk'):
        return {own(arguments[0])}, set()
    if name == 'mkdir' and arguments[0].split('/')[-2] == 'shares' or name == 'write' and arguments[0].endswith('/state'):
        return set(), {own(arguments[0])}  # it is sealed
    if name == 'write' and '/instances/' in arguments[0]:
        _, region, *_ = arguments[0].split('/')
        return {own(arguments[0])}, {own(f'regions/{region}/images/{arguments[1].strip()}')}
    return set(), set()


def path_of(what):
    """The path to the image or instance of which a command is asked; in a race instances are called vm, vm1, vm2."""
    region, _, name = what.partition('/')
    return f'regions/{region}/{"instances" if name.startswith("vm") else "images"}/{name}'


class Call:
    """What a worker asked, when, and what it was answered."""
    numbers = itertools.count(1)

    def __init__(self, worker, operation, begin, end, result):
        self.worker, self.operation, self.begin, self.end = worker, operation, begin, end
        if operation[1] in COMMANDS and result[0] == 0:
            result = OK  # whom a purge names is run.py's to compare
        self.answer, self.result, self.number = tuple(result), said(result), next(self.numbers)
        if operation[1] in COMMANDS:
            return
        verb, paths = operation[1], [str(path).split('/') for path in operation[2:]]
        if verb == 'symlink':
            paths = paths[1:]
        self.names = [path[-1] for path in paths]
        folders = [((path[2], path[1]), tuple(path[3:-1])) for path in paths if len(path) > 3]
        # What the kernel walks, in this order: a folder, the last name in one found before, or a path to its end.
        if verb == 'rename':
            self.legs = (('folder', *folders[0]), ('folder', *folders[1]), ('last', 0, 0), ('last', 1, 1))
        elif verb == 'link':
            source, names = folders[0]
            self.legs = (('all', source, (*names, self.names[0])), ('folder', *folders[1]), ('last', 1, 1))
        else:
            self.legs = (('folder', *folders[0]), ('last', 0, 0))

    def allowed(self, calls, views):
        """EBUSY where another is just making or removing the same disk: bytes are moved, and it is open, outside of a transaction
        (CONTRACT 4: a disk still open, a source while it is being copied). Those that only use it wait for each other, at most 1 s (5.1)."""
        if self.result != (errno.EBUSY, None):
            return False
        renamed = {(call.operation[2].split('/')[1], views.get(call.operation[0]).account)
                   for call in calls if call.operation[1] == 'rename'}
        made, used = disks(views.get(self.operation[0]), self.operation, renamed)
        for other in calls:
            theirs, reads = disks(views.get(other.operation[0]), other.operation, renamed)
            if other is not self and other.begin < self.end and self.begin < other.end and (
                    made & (theirs | reads) or used & theirs or used & reads and self.end - self.begin >= 1):
                return True
        return False

    def __str__(self):
        return f'{self.begin:.4f} to {self.end:.4f}: {self.operation} -> {self.result}'


def image_key(image):
    return 'image', image.region, image.owner


def keys(view, operation):
    """What it touches: the images of one owner in one region, which quota and names bind together, and instances."""
    found = set()
    if operation[1] in COMMANDS:
        operation = [*operation[:2], path_of(operation[3])]
    for path in (argument for argument in operation[2:] if isinstance(argument, str) and argument.startswith('regions/')):
        _, region, kind, name, *_ = path.split('/')
        plain, at, owner = name.partition('@')
        owner = owner if at else view.account
        found.add(('image', region, owner) if kind == 'images' else ('vm', region, owner, plain))
        if kind == 'instances' and operation[1] == 'write':
            of, at, owner = operation[3].rpartition('/')[2].strip().partition('@')
            found.add(('image', region, owner if at else view.account))
    return found or {'everything'}


def parts(calls, views):
    """Groups of calls that share nothing with each other."""
    groups = []  # (keys, calls)
    for call in calls:
        mine, own = set(keys(views.get(call.operation[0]), call.operation)), [call]
        rest = []
        for theirs, others in groups:
            if theirs & mine or 'everything' in theirs or 'everything' in mine:
                mine |= theirs
                own = others + own
            else:
                rest.append((theirs, others))
        groups = [*rest, (mine, own)]
    return groups


def picture(state, touched):
    """The state as an operator sees it, of what a group touches."""
    shown = {}
    for image in state.images.values():
        if image_key(image) in touched or 'everything' in touched:
            shown.update(tree.image_brief(state, ALL, image))
    for vm in state.instances.values():
        if ('vm', vm.region, vm.account, vm.name) in touched or 'everything' in touched:
            shown.update(tree.machine(state, ALL, vm))
    return shown | kept_of(touched) | kept_shown((str(entry.thing), entry.state) for entry in state.kept
                                                 if key_of(str(entry.thing)) in touched or 'everything' in touched)


def key_of(what):
    """What is kept has the key of what it is of."""
    _, region, kind, name = path_of(what).split('/')
    plain, _, owner = name.partition('@')
    return ('image', region, owner) if kind == 'images' else ('vm', region, owner, plain)


def kept_of(touched):
    return {f'kept {key}': None for key in touched if key != 'everything'}


def kept_shown(rows):
    """What is kept, (object, state) in the order of removal, as it is compared; None: nothing."""
    shown = {}
    for what, state in rows:
        name = f'kept {key_of(what)}'
        shown[name] = ('kept', (*shown.get(name, ('', ()))[1], (what, state)))
    return shown


def fingerprint(state):
    return (tuple(sorted((key, i.place, i.incarnation, i.state, i.disk, i.description, i.link, i.reviewed, tuple(sorted(i.shares)))
                         for key, i in state.images.items())),
            tuple(sorted((key, vm.place, vm.installed, vm.image or '', vm.disk or b'') for key, vm in state.instances.items())),
            tuple((entry.thing.place, entry.number, entry.thing.name) for entry in state.kept), tuple(state.limits.values()))


def number(state):
    """What is there before the calls; what a call makes is numbered by the call."""
    things = {id(thing): thing for thing in (*state.images.values(), *state.instances.values(), *(k.thing for k in state.kept))}
    for at, thing in enumerate(things.values()):
        thing.place = -1 - at


def branch(state):
    """A state of its own, as copy() makes; what no call of a round changes is shared."""
    def twin(thing):
        other = object.__new__(type(thing))
        other.__dict__.update(thing.__dict__)
        return other
    other = twin(state)
    other.images = {key: twin(image) for key, image in state.images.items()}
    other.instances = {key: twin(vm) for key, vm in state.instances.items()}
    for image in other.images.values():
        image.shares = dict(image.shares)
    other.forget(state)
    return other


# ---- the search


class Unexplained(Exception):
    """No order was found: the longest beginning that explains its answers, and what it then asked and was answered."""


class Line:
    """A worker's call that is under way: all it may have come to, what it may be answered, and what that would lead to."""

    def __init__(self, state, view, call, places):
        self.places, self.answers, self.changes = set(places), set(), []
        todo = list(places)
        while todo:
            place = todo.pop()
            found, node, waits = place
            if node is not None:
                further = walk(state, view, call, place)
            elif waits in ('find', 'open', 'read'):
                further = opening(state, view, call, found, waits)
            else:
                then = branch(state)
                results = change(then, view, call, found, waits)
                self.answers |= results
                if OK in results and call.result == OK:
                    self.changes.append((place, then))
                continue
            if isinstance(further, Answer):
                self.answers.add(tuple(further))
                if further == OK and call.result == OK:
                    self.changes.append((None, state))
            elif further not in self.places:
                self.places.add(further)
                todo.append(further)


class Search:
    def __init__(self, calls, views):
        lines = {}
        for call in sorted(calls, key=lambda call: call.end):
            lines.setdefault(call.worker, []).append(call)
        self.lines, self.views = list(lines.values()), views
        self.busy = {call for call in calls if call.allowed(calls, views)}

    def settle(self, state, at, under_way):
        """Goes on with all calls that may be under way, and ends those that were refused as soon as that is right: a refusal changes
        nothing, so nothing is lost by its being early. Returns how far each worker is, and each one's Line."""
        at, lines, again = list(at), [None] * len(at), True
        while again:
            again = False
            ahead = [(i, line[at[i]]) for i, line in enumerate(self.lines) if at[i] < len(line)]
            first = min((call.end for _, call in ahead), default=0)
            for i, call in ahead:
                if call.begin > first or lines[i]:
                    continue
                if call not in self.busy:
                    lines[i] = Line(state, self.views.get(call.operation[0]), call, under_way[i] or {begin(call)})
                    if call.result == OK or call.result not in lines[i].answers:
                        continue
                at[i], lines[i], under_way, again = at[i] + 1, None, (*under_way[:i], None, *under_way[i + 1:]), True
        return tuple(at), lines

    def search(self, state, final, seconds):
        """Returns what changed something, in an order that explains all and leads to `final`: (call, the place it had come to)."""
        end, tried, best = time.time() + seconds, set(), None
        stack = [(state, *self.settle(state, (0,) * len(self.lines), (None,) * len(self.lines)), ())]
        while stack:
            now, at, lines, order = stack.pop()
            best = max(best or (at, lines, order), (at, lines, order), key=lambda b: sum(b[0]))
            if all(at[i] == len(line) for i, line in enumerate(self.lines)) and final(now):
                return order
            if time.time() > end:
                raise self.unexplained(f'no order found in time, {len(tried)} states tried', best)
            ahead = [(i, self.lines[i][at[i]]) for i, line in enumerate(lines) if line]
            for i, call in sorted(ahead, key=lambda pair: -pair[1].end):  # the earliest to end is tried first
                for place, then in lines[i].changes:
                    under_way = tuple(line.places if line and j != i else None for j, line in enumerate(lines))
                    further, theirs = self.settle(then, at[:i] + (at[i] + 1,) + at[i + 1:], under_way)
                    mark = further, fingerprint(then), tuple(line and frozenset(line.places) for line in theirs)
                    if mark not in tried:
                        tried.add(mark)
                        stack.append((then, further, theirs, (*order, (call, place)) if place else order))
        raise self.unexplained('no order explains the answers and what is there', best)

    def unexplained(self, why, best):
        at, lines, order = best
        done = sorted((call for i, line in enumerate(self.lines) for call in line[:at[i]]), key=lambda call: call.end)
        after = [f'{self.lines[i][at[i]]}, the model: {sorted(line.answers, key=repr)}' for i, line in enumerate(lines) if line]
        return Unexplained('\n'.join([f'{why}; what changed something in the longest beginning:', *(str(call) for call, _ in order),
                                      'all of it:', *map(str, done), 'and then one of:', *after]))


def search(state, calls, views, final, seconds=20):
    number(state)
    return Search(calls, views).search(state, final, seconds)


def follow(state, orders, views):
    """Takes a state along the orders that were found, of parts. Returns what the log tells of it."""
    number(state)
    events = []
    for call, (found, _, waits) in itertools.chain(*orders):
        results = change(state, views.get(call.operation[0]), call, found, waits)
        assert OK in results, call
        events += [event for event in state.events if not event[6]]
    return events

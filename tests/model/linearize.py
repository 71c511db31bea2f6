# SPDX-License-Identifier: MIT
"""Is there a serial order that explains what many at once were answered?

The search of Wing and Gong, as Knossos does it: take any operation that nothing still to be taken had ended before, let the model
answer, go on if it answers the same, else take another; what was tried is remembered by how far each worker is and by the state.
Operations that share nothing are searched apart (an order of the whole follows, for the orders of the parts do not meet).

No operation on a path is one instant. The kernel finds one name after another, says what it can (a name that is taken, one that is
missing), and asks for the change of what it has found: its node, whatever has that name by then. Each of these steps is an instant
of its own here, in this order, between the call's begin and its end; only the last may change something. A call that is under way
has come to any of the points that its steps, taken at the states since its begin, lead to: all of them are kept, so that finding
names multiplies no orders. What was found and is gone is ENOENT; what was renamed is changed under its new name.
"""
import errno
import itertools
import time

import tree
from model import Image, Instance, No, View

ALL = View('all', 'operator')
OK, GONE, TAKEN = (0, None), (errno.ENOENT, None), (errno.EEXIST, None)


def said(result):
    """That a name is taken says the kernel or a rule, whoever looks first."""
    return TAKEN if result[0] == errno.EEXIST else tuple(result)


def disks(view, operation, renamed):
    """The disks that an operation moves, makes or removes: (made or removed, only used); among images that are renamed, any."""
    def own(path):
        parts = path.split('/')
        name, _, owner = parts[3].partition('@')
        owner = owner or view.account
        return (parts[1], parts[2], owner, parts[2] == 'images' and (parts[1], owner) in renamed or name)
    name, *arguments = operation[1:]
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


class Call:
    """What a worker asked, when, and what it was answered."""
    numbers = itertools.count(1)

    def __init__(self, worker, operation, begin, end, result):
        self.worker, self.operation, self.begin, self.end = worker, operation, begin, end
        self.answer, self.result, self.number = tuple(result), said(result), next(self.numbers)
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
        (SPEC 4: a disk still open, a source while it is being copied). Those that only use it wait for each other, at most 1 s (5.1)."""
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
    return shown


def fingerprint(state):
    return (tuple(sorted((key, i.place, i.incarnation, i.state, i.disk, i.description, i.link, i.reviewed, tuple(sorted(i.shares)))
                         for key, i in state.images.items())),
            tuple(sorted((key, vm.place, vm.installed, vm.image or '', vm.disk or b'') for key, vm in state.instances.items())),
            tuple(state.limits.values()))


def number(state):
    """What is there before the calls; what a call makes is numbered by the call."""
    for at, thing in enumerate((*state.images.values(), *state.instances.values())):
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
    return other


# ---- nodes: the model's, but with the number of an image or instance in its place, for they outlive states


def node_of(found):
    if found is None or not isinstance(found[1], (Image, Instance)):
        return found
    kind, thing, *rest = found
    if rest == ['disk']:  # which disk: one that was removed or reinstalled is another
        rest.append(thing.incarnation if isinstance(thing, Image) else thing.installed)
    return (kind, thing.place, *rest)


def there(state, view, node):
    """What a node is now; None if it is gone, or for this view."""
    kind, place, *rest = node
    if kind in ('images', 'instances'):
        return node if place in state.regions else None
    if kind in ('vm', 'vmpart'):
        thing = next((vm for vm in state.instances.values() if vm.place == place), None)
        if thing is None or not state.staff(view) and thing.account != view.account:
            return None
    else:
        thing = next((image for image in state.images.values() if image.place == place), None)
        if thing is None or not state.sees(view, thing):
            return None
    if rest[:1] == ['disk']:
        if thing.disk is None or rest[1:] not in ([], [thing.incarnation if isinstance(thing, Image) else thing.installed]):
            return None
        rest = rest[:1]
    return (kind, thing, *rest)


# ---- the instants of a call; where it is: (what the legs have found, the node in which, the names that are looked up next),
# and then (what was found, None, what it waits for)


class Answer(tuple):
    """A result, among places that a call may have come to."""


def leg(call, found):
    kind, *rest = call.legs[len(found)]
    if kind == 'last':
        return found, found[rest[0]], (call.names[rest[1]],)
    node, names = rest
    return (found, node, names) if names else leg(call, (*found, node))


def begin(call):
    return leg(call, ())


def is_link(node):
    """All views here can write, so `shares` is one (SPEC 3)."""
    return node[0] == 'alias' or node[0] == 'part' and node[2] == 'shares'


def walk(state, view, call, place):
    """Looks up one name, or reads one link."""
    found, node, names = place
    kind = call.legs[len(found)][0]
    here = there(state, view, node)
    if is_link(node):
        if here is None or node[0] == 'part' and not here[1].link:
            return Answer(GONE)
        target = (('images', here[1].region), (here[1].name,)) if node[0] == 'alias' else (('image', node[1]), ('.meta', 'shares'))
        return found, target[0], target[1] + names
    if not state.is_directory(view, node):
        return Answer((errno.ENOTDIR, None))
    node = here and node_of(state.lookup(view, here, names[0]))
    if kind != 'last' and node is None:
        return Answer(GONE)
    if kind == 'last' or not names[1:] and (kind == 'all' or not is_link(node)):
        found = (*found, node)
        return leg(call, found) if len(found) < len(call.legs) else kernel(state, view, call, found)
    return found, node, names[1:]


def kernel(state, view, call, found):
    """What the kernel says by what it has found, before it asks."""
    def directory(node):
        return not state.is_link(view, node) and state.is_directory(view, node)
    verb, last = call.operation[1], found[-1]
    if verb in ('mkdir', 'symlink', 'link') and last is not None:
        return Answer(TAKEN)
    if verb == 'link' and directory(found[0]):
        return Answer((errno.EPERM, None))
    if verb == 'rename':
        node = found[2]
        if node is None:
            return Answer(GONE)
        if node == last:
            return Answer(OK)  # one inode by both names: there is nothing to do
        if last is not None and directory(node) != directory(last):
            return Answer((errno.EISDIR if directory(last) else errno.ENOTDIR, None))
    if verb in ('rmdir', 'unlink', 'write') and last is None and call.operation[4:] == ['r+'] * (verb == 'write'):
        return Answer(GONE)
    if verb == 'rmdir' and not directory(last):
        return Answer((errno.ENOTDIR, None))
    if verb == 'unlink' and directory(last):
        return Answer((errno.EISDIR, None))
    return found, None, 'open' if verb in ('write', 'link') else 'change'


def opening(state, view, call, found, waits):
    """What else is found before something changes: where the disk that is linked lies; of a write, that the file may be opened, the old
    text of a description (who writes a part of it keeps the rest as it was then), the image that is to be launched."""
    if call.operation[1] == 'link':
        source = there(state, view, found[0])
        if source is None:
            return Answer(GONE)
        return (found[0][:3] if source[0] == 'part' else found[0], *found[1:]), None, 'change'
    if call.names[0] == 'image':
        vm = there(state, view, found[0])
        if vm is None:
            return Answer(GONE)
        if waits == 'open':
            return found, None, 'read'
        plain, owner = state.split(view, call.operation[3].strip())
        image = state.images.get((vm[1].region, owner, plain))
        return found, None, image.place if image and state.sees(view, image) else 0
    if found[1] is None:
        return found, None, 'change'
    kind, image, *_ = there(state, view, found[1]) or (None, None)
    if kind is None or kind == 'part' and image.description is None:
        return Answer(GONE)
    if waits == 'read':
        return found, None, image.description
    try:
        state.describing(view, image) if kind == 'part' else state.noting(view, image)
    except No as no:
        return Answer(said((no.code, no.rule)))
    if not call.operation[3]:
        return Answer(OK)
    return found, None, 'read' if kind == 'part' else 'change'


def told(state, view, operation, found):
    """The model's answer, where it finds what was found before."""
    state.walk = lambda view, path: found[path]
    try:
        return said(state.do(view, operation))
    finally:
        del state.walk


def change(state, view, call, found, waits):
    """The answers that may be given at this instant. Where OK is among them the state is what it then leads to, else nothing."""
    verb, operation = call.operation[1], call.operation
    parent = there(state, view, found[0])
    if verb == 'write':
        return write(state, view, call, found, waits)
    if verb == 'link':
        return {link(state, view, operation, parent, there(state, view, found[1]), call.names[1])}
    path, name = operation[3 if verb == 'symlink' else 2], call.names[0]
    if verb in ('mkdir', 'symlink'):
        if parent is None:  # what fits in no image is refused without a look at this one
            shares = name == 'shares' and (verb == 'mkdir' or operation[2] == '.meta/shares')
            odd = found[0][0] == 'image' and not shares
            return {GONE, (errno.EPERM, None)} if odd else {GONE}
        taken = state.lookup(view, parent, name)  # by now
        result = told(state, view, operation, {path: (parent, name, None)})
        if result == OK and not taken and parent[0] in ('images', 'instances'):
            getattr(state, parent[0])[parent[1], view.account, name].place = call.number
        return {TAKEN if result == OK and taken else result}
    node = parent and state.lookup(view, parent, name)  # it is found by its name once more
    if verb == 'rename':
        target = there(state, view, found[1])
        if not node or not target:
            return {GONE}
        return {told(state, view, operation, {path: (parent, name, node), operation[3]: (target, call.names[1], None)})}
    missing = not node
    if missing and parent and parent[0] == 'grants' and verb == 'rmdir':
        parent[1].shares[name] = (None, 'never', '')
        node = ('share', parent[1], name)
    elif missing and parent and parent[0] in ('image', 'vm') and verb == 'unlink':
        node = ('part' if parent[0] == 'image' else 'vmpart', parent[1], name)
    if not node:
        return {GONE}
    result = told(state, view, operation, {path: (parent, name, node)})
    return {GONE, result} - {OK} if missing else {result}  # the rules speak before it is missed


def link(state, view, operation, source, target, name):
    if source is None:
        return GONE
    if target is None:
        try:
            state.reading(view, source[1], 'copy')
        except No as no:
            return said((no.code, no.rule))
        return GONE
    taken = state.lookup(view, target, name)
    result = told(state, view, operation, {operation[2]: (None, '', source), operation[3]: (target, name, None)})
    return TAKEN if result == OK and taken else result


def write(state, view, call, found, waits):
    text, name = call.operation[3], call.names[0]
    if name != 'image' and found[1] is None:  # it is to be made, where nothing can be
        return {GONE, (errno.EPERM, 'fixed-tree')}
    if name == 'state' and text.strip() != 'sealed' or name == 'reviewed' and text.strip() not in ('0', '1'):
        return {(errno.EINVAL, None)}
    node = there(state, view, found[0 if name == 'image' else 1])
    if node is None or name == 'description' and node[1].description is None:
        return {GONE}
    state.events, state.touched = [], []
    try:
        if name == 'image':
            launch(state, view, node[1], text, waits)
        elif name == 'description':
            state.describing(view, node[1])
            state.describe(view, node[1], state.merge(waits, text.encode('latin-1'), 'r+'))
        else:
            state.put(view, node, name, text, 'w')
    except No as no:
        return {said((no.code, None if no.quiet else no.rule))}
    return {OK}


def launch(state, view, vm, text, place):
    """From the image that had the name, by the name that it has by now."""
    image = there(state, view, ('image', place))
    if image is None and not state.staff(view):
        raise No(errno.ENOENT)
    state.install(view, vm, f'{image[1].name}@{image[1].owner}' if image else text)


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
            elif waits in ('open', 'read'):
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

# SPDX-License-Identifier: MIT
"""Is there a serial order that explains what many at once were answered?

The search of Wing and Gong, as Knossos does it: take any operation that nothing still to be taken had ended before, let the model
answer, go on if it answers the same, else take another; what was tried is remembered by how far each worker is and by the state.
Operations that share nothing are searched apart (an order of the whole follows, for the orders of the parts do not meet).
"""
import errno
import time

import tree
from model import Image, View

ALL = View('all', 'operator')


def said(result):
    """That a name is taken says the kernel or a rule, whoever looks first."""
    return (errno.EEXIST, None) if result[0] == errno.EEXIST else tuple(result)


def explains(model, view, operation, answer, result):
    """Was it answered what the model answers? Who found a name free and another took it meanwhile hears of a full quota first."""
    if said(answer) == (errno.EEXIST, None) and result == (errno.EPERM, 'quota-own-only'):
        region = operation[-1].split('/')[1]
        return len(model.owned(view.account, region)) >= model.quota(view.account)
    return said(answer) == result


def disks(view, operation):
    """The disks that an operation moves, makes or removes: (made or removed, only used)."""
    def own(path):
        parts = path.split('/')
        return (parts[1], parts[2], parts[3] if '@' in parts[3] else f'{parts[3]}@{view.account}')
    name, *arguments = operation[1:]
    if name == 'link':
        return {own(arguments[1])}, {own(arguments[0])}
    if name == 'unlink' and arguments[0].endswith('/disk'):
        return {own(arguments[0])}, set()
    if name == 'write' and '/instances/' in arguments[0]:
        _, region, *_ = arguments[0].split('/')
        return {own(arguments[0])}, {own(f'regions/{region}/images/{arguments[1].strip()}')}
    return set(), set()


class Call:
    """What a worker asked, when, and what it was answered."""

    def __init__(self, worker, operation, begin, end, result):
        self.worker, self.operation, self.begin, self.end = worker, operation, begin, end
        self.answer, self.result = tuple(result), said(result)

    def allowed(self, calls, views):
        """EBUSY where another is just making or removing the same disk: bytes are moved, and it is open, outside of a transaction
        (SPEC 4: a disk still open, a source while it is being copied). Sharing and launching wait for each other instead."""
        made, used = disks(views.get(self.operation[0]), self.operation)
        if self.operation[1] == 'rename' and self.result[0] == 0:  # one inode by both names: the kernel then does nothing
            return any(other.operation[1:] == self.operation[1:] and other.result[0] == 0 and other.begin < self.end and
                       self.begin < other.end < self.end and views.get(other.operation[0]).account ==
                       views.get(self.operation[0]).account for other in calls if other is not self)
        for other in calls:
            theirs, reads = disks(views.get(other.operation[0]), other.operation)
            if other is not self and other.begin < self.end and self.begin < other.end and (
                    made & (theirs | reads) or used & theirs):
                return self.result == (errno.EBUSY, None)
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
    return (tuple(sorted((key, i.state, i.disk, i.description, i.link, i.reviewed, tuple(sorted(i.shares)))
                         for key, i in state.images.items())),
            tuple(sorted((key, vm.image or '', vm.disk or b'') for key, vm in state.instances.items())),
            tuple(state.limits.values()))


class Unexplained(Exception):
    """No order was found: the longest beginning that explains its answers, and what it then asked and was answered."""

    def __init__(self, why, lines, best, state, views):
        after = []
        for call in (line[sum(c.worker == line[0].worker for c in best)] for line in lines
                     if sum(c.worker == line[0].worker for c in best) < len(line)):
            answer = state.copy().do(views.get(call.operation[0]), call.operation)
            after.append(f'{call}, the model: {answer}')
        super().__init__('\n'.join([f'{why}; the longest beginning:', *map(str, best), 'and then one of:', *after]))


def search(state, calls, views, final, seconds=20):
    """Returns the calls that did something, or might have, in an order that explains all and leads to `final`."""
    lines = {}
    for call in sorted(calls, key=lambda call: call.end):
        lines.setdefault(call.worker, []).append(call)
    lines = list(lines.values())
    end, tried, best = time.time() + seconds, set(), ((), state)
    busy = {call for call in calls if call.allowed(calls, views)}
    stack = [(state, (0,) * len(lines), ())]
    while stack:
        now, at, order = stack.pop()
        best = max(best, (order, now), key=lambda pair: len(pair[0]))
        ahead = [(i, line[at[i]]) for i, line in enumerate(lines) if at[i] < len(line)]
        if not ahead and final(now):
            return [call for call in order if call not in busy]
        if time.time() > end:
            raise Unexplained(f'no order found in time, {len(tried)} states tried', lines, *best, views)
        first = min((call.end for _, call in ahead), default=0)
        for i, call in sorted(ahead, key=lambda pair: -pair[1].end):  # the earliest to end is tried first
            if call.begin > first:
                continue
            then = now
            if call not in busy:
                then = now.copy()
                view = views.get(call.operation[0])
                if not explains(now, view, call.operation, then.do(view, call.operation), call.result):
                    continue
            further = at[:i] + (at[i] + 1,) + at[i + 1:]
            mark = further, fingerprint(then)
            if mark not in tried:
                tried.add(mark)
                stack.append((then, further, (*order, call)))
    raise Unexplained('no order explains the answers and what is there', lines, *best, views)

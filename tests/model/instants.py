# SPDX-License-Identifier: MIT
"""The instants of a call that others run at the same time.

No operation on a path is one instant. The kernel finds one name after another, says what it can (a name that is taken, one that is
missing), and asks for the change of what it has found: its node, whatever has that name by then. Each of these steps is an instant
of its own here, in this order, between the call's begin and its end; only the last may change something. A call that is under way
has come to any of the points that its steps, taken at the states since its begin, lead to: all of them are kept, so that finding
names multiplies no orders. What was found and is gone is ENOENT; what was renamed is changed under its new name.
"""
import errno

from coverage import COMMANDS
from model import Image, Instance, No

OK, GONE, TAKEN = (0, None), (errno.ENOENT, None), (errno.EEXIST, None)


def said(result):
    """That a name is taken says the kernel or a rule, whoever looks first."""
    return TAKEN if result[0] == errno.EEXIST else tuple(result)


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
    return ((), None, 'find') if call.operation[1] in COMMANDS else leg(call, ())


def is_link(node):
    """All views here can write, so `shares` is one (CONTRACT 3)."""
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


def finding(state, call):
    """What a command is about, by its name: its disk keeps its number, whatever it is called by then."""
    verb, account, what = call.operation[1:4]
    try:
        entry = state.find_kept(account, what, None, verb == 'undelete')
        if verb == 'purge':
            state.not_live(what)
    except No as no:
        return Answer((no.code, no.rule))
    return ((entry.thing.place, entry.number),), None, 'change'


def command(state, call, found):
    verb, account = call.operation[1:3]
    entry = next((entry for entry in state.kept if (entry.thing.place, entry.number) == found[0]), None)
    state.events, state.touched = [], []
    try:
        if entry is None:
            raise No(1)
        state.undelete(account, entry, call.operation[5]) if verb == 'undelete' else state.purge(account, entry)
    except No as no:
        return {(no.code, no.rule)}
    return {OK}


def opening(state, view, call, found, waits):
    """What else is found before something changes: where the disk that is linked lies; of a write, that the file may be opened, the old
    text of a description (who writes a part of it keeps the rest as it was then), the image that is to be launched."""
    if waits == 'find':
        return finding(state, call)
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
    if verb in COMMANDS:
        return command(state, call, found)
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
    if verb == 'rmdir' and node and call.result == GONE and node_of(node)[:2] != found[-1][:2]:
        return {GONE}  # and what that name led to is removed by its number: another one has the name by now
    if verb == 'rename':
        target = there(state, view, found[1])
        if not node or not target:
            return {GONE}
        return {told(state, view, operation, {path: (parent, name, node), operation[3]: (target, call.names[1], None)})}
    missing = not node
    if missing and parent and parent[0] == 'grants' and verb == 'rmdir':
        parent[1].shares[name] = (None, 'never', '', 0)
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

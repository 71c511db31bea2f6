# SPDX-License-Identifier: MIT
"""What is kept of disks that were removed, and what was so at moments that are looked back at (CONTRACT 5.8).

A disk is named by its image or instance and a number: the how-manieth there it is. It keeps both when it comes back.
"""
from dataclasses import dataclass, replace

from model import Image, State


@dataclass(eq=False)
class Kept:
    """The disk of an image or instance that was removed, and what comes back with it."""
    thing: object
    number: int
    disk: bytes
    state: str
    source: object  # of an image its source, of an instance its origin
    text: object  # of an image its description, of an instance what `image` said
    busy: int = 0  # how often it is still open for writing

    @property
    def owner(self):
        return self.thing.owner if isinstance(self.thing, Image) else self.thing.account


class Between(tuple):
    """A set of rows of which some must be there and no others than some may be: what depends on digests, which come when they come."""

    def __new__(cls, least, most):
        return super().__new__(cls, (frozenset(least), frozenset(most)))

    def __eq__(self, other):
        return isinstance(other, tuple) and self[0] <= set(other) <= self[1]

    def __ne__(self, other):
        return not self == other

    __hash__ = None


@dataclass
class Moment:
    """number: what was made before it has a smaller one; names: (region, owner, name) -> disk or None; shares: disk -> rows of access."""
    number: int
    names: dict
    shares: dict


def disk_of(thing):
    return thing, thing.incarnation if isinstance(thing, Image) else thing.installed


class Keeping(State):
    """kept: in the order of removal. ended, launched: of all disks there were, what they are copies of."""

    def __init__(self, clock):
        super().__init__(clock)
        self.limits['keep-deleted'] = '7d'
        self.kept, self.moments = [], []
        self.ended = {}  # disk of an image -> (source, content), in the order of removal
        self.launched = {}  # disk of an instance -> disk of an image
        self.born = {}  # disk of an image -> its number among all that was made

    def copy(self):
        other = super().copy()
        other.forget(self)
        return other

    def forget(self, original):
        """After its images and instances were copied: what is kept belongs to the copies. Lineage is not followed into them."""
        twins = {id(old): self.images[key] for key, old in original.images.items()}
        twins |= {id(old): self.instances[key] for key, old in original.instances.items()}
        for entry in original.kept:
            if id(entry.thing) not in twins:
                twins[id(entry.thing)] = replace(entry.thing)
        self.kept = [replace(entry, thing=twins[id(entry.thing)]) for entry in original.kept]
        self.ended, self.launched, self.born = {}, {}, {}

    def new_disk(self, image):
        """An image, or after its disk was removed the place of another one."""
        image.incarnation = image.newest = image.newest + 1
        self.born[disk_of(image)] = next(self.numbers)

    def disk_made(self, image):
        """The descriptions that it has from now on are those that come back with the disk."""
        image.told = image.description

    @staticmethod
    def described(image, text):
        image.description = text
        if image.disk is not None:
            image.told = text

    def keep(self, thing):
        """Its disk is removed. CONTRACT 5.8: what never had content is not kept."""
        disk = disk_of(thing)
        entry = Kept(*disk, thing.disk, 'instance', getattr(thing, 'origin', None), getattr(thing, 'called', None))
        if isinstance(thing, Image):
            self.ended.pop(disk, None)  # it may have come back since
            self.ended[disk] = thing.source, thing.disk
            entry = Kept(*disk, thing.disk, thing.state, thing.source, thing.told, thing.busy)
        if entry.state != 'draft' and self.limits['keep-deleted'] != '0':
            self.kept.append(entry)

    def kept_entry(self, thing, number):
        return next((entry for entry in self.kept if entry.thing is thing and entry.number == number), None)

    # ---- who has the same bytes

    def holders(self, entry):
        """The rows of `image purge`: what follows from copies and launches must be told, what has the same content may be."""
        images = {disk_of(i): (i.source, i.disk) for i in self.images.values() if i.disk is not None} | self.ended
        sources = {disk: source[1] for disk, (source, _) in images.items() if source[0] != 'import'}
        least = self.reach((entry.thing, entry.number), sources, {})
        most = self.reach((entry.thing, entry.number), sources, {disk: content for disk, (_, content) in images.items()})
        return Between(self.rows(least), self.rows(most))

    def reach(self, disk, sources, contents):
        found, todo = {disk}, [disk]
        while todo:
            at = todo.pop()
            near = {copy for copy, source in sources.items() if source == at}
            near |= {launch for launch, image in self.launched.items() if image == at}
            near |= {sources[at]} if at in sources else set()
            near |= {other for other, content in contents.items() if at in contents and content == contents[at]}
            todo += near - found
            found |= near
        return found - {disk}

    def rows(self, disks):
        for thing, number in disks:
            what = 'image' if isinstance(thing, Image) else 'instance'
            there = any(other is thing for other in (*self.images.values(), *self.instances.values()))
            if there and thing.disk is not None and disk_of(thing) == (thing, number):
                yield str(thing), what, 'live'
            elif self.kept_entry(thing, number):
                yield str(thing), what, 'kept'

    # ---- moments

    def take_moment(self):
        names, shares = {}, {}
        for key, image in self.images.items():
            names[key] = disk_of(image) if image.disk is not None else None
            live = sorted(self.live(image), key=lambda name: image.shares[name][3])
            shares[disk_of(image)] = [(name, *([] if image.shares[name][0] is None else [image.shares[name][1]])) for name in live]
        self.moments.append(Moment(next(self.numbers), names, shares))

    def disk_then(self, moment, key):
        """CONTRACT 8: an image is named as then, as now, or as it was called last."""
        if moment.names.get(key):
            return moment.names[key]
        now = self.images.get(key)
        if now is not None and now.disk is not None:
            found = disk_of(now)
        else:
            found = next((disk for disk in reversed(self.ended) if disk[0].key == key), None)
        if found is None and key in moment.names:
            return 'draft'
        return found if found is not None and self.born[found] < moment.number else None

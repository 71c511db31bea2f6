# SPDX-License-Identifier: MIT
"""What is so: accounts, regions, images, instances, and what each view shows of them (CONTRACT 2, 3).

This is the reference model's state. It was written from the contract alone and shares nothing with the programs; who may change
what is in rules.py. Where the contract is silent, `silent(...)` marks the one place that decides, with the reason.
"""
import errno
import itertools
import re
from dataclasses import dataclass, field, replace

NAME = re.compile(r'[A-Za-z0-9][A-Za-z0-9._-]*')
LOWER = re.compile(r'[a-z0-9][a-z0-9._-]*')
META = ['created', 'digest', 'exposure.tsv', 'format', 'history.jsonl', 'id', 'owner', 'reviewed', 'shares', 'shares.tsv', 'size',
        'source', 'state', 'trust', 'usage.tsv']
WRITABLE = {'reviewed', 'state'}
PARTS = ('description', 'shares', 'disk')
SHARES = '.meta/shares'


def silent(*_):
    """Marks a decision that the contract leaves open; its arguments are the decision and the reason."""


class No(Exception):
    """An answer other than success: errno, and the rule if one refused; a quiet refusal is neither logged nor the last denial."""

    def __init__(self, code, rule=None, quiet=False):
        super().__init__(code, rule)
        self.code, self.rule, self.quiet = code, rule, quiet


@dataclass
class Account:
    """CONTRACT 2. A name is never used again, so a removed account stays, as a name that is taken."""
    name: str
    role: str = 'account'
    uid: int = None
    quota: int = None
    require_trust: bool = False
    gone: bool = False
    trusted: frozenset = frozenset()


@dataclass(eq=False)
class Image:
    """A directory in images/ and what is in it now (CONTRACT 5.1)."""
    region: str
    owner: str
    name: str
    description: bytes = None
    link: bool = False
    disk: bytes = None
    state: str = 'draft'
    reviewed: bool = False
    source: tuple = ('import',)
    shares: dict = field(default_factory=dict)  # account -> (expiry in seconds or None, its text, granted by, its number)
    busy: int = 0  # how often its disk is open for writing
    incarnation: int = 1  # which of its disks this is, or will be
    newest: int = 1  # how many there have been
    told: bytes = None  # the last description while it had this disk
    place: int = 0  # where linearize.py must tell apart what had one name after another

    @property
    def key(self):
        return self.region, self.owner, self.name

    def __str__(self):
        return f'{self.region}/{self.name}@{self.owner}'

    def parts(self, link=True):
        """readdir: description, shares, disk, those that exist. link: for a view where `shares` is one."""
        silent('where `shares` is a directory it is there as soon as there can be a share', 'else an owner could hide it from auditors')
        shares = self.link if link else self.state != 'draft'
        return [name for name, there in zip(PARTS, (self.description is not None, shares, self.disk is not None)) if there]


@dataclass(eq=False)
class Instance:
    region: str
    account: str
    name: str
    image: str = None
    disk: bytes = None
    origin: object = None
    called: str = None  # what `image` said first
    installed: int = 0  # which installation its disk is
    newest: int = 0  # how many there have been
    place: int = 0  # as an image's

    def __str__(self):
        return f'{self.region}/{self.name}@{self.account}'

    def parts(self):
        return [name for name in ('image', 'disk') if getattr(self, name) is not None]


class View:
    """Who asks, through which mount: uid is the caller's, multi one mount for many users, ro a mount that cannot write."""

    def __init__(self, name, account, uid=0, multi=False, ro=False):
        self.name, self.account, self.uid, self.multi, self.ro = name, account, uid, multi, ro


class State:
    """All facts, and the answers to "what is there" for a view."""

    def __init__(self, clock):
        self.clock, self.ahead = clock, 0  # the log's clock; how far the machine's is ahead of it, in doubt (CONTRACT 5.4)
        self.accounts = {'operator': Account('operator', 'operator', 0)}
        self.regions = {}  # name -> True
        self.images = {}  # (region, owner, name) -> Image
        self.instances = {}  # (region, account, name) -> Instance
        self.numbers = itertools.count(1)
        self.limits = {'shares-per-image': 50, 'images-per-region': 500, 'instances-per-region': 500,
                       'require-review': False}

    def copy(self):
        """A state of its own, for a search that tries orders; lineage is not followed into the copies."""
        other = State.__new__(type(self))
        other.__dict__.update(self.__dict__)
        other.accounts = {name: replace(account) for name, account in self.accounts.items()}
        other.regions, other.limits = dict(self.regions), dict(self.limits)
        other.images = {key: replace(image, shares=dict(image.shares)) for key, image in self.images.items()}
        other.instances = {key: replace(vm) for key, vm in self.instances.items()}
        return other

    # ---- who

    def role(self, view):
        return self.accounts[view.account].role

    def staff(self, view):
        return self.role(view) != 'account'

    def writes(self, view):
        """Whether the view can write at all: decides what `shares` is (CONTRACT 3)."""
        return not view.ro and self.role(view) != 'auditor'

    # ---- what an image is to a viewer

    def live(self, image):
        """Accounts with a live share. Expired is dead, whoever has or has not noticed (CONTRACT 5.4)."""
        now = self.clock() + max(0, self.ahead)
        return [name for name, (expiry, *_) in image.shares.items() if expiry is None or now < expiry]

    def sees(self, view, image):
        return self.staff(view) or image.owner == view.account or view.account in self.live(image)

    def shown(self, view, image):
        """CONTRACT 3.1: one's own plainly, everybody else's with its owner."""
        return image.name if image.owner == view.account else f'{image.name}@{image.owner}'

    def find(self, view, region, name):
        """An image by the name it has in a view, or its alias. Returns image, is alias."""
        plain, at, owner = name.partition('@')
        if not at:
            image = None if self.staff(view) else self.images.get((region, view.account, plain))
            return image, False
        image = self.images.get((region, owner, plain))
        if image is None or not self.sees(view, image):
            return None, False
        return image, owner == view.account

    def seen(self, view, region):
        return [image for image in self.images.values() if image.region == region and self.sees(view, image)]

    def machines(self, view, region):
        return [vm for vm in self.instances.values()
                if vm.region == region and (self.staff(view) or vm.account == view.account)]

    def machine(self, view, region, name):
        plain, at, owner = name.partition('@')
        if bool(at) != self.staff(view):
            return None
        return self.instances.get((region, owner if at else view.account, plain))

    def grants(self, view, image):
        """Who shares/ lists (CONTRACT 3.2): all of them to the owner and the staff, itself to a recipient."""
        live = self.live(image)
        return live if self.staff(view) or image.owner == view.account else [a for a in live if a == view.account]

    def quota(self, account):
        quota = self.accounts[account].quota
        return self.limits['images-per-region'] if quota is None else quota

    def owned(self, account, region):
        return [image for image in self.images.values() if image.owner == account and image.region == region]

    def name_of(self, view, thing, version):
        """How a source names an object: `hidden` to who cannot see it (CONTRACT 3.3)."""
        mine = thing.owner == view.account if isinstance(thing, Image) else thing.account == view.account
        silent('a thing that is gone keeps its last name for its owner and the staff', 'they could see it while it was there')
        if mine or self.staff(view):
            return str(thing)
        there = isinstance(thing, Image) and self.images.get((thing.region, thing.owner, thing.name)) is thing
        return str(thing) if there and thing.incarnation == version and view.account in self.live(thing) else 'hidden'

    def source(self, view, image):
        kind, *things = image.source
        if kind == 'import':
            return 'import'
        names = [self.name_of(view, *thing) for thing in things]
        return f'copy of {names[0]}' if kind == 'copy' else f'instance {names[0]} from {names[1]}'

    # ---- paths

    def walk(self, view, path):
        """Resolves all but the last name. Returns the directory's node, the last name, and its node or None."""
        if self.accounts[view.account].gone:
            raise No(errno.EACCES)
        node, names = ('root',), [name for name in path.split('/') if name]
        for at, name in enumerate(names):
            if not self.is_directory(view, node):
                raise No(errno.ENOTDIR)
            parent, node = node, self.lookup(view, node, name)
            if at == len(names) - 1:
                return parent, name, node
            if node is None:
                raise No(errno.ENOENT)
            node = self.follow(view, node)
        return None, '', node

    def node(self, view, path):
        """What a path leads to, the last link followed."""
        _, _, node = self.walk(view, path)
        if node is None:
            raise No(errno.ENOENT)
        return self.follow(view, node)

    def follow(self, view, node):
        if node[0] == 'alias':
            return ('image', node[1])
        if node[:1] == ('part',) and node[2] == 'shares' and self.writes(view):
            return ('grants', node[1])
        return node

    def is_directory(self, view, node):
        """CONTRACT 3: `shares` is a link in a view that can write, else `.meta/shares` is."""
        if node[0] == 'part':
            return node[2] == 'shares' and not self.writes(view)
        return node[0] in ('root', 'top', 'region', 'images', 'instances', 'image', 'meta', 'grants', 'share', 'vm', 'account', 'trusted',
                           'trust')

    def lookup(self, view, node, name):
        kind = node[0]
        if kind == 'root':
            return ('top', name) if name in ('regions', 'accounts', '.imgshare') else None
        if kind == 'top':
            if node[1] == 'regions' and name in self.regions:
                return ('region', name)
            return ('account', name) if node[1] == 'accounts' and name == view.account else None
        if kind == 'account':
            silent('usage and trusted of the viewer only', 'the rest of /accounts is being built')
            return {'trusted': ('trusted', node[1]), 'usage': ('usage', node[1])}.get(name)
        if kind == 'trusted':
            return ('trust', node[1], name) if name in self.accounts[node[1]].trusted else None
        if kind == 'region':
            return (name, node[1]) if name in ('images', 'instances') else None
        if kind == 'images':
            image, alias = self.find(view, node[1], name)
            return image and ('alias' if alias else 'image', image)
        if kind == 'instances':
            vm = self.machine(view, node[1], name)
            return vm and ('vm', vm)
        if kind == 'vm':
            return ('vmpart', node[1], name) if name in node[1].parts() else None
        if kind == 'image':
            if name == '.meta':
                return ('meta', node[1])
            return ('part', node[1], name) if name in node[1].parts(self.writes(view)) else None
        if kind == 'meta':
            mine = node[1].owner == view.account or self.staff(view)
            if name == 'shares':
                return ('grants', node[1])
            if name == 'usage.tsv' and node[1].owner != view.account or name == 'exposure.tsv' and not mine:
                return None
            return ('metafile', node[1], name) if name in META else None
        if kind == 'grants' or kind == 'part':
            return ('share', node[1], name) if name in self.grants(view, node[1]) else None
        if kind == 'share':
            return ('expires', node[1], node[2]) if name == '.expires' else None
        return None

# SPDX-License-Identifier: MIT
"""Random operations, chosen by what the model says is there, so that most of them mean something and many are refused.

next() gives a list of operations: one system call or command, or the calls of a tool (cp -r, rm -r, mv to another region).
"""
import itertools

IMAGES, MACHINES = ('web', 'db', 'os', 'a1'), ('vm1', 'vm2')
BAD = ('.x', 'x' * 61, 'web@alice', 'a b', '-a', 'x@nobody', '@', 'é', 'x' * 65)
PARTS = ('description', 'shares', 'disk')
ODD = ('', 'regions', 'regions/{r}', 'regions/{r}/images', 'regions/{r}/instances', 'regions/nowhere/images/web', 'accounts/{a}',
       'accounts/{a}/trusted', 'accounts/{a}/usage', 'regions/{r}/images/web/.meta/id', 'regions/{r}/images/web/foo',
       'regions/{r}/images/foo/disk', 'regions/{r}/images/web/.meta/shares', 'regions/{r}/images/web/.description.swp',
       'regions/{r}/instances/vm1/foo', 'accounts/nobody', 'foo')


class Generator:
    def __init__(self, model, views, random):
        self.model, self.views, self.random = model, views, random
        self.numbers = itertools.count(1)
        self.holding = []
        self.table = [(name, weight) for name, weight in (
            ('make', 9), ('remove', 4), ('disk', 9), ('share', 16), ('unshare', 9), ('describe', 6),
            ('rename', 7), ('copy', 7), ('launch', 7), ('machine_op', 5), ('note', 5), ('expiry', 4), ('trust', 3),
            ('part', 4), ('odd', 4), ('read', 4), ('hold', 2), ('tree', 3), ('command', 5), ('kept', 6), ('lost', 2))]

    def next(self):
        view = self.pick([v for v in self.views.values() if not self.model.accounts[v.account].gone or self.random.random() < 0.02])
        if self.model.staff(view) and self.random.random() < 0.5:
            view = self.pick(list(self.views.values()))
        kind = self.random.choices([k for k, _ in self.table], [w for _, w in self.table])[0]
        return [[view.name, *operation] if operation[0] else list(operation[1:]) for operation in getattr(self, kind)(view)
                if not self.races(view, operation)]

    def races(self, view, operation):
        """Not asked while somebody holds a disk open for writing: a copy into it, whose bytes are nobody's promise."""
        name, *arguments = operation
        return name in ('copy', 'link') and any(arguments[1].replace(f'@{view.account}/', '/') == path for _, path in self.holding)

    def pick(self, things):
        return self.random.choice(things)

    def chance(self, probability):
        return self.random.random() < probability

    # ---- names

    def region(self):
        return self.pick(list(self.model.regions)) if not self.chance(0.01) else 'nowhere'

    def images(self, view):
        return f'regions/{self.region()}/images'

    def name(self, names=IMAGES):
        return self.pick(BAD) if self.chance(0.06) else self.pick(names)

    def account(self):
        return self.pick(('nobody', '.x', 'x' * 65, 'A')) if self.chance(0.05) else self.pick(list(self.model.accounts))

    def image(self, view, mine=0.5):
        """The path of an image: mostly one that the view sees; sometimes an alias, a stranger's, or nothing."""
        seen = [image for image in self.model.images.values() if self.model.sees(view, image)]
        own = [image for image in seen if image.owner == view.account]
        if self.chance(0.06) or not seen:
            every = list(self.model.images.values())
            if every and self.chance(0.7):
                image = self.pick(every)
                return f'regions/{image.region}/images/{image.name}@{image.owner}'
            return f'{self.images(view)}/{self.name()}'
        image = self.pick(own) if own and self.chance(mine) else self.pick(seen)
        return f'regions/{image.region}/images/{self.model.shown(view, image)}'

    def machine(self, view):
        seen = [vm for region in self.model.regions for vm in self.model.machines(view, region)]
        if not seen or self.chance(0.05):
            return f'regions/{self.region()}/instances/{self.name(MACHINES)}'
        vm = self.pick(seen)
        return f'regions/{vm.region}/instances/{vm.name}' + (f'@{vm.account}' if self.model.staff(view) else '')

    def content(self):
        if self.chance(0.05):
            return ''
        if self.chance(0.1):
            return 'QED\0' + 12 * '\0' + '\1' + 47 * '\0' # a disk that needs another file
        number = next(self.numbers)
        return f'{number}.' * self.pick((1, 3, 100, 1500))

    def shares(self):
        return '.meta/shares' if self.chance(0.5) else 'shares'

    # ---- operations

    def make(self, view):
        path = f'{self.images(view)}/{self.name()}'
        if self.chance(0.3):
            return [('mkdir', path)]
        return [('mkdir', path), ('write', f'{path}/disk', self.content())]

    def remove(self, view):
        path = self.image(view)
        if self.chance(0.4):
            return [('rmdir', path)]
        return [*(('unlink', f'{path}/{part}') for part in PARTS), ('rmdir', path)]

    def disk(self, view):
        path = f'{self.image(view, 0.9)}/disk'
        if self.chance(0.15):
            return [('truncate', path, self.pick((0, 1, 5000)))]
        if self.chance(0.1):
            return [('unlink', path)]
        return [('write', path, self.content(), self.pick(('w', 'w', 'w', 'a', 'r+')))]

    def share(self, view):
        path, mode = self.image(view, 0.9), self.shares()
        return [('mkdir', f'{path}/{mode}/{self.account()}') for _ in range(self.pick((1, 1, 1, 3)))]

    def unshare(self, view):
        path = self.image(view)
        image = [i for i in self.model.images.values() if path == f'regions/{i.region}/images/{self.model.shown(view, i)}']
        names = self.model.grants(view, image[0]) if image else []
        name = self.pick(names) if names and not self.chance(0.1) else self.account()
        return [('rmdir', f'{path}/{self.shares()}/{name}')]

    def describe(self, view):
        text = self.pick(('text', 'a\n', 'x' * 256 + '\n', 'x' * 257, '\xff', 'Web server, May\n', '\xc3\xa4' * 256, '\xc3\xa4' * 257, ''))
        path = self.image(view)
        if not text and not any(image.description for image in self.model.images.values()
                                if path == f'regions/{image.region}/images/{self.model.shown(view, image)}'):
            return []  # emptying what is empty is done after close() has returned, and nothing would show when
        return [('write', f'{path}/description', text, self.pick(('w', 'w', 'w', 'a', 'r+')))]

    def rename(self, view):
        path = self.image(view, 0.8)
        folder = path.rpartition('/')[0] if self.chance(0.8) else self.images(view)
        return [('rename', path, f'{folder}/{self.name()}')]

    def copy(self, view):
        """cp of a disk, or cp -r of an image: as the calls these make. Where GNU cp could not, neither does this."""
        source = self.machine(view) if self.chance(0.25) else self.image(view, 0.8)
        target = f'{self.images(view)}/{self.name()}' if self.chance(0.7) else self.image(view, 0.95)
        if source == target:
            return []
        operation = (self.pick(('copy', 'link')), f'{source}/disk', f'{target}/disk')
        if self.chance(0.4):
            return [('mkdir', target), ('write', f'{target}/description', 'a copy\n'),
                    ('symlink', '.meta/shares', f'{target}/shares'), operation]
        return [('mkdir', target), operation] if self.chance(0.6) else [operation]

    def launch(self, view):
        path = self.machine(view) if self.chance(0.6) else f'regions/{self.region()}/instances/{self.name(MACHINES)}'
        image = self.image(view, 0.3).split('/')
        text = image[3] if self.chance(0.7) else f'{image[1]}/{image[3]}'
        return [('mkdir', path), ('write', f'{path}/image', text + self.pick(('\n', '')))][self.pick((0, 1)):]

    def machine_verbs(self, view, path):
        return [('write', f'{path}/disk', self.content(), self.pick(('w', 'a', 'r+'))), ('unlink', f'{path}/disk'),
                ('unlink', f'{path}/image'), ('rmdir', path), ('read', f'{path}/disk'), ('rename', path, f'{path}x')]

    def machine_op(self, view):
        path = self.machine(view)
        if self.chance(0.3):
            return [('unlink', f'{path}/image'), ('unlink', f'{path}/disk'), ('rmdir', path)]
        return [self.pick(self.machine_verbs(view, path))]

    def note(self, view):
        path = self.image(view, 0.9)
        if self.chance(0.4):
            return [('write', f'{path}/.meta/state', self.pick(('sealed\n', 'sealed', 'draft', '')))]
        return [('write', f'{path}/.meta/reviewed', self.pick(('1\n', '1', '0\n', '7', '')))]

    def expiry(self, view):
        path = self.image(view, 0.8)
        shared = [i for i in self.model.images.values() if i.shares and self.model.sees(view, i)]
        if shared and not self.chance(0.1):
            image = self.pick(shared)
            names = self.model.grants(view, image)
            path = f'regions/{image.region}/images/{self.model.shown(view, image)}'
            name = self.pick(names) if names else self.account()
        else:
            name = self.account()
        text = self.pick(('2099-01-01', '2001-01-01', '+0d', 'never', 'never\n', '', 'soon', '2099-02-30',
                          '2099-01-01T00:00:00Z', '2099-01-01T00:00:00+01:00', '@soon'))
        return [('write', f'{path}/{self.shares()}/{name}/.expires', text)]

    def trust(self, view):
        return [(self.pick(('mkdir', 'mkdir', 'rmdir')), f'accounts/{view.account}/trusted/{self.account()}')]

    def part(self, view):
        path = self.image(view, 0.8)
        return [self.pick((('unlink', f'{path}/{self.pick(PARTS)}'), ('symlink', '.meta/shares', f'{path}/shares'),
                           ('symlink', 'elsewhere', f'{path}/shares'), ('mkdir', f'{path}/shares'), ('mkdir', f'{path}/foo'),
                           ('write', f'{path}/.x.swp', 'x')))]

    def odd(self, view):
        path = self.pick(ODD).format(r=self.region(), a=view.account)
        return [self.pick((('mkdir', path), ('rmdir', path), ('unlink', path), ('write', path, 'x'), ('stat', path)))] if path else \
            [('mkdir', 'regions/new')]

    def read(self, view):
        path = self.image(view, 0.3)
        return [(self.pick(('read', 'stat')), f'{path}/{self.pick(("disk", "disk", "description", ".meta/state", "shares"))}')]

    def hold(self, view):
        """Somebody keeps a disk open for writing for a while, and writes to it at last, or not."""
        if self.holding and self.chance(0.6):
            name, path = self.holding.pop()
            image, incarnation = self.model.handles.get((name, path), (None, 0))
            end = [(None, name, 'release', path)]
            if not image or incarnation != image.incarnation or self.chance(0.4):
                return end  # to a disk that is gone it may be ESTALE
            return [(None, name, 'poke', path, self.pick((0, 5, 400)), self.content())] + end
        own = [i for i in self.model.images.values() if i.owner == view.account and i.state == 'available' and not i.busy]
        if not own or self.holding:
            return []
        image = self.pick(own)
        path = f'regions/{image.region}/images/{image.name}/disk'
        self.holding.append((view.name, path))
        return [('hold', path)]

    def tree(self, view):
        """mv of an image to another region: rename says EXDEV, then a copy, then the removal."""
        path, target = self.image(view, 0.9), f'{self.images(view)}/{self.name()}'
        if path == target:
            return []
        return [('rename', path, target), ('mkdir', target), ('copy', f'{path}/disk', f'{target}/disk'),
                *(('unlink', f'{path}/{part}') for part in PARTS), ('rmdir', path)]

    def owner(self, view, what):
        return self.pick(('operator', 'operator', 'boss', what.rpartition('@')[2], view.account))

    def kept(self, view):
        """imgshare undelete, image purge, and the shares of an earlier moment: of what is kept, sometimes of what is not."""
        kept, number = self.model.kept, None
        if kept and not self.chance(0.1):
            number = self.random.randrange(len(kept))
            what = str(kept[number].thing)
        else:
            things = [*self.model.images.values(), *self.model.instances.values()]
            what = str(self.pick(things)) if things and self.chance(0.8) else 'nonsense'
        actor = self.owner(view, what)
        if actor not in self.model.accounts:
            actor = 'operator'
        number = number if self.chance(0.3) else 99 if self.chance(0.03) else None
        if self.chance(0.1):
            return [(None, '-', 'limit', 'operator', 'keep-deleted', self.pick(('0', '7d', '7d', '12h', '30d')))]
        if self.chance(0.2):
            return [(None, '-', 'moment', 'operator')]
        if self.chance(0.15) and self.model.moments:
            return [(None, '-', *self.regrant(actor))]
        if self.chance(0.3):
            return [(None, '-', 'purge', actor, what, number)]
        return [(None, '-', 'undelete', actor, what, number, self.name() if self.chance(0.25) else None)]

    def regrant(self, actor='operator'):
        at = self.random.randrange(len(self.model.moments))
        names = [f'{region}/{name}@{owner}' for region, owner, name in self.model.moments[at].names]
        return 'regrant', actor, self.pick(names) if names and not self.chance(0.1) else 'north/web@alice', at

    def lost(self, view):
        """rm -r of an image by somebody who then wants it back, with its shares."""
        machines = [vm for vm in self.model.instances.values() if vm.account == view.account and vm.disk is not None]
        if machines and self.chance(0.4):
            return self.lost_machine(self.pick(machines))
        own = [image for image in self.model.images.values() if image.owner == view.account and image.disk]
        if not own:
            return []
        image = self.pick(own)
        path, at = f'regions/{image.region}/images/{image.name}', len(self.model.moments)
        return [(None, '-', 'moment', 'operator'), *(('rmdir', f'{path}/.meta/shares/{name}') for name in self.model.live(image)),
                *(('unlink', f'{path}/{part}') for part in PARTS), ('rmdir', path),
                (None, '-', 'undelete', self.owner(view, str(image)), str(image), None, None),
                (None, '-', 'regrant', 'operator', str(image), at)]

    def lost_machine(self, vm):
        """rm of an instance's disk, of more of it, or a reinstallation, and the older disk back."""
        path, at = f'regions/{vm.region}/instances/{vm.name}', len(self.model.kept)
        back = (None, '-', 'undelete', 'operator', str(vm), at, None)
        image = vm.image or 'web'
        return self.pick(([('unlink', f'{path}/disk'), back], [('unlink', f'{path}/disk'), ('unlink', f'{path}/image'), ('rmdir', path), back],
                          [('write', f'{path}/image', image), ('unlink', f'{path}/disk'), back, ('unlink', f'{path}/image'), ('unlink', f'{path}/disk')],
                          [('unlink', f'{path}/disk'), ('write', f'{path}/image', image), ('unlink', f'{path}/disk'), back,
                           ('unlink', f'{path}/disk'), ('unlink', f'{path}/image'), ('rmdir', path)]))

    def bulk(self, view):
        """imgshare apply, often after its plan."""
        images = list(self.model.images.values())
        if not images:
            return []
        lines = []
        for image in self.random.sample(images, min(len(images), self.pick((1, 1, 2, 4)))):
            for name in sorted({self.account() for _ in range(self.pick((1, 2, 4)))}):
                lines.append('\t'.join((image.region, f'{image.name}@{image.owner}', name,
                                        *self.pick(((), (), ('2099-01-01',), ('never',), ('2098-12-31T01:02:03Z',), ('',))))))
        if self.chance(0.2):
            lines.append(self.pick(('north\tnothing@alice\tbob', 'nowhere\tweb@alice\tbob', 'north\tweb\tbob', 'x', '# nothing',
                                    'north\tweb@alice\t-\t2099-01-01', 'north\tweb@alice\tbob\t2001-01-01', '',
                                    f'{images[0].region}\t{images[0].name}@{images[0].owner}\t-')))
        operation = (self.pick(('operator', 'boss', view.account)), self.chance(0.3), *lines)
        return [(None, '-', name, *operation) for name in self.pick((('apply',), ('plan',), ('plan', 'apply')))]

    def command(self, view):
        actor = 'operator' if not self.chance(0.1) else view.account
        name = self.pick(list(self.model.accounts))
        number = next(self.numbers)
        choice = self.random.randrange(26)
        if choice >= 20:
            return self.bulk(view)
        if choice < 5:
            operation = ('limit', actor, 'shares-per-image', self.pick((0, 1, 2, 3, 50)))
        elif choice < 7:
            operation = ('limit', actor, *self.pick([('images-per-region', n) for n in (1, 3, 4, 500)] +
                                                    [('instances-per-region', n) for n in (1, 2, 500)]))
        elif choice < 10:
            operation = ('limit', actor, 'require-review', self.pick(('on', 'off', 'off')))
        elif choice < 12:
            operation = ('account_set', actor, name, 'quota', self.pick(('-', '0', '2', '5')))
        elif choice < 14:
            name = self.pick([a.name for a in self.model.accounts.values() if a.role == 'account' and not a.gone] or [name])
            operation = ('account_set', actor, name, 'require-trust', self.pick(('on', 'on', 'off')))
        elif choice < 16:
            operation = ('account_set', actor, name, 'role', self.pick(('account', 'account', 'auditor', 'operator')))
        elif choice < 17:
            live = [a for a in self.model.accounts.values() if not a.gone]
            if len(live) > 9:
                return self.command(view)
            operation = ('account_add', actor, f'guest{number}', 71000 + number)
        elif choice < 18:
            operation = ('account_rm', actor, self.pick([n for n in self.model.accounts if n.startswith('guest')] or [name]))
        elif choice < 19:
            operation = ('region_add', actor, f'r{number}' if len(self.model.regions) < 4 else 'north')
        else:
            operation = ('region_rm', actor, self.pick(list(self.model.regions)))
        return [(None, '-', *operation)]

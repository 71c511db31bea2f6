# SPDX-License-Identifier: MIT
"""Disks and instances: importing, copying, launching, custom images (CONTRACT 4, 5.1, 5.2)."""
import errno

from model import Instance, No, silent
from rules import Rules, bad_name


class Disks(Rules):
    """The verbs that move bytes. A disk is written between opening() and closed(), which is what cp does."""

    def opening(self, view, image):
        """May its disk be opened for writing, or made? CONTRACT 4, write a disk."""
        refuse = self.refusal(view, 'available', image)
        if self.role(view) == 'auditor':
            refuse('read-only-role')
        if self.role(view) == 'operator':
            refuse('role')
        if image.owner != view.account or image.state == 'sealed':
            refuse('sealed')

    def writer_comes(self, view, image):
        """CONTRACT 3.3: opening the disk for writing sets reviewed to 0."""
        if image.reviewed:
            image.reviewed = False
            self.log(view, 'review', image)

    def truncated(self, view, image, size=0):
        """Made, or cut."""
        if image.disk is None:
            self.log(view, 'create', image)
            image.disk = b''
            self.disk_made(image)
            self.writer_comes(view, image)
        else:
            self.writer_comes(view, image)
            self.changed(view, image, image.disk[:size].ljust(size, b'\0'))

    def changed(self, view, image, content):
        """Bytes are written; what that means for the image is settled when the disk is closed."""
        image.disk = content

    def closed(self, view, image, source=None):
        """CONTRACT 5.1: a draft becomes available when a disk with content is closed; then all three parts exist.

        Every copy the kernel is asked for records its source (CONTRACT 6).
        """
        copied = source not in (None, image.source)
        silent('what is written over a copy keeps its source', 'CONTRACT 6: lineage is never lost')
        image.source = source or image.source
        draft = image.state == 'draft' and image.disk
        if copied or draft:
            self.log(view, 'copy' if copied else 'available', image)
        if draft:
            self.fill(image)

    def fill(self, image):
        image.state, image.link = 'available', True
        self.described(image, image.description or b'')

    def reading(self, view, thing, op='launch'):
        """Opening a disk for reading, or linking it: CONTRACT 3.2, its owner only."""
        if isinstance(thing, Instance):
            if thing.account != view.account:
                self.refusal(view, op, thing)('role')
        elif thing.owner != view.account:
            self.refusal(view, 'copy', thing)('no-copy-of-shared')

    @staticmethod
    def origin(thing):
        """What is recorded: the disk that was copied, which a reinstallation or a removal makes another one."""
        if isinstance(thing, Instance):
            return ('instance', (thing, thing.installed), thing.origin)
        return ('copy', (thing, thing.incarnation))

    def copied(self, view, thing):
        """CONTRACT 5.1: sealed once copied; a draft cannot be."""
        silent('an empty disk is not sealed by a copy', 'it could never be shared or filled again (CONTRACT 4 image-available)')
        if not isinstance(thing, Instance) and thing.disk:
            self.seal(view, thing)

    def link_disk(self, view, thing, image):
        """ln SOURCE image/disk: the copy is there with the answer (CONTRACT 5.2)."""
        if self.role(view) == 'auditor':
            self.refusal(view, 'copy', thing)('read-only-role')  # an auditor changes nothing; to look is not asked here
        self.reading(view, thing, 'copy')
        self.opening(view, image)
        if not isinstance(thing, Instance) and self.held(thing):
            raise No(errno.EBUSY)
        self.copied(view, thing)
        image.disk = thing.disk
        self.disk_made(image)
        if image.reviewed:  # CONTRACT 3.3: a copy starts at 0
            image.reviewed = False
            self.log(view, 'review', image)
        silent('a copy of an empty disk is a draft with an empty disk', 'CONTRACT 5.1: available needs content')
        image.source = self.origin(thing)
        if image.disk:
            self.fill(image)
        self.log(view, 'copy', image)

    def copy_disk(self, view, thing, image):
        """cp that asks the kernel to copy (copy_file_range), from open to close."""
        self.reading(view, thing)
        self.opening(view, image)
        self.truncated(view, image)
        if not thing.disk:
            self.closed(view, image)
            return
        if not isinstance(thing, Instance) and self.held(thing):
            self.closed(view, image)
            raise No(errno.EBUSY)
        self.changed(view, image, thing.disk)
        self.copied(view, thing)
        self.closed(view, image, self.origin(thing))

    # ---- instances

    def create_machine(self, view, region, name):
        refuse = self.refusal(view, 'create', f'{region}/{name}@{view.account}')
        if self.role(view) != 'account':
            refuse('read-only-role' if self.role(view) == 'auditor' else 'role')
        silent('an instance is named like an account, at most 64', 'CONTRACT 2: images 60, the rest 64')
        if code := bad_name(name, 64):
            raise No(code)
        if sum(key[:2] == (region, view.account) for key in self.instances) >= self.limits['instances-per-region']:
            refuse('instance-quota')
        vm = self.instances[region, view.account, name] = Instance(region, view.account, name)
        self.log(view, 'create', vm)
        return vm

    def using(self, view, vm, op='instance-delete'):
        """CONTRACT 4, use or remove an instance: the staff see it, and that is all."""
        if self.role(view) == 'auditor':
            self.refusal(view, op, vm)('read-only-role')
        if vm.account != view.account:
            self.refusal(view, op, vm)('role')

    def remove_machine(self, view, vm, part=None):
        self.using(view, vm)
        if part is None:
            if vm.parts():
                raise No(errno.ENOTEMPTY)
            del self.instances[vm.region, vm.account, vm.name]
        elif part == 'image':
            vm.image = None
        else:
            self.keep(vm)
            vm.disk = None
        self.log(view, 'instance-delete', vm)

    def launch(self, view, vm, text):
        """CONTRACT 5.2: [region/]img[@owner]. CONTRACT 4 launch, in this order."""
        name = text.removesuffix('\n')
        region, slash, rest = name.rpartition('/')
        region, plain, owner = (region if slash else vm.region), *self.split(view, rest)
        refuse = self.refusal(view, 'launch', f'{region}/{plain}@{owner}')
        if self.role(view) == 'auditor':
            refuse('read-only-role')
        if self.role(view) != 'account':
            refuse('role')
        image = self.images.get((region, owner, plain))
        if image is None or not self.sees(view, image):
            refuse('-')  # CONTRACT 5.6: explained and logged, by the name that was asked for
        if region != vm.region:
            refuse('same-region')
        if self.unavailable(image):
            refuse('image-available')
        if self.incomplete(image):
            refuse('self-contained')
        if self.held(image):
            raise No(errno.EBUSY)
        account = self.accounts[view.account]
        if account.require_trust and image.owner not in (view.account, *account.trusted):
            refuse('trust')
        self.seal(view, image)
        if vm.disk is not None:
            self.keep(vm)
        vm.image = vm.called = f'{image.name}@{image.owner}'
        vm.disk, vm.origin = image.disk, (image, image.incarnation)
        self.log(view, 'reinstall' if vm.newest else 'launch', image)
        vm.installed = vm.newest = vm.newest + 1
        self.launched[vm, vm.installed] = vm.origin

    @staticmethod
    def split(view, name):
        plain, at, owner = name.partition('@')
        return plain, owner if at else view.account

    # ---- trust

    def trust(self, view, name):
        """CONTRACT 4: trust an owner."""
        refuse = self.refusal(view, 'trust', None, name)
        if self.role(view) != 'account':
            refuse('read-only-role' if self.role(view) == 'auditor' else 'role')
        if name not in self.accounts or self.accounts[name].gone:
            refuse('unknown-account')
        if name == view.account:
            refuse('no-self-share')
        self.accounts[view.account].trusted |= {name}
        self.log(view, 'trust', None, name)

    def untrust(self, view, name):
        """CONTRACT 4: no longer trust an owner. Whom somebody trusted before he was staff stays in his trusted/."""
        if self.role(view) != 'account':
            self.refusal(view, 'untrust', None, name)('read-only-role' if self.role(view) == 'auditor' else 'role')
        self.accounts[view.account].trusted -= {name}
        self.log(view, 'untrust', None, name)

# SPDX-License-Identifier: MIT
"""`imgshare undelete`, `image purge` and `access --asof`, as the model answers them (CONTRACT 4, 5.8)."""
from apply import Bulk
from model import Image, No, silent
from rules import bad_name


class Deleted(Bulk):
    """nth: the object's number in the list of what is kept (IMAGE#ID); None: it is found by its name."""

    def find_kept(self, account, what, nth, several):
        """several: whether the youngest of those that have the name is meant."""
        self.actor = account
        if self.accounts[account].gone:
            raise No(1)
        region, _, name = what.partition('/')
        owner = name.partition('@')[2]
        if self.accounts[account].role == 'account' and owner != account:
            raise No(1)  # ENOENT
        found = [entry for entry in self.kept if str(entry.thing) == what]
        if nth is not None:
            found = [entry for entry in self.kept[nth:nth + 1] if (entry.thing.region, entry.owner) == (region, owner)]
        kinds = {isinstance(entry.thing, Image) for entry in found}
        if not found or len(kinds) > 1 or len(found) > 1 and not several:
            raise No(1)
        return found[-1]

    def no_auditor(self, account, op, what):
        self.actor = account
        if not self.accounts[account].gone and self.accounts[account].role == 'auditor':
            self.tell(op, what, None, 'read-only-role')
            raise No(1, 'read-only-role')

    def do_undelete(self, account, what, nth=None, name=None):
        self.no_auditor(account, 'undelete', what)
        self.undelete(account, self.find_kept(account, what, nth, True), name)

    def undelete(self, account, entry, name):
        self.actor = account
        if isinstance(entry.thing, Image):
            self.undelete_image(entry, name)
        else:
            self.undelete_machine(entry, name)
        self.kept.remove(entry)
        self.touched.append(entry.thing)

    def undelete_image(self, entry, name):
        image = entry.thing
        if name is not None and bad_name(name, 60):
            raise No(1)
        home = self.images.get(image.key) is image
        key = (image.region, image.owner, name or image.name)
        other = self.images.get(key)
        other = None if other is image else other
        draft = other is not None and not other.parts()
        filled = home and image.disk is not None
        rule = None
        if len(self.owned(image.owner, image.region)) - home - draft >= self.quota(image.owner):
            rule = 'quota-own-only'
        elif filled or other is not None and not draft:
            silent('another name is no remedy where the directory has a disk', 'CONTRACT 5.8: that must be removed first')
            rule = None if filled and name else 'name-taken'
            if rule is None:
                raise No(1)
        if rule:
            self.tell('undelete', str(image), None, rule)
            raise No(1, rule)
        if draft:
            self.tell('delete', str(other))
            self.touched.append(other)
            del self.images[other.key]
        if home and image.key != key:
            self.tell('rename', str(image))
        if home:
            del self.images[image.key]
        image.name = key[2]
        self.images[key] = image
        image.disk, image.state, image.source, image.incarnation = entry.disk, entry.state, entry.source, entry.number
        image.told = image.description = entry.text
        image.reviewed, image.link, image.shares, image.busy = False, True, {}, entry.busy
        self.ended.pop((image, entry.number), None)
        self.tell('undelete', str(image))

    def undelete_machine(self, entry, name):
        vm = entry.thing
        key = vm.region, vm.account, vm.name
        other = self.instances.get(key)
        gives_way = other is not None and not other.parts()
        count = sum(k[:2] == key[:2] for k in self.instances) - gives_way
        if other is not vm and count >= self.limits['instances-per-region']:
            self.tell('undelete', str(vm), None, 'instance-quota')
            raise No(1, 'instance-quota')
        if name is not None or other is not None and (other.disk is not None if other is vm else other.parts()):
            raise No(1)
        if other is not None and other is not vm:
            self.tell('instance-delete', str(other))
            self.touched.append(other)
        self.instances[key] = vm
        vm.disk, vm.origin, vm.image, vm.called, vm.installed = entry.disk, entry.source, entry.text, entry.text, entry.number
        self.tell('undelete', str(vm))

    def do_purge(self, account, what, nth=None):
        self.no_auditor(account, 'purge', what)
        entry = self.find_kept(account, what, nth, False)
        if nth is None:
            self.not_live(what)
        raise No(0, self.purge(account, entry))

    def not_live(self, what):
        """CONTRACT 5.8: what is not deleted is refused."""
        if any(str(thing) == what and thing.disk is not None for thing in (*self.images.values(), *self.instances.values())):
            raise No(1)

    def purge(self, account, entry):
        self.actor = account
        rows = self.holders(entry)
        self.kept.remove(entry)
        self.tell('purge', str(entry.thing))
        return rows

    # ---- shares of a moment

    def do_moment(self, account):
        self.take_moment()

    def do_regrant(self, account, what, number):
        """imgshare access IMAGE --asof MOMENT | imgshare apply."""
        region, _, name = what.partition('/')
        plain, _, owner = name.partition('@')
        moment = self.moments[number] if number < len(self.moments) else None
        disk = moment and self.disk_then(moment, (region, owner, plain))
        if disk is None:
            raise No(1, ())
        rows = moment.shares.get(disk, ())
        raise No(*self.apply(account, False, ['\t'.join((region, name, *row)) for row in rows]))

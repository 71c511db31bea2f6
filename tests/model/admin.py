# SPDX-License-Identifier: MIT
"""The operator's commands, as the model answers them (CONTRACT 8): exit status 0 or 1, and the rule."""
import errno

from model import Account, No
from operations import Model
from rules import CODES, LOWER, bad_name


class Registry(Model):
    """imgshare limits, account, region. The actor is the built-in operator, or --as another."""

    def command(self, account, op, thing=None, other=None):
        """Who may manage (CONTRACT 4: read-only-role, role)."""
        if self.accounts[account].gone:
            raise No(1)
        role = self.accounts[account].role
        self.actor = account
        if role != 'operator':
            rule = 'read-only-role' if role == 'auditor' else 'role'
            self.tell(op, thing, other, rule)
            raise No(1, rule)

    def tell(self, op, thing=None, other=None, rule=None):
        code = errno.errorcode[CODES.get(rule, errno.EPERM)] if rule else None
        self.events.append((self.actor, 0, 'cli', op, thing, other, rule, code))

    def do_limit(self, account, name, value):
        self.command(account, 'limit', name)
        self.limits[name] = value == 'on' if name == 'require-review' else value if name == 'keep-deleted' else int(value)
        self.tell('limit', name)
        if name == 'keep-deleted' and value == '0':  # all is too old; the caller waits until it is gone
            self.events += [(None, None, None, 'purge', str(entry.thing), None, None, None) for entry in self.kept]
            self.kept = []

    def do_region_add(self, account, name):
        self.command(account, 'region-add', name)
        if name in self.regions or bad_name(name, 64, LOWER):
            raise No(1)
        self.regions[name] = True
        self.tell('region-add', name)

    def do_region_rm(self, account, name):
        """CONTRACT 8: refused while it has images or instances; what is kept there goes with it."""
        self.command(account, 'region-rm', name)
        if name not in self.regions or any(key[0] == name for key in (*self.images, *self.instances)):
            raise No(1)
        self.purge_all(lambda entry: entry.thing.region == name)
        del self.regions[name]
        self.tell('region-rm', name)

    def do_account_add(self, account, name, uid, role='account'):
        self.command(account, 'account-add', None, name)
        if name in self.accounts or bad_name(name, 64, LOWER):
            raise No(1)
        self.accounts[name] = Account(name, role, uid)
        self.tell('account-add', '', name)

    def do_account_rm(self, account, name):
        """CONTRACT 8: refused while it owns images or instances; its received shares end, each logged."""
        self.command(account, 'account-rm', None, name)
        if name == 'operator' or name not in self.accounts or self.accounts[name].gone or self.owns(name):
            raise No(1)
        self.purge_all(lambda entry: entry.owner == name)
        for image in self.received(name):
            del image.shares[name]
            self.touched.append(image)
            self.tell('unshare', str(image), name)
        self.accounts[name].gone = True
        for other in self.accounts.values():
            other.trusted -= {name}
        self.tell('account-rm', None, name)

    def do_account_set(self, account, name, key, value):
        self.command(account, 'account-set', None, name)
        if name not in self.accounts or self.accounts[name].gone:
            raise No(1)
        it = self.accounts[name]
        if key == 'quota':
            it.quota = None if value == '-' else int(value)
        elif key == 'require-trust':
            it.require_trust = value == 'on'
        elif value != it.role:
            if name == 'operator':
                raise No(1)
            if self.owns(name) or self.received(name):
                self.tell('account-set', None, name, 'role')
                raise No(1, 'role')
            it.role = value
        self.tell('account-set', '', name)

    def purge_all(self, belongs):
        for entry in [entry for entry in self.kept if belongs(entry)]:
            self.kept.remove(entry)
            self.tell('purge', str(entry.thing))

    def owns(self, name):
        return any(key[1] == name for key in (*self.images, *self.instances))

    def received(self, name):
        """In the order of the grants."""
        return sorted((image for image in self.images.values() if name in self.live(image)), key=lambda image: image.shares[name][3])

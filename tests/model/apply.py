# SPDX-License-Identifier: MIT
"""`imgshare apply`, as the model answers it: wanted shares in bulk, each line judged as if it were asked alone (CONTRACT 8, 9)."""
from model import No, View, silent
from admin import Registry
from rules import Past, iso, parse_expiry


class Bulk(Registry):
    """The answer is the exit status, and for each refused line its number and its rule (None: an errno, or malformed).

    A plan's answer has the changes that it prints as well.
    """

    def do_apply(self, account, prune, *lines):
        raise No(*self.apply(account, prune, lines))

    def do_plan(self, account, prune, *lines):
        """Answered by a copy of the state, which changes in place of this one."""
        other = self.copy()
        other.events, other.touched = [], []
        status, refused = other.apply(account, prune, lines)
        silent('a plan tells what the rules would refuse, and logs nothing', 'it changes nothing')
        changes = [event[3:6] for event in other.events if not event[6] and event[3] != 'seal']
        raise No(status, (refused, tuple(  # a share that expires is one line
            (op, *pair) for op, *pair in changes if op != 'set-expiry' or ('share', *pair) not in changes)))

    def apply(self, account, prune, lines):
        if self.accounts[account].gone:
            return 1, ()
        rows, refused = [], []
        for number, line in enumerate(lines, 1):
            if not line.strip() or line.strip()[0] == '#':
                continue
            try:
                rows.append((number, *self.apart(line)))
            except Past:
                pass  # CONTRACT 5.8: skipped, with a word
            except (ValueError, No):
                refused.append((number, None))
        if prune and refused:
            refused.append((0, None))  # nothing is revoked: a malformed line may name who is wanted
        elif prune:
            self.prune(account, rows)
        self.via = 'cli'
        for number, region, name, other, expires in rows:
            try:
                self.want(account, region, name, other, expires)
            except No as no:
                refused.append((number, no.rule))
        self.via = 'mount'
        return int(bool(refused)), tuple(sorted(refused, key=repr))

    def apart(self, line):
        region, name, other, *expires = line.split('\t')
        if not region or not other or '@' not in name or len(expires) > 1 or other == '-' and expires and expires[0]:
            raise ValueError(line)
        if expires and expires[0]:
            parse_expiry(expires[0], self.clock())
        return region, name, None if other == '-' else other, expires[0] if expires else ''

    def acting(self, account, region, name):
        """The image, and the view of who acts on it: the operator as its owner."""
        plain, _, owner = name.partition('@')
        image = self.images.get((region, owner, plain))
        if image is None:
            raise No(2)  # ENOENT
        view = View('cli', owner if self.accounts[account].role == 'operator' else account)
        if not self.sees(view, image):
            raise No(2)
        return view, image

    def prune(self, account, rows):
        """First revokes, of the images that lines name, the shares with accounts that no line lists for it."""
        listed = {}
        for _, region, name, other, _ in rows:
            try:
                view, image = self.acting(account, region, name)
                listed.setdefault(str(image), (view, image, set()))[2].add(other)
            except No:
                pass  # told when the line is done
        self.via = 'cli'
        for view, image, wanted in listed.values():
            for other in self.live(image) if image.owner == view.account else ():
                if other not in wanted:
                    self.unshare(view, image, other)
        self.via = 'mount'

    def want(self, account, region, name, other, expires):
        view, image = self.acting(account, region, name)
        if other is None:
            return
        if other not in self.grants(view, image):
            self.share(view, image, other)
        if not expires:
            return
        expiry = parse_expiry(expires, self.clock())
        if expiry == image.shares[other][0]:
            return
        silent('a refused expiry names the account too', 'the line does')
        if image.owner != view.account:
            auditor = self.role(view) == 'auditor'
            self.refusal(view, 'set-expiry', image, other)('read-only-role' if auditor else 'no-reshare')
        self.log(view, 'set-expiry', image, other)
        image.shares[other] = (expiry, 'never' if expiry is None else iso(expiry), *image.shares[other][2:])

    # ---- what commands print

    def table(self, name):
        """The rows of a command that only prints, asked by the operator."""
        if name == 'access --all':
            return tuple(sorted((i.region, f'{i.name}@{i.owner}', account, *([] if i.shares[account][0] is None else [i.shares[account][1]]))
                                for i in self.images.values() for account in self.live(i)))
        if name == 'account list':
            return tuple(sorted((a.name, a.role, '-' if a.uid is None or a.name == 'operator' else str(a.uid),
                                 '-' if a.quota is None else str(a.quota), 'on' if a.require_trust else 'off')
                                for a in self.accounts.values() if not a.gone))
        if name == 'undelete --list':  # in the order of removal; the sizes of those that were sealed
            return tuple((str(k.thing), k.state, str(len(k.disk)) if k.state == 'sealed' else '') for k in self.kept)
        if name == 'limits':
            return tuple(sorted([('reserve', '64M'), ('bytes-per-region', '-')] +  # nobody changes these here
                                [(key, {True: 'on', False: 'off'}[value] if isinstance(value, bool) else str(value))
                                 for key, value in self.limits.items()]))
        return tuple(sorted((region, str(sum(i.region == region for i in self.images.values()))) for region in self.regions))

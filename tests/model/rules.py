# SPDX-License-Identifier: MIT
"""Who may do what to images and shares: the rules of CONTRACT 4, each verb in the order in which its refusals speak.

The orders are in CONTRACT 4's table. Every verb raises No, or changes the state and tells the log.
"""
import errno
import re
from datetime import datetime, timedelta, timezone

from kept import Keeping
from model import LOWER, NAME, Image, No, silent

EPERM, ENOENT, EINVAL, EEXIST, EROFS = errno.EPERM, errno.ENOENT, errno.EINVAL, errno.EEXIST, errno.EROFS
CODES = {'share-exists': EEXIST, 'name-taken': EEXIST, 'read-only-role': EROFS, 'byte-quota': errno.EDQUOT, '-': ENOENT}
FAR = 253402300799  # the last second of the year 9999


def bad_name(name, most, pattern=NAME):
    """CONTRACT 2: a bad name EINVAL, a long one ENAMETOOLONG."""
    if not pattern.fullmatch(name):
        return EINVAL
    return errno.ENAMETOOLONG if len(name) > most else 0


def iso(seconds):
    return datetime.fromtimestamp(round(seconds, 3), timezone.utc).isoformat(timespec='milliseconds').replace('+00:00', 'Z')


class Past(No):
    """A time that has passed."""


def parse_expiry(text, now):
    """CONTRACT 5.4. Returns seconds since the epoch, or None for never; raises No(EINVAL)."""
    text = text.strip()
    if text in ('', 'never'):
        return None
    relative = re.fullmatch(r'\+(\d+)([dh])', text)
    try:
        if relative:
            then = now + int(relative[1]) * (86400 if relative[2] == 'd' else 3600)
        elif re.fullmatch(r'\d{4}-\d\d-\d\d', text):
            day = datetime.fromisoformat(text).replace(tzinfo=timezone.utc)
            then = (day + timedelta(days=1)).timestamp() - 0.001
        else:
            if not re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)', text):
                raise ValueError
            then = datetime.fromisoformat(text.replace('Z', '+00:00')).timestamp()
    except ValueError:
        raise No(EINVAL) from None
    if then <= now:
        raise Past(EINVAL)
    return then


class Rules(Keeping):
    """The verbs of images and shares. log() is given by Model."""

    def refusal(self, view, op, thing=None, account=None):
        """Returns what refuses by a rule: the event has the operation, its object, and the other account."""
        def refuse(rule, quiet=False):
            code = CODES.get(rule, EPERM)
            if not quiet:
                self.log(view, op, thing, account, rule, code)
            raise No(code, None if rule == '-' else rule, quiet)  # which the last answer says, too
        return refuse

    def held(self, image):
        """Its disk is open for writing."""
        return image.busy > 0

    def unavailable(self, image):
        """CONTRACT 4 image-available: its disk not empty."""
        silent('a disk open for writing counts as not empty', 'what is in it is not known before it is closed: EBUSY')
        return image.state == 'draft' or not image.disk and not self.held(image)

    @staticmethod
    def format(image):
        """CONTRACT 3.3 format; of those that name a file the model knows an empty QED with one that it does not say."""
        disk = image.disk or b''
        qed = disk[:4] == b'QED\0' and len(disk) >= 64
        return 'qed\nneeds ?' if qed and disk[16] & 1 else 'qed' if qed else 'raw'

    def incomplete(self, image):
        """CONTRACT 4 self-contained."""
        return 'needs' in self.format(image)

    # ---- images

    def create(self, view, region, name):
        refuse = self.refusal(view, 'create', f'{region}/{name}@{view.account}')
        if self.role(view) != 'account':
            refuse('read-only-role' if self.role(view) == 'auditor' else 'role')
        if code := bad_name(name, 60):
            raise No(code)
        if len(self.owned(view.account, region)) >= self.quota(view.account):
            refuse('quota-own-only')
        image = self.images[region, view.account, name] = Image(region, view.account, name)
        self.born[image, 1] = next(self.numbers)
        self.log(view, 'create', image)
        return image

    def delete(self, view, image, part=None):
        """CONTRACT 4 delete, remove disk; 5.2 rmdir removes only an empty draft."""
        refuse = self.refusal(view, 'delete', image)
        if self.role(view) == 'auditor':
            refuse('read-only-role')
        if image.owner != view.account:
            refuse('owner-deletes')
        if self.live(image):
            refuse('unshare-before-delete')
        if part is None:
            if image.parts():
                raise No(errno.ENOTEMPTY)
            del self.images[image.region, image.owner, image.name]
        elif part == 'description':
            image.description = None
        elif part == 'shares':
            image.link = False
        else:
            self.keep(image)
            image.disk, image.state, image.reviewed, image.source = None, 'draft', False, ('import',)
            image.busy = 0
            self.new_disk(image)
            silent('rm disk keeps description and link', 'CONTRACT 5.2: same directory, name and description; the link is a file too')
        self.log(view, 'delete', image)

    def rename(self, view, image, region, name):
        """Within images/ of one region, or towards another region, where EXDEV lets mv copy (CONTRACT 5.2)."""
        refuse = self.refusal(view, 'rename', image)
        if self.role(view) == 'auditor':
            refuse('read-only-role')
        if image.owner != view.account or self.live(image):
            refuse('shared-frozen')
        if bad_name(name, 60):
            raise No(EPERM, None, True)  # CONTRACT 4: in rename EPERM, or mv misreports it
        if (region, view.account, name) in self.images:
            refuse('name-taken')
        if region != image.region:
            raise No(errno.EXDEV)
        self.log(view, 'rename', image)
        del self.images[region, image.owner, image.name]
        image.name = name
        self.images[region, image.owner, name] = image

    def describing(self, view, image):
        """May the description be opened for writing?"""
        refuse = self.refusal(view, 'describe', image)
        if self.role(view) == 'auditor':
            refuse('read-only-role')
        if image.owner != view.account or self.live(image):
            refuse('shared-frozen')

    def describe(self, view, image, text):
        """At most 256 characters, a final newline not counted (CONTRACT 3)."""
        try:
            if len(text.decode().removesuffix('\n')) > 256:
                raise No(EINVAL)
        except UnicodeDecodeError:
            raise No(EINVAL) from None
        silent('the same text again is logged too', 'it was written: its mtime is new')
        self.log(view, 'describe', image)
        self.described(image, text)

    def link_shares(self, view, image, target, name):
        refuse = self.refusal(view, 'create', image)
        if self.role(view) == 'auditor':
            refuse('read-only-role')
        if target != '.meta/shares' or name != 'shares':
            refuse('fixed-tree', quiet=True)
        if image.owner != view.account:
            silent('shared-frozen, as for the description', 'both are parts that only the owner makes')
            self.refusal(view, 'describe', image)('shared-frozen')
        image.link = True
        self.log(view, 'create', image)

    # ---- shares

    def share(self, view, image, name):
        refuse = self.refusal(view, 'share', image, name)
        if self.role(view) == 'auditor':
            refuse('read-only-role')
        if image.owner != view.account:
            refuse('no-reshare')
        if code := bad_name(name, 64, LOWER):
            raise No(code)
        account = self.accounts.get(name)
        if account is None or account.gone:
            refuse('unknown-account')
        if name == view.account:
            refuse('no-self-share')
        if account.role != 'account':
            refuse('role')
        live = self.live(image)
        if name in live:
            refuse('share-exists')
        if self.unavailable(image):
            refuse('image-available')
        if self.incomplete(image):
            refuse('self-contained')
        if self.held(image):
            raise No(errno.EBUSY)
        if self.limits['require-review'] and not image.reviewed:
            refuse('review-before-share')
        if len(live) >= self.limits['shares-per-image']:
            refuse('share-limit')
        self.seal(view, image)
        image.shares[name] = (None, 'never', view.account, next(self.numbers))
        self.log(view, 'share', image, name)

    def share_folder(self, view, image):
        """mkdir shares: CONTRACT 5.1 image-available in a draft."""
        refuse = self.refusal(view, 'share', image)
        if self.role(view) == 'auditor':
            refuse('read-only-role')
        silent('no-reshare for others; fixed-tree once there can be shares', 'the order of share; CONTRACT 4 fixed-tree names shares')
        if image.owner != view.account:
            refuse('no-reshare')
        refuse('image-available' if image.state == 'draft' else 'fixed-tree')

    def unshare(self, view, image, name):
        """The owner, an operator, or the recipient its own. The path has shown that the share is there."""
        refuse = self.refusal(view, 'unshare', image, name)
        if self.role(view) == 'auditor':
            refuse('read-only-role')
        if image.owner != view.account and name != view.account and self.role(view) != 'operator':
            refuse('no-reshare')
        del image.shares[name]
        self.log(view, 'unshare', image, name)

    def expire(self, view, image, name, text):
        """CONTRACT 5.4: only the owner sets it. Returns the expiry."""
        refuse = self.refusal(view, 'set-expiry', image)
        if self.role(view) == 'auditor':
            refuse('read-only-role')
        if image.owner != view.account:
            refuse('no-reshare')
        expiry = parse_expiry(text, self.clock())
        before = image.shares[name]
        if expiry != before[0]:
            self.log(view, 'set-expiry', image, name)
        image.shares[name] = (expiry, 'never' if expiry is None else iso(expiry), *before[2:])

    # ---- .meta

    def seal(self, view, image):
        if image.state == 'available':
            image.state = 'sealed'
            self.log(view, 'seal', image)

    def seal_by_hand(self, view, image, text):
        refuse = self.refusal(view, 'seal', image)
        if text.strip() != 'sealed':
            raise No(EINVAL)
        if self.unavailable(image):
            refuse('image-available')
        if self.held(image):
            raise No(errno.EBUSY)
        self.seal(view, image)

    def review(self, view, image, text):
        if text.strip() not in ('0', '1'):
            raise No(EINVAL)
        reviewed = text.strip() == '1'
        if reviewed and image.disk is not None and image.state != 'sealed' and self.held(image):
            raise No(errno.EBUSY)
        if reviewed != image.reviewed:
            self.log(view, 'review', image)
        image.reviewed = reviewed

    def noting(self, view, image):
        """May .meta/state or .meta/reviewed be opened for writing? CONTRACT 3.3: its owner may write them."""
        silent('logged as describe', 'its refusals are those of describe, and the bytes that would tell more are not there yet')
        refuse = self.refusal(view, 'describe', image)
        if self.role(view) == 'auditor':
            refuse('read-only-role')
        if image.owner != view.account:
            silent('shared-frozen speaks to who is not the owner', 'CONTRACT 4, seal by hand; rename, describe')
            refuse('shared-frozen')

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Histories made by hand: the search finds an order where there is one, and says so where a rule was broken."""
import errno
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import linearize  # noqa: E402
import tree  # noqa: E402
from deleted import Deleted  # noqa: E402
from model import Account, Image, Instance, View  # noqa: E402

IMAGES, VM = 'regions/north/images', 'regions/north/instances/vm'
VIEWS = {f'{name}{i}': View(f'{name}{i}', name) for name in ('alice', 'bob', 'carol') for i in range(6)}
OK, GONE, TAKEN = (0, None), (errno.ENOENT, None), (errno.EEXIST, None)
FULL, SHARED, DRAFT = ((errno.EPERM, rule) for rule in ('share-limit', 'unshare-before-delete', 'image-available'))


def call(begin, end, worker, *operation, result=OK):
    return linearize.Call(worker, [worker, *operation], begin, end, result)


def share(begin, end, worker, account, result=OK, image='web'):
    return call(begin, end, worker, 'mkdir', f'{IMAGES}/{image}/.meta/shares/{account}', result=result)


def rename(begin, end, worker, name='web', to='db', result=OK):
    return call(begin, end, worker, 'rename', f'{IMAGES}/{name}', f'{IMAGES}/{to}', result=result)


def undelete(begin, end, worker, name=None, result=OK):
    return call(begin, end, worker, 'undelete', 'alice', 'north/web@alice', None, name, result=result)


def remove(begin, worker, image='web'):
    """rm -r, of what setUp makes; ends 4 later."""
    parts = [call(begin + i, begin + i + 0.9, worker, 'unlink', f'{IMAGES}/{image}/{part}')
             for i, part in enumerate(('description', 'shares', 'disk'))]
    return [*parts, call(begin + 3, begin + 4, worker, 'rmdir', f'{IMAGES}/{image}')]


class History(unittest.TestCase):
    def setUp(self):
        """Alice has web, available; bob an instance."""
        self.state = Deleted(lambda: 1000.0)
        self.state.regions['north'] = True
        for name in ('alice', 'bob', 'carol'):
            self.state.accounts[name] = Account(name)
        self.state.images['north', 'alice', 'web'] = Image('north', 'alice', 'web', b'', True, b'disk', 'available')
        self.state.instances['north', 'bob', 'vm'] = Instance('north', 'bob', 'vm')

    def explained(self, *calls, final=lambda state: True):
        try:
            for _, part in linearize.parts(calls, VIEWS):
                linearize.search(self.state.copy(), part, VIEWS, final)
            return True
        except linearize.Unexplained:
            return False

    def shares(self, image):
        """For explained(): that an image has exactly these in the end."""
        return lambda *names: lambda state: set(state.images['north', 'alice', image].shares) == set(names)


class Kept(History):
    """Of what rm took, one undelete or purge gets it."""

    def test_brought_back_once(self):
        gone = remove(0, 'alice1')
        back, again = undelete(5, 9, 'alice1'), (6, 8, 'alice2')
        self.assertTrue(self.explained(*gone, back, undelete(*again, result=(1, None))))
        self.assertFalse(self.explained(*gone, back, undelete(*again)))

    def test_before_it_is_removed(self):
        self.assertFalse(self.explained(*remove(2, 'alice1'), undelete(0, 1, 'alice2')))
        self.assertTrue(self.explained(*remove(2, 'alice1'), undelete(4.5, 9, 'alice2')))

    def test_purged_and_brought_back(self):
        gone, back = remove(0, 'alice1'), undelete(5, 9, 'alice1')
        purge = call(6, 8, 'alice2', 'purge', 'alice', 'north/web@alice', None, result=(0, (('north/db@alice', 'image', 'live'),)))
        self.assertFalse(self.explained(*gone, back, purge))
        self.assertTrue(self.explained(*gone, purge, undelete(5, 9, 'alice1', result=(1, None))))

    def test_the_name_is_taken(self):
        gone, made = remove(0, 'alice1'), call(5, 6, 'alice1', 'mkdir', f'{IMAGES}/web')
        filled = call(7, 8, 'alice1', 'symlink', '.meta/shares', f'{IMAGES}/web/shares')
        taken = 1, 'name-taken'
        self.assertTrue(self.explained(*gone, made, undelete(7, 9, 'alice2')))  # an empty draft gives way
        self.assertTrue(self.explained(*gone, made, filled, undelete(6.5, 9, 'alice2', result=taken)))
        self.assertFalse(self.explained(*gone, made, filled, undelete(8.5, 9, 'alice2')))
        self.assertTrue(self.explained(*gone, made, filled, undelete(8.5, 9, 'alice2', name='db')))

    def test_what_is_kept_in_the_end(self):
        def final(state):
            return linearize.picture(state, {('image', 'north', 'alice')}).get("kept ('image', 'north', 'alice')") is None
        self.assertTrue(self.explained(*remove(0, 'alice1'), undelete(5, 9, 'alice2'), final=final))
        self.assertFalse(self.explained(*remove(0, 'alice1'), final=final))


class Histories(History):
    def test_one_after_another(self):
        self.assertTrue(self.explained(share(0, 1, 'alice1', 'bob'), share(2, 3, 'alice2', 'carol')))

    def test_the_last_place_goes_to_one(self):
        self.state.limits['shares-per-image'] = 1
        for first, second in ((OK, FULL), (FULL, OK)):
            self.assertTrue(self.explained(share(0, 5, 'alice1', 'bob', first), share(1, 4, 'alice2', 'carol', second)))

    def test_the_last_place_goes_to_both(self):
        self.state.limits['shares-per-image'] = 1
        self.assertFalse(self.explained(share(0, 5, 'alice1', 'bob'), share(1, 4, 'alice2', 'carol')))

    def test_the_last_place_goes_to_nobody(self):
        self.state.limits['shares-per-image'] = 1
        self.assertFalse(self.explained(share(0, 5, 'alice1', 'bob', FULL), share(1, 4, 'alice2', 'carol', FULL)))

    def test_the_later_one_won_before_the_earlier_one_asked(self):
        self.state.limits['shares-per-image'] = 1
        self.assertFalse(self.explained(share(0, 1, 'alice1', 'bob', FULL), share(2, 3, 'alice2', 'carol')))

    def test_a_quota_passed_by_two_names(self):
        self.state.accounts['alice'].quota = 2
        first = call(0, 5, 'alice1', 'mkdir', f'{IMAGES}/db')
        self.assertFalse(self.explained(first, call(1, 4, 'alice2', 'mkdir', f'{IMAGES}/os')))
        self.assertTrue(self.explained(first, call(1, 4, 'alice2', 'mkdir', f'{IMAGES}/os', result=(errno.EPERM, 'quota-own-only'))))

    def test_a_name_taken_meanwhile_is_refused_by_the_quota(self):
        self.state.accounts['alice'].quota = 2
        full = errno.EPERM, 'quota-own-only'
        first = call(0, 5, 'alice1', 'mkdir', f'{IMAGES}/db')
        self.assertTrue(self.explained(first, call(1, 4, 'alice2', 'mkdir', f'{IMAGES}/db', result=full)))
        self.state.accounts['alice'].quota = 3
        self.assertFalse(self.explained(first, call(1, 4, 'alice2', 'mkdir', f'{IMAGES}/db', result=full)))

    def test_one_name_given_twice(self):
        self.assertFalse(self.explained(call(0, 5, 'alice1', 'mkdir', f'{IMAGES}/db'), call(1, 4, 'alice2', 'mkdir', f'{IMAGES}/db')))

    def test_a_disk_removed_while_shared(self):
        remove = call(2, 3, 'alice2', 'unlink', f'{IMAGES}/web/disk')
        self.assertFalse(self.explained(share(0, 1, 'alice1', 'bob'), remove))
        self.assertTrue(self.explained(share(0, 1, 'alice1', 'bob'), call(2, 3, 'alice2', 'unlink', f'{IMAGES}/web/disk', result=SHARED)))

    def test_a_launch_after_the_share_was_revoked(self):
        given, taken = share(0, 1, 'alice1', 'bob'), call(2, 3, 'alice1', 'rmdir', f'{IMAGES}/web/.meta/shares/bob')
        for begin, end, right in ((1.5, 4, True), (3.5, 4, False)):
            self.assertEqual(right, self.explained(given, taken, call(begin, end, 'bob1', 'write', f'{VM}/image', 'web@alice')))

    def test_a_description_changed_while_shared(self):
        given = share(0, 5, 'alice1', 'bob')
        for begin, right in ((4, True), (6, False)):
            self.assertEqual(right, self.explained(
                given, call(begin, 7, 'alice2', 'write', f'{IMAGES}/web/description', 'new', 'r+')))

    def test_an_answer_that_never_was_right(self):
        self.assertFalse(self.explained(call(0, 1, 'alice1', 'rmdir', f'{IMAGES}/web', result=(errno.EPERM, 'owner-deletes'))))

    def test_a_change_that_was_lost(self):
        def kept(state):
            return state.images['north', 'alice', 'web'].shares.keys() == {'bob'}
        self.assertTrue(self.explained(share(0, 1, 'alice1', 'bob'), final=kept))
        self.assertFalse(self.explained(share(0, 1, 'alice1', 'bob'), share(2, 3, 'alice1', 'carol'), final=kept))

    def test_what_shares_nothing_is_searched_apart(self):
        self.state.images['north', 'bob', 'db'] = Image('north', 'bob', 'db', b'', True, b'disk', 'available')
        calls = [share(0, 1, 'alice1', 'carol'), share(0, 1, 'bob1', 'carol', image='db')]
        self.assertEqual(2, len(linearize.parts(calls, VIEWS)))
        self.assertTrue(self.explained(*calls))

    def test_a_picture_is_what_an_operator_sees(self):
        shown = linearize.picture(self.state, {'everything'})
        self.assertEqual(tree.text('available\n'), shown[f'{IMAGES}/web@alice/.meta/state'])


class Instants(History):
    """What is found at one instant and changed at a later one: as the kernel asks, and no further."""

    def test_what_was_renamed_meanwhile_is_shared_under_its_new_name(self):
        moved, missed = rename(1, 2, 'alice2'), call(2.5, 3, 'alice2', 'rmdir', f'{IMAGES}/web', result=GONE)
        for begin, right in ((0, True), (2.2, False)):
            given = share(begin, 5, 'alice1', 'bob')
            self.assertEqual(right, self.explained(moved, missed, given, final=self.shares('db')('bob')))
            self.assertFalse(self.explained(moved, missed, given, final=self.shares('db')()))

    def test_what_was_shared_is_not_renamed(self):
        frozen = errno.EPERM, 'shared-frozen'
        for begin, right in ((0, True), (1.5, False)):
            self.assertEqual(right, self.explained(share(0, 1, 'alice1', 'bob'), rename(begin, 2, 'alice2', result=OK),
                                                   final=self.shares('db')('bob')))
        self.assertTrue(self.explained(share(0, 1, 'alice1', 'bob'), rename(1.5, 2, 'alice2', result=frozen)))

    def test_one_rename_asked_twice(self):
        """Who finds one inode under both names does nothing, and says so."""
        self.assertTrue(self.explained(rename(0, 5, 'alice1'), rename(1, 4, 'alice2')))
        self.assertFalse(self.explained(rename(0, 1, 'alice1'), rename(2, 3, 'alice2')))

    def test_two_images_renamed_to_one_name(self):
        self.state.images['north', 'alice', 'os'] = Image('north', 'alice', 'os')
        first = rename(0, 5, 'alice1')
        self.assertFalse(self.explained(first, rename(1, 4, 'alice2', 'os')))
        self.assertTrue(self.explained(first, rename(1, 4, 'alice2', 'os', result=TAKEN)))

    def test_a_share_of_what_was_deleted_before(self):
        for begin in (0, 2, 4.5):  # nor of what is being deleted: the one or the other is refused
            self.assertFalse(self.explained(*remove(0, 'alice1'), share(begin, 5, 'alice2', 'bob')))
            self.assertTrue(self.explained(*remove(0, 'alice1'), share(begin, 5, 'alice2', 'bob', GONE)))

    def test_a_share_of_what_has_the_name_again(self):
        """What was found is gone; only who looks again finds what was made in its place, and is not told of what was."""
        self.state.images['north', 'alice', 'os'] = Image('north', 'alice', 'os', b'', True, b'os', 'available')
        again = [*remove(0, 'alice1'), call(5, 6, 'alice1', 'mkdir', f'{IMAGES}/web'),
                 call(6, 7, 'alice1', 'link', f'{IMAGES}/os/disk', f'{IMAGES}/web/disk')]
        for begin, end, result, right in ((0, 9, OK, True), (0, 5.5, OK, False), (8, 9, OK, True), (0, 9, GONE, True), (5, 9, GONE, True),
                                          (6.5, 9, GONE, False), (7.5, 9, DRAFT, False), (5, 9, DRAFT, True)):
            given = share(begin, end, 'alice2', 'bob', result)
            kept = self.shares('web')(*['bob'] * (result == OK))
            self.assertEqual(right, self.explained(*again, given, final=kept), (begin, end, result))
        self.assertFalse(self.explained(*again, share(0, 9, 'alice2', 'bob'), final=self.shares('web')()))

    def test_a_disk_removed_while_it_is_linked(self):
        make = call(0, 1, 'alice1', 'mkdir', f'{IMAGES}/db')
        gone = call(2, 3, 'alice1', 'unlink', f'{IMAGES}/web/disk')
        for begin, right in ((1.5, True), (3.5, False)):
            copied = call(begin, 4, 'alice2', 'link', f'{IMAGES}/web/disk', f'{IMAGES}/db/disk')
            self.assertEqual(right, self.explained(make, gone, copied))

    def test_a_revoked_share_is_used_no_more(self):
        """Bob's rmdir of his own share and his looks are right until the revocation has returned, whatever he had found."""
        given, taken = share(0, 1, 'alice1', 'bob'), call(2, 3, 'alice1', 'rmdir', f'{IMAGES}/web/.meta/shares/bob')
        for begin, right in ((1.5, True), (3.5, False)):
            again = call(begin, 4, 'bob1', 'mkdir', f'{IMAGES}/web@alice/.meta/shares/carol', result=(errno.EPERM, 'no-reshare'))
            self.assertEqual(right, self.explained(given, taken, again))
            give_up = call(begin, 4, 'bob1', 'rmdir', f'{IMAGES}/web@alice/.meta/shares/bob')
            self.assertFalse(self.explained(given, taken, give_up))  # one of them revoked it
        self.assertTrue(self.explained(given, taken, call(1.5, 4, 'bob1', 'rmdir', f'{IMAGES}/web@alice/.meta/shares/bob', result=GONE)))

    def test_a_launch_of_what_was_renamed(self):
        """The instance tells the name that the log tells: the one that the image has when it is launched."""
        self.state.instances['north', 'alice', 'vm'] = Instance('north', 'alice', 'vm')
        missed = call(2.5, 3, 'alice2', 'rmdir', f'{IMAGES}/web', result=GONE)

        def named(name):
            return lambda state: state.instances['north', 'alice', 'vm'].image == f'{name}@alice'
        for begin, right in ((0, True), (2.2, False)):
            launched = call(begin, 5, 'alice1', 'write', f'{VM}/image', 'web')
            self.assertEqual(right, self.explained(launched, rename(1, 2, 'alice2'), missed, final=named('db')))
        launched = call(2.2, 5, 'alice1', 'write', f'{VM}/image', 'db')
        self.assertFalse(self.explained(launched, rename(1, 2, 'alice2'), missed, final=named('web')))

    def test_a_write_that_was_opened_before_it_was_frozen(self):
        frozen = errno.EPERM, 'shared-frozen'
        given = share(1, 2, 'alice1', 'bob')
        for begin, end, result, right in ((0, 3, frozen, True), (0, 0.5, frozen, False), (0, 3, OK, True), (2.5, 3, OK, False)):
            self.assertEqual(right, self.explained(given, call(begin, end, 'alice2', 'write', f'{IMAGES}/web/description', 'new', 'r+',
                                                               result=result)), (begin, end, result))

    def test_a_file_that_is_gone_when_it_is_opened_is_to_be_made(self):
        for text in ('1', '7'):
            for begin, result, right in ((0, GONE, True), (0, (errno.EPERM, 'fixed-tree'), True), (4.5, GONE, True),
                                         (4.5, (errno.EPERM, 'fixed-tree'), False), (4.5, OK, False)):
                self.assertEqual(right, self.explained(*remove(0, 'alice1'), call(
                    begin, 5, 'alice2', 'write', f'{IMAGES}/web/.meta/reviewed', text, result=result)), (begin, text, result))

    def test_the_last_place_by_the_link_and_the_alias(self):
        self.state.limits['shares-per-image'] = 1
        first = call(0, 5, 'alice1', 'mkdir', f'{IMAGES}/web@alice/shares/bob')
        self.assertFalse(self.explained(first, share(1, 4, 'alice2', 'carol')))
        self.assertTrue(self.explained(first, share(1, 4, 'alice2', 'carol', FULL)))
        unlinked = call(1, 2, 'alice2', 'unlink', f'{IMAGES}/web/shares')
        self.assertTrue(self.explained(unlinked, call(0, 5, 'alice1', 'mkdir', f'{IMAGES}/web/shares/bob', result=GONE)))
        self.assertFalse(self.explained(unlinked, call(3, 5, 'alice1', 'mkdir', f'{IMAGES}/web/shares/bob')))

    def test_a_quota_passed_while_a_name_is_freed(self):
        self.state.accounts['alice'].quota = 1
        for begin, right in ((0, True), (4.5, True)):
            self.assertEqual(right, self.explained(*remove(0, 'alice1'), call(begin, 5, 'alice2', 'mkdir', f'{IMAGES}/db')))
        self.assertFalse(self.explained(*remove(1, 'alice1'), call(0, 0.5, 'alice2', 'mkdir', f'{IMAGES}/db')))
        self.assertFalse(self.explained(*remove(0, 'alice1'), call(0, 5, 'alice2', 'mkdir', f'{IMAGES}/db'),
                                        call(0, 5, 'carol1', 'mkdir', f'{IMAGES}/web@alice/.meta/shares/bob', result=SHARED)))
        self.assertFalse(self.explained(*remove(0, 'alice1'), *(call(0, 9, f'alice{i}', 'mkdir', f'{IMAGES}/{name}')
                                                                for i, name in ((2, 'db'), (3, 'os')))))

    def test_many_at_once_are_searched_in_time(self):
        """Eight workers, each six times, all at once: one share in three has place."""
        self.state.limits['shares-per-image'] = 2
        calls = []
        for i in range(6):
            calls += [share(i, i + 0.9, 'bob1', 'carol', GONE, 'web@alice')]
            calls += [call(0, 9, f'alice{i}', 'mkdir', f'{IMAGES}/web/.meta/shares/bob', result=OK if i == 0 else TAKEN)]
            calls += [call(10, 19, f'alice{i}', 'rmdir', f'{IMAGES}/web/.meta/shares/bob', result=OK if i == 5 else GONE)]
            calls += [call(0, 19, f'carol{i}', 'mkdir', f'{IMAGES}/x{i}')]
        self.assertTrue(self.explained(*calls))


if __name__ == '__main__':
    unittest.main()

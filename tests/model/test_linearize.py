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
from apply import Bulk  # noqa: E402
from model import Account, Image, Instance, View  # noqa: E402

IMAGES, VM = 'regions/north/images', 'regions/north/instances/vm'
VIEWS = {f'{name}{i}': View(f'{name}{i}', name) for name in ('alice', 'bob', 'carol') for i in (1, 2)}
OK, FULL, SHARED = (0, None), (errno.EPERM, 'share-limit'), (errno.EPERM, 'unshare-before-delete')


def call(begin, end, worker, *operation, result=OK):
    return linearize.Call(worker, [worker, *operation], begin, end, result)


def share(begin, end, worker, account, result=OK, image='web'):
    return call(begin, end, worker, 'mkdir', f'{IMAGES}/{image}/.meta/shares/{account}', result=result)


class Histories(unittest.TestCase):
    def setUp(self):
        """Alice has web, available; bob an instance."""
        self.state = Bulk(lambda: 1000.0)
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


if __name__ == '__main__':
    unittest.main()

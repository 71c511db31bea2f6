# SPDX-License-Identifier: MIT
"""Holds the log to the model: what was done, by whom, to what, in order; refusals with rule and errno (CONTRACT 9).

What was done is compared one by one. Refusals are counted: the first is a row, its repeats are told by one further row (CONTRACT 9),
and of too many different ones only rule and operation are told, so that no caller can flood the log. So no kind may be told more
often than it happened, and when the daemons have ended each operation and rule as often as it happened.
"""
import collections
import json
import time

from model import silent

FIELDS = ('actor', 'uid', 'via', 'op', 'object', 'account', 'rule', 'errno')


def fact(event):
    """An event as it is compared."""
    if event[2] == 'mount' and event[6] == 'read-only-role':
        silent('which change an auditor asked for is not compared', 'CONTRACT 9 does not say how a change that cannot be is named')
        return (*event[:3], 'create', None, None, *event[6:])
    if event[3] in ('undelete', 'purge') and event[6] == 'read-only-role':
        silent('nor what an auditor would have brought back or purged', 'it is named by a number, or not there')
        return (*event[:4], None, *event[5:])
    if event[6] == 'fixed-tree':
        silent('nor the object that fixed-tree names', 'there is none of the catalog')
        return (*event[:4], None, *event[5:])
    if event[3] == 'launch' and event[6] == 'role':
        silent('nor what an operator would have launched', 'role speaks before the name is looked at')
        return (*event[:4], None, *event[5:])
    return event


class Journal:
    def __init__(self, world):
        self.world, self.expected, self.pending = world, collections.deque(), []
        self.refused, self.told = collections.Counter(), collections.Counter()
        self.sums = collections.Counter()  # (operation, rule): refused - told
        self.stray = collections.Counter()  # rule: refusals of what was asked by a name that another view had just changed
        self.expiries, self.purges = collections.Counter(), collections.Counter()  # what daemons do when they come to it
        self.last = self.read = 0  # events: heard, read from the log

    def skip(self, state):
        """What came before the run: the catalog's making."""
        count = len(state.regions) + len(state.accounts)  # init in place of the built-in operator
        self.wait(lambda: len(self.pending) >= count)
        self.pending = self.pending[count:]

    def wait(self, enough, seconds=5):
        end = time.time() + seconds
        while True:
            events = [json.loads(line) for line in self.world.log_lines()]
            self.read = max([self.read, *(event['event'] for event in events)])
            # nobody asks for a digest: it comes once a sealed disk has been read; nor for a doubt, which a daemon may not live to say
            self.pending += [event for event in events if event['op'] != 'clock-doubt' and
                             (event['op'] != 'digest' or event['actor'] != 'operator')]
            if enough() or time.time() > end:
                return
            time.sleep(0.005)

    def expect(self, events):
        for event in events:
            if event[6]:
                key = fact(event)
                self.refused[key] += 1
                self.sums[key[3], key[6]] += 1
            elif event[3] == 'expire':
                self.expiries[event[4:6]] += 1
            elif event[0] is None:
                self.purges[event[4]] += 1
            else:
                self.expected.append(event)

    def compare(self, last=False):
        """Returns a disagreement or None. last: the daemons have ended, so all that was counted has been told."""
        want = len(self.expected)
        self.wait(lambda: sum(not event['rule'] and not self.is_own(event) for event in self.pending) >= want)
        if last:
            self.wait(lambda: not +self.untold())
        pending, self.pending = self.pending, []
        for event in pending:
            if wrong := self.hear(event):
                return wrong
        if self.expected:
            return f'the log lacks {self.expected[0]}'
        if last and (+self.sums or any(count > self.stray[rule] for (_, rule), count in (-self.sums).items())):
            return f'refusals (operation, rule) and how often the log does not tell them: {+self.sums} {-self.sums}'
        if last and any(self.expiries.values()):
            return f'expiries that the log tells too often or not: {self.expiries}'
        if any(self.purges.values()):
            return f'purges by age that the log tells too often or not: {self.purges}'
        return None

    @staticmethod
    def is_own(event):
        """What a daemon does by itself."""
        return event['op'] == 'expire' or event['op'] == 'purge' and event['detail']['reason'] != 'asked'

    def compare_any(self, events):
        """After many at once: the changes of these events have been logged, in any order, and no others. Of refusals and of whom a
        sealing is told of, the order that was found need not be the one that was."""
        def told(op, actor, account):
            return None if op in ('seal', 'review') else (op, actor, account)
        want = collections.Counter(filter(None, (told(event[3], event[0], event[5]) for event in events)))

        def got():
            return collections.Counter(filter(None, (told(event['op'], event['actor'], event['account'])
                                                     for event in self.pending if not event['rule'])))
        newest = self.world.newest_event()  # what is not told of here must have been read all the same
        self.wait(lambda: got() == want and self.read >= newest)
        self.last = max([self.last, *(event['event'] for event in self.pending)])
        found, self.pending = got(), []
        return found != want and f'the log does not tell {want - found}, or tells without a reason {found - want}'

    def untold(self):
        sums = self.sums.copy()
        for event in self.pending:
            if event['rule']:
                key = fact(tuple(event[name] for name in FIELDS))
                sums[key[3], key[6]] -= event['detail'].get('repeated', 1)
        return sums

    def hear(self, event):
        """One event of the log."""
        if event['event'] <= self.last:
            return f'event {event["event"]} after event {self.last}'
        self.last = event['event']
        key = tuple(event[name] for name in FIELDS)
        if event['rule']:
            return self.hear_refusal(event, fact(key))
        if event['op'] == 'expire':
            self.expiries[key[4:6]] -= 1
        elif self.is_own(event):
            self.purges[key[4]] -= 1
        elif not self.expected:
            return f'the log has {key}, the model nothing more'
        elif self.expected[0] != key:
            return f'the log has {key}, the model {self.expected[0]}'
        else:
            self.expected.popleft()
        return None

    def hear_refusal(self, event, key):
        count = event['detail'].get('repeated', 1)
        self.sums[key[3], key[6]] -= count
        if event['object'] is None and 'repeated' in event['detail']:
            return None  # counted without its object, or even its caller
        self.told[key] += count
        if self.told[key] > self.refused[key] + self.stray[key[6]]:
            return f'the log has {self.told[key]} times {key}, the model {self.refused[key]}'
        return None

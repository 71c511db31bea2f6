#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The model test: random operations on real mounts, compared with a model of the rules after every step.

    tests/model/run.py --seed 7 --steps 5000     a run; without --seed, a new one, which is printed
    tests/model/run.py --replay FILE             the operations that a failing run has saved

A run of more than 20 000 steps is several, on a new catalog each, with the seeds that follow; --jobs of them at once. A
disagreement is shrunk to a few operations, printed as shell commands, and saved.
"""
import argparse
import collections
import json
import multiprocessing
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import coverage  # noqa: E402
import shrink  # noqa: E402
from generate import Generator  # noqa: E402
from session import Disagreement, Session  # noqa: E402
from world import IMGSHARE, own_mounts  # noqa: E402

MOST = 20000  # steps on one catalog


class Result:
    """What a run has done, and where it disagreed."""

    def __init__(self, session, disagreement=None):
        self.done, self.disagreement = session.done, disagreement
        self.coverage, self.retries, self.latest = session.coverage, session.retries, session.latest


def operations(session, seed, steps):
    """Random ones, until there were enough steps."""
    generator = Generator(session.model, session.world.views, random.Random(seed))
    while len(session.done) < steps:
        yield from generator.next()


def attempt(folder, seed, source, others=1):
    """Runs operations; others: through how many other views to look after each."""
    shutil.rmtree(folder, ignore_errors=True)
    session = Session(folder, random.Random(seed), others=others)
    try:
        for operation in source(session):
            session.step(operation)
        session.finish()
        return Result(session)
    except Disagreement as disagreement:
        return Result(session, disagreement)
    finally:
        session.world.close()
        session.world.discard()


def report(folder, out, result, seed, others):
    done, disagreement = result.done, result.disagreement
    print(f'disagreement (seed {seed}) at step {len(done)}: {disagreement}', flush=True)
    os.makedirs(out, exist_ok=True)
    name = f'{out}/model-{seed}'
    save(f'{name}-whole.json', done)

    def fails(candidate):
        other = attempt(folder, seed, lambda _: iter(candidate), others).disagreement
        return other is not None and other.aspect == disagreement.aspect

    small = shrink.shrink(done, fails, seconds=float(os.environ.get('SHRINK', 300)))
    again = attempt(folder, seed, lambda _: iter(small), others).disagreement
    save(f'{name}.json', small)
    with open(f'{name}.sh', 'w', encoding='utf-8') as file:
        file.write(shrink.script(small, again or disagreement))
    print(f'shrunk to {len(small)} operations: {again or "(which do not fail every time)"}')
    if len(small) <= 60:
        with open(f'{name}.sh', encoding='utf-8') as file:
            print(file.read())
    print(f'saved as {name}.sh; again: tests/model/run.py --replay {name}.json', flush=True)


def save(name, done):
    with open(name, 'w', encoding='utf-8') as file:
        file.write('\n'.join(json.dumps(operation) for operation in done) + '\n')


def one(folder, options, seed, steps):
    """A run on a catalog of its own, and what is to be told of it."""
    begin, place = time.time(), f'{folder}/{seed}'
    if options.replay:
        with open(options.replay, encoding='utf-8') as file:
            replayed = [json.loads(line) for line in file]
        result = attempt(place, seed, lambda _: iter(replayed), options.others)
    else:
        result = attempt(place, seed, lambda session: operations(session, seed, steps), options.others)
    took = time.time() - begin
    print(f'seed {seed}: {len(result.done)} steps in {took:.0f} s, {len(result.done) / took:.0f} a second; '
          f'looked again {result.retries} times, for {result.latest:.2f} s at most', flush=True)
    if result.disagreement and options.replay:
        print(f'disagreement at step {len(result.done)}: {result.disagreement}', flush=True)
    elif result.disagreement:
        report(place, options.out, result, seed, options.others)
    return len(result.done), bool(result.disagreement), result.coverage


def rules():
    """All ids, from `imgshare rules`."""
    told = subprocess.run([IMGSHARE, 'rules'], check=True, capture_output=True, text=True).stdout
    return [line.split('\t')[0] for line in told.splitlines()]


def runs(options):
    """(seed, steps) of each."""
    count = max(1, -(-options.steps // MOST))
    return [(options.seed + i, min(MOST, options.steps - i * MOST)) for i in range(count)]


def perform(folder, options):
    plan = [(folder, options, seed, steps) for seed, steps in runs(options)]
    if options.jobs == 1:
        return [one(*arguments) for arguments in plan]
    with multiprocessing.Pool(options.jobs, maxtasksperchild=1) as pool:
        return pool.starmap(one, plan, chunksize=1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--seed', type=int, default=random.SystemRandom().randrange(1 << 31))
    parser.add_argument('--steps', type=int, default=2000)
    parser.add_argument('--jobs', type=int, default=1, help='runs at once')
    parser.add_argument('--others', type=float, default=99, help='through how many other views to look after each step (default: all)')
    parser.add_argument('--all-rules', action='store_true', help='fail if there is a rule that never refused')
    parser.add_argument('--replay', metavar='FILE', help='operations, one JSON list a line')
    parser.add_argument('--dir', help='where catalog and mounts are made (default: a new folder)')
    parser.add_argument('--out', default=os.environ.get('IMGSHARE_OUT', tempfile.gettempdir()), help='where to save what fails')
    options = parser.parse_args()
    own_mounts()
    folder = options.dir or tempfile.mkdtemp(prefix='imgshare-model.')
    os.chmod(folder, 0o711)
    print(f'seed {options.seed}', flush=True)
    begin = time.time()
    try:
        results = perform(folder, options)
    finally:
        if not options.dir:
            shutil.rmtree(folder, ignore_errors=True)
    covered = sum((covered for *_, covered in results), collections.Counter())
    missing = coverage.missing(covered, rules())
    took, steps, failed = time.time() - begin, sum(steps for steps, *_ in results), sum(failed for _, failed, _ in results)
    print(coverage.report(covered))
    print(f'rules that never refused: {", ".join(missing) or "none"} (nor can {", ".join(sorted(coverage.RACES_ONLY))}, but in a race)')
    print(f'{steps} steps, {len(results)} runs, {failed} disagreements, in {took:.0f} s: {steps / took:.0f} a second')
    missing = [rule for rule in missing if rule not in ('instance-quota', 'byte-quota')]  # mount tests have these
    return 1 if failed or options.all_rules and missing else 0


if __name__ == '__main__':
    sys.exit(main())

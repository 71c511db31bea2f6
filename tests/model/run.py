#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The model test: random operations on real mounts, compared with a model of the rules after every step.

    tests/model/run.py --seed 7 --steps 5000     a run; without --seed, a new one, which is printed
    tests/model/run.py --replay FILE             the operations that a failing run has saved

A disagreement is shrunk to a few operations, printed as shell commands, and saved.
"""
import argparse
import json
import os
import random
import shutil
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from generate import Generator  # noqa: E402
from session import Disagreement, Session  # noqa: E402
import shrink  # noqa: E402


def operations(session, seed, steps):
    """Random ones, until there were enough steps."""
    generator = Generator(session.model, session.world.views, random.Random(seed))
    while len(session.done) < steps:
        yield from generator.next()


def attempt(folder, seed, source):
    """Runs operations. Returns those done, the disagreement or None, and how often another view was late."""
    shutil.rmtree(folder, ignore_errors=True)
    session = Session(folder, random.Random(seed))
    try:
        for operation in source(session):
            session.step(operation)
        session.finish()
        return session.done, None, session.retries
    except Disagreement as disagreement:
        return session.done, disagreement, session.retries
    finally:
        session.world.close()
        session.world.discard()


def report(folder, out, done, disagreement, seed):
    print(f'disagreement (seed {seed}) at step {len(done)}: {disagreement}', flush=True)

    def fails(candidate):
        _, other, _ = attempt(folder, seed, lambda _: iter(candidate))
        return other is not None and other.aspect == disagreement.aspect

    small = shrink.shrink(done, fails, seconds=float(os.environ.get('SHRINK', 300)))
    _, again, _ = attempt(folder, seed, lambda _: iter(small))
    os.makedirs(out, exist_ok=True)
    name = f'{out}/seed-{seed}'
    with open(f'{name}.json', 'w', encoding='utf-8') as file:
        file.write('\n'.join(json.dumps(operation) for operation in small) + '\n')
    with open(f'{name}.sh', 'w', encoding='utf-8') as file:
        file.write(shrink.script(small, again or disagreement))
    print(f'shrunk to {len(small)} operations: {again or "(which do not fail every time)"}')
    with open(f'{name}.sh', encoding='utf-8') as file:
        print(file.read())
    print(f'saved as {name}.sh; again: tests/model/run.py --replay {name}.json')


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--seed', type=int, default=random.SystemRandom().randrange(1 << 31))
    parser.add_argument('--steps', type=int, default=2000)
    parser.add_argument('--replay', metavar='FILE', help='operations, one JSON list a line')
    parser.add_argument('--dir', help='where catalog and mounts are made (default: a new folder)')
    parser.add_argument('--out', default=os.environ.get('IMGSHARE_OUT', tempfile.gettempdir()), help='where to save what fails')
    options = parser.parse_args()
    folder = options.dir or tempfile.mkdtemp(prefix='imgshare-model.')
    os.chmod(folder, 0o711)
    print(f'seed {options.seed}', flush=True)
    begin = time.time()
    if options.replay:
        with open(options.replay, encoding='utf-8') as file:
            replayed = [json.loads(line) for line in file]
        source = lambda _: iter(replayed)  # noqa: E731
    else:
        source = lambda session: operations(session, options.seed, options.steps)  # noqa: E731
    try:
        done, disagreement, retries = attempt(f'{folder}/run', options.seed, source)
        took = time.time() - begin
        print(f'{len(done)} steps in {took:.1f} s, {len(done) / took:.0f} a second; looked again {retries} times')
        if disagreement and options.replay:
            print(f'disagreement at step {len(done)}: {disagreement}')
        elif disagreement:
            report(f'{folder}/run', options.out, done, disagreement, options.seed)
        return 1 if disagreement else 0
    finally:
        if not options.dir:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == '__main__':
    sys.exit(main())

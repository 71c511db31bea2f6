#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Changes the policy core one operator, constant, rule or statement at a time: its unit tests must notice each.

    tests/mutation/mutate.py                 all of src/policy
    tests/mutation/mutate.py share.c         one file
    tests/mutation/mutate.py --list          what would be tried

A mutant that no test kills is printed; the exit status is then 1. Those listed in equivalent.txt mean the same as the
original; each is there with its reason, and one that is listed and killed, or no longer made, is a failure too.
"""
import argparse
import collections
import concurrent.futures
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SOURCES = os.path.join(ROOT, 'src', 'policy')
TESTS = os.path.join(ROOT, 'tests', 'unit', 'policy')
FLAGS = ['-std=gnu17', '-O0', '-w', '-D_GNU_SOURCE', '-I' + os.path.join(ROOT, 'include')]
SECONDS = 10  # a test takes some milliseconds; a mutant that does not end is killed

SWAPS = {
    '==': ['!='], '!=': ['=='], '<': ['<=', '>'], '>': ['>=', '<'], '<=': ['<', '>'], '>=': ['>', '<'],
    '&&': ['||'], '||': ['&&'], '+': ['-'], '-': ['+'], '++': ['--'], '--': ['++'], '+=': ['-='],
    'true': ['false'], 'false': ['true'],
}
TOKEN = re.compile(r'''
    (?P<comment>/\*.*?\*/) | (?P<string>"(?:[^"\\\n]|\\.)*") | (?P<char>'(?:[^'\\\n]|\\.)+') |
    (?P<directive>^\#(?:[^\n\\]|\\.)*$) | (?P<word>[A-Za-z_]\w*) | (?P<number>0x[0-9a-fA-F]+|\d+) |
    (?P<operator>\+\+|--|\+=|-=|->|<=|>=|==|!=|&&|\|\||[-+<>!&|*/%=?:]) | (?P<other>\S)''',
                   re.X | re.S | re.M)
PREDICATE = re.compile(r'\{ return (?P<what>[^;{}]+); \}')
ROW = re.compile(r'^ {8}\{ (?P<rule>\w+), (?P<verdict>-?\w+) \},.*\n', re.M)
STATEMENT = re.compile(r'^ +(?!return\b|for\b|while\b|if\b|else\b|const\b|case\b|struct\b|bool\b|char\b|size_t\b|static\b|unsigned\b)'
                       r'[\w(*][^;{}\n]*;(?= *(?:/\*.*)?$)', re.M)
CONDITION = re.compile(r'\b(?:if|while) \((?P<what>.+)\)(?= \{$| break;$|$)', re.M)
RETURN = re.compile(r'^ +return (?P<what>[^;{}]+);', re.M)


class Mutant:
    def __init__(self, file, text, start, end, new):
        line = text.count('\n', 0, start) + 1
        old = text[start:end]
        self.file, self.line = file, line
        self.text = text[:start] + new + text[end:]
        whole = text.split('\n')[line - 1].strip()
        self.name = f'{file}: {whole} @ {self.column(text, start)}: {shown(old)} -> {shown(new)}'

    @staticmethod
    def column(text, start):
        begin = text.rfind('\n', 0, start) + 1
        indent = len(text[begin:]) - len(text[begin:].lstrip())
        return max(start - begin - indent, 0)


def shown(code):
    return ' '.join(code.split()) or '(nothing)'


def operators(text):
    """(start, end, new) of each operator, constant and truth changed."""
    previous = None
    for match in TOKEN.finditer(text):
        kind, token = match.lastgroup, match.group()
        if kind in ('comment', 'directive'):
            continue
        start, end = match.span()
        unary = previous is None or previous[0] in ('operator',) or previous[1] in '({[,;' or previous[1] == 'return'
        if kind in ('operator', 'word') and not (token in '+-' and unary):
            for new in SWAPS.get(token, []):
                yield start, end, new
        if token == '!':
            yield start, end, ''
        if kind == 'number':
            value = int(token, 0)
            yield start, end, str(value + 1)
            if value > 0:
                yield start, end, str(value - 1)
        if kind == 'char':
            yield start, end, "'\\1'"
        if kind == 'string' and len(token) > 2 and previous and not previous[1] == 'include':
            yield start, end, '""'
        previous = (kind, token)


def structure(text):
    """(start, end, new) of each rule, predicate, condition, result and statement changed."""
    for match in PREDICATE.finditer(text):
        for new in 'true', 'false':
            yield *match.span('what'), new
    rows = list(ROW.finditer(text))
    for row, after in zip(rows, rows[1:] + [None]):
        yield *row.span(), ''
        yield *row.span('verdict'), '-EXDEV'
        if after and after.start() == row.end():
            yield row.start(), after.end(), after.group() + row.group()
    for match in CONDITION.finditer(text):
        for new in '1', '0':
            yield *match.span('what'), new
    for match in RETURN.finditer(text):
        yield *match.span('what'), '0'
    for match in STATEMENT.finditer(text):
        yield match.end() - len(match.group().lstrip()), match.end(), ''


def is_assertion(text, start):
    """What never happens is not behaviour, and no test can show it."""
    return text[text.rfind('\n', 0, start) + 1:].lstrip().startswith('assert(')


def mutants(files):
    seen, named = set(), collections.Counter()
    for file in files:
        with open(os.path.join(SOURCES, file), encoding='utf-8') as source:
            text = source.read()
        for start, end, new in [*operators(text), *structure(text)]:
            if is_assertion(text, start) or text[start:end] in ('false', 'NULL') and new == '0':
                continue
            mutant = Mutant(file, text, start, end, new)
            if mutant.text != text and mutant.text not in seen:
                seen.add(mutant.text)
                named[mutant.name] += 1
                if named[mutant.name] > 1: # the same line, further down
                    mutant.name += f' #{named[mutant.name]}'
                yield mutant


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, errors='replace', check=False, **options)


def build_original(folder, files):
    """Objects of the policy and of its tests."""
    def must(*command):
        done = run(*command)
        if done.returncode:
            sys.exit(done.stderr)
    for file in files:
        must('cc', *FLAGS, '-I' + SOURCES, '-c', os.path.join(SOURCES, file), '-o', f'{folder}/{file}.o')
    tests = sorted(name for name in os.listdir(TESTS) if name.endswith('.c'))
    for test in tests:
        must('cc', *FLAGS, '-I' + TESTS, '-I' + SOURCES, '-c', os.path.join(TESTS, test), '-o', f'{folder}/{test}.o')
    return [test for test in tests if test.startswith('test_')]


def attempt(folder, files, tests, mutant):
    """Which test killed it; None: none did; '': it is not C, or the same code."""
    # those of the same name first: they mostly know
    order = sorted(tests, key=lambda test: test != f'test_{mutant.file}')
    with tempfile.TemporaryDirectory(dir=folder) as place:
        source, made = f'{place}/{mutant.file}', f'{place}/mutant.o'
        with open(source, 'w', encoding='utf-8') as out:
            out.write(mutant.text)
        if run('cc', *FLAGS, '-I' + SOURCES, '-c', source, '-o', made).returncode:
            return ''
        objects = [f'{folder}/{file}.o' for file in files if file != mutant.file] + [made]
        for test in order:
            if run('cc', f'{folder}/{test}.o', f'{folder}/order.c.o', *objects, '-lcmocka', '-o', f'{place}/test').returncode:
                return ''
            try:
                if run(f'{place}/test', timeout=SECONDS).returncode:
                    return test
            except subprocess.TimeoutExpired:
                return test
    return None


def equivalents():
    """Names of the mutants that mean the same, each below a `#` line that says why."""
    with open(os.path.join(HERE, 'equivalent.txt'), encoding='utf-8') as file:
        return {line.rstrip('\n') for line in file if line.strip() and not line.startswith('#')}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('files', nargs='*', help='of src/policy (default: all)')
    parser.add_argument('--list', action='store_true', help='print the mutants and stop')
    parser.add_argument('--jobs', type=int, default=os.cpu_count())
    options = parser.parse_args()
    files = sorted(name for name in os.listdir(SOURCES) if name.endswith('.c'))
    wanted = options.files or files
    made = list(mutants(wanted))
    if options.list:
        print('\n'.join(mutant.name for mutant in made))
        return 0
    known = {name for name in equivalents() if name.split(':')[0] in wanted}
    invalid = killed = 0
    wrong = [f'not made any more: {name}' for name in known - {mutant.name for mutant in made}]
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        tests = build_original(folder, files)
        for mutant, by in zip(made, pool.map(lambda m: attempt(folder, files, tests, m), made)):
            if by == '':
                invalid += 1
            elif by:
                killed += 1
                if mutant.name in known:
                    wrong.append(f'killed by {by}, so not equivalent: {mutant.name}')
            elif mutant.name not in known:
                wrong.append(f'survived: line {mutant.line} of {mutant.name}')
    print('\n'.join(wrong), end='\n' if wrong else '')
    print(f'{killed} mutants killed, {len(known)} equivalent, {len(wrong)} wrong; {invalid} were not C')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())

# SPDX-License-Identifier: MIT
"""Makes a failing run small, by leaving operations out while it still fails (delta debugging), and a shell script of it."""
import shlex
import time

from world import CAST, OWN_MOUNTS, REGIONS


def shrink(operations, fails, seconds):
    """The shortest list found in the time; `fails` runs a list anew. Large pieces are tried first."""
    end = time.time() + seconds
    size = len(operations) // 2
    while size:
        at = len(operations)
        while at > 0 and time.time() < end:
            candidate = operations[:max(0, at - size)] + operations[at:]
            if candidate and fails(candidate):
                operations = candidate
            at -= size
            at = min(at, len(operations))
        size = size // 2
    return operations


def quote(text):
    """One word of shell; what is long is told shortly."""
    for length in range(2, 6):
        times, rest = divmod(len(text), length)
        if times > 20 and not rest and text == text[:length] * times:
            return f'"$(yes {quote(text[:length])} | head -n {times} | tr -d \'\\n\')"'
    if all(c in '\n\t' or c.isprintable() and ord(c) < 128 for c in text):
        return "$'" + text.replace('\n', '\\n').replace('\t', '\\t') + "'" if set('\n\t') & set(text) else shlex.quote(text)
    return "$'" + ''.join(f'\\x{byte:02x}' for byte in text.encode('latin-1')) + "'"


def place(name, path):
    return f'"$T"/{name.rpartition("@")[2]}/{quote(path)}'


def command(operation):
    """An operation as shell."""
    name, verb, *arguments = operation
    if name == '-' and verb in ('apply', 'plan'):
        account, prune, *lines = arguments
        options = ('-n ' if verb == 'plan' else '') + ('--prune' if prune else '')
        return f'printf \'%s\\n\' {" ".join(map(quote, lines))} | imgshare --as {account} apply {options}'.rstrip()
    if verb in ('undelete', 'purge', 'moment', 'regrant'):
        return keeping(verb, *arguments)
    if name == '-':
        words = {'limit': 'limits', 'region_add': 'region add', 'region_rm': 'region rm', 'account_add': 'account add',
                 'account_rm': 'account rm', 'account_set': 'account set'}[verb]
        account, *rest = map(str, arguments)
        if verb == 'account_add':
            rest = [rest[0], '--uid', rest[1], *(['--role', rest[2]] if len(rest) > 2 else [])]
        elif verb == 'account_set':
            rest = [rest[0], f'{rest[1]}={rest[2]}']
        return f'imgshare --as {account} {words} {" ".join(map(quote, rest))}'
    where = [place(name, argument) for argument in map(str, arguments)]
    shell = {
        'mkdir': lambda: f'mkdir {where[0]}', 'rmdir': lambda: f'rmdir {where[0]}', 'unlink': lambda: f'unlink {where[0]}',
        'symlink': lambda: f'ln -s {arguments[0]} {where[1]}', 'rename': lambda: f'mv -T {where[0]} {where[1]}',
        'link': lambda: f'ln -PT {where[0]} {where[1]}', 'copy': lambda: f'cp {where[0]} {where[1]}',
        'truncate': lambda: f'truncate -cs {arguments[1]} {where[0]}', 'read': lambda: f'head -c0 {where[0]}',
        'stat': lambda: f'stat -L {where[0]}', 'hold': lambda: f'exec 9<>{where[0]}', 'release': lambda: 'exec 9>&-',
        'poke': lambda: f'printf %s {quote(arguments[2])} | dd bs=1 seek={arguments[1]} conv=notrunc status=none >&9',
        'wait': lambda: 'sleep 1',
        'write': lambda: write(where[0], arguments[1], arguments[2] if len(arguments) > 2 else 'w'),
    }[verb]()
    account, at, _ = name.partition('@')
    if not at or account == 'operator' or verb in ('hold', 'poke', 'release'):
        return shell
    uid = CAST[account][1] if account in CAST else f'$(imgshare account list | awk \'$1 == "{account}" {{ print $3 }}\')'
    return f'as {uid} {shlex.quote(shell)}'


def keeping(verb, account, what='', number=None, name=None):
    if verb == 'moment':
        return 'moments+=("$(imgshare log | tail -n 1 | cut -f 1)")'
    if verb == 'regrant':
        return f'imgshare access {quote(what)} --asof "${{moments[{number}]}}" | imgshare --as {account} apply'
    what = quote(what) if number is None else f'{quote(what)}"#$(imgshare undelete --list | sed -n {number + 1}p | cut -f 1)"'
    return f'imgshare --as {account} {"image purge" if verb == "purge" else verb} {what}' + (f' --as {quote(name)}' if name else '')


def write(path, text, how):
    data = '"$(date -ud +1sec +%FT%T.%3NZ)"' if text == '@soon' else quote(text)
    if how == 'r+':
        return f'printf %s {data} | dd conv=notrunc status=none of={path}'
    return f'printf %s {data} {">>" if how == "a" else ">"}{path}'


def script(operations, disagreement):
    lines = ['#!/bin/bash', f'# {disagreement}', 'T=$(mktemp -d) && chmod 711 "$T" && export T IMGSHARE_DIR=$T/catalog',
             'imgshare init "$IMGSHARE_DIR"', *(f'imgshare region add {name}' for name in REGIONS),
             *(f'imgshare account add {name} --role {role} --uid {uid}' for name, (role, uid) in CAST.items()),
             'mkdir "$T"/all && imgsharefs "$IMGSHARE_DIR" "$T"/all -o multiuser',
             *(f'mkdir "$T"/{name} && imgsharefs "$IMGSHARE_DIR" "$T"/{name} -o account={name}' for name in OWN_MOUNTS),
             'as() { setpriv --reuid "$1" --regid "$1" --clear-groups bash -c "$2"; }', 'set -x', *map(command, operations), '# to clean up: umount "$T"/*; rm -r "$T"']
    return '\n'.join(lines) + '\n'

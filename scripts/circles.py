#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Finds circles between the files of src and include, of includes and of calls, layers that include a later one, and
static functions that two files have under one name. Part of scripts/layers.

circles.py BUILD: prints what it finds; status 1 if that is anything. Includes and names are from the sources, calls from the
objects of src that compile_commands.json in BUILD lists: a file calls another if its object lacks a symbol, be it a function or
data, that the other's has."""
import collections
import json
import os
import re
import shlex
import subprocess
import sys

# What a layer may not include of the contracts, besides those of the services, which are service.h and what includes it.
FORBIDDEN = {
    'util': ('verdict', 'policy', 'catalog', 'feed', 'blob'),
    'policy': ('catalog', 'feed', 'blob'),
    'catalog': ('blob',),
    'blob': ('verdict', 'policy', 'catalog', 'feed'),
}
found = 0


def report(title, lines):
    global found
    print(f'{title}:', *lines, sep='\n    ')
    found += 1


def read(path):
    with open(path, encoding='utf-8') as file:
        return file.read()


def layer_of(path):
    return '/'.join(path.split('/')[:2]) if path.startswith('src/') else 'include'


def circles(edges):
    """The strongly connected components of more than one file (Tarjan)."""
    order, low, stack, ret = {}, {}, [], []

    def visit(file):
        order[file] = low[file] = len(order)
        stack.append(file)
        for other in sorted(edges.get(file, ())):
            if other not in order:
                visit(other)
            if other in stack:
                low[file] = min(low[file], low[other])
        if low[file] == order[file]:
            i = stack.index(file)
            circle = stack[i:]
            del stack[i:]
            if len(circle) > 1:
                ret.append(sorted(circle))

    for file in sorted(edges):
        if file not in order:
            visit(file)
    return ret


def report_circles(kind, edges):
    """edges: of each file, the files it leads to, each with a word why."""
    for circle in circles(edges):
        report(f'a circle of {kind} between {len(circle)} files', [
            f'{file} -> {other}: {edges[file][other]}'
            for file in circle for other in sorted(edges.get(file, ())) if other in circle])


def commands(build):
    """How src was compiled: of each object its source, and of each layer the folders where its includes are looked for."""
    sources, folders = {}, collections.defaultdict(dict)
    for command in json.loads(read(build + '/compile_commands.json')):
        source = os.path.relpath(os.path.join(command['directory'], command['file']))
        if source.startswith('src/') and command['output'].startswith('src/'):
            sources[os.path.join(build, command['output'])] = source
            for word in shlex.split(command['command']):
                if word.startswith('-I'):
                    folders[layer_of(source)][os.path.relpath(os.path.join(command['directory'], word[2:]))] = True
    return sources, folders


def included(files, folders):
    """Of each file, the files of ours that it includes."""
    edges = collections.defaultdict(dict)
    for file in files:
        for name in re.findall(r'^\s*#\s*include "([^"]+)"', read(file), re.M):
            for folder in os.path.dirname(file), *folders.get(layer_of(file), ()):
                path = os.path.normpath(os.path.join(folder, name))
                if path in files:
                    edges[file][path] = name
                    break
    return edges


def later_layers(edges):
    services = {file for file in edges if file.startswith('include/') and 'include/service.h' in edges[file]} | {'include/service.h'}
    for layer, names in FORBIDDEN.items():
        forbidden = {f'include/{name}.h' for name in names} | services
        if lines := [f'{file}: {other}' for file in sorted(edges) if layer_of(file) == 'src/' + layer
                     for other in sorted(edges[file]) if other in forbidden]:
            report(f'src/{layer} includes a later layer, or what is not its own', lines)


def twice_named(files):
    """From the sources, for of a static function that was inlined no symbol is left."""
    where = collections.defaultdict(set)
    for file in files:
        if file.startswith('src/'):
            text = re.sub(r'__attribute__\(\(.*?\)\)\s*', '', read(file))
            for name in re.findall(r'^static\s[^=;(){}]*?\b(\w+)\(', text, re.M):
                where[name].add(file)
    if lines := [f'{name}: ' + ' '.join(sorted(where[name])) for name in sorted(where) if len(where[name]) > 1]:
        report('static functions of one name in several files', lines)


def called(sources):
    """Of each source in src, the sources it calls. A name may be in both programs: then its own layer's is meant."""
    stale = [source for object, source in sources.items()
             if not os.path.exists(object) or os.path.getmtime(object) < os.path.getmtime(source)]
    if stale or not sources:
        report('not built, or changed since', sorted(stale) or ['src'])
        return {}
    defined, lacking = collections.defaultdict(list), []
    nm = subprocess.run(['nm', '-A', '-P', *sources], check=True, stdout=subprocess.PIPE, text=True).stdout
    for line in nm.splitlines():
        object, symbol = line.split(': ', 1)
        name, kind = symbol.split()[:2]
        if kind in 'Uwv':
            lacking.append((sources[object], name))
        elif kind.isupper():
            defined[name].append(sources[object])
    edges = collections.defaultdict(dict)
    for source, name in lacking:
        candidates = sorted(defined.get(name, ()), key=lambda other: layer_of(other) != layer_of(source))
        if candidates:
            edges[source].setdefault(candidates[0], name)
    return edges


def main():
    files = {os.path.join(folder, name) for top in ('src', 'include') for folder, _, names in os.walk(top)
             for name in names if name.endswith(('.c', '.h', '.def'))}
    sources, folders = commands(sys.argv[1])
    includes = included(files, folders)
    later_layers(includes)
    report_circles('includes', includes)
    report_circles('calls', called(sources))
    twice_named(files)
    sys.exit(1 if found else 0)


main()

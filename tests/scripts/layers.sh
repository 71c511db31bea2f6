#!/bin/bash
# SPDX-License-Identifier: MIT
# scripts/layers refuses what it is there to refuse, and nothing else: tried with a tiny project that is made for it.
set -u
: "${CC:=cc}"
export LC_ALL=C.UTF-8 GIT_DIR=/nonexistent # the project's files are counted by find, wherever it lies
scripts=$(realpath "$(dirname "$0")/../../scripts")
tmp=$(mktemp -d) || exit 99
trap 'rm -rf -- "$tmp"' EXIT
project=$tmp/project
failures=0

fail() {
    echo "layers.sh:${BASH_LINENO[1]}: $*"
    sed 's/^/    /' "$tmp/out"
    failures=$((failures + 1))
}

# file PATH [LINE...]: writes it.
file() {
    mkdir -p "$project/${1%/*}"
    printf '%s\n' '/* SPDX-License-Identifier: MIT */' "${@:2}" >"$project/$1"
}

# A project of which nothing can be said: in src/blob one calls two, and two three.
begin() {
    rm -rf "$project"
    mkdir -p "$project"/{.ci,docs,include,build,scripts,tests/mount} "$project"/src/{util,policy,catalog,blob,service,fs,cli}
    cp "$scripts"/{layers,circles.py} "$project/scripts/"
    touch "$project"/{meson.build,README.md}
    file include/blob.h 'int one(void); int two(void); int three(void); int main_of(void); extern int (*const table[])(void);'
    file src/blob/one.c '#include "blob.h"' 'int one(void) { return two(); }'
    file src/blob/two.c '#include "blob.h"' 'int two(void) { return three(); }'
    file src/blob/three.c '#include "blob.h"' 'int three(void) { return 3; }'
}

# Compiles what is in src, as meson says it.
build() {
    local source layer object separator='['
    rm -f "$project/build/compile_commands.json"
    cd "$project" || exit 99
    find src -name '*.c' >"$tmp/sources"
    while read -r source; do
        layer=$(cut -d / -f 1,2 <<<"$source") object=${source//\//_}.o
        mkdir -p "build/$layer"
        # shellcheck disable=SC2086 # CC may be several words
        $CC -O2 "-I$layer" -Iinclude -c "$source" -o "build/$layer/$object" || exit 99
        printf '%s{"directory": "%s", "command": "cc -I../%s -I../include", "file": "../%s", "output": "%s"}\n' \
            "$separator" "$project/build" "$layer" "$source" "$layer/$object" >>build/compile_commands.json
        separator=,
    done <"$tmp/sources"
    echo ']' >>build/compile_commands.json
    cd / || exit 99
}

passes() {
    "$project/scripts/layers" "$@" >"$tmp/out" 2>&1 || fail "refused, with status $?"
    [ ! -s "$tmp/out" ] || fail 'says something'
}

# refused LINE...: it is refused, for no other reason, and those lines are said.
refused() {
    local line
    ! "$project/scripts/layers" >"$tmp/out" 2>&1 || fail 'not refused'
    for line; do
        grep -qxF -- "$line" "$tmp/out" || fail "does not say: $line"
    done
    [ "$(wc -l <"$tmp/out")" -eq $# ] || fail 'says something else'
}

begin
build
passes
passes "$project/build"

# --- circles of calls: of two files, of three through a table, and what only looks like one

begin
file src/blob/two.c '#include "blob.h"' 'int two(void) { return one(); }'
build
refused 'a circle of calls between 2 files:' '    src/blob/one.c -> src/blob/two.c: two' '    src/blob/two.c -> src/blob/one.c: one'

begin
file src/blob/three.c '#include "blob.h"' 'int three(void) { return table[0](); }'
file src/blob/list/table.c '#include "blob.h"' 'int (*const table[])(void) = { one };'
build
refused 'a circle of calls between 4 files:' '    src/blob/one.c -> src/blob/two.c: two' '    src/blob/two.c -> src/blob/three.c: three' \
    '    src/blob/three.c -> src/blob/list/table.c: table' '    src/blob/list/table.c -> src/blob/one.c: one'

begin # two programs may have a function of one name, each its own
file src/fs/main.c '#include "blob.h"' 'int main(void) { return main_of(); }'
file src/fs/own.c '#include "blob.h"' 'int main_of(void) { return one(); }'
file src/cli/main.c '#include "blob.h"' 'int main_of(void) { return 1; }' 'int main(void) { return two(); }'
build
passes

# --- circles of includes

begin
file src/blob/a.h '#ifndef A' '#define A' '#include "b.h"' '#endif'
file src/blob/b.h '#ifndef B' '#define B' '#include "a.h"' '#endif'
build
refused 'a circle of includes between 2 files:' '    src/blob/a.h -> src/blob/b.h: b.h' '    src/blob/b.h -> src/blob/a.h: a.h'

begin # a header of a layer and a contract may have one name
file src/blob/parts.h '#include "other.h"'
file src/blob/blob.h '#include "parts.h"'
file include/other.h '#include "blob.h"'
build
passes

# --- static functions of one name, be they inlined

begin
file src/blob/two.c '#include "blob.h"' 'static int tell(void);' 'static int tell(void) { return three(); }' \
    'int two(void) { return tell(); }'
build
passes
file src/util/four.c 'static __attribute__((noinline)) struct four *tell(int (*unused)(void)) { return (void *)unused; }' \
    'void *four(void);' 'void *four(void) { return tell(0); }'
file src/fs/five.c '/* of tell(): no function, and neither is this table */' 'static const int four[] = { sizeof(int) };' \
    'const int *five(void);' 'const int *five(void) { return four; }'
build
refused 'static functions of one name in several files:' '    tell: src/blob/two.c src/util/four.c'

# --- layers

begin
file include/service.h
file include/log.h '#include "service.h"'
file src/catalog/days/day.c '#include "log.h"' 'int day(void);' 'int day(void) { return 1; }'
build
refused 'src/catalog includes a later layer, or what is not its own:' '    src/catalog/days/day.c: include/log.h'
file src/catalog/log.h # its own
passes

# --- lengths

begin
file src/blob/long.h
yes '' | head -n 249 >>"$project/src/blob/long.h"
for i in {1..40}; do
    touch "$project/tests/mount/$i"
done
build
passes
echo >>"$project/src/blob/long.h"
touch "$project/tests/mount/41"
refused 'headers over 250 lines:' '    src/blob/long.h: 251 lines' 'folders with more than 40 files:' '    tests/mount: 41 files'

# --- without a build of what is there

begin
refused "no build in $project/build, whose objects tell who calls whom: scripts/test makes one"
build
touch -d '1 minute' "$project/src/blob/two.c"
refused 'not built, or changed since:' '    src/blob/two.c'

[ "$failures" -eq 0 ]

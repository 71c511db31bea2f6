# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# What quickstart, test and check share: the packages, the build, a test run. Sourced, never run.

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
PATH=$PATH:/usr/sbin:/sbin # mke2fs: the PATH of Debian's users lacks it

# [COMMAND=]PACKAGE; with a COMMAND, any package that brings it will do.
# shellcheck disable=SC2034 # the scripts that source this use them
{
    build_packages=(gcc libc6-dev meson=meson ninja=ninja-build pkg-config=pkgconf scdoc=scdoc libfuse3-dev libsqlite3-dev
        nettle-dev libsmartcols-dev libcmocka-dev)
    mount_packages=(fusermount3=fuse3 mke2fs=e2fsprogs qemu-img=qemu-utils rsync=rsync)
    test_packages=("${mount_packages[@]}" python3=python3 sqlite3=sqlite3 perl=perl-base busybox=busybox-static
        tar=tar bsdtar=libarchive-tools cpio=cpio pax=pax find=findutils diff=diffutils ed=ed vim=vim
        setfattr=attr setpriv=util-linux script=bsdutils mount=mount mksquashfs=squashfs-tools)
    check_packages=(clang=clang clang-tidy=clang-tidy cppcheck=cppcheck shellcheck=shellcheck)
}

# The tests in which a newer libfuse does something else: passthrough, notices, what the kernel keeps.
# shellcheck disable=SC2034 # as above
newer_tests=(byte-quota cache copy-on-write copy-reference copy-tools disk-modes events-tail import instance-disk multiuser open
    overlay-store removed-open replace-disk reserve share stats two-mounts waiting write-only)

say() {
    printf '%s\n' "$*"
}

die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

as_root() {
    if ((EUID == 0)); then
        "$@"
    elif ! command -v sudo >/dev/null; then
        die "no sudo here; run as root: $*"
    elif [[ -t 0 || -t 2 ]]; then
        sudo "$@"
    else
        sudo -n "$@" # nobody is there to type a password
    fi
}

# Runs a command; what it prints is shown only if it fails.
quietly() {
    local log r=0
    log=$(mktemp)
    "$@" >"$log" 2>&1 </dev/null || r=$?
    if ((r != 0)); then
        cat "$log" >&2
    fi
    rm -f "$log"
    return "$r"
}

# need [COMMAND=]PACKAGE...: says which are missing and installs them with apt. Silent when none is.
need() {
    local entry missing=()
    for entry in "$@"; do
        if [[ $entry == *=* ]] && command -v "${entry%%=*}" >/dev/null; then
            continue
        fi
        # shellcheck disable=SC2016 # dpkg's variable, not ours
        if [[ $(dpkg-query -W -f '<${db:Status-Status}>' "${entry#*=}" 2>/dev/null) == *'<installed>'* ]]; then
            continue
        fi
        missing+=("${entry#*=}")
    done
    if ((${#missing[@]} == 0)); then
        return 0
    fi
    if ! command -v apt-get >/dev/null; then
        say "no apt here; please see to it that what these Debian packages hold is installed: ${missing[*]}"
        return 0
    fi
    say "These Debian packages are missing and will be installed with apt: ${missing[*]}"
    local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0)
    # Old lists may do, where new ones cannot be had.
    as_root "${apt[@]}" update </dev/null || say "apt-get update failed; going on with the lists there are"
    quietly as_root "${apt[@]}" install -y --no-install-recommends "${missing[@]}" ||
        die "apt-get could not install: ${missing[*]}"
}

targets=() # what to build; nothing: all

# build DIR [MESON-OPTION...]: configures DIR (below the tree) if need be, and builds it.
build() {
    local dir=$root/$1
    shift
    if [[ -e $dir/build.ninja ]] && ! grep -qF "\"source\": \"$root\"" "$dir/meson-info/meson-info.json"; then
        say "${dir##*/}/ was made for a tree elsewhere: making it anew"
        rm -rf "$dir"
    fi
    if [[ ! -e $dir/build.ninja ]]; then
        quietly meson setup "$dir" "$root" "$@" || return 1
    elif [[ /var/lib/dpkg/status -nt $dir/build.ninja ]]; then # a library may have come, cmocka say
        quietly meson setup --reconfigure "$dir" "$root" "$@" || return 1
    fi
    quietly meson compile -C "$dir" --ninja-args=--quiet "${targets[@]}" || return 1
}

newer_libfuse=$root/build-libfuse/prefix # scripts/libfuse makes it

# build_newer DIR [MESON-OPTION...]: as build, with it.
build_newer() {
    PKG_CONFIG_PATH=$newer_libfuse/lib/pkgconfig build "$@" -Dc_link_args="-Wl,-rpath,$newer_libfuse/lib"
}

passed=0 failed=0 skipped=0

# run_tests DIR [MESON-TEST-OPTION...]: runs the tests of a build, names those that were skipped, and adds to passed,
# failed and skipped. A run without a single test is a failure.
run_tests() {
    local dir=$root/$1 log r=0 p f s
    log=$dir/meson-logs/testlog.json
    shift
    rm -f "$log"
    # one more at once than there are processors, for many of them wait for a while
    meson test -C "$dir" --print-errorlogs --num-processes $(($(nproc) + 1)) "$@" </dev/null || r=$?
    read -r p f s < <(python3 - "$log" <<'PYTHON' || say 0 0 0
import json, sys
sums = {"passed": 0, "failed": 0, "skipped": 0}
for line in open(sys.argv[1], encoding="utf-8", errors="replace"):
    test = json.loads(line)
    kind = {"OK": "passed", "EXPECTEDFAIL": "passed", "SKIP": "skipped"}.get(test["result"], "failed")
    sums[kind] += 1
    if kind == "skipped": # of those that failed meson has told
        print(kind + ":", test["name"], file=sys.stderr)
print(*sums.values())
PYTHON
    )
    if ((p == 0 && f == 0)); then
        say "no test ran"
        f=1
    elif ((r != 0 && f == 0)); then
        say "meson test ended with status $r"
        f=1
    fi
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}

# The closing line; the status says whether all is well.
summary() {
    if ((skipped > 0)); then
        say "$passed passed, $failed failed, $skipped skipped"
    else
        say "$passed passed, $failed failed"
    fi
    ((failed == 0))
}

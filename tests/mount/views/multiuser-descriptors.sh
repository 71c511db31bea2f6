#!/bin/bash
# SPDX-License-Identifier: MIT
# Descriptors in other hands. Of a directory: EACCES, whoever holds it, root too. Of a file: it was authorised when it
# was opened, so reading, writing and fstat go on, as on any filesystem, and no path opens by it.
. "${0%/*}/../lib.sh"
catalog
mount_users rw
M=$T/all N=$T/all/regions/north/images
user "$ALICE" mkdir "$N/web" "$N/draft"
ok user "$ALICE" sh -c 'echo text >"$1/description" && echo bytes >"$1/disk"' - "$N/web"

cat >"$T/inherit.py" <<'PYTHON'
import ctypes, errno, os, sys
alice, images, *others = sys.argv[1:]
os.setgroups([])

def become(uid):
    os.setresgid(int(uid), int(uid), int(uid))
    os.setresuid(int(uid), int(uid), int(uid))

def child(uid, what):
    pid = os.fork()
    if pid == 0:
        become(uid)
        try:
            what(uid)
            os._exit(0)
        except BaseException as e:
            sys.stderr.write(f'uid {uid}: {what.__name__}: line {e.__traceback__.tb_next.tb_lineno}: {e!r}\n')
        os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

def refused(what, *arguments, **more):
    try:
        what(*arguments, **more)
    except OSError as e:
        assert e.errno in (errno.EACCES, errno.EPERM) and (e.errno == errno.EACCES or int(os.getuid()) != 0), e
        return
    raise AssertionError(f'{what.__name__}{arguments} is not refused')

os.seteuid(int(alice))
directory = os.open(images, os.O_RDONLY | os.O_DIRECTORY)
begun = os.open(images + '/web', os.O_RDONLY | os.O_DIRECTORY)
os.listdir(begun)
os.lseek(begun, 0, os.SEEK_SET)
path = os.open(images + '/web', os.O_PATH)
path_file = os.open(images + '/web/description', os.O_PATH)
disk = os.open(images + '/web/disk', os.O_RDONLY)
empty = os.open(images + '/draft/disk', os.O_RDWR | os.O_CREAT)
text = os.open(images + '/web/.meta/reviewed', os.O_RDWR)
os.chdir(images)
os.seteuid(0)

# What the kernel remembers it answers by itself: attributes to who has a descriptor, and to root, whom no mode stops.
def directories(uid):
    for d in directory, begun, path:
        refused(os.listdir, d)
        if uid != '0':
            refused(os.stat, 'web', dir_fd=d)
            refused(os.stat, '..', dir_fd=d)
            refused(os.chdir, d)
        refused(os.open, 'web', os.O_RDONLY, dir_fd=d)
        refused(os.mkdir, 'new', dir_fd=d)
        refused(os.rmdir, 'web', dir_fd=d)
        refused(os.rename, 'web', 'db', src_dir_fd=d, dst_dir_fd=d)
        refused(os.fstatvfs, d)
        refused(os.listdir, f'/proc/self/fd/{d}')
        refused(os.chmod, f'/proc/self/fd/{d}', 0o777)
    for p in '.', 'web', 'web/description', '..':
        if uid != '0':
            refused(os.stat, p)
        refused(os.open, p, os.O_RDONLY)
    refused(os.open, f'/proc/self/fd/{path_file}', os.O_RDONLY)
    refused(os.truncate, f'/proc/self/fd/{path_file}', 0)

def getdents(uid):
    buffer = ctypes.create_string_buffer(4096)
    libc = ctypes.CDLL(None, use_errno=True)
    for d in directory, begun:
        assert libc.getdents64(d, buffer, len(buffer)) == -1 and ctypes.get_errno() == errno.EACCES

def files(uid):
    assert os.pread(disk, 100, 0) == b'bytes\n'
    assert os.fstat(disk).st_size == 6 and os.fstat(disk).st_uid == int(alice)
    assert os.lseek(disk, 0, os.SEEK_DATA) == 0
    refused(os.open, f'/proc/self/fd/{disk}', os.O_RDONLY)
    refused(os.open, f'/proc/self/fd/{disk}', os.O_RDWR)
    before = os.fstat(empty).st_size
    assert os.pwrite(empty, uid.encode(), before) == len(uid)
    os.fsync(empty)
    assert os.fstat(empty).st_size == before + len(uid)
    assert os.pread(empty, 100, before).decode() == uid
    os.ftruncate(empty, before)
    os.ftruncate(empty, before + 1)
    assert os.pwrite(text, b'1', 0) == 1

status = 0
for uid in others:
    for what in directories, getdents, files:
        status |= child(uid, what)
os.close(text)
os.seteuid(int(alice))
assert os.fstat(empty).st_size == len(others)
assert open(images + '/web/.meta/reviewed').read() == '1\n'
os.seteuid(0) # the last one to hold them is root: it is alice's close all the same
sys.exit(status)
PYTHON
ok "$PYTHON" "$T/inherit.py" "$ALICE" "$N" "$BOB" "$STRANGER" 0
is available user "$ALICE" cat "$N/draft/.meta/state"

# Who does it is in the log with its own uid, as the account whose file it is.
says "\"actor\":\"alice\",\"uid\":$BOB,.*\"op\":\"review\"" user "$ALICE" cat "$N/web/.meta/history.jsonl"

# A shell's redirection, as sudo leaves it.
is bytes "$PYTHON" -c 'import os, sys
os.seteuid(int(sys.argv[1]))
fd = os.open(sys.argv[3], os.O_RDONLY)
os.seteuid(0)
os.dup2(fd, 0)
os.execvp("setpriv", ["setpriv", "--reuid", sys.argv[2], "--clear-groups", "cat"])' "$ALICE" "$BOB" "$N/web/disk"

# What a handle leaves undone when the daemon is told to end is done as who opened it.
"$PYTHON" -c 'import os, sys, time
os.seteuid(int(sys.argv[1]))
fd = os.open(sys.argv[2], os.O_WRONLY | os.O_TRUNC)
os.seteuid(0)
print("ready", flush=True)
time.sleep(100)' "$ALICE" "$N/web/description" >"$T/ready" &
pid=$!
eventually test -s "$T/ready"
kill "$(daemon_of "$M")"
ok eventually daemon_ended "$M"
kill "$pid"
wait "$pid" 2>/dev/null
umount -l "$M" 2>/dev/null
mount_at all multiuser
is '' user "$ALICE" cat "$N/web/description"
says "\"actor\":\"alice\",\"uid\":$ALICE,.*\"op\":\"describe\"" user "$ALICE" tail -n 1 "$N/web/.meta/history.jsonl"

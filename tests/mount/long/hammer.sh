#!/bin/bash
# SPDX-License-Identifier: MIT
# Whoever has written and closed a disk can share it at once, in whatever way it was closed: no spurious EBUSY.
# IMGSHARE_LONG=1 takes 1960 rounds.
LIMIT=300
. "${0%/*}/../lib.sh"
catalog
ok admin limits images-per-region 2000
mount_as alice
"$PYTHON" - "$A" "$([ "${IMGSHARE_LONG-}" = 1 ] && echo 245 || echo 25)" >"$T/wrong" 2>&1 <<'PYTHON'
import mmap, os, signal, subprocess, sys
images, rounds = sys.argv[1], int(sys.argv[2])
data = b'x' * 4096

def write(path):
    fd = os.open(path, os.O_RDWR | os.O_CREAT)
    os.write(fd, data)
    return fd

def closes(path):
    os.close(write(path))

def child(path, end):
    pid = os.fork()
    if pid == 0:
        end(write(path))
        os._exit(0)
    os.waitpid(pid, 0)

def exits(path):
    child(path, lambda fd: None)

def is_killed(path):
    child(path, lambda fd: os.kill(os.getpid(), signal.SIGKILL))

def maps(path):
    fd = write(path)
    with mmap.mmap(fd, 4096) as memory:
        os.close(fd)
        memory[0:3] = b'map'

def exits_mapped(path):
    def end(fd):
        memory = mmap.mmap(fd, 4096)
        memory[0:3] = b'map'
        os._exit(0)
    child(path, end)

def inherits(path):
    fd = write(path)
    subprocess.run(['/bin/true'], pass_fds=[fd])
    os.close(fd)

def duplicates(path):
    fd = write(path)
    os.close(os.dup(fd))
    os.write(fd, data)
    os.close(fd)

def copies(path):
    subprocess.run(['cp', sys.executable, path], check=True)

for way in closes, exits, is_killed, maps, exits_mapped, inherits, duplicates, copies:
    for n in range(rounds):
        image = f'{images}/{way.__name__.replace("_", "-")}-{n}'
        os.mkdir(image)
        way(image + '/disk')
        try:
            os.mkdir(image + '/shares/bob')
        except OSError as e:
            print(e)
PYTHON
is '' cat "$T/wrong"

#!/bin/bash
# SPDX-License-Identifier: MIT
# Sixteen processes over four mounts of one catalog: for the last place exactly one wins, for one account exactly one
# succeeds and the others get EEXIST; one rmdir ends all access. IMGSHARE_LONG=1 takes more rounds.
LIMIT=300
. "${0%/*}/../lib.sh"
catalog
for i in $(seq 0 64); do
        admin account add "q$i" >"$T/out" || die "account add q$i"
done
for i in 1 2 3 4; do
        mount_at "m$i" account=alice
done
mount_as bob

"$PYTHON" - "$T" "$([ "${IMGSHARE_LONG-}" = 1 ] && echo 100 || echo 10)" >"$T/wrong" 2>&1 <<'PYTHON'
import collections, errno, os, sys, time
root, rounds = sys.argv[1], int(sys.argv[2])

def images(mount):
    return f'{root}/m{mount % 4 + 1}/regions/north/images'

def race(call):
    """call(i) in sixteen processes that start together: what they answered, as a Counter."""
    gate_out, gate_in = os.pipe()
    children = []
    for i in range(16):
        pid = os.fork()
        if pid == 0:
            os.close(gate_in)
            os.read(gate_out, 1)
            try:
                call(i)
                os._exit(0)
            except OSError as e:
                os._exit(e.errno)
        children.append(pid)
    os.close(gate_out)
    os.close(gate_in)
    answers = collections.Counter()
    for pid in children:
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        answers[errno.errorcode.get(code, 'success' if code == 0 else code)] += 1
    return answers

def expect(what, got, **want):
    if got != collections.Counter(want):
        print(f'{what}: {dict(got)}, not {want}')

for n in range(rounds):
    image = f'race-{n}'
    path = images(0) + '/' + image
    os.mkdir(path)
    with open(path + '/disk', 'wb') as disk:
        disk.write(b'x' * 4096)

    # The same account: one share, and one rmdir ends it.
    expect('share with one', race(lambda i: os.mkdir(f'{images(i)}/{image}/shares/bob')), success=1, EEXIST=15)
    time.sleep(0.1)
    if not os.path.isdir(f'{root}/bob/regions/north/images/{image}@alice'):
        print('bob does not see', image)
    os.rmdir(f'{images(n)}/{image}/shares/bob')
    time.sleep(0.1)
    if os.path.exists(f'{root}/bob/regions/north/images/{image}@alice'):
        print('bob still sees', image)
    for mount in range(4):
        if os.listdir(f'{images(mount)}/{image}/shares/'):
            print('a share is left in mount', mount)

    # The last place.
    for i in range(16, 65):
        os.mkdir(f'{path}/shares/q{i}')
    time.sleep(0.1)
    expect('the last place', race(lambda i: os.mkdir(f'{images(i)}/{image}/shares/q{i}')), success=1, EPERM=15)
    time.sleep(0.1)
    for mount in range(4):
        if len(os.listdir(f'{images(mount)}/{image}/shares/')) != 50:
            print('not 50 shares in mount', mount)

    # Ending one share, and taking one name: one each.
    expect('unshare', race(lambda i: os.rmdir(f'{images(i)}/{image}/shares/q20')), success=1, ENOENT=15)
    expect('make', race(lambda i: os.mkdir(f'{images(i)}/new-{n}')), success=1, EEXIST=15)
    # (To 16 names: with one, a kernel that has just seen the other's rename finds both names the same, and is content.)
    expect('rename', race(lambda i: os.rename(f'{images(i)}/new-{n}', f'{images(i)}/newer-{n}-{i}')), success=1, ENOENT=15)
    newer = [name for name in os.listdir(images(0)) if name.startswith(f'newer-{n}-')]
    if len(newer) != 1:
        print('renamed to', newer)
    expect('remove', race(lambda i: os.rmdir(f'{images(i)}/{newer[0]}')), success=1, ENOENT=15)

# Share against delete: never a share of an image that is gone, never an image gone that is shared.
for n in range(rounds):
    path = [f'{images(i)}/gone-{n}' for i in range(4)]
    os.mkdir(path[0])
    with open(path[0] + '/disk', 'wb') as disk:
        disk.write(b'x' * 4096)
    time.sleep(0.1)
    race(lambda i: os.mkdir(f'{path[i % 4]}/shares/bob') if i % 2 else os.unlink(f'{path[i % 4]}/disk'))
    time.sleep(0.1)
    shared = os.path.isdir(f'{path[0]}/.meta/shares/bob')
    if shared != os.path.exists(f'{path[0]}/disk'):
        print(f'gone-{n}: shared {shared}, disk {not shared}')
    if shared != os.path.isdir(f'{root}/bob/regions/north/images/gone-{n}@alice'):
        print(f'gone-{n}: shared {shared}, but bob sees otherwise')
PYTHON
is '' cat "$T/wrong"

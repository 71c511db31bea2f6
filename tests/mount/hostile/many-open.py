# SPDX-License-Identifier: MIT
# many-open.py IMAGES DISKS FILES: makes that many drafts in IMAGES, or takes those that are there, opens their disks for
# writing, these again for reading until FILES are open; says `open` or the error that stopped it, and how many; closes
# them when input ends.
import errno, os, resource, sys

images, disks, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (max(count + 100, limit),) * 2)


def open_one(i):
    name = f'{images}/m{i % disks}'
    if i >= disks:
        return os.open(name + '/disk', os.O_RDONLY)
    try:
        os.mkdir(name)
    except FileExistsError:
        pass
    return os.open(name + '/disk', os.O_RDWR | os.O_CREAT)


files, why = [], 'open'
for i in range(count):
    try:
        files.append(open_one(i))
    except OSError as e:
        why = errno.errorcode[e.errno]
        break
for i, fd in enumerate(files[:disks]):
    assert os.pwrite(fd, b'%06d' % i, 0) == 6
for i, fd in enumerate(files):
    assert os.pread(fd, 100, 0) == b'%06d' % (i % disks), i
print(why, len(files), flush=True)
sys.stdin.read()
for fd in files:
    os.close(fd)

#!/bin/bash
# SPDX-License-Identifier: MIT
# A request that waits keeps nobody else waiting: what it waits for is read meanwhile, and so are lookups, however many
# wait.
. "${0%/*}/../lib.sh"
catalog
mount_as alice

for i in {1..20}; do
        image "$A/web$i" 0
done
"$PYTHON" - "$A" >"$T/wrong" 2>&1 <<'PYTHON'
import os, sys, threading

images = sys.argv[1]

# A share waits for who has flushed the disk to release it, at most a second: the release comes while it waits.
class Share(threading.Thread):
    def __init__(self, number):
        super().__init__()
        self.path = f'{images}/web{number}'
        self.fd = os.open(f'{self.path}/disk', os.O_WRONLY | os.O_CREAT)
        os.write(self.fd, b'bytes')
        os.close(os.dup(self.fd))  # flushes
        self.error = None

    def run(self):
        try:
            os.mkdir(f'{self.path}/shares/bob')
        except OSError as e:
            self.error = e

    def waits(self):
        with open(f'/proc/self/task/{self.native_id}/syscall') as f:
            return f.read().split()[0] in (str(83), str(258), str(34))  # mkdir, mkdirat: x86-64, others

def together(numbers):
    shares = [Share(n) for n in numbers]
    for s in shares:
        s.start()
    for s in shares:
        while s.native_id is None or (s.is_alive() and not s.waits()):
            pass
    for n in range(20):  # and are answered while they wait
        os.stat(f'{images}/web{n % 20 + 1}')
    for s in shares:
        os.close(s.fd)
    for s in shares:
        s.join()
        if s.error:
            print(s.path, s.error)

for n in range(1, 11):
    together([n])
together(range(11, 21))
PYTHON
is '' cat "$T/wrong"
is 20 sh -c 'ls -d "$1"/*/shares/bob | wc -l' - "$A"

# SPDX-License-Identifier: MIT
"""Which call is to fail in processes with tests/fault/preload.c before them: its struct control, in a file."""
import mmap, os, struct

MEMORY, FILES, SQL, TERMINAL = 1, 2, 3, 4


class Control:
    def __init__(self, path):
        self.file = mmap.mmap(os.open(path, os.O_RDWR), 64)

    def arm(self, kind, n=0, persistent=False, error=0):
        """The n-th call of that kind fails, or all from it on. 0: none, but they are counted."""
        self.file[:24] = struct.pack('6i', kind, n, persistent, error, 0, 0)

    def disarm(self):
        """How many calls there were, and how many of them failed."""
        self.file[:4] = struct.pack('i', 0)
        return struct.unpack('2i', self.file[16:24])

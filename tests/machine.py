#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""machine.py FILE set SECONDS | step SECONDS | sleep SECONDS | restart [SECONDS]

The machine that machine.c makes, told by FILE: its clock is set to so many seconds from the true time, or goes by so many
forward or (below 0) back; it sleeps, so that both clocks go on; it is restarted, which takes so long.
"""
import os
import struct
import sys
import uuid

FORMAT = '=qq40s'


def change(path, what, seconds=0):
    try:
        with open(path, 'rb') as file:
            wall, boot, name = struct.unpack(FORMAT, file.read())
    except FileNotFoundError:
        wall, boot, name = 0, 0, b''
    if what == 'set':
        wall = seconds
    elif what == 'step':
        wall += seconds
    elif what in ('sleep', 'restart'):
        wall, boot = wall + seconds, boot + seconds
    else:
        raise SystemExit(__doc__)
    if what == 'restart':
        boot, name = 1 - int(open('/proc/uptime').read().split('.')[0]), b''
    if not name:
        name = f'{uuid.uuid4()}\n'.encode()
    with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o644), 'wb') as file:  # in place: it is mapped
        file.write(struct.pack(FORMAT, wall, boot, name))


if __name__ == '__main__':
    change(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:]))

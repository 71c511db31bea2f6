# SPDX-License-Identifier: MIT
# What the hostile callers share: libc's calls that python lacks, and what they ask of a refusal. A caller reads this as
# root, before it becomes who it is to be.
import ctypes, errno, os

libc = ctypes.CDLL(None, use_errno=True)
AT_FDCWD, AT_EMPTY_PATH, AT_SYMLINK_FOLLOW = -100, 0x1000, 0x400
failed = []


def call(function, *arguments):
    r = function(*arguments)
    if r < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return r


def told(*what):
    """Something is wrong: prints it, and keeps it in `failed`."""
    failed.append(what)
    print(*what, flush=True)


def refused(what, *errors):
    """what() fails, with one of these errors if any are given."""
    try:
        got = what()
    except OSError as e:
        name = errno.errorcode[e.errno]
        if errors and name not in errors:
            told(f'line {what.__code__.co_firstlineno}: {name}, not one of', *errors)
    else:
        values = [str(cell.cell_contents)[-60:] for cell in what.__closure__ or ()]
        told(f'line {what.__code__.co_firstlineno}: is not refused: {got} {values}')


def become(account):
    os.setgroups([])
    if account:
        os.setresgid(account, account, account)
        os.setresuid(account, account, account)

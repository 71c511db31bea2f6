# SPDX-License-Identifier: MIT
"""Workers that make, fill, share, launch, rename, copy and delete; one who has what was deleted brought back or destroyed;
walkers that read; checks and backups beside them. Samples of each daemon are taken all the while: the later ones must not lie
above the earlier ones."""
import os
import random
import shutil
import subprocess
import sys
import threading
import time

top, *daemons = sys.argv[1:]
SECONDS = int(os.environ['SOAK'])
IMGSHARE = os.environ['IMGSHARE']
CATALOG = f'{top}/catalog'
ends = time.monotonic() + SECONDS
done, wrong = {}, []


def count(what):
    done[what] = done.get(what, 0) + 1


def write(path, data):
    with open(path, 'wb') as file:
        file.write(data)


def work(seed):
    """One worker has names of its own, so each call must succeed."""
    pick = random.Random(seed)
    images = f'{top}/alice/regions/{"north" if seed % 2 else "south"}/images'
    vms = f'{top}/bob/regions/{"north" if seed % 2 else "south"}/instances'
    n = 0
    while time.monotonic() < ends and not wrong:
        n += 1
        name, other = f'w{seed}-{n}', f'w{seed}-{n}b'
        os.mkdir(f'{images}/{name}')
        write(f'{images}/{name}/description', f'the image {name}\n'.encode())
        write(f'{images}/{name}/disk', pick.randbytes(pick.randrange(1, 40000)))
        os.mkdir(f'{images}/{name}/shares/bob')
        time.sleep(0.1)
        os.mkdir(f'{vms}/{name}')
        write(f'{vms}/{name}/image', f'{name}@alice\n'.encode())
        os.rmdir(f'{images}/{name}/shares/bob')
        os.rename(f'{images}/{name}', f'{images}/{other}')
        os.mkdir(f'{images}/{name}')
        os.link(f'{images}/{other}/disk', f'{images}/{name}/disk')
        for left in (f'{images}/{name}', f'{images}/{other}', f'{vms}/{name}'):
            shutil.rmtree(left)
        count('lives')


def imgshare(*words):
    run = subprocess.run([IMGSHARE, '-C', CATALOG, *words], capture_output=True, text=True)
    if run.returncode:
        wrong.append(f'{words}: {run.stdout[-500:]} {run.stderr[-500:]}')
    return not run.returncode


def regret():
    """Deletes, has it brought back with its bytes, deletes it for good."""
    images = f'{top}/alice/regions/north/images'
    n = 0
    while time.monotonic() < ends and not wrong:
        n += 1
        data = random.randbytes(5000)
        os.mkdir(f'{images}/gone{n}')
        write(f'{images}/gone{n}/disk', data)
        shutil.rmtree(f'{images}/gone{n}')
        if not imgshare('undelete', f'north/gone{n}@alice'):
            return
        time.sleep(0.15)
        with open(f'{images}/gone{n}/disk', 'rb') as file:
            if file.read() != data:
                wrong.append(f'gone{n}: other bytes came back')
        shutil.rmtree(f'{images}/gone{n}')
        if n % 2 and imgshare('image', 'purge', f'north/gone{n}@alice'):
            count('purged')
        count('brought back')


def walk():
    while time.monotonic() < ends and not wrong:
        for _, _, files in os.walk(f'{top}/watch/regions'):
            count('files seen') if files else None
        with open(f'{top}/bob/.imgshare/stats', 'rb') as file:
            file.read()
        time.sleep(0.05)


def command(words, pause):
    while time.monotonic() < ends and imgshare(*words):
        count(words[0] + ' ' + words[-1] if len(words) > 1 else words[0])
        time.sleep(pause)


def guarded(target, *arguments):
    try:
        target(*arguments)
    except OSError as e:
        wrong.append(f'{target.__name__} {arguments}: {e}')


def sample(pid):
    with open(f'/proc/{pid}/status', encoding='ascii') as file:
        memory = next(int(line.split()[1]) for line in file if line.startswith('VmRSS'))
    try:
        log = os.stat(f'{CATALOG}/catalog.db-wal').st_size // 1024
    except FileNotFoundError:
        log = 0
    return {'KiB of memory': memory, 'descriptors': len(os.listdir(f'/proc/{pid}/fd')), 'KiB of log': log}


# What may come on top of the earlier samples: a pool that one more caller at once makes larger.
SLACK = {'KiB of memory': 4096, 'descriptors': 24, 'KiB of log': 32768}


def judge(pid, samples):
    """Prints the most of each third, and compares the last with the one before."""
    third = len(samples) // 3
    for what, slack in SLACK.items():
        first, middle, last = (max(s[what] for s in part)
                               for part in (samples[:third], samples[third:2 * third], samples[2 * third:]))
        print(f'daemon {pid}: {first}, {middle}, {last} {what}')
        if last > middle * 1.1 + slack:
            wrong.append(f'daemon {pid}: {last} {what}, {middle} before')


threads = [threading.Thread(target=guarded, args=(work, seed)) for seed in range(1, 5)]
threads += [threading.Thread(target=guarded, args=(walk,)),
            threading.Thread(target=guarded, args=(regret,)),
            threading.Thread(target=guarded, args=(command, ['check'], 0.3)),
            threading.Thread(target=guarded, args=(command, ['backup', f'{top}/kept'], 2)),
            threading.Thread(target=guarded, args=(command, ['check', '--log'], 1)),
            threading.Thread(target=guarded, args=(command, ['access', '--all'], 0.5))]
for thread in threads:
    thread.start()
history = {pid: [] for pid in daemons}
while time.monotonic() < ends and not wrong:
    for pid, samples in history.items():
        samples.append(sample(pid))
    time.sleep(max(0.1, SECONDS / 300))
for thread in threads:
    thread.join()
if not wrong:
    for pid, samples in history.items():
        judge(pid, samples)
print(done)
sys.exit('\n'.join(wrong) or 0)

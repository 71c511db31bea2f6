# SPDX-License-Identifier: MIT
"""backup-load.py FOLDER DEST ROUNDS: see backup-load.sh. Each sealed disk repeats its own name, which the backup must have."""
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import threading

FOLDER, DEST, ROUNDS = sys.argv[1], sys.argv[2], int(sys.argv[3])
IMGSHARE, CATALOG = os.environ['IMGSHARE'], f'{FOLDER}/catalog'
stop, failures, sealed = threading.Event(), [], 0


def content(name, size):
    line = f'{name}\n'.encode()
    return (line * (size // len(line) + 1))[:size]


def image(region, name, rng):
    """Made, filled in pieces, sealed by sharing, launched from, removed at once or later."""
    global sealed
    path = f'{FOLDER}/alice/regions/{region}/images/{name}'
    os.mkdir(path)
    data = content(name, rng.randrange(1, 200000))
    with open(f'{path}/disk', 'wb') as disk:
        for at in range(0, len(data), 60000):
            disk.write(data[at:at + 60000])
            disk.flush()
    if rng.random() < 0.2:
        return path
    os.mkdir(f'{path}/shares/bob')
    sealed += 1
    if rng.random() < 0.2:
        machine = f'{FOLDER}/bob/regions/{region}/instances/{name}'
        os.mkdir(machine)
        with open(f'{machine}/image', 'w', encoding='utf-8') as file:
            file.write(f'{name}@alice')
        with open(f'{machine}/disk', 'r+b') as disk:
            disk.write(b'booted')
        if rng.random() < 0.5:
            shutil.rmtree(machine)
    return path


def worker(number):
    rng, kept = random.Random(number), []
    try:
        for serial in range(1 << 30):
            if stop.is_set():
                return
            kept.append(image(rng.choice(['north', 'south', 'east']), f'w{number}-{serial}', rng))
            while len(kept) > 12 or (kept and rng.random() < 0.4):
                path = kept.pop(rng.randrange(len(kept)))
                for share in os.listdir(f'{path}/.meta/shares'):
                    os.rmdir(f'{path}/shares/{share}')
                shutil.rmtree(path)
    except OSError as error:
        failures.append(f'worker {number}: {error}')


def run(*arguments):
    done = subprocess.run([IMGSHARE, *arguments], capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != 0:
        failures.append(f'{arguments}: status {done.returncode}: {done.stdout}{done.stderr}')
    return done.stdout


def judge():
    """Every sealed disk of the backup, byte by byte."""
    db = sqlite3.connect(f'file:{DEST}/catalog.db?immutable=1', uri=True)
    rows = db.execute('SELECT i.id, r.name, n.name, i.size FROM image i JOIN place p ON p.id = i.place JOIN region r ON r.id = p.region'
                      ' JOIN place_name n ON n.place = p.id AND n.until_event = i.until_event'
                      ' WHERE i.sealed_event IS NOT NULL AND i.until_event = 140737488355327').fetchall()
    db.close()
    for blob, region, name, size in rows:
        with open(f'{DEST}/store/{region}/{blob}', 'rb') as file:
            if file.read() != content(name, size):
                failures.append(f'{region}/{name} is not what was sealed')
    return len(rows)


def main():
    workers = [threading.Thread(target=worker, args=[number]) for number in range(16)]
    for thread in workers:
        thread.start()
    found, event = 0, 0
    for number in range(ROUNDS):
        if number == ROUNDS // 2:
            shutil.rmtree(DEST)  # a first one under load, too
        said = run('-C', CATALOG, 'backup', DEST).splitlines()
        if failures:
            break
        head = said[-1].split('\t')
        if int(head[1]) <= event:
            failures.append(f'event {head[1]} after {event}')
        event = int(head[1])
        if run('-C', DEST, 'check', '--digests', '--log').splitlines()[-1] != said[-1]:
            failures.append('its head is another one')
        found += judge()
    stop.set()
    for thread in workers:
        thread.join()
    with open(f'{FOLDER}/event', 'w', encoding='utf-8') as file:
        file.write(str(event))
    print(f'{sealed} disks sealed, {found} looked at')
    if not failures and found < ROUNDS:
        failures.append('there was nothing to be looked at')
    sys.exit('\n'.join(failures[:20]) or 0)


main()

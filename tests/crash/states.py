# SPDX-License-Identifier: MIT
"""What a disk may hold after the power failed: replays a log of record.c and makes such states.

Of a file: what was there at its last sync, and of what was written since any part, in sectors, each size it had, or
zeros where bytes were not written in time. Of a directory: the names as of its last sync, and of what was done since either
a beginning, as a filesystem with a journal keeps it, or any part, each kept or lost by itself.
"""
import collections
import os
import struct

HEADER = struct.Struct('=4I3Q')
KINDS = ['', 'create', 'mkdir', 'write', 'size', 'punch', 'sync', 'sync_dir', 'rename', 'link', 'unlink', 'mark']
MARK = KINDS.index('mark')
SECTOR = 512
Record = collections.namedtuple('Record', 'kind inode offset length path to data')


def pack_mark(text):
    return HEADER.pack(MARK, 0, 0, len(text), 0, 0, 0) + text.encode()


def read_log(name, root):
    records = []
    with open(name, 'rb') as log:
        while header := log.read(HEADER.size):
            kind, path, to, data, inode, offset, length = HEADER.unpack(header)
            names = [os.path.relpath(log.read(size).decode(), root) if size else None for size in (path, to)]
            records.append(Record(KINDS[kind], inode, offset, length, *names, log.read(data)))
    return records


class File:
    """cached: what whoever reads it sees; pending: what is not on disk for sure, whole sectors as they were in memory
    (where, sectors, the size it needs), or (size, None, None) for a cut or an extension."""

    def __init__(self):
        self.durable, self.cached, self.pending = b'', bytearray(), []

    def write(self, offset, data):
        end, start = offset + len(data), offset // SECTOR * SECTOR
        self.cached.extend(bytes(max(0, end - len(self.cached))))
        self.cached[offset:end] = data
        sectors = self.cached[start:-(-end // SECTOR) * SECTOR]
        self.pending.append((start, bytes(sectors) + bytes(-len(sectors) % SECTOR), end))

    def resize(self, size):
        del self.cached[size:]
        self.cached.extend(bytes(size - len(self.cached)))
        self.pending.append((size, None, None))

    def sync(self):
        if self.pending:
            self.durable, self.pending = bytes(self.cached), []

    def content(self, kept):
        content = bytearray(self.durable)
        for offset, sectors, end in kept:
            if sectors is None:
                del content[offset:]
                content.extend(bytes(offset - len(content)))
            else:
                content.extend(bytes(max(0, end - len(content))))
                size = min(len(sectors), len(content) - offset)
                content[offset:offset + size] = sectors[:size]
        return content

    def sectors(self, random):
        """What was written, of which some sectors are lost; sometimes with the size as if none were."""
        kept = []
        for offset, sectors, end in self.pending:
            share = random.choice([0, 0.5, 0.9, 1])
            if sectors is None:
                kept += [(offset, None, None)] if random.random() < share else []
                continue
            kept += [(offset + at, sectors[at:at + SECTOR], min(end, offset + at + SECTOR))
                     for at in range(0, len(sectors), SECTOR) if random.random() < share]
        content = self.content(kept)
        if random.random() < 0.3:
            content.extend(bytes(max(0, len(self.cached) - len(content))))
        return content

    def any(self, random, strategy):
        if strategy == 'least' or not self.pending:
            return self.durable
        if strategy in ('most', 'last'):
            return self.cached
        kind = random.choice(['least', 'most', 'beginning', 'writes', 'sectors', 'sectors'])
        if kind == 'beginning':
            return self.content(self.pending[:random.randrange(len(self.pending) + 1)])
        if kind == 'writes':
            return self.content([w for w in self.pending if random.random() < 0.5])
        return self.sectors(random) if kind == 'sectors' else self.any(random, kind)


class Disk:
    """ignored: numbers of records, of syncs, that a planted fault forgets."""

    def __init__(self, ignored=()):
        self.ignored, self.files, self.names, self.folders = ignored, [], {}, set()
        self.of_inode = {}  # the kernel's numbers are used again, so each file gets its own here
        self.durable = {}   # path: file
        self.pending = []   # (folder, {path: file or None})
        self.number = 0     # records applied

    def file(self, inode):
        return self.files[self.of_inode[inode]]

    def change(self, names):
        for path, file in names.items():
            if file is None:
                self.names.pop(path, None)
            else:
                self.names[path] = file
        self.pending.append((os.path.dirname(next(iter(names))), names))

    def apply(self, record):
        if self.number not in self.ignored:
            getattr(self, 'on_' + record.kind)(record)
        self.number += 1

    def on_create(self, r):
        self.of_inode[r.inode] = len(self.files)
        self.files.append(File())
        self.change({r.path: self.of_inode[r.inode]})

    def on_mkdir(self, r):
        self.change({r.path: 'folder'})

    def on_write(self, r):
        self.file(r.inode).write(r.offset, r.data)

    def on_size(self, r):
        self.file(r.inode).resize(r.length)

    def on_punch(self, r):
        file = self.file(r.inode)
        size = min(r.length, len(file.cached) - r.offset)
        if size > 0:
            file.write(r.offset, bytes(size))

    def on_sync(self, r):
        self.file(r.inode).sync()

    def on_sync_dir(self, r):
        kept = []
        for folder, names in self.pending:
            if folder == (r.path if r.path != '.' else ''):
                self.settle(self.durable, names)
            else:
                kept.append((folder, names))
        self.pending = kept

    @staticmethod
    def settle(tree, names):
        for path, file in names.items():
            if file is None:
                tree.pop(path, None)
            else:
                tree[path] = file

    def on_rename(self, r):
        self.change({r.path: None, r.to: self.names[r.path]})

    def on_link(self, r):
        self.change({r.to: self.names[r.path]})

    def on_unlink(self, r):
        self.change({r.path: None})

    def on_mark(self, r):
        pass

    def tree(self, random, strategy):
        """The names that a power loss leaves."""
        tree, kept = dict(self.durable), self.pending
        if strategy == 'least':
            kept = []
        elif strategy == 'last':  # that name alone, and not what was done before it
            kept = kept[-1:]
        elif strategy == 'random' and random.random() < 0.5:
            kept = kept[:random.randrange(len(kept) + 1)]
        elif strategy == 'random':
            kept = [names for names in kept if random.random() < 0.5]
        for _, names in kept:
            self.settle(tree, names)
        return {path: file for path, file in tree.items() if self.has_folders(tree, path)}

    @staticmethod
    def has_folders(tree, path):
        folder = os.path.dirname(path)
        return not folder or (tree.get(folder) == 'folder' and Disk.has_folders(tree, folder))

    def state(self, random, strategy):
        """Paths in the order to make them, each with a number of a file and its content, or None for a folder."""
        tree = self.tree(random, strategy)
        contents = {}
        for path in sorted(tree):
            file = tree[path]
            if file != 'folder' and file not in contents:
                contents[file] = bytes(self.files[file].any(random, strategy))
        return [(path, None if tree[path] == 'folder' else tree[path], contents.get(tree[path]))
                for path in sorted(tree)]


def make(state, root):
    """Writes a state into an empty folder; files with several names are hard links again."""
    made = {}
    os.mkdir(root, 0o700)
    for path, file, content in state:
        path = f'{root}/{path}'
        if file is None:
            os.mkdir(path, 0o700)
        elif file in made:
            os.link(made[file], path)
        else:
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            os.write(fd, content)
            os.close(fd)
            made[file] = path

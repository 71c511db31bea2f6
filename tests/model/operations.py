# SPDX-License-Identifier: MIT
"""What a process or an operator asks, as the model answers it: system calls on paths, and commands.

First what the kernel answers by itself (a name that is there: EEXIST; a directory to unlink: EISDIR; a mount that cannot write:
EROFS; permission bits in a mount for many users: EACCES), then the verb for the kind of object. An operation is a list:
[view, name, arguments...], so that it can be kept in a file, and taken out of a run.
"""
import errno

from disks import Disks
from model import WRITABLE, Account, Image, Instance, No, silent
from rules import LOWER, bad_name

OPERATOR = 'operator'


class Model(Disks):
    """do() answers one operation: (errno or exit status, rule). events and touched tell what it did."""

    def __init__(self, clock):
        super().__init__(clock)
        self.events, self.touched, self.via = [], [], 'mount'
        self.handles = {}

    def log(self, view, op, thing=None, account=None, rule=None, code=None):
        uid = view.uid if view else 0
        name = None if thing is None else str(thing)
        self.events.append((view.account if view else OPERATOR, uid, self.via, op, name, account, rule,
                            errno.errorcode[code] if code else None))
        if isinstance(thing, (Image, Instance)) and rule is None:
            self.touched.append(thing)

    def do(self, view, operation):
        self.events, self.touched = [], []
        try:
            verb = getattr(self, 'do_' + operation[1])
            verb(*operation[2:]) if view is None else verb(view, *operation[2:])
            return 0, None
        except No as no:
            return no.code, None if no.quiet else no.rule

    def fixed(self, view, op, name, quiet=False):
        """CONTRACT 4 fixed-tree. Where a view cannot write, read-only-role is first (every list of CONTRACT 4 has it first)."""
        refuse = self.refusal(view, op, name)
        if self.role(view) == 'auditor':
            silent('loud, even for a name that is refused quietly to others', 'read-only-role does not look at names')
            refuse('read-only-role')
        refuse('fixed-tree', quiet)

    @staticmethod
    def is_link(view, node):
        """Besides `shares`: one's own name with its owner (CONTRACT 3.1), and what leads to the views (CONTRACT 7)."""
        return node[0] == 'alias' or view.multi and node[0] == 'top' and node[1] != '.imgshare'

    @staticmethod
    def enter(view, parent):
        """May names be made and removed there, as far as the kernel judges? Above its view nothing is a user's (CONTRACT 7)."""
        if view.ro:
            raise No(errno.EROFS)
        if view.multi and view.uid and parent == ('root',):
            raise No(errno.EACCES)

    def negative(self, view, path):
        """What makes a name: the parent and the name, which must be free."""
        parent, name, node = self.walk(view, path)
        if node is not None:
            raise No(errno.EEXIST)
        self.enter(view, parent)
        return parent, name

    def positive(self, view, path):
        """What removes a name: in a mount that cannot write the kernel does not look for the last one."""
        parent, name, node = self.walk(view, path)
        if view.ro:
            raise No(errno.EROFS)
        if node is None:
            raise No(errno.ENOENT)
        self.enter(view, parent)
        return parent, name, node

    # ---- system calls

    def do_mkdir(self, view, path):
        parent, name = self.negative(view, path)
        kind = parent[0]
        if kind == 'images':
            self.create(view, parent[1], name)
        elif kind == 'instances':
            self.create_machine(view, parent[1], name)
        elif kind == 'grants':
            self.share(view, parent[1], name)
        elif kind == 'trusted':
            self.trust(view, name)
        elif kind == 'image' and name == 'shares':
            self.share_folder(view, parent[1])
        else:
            self.fixed(view, 'create', name, quiet=kind == 'image')

    def do_rmdir(self, view, path):
        _, name, node = self.positive(view, path)
        kind = node[0]
        if self.is_link(view, node) or not self.is_directory(view, node):
            raise No(errno.ENOTDIR)
        if kind == 'image':
            self.delete(view, node[1])
        elif kind == 'vm':
            self.remove_machine(view, node[1])
        elif kind == 'share':
            self.unshare(view, node[1], node[2])
        elif kind == 'trust':
            self.untrust(view, node[2])
        else:
            self.fixed(view, 'delete', name)

    def do_unlink(self, view, path):
        _, name, node = self.positive(view, path)
        if not self.is_link(view, node) and self.is_directory(view, node):
            raise No(errno.EISDIR)
        if node[0] == 'part':
            self.delete(view, node[1], node[2])
        elif node[0] == 'vmpart':
            self.remove_machine(view, node[1], node[2])
        else:
            self.fixed(view, 'delete', name)

    def do_symlink(self, view, target, path):
        parent, name = self.negative(view, path)
        if parent[0] == 'image':
            self.link_shares(view, parent[1], target, name)
        else:
            self.fixed(view, 'create', name)

    def do_rename(self, view, path, to):
        parent, name, node = self.walk(view, path)
        target, new, there = self.walk(view, to)
        if view.ro:
            raise No(errno.EROFS)
        if node is None:
            raise No(errno.ENOENT)
        if there == node:
            return  # the same inode: nothing to do
        if there is not None:
            is_directory = not self.is_link(view, node) and self.is_directory(view, node)
            onto = not self.is_link(view, there) and self.is_directory(view, there)
            if is_directory != onto:
                raise No(errno.EISDIR if onto else errno.ENOTDIR)
        if node[0] == 'image' and parent[0] == target[0] == 'images':
            self.rename(view, node[1], target[1], new)
        else:
            self.fixed(view, 'delete', name)

    def do_link(self, view, path, to):
        _, _, node = self.walk(view, path)
        if node is None:
            raise No(errno.ENOENT)
        target, name = self.negative(view, to)
        if self.is_directory(view, node):
            raise No(errno.EPERM)
        if target[0] == 'image' and name == 'disk' and node[0] in ('part', 'vmpart') and node[2] == 'disk':
            self.link_disk(view, node[1], target[1])
        else:
            self.fixed(view, 'create', name, quiet=target[0] == 'image')

    def do_write(self, view, path, text, how='w'):
        """open for writing, write (nothing: no write at all), close. how: w as the shell's >, a append, r+ an existing file."""
        parent, name, node = self.walk(view, path)
        node = node and self.follow(view, node)
        if node is None:
            if how != 'w':
                raise No(errno.ENOENT)
            self.enter(view, parent)
            return self.make(view, parent, name, text)
        if self.is_directory(view, node):
            raise No(errno.EISDIR)
        if view.ro:
            raise No(errno.EROFS)
        if view.multi and view.uid and not self.mode(node):
            raise No(errno.EACCES)
        return self.put(view, node, name, text, how)

    @staticmethod
    def mode(node):
        """Whether the file has a bit for writing (CONTRACT 3, 7)."""
        return not (node[0] == 'usage' or node[0] == 'metafile' and node[2] not in WRITABLE)

    def make(self, view, parent, name, text):
        kind, data = parent[0], text.encode('latin-1')
        if kind == 'image' and name == 'description':
            self.describing(view, parent[1])
            self.described(parent[1], b'')
            self.log(view, 'create', parent[1])
            if data:
                self.describe(view, parent[1], data)
        elif kind == 'image' and name == 'disk':
            self.opening(view, parent[1])
            self.truncated(view, parent[1])
            if data:
                self.changed(view, parent[1], data)
            self.closed(view, parent[1])
        elif kind == 'vm' and name == 'image':
            self.install(view, parent[1], text)
        else:
            self.fixed(view, 'create', name, quiet=kind in ('image', 'vm'))

    def put(self, view, node, name, text, how):
        kind, data = node[0], text.encode('latin-1')
        if kind == 'part' and node[2] == 'description':
            self.describing(view, node[1])
            if data:
                self.describe(view, node[1], self.merge(node[1].description, data, how))
            elif how == 'w':
                self.describe(view, node[1], b'')
        elif kind == 'part':
            image = node[1]
            self.opening(view, image)
            self.writer_comes(view, image)
            if data or how == 'w':
                self.changed(view, image, self.merge(image.disk, data, how))
            self.closed(view, image)
        elif kind == 'vmpart' and node[2] == 'disk':
            self.using(view, node[1], 'launch')
            node[1].disk = self.merge(node[1].disk, data, how)
            self.touched.append(node[1])
        elif kind == 'vmpart':
            self.install(view, node[1], text)
        elif kind == 'expires':
            silent('an empty write is none; with O_TRUNC it clears the expiry', 'CONTRACT 5.4: never or empty clears it')
            if data or how == 'w':
                self.expire(view, node[1], node[2], text)
        elif kind == 'metafile' and node[2] in WRITABLE:
            self.noting(view, node[1])
            if data:
                (self.seal_by_hand if node[2] == 'state' else self.review)(view, node[1], text)
        else:
            self.fixed(view, 'create', name)

    def install(self, view, vm, text):
        if text:
            if vm.account != view.account:
                pass  # launch() says why not, before it looks for the image
            self.launch(view, vm, text)
            self.touched.append(vm)

    @staticmethod
    def merge(old, data, how):
        return data if how == 'w' else old + data if how == 'a' else data + old[len(data):]

    def do_truncate(self, view, path, size):
        node = self.node(view, path)
        if self.is_directory(view, node):
            raise No(errno.EISDIR)
        if view.ro:
            raise No(errno.EROFS)
        self.opening(view, node[1])
        self.truncated(view, node[1], size)
        self.closed(view, node[1])
        self.touched.append(node[1])

    def do_copy(self, view, path, to):
        """cp by copy_file_range: open both, copy, close both."""
        thing = self.opened(view, path)
        parent, name, node = self.walk(view, to)
        if view.ro:
            raise No(errno.EROFS)
        if node is None and parent[0] != 'image':
            self.fixed(view, 'create', name)
        self.copy_disk(view, thing, (node or parent)[1])

    def opened(self, view, path):
        node = self.node(view, path)
        if node[0] in ('part', 'vmpart') and node[2] == 'disk':
            self.reading(view, node[1])
        return node[1]

    def do_read(self, view, path):
        self.opened(view, path)

    def do_stat(self, view, path):
        self.node(view, path)

    def do_hold(self, view, path):
        """Opens a disk for writing and keeps it open."""
        node = self.node(view, path)
        if view.ro:
            raise No(errno.EROFS)
        self.opening(view, node[1])
        self.writer_comes(view, node[1])
        node[1].busy += 1
        self.handles[view.name, path] = node[1], node[1].incarnation

    def do_poke(self, view, path, offset, text):
        """Writes there, by the descriptor that is kept."""
        image, data = self.handles.get((view.name, path), (None, 0))[0], text.encode('latin-1')
        if image and image.disk is not None and data:
            self.changed(view, image, image.disk[:offset].ljust(offset, b'\0') + data + image.disk[offset + len(data):])
            self.touched.append(image)

    def do_release(self, view, path):
        image, incarnation = self.handles.pop((view.name, path), (None, 0))
        if image and incarnation == image.incarnation:
            image.busy -= 1
            self.closed(view, image)
        elif image and (entry := self.kept_entry(image, incarnation)):
            entry.busy -= 1

    def do_wait(self, view):
        """Until the earliest expiry has passed; the caller does that."""

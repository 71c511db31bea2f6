/* SPDX-License-Identifier: MIT
 * Whole requests: an input is a view and a row of operations over the tree, by nodes met before or any 64 bits. Every
 * request is answered once, nothing stays open or locked, and catalog, store and log agree at the end.
 */
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fuse.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "fuzz.h"

#define STEPS 80
#define NODES 64
#define HANDLES 12

static const char *const names[] = {
        "web", "db", "empty", "new", "gone", "removed", "web@alice", "web@bob", "custom@bob", "custom", "db@alice",
        "disk", "description", "shares", ".meta", "state", "reviewed", "bob", "carol", "alice", "eve", "dave", "oscar",
        "operator", ".expires", "vm1", "vm2", "vm1@bob", "vm3", "image", "north", "south", "images", "instances",
        "regions", "accounts", "events", ".imgshare", ".views", "received", "owned", "trusted", "usage", "last_denial",
        "whoami", "stats", "rules", "version", "shares.tsv", "usage.tsv", "exposure.tsv", "history.jsonl", "source",
        "digest", "trust", "id", "owner", "size", "created", "2026-01-01.jsonl", "1970-01-01.jsonl", "@", "web@",
        "@alice", ".description.swp", "web@alice@bob", "WEB",
};
static const char *const paths[] = {
        "", "regions/north/images", "regions/south/images", "regions/north/instances", "regions/north/images/web",
        "regions/north/images/db", "regions/north/images/empty", "regions/south/images/web",
        "regions/north/images/web/.meta", "regions/north/images/web/.meta/shares",
        "regions/north/images/web/.meta/shares/bob", "regions/north/images/web/.meta/state",
        "regions/north/images/db/.meta/state", "regions/north/images/db/.meta/shares", "regions/north/images/db/disk",
        "regions/north/images/web/disk", "regions/north/images/web/description",
        "regions/north/images/web/.meta/reviewed", "regions/north/images/web@alice",
        "regions/north/images/web@alice/.meta/shares", "regions/north/images/web@alice/disk",
        "regions/north/instances/vm1", "regions/north/instances/vm2", "regions/north/instances/vm2/disk",
        "regions/north/instances/vm1/disk", "regions/north/instances/vm2/image", "regions/north/images/custom",
        "regions/north/images/custom@bob", "accounts", "accounts/alice", "accounts/alice/trusted",
        "accounts/bob/trusted", "accounts/bob/received/north", "accounts/alice/owned/north", "accounts/alice/usage",
        "events", ".imgshare", ".imgshare/whoami", ".imgshare/last_denial", ".imgshare/stats",
        "regions/north/images/web/.meta/shares/carol/.expires", "regions/north/images/web/.meta/exposure.tsv",
        "regions/north/images/web/.meta/history.jsonl", "regions/north/images/db/description",
        ".views/alice/regions/north/images", ".views/alice/regions/north/images/db",
        ".views/alice/regions/north/images/db/disk", ".views/bob/regions/north/images",
        ".views/operator/regions/north/images",
};
static const char *const texts[] = {
        "sealed", "sealed\n", "1", "0\n", "web@alice", "db\n", "north/web@alice", "south/web", "+30d", "+0h", "never",
        "2026-12-31", "9999-12-31T23:59:60Z", "", "\n", "a text\n", "\xc3\xa4", "\xc3", "\xff", "x\n",
};
static const struct session_view views[] = {
        { .account = "alice" }, { .account = "bob" },    { .account = "carol" },
        { .account = "eve" },   { .account = "oscar" },  { .account = "alice", .read_only = true },
        { .account = NULL },    { .account = NULL, .read_only = true },
        { .account = "alice", .asof = "20" }, { .account = "eve", .asof = "30" }, { .account = NULL, .asof = "25" },
        { .account = "alice", .asof = "0" },
};
static const uint32_t uids[] = { 1000, 1001, 1002, 1003, 1004, 0, 65534, 4294967295U };
static const uint64_t offsets[] = { 0, 1, 5, 4095, 4096, 10000, 10005, 65536, INT32_MAX, UINT32_MAX, INT64_C(1) << 45,
                                    INT64_C(1) << 50, INT64_MAX - 1, INT64_MAX };

struct handle {
        uint64_t fh, node;
        uint32_t flags;
};

struct run {
        struct input input;
        struct session *session;
        uint64_t nodes[NODES];
        size_t node_count;
        struct handle handles[HANDLES];
        size_t handle_count;
        uint32_t uid;
};

/* --- choices --- */

static void remember(struct run *run, uint64_t node) {
        if (node != 0)
                run->nodes[run->node_count++ % NODES] = node;
}

static uint64_t choose_node(struct run *run) {
        uint8_t b = input_byte(&run->input);
        size_t known = run->node_count < NODES ? run->node_count : NODES;

        if (b >= 0xf8)
                return input_number(&run->input, 8); /* as open_by_handle_at might, where it is let through */
        if (b >= 0xf0 && known > 0) /* another kind, or viewer, of the same number */
                return run->nodes[(run->node_count - 1) % NODES] ^ input_number(&run->input, 2)
                                                                           << (b & 1 ? 56 : 36);
        if (b >= 0x80 || known == 0)
                return session_walk(run->session, run->uid, paths[b % ARRAY_SIZE(paths)]);
        return run->nodes[b % known];
}

/* As the kernel lets a name through: no slash, no NUL, neither empty nor a dot or two, at most 255 bytes. */
static void choose_name(struct run *run, char ret_name[static 256]) {
        uint8_t b = input_byte(&run->input);
        const char *bytes;
        size_t n = 0, size;

        if (b < 0xe0) {
                strcpy(ret_name, names[b % ARRAY_SIZE(names)]);
                return;
        }
        bytes = input_bytes(&run->input, 255, &size);
        for (size_t i = 0; i < size; i++)
                if (bytes[i] != '/' && bytes[i] != '\0')
                        ret_name[n++] = bytes[i];
        if (b == 0xff) /* long ones without so many bytes */
                for (; n < 255; n++)
                        ret_name[n] = 'x';
        ret_name[n] = '\0';
        if (n == 0 || strcmp(ret_name, ".") == 0 || strcmp(ret_name, "..") == 0)
                strcpy(ret_name, "...");
}

static uint64_t choose_offset(struct run *run) {
        uint8_t b = input_byte(&run->input);

        return b < 0xe0 ? offsets[b % ARRAY_SIZE(offsets)] : input_number(&run->input, 8) & INT64_MAX;
}

/* Of a range: the kernel lets none pass its end. Lengths between a megabyte and what fits nowhere would only fill it. */
static uint64_t choose_length(struct run *run, uint64_t offset) {
        uint64_t length = choose_offset(run);

        if (length > 1 << 20 && length < UINT64_C(1) << 45)
                length &= 0xfffff;
        return length <= INT64_MAX - offset ? length : INT64_MAX - offset;
}

static struct handle *choose_handle(struct run *run) {
        return run->handle_count ? &run->handles[input_byte(&run->input) % run->handle_count] : NULL;
}

static struct reply send(struct run *run, uint32_t opcode, uint64_t node, const void *body, size_t size) {
        return session_request(run->session, opcode, node, run->uid, body, size, NULL);
}

static struct reply send_name(struct run *run, uint32_t opcode, uint64_t node, const void *body, size_t size,
                              const char *name) {
        return session_request(run->session, opcode, node, run->uid, body, size, name, strlen(name) + 1, NULL);
}

static void check_attributes(const struct fuse_attr *attributes) {
        require((attributes->mode & S_IFMT) != 0);
        require((int64_t)attributes->size >= 0);
        require(attributes->mtimensec < 1000000000 && attributes->ctimensec < 1000000000);
}

static void take_attributes(struct reply reply) {
        struct fuse_attr_out out;

        if (reply.error)
                return;
        require(reply.size == sizeof(out));
        memcpy(&out, reply.data, sizeof(out));
        check_attributes(&out.attr);
}

static void take_entry(struct run *run, struct reply reply) {
        struct fuse_entry_out entry;

        if (reply.error)
                return;
        require(reply.size >= sizeof(entry));
        memcpy(&entry, reply.data, sizeof(entry));
        require(entry.nodeid == 0 || entry.nodeid == entry.attr.ino);
        if (entry.nodeid != 0)
                check_attributes(&entry.attr);
        remember(run, entry.nodeid);
}

static void take_handle(struct run *run, struct reply reply, size_t at, uint64_t node, uint32_t flags) {
        struct fuse_open_out opened;

        if (reply.error)
                return;
        require(reply.size >= at + sizeof(opened));
        memcpy(&opened, reply.data + at, sizeof(opened));
        require(run->handle_count < HANDLES);
        run->handles[run->handle_count++] = (struct handle){ opened.fh, node, flags };
}

/* --- operations --- */

static void do_lookup(struct run *run) {
        uint64_t node = choose_node(run);
        char name[256];

        choose_name(run, name);
        take_entry(run, send(run, FUSE_LOOKUP, node, name, strlen(name) + 1));
}

static void do_getattr(struct run *run) {
        struct fuse_getattr_in in = { 0 };
        struct handle *handle = choose_handle(run);
        uint64_t node = choose_node(run);

        if (handle && input_byte(&run->input) & 1) {
                in = (struct fuse_getattr_in){ .getattr_flags = FUSE_GETATTR_FH, .fh = handle->fh };
                node = handle->node;
        }
        take_attributes(send(run, FUSE_GETATTR, node, &in, sizeof(in)));
}

static void do_setattr(struct run *run) {
        uint8_t valid = input_byte(&run->input);
        struct handle *handle = choose_handle(run);
        struct fuse_setattr_in in = { .valid = valid, .size = choose_offset(run), .mode = 0777, .uid = 1, .gid = 1 };
        uint64_t node = choose_node(run);

        in.valid &= FATTR_MODE | FATTR_UID | FATTR_GID | FATTR_SIZE | FATTR_ATIME | FATTR_MTIME | FATTR_FH;
        in.mtime = input_number(&run->input, 1) & 1 ? choose_offset(run) : (uint64_t)-1;
        in.mtimensec = (uint32_t)input_number(&run->input, 4) % 1000000000;
        if (valid & 0x80)
                in.valid |= FATTR_MTIME_NOW | FATTR_MTIME;
        if (in.valid & FATTR_FH && (!handle || (in.valid & FATTR_SIZE && (handle->flags & O_ACCMODE) == O_RDONLY)))
                in.valid &= ~(uint32_t)FATTR_FH;
        if (in.valid & FATTR_FH) {
                in.fh = handle->fh;
                node = handle->node;
        }
        take_attributes(send(run, FUSE_SETATTR, node, &in, sizeof(in)));
}

static void do_mkdir(struct run *run) {
        struct fuse_mkdir_in in = { .mode = 0755 };
        uint64_t node = choose_node(run);
        char name[256];

        choose_name(run, name);
        take_entry(run, send_name(run, FUSE_MKDIR, node, &in, sizeof(in), name));
}

static void do_mknod(struct run *run) {
        struct fuse_mknod_in in = { .mode = S_IFIFO | 0600 };
        uint64_t node = choose_node(run);
        char name[256];

        choose_name(run, name);
        (void)send_name(run, FUSE_MKNOD, node, &in, sizeof(in), name);
}

static void do_remove(struct run *run) {
        uint32_t opcode = input_byte(&run->input) & 1 ? FUSE_UNLINK : FUSE_RMDIR;
        uint64_t node = choose_node(run);
        char name[256];

        choose_name(run, name);
        (void)send(run, opcode, node, name, strlen(name) + 1);
}

static void do_symlink(struct run *run) {
        bool right = input_byte(&run->input) & 1;
        uint64_t node = choose_node(run);
        char name[256], target[256];

        choose_name(run, name);
        choose_name(run, target);
        if (right) {
                strcpy(name, "shares");
                strcpy(target, ".meta/shares");
        }
        take_entry(run, send_name(run, FUSE_SYMLINK, node, name, strlen(name) + 1, target));
}

static void do_link(struct run *run) {
        struct fuse_link_in in = { .oldnodeid = choose_node(run) };
        uint64_t node = choose_node(run);
        char name[256];

        choose_name(run, name);
        take_entry(run, send_name(run, FUSE_LINK, node, &in, sizeof(in), name));
}

static void do_rename(struct run *run) {
        struct fuse_rename2_in in = { .newdir = choose_node(run) };
        uint64_t node = choose_node(run);
        char from[256], to[256];

        in.flags = input_byte(&run->input) & 7;
        choose_name(run, from);
        choose_name(run, to);
        (void)session_request(run->session, FUSE_RENAME2, node, run->uid, &in, sizeof(in), from, strlen(from) + 1, to,
                              strlen(to) + 1, NULL);
}

static uint32_t choose_flags(struct run *run) {
        static const uint32_t modes[] = { O_RDONLY, O_WRONLY, O_RDWR, O_RDWR };
        uint8_t b = input_byte(&run->input);

        return modes[b & 3] | (b & 4 ? O_TRUNC : 0) | (b & 8 ? O_APPEND : 0);
}

static void do_open(struct run *run) {
        uint64_t node = choose_node(run);
        struct fuse_open_in in = { .flags = choose_flags(run) };

        if (run->handle_count == HANDLES)
                return;
        take_handle(run, send(run, FUSE_OPEN, node, &in, sizeof(in)), 0, node, in.flags);
        (void)send(run, FUSE_OPENDIR, node, &in, sizeof(in));
        (void)send(run, FUSE_READLINK, node, NULL, 0);
}

static void do_create(struct run *run) {
        struct fuse_create_in in = { .flags = choose_flags(run) | O_CREAT, .mode = 0644 };
        uint64_t node = choose_node(run);
        struct fuse_entry_out entry;
        struct reply reply;
        char name[256];

        choose_name(run, name);
        if (run->handle_count == HANDLES)
                return;
        reply = send_name(run, FUSE_CREATE, node, &in, sizeof(in), name);
        if (reply.error)
                return;
        take_entry(run, reply);
        memcpy(&entry, reply.data, sizeof(entry));
        take_handle(run, reply, sizeof(entry), entry.nodeid, in.flags);
}

static void do_read(struct run *run) {
        struct handle *handle = choose_handle(run);
        struct fuse_read_in in = { .offset = choose_offset(run), .size = 1 << 16 };

        if (!handle || (handle->flags & O_ACCMODE) == O_WRONLY)
                return;
        in.fh = handle->fh;
        if (in.size > INT64_MAX - in.offset)
                in.size = (uint32_t)(INT64_MAX - in.offset);
        if (in.size > 0)
                (void)send(run, FUSE_READ, handle->node, &in, sizeof(in));
}

static void do_write(struct run *run) {
        struct handle *handle = choose_handle(run);
        struct fuse_write_in in = { .offset = choose_offset(run) };
        uint8_t b = input_byte(&run->input);
        const char *text = texts[b % ARRAY_SIZE(texts)];
        size_t size = strlen(text);

        if (b >= 0xc0)
                text = input_bytes(&run->input, 2000, &size);
        if (!handle || (handle->flags & O_ACCMODE) == O_RDONLY || size > INT64_MAX - in.offset)
                return;
        in.fh = handle->fh;
        in.size = (uint32_t)size;
        (void)session_request(run->session, FUSE_WRITE, handle->node, run->uid, &in, sizeof(in),
                              size ? text : "", size, NULL);
}

/* FLUSH comes with each close(2), RELEASE after the last one; a handle may have been flushed or not. */
static void close_handle(struct run *run, size_t i) {
        struct handle handle = run->handles[i];
        struct fuse_release_in in = { .fh = handle.fh, .flags = handle.flags };

        run->handles[i] = run->handles[--run->handle_count];
        (void)send(run, FUSE_RELEASE, handle.node, &in, sizeof(in));
}

static void do_close(struct run *run) {
        struct handle *handle = choose_handle(run);
        struct fuse_flush_in in = { 0 };
        uint8_t how = input_byte(&run->input);

        if (!handle)
                return;
        in.fh = handle->fh;
        if (how & 3)
                (void)send(run, FUSE_FLUSH, handle->node, &in, sizeof(in));
        if (how & 4)
                close_handle(run, (size_t)(handle - run->handles));
}

static void do_fsync(struct run *run) {
        struct handle *handle = choose_handle(run);
        struct fuse_fsync_in in = { .fsync_flags = input_byte(&run->input) & 1 };

        if (!handle)
                return;
        in.fh = handle->fh;
        (void)send(run, FUSE_FSYNC, handle->node, &in, sizeof(in));
}

static void do_fallocate(struct run *run) {
        static const uint32_t modes[] = { 0, FALLOC_FL_KEEP_SIZE, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE,
                                          FALLOC_FL_ZERO_RANGE, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE };
        struct handle *handle = choose_handle(run);
        struct fuse_fallocate_in in = { .mode = modes[input_byte(&run->input) % ARRAY_SIZE(modes)] };

        in.offset = choose_offset(run);
        in.length = choose_length(run, in.offset);
        if (!handle || (handle->flags & O_ACCMODE) == O_RDONLY || in.length == 0)
                return;
        in.fh = handle->fh;
        (void)send(run, FUSE_FALLOCATE, handle->node, &in, sizeof(in));
}

static void do_lseek(struct run *run) {
        struct handle *handle = choose_handle(run);
        struct fuse_lseek_in in = { .offset = choose_offset(run) };

        in.whence = input_byte(&run->input) & 1 ? SEEK_HOLE : SEEK_DATA;
        if (!handle)
                return;
        in.fh = handle->fh;
        (void)send(run, FUSE_LSEEK, handle->node, &in, sizeof(in));
}

static void do_copy(struct run *run) {
        struct handle *from = choose_handle(run), *to = choose_handle(run);
        struct fuse_copy_file_range_in in = { .off_in = choose_offset(run) };

        in.off_out = choose_offset(run);
        in.len = choose_offset(run);
        if (input_byte(&run->input) & 1) /* as cp asks */
                in.off_out = in.off_in = 0;
        if (!from || !to || (from->flags & O_ACCMODE) == O_WRONLY || (to->flags & O_ACCMODE) == O_RDONLY ||
            to->flags & O_APPEND)
                return;
        in.len = in.len <= INT64_MAX - in.off_in ? in.len : INT64_MAX - in.off_in;
        in.len = in.len <= INT64_MAX - in.off_out ? in.len : INT64_MAX - in.off_out;
        in.fh_in = from->fh;
        in.nodeid_out = to->node;
        in.fh_out = to->fh;
        (void)send(run, FUSE_COPY_FILE_RANGE, from->node, &in, sizeof(in));
}

static void do_readdir(struct run *run) {
        struct fuse_read_in in = { .offset = choose_offset(run) };
        uint32_t opcode = input_byte(&run->input) & 1 ? FUSE_READDIR : FUSE_READDIRPLUS;

        in.size = 1U << (input_byte(&run->input) % 17);
        (void)send(run, opcode, choose_node(run), &in, sizeof(in));
}

static void do_other(struct run *run) {
        static const uint32_t opcodes[] = { FUSE_STATFS, FUSE_READLINK, FUSE_FORGET, FUSE_GETXATTR, FUSE_SETXATTR,
                                            FUSE_LISTXATTR, FUSE_REMOVEXATTR, FUSE_ACCESS, FUSE_IOCTL, FUSE_POLL,
                                            FUSE_BMAP, FUSE_FSYNCDIR, FUSE_RELEASEDIR };
        uint32_t opcode = opcodes[input_byte(&run->input) % ARRAY_SIZE(opcodes)];
        static const char zeros[128] = "";

        (void)send(run, opcode, choose_node(run), zeros, sizeof(zeros));
}

static void do_tour(struct run *run) {
        int budget = 40;

        session_tour(run->session, run->uid, choose_node(run), 4, &budget);
}

static void do_caller(struct run *run) {
        run->uid = uids[input_byte(&run->input) % ARRAY_SIZE(uids)];
}

static void (*const operations[])(struct run *run) = {
        do_lookup, do_getattr, do_setattr, do_mkdir, do_mknod, do_remove, do_symlink, do_link, do_rename, do_open,
        do_create, do_read, do_write, do_close, do_fsync, do_fallocate, do_lseek, do_copy, do_readdir, do_other,
        do_tour, do_caller, do_open, do_write, do_create, do_mkdir, do_close,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct run *run = &(struct run){ .input = { data, size }, .uid = 1000 };
        const struct session_view *view = &views[input_byte(&run->input) % ARRAY_SIZE(views)];
        const char *dir = world_new();
        bool leave;

        run->session = session_begin(dir, view);
        require(run->session);
        for (int i = 0; i < STEPS && run->input.size > 0; i++)
                operations[input_byte(&run->input) % ARRAY_SIZE(operations)](run);
        leave = size & 1; /* a daemon that ends closes what is open itself */
        while (!leave && run->handle_count > 0)
                close_handle(run, run->handle_count - 1);
        session_end(run->session);
        if (size % 3 != 0) /* it takes longer than all the rest */
                world_check(dir);
        world_check_descriptors();
        return 0;
}

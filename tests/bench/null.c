/* SPDX-License-Identifier: MIT
 * bench-null: a FUSE server that answers at once, from memory, by one thread: the kernel's cost for any server.
 *   bench-null MOUNTPOINT -f [-o timeout=SECONDS]     how long the kernel may keep names, attributes and listings
 * Its root has a directory dN for every N up to a million, with the entries img0000000 to img<N-1>, and directories m0
 * to m63, in which acc00000 to acc65535 can be made and removed. Names are made up when they are looked up.
 */
#define FUSE_USE_VERSION 312

#include <errno.h>
#include <fuse_lowlevel.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIRS 64
#define DIR_SIZE 65536
#define LIST_MAX 1000000

enum kind { ROOT, LIST, ENTRY, DIRECTORY, MEMBER };
/* A node id is kind, directory (length of the list, or number of the directory) and entry + 1; the root's is 1. */
struct node {
        enum kind kind;
        uint64_t directory, entry;
};

static bool members[DIRS][DIR_SIZE]; /* used by one thread */

struct options {
        double timeout;
        struct fuse_cmdline_opts fuse;
};

static fuse_ino_t pack(struct node n) {
        return n.kind == ROOT ? FUSE_ROOT_ID : (fuse_ino_t)n.kind << 48 | n.directory << 24 | (n.entry + 1);
}

static struct node unpack(fuse_ino_t ino) {
        if (ino == FUSE_ROOT_ID)
                return (struct node){ .kind = ROOT };
        return (struct node){ (enum kind)(ino >> 48), ino >> 24 & 0xffffff, (ino & 0xffffff) - 1 };
}

/* Parses the number at the end of a name. */
static bool number_of(const char *name, const char *prefix, uint64_t limit, uint64_t *ret_number) {
        size_t n = strlen(prefix);
        char *end;

        if (strncmp(name, prefix, n) != 0 || name[n] < '0' || name[n] > '9')
                return false;
        *ret_number = strtoull(name + n, &end, 10);
        return !*end && *ret_number < limit;
}

static bool find(struct node parent, const char *name, struct node *ret_node) {
        struct node n = { .directory = parent.directory };

        switch (parent.kind) {
        case ROOT:
                n.kind = number_of(name, "d", LIST_MAX + 1, &n.directory) ? LIST : DIRECTORY;
                if (n.kind == DIRECTORY && !number_of(name, "m", DIRS, &n.directory))
                        return false;
                break;
        case LIST:
                n.kind = ENTRY;
                if (!number_of(name, "img", parent.directory, &n.entry))
                        return false;
                break;
        case DIRECTORY:
                n.kind = MEMBER;
                if (!number_of(name, "acc", DIR_SIZE, &n.entry) || !members[n.directory][n.entry])
                        return false;
                break;
        default:
                return false;
        }
        *ret_node = n;
        return true;
}

static struct stat attributes(fuse_ino_t ino) {
        return (struct stat){ .st_ino = ino, .st_mode = S_IFDIR | 0755, .st_nlink = 1, .st_uid = getuid(),
                              .st_gid = getgid() };
}

static struct fuse_entry_param entry_of(const struct options *o, fuse_ino_t ino) {
        return (struct fuse_entry_param){ .ino = ino, .attr = attributes(ino), .attr_timeout = o->timeout,
                                          .entry_timeout = o->timeout };
}

static void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name) {
        struct fuse_entry_param e;
        struct node n;

        if (!find(unpack(parent), name, &n)) {
                (void)fuse_reply_err(req, ENOENT);
                return;
        }
        e = entry_of(fuse_req_userdata(req), pack(n));
        (void)fuse_reply_entry(req, &e);
}

static void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi) {
        const struct options *o = fuse_req_userdata(req);
        struct stat st = attributes(ino);

        (void)fi;
        (void)fuse_reply_attr(req, &st, o->timeout);
}

static void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode) {
        struct node p = unpack(parent), n = { .kind = MEMBER, .directory = p.directory };
        struct fuse_entry_param e;

        (void)mode;
        if (p.kind != DIRECTORY || !number_of(name, "acc", DIR_SIZE, &n.entry)) {
                (void)fuse_reply_err(req, EPERM);
                return;
        }
        members[n.directory][n.entry] = true;
        e = entry_of(fuse_req_userdata(req), pack(n));
        (void)fuse_reply_entry(req, &e);
}

static void op_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name) {
        struct node n;

        if (!find(unpack(parent), name, &n) || n.kind != MEMBER) {
                (void)fuse_reply_err(req, ENOENT);
                return;
        }
        members[n.directory][n.entry] = false;
        (void)fuse_reply_err(req, 0);
}

static void op_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi) {
        const struct options *o = fuse_req_userdata(req);

        (void)ino;
        fi->cache_readdir = fi->keep_cache = o->timeout > 0;
        (void)fuse_reply_open(req, fi);
}

static void list(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, bool plus) {
        struct node parent = unpack(ino), n = { .kind = ENTRY, .directory = parent.directory };
        uint64_t count = parent.kind == LIST ? parent.directory : 0;
        char *buffer = malloc(size), name[32];
        size_t used = 0;

        if (!buffer) {
                (void)fuse_reply_err(req, ENOMEM);
                return;
        }
        for (n.entry = (uint64_t)offset; n.entry < count; n.entry++) {
                struct fuse_entry_param e = entry_of(fuse_req_userdata(req), pack(n));
                off_t next = (off_t)n.entry + 1;
                size_t length;

                (void)snprintf(name, sizeof(name), "img%07llu", (unsigned long long)n.entry); /* fits */
                length = plus ? fuse_add_direntry_plus(req, buffer + used, size - used, name, &e, next)
                              : fuse_add_direntry(req, buffer + used, size - used, name, &e.attr, next);
                if (length > size - used)
                        break;
                used += length;
        }
        (void)fuse_reply_buf(req, buffer, used);
        free(buffer);
}

static void op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *fi) {
        (void)fi;
        list(req, ino, size, offset, false);
}

static void op_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *fi) {
        (void)fi;
        list(req, ino, size, offset, true);
}

static const struct fuse_lowlevel_ops operations = {
        .lookup = op_lookup,
        .getattr = op_getattr,
        .mkdir = op_mkdir,
        .rmdir = op_rmdir,
        .opendir = op_opendir,
        .readdir = op_readdir,
        .readdirplus = op_readdirplus,
};

static int serve(struct fuse_args *args, struct options *options) {
        struct fuse_session *session = fuse_session_new(args, &operations, sizeof(operations), options);
        int r = 1;

        if (!session)
                return 1;
        if (fuse_set_signal_handlers(session) == 0 && fuse_session_mount(session, options->fuse.mountpoint) == 0) {
                r = fuse_daemonize(options->fuse.foreground);
                if (r == 0)
                        r = fuse_session_loop(session) < 0;
                fuse_session_unmount(session);
        }
        fuse_session_destroy(session);
        return r != 0;
}

int main(int argc, char **argv) {
        static const struct fuse_opt specification[] = { { "timeout=%lf", offsetof(struct options, timeout), 0 },
                                                         FUSE_OPT_END };
        struct fuse_args args = FUSE_ARGS_INIT(argc, argv);
        struct options options = { 0 };
        int r = 2;

        if (fuse_opt_parse(&args, &options, specification, NULL) == 0 &&
            fuse_parse_cmdline(&args, &options.fuse) == 0 && options.fuse.mountpoint)
                r = serve(&args, &options);
        else
                (void)fputs("usage: bench-null MOUNTPOINT -f [-o timeout=SECONDS]\n", stderr);
        free(options.fuse.mountpoint);
        fuse_opt_free_args(&args);
        return r;
}

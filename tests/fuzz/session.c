/* SPDX-License-Identifier: MIT
 * The mount's operations without a kernel: requests go into libfuse from memory, replies are caught. What a process can
 * bring about is hostile here: names, sizes, offsets, texts, their order, who asks, and any node id. What the kernel
 * itself vouches for is kept: whole requests, names without slash, handles that were opened for what is done with them.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "cleanup.h"
#include "fuzz.h"
#include "serve/serve.h"
#include "tree/tree.h"
#include "verbs/verbs.h"

#define REQUEST_SIZE (1 << 17)
#define REPLY_SIZE (1 << 21)

struct session {
        struct mount mount;
        uint64_t unique;
        int replies; /* to the request under way */
        struct reply reply;
        uint8_t request[REQUEST_SIZE], data[REPLY_SIZE];
};

#if FUSE_USE_VERSION >= FUSE_MAKE_VERSION(3, 17)
#define session_custom_io(session, io, fd) fuse_session_custom_io(session, io, sizeof(*(io)), fd)
#else
#define session_custom_io fuse_session_custom_io
#endif

static struct session *current; /* libfuse's writev gets no more than the session's own data */

/* --- libfuse's other end --- */

static ssize_t take_reply(int fd, struct iovec *iov, int count, void *userdata) {
        struct fuse_out_header header;
        size_t size = 0;

        (void)fd;
        (void)userdata;
        for (int i = 0; i < count; i++) {
                require(size + iov[i].iov_len <= REPLY_SIZE);
                memcpy(current->data + size, iov[i].iov_base, iov[i].iov_len);
                size += iov[i].iov_len;
        }
        require(size >= sizeof(header));
        memcpy(&header, current->data, sizeof(header));
        require(header.len == size);
        if (header.unique == 0)
                return (ssize_t)size; /* a notice to the kernel */
        require(header.unique == current->unique);
        require(header.error <= 0 && header.error > -1000); /* the kernel takes no other */
        require(header.error == 0 || size == sizeof(header));
        current->replies++;
        current->reply = (struct reply){ .error = -header.error, .size = size - sizeof(header),
                                         .data = current->data + sizeof(header) };
        return (ssize_t)size;
}

static ssize_t read_nothing(int fd, void *buffer, size_t size, void *userdata) {
        (void)fd;
        (void)buffer;
        (void)size;
        (void)userdata;
        return 0;
}

static bool answered(uint32_t opcode) {
        return opcode != FUSE_FORGET && opcode != FUSE_BATCH_FORGET;
}

struct reply session_request(struct session *s, uint32_t opcode, uint64_t node, uint32_t uid, ...) {
        struct fuse_in_header header = { .opcode = opcode, .unique = ++s->unique, .nodeid = node, .uid = uid,
                                         .gid = uid, .pid = 1 };
        struct fuse_buf buffer = { .mem = s->request };
        size_t size = sizeof(header);
        const void *part;
        va_list parts;

        va_start(parts, uid);
        while ((part = va_arg(parts, const void *))) {
                size_t n = va_arg(parts, size_t);

                require(size + n <= REQUEST_SIZE);
                memcpy(s->request + size, part, n);
                size += n;
        }
        va_end(parts);
        header.len = (uint32_t)size;
        memcpy(s->request, &header, sizeof(header));
        buffer.size = size;
        s->replies = 0;
        s->reply = (struct reply){ 0 };
        current = s;
        fuse_session_process_buf(s->mount.session, &buffer);
        require(s->replies == (answered(opcode) ? 1 : 0));
        return s->reply;
}

/* --- begin and end: as mount.c has it --- */

static int open_catalog(struct mount *mount, const char *dir, const struct session_view *view) {
        char why[WHY_SIZE];
        int r = service_open_asof(dir, view->asof, view->read_only ? SERVICE_READ_ONLY : 0, &mount->service, why);

        if (r < 0 || mount->multiuser)
                return r;
        r = service_caller(mount->service, view->account, 0, VIA_MOUNT, &mount->caller);
        return r < 0 ? r : viewer_add(mount, &mount->caller) ? 0 : -ENOMEM;
}

static int begin(struct session *s, const char *dir, const struct session_view *view) {
        static const struct fuse_custom_io io = { .writev = take_reply, .read = read_nothing };
        static const struct fuse_init_in init = { .major = 7, .minor = 36, .max_readahead = 1 << 17, .flags = ~0U };
        char *words[] = { (char[]){ "imgsharefs" }, NULL };
        struct fuse_args args = FUSE_ARGS_INIT(1, words);
        struct mount *mount = &s->mount;

        *mount = (struct mount){ .multiuser = !view->account, .uid = 1000, .gid = 1000, .started = 1, .kinds = kinds_all };
        (void)pthread_mutex_init(&mount->denials_lock, NULL); /* cannot fail with default attributes */
        (void)pthread_mutex_init(&mount->files_lock, NULL);
        (void)pthread_mutex_init(&mount->viewers_lock, NULL);
        if (open_catalog(mount, dir, view) < 0)
                return -1;
        mount->read_only = view->read_only || view->asof || mount->caller.role == ROLE_AUDITOR;
        mount->stats = stats_new();
        mount->session = fuse_session_new(&args, &counted_operations, sizeof(counted_operations), mount);
        fuse_opt_free_args(&args);
        require(mount->stats && mount->session);
        require(session_custom_io(mount->session, &io, open("/dev/null", O_RDWR | O_CLOEXEC)) == 0);
        require(session_request(s, FUSE_INIT, 0, 0, &init, sizeof(init), NULL).error == 0);
        return 0;
}

struct session *session_begin(const char *dir, const struct session_view *view) {
        struct session *s = malloc(sizeof(*s));

        require(s);
        s->unique = 0;
        if (begin(s, dir, view) == 0)
                return s;
        session_end(s);
        return NULL;
}

void session_end(struct session *s) {
        struct mount *mount = &s->mount;

        current = s;
        s->unique++; /* what is answered now was not asked */
        if (mount->session) {
                fuse_session_destroy(mount->session);
                files_close(mount);
        }
        denials_clear(mount);
        viewers_clear(mount);
        mount->stats = stats_free(mount->stats);
        mount->service = service_close(mount->service);
        free(s);
}

/* --- looking around --- */

static uint64_t look_up(struct session *s, uint32_t uid, uint64_t parent, const char *name) {
        struct reply reply = session_request(s, FUSE_LOOKUP, parent, uid, name, strlen(name) + 1, NULL);
        struct fuse_entry_out entry;

        if (reply.error)
                return 0;
        require(reply.size >= sizeof(entry));
        memcpy(&entry, reply.data, sizeof(entry));
        require(entry.nodeid == 0 || entry.nodeid == entry.attr.ino); /* 0: the name is missing, and that may be kept */
        return entry.nodeid;
}

uint64_t session_walk(struct session *s, uint32_t uid, const char *path) {
        uint64_t node = FUSE_ROOT_ID;
        char name[256];

        while (*path && node) {
                size_t n = strcspn(path, "/");

                require(n < sizeof(name));
                memcpy(name, path, n);
                name[n] = '\0';
                path += n;
                path += strspn(path, "/");
                node = look_up(s, uid, node, name);
        }
        return node;
}

/* A text is read as far as it says it is long, and no farther than that and what came meanwhile. */
static void read_text(struct session *s, uint32_t uid, uint64_t node) {
        struct fuse_open_in open_in = { .flags = O_RDONLY };
        struct fuse_open_out opened;
        struct fuse_release_in release = { .flags = O_RDONLY };
        struct reply reply = session_request(s, FUSE_OPEN, node, uid, &open_in, sizeof(open_in), NULL);

        if (reply.error)
                return;
        memcpy(&opened, reply.data, sizeof(opened));
        for (uint64_t at = 0; at < 1 << 20;) {
                struct fuse_read_in in = { .fh = opened.fh, .offset = at, .size = 1 << 16 };

                reply = session_request(s, FUSE_READ, node, uid, &in, sizeof(in), NULL);
                if (reply.error || reply.size == 0)
                        break;
                at += reply.size;
        }
        release.fh = opened.fh;
        (void)session_request(s, FUSE_RELEASE, node, uid, &release, sizeof(release), NULL);
}

struct found {
        uint64_t node;
        char name[256];
};

/* One listing, entries with their attributes. Offsets go on, or a reader would never come to an end. */
static int list(struct session *s, uint32_t uid, uint64_t node, uint64_t *offset, struct found *found, int most) {
        struct fuse_read_in in = { .offset = *offset, .size = 4096 };
        struct reply reply = session_request(s, FUSE_READDIRPLUS, node, uid, &in, sizeof(in), NULL);
        int n = 0;

        for (size_t at = 0; !reply.error && at < reply.size;) {
                const size_t head = sizeof(struct fuse_direntplus);
                struct fuse_direntplus entry;

                require(reply.size - at >= head);
                memcpy(&entry, reply.data + at, head);
                require(entry.dirent.namelen > 0 && entry.dirent.namelen < 256);
                require(reply.size - at >= head + entry.dirent.namelen);
                require(entry.dirent.off != *offset);
                *offset = entry.dirent.off;
                if (n < most && reply.data[at + head] != '.') {
                        found[n].node = entry.entry_out.nodeid;
                        memcpy(found[n].name, reply.data + at + head, entry.dirent.namelen);
                        found[n++].name[entry.dirent.namelen] = '\0';
                }
                at += FUSE_DIRENT_ALIGN(head + entry.dirent.namelen);
        }
        return reply.error || reply.size == 0 ? -1 : n;
}

void session_tour(struct session *s, uint32_t uid, uint64_t node, int depth, int *budget) {
        static const char *const unlisted[] = { ".meta", ".imgshare", ".views", ".expires", "shares", "id", "owner",
                                                "state", "size", "digest", "created", "source", "trust", "reviewed",
                                                "shares.tsv", "usage.tsv", "exposure.tsv", "history.jsonl", "bob" };
        struct fuse_getattr_in get = { 0 };
        struct fuse_attr_out attributes;
        struct found found[64];
        uint64_t offset = 0;
        int n;
        struct reply reply = session_request(s, FUSE_GETATTR, node, uid, &get, sizeof(get), NULL);

        (void)session_request(s, FUSE_STATFS, node, uid, NULL);
        if (reply.error || depth == 0 || --*budget < 0)
                return;
        memcpy(&attributes, reply.data, sizeof(attributes));
        if (S_ISLNK(attributes.attr.mode))
                (void)session_request(s, FUSE_READLINK, node, uid, NULL);
        if (S_ISREG(attributes.attr.mode))
                read_text(s, uid, node);
        if (!S_ISDIR(attributes.attr.mode))
                return;
        for (size_t i = 0; i < ARRAY_SIZE(unlisted); i++) {
                uint64_t child = look_up(s, uid, node, unlisted[i]);

                if (child && child != node && *budget > 0)
                        session_tour(s, uid, child, depth - 1, budget);
        }
        while (*budget > 0 && (n = list(s, uid, node, &offset, found, ARRAY_SIZE(found))) >= 0) {
                --*budget;
                for (int i = 0; i < n && *budget > 0; i++) {
                        uint64_t child = memchr(found[i].name, '/', strlen(found[i].name)) || strlen(found[i].name) == 0
                                                 ? 0
                                                 : look_up(s, uid, node, found[i].name);

                        if (child && child != node)
                                session_tour(s, uid, child, depth - 1, budget);
                }
        }
}

static void make(struct session *s, uint32_t uid, uint64_t node, const char *name) {
        struct fuse_mkdir_in in = { .mode = 0755 };

        (void)session_request(s, FUSE_MKDIR, node, uid, &in, sizeof(in), name, strlen(name) + 1, NULL);
}

static void write_text(struct session *s, uint32_t uid, uint64_t parent, const char *name, const char *text) {
        struct fuse_create_in create = { .flags = O_RDWR | O_CREAT, .mode = 0644 };
        struct fuse_write_in in = { .size = (uint32_t)strlen(text) };
        struct fuse_release_in release = { .flags = O_RDWR };
        struct fuse_flush_in flush = { 0 };
        struct fuse_entry_out entry;
        struct fuse_open_out opened;
        struct reply reply =
                session_request(s, FUSE_CREATE, parent, uid, &create, sizeof(create), name, strlen(name) + 1, NULL);

        if (reply.error)
                return;
        memcpy(&entry, reply.data, sizeof(entry));
        memcpy(&opened, reply.data + sizeof(entry), sizeof(opened));
        flush.fh = release.fh = in.fh = opened.fh;
        (void)session_request(s, FUSE_WRITE, entry.nodeid, uid, &in, sizeof(in), text, strlen(text), NULL);
        (void)session_request(s, FUSE_FLUSH, entry.nodeid, uid, &flush, sizeof(flush), NULL);
        (void)session_request(s, FUSE_RELEASE, entry.nodeid, uid, &release, sizeof(release), NULL);
}

void session_change(struct session *s, uint32_t uid, uint64_t node) {
        static const char *const gone[] = { "bob", "carol", "vm1", "web", "empty" };
        uint64_t child;

        make(s, uid, node, "new");
        make(s, uid, node, "carol");
        child = look_up(s, uid, node, "new");
        write_text(s, uid, child ? child : node, "disk", "bytes");
        write_text(s, uid, child ? child : node, "image", "web@alice");
        for (size_t i = 0; i < ARRAY_SIZE(gone); i++)
                (void)session_request(s, FUSE_RMDIR, node, uid, gone[i], strlen(gone[i]) + 1, NULL);
        (void)session_request(s, FUSE_UNLINK, node, uid, "disk", sizeof("disk"), NULL);
}

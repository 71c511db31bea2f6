/* SPDX-License-Identifier: MIT
 * Opening, making and closing disks and small texts.
 */
#include "verbs/verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "events.h"
#include "image.h"
#include "instance.h"
#include "kernel/kernel.h"
#include "serve/serve.h"
#include "tree/tree.h"

#define RELEASE_MS 1000 /* that an emptying RELEASE is waited for: a busy disk takes some hundred */

static void handle_close(struct call *call, const struct open_file *file) {
        if (file->disk)
                (void)disk_close(&call->request, file->disk); /* returns NULL, as events_close() */
        else if (file->events)
                (void)events_close(file->events);
        else if (file->exposure)
                exposure_text_close(file->exposure);
        else
                text_close(call, file->text);
}

static void file_close(struct call *call, struct open_file *file) {
        call->request.caller = file->caller;
        if (file->text)
                text_end(call, file->text); /* while it can be waited for */
        (void)pthread_mutex_lock(&call->mount->files_lock);
        passthrough_end(call, file);
        files_remove(call->mount, file);
        (void)pthread_mutex_unlock(&call->mount->files_lock);
        handle_close(call, file);
        free(file);
}

/* Allocates the open file before anything is opened, truncated or made, which could not be undone. */
static int file_reserve(struct fuse_file_info *fi) {
        fi->fh = (uintptr_t)calloc(1, sizeof(struct open_file));
        return fi->fh ? 0 : -ENOMEM;
}

/* Takes ownership of the handle. */
static int file_open(struct call *call, const struct open_file *opened, struct fuse_file_info *fi) {
        struct open_file *file = file_of(fi);

        *file = *opened;
        file->caller = call->request.caller;
        file->uid = call->uid;
        (void)pthread_mutex_lock(&call->mount->files_lock);
        files_insert(call->mount, file);
        if (file->disk) {
                passthrough_begin(call, file, fi);
                if (file->backing == 0 && (fi->flags & O_ACCMODE) == O_WRONLY)
                        fi->direct_io = 1; /* bypasses the page cache; a readable file may be mapped, so it cannot */
                stats_count(call->mount->stats, file->backing > 0 ? STATS_PASSTHROUGH_OPENS : STATS_DAEMON_OPENS);
        }
        (void)pthread_mutex_unlock(&call->mount->files_lock);
        return 0;
}

/* Whether a node is open; of a text also what its handle knows of size and mtime. */
static bool file_is_open(struct mount *mount, struct node node, struct stat *st) {
        const struct open_file *file;

        (void)pthread_mutex_lock(&mount->files_lock);
        file = files_find(mount, node);
        if (file && file->text)
                text_stat(file->text, st);
        (void)pthread_mutex_unlock(&mount->files_lock);
        return file;
}

int file_stat_removed(struct call *call, struct stat *st) {
        struct stat blob = { 0 };
        char text[TEXT_SIZE];
        int64_t mtime;
        size_t length;
        int r;

        if (!file_is_open(call->mount, call->node, st))
                return -ENOENT;
        if (is_disk(call)) {
                r = disk_stat_removed(&call->request, call->node.id, &blob);
                set_blob(st, &blob);
                return r;
        }
        if (call->node.kind != NODE_DESCRIPTION)
                return 0;
        r = description_read_removed(&call->request, call->node.id, text, &length, &mtime);
        if (r < 0)
                return r;
        st->st_size = (off_t)length;
        set_times_ns(st, mtime);
        return 0;
}

void files_close(struct mount *mount) {
        for (size_t i = 0; i < FILE_SLOTS; i++)
                while (mount->files[i]) {
                        struct call call = { .mount = mount, .node = mount->files[i]->node };

                        call.request.service = mount->service;
                        file_close(&call, mount->files[i]);
                }
}

static int open_instance_disk(struct call *call, struct fuse_file_info *fi) {
        struct disk_handle *handle;
        struct instance instance;
        int r = instance_get_disk(&call->request, call->node.id, &instance);

        if (r == 0)
                r = instance_disk_open(&call->request, instance.id, fi->flags, &handle);
        return r != 0 ? r : file_open(call, &(struct open_file){ .node = call->node, .disk = handle }, fi);
}

static int open_disk(struct call *call, struct fuse_file_info *fi) {
        struct disk_handle *handle;
        struct image image;
        int r;

        if (call->node.kind == NODE_INSTANCE_DISK)
                return open_instance_disk(call, fi);
        r = image_get_disk(&call->request, call->node.id, &image);
        if (r != 0)
                return r;
        call_image_set(call, &image);
        r = disk_open(&call->request, image.place, fi->flags, &handle);
        if (r != 0)
                return r;
        /* sealed bytes never change; but the page cache may be older than an earlier passthrough write */
        fi->keep_cache = cache_bytes(call, &image) && !call->mount->passthrough;
        return file_open(call, &(struct open_file){ .node = call->node, .disk = handle }, fi);
}

static int open_day(struct call *call, struct fuse_file_info *fi) {
        struct events_reader *reader;
        int r = day_open(call, fi->flags, &reader);

        if (r != 0)
                return r;
        fi->direct_io = 1; /* the day grows by itself */
        return file_open(call, &(struct open_file){ .node = call->node, .events = reader }, fi);
}

static int open_exposure(struct call *call, struct fuse_file_info *fi) {
        struct exposure_text *text;
        int r = exposure_text_open(call, fi->flags, &text);

        if (r != 0)
                return r;
        fi->direct_io = 1; /* read to its end, whatever its size was when that was asked for */
        return file_open(call, &(struct open_file){ .node = call->node, .exposure = text }, fi);
}

static bool text_is_being_emptied(struct mount *mount, struct node node) {
        const struct open_file *file;
        bool found = false;

        (void)pthread_mutex_lock(&mount->files_lock);
        for (file = *files_of(mount, node); file && !found; file = file->next)
                found = file->text && node_pack(file->node) == node_pack(node) && text_will_be_emptied(file->text);
        (void)pthread_mutex_unlock(&mount->files_lock);
        return found;
}

/* close(2) does not wait for RELEASE, and another thread may be quicker. Whoever keeps the file open is not waited
 * for. */
static void wait_until_emptied(struct call *call) {
        if (!text_is_being_emptied(call->mount, call->node))
                return;
        request_done(&call->request);
        for (int ms = 0; ms < RELEASE_MS && text_is_being_emptied(call->mount, call->node); ms++)
                (void)nanosleep(&(struct timespec){ .tv_nsec = MS_NS }, NULL); /* may be less */
}

static int open_text(struct call *call, struct fuse_file_info *fi) {
        struct text_handle *handle;
        int r;

        if ((fi->flags & O_ACCMODE) == O_RDONLY)
                wait_until_emptied(call);
        r = text_open(call, fi->flags, &handle);
        if (r != 0)
                return r;
        fi->direct_io = 1; /* the content changes by itself, and a refused write must not stay in a cache */
        return file_open(call, &(struct open_file){ .node = call->node, .text = handle }, fi);
}

void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi) {
        bool writes = (fi->flags & O_ACCMODE) != O_RDONLY || fi->flags & O_TRUNC;
        struct call call;
        int r = writes ? call_begin_change(req, ino, &call) : call_begin(req, ino, &call);

        call_about(&call, "open", NULL);
        fi->fh = 0;
        if (r == 0)
                r = file_reserve(fi);
        if (r == 0)
                r = is_disk(&call) ? open_disk(&call, fi) : is_day(&call) ? open_day(&call, fi)
                    : is_exposure(&call) ? open_exposure(&call, fi) : open_text(&call, fi);
        if (r != 0) {
                free(file_of(fi));
                call_end(&call, r);
        } else if (fuse_reply_open(req, fi) == -ENOENT) { /* interrupted: there will be no RELEASE */
                file_close(&call, file_of(fi));
        }
}

/* Makes a file in an image or instance: one of its parts, or none. */
static int create_part(struct call *call, const char *name, struct fuse_file_info *fi, struct node *ret_node) {
        struct disk_handle *handle;
        struct image image;
        int r;

        if (call->node.kind == NODE_IMAGE && strcmp(name, "disk") == 0) {
                r = disk_create(&call->request, call->node.id, fi->flags, &image, &handle);
                if (r == 0)
                        r = file_open(call,
                                      &(struct open_file){ .node = call_node(call, NODE_DISK, image.id),
                                                           .disk = handle },
                                      fi);
        } else if (call->node.kind == NODE_IMAGE && strcmp(name, "description") == 0) {
                r = description_create(&call->request, call->node.id, &image);
        } else if (call->node.kind == NODE_INSTANCE && strcmp(name, "image") == 0) {
                /* it appears once a name is written */
                *ret_node = call_node(call, NODE_INSTANCE_IMAGE, call->node.id);
                return 0;
        } else {
                /* editors and rsync probe names that an image cannot have: refused quietly (CONTRACT 4) */
                call->quiet = call->node.kind == NODE_IMAGE || call->node.kind == NODE_INSTANCE ||
                              name_check(NAME_IMAGE, name) < 0;
                return fixed_tree(&call->request, false, name, call->quiet);
        }
        if (r != 0)
                return r;
        call_image_set(call, &image);
        *ret_node = strcmp(name, "disk") == 0 ? call_node(call, NODE_DISK, image.id)
                                              : call_node(call, NODE_DESCRIPTION, image.description);
        return 0;
}

/* Opens a text just made. A description that cannot be opened is removed again. */
static int open_made(struct call *call, struct node node, struct fuse_file_info *fi) {
        int64_t place = call->node.id;
        int r;

        call->node = node;
        r = open_text(call, fi);
        if (r != 0 && node.kind == NODE_DESCRIPTION)
                (void)description_remove(&call->request, place); /* the first error is replied */
        return r;
}

void op_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, struct fuse_file_info *fi) {
        struct fuse_entry_param entry;
        struct node node;
        struct call call;
        int r = call_begin_change(req, parent, &call);

        (void)mode; /* modes carry no rule (CONTRACT 3) */
        call_about(&call, "make", name);
        fi->fh = 0;
        if (r == 0)
                r = file_reserve(fi);
        if (r == 0)
                r = create_part(&call, name, fi, &node);
        if (r == 0 && node.kind != NODE_DISK)
                r = open_made(&call, node, fi);
        if (r != 0) {
                free(file_of(fi));
                call_end(&call, r);
                return;
        }
        call.node = node;
        node_entry_made(&call, node, &entry);
        if (fuse_reply_create(req, &entry, fi) == -ENOENT) /* interrupted: there will be no RELEASE */
                file_close(&call, file_of(fi));
}

void op_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi) {
        struct call call;
        int fd = -1, r = call_begin_file(req, ino, fi, &call);

        call_about(&call, "close", NULL);
        if (r == 0 && is_disk(&call)) {
                r = disk_flush(&call.request, file_of(fi)->disk);
                fd = disk_write_back_begin(file_of(fi)->disk);
        } else if (r == 0 && file_of(fi)->text) {
                r = text_flush(file_of(fi)->text);
        }
        call_end(&call, r);
        disk_write_back(fd); /* takes a while, so only after the reply */
}

void op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi) {
        struct call call;
        int r = call_begin_file(req, ino, fi, &call);

        if (r == 0)
                file_close(&call, file_of(fi));
        call_end(&call, r);
}

void op_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi) {
        struct call call;
        int r = call_begin_file(req, ino, fi, &call);

        call_about(&call, "sync", NULL);
        (void)datasync; /* a text is durable once its write has returned */
        if (r == 0 && is_disk(&call))
                r = disk_sync(&call.request, file_of(fi)->disk);
        call_end(&call, r);
}

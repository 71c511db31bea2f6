/* SPDX-License-Identifier: MIT
 * An image's directory and its parts: description, shares, disk.
 */
#include "tree/tree.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "disk.h"
#include "image.h"
#include "kernel/kernel.h"

/* --- the directory --- */

/* The node of the part `shares`: a link in a writable view, the directory itself in a read-only one (CONTRACT 3). */
static int shares_node(struct call *call, struct node *ret_node) {
        const struct image *image = &call->image;

        if (call->read_only) {
                *ret_node = call_node(call, NODE_SHARES, image->place);
                return image->state == IMAGE_DRAFT ? -ENOENT : 0;
        }
        *ret_node = call_node(call, NODE_SHARES_LINK, image->shares_link);
        return image->shares_link == 0 ? -ENOENT : 0;
}

enum part { PART_DESCRIPTION, PART_SHARES, PART_DISK, PARTS };
static const char *const image_parts[PARTS] = { "description", "shares", "disk" };

static int image_part(struct call *call, enum part part, struct node *ret_node) {
        const struct image *image = &call->image;

        switch (part) {
        case PART_DESCRIPTION:
                *ret_node = call_node(call, NODE_DESCRIPTION, image->description);
                return image->description == 0 ? -ENOENT : 0;
        case PART_SHARES:
                return shares_node(call, ret_node);
        default:
                *ret_node = call_node(call, NODE_DISK, image->id);
                return image->has_disk ? 0 : -ENOENT;
        }
}

static int image_node_lookup(struct call *call, const char *name, struct node *ret_node) {
        int r = call_image(call, call->node.id);

        if (r == 0 && strcmp(name, ".meta") == 0) {
                *ret_node = call_node(call, NODE_META, call->node.id);
                return 0;
        }
        for (enum part part = 0; part < PARTS && r == 0; part++)
                if (strcmp(name, image_parts[part]) == 0)
                        return image_part(call, part, ret_node);
        return r < 0 ? r : -ENOENT;
}

static int image_node_list(struct call *call, uint64_t offset, struct lister *lister) {
        int r = call_image(call, call->node.id);

        for (enum part part = (enum part)offset; part < PARTS && r == 0; part++) {
                struct node node;

                if (image_part(call, part, &node) == 0)
                        r = lister_add(lister, image_parts[part], node, (uint64_t)part + 1);
        }
        return r;
}

int image_attributes(struct call *call, struct stat *st) {
        int r = call_image(call, call->node.id);

        if (r == 0) {
                set_times(st, call->image.place_created);
                call->returned = call->image.returned;
        }
        return r;
}

/* The owner may still make a missing link of a shared image, and recipients are not told of parts. */
static bool remember_image_listing(struct call *call, struct node node, const char *name) {
        return remember_others(call, node, name) && (call->read_only || call->image.shares_link != 0);
}

const struct kind kind_image = {
        .words = { .called = "the image" },
        .mode = S_IFDIR | 0755, .lookup = image_node_lookup, .list = image_node_list,
        .attributes = image_attributes,
        .quick = QUICK_ITSELF,
        .remember = { .attributes = remember_always, .entry = remember_always,
                      .missing = remember_no_part, .listing = remember_image_listing },
};

/* `web@me` -> `web`, unlisted, so that a path below `<img>@<owner>` is right for everyone (CONTRACT 3.1). */
static int alias_text(struct call *call, FILE *to) {
        int r = call_image(call, call->node.id);

        if (r == 0)
                (void)fputs(call->image.name, to); /* node_text checks the stream */
        return r;
}

const struct kind kind_alias = { /* its name is not remembered: renaming the image renames it, too */
        .mode = S_IFLNK | 0777, .text = alias_text, .attributes = image_attributes,
        .quick = QUICK_ITSELF,
};

/* --- the parts --- */

static int description_attributes(struct call *call, struct stat *st) {
        char text[TEXT_SIZE];
        struct image image;
        int64_t mtime;
        size_t length;
        int r = description_read(&call->request, call->node.id, text, &length, &mtime, &image);

        if (r < 0)
                return r;
        call_image_set(call, &image);
        st->st_size = (off_t)length;
        set_times_ns(st, mtime);
        return 0;
}

const struct kind kind_description = {
        .words = { "the description", "a description", "at most 256 characters of text in UTF-8" },
        .mode = S_IFREG | 0644, .attributes = description_attributes,
        .quick = QUICK_ALL,
        .remember = { .attributes = remember_always, .entry = remember_always },
};

static int shares_link_attributes(struct call *call, struct stat *st) {
        struct image image;
        int r = shares_link_get(&call->request, call->node.id, &image);

        if (r < 0)
                return r;
        call_image_set(call, &image);
        set_times(st, image.place_created);
        return 0;
}

static int shares_link_text(struct call *call, FILE *to) {
        (void)call;
        (void)fputs(".meta/shares", to); /* node_text checks the stream */
        return 0;
}

const struct kind kind_shares_link = {
        .mode = S_IFLNK | 0777, .attributes = shares_link_attributes, .text = shares_link_text,
        .quick = QUICK_ALL,
        .remember = { .attributes = remember_always, .entry = remember_always },
};

static int disk_attributes(struct call *call, struct stat *st) {
        struct image image;
        struct stat blob;
        int r = image_get_disk(&call->request, call->node.id, &image);

        if (r < 0)
                return r;
        call_image_set(call, &image);
        r = disk_stat(&call->request, &image, &blob);
        if (r < 0)
                return r;
        set_blob(st, &blob);
        return 0;
}

static bool remember_sealed(struct call *call, struct node node, const char *name) {
        (void)node;
        (void)name;
        return call->loaded && call->image.state == IMAGE_SEALED;
}

const struct kind kind_disk = {
        .words = { .called = "the disk" },
        .mode = S_IFREG | 0644, .attributes = disk_attributes,
        .remember = { .attributes = remember_sealed, .entry = remember_always },
};

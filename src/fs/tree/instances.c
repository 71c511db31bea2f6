/* SPDX-License-Identifier: MIT
 * The directory `instances` of a region, and an instance's files: `image`, by which it is launched, and its disk.
 */
#include "tree/tree.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "instance.h"
#include "kernel/kernel.h"

static int instances_lookup(struct call *call, const char *name, struct node *ret_node) {
        struct instance instance;
        int r = instance_lookup(&call->request, call->node.id, name, &instance);

        if (r == 0 && strchr(name, '@') && instance.owner == call->request.caller.account)
                r = -ENOENT; /* an own instance has its plain name only */
        if (r == 0)
                *ret_node = call_node(call, NODE_INSTANCE, instance.id);
        return r;
}

struct instances_listing {
        struct call *call;
        struct lister *lister;
};

static int list_instance(const struct image_entry *entry, void *context) {
        const struct instances_listing *l = context;
        bool own = strcmp(entry->owner_name, l->call->request.caller.name) == 0;
        char name[2 * NAME_SIZE];

        (void)snprintf(name, sizeof(name), own ? "%s" : "%s@%s", entry->name, entry->owner_name); /* fits */
        return lister_add(l->lister, name, call_node(l->call, NODE_INSTANCE, entry->place), (uint64_t)entry->cursor);
}

static int instances_list(struct call *call, uint64_t offset, struct lister *lister) {
        return instance_list(&call->request, call->node.id, (int64_t)offset, list_instance,
                             &(struct instances_listing){ .call = call, .lister = lister });
}

const struct kind kind_instances = {
        .words = { "instances", "an instance's name", FORM_NAME "64" },
        .mode = S_IFDIR | 0755, .lookup = instances_lookup, .list = instances_list,
        .attributes = region_attributes,
        .quick = QUICK_ALL,
        .remember = { .attributes = remember_always, .entry = remember_always,
                      .missing = remember_always, .listing = remember_always },
};

/* --- one instance --- */

enum part { PART_IMAGE, PART_DISK, PARTS };
static const char *const instance_parts[PARTS] = { "image", "disk" };

static int instance_part(struct call *call, const struct instance *instance, enum part part, struct node *ret_node) {
        if (part == PART_IMAGE) {
                *ret_node = call_node(call, NODE_INSTANCE_IMAGE, instance->id);
                return instance->has_image ? 0 : -ENOENT;
        }
        *ret_node = call_node(call, NODE_INSTANCE_DISK, instance->launch);
        return instance->has_disk ? 0 : -ENOENT;
}

static int instance_node_lookup(struct call *call, const char *name, struct node *ret_node) {
        struct instance instance;
        int r = instance_get(&call->request, call->node.id, &instance);

        for (enum part part = 0; part < PARTS && r == 0; part++)
                if (strcmp(name, instance_parts[part]) == 0)
                        return instance_part(call, &instance, part, ret_node);
        return r < 0 ? r : -ENOENT;
}

static int instance_node_list(struct call *call, uint64_t offset, struct lister *lister) {
        struct instance instance;
        int r = instance_get(&call->request, call->node.id, &instance);

        for (enum part part = (enum part)offset; part < PARTS && r == 0; part++) {
                struct node node;

                if (instance_part(call, &instance, part, &node) == 0)
                        r = lister_add(lister, instance_parts[part], node, (uint64_t)part + 1);
        }
        return r;
}

static int instance_attributes(struct call *call, struct stat *st) {
        struct instance instance;
        int r = instance_get(&call->request, call->node.id, &instance);

        if (r == 0) {
                set_times(st, instance.created);
                call->returned = instance.returned;
        }
        return r;
}

const struct kind kind_instance = {
        .words = { .called = "the instance" },
        .mode = S_IFDIR | 0755, .lookup = instance_node_lookup, .list = instance_node_list,
        .attributes = instance_attributes,
        .quick = QUICK_ITSELF,
        .remember = { .attributes = remember_always, .entry = remember_always, .missing = remember_no_part },
};

/* Empty between its creation and the first write. */
static int instance_image_text(struct call *call, FILE *to) {
        struct instance instance;
        int r = instance_get(&call->request, call->node.id, &instance);

        if (r == 0 && instance.has_image)
                (void)fprintf(to, "%s\n", instance.image_name); /* node_text checks the stream */
        return r;
}

const struct kind kind_instance_image = { /* a launch makes or replaces it and the disk: nothing is remembered */
        .words = { "an instance's image", "an image's name", "IMG, IMG@OWNER or REGION/IMG@OWNER" },
        .mode = S_IFREG | 0644, .attributes = instance_attributes, .text = instance_image_text
};

static int instance_disk_attributes(struct call *call, struct stat *st) {
        struct instance instance;
        struct stat blob;
        int r = instance_get_disk(&call->request, call->node.id, &instance);

        if (r == 0)
                r = instance_disk_stat(&call->request, &instance, &blob);
        if (r == 0)
                set_blob(st, &blob);
        return r;
}

const struct kind kind_instance_disk = {
        .words = { .called = "an instance's disk" },
        .mode = S_IFREG | 0644, .attributes = instance_disk_attributes
};

/* SPDX-License-Identifier: MIT
 * The table of open files. A request on an open file acts as the account that opened it.
 */
#include "request/request.h"

#include <sys/stat.h>

#include "tree/kind.h"

struct open_file **files_of(struct mount *mount, struct node node) {
        uint64_t hash = node_pack(node) * UINT64_C(0x9e3779b97f4a7c15);

        return &mount->files[hash >> 32 & (FILE_SLOTS - 1)];
}

void files_insert(struct mount *mount, struct open_file *file) {
        struct open_file **first = files_of(mount, file->node);

        file->next = *first;
        if (file->next)
                file->next->previous = file;
        *first = file;
}

void files_remove(struct mount *mount, struct open_file *file) {
        if (file->next)
                file->next->previous = file->previous;
        if (file->previous)
                file->previous->next = file->next;
        else
                *files_of(mount, file->node) = file->next;
}

void file_adopt(struct call *call, const struct open_file *file) {
        uid_t uid = call->request.caller.uid;

        call->request.caller = file->caller;
        call->request.caller.uid = uid; /* the uid that asks now: for the log, and to read the denial */
        call->uid = file->uid;
}

const struct open_file *files_find(struct mount *mount, struct node node) {
        const struct open_file *file = *files_of(mount, node);

        while (file && (file->node.kind != node.kind || file->node.viewer != node.viewer || file->node.id != node.id))
                file = file->next;
        return file;
}

bool file_adopt_any(struct call *call) {
        const struct open_file *file;

        if (!S_ISREG(kind_of(call->mount, call->node.kind)->mode) || view_none(call->mount, call->node.kind))
                return false; /* a node in no view reads differently for each caller */
        (void)pthread_mutex_lock(&call->mount->files_lock);
        file = files_find(call->mount, call->node);
        if (file)
                file_adopt(call, file);
        (void)pthread_mutex_unlock(&call->mount->files_lock);
        return file;
}

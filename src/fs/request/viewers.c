/* SPDX-License-Identifier: MIT
 * The accounts whose views this mount serves: all that have made a request, each with the role that the feed's thread
 * read last. None is removed before the mount ends, so reading takes no lock.
 */
#include "request/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct viewer *viewer_find(struct mount *mount, int64_t account) {
        struct viewer *v = mount->viewers[account % VIEWER_SLOTS];

        while (v && v->account != account)
                v = v->next;
        return v;
}

struct viewer *viewer_add(struct mount *mount, const struct caller *caller) {
        struct viewer *v = viewer_find(mount, caller->account);

        if (v)
                return v;
        (void)pthread_mutex_lock(&mount->viewers_lock);
        v = viewer_find(mount, caller->account);
        if (!v && (v = calloc(1, sizeof(*v)))) {
                v->account = caller->account;
                strcpy(v->name, caller->name);
                v->role = (int)caller->role;
                v->next = mount->viewers[caller->account % VIEWER_SLOTS];
                mount->viewers[caller->account % VIEWER_SLOTS] = v;
        }
        (void)pthread_mutex_unlock(&mount->viewers_lock);
        return v;
}

void viewers_each(struct mount *mount, void (*each)(struct mount *mount, struct viewer *viewer, void *context),
                  void *context) {
        for (int i = 0; i < VIEWER_SLOTS; i++)
                for (struct viewer *v = mount->viewers[i]; v; v = v->next)
                        each(mount, v, context);
}

void viewers_clear(struct mount *mount) {
        for (int i = 0; i < VIEWER_SLOTS; i++)
                while (mount->viewers[i]) {
                        struct viewer *v = mount->viewers[i];

                        mount->viewers[i] = v->next;
                        free(v);
                }
}

int viewer_enter(struct call *call) {
        struct viewer *v = viewer_add(call->mount, &call->request.caller);
        int role, r;

        if (!v)
                return -ENOMEM;
        if (!call->mount->feed) { /* no thread reads changes of the role */
                r = service_caller_refresh(call->mount->service, &call->request.caller);
                if (r < 0 && r != -ENOENT)
                        return r;
                v->role = r < 0 ? VIEWER_GONE : (int)call->request.caller.role;
        }
        role = v->role;
        if (role == VIEWER_GONE)
                return -EACCES; /* the account was removed */
        call->request.caller.role = (enum role)role;
        call->read_only = call->read_only || role == ROLE_AUDITOR;
        return 0;
}

/* SPDX-License-Identifier: MIT
 * Remembers which events this process wrote itself, and tells the feed after each commit.
 */
#include "write/write.h"

void own_events(struct catalog *catalog, int64_t first, int64_t last, bool own) {
        if (first == 0)
                return;
        (void)pthread_mutex_lock(&catalog->lock);
        for (int64_t id = first; id <= last; id++)
                catalog->own[id % OWN_EVENTS] = own ? id : 0;
        (void)pthread_mutex_unlock(&catalog->lock);
}

bool own_event(struct catalog *catalog, int64_t id) {
        bool own;

        (void)pthread_mutex_lock(&catalog->lock);
        own = catalog->own[id % OWN_EVENTS] == id;
        (void)pthread_mutex_unlock(&catalog->lock);
        return own;
}

void own_committed(struct catalog *catalog) {
        (void)pthread_mutex_lock(&catalog->lock);
        if (catalog->committed)
                catalog->committed(catalog->committed_context);
        (void)pthread_mutex_unlock(&catalog->lock);
}

void own_watch(struct catalog *catalog, void (*committed)(void *context), void *context) {
        (void)pthread_mutex_lock(&catalog->lock);
        catalog->committed = committed;
        catalog->committed_context = context;
        (void)pthread_mutex_unlock(&catalog->lock);
}

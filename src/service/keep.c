/* SPDX-License-Identifier: MIT
 * Removing a disk: whether its bytes are kept, which the event says.
 */
#include "keep.h"

int keep_look(const struct blob_store *store, int64_t id, struct keeping *ret_keeping) {
        struct stat st;
        int r = blob_stat(store, id, &st);

        *ret_keeping = (struct keeping){ .possible = r == 0 };
        if (r == 0)
                ret_keeping->bytes = st.st_nlink > 1 ? 0 : (int64_t)st.st_blocks * 512;
        return r == -ENOENT ? 0 : r;
}

int keep_in(struct catalog_connection *c, struct keeping *keeping, struct event *event) {
        size_t n = 0;
        int64_t seconds;
        int r = catalog_setting_get(c, LIMIT_KEEP, LIMIT_KEEP_DEFAULT, &seconds);

        keeping->kept = r == 0 && keeping->possible && seconds > 0;
        if (!keeping->kept)
                return r;
        while (event->detail[n].key)
                n++;
        event->detail[n] = (struct event_detail){ .key = "kept", .number = keeping->bytes };
        return 0;
}

void keep_done(struct service *service, const struct blob_store *store, int64_t id, const struct keeping *keeping) {
        if (!keeping->kept)
                (void)service_blob_remove(service, store, id); /* else swept at the next mount */
}

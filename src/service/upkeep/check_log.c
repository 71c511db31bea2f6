/* SPDX-License-Identifier: MIT
 * The catalog against its log: checks the caller, and adds the repair to each finding.
 */
#include "check.h"

#include "state.h"
#include "upkeep/wing.h"

_Static_assert(CHECK_HASH_SIZE == EVENT_HASH_SIZE, "one hash");

struct checking {
        int (*each)(const struct finding *finding, void *context);
        void *context;
        bool backup;
};

static int log_discrepancy(const struct discrepancy *d, void *context) {
        const struct checking *k = context;

        return k->each(&(struct finding){ .what = d->what, .object = d->object, .problem = d->problem,
                                          .repair = k->backup ? "it is a backup: make a new one" : check_remedy(d->lasting) },
                       k->context);
}

int check_log(struct request *request, const uint8_t *kept, int (*each)(const struct finding *finding, void *context),
              void *context, int64_t *ret_event, uint8_t ret_hash[static CHECK_HASH_SIZE]) {
        struct checking k = { .each = each, .context = context, .backup = request->service->backup_fd >= 0 };
        struct log_head head;
        int r;

        if (request->caller.role == ROLE_ACCOUNT)
                return -EACCES;
        r = catalog_verify(request->service->catalog, kept, log_discrepancy, &k, &head);
        if (r < 0)
                return r;
        *ret_event = head.event;
        memcpy(ret_hash, head.hash, CHECK_HASH_SIZE);
        return r;
}

/* SPDX-License-Identifier: MIT
 * A session: an open catalog and a caller. Every verb that needs one opens and closes it itself.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"
#include "undelete.h"

enum status session_open(const struct call *call, enum service_flags flags, struct session *ret_session) {
        static const struct meaning meanings[] = { { ENOENT, "no such account" }, { 0 } };
        static const struct meaning built_in[] = { { ENOENT, "the catalog is damaged; imgshare check --repair mends it if its"
                                                             " log is whole" }, { 0 } };
        struct session session = { 0 };
        char why[WHY_SIZE] = "";
        int r;

        r = service_open_asof(call->dir, call->option[OPTION_ASOF], flags | SERVICE_RESERVE, &session.service, why);
        if (r < 0)
                return error_failed("cannot open '%s': %s", call->dir, why[0] ? why : error_text(r, NULL));
        session.request.service = session.service;
        r = service_caller(session.service, call->as, getuid(), VIA_CLI, &session.request.caller);
        if (r < 0) {
                session_close(&session);
                return error_result(NULL, r, strcmp(call->as, "operator") == 0 ? built_in : meanings,
                                    "account", call->as);
        }
        *ret_session = session;
        return STATUS_DONE;
}

void say_kept(struct request *request, const char *region, const char *account) {
        struct kept_sum sum;

        if (request->caller.role == ROLE_OPERATOR && kept_sum(request, region, account, &sum) == 0 && sum.count > 0)
                (void)fprintf(stderr, "imgshare: %s '%s': with it goes what is kept of %lld deleted disks, %lld bytes\n",
                              region ? "region" : "account", region ?: account, (long long)sum.count, (long long)sum.bytes);
}

void session_close(struct session *session) {
        session->service = service_close(session->service);
}

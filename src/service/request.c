/* SPDX-License-Identifier: MIT
 * A request's caller, and the connection for its lookups.
 */
#include "request.h"

int service_caller(struct service *service, const char *name, uid_t uid, enum via via, struct caller *ret_caller) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        struct account account;
        int r = catalog_read_today(service->catalog, &c);

        if (r == 0)
                r = catalog_account_find(c, name, &account);
        if (r < 0)
                return r;
        *ret_caller = (struct caller){ .account = account.id, .role = account.role, .uid = uid, .via = via };
        strcpy(ret_caller->name, account.name);
        return 0;
}

#define OPERATOR 1 /* the built-in account's id */

int request_identify(struct request *request, uid_t *ret_owner) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        struct caller *caller = &request->caller;
        struct account account;
        int r = request->service->past ? catalog_read_today(request->service->catalog, &c) : request_read(request, &c);

        if (r == 0)
                r = catalog_account_of_uid(c, caller->uid, &account);
        if (r == -ENOENT && (caller->uid == 0 || caller->uid == geteuid()))
                r = catalog_account_get(c, OPERATOR, &account);
        if (r < 0)
                return r;
        caller->account = account.id;
        caller->role = account.role;
        strcpy(caller->name, account.name);
        *ret_owner = account.uid >= 0 ? (uid_t)account.uid : geteuid();
        return 0;
}

void request_look(struct request *request) {
        request->looking = true;
}

int request_write(struct request *request, catalog_run run, void *context) {
        return catalog_write_for(request->service->catalog, request->caller.account, run, context);
}

void request_done(struct request *request) {
        request->looking = false;
        catalog_read_end(&request->reader);
}

int request_read(struct request *request, struct catalog_connection **ret_connection) {
        int r;

        if (!request->looking)
                return catalog_read(request->service->catalog, ret_connection);
        if (!request->reader) {
                r = catalog_read(request->service->catalog, &request->reader);
                if (r < 0)
                        return r;
                catalog_read_together(request->reader);
        }
        *ret_connection = catalog_read_again(request->reader);
        return 0;
}

struct caller service_itself(void) {
        return (struct caller){
                .account = 1, .name = "operator", .role = ROLE_OPERATOR, .uid = geteuid(), .via = VIA_MOUNT
        };
}

int service_caller_refresh(struct service *service, struct caller *caller) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        struct account account;
        int r = catalog_read_today(service->catalog, &c);

        if (r == 0)
                r = catalog_account_get(c, caller->account, &account);
        if (r == 0)
                caller->role = account.role;
        return r;
}

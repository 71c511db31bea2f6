/* SPDX-License-Identifier: MIT
 * Opening and closing a catalog's directory, and who a caller is.
 */
#include <stdarg.h>
#include <sys/stat.h>

#include "directory.h"
#include "disk/stores.h"
#include "feed.h"
#include "log/wing.h"
#include "request.h"
#include "upkeep/wing.h"

void explain(char why[static WHY_SIZE], const char *format, ...) {
        va_list arguments;

        va_start(arguments, format);
        (void)vsnprintf(why, WHY_SIZE, format, arguments); /* a long one is cut */
        va_end(arguments);
}

/* SPEC 2.1: who can enter DIR can read every disk. */
int service_check_directory(const char *dir, char why[static WHY_SIZE]) {
        struct stat st;
        int r = 0;

        if (stat(dir, &st) < 0)
                r = -errno;
        else if (!S_ISDIR(st.st_mode))
                r = -ENOTDIR;
        if (r < 0) {
                explain(why, "%s", strerror(-r));
                return r;
        }
        if (st.st_mode & 077) {
                explain(why, "others can enter it (mode %04o): whoever can read it reads every disk; chmod 0700 it",
                        (unsigned)st.st_mode & 07777);
                return -EPERM;
        }
        if (access(dir, R_OK | W_OK | X_OK) < 0) {
                r = -errno;
                explain(why, "it cannot be written: %s", strerror(-r));
                return r;
        }
        return 0;
}

void service_explain(int r, char why[static WHY_SIZE]) {
        switch (r) {
        case -ENOENT:
                explain(why, "there is no catalog in it; imgshare init makes one");
                break;
        case -EMEDIUMTYPE:
                explain(why, "its catalog.db is no catalog of imgsharefs");
                break;
        case -EPROTOTYPE:
                explain(why, "its catalog is of an earlier format; imgshare upgrade makes it one of this version");
                break;
        case -EPROTONOSUPPORT:
                explain(why, "its catalog was made by a newer version; this one is " IMGSHARE_VERSION);
                break;
        default:
                explain(why, "its catalog cannot be opened: %s", strerror(-r));
        }
}

static int nothing(struct catalog_connection *c, void *context) {
        (void)c;
        (void)context;
        return 0;
}

struct service *service_close(struct service *service) {
        bool ended;

        if (!service)
                return NULL;
        background_stop(service);
        ended = background_join(&service->has_thread, service->thread);
        ended = background_join(&service->has_sweeper, service->sweeper) && ended;
        if (service->catalog && service->denials)
                denials_flush(service, true);
        if (!ended) {
                if (service->catalog)
                        (void)catalog_write(service->catalog, nothing, NULL); /* behind the refusals: they are written */
                return NULL; /* what the threads use stays for them, until the process ends */
        }
        service->catalog = catalog_close(service->catalog);
        service->denials = denials_free(service->denials);
        service_stores_close(service);
        free(service->dir);
        free(service);
        return NULL;
}

/* A number is an event's, anything else a time: its end, if that is a day. */
static int parse_asof(struct service *service, const char *text, struct catalog_moment *ret_moment) {
        size_t digits = strspn(text, "0123456789");

        if (digits > 0 && text[digits] == '\0') {
                if (digits > 15) /* more than there can ever be */
                        return -ERANGE;
                *ret_moment = (struct catalog_moment){ .event = strtoll(text, NULL, 10) };
                (void)snprintf(service->asof, sizeof(service->asof), "%lld", (long long)ret_moment->event); /* fits */
                return 0;
        }
        ret_moment->event = -1;
        if (text[0] == '+' || timestamp_parse(text, 0, &ret_moment->time) < 0)
                return -EINVAL;
        (void)timestamp_format(ret_moment->time, service->asof); /* returns the text */
        return 0;
}

static int open_asof(struct service *service, const char *path, const char *asof, char why[static WHY_SIZE]) {
        struct catalog_moment moment;
        int r = parse_asof(service, asof, &moment);

        service->past = true;
        if (r == 0)
                r = catalog_open_asof(path, &moment, &service->catalog);
        if (r == -EINVAL)
                explain(why, "asof=%s is neither an RFC 3339 time nor the number of an event", asof);
        else if (r == -ERANGE)
                explain(why, "asof=%s has not come yet", asof);
        else if (r < 0)
                service_explain(r, why);
        return r;
}

static int open_now(struct service *service, const char *path, char why[static WHY_SIZE]) {
        enum catalog_flags flags = (service->flags & SERVICE_READ_ONLY ? CATALOG_READ_ONLY : 0) |
                                   (service->flags & SERVICE_NOT_DURABLE ? CATALOG_NOT_DURABLE : 0);
        int r = catalog_open(path, flags, &service->catalog);

        strcpy(service->asof, "now");
        if (r < 0)
                service_explain(r, why);
        return r;
}

int service_open(const char *dir, enum service_flags flags, struct service **ret_service,
                 char ret_why[static WHY_SIZE]) {
        return service_open_asof(dir, NULL, flags, ret_service, ret_why);
}

int service_open_asof(const char *dir, const char *asof, enum service_flags flags, struct service **ret_service,
                      char ret_why[static WHY_SIZE]) {
        _cleanup_service_ struct service *service = NULL;
        _cleanup_free_ char *path = NULL;
        int r = service_check_directory(dir, ret_why);

        if (r < 0)
                return r;
        explain(ret_why, "%s", strerror(ENOMEM));
        service = calloc(1, sizeof(*service));
        if (!service)
                return -ENOMEM;
        service->flags = flags | (asof ? SERVICE_READ_ONLY : 0);
        (void)pthread_mutex_init(&service->stores_lock, NULL); /* cannot fail with default attributes */
        (void)pthread_mutex_init(&service->disks_lock, NULL);
        (void)pthread_mutex_init(&service->digest_lock, NULL);
        (void)pthread_cond_init(&service->digest_work, NULL);
        service->dir = realpath(dir, NULL);
        if (!service->dir || asprintf(&path, "%s/catalog.db", service->dir) < 0 ||
            denials_new(&service->denials) < 0)
                return -ENOMEM;
        r = asof ? open_asof(service, path, asof, ret_why) : open_now(service, path, ret_why);
        if (r < 0)
                return r;
        if (flags & SERVICE_BACKGROUND && service_writable(service) == 0) {
                r = digest_start(service);
                if (r == 0)
                        r = sweep_start(service);
                if (r < 0) {
                        explain(ret_why, "%s", strerror(-r));
                        return r;
                }
        }
        *ret_service = TAKE_PTR(service);
        return 0;
}

const char *service_asof(const struct service *service) {
        return service->asof;
}

void service_stats(struct service *service, struct service_stats *ret_stats) {
        struct catalog_stats stats;

        _Static_assert(SERVICE_STATS_SIZES == CATALOG_STATS_SIZES, "one histogram");
        catalog_stats(service->catalog, &stats);
        *ret_stats = (struct service_stats){ .commits = stats.commits, .changes = stats.changes,
                                             .largest = stats.largest, .checkpoints = stats.checkpoints,
                                             .log_bytes = (uint64_t)stats.log_pages * 4096 };
        memcpy(ret_stats->sizes, stats.sizes, sizeof(stats.sizes));
}

int service_feed(struct service *service, void (*wake)(void *context), void *context, struct feed **ret_feed) {
        return feed_open(service->catalog, wake, context, ret_feed);
}

int service_statvfs(struct service *service, struct statvfs *ret_space) {
        return statvfs(service->dir, ret_space) < 0 ? -errno : 0;
}

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

int service_caller_of_uid(struct service *service, uid_t uid, enum via via, struct caller *ret_caller,
                          uid_t *ret_owner) {
        struct request request = { .service = service, .caller = { .uid = uid, .via = via } };
        int r = request_identify(&request, ret_owner);

        if (r == 0)
                *ret_caller = request.caller;
        return r;
}

void request_look(struct request *request) {
        request->looking = true;
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

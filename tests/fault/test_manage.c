/* SPDX-License-Identifier: MIT
 * Faults in an operator's commands, in trust, in opening a catalog, and in a daemon's background work.
 */
#include "fault.h"

#include <semaphore.h>

#include "../../src/service/state.h"
#include "../../src/service/upkeep/wing.h"
#include "../unit/service/scratch.h"
#include "check.h"
#include "place.h"

static void make_trust(void) {
        int64_t id;

        assert_int_equal(trust_add(as("bob"), "alice", &id), 0);
}

/* Two shares, of which one will have expired, and a sealed disk without a digest. */
static void make_shared(void) {
        int64_t place = filled(north, "web", 100);
        struct share share;

        assert_int_equal(share_grant(as("alice"), place, "bob", &share, NULL), 0);
        assert_int_equal(share_grant(as("alice"), place, "carol", &share, NULL), 0);
        assert_int_equal(share_expire(as("alice"), share.id, "+1h"), 0);
}

/* Two images of the same bytes; only the younger one's digest is known. */
static void make_same(void) {
        static const char *const names[] = { "web", "copy" };
        int64_t places[ARRAY_SIZE(names)];

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                places[i] = filled(north, names[i], 100);
                assert_int_equal(image_seal(as("alice"), places[i]), 0);
                assert_int_equal(rename(blob_name(places[i]), scratch_name(names[i])), 0);
        }
        assert_int_equal(rename(scratch_name(names[1]), blob_name(places[1])), 0);
        digest_round(as("alice")->service);
        assert_int_equal(rename(scratch_name(names[0]), blob_name(places[0])), 0);
}

static void make_leftovers(void) {
        _cleanup_file_ FILE *blob = NULL, *temporary = NULL;

        (void)filled(north, "web", 100);
        blob = fopen(scratch_name("dir/store/north/2"), "we");
        temporary = fopen(scratch_name("dir/store/south/2.tmp"), "we");
        assert_true(blob && temporary);
}

static void begin_later(void) {
        fault_clock += 2 * 3600 * 1000;
}

static void end_later(void) {
        fault_clock -= 2 * 3600 * 1000;
}

static void begin_wrong(void) {
        begin_later();
        fault_clock_set += 2 * 3600 * 1000;
}

static void end_wrong(void) {
        end_later();
        fault_clock_set -= 2 * 3600 * 1000;
}

static int act_account_add(struct request *request) {
        return account_add(request, "dave", ROLE_ACCOUNT, 1234, 5);
}

static int act_account_set(struct request *request) {
        static const struct account_change changes[] = {
                { ACCOUNT_UID, 1234 }, { ACCOUNT_QUOTA, 7 }, { ACCOUNT_ROLE, ROLE_AUDITOR }, { ACCOUNT_REQUIRE_TRUST, 1 }
        };

        return account_set(request, "carol", changes, ARRAY_SIZE(changes));
}

static int act_account_remove(struct request *request) {
        return account_remove(request, "bob");
}

static int act_trust_add(struct request *request) {
        int64_t id;

        return trust_add(request, "alice", &id);
}

static int act_trust_remove(struct request *request) {
        return trust_remove(request, "alice");
}

static int act_region_add(struct request *request) {
        return region_add(request, "west", NULL);
}

static int act_region_add_store(struct request *request) {
        return region_add(request, "west", scratch_name("dir/elsewhere"));
}

static int act_region_remove(struct request *request) {
        return region_remove(request, "south", NULL, NULL);
}

/* Its store may be left: then the region can be added again. */
static void check_region_remove(void) {
        assert_int_equal(region_add(as("operator"), "south", NULL), 0);
}

/* The store of south is another copy's. */
static void begin_foreign(void) {
        FILE *mark = fopen(scratch_name("dir/store/south/.imgshare"), "r+e");

        assert_non_null(mark);
        assert_int_equal(fseek(mark, 37 + 7 + 14, SEEK_SET), 0); /* the last digits of its number */
        assert_true(fputs("ff", mark) >= 0);
        assert_int_equal(fclose(mark), 0);
        scratch_reopen(SERVICE_ANY_STORE);
}

static int act_adopt(struct request *request) {
        char why[WHY_SIZE] = "";

        int r = region_adopt(request, "south", why);

        return r == -EALREADY ? 0 : r; /* where only the mark's flush failed */
}

static void begin_moved(void) {
        assert_int_equal(rename(scratch_name("dir/store/south"), scratch_name("dir/moved")), 0);
        scratch_reopen(SERVICE_ANY_STORE);
}

static int act_region_set(struct request *request) {
        char why[WHY_SIZE] = "";

        return region_set_store(request, "south", scratch_name("dir/moved"), why);
}

static int act_limit_set(struct request *request) {
        return limit_set(request, "shares-per-image", 3);
}

static int act_open(struct request *request) {
        struct service *service;
        char why[WHY_SIZE] = "";
        int r = service_open(scratch_name("dir"), 0, &service, why);

        (void)request;
        if (r == 0)
                (void)service_close(service); /* returns NULL */
        else
                assert_string_not_equal(why, "");
        return r;
}

/* Rows, an index, and a row of the catalog's own that no event has made. */
static void begin_damaged(void) {
        sql_run("UPDATE account SET quota = 9 WHERE name = 'bob'; DROP INDEX trust_listing;"
                "INSERT INTO store (region, path) VALUES (99, '/elsewhere')");
}

static int finding_ignore(const struct finding *finding, void *context) {
        (void)finding;
        (void)context;
        return 0;
}

static int act_repair(struct request *request) {
        char why[WHY_SIZE] = "";
        int r = check_repair(scratch_name("dir"), 1, NULL, finding_ignore, NULL, why);

        (void)request;
        assert_true(r >= 0 || r == -ENOMEM || why[0] != '\0');
        return r;
}

static int act_init(struct request *request) {
        char why[WHY_SIZE] = "";
        int r = service_create(scratch_name("dir"), 1000, VIA_CLI, why);

        (void)request;
        if (r != 0)
                assert_string_not_equal(why, "");
        return r;
}

static int act_expiry(struct request *request) {
        (void)expiry_round(request->service); /* returns a time */
        return 0;
}

static int act_clock_set(struct request *request) {
        return clock_set(request);
}

static int act_digests(struct request *request) {
        digest_round(request->service);
        return 0;
}

static int act_sweep(struct request *request) {
        service_sweep(request->service);
        return 0;
}

/* Another process writes 9 MiB into the log, so that the next change has it copied back. */
static void begin_log(void) {
        sql_run("PRAGMA wal_autocheckpoint = 0; CREATE TABLE filling (bytes);"
                "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2300)"
                "INSERT INTO filling SELECT zeroblob(3500) FROM n; DROP TABLE filling");
}

/* An acknowledged change stays, even if the log stays as well. */
static int act_checkpoint(struct request *request) {
        int r = limit_set(request, "shares-per-image", 3);

        scratch_service = service_close(scratch_service); /* waits for the copying */
        (void)fault_disarm(NULL);
        scratch_reopen(0);
        return r;
}

/* --- two changes in one transaction --- */

static int second_result;
static bool second_posted;
static sem_t second_done;

static int put_limit(struct catalog_connection *c, const char *name) {
        const struct caller operator = { .account = 1, .name = "operator", .role = ROLE_OPERATOR };
        int64_t id;
        int r = catalog_event_add(c, &(struct event){ .caller = &operator, .op = EVENT_LIMIT, .object = name,
                                                      .detail = { { .key = "value", .number = 3 } } }, &id);

        return r;
}

static int run_second(struct catalog_connection *c, void *context) {
        (void)context;
        return put_limit(c, "images-per-region");
}

static void done_second(void *context, int r) {
        (void)context;
        second_result = r;
        (void)sem_post(&second_done);
}

/* Posts a second change while the first is made, so that both share a transaction. */
static int run_first(struct catalog_connection *c, void *context) {
        struct service *service = context;
        second_result = catalog_post(service->catalog, run_second, NULL, done_second);
        second_posted = second_result == 0;
        return put_limit(c, "shares-per-image");
}

#define LIVE " AND until_event = 140737488355327"

/* Each change must be there, or have reported an error. */
static int act_together(struct request *request) {
        int r;

        second_result = -EIO; /* not even begun */
        second_posted = false;
        assert_int_equal(sem_init(&second_done, 0, 0), 0);
        r = catalog_write(request->service->catalog, run_first, request->service);
        while (second_posted && sem_wait(&second_done) < 0)
                ;
        (void)fault_disarm(NULL);
        assert_int_equal(sql_number("SELECT count(*) FROM setting WHERE name = 'shares-per-image'" LIVE),
                         r == 0);
        assert_int_equal(sql_number("SELECT count(*) FROM setting WHERE name = 'images-per-region'" LIVE),
                         second_result == 0);
        return r < 0 ? r : second_result;
}

static const struct operation operations[] = {
        { "account_add", .act = act_account_add },
        { "account_set", .act = act_account_set },
        { "account_remove", .prepare = make_shared, .act = act_account_remove },
        { "trust_add", "bob", .act = act_trust_add },
        { "trust_remove", "bob", .prepare = make_trust, .act = act_trust_remove },
        { "region_add", .flags = OPERATION_STORE, .act = act_region_add },
        { "region_add, with a store", .flags = OPERATION_STORE, .act = act_region_add_store },
        { "region_remove", .flags = OPERATION_STEPS, .act = act_region_remove, .check = check_region_remove },
        { "adopt", .flags = OPERATION_STEPS, .begin = begin_foreign, .act = act_adopt },
        { "region_set_store", .begin = begin_moved, .act = act_region_set },
        { "limit_set", .act = act_limit_set },
        { "two changes at once", .flags = OPERATION_STEPS, .act = act_together },
        { "checkpoint", .begin = begin_log, .act = act_checkpoint },
        { "service_open", .flags = OPERATION_ALONE, .act = act_open },
        { "repair", .flags = OPERATION_ALONE, .begin = begin_damaged, .act = act_repair },
        { "service_create", .flags = OPERATION_ALONE, .begin = place_empty, .act = act_init },
        { "expiry", .flags = OPERATION_ROUND, .prepare = make_shared, .begin = begin_later, .act = act_expiry,
          .end = end_later },
        { "clock_doubt", .flags = OPERATION_ROUND, .prepare = make_shared, .begin = begin_wrong, .act = act_expiry,
          .end = end_wrong },
        { "clock_set", .prepare = make_shared, .begin = begin_wrong, .act = act_clock_set, .end = end_wrong },
        { "digests", .flags = OPERATION_ROUND, .prepare = make_shared, .act = act_digests },
        { "digests_same", .flags = OPERATION_ROUND, .prepare = make_same, .act = act_digests },
        { "sweep", .flags = OPERATION_ROUND, .prepare = make_leftovers, .act = act_sweep },
};

int main(void) {
        return trial_run("fault manage", operations, ARRAY_SIZE(operations));
}

/* SPDX-License-Identifier: MIT */
#include "look.h"

#include "scratch.h"

int64_t alice;

int look_setup(void **state) {
        (void)scratch_setup(state); /* 0 */
        (void)must(ACCOUNT_PUT, 0, 0, "alice");
        alice = account_id("alice");
        return 0;
}

struct catalog_connection *look_begin(struct catalog *catalog) {
        struct catalog_connection *c = NULL;

        assert_int_equal(catalog_read(catalog, &c), 0);
        catalog_read_together(c);
        return c;
}

static int64_t quota_of(struct catalog *catalog, int64_t id) {
        _cleanup_read_ struct catalog_connection *c = look_begin(catalog);
        struct account account;

        assert_int_equal(catalog_account_get(c, id, &account), 0);
        return account.quota;
}

int64_t look_quota(void) {
        return quota_of(scratch_catalog, alice);
}

bool look_asked(enum statement which) {
        _cleanup_read_ struct catalog_connection *c = look_begin(scratch_catalog);

        return c->statements[which] && sqlite3_stmt_status(c->statements[which], SQLITE_STMTSTATUS_RUN, 1) > 0;
}

static int run_quota(struct catalog_connection *c, void *context) {
        const int64_t *wanted = context;
        int64_t event;

        return change_in(c, ACCOUNT_QUOTA, wanted[0], wanted[1], NULL, &event);
}

int look_set_quota_of(struct catalog *catalog, int64_t id, int64_t value) {
        int64_t wanted[2] = { id, value };

        return catalog_write(catalog, run_quota, wanted);
}

void look_set_quota(int64_t value) {
        assert_int_equal(look_set_quota_of(scratch_catalog, alice, value), 0);
}

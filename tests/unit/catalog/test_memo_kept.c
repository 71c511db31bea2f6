/* SPDX-License-Identifier: MIT
 * Remembered rows survive shares that this process makes and ends, except these shares; they never survive others'
 * commits.
 */
#include "scratch.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "look.h"
#include "memo.h"

#define READERS 3
#define ROUNDS 400

/* Makes an image of alice's that can be shared with bob. */
static int64_t web_new(void) {
        (void)must(REGION_PUT, 0, 0, "north");
        (void)must(ACCOUNT_PUT, 0, 0, "bob");
        return must(PLACE_PUT, region_id("north"), alice, "web");
}

static int share_of(int64_t image, int64_t id, struct share *ret_share) {
        _cleanup_read_ struct catalog_connection *c = look_begin(scratch_catalog);
        int r = catalog_share_find(c, image, account_id("bob"), ret_share), e = catalog_share_get(c, id, ret_share);

        assert_int_equal(r, e);
        return r;
}

static void test_other_rows_outlive_shares(void **state) {
        int64_t web = web_new(), shares[3];
        struct share share;

        (void)state;
        assert_int_equal(look_quota(), -1);
        (void)look_asked(S_ACCOUNT_GET);
        for (size_t i = 0; i < ARRAY_SIZE(shares); i++) {
                shares[i] = must(SHARE_PUT, web, account_id("bob"), NULL);
                assert_int_equal(share_of(web, shares[i], &share), 0);
                assert_int_equal(share.id, shares[i]);
                assert_int_equal(share_of(web, shares[i], &share), 0);
                (void)must(SHARE_END, shares[i], 0, NULL);
                assert_int_equal(share_of(web, shares[i], &share), -ENOENT);
                assert_int_equal(look_quota(), -1);
                assert_false(look_asked(S_ACCOUNT_GET));
        }
}

#define SHARES (MEMO_TOUCHES + 10)

struct ending {
        int64_t web, recipients[SHARES], shares[SHARES];
};

static int run_shares(struct catalog_connection *c, void *context) {
        struct ending *e = context;
        int r = 0;

        for (int i = 0; i < SHARES && r == 0; i++)
                r = change_in(c, SHARE_PUT, e->web, e->recipients[i], NULL, &e->shares[i]);
        return r;
}

static int run_end(struct catalog_connection *c, void *context) {
        const struct ending *e = context;
        int r = 0;

        for (int i = 0; i < SHARES && r == 0; i++) {
                int64_t event;

                r = change_in(c, SHARE_END, e->shares[i], 0, NULL, &event);
        }
        return r;
}

/* More shares than are tracked one by one. */
static void test_many_shares_end_at_once(void **state) {
        struct ending e = { .web = web_new() };
        struct share share;

        (void)state;
        many(ACCOUNT_PUT, SHARES, 0, 0, false, "a");
        for (int i = 0; i < SHARES; i++) {
                char name[NAME_SIZE];

                (void)snprintf(name, sizeof(name), "a%d", i); /* fits */
                e.recipients[i] = account_id(name);
        }
        assert_int_equal(catalog_write(scratch_catalog, run_shares, &e), 0);
        for (int ended = 0; ended < 2; ended++) {
                for (int i = 0; i < SHARES; i++) {
                        _cleanup_read_ struct catalog_connection *c = look_begin(scratch_catalog);

                        assert_int_equal(catalog_share_get(c, e.shares[i], &share), ended ? -ENOENT : 0);
                        assert_int_equal(catalog_share_find(c, e.web, e.recipients[i], &share), ended ? -ENOENT : 0);
                }
                assert_int_equal(catalog_write(scratch_catalog, ended ? run_shares : run_end, &e), 0);
        }
}

/* Another process's change before or after shares is noticed. */
static void test_no_row_outlives_what_others_commit(void **state) {
        int64_t web = web_new(), id;

        (void)state;
        assert_int_equal(look_quota(), -1);
        sql_run("UPDATE account SET quota = 9 WHERE name = 'alice'");
        id = must(SHARE_PUT, web, account_id("bob"), NULL);
        assert_int_equal(look_quota(), 9);
        (void)must(SHARE_END, id, 0, NULL);
        sql_run("UPDATE account SET quota = 10 WHERE name = 'alice'");
        assert_int_equal(look_quota(), 10);
        look_set_quota(11);
        id = must(SHARE_PUT, web, account_id("bob"), NULL);
        assert_int_equal(look_quota(), 11);
}

/* --- between a commit and the lookup of its rows --- */

static void test_two_commits_are_not_taken_for_one(void **state) {
        struct catalog_connection *c;
        struct log_state began;
        int64_t web = web_new();

        (void)state;
        c = scratch_catalog->connection;
        assert_int_equal(look_quota(), -1);
        memo_write_begin(c);
        began = c->touching.began;
        look_set_quota(5);
        (void)must(SHARE_PUT, web, account_id("bob"), NULL);
        c->touching.began = began;
        memo_commit_begin(c);
        memo_commit_end(c, true);
        assert_int_equal(look_quota(), 5);
}

static void find_bob(void) {
        _cleanup_read_ struct catalog_connection *c = look_begin(scratch_catalog);
        struct account account;

        assert_int_equal(catalog_account_find(c, "bob", &account), 0);
}

static void test_a_look_in_the_midst_of_a_commit_ends_nothing(void **state) {
        struct catalog_connection *c;
        uint32_t frames;

        (void)state;
        (void)web_new();
        c = scratch_catalog->connection;
        find_bob();
        assert_int_equal(look_quota(), -1);
        memo_write_begin(c);
        memo_commit_begin(c);
        sql_run("UPDATE account SET quota = quota WHERE name = 'bob'"); /* as if this connection had written it */
        memcpy(&frames, (const char *)(uintptr_t)c->log_header + 16, sizeof(frames));
        c->frames = (int)frames;
        assert_int_equal(look_quota(), -1);
        assert_true(look_asked(S_ACCOUNT_GET)); /* the meaning of the new state is not known */
        memo_commit_end(c, true);
        (void)look_asked(S_ACCOUNT_FIND);
        find_bob();
        assert_false(look_asked(S_ACCOUNT_FIND));
}

/* Shares are made and ended here while others write: a lookup after an acknowledged end must not find the share. */
struct turnover {
        int64_t web, bob;
        atomic_llong ended; /* the last share that ended */
        atomic_bool over;
};

static void *make_and_end(void *argument) {
        struct turnover *t = argument;

        for (int i = 0; i < ROUNDS; i++) {
                int64_t id = change(SHARE_PUT, t->web, t->bob, NULL);

                if (id > 0 && change(SHARE_END, id, 0, NULL) > 0)
                        t->ended = id;
                sql_run("UPDATE account SET quota = ifnull(quota, 0) + 1 WHERE name = 'alice'");
        }
        t->over = true;
        return NULL;
}

static void *find_share(void *argument) {
        struct turnover *t = argument;
        int64_t seen = -1;
        intptr_t failures = 0;

        while (!t->over) {
                _cleanup_read_ struct catalog_connection *c = NULL;
                long long ended = t->ended;
                struct account account;
                struct share share;

                if (catalog_read(scratch_catalog, &c) < 0)
                        return (void *)-1;
                catalog_read_together(c);
                failures += catalog_share_find(c, t->web, t->bob, &share) == 0 && share.id <= ended;
                failures += catalog_account_get(c, alice, &account) < 0 || account.quota < seen;
                seen = account.quota;
        }
        return (void *)failures;
}

static void test_an_ended_share_is_not_known(void **state) {
        struct turnover t = { .web = web_new(), .bob = account_id("bob") };
        pthread_t writer, threads[READERS];
        void *failures = NULL;

        (void)state;
        scratch_tampered();
        for (int i = 0; i < READERS; i++)
                assert_int_equal(pthread_create(&threads[i], NULL, find_share, &t), 0);
        assert_int_equal(pthread_create(&writer, NULL, make_and_end, &t), 0);
        assert_int_equal(pthread_join(writer, NULL), 0);
        for (int i = 0; i < READERS; i++) {
                assert_int_equal(pthread_join(threads[i], &failures), 0);
                assert_null(failures);
        }
        assert_true(t.ended > 0);
}
#define CASE(f) cmocka_unit_test_setup_teardown(f, look_setup, scratch_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_other_rows_outlive_shares),
                CASE(test_many_shares_end_at_once),
                CASE(test_no_row_outlives_what_others_commit),
                CASE(test_two_commits_are_not_taken_for_one),
                CASE(test_a_look_in_the_midst_of_a_commit_ends_nothing),
                CASE(test_an_ended_share_is_not_known),
        };

        return cmocka_run_group_tests_name("catalog memo, what is kept", tests, NULL, NULL);
}

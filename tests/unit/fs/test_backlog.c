/* SPDX-License-Identifier: MIT
 * Requests that are put off: users take turns, each in the order of his own.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <linux/fuse.h>
#include <stdlib.h>
#include <string.h>

#include "serve/serve.h"

static uint64_t processed; /* the number of the request */

void __wrap_fuse_session_process_buf(struct fuse_session *session, const struct fuse_buf *buffer);
void __wrap_fuse_session_process_buf(struct fuse_session *session, const struct fuse_buf *buffer) {
        const struct fuse_in_header *in = buffer->mem;

        (void)session;
        processed = in->unique;
}

static bool add(struct backlog *backlog, uid_t uid, uint64_t number, size_t size) {
        struct fuse_in_header *in = calloc(1, size);
        bool added;

        assert_non_null(in);
        in->uid = uid;
        in->unique = number;
        added = backlog_add(backlog, &(struct fuse_buf){ .mem = in, .size = size });
        free(in);
        return added;
}

static int served(uid_t uid, const void *context) {
        const int *counts = context;

        return counts[uid];
}

/* The number of the request that is taken; 0: none. */
static uint64_t take(struct backlog *backlog, int *counts, int most) {
        struct backlogged *b;
        uid_t uid;

        b = backlog_take(backlog, most, served, counts, &uid);
        if (!b)
                return 0;
        counts[uid]++;
        backlogged_process(b, NULL);
        return processed;
}

static void users_take_turns(void **state) {
        int counts[4] = { 0 };
        struct backlog backlog;

        (void)state;
        backlog_init(&backlog);
        for (uint64_t i = 1; i <= 4; i++)
                assert_true(add(&backlog, 1, i, 64));
        assert_true(add(&backlog, 2, 5, 64));
        assert_true(add(&backlog, 3, 6, 64));
        assert_true(add(&backlog, 3, 7, 64));
        counts[1] = 1; /* is being served */
        assert_int_equal(take(&backlog, counts, 3), 5);
        assert_int_equal(take(&backlog, counts, 3), 6);
        assert_int_equal(take(&backlog, counts, 3), 1);
        assert_int_equal(take(&backlog, counts, 3), 7);
        assert_int_equal(take(&backlog, counts, 3), 2);
        assert_int_equal(take(&backlog, counts, 3), 0); /* has enough */
        counts[1]--;
        assert_int_equal(take(&backlog, counts, 3), 3);
        backlog_clear(&backlog);
        counts[1] = 0;
        assert_int_equal(take(&backlog, counts, 3), 0);
}

static void there_is_a_bound(void **state) {
        int counts[2] = { 0 };
        struct backlog backlog;

        (void)state;
        backlog_init(&backlog);
        for (uint64_t i = 1; i <= 32; i++)
                assert_true(add(&backlog, 1, i, 1 << 20));
        assert_false(add(&backlog, 1, 33, 64));
        assert_int_equal(take(&backlog, counts, 1), 1);
        assert_true(add(&backlog, 1, 33, 64));
        assert_false(backlog_add(&backlog, &(struct fuse_buf){ .flags = FUSE_BUF_IS_FD, .size = 64 }));
        backlog_clear(&backlog);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(users_take_turns),
                cmocka_unit_test(there_is_a_bound),
        };

        return cmocka_run_group_tests_name("backlog", tests, NULL, NULL);
}

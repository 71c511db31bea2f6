/* SPDX-License-Identifier: MIT
 * Shares: who may use which image.
 */
#include "rows/rows.h"

enum { /* columns */
        SHARE_ID, SHARE_IMAGE, SHARE_ACCOUNT, SHARE_ACCOUNT_NAME, SHARE_GRANTED_BY, SHARE_GRANTED,
        SHARE_EXPIRES
};

static int share_row(sqlite3_stmt *s, struct share *ret_share) {
        int r;

        *ret_share = (struct share){
                .id = sqlite3_column_int64(s, SHARE_ID),
                .image = sqlite3_column_int64(s, SHARE_IMAGE),
                .account = sqlite3_column_int64(s, SHARE_ACCOUNT),
                .granted = sqlite3_column_int64(s, SHARE_GRANTED),
                .expires = sqlite3_column_int64(s, SHARE_EXPIRES),
        };
        if (!id_good(ret_share->id) || !id_good(ret_share->image) || !account_good(ret_share->account))
                return ORIGIN(-EIO);
        r = column_text(s, SHARE_ACCOUNT_NAME, ret_share->account_name, sizeof(ret_share->account_name));
        return r < 0 ? r : column_text(s, SHARE_GRANTED_BY, ret_share->granted_by, sizeof(ret_share->granted_by));
}

static int share_one(sqlite3_stmt **s, int r, struct share *ret_share) {
        if (r == 0)
                r = statement_row(*s);
        if (r <= 0)
                return r < 0 ? r : -ENOENT;
        return share_row(*s, ret_share);
}

/* The row of a statement just started with result r. A share that will expire is not remembered, since nothing is
 * committed when it expires. */
static int share_ask(struct catalog_connection *c, const struct memo_key *key, sqlite3_stmt **s, int r,
                     struct share *ret_share) {
        r = share_one(s, r, ret_share);
        if (r == 0 && ret_share->expires == 0)
                memo_put(c, key, ret_share, sizeof(*ret_share));
        return r;
}

int catalog_share_find(struct catalog_connection *c, int64_t image, int64_t account, struct share *ret_share) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        const struct memo_key key = { .which = S_SHARE_FIND, .a = image, .b = account };

        if (memo_get(c, &key, ret_share, sizeof(*ret_share)))
                return 0;
        return share_ask(c, &key, &s, statement_start(c, key.which, &s, "ii", image, account), ret_share);
}

int catalog_share_named(struct catalog_connection *c, int64_t image, const char *account, struct share *ret_share) {
        struct account row;
        int r = catalog_account_find(c, account, &row);

        return r < 0 ? r : catalog_share_find(c, image, row.id, ret_share);
}

int catalog_share_get(struct catalog_connection *c, int64_t id, struct share *ret_share) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        const struct memo_key key = { .which = S_SHARE_GET, .a = id };

        if (memo_get(c, &key, ret_share, sizeof(*ret_share)))
                return 0;
        return share_ask(c, &key, &s, statement_start(c, key.which, &s, "i", id), ret_share);
}

int catalog_share_received(struct catalog_connection *c, int64_t account, struct share *ret_share) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;

        return share_one(&s, statement_start(c, S_SHARE_RECEIVED, &s, "i", account), ret_share);
}

int catalog_share_list(struct catalog_connection *c, int64_t image, int64_t account, int64_t after,
                       int (*each)(const struct share *share, void *context), void *context) {
        struct share share;
        int r, rows;

        if (account != 0) {
                r = catalog_share_find(c, image, account, &share);
                return r == -ENOENT ? 0 : r < 0 ? r : share.id > after ? each(&share, context) : 0;
        }
        do {
                _cleanup_statement_ sqlite3_stmt *s = NULL;

                r = statement_start(c, S_SHARE_LIST, &s, "ii", image, after);
                for (rows = 0; r == 0 && (r = statement_row(s)) > 0; rows++) {
                        r = share_row(s, &share);
                        if (r == 0)
                                r = page_go_on(&after, share.id);
                        if (r == 0)
                                r = each(&share, context);
                }
        } while (r == 0 && rows == PAGE);
        return r;
}

int catalog_share_count(struct catalog_connection *c, int64_t image, int64_t most, int64_t *ret_count) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = statement_start(c, S_SHARE_COUNT, &s, "ii", image, most);

        if (r == 0)
                r = statement_row(s);
        if (r <= 0)
                return r < 0 ? r : ORIGIN(-EIO);
        *ret_count = sqlite3_column_int64(s, 0);
        return 0;
}

int catalog_share_unended(struct catalog_connection *c, int64_t image, int64_t account) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = statement_start(c, S_SHARE_UNENDED, &s, "ii", image, account);

        return r == 0 ? statement_row(s) : r;
}

int catalog_share_due(struct catalog_connection *c, struct share *ret_share) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;

        return share_one(&s, statement_start(c, S_SHARE_DUE, &s, ""), ret_share);
}

int catalog_share_due_of(struct catalog_connection *c, int64_t image, int64_t account, struct share *ret_share) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;

        return share_one(&s, statement_start(c, S_SHARE_DUE_OF, &s, "ii", image, account), ret_share);
}

int catalog_share_next_due(struct catalog_connection *c, int64_t *ret_time) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = statement_start(c, S_SHARE_NEXT_DUE, &s, "");

        if (r == 0)
                r = statement_row(s);
        if (r <= 0 || sqlite3_column_type(s, 0) == SQLITE_NULL)
                return r < 0 ? r : -ENOENT;
        *ret_time = sqlite3_column_int64(s, 0);
        return 0;
}

/* SPDX-License-Identifier: MIT */
#include "said.h"

#include <string.h>

#include "connection.h"

static int text_of(sqlite3_stmt *s, int column, char *ret_text, size_t size) {
        (void)snprintf(ret_text, size, "%s",
                       (const char *)sqlite3_column_text(s, column) ?: ""); /* a long one is cut */
        return 0;
}

int said_look(struct catalog_connection *c, const char *sql, int64_t a, int64_t b, struct said *ret_said) {
        sqlite3_stmt *s = NULL;
        int r = sqlite_error(c->db, sqlite3_prepare_v2(c->db, sql, -1, &s, NULL));

        if (r == 0)
                r = sqlite_error(c->db, sqlite3_bind_int64(s, 1, a));
        if (r == 0 && sqlite3_bind_parameter_count(s) > 1)
                r = sqlite_error(c->db, sqlite3_bind_int64(s, 2, b));
        if (r == 0)
                r = statement_one(&s, 0);
        if (r == 0) {
                (void)text_of(s, 0, ret_said->caller.name, NAME_SIZE); /* 0 */
                (void)text_of(s, 1, ret_said->object, OBJECT_SIZE);
                for (int i = 2; i < sqlite3_column_count(s); i++)
                        ret_said->numbers[i - 2] = sqlite3_column_int64(s, i);
        }
        (void)sqlite3_finalize(s); /* the step returned its error */
        return r;
}

#define AS_CALLED "r.name || '/' || n.name || '@' || a.name"
#define OF_IMAGE                                                                                                   \
        "SELECT a.name, " AS_CALLED ", p.owner, p.id, i.id, p.region FROM image i JOIN place p ON p.id = i.place"   \
        " JOIN account a ON a.id = p.owner JOIN region r ON r.id = p.region JOIN place_name n ON n.place = p.id"    \
        " WHERE %s = ?1 ORDER BY n.until_event DESC, i.until_event DESC LIMIT 1"

int of_image(struct catalog_connection *c, const char *column, int64_t id, struct said *said) {
        char sql[512];
        int r;

        (void)snprintf(sql, sizeof(sql), OF_IMAGE, column); /* fits */
        r = said_look(c, sql, id, 0, said);
        said->caller.account = said->numbers[0];
        said->event.place = said->numbers[1];
        said->event.about.image = said->numbers[2];
        said->event.about.region = said->numbers[3];
        return r;
}

int of_new(struct catalog_connection *c, int64_t region, int64_t account, const char *text, struct said *said) {
        char called[3 * OBJECT_SIZE];
        int r = said_look(c, "SELECT coalesce((SELECT name FROM account WHERE id = ?2), 'nobody'),"
                        " coalesce((SELECT name FROM region WHERE id = ?1), '?')", region, account, said);

        (void)snprintf(called, sizeof(called), "%.64s/%.64s@%.64s", said->object, text ?: "",
                       said->caller.name); /* fits */
        strcpy(said->object, called);
        said->caller.account = account;
        said->event.about.region = region;
        return r;
}

int of_account(struct catalog_connection *c, int64_t account, struct said *said) {
        struct said other;
        int r = said_look(c, "SELECT name, '' FROM account WHERE id = ?1", account, 0, &other);

        if (r < 0)
                return r;
        strcpy(said->account, other.caller.name);
        said->event.account = said->account;
        said->event.about.account = account;
        return 0;
}

int of_actor(struct catalog_connection *c, int64_t account, struct said *said) {
        int r = said_look(c, "SELECT name, '' FROM account WHERE id = ?1", account, 0, said);

        said->caller.account = account;
        return r;
}

void with_number(struct said *said, const char *key, int64_t number) {
        said->event.detail[said->details++] = (struct event_detail){ .key = key, .number = number };
}

void with_text(struct said *said, const char *key, const char *text) {
        said->event.detail[said->details++] = (struct event_detail){ .key = key, .text = text };
}

int of_share(struct catalog_connection *c, int64_t share, struct said *said) {
        int r = said_look(c, "SELECT '', '', image, account FROM share WHERE id = ?1", share, 0, said);
        int64_t account = said->numbers[1];

        if (r == 0)
                r = of_image(c, "i.id", said->numbers[0], said);
        return r < 0 ? r : of_account(c, account, said);
}

int of_instance(struct catalog_connection *c, int64_t instance, struct said *said) {
        int r = said_look(c, "SELECT a.name, r.name || '/' || v.name || '@' || a.name, v.owner FROM instance v"
                        " JOIN account a ON a.id = v.owner JOIN region r ON r.id = v.region WHERE v.id = ?1",
                     instance, 0, said);

        said->caller.account = said->numbers[0];
        said->event.about.instance = instance;
        return r;
}

/* SPDX-License-Identifier: MIT
 * What an event of the tests says of its subjects, looked up by id even if they have ended.
 */
#pragma once

#include "scratch.h"
#include "timestamp.h"

/* An event, and the storage that its pointers point to. */
struct said {
        struct event event;
        struct caller caller;
        char object[OBJECT_SIZE], account[NAME_SIZE], source[2 * OBJECT_SIZE + 32], time[TIMESTAMP_SIZE], text[TEXT_SIZE];
        int64_t numbers[6]; /* found by said_look() */
        size_t details;
};

/* Looks up the row of one or two ids: its actor, its name in the log, and numbers from the third column on. */
int said_look(struct catalog_connection *c, const char *sql, int64_t a, int64_t b, struct said *ret_said);
/* Its owner acts on an image, or on the last one in a place. */
int of_image(struct catalog_connection *c, const char *column, int64_t id, struct said *said);
/* Somebody makes something called `text` in a region; account and region need not exist. */
int of_new(struct catalog_connection *c, int64_t region, int64_t account, const char *text, struct said *said);
int of_account(struct catalog_connection *c, int64_t account, struct said *said);
int of_actor(struct catalog_connection *c, int64_t account, struct said *said);
void with_number(struct said *said, const char *key, int64_t number);
void with_text(struct said *said, const char *key, const char *text);
int of_share(struct catalog_connection *c, int64_t share, struct said *said);
int of_instance(struct catalog_connection *c, int64_t instance, struct said *said);

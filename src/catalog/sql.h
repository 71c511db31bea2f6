/* SPDX-License-Identifier: MIT
 * SQL fragments that statements have in common, whatever moment they are about.
 */
#pragma once

/* until_event of live rows: the largest number SQLite keeps in six bytes. */
#define FAR "140737488355327"

/* An event's JSON as the log shows it, without its hash. The hash is made from it, so it must not change. */
#define EVENT_JSON(id, time, actor, uid, via, op, object, account, rule, error, detail)                            \
        "json_object('event', " id ", 'time', rfc3339(" time "), 'actor', " actor ", 'uid', " uid ", 'via', " via   \
        ", 'op', " op ", 'object', " object ", 'account', " account ", 'rule', " rule ", 'errno', " error           \
        ", 'detail', json(coalesce(" detail ", '{}')))"

/* Numbers that launches can have (schema.sql), and their blobs. */
#define IS_LAUNCH(id) id " BETWEEN 34359738369 AND 68719476735"

/* A refusal may name an account before it exists. Such events are not the account's. */
#define BORN(account) "(SELECT from_event FROM account WHERE id = " account ")"

/* The log in two parts: event e by an index x, and (TAIL) the few that are not indexed yet. IN_TAIL(after): of these,
 * those after a number. */
#define INDEX_OF(index) index " x CROSS JOIN event e ON e.id = x.event"
#define INDEXED "(SELECT last FROM indexed WHERE id = 1)"
#define TAIL "event e NOT INDEXED"
#define IN_TAIL(after) "e.id > max(" after ", " INDEXED ")"

/* The first share of an image with an account that ends at or after an event (behind: operator and event): an ended
 * one, else the live one. Each by its own index, as share_of_image mixes the ended shares of all accounts. */
#define SHARE_UNTIL(image, account, behind)                                                                        \
        "coalesce((SELECT s.id FROM share s WHERE s.image = " image " AND s.account = " account                     \
        " AND s.until_event < " FAR " AND s.until_event " behind " ORDER BY s.until_event LIMIT 1),"                \
        " (SELECT s.id FROM share s WHERE s.image = " image " AND s.account = " account " AND s.until_event = " FAR "))"

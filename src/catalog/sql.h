/* SPDX-License-Identifier: MIT
 * Words that the statements have in common, whatever moment they are about.
 */
#pragma once

/* The end of what is live: the largest number SQLite keeps in six bytes. */
#define FAR "140737488355327"

/* One event as the log shows it, without its hash: what the hash is made of, so it must not change. */
#define EVENT_JSON(id, time, actor, uid, via, op, object, account, rule, error, detail)                            \
        "json_object('event', " id ", 'time', rfc3339(" time "), 'actor', " actor ", 'uid', " uid ", 'via', " via   \
        ", 'op', " op ", 'object', " object ", 'account', " account ", 'rule', " rule ", 'errno', " error           \
        ", 'detail', json(coalesce(" detail ", '{}')))"

/* A name may have been refused before there was an account of that name: those events are not the account's. */
#define BORN(account) "(SELECT from_event FROM account WHERE id = " account ")"

/* The log in two parts: event e by an index x, and the few behind it; IN_TAIL(after): of these, those behind a number. */
#define INDEX_OF(index) index " x CROSS JOIN event e ON e.id = x.event"
#define INDEXED "(SELECT last FROM indexed WHERE id = 1)"
#define TAIL "event e NOT INDEXED"
#define IN_TAIL(after) "e.id > max(" after ", " INDEXED ")"

/* Of the shares of an image with an account the first that ends at or behind an event: one that has ended, else the one
 * that lives. Either by its own index, as share_of_image has the ended ones of all accounts together. */
#define SHARE_UNTIL(image, account, behind)                                                                        \
        "coalesce((SELECT s.id FROM share s WHERE s.image = " image " AND s.account = " account                     \
        " AND s.until_event < " FAR " AND s.until_event " behind " ORDER BY s.until_event LIMIT 1),"                \
        " (SELECT s.id FROM share s WHERE s.image = " image " AND s.account = " account " AND s.until_event = " FAR "))"

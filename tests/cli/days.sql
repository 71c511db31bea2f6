-- SPDX-License-Identifier: MIT
-- The indexes of the log and the running totals of its days, computed anew, as somebody would who has changed the log.
DELETE FROM event_of_place;
INSERT INTO event_of_place SELECT place, id FROM event WHERE place IS NOT NULL;
DELETE FROM event_of_actor;
INSERT INTO event_of_actor SELECT actor, id FROM event;
DELETE FROM event_of_account;
INSERT INTO event_of_account SELECT account, id FROM event WHERE account IS NOT NULL;
DELETE FROM event_of_object;
INSERT INTO event_of_object SELECT object, id FROM event WHERE object IS NOT NULL;
UPDATE indexed SET last = coalesce((SELECT max(id) FROM event), 0);
DELETE FROM day;
INSERT INTO day (day, account, bytes, last) SELECT time / 86400000, who, sum(length), max(id) FROM (
    SELECT time, id, length, 0 AS who FROM event UNION SELECT time, id, length, actor FROM event
    UNION SELECT time, id, length, owner FROM event WHERE owner IS NOT NULL
    UNION SELECT e.time, e.id, e.length, a.id FROM event e JOIN account a ON a.name = e.account AND a.from_event <= e.id
) GROUP BY 1, 2;

-- SPDX-License-Identifier: MIT
-- The running totals of the days, computed anew, as somebody would who has changed the log.
DELETE FROM day;
INSERT INTO day (day, account, bytes, last) SELECT time / 86400000, who, sum(length), max(id) FROM (
    SELECT time, id, length, 0 AS who FROM event UNION SELECT time, id, length, actor FROM event
    UNION SELECT time, id, length, owner FROM event WHERE owner IS NOT NULL
    UNION SELECT e.time, e.id, e.length, a.id FROM event e JOIN account a ON a.name = e.account AND a.from_event <= e.id
) GROUP BY 1, 2;

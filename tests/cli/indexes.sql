-- SPDX-License-Identifier: MIT
-- The indexes of the log, computed anew, as somebody would who has changed the log.
DELETE FROM event_of_place;
INSERT INTO event_of_place SELECT place, id FROM event WHERE place IS NOT NULL;
DELETE FROM event_of_actor;
INSERT INTO event_of_actor SELECT actor, id FROM event;
DELETE FROM event_of_account;
INSERT INTO event_of_account SELECT account, id FROM event WHERE account IS NOT NULL;
DELETE FROM event_of_object;
INSERT INTO event_of_object SELECT object, id FROM event WHERE object IS NOT NULL;
UPDATE indexed SET last = coalesce((SELECT max(id) FROM event), 0);

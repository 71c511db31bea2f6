-- SPDX-License-Identifier: MIT
-- The catalog, version 2, revision 2 (catalog.h). One clock: the event. A fact that can change is a row valid from one
-- event until another;
-- until_event of a live row is 140737488355327 (2^47 - 1: the largest number SQLite keeps in six bytes).
-- The id of a place, image, description, link or share is the number of the event that made it, and never used again.
-- All rows follow from the events by effects.def, with two exceptions: indexed and its indexes repeat the log; store and
-- reservation are this directory's own.

CREATE TABLE meta (
  key TEXT PRIMARY KEY,               -- 'uuid': the catalog's, and of a copy of it
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The log, a chain: hash is SHA-256 of the previous event's hash and the event's JSON without its hash. Never updated.
CREATE TABLE event (
  id INTEGER PRIMARY KEY,
  time INTEGER NOT NULL,              -- milliseconds since 1970, never before the previous event's
  actor INTEGER NOT NULL REFERENCES account (id),
  uid INTEGER NOT NULL,
  via TEXT NOT NULL,
  op TEXT NOT NULL,
  object TEXT,                        -- the object's name at that time: north/web@alice
  account TEXT,                       -- the other account, also an unknown one in a refusal
  place INTEGER,                      -- the place whose history the event is in
  owner INTEGER,                      -- the place's owner, unless the actor: may read the event too
  rule TEXT,                          -- of a refusal
  errno TEXT,
  detail TEXT,                        -- JSON object, NULL for {}
  length INTEGER NOT NULL,            -- bytes of its line in the log
  hash BLOB NOT NULL
) STRICT;
CREATE INDEX event_of_owner ON event (owner, id) WHERE owner IS NOT NULL;
CREATE INDEX event_denied ON event (id) WHERE rule IS NOT NULL;

-- Members that the details of format 1's events lack, as a snapshot event has them.
CREATE TABLE earlier (
  event INTEGER PRIMARY KEY,
  detail TEXT NOT NULL                -- JSON object
) STRICT;

-- The log's indexes, of the events up to indexed.last. The few events after it are looked at one by one. So a change
-- writes none of this, except the one that makes them many: it adds all of them at once (indexed.c).
CREATE TABLE indexed (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  last INTEGER NOT NULL
) STRICT;
INSERT INTO indexed VALUES (1, 0);
CREATE TABLE event_of_place (
  place INTEGER NOT NULL,
  event INTEGER NOT NULL,
  PRIMARY KEY (place, event)
) STRICT, WITHOUT ROWID;
CREATE TABLE event_of_actor (
  actor INTEGER NOT NULL,
  event INTEGER NOT NULL,
  PRIMARY KEY (actor, event)
) STRICT, WITHOUT ROWID;
CREATE TABLE event_of_account (
  account TEXT NOT NULL,
  event INTEGER NOT NULL,
  PRIMARY KEY (account, event)
) STRICT, WITHOUT ROWID;
CREATE TABLE event_of_object (
  object TEXT NOT NULL,
  event INTEGER NOT NULL,
  PRIMARY KEY (object, event)
) STRICT, WITHOUT ROWID;

-- Role, uid, quota and switches are today's in every view; the log has the former ones.
CREATE TABLE account (
  id INTEGER PRIMARY KEY CHECK (id < 1048576), -- the bits that an inode number has for it
  name TEXT NOT NULL UNIQUE,          -- never used again, so unique among removed ones too
  role INTEGER NOT NULL,
  uid INTEGER,
  quota INTEGER,                      -- images a region; NULL: the limit images-per-region
  require_trust INTEGER NOT NULL DEFAULT 0,
  from_event INTEGER NOT NULL,
  until_event INTEGER NOT NULL DEFAULT 140737488355327
) STRICT;
CREATE UNIQUE INDEX account_of_uid ON account (uid) WHERE uid IS NOT NULL AND until_event = 140737488355327;

CREATE TABLE region (
  id INTEGER PRIMARY KEY CHECK (id < 65536), -- likewise
  name TEXT NOT NULL,
  from_event INTEGER NOT NULL,
  until_event INTEGER NOT NULL DEFAULT 140737488355327
) STRICT;
CREATE UNIQUE INDEX region_of_name ON region (name, until_event);

CREATE TABLE store (
  region INTEGER PRIMARY KEY,
  path TEXT,                          -- NULL: store/<name> in the catalog's directory
  number INTEGER                      -- in its mark, drawn for this directory; NULL: not drawn yet
) STRICT;

-- And of the log's clock (log_clock.c): clock-doubt, clock-set.
CREATE TABLE setting (                -- limits and switches that differ from the built-in ones
  name TEXT NOT NULL,
  until_event INTEGER NOT NULL DEFAULT 140737488355327,
  from_event INTEGER NOT NULL,
  value INTEGER NOT NULL,
  PRIMARY KEY (name, until_event)
) STRICT, WITHOUT ROWID;

-- The directory of an image. It outlives its content.
CREATE TABLE place (
  id INTEGER PRIMARY KEY,
  region INTEGER NOT NULL REFERENCES region (id),
  owner INTEGER NOT NULL REFERENCES account (id),
  until_event INTEGER NOT NULL DEFAULT 140737488355327
) STRICT;
CREATE INDEX place_listing ON place (region, owner, until_event);
CREATE INDEX place_of_region ON place (region, until_event);
-- Ended rows, for pages of the past in the order of ids; here and below.
CREATE INDEX place_ended ON place (region, owner) WHERE until_event < 140737488355327;
CREATE INDEX place_ended_of_region ON place (region) WHERE until_event < 140737488355327;

CREATE TABLE place_name (
  place INTEGER NOT NULL REFERENCES place (id),
  until_event INTEGER NOT NULL DEFAULT 140737488355327,
  from_event INTEGER NOT NULL,
  region INTEGER NOT NULL,
  owner INTEGER NOT NULL,
  name TEXT NOT NULL,
  PRIMARY KEY (place, until_event)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX place_of_name ON place_name (region, owner, name, until_event);

CREATE TABLE image (
  id INTEGER PRIMARY KEY,             -- also the name of its blob
  place INTEGER NOT NULL REFERENCES place (id),
  until_event INTEGER NOT NULL DEFAULT 140737488355327,
  disk_event INTEGER,                 -- when the file `disk` was made, had content, was sealed
  available_event INTEGER,
  sealed_event INTEGER,
  size INTEGER,                       -- bytes, once sealed
  format TEXT,                        -- then, too: `qcow2`, and a line for each file that it needs; NULL: not told
  times_event INTEGER,                -- that set its mtime last: sealing, or a user's change
  mtime INTEGER,                      -- nanoseconds since 1970; NULL: the blob's own
  digest_event INTEGER,               -- that set the next two last
  digest BLOB,                        -- SHA-256 of the sealed disk
  same_content INTEGER,               -- of an import: an image with the same digest whose bytes its owner had
  purge_event INTEGER,                -- when its bytes went. Ended and NULL: they are kept
  first_owner INTEGER REFERENCES account (id) -- the place's, when this began
) STRICT;
CREATE UNIQUE INDEX image_of_place ON image (place, until_event);
-- Disks whose digest is to be computed: each owner's by size, and all by age.
CREATE INDEX image_undigested ON image (first_owner, size) WHERE sealed_event IS NOT NULL AND digest IS NULL AND until_event = 140737488355327;
CREATE INDEX image_undigested_age ON image (sealed_event) WHERE digest IS NULL AND until_event = 140737488355327;
CREATE INDEX image_kept ON image (until_event) WHERE until_event < 140737488355327 AND purge_event IS NULL;
CREATE INDEX image_of_same ON image (same_content) WHERE same_content IS NOT NULL;
CREATE INDEX image_of_digest ON image (digest, first_owner) WHERE digest IS NOT NULL;

CREATE TABLE lineage (                -- the images and launches that an image was copied from; no row: an import
  image INTEGER NOT NULL REFERENCES image (id),
  until_event INTEGER NOT NULL DEFAULT 140737488355327, -- when it became a copy of others
  source INTEGER NOT NULL,            -- before from_event: SQLite 3.40's integrity_check confuses columns else
  from_event INTEGER NOT NULL,
  PRIMARY KEY (image, until_event, source)
) STRICT, WITHOUT ROWID;
CREATE INDEX lineage_of_source ON lineage (source);

CREATE TABLE review (                 -- the owner states that there is no secret in it
  image INTEGER NOT NULL REFERENCES image (id),
  until_event INTEGER NOT NULL DEFAULT 140737488355327,
  from_event INTEGER NOT NULL,
  PRIMARY KEY (image, until_event)
) STRICT, WITHOUT ROWID;

CREATE TABLE instance (
  id INTEGER PRIMARY KEY,
  region INTEGER NOT NULL REFERENCES region (id),
  owner INTEGER NOT NULL REFERENCES account (id),
  name TEXT NOT NULL,
  until_event INTEGER NOT NULL DEFAULT 140737488355327
) STRICT;
CREATE UNIQUE INDEX instance_of_name ON instance (region, owner, name, until_event);
CREATE INDEX instance_listing ON instance (region, owner, until_event);
CREATE INDEX instance_of_region ON instance (region, until_event);
CREATE INDEX instance_ended ON instance (region, owner) WHERE until_event < 140737488355327;
CREATE INDEX instance_ended_of_region ON instance (region) WHERE until_event < 140737488355327;

-- One installation of an image on an instance. Its id names the blob and must be known before the event, so it is
-- reserved, in a range of its own: 2^35 and above.
CREATE TABLE launch (
  id INTEGER PRIMARY KEY,
  instance INTEGER NOT NULL REFERENCES instance (id),
  image INTEGER NOT NULL REFERENCES image (id),
  image_name TEXT NOT NULL,           -- web@alice, its name at that time
  from_event INTEGER NOT NULL,
  image_until INTEGER NOT NULL DEFAULT 140737488355327, -- when the file `image` was removed
  until_event INTEGER NOT NULL DEFAULT 140737488355327, -- when the file `disk` was removed
  purge_event INTEGER                 -- as of an image
) STRICT;
CREATE INDEX launch_kept ON launch (until_event) WHERE until_event < 140737488355327 AND purge_event IS NULL;
CREATE INDEX launch_of_instance ON launch (instance, id);
CREATE INDEX launch_of_image ON launch (image, id);
-- Disks that are being made, or that a crash left unfinished. A row is deleted once its launch is an event or given up.
CREATE TABLE reservation (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  instance INTEGER NOT NULL,
  image INTEGER NOT NULL
) STRICT;
INSERT INTO sqlite_sequence (name, seq) VALUES ('reservation', 34359738368);

-- What ended and was brought back has its old row: from when until when it was gone. what: place, image, instance, launch,
-- or launch_image (image_until). The same number may be a place's and an image's.
CREATE TABLE absence (
  what TEXT NOT NULL,
  id INTEGER NOT NULL,
  from_event INTEGER NOT NULL,
  until_event INTEGER NOT NULL,
  PRIMARY KEY (what, id, from_event)
) STRICT, WITHOUT ROWID;

CREATE TABLE trust (                  -- whose images an account trusts
  account INTEGER NOT NULL REFERENCES account (id),
  owner INTEGER NOT NULL REFERENCES account (id),
  until_event INTEGER NOT NULL DEFAULT 140737488355327,
  from_event INTEGER NOT NULL,        -- serves as the id
  PRIMARY KEY (account, owner, until_event)
) STRICT, WITHOUT ROWID;
CREATE INDEX trust_of_event ON trust (from_event);
CREATE INDEX trust_listing ON trust (account, until_event, from_event);
CREATE INDEX trust_ended ON trust (account, from_event) WHERE until_event < 140737488355327;

CREATE TABLE description (
  id INTEGER NOT NULL,                -- of the file: kept by a new text, not by removing and making the file again
  until_event INTEGER NOT NULL DEFAULT 140737488355327,
  from_event INTEGER NOT NULL,
  place INTEGER NOT NULL REFERENCES place (id),
  text TEXT NOT NULL,
  times_event INTEGER,                -- in which a user set its mtime last
  mtime INTEGER,                      -- nanoseconds since 1970; NULL: the time of the text
  PRIMARY KEY (id, until_event)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX description_of_place ON description (place, until_event);

CREATE TABLE shares_link (            -- the symlink `shares`
  id INTEGER PRIMARY KEY,
  place INTEGER NOT NULL REFERENCES place (id),
  until_event INTEGER NOT NULL DEFAULT 140737488355327
) STRICT;
CREATE UNIQUE INDEX shares_link_of_place ON shares_link (place, until_event);

CREATE TABLE share (
  id INTEGER PRIMARY KEY,
  image INTEGER NOT NULL REFERENCES image (id),
  account INTEGER NOT NULL REFERENCES account (id),
  region INTEGER NOT NULL,
  until_event INTEGER NOT NULL DEFAULT 140737488355327
) STRICT;
-- share_of_image has an image's live shares next to each other; share_ended has one account's ended shares.
CREATE UNIQUE INDEX share_of_image ON share (image, until_event, account);
CREATE INDEX share_received ON share (account, region, until_event);
CREATE INDEX share_ended ON share (image, account, until_event) WHERE until_event < 140737488355327;
CREATE INDEX share_ended_received ON share (account, region) WHERE until_event < 140737488355327;

CREATE TABLE share_expiry (           -- of the few shares that have one
  share INTEGER NOT NULL REFERENCES share (id),
  until_event INTEGER NOT NULL DEFAULT 140737488355327,
  from_event INTEGER NOT NULL,
  expires INTEGER NOT NULL,           -- milliseconds since 1970: from then on the share is dead
  PRIMARY KEY (share, until_event)
) STRICT, WITHOUT ROWID;
CREATE INDEX share_expiry_due ON share_expiry (expires) WHERE until_event = 140737488355327;

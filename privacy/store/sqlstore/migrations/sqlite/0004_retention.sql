-- One row for each tenant, and one for the operator, whose tenant is empty. Who
-- claims records locks it against who places holds and opens requests.
CREATE TABLE {retention_guards} (
	tenant TEXT NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- Holds are never removed. The tenant of the operator's holds is empty.
CREATE TABLE {retention_holds} (
	tenant TEXT NOT NULL,
	id     TEXT NOT NULL,
	hold   BLOB NOT NULL,
	PRIMARY KEY (tenant, id)
) STRICT;

-- The open requests of subjects. request_right is the code of the right.
CREATE TABLE {retention_requests} (
	tenant        TEXT NOT NULL,
	subject       TEXT NOT NULL,
	id            TEXT NOT NULL,
	request_right TEXT NOT NULL,
	PRIMARY KEY (tenant, subject, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX {name:retention_requests_id} ON {retention_requests} (tenant, id, subject);

-- Sweeps, with the length of their logs. wanted is 1 while a process asks for
-- shards and got none.
CREATE TABLE {retention_sweeps} (
	id          TEXT    NOT NULL PRIMARY KEY,
	plan_hash   BLOB    NOT NULL,
	approved_by TEXT    NOT NULL,
	started_at  INTEGER NOT NULL,
	items       INTEGER NOT NULL DEFAULT 0,
	wanted      INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- The latest lease of each shard that was ever leased.
CREATE TABLE {retention_shards} (
	sweep        TEXT    NOT NULL,
	shard        INTEGER NOT NULL,
	fence        INTEGER NOT NULL,
	leased_until INTEGER NOT NULL,
	PRIMARY KEY (sweep, shard)
) STRICT, WITHOUT ROWID;

-- The claims in flight, by the token of the record. They go when the outcome is
-- recorded.
CREATE TABLE {retention_claims} (
	token  BLOB    NOT NULL PRIMARY KEY,
	tenant TEXT    NOT NULL,
	sweep  TEXT    NOT NULL,
	shard  INTEGER NOT NULL,
	claim  BLOB    NOT NULL
) STRICT;

CREATE INDEX {name:retention_claims_tenant} ON {retention_claims} (tenant);

CREATE INDEX {name:retention_claims_shard} ON {retention_claims} (sweep, shard);

-- The logs of sweeps, never changed. action and disposed_at are set where the
-- record was disposed of.
CREATE TABLE {retention_items} (
	sweep       TEXT    NOT NULL,
	sequence    INTEGER NOT NULL,
	token       BLOB    NOT NULL,
	item        BLOB    NOT NULL,
	action      TEXT,
	disposed_at INTEGER,
	PRIMARY KEY (sweep, sequence)
) STRICT;

CREATE UNIQUE INDEX {name:retention_items_token} ON {retention_items} (token, sweep);

-- What recipients and systems downstream are still to be told.
CREATE TABLE {retention_notices} (
	sweep  TEXT NOT NULL,
	token  BLOB NOT NULL,
	notice BLOB NOT NULL,
	PRIMARY KEY (sweep, token)
) STRICT;

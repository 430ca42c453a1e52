-- The version and the folded state of every stream. The stream of a tenant
-- itself has the empty subject.
CREATE TABLE {streams} (
	tenant         TEXT    NOT NULL,
	subject        TEXT    NOT NULL,
	version        INTEGER NOT NULL,
	state          BLOB,
	transaction_id INTEGER NOT NULL,
	PRIMARY KEY (tenant, subject)
) STRICT, WITHOUT ROWID;

-- The ledger. Rows are never changed, but for redaction, which nulls
-- idempotency_key, salt and payload.
CREATE TABLE {events} (
	tenant          TEXT    NOT NULL,
	subject         TEXT    NOT NULL,
	sequence        INTEGER NOT NULL,
	id              TEXT    NOT NULL,
	kind            TEXT    NOT NULL,
	occurred_at     INTEGER NOT NULL,
	recorded_at     INTEGER NOT NULL,
	idempotency_key TEXT,
	salt            BLOB,
	commitment      BLOB    NOT NULL,
	payload         BLOB,
	PRIMARY KEY (tenant, subject, sequence)
) STRICT;

CREATE UNIQUE INDEX {name:events_key} ON {events} (tenant, subject, idempotency_key)
	WHERE idempotency_key IS NOT NULL;

-- Both feeds. The position is the order of commits. A version of 0 marks an
-- event that changed no stream.
CREATE TABLE {outbox} (
	position       INTEGER PRIMARY KEY AUTOINCREMENT,
	transaction_id INTEGER NOT NULL,
	tenant         TEXT    NOT NULL,
	subject        TEXT    NOT NULL,
	version        INTEGER NOT NULL,
	recorded_at    INTEGER NOT NULL,
	event          TEXT    NOT NULL,
	claimed_by     TEXT,
	claimed_until  INTEGER NOT NULL DEFAULT 0,
	attempt        INTEGER NOT NULL DEFAULT 0,
	delivered      INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX {name:outbox_pending} ON {outbox} (position) WHERE delivered = 0;

-- How far the cache feed was trimmed: one row.
CREATE TABLE {feed} (
	id             INTEGER PRIMARY KEY CHECK (id = 1),
	transaction_id INTEGER NOT NULL,
	version        INTEGER NOT NULL,
	position       INTEGER NOT NULL
) STRICT;

INSERT INTO {feed} (id, transaction_id, version, position) VALUES (1, 0, 0, 0);

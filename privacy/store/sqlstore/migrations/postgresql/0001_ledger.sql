-- The version and the folded state of every stream. The stream of a tenant
-- itself has the empty subject. transaction_id is the greatest that wrote the
-- stream, and keeps the stream's changes in order in the cache feed.
CREATE TABLE {streams} (
	tenant         text COLLATE "C" NOT NULL,
	subject        text COLLATE "C" NOT NULL,
	version        bigint NOT NULL,
	state          bytea,
	transaction_id bigint NOT NULL,
	PRIMARY KEY (tenant, subject)
) WITH (fillfactor = 80);

-- The ledger. Rows are never changed, but for redaction, which nulls
-- idempotency_key, salt and payload.
CREATE TABLE {events} (
	tenant          text COLLATE "C" NOT NULL,
	subject         text COLLATE "C" NOT NULL,
	sequence        bigint NOT NULL,
	id              text COLLATE "C" NOT NULL,
	kind            text COLLATE "C" NOT NULL,
	occurred_at     bigint NOT NULL,
	recorded_at     bigint NOT NULL,
	idempotency_key text COLLATE "C",
	salt            bytea,
	commitment      bytea NOT NULL,
	payload         bytea,
	PRIMARY KEY (tenant, subject, sequence)
);

CREATE UNIQUE INDEX {name:events_key} ON {events} (tenant, subject, idempotency_key)
	WHERE idempotency_key IS NOT NULL;

-- Both feeds. Positions follow no order that anything relies on: the cache feed
-- goes by transaction_id. A version of 0 marks an event that changed no stream.
CREATE TABLE {outbox} (
	position       bigserial PRIMARY KEY,
	transaction_id bigint NOT NULL,
	tenant         text COLLATE "C" NOT NULL,
	subject        text COLLATE "C" NOT NULL,
	version        bigint NOT NULL,
	recorded_at    bigint NOT NULL,
	event          text NOT NULL,
	claimed_by     text COLLATE "C",
	claimed_until  bigint NOT NULL DEFAULT 0,
	attempt        integer NOT NULL DEFAULT 0,
	delivered      smallint NOT NULL DEFAULT 0
);

CREATE INDEX {name:outbox_pending} ON {outbox} (position) WHERE delivered = 0;

CREATE INDEX {name:outbox_changes} ON {outbox} (transaction_id, version, position) WHERE version > 0;

-- How far the cache feed was trimmed: one row.
CREATE TABLE {feed} (
	id             smallint PRIMARY KEY CHECK (id = 1),
	transaction_id bigint NOT NULL,
	version        bigint NOT NULL,
	position       bigint NOT NULL
);

INSERT INTO {feed} (id, transaction_id, version, position) VALUES (1, 0, 0, 0);

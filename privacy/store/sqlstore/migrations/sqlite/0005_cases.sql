-- Cases: the latest version of each. A placeholder has version 0 and is the same
-- as none. What identifies the person is in subject and body, which redaction
-- rewrites. While a case owes nothing, ended is set.
CREATE TABLE {cases} (
	tenant       TEXT    NOT NULL,
	id           TEXT    NOT NULL,
	version      INTEGER NOT NULL,
	state        TEXT    NOT NULL,
	open         INTEGER NOT NULL,
	due          TEXT    NOT NULL,
	received     INTEGER NOT NULL,
	subject      TEXT,
	regime       TEXT    NOT NULL,
	redacted     INTEGER NOT NULL,
	ended        INTEGER,
	last_at      INTEGER NOT NULL,
	log_sequence INTEGER NOT NULL,
	log_hash     BLOB    NOT NULL,
	body         BLOB    NOT NULL,
	PRIMARY KEY (tenant, id)
) STRICT;

CREATE INDEX {name:cases_open} ON {cases} (tenant, due, id) WHERE open = 1;

CREATE INDEX {name:cases_state} ON {cases} (tenant, state, due, id);

CREATE INDEX {name:cases_subject} ON {cases} (tenant, subject, id) WHERE subject IS NOT NULL;

CREATE INDEX {name:cases_closed} ON {cases} (tenant, ended, id) WHERE ended IS NOT NULL;

CREATE INDEX {name:cases_unredacted} ON {cases} (tenant, ended, id) WHERE ended IS NOT NULL AND redacted = 0;

-- The logs of cases: codes and references, each line with the hash of the one
-- before. Rows are never changed.
CREATE TABLE {case_log} (
	tenant    TEXT    NOT NULL,
	case_id   TEXT    NOT NULL,
	sequence  INTEGER NOT NULL,
	logged_at INTEGER NOT NULL,
	payload   TEXT    NOT NULL,
	previous  BLOB    NOT NULL,
	hash      BLOB    NOT NULL,
	PRIMARY KEY (tenant, case_id, sequence)
) STRICT;

-- The idempotency keys of updates. A placeholder has the empty digest.
CREATE TABLE {case_keys} (
	tenant          TEXT    NOT NULL,
	idempotency_key TEXT    NOT NULL,
	digest          TEXT    NOT NULL,
	case_id         TEXT    NOT NULL,
	PRIMARY KEY (tenant, idempotency_key)
) STRICT, WITHOUT ROWID;

CREATE INDEX {name:case_keys_case} ON {case_keys} (tenant, case_id);

-- What is to be done at a time. Rows are claimed from claimable_at on: their own
-- time, or the end of the lease.
CREATE TABLE {wakes} (
	tenant       TEXT    NOT NULL,
	kind         TEXT    NOT NULL,
	wake_key     TEXT    NOT NULL,
	run_at       INTEGER NOT NULL,
	claimable_at INTEGER NOT NULL,
	payload      TEXT    NOT NULL,
	token        INTEGER NOT NULL DEFAULT 0,
	leased_until INTEGER,
	attempts     INTEGER NOT NULL DEFAULT 0,
	problem      TEXT    NOT NULL DEFAULT '',
	PRIMARY KEY (tenant, kind, wake_key)
) STRICT, WITHOUT ROWID;

CREATE INDEX {name:wakes_due} ON {wakes} (claimable_at, tenant, kind, wake_key);

-- Wake-ups that were given up, in the order in which they were.
CREATE TABLE {buried_wakes} (
	tenant       TEXT    NOT NULL,
	position     INTEGER NOT NULL,
	kind         TEXT    NOT NULL,
	wake_key     TEXT    NOT NULL,
	run_at       INTEGER NOT NULL,
	payload      TEXT    NOT NULL,
	token        INTEGER NOT NULL,
	leased_until INTEGER,
	attempts     INTEGER NOT NULL,
	problem      TEXT    NOT NULL,
	PRIMARY KEY (tenant, position)
) STRICT, WITHOUT ROWID;

-- The register of breaches: the latest version of each entry.
CREATE TABLE {breaches} (
	tenant  TEXT    NOT NULL,
	id      TEXT    NOT NULL,
	version INTEGER NOT NULL,
	body    BLOB    NOT NULL,
	PRIMARY KEY (tenant, id)
) STRICT;

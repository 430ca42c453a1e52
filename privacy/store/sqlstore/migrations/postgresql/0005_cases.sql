-- Cases: the latest version of each. A placeholder has version 0 and is the same
-- as none. What identifies the person is in subject and body, which redaction
-- rewrites. While a case owes nothing, ended is set.
CREATE TABLE {cases} (
	tenant       text COLLATE "C" NOT NULL,
	id           text COLLATE "C" NOT NULL,
	version      bigint NOT NULL,
	state        text COLLATE "C" NOT NULL,
	open         smallint NOT NULL,
	due          text COLLATE "C" NOT NULL,
	received     bigint NOT NULL,
	subject      text COLLATE "C",
	regime       text COLLATE "C" NOT NULL,
	redacted     smallint NOT NULL,
	ended        bigint,
	last_at      bigint NOT NULL,
	log_sequence bigint NOT NULL,
	log_hash     bytea NOT NULL,
	body         bytea NOT NULL,
	PRIMARY KEY (tenant, id)
) WITH (fillfactor = 80);

CREATE INDEX {name:cases_open} ON {cases} (tenant, due, id) WHERE open = 1;

CREATE INDEX {name:cases_state} ON {cases} (tenant, state, due, id);

CREATE INDEX {name:cases_subject} ON {cases} (tenant, subject, id) WHERE subject IS NOT NULL;

CREATE INDEX {name:cases_closed} ON {cases} (tenant, ended, id) WHERE ended IS NOT NULL;

CREATE INDEX {name:cases_unredacted} ON {cases} (tenant, ended, id) WHERE ended IS NOT NULL AND redacted = 0;

-- The logs of cases: codes and references, each line with the hash of the one
-- before. Rows are never changed.
CREATE TABLE {case_log} (
	tenant    text COLLATE "C" NOT NULL,
	case_id   text COLLATE "C" NOT NULL,
	sequence  bigint NOT NULL,
	logged_at bigint NOT NULL,
	payload   text COLLATE "C" NOT NULL,
	previous  bytea NOT NULL,
	hash      bytea NOT NULL,
	PRIMARY KEY (tenant, case_id, sequence)
);

-- The idempotency keys of updates. A placeholder has the empty digest.
CREATE TABLE {case_keys} (
	tenant          text COLLATE "C" NOT NULL,
	idempotency_key text COLLATE "C" NOT NULL,
	digest          text COLLATE "C" NOT NULL,
	case_id         text COLLATE "C" NOT NULL,
	PRIMARY KEY (tenant, idempotency_key)
);

CREATE INDEX {name:case_keys_case} ON {case_keys} (tenant, case_id);

-- What is to be done at a time. Rows are claimed from claimable_at on: their own
-- time, or the end of the lease.
CREATE TABLE {wakes} (
	tenant       text COLLATE "C" NOT NULL,
	kind         text COLLATE "C" NOT NULL,
	wake_key     text COLLATE "C" NOT NULL,
	run_at       bigint NOT NULL,
	claimable_at bigint NOT NULL,
	payload      text COLLATE "C" NOT NULL,
	token        bigint NOT NULL DEFAULT 0,
	leased_until bigint,
	attempts     bigint NOT NULL DEFAULT 0,
	problem      text COLLATE "C" NOT NULL DEFAULT '',
	PRIMARY KEY (tenant, kind, wake_key)
) WITH (fillfactor = 80);

CREATE INDEX {name:wakes_due} ON {wakes} (claimable_at, tenant, kind, wake_key);

-- Wake-ups that were given up, in the order in which they were.
CREATE TABLE {buried_wakes} (
	tenant       text COLLATE "C" NOT NULL,
	position     bigint NOT NULL,
	kind         text COLLATE "C" NOT NULL,
	wake_key     text COLLATE "C" NOT NULL,
	run_at       bigint NOT NULL,
	payload      text COLLATE "C" NOT NULL,
	token        bigint NOT NULL,
	leased_until bigint,
	attempts     bigint NOT NULL,
	problem      text COLLATE "C" NOT NULL,
	PRIMARY KEY (tenant, position)
);

-- The register of breaches: the latest version of each entry.
CREATE TABLE {breaches} (
	tenant  text COLLATE "C" NOT NULL,
	id      text COLLATE "C" NOT NULL,
	version bigint NOT NULL,
	body    bytea NOT NULL,
	PRIMARY KEY (tenant, id)
);

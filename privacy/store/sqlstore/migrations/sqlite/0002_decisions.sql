-- The log of decisions and disclosures.
CREATE TABLE {decisions} (
	tenant     TEXT    NOT NULL,
	id         TEXT    NOT NULL,
	subject    TEXT    NOT NULL,
	decided_at INTEGER NOT NULL,
	recipient  TEXT,
	body       BLOB    NOT NULL,
	PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX {name:decisions_subject} ON {decisions} (tenant, subject, id);

CREATE INDEX {name:decisions_disclosure} ON {decisions} (tenant, id) WHERE recipient IS NOT NULL;

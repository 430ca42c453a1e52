-- The log of decisions and disclosures.
CREATE TABLE {decisions} (
	tenant     text COLLATE "C" NOT NULL,
	id         text COLLATE "C" NOT NULL,
	subject    text COLLATE "C" NOT NULL,
	decided_at bigint NOT NULL,
	recipient  text COLLATE "C",
	body       bytea NOT NULL,
	PRIMARY KEY (tenant, id)
);

CREATE INDEX {name:decisions_subject} ON {decisions} (tenant, subject, id);

CREATE INDEX {name:decisions_disclosure} ON {decisions} (tenant, id) WHERE recipient IS NOT NULL;

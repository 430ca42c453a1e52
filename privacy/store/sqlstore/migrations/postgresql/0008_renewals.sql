-- Consents in force, to find those that are to be renewed.
CREATE TABLE {renewals} (
	tenant         text COLLATE "C" NOT NULL,
	subject        text COLLATE "C" NOT NULL,
	purpose        text COLLATE "C" NOT NULL,
	notice_version bigint NOT NULL,
	given_at       bigint NOT NULL,
	until_at       bigint,
	PRIMARY KEY (tenant, subject, purpose)
);

CREATE INDEX {name:renewals_notice} ON {renewals} (tenant, purpose, notice_version, subject);

CREATE INDEX {name:renewals_given} ON {renewals} (tenant, purpose, given_at, subject);

CREATE INDEX {name:renewals_end} ON {renewals} (tenant, purpose, until_at, subject) WHERE until_at IS NOT NULL;

-- Which version of a subject's stream those are of.
CREATE TABLE {renewal_subjects} (
	tenant  text COLLATE "C" NOT NULL,
	subject text COLLATE "C" NOT NULL,
	version bigint NOT NULL,
	PRIMARY KEY (tenant, subject)
);

-- How far the cache feed was read: one row.
CREATE TABLE {renewal_feed} (
	id          smallint PRIMARY KEY CHECK (id = 1),
	feed_cursor text COLLATE "C" NOT NULL
);

INSERT INTO {renewal_feed} (id, feed_cursor) VALUES (1, '');

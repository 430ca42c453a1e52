-- Consents in force, to find those that are to be renewed.
CREATE TABLE {renewals} (
	tenant         TEXT    NOT NULL,
	subject        TEXT    NOT NULL,
	purpose        TEXT    NOT NULL,
	notice_version INTEGER NOT NULL,
	given_at       INTEGER NOT NULL,
	until_at       INTEGER,
	PRIMARY KEY (tenant, subject, purpose)
) STRICT, WITHOUT ROWID;

CREATE INDEX {name:renewals_notice} ON {renewals} (tenant, purpose, notice_version, subject);

CREATE INDEX {name:renewals_given} ON {renewals} (tenant, purpose, given_at, subject);

CREATE INDEX {name:renewals_end} ON {renewals} (tenant, purpose, until_at, subject) WHERE until_at IS NOT NULL;

-- Which version of a subject's stream those are of.
CREATE TABLE {renewal_subjects} (
	tenant  TEXT    NOT NULL,
	subject TEXT    NOT NULL,
	version INTEGER NOT NULL,
	PRIMARY KEY (tenant, subject)
) STRICT, WITHOUT ROWID;

-- How far the cache feed was read: one row.
CREATE TABLE {renewal_feed} (
	id          INTEGER PRIMARY KEY CHECK (id = 1),
	feed_cursor TEXT    NOT NULL
) STRICT;

INSERT INTO {renewal_feed} (id, feed_cursor) VALUES (1, '');

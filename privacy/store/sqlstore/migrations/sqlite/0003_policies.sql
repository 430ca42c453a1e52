-- The chains of policies: versions and withdrawals, never changed.
CREATE TABLE {policy_entries} (
	tenant      TEXT    NOT NULL,
	policy      TEXT    NOT NULL,
	entry_index INTEGER NOT NULL,
	hash        BLOB    NOT NULL,
	entry       BLOB    NOT NULL,
	PRIMARY KEY (tenant, policy, entry_index)
) STRICT;

-- Who was shown or accepted which version, never changed.
CREATE TABLE {policy_acknowledgements} (
	tenant          TEXT    NOT NULL,
	subject         TEXT    NOT NULL,
	policy          TEXT    NOT NULL,
	version         INTEGER NOT NULL,
	act             TEXT    NOT NULL,
	locale          TEXT    NOT NULL,
	text_hash       BLOB    NOT NULL,
	channel         TEXT    NOT NULL,
	acknowledged_at INTEGER NOT NULL,
	PRIMARY KEY (tenant, subject, policy, version, act)
) STRICT, WITHOUT ROWID;

-- The highest version that each subject has acknowledged by an act.
CREATE TABLE {policy_readers} (
	tenant  TEXT    NOT NULL,
	subject TEXT    NOT NULL,
	policy  TEXT    NOT NULL,
	act     TEXT    NOT NULL,
	version INTEGER NOT NULL,
	PRIMARY KEY (tenant, subject, policy, act)
) STRICT, WITHOUT ROWID;

CREATE INDEX {name:policy_readers_version} ON {policy_readers} (tenant, policy, act, version, subject);

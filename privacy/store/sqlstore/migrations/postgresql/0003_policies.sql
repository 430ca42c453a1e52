-- The chains of policies: versions and withdrawals, never changed.
CREATE TABLE {policy_entries} (
	tenant      text COLLATE "C" NOT NULL,
	policy      text COLLATE "C" NOT NULL,
	entry_index bigint NOT NULL,
	hash        bytea NOT NULL,
	entry       bytea NOT NULL,
	PRIMARY KEY (tenant, policy, entry_index)
);

-- Who was shown or accepted which version, never changed.
CREATE TABLE {policy_acknowledgements} (
	tenant          text COLLATE "C" NOT NULL,
	subject         text COLLATE "C" NOT NULL,
	policy          text COLLATE "C" NOT NULL,
	version         bigint NOT NULL,
	act             text COLLATE "C" NOT NULL,
	locale          text COLLATE "C" NOT NULL,
	text_hash       bytea NOT NULL,
	channel         text COLLATE "C" NOT NULL,
	acknowledged_at bigint NOT NULL,
	PRIMARY KEY (tenant, subject, policy, version, act)
);

-- The highest version that each subject has acknowledged by an act.
CREATE TABLE {policy_readers} (
	tenant  text COLLATE "C" NOT NULL,
	subject text COLLATE "C" NOT NULL,
	policy  text COLLATE "C" NOT NULL,
	act     text COLLATE "C" NOT NULL,
	version bigint NOT NULL,
	PRIMARY KEY (tenant, subject, policy, act)
);

CREATE INDEX {name:policy_readers_version} ON {policy_readers} (tenant, policy, act, version, subject);

-- One row for each tenant, and one for the operator, whose tenant is empty. Who
-- claims records locks it against who places holds and opens requests.
CREATE TABLE {retention_guards} (
	tenant text COLLATE "C" NOT NULL PRIMARY KEY
);

-- Holds are never removed. The tenant of the operator's holds is empty.
CREATE TABLE {retention_holds} (
	tenant text COLLATE "C" NOT NULL,
	id     text COLLATE "C" NOT NULL,
	hold   bytea NOT NULL,
	PRIMARY KEY (tenant, id)
);

-- The open requests of subjects. request_right is the code of the right.
CREATE TABLE {retention_requests} (
	tenant        text COLLATE "C" NOT NULL,
	subject       text COLLATE "C" NOT NULL,
	id            text COLLATE "C" NOT NULL,
	request_right text COLLATE "C" NOT NULL,
	PRIMARY KEY (tenant, subject, id)
);

CREATE INDEX {name:retention_requests_id} ON {retention_requests} (tenant, id, subject);

-- Sweeps, with the length of their logs. wanted is 1 while a process asks for
-- shards and got none.
CREATE TABLE {retention_sweeps} (
	id          text COLLATE "C" NOT NULL PRIMARY KEY,
	plan_hash   bytea NOT NULL,
	approved_by text COLLATE "C" NOT NULL,
	started_at  bigint NOT NULL,
	items       bigint NOT NULL DEFAULT 0,
	wanted      smallint NOT NULL DEFAULT 0
) WITH (fillfactor = 80);

-- The latest lease of each shard that was ever leased.
CREATE TABLE {retention_shards} (
	sweep        text COLLATE "C" NOT NULL,
	shard        smallint NOT NULL,
	fence        bigint NOT NULL,
	leased_until bigint NOT NULL,
	PRIMARY KEY (sweep, shard)
) WITH (fillfactor = 80);

-- The claims in flight, by the token of the record. They go when the outcome is
-- recorded.
CREATE TABLE {retention_claims} (
	token  bytea NOT NULL PRIMARY KEY,
	tenant text COLLATE "C" NOT NULL,
	sweep  text COLLATE "C" NOT NULL,
	shard  smallint NOT NULL,
	claim  bytea NOT NULL
) WITH (fillfactor = 80);

CREATE INDEX {name:retention_claims_tenant} ON {retention_claims} (tenant);

CREATE INDEX {name:retention_claims_shard} ON {retention_claims} (sweep, shard);

-- The logs of sweeps, never changed. action and disposed_at are set where the
-- record was disposed of.
CREATE TABLE {retention_items} (
	sweep       text COLLATE "C" NOT NULL,
	sequence    bigint NOT NULL,
	token       bytea NOT NULL,
	item        bytea NOT NULL,
	action      text COLLATE "C",
	disposed_at bigint,
	PRIMARY KEY (sweep, sequence)
);

CREATE UNIQUE INDEX {name:retention_items_token} ON {retention_items} (token, sweep);

-- What recipients and systems downstream are still to be told.
CREATE TABLE {retention_notices} (
	sweep  text COLLATE "C" NOT NULL,
	token  bytea NOT NULL,
	notice bytea NOT NULL,
	PRIMARY KEY (sweep, token)
);

-- Who gives events their places in the trees, and how far that has got: one row.
CREATE TABLE {proof_sequencer} (
	id           smallint PRIMARY KEY CHECK (id = 1),
	token        bigint NOT NULL,
	holder       text COLLATE "C" NOT NULL,
	leased_until bigint NOT NULL,
	feed_cursor  text COLLATE "C" NOT NULL
) WITH (fillfactor = 10);

INSERT INTO {proof_sequencer} (id, token, holder, leased_until, feed_cursor) VALUES (1, 0, '', 0, '');

-- The state of each tenant's tree: its size, the hashes that no tile holds yet,
-- and the signed note on them.
CREATE TABLE {proof_trees} (
	tenant     text COLLATE "C" NOT NULL,
	size       bigint NOT NULL,
	edge       bytea NOT NULL,
	checkpoint bytea NOT NULL,
	PRIMARY KEY (tenant)
) WITH (fillfactor = 50);

-- Complete parts of the trees, never changed.
CREATE TABLE {proof_tiles} (
	tenant     text COLLATE "C" NOT NULL,
	level      smallint NOT NULL,
	tile_index bigint NOT NULL,
	hashes     bytea NOT NULL,
	PRIMARY KEY (tenant, level, tile_index)
);

-- The place of each event in its tenant's tree, never changed.
CREATE TABLE {proof_leaves} (
	tenant     text COLLATE "C" NOT NULL,
	subject    text COLLATE "C" NOT NULL,
	sequence   bigint NOT NULL,
	leaf_index bigint NOT NULL,
	PRIMARY KEY (tenant, subject, sequence)
);

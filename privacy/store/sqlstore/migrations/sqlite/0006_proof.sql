-- Who gives events their places in the trees, and how far that has got: one row.
CREATE TABLE {proof_sequencer} (
	id           INTEGER PRIMARY KEY CHECK (id = 1),
	token        INTEGER NOT NULL,
	holder       TEXT    NOT NULL,
	leased_until INTEGER NOT NULL,
	feed_cursor  TEXT    NOT NULL
) STRICT;

INSERT INTO {proof_sequencer} (id, token, holder, leased_until, feed_cursor) VALUES (1, 0, '', 0, '');

-- The state of each tenant's tree: its size, the hashes that no tile holds yet,
-- and the signed note on them.
CREATE TABLE {proof_trees} (
	tenant     TEXT    NOT NULL,
	size       INTEGER NOT NULL,
	edge       BLOB    NOT NULL,
	checkpoint BLOB    NOT NULL,
	PRIMARY KEY (tenant)
) STRICT;

-- Complete parts of the trees, never changed.
CREATE TABLE {proof_tiles} (
	tenant     TEXT    NOT NULL,
	level      INTEGER NOT NULL,
	tile_index INTEGER NOT NULL,
	hashes     BLOB    NOT NULL,
	PRIMARY KEY (tenant, level, tile_index)
) STRICT;

-- The place of each event in its tenant's tree, never changed.
CREATE TABLE {proof_leaves} (
	tenant     TEXT    NOT NULL,
	subject    TEXT    NOT NULL,
	sequence   INTEGER NOT NULL,
	leaf_index INTEGER NOT NULL,
	PRIMARY KEY (tenant, subject, sequence)
) STRICT, WITHOUT ROWID;

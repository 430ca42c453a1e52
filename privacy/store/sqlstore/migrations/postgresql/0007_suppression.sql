-- Who was erased, as keyed hashes, so that imports and restored backups do not
-- bring them back.
CREATE TABLE {suppressions} (
	tenant  text COLLATE "C" NOT NULL,
	hash    bytea NOT NULL,
	case_id text COLLATE "C" NOT NULL,
	at      bigint NOT NULL,
	PRIMARY KEY (tenant, hash)
);

-- Who was erased, as keyed hashes, so that imports and restored backups do not
-- bring them back.
CREATE TABLE {suppressions} (
	tenant  TEXT    NOT NULL,
	hash    BLOB    NOT NULL,
	case_id TEXT    NOT NULL,
	at      INTEGER NOT NULL,
	PRIMARY KEY (tenant, hash)
) STRICT, WITHOUT ROWID;

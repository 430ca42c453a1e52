-- Tokens for downloads, by the hash of their secret.
CREATE TABLE {download_tokens} (
	tenant      TEXT    NOT NULL,
	id          TEXT    NOT NULL,
	case_id     TEXT    NOT NULL,
	hash        TEXT    NOT NULL,
	expires_at  INTEGER NOT NULL,
	redeemed_at INTEGER,
	PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX {name:download_tokens_expiry} ON {download_tokens} (tenant, expires_at);

-- Tokens for downloads, by the hash of their secret.
CREATE TABLE {download_tokens} (
	tenant      text COLLATE "C" NOT NULL,
	id          text COLLATE "C" NOT NULL,
	case_id     text COLLATE "C" NOT NULL,
	hash        text COLLATE "C" NOT NULL,
	expires_at  bigint NOT NULL,
	redeemed_at bigint,
	PRIMARY KEY (tenant, id)
);

CREATE INDEX {name:download_tokens_expiry} ON {download_tokens} (tenant, expires_at);

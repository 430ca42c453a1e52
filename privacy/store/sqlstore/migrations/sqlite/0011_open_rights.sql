-- Whether an open item of a case waits for people, because a task of it was given
-- up.
ALTER TABLE {cases} ADD COLUMN dead INTEGER NOT NULL DEFAULT 0;

CREATE INDEX {name:cases_dead} ON {cases} (tenant, due, id) WHERE dead = 1;

-- The codes of the rights that are open in a case, with a space between them. Each
-- has a row in {retention_requests}.
ALTER TABLE {cases} ADD COLUMN open_rights TEXT NOT NULL DEFAULT '';

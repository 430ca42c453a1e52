-- What a sweep of our own records asks for, in the order of time.
--
-- Since when a stream is idle: nothing in it is in force, and it was not erased
-- since. NULL while it is in use, so that appends to it touch no index, and 0 in
-- streams older than this migration, until a sweep looks at them. It is when the
-- relationship ended, where ended is 1, or else when the last event was recorded,
-- which last_recorded says.
ALTER TABLE {streams} ADD COLUMN idle_since INTEGER DEFAULT 0;

ALTER TABLE {streams} ADD COLUMN ended INTEGER NOT NULL DEFAULT 0;

ALTER TABLE {streams} ADD COLUMN last_recorded INTEGER NOT NULL DEFAULT 0;

UPDATE {streams} SET idle_since = NULL WHERE version = 0 OR subject = '';

CREATE INDEX {name:streams_idle} ON {streams} (ended, idle_since, tenant, subject)
	WHERE idle_since IS NOT NULL AND subject <> '';

CREATE INDEX {name:decisions_decided} ON {decisions} (decided_at, tenant, id) WHERE recipient IS NULL;

CREATE INDEX {name:decisions_disclosed} ON {decisions} (decided_at, tenant, id) WHERE recipient IS NOT NULL;

CREATE INDEX {name:outbox_delivered} ON {outbox} (recorded_at, position) WHERE delivered = 1;

-- The condition on id always holds. It is in the queries of sweeps and keeps the
-- lists of one tenant from these indexes.
CREATE INDEX {name:cases_ended} ON {cases} (ended, tenant, id) WHERE ended IS NOT NULL AND id <> '';

CREATE INDEX {name:cases_redactable} ON {cases} (ended, tenant, id)
	WHERE ended IS NOT NULL AND id <> '' AND redacted = 0;

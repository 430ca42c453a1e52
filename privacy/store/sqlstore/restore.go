package sqlstore

import "context"

// A dump that is restored into another cluster brings transaction ids that
// cluster has not reached: the cache feed would withhold their rows until it
// does, and for every stream it would go on. Such ids cannot come from anywhere
// else, so that resetting them is safe while others work.

type restoreSQL struct{ restored, streams, outbox, feed string }

func newRestoreSQL(t *template) restoreSQL {
	const limit = `pg_snapshot_xmax(pg_current_snapshot())::text::bigint`
	return restoreSQL{
		// The greatest id is always that of a row in the outbox or of the horizon.
		// It is asked at every start: the end of the index answers.
		restored: t.read(`SELECT 1 FROM {feed} WHERE transaction_id > ` + limit + `
			OR (SELECT MAX(transaction_id) FROM {outbox} WHERE version > 0) > ` + limit),
		streams: t.read(`UPDATE {streams} SET transaction_id = 0 WHERE transaction_id > ` + limit),
		outbox:  t.read(`UPDATE {outbox} SET transaction_id = 0 WHERE transaction_id > ` + limit),
		feed:    t.read(`UPDATE {feed} SET transaction_id = 0, version = 0, position = 0 WHERE transaction_id > ` + limit),
	}
}

// resetRestored resets the transaction ids of a restored dump, if there are any.
func (db *DB) resetRestored(ctx context.Context) error {
	if db.core.dialect != PostgreSQL {
		return nil
	}
	restored := false
	err := db.read(ctx, "migrate", Statement{SQL: db.core.restore.restored, Each: func(Row) error {
		restored = true
		return nil
	}})
	if err != nil || !restored {
		return err
	}
	return db.transact(ctx, "migrate", single(func() []Statement {
		return []Statement{{SQL: db.core.restore.streams}, {SQL: db.core.restore.outbox}, {SQL: db.core.restore.feed}}
	}))
}

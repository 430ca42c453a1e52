package sqlstore

// Dialect is the database that the statements are written for.
type Dialect uint8

// The dialects. The zero Dialect is none.
const (
	// SQLite is SQLite 3.37 or newer.
	SQLite Dialect = iota + 1
	// PostgreSQL is PostgreSQL 13 or newer.
	PostgreSQL
)

// String returns the name of the dialect in lower case.
func (d Dialect) String() string {
	switch d {
	case SQLite:
		return "sqlite"
	case PostgreSQL:
		return "postgresql"
	}
	return "unknown"
}

// placeholder is what begins a placeholder.
func (d Dialect) placeholder() byte {
	if d == SQLite {
		return '?'
	}
	return '$'
}

// A dialect's words are what the few statements differ in that are otherwise
// one text for all.
//
// On SQLite, placeholders are ?1, ?2, …: a $2 is a name there, which drivers
// that bind by position give to the second name in the text.
//
// An unseen limit is one that the planner of PostgreSQL does not count with. Where
// its statistics say that no more rows are left than that, it reads and sorts them
// all, at every page, and they are often wrong about the oldest rows and the newest.
//
// The transaction id orders the cache feed on PostgreSQL, where positions are
// given out long before a transaction commits. SQLite has one writer at a time,
// so that there positions are in the order of commits and the id is always 0.
func (d Dialect) words() []string {
	if d == SQLite {
		return []string{
			"{for update}", "",
			"{for key share}", "",
			"{for share}", "",
			"{skip locked}", "",
			"{transaction id}", "0",
			"{greatest}", "MAX",
			"{settled}", "1 = 1",
			"{order}", "0, 0, position",
			"{unseen}", "",
			"{/unseen}", "",
			"$", string(d.placeholder()),
		}
	}
	return []string{
		"{for update}", "FOR UPDATE",
		"{for key share}", "FOR KEY SHARE",
		"{for share}", "FOR SHARE",
		"{skip locked}", "FOR UPDATE SKIP LOCKED",
		"{transaction id}", "pg_current_xact_id()::text::bigint",
		"{greatest}", "GREATEST",
		"{settled}", "transaction_id < pg_snapshot_xmin(pg_current_snapshot())::text::bigint",
		"{order}", "transaction_id, version, position",
		"{unseen}", "(SELECT CAST(",
		"{/unseen}", " AS bigint))",
	}
}

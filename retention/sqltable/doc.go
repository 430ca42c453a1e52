// Package sqltable makes a retention.System of a table of the host, in PostgreSQL
// or SQLite, through database/sql. The host declares its columns once:
//
//	system, err := sqltable.New(pool, sqltable.Table{
//		System: "images", Dialect: retention.PostgreSQL, Name: "image",
//		Key: "id", TenantColumn: "workspace",
//		Categories: []privacy.CategoryID{"content.images"},
//		Events: map[string]retention.Column{
//			"uploaded": {Name: "uploaded_at", Type: retention.ColumnTimestamp},
//		},
//	})
//
// A declaration is checked as a whole and reports everything that is wrong. Names
// are letters, digits and underscores of ASCII and are quoted, so that they keep
// their case; values are arguments. No text of a row becomes part of a statement.
//
// # What a sweep reads
//
// Candidates asks the schedule for its predicate, by category, by tenant where
// tenants have rules of their own, and by event, and reads the answer in the order
// of the event and the key. With the indexes of Table.Indexes a pass reads the rows
// that are due or blocked, page after page, and none of the others, however many
// there are. Without them it is correct and slow.
//
// Rows whose event is NULL, or in a form that cannot be read, are therefore in no plan,
// nor are rows of a category that Table.Categories leaves out. They stay, and
// retention.Sweeper.Undecided counts them: as anchor_missing and as unreadable. It reads
// the whole table, in the order of the key.
//
// # Times
//
// A retention.Column says how it holds its time. In PostgreSQL that is a DATE or a
// TIMESTAMPTZ, in SQLite text or whole numbers:
//
//	2026-03-01                          retention.ColumnDate
//	2026-03-01 12:30:00                 retention.ColumnTextTimestamp, as CURRENT_TIMESTAMP writes it
//	2026-03-01T12:30:00.250Z            retention.ColumnTextTimestamp
//	1772368200                          retention.ColumnUnixSeconds, ColumnUnixMillis, ColumnUnixMicros
//
// What a driver makes of a time.Time is of one of these forms only if it is told to:
// write UTC, and no name of a zone. A value of another form is unreadable.
//
// # What a sweep writes
//
// Delete removes the row. Anonymise replaces the declared columns, CryptoShred
// destroys the row's own key in a KeyStore; both mark the row in DisposedColumn,
// and rows so marked are candidates no more. Hide marks it in HiddenColumn; that
// the host leaves hidden rows out of its queries is for the host to see to.
//
// Each of these is one statement that writes, by the row's key, and repeating it
// changes nothing. It leaves a row alone whose events are no longer those that were
// read: who logs in while a sweep runs is not swept. Disposed asks the table again, and
// that is what a sweep believes.
package sqltable

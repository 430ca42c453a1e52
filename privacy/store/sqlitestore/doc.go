// Package sqlitestore keeps everything in one SQLite file: the Stores of
// package sqlstore, with the driver and the settings that they need.
//
//	db, err := sqlitestore.Open(ctx, "privacy.db", nil)
//	if err != nil { ... }
//	defer db.Close()
//	ledger, err := consent.NewLedger(db.Consent(), register, nil)
//
// # What acknowledged means
//
// The file is in WAL mode with synchronous=FULL: what a method has acknowledged
// survives a crash of the process and a power cut, on a disk that damages no
// byte beside those it was writing, as SQLite presumes. (With synchronous=NORMAL,
// the usual advice for WAL, a power cut loses what was acknowledged last.)
// Concurrent callers share a transaction, and so the wait for the disk; each
// returns when its own work is durable.
//
// # Processes, connections, copies
//
// One connection writes, several read, and readers do not wait for the writer.
// Several processes on one machine may open the same file; they take turns at
// writing, and wait up to Options.BusyTimeout. A file on a network file system
// is not safe. The database is the file and those beside it that end in -wal
// and -shm: copy it with SQLite's backup or VACUUM INTO, never file by file
// while it is open.
package sqlitestore

// Package faulttest tests the stores on SQLite under what a test of theirs
// cannot bring about by itself. It exports nothing, and is a module of its own
// so that what it needs for that stays out of everyone else's go.mod.
//
//   - Power cuts and full disks: package sqlstore, with the statements and the
//     settings that sqlitestore ships, on a simulated disk. It keeps writes in
//     memory until they are synced; when the power goes, each sector that was
//     not holds one of its versions since, or part of one, or garbage. The
//     disk is a VFS of github.com/ncruces/go-sqlite3, because the driver that
//     sqlitestore links takes none that writes. Not simulated are the
//     directory (a file is there from its first sync on), a disk that lies, and
//     one that damages bytes beside those it was writing, which SQLite presumes
//     no disk does.
//   - Lost calls: a Store that fails before or after it has done its work, at
//     every call of a scripted scenario in turn.
//   - Sameness: random sequences of operations on memstore and on SQLite.
//   - Order: histories of concurrent grants, withdrawals and checks through two
//     gates on one file are linearizable for each subject, and what a gate
//     answers from its cache is never older than its bound.
//   - Leaks: no goroutine is left when a test ends.
//
// Each of these tests is tested too: with a setting, a store or a gate that is
// known to be broken, it must fail. PRIVACYKIT_SOAK=1 makes the long runs.
package faulttest

//go:build race

package sqlitestore_test

// defaultSwept is the number of rows to sweep in. The race detector makes SQLite,
// which is Go here, so slow that a million rows take minutes.
const defaultSwept = 50_000

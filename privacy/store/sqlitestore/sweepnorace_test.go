//go:build !race

package sqlitestore_test

// defaultSwept is the number of rows to sweep in.
const defaultSwept = 1_000_000

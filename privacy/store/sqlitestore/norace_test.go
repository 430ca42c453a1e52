//go:build !race

package sqlitestore_test

const (
	// defaultSwept is the number of rows to sweep in.
	defaultSwept = 1_000_000
	// defaultCases is the number of open cases that lists are read from.
	defaultCases = 100_000
)

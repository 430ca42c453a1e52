//go:build !race

package sqlitestore_test

const (
	// defaultSwept is the number of rows to sweep in.
	defaultSwept = 1_000_000
	// defaultCases is the number of open cases that lists are read from.
	defaultCases = 100_000
	// defaultOwn is the number of our own records of each kind that sweeps read.
	defaultOwn = 60_000
	// defaultRenewals is the number of subjects of which a hundred owe a consent.
	defaultRenewals = 100_000
)

//go:build race

package sqlitestore_test

// The race detector makes SQLite, which is Go here, so slow that to make as many rows
// as without it takes minutes.
const (
	// defaultSwept is the number of rows to sweep in.
	defaultSwept = 50_000
	// defaultCases is the number of open cases that lists are read from.
	defaultCases = 10_000
	// defaultOwn is the number of our own records of each kind that sweeps read.
	defaultOwn = 20_000
	// defaultRenewals is the number of subjects of which a hundred owe a consent.
	defaultRenewals = 10_000
)

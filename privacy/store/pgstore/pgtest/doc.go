// Package pgtest gives tests a PostgreSQL database each.
//
//	var cluster pgtest.Cluster
//
//	func TestMain(m *testing.M) { os.Exit(cluster.Main(m)) }
//
//	func TestSomething(t *testing.T) {
//		db, err := pgstore.Open(t.Context(), cluster.Database(t), nil)
//		...
//	}
//
// The databases are made on the server that PRIVACYKIT_POSTGRES_URL names, whose
// user must be allowed to create databases, or on a throwaway server of the test
// process, from the programs found on the path or below /usr/lib/postgresql. It
// can be reached through a Unix socket only, and syncs to disk as a real one
// does. initdb refuses to run as root: then the server runs as the user
// postgres, or nobody.
//
// Without either, tests are skipped and say so; with
// PRIVACYKIT_REQUIRE_POSTGRES=1 they fail.
package pgtest

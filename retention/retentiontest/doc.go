// Package retentiontest checks implementations of the stores of package
// retention. A test of an adapter hands Run a function that returns a fresh, empty
// store:
//
//	func TestStore(t *testing.T) {
//		retentiontest.Run(t, func(t testing.TB) retentiontest.Store { return newStore(t) })
//	}
//
// Every sentence of the contracts of retention.HoldStore and retention.SweepStore
// has a check, and every failure quotes the sentence. NewStore is a store in
// memory that passes, for tests of hosts.
//
// The package imports the standard library and this module only.
package retentiontest

// Package retentiontest checks implementations of the stores of package
// retention. A test of an adapter hands Run a function that returns a fresh, empty
// store:
//
//	func TestStore(t *testing.T) {
//		retentiontest.Run(t, func(t testing.TB) retentiontest.Store { return newStore(t) })
//	}
//
// Every sentence of the contract of retention.Store has a check, and every failure
// quotes the sentence. RunMutants shows that the checks bite: it breaks a sound
// store in one way after another. Compare carries out the same random operations on
// two stores. For tests of hosts, memstore.NewRetention is a store in memory.
//
// The package imports the standard library and this module only.
package retentiontest

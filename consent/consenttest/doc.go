// Package consenttest is the specification of consent.Store as a test suite: one
// case for every sentence of the contract. An adapter's test is a few lines:
//
//	func TestConformance(t *testing.T) {
//		consenttest.Run(t, func(t testing.TB) consent.Store { return open(t) })
//	}
//
// Each case gets a fresh, empty store. A failing case quotes the clause it
// found broken. The suite itself is tested with mutants: stores that break one
// clause each, which the case of that clause must catch. RunMutants puts the
// same faults into an adapter's own stores, which shows that no case passes
// there for want of a way to fail.
package consenttest

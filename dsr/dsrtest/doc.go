// Package dsrtest is the conformance suite of the stores that package dsr
// declares. An adapter calls Run from a test of its own:
//
//	func TestConformance(t *testing.T) {
//		dsrtest.Run(t, func(t testing.TB) dsrtest.Harness { ... })
//	}
//
// Each Clause quotes the sentence of the contract that it checks. RunMutants
// proves that the clauses bite: it breaks one sentence after another around the
// adapter's own store. Compare carries out random operations on two stores and
// tells where they first differ.
//
// The package imports only the standard library and this module.
package dsrtest

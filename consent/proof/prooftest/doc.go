// Package prooftest is the specification of proof.Store as a test suite: one case
// for every sentence of the contract. An adapter's test is a few lines:
//
//	func TestProofConformance(t *testing.T) {
//		prooftest.Run(t, func(t testing.TB) prooftest.Opened { ... })
//	}
//
// Each case gets fresh, empty stores. A failing case quotes the clause it found
// broken. RunMutants tests the suite itself on the same stores: it breaks one
// clause after another, which the cases of that clause must catch.
package prooftest

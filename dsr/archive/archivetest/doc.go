// Package archivetest is the conformance suite of archive.TokenStore. An adapter
// calls Run from a test of its own:
//
//	func TestTokens(t *testing.T) {
//		archivetest.Run(t, func(t testing.TB) archive.TokenStore { ... })
//	}
//
// Each Clause quotes the sentence of the contract that it checks. RunMutants
// breaks a sound store in one way after the other and fails unless the clauses
// notice. The package imports only the standard library and this module.
package archivetest

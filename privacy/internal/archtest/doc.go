// Package archtest holds the rules of this repository as tests, so that they
// cannot drift from the code: which package may import which, what the root
// module depends on and links, what stands at the top level, that everything
// exported is documented, that no package keeps hidden state, and that no file
// speaks of the machine it was written on.
//
// It also runs the tests of the nested modules (TestNestedModules), which
// `go test ./...` at the root would not enter by itself. That test is skipped
// with -short and forwards -race. It walks every file of the repository, and
// looks at the variables that the nested tests read, so that a cached result is
// only used while neither has changed.
//
// Every rule is a function from a repository to findings, and is itself tested
// on small repositories that break it.
package archtest

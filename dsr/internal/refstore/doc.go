// Package refstore is a store that keeps every sentence of the contracts of
// package dsr, for tests: the model from which the mutants of the conformance
// suite differ.
package refstore

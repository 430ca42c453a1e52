// Package renewaltest is the contract of renewal.Store as a test suite: one case
// for every sentence of it. Run runs all of them on stores of a host's own;
// RunMutants proves that the cases bite.
package renewaltest

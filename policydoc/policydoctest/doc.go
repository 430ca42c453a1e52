// Package policydoctest checks implementations of policydoc.Store, and lets a
// host's own tests keep its policy and its declaration together.
//
// Run checks a Store: one case for each sentence of the contract, each named and
// quoting the sentence. RunMutants puts faults into an adapter's own stores,
// which shows that no case passes there for want of a way to fail.
//
// RequireReconciled is the one line that a host's CI needs so that nobody
// changes what its software does with personal data without the policy noticing,
// nor the reverse.
package policydoctest

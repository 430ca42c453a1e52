// Package gatetest gives a host's tests a working gate in one line: the
// in-memory store, a clock that the test moves, and identifiers that are the
// same in every run.
//
// It is a package of its own so that privacytest stays free of the other
// packages of the SDK, whose own tests use it.
package gatetest

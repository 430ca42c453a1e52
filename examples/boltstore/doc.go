// Package boltstore is a consent.Store that a host wrote itself, on bbolt: what
// it takes to keep the evidence in a storage that privacykit does not know.
//
// A bbolt transaction is one unit of work, and there is one writer at a time, so
// the contract comes almost for free. What is left is to encode keys that sort
// as the contract wants: identifiers hold no control characters, so a zero byte
// ends one, and numbers are big-endian.
//
// The test is three lines: consenttest.Run.
package boltstore

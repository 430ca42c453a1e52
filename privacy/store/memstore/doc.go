// Package memstore keeps everything in memory: every Store of the SDK, for
// tests. It obeys the whole contract of each Store, and the other adapters are
// compared with it, so its code is as plain as the contract allows: one lock,
// maps, and copies of everything that goes in or comes out.
//
// Nothing is durable and nothing is bounded. Production code uses sqlitestore,
// pgstore or a Store of its own.
package memstore

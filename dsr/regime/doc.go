// Package regime holds the law on requests of data subjects and on breaches as
// data, and the clock that runs on it.
//
// # The files
//
// A Regime is one version of one law: the periods of every request, what stops
// a clock, where identity may be asked for, what messages must contain, which
// right applies to data held on which legal basis, and the breach clock. Each
// is a file in the directory law that a lawyer can read on its own, without Go
// and without another file: every rule carries its citation, and what is
// disputed stands in "uncertain" together with what was decided. No rule of law
// is written in Go.
//
// A Book holds regimes in all their versions. Presets returns the embedded
// ones; With adds or replaces some, so that a host overrides a preset by a file
// of its own, read by Parse. A request is bound to the version in force on the
// day it was received, which Book.InForce finds and Regime.Version names.
//
// # The clock
//
// Regime.Deadline is a pure function from the facts of a request to every date
// that follows, with its derivation step by step. Days are civil days in the
// controller's zone. The day of receipt is not counted; months are added at
// once and end on the last day of a shorter month; an extension counts from the
// same start as the first period. Public holidays come from the calendar that
// the host injects, and a day that it does not cover is an error, never a
// guess. Where several laws apply, Combine lists all and the earliest date
// wins.
//
// # The rights
//
// Regime.Decide answers whether a right applies to data held on a legal basis,
// on which grounds and by which exception. Facts are three-valued: what was not
// stated is neither true nor false, and a fact that the law's file does not
// mention is an error. There is no fact for a retention policy of the
// controller, because a policy is no exception to erasure.
//
// The presets are engineering and no legal advice. Their confidence says how
// far they were checked.
package regime

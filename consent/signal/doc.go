// Package signal reads the signals by which people's software states their
// choice, above all Global Privacy Control, and says what they mean in law.
//
// # Global Privacy Control
//
// Present applies the server rules of the specification to the headers of a
// request: only the exact value "1" counts, and of several headers one suffices.
// ReadSupport reads a site's gpc.json as the specification demands, and
// SupportHandler serves one. Middleware hands what a request carried on to its
// handler.
//
// # What a signal means
//
// Law is the file law/signals.json: which states oblige a business to honour the
// signal, from which day, and what it opts out of. Resolve compares the effect
// with what the ledger knows of a person: the signal counts against an earlier
// opt-in, of which the person may be told where the law lets a business ask.
// Where the law wants the status shown, Status has it.
//
// # Other strings
//
// The strings of IAB's TCF and GPP are kept as they came, as evidence
// (consent.SignalString); a Decoder of the host's may read them. Nothing is
// permitted by a string that nobody decoded.
package signal

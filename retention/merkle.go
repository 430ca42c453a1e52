package retention

import "github.com/labelop/privacykit/privacy/merkle"

// Hash is a SHA-256 hash. Its text form is lower-case hexadecimal. The root of a
// certificate and the proofs of its items are those of package merkle.
type Hash = merkle.Hash

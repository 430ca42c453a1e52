// Package examples holds programs that use privacykit as a host does: labelop,
// an annotation service whose main job runs behind the gate, and boltstore, a
// consent.Store that a host wrote itself.
package examples

package fulfilment

import (
	"fmt"
	"slices"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/privacy"
)

// The codes of the problems that CheckConnectors finds, beside
// privacy.ProblemUnknownReference.
const (
	// CodeMissing: a system holds personal data and nobody does the duty.
	CodeMissing = "missing"
	// CodeTwice: a duty is done by a connector and by hand.
	CodeTwice = "twice"
	// CodeCycle: systems wait for one another.
	CodeCycle = "cycle"
)

// Duties returns the actions that every system which holds personal data must
// be able to do.
func Duties() []dsr.Action {
	return []dsr.Action{dsr.ActionExport, dsr.ActionErase, dsr.ActionCorrect, dsr.ActionRestrict, dsr.ActionVerify}
}

// CheckConnectors reports, as privacy.Problems, every duty of a system of the
// register that no connector does and that is not declared as done by hand, and
// every connector of a system or recipient that is not declared. A Verifier is
// not owed where erasure is done by hand.
func CheckConnectors(register *privacy.Register, connectors Connectors) error {
	var problems privacy.Problems
	for system := range register.Systems() {
		if len(system.Categories) > 0 {
			checkDuties(&problems, system.ID, connectors.Systems[system.ID])
		}
	}
	for _, id := range sortedKeys(connectors.Systems) {
		path := fmt.Sprintf("systems[%s]", id)
		if _, ok := register.System(id); !ok {
			problems.Add(path, privacy.ProblemUnknownReference, "no such system is declared")
		}
		for _, before := range connectors.Systems[id].After {
			if _, ok := register.System(before); !ok {
				problems.Add(path+".after", privacy.ProblemUnknownReference, "no system %q is declared", before)
			}
		}
		if waitsFor(connectors, id, id, nil) {
			problems.Add(path+".after", CodeCycle, "the system comes after itself")
		}
	}
	for _, id := range sortedKeys(connectors.Recipients) {
		if _, ok := register.Recipient(id); !ok {
			problems.Add(fmt.Sprintf("recipients[%s]", id), privacy.ProblemUnknownReference, "no such recipient is declared")
		}
	}
	return problems.Err()
}

func checkDuties(problems *privacy.Problems, id privacy.SystemID, connector Connector) {
	for _, action := range Duties() {
		path := fmt.Sprintf("systems[%s].%s", id, action)
		automatic, manual := connector.does(action), connector.byHand(action)
		switch {
		case automatic && manual:
			problems.Add(path, CodeTwice, "the duty is done by a connector and by hand")
		case automatic || manual || action == dsr.ActionVerify && connector.byHand(dsr.ActionErase):
		default:
			problems.Add(path, CodeMissing, "the system holds personal data: give it a connector, or declare that people do it")
		}
	}
}

// does reports whether the connector does an action by itself.
func (c Connector) does(action dsr.Action) bool {
	switch action {
	case dsr.ActionExport:
		return c.Exporter != nil
	case dsr.ActionErase:
		return c.Eraser != nil
	case dsr.ActionCorrect:
		return c.Corrector != nil
	case dsr.ActionRestrict:
		return c.Restrictor != nil
	case dsr.ActionVerify:
		return c.Verifier != nil
	}
	return false
}

func (c Connector) byHand(action dsr.Action) bool { return slices.Contains(c.Manual, action) }

// waitsFor reports whether a system comes, at any remove, after another.
func waitsFor(connectors Connectors, system, other privacy.SystemID, seen []privacy.SystemID) bool {
	for _, before := range connectors.Systems[system].After {
		if before == other {
			return true
		}
		if !slices.Contains(seen, before) && waitsFor(connectors, before, other, append(seen, before)) {
			return true
		}
	}
	return false
}

func sortedKeys[K ~string, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

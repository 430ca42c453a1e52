package privacy

import (
	"fmt"
	"slices"
)

// transferTable is the form of transfers.json.
type transferTable struct {
	lawSource
	Regimes    []transferRegime `json:"regimes"`
	Mechanisms []mechanismLimit `json:"mechanisms"`
	Adequacy   []adequacyRow    `json:"adequacy"`
}

// transferRegime is a jurisdiction whose law restricts transfers.
type transferRegime struct {
	Jurisdiction Jurisdiction `json:"jurisdiction"`
	Citation     string       `json:"citation"`
}

// mechanismLimit says which regimes have a mechanism.
type mechanismLimit struct {
	Mechanism TransferMechanism `json:"mechanism"`
	Regimes   []Jurisdiction    `json:"regimes"`
	Citation  string            `json:"citation"`
}

func (t *transferTable) check() error {
	var problems Problems
	t.checkInto(&problems)
	if len(t.Regimes) == 0 {
		problems.Add("regimes", ProblemRequired, "at least one regime is required")
	}
	for i, row := range t.Regimes {
		path := fmt.Sprintf("regimes[%d]", i)
		checkJurisdictions(&problems, path, row.Jurisdiction)
		if row.Citation == "" {
			problems.Add(path, ProblemRequired, "a regime has a citation")
		}
	}
	for i, row := range t.Mechanisms {
		path := fmt.Sprintf("mechanisms[%d]", i)
		t.checkRegimes(&problems, path, row.Regimes...)
		if !row.Mechanism.Valid() || row.Citation == "" {
			problems.Add(path, ProblemRequired, "a row has a mechanism and a citation")
		}
	}
	for i, row := range t.Adequacy {
		path := fmt.Sprintf("adequacy[%d]", i)
		t.checkRegimes(&problems, path, row.Regime)
		row.checkInto(&problems, path)
	}
	return problems.Err()
}

func (t *transferTable) checkRegimes(problems *Problems, path string, regimes ...Jurisdiction) {
	for _, regime := range regimes {
		if !slices.ContainsFunc(t.Regimes, func(row transferRegime) bool { return row.Jurisdiction == regime }) {
			problems.Add(path, ProblemUnknownReference, "%q is no regime of the table", regime)
		}
	}
}

// knows reports whether a regime has the mechanism. A mechanism without an
// entry exists in every regime.
func (t *transferTable) knows(regime Jurisdiction, mechanism TransferMechanism) bool {
	for _, row := range t.Mechanisms {
		if row.Mechanism == mechanism {
			return slices.Contains(row.Regimes, regime)
		}
	}
	return true
}

// regimeOf returns the jurisdiction whose transfer law an operator in the
// country is under.
func (l *Law) regimeOf(country Country) Jurisdiction {
	home := Jurisdiction(country).key()
	for _, regime := range l.transfers.Regimes {
		if l.covers(regime.Jurisdiction.key(), home) {
			return regime.Jurisdiction
		}
	}
	return l.transfers.Regimes[0].Jurisdiction
}

// isTransfer reports whether a disclosure from one country to another is a
// transfer to a third country. It is, if either is unknown.
func (l *Law) isTransfer(from, to Country) bool {
	if from.Check() != nil || to.Check() != nil {
		return true
	}
	regime := l.regimeOf(from).key()
	return from != to && !l.covers(regime, Jurisdiction(to).key())
}

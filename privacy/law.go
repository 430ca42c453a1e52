package privacy

import (
	"embed"
	"fmt"
	"slices"
	"sync"
)

// The law that Compile applies is data: dated tables with citations, which a
// lawyer can read.
//
//go:embed law/*.json
var lawFiles embed.FS

// law is the content of the tables, ready for queries.
type law struct {
	eea       *area
	transfers transferTable
	bases     basisTable
}

// embeddedLaw returns the tables of this build. An error means that the build
// itself is broken.
var embeddedLaw = sync.OnceValues(func() (*law, error) {
	var l law
	var table areaTable
	for name, target := range map[string]any{"eea": &table, "transfers": &l.transfers, "bases": &l.bases} {
		text, err := lawFiles.ReadFile("law/" + name + ".json")
		if err != nil {
			return nil, fmt.Errorf("law table %s: %w", name, err)
		}
		if err := DecodeJSON(text, target); err != nil {
			return nil, fmt.Errorf("law table %s: %w", name, err)
		}
	}
	l.eea = newArea(table)
	return &l, nil
})

// lawSource says where a table comes from and how old it is. Every table has one.
type lawSource struct {
	Title     string   `json:"title"`
	AsOf      Date     `json:"as_of"`
	Citations []string `json:"citations"`
	Notes     []string `json:"notes"`
}

// areaTable is the form of law/eea.json: countries that one law covers.
type areaTable struct {
	lawSource
	Jurisdiction Jurisdiction `json:"jurisdiction"`
	Members      []areaMember `json:"members"`
}

type areaMember struct {
	Country      Country `json:"country"`
	Name         string  `json:"name"`
	Within       Country `json:"within"`
	From         Date    `json:"from"`
	Until        Date    `json:"until"`
	AppliedUntil Date    `json:"applied_until"`
	Note         string  `json:"note"`
}

// covers reports whether the law of the area applied in the member on a date.
func (m areaMember) covers(on Date) bool {
	end := m.AppliedUntil
	if end.IsZero() {
		end = m.Until
	}
	return !on.IsZero() && !on.Before(m.From) && (end.IsZero() || on.Before(end))
}

// area is an areaTable and its members on the day of the table.
type area struct {
	table   areaTable
	key     jurisdictionKey
	members countrySet
}

func newArea(table areaTable) *area {
	a := &area{table: table, key: foldJurisdiction(table.Jurisdiction)}
	for _, member := range table.Members {
		a.members[countryIndex(string(member.Country))] = member.covers(table.AsOf)
	}
	a.members[0] = false
	return a
}

// transferTable is the form of law/transfers.json.
type transferTable struct {
	lawSource
	Regimes []struct {
		Jurisdiction Jurisdiction `json:"jurisdiction"`
		Citation     string       `json:"citation"`
	} `json:"regimes"`
	Mechanisms []struct {
		Mechanism TransferMechanism `json:"mechanism"`
		Regimes   []Jurisdiction    `json:"regimes"`
		Citation  string            `json:"citation"`
	} `json:"mechanisms"`
	PartialAdequacy []partialAdequacy `json:"partial_adequacy"`
}

// partialAdequacy is an adequacy decision that covers only some recipients in
// a country.
type partialAdequacy struct {
	Regime   Jurisdiction `json:"regime"`
	Country  Country      `json:"country"`
	From     Date         `json:"from"`
	Scope    string       `json:"scope"`
	Citation string       `json:"citation"`
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

// partial returns the adequacy decision of a regime that covers only some
// recipients in a country.
func (t *transferTable) partial(regime Jurisdiction, country Country) (partialAdequacy, bool) {
	for _, row := range t.PartialAdequacy {
		if row.Regime == regime && row.Country == country {
			return row, true
		}
	}
	return partialAdequacy{}, false
}

// basisTable is the form of law/bases.json.
type basisTable struct {
	lawSource
	Bases []basisLimit `json:"bases"`
}

// basisLimit says where a legal basis exists.
type basisLimit struct {
	Basis         LegalBasis     `json:"basis"`
	Jurisdictions []Jurisdiction `json:"jurisdictions"`
	From          Date           `json:"from"`
	Citation      string         `json:"citation"`
}

// limit returns where a basis exists, and false if it exists everywhere.
func (t *basisTable) limit(basis LegalBasis) (basisLimit, bool) {
	for _, row := range t.Bases {
		if row.Basis == basis {
			return row, true
		}
	}
	return basisLimit{}, false
}

// covers reports whether a jurisdiction lies within another: a subdivision
// within its country, a country within the area that it is a member of.
func (l *law) covers(wide, narrow jurisdictionKey) bool {
	if wide == (jurisdictionKey{}) || narrow == (jurisdictionKey{}) {
		return false
	}
	return narrow == wide || narrow.country() == wide || (wide == l.eea.key && l.eea.hasMember(narrow))
}

// hasMember reports whether the country of k belongs to the area.
func (a *area) hasMember(k jurisdictionKey) bool {
	return a.members[k.countryIndex()]
}

// regimeOf returns the jurisdiction whose transfer law an operator in the
// country is under.
func (l *law) regimeOf(country Country) Jurisdiction {
	home := foldJurisdiction(Jurisdiction(country))
	for _, regime := range l.transfers.Regimes {
		if l.covers(foldJurisdiction(regime.Jurisdiction), home) {
			return regime.Jurisdiction
		}
	}
	return l.transfers.Regimes[0].Jurisdiction
}

// isTransfer reports whether a disclosure from one country to another is a
// transfer to a third country. It is, if either is unknown.
func (l *law) isTransfer(from, to Country) bool {
	if from.Check() != nil || to.Check() != nil {
		return true
	}
	regime := foldJurisdiction(l.regimeOf(from))
	return from != to && !l.covers(regime, foldJurisdiction(Jurisdiction(to)))
}

// InEEA reports whether a country was within the European Economic Area on a
// date, so that the law of the Union on data protection applied there as in a
// member state: the United Kingdom until the end of the transition period on
// 31 December 2020. It is false for unknown countries and for the zero Date. The
// table with its sources is law/eea.json.
func InEEA(country Country, on Date) bool {
	l, err := embeddedLaw()
	if err != nil {
		return false
	}
	for _, member := range l.eea.table.Members {
		if member.Country == country {
			return member.covers(on)
		}
	}
	return false
}

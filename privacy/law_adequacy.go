package privacy

// adequacyRow is a decision or regulation by which a country, or every member
// of an area, ensures an adequate level of protection.
type adequacyRow struct {
	Regime  Jurisdiction `json:"regime"`
	Country Country      `json:"country"`
	// Area is "eu" for a decision on all members of the EEA, in place of Country.
	Area      Jurisdiction `json:"area"`
	From      Date         `json:"from"`
	Until     Date         `json:"until"`
	Scope     string       `json:"scope"`
	Condition string       `json:"condition"`
	Citation  string       `json:"citation"`
	Uncertain string       `json:"uncertain"`
}

func (r adequacyRow) checkInto(problems *Problems, path string) {
	if r.From.IsZero() || r.Citation == "" {
		problems.Add(path, ProblemRequired, "a decision has a date and a citation")
	}
	if (r.Area == "") == (r.Country.Check() != nil) || (r.Area != "" && (r.Area != unionJurisdiction || r.Country != "")) {
		problems.Add(path+".country", ProblemCountry, "a decision is for a country or for the area \"eu\"")
	}
	if (r.Scope == "") != (r.Condition == "") {
		problems.Add(path, ProblemRequired, "a scope and its condition come together")
	}
	if !inOrder(r.From, r.Until) {
		problems.Add(path+".until", ProblemRange, "a decision ends after it begins")
	}
}

// inForce reports whether the decision applied on a date.
func (r adequacyRow) inForce(on Date) bool {
	return !on.Before(r.From) && (r.Until.IsZero() || on.Before(r.Until))
}

// AdequacyDecision is a decision, or a regulation of the United Kingdom, by
// which a country ensures an adequate level of protection (Art. 45(3) GDPR, UK
// GDPR Art. 45A).
type AdequacyDecision struct {
	From Date
	// Until is the first day on which it no longer applies, zero if none is known.
	Until Date
	// Scope says in words which recipients it covers, and Condition by a code,
	// such as "data_privacy_framework"; both are empty if it covers all.
	Scope, Condition string
	// Citation names it, and Uncertain says what is doubtful.
	Citation, Uncertain string
}

// Adequacy returns the decision under the law of a regime, "eu" or "gb", that
// covers a country on a date, and false if there is none. Decisions with a
// Condition cover only the recipients that meet it.
func (l *Law) Adequacy(regime Jurisdiction, country Country, on Date) (AdequacyDecision, bool) {
	regime = regime.Canonical()
	for _, row := range l.transfers.Adequacy {
		inScope := row.Country == country || (row.Area != "" && l.inEEA(country, on))
		if row.Regime.Canonical() == regime && inScope && row.inForce(on) {
			return AdequacyDecision{From: row.From, Until: row.Until, Scope: row.Scope, Condition: row.Condition, Citation: row.Citation, Uncertain: row.Uncertain}, true
		}
	}
	return AdequacyDecision{}, false
}

// WithinRegime reports whether a country was under the law of a regime, "eu" or
// "gb", on a date, so that a disclosure there was no transfer. It is false for
// unknown countries and for the zero Date.
func (l *Law) WithinRegime(regime Jurisdiction, country Country, on Date) bool {
	if country.Check() != nil || on.IsZero() {
		return false
	}
	if regime.Canonical() == unionJurisdiction {
		return l.inEEA(country, on)
	}
	return Jurisdiction(country).Canonical() == regime.Canonical()
}

// KnowsMechanism reports whether the law of a regime, "eu" or "gb", has a
// transfer mechanism. It does not say that its conditions are met.
func (l *Law) KnowsMechanism(regime Jurisdiction, mechanism TransferMechanism) bool {
	if !mechanism.Valid() {
		return false
	}
	for _, row := range l.transfers.Regimes {
		if row.Jurisdiction.Canonical() == regime.Canonical() {
			return l.transfers.knows(row.Jurisdiction, mechanism)
		}
	}
	return false
}

// EmbeddedLaw returns the law of this package.
func EmbeddedLaw() (*Law, error) { return embeddedLaw() }

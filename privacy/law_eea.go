package privacy

import "fmt"

// areaTable is the form of eea.json.
type areaTable struct {
	lawSource
	Members []areaMember `json:"members"`
}

// areaMember is a country in the area; the notes of the table say what its
// dates mean.
type areaMember struct {
	Country      Country `json:"country"`
	Name         string  `json:"name"`
	Within       Country `json:"within"`
	From         Date    `json:"from"`
	Until        Date    `json:"until"`
	AppliedUntil Date    `json:"applied_until"`
	Note         string  `json:"note"`
}

func (t *areaTable) check() error {
	var problems Problems
	t.checkInto(&problems)
	seen := make(map[Country]bool)
	for i, member := range t.Members {
		path := fmt.Sprintf("members[%d]", i)
		if member.Country.Check() != nil {
			problems.Add(path+".country", ProblemCountry, "%q is not a country code of ISO 3166-1 alpha-2", member.Country)
		}
		if seen[member.Country] {
			problems.Add(path+".country", ProblemDuplicate, "%q is listed already", member.Country)
		}
		seen[member.Country] = true
		if member.Name == "" || member.From.IsZero() {
			problems.Add(path, ProblemRequired, "a member has a name and a date")
		}
		if member.Within != "" && !seen[member.Within] {
			problems.Add(path+".within", ProblemUnknownReference, "%q is not listed before", member.Within)
		}
		if !inOrder(member.From, member.Until) || !inOrder(member.Until, member.AppliedUntil) {
			problems.Add(path, ProblemRange, "the dates of a member follow one another")
		}
	}
	return problems.Err()
}

// inOrder reports whether later, if there is one, comes after earlier.
func inOrder(earlier, later Date) bool {
	return later.IsZero() || (!earlier.IsZero() && later.After(earlier))
}

// covers reports whether the law of the area applied in the member on a date.
func (m areaMember) covers(on Date) bool {
	end := m.AppliedUntil
	if end.IsZero() {
		end = m.Until
	}
	return !on.Before(m.From) && (end.IsZero() || on.Before(end))
}

// area is an areaTable and its members on the day of the table.
type area struct {
	table   areaTable
	members countrySet
}

func newArea(table areaTable) *area {
	a := &area{table: table}
	for _, member := range table.Members {
		a.members[countryIndex(string(member.Country))] = member.covers(table.AsOf)
	}
	return a
}

// hasMember reports whether the country that k is in belongs to the area.
func (a *area) hasMember(k jurisdictionKey) bool { return a.members[k.countryIndex()] }

// covers reports whether a jurisdiction is or contains another: a country its
// subdivisions, the area the countries that are members of it.
func (l *Law) covers(wide, narrow jurisdictionKey) bool {
	if narrow == (jurisdictionKey{}) {
		return false
	}
	return narrow == wide || narrow.country() == wide || (wide == unionKey && l.eea.hasMember(narrow))
}

// InEEA reports whether a country was within the European Economic Area on a
// date, so that the law of the Union on data protection applied there as in a
// member state: the United Kingdom until the end of the transition period on
// 31 December 2020. It is false for unknown countries and for the zero Date. The
// table with its sources is law/eea.json.
func InEEA(country Country, on Date) bool {
	l, err := embeddedLaw()
	return err == nil && l.inEEA(country, on)
}

func (l *Law) inEEA(country Country, on Date) bool {
	for _, member := range l.eea.table.Members {
		if member.Country == country {
			return member.covers(on)
		}
	}
	return false
}

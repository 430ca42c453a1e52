package privacy

import "fmt"

func (c *compiler) purposes() {
	list := c.d.Purposes
	c.purpose = indexByID(c, list, "purposes", func(purpose *Purpose) PurposeID { return purpose.ID })
	for i := range list {
		purpose := &list[i]
		path := fmt.Sprintf("purposes[%d]", i)
		c.required(path+".title", purpose.Title, "the title of the purpose")
		c.text(path+".description", purpose.Description)
		c.text(path+".dpv", purpose.DPV)
		if !purpose.OptOuts.Valid() {
			c.problems.Add(path+".opt_outs", ProblemUnknown, "the set holds an opt-out that does not exist")
		}
		c.bases(path+".bases", purpose.Bases)
	}
}

// bases checks the legal bases of one purpose.
func (c *compiler) bases(path string, bases []PurposeBasis) {
	// taken says which entry a jurisdiction belongs to; the zero key stands for
	// every other jurisdiction.
	taken := make(map[jurisdictionKey]int)
	for i := range bases {
		entry := fmt.Sprintf("%s[%d]", path, i)
		c.basis(entry, &bases[i])
		if len(bases[i].Jurisdictions) == 0 {
			c.takeJurisdiction(entry, taken, jurisdictionKey{}, i)
		}
		for j, jurisdiction := range bases[i].Jurisdictions {
			place := fmt.Sprintf("%s.jurisdictions[%d]", entry, j)
			if err := jurisdiction.Check(); err != nil {
				c.problems.Add(place, ProblemJurisdiction, "%q is not \"eu\", an ISO 3166-1 country or an ISO 3166-2 subdivision", jurisdiction)
				continue
			}
			c.takeJurisdiction(place, taken, jurisdiction.key(), i)
		}
	}
}

func (c *compiler) takeJurisdiction(path string, taken map[jurisdictionKey]int, key jurisdictionKey, i int) {
	first, ok := taken[key]
	switch {
	case !ok:
		taken[key] = i
	case first == i:
		c.problems.Add(path, ProblemDuplicate, "the jurisdiction is listed already")
	case key == (jurisdictionKey{}):
		c.problems.Add(path, ProblemBasisDuplicate, "bases[%d] holds already for every jurisdiction that is not named", first)
	default:
		c.problems.Add(path, ProblemBasisDuplicate, "bases[%d] holds already for the jurisdiction", first)
	}
}

func (c *compiler) basis(path string, basis *PurposeBasis) {
	c.text(path+".interest", basis.Interest)
	c.text(path+".law", basis.Law)
	if basis.Condition != 0 && !basis.Condition.Valid() {
		c.problems.Add(path+".condition", ProblemUnknown, "the condition does not exist")
	}
	switch basis.Basis {
	case 0:
		c.problems.Add(path+".basis", ProblemRequired, "a legal basis is required")
		return
	case BasisLegitimateInterests:
		if basis.Interest == "" {
			c.problems.Add(path+".interest", ProblemRequired, "the legitimate interest pursued is required (Art. 13(1)(d))")
		}
	case BasisLegalObligation, BasisPublicTask:
		if basis.Law == "" {
			c.problems.Add(path+".law", ProblemRequired, "the law that lays down the obligation or task is required (Art. 6(3))")
		}
	}
	if !basis.Basis.Valid() {
		c.problems.Add(path+".basis", ProblemUnknown, "the legal basis does not exist")
		return
	}
	c.basisAvailable(path, basis)
}

// basisAvailable reports a basis that does not exist where it is relied on.
func (c *compiler) basisAvailable(path string, basis *PurposeBasis) {
	limit, ok := c.law.bases.limit(basis.Basis)
	if !ok {
		return
	}
	if len(basis.Jurisdictions) == 0 {
		c.problems.Add(path+".basis", ProblemBasisUnavailable, "%s exists only in %q: name the jurisdictions (%s)", basis.Basis, limit.Jurisdictions, limit.Citation)
	}
	for i, jurisdiction := range basis.Jurisdictions {
		if !c.coveredByAny(limit.Jurisdictions, jurisdiction.key()) {
			c.problems.Add(fmt.Sprintf("%s.jurisdictions[%d]", path, i), ProblemBasisUnavailable,
				"%s exists only in %q (%s)", basis.Basis, limit.Jurisdictions, limit.Citation)
		}
	}
}

func (c *compiler) coveredByAny(wide []Jurisdiction, narrow jurisdictionKey) bool {
	for _, jurisdiction := range wide {
		if c.law.covers(jurisdiction.key(), narrow) {
			return true
		}
	}
	return false
}

package privacy

import "slices"

// basisChoice finds the legal basis of one purpose for a jurisdiction.
type basisChoice struct {
	bases []PurposeBasis
	named []namedBasis
	// elsewhere is the place of the basis that names no jurisdiction, -1 if
	// there is none.
	elsewhere int
	// strictest is the place of the basis for an unknown jurisdiction, where
	// elsewhere covers it.
	strictest int
}

type namedBasis struct {
	jurisdiction jurisdictionKey
	place        int
}

// newBasisChoice copies bases without their jurisdictions, so that an entry
// can be handed out without another copy.
func newBasisChoice(bases []PurposeBasis) basisChoice {
	c := basisChoice{bases: make([]PurposeBasis, len(bases)), elsewhere: -1}
	for i, basis := range bases {
		if len(basis.Jurisdictions) == 0 {
			c.elsewhere = i
		}
		for _, jurisdiction := range basis.Jurisdictions {
			c.named = append(c.named, namedBasis{jurisdiction.key(), i})
		}
		if strictness(basis.Basis) < strictness(bases[c.strictest].Basis) {
			c.strictest = i
		}
		basis.Jurisdictions = nil
		c.bases[i] = basis
	}
	return c
}

// strictnessOrder ranks the legal bases by how much the use of data depends on
// the subject: what the subject must do first, then what the subject can stop,
// then what goes on regardless.
var strictnessOrder = [...]LegalBasis{
	BasisConsent,
	BasisContract,
	BasisLegitimateInterests,
	BasisRecognisedLegitimateInterests,
	BasisPublicTask,
	BasisVitalInterests,
	BasisLegalObligation,
}

// strictness returns the rank of a basis, lower for stricter ones.
func strictness(basis LegalBasis) int { return slices.Index(strictnessOrder[:], basis) }

// BasisFor returns the legal basis that the operator relies on as controller
// for a purpose where the law of a jurisdiction protects the subject, and
// whether there is one. The most specific declared jurisdiction decides: for
// "US-CA" that of "US-CA", else of "US", else the one that names none; for "DE"
// that of "DE", else of "eu", else the one that names none. Without any of them
// the answer is false.
//
// Where the jurisdiction is unknown, that is empty or refused by
// Jurisdiction.Check, there is a basis only if one names no jurisdiction, because
// the subject may be where no other is declared. The strictest declared basis
// applies then, whatever jurisdictions it names: consent, before contract,
// legitimate interests, recognised legitimate interests, public task, vital
// interests and legal obligation; among equal bases the first declared.
//
// Jurisdictions of the result is always nil; Purpose returns it. BasisFor does
// not allocate.
func (r *Register) BasisFor(purpose PurposeID, jurisdiction Jurisdiction) (PurposeBasis, bool) {
	i, ok := r.purpose[purpose]
	if !ok {
		return PurposeBasis{}, false
	}
	c := &r.bases[i]
	place := c.place(r.law, jurisdiction.key())
	if place < 0 || place >= len(c.bases) {
		return PurposeBasis{}, false
	}
	return c.bases[place], true
}

// place returns the place of the basis for a jurisdiction, or one outside the
// bases if there is none.
func (c *basisChoice) place(l *Law, key jurisdictionKey) int {
	if key == (jurisdictionKey{}) {
		if c.elsewhere < 0 {
			return c.elsewhere
		}
		return c.strictest
	}
	if place, ok := c.find(key); ok {
		return place
	}
	country := key.country()
	if place, ok := c.find(country); ok {
		return place
	}
	if l.eea.hasMember(country) {
		if place, ok := c.find(unionKey); ok {
			return place
		}
	}
	return c.elsewhere
}

func (c *basisChoice) find(key jurisdictionKey) (int, bool) {
	for _, entry := range c.named {
		if entry.jurisdiction == key {
			return entry.place, true
		}
	}
	return 0, false
}

// JurisdictionCovers reports whether declared is of or contains it: "US" covers
// "US-CA", and "eu" covers the countries of the European Economic Area on the
// date of the table law/eea.json. Case does not matter. What Jurisdiction.Check
// refuses covers nothing and is covered by nothing.
func (r *Register) JurisdictionCovers(declared, of Jurisdiction) bool {
	return r.law != nil && r.law.covers(declared.key(), of.key())
}

package consent

import (
	"cmp"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/labelop/privacykit/privacy"
)

// Use is what app code wants to do with personal data. Gate.Prepare resolves it
// against the register once, at start-up.
type Use struct {
	// Purpose is what for. Required.
	Purpose privacy.PurposeID
	// Categories are the categories of data, each with all within it. At least one.
	Categories []privacy.CategoryID
	// Operation is what is done. Required.
	Operation privacy.Operation
	// Recipient is to whom the data is disclosed. Required with
	// privacy.OperationDisclose, and allowed only with it.
	Recipient privacy.RecipientID
	// Country limits a disclosure to one of the recipient's declared
	// locations; empty means all of them.
	Country privacy.Country
	// Activity chooses a declared activity. Empty means every activity that
	// declares the use: their requirements then add up.
	Activity privacy.ActivityID
	// Exception claims one of the cases in which restricted data may be
	// processed all the same (Art. 18(2)).
	Exception RestrictionException
}

// RestrictionException is a case in which restricted data may be processed
// (Art. 18(2)). Storing needs none. The zero value claims none.
type RestrictionException uint8

// The exceptions of Art. 18(2).
const (
	// ExceptionNone claims no exception.
	ExceptionNone RestrictionException = iota
	// ExceptionConsent is processing with the subject's consent, given for the
	// purpose after the restriction began.
	ExceptionConsent
	// ExceptionLegalClaims is processing for legal claims.
	ExceptionLegalClaims
	// ExceptionRightsOfOthers is processing for the protection of the rights of
	// another person.
	ExceptionRightsOfOthers
	// ExceptionPublicInterest is processing for reasons of important public
	// interest of the Union or of a Member State.
	ExceptionPublicInterest
)

var exceptionNames = [...]string{"none", "consent", "legal_claims", "rights_of_others", "public_interest"}

// String returns the exception as a code, "unknown" if it is none of the constants.
func (e RestrictionException) String() string {
	if int(e) < len(exceptionNames) {
		return exceptionNames[e]
	}
	return "unknown"
}

// MarshalText returns the code. The error matches privacy.ErrInvalid.
func (e RestrictionException) MarshalText() ([]byte, error) {
	if int(e) >= len(exceptionNames) {
		return nil, fmt.Errorf("consent: unknown exception: %w", privacy.ErrInvalid)
	}
	return []byte(e.String()), nil
}

// UnmarshalText reads what MarshalText wrote. The error matches
// privacy.ErrInvalid.
func (e *RestrictionException) UnmarshalText(text []byte) error {
	i := slices.Index(exceptionNames[:], string(text))
	if i < 0 {
		return fmt.Errorf("consent: unknown exception: %w", privacy.ErrInvalid)
	}
	*e = RestrictionException(i)
	return nil
}

// ErrNotDeclared reports that no declared activity covers a use. It matches
// privacy.ErrDenied.
var ErrNotDeclared = fmt.Errorf("consent: no declared activity covers the use: %w", privacy.ErrDenied)

// PreparedUse is a Use resolved against the register: what app code holds and
// checks. It is immutable and safe for concurrent use.
type PreparedUse struct {
	gate *Gate
	use  Use
	// The rest is what evaluation needs, so that checking looks nothing up.
	purpose         privacy.Purpose
	purposeIndex    int
	activity        privacy.ActivityID
	role            privacy.Role
	bases           []resolvedBasis
	categories      bitset
	special         bool
	minimumAge      int
	ageMustBeKnown  bool
	ageCutoff       atomic.Pointer[ageCutoff]
	recipient       int // index in the register, -1 without one
	countries       []privacy.Country
	mechanisms      []privacy.TransferMechanism
	transferDay     atomic.Pointer[transferDay]
	obligations     privacy.MeasureSet
	ignoresRestrict bool
}

// resolvedBasis is the basis for a jurisdiction; the first of the list is for
// the unknown jurisdiction.
type resolvedBasis struct {
	jurisdiction privacy.Jurisdiction
	basis        privacy.LegalBasis
	condition    privacy.SpecialCondition
	declared     bool
}

// Use returns what was prepared.
func (p *PreparedUse) Use() Use {
	use := p.use
	use.Categories = slices.Clone(use.Categories)
	return use
}

// Role returns the role in which the use takes place.
func (p *PreparedUse) Role() privacy.Role { return p.role }

// Prepare resolves a use against the register. It returns privacy.Problems,
// which match privacy.ErrInvalid, if it names what is not declared or leaves
// out what is required, and an error that matches ErrNotDeclared and
// privacy.ErrDenied if the names are known but no activity declares the use, or
// the recipient or the country is not among those declared for it.
func (g *Gate) Prepare(use Use) (*PreparedUse, error) {
	use.Categories = slices.Clone(use.Categories)
	if err := g.checkUse(use); err != nil {
		return nil, err
	}
	activities, err := g.activitiesFor(use)
	if err != nil {
		return nil, err
	}
	prepared := &PreparedUse{gate: g, use: use, recipient: -1}
	prepared.purpose, _ = g.register.Purpose(use.Purpose)
	prepared.purposeIndex, _ = g.register.PurposeIndex(use.Purpose)
	prepared.role = activities[0].Role
	prepared.activity = activities[0].ID
	prepared.resolveCategories(use.Categories)
	prepared.resolveRequirements(activities)
	prepared.resolveRestriction()
	if err := prepared.resolveRecipient(); err != nil {
		return nil, err
	}
	if prepared.role != privacy.RoleProcessor {
		prepared.resolveBases()
	}
	return prepared, nil
}

// MustPrepare is Prepare for start-up: it panics if the use cannot be prepared,
// so that an unknown name stops the program before it serves anybody.
func (g *Gate) MustPrepare(use Use) *PreparedUse {
	prepared, err := g.Prepare(use)
	if err != nil {
		panic(err)
	}
	return prepared
}

func (g *Gate) checkUse(use Use) error {
	var problems privacy.Problems
	if _, ok := g.register.Purpose(use.Purpose); !ok {
		problems.Add("purpose", ProblemUnknown, "the purpose %q is not declared", use.Purpose)
	}
	if len(use.Categories) == 0 {
		problems.Add("categories", ProblemRequired, "at least one category is required")
	}
	for i, id := range use.Categories {
		if _, ok := g.register.Category(id); !ok {
			problems.Add(fmt.Sprintf("categories[%d]", i), ProblemUnknown, "the category %q is not declared", id)
		}
	}
	if !use.Operation.Valid() {
		problems.Add("operation", ProblemRequired, "the operation is required")
	}
	if use.Operation == privacy.OperationDisclose && use.Recipient == "" {
		problems.Add("recipient", ProblemRequired, "a disclosure names its recipient")
	}
	if use.Operation != privacy.OperationDisclose && use.Recipient != "" {
		problems.Add("recipient", ProblemNotADisclosure, "only a disclosure has a recipient")
	}
	if use.Recipient != "" {
		if _, ok := g.register.Recipient(use.Recipient); !ok {
			problems.Add("recipient", ProblemUnknown, "the recipient %q is not declared", use.Recipient)
		}
	}
	if use.Country != "" && use.Recipient == "" {
		problems.Add("country", ProblemNotADisclosure, "only a disclosure has a country")
	}
	if use.Activity != "" {
		if _, ok := g.register.Activity(use.Activity); !ok {
			problems.Add("activity", ProblemUnknown, "the activity %q is not declared", use.Activity)
		}
	}
	if use.Exception > ExceptionPublicInterest {
		problems.Add("exception", ProblemUnknown, "no such exception")
	}
	return problems.Err()
}

// activitiesFor returns the declared activities that cover the use, all of one role.
func (g *Gate) activitiesFor(use Use) ([]privacy.Activity, error) {
	var found []privacy.Activity
	for _, id := range g.register.ActivitiesFor(use.Purpose) {
		activity, _ := g.register.Activity(id)
		if g.declares(activity, use) {
			found = append(found, activity)
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%w: purpose %q, operation %s, categories %q, recipient %q", ErrNotDeclared, use.Purpose, use.Operation, use.Categories, use.Recipient)
	}
	for _, activity := range found[1:] {
		if activity.Role != found[0].Role {
			return nil, privacy.Problems{{Path: "activity", Code: ProblemAmbiguousRole,
				Detail: "activities of different roles declare the use; name the one that is meant"}}
		}
	}
	return found, nil
}

func (g *Gate) declares(activity privacy.Activity, use Use) bool {
	if use.Activity != "" && activity.ID != use.Activity {
		return false
	}
	if !slices.Contains(activity.Operations, use.Operation) {
		return false
	}
	if use.Recipient != "" && !slices.Contains(activity.Recipients, use.Recipient) {
		return false
	}
	for _, category := range use.Categories {
		if !g.register.ActivityCovers(activity.ID, category) {
			return false
		}
	}
	return true
}

func (p *PreparedUse) resolveCategories(ids []privacy.CategoryID) {
	for _, id := range ids {
		category, _ := p.gate.register.Category(id)
		p.special = p.special || category.Special || p.gate.holdsSpecial(id)
		index, _ := p.gate.register.CategoryIndex(id)
		p.categories.set(index)
	}
}

// holdsSpecial reports whether a category within id is special: naming id covers it.
func (g *Gate) holdsSpecial(id privacy.CategoryID) bool {
	for category := range g.register.Categories() {
		if category.Special && g.register.Within(category.ID, id) {
			return true
		}
	}
	return false
}

// resolveRequirements adds up what the activities demand: the strictest wins.
func (p *PreparedUse) resolveRequirements(activities []privacy.Activity) {
	for _, activity := range activities {
		p.obligations = p.obligations.Union(p.gate.register.MeasuresFor(activity.ID, p.use.Categories...))
		if activity.MinimumAge.Years > p.minimumAge {
			p.minimumAge = activity.MinimumAge.Years
		}
		if activity.MinimumAge.Years > 0 && activity.MinimumAge.Unknown != privacy.UnknownAgeDeclared {
			p.ageMustBeKnown = true
		}
	}
}

// resolveRestriction settles what needs no state: storing is allowed under a
// restriction, erasing is not, and an exception may be claimed.
func (p *PreparedUse) resolveRestriction() {
	switch p.use.Operation {
	case privacy.OperationStore, privacy.OperationRestrict:
		p.ignoresRestrict = true
	}
	switch p.use.Exception {
	case ExceptionLegalClaims, ExceptionRightsOfOthers, ExceptionPublicInterest:
		p.ignoresRestrict = true
	}
}

func (p *PreparedUse) resolveRecipient() error {
	if p.use.Recipient == "" {
		return nil
	}
	recipient, _ := p.gate.register.Recipient(p.use.Recipient)
	p.recipient, _ = p.gate.register.RecipientIndex(p.use.Recipient)
	for _, location := range recipient.Locations {
		if p.use.Country != "" && location.Country != p.use.Country {
			continue
		}
		p.countries = append(p.countries, location.Country)
		if location.Mechanism.Valid() {
			p.mechanisms = append(p.mechanisms, location.Mechanism)
		}
	}
	if len(p.countries) == 0 {
		return fmt.Errorf("consent: the recipient is not declared to process data in that country: %w", ErrNotDeclared)
	}
	return nil
}

func (p *PreparedUse) resolveBases() {
	seen := map[privacy.Jurisdiction]bool{"": true}
	p.bases = append(p.bases, p.resolveBasis(""))
	for _, basis := range p.purpose.Bases {
		for _, jurisdiction := range basis.Jurisdictions {
			if !seen[jurisdiction] {
				seen[jurisdiction] = true
				p.bases = append(p.bases, p.resolveBasis(jurisdiction))
			}
		}
	}
	rest := p.bases[1:]
	slices.SortFunc(rest, func(a, b resolvedBasis) int { return cmp.Compare(a.jurisdiction, b.jurisdiction) })
}

func (p *PreparedUse) resolveBasis(jurisdiction privacy.Jurisdiction) resolvedBasis {
	basis, ok := p.gate.register.BasisFor(p.use.Purpose, jurisdiction)
	return resolvedBasis{jurisdiction: jurisdiction, basis: basis.Basis, condition: basis.Condition, declared: ok}
}

// basisFor returns the basis for a jurisdiction. Jurisdictions that the
// declaration names are resolved already; others, such as a country within a
// declared union, are asked of the register, which allocates nothing.
func (p *PreparedUse) basisFor(jurisdiction privacy.Jurisdiction) resolvedBasis {
	for _, basis := range p.bases {
		if basis.jurisdiction == jurisdiction {
			return basis
		}
	}
	return p.resolveBasis(jurisdiction)
}

// bitset is a set of small indexes.
type bitset []uint64

func (b *bitset) set(i int) {
	for len(*b) <= i/64 {
		*b = append(*b, 0)
	}
	(*b)[i/64] |= 1 << (i % 64)
}

func (b bitset) has(i int) bool {
	return i >= 0 && i/64 < len(b) && b[i/64]&(1<<(i%64)) != 0
}

// covers reports whether every member of other is in b.
func (b bitset) covers(other bitset) bool {
	for i, word := range other {
		if i >= len(b) {
			if word != 0 {
				return false
			}
			continue
		}
		if word&^b[i] != 0 {
			return false
		}
	}
	return true
}

package privacy

import (
	"iter"
	"slices"
)

// Register is a compiled Declaration: the one map of purposes, data, recipients
// and activities that every other package asks. It is immutable and safe for
// concurrent use; what it returns may be changed by the caller without effect
// on it. Make one with Compile. The zero Register knows nothing.
//
// Unknown names are never an error here: the answer is false, empty or zero,
// and means no.
type Register struct {
	declaration Declaration
	hash        [32]byte
	findings    []Finding
	law         *Law
	regime      Jurisdiction

	category    map[CategoryID]int
	purpose     map[PurposeID]int
	recipient   map[RecipientID]int
	system      map[SystemID]int
	activity    map[ActivityID]int
	arrangement map[string]int

	tree          categoryTree
	activitiesFor map[PurposeID][]ActivityID
	bases         []basisChoice
}

// Hash returns the SHA-256 of the canonical JSON (RFC 8785) of Declaration. It
// names the register in evidence: declarations that differ in nothing but the
// spelling of country codes, jurisdictions and absent values have the same
// hash, all others have different ones.
func (r *Register) Hash() [32]byte { return r.hash }

// Declaration returns the declaration that the register was compiled from, with
// country codes and jurisdictions in canonical form.
func (r *Register) Declaration() Declaration { return r.declaration.clone() }

// Findings returns what is legal but doubtful in the declaration, in the order
// of its entries.
func (r *Register) Findings() []Finding { return slices.Clone(r.findings) }

// Operator returns who runs the service.
func (r *Register) Operator() Operator { return r.declaration.Operator }

// Services returns the products that the declaration covers.
func (r *Register) Services() []string { return slices.Clone(r.declaration.Services) }

// Contacts returns the contacts of a kind, in the order of the declaration. The
// kind "" stands for every kind.
func (r *Register) Contacts(kind ContactKind) []Contact {
	var contacts []Contact
	for _, contact := range r.declaration.Contacts {
		if kind == "" || contact.Kind == kind {
			contacts = append(contacts, contact)
		}
	}
	return contacts
}

// Purposes yields every purpose in the order of the declaration.
func (r *Register) Purposes() iter.Seq[Purpose] {
	return eachCopy(r.declaration.Purposes, Purpose.clone)
}

// Categories yields every category in the order of the declaration, with what
// it inherits from those it lies within.
func (r *Register) Categories() iter.Seq[Category] { return slices.Values(r.tree.effective) }

// Recipients yields every recipient in the order of the declaration.
func (r *Register) Recipients() iter.Seq[Recipient] {
	return eachCopy(r.declaration.Recipients, Recipient.clone)
}

// Systems yields every system in the order of the declaration.
func (r *Register) Systems() iter.Seq[System] { return eachCopy(r.declaration.Systems, System.clone) }

// Activities yields every activity in the order of the declaration.
func (r *Register) Activities() iter.Seq[Activity] {
	return eachCopy(r.declaration.Activities, Activity.clone)
}

// JointArrangements yields every arrangement between joint controllers in the
// order of the declaration.
func (r *Register) JointArrangements() iter.Seq[JointArrangement] {
	return eachCopy(r.declaration.JointArrangements, JointArrangement.clone)
}

// eachCopy yields copies of the entries of a list.
func eachCopy[T any](list []T, clone func(T) T) iter.Seq[T] {
	return func(yield func(T) bool) {
		for i := range list {
			if !yield(clone(list[i])) {
				return
			}
		}
	}
}

// Purpose returns the purpose with an identifier, and whether it is declared.
func (r *Register) Purpose(id PurposeID) (Purpose, bool) {
	return lookUp(r.declaration.Purposes, r.purpose, id, Purpose.clone)
}

// Category returns the category with an identifier, with the role, the mark and
// the measures that it inherits, and whether it is declared. It does not
// allocate.
func (r *Register) Category(id CategoryID) (Category, bool) {
	i, ok := r.category[id]
	if !ok {
		return Category{}, false
	}
	return r.tree.effective[i], true
}

// Recipient returns the recipient with an identifier, and whether it is declared.
func (r *Register) Recipient(id RecipientID) (Recipient, bool) {
	return lookUp(r.declaration.Recipients, r.recipient, id, Recipient.clone)
}

// System returns the system with an identifier, and whether it is declared.
func (r *Register) System(id SystemID) (System, bool) {
	return lookUp(r.declaration.Systems, r.system, id, System.clone)
}

// Activity returns the activity with an identifier, and whether it is declared.
func (r *Register) Activity(id ActivityID) (Activity, bool) {
	return lookUp(r.declaration.Activities, r.activity, id, Activity.clone)
}

// JointArrangement returns the arrangement with an identifier, and whether it
// is declared.
func (r *Register) JointArrangement(id string) (JointArrangement, bool) {
	return lookUp(r.declaration.JointArrangements, r.arrangement, id, JointArrangement.clone)
}

func lookUp[T any, ID comparable](list []T, index map[ID]int, id ID, clone func(T) T) (T, bool) {
	i, ok := index[id]
	if !ok {
		var none T
		return none, false
	}
	return clone(list[i]), true
}

// PurposeCount returns the number of purposes.
func (r *Register) PurposeCount() int { return len(r.declaration.Purposes) }

// PurposeIndex returns the place of a purpose in the declaration, from 0, and
// whether it is declared. Places are stable for one Hash.
func (r *Register) PurposeIndex(id PurposeID) (int, bool) { return indexIn(r.purpose, id) }

// PurposeAt returns the purpose at a place, the zero Purpose if there is none.
func (r *Register) PurposeAt(i int) Purpose { return entryAt(r.declaration.Purposes, i).clone() }

// CategoryCount returns the number of categories.
func (r *Register) CategoryCount() int { return len(r.declaration.Categories) }

// CategoryIndex returns the place of a category in the declaration, from 0, and
// whether it is declared. Places are stable for one Hash.
func (r *Register) CategoryIndex(id CategoryID) (int, bool) { return indexIn(r.category, id) }

// CategoryAt returns the category at a place as Category does, the zero
// Category if there is none.
func (r *Register) CategoryAt(i int) Category { return entryAt(r.tree.effective, i) }

// RecipientCount returns the number of recipients.
func (r *Register) RecipientCount() int { return len(r.declaration.Recipients) }

// RecipientIndex returns the place of a recipient in the declaration, from 0,
// and whether it is declared. Places are stable for one Hash.
func (r *Register) RecipientIndex(id RecipientID) (int, bool) { return indexIn(r.recipient, id) }

// RecipientAt returns the recipient at a place, the zero Recipient if there is
// none.
func (r *Register) RecipientAt(i int) Recipient { return entryAt(r.declaration.Recipients, i).clone() }

func indexIn[ID comparable](index map[ID]int, id ID) (int, bool) {
	i, ok := index[id]
	return i, ok
}

func entryAt[T any](list []T, i int) T {
	if i < 0 || i >= len(list) {
		var none T
		return none
	}
	return list[i]
}

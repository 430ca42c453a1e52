package policydoc

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/labelop/privacykit/privacy"
)

// Facts are what a policy has to tell, as plain data: what one declaration says
// on the day its policy is published. They are sorted by reference.
type Facts []Fact

// Fact is one thing that a policy has to tell.
type Fact struct {
	// Ref names the fact: its kind, and after a colon what it is about, such as
	// "purpose:billing". See the kinds.
	Ref string `json:"ref"`
	// Title is what people call it, from the declaration.
	Title string `json:"title,omitempty"`
	// Path is where the declaration says it, such as "purposes[2]". It is not
	// compared between versions.
	Path string `json:"path,omitempty"`
	// Attributes are the details, by name, each a sorted list of values.
	Attributes map[string][]string `json:"attributes,omitempty"`
}

// The kinds of facts, with their attributes.
const (
	// KindOperator is the one fact "operator": name, legal_entity, address, country.
	KindOperator = "operator"
	// KindContact is "contact:privacy" and the like: name, email, url, address.
	KindContact = "contact"
	// KindCategory is a category of personal data: role, special. Its roles are the
	// one it is held in and, where that is processor, those in which activities use
	// it for purposes of the operator's own.
	KindCategory = "category"
	// KindPurpose is a purpose: basis as "consent" or "consent in eu", interest,
	// role, category, direct_marketing.
	KindPurpose = "purpose"
	// KindRecipient is a recipient: kind, country, category, purpose.
	KindRecipient = "recipient"
	// KindTransfer is a third country that data goes to, "transfer:US": recipient,
	// mechanism. If a TransferJudge was asked, mechanism is what is relied on;
	// declared is what the declaration says instead, where it does, and refused are
	// the recipients that no mechanism permits to disclose to.
	KindTransfer = "transfer"
	// KindRetention is how long an activity keeps data: period, after, criteria, law.
	KindRetention = "retention"
	// KindRight is a right that subjects have, "right:access": purpose.
	KindRight = "right"
	// KindAge is the minimum age of an activity: years.
	KindAge = "age"
	// KindJointArrangement is what the operator has agreed with other controllers
	// with whom it decides on purposes (Art. 26), "joint_arrangement:group":
	// controller, essence, contact, purpose. Its title is the other controllers'
	// names.
	KindJointArrangement = "joint_arrangement"
	// KindAutomated is an activity that decides by automated means alone: purpose.
	KindAutomated = "automated"
)

// Kind returns the kind of the fact.
func (f Fact) Kind() string {
	kind, _, _ := strings.Cut(f.Ref, ":")
	return kind
}

// Find returns the fact with the reference.
func (fs Facts) Find(ref string) (Fact, bool) {
	i := sort.Search(len(fs), func(i int) bool { return fs[i].Ref >= ref })
	if i == len(fs) || fs[i].Ref != ref {
		return Fact{}, false
	}
	return fs[i], true
}

// Check reports facts that are out of order, that occur twice or that have no
// reference. The error matches privacy.ErrInvalid.
func (fs Facts) Check() error {
	var problems privacy.Problems
	for i, f := range fs {
		path := fmt.Sprintf("facts[%d]", i)
		if f.Ref == "" {
			problems.Add(path, "no_reference", "a fact has no reference")
		}
		if i > 0 && fs[i-1].Ref >= f.Ref {
			problems.Add(path, "out_of_order", "facts must be sorted by reference, each once")
		}
	}
	return problems.Err()
}

// FactsOf derives the facts from a register.
func FactsOf(r *privacy.Register) Facts { return FactsFor(r, nil) }

// FactsFor derives the facts from a register and from what the options know.
// opts may be nil.
func FactsFor(r *privacy.Register, opts *FactsOptions) Facts {
	if opts == nil {
		opts = &FactsOptions{}
	}
	b := &factBuilder{register: r, declaration: r.Declaration(), options: *opts, facts: map[string]*Fact{}}
	b.operator()
	b.data()
	b.recipients()
	for i, a := range b.declaration.Activities {
		b.activity(a, fmt.Sprintf("activities[%d]", i))
	}
	return b.sorted()
}

type factBuilder struct {
	register    *privacy.Register
	declaration privacy.Declaration
	options     FactsOptions
	facts       map[string]*Fact
}

// add makes the fact with the reference, or returns it.
func (b *factBuilder) add(ref, title, path string) *Fact {
	f := b.facts[ref]
	if f == nil {
		f = &Fact{Ref: ref, Title: title, Path: path, Attributes: map[string][]string{}}
		b.facts[ref] = f
	}
	return f
}

func (f *Fact) set(name string, values ...string) {
	for _, v := range values {
		if v != "" && !slices.Contains(f.Attributes[name], v) {
			f.Attributes[name] = append(f.Attributes[name], v)
		}
	}
}

func (b *factBuilder) sorted() Facts {
	out := make(Facts, 0, len(b.facts))
	for _, f := range b.facts {
		for _, values := range f.Attributes {
			slices.Sort(values)
		}
		if len(f.Attributes) == 0 {
			f.Attributes = nil
		}
		out = append(out, *f)
	}
	slices.SortFunc(out, func(x, y Fact) int { return strings.Compare(x.Ref, y.Ref) })
	return out
}

func (b *factBuilder) operator() {
	o := b.declaration.Operator
	f := b.add(KindOperator, o.Name, "operator")
	f.set("name", o.Name)
	f.set("legal_entity", o.LegalEntity)
	f.set("address", o.Address)
	f.set("country", string(o.Country))
	for i, c := range b.declaration.Contacts {
		f := b.add(KindContact+":"+string(c.Kind), c.Name, fmt.Sprintf("contacts[%d]", i))
		f.set("name", c.Name)
		f.set("email", c.Email)
		f.set("url", c.URL)
		f.set("address", c.Address)
	}
}

func (b *factBuilder) data() {
	for i, c := range b.declaration.Categories {
		f := b.add(KindCategory+":"+string(c.ID), c.Title, fmt.Sprintf("categories[%d]", i))
		effective, _ := b.register.Category(c.ID)
		f.set("role", effective.Role.String())
		if effective.Special {
			f.set("special", "true")
		}
	}
	for i, p := range b.declaration.Purposes {
		f := b.add(KindPurpose+":"+string(p.ID), p.Title, fmt.Sprintf("purposes[%d]", i))
		for _, basis := range p.Bases {
			f.set("basis", basisText(basis))
			f.set("interest", basis.Interest)
		}
		if p.DirectMarketing {
			f.set("direct_marketing", "true")
		}
	}
	for i, j := range b.declaration.JointArrangements {
		f := b.add(KindJointArrangement+":"+j.ID, strings.Join(j.Controllers, ", "), fmt.Sprintf("joint_arrangements[%d]", i))
		f.set("controller", j.Controllers...)
		f.set("essence", j.Essence)
		f.set("contact", j.Contact)
	}
}

func basisText(b privacy.PurposeBasis) string {
	if len(b.Jurisdictions) == 0 {
		return b.Basis.String()
	}
	names := make([]string, len(b.Jurisdictions))
	for i, j := range b.Jurisdictions {
		names[i] = string(j)
	}
	slices.Sort(names)
	return b.Basis.String() + " in " + strings.Join(names, ", ")
}

func (b *factBuilder) recipients() {
	for i, r := range b.declaration.Recipients {
		path := fmt.Sprintf("recipients[%d]", i)
		f := b.add(KindRecipient+":"+string(r.ID), r.Title, path)
		f.set("kind", r.Kind.String())
		for _, l := range r.Locations {
			f.set("country", string(l.Country))
			if b.register.IsTransfer(l.Country) {
				b.transfer(r.ID, l, path)
			}
		}
	}
}

func (b *factBuilder) activity(a privacy.Activity, path string) {
	purpose := b.add(KindPurpose+":"+string(a.Purpose), "", path)
	purpose.set("role", a.Role.String())
	for _, c := range a.Categories {
		purpose.set("category", string(c))
	}
	for _, id := range a.Recipients {
		r := b.add(KindRecipient+":"+string(id), "", path)
		r.set("purpose", string(a.Purpose))
		for _, c := range a.Categories {
			r.set("category", string(c))
		}
	}
	if a.Retention != (privacy.RetentionLimit{}) {
		f := b.add(KindRetention+":"+string(a.ID), a.Title, path+".retention")
		if !a.Retention.Period.IsZero() {
			f.set("period", a.Retention.Period.String())
		}
		f.set("after", a.Retention.After)
		f.set("criteria", a.Retention.Criteria)
		f.set("law", a.Retention.Law)
		f.set("purpose", string(a.Purpose))
	}
	if a.MinimumAge.Years > 0 {
		b.add(KindAge+":"+string(a.ID), a.Title, path+".minimum_age").set("years", fmt.Sprint(a.MinimumAge.Years))
	}
	if a.AutomatedDecision {
		b.add(KindAutomated+":"+string(a.ID), a.Title, path+".automated_decision").set("purpose", string(a.Purpose))
	}
	if a.JointArrangement != "" {
		b.add(KindJointArrangement+":"+a.JointArrangement, "", path).set("purpose", string(a.Purpose))
	}
	if a.Role != privacy.RoleProcessor {
		b.rights(a)
		b.ownUse(a)
	}
}

// ownUse adds the role of a controller's activity to the categories that it uses
// and that are held as processor (Art. 28(10)).
func (b *factBuilder) ownUse(a privacy.Activity) {
	used := map[string]bool{}
	for _, c := range a.Categories {
		used[KindCategory+":"+string(c)] = true
	}
	for _, c := range b.declaration.Categories {
		effective, _ := b.register.Category(c.ID)
		ref := KindCategory + ":" + string(c.ID)
		if effective.Role == privacy.RoleProcessor && covered(ref, used) {
			b.facts[ref].set("role", a.Role.String())
		}
	}
}

// rights adds the rights that a controller's activity gives, by its bases: all
// have those of Arts. 15 to 18; portability goes with consent and contract (Art.
// 20(1)(a)), objection with public tasks and interests (Art. 21(1)) and direct
// marketing (Art. 21(2)), withdrawal with consent (Art. 7(3)).
func (b *factBuilder) rights(a privacy.Activity) {
	rights := []privacy.Right{
		privacy.RightAccess, privacy.RightRectification, privacy.RightErasure, privacy.RightRestriction,
	}
	p, _ := b.register.Purpose(a.Purpose)
	for _, basis := range p.Bases {
		switch basis.Basis {
		case privacy.BasisConsent:
			rights = append(rights, privacy.RightWithdrawConsent, privacy.RightPortability)
		case privacy.BasisContract:
			rights = append(rights, privacy.RightPortability)
		case privacy.BasisPublicTask, privacy.BasisLegitimateInterests, privacy.BasisRecognisedLegitimateInterests:
			rights = append(rights, privacy.RightObjection)
		}
	}
	if p.DirectMarketing {
		rights = append(rights, privacy.RightObjection)
	}
	if a.AutomatedDecision {
		rights = append(rights, privacy.RightNotSubjectToADM)
	}
	for _, r := range rights {
		b.add(KindRight+":"+r.String(), r.Label(), "purposes").set("purpose", string(a.Purpose))
	}
}

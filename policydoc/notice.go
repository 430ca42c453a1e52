package policydoc

import (
	"slices"
	"strings"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// Obligation is what a version demands of the host's other parts before and when
// it takes effect. The host hands each to what enforces it, such as the tenant
// events of package consent; Key makes that safe to repeat.
type Obligation struct {
	// Consequence says what is demanded.
	Consequence Consequence `json:"consequence"`
	// Purpose is set for ConsequenceRenewedConsent: from From on, consent given to
	// a notice below MinimumNotice does not cover it.
	Purpose       privacy.PurposeID `json:"purpose,omitempty"`
	MinimumNotice uint32            `json:"minimum_notice,omitempty"`
	// Recipient is set for ConsequenceSubProcessorNotice: until From nothing is
	// disclosed to it, and customers may object.
	Recipient privacy.RecipientID `json:"recipient,omitempty"`
	// From is when the version takes effect.
	From time.Time `json:"from"`
	// Article is the provision.
	Article string `json:"article"`
	// Key identifies the obligation within its policy.
	Key string `json:"key"`
}

// Obligations returns what the version demands beside a notice to its readers,
// each once, sorted by key.
func (v *Version) Obligations() []Obligation {
	byKey := map[string]Obligation{}
	for _, r := range v.Reasons {
		o := Obligation{Consequence: r.Consequence, From: v.EffectiveFrom, Article: r.Article}
		switch r.Consequence {
		case ConsequenceSubProcessorNotice:
			o.Recipient = privacy.RecipientID(strings.TrimPrefix(r.Ref, KindRecipient+":"))
			o.Key = string(r.Consequence) + ":" + string(o.Recipient)
			byKey[o.Key] = o
		case ConsequenceRenewedConsent:
			for _, p := range r.Purposes {
				o.Purpose, o.MinimumNotice = p, uint32(v.Number)
				o.Key = string(r.Consequence) + ":" + string(p)
				byKey[o.Key] = o
			}
		}
	}
	out := make([]Obligation, 0, len(byKey))
	for _, o := range byKey {
		out = append(out, o)
	}
	slices.SortFunc(out, func(a, b Obligation) int { return strings.Compare(a.Key, b.Key) })
	return out
}

// ChangeNotice is what readers are told of a new version before it takes effect.
type ChangeNotice struct {
	// Summary is what the author wrote.
	Summary string `json:"summary,omitempty"`
	// EffectiveFrom is from when it holds.
	EffectiveFrom time.Time `json:"effective_from"`
	// Changes are the reasons why it is material.
	Changes []Reason `json:"changes,omitempty"`
	// RenewConsent are the purposes for which the reader is asked again.
	RenewConsent []privacy.PurposeID `json:"renew_consent,omitempty"`
	// MayObject are the sub-processors that a customer may object to until
	// EffectiveFrom.
	MayObject []privacy.RecipientID `json:"may_object,omitempty"`
	// Text is the difference to the version before, section by section.
	Text *Diff `json:"text"`
}

// NewChangeNotice makes the notice of a version that follows another. before and
// after are their parsed texts in the reader's language.
func NewChangeNotice(v *Version, before, after *Document) *ChangeNotice {
	n := &ChangeNotice{
		Summary: v.Summary, EffectiveFrom: v.EffectiveFrom, Changes: v.Reasons, Text: DiffDocuments(before, after),
	}
	for _, o := range v.Obligations() {
		if o.Purpose != "" {
			n.RenewConsent = append(n.RenewConsent, o.Purpose)
		}
		if o.Recipient != "" {
			n.MayObject = append(n.MayObject, o.Recipient)
		}
	}
	return n
}

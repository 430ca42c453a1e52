package consent

import (
	"time"

	"github.com/labelop/privacykit/privacy"
)

// A Fact is one thing that happened: what an event of the ledger records. Facts
// about a subject go to the subject's stream, facts about a tenant to the
// tenant's. The set is closed; it is the types of this package with a Kind
// method, as values: a pointer to one is refused.
type Fact interface {
	// Kind returns the kind of event that records the fact.
	Kind() Kind
	// validate adds what is wrong with the fact to problems, with paths below path.
	validate(path string, problems *privacy.Problems)
}

// RelationshipStarted records that the subject entered a contract or took
// steps towards one; the basis of contract (Art. 6(1)(b)) needs it.
type RelationshipStarted struct {
	// Reference names the contract, as an opaque identifier of the host.
	Reference string `json:"reference,omitempty"`
	// Evidence may show how the contract came about.
	Evidence Evidence `json:"evidence,omitzero"`
}

// RelationshipEnded records that the contract ended.
type RelationshipEnded struct {
	Reference string `json:"reference,omitempty"`
	// Reason is a code of the host, such as "account_closed".
	Reason string `json:"reason,omitempty"`
}

// Grant records consent (Art. 6(1)(a)). It is bound to the text that was shown.
type Grant struct {
	// Purposes are what was consented to, one by one. At least one.
	Purposes []privacy.PurposeID `json:"purposes"`
	// Evidence demonstrates the consent. Notice, Act and Channel are required.
	Evidence Evidence `json:"evidence"`
	// Explicit says that the consent was explicit, as Art. 9(2)(a), 22(2)(c)
	// and 49(1)(a) demand.
	Explicit bool `json:"explicit,omitempty"`
	// Until is when the consent ends by itself, exclusive, in whole seconds: a
	// fraction is cut off. Zero if it does not end by itself.
	Until time.Time `json:"until,omitzero"`
	// NotReliedOn says for which defects the consent is on record only: nothing
	// rests on it. The ledger sets it, and a host may.
	NotReliedOn []DefectCode `json:"not_relied_on,omitempty"`
}

// Renewal records that consent was given again, with new evidence. The evidence
// of the earlier consent stays in the ledger.
type Renewal struct {
	Purposes []privacy.PurposeID `json:"purposes"`
	Evidence Evidence            `json:"evidence"`
	Explicit bool                `json:"explicit,omitempty"`
	Until    time.Time           `json:"until,omitzero"`
	// NotReliedOn is that of Grant.
	NotReliedOn []DefectCode `json:"not_relied_on,omitempty"`
}

// Refusal records that the subject was asked and said no.
type Refusal struct {
	Purposes []privacy.PurposeID `json:"purposes"`
	Evidence Evidence            `json:"evidence,omitzero"`
}

// Withdrawal records that consent was withdrawn (Art. 7(3)). It is accepted
// always: without earlier consent, without an expected version, after erasure.
type Withdrawal struct {
	// Purposes are what consent is withdrawn for; empty means all.
	Purposes []privacy.PurposeID `json:"purposes,omitempty"`
	Evidence Evidence            `json:"evidence,omitzero"`
}

// Expiry records that consent ended because its time was over. The gate needs
// no such event: it compares times itself.
type Expiry struct {
	Purposes []privacy.PurposeID `json:"purposes"`
}

// Objection records an objection (Art. 21).
type Objection struct {
	// Purposes are what the subject objects to; empty means every purpose that
	// an objection can reach.
	Purposes []privacy.PurposeID `json:"purposes,omitempty"`
	// DirectMarketing objects to direct marketing as such: every purpose marked
	// so, also those declared later (Art. 21(2)). With it, empty Purposes mean
	// direct marketing alone.
	DirectMarketing bool     `json:"direct_marketing,omitempty"`
	Evidence        Evidence `json:"evidence,omitzero"`
}

// ObjectionEnded records that an objection no longer stands: the controller
// showed compelling grounds (Art. 21(1)), or the subject took it back.
type ObjectionEnded struct {
	// Purposes are what it ends for; empty means all that an Objection with
	// empty Purposes reached.
	Purposes []privacy.PurposeID `json:"purposes,omitempty"`
	// DirectMarketing ends the objection to direct marketing too, which only
	// the subject can do.
	DirectMarketing bool `json:"direct_marketing,omitempty"`
	// Reason is a code such as "compelling_grounds" or "taken_back". Required.
	Reason string `json:"reason"`
}

// Restriction records that processing is restricted (Art. 18): storage and the
// exceptions of Art. 18(2) only.
type Restriction struct {
	// Purposes are what is restricted; empty means every purpose.
	Purposes []privacy.PurposeID `json:"purposes,omitempty"`
	// Ground is the ground, such as "18(1)(a)".
	Ground string `json:"ground,omitempty"`
	// Matter names what a restriction of every purpose is about, such as a case;
	// one that is about something else stands beside it. It may be empty.
	Matter string `json:"matter,omitempty"`
}

// RestrictionLifted records that a restriction ended, after the subject was
// informed (Art. 18(3)).
type RestrictionLifted struct {
	// Purposes are what it ends for; empty means every restriction.
	Purposes []privacy.PurposeID `json:"purposes,omitempty"`
	// Matter limits it to the restriction of every purpose about that matter. It
	// cannot be combined with Purposes.
	Matter string `json:"matter,omitempty"`
}

// OptOut records an opt-out under the laws that know one, such as California's.
type OptOut struct {
	// Kinds are the kinds opted out of, which reach every purpose marked with
	// one of them, also those declared later.
	Kinds privacy.OptOutSet `json:"kinds,omitzero"`
	// Purposes are single purposes opted out of. Kinds or Purposes is required.
	Purposes []privacy.PurposeID `json:"purposes,omitempty"`
	// Signal names the signal that carried it, such as "gpc".
	Signal   string   `json:"signal,omitempty"`
	Evidence Evidence `json:"evidence,omitzero"`
}

// OptIn records that an opt-out was taken back.
type OptIn struct {
	Kinds    privacy.OptOutSet   `json:"kinds,omitzero"`
	Purposes []privacy.PurposeID `json:"purposes,omitempty"`
	Evidence Evidence            `json:"evidence,omitzero"`
}

// AgeEvidence records what is known of a subject's age, as bounds on the date
// of birth, so that no more than needed is stored. A full date of birth sets
// both to it; "over 18 on 1 March 2026" is BornOnOrBefore 2008-03-01; "found to
// be younger than 18 on that day" is BornOnOrAfter 2008-03-02. Evidence
// replaces what was known before, but evidence that arrives late never makes a
// subject older.
type AgeEvidence struct {
	BornOnOrBefore privacy.Date `json:"born_on_or_before,omitzero"`
	BornOnOrAfter  privacy.Date `json:"born_on_or_after,omitzero"`
	// Method is how it was found out, such as "self_declared" or "document". Required.
	Method string `json:"method"`
}

// Erasure records that the subject's data was erased. Nothing is allowed for
// the subject afterwards, and no new consent is accepted; withdrawals are.
type Erasure struct {
	// Cause names what led to it, such as the identifier of a case. Required.
	Cause string `json:"cause"`
}

// Kind returns KindRelationshipStarted.
func (RelationshipStarted) Kind() Kind { return KindRelationshipStarted }

// Kind returns KindRelationshipEnded.
func (RelationshipEnded) Kind() Kind { return KindRelationshipEnded }

// Kind returns KindGranted.
func (Grant) Kind() Kind { return KindGranted }

// Kind returns KindRenewed.
func (Renewal) Kind() Kind { return KindRenewed }

// Kind returns KindRefused.
func (Refusal) Kind() Kind { return KindRefused }

// Kind returns KindWithdrawn.
func (Withdrawal) Kind() Kind { return KindWithdrawn }

// Kind returns KindExpired.
func (Expiry) Kind() Kind { return KindExpired }

// Kind returns KindObjected.
func (Objection) Kind() Kind { return KindObjected }

// Kind returns KindObjectionEnded.
func (ObjectionEnded) Kind() Kind { return KindObjectionEnded }

// Kind returns KindRestricted.
func (Restriction) Kind() Kind { return KindRestricted }

// Kind returns KindRestrictionLifted.
func (RestrictionLifted) Kind() Kind { return KindRestrictionLifted }

// Kind returns KindOptedOut.
func (OptOut) Kind() Kind { return KindOptedOut }

// Kind returns KindOptedIn.
func (OptIn) Kind() Kind { return KindOptedIn }

// Kind returns KindAgeEvidence.
func (AgeEvidence) Kind() Kind { return KindAgeEvidence }

// Kind returns KindErased.
func (Erasure) Kind() Kind { return KindErased }

package regime

import (
	"slices"

	"github.com/labelop/privacykit/privacy"
)

// Schema is the value of Regime.Schema that this package reads and writes.
const Schema = "privacykit/regime@1"

// ID names a regime, such as "eu-gdpr" or "us-ca-ccpa": one to 64 lower-case
// letters, digits and hyphens.
type ID string

// Regime is one version of one law's rules on requests and breaches, as it
// stood between two dates. It is plain data; treat one that came out of a Book
// as immutable.
type Regime struct {
	// Schema is the constant Schema.
	Schema string `json:"schema"`
	// ID is shared by every version of the same law.
	ID ID `json:"id"`
	// Name is what lawyers call the law.
	Name string `json:"name"`
	// EffectiveFrom is the first day on which a request is bound to this version.
	EffectiveFrom privacy.Date `json:"effective_from"`
	// EffectiveThrough is the last such day, zero if the version is in force
	// without a known end.
	EffectiveThrough privacy.Date `json:"effective_through,omitzero"`
	// Jurisdictions are those whose people the law protects.
	Jurisdictions []privacy.Jurisdiction `json:"jurisdictions"`
	// Confidence is the lowest degree of any rule in the file.
	Confidence Confidence `json:"confidence"`
	// Citations are the sources of the whole.
	Citations []Citation `json:"citations"`
	// Uncertain lists what is disputed or was not checked, and what was decided.
	Uncertain []string `json:"uncertain,omitempty"`
	// Counting says how days are counted.
	Counting CountingRule `json:"counting"`
	// Clocks give every request its periods; no request is in two of them.
	Clocks []Clock `json:"clocks"`
	// Blockers say what stops a clock; the first rule that fits decides, and
	// without one the clock runs on.
	Blockers []BlockerRule `json:"blockers,omitempty"`
	// Verification says where identity may be asked for; the first rule that
	// fits decides.
	Verification []VerificationRule `json:"verification"`
	// Silence says how long to wait for a requester before a case is closed.
	Silence []SilenceRule `json:"silence,omitempty"`
	// Notices are what messages to the requester must contain.
	Notices []Notice `json:"notices,omitempty"`
	// Duties are what follows from an answer.
	Duties Duties `json:"duties,omitzero"`
	// Rights decide which right applies to data held on which legal basis.
	Rights *Rights `json:"rights,omitempty"`
	// BreachRule is the clock of a personal data breach.
	BreachRule *BreachRule `json:"breach,omitempty"`
	// RecordsKept is how long the record of a request is kept at least.
	RecordsKept *Kept `json:"records_kept,omitempty"`
}

// Citation is a source of law or of guidance.
type Citation struct {
	// Ref is the citation as a lawyer writes it.
	Ref string `json:"ref"`
	// URL is where the text can be read, "" if it was cited from knowledge.
	URL string `json:"url,omitempty"`
}

// CountingRule says how days are counted.
type CountingRule struct {
	// Rollover says when an end on a non-working day moves.
	Rollover RolloverRule `json:"rollover"`
	// Suspension is how the days of a suspension are counted by default.
	Suspension Counting `json:"suspension"`
	// Cite is the provision.
	Cite string `json:"cite"`
}

// Clock gives periods to some requests.
type Clock struct {
	Requests []Request `json:"requests"`
	// Respond are the periods to answer in. The first whose When fits applies;
	// the last has no When.
	Respond []Response `json:"respond"`
	// Acknowledge is the period to confirm receipt, nil if there is none.
	Acknowledge *Acknowledge `json:"acknowledge,omitempty"`
	// RefusalNotice means that a refusal must be told within the first period,
	// also where the period was extended.
	RefusalNotice bool `json:"refusal_notice,omitempty"`
	// Extension is nil where the period cannot be extended.
	Extension *Extension `json:"extension,omitempty"`
	// Reflection delays the clock while the requester thinks about a fee.
	Reflection *Reflection `json:"reflection,omitempty"`
	// OnExpiry is what silence means.
	OnExpiry Expiry `json:"on_expiry"`
	// SuitNotBefore is how long a requester must wait before going to court.
	SuitNotBefore privacy.Period `json:"suit_not_before,omitzero"`
	// Cite is the provision.
	Cite string `json:"cite"`
}

// Response is a period to answer in.
type Response struct {
	// When limits the period to some requests, nil for all.
	When *When `json:"when,omitempty"`
	// Within is the longest time allowed; zero if the law gives no number.
	Within Term `json:"within,omitzero"`
	// Standard is the law's own words, such as "without undue delay".
	Standard string `json:"standard,omitempty"`
	// Target is what the regulator expects where the law gives no number.
	Target Term `json:"target,omitzero"`
	// Cite is the provision, "" for that of the clock.
	Cite string `json:"cite,omitempty"`
}

// When is a set of circumstances; each that is not empty must be met.
type When struct {
	Format         string `json:"format,omitempty"`
	ControllerKind string `json:"controller_kind,omitempty"`
	ControllerSize string `json:"controller_size,omitempty"`
}

// Acknowledge is the period to confirm that a request arrived.
type Acknowledge struct {
	Within Term   `json:"within"`
	Cite   string `json:"cite"`
}

// Extension is a longer period, counted from the same day as the first.
type Extension struct {
	// UpTo is the most that may be added, zero if the law sets no maximum.
	UpTo Term `json:"up_to,omitzero"`
	// Grounds are the only grounds allowed, empty if the law names none.
	Grounds []string `json:"grounds,omitempty"`
	// UncappedGrounds are those of Grounds for which UpTo is no maximum: as much
	// may be added as they need (PIPEDA s. 8(4)(b)).
	UncappedGrounds []string `json:"uncapped_grounds,omitempty"`
	// GroundRequired means that an extension without one of Grounds is void.
	GroundRequired bool `json:"ground_required,omitempty"`
	// Cite is the provision.
	Cite string `json:"cite"`
}

// Allows reports whether an extension may be told on a ground, "" for none: one
// of Grounds, or none where the law does not require a ground. Where the law
// names no grounds, every one is allowed.
func (e *Extension) Allows(ground string) bool {
	if ground == "" || len(e.Grounds) == 0 {
		return !e.GroundRequired
	}
	return slices.Contains(e.Grounds, ground)
}

// Uncapped reports whether an extension on a ground has no maximum.
func (e *Extension) Uncapped(ground string) bool {
	return e.UpTo.IsZero() || slices.Contains(e.UncappedGrounds, ground)
}

// Reflection is the time a requester has to confirm a fee; the period to answer
// begins when it ends, and silence withdraws the request (Swiss DPO Art. 19).
type Reflection struct {
	Within privacy.Period `json:"within"`
	Cite   string         `json:"cite"`
}

// BlockerRule says what a blocker does to the clock of some requests.
type BlockerRule struct {
	Blocker Blocker `json:"blocker"`
	// Requests is empty for every request.
	Requests []Request `json:"requests,omitempty"`
	Effect   Effect    `json:"effect"`
	// If is a fact that must hold for the effect, "" for none: one of
	// ConditionLargeQuantity and ConditionReasonablyRequired.
	If   string `json:"if,omitempty"`
	Cite string `json:"cite"`
}

// The facts on which a blocker's effect can depend.
const (
	// ConditionLargeQuantity: the controller processes a large quantity of
	// information about the subject (GDPR recital 63).
	ConditionLargeQuantity = "large_quantity"
	// ConditionReasonablyRequired: further information is reasonably required to
	// identify what the request relates to (UK GDPR Art. 12A(5)).
	ConditionReasonablyRequired = "reasonably_required"
)

// VerificationRule says whether identity may be asked for.
type VerificationRule struct {
	// Requests is empty for every request.
	Requests []Request `json:"requests,omitempty"`
	// DirectMarketing limits the rule to objections to direct marketing.
	DirectMarketing bool         `json:"direct_marketing,omitempty"`
	Demand          Verification `json:"demand"`
	// FailedReason is the reason of a refusal when verification fails.
	FailedReason string `json:"failed_reason,omitempty"`
	// Proof says what proves the identity, nil for DefaultProof.
	Proof *ProofRule `json:"proof,omitempty"`
	Cite  string     `json:"cite"`
}

// ProofRule says what proves an identity where it may be asked for. More than
// that is not asked for.
type ProofRule struct {
	// Level is the degree of certainty.
	Level Level `json:"level"`
	// Session: a signed-in session of the subject's account is enough, newly
	// authenticated if Reauthenticate is set.
	Session        bool `json:"session,omitempty"`
	Reauthenticate bool `json:"reauthenticate,omitempty"`
	// Code: a one-time code sent to an address that is held already is enough.
	Code bool `json:"code,omitempty"`
	// DataPoints are how many pieces of data must match at least where the host
	// compares them; zero if the law gives no number and the host judges.
	DataPoints int `json:"data_points,omitempty"`
	// Declaration: a signed declaration is needed too where the host compares data.
	Declaration bool `json:"declaration,omitempty"`
	// Instead is what the request is evaluated as if the proof fails, "" if it is
	// refused.
	Instead Request `json:"instead,omitempty"`
	Cite    string  `json:"cite"`
}

// DefaultProof is what proves an identity under a rule that does not say.
func DefaultProof() ProofRule { return ProofRule{Level: LevelReasonable, Session: true, Code: true} }

// Needs returns what proves the identity for a request, and false where it must
// not be asked for.
func (v VerificationRule) Needs() (ProofRule, bool) {
	switch {
	case v.Demand != VerifyOnDoubt && v.Demand != VerifyAlways:
		return ProofRule{Level: LevelNone}, false
	case v.Proof == nil:
		return DefaultProof(), true
	}
	return *v.Proof, true
}

// SilenceRule says how long to wait for a requester who does not reply, and
// what their silence means.
type SilenceRule struct {
	Blocker Blocker        `json:"blocker"`
	After   privacy.Period `json:"after"`
	// Withdraws means that the request then counts as withdrawn; without it the
	// case may be closed.
	Withdraws bool   `json:"withdraws,omitempty"`
	Cite      string `json:"cite"`
}

// Kept is how long a record is kept.
type Kept struct {
	For  privacy.Period `json:"for"`
	Cite string         `json:"cite"`
}

// Version names the version, such as "eu-gdpr@2018-05-25". A case stores it.
func (r *Regime) Version() string { return string(r.ID) + "@" + r.EffectiveFrom.String() }

// InForce reports whether a request received on day is bound to this version.
func (r *Regime) InForce(day privacy.Date) bool {
	return !day.Before(r.EffectiveFrom) && (r.EffectiveThrough.IsZero() || !r.EffectiveThrough.Before(day))
}

// Clock returns the clock of a request and whether the regime has one.
func (r *Regime) Clock(request Request) (Clock, bool) {
	if c := r.clock(request); c != nil {
		return *c, true
	}
	return Clock{}, false
}

func (r *Regime) clock(request Request) *Clock {
	for i := range r.Clocks {
		if slices.Contains(r.Clocks[i].Requests, request) {
			return &r.Clocks[i]
		}
	}
	return nil
}

// Blocker returns the rule on what a blocker does to the clock of a request.
// Its Effect is EffectNone where the regime says nothing. The caller judges
// whether its If holds.
func (r *Regime) Blocker(blocker Blocker, request Request) BlockerRule {
	for _, rule := range r.Blockers {
		if rule.Blocker == blocker && covers(rule.Requests, request) {
			return rule
		}
	}
	return BlockerRule{Blocker: blocker, Effect: EffectNone}
}

// Verify returns the rule on asking for identity. Its Demand is VerifyForbidden
// where the regime says nothing about the request.
func (r *Regime) Verify(request Request, directMarketing bool) VerificationRule {
	for _, rule := range r.Verification {
		if covers(rule.Requests, request) && (directMarketing || !rule.DirectMarketing) {
			return rule
		}
	}
	return VerificationRule{Demand: VerifyForbidden}
}

// Silent returns the rule on a requester's silence and whether there is one.
func (r *Regime) Silent(blocker Blocker) (SilenceRule, bool) {
	for _, rule := range r.Silence {
		if rule.Blocker == blocker {
			return rule, true
		}
	}
	return SilenceRule{}, false
}

func covers(requests []Request, request Request) bool {
	return len(requests) == 0 || slices.Contains(requests, request)
}

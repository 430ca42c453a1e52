package consent

import (
	"fmt"
	"slices"
	"time"

	"github.com/labelop/privacykit/consent/children"
	"github.com/labelop/privacykit/privacy"
)

// DefectCode says what is wrong with a consent. Codes are stable.
type DefectCode string

// The defects of consent, in the order in which they are reported.
const (
	// DefectNoAffirmativeAct says that the subject did nothing that clearly
	// indicates agreement (Art. 4(11)).
	DefectNoAffirmativeAct DefectCode = "no_affirmative_act"
	// DefectNotInformed says that the subject was not told what it must be told.
	DefectNotInformed DefectCode = "not_informed"
	// DefectNotSpecific says that purposes could not be chosen one by one.
	DefectNotSpecific DefectCode = "not_specific"
	// DefectNotFreelyGiven says that the subject had no real choice (Art. 7(4)).
	DefectNotFreelyGiven DefectCode = "not_freely_given"
	// DefectWrongBasisContract says that the data is necessary for a contract,
	// so that consent is the wrong basis.
	DefectWrongBasisContract DefectCode = "wrong_basis_contract"
	// DefectNotDistinguishable says that the question did not stand out from
	// other matters (Art. 7(2)).
	DefectNotDistinguishable DefectCode = "not_distinguishable"
	// DefectWithdrawalNotAsEasy says that withdrawing is harder than giving
	// consent (Art. 7(3)).
	DefectWithdrawalNotAsEasy DefectCode = "withdrawal_not_as_easy"
	// DefectNotExplicit says that explicit consent is needed (Arts. 9(2)(a),
	// 22(2)(c), 49(1)(a)).
	DefectNotExplicit DefectCode = "not_explicit"
	// DefectChildNeedsParent says that a child's consent lacks the authorisation
	// of a holder of parental responsibility (Art. 8(1)).
	DefectChildNeedsParent DefectCode = "child_needs_parental_authorisation"
	// DefectParentNotVerified says that nobody verified who authorised it
	// (Art. 8(2)).
	DefectParentNotVerified DefectCode = "parental_authorisation_not_verified"
	// DefectChildNotAsked says that the child itself did not consent where
	// child and parent must.
	DefectChildNotAsked DefectCode = "child_consent_missing"
	// DefectPurposeNotCovered says that the consent is for other purposes.
	DefectPurposeNotCovered DefectCode = "purpose_not_covered"
	// DefectNewConsentNeeded says that what changed since needs new consent.
	DefectNewConsentNeeded DefectCode = "new_consent_needed"
	// DefectWithdrawn says that the consent was withdrawn (Art. 7(3)).
	DefectWithdrawn DefectCode = "withdrawn"
	// DefectCannotDemonstrate says that the controller cannot show that the
	// subject consented (Art. 7(1)).
	DefectCannotDemonstrate DefectCode = "cannot_demonstrate"
)

// Statement is a consent as it is on record: the evidence to be judged.
type Statement struct {
	// Subject is who consented, and At when, in the zone it was observed in.
	Subject  privacy.SubjectID
	At       time.Time
	Purposes []privacy.PurposeID
	Explicit bool
	Evidence Evidence
}

// Circumstances are what a consent is judged against. The zero value judges it
// under the GDPR at the time it was given, by the evidence alone.
type Circumstances struct {
	// Regime is "eu-gdpr" or "uk-gdpr"; empty means "eu-gdpr".
	Regime string
	// AsOf is when it is to be relied on; zero means when it was given.
	AsOf time.Time
	// Purpose is what it is to be relied on for; empty means its own purposes.
	Purpose privacy.PurposeID
	// SpecialCategories, AutomatedDecision and TransferByConsent say that the
	// consent must be explicit (Arts. 9(2)(a), 22(2)(c), 49(1)(a)).
	SpecialCategories, AutomatedDecision, TransferByConsent bool
	// Change is what has changed since the notice was shown, a code such as
	// "new_purpose"; empty if nothing. Material is for changes that the tables
	// do not know.
	Change   string
	Material bool
	// WithdrawnAt is when it was withdrawn, zero if it was not. Without AsOf it
	// counts whenever that was.
	WithdrawnAt time.Time
	// Child says what Art. 8 needs; nil where the service is not offered
	// directly to a child.
	Child *ChildCircumstances
}

// ChildCircumstances are those of an information society service that is offered
// directly to a child.
type ChildCircumstances struct {
	// Country is whose age of digital consent applies.
	Country privacy.Country
	// BornOnOrBefore is the latest day on which the subject can have been born;
	// zero counts as below the age.
	BornOnOrBefore privacy.Date
	// Counselling says that the service is one of prevention or counselling.
	Counselling bool
}

// Defect is one thing that is wrong with a consent.
type Defect struct {
	Code DefectCode
	// Article is the provision that it offends, and Citation where that is
	// explained.
	Article, Citation string
}

// Verdict is what Validate finds.
type Verdict struct {
	// Defects are all that is wrong, in the order of the codes.
	Defects []Defect
	// Review holds codes of what is valid but should be looked at by a person,
	// such as "power_imbalance".
	Review []string
}

// Valid reports whether nothing is wrong.
func (v Verdict) Valid() bool { return len(v.Defects) == 0 }

// Codes returns the codes of the defects.
func (v Verdict) Codes() []DefectCode {
	codes := make([]DefectCode, len(v.Defects))
	for i, defect := range v.Defects {
		codes[i] = defect.Code
	}
	return codes
}

// Has reports whether a defect is among those found.
func (v Verdict) Has(code DefectCode) bool {
	return slices.ContainsFunc(v.Defects, func(d Defect) bool { return d.Code == code })
}

// Validate judges a consent by the law of this package: every defect, not the
// first alone. The error matches privacy.ErrInvalid for an unknown regime or a
// date of birth after the consent; the consent must not be relied on then.
func Validate(statement Statement, circumstances Circumstances) (Verdict, error) {
	law, err := EmbeddedValidityLaw()
	if err != nil {
		return Verdict{}, err
	}
	return law.Validate(statement, circumstances)
}

// Validate is the function Validate by the tables of l.
func (l *ValidityLaw) Validate(statement Statement, c Circumstances) (Verdict, error) {
	if c.Regime == "" {
		c.Regime = "eu-gdpr"
	}
	if !slices.Contains(l.validity.Regimes, c.Regime) {
		return Verdict{}, fmt.Errorf("consent: validity under an unknown regime: %w", privacy.ErrInvalid)
	}
	asking := statement.Evidence.Asking
	if asking == nil {
		asking = &Asking{}
	}
	found := defects{law: l}
	act := l.act(statement.Evidence.Act)
	found.addIf(!act.Affirmative || asking.Prechecked, DefectNoAffirmativeAct)
	found.addIf(!asking.informed(c), DefectNotInformed)
	found.addIf(!asking.Granular, DefectNotSpecific)
	found.addIf(!asking.free(), DefectNotFreelyGiven)
	found.addIf(asking.NecessaryForService && !c.SpecialCategories, DefectWrongBasisContract)
	found.addIf(asking.BundledInTerms && !asking.Distinguishable, DefectNotDistinguishable)
	found.addIf(!asking.WithdrawalAsEasy, DefectWithdrawalNotAsEasy)
	found.addIf(c.explicit() && !statement.Explicit, DefectNotExplicit)
	if err := found.addChild(statement, c); err != nil {
		return Verdict{}, err
	}
	found.addIf(c.Purpose != "" && !slices.Contains(statement.Purposes, c.Purpose), DefectPurposeNotCovered)
	found.addIf(l.needsNewConsent(c), DefectNewConsentNeeded)
	found.addIf(!c.WithdrawnAt.IsZero() && (c.AsOf.IsZero() || !c.AsOf.Before(c.WithdrawnAt)), DefectWithdrawn)
	found.addIf(act.ProvesNothing || !statement.demonstrates() || asking.DoubleOptIn == DoubleOptInRequested, DefectCannotDemonstrate)
	if asking.PowerImbalance != "" {
		found.verdict.Review = append(found.verdict.Review, "power_imbalance")
	}
	return found.verdict, nil
}

// defects collects what is wrong, in the order of the law's table.
type defects struct {
	law     *ValidityLaw
	verdict Verdict
}

func (f *defects) addIf(wrong bool, code DefectCode) {
	if wrong {
		f.verdict.Defects = append(f.verdict.Defects, f.law.defect(code))
	}
}

// addChild judges by the day of the consent: one that lacked a parent does not
// become valid by a birthday.
func (f *defects) addChild(statement Statement, c Circumstances) error {
	if c.Child == nil {
		return nil
	}
	at := statement.At
	if at.IsZero() {
		at = c.AsOf
	}
	answer, err := f.law.ages.Assess(children.Case{
		Regime: c.Regime, Country: c.Child.Country, On: privacy.DateOf(at, at.Location()), Basis: privacy.BasisConsent,
		OfferedToChild: true, Counselling: c.Child.Counselling, BornOnOrBefore: c.Child.BornOnOrBefore,
		Authorisation: statement.Evidence.Parental, ChildAgreed: f.law.act(statement.Evidence.Act).Affirmative,
	})
	if err != nil {
		return err
	}
	f.addIf(answer.Defect != "", DefectCode(answer.Defect))
	return nil
}

func (a *Asking) informed(c Circumstances) bool {
	return a.ControllerNamed && a.WithdrawalRightTold &&
		(!c.AutomatedDecision || a.AutomatedDecisionTold) && (!c.TransferByConsent || a.TransferRisksTold)
}

// free reports whether the subject had a real choice. In a weaker position it
// had one only if refusing is known to do no harm.
func (a *Asking) free() bool {
	detriment := a.PowerImbalance != ""
	if a.DetrimentIfRefused != nil {
		detriment = *a.DetrimentIfRefused
	}
	bundled := a.ConditionalOnService && !a.NecessaryForService
	walled := a.CookieWall && !a.EquivalentAlternative
	return !detriment && !bundled && !walled && a.DeceptiveDesign == ""
}

func (c Circumstances) explicit() bool {
	return c.SpecialCategories || c.AutomatedDecision || c.TransferByConsent
}

// demonstrates reports whether who consented to which text, when and by which
// channel is on record.
func (s Statement) demonstrates() bool {
	notice := s.Evidence.Notice
	return s.Subject != "" && !s.At.IsZero() && s.Evidence.Channel != "" && len(s.Purposes) > 0 &&
		notice.Version != 0 && notice.TextSHA256 != ""
}

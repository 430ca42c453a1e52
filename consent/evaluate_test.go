package consent_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

// A ruling is a decision that the gate must take: facts that happened, each a
// minute after the one before, and what is asked an hour after the first.
type ruling struct {
	rule    string
	declare func(*privacy.Declaration)
	given   []consent.Fact
	use     consent.Use
	// subject is ada if it is zero.
	subject privacy.Subject
	want    consent.Code
	// basis and condition are those of an allowed decision.
	basis     privacy.LegalBasis
	condition privacy.SpecialCondition
	// evidence are the kinds of the events that explain the decision.
	evidence []consent.Kind
	// until is when an allowed decision ends, as a time after start.
	until time.Duration
}

func runRulings(t *testing.T, rulings []ruling) {
	t.Helper()
	for _, r := range rulings {
		t.Run(r.rule, func(t *testing.T) { r.run(t) })
	}
}

func (r ruling) run(t *testing.T) {
	w := newWorld(t, setup{declare: r.declare, cache: &consent.CacheOptions{MaxStaleness: 24 * time.Hour}})
	subject := r.subject
	if subject == (privacy.Subject{}) {
		subject = ada
	}
	w.given(subject, r.given...)
	w.clock.Set(start.Add(time.Hour))
	use := w.prepare(r.use)
	stored := w.checkEverywhere(use, subject)
	if stored.Code != r.want {
		t.Fatalf("got %s, want %s", stored.Code, r.want)
	}
	explanation, err := w.gate.Explain(t.Context(), subject, stored)
	must(t, err)
	var kinds []consent.Kind
	for _, event := range explanation.Events {
		kinds = append(kinds, event.Record.Kind)
	}
	if !slices.Equal(kinds, r.evidence) {
		t.Errorf("evidence %v, want %v", kinds, r.evidence)
	}
	wantSame(t, "allowed", stored.Allowed(), r.want == consent.CodeAllowed)
	wantSame(t, "purpose", stored.Purpose, r.use.Purpose)
	if !stored.Allowed() {
		wantSame(t, "until", stored.Until, time.Time{})
		wantSame(t, "obligations", stored.Obligations, 0)
		return
	}
	wantSame(t, "basis", stored.Basis, r.basis)
	wantSame(t, "condition", stored.Condition, r.condition)
	if r.until == 0 {
		wantSame(t, "until", stored.Until, time.Time{})
	} else {
		wantSame(t, "until", stored.Until, start.Add(r.until))
	}
}

// checkEverywhere decides from the store, from the cache, in a batch and as a
// recheck, and expects one answer of all.
func (w *world) checkEverywhere(use *consent.PreparedUse, subject privacy.Subject) consent.Decision {
	w.t.Helper()
	ctx := w.t.Context()
	stored, err := use.Recheck(ctx, subject, consent.Stamp{})
	must(w.t, err)
	first, err := use.Check(ctx, subject)
	must(w.t, err)
	var cached consent.Decision
	reads := w.readsDuring(func() {
		cached, err = use.Check(ctx, subject)
		must(w.t, err)
	})
	if cacheable := subject.ID != "" || use.Role() == privacy.RoleProcessor; cacheable && reads != 0 {
		w.t.Error("a cached answer asked the store")
	}
	batch, err := use.CheckAll(ctx, []privacy.Subject{subject, subject})
	must(w.t, err)
	for what, decision := range map[string]consent.Decision{"first": first, "cached": cached, "batch": batch[0], "batch's second": batch[1]} {
		if decision != stored {
			w.t.Errorf("the %s decision is %+v, the stored one %+v", what, decision, stored)
		}
	}
	return stored
}

func purposeNamed(d *privacy.Declaration, id privacy.PurposeID) *privacy.Purpose {
	return &d.Purposes[slices.IndexFunc(d.Purposes, func(p privacy.Purpose) bool { return p.ID == id })]
}

func activityNamed(d *privacy.Declaration, id privacy.ActivityID) *privacy.Activity {
	return &d.Activities[slices.IndexFunc(d.Activities, func(a privacy.Activity) bool { return a.ID == id })]
}

// controllerRulings has at least one ruling for each reason of a controller.
func controllerRulings() []ruling {
	until := grantOf("marketing")
	until.Until = start.Add(3 * time.Hour)
	over := grantOf("marketing")
	over.Until = start.Add(time.Hour)
	old := grantOf("marketing")
	old.Evidence.Notice.Version = 2
	required := func(version uint32, from time.Duration) consent.NoticeRequired {
		return consent.NoticeRequired{Purpose: "marketing", MinimumVersion: version, From: start.Add(from)}
	}
	takenBack := consent.ObjectionEnded{Purposes: []privacy.PurposeID{"marketing"}, DirectMarketing: true, Reason: "taken_back"}
	advertising := consent.OptOut{Kinds: privacy.NewOptOutSet(privacy.OptOutTargetedAdvertising)}
	minor := bornBetween("2010-01-01", "")
	german := func(d *privacy.Declaration) {
		purposeNamed(d, "service").Bases = []privacy.PurposeBasis{{Basis: privacy.BasisContract, Jurisdictions: []privacy.Jurisdiction{"DE"}}}
	}
	several := func(d *privacy.Declaration) {
		purposeNamed(d, "service").Bases = []privacy.PurposeBasis{
			{Basis: privacy.BasisLegitimateInterests, Interest: "any", Jurisdictions: []privacy.Jurisdiction{"US"}},
			{Basis: privacy.BasisConsent, Jurisdictions: []privacy.Jurisdiction{"gb"}},
			{Basis: privacy.BasisContract},
		}
	}
	in := func(jurisdiction privacy.Jurisdiction) privacy.Subject {
		return privacy.Subject{Tenant: "acme", ID: "s", Jurisdiction: jurisdiction}
	}
	return []ruling{
		{rule: "legitimate interests need no event", use: securityUse, want: consent.CodeAllowed, basis: privacy.BasisLegitimateInterests},
		{rule: "a legal obligation needs no event", use: billingUse, want: consent.CodeAllowed, basis: privacy.BasisLegalObligation},

		{rule: "an erased subject is refused", given: []consent.Fact{consent.RelationshipStarted{}, consent.Erasure{Cause: "c"}}, use: serviceUse,
			want: consent.CodeErased, evidence: []consent.Kind{consent.KindErased}},
		{rule: "a legal obligation does not reach an erased subject", given: []consent.Fact{consent.Erasure{Cause: "c"}}, use: billingUse,
			want: consent.CodeErased, evidence: []consent.Kind{consent.KindErased}},

		{rule: "a purpose without a basis in the jurisdiction is refused", declare: german, given: []consent.Fact{consent.RelationshipStarted{}}, use: serviceUse,
			subject: in("GB"), want: consent.CodeBasisNotDeclared},
		{rule: "an unknown jurisdiction takes no basis that does not hold everywhere", declare: german, given: []consent.Fact{consent.RelationshipStarted{}}, use: serviceUse,
			subject: in(""), want: consent.CodeBasisNotDeclared},
		{rule: "a basis reaches its jurisdiction", declare: german, given: []consent.Fact{consent.RelationshipStarted{}}, use: serviceUse,
			subject: in("de"), want: consent.CodeAllowed, basis: privacy.BasisContract, evidence: []consent.Kind{consent.KindRelationshipStarted}},
		{rule: "an unknown jurisdiction takes the strictest basis", declare: several, given: []consent.Fact{consent.RelationshipStarted{}}, use: serviceUse,
			subject: in(""), want: consent.CodeConsentMissing},
		{rule: "a jurisdiction that does not exist takes the strictest basis", declare: several, given: []consent.Fact{consent.RelationshipStarted{}}, use: serviceUse,
			subject: in("Atlantis"), want: consent.CodeConsentMissing},
		{rule: "a subdivision takes its country's basis", declare: several, use: serviceUse,
			subject: in("us-ca"), want: consent.CodeAllowed, basis: privacy.BasisLegitimateInterests},
		{rule: "other jurisdictions take the basis that names none", declare: several, given: []consent.Fact{consent.RelationshipStarted{}}, use: serviceUse,
			subject: in("BR"), want: consent.CodeAllowed, basis: privacy.BasisContract, evidence: []consent.Kind{consent.KindRelationshipStarted}},

		{rule: "a restriction refuses", given: []consent.Fact{restrictionOf()}, use: securityUse,
			want: consent.CodeRestricted, evidence: []consent.Kind{consent.KindRestricted}},
		{rule: "a restriction of the purpose refuses", given: []consent.Fact{restrictionOf("security"), liftedFor("service")}, use: securityUse,
			want: consent.CodeRestricted, evidence: []consent.Kind{consent.KindRestricted}},
		{rule: "a restriction of another purpose does not matter", given: []consent.Fact{restrictionOf("service")}, use: securityUse,
			want: consent.CodeAllowed, basis: privacy.BasisLegitimateInterests},

		{rule: "an objection to the purpose refuses", given: []consent.Fact{objectionTo("security")}, use: securityUse,
			want: consent.CodeObjected, evidence: []consent.Kind{consent.KindObjected}},
		{rule: "an objection to everything refuses legitimate interests", given: []consent.Fact{objectionTo()}, use: securityUse,
			want: consent.CodeObjected, evidence: []consent.Kind{consent.KindObjected}},
		{rule: "an objection does not reach a contract", given: []consent.Fact{consent.RelationshipStarted{}, objectionTo(), objectionTo("service")}, use: serviceUse,
			want: consent.CodeAllowed, basis: privacy.BasisContract, evidence: []consent.Kind{consent.KindRelationshipStarted}},
		{rule: "an objection does not reach a legal obligation", given: []consent.Fact{objectionTo(), objectionTo("accounting")}, use: billingUse,
			want: consent.CodeAllowed, basis: privacy.BasisLegalObligation},
		{rule: "an objection to everything is no withdrawal of consent", declare: notMarketing, given: []consent.Fact{adult, grantOf("marketing"), objectionTo()}, use: marketingUse,
			want: consent.CodeAllowed, basis: privacy.BasisConsent, evidence: []consent.Kind{consent.KindGranted}},
		{rule: "an objection to a purpose that rests on consent is a withdrawal", declare: notMarketing, given: []consent.Fact{adult, grantOf("marketing"), objectionTo("marketing")}, use: marketingUse,
			want: consent.CodeObjected, evidence: []consent.Kind{consent.KindObjected}},
		{rule: "compelling grounds end an objection", given: []consent.Fact{objectionTo("security"), endedFor("security")}, use: securityUse,
			want: consent.CodeAllowed, basis: privacy.BasisLegitimateInterests},

		{rule: "an objection to direct marketing is absolute", given: []consent.Fact{adult, grantOf("marketing"), consent.Objection{DirectMarketing: true}}, use: marketingUse,
			want: consent.CodeMarketingObjected, evidence: []consent.Kind{consent.KindObjected}},
		{rule: "an objection to everything reaches direct marketing", given: []consent.Fact{adult, grantOf("marketing"), objectionTo()}, use: marketingUse,
			want: consent.CodeMarketingObjected, evidence: []consent.Kind{consent.KindObjected}},
		{rule: "compelling grounds against an objection to everything leave direct marketing ended", given: []consent.Fact{adult, grantOf("marketing"), objectionTo(), endedFor()}, use: marketingUse,
			want: consent.CodeMarketingObjected, evidence: []consent.Kind{consent.KindObjected}},
		{rule: "an objection to everything stands, though one to direct marketing was taken back", given: []consent.Fact{adult, grantOf("marketing"), objectionTo(), consent.ObjectionEnded{DirectMarketing: true, Reason: "taken_back"}}, use: marketingUse,
			want: consent.CodeMarketingObjected, evidence: []consent.Kind{consent.KindObjected}},
		{rule: "an objection to a purpose of direct marketing is absolute", given: []consent.Fact{adult, grantOf("marketing"), objectionTo("marketing")}, use: marketingUse,
			want: consent.CodeMarketingObjected, evidence: []consent.Kind{consent.KindObjected}},
		{rule: "an objection to direct marketing does not reach other purposes", given: []consent.Fact{consent.Objection{DirectMarketing: true}}, use: securityUse,
			want: consent.CodeAllowed, basis: privacy.BasisLegitimateInterests},
		{rule: "an objection to direct marketing can be taken back", given: []consent.Fact{adult, grantOf("marketing"), objectionTo("marketing"), takenBack}, use: marketingUse,
			want: consent.CodeAllowed, basis: privacy.BasisConsent, evidence: []consent.Kind{consent.KindGranted}},

		{rule: "an opt-out ends the purposes marked with it", given: []consent.Fact{adult, grantOf("marketing"), advertising}, use: marketingUse,
			want: consent.CodeOptedOut, evidence: []consent.Kind{consent.KindOptedOut}},
		{rule: "an opt-out of another kind does not matter", given: []consent.Fact{adult, grantOf("marketing"), consent.OptOut{Kinds: privacy.NewOptOutSet(privacy.OptOutSale)}}, use: marketingUse,
			want: consent.CodeAllowed, basis: privacy.BasisConsent, evidence: []consent.Kind{consent.KindGranted}},
		{rule: "an opt-out of a purpose ends it whatever its basis", given: []consent.Fact{consent.RelationshipStarted{}, consent.OptOut{Purposes: []privacy.PurposeID{"service"}}}, use: serviceUse,
			want: consent.CodeOptedOut, evidence: []consent.Kind{consent.KindOptedOut}},

		{rule: "a subject known to be too young is refused", given: []consent.Fact{minor, consent.RelationshipStarted{}}, use: serviceUse,
			want: consent.CodeUnderAge, evidence: []consent.Kind{consent.KindAgeEvidence}},
		{rule: "a subject of unknown age is trusted where the activity does", given: []consent.Fact{consent.RelationshipStarted{}}, use: serviceUse,
			want: consent.CodeAllowed, basis: privacy.BasisContract, evidence: []consent.Kind{consent.KindRelationshipStarted}},
		{rule: "a subject of unknown age is refused where the activity wants evidence", given: []consent.Fact{grantOf("marketing")}, use: marketingUse,
			want: consent.CodeAgeUnknown},
		{rule: "a bound that does not reach the age is no evidence", given: []consent.Fact{bornBetween("", "2010-01-01"), grantOf("marketing")}, use: marketingUse,
			want: consent.CodeAgeUnknown, evidence: []consent.Kind{consent.KindAgeEvidence}},
		{rule: "a lower bound alone is no evidence of being old enough", given: []consent.Fact{bornBetween("1980-01-01", ""), grantOf("marketing")}, use: marketingUse,
			want: consent.CodeAgeUnknown, evidence: []consent.Kind{consent.KindAgeEvidence}},

		{rule: "consent that is not relied upon is none", given: []consent.Fact{adult, notRelied("marketing")}, use: marketingUse,
			want: consent.CodeConsentInvalid, evidence: []consent.Kind{consent.KindGranted}},
		{rule: "consent that is not relied upon takes none away", given: []consent.Fact{adult, grantOf("marketing"), notRelied("marketing")}, use: marketingUse,
			want: consent.CodeAllowed, basis: privacy.BasisConsent, evidence: []consent.Kind{consent.KindGranted}},
		{rule: "consent that is not relied upon ends no withdrawal", given: []consent.Fact{adult, grantOf("marketing"), withdrawalOf("marketing"), notRelied("marketing")}, use: marketingUse,
			want: consent.CodeConsentWithdrawn, evidence: []consent.Kind{consent.KindWithdrawn}},
		{rule: "legitimate interests do not replace consent that was withdrawn", given: []consent.Fact{grantOf("security"), withdrawalOf("security")}, use: securityUse,
			want: consent.CodeConsentWithdrawn, evidence: []consent.Kind{consent.KindWithdrawn}},
		{rule: "nor consent to everything", given: []consent.Fact{grantOf("security"), withdrawalOf()}, use: securityUse,
			want: consent.CodeConsentWithdrawn, evidence: []consent.Kind{consent.KindWithdrawn}},
		{rule: "a contract does not replace consent that was withdrawn", given: []consent.Fact{consent.RelationshipStarted{}, grantOf("service"), withdrawalOf("service")}, use: serviceUse,
			want: consent.CodeConsentWithdrawn, evidence: []consent.Kind{consent.KindWithdrawn}},
		{rule: "nor where a refusal follows", given: []consent.Fact{grantOf("security"), withdrawalOf("security"), refusalOf("security")}, use: securityUse,
			want: consent.CodeConsentWithdrawn, evidence: []consent.Kind{consent.KindRefused}},
		{rule: "to refuse what was agreed to is to withdraw it", given: []consent.Fact{consent.RelationshipStarted{}, grantOf("service"), refusalOf("service")}, use: serviceUse,
			want: consent.CodeConsentWithdrawn, evidence: []consent.Kind{consent.KindRefused}},
		{rule: "a refusal of what was never agreed to reaches no other basis", given: []consent.Fact{refusalOf("security")}, use: securityUse,
			want: consent.CodeAllowed, basis: privacy.BasisLegitimateInterests},
		{rule: "a withdrawal of consent that was never given reaches no other basis", given: []consent.Fact{withdrawalOf("security")}, use: securityUse,
			want: consent.CodeAllowed, basis: privacy.BasisLegitimateInterests},
		{rule: "a legal obligation goes on after a withdrawal", given: []consent.Fact{grantOf("accounting"), withdrawalOf("accounting")}, use: billingUse,
			want: consent.CodeAllowed, basis: privacy.BasisLegalObligation},
		{rule: "consent given again ends it", given: []consent.Fact{grantOf("security"), withdrawalOf("security"), grantOf("security")}, use: securityUse,
			want: consent.CodeAllowed, basis: privacy.BasisLegitimateInterests},

		{rule: "a contract needs a relationship", use: serviceUse, want: consent.CodeNoRelationship},
		{rule: "a relationship that ended is none", given: []consent.Fact{consent.RelationshipStarted{}, consent.RelationshipEnded{}}, use: serviceUse,
			want: consent.CodeNoRelationship, evidence: []consent.Kind{consent.KindRelationshipEnded}},

		{rule: "consent is missing", given: []consent.Fact{adult}, use: marketingUse, want: consent.CodeConsentMissing},
		{rule: "consent to another purpose does not count", given: []consent.Fact{adult, grantOf("service")}, use: marketingUse, want: consent.CodeConsentMissing},
		{rule: "consent is in force", given: []consent.Fact{adult, grantOf("marketing")}, use: marketingUse,
			want: consent.CodeAllowed, basis: privacy.BasisConsent, evidence: []consent.Kind{consent.KindGranted}},
		{rule: "consent was refused", given: []consent.Fact{adult, refusalOf("marketing")}, use: marketingUse,
			want: consent.CodeConsentRefused, evidence: []consent.Kind{consent.KindRefused}},
		{rule: "consent was withdrawn", given: []consent.Fact{adult, grantOf("marketing"), withdrawalOf("marketing")}, use: marketingUse,
			want: consent.CodeConsentWithdrawn, evidence: []consent.Kind{consent.KindWithdrawn}},
		{rule: "consent to everything was withdrawn", given: []consent.Fact{adult, grantOf("marketing"), withdrawalOf()}, use: marketingUse,
			want: consent.CodeConsentWithdrawn, evidence: []consent.Kind{consent.KindWithdrawn}},
		{rule: "consent to everything was withdrawn before there was any", given: []consent.Fact{adult, withdrawalOf()}, use: marketingUse,
			want: consent.CodeConsentWithdrawn},
		{rule: "consent expired by an event", given: []consent.Fact{adult, grantOf("marketing"), expiryOf("marketing")}, use: marketingUse,
			want: consent.CodeConsentExpired, evidence: []consent.Kind{consent.KindExpired}},
		{rule: "consent ends at its end, to the second", given: []consent.Fact{adult, over}, use: marketingUse,
			want: consent.CodeConsentExpired, evidence: []consent.Kind{consent.KindGranted}},
		{rule: "consent bounds the decision", given: []consent.Fact{adult, until}, use: marketingUse,
			want: consent.CodeAllowed, basis: privacy.BasisConsent, evidence: []consent.Kind{consent.KindGranted}, until: 3 * time.Hour},

		{rule: "special categories need explicit consent", given: []consent.Fact{adult, grantOf("accessibility")}, use: accessibilityUse,
			want: consent.CodeConsentNotExplicit, evidence: []consent.Kind{consent.KindGranted}},
		{rule: "explicit consent covers special categories", given: []consent.Fact{adult, explicitGrant("accessibility")}, use: accessibilityUse,
			want: consent.CodeAllowed, basis: privacy.BasisConsent, condition: privacy.ConditionExplicitConsent, evidence: []consent.Kind{consent.KindGranted}},
		{rule: "special categories need explicit consent beside a contract", declare: contractAndExplicitConsent, given: []consent.Fact{adult, consent.RelationshipStarted{}}, use: accessibilityUse,
			want: consent.CodeConsentMissing},
		{rule: "special categories need a contract beside explicit consent", declare: contractAndExplicitConsent, given: []consent.Fact{adult, explicitGrant("accessibility")}, use: accessibilityUse,
			want: consent.CodeNoRelationship},
		{rule: "a contract and explicit consent together suffice", declare: contractAndExplicitConsent, given: []consent.Fact{adult, consent.RelationshipStarted{}, explicitGrant("accessibility")}, use: accessibilityUse,
			want: consent.CodeAllowed, basis: privacy.BasisContract, condition: privacy.ConditionExplicitConsent, evidence: []consent.Kind{consent.KindRelationshipStarted}},
		{rule: "a condition other than consent needs no consent", declare: vitalInterests, given: []consent.Fact{adult}, use: accessibilityUse,
			want: consent.CodeAllowed, basis: privacy.BasisVitalInterests, condition: privacy.ConditionVitalInterests},

		{rule: "the notice shown is older than the purpose", declare: func(d *privacy.Declaration) { purposeNamed(d, "marketing").MinimumNotice = 4 },
			given: []consent.Fact{adult, grantOf("marketing")}, use: marketingUse, want: consent.CodeNoticeOutdated, evidence: []consent.Kind{consent.KindGranted}},
		{rule: "a newer notice is required", given: []consent.Fact{adult, grantOf("marketing"), required(4, 0)}, use: marketingUse,
			want: consent.CodeNoticeOutdated, evidence: []consent.Kind{consent.KindGranted, consent.KindNoticeRequired}},
		{rule: "a newer notice is required from this moment on", given: []consent.Fact{adult, grantOf("marketing"), required(4, time.Hour)}, use: marketingUse,
			want: consent.CodeNoticeOutdated, evidence: []consent.Kind{consent.KindGranted, consent.KindNoticeRequired}},
		{rule: "a notice required later bounds the decision", given: []consent.Fact{adult, until, required(4, 2*time.Hour), required(5, 90*time.Minute)}, use: marketingUse,
			want: consent.CodeAllowed, basis: privacy.BasisConsent, evidence: []consent.Kind{consent.KindGranted}, until: 90 * time.Minute},
		{rule: "a required notice that was shown does not matter", given: []consent.Fact{adult, grantOf("marketing"), required(3, 0), required(2, 2*time.Hour)}, use: marketingUse,
			want: consent.CodeAllowed, basis: privacy.BasisConsent, evidence: []consent.Kind{consent.KindGranted}},
		{rule: "consent renewed under the required notice counts", given: []consent.Fact{adult, old, required(3, 0), renewalOf(3, "marketing")}, use: marketingUse,
			want: consent.CodeAllowed, basis: privacy.BasisConsent, evidence: []consent.Kind{consent.KindRenewed}},
		{rule: "a notice required for another purpose does not matter", given: []consent.Fact{adult, grantOf("marketing"), consent.NoticeRequired{Purpose: "service", MinimumVersion: 9, From: start}}, use: marketingUse,
			want: consent.CodeAllowed, basis: privacy.BasisConsent, evidence: []consent.Kind{consent.KindGranted}},
		{rule: "a required notice does not touch other bases", given: []consent.Fact{consent.RelationshipStarted{}, consent.NoticeRequired{Purpose: "service", MinimumVersion: 9, From: start}}, use: serviceUse,
			want: consent.CodeAllowed, basis: privacy.BasisContract, evidence: []consent.Kind{consent.KindRelationshipStarted}},
	}
}

func notMarketing(d *privacy.Declaration) { purposeNamed(d, "marketing").DirectMarketing = false }

func contractAndExplicitConsent(d *privacy.Declaration) {
	purposeNamed(d, "accessibility").Bases = []privacy.PurposeBasis{{Basis: privacy.BasisContract, Condition: privacy.ConditionExplicitConsent}}
}

func vitalInterests(d *privacy.Declaration) {
	purposeNamed(d, "accessibility").Bases = []privacy.PurposeBasis{{Basis: privacy.BasisVitalInterests, Condition: privacy.ConditionVitalInterests}}
}

func TestRulingsForControllers(t *testing.T) { runRulings(t, controllerRulings()) }

// TestRestrictionExceptions is Art. 18(2): with the subject's consent, for legal
// claims, for the rights of others, for an important public interest; and
// storing always.
func TestRestrictionExceptions(t *testing.T) {
	with := func(exception consent.RestrictionException) consent.Use {
		use := securityUse
		use.Exception = exception
		return use
	}
	over := grantOf("security")
	over.Until = start.Add(30 * time.Minute)
	bounded := grantOf("security")
	bounded.Until = start.Add(2 * time.Hour)
	storing := securityUse
	storing.Operation = privacy.OperationStore
	lawful := ruling{want: consent.CodeAllowed, basis: privacy.BasisLegitimateInterests}
	refused := ruling{want: consent.CodeRestricted, evidence: []consent.Kind{consent.KindRestricted}}
	var rulings []ruling
	add := func(r ruling, rule string, use consent.Use, given ...consent.Fact) {
		r.rule, r.use, r.given = rule, use, given
		rulings = append(rulings, r)
	}
	add(refused, "no exception", with(consent.ExceptionNone), restrictionOf())
	add(lawful, "legal claims", with(consent.ExceptionLegalClaims), restrictionOf())
	add(lawful, "rights of others", with(consent.ExceptionRightsOfOthers), restrictionOf("security"))
	add(lawful, "public interest", with(consent.ExceptionPublicInterest), restrictionOf(), restrictionOf("security"))
	add(lawful, "storing", storing, restrictionOf(), restrictionOf("security"))
	add(refused, "consent that was never given", with(consent.ExceptionConsent), restrictionOf())
	add(refused, "consent given before the restriction", with(consent.ExceptionConsent), grantOf("security"), restrictionOf())
	add(refused, "consent given between two restrictions", with(consent.ExceptionConsent), restrictionOf(), grantOf("security"), restrictionOf("security"))
	add(refused, "consent given between two restrictions of everything", with(consent.ExceptionConsent), restrictionOf("security"), grantOf("security"), restrictionOf())
	add(refused, "consent that was withdrawn", with(consent.ExceptionConsent), restrictionOf(), grantOf("security"), withdrawalOf("security"))
	add(refused, "consent whose time is over", with(consent.ExceptionConsent), restrictionOf(), over)
	add(refused, "consent under a notice that no longer covers the purpose", with(consent.ExceptionConsent), restrictionOf(), grantOf("security"),
		consent.NoticeRequired{Purpose: "security", MinimumVersion: 9, From: start})
	add(refused, "consent that is not claimed", with(consent.ExceptionNone), restrictionOf(), grantOf("security"))
	lawful.evidence = []consent.Kind{consent.KindGranted}
	add(lawful, "consent given after the restriction", with(consent.ExceptionConsent), restrictionOf(), restrictionOf("security"), grantOf("security"))
	lawful.until = 2 * time.Hour
	add(lawful, "consent given after the restriction bounds the decision", with(consent.ExceptionConsent), restrictionOf(), bounded)
	runRulings(t, rulings)
}

func TestConsentAtTheTimeOfTheRestrictionIsNoException(t *testing.T) {
	w := newWorld(t, setup{})
	w.record(ada, restrictionOf(), grantOf("security"))
	use := securityUse
	use.Exception = consent.ExceptionConsent
	w.wantCode(w.prepare(use), ada, consent.CodeRestricted)
}

// processorRulings has at least one ruling for each reason of a processor.
func processorRulings() []ruling {
	content, images := attestationOf("x", "content"), attestationOf("x", "content.images")
	ending := func(a consent.Attestation, at time.Duration) consent.Attestation {
		a.Until = start.Add(at)
		return a
	}
	health := content
	health.Condition = privacy.ConditionHealthCare
	ends := func(i consent.Instruction, at time.Duration) consent.Instruction {
		i.Until = start.Add(at)
		return i
	}
	onConsent := content
	onConsent.Basis, onConsent.Consents = privacy.BasisConsent, true
	onInterests := content
	onInterests.Basis = privacy.BasisLegitimateInterests
	explicit := health
	explicit.Condition = privacy.ConditionExplicitConsent
	elsewhere := instructionOf("i", "model")
	elsewhere.Countries = []privacy.Country{"DE"}
	there := instructionOf("i", "model")
	there.Countries = []privacy.Country{"DE", "US"}
	wholeContent := annotationUse
	wholeContent.Categories = []privacy.CategoryID{"content"}
	altering := annotationUse
	altering.Operation = privacy.OperationAlter
	announced := consent.SubProcessorAnnounced{Recipient: "model", ObjectUntil: start.Add(2 * time.Hour)}
	decided := consent.SubProcessorAnnounced{Recipient: "model", ObjectUntil: start.Add(time.Hour)}
	objected, lifted := consent.SubProcessorObjection{Recipient: "model"}, consent.SubProcessorObjectionLifted{Recipient: "model"}
	both := []consent.Kind{consent.KindAttested, consent.KindInstructed}
	and := func(kinds ...consent.Kind) []consent.Kind { return kinds }
	nobody := acme
	return []ruling{
		{rule: "a processor needs an attestation", use: annotationUse, subject: nobody, given: []consent.Fact{instructionOf("i")}, want: consent.CodeAttestationMissing},
		{rule: "an attestation and an instruction suffice", use: annotationUse, subject: nobody, given: []consent.Fact{content, instructionOf("i")},
			want: consent.CodeAllowed, basis: privacy.BasisContract, evidence: both},
		{rule: "a person who is known is decided as nobody", use: annotationUse, given: []consent.Fact{content, instructionOf("i")},
			want: consent.CodeAllowed, basis: privacy.BasisContract, evidence: both},
		{rule: "an attestation of a part does not cover the whole", use: wholeContent, subject: nobody, given: []consent.Fact{images, instructionOf("i")}, want: consent.CodeAttestationMissing},
		{rule: "an attestation of another purpose does not count", use: annotationUse, subject: nobody,
			given: []consent.Fact{func() consent.Attestation {
				a := attestationOf("x", "content")
				a.Purposes = []privacy.PurposeID{"assistance"}
				return a
			}(), instructionOf("i")}, want: consent.CodeAttestationMissing},
		{rule: "an attestation was withdrawn", use: annotationUse, subject: nobody, given: []consent.Fact{content, consent.AttestationWithdrawn{ID: "x"}, instructionOf("i")},
			want: consent.CodeAttestationWithdrawn, evidence: and(consent.KindAttested)},
		{rule: "an attestation ends at its end", use: annotationUse, subject: nobody, given: []consent.Fact{ending(content, time.Hour), instructionOf("i")},
			want: consent.CodeAttestationExpired, evidence: and(consent.KindAttested)},
		{rule: "an attestation bounds the decision", use: annotationUse, subject: nobody, given: []consent.Fact{ending(content, 2*time.Hour), ends(instructionOf("i"), 3*time.Hour)},
			want: consent.CodeAllowed, basis: privacy.BasisContract, evidence: both, until: 2 * time.Hour},
		{rule: "an attestation that ends bounds the decision beside an instruction that does not", use: annotationUse, subject: nobody, given: []consent.Fact{ending(content, 2*time.Hour), instructionOf("i")},
			want: consent.CodeAllowed, basis: privacy.BasisContract, evidence: both, until: 2 * time.Hour},
		{rule: "an attestation in force beside others counts", use: annotationUse, subject: nobody,
			given: []consent.Fact{ending(attestationOf("a", "content"), time.Minute), attestationOf("b", "content.labels"), content, instructionOf("i")},
			want:  consent.CodeAllowed, basis: privacy.BasisContract, evidence: both},
		{rule: "the closest attestation gives the reason", use: annotationUse, subject: nobody,
			given: []consent.Fact{ending(attestationOf("a", "content"), time.Minute), attestationOf("b", "content"), consent.AttestationWithdrawn{ID: "b"}, instructionOf("i")},
			want:  consent.CodeAttestationExpired, evidence: and(consent.KindAttested)},
		{rule: "special categories need a condition", use: healthUse, subject: nobody, given: []consent.Fact{content, instructionOf("i")},
			want: consent.CodeAttestationCondition, evidence: and(consent.KindAttested)},
		{rule: "what contains special categories needs a condition", use: wholeContent, subject: nobody, given: []consent.Fact{content, instructionOf("i")},
			want: consent.CodeAttestationCondition, evidence: and(consent.KindAttested)},
		{rule: "the attested condition covers special categories", use: healthUse, subject: nobody, given: []consent.Fact{health, instructionOf("i")},
			want: consent.CodeAllowed, basis: privacy.BasisContract, condition: privacy.ConditionHealthCare, evidence: both},
		{rule: "a condition says nothing where no special category is used", use: annotationUse, subject: nobody, given: []consent.Fact{health, instructionOf("i")},
			want: consent.CodeAllowed, basis: privacy.BasisContract, evidence: both},

		{rule: "a processor needs an instruction", use: annotationUse, subject: nobody, given: []consent.Fact{content},
			want: consent.CodeInstructionMissing, evidence: and(consent.KindAttested)},
		{rule: "an instruction covers its operations only", use: altering, subject: nobody, given: []consent.Fact{content, instructionOf("i")},
			want: consent.CodeInstructionMissing, evidence: and(consent.KindAttested)},
		{rule: "an instruction covers its recipients only", use: modelUse, subject: nobody, given: []consent.Fact{content, instructionOf("i", "hosting")},
			want: consent.CodeInstructionMissing, evidence: and(consent.KindAttested)},
		{rule: "an instruction covers its countries only", use: modelUse, subject: nobody, given: []consent.Fact{content, elsewhere},
			want: consent.CodeInstructionMissing, evidence: and(consent.KindAttested)},
		{rule: "an instruction that names the countries covers them", use: modelUse, subject: nobody, given: []consent.Fact{content, there},
			want: consent.CodeAllowed, basis: privacy.BasisContract, evidence: both},
		{rule: "two instructions do not add up", use: modelUse, subject: nobody,
			given: []consent.Fact{content, instructionOf("i"), func() consent.Instruction {
				i := instructionOf("j", "model")
				i.Operations = []privacy.Operation{privacy.OperationUse}
				return i
			}()},
			want: consent.CodeInstructionMissing, evidence: and(consent.KindAttested)},
		{rule: "an instruction was withdrawn", use: annotationUse, subject: nobody, given: []consent.Fact{content, instructionOf("i"), consent.InstructionWithdrawn{ID: "i"}},
			want: consent.CodeInstructionWithdrawn, evidence: both},
		{rule: "an instruction ends at its end", use: annotationUse, subject: nobody, given: []consent.Fact{content, ends(instructionOf("i"), time.Hour)},
			want: consent.CodeInstructionExpired, evidence: both},
		{rule: "an instruction bounds the decision", use: annotationUse, subject: nobody, given: []consent.Fact{ending(content, 3*time.Hour), ends(instructionOf("i"), 2*time.Hour)},
			want: consent.CodeAllowed, basis: privacy.BasisContract, evidence: both, until: 2 * time.Hour},
		{rule: "a flagged instruction stays in force", use: annotationUse, subject: nobody, given: []consent.Fact{content, instructionOf("i"), consent.InstructionFlagged{ID: "i", Concern: "c"}},
			want: consent.CodeAllowed, basis: privacy.BasisContract, evidence: both},

		{rule: "a sub-processor nobody was told of needs no waiting", use: modelUse, subject: nobody, given: []consent.Fact{content, instructionOf("i", "model")},
			want: consent.CodeAllowed, basis: privacy.BasisContract, evidence: both},
		{rule: "nothing goes to a sub-processor before the time to object is over", use: modelUse, subject: nobody, given: []consent.Fact{content, instructionOf("i", "model"), announced},
			want: consent.CodeSubProcessorPending, evidence: append(and(both...), consent.KindSubProcessorAnnounced)},
		{rule: "the time to object is over", use: modelUse, subject: nobody, given: []consent.Fact{content, instructionOf("i", "model"), decided},
			want: consent.CodeAllowed, basis: privacy.BasisContract, evidence: both},
		{rule: "the tenant objects to the sub-processor", use: modelUse, subject: nobody, given: []consent.Fact{content, instructionOf("i", "model"), decided, objected},
			want: consent.CodeSubProcessorObjected, evidence: append(and(both...), consent.KindSubProcessorObjected)},
		{rule: "an objection within the time to object is one", use: modelUse, subject: nobody, given: []consent.Fact{content, instructionOf("i", "model"), announced, objected},
			want: consent.CodeSubProcessorObjected, evidence: append(and(both...), consent.KindSubProcessorObjected)},
		{rule: "an objection to a sub-processor is lifted", use: modelUse, subject: nobody, given: []consent.Fact{content, instructionOf("i", "model"), objected, lifted},
			want: consent.CodeAllowed, basis: privacy.BasisContract, evidence: both},
		{rule: "an objection to another sub-processor does not matter", use: modelUse, subject: nobody,
			given: []consent.Fact{content, instructionOf("i", "model"), consent.SubProcessorObjection{Recipient: "hosting"}},
			want:  consent.CodeAllowed, basis: privacy.BasisContract, evidence: both},

		{rule: "an erased person is refused", use: annotationUse, given: []consent.Fact{content, instructionOf("i"), consent.Erasure{Cause: "c"}},
			want: consent.CodeErased, evidence: and(consent.KindErased)},
		{rule: "a restricted person is refused", use: annotationUse, given: []consent.Fact{content, instructionOf("i"), restrictionOf()},
			want: consent.CodeRestricted, evidence: append(and(consent.KindRestricted), both...)},
		{rule: "a person who objects is refused where the tenant relies on its interests", use: annotationUse, given: []consent.Fact{onInterests, instructionOf("i"), objectionTo("annotation")},
			want: consent.CodeObjected, evidence: append(and(consent.KindObjected), both...)},
		{rule: "an objection does not reach the tenant's contract", use: annotationUse, given: []consent.Fact{content, instructionOf("i"), objectionTo()},
			want: consent.CodeAllowed, basis: privacy.BasisContract, evidence: both},
		{rule: "a person who opted out is refused", use: annotationUse, given: []consent.Fact{content, instructionOf("i"), consent.OptOut{Purposes: []privacy.PurposeID{"annotation"}}},
			want: consent.CodeOptedOut, evidence: append(and(consent.KindOptedOut), both...)},
		{rule: "the tenant's word stands for consents that the ledger does not know", use: annotationUse, given: []consent.Fact{onConsent, instructionOf("i")},
			want: consent.CodeAllowed, basis: privacy.BasisConsent, evidence: both},
		{rule: "the tenant's word does not stand against a withdrawal", use: annotationUse, given: []consent.Fact{onConsent, instructionOf("i"), grantOf("annotation"), withdrawalOf("annotation")},
			want: consent.CodeConsentWithdrawn, evidence: append(and(consent.KindWithdrawn), both...)},
		{rule: "the tenant's word does not stand against a withdrawal of everything", use: annotationUse, given: []consent.Fact{onConsent, instructionOf("i"), withdrawalOf()},
			want: consent.CodeConsentWithdrawn, evidence: both},
		{rule: "the tenant's word does not stand against a refusal", use: annotationUse, given: []consent.Fact{onConsent, instructionOf("i"), refusalOf("annotation")},
			want: consent.CodeConsentRefused, evidence: append(and(consent.KindRefused), both...)},
		{rule: "a withdrawal does not reach the tenant's contract", use: annotationUse, given: []consent.Fact{content, instructionOf("i"), withdrawalOf("annotation")},
			want: consent.CodeAllowed, basis: privacy.BasisContract, evidence: both},
		{rule: "the tenant's explicit consent is not one that was not explicit", use: healthUse, given: []consent.Fact{explicit, instructionOf("i"), grantOf("annotation")},
			want: consent.CodeConsentNotExplicit, evidence: append(and(consent.KindGranted), both...)},
		{rule: "a person's age is no matter of the processor's", use: annotationUse, given: []consent.Fact{content, instructionOf("i"), bornBetween("2020-01-01", "")},
			want: consent.CodeAllowed, basis: privacy.BasisContract, evidence: both},
	}
}

func TestRulingsForProcessors(t *testing.T) { runRulings(t, processorRulings()) }

func TestTheClosestAttestationIsTheEvidence(t *testing.T) {
	w := newWorld(t, setup{})
	expired := attestationOf("expired", "content")
	expired.Until = start.Add(time.Minute)
	w.given(acme, attestationOf("first", "content"), expired, attestationOf("last", "content"),
		consent.AttestationWithdrawn{ID: "first"}, consent.AttestationWithdrawn{ID: "last"})
	decision := w.wantCode(w.prepare(annotationUse), acme, consent.CodeAttestationExpired)
	explanation, err := w.gate.Explain(t.Context(), acme, decision)
	must(t, err)
	fact, ok := explanation.Events[0].Entry.Fact.(consent.Attestation)
	if !ok || fact.ID != "expired" {
		t.Errorf("the evidence is %+v", explanation.Events[0].Entry.Fact)
	}
}

func TestTheClosestInstructionIsTheEvidence(t *testing.T) {
	w := newWorld(t, setup{})
	expired := instructionOf("expired")
	expired.Until = start.Add(time.Minute)
	w.given(acme, attestationOf("x", "content"), instructionOf("first"), expired, instructionOf("last"),
		consent.InstructionWithdrawn{ID: "first"}, consent.InstructionWithdrawn{ID: "last"})
	decision := w.wantCode(w.prepare(annotationUse), acme, consent.CodeInstructionExpired)
	explanation, err := w.gate.Explain(t.Context(), acme, decision)
	must(t, err)
	fact, ok := explanation.Events[1].Entry.Fact.(consent.Instruction)
	if !ok || fact.ID != "expired" {
		t.Errorf("the evidence is %+v", explanation.Events[1].Entry.Fact)
	}
}

// TestNamesThatAreNoLongerDeclaredCoverNothing decides by a register that has
// lost a recipient and the purposes that the tenant's facts name.
func TestNamesThatAreNoLongerDeclaredCoverNothing(t *testing.T) {
	w := newWorld(t, setup{})
	w.given(acme, attestationOf("x", "content"), instructionOf("i", "model", "hosting"),
		consent.SubProcessorObjection{Recipient: "model"}, consent.NoticeRequired{Purpose: "assistance", MinimumVersion: 9, From: start})
	smaller := newWorld(t, setup{declare: func(d *privacy.Declaration) {
		d.Activities = slices.DeleteFunc(d.Activities, func(a privacy.Activity) bool { return a.ID == "suggestions" })
		d.Purposes = slices.DeleteFunc(d.Purposes, func(p privacy.Purpose) bool { return p.ID == "assistance" })
		d.Recipients = slices.DeleteFunc(d.Recipients, func(r privacy.Recipient) bool { return r.ID == "model" })
	}})
	smaller.store.Store = w.store.Store
	toHosting := annotationUse
	toHosting.Operation, toHosting.Recipient = privacy.OperationDisclose, "hosting"
	smaller.wantCode(smaller.prepare(toHosting), acme, consent.CodeAllowed)
}

// stateRulings are refusals that do not come from what happened.
func stateRulings(t *testing.T) map[consent.Code]func(*world) (consent.Decision, error) {
	return map[consent.Code]func(*world) (consent.Decision, error){
		consent.CodeSubjectInvalid: func(w *world) (consent.Decision, error) {
			return w.prepare(serviceUse).Check(t.Context(), privacy.Subject{Tenant: "acme", ID: "a\x00b"})
		},
		consent.CodeSubjectRequired: func(w *world) (consent.Decision, error) {
			return w.prepare(serviceUse).Check(t.Context(), acme)
		},
		consent.CodeStateUnavailable: func(w *world) (consent.Decision, error) {
			w.store.streams = func(context.Context, []consent.StreamKey) ([]consent.Stream, error) { return nil, errStore }
			return w.prepare(serviceUse).Check(t.Context(), ada)
		},
		consent.CodeStateUnreadable: func(w *world) (consent.Decision, error) {
			w.given(ada, consent.RelationshipStarted{})
			w.store.streams = func(ctx context.Context, keys []consent.StreamKey) ([]consent.Stream, error) {
				streams, err := w.store.Store.Streams(ctx, keys)
				streams[0].State = []byte("from a newer version")
				return streams, err
			}
			return w.prepare(serviceUse).Recheck(t.Context(), ada, consent.Stamp{})
		},
		consent.CodeStateOutdated: func(w *world) (consent.Decision, error) {
			return w.prepare(serviceUse).CheckAtLeast(t.Context(), ada, consent.Stamp{Guard: consent.Guard{SubjectVersion: 1}})
		},
		consent.CodeTransferForbidden: func(w *world) (consent.Decision, error) {
			return w.judgedBy(func(privacy.Date) (privacy.TransferMechanism, bool) { return 0, false }, billingUse).Check(t.Context(), ada)
		},
	}
}

func TestRefusalsThatDoNotComeFromEvents(t *testing.T) {
	for code, decide := range stateRulings(t) {
		t.Run(code.String(), func(t *testing.T) {
			decision, err := decide(newWorld(t, setup{}))
			wantSame(t, "code", decision.Code, code)
			wantSame(t, "allowed", decision.Allowed(), false)
			switch code {
			case consent.CodeStateUnavailable:
				wantErr(t, err, errStore)
			case consent.CodeSubjectInvalid:
				wantErr(t, err, privacy.ErrInvalid)
			default:
				must(t, err)
			}
		})
	}
}

func TestUnreadableTenantStateRefuses(t *testing.T) {
	w := newWorld(t, setup{})
	w.given(ada, consent.RelationshipStarted{}, attestationOf("x", "content"))
	w.store.streams = func(ctx context.Context, keys []consent.StreamKey) ([]consent.Stream, error) {
		streams, err := w.store.Store.Streams(ctx, keys)
		streams[len(streams)-1].State = []byte(`{"version":1,"from":"a newer version"}`)
		return streams, err
	}
	w.wantCode(w.prepare(serviceUse), ada, consent.CodeStateUnreadable)
}

// TestEveryReasonHasARuling keeps the tables complete.
func TestEveryReasonHasARuling(t *testing.T) {
	ruled := map[consent.Code]bool{
		consent.CodeUndecided: true,
		// Compile refuses such a declaration; TestSpecialCategoriesWithoutCondition
		// shows the gate's own check.
		consent.CodeConditionNotDeclared: true,
	}
	for _, r := range slices.Concat(controllerRulings(), processorRulings()) {
		ruled[r.want] = true
	}
	for code := range stateRulings(t) {
		ruled[code] = true
	}
	for _, code := range allCodes() {
		if !ruled[code] {
			t.Errorf("no test shows %s", code)
		}
	}
}

// allCodes returns the codes that have a name of their own.
func allCodes() []consent.Code {
	codes := []consent.Code{consent.CodeUndecided}
	for code := consent.CodeUndecided + 1; code.String() != consent.CodeUndecided.String(); code++ {
		codes = append(codes, code)
	}
	return codes
}

func TestEveryCodeHasANameAndATitle(t *testing.T) {
	names, titles := map[string]bool{}, map[string]bool{}
	for _, code := range allCodes() {
		text, err := code.MarshalText()
		must(t, err)
		var back consent.Code
		must(t, back.UnmarshalText(text))
		wantSame(t, "code", back, code)
		names[code.String()], titles[code.Title()] = true, true
		if len(code.Title()) < 10 || code.Title()[len(code.Title())-1] != '.' {
			t.Errorf("%s has the title %q", code, code.Title())
		}
	}
	wantSame(t, "names", len(names), 34)
	wantSame(t, "titles", len(titles), 34)
	wantSame(t, "an unknown code's name", consent.Code(200).String(), "undecided")
	wantSame(t, "an unknown code's title", consent.Code(200).Title(), consent.CodeUndecided.Title())
	wantSame(t, "an unknown code allows", consent.Decision{Code: 200}.Allowed(), false)
	var code consent.Code
	wantErr(t, code.UnmarshalText([]byte("maybe")), privacy.ErrInvalid)
}

func TestTheZeroDecisionRefuses(t *testing.T) {
	var decision consent.Decision
	wantSame(t, "allowed", decision.Allowed(), false)
	wantErr(t, decision.Err(), privacy.ErrDenied)
	wantSame(t, "code", consent.CodeOf(decision.Err()), consent.CodeUndecided)
}

func TestOnlyAllowedHasNoError(t *testing.T) {
	for _, code := range allCodes() {
		err := consent.Decision{Code: code}.Err()
		if code == consent.CodeAllowed {
			must(t, err)
			continue
		}
		wantErr(t, err, privacy.ErrDenied)
		wantSame(t, "code", consent.CodeOf(errors.Join(errStore, err)), code)
	}
	wantSame(t, "no denial in the tree", consent.CodeOf(errStore), consent.CodeUndecided)
	wantSame(t, "no error", consent.CodeOf(nil), consent.CodeUndecided)
}

func TestObligationsAreThoseOfActivityAndCategories(t *testing.T) {
	w := newWorld(t, setup{})
	w.given(acme, attestationOf("x", "content"), instructionOf("i", "model"))
	decision := w.wantCode(w.prepare(modelUse), acme, consent.CodeAllowed)
	wantSame(t, "obligations", decision.Obligations, w.register.MeasuresFor("suggestions", "content.images"))
	for _, measure := range []privacy.Measure{privacy.MeasureHumanReview, privacy.MeasureEncryptionAtRest} {
		wantSame(t, measure.String(), decision.Obligations.Has(measure), true)
	}
}

func TestMinimumAge(t *testing.T) {
	zone, err := time.LoadLocation("Pacific/Auckland")
	must(t, err)
	utc := func(text string) time.Time {
		at, err := time.Parse(time.RFC3339, text)
		must(t, err)
		return at
	}
	for _, c := range []struct {
		rule    string
		born    string
		at      time.Time
		zone    *time.Location
		allowed bool
	}{
		{"the day before the birthday", "2008-03-02", utc("2026-03-01T23:59:59Z"), nil, false},
		{"the birthday", "2008-03-02", utc("2026-03-02T00:00:00Z"), nil, true},
		{"the birthday begins in the gate's zone", "2008-03-02", utc("2026-03-01T11:00:00Z"), zone, true},
		{"the day before the birthday ends in the gate's zone", "2008-03-02", utc("2026-03-01T10:59:59Z"), zone, false},
		{"born on 29 February, on 28 February of a common year", "2008-02-29", utc("2026-02-28T23:59:59Z"), nil, false},
		{"born on 29 February, on 1 March of a common year", "2008-02-29", utc("2026-03-01T00:00:00Z"), nil, true},
		{"born on 29 February, on 29 February of a leap year", "2010-02-28", utc("2028-02-28T00:00:00Z"), nil, true},
		{"born on 1 March, on 29 February", "2010-03-01", utc("2028-02-29T12:00:00Z"), nil, false},
		{"born on 28 February, on 29 February", "2010-02-28", utc("2028-02-29T12:00:00Z"), nil, true},
		{"long past", "1900-01-01", utc("2026-03-02T00:00:00Z"), nil, true},
	} {
		t.Run(c.rule, func(t *testing.T) {
			w := newWorld(t, setup{zone: c.zone, cache: &consent.CacheOptions{MaxStaleness: 1000 * 24 * time.Hour}})
			w.record(ada, bornBetween(c.born, c.born))
			w.record(ada, grantOf("marketing"))
			use := w.prepare(marketingUse)
			w.check(use, ada) // works out the cutoff of another day
			w.clock.Set(c.at)
			must(t, w.gate.Poll(t.Context()))
			decision := w.checkEverywhere(use, ada)
			if want := map[bool]consent.Code{true: consent.CodeAllowed, false: consent.CodeUnderAge}[c.allowed]; decision.Code != want {
				t.Errorf("got %s, want %s", decision.Code, want)
			}
		})
	}
}

func TestTheHighestMinimumAgeOfSeveralActivitiesCounts(t *testing.T) {
	w := newWorld(t, setup{declare: func(d *privacy.Declaration) {
		second := *activityNamed(d, "accounts")
		second.ID, second.MinimumAge = "accounts-2", privacy.MinimumAge{Years: 21, Unknown: privacy.UnknownAgeDeny}
		d.Activities = append(d.Activities, second)
	}})
	w.given(ada, consent.RelationshipStarted{})
	use := w.prepare(serviceUse)
	w.wantCode(use, ada, consent.CodeAgeUnknown)
	w.given(ada, bornBetween("2006-01-01", "2006-01-01")) // 20
	w.wantCode(use, ada, consent.CodeUnderAge)
	named := serviceUse
	named.Activity = "accounts"
	w.wantCode(w.prepare(named), ada, consent.CodeAllowed)
}

// TestDecisionsCarryTheirStamp: what a decision rests on is its versions and
// the register.
func TestDecisionsCarryTheirStamp(t *testing.T) {
	w := newWorld(t, setup{})
	w.given(ada, consent.RelationshipStarted{}, adult, attestationOf("x", "content"))
	decision := w.wantCode(w.prepare(serviceUse), ada, consent.CodeAllowed)
	want := consent.Stamp{Guard: consent.Guard{SubjectVersion: 2, TenantVersion: 1}, Register: w.register.Hash()}
	wantSame(t, "stamp", decision.Stamp, want)
	wantSame(t, "at", decision.At, w.clock.Now())
	wantSame(t, "role", decision.Role, privacy.RoleController)
	wantSame(t, "activity", decision.Activity, "accounts")
}

func TestCheckingIsDeterministic(t *testing.T) {
	w := newWorld(t, setup{})
	w.given(ada, adult, grantOf("marketing"))
	use := w.prepare(marketingUse)
	first := w.check(use, ada)
	for range 10 {
		if again := w.check(use, ada); !reflect.DeepEqual(again, first) {
			t.Fatalf("got %+v, then %+v", first, again)
		}
	}
}

func TestTimeIsReadAfterTheState(t *testing.T) {
	w := newWorld(t, setup{})
	ending := grantOf("marketing")
	ending.Until = start.Add(time.Hour)
	w.given(ada, adult, ending)
	w.store.streams = func(ctx context.Context, keys []consent.StreamKey) ([]consent.Stream, error) {
		w.clock.Advance(2 * time.Hour) // a store that takes its time
		return w.store.Store.Streams(ctx, keys)
	}
	w.wantCode(w.prepare(marketingUse), ada, consent.CodeConsentExpired)
}

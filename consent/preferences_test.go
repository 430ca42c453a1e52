package consent_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
)

func (w *world) preference(subject privacy.Subject, purpose privacy.PurposeID) consent.Preference {
	w.t.Helper()
	preferences, err := w.ledger.Preferences(w.t.Context(), subject)
	must(w.t, err)
	i := slices.IndexFunc(preferences, func(p consent.Preference) bool { return p.Purpose == purpose })
	if i < 0 {
		w.t.Fatalf("%s is not among %d preferences", purpose, len(preferences))
	}
	return preferences[i]
}

func (w *world) choose(purpose privacy.PurposeID, agree bool) consent.Receipt {
	w.t.Helper()
	w.clock.Advance(time.Minute)
	choice := consent.Choice{Purpose: purpose}
	if agree {
		choice = w.agreementTo(purpose)
	}
	receipt, err := w.ledger.Choose(w.t.Context(), ada, choice)
	must(w.t, err)
	return receipt
}

// seen is what a page that is shown now rests on.
func (w *world) seen() consent.Stamp {
	w.t.Helper()
	return w.preference(ada, "marketing").Stamp
}

func (w *world) agreementTo(purpose privacy.PurposeID) consent.Choice {
	w.t.Helper()
	return consent.Choice{Purpose: purpose, Agree: true, Evidence: evidenceOf(3), Seen: w.seen()}
}

func (w *world) kindsOf(receipt consent.Receipt) []consent.Kind {
	w.t.Helper()
	records, err := w.ledger.Records(w.t.Context(), consent.StreamKey{Tenant: ada.Tenant, Subject: ada.ID}, receipt.First-1, int(receipt.Last-receipt.First)+1)
	must(w.t, err)
	var kinds []consent.Kind
	for _, record := range records {
		kinds = append(kinds, record.Kind)
	}
	return kinds
}

func wantKinds(t testing.TB, got []consent.Kind, want ...consent.Kind) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestPreferencesAreThoseOfTheSubject(t *testing.T) {
	w := newWorld(t, setup{})
	preferences, err := w.ledger.Preferences(t.Context(), ada)
	must(t, err)
	var purposes []privacy.PurposeID
	for _, p := range preferences {
		purposes = append(purposes, p.Purpose)
		if p.Sequence != 0 || !p.Decided.IsZero() || p.Shown != (consent.Notice{}) {
			t.Errorf("%s tells of a decision that was not made", p.Purpose)
		}
		wantSame(t, string(p.Purpose), p.Agreed, p.Basis != privacy.BasisConsent)
	}
	// No contract, no legal obligation, and nothing of the customers' purposes.
	if want := []privacy.PurposeID{"security", "marketing", "accessibility"}; !slices.Equal(purposes, want) {
		t.Errorf("got %v, want %v", purposes, want)
	}
}

func TestAPreferenceShowsWhatWasAgreedTo(t *testing.T) {
	w := newWorld(t, setup{})
	grant := grantOf("marketing")
	grant.Until = start.AddDate(1, 0, 0)
	w.given(ada, grant)
	p := w.preference(ada, "marketing")
	wantSame(t, "status", p.Status, consent.ConsentGranted)
	wantSame(t, "agreed", p.Agreed, true)
	wantSame(t, "shown", p.Shown, evidenceOf(3).Notice)
	wantSame(t, "decided", p.Decided, start.Add(time.Minute))
	wantSame(t, "until", p.Until, grant.Until)
	wantSame(t, "sequence", p.Sequence, uint64(1))
	wantSame(t, "outdated", p.Outdated, false)

	w.given(acme, consent.NoticeRequired{Purpose: "marketing", MinimumVersion: 4, From: start.AddDate(0, 1, 0)})
	wantSame(t, "before", w.preference(ada, "marketing").Outdated, false)
	w.clock.Advance(40 * 24 * time.Hour)
	wantSame(t, "after", w.preference(ada, "marketing").Outdated, true)

	w.clock.Advance(366 * 24 * time.Hour)
	p = w.preference(ada, "marketing")
	wantSame(t, "status at the end", p.Status, consent.ConsentExpired)
	wantSame(t, "agreed at the end", p.Agreed, false)
	wantSame(t, "shown at the end", p.Shown, evidenceOf(3).Notice)

	w.given(ada, withdrawalOf("marketing"))
	wantSame(t, "shown after a withdrawal", w.preference(ada, "marketing").Shown, consent.Notice{})
}

func TestOneCallChangesAPreference(t *testing.T) {
	w := newWorld(t, setup{})
	wantKinds(t, w.kindsOf(w.choose("marketing", false)), consent.KindRefused)
	wantKinds(t, w.kindsOf(w.choose("marketing", true)), consent.KindGranted)
	wantKinds(t, w.kindsOf(w.choose("marketing", true)), consent.KindRenewed)
	wantKinds(t, w.kindsOf(w.choose("marketing", false)), consent.KindWithdrawn)
	wantKinds(t, w.kindsOf(w.choose("security", false)), consent.KindObjected)
	wantSame(t, "after the objection", w.preference(ada, "security").Agreed, false)
	wantKinds(t, w.kindsOf(w.choose("security", true)), consent.KindObjectionEnded)
	wantSame(t, "after its end", w.preference(ada, "security").Agreed, true)

	w.given(ada, consent.Objection{DirectMarketing: true})
	wantSame(t, "marketing", w.preference(ada, "marketing").Agreed, false)
	wantKinds(t, w.kindsOf(w.choose("marketing", true)), consent.KindObjectionEnded, consent.KindGranted)
	w.given(ada, consent.OptOut{Purposes: []privacy.PurposeID{"accessibility"}})
	wantKinds(t, w.kindsOf(w.choose("accessibility", true)), consent.KindOptedIn, consent.KindGranted)
}

func TestToAgreeNeedsWhatAGrantNeeds(t *testing.T) {
	w := newWorld(t, setup{})
	_, err := w.ledger.Choose(t.Context(), ada, consent.Choice{Purpose: "marketing", Agree: true, Seen: w.seen()})
	wantErr(t, err, privacy.ErrInvalid)
	for _, purpose := range []privacy.PurposeID{"service", "accounting", "annotation", "unheard-of"} {
		_, err := w.ledger.Choose(t.Context(), ada, w.agreementTo(purpose))
		wantErr(t, err, privacy.ErrNotFound)
	}
	_, err = w.ledger.Choose(t.Context(), ada, consent.Choice{Purpose: "security", Agree: true, Seen: w.seen()})
	wantErr(t, err, privacy.ErrConflict)
}

func TestToSayNoIsAcceptedAlways(t *testing.T) {
	w := newWorld(t, setup{})
	for _, purpose := range []privacy.PurposeID{"service", "unheard-of", "marketing"} {
		w.choose(purpose, false)
	}
	_, err := w.ledger.Redact(t.Context(), ada.Tenant, ada.ID, "case-1")
	must(t, err)
	w.choose("marketing", false)
	_, err = w.ledger.Choose(t.Context(), ada, w.agreementTo("marketing"))
	wantErr(t, err, consent.ErrErased)
}

func TestAChoiceDoesNotTakeBackMoreThanItNames(t *testing.T) {
	for name, general := range map[string]consent.Fact{
		"objection to everything": consent.Objection{},
		"opt-out of a kind":       consent.OptOut{Kinds: privacy.NewOptOutSet(privacy.OptOutTargetedAdvertising)},
	} {
		w := newWorld(t, setup{})
		w.given(ada, general)
		_, err := w.ledger.Choose(t.Context(), ada, w.agreementTo("marketing"))
		wantErr(t, err, consent.ErrChoiceBlocked)
		wantErr(t, err, privacy.ErrConflict)
		wantSame(t, name, w.preference(ada, "marketing").Agreed, false)
	}
}

// Whatever is decided, required or declared after the subject was shown what it
// agrees to makes the page one that nobody can agree on any more.
func TestAStalePageAgreesToNothing(t *testing.T) {
	for name, meanwhile := range map[string]func(*world){
		"withdrawn in another window": func(w *world) { w.choose("marketing", false) },
		"objected in another window":  func(w *world) { w.given(ada, consent.Objection{DirectMarketing: true}) },
		"another purpose decided":     func(w *world) { w.choose("security", false) },
		"a newer notice required": func(w *world) {
			w.given(acme, consent.NoticeRequired{Purpose: "marketing", MinimumVersion: 4, From: start})
		},
		"another declaration, on a reload": func(w *world) { w.redeclare() },
	} {
		w := newWorld(t, setup{})
		w.choose("marketing", true)
		choice := w.agreementTo("marketing")
		meanwhile(w)
		before := w.version(ada)
		_, err := w.ledger.Choose(t.Context(), ada, choice)
		wantErr(t, err, consent.ErrChoiceStale)
		wantErr(t, err, privacy.ErrConflict)
		wantSame(t, name, w.version(ada), before)

		_, err = w.ledger.Choose(t.Context(), ada, w.agreementTo("accessibility"))
		must(t, err)
	}
}

// redeclare goes on with another register on the same store.
func (w *world) redeclare() {
	w.t.Helper()
	declaration := privacytest.Declaration()
	declaration.Operator.Name += " (renamed)"
	register, err := privacy.Compile(declaration)
	must(w.t, err)
	w.ledger, err = consent.NewLedger(w.store, register, &consent.LedgerOptions{Clock: w.clock, IDs: privacytest.NewIDs("redeclared")})
	must(w.t, err)
}

func TestToAgreeNeedsToHaveSeen(t *testing.T) {
	w := newWorld(t, setup{})
	_, err := w.ledger.Choose(t.Context(), ada, consent.Choice{Purpose: "marketing", Agree: true, Evidence: evidenceOf(3)})
	wantErr(t, err, consent.ErrChoiceStale)
}

// inBetween runs meanwhile once, when a choice has read the state and has not
// been written yet.
func (w *world) inBetween(meanwhile func()) {
	w.store.append = func(ctx context.Context, appends []consent.Append) ([]consent.Appended, error) {
		w.store.append = nil
		meanwhile()
		return w.store.Append(ctx, appends)
	}
}

func TestOfTwoWindowsTheFirstAgrees(t *testing.T) {
	w := newWorld(t, setup{})
	choice := w.agreementTo("marketing")
	w.inBetween(func() { w.record(ada, withdrawalOf("marketing")) })
	_, err := w.ledger.Choose(t.Context(), ada, choice)
	wantErr(t, err, consent.ErrChoiceStale)
	wantSame(t, "agreed", w.preference(ada, "marketing").Agreed, false)
}

// To say no does not depend on what was shown, nor on what comes in between: and
// what was a consent by then is withdrawn, not refused.
func TestToSayNoIsNeverTooLate(t *testing.T) {
	w := newWorld(t, setup{})
	w.inBetween(func() { w.record(ada, grantOf("marketing")) })
	wantKinds(t, w.kindsOf(w.choose("marketing", false)), consent.KindWithdrawn)
	w.inBetween(func() { w.record(ada, grantOf("marketing")) })
	wantKinds(t, w.kindsOf(w.choose("marketing", false)), consent.KindWithdrawn)
	w.inBetween(func() { w.record(ada, withdrawalOf()) })
	wantKinds(t, w.kindsOf(w.choose("security", false)), consent.KindObjected)
}

// To say no waits for no state that cannot be read.
func TestToSayNoDoesNotDependOnTheState(t *testing.T) {
	w := newWorld(t, setup{})
	w.store.streams = func(context.Context, []consent.StreamKey) ([]consent.Stream, error) {
		return nil, errors.New("unreadable")
	}
	receipt, err := w.ledger.Choose(t.Context(), ada, consent.Choice{Purpose: "marketing"})
	must(t, err)
	wantKinds(t, w.kindsOf(receipt), consent.KindWithdrawn)
	_, err = w.ledger.Choose(t.Context(), ada, consent.Choice{Purpose: "marketing", Agree: true, Evidence: evidenceOf(3)})
	if err == nil || errors.Is(err, consent.ErrChoiceStale) {
		t.Errorf("to agree without a state: %v", err)
	}
}

// besideExplicitConsent lets accessibility rest on another basis, for which special
// categories need explicit consent.
func besideExplicitConsent(basis privacy.LegalBasis) func(*privacy.Declaration) {
	return func(d *privacy.Declaration) {
		i := slices.IndexFunc(d.Purposes, func(p privacy.Purpose) bool { return p.ID == "accessibility" })
		d.Purposes[i].Bases = []privacy.PurposeBasis{{Basis: basis, Condition: privacy.ConditionExplicitConsent, Interest: "to serve everybody"}}
	}
}

func TestExplicitConsentIsTheSubjectsToDecideOnWhateverTheBasis(t *testing.T) {
	for basis, wantNo := range map[privacy.LegalBasis]consent.Kind{
		privacy.BasisConsent: consent.KindWithdrawn, privacy.BasisContract: consent.KindWithdrawn,
		privacy.BasisVitalInterests: consent.KindWithdrawn, privacy.BasisLegitimateInterests: consent.KindObjected,
	} {
		t.Run(basis.String(), func(t *testing.T) {
			w := newWorld(t, setup{declare: besideExplicitConsent(basis)})
			w.given(ada, adult, consent.RelationshipStarted{})
			use := w.prepare(accessibilityUse)
			wantSame(t, "agreed at first", w.preference(ada, "accessibility").Agreed, false)
			for range 2 {
				w.clock.Advance(time.Minute)
				yes := w.agreementTo("accessibility")
				yes.Explicit = true
				_, err := w.ledger.Choose(t.Context(), ada, yes)
				must(t, err)
				w.wantCode(use, ada, consent.CodeAllowed)
				wantSame(t, "agreed", w.preference(ada, "accessibility").Agreed, true)

				wantKinds(t, w.kindsOf(w.choose("accessibility", false)), wantNo)
				if decision := w.check(use, ada); decision.Allowed() {
					t.Error("the gate allows what the subject said no to")
				}
				wantSame(t, "agreed after no", w.preference(ada, "accessibility").Agreed, false)
			}
		})
	}
}

func TestAnObjectionByNameEndsExplicitConsent(t *testing.T) {
	w := newWorld(t, setup{declare: besideExplicitConsent(privacy.BasisContract)})
	w.given(ada, adult, consent.RelationshipStarted{}, explicitGrant("accessibility"), objectionTo("accessibility"))
	w.wantCode(w.prepare(accessibilityUse), ada, consent.CodeObjected)
}

// What a subject sees is what the gate does, whatever happened before.
func TestPreferencesAgreeWithTheGate(t *testing.T) {
	for name, declare := range map[string]func(*privacy.Declaration){
		"consent": nil, "contract": besideExplicitConsent(privacy.BasisContract),
		"legitimate interests": besideExplicitConsent(privacy.BasisLegitimateInterests),
	} {
		t.Run(name, func(t *testing.T) { preferencesAgreeWithTheGate(t, declare) })
	}
}

func preferencesAgreeWithTheGate(t *testing.T, declare func(*privacy.Declaration)) {
	uses := map[privacy.PurposeID]consent.Use{"security": securityUse, "marketing": marketingUse, "accessibility": accessibilityUse}
	refusals := []consent.Code{
		consent.CodeConsentMissing, consent.CodeConsentRefused, consent.CodeConsentWithdrawn, consent.CodeConsentExpired,
		consent.CodeObjected, consent.CodeMarketingObjected, consent.CodeOptedOut,
	}
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 7))
		w := newWorld(t, setup{declare: declare})
		w.given(ada, adult, consent.RelationshipStarted{})
		for range random.IntN(12) {
			purpose := oneOf[privacy.PurposeID](random, "security", "marketing", "accessibility")
			w.clock.Advance(time.Hour)
			_, _ = w.ledger.Record(t.Context(), consent.Entries{Tenant: ada.Tenant, Subject: ada.ID, Facts: []consent.Fact{oneOf[consent.Fact](random,
				explicitGrant(purpose), explicitGrant(purpose), consent.Withdrawal{Purposes: []privacy.PurposeID{purpose}}, consent.Withdrawal{},
				consent.Objection{Purposes: []privacy.PurposeID{purpose}}, consent.Objection{DirectMarketing: true}, consent.Objection{},
				consent.ObjectionEnded{Reason: "taken_back"}, consent.ObjectionEnded{Reason: "taken_back", DirectMarketing: true},
				consent.OptOut{Purposes: []privacy.PurposeID{purpose}}, consent.OptIn{Purposes: []privacy.PurposeID{purpose}},
				consent.OptOut{Kinds: privacy.NewOptOutSet(privacy.OptOutTargetedAdvertising)}, consent.Refusal{Purposes: []privacy.PurposeID{purpose}},
			)}})
			choice := w.agreementTo(purpose)
			choice.Agree, choice.Explicit = random.IntN(2) == 0, true
			if _, err := w.ledger.Choose(t.Context(), ada, choice); err == nil {
				wantSame(t, "the choice counts", w.preference(ada, purpose).Agreed, choice.Agree)
			}
		}
		for purpose, use := range uses {
			decision := w.check(w.prepare(use), ada)
			agreed := decision.Allowed() || !slices.Contains(refusals, decision.Code)
			if p := w.preference(ada, purpose); p.Agreed != agreed {
				t.Fatalf("seed %d: the preference for %s says agreed: %t, the gate %s", seed, purpose, p.Agreed, decision.Code)
			}
		}
	}
}

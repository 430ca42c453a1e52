package consent_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
)

var device = privacy.Subject{Tenant: "acme", ID: "device-7", Jurisdiction: "DE"}

var login = consent.Merge{Tenant: "acme", From: device.ID, Into: ada.ID, Cause: "login"}

func TestMergeIdentities(t *testing.T) {
	for _, c := range []struct {
		rule         string
		device, into []consent.Fact
		use          consent.Use
		want         consent.Code
	}{
		{"a consent is not lost", []consent.Fact{grantOf("marketing")}, []consent.Fact{adult}, marketingUse, consent.CodeAllowed},
		{"nor is evidence of age", []consent.Fact{adult, grantOf("marketing")}, nil, marketingUse, consent.CodeAllowed},
		{"a consent does not override a refusal", []consent.Fact{grantOf("marketing")}, []consent.Fact{adult, refusalOf("marketing")}, marketingUse, consent.CodeConsentRefused},
		{"nor a withdrawal of everything", []consent.Fact{grantOf("marketing")}, []consent.Fact{adult, withdrawalOf()}, marketingUse, consent.CodeConsentWithdrawn},
		{"an older refusal does not undo a consent", []consent.Fact{refusalOf("marketing")}, []consent.Fact{adult, grantOf("marketing")}, marketingUse, consent.CodeAllowed},
		{"an opt-out is carried over", []consent.Fact{consent.OptOut{Kinds: privacy.NewOptOutSet(privacy.OptOutTargetedAdvertising)}}, []consent.Fact{adult, grantOf("marketing")}, marketingUse, consent.CodeOptedOut},
		{"so is an objection", []consent.Fact{objectionTo("security")}, nil, securityUse, consent.CodeObjected},
		{"an objection that was ended since is not", []consent.Fact{objectionTo("security")}, []consent.Fact{objectionTo("security"), endedFor("security")}, securityUse, consent.CodeAllowed},
		{"knowledge that the person is younger counts", []consent.Fact{bornBetween("2015-01-01", "")}, []consent.Fact{adult, grantOf("marketing")}, marketingUse, consent.CodeUnderAge},
		{"what was agreed to and withdrawn is not swapped for another basis", []consent.Fact{grantOf("security"), withdrawalOf("security")}, nil, securityUse, consent.CodeConsentWithdrawn},
		{"nor what was refused then", []consent.Fact{grantOf("security"), refusalOf("security")}, nil, securityUse, consent.CodeConsentWithdrawn},
		{"nor where the account had withdrawn what it never agreed to", []consent.Fact{grantOf("security"), withdrawalOf()}, []consent.Fact{withdrawalOf("security")}, securityUse, consent.CodeConsentWithdrawn},
		{"what was withdrawn without being agreed to reaches no other basis", []consent.Fact{withdrawalOf("security")}, nil, securityUse, consent.CodeAllowed},
		{"a restriction of everything is carried over", []consent.Fact{consent.Restriction{Ground: "18(1)(a)"}}, []consent.Fact{adult, grantOf("marketing")}, marketingUse, consent.CodeRestricted},
		{"one that was lifted is not", []consent.Fact{consent.Restriction{}, consent.RestrictionLifted{}}, []consent.Fact{adult, grantOf("marketing")}, marketingUse, consent.CodeAllowed},
		{"one that was lifted for the account since is not", []consent.Fact{consent.Restriction{}}, []consent.Fact{adult, grantOf("marketing"), consent.Restriction{}, consent.RestrictionLifted{}}, marketingUse, consent.CodeAllowed},
		{"one about another matter stays", []consent.Fact{restrictionAbout("a")}, []consent.Fact{adult, grantOf("marketing"), restrictionAbout("b")}, marketingUse, consent.CodeRestricted},
		{"one matter of two that was lifted leaves the other", []consent.Fact{restrictionAbout("a"), restrictionAbout("b"), liftedAbout("b")}, []consent.Fact{adult, grantOf("marketing")}, marketingUse, consent.CodeRestricted},
		{"a contract is not", []consent.Fact{consent.RelationshipStarted{}}, nil, serviceUse, consent.CodeNoRelationship},
		{"consent that was not relied upon is not", []consent.Fact{notRelied("marketing")}, []consent.Fact{adult}, marketingUse, consent.CodeConsentMissing},
	} {
		t.Run(c.rule, func(t *testing.T) {
			w := newWorld(t, setup{})
			w.given(device, c.device...)
			w.clock.Advance(time.Minute)
			w.given(ada, c.into...)
			w.clock.Advance(time.Minute)
			for range 2 {
				must(t, w.ledger.MergeIdentities(t.Context(), login))
				w.wantCode(w.prepare(c.use), ada, c.want)
			}
			w.wantCode(w.prepare(securityUse), device, consent.CodeRestricted)
		})
	}
}

func TestAnEarlierRefusalOfTheAccountStands(t *testing.T) {
	w := newWorld(t, setup{})
	w.given(ada, adult, refusalOf("marketing"))
	w.clock.Advance(time.Minute)
	w.given(device, grantOf("marketing"))
	must(t, w.ledger.MergeIdentities(t.Context(), login))
	w.wantCode(w.prepare(marketingUse), ada, consent.CodeConsentRefused)
}

func TestALaterRefusalOfTheDeviceCounts(t *testing.T) {
	w := newWorld(t, setup{})
	w.given(ada, adult, grantOf("marketing"))
	w.clock.Advance(time.Minute)
	w.given(device, grantOf("marketing"), withdrawalOf("marketing"))
	must(t, w.ledger.MergeIdentities(t.Context(), login))
	w.wantCode(w.prepare(marketingUse), ada, consent.CodeConsentWithdrawn)
}

// A withdrawal of everything reaches what was agreed to before it, also where
// something else was agreed to since.
func TestAWithdrawalOfEverythingReachesWhatCameBefore(t *testing.T) {
	w := newWorld(t, setup{})
	w.given(ada, adult, grantOf("marketing"))
	w.given(device, withdrawalOf())
	w.given(ada, explicitGrant("accessibility"))
	for range 2 {
		must(t, w.ledger.MergeIdentities(t.Context(), login))
		w.wantCode(w.prepare(marketingUse), ada, consent.CodeConsentWithdrawn)
		w.wantCode(w.prepare(accessibilityUse), ada, consent.CodeAllowed)
	}

	// The device goes on all the same, and the account too.
	for range 2 {
		w.given(ada, grantOf("marketing"))
		w.given(device, withdrawalOf())
		must(t, w.ledger.MergeIdentities(t.Context(), login))
		w.wantCode(w.prepare(marketingUse), ada, consent.CodeConsentWithdrawn)
		w.wantCode(w.prepare(accessibilityUse), ada, consent.CodeConsentWithdrawn)
	}
}

// An identity that was merged is restricted for that alone: where it goes next,
// nothing of it is to be seen.
func TestTheRestrictionOfAMergeStaysBehind(t *testing.T) {
	w := newWorld(t, setup{})
	w.given(device, grantOf("marketing"))
	must(t, w.ledger.MergeIdentities(t.Context(), login))
	next := consent.Merge{Tenant: "acme", From: device.ID, Into: "account-1843", Cause: "login"}
	must(t, w.ledger.MergeIdentities(t.Context(), next))
	w.wantCode(w.prepare(securityUse), privacy.Subject{Tenant: next.Tenant, ID: next.Into, Jurisdiction: "DE"}, consent.CodeAllowed)
}

// What the device withdraws while the merge runs does not get lost on the way.
func TestAWithdrawalDuringAMergeCounts(t *testing.T) {
	w := newWorld(t, setup{})
	w.given(ada, adult)
	w.given(device, grantOf("marketing"))
	w.store.append = func(ctx context.Context, appends []consent.Append) ([]consent.Appended, error) {
		if appends[0].Key.Subject == ada.ID {
			w.store.append = nil
			w.given(device, withdrawalOf())
		}
		return w.store.Store.Append(ctx, appends)
	}
	must(t, w.ledger.MergeIdentities(t.Context(), login))
	w.wantCode(w.prepare(marketingUse), ada, consent.CodeConsentWithdrawn)
}

func TestADeviceThatKeepsChangingIsNotMerged(t *testing.T) {
	w := newWorld(t, setup{})
	w.given(device, grantOf("marketing"))
	w.store.streams = func(ctx context.Context, keys []consent.StreamKey) ([]consent.Stream, error) {
		w.given(device, adult)
		return w.store.Store.Streams(ctx, keys)
	}
	wantErr(t, w.ledger.MergeIdentities(t.Context(), login), privacy.ErrConflict)
}

// Consent to what is not declared any more permits nothing, and keeps nothing
// else from being carried over.
func TestAMergeOutlivesADeclaration(t *testing.T) {
	w := newWorld(t, setup{declare: func(d *privacy.Declaration) {
		d.Purposes = append(d.Purposes, privacy.Purpose{ID: "beta", Title: "Beta", Bases: []privacy.PurposeBasis{{Basis: privacy.BasisConsent}}})
	}})
	w.given(device, grantOf("beta"), grantOf("marketing"))
	w.given(ada, adult)
	w.redeclare()
	must(t, w.ledger.MergeIdentities(t.Context(), login))
	w.wantCode(w.prepare(marketingUse), ada, consent.CodeAllowed)
}

// Nor does consent that is found wanting by now.
func TestAMergeOutlivesWhatIsNotValidAnyMore(t *testing.T) {
	onlyMarketing := sources(func(privacy.Subject) (consent.Circumstances, error) {
		return consent.Circumstances{Purpose: "marketing"}, nil
	})
	for name, options := range map[string]consent.LedgerOptions{
		"a notice that does not cover it": {Notices: noticeBook{}},
		"consent that is not valid":       {Validity: consent.ValidityOptions{Circumstances: onlyMarketing}},
	} {
		w := newWorld(t, setup{})
		w.given(device, explicitGrant("accessibility"), grantOf("marketing"))
		w.given(ada, adult)
		options.Clock, options.IDs = w.clock, privacytest.NewIDs("stricter")
		var err error
		w.ledger, err = consent.NewLedger(w.store, w.register, &options)
		must(t, err)
		must(t, w.ledger.MergeIdentities(t.Context(), login))
		if decision := w.check(w.prepare(accessibilityUse), ada); decision.Code != consent.CodeConsentMissing {
			t.Errorf("%s: %s", name, decision.Code)
		}
		w.wantCode(w.prepare(marketingUse), ada, consent.CodeAllowed)
	}
}

// Wherever the saga is interrupted, nothing is allowed that was not before and
// is not in the end; and it comes to the same end when it is called again.
func TestAnInterruptedMergeDenies(t *testing.T) {
	broken := errors.New("interrupted")
	uses := []consent.Use{marketingUse, securityUse, accessibilityUse}
	for seed := range uint64(60) {
		random := rand.New(rand.NewPCG(seed, 11))
		w := newWorld(t, setup{})
		for range 3 + random.IntN(6) {
			purpose := oneOf[privacy.PurposeID](random, "security", "marketing", "accessibility")
			w.clock.Advance(time.Minute)
			w.given(oneOf(random, ada, device), oneOf[consent.Fact](random, adult, explicitGrant(purpose), explicitGrant(purpose), withdrawalOf(purpose),
				withdrawalOf(), refusalOf(purpose), objectionTo(purpose), consent.OptOut{Purposes: []privacy.PurposeID{purpose}}, consent.Restriction{}, consent.RestrictionLifted{}))
		}
		allowed := func(subject privacy.Subject) (list [3]bool) {
			for i, use := range uses {
				list[i] = w.check(w.prepare(use), subject).Allowed()
			}
			return list
		}
		before := allowed(ada)
		var during [][3]bool
		for calls := range 12 {
			left := calls
			w.store.append = func(ctx context.Context, appends []consent.Append) ([]consent.Appended, error) {
				if left--; left < 0 {
					return nil, broken
				}
				return w.store.Store.Append(ctx, appends)
			}
			err := w.ledger.MergeIdentities(t.Context(), login)
			during = append(during, allowed(ada))
			if calls > 0 && allowed(device) != ([3]bool{}) {
				t.Fatalf("seed %d: the device is not stopped while the merge runs", seed)
			}
			if err == nil {
				break
			}
			wantErr(t, err, broken)
		}
		w.store.append = nil
		must(t, w.ledger.MergeIdentities(t.Context(), login))
		after := allowed(ada)
		for _, state := range during {
			for i := range uses {
				if state[i] && !before[i] && !after[i] {
					t.Fatalf("seed %d: %s was allowed only while the merge ran", seed, uses[i].Purpose)
				}
			}
		}
	}
}

func TestMergesThatCannotBe(t *testing.T) {
	w := newWorld(t, setup{})
	must(t, w.ledger.MergeIdentities(t.Context(), login)) // nothing is known of the device
	wantErr(t, w.ledger.MergeIdentities(t.Context(), consent.Merge{}), privacy.ErrInvalid)
	self := login
	self.Into = self.From
	wantErr(t, w.ledger.MergeIdentities(t.Context(), self), privacy.ErrInvalid)
	w.given(device, grantOf("marketing"))
	_, err := w.ledger.Redact(t.Context(), ada.Tenant, ada.ID, "case-1")
	must(t, err)
	wantErr(t, w.ledger.MergeIdentities(t.Context(), login), consent.ErrErased)
	w.wantCode(w.prepare(securityUse), device, consent.CodeRestricted)
}

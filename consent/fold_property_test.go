package consent_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

var somePurposes = []privacy.PurposeID{"a", "b", "marketing", "service", "not declared any more"}

func oneOf[T any](random *rand.Rand, list ...T) T { return list[random.IntN(len(list))] }

// randomFact returns a fact about a subject, of any kind but erasure.
func randomFact(random *rand.Rand) consent.Fact {
	purposes := []privacy.PurposeID{oneOf(random, somePurposes...)}
	if random.IntN(4) == 0 {
		purposes = append(purposes, oneOf(random, somePurposes...))
	}
	maybe := purposes
	if random.IntN(3) == 0 {
		maybe = nil
	}
	var until time.Time
	if random.IntN(2) == 0 {
		until = hour(random.IntN(40) - 10)
	}
	kinds := privacy.NewOptOutSet(oneOf(random, privacy.OptOutSale, privacy.OptOutTargetedAdvertising, privacy.OptOutSensitiveData))
	born := privacy.MustDate("2000-02-29").AddDays(random.IntN(8000) - 4000)
	return oneOf[consent.Fact](random,
		consent.Grant{Purposes: purposes, Evidence: evidenceOf(1 + random.Uint32N(5)), Explicit: random.IntN(2) == 0, Until: until},
		consent.Renewal{Purposes: purposes, Evidence: evidenceOf(1 + random.Uint32N(5)), Until: until},
		consent.Withdrawal{Purposes: maybe}, consent.Refusal{Purposes: purposes}, consent.Expiry{Purposes: purposes},
		consent.Objection{Purposes: maybe}, consent.Objection{DirectMarketing: true},
		consent.ObjectionEnded{Purposes: maybe, Reason: "taken_back", DirectMarketing: random.IntN(2) == 0},
		consent.Restriction{Purposes: maybe}, consent.RestrictionLifted{Purposes: maybe},
		restrictionAbout(oneOf(random, "m", "n")), liftedAbout(oneOf(random, "m", "n")),
		consent.OptOut{Kinds: kinds, Purposes: maybe}, consent.OptIn{Kinds: kinds, Purposes: maybe},
		consent.AgeEvidence{BornOnOrBefore: born, Method: "document"}, consent.AgeEvidence{BornOnOrAfter: born, Method: "document"},
		consent.RelationshipStarted{}, consent.RelationshipEnded{},
	)
}

// randomState folds random facts that occurred at random times.
func randomState(t testing.TB, random *rand.Rand, events int) consent.State {
	t.Helper()
	var state consent.State
	for i := range events {
		fact := randomFact(random)
		if random.IntN(60) == 0 {
			fact = consent.Erasure{Cause: "case-1"}
		}
		at := start.Add(time.Duration(random.IntN(20))*time.Hour + time.Duration(random.IntN(3))*time.Microsecond)
		must(t, state.Fold(recordOf(t, uint64(i+1), at, "s", fact)))
	}
	return state
}

// history knows, by rules far simpler than the fold, what must not be permitted.
type history []event

// last returns the latest hour of an event that match accepts, -1 if there is none.
func (h history) last(match func(consent.Fact) bool) int {
	latest := -1
	for _, e := range h {
		if match(e.fact) && e.hour > latest {
			latest = e.hour
		}
	}
	return latest
}

// TestNoInterleavingPermitsWhatALaterRefusalForbade folds the same kinds of
// events in every order that chance finds.
func TestNoInterleavingPermitsWhatALaterRefusalForbade(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	granted := 0
	for range 1500 {
		var events history
		for range 1 + random.IntN(12) {
			events = append(events, event{random.IntN(15), randomFact(random)})
		}
		state := fold(t, events...)
		for _, purpose := range state.Purposes {
			given := events.last(func(fact consent.Fact) bool {
				switch fact := fact.(type) {
				case consent.Grant:
					return slices.Contains(fact.Purposes, purpose.Purpose)
				case consent.Renewal:
					return slices.Contains(fact.Purposes, purpose.Purpose)
				}
				return false
			})
			ended := events.last(func(fact consent.Fact) bool {
				switch fact := fact.(type) {
				case consent.Withdrawal:
					return len(fact.Purposes) == 0 || slices.Contains(fact.Purposes, purpose.Purpose)
				case consent.Refusal:
					return slices.Contains(fact.Purposes, purpose.Purpose)
				}
				return false
			})
			if purpose.Consent != consent.ConsentGranted {
				continue
			}
			granted++
			if given < ended {
				t.Fatalf("%v grants %q: given at %d, ended at %d", events, purpose.Purpose, given, ended)
			}
			if purpose.ConsentAt.Before(hour(ended)) {
				t.Fatalf("%v grants %q by something older than its end", events, purpose.Purpose)
			}
		}
		checkBlocks(t, events, state)
	}
	if granted < 250 {
		t.Errorf("only %d consents stood at the end: the test proves little", granted)
	}
}

// checkBlocks checks that a mark stands if nothing that occurred later lifts it.
func checkBlocks(t *testing.T, events history, state consent.State) {
	t.Helper()
	for _, rule := range []struct {
		name         string
		on           bool
		begins, ends func(consent.Fact) bool
	}{
		{name: "objection to everything", on: state.Objected.On,
			begins: func(f consent.Fact) bool {
				o, ok := f.(consent.Objection)
				return ok && len(o.Purposes) == 0 && !o.DirectMarketing
			},
			ends: func(f consent.Fact) bool { e, ok := f.(consent.ObjectionEnded); return ok && len(e.Purposes) == 0 }},
		{name: "objection to direct marketing", on: state.MarketingObjected.On,
			begins: func(f consent.Fact) bool {
				o, ok := f.(consent.Objection)
				return ok && (o.DirectMarketing || len(o.Purposes) == 0)
			},
			ends: func(f consent.Fact) bool { e, ok := f.(consent.ObjectionEnded); return ok && e.DirectMarketing }},
		{name: "restriction of everything", on: state.Restricted.On,
			begins: func(f consent.Fact) bool { r, ok := f.(consent.Restriction); return ok && len(r.Purposes) == 0 },
			ends:   func(f consent.Fact) bool { r, ok := f.(consent.RestrictionLifted); return ok && len(r.Purposes) == 0 }},
		{name: "restriction about a matter", on: slices.ContainsFunc(state.Restrictions, func(r consent.RestrictionState) bool { return r.Matter == "m" }),
			begins: func(f consent.Fact) bool { r, ok := f.(consent.Restriction); return ok && r.Matter == "m" },
			ends: func(f consent.Fact) bool {
				r, ok := f.(consent.RestrictionLifted)
				return ok && len(r.Purposes) == 0 && (r.Matter == "m" || r.Matter == "")
			}},
		{name: "opt-out of sale", on: state.OptOut(privacy.OptOutSale).On,
			begins: func(f consent.Fact) bool {
				o, ok := f.(consent.OptOut)
				return ok && o.Kinds.Has(privacy.OptOutSale)
			},
			ends: func(f consent.Fact) bool { o, ok := f.(consent.OptIn); return ok && o.Kinds.Has(privacy.OptOutSale) }},
		{name: "end of the relationship", on: !state.Relationship.On,
			begins: func(f consent.Fact) bool { _, ok := f.(consent.RelationshipEnded); return ok },
			ends:   func(f consent.Fact) bool { _, ok := f.(consent.RelationshipStarted); return ok }},
	} {
		if began, ended := events.last(rule.begins), events.last(rule.ends); began > ended && !rule.on {
			t.Fatalf("%v: %s is off: it began at %d and ended at %d", events, rule.name, began, ended)
		}
	}
}

package consent_test

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
)

func workOf(t testing.TB, key consent.StreamKey, facts ...consent.Fact) consent.Append {
	t.Helper()
	work := consent.Append{Key: key, Source: "/test"}
	for i, fact := range facts {
		record, err := consent.NewRecord("id", "key", start, consent.Entry{Tenant: key.Tenant, Subject: key.Subject, OccurredAt: hour(i), Fact: fact})
		must(t, err)
		work.Records = append(work.Records, record)
	}
	return work
}

func TestAdvanceChangesNoneOfItsArguments(t *testing.T) {
	key := consent.StreamKey{Tenant: "acme", Subject: "s"}
	first, _, _, err := consent.Advance(consent.Stream{Key: key}, workOf(t, key, grantOf("a")))
	must(t, err)
	work := workOf(t, key, withdrawalOf("a"), refusalOf("b"))
	before := consent.Stream{Key: first.Key, Version: first.Version, State: append([]byte(nil), first.State...)}
	next, records, events, err := consent.Advance(first, work)
	must(t, err)
	if !reflect.DeepEqual(first, before) || work.Records[0].Sequence != 0 {
		t.Error("an argument was changed")
	}
	wantSame(t, "version", next.Version, 3)
	wantSame(t, "events", len(events), 2)
	for i, record := range records {
		wantSame(t, "sequence", record.Sequence, uint64(i+2))
		wantSame(t, "event's sequence", events[i].Sequence, record.Sequence)
		wantSame(t, "event's type", events[i].Type, consent.EventTypePrefix+string(record.Kind))
	}
	state, err := next.SubjectState()
	must(t, err)
	wantSame(t, "state", describe(state), "a=withdrawn b=refused")
}

func TestAdvanceRefuses(t *testing.T) {
	subject, tenant := consent.StreamKey{Tenant: "acme", Subject: "s"}, consent.StreamKey{Tenant: "acme"}
	erased, _, _, err := consent.Advance(consent.Stream{Key: subject}, workOf(t, subject, consent.Erasure{Cause: "c"}))
	must(t, err)
	expecting := workOf(t, subject, grantOf("a"))
	expecting.Expected = new(uint64(1))
	for name, c := range map[string]struct {
		stream consent.Stream
		work   consent.Append
		want   error
	}{
		"another version":                {consent.Stream{Key: subject}, expecting, privacy.ErrConflict},
		"an unreadable state":            {consent.Stream{Key: subject, Version: 1, State: []byte{99}}, workOf(t, subject, withdrawalOf()), privacy.ErrInvalid},
		"an unreadable tenant's state":   {consent.Stream{Key: tenant, Version: 1, State: []byte("{")}, workOf(t, tenant, attestationOf("x", "c")), privacy.ErrInvalid},
		"a tenant's fact of a subject":   {consent.Stream{Key: subject}, workOf(t, subject, withdrawalOf(), attestationOf("x", "c")), privacy.ErrInvalid},
		"a subject's fact of a tenant":   {consent.Stream{Key: tenant}, workOf(t, tenant, attestationOf("x", "c"), withdrawalOf()), privacy.ErrInvalid},
		"consent after erasure":          {erased, workOf(t, subject, withdrawalOf(), grantOf("a")), consent.ErrErased},
		"consent behind its own erasure": {consent.Stream{Key: subject}, workOf(t, subject, consent.Erasure{Cause: "c"}, grantOf("a")), consent.ErrErased},
	} {
		stream, records, events, err := consent.Advance(c.stream, c.work)
		if !errors.Is(err, c.want) || !reflect.DeepEqual(stream, consent.Stream{}) || records != nil || events != nil {
			t.Errorf("%s: %v, %+v", name, err, stream)
		}
	}
}

func TestRepeats(t *testing.T) {
	key := consent.StreamKey{Tenant: "acme", Subject: "s"}
	work := workOf(t, key, grantOf("a"), withdrawalOf("b"))
	stored := workOf(t, key, grantOf("a"), withdrawalOf("b")).Records
	must(t, work.Repeats(stored))
	wantErr(t, work.Repeats(stored[:1]), privacy.ErrConflict)
	wantErr(t, work.Repeats(nil), privacy.ErrConflict)
	wantErr(t, work.Repeats(workOf(t, key, grantOf("a"), withdrawalOf("c")).Records), privacy.ErrConflict)

	later := workOf(t, key, grantOf("a"), withdrawalOf("b"))
	for i := range later.Records {
		record, err := consent.NewRecord("id", "key", start, consent.Entry{Tenant: "acme", Subject: "s", OccurredAt: start.Add(time.Minute), Cause: "case-1", Fact: []consent.Fact{grantOf("a"), withdrawalOf("b")}[i]})
		must(t, err)
		later.Records[i] = record
	}
	wantErr(t, later.Repeats(stored), privacy.ErrConflict)
	later.TimeAssumed = true
	wantErr(t, later.Repeats(stored), privacy.ErrConflict) // another cause
	work.TimeAssumed = true
	must(t, work.Repeats(stored))
	broken := append([]consent.Record(nil), stored...)
	broken[0].Payload = []byte("{")
	wantErr(t, work.Repeats(broken), privacy.ErrConflict)
	broken[0].Payload = nil // redacted: nothing contradicts it
	must(t, work.Repeats(broken))
}

func TestEffectsBecomeFacts(t *testing.T) {
	purposes := []privacy.PurposeID{"a"}
	kinds := privacy.NewOptOutSet(privacy.OptOutSale)
	for kind, want := range map[privacy.EffectKind]consent.Fact{
		privacy.EffectObjection:         consent.Objection{Purposes: purposes, DirectMarketing: true},
		privacy.EffectObjectionRejected: consent.ObjectionEnded{Purposes: purposes, Reason: "compelling_grounds"},
		privacy.EffectRestriction:       consent.Restriction{Purposes: purposes},
		privacy.EffectRestrictionLifted: consent.RestrictionLifted{Purposes: purposes},
		privacy.EffectWithdrawal:        consent.Withdrawal{Purposes: purposes},
		privacy.EffectOptOut:            consent.OptOut{Kinds: kinds, Purposes: purposes},
		privacy.EffectErasure:           consent.Erasure{Cause: "case-1"},
	} {
		effect := privacy.Effect{Tenant: "acme", Subject: "s", Kind: kind, Purposes: purposes, DirectMarketing: true, OptOuts: kinds, Cause: "case-1", At: hour(1), Key: "k"}
		work, err := consent.EffectAppend(effect, privacytest.NewIDs("e"), hour(2), "/test")
		must(t, err)
		record := work.Records[0]
		entry, err := consent.DecodeEntry(record.Payload)
		must(t, err)
		if !reflect.DeepEqual(entry.Fact, want) {
			t.Errorf("%s became %+v, want %+v", kind, entry.Fact, want)
		}
		wantSame(t, "key", record.Key, "k")
		wantSame(t, "cause", entry.Cause, "case-1")
		wantSame(t, "occurred", record.OccurredAt, hour(1))
		wantSame(t, "recorded", record.RecordedAt, hour(2))
		wantSame(t, "expected", work.Expected, nil)
		wantSame(t, "source", work.Source, "/test")
		wantSame(t, "stream", work.Key, consent.StreamKey{Tenant: "acme", Subject: "s"})
	}
}

// The end of one case's restriction leaves that of another, and every other.
func TestRestrictionsOfTwoCases(t *testing.T) {
	var state consent.State
	apply := func(kind privacy.EffectKind, cause string, restricted bool) {
		t.Helper()
		effect := privacy.Effect{Tenant: "acme", Subject: "s", Kind: kind, Cause: cause, At: hour(int(state.Version) + 1), Key: "k"}
		work, err := consent.EffectAppend(effect, privacytest.NewIDs("e"), effect.At, "/test")
		must(t, err)
		record := work.Records[0]
		record.Sequence = state.Version + 1
		must(t, state.Fold(record))
		wantSame(t, "restricted after "+cause, state.Restricted.On, restricted)
	}
	must(t, state.Fold(recordOf(t, 1, hour(1), "s", consent.Restriction{Ground: "minimum_age"})))
	apply(privacy.EffectRestriction, "case-1", true)
	apply(privacy.EffectRestriction, "case-2", true)
	apply(privacy.EffectRestrictionLifted, "case-1", true)
	apply(privacy.EffectRestrictionLifted, "case-2", true)
	must(t, state.Fold(recordOf(t, state.Version+1, hour(9), "s", consent.RestrictionLifted{})))
	wantSame(t, "restricted at the end", state.Restricted.On, false)
}

func TestEffectsThatCannotBeApplied(t *testing.T) {
	sound := privacy.Effect{Tenant: "acme", Subject: "s", Kind: privacy.EffectRestriction, Cause: "c", At: start, Key: "k"}
	for name, change := range map[string]func(*privacy.Effect){
		"no tenant":       func(e *privacy.Effect) { e.Tenant = "" },
		"no subject":      func(e *privacy.Effect) { e.Subject = "" },
		"an unknown kind": func(e *privacy.Effect) { e.Kind = "exorcism" },
		"no time":         func(e *privacy.Effect) { e.At = time.Time{} },
		"a year too far":  func(e *privacy.Effect) { e.At = time.Date(10001, 1, 1, 0, 0, 0, 0, time.UTC) },
	} {
		effect := sound
		change(&effect)
		if _, err := consent.EffectAppend(effect, privacytest.NewIDs("e"), start, "/test"); !errors.Is(err, privacy.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

package policydoc_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/text/language"

	"github.com/labelop/privacykit/policydoc"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
	"github.com/labelop/privacykit/privacy/store/memstore"
)

var (
	key     = policydoc.PolicyKey{Tenant: "labelop", Name: "privacy"}
	morning = time.Date(2026, 3, 2, 9, 30, 0, 123456789, time.UTC)
)

type fixture struct {
	*policydoc.Service
	clock *privacytest.Clock
	store *memstore.PolicydocStore
}

func service(t testing.TB) fixture {
	t.Helper()
	f := fixture{clock: privacytest.NewClock(morning), store: memstore.NewPolicydoc()}
	s, err := policydoc.New(f.store, &policydoc.Options{Clock: f.clock, IDs: privacytest.NewIDs("event")})
	if err != nil {
		t.Fatal(err)
	}
	f.Service = s
	return f
}

func draft(t testing.TB, follows int, change func(*privacy.Declaration)) policydoc.Draft {
	return policydoc.Draft{
		Texts: []policydoc.LocalizedText{
			{Locale: "en", Authoritative: true, Source: fmt.Sprintf("# Policy %d\n", follows+1)},
			{Locale: "de", Source: fmt.Sprintf("# Richtlinie %d\n", follows+1)},
		},
		Facts: facts(t, change), Materiality: policydoc.Material, Summary: "What changed.", Follows: follows,
	}
}

func (f fixture) publish(t testing.TB, d policydoc.Draft) *policydoc.Version {
	t.Helper()
	v, err := f.Publish(t.Context(), key, d)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func (f fixture) history(t testing.TB) *policydoc.History {
	t.Helper()
	h, err := f.History(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestLifeOfAVersion(t *testing.T) {
	f := service(t)
	first := f.publish(t, draft(t, 0, nil))
	if !first.EffectiveFrom.Equal(morning.Truncate(time.Microsecond)) || first.Number != 1 {
		t.Errorf("the first version takes effect at %v", first.EffectiveFrom)
	}
	second := f.publish(t, draft(t, 1, func(d *privacy.Declaration) { d.Activities[1].Retention.Period.Months = 12 }))
	if want := time.Date(2026, 4, 2, 0, 0, 0, 0, time.UTC); !second.EffectiveFrom.Equal(want) {
		t.Errorf("a notice of 30 days from 2 March ends at %v, want %v", second.EffectiveFrom, want)
	}
	h := f.history(t)
	for _, tt := range []struct {
		at            time.Time
		inForce       int
		first, second policydoc.State
	}{
		{morning.Add(-time.Hour), 0, policydoc.Scheduled, policydoc.Scheduled},
		{morning, 1, policydoc.InForce, policydoc.Scheduled},
		{second.EffectiveFrom.Add(-time.Microsecond), 1, policydoc.InForce, policydoc.Scheduled},
		{second.EffectiveFrom, 2, policydoc.Superseded, policydoc.InForce},
		{second.EffectiveFrom.AddDate(9, 0, 0), 2, policydoc.Superseded, policydoc.InForce},
	} {
		got := 0
		if v := h.At(tt.at); v != nil {
			got = v.Number
		}
		if got != tt.inForce || h.State(1, tt.at) != tt.first || h.State(2, tt.at) != tt.second {
			t.Errorf("at %v: version %d, %s, %s", tt.at, got, h.State(1, tt.at), h.State(2, tt.at))
		}
	}
	if h.State(3, morning) != "" || h.Version(0) != nil || h.Len() != 2 || h.Policy() != key {
		t.Error("history answers for versions that are not there")
	}
	if err := policydoc.VerifyChain(h.Entries()); err != nil {
		t.Error(err)
	}
}

func TestWithdrawal(t *testing.T) {
	f := service(t)
	f.publish(t, draft(t, 0, nil))
	second := f.publish(t, draft(t, 1, nil))
	for _, tt := range []struct {
		number int
		reason string
		want   error
	}{{7, "x", privacy.ErrNotFound}, {2, " ", privacy.ErrInvalid}, {1, "in effect", privacy.ErrConflict}} {
		if err := f.Withdraw(t.Context(), key, tt.number, tt.reason); !errors.Is(err, tt.want) {
			t.Errorf("withdrawing %d: %v", tt.number, err)
		}
	}
	if err := f.Withdraw(t.Context(), key, 2, "a mistake"); err != nil {
		t.Fatal(err)
	}
	if err := f.Withdraw(t.Context(), key, 2, "again"); !errors.Is(err, privacy.ErrConflict) {
		t.Errorf("withdrawn twice: %v", err)
	}
	h := f.history(t)
	if v := h.At(second.EffectiveFrom); v.Number != 1 || h.State(2, morning) != policydoc.Withdrawn {
		t.Errorf("version %d is in force, the second is %s", v.Number, h.State(2, morning))
	}
	if v := f.publish(t, draft(t, 2, nil)); v.Number != 3 {
		t.Errorf("the next version has number %d", v.Number)
	}
	f.clock.Set(second.EffectiveFrom.AddDate(1, 0, 0))
	if err := f.Withdraw(t.Context(), key, 3, "late"); !errors.Is(err, privacy.ErrConflict) {
		t.Errorf("withdrawn in effect: %v", err)
	}
}

func TestWhatCannotBePublished(t *testing.T) {
	wider := func(d *privacy.Declaration) { d.Activities[3].Categories = append(d.Activities[3].Categories, "usage") }
	tests := map[string]struct {
		change func(*policydoc.Draft)
		want   any
	}{
		"a material change declared editorial": {func(d *policydoc.Draft) { d.Materiality, d.Facts = policydoc.Editorial, facts(t, wider) }, new(*policydoc.EditorialError)},
		"an effect in the past": {func(d *policydoc.Draft) {
			d.EffectiveFrom = morning.AddDate(0, 0, -1)
			d.Materiality = policydoc.Editorial
		}, new(*policydoc.EffectError)},
		"an effect within the notice period": {func(d *policydoc.Draft) { d.EffectiveFrom = morning.AddDate(0, 0, 30) }, new(*policydoc.EffectError)},
		"no materiality":                     {func(d *policydoc.Draft) { d.Materiality = "" }, new(privacy.Problems)},
		"no summary of a material change":    {func(d *policydoc.Draft) { d.Summary = " " }, new(privacy.Problems)},
		"overlapping locales":                {func(d *policydoc.Draft) { d.Texts[1].Locale = "EN" }, new(privacy.Problems)},
		"an unknown locale":                  {func(d *policydoc.Draft) { d.Texts[1].Locale = "not a locale" }, new(privacy.Problems)},
		"an undetermined locale":             {func(d *policydoc.Draft) { d.Texts[1].Locale = "und" }, new(privacy.Problems)},
		"no authoritative text":              {func(d *policydoc.Draft) { d.Texts[0].Authoritative = false }, new(privacy.Problems)},
		"two authoritative texts":            {func(d *policydoc.Draft) { d.Texts[1].Authoritative = true }, new(privacy.Problems)},
		"no text":                            {func(d *policydoc.Draft) { d.Texts = nil }, new(privacy.Problems)},
		"an empty text":                      {func(d *policydoc.Draft) { d.Texts[1].Source = " \n" }, new(privacy.Problems)},
		"a text of 50 MB":                    {func(d *policydoc.Draft) { d.Texts[1].Source = strings.Repeat("x", 50_000_000) }, new(privacy.Problems)},
		"facts out of order":                 {func(d *policydoc.Draft) { slices.Reverse(d.Facts) }, new(privacy.Problems)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := service(t)
			f.publish(t, draft(t, 0, nil))
			d := draft(t, 1, nil)
			tt.change(&d)
			v, err := f.Publish(t.Context(), key, d)
			if v != nil || !errors.Is(err, privacy.ErrInvalid) || !errors.As(err, tt.want) {
				t.Fatalf("got %v, %v", v, err)
			}
			if strings.Contains(err.Error(), "%!") || err.Error() == "" {
				t.Errorf("message %q", err)
			}
			if f.history(t).Len() != 1 {
				t.Error("something was published")
			}
			if events, _ := f.store.Events(t.Context()); len(events) != 1 {
				t.Errorf("%d events", len(events))
			}
		})
	}
	f := service(t)
	d := draft(t, 0, nil)
	d.Texts[0].Source = "not UTF-8: \xff"
	if _, err := f.Publish(t.Context(), key, d); !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("got %v", err)
	}
	for _, bad := range []policydoc.PolicyKey{{}, {Tenant: "t"}, {Name: "n"}, {Tenant: "t\n", Name: "n"}} {
		if _, err := f.Publish(t.Context(), bad, draft(t, 0, nil)); !errors.Is(err, privacy.ErrInvalid) {
			t.Errorf("%v: got %v", bad, err)
		}
	}
}

func TestANoticePeriodIsNotNegative(t *testing.T) {
	_, err := policydoc.New(memstore.NewPolicydoc(), &policydoc.Options{NoticePeriod: privacy.Period{Days: -5}})
	if !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("got %v", err)
	}
}

func TestEditorialVersionsNeedNoNotice(t *testing.T) {
	f := service(t)
	f.publish(t, draft(t, 0, nil))
	d := draft(t, 1, nil)
	d.Materiality, d.Summary = policydoc.Editorial, ""
	f.clock.Advance(time.Hour)
	if v := f.publish(t, d); !v.EffectiveFrom.Equal(v.PublishedAt) {
		t.Errorf("takes effect at %v", v.EffectiveFrom)
	}
}

func TestAVersionTakesEffectAfterTheOneItFollows(t *testing.T) {
	f := service(t)
	f.publish(t, draft(t, 0, nil))
	second := f.publish(t, draft(t, 1, nil))
	d := draft(t, 2, nil)
	d.Materiality, d.EffectiveFrom = policydoc.Editorial, second.EffectiveFrom
	var effect *policydoc.EffectError
	if _, err := f.Publish(t.Context(), key, d); !errors.As(err, &effect) || !effect.Earliest.After(second.EffectiveFrom) {
		t.Fatalf("got %v", err)
	}
	d.EffectiveFrom = time.Time{}
	if v := f.publish(t, d); !v.EffectiveFrom.Equal(effect.Earliest) {
		t.Errorf("takes effect at %v, want %v", v.EffectiveFrom, effect.Earliest)
	}
}

func TestPublishingIsIdempotentAndHasOneWinner(t *testing.T) {
	f := service(t)
	d := draft(t, 0, nil)
	d.Summary = ""
	first := f.publish(t, d)
	f.clock.Advance(time.Hour)
	if again := f.publish(t, d); again.Number != first.Number || !again.PublishedAt.Equal(first.PublishedAt) {
		t.Errorf("published again as %d", again.Number)
	}
	d.Texts[0].Source = "another"
	if _, err := f.Publish(t.Context(), key, d); !errors.Is(err, privacy.ErrConflict) {
		t.Errorf("an author who knows no version publishes a second: %v", err)
	}
	var wg sync.WaitGroup
	errs := make([]error, 16)
	for i := range errs {
		wg.Go(func() {
			d := draft(t, 1, nil)
			d.Texts[0].Source = fmt.Sprint("racer ", i)
			v, err := f.Publish(t.Context(), key, d)
			if (v == nil) != (err != nil) {
				t.Errorf("racer %d got %v and %v", i, v, err)
			}
			errs[i] = err
		})
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else if !errors.Is(err, privacy.ErrConflict) {
			t.Errorf("a racer got %v", err)
		}
	}
	if won != 1 || f.history(t).Len() != 2 {
		t.Errorf("%d winners, %d versions", won, f.history(t).Len())
	}
}

func TestConsequencesAreKeptWithTheVersion(t *testing.T) {
	f := service(t)
	f.publish(t, draft(t, 0, nil))
	v := f.publish(t, draft(t, 1, func(d *privacy.Declaration) {
		addRecipient(d, 6, privacy.RecipientSubProcessor, "DE")
		d.Activities[3].Categories = append(d.Activities[3].Categories, "usage")
	}))
	var got []policydoc.Consequence
	for _, r := range f.history(t).Version(v.Number).Reasons {
		got = append(got, r.Consequence)
	}
	want := []policydoc.Consequence{policydoc.ConsequenceRenewedConsent, policydoc.ConsequenceSubProcessorNotice}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestTextForALocale(t *testing.T) {
	v := &policydoc.Version{Texts: []policydoc.LocalizedText{
		{Locale: "de", Source: "de"}, {Locale: "en", Authoritative: true, Source: "en"}, {Locale: "pt-BR", Source: "pt"}, {Locale: "zh-Hant", Source: "zh"},
	}}
	for _, tt := range []struct {
		preferred []language.Tag
		want      string
		matched   bool
	}{
		{[]language.Tag{language.MustParse("de-AT")}, "de", true},
		{[]language.Tag{language.EuropeanPortuguese}, "pt", true},
		{[]language.Tag{language.MustParse("zh-TW")}, "zh", true},
		{[]language.Tag{language.Japanese, language.German}, "de", true},
		{[]language.Tag{language.Japanese}, "en", false},
		{nil, "en", false},
	} {
		text, matched := v.Text(tt.preferred...)
		if text.Source != tt.want || matched != tt.matched {
			t.Errorf("%v: got %q, %v", tt.preferred, text.Source, matched)
		}
	}
	if v.Authoritative().Locale != "en" {
		t.Error("authoritative")
	}
	if text, matched := new(policydoc.Version).Text(language.English); text.Source != "" || matched {
		t.Error("text of nothing")
	}
}

func TestChainNamesTheFirstBrokenEntry(t *testing.T) {
	f := service(t)
	for i := range 4 {
		f.publish(t, draft(t, i, nil))
	}
	if err := f.Withdraw(t.Context(), key, 4, "a mistake"); err != nil {
		t.Fatal(err)
	}
	good := f.history(t).Entries()
	rehash := func(e *policydoc.Entry) {
		hash, err := e.ComputeHash()
		if err != nil {
			t.Fatal(err)
		}
		e.Hash = hash
	}
	for name, tt := range map[string]struct {
		index int
		spoil func([]policydoc.Entry) []policydoc.Entry
	}{
		"a changed text":    {2, func(e []policydoc.Entry) []policydoc.Entry { e[1].Version.Texts[0].Source += "!"; return e }},
		"a changed fact":    {3, func(e []policydoc.Entry) []policydoc.Entry { e[2].Version.Facts[0].Title += "!"; return e }},
		"a changed date":    {3, func(e []policydoc.Entry) []policydoc.Entry { e[2].Version.PublishedAt = morning; return e }},
		"a changed reason":  {5, func(e []policydoc.Entry) []policydoc.Entry { e[4].Withdrawal.Reason = "x"; return e }},
		"a changed hash":    {1, func(e []policydoc.Entry) []policydoc.Entry { e[0].Hash[3]++; return e }},
		"a rewritten entry": {3, func(e []policydoc.Entry) []policydoc.Entry { e[1].Version.Summary = "x"; rehash(&e[1]); return e }},
		"a missing entry":   {2, func(e []policydoc.Entry) []policydoc.Entry { return append(e[:1], e[2:]...) }},
		"a missing first":   {1, func(e []policydoc.Entry) []policydoc.Entry { return e[1:] }},
		"swapped entries":   {2, func(e []policydoc.Entry) []policydoc.Entry { e[1], e[2] = e[2], e[1]; return e }},
		"another policy":    {5, func(e []policydoc.Entry) []policydoc.Entry { e[4].Policy.Name = "terms"; rehash(&e[4]); return e }},
		"an empty entry":    {5, func(e []policydoc.Entry) []policydoc.Entry { e[4].Withdrawal = nil; rehash(&e[4]); return e }},
		"a wrong number":    {4, func(e []policydoc.Entry) []policydoc.Entry { e[3].Version.Number = 9; rehash(&e[3]); return e }},
		"an early effect": {4, func(e []policydoc.Entry) []policydoc.Entry {
			e[3].Version.EffectiveFrom = morning
			rehash(&e[3])
			return e
		}},
		"a late publishing": {4, func(e []policydoc.Entry) []policydoc.Entry {
			e[3].Version.PublishedAt = morning.AddDate(9, 0, 0)
			rehash(&e[3])
			return e
		}},
		"another withdrawn": {5, func(e []policydoc.Entry) []policydoc.Entry { e[4].Withdrawal.Number = 2; rehash(&e[4]); return e }},
		"a late withdrawal": {5, func(e []policydoc.Entry) []policydoc.Entry {
			e[4].Withdrawal.At = morning.AddDate(9, 0, 0)
			rehash(&e[4])
			return e
		}},
		"not UTF-8": {2, func(e []policydoc.Entry) []policydoc.Entry { e[1].Version.Summary = "\xff"; return e }},
	} {
		t.Run(name, func(t *testing.T) {
			data, err := json.Marshal(good)
			if err != nil {
				t.Fatal(err)
			}
			var entries []policydoc.Entry
			if err := json.Unmarshal(data, &entries); err != nil {
				t.Fatal(err)
			}
			if err := policydoc.VerifyChain(entries); err != nil {
				t.Fatalf("the chain does not verify from its JSON: %v", err)
			}
			var broken *policydoc.ChainError
			err = policydoc.VerifyChain(tt.spoil(entries))
			if !errors.As(err, &broken) || broken.Index != tt.index || !errors.Is(err, privacy.ErrInvalid) || err.Error() == "" {
				t.Errorf("got %v, want entry %d", err, tt.index)
			}
		})
	}
	if err := new(policydoc.Hash).UnmarshalText([]byte("AB")); !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("got %v", err)
	}
}

func TestAcknowledgements(t *testing.T) {
	f := service(t)
	f.publish(t, draft(t, 0, nil))
	second := f.publish(t, draft(t, 1, nil))
	f.publish(t, draft(t, 2, nil))
	if err := f.Withdraw(t.Context(), key, 3, "a mistake"); err != nil {
		t.Fatal(err)
	}
	h := f.history(t)
	good := policydoc.Acknowledgement{Subject: "s1", Version: 1, Act: policydoc.Accepted, Locale: "de", Channel: "sign-up"}
	for name, tt := range map[string]struct {
		change func(*policydoc.Acknowledgement)
		want   error
	}{
		"no subject":        {func(a *policydoc.Acknowledgement) { a.Subject = "" }, privacy.ErrInvalid},
		"no channel":        {func(a *policydoc.Acknowledgement) { a.Channel = "" }, privacy.ErrInvalid},
		"no act":            {func(a *policydoc.Acknowledgement) { a.Act = "" }, privacy.ErrInvalid},
		"no such version":   {func(a *policydoc.Acknowledgement) { a.Version = 9 }, privacy.ErrNotFound},
		"no such text":      {func(a *policydoc.Acknowledgement) { a.Locale = "fr" }, privacy.ErrNotFound},
		"withdrawn version": {func(a *policydoc.Acknowledgement) { a.Version = 3 }, privacy.ErrConflict},
	} {
		a := good
		tt.change(&a)
		if err := f.Acknowledge(t.Context(), h, a); !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	for range 2 {
		if err := f.Acknowledge(t.Context(), h, good); err != nil {
			t.Fatal(err)
		}
	}
	outstanding := func(subject privacy.SubjectID) []int {
		got, err := f.OutstandingFor(t.Context(), h, subject, policydoc.Accepted)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := outstanding("s1"); len(got) != 0 {
		t.Errorf("outstanding %v before the second takes effect", got)
	}
	f.clock.Set(second.EffectiveFrom)
	if got := outstanding("s1"); !slices.Equal(got, []int{2}) {
		t.Errorf("outstanding %v", got)
	}
	if got := outstanding("s2"); !slices.Equal(got, []int{1, 2}) {
		t.Errorf("outstanding for somebody new %v", got)
	}
	bulk, err := f.Unacknowledged(t.Context(), h, policydoc.Shown, "", 10)
	if err != nil || !slices.Equal(bulk, []privacy.SubjectID{"s1"}) {
		t.Errorf("got %v, %v", bulk, err)
	}
	good.Version = 2
	if err := f.Acknowledge(t.Context(), h, good); err != nil {
		t.Fatal(err)
	}
	if got := outstanding("s1"); len(got) != 0 {
		t.Errorf("outstanding %v after acceptance", got)
	}
	acks, err := f.store.Acknowledgements(t.Context(), key, "s1")
	if err != nil || len(acks) != 2 || acks[0].Text != h.Version(1).Texts[0].Hash() || acks[0].Policy != key {
		t.Errorf("got %+v, %v", acks, err)
	}
	if _, err := f.Unacknowledged(t.Context(), h, policydoc.Shown, "", 0); !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("got %v", err)
	}
	if _, err := f.OutstandingFor(t.Context(), h, "", policydoc.Shown); !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("got %v", err)
	}
}

func TestEventsNameWhatHappened(t *testing.T) {
	f := service(t)
	f.publish(t, draft(t, 0, nil))
	f.publish(t, draft(t, 1, nil))
	if err := f.Withdraw(t.Context(), key, 2, "a mistake"); err != nil {
		t.Fatal(err)
	}
	h := f.history(t)
	a := policydoc.Acknowledgement{Subject: "s1", Version: 1, Act: policydoc.Shown, Locale: "en", Channel: "app"}
	if err := f.Acknowledge(t.Context(), h, a); err != nil {
		t.Fatal(err)
	}
	events, err := f.store.Events(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range events {
		got = append(got, fmt.Sprint(e.Type, " ", e.Subject, " ", e.Sequence))
		if e.Tenant != "labelop" || e.ID == "" || e.SpecVersion != "1.0" || !json.Valid(e.Data) {
			t.Errorf("event %+v", e)
		}
	}
	want := []string{"privacykit.policydoc.published  1", "privacykit.policydoc.published  2", "privacykit.policydoc.withdrawn  3", "privacykit.policydoc.shown s1 0"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

// failing is a store that cannot be read.
type failing struct{ policydoc.Store }

var errDown = errors.New("down")

func (failing) Entries(context.Context, policydoc.PolicyKey, int, int) ([]policydoc.Entry, error) {
	return nil, errDown
}

func TestAStoreThatFailsPublishesNothing(t *testing.T) {
	s, err := policydoc.New(failing{memstore.NewPolicydoc()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Publish(t.Context(), key, draft(t, 0, nil)); !errors.Is(err, errDown) {
		t.Errorf("got %v", err)
	}
	if err := s.Withdraw(t.Context(), key, 1, "x"); !errors.Is(err, errDown) {
		t.Errorf("got %v", err)
	}
	if _, err := policydoc.New(nil, nil); !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("got %v", err)
	}
}

func BenchmarkHistoryAt(b *testing.B) {
	versions := make([]policydoc.Version, 200)
	for i := range versions {
		at := morning.AddDate(0, i, 0)
		versions[i] = policydoc.Version{PublishedAt: at, EffectiveFrom: at}
	}
	entries, err := policydoc.Chain(key, versions)
	if err != nil {
		b.Fatal(err)
	}
	h, err := policydoc.NewHistory(entries)
	if err != nil {
		b.Fatal(err)
	}
	at := morning.AddDate(7, 3, 0)
	b.ReportAllocs()
	for b.Loop() {
		h.At(at)
	}
}

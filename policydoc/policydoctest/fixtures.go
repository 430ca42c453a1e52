package policydoctest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/labelop/privacykit/policydoc"
	"github.com/labelop/privacykit/privacy"
)

var (
	policy = policydoc.PolicyKey{Tenant: "tenant", Name: "privacy"}
	start  = time.Date(2026, 4, 19, 8, 30, 0, 123456000, time.UTC)
)

// link returns an entry that follows previous on its policy.
func link(key policydoc.PolicyKey, index int, previous policydoc.Hash, source string) policydoc.Entry {
	at := start.AddDate(0, index, 0)
	e := policydoc.Entry{Policy: key, Index: index, Previous: previous, Version: &policydoc.Version{
		Number: index, EffectiveFrom: at, PublishedAt: at, Materiality: policydoc.Material,
		Texts: []policydoc.LocalizedText{{Locale: "en", Authoritative: true, Source: source}},
		Facts: policydoc.Facts{{Ref: "purpose:a", Title: "A", Attributes: map[string][]string{"basis": {"consent"}}}},
	}}
	if index == 3 {
		e.Version, e.Withdrawal = nil, &policydoc.Withdrawal{Number: 2, At: at, Reason: "a mistake"}
	}
	hash, err := e.ComputeHash()
	if err == nil {
		e.Hash = hash
	}
	return e
}

func event(id string) privacy.Event {
	return privacy.Event{
		ID: id, Source: "/test", SpecVersion: privacy.SpecVersion, Type: "privacykit.policydoc.test", Time: start,
		Tenant: policy.Tenant, DataContentType: "application/json", Data: []byte(`{"version":1}`),
	}
}

// fill appends n entries and returns them.
func fill(ctx context.Context, s policydoc.Store, key policydoc.PolicyKey, n int) ([]policydoc.Entry, error) {
	var out []policydoc.Entry
	var previous policydoc.Hash
	for i := range n {
		e := link(key, i+1, previous, fmt.Sprintf("\ufefftext %d of %s\r\n\x00\u2028<&>\\\"\U0001F600", i+1, key.Name))
		if err := s.AppendEntry(ctx, e, nil); err != nil {
			return nil, err
		}
		out = append(out, e)
		previous = e.Hash
	}
	return out, nil
}

func sameEntries(got, want []policydoc.Entry) error {
	if len(got) != len(want) {
		return fmt.Errorf("%d entries, want %d", len(got), len(want))
	}
	for i := range got {
		if !reflect.DeepEqual(got[i], want[i]) {
			return fmt.Errorf("entry %d differs: %+v, want %+v", i+1, got[i], want[i])
		}
		if hash, err := got[i].ComputeHash(); err != nil || hash != got[i].Hash {
			return fmt.Errorf("entry %d no longer has its hash", i+1)
		}
	}
	return nil
}

func wantConflict(err error) error {
	if !errors.Is(err, privacy.ErrConflict) {
		return fmt.Errorf("got error %v, want privacy.ErrConflict", err)
	}
	return nil
}

func wantEvents(ctx context.Context, o Opened, ids ...string) error {
	events, err := o.Events(ctx)
	if err != nil {
		return err
	}
	var got []string
	for _, e := range events {
		got = append(got, e.ID)
		if string(e.Data) != `{"version":1}` {
			return fmt.Errorf("event %s has data %s", e.ID, e.Data)
		}
	}
	if !slices.Equal(got, ids) {
		return fmt.Errorf("events %q, want %q", got, ids)
	}
	return nil
}

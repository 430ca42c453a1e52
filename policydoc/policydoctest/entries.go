package policydoctest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/labelop/privacykit/policydoc"
	"github.com/labelop/privacykit/privacy"
)

func checkRoundTrip(ctx context.Context, o Opened) error {
	want, err := fill(ctx, o.Store, policy, 4)
	if err != nil {
		return err
	}
	got, err := o.Store.Entries(ctx, policy, 0, 10)
	if err != nil {
		return err
	}
	return sameEntries(got, want)
}

func checkPages(ctx context.Context, o Opened) error {
	want, err := fill(ctx, o.Store, policy, 12)
	if err != nil {
		return err
	}
	var got []policydoc.Entry
	for range 5 {
		page, err := o.Store.Entries(ctx, policy, len(got), 5)
		if err != nil {
			return err
		}
		if len(page) > 5 {
			return fmt.Errorf("%d entries on a page of 5", len(page))
		}
		got = append(got, page...)
	}
	return sameEntries(got, want)
}

func checkUnknown(ctx context.Context, o Opened) error {
	got, err := o.Store.Entries(ctx, policy, 0, 10)
	if err != nil {
		return err
	}
	return sameEntries(got, nil)
}

func checkIndex(ctx context.Context, o Opened) error {
	entries, err := fill(ctx, o.Store, policy, 2)
	if err != nil {
		return err
	}
	for _, index := range []int{1, 2, 4} {
		if err := wantConflict(o.Store.AppendEntry(ctx, link(policy, index, entries[1].Hash, "x"), nil)); err != nil {
			return fmt.Errorf("index %d: %w", index, err)
		}
	}
	return nil
}

func checkPrevious(ctx context.Context, o Opened) error {
	if err := wantConflict(o.Store.AppendEntry(ctx, link(policy, 1, policydoc.Hash{1}, "x"), nil)); err != nil {
		return fmt.Errorf("first entry: %w", err)
	}
	entries, err := fill(ctx, o.Store, policy, 2)
	if err != nil {
		return err
	}
	return wantConflict(o.Store.AppendEntry(ctx, link(policy, 3, entries[0].Hash, "x"), nil))
}

func checkConflictWritesNothing(ctx context.Context, o Opened) error {
	want, err := fill(ctx, o.Store, policy, 1)
	if err != nil {
		return err
	}
	if err := wantConflict(o.Store.AppendEntry(ctx, link(policy, 1, policydoc.Hash{}, "y"), []privacy.Event{event("lost")})); err != nil {
		return err
	}
	got, err := o.Store.Entries(ctx, policy, 0, 10)
	if err != nil {
		return err
	}
	if err := sameEntries(got, want); err != nil {
		return err
	}
	return wantEvents(ctx, o)
}

func checkOneWinner(ctx context.Context, o Opened) error {
	first, err := fill(ctx, o.Store, policy, 1)
	if err != nil {
		return err
	}
	const racers = 16
	errs := make([]error, racers)
	var wg sync.WaitGroup
	for i := range racers {
		wg.Go(func() {
			errs[i] = o.Store.AppendEntry(ctx, link(policy, 2, first[0].Hash, fmt.Sprint("racer ", i)), []privacy.Event{event(fmt.Sprint(i))})
		})
	}
	wg.Wait()
	won := -1
	for i, err := range errs {
		switch {
		case err == nil && won >= 0:
			return fmt.Errorf("racers %d and %d both won", won, i)
		case err == nil:
			won = i
		default:
			if err := wantConflict(err); err != nil {
				return err
			}
		}
	}
	if won < 0 {
		return errors.New("nobody won")
	}
	got, err := o.Store.Entries(ctx, policy, 1, 10)
	if err != nil {
		return err
	}
	if err := sameEntries(got, []policydoc.Entry{link(policy, 2, first[0].Hash, fmt.Sprint("racer ", won))}); err != nil {
		return err
	}
	return wantEvents(ctx, o, fmt.Sprint(won))
}

func checkEntryEvents(ctx context.Context, o Opened) error {
	e := link(policy, 1, policydoc.Hash{}, "x")
	if err := o.Store.AppendEntry(ctx, e, []privacy.Event{event("a"), event("b")}); err != nil {
		return err
	}
	return wantEvents(ctx, o, "a", "b")
}

func checkCopies(ctx context.Context, o Opened) error {
	given := link(policy, 1, policydoc.Hash{}, "x")
	ev := event("a")
	if err := o.Store.AppendEntry(ctx, given, []privacy.Event{ev}); err != nil {
		return err
	}
	spoil := func(e policydoc.Entry) {
		e.Version.Texts[0].Source = "spoiled"
		e.Version.Facts[0].Attributes["basis"][0] = "spoiled"
	}
	spoil(given)
	copy(ev.Data, "spoiled")
	want := []policydoc.Entry{link(policy, 1, policydoc.Hash{}, "x")}
	for range 2 {
		got, err := o.Store.Entries(ctx, policy, 0, 10)
		if err != nil {
			return err
		}
		if err := sameEntries(got, want); err != nil {
			return err
		}
		spoil(got[0])
	}
	return wantEvents(ctx, o, "a")
}

// others are keys that differ from policy as little as possible.
var others = []policydoc.PolicyKey{
	{Tenant: "Tenant", Name: "privacy"}, {Tenant: "tenant", Name: "Privacy"}, {Tenant: "tenant", Name: "privacy "},
	{Tenant: "tenan", Name: "tprivacy"}, {Tenant: "tenant", Name: "privac%"}, {Tenant: "te\u0301nant", Name: "privacy"},
	{Tenant: "ténant", Name: "privacy"},
}

func checkIsolation(ctx context.Context, o Opened) error {
	all := append([]policydoc.PolicyKey{policy}, others...)
	want := map[policydoc.PolicyKey][]policydoc.Entry{}
	for i, key := range all {
		entries, err := fill(ctx, o.Store, key, 1+i%2)
		if err != nil {
			return fmt.Errorf("tenant %q, policy %q: %w", key.Tenant, key.Name, err)
		}
		want[key] = entries
	}
	for _, key := range all {
		got, err := o.Store.Entries(ctx, key, 0, 10)
		if err != nil {
			return err
		}
		if err := sameEntries(got, want[key]); err != nil {
			return fmt.Errorf("tenant %q, policy %q: %w", key.Tenant, key.Name, err)
		}
	}
	return nil
}

package fulfilmenttest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/labelop/privacykit/dsr/fulfilment"
)

// Clause is one sentence of the contract of a SuppressionStore and its check.
type Clause struct {
	// Name is unique, in lower_snake_case; Text is the sentence.
	Name, Text string
	// Check returns how the store breaks the sentence, nil if it does not.
	Check func(ctx context.Context, store fulfilment.SuppressionStore) error
}

// Clauses returns every clause of the suite.
func Clauses() []Clause {
	return []Clause{
		{"find", "Find returns the entries with the given hashes, each once; a hash that is not there has none.", find},
		{"round_trip", "Times MUST come back as the same instant to the microsecond, in UTC.", roundTrip},
		{"add_again", "An entry whose hash is there already MUST be left as it is.", addAgain},
		{"remove", "Remove removes the entries with the given hashes.", remove},
		{"remove_gone", "A hash that is not there MUST be a success.", removeGone},
		{"tenants", "What one tenant stored MUST NOT be visible to another.", tenants},
		{"cancelled", "A call whose context is done MUST return its error and write nothing.", cancelled},
	}
}

// RunSuppression checks every clause against a store of its own, as a subtest.
func RunSuppression(t *testing.T, newStore func(t testing.TB) fulfilment.SuppressionStore) {
	t.Helper()
	for _, clause := range Clauses() {
		t.Run(clause.Name, func(t *testing.T) {
			if err := clause.Check(t.Context(), newStore(t)); err != nil {
				t.Errorf("%s\n%v", clause.Text, err)
			}
		})
	}
}

var at = time.Date(2026, 3, 2, 9, 30, 0, 123456000, time.UTC)

// entry returns one of the entries of the suite.
func entry(n byte) fulfilment.SuppressionEntry {
	return fulfilment.SuppressionEntry{Hash: fulfilment.SuppressionHash{n, 0, 0xff}, Case: "case-1", At: at}
}

// expect reports how what is stored differs from the entries that should be.
func expect(ctx context.Context, store fulfilment.SuppressionStore, entries ...fulfilment.SuppressionEntry) error {
	var hashes []fulfilment.SuppressionHash
	for n := range byte(4) {
		hashes = append(hashes, entry(n).Hash, entry(n).Hash)
	}
	found, err := store.Find(ctx, "t", hashes)
	if err != nil {
		return err
	}
	if len(found) != len(entries) {
		return fmt.Errorf("found %d entries, want %d", len(found), len(entries))
	}
	for _, e := range entries {
		if !slices.Contains(found, e) {
			return fmt.Errorf("found %v, want %v among them", found, e)
		}
	}
	return nil
}

func find(ctx context.Context, store fulfilment.SuppressionStore) error {
	if err := expect(ctx, store); err != nil {
		return err
	}
	if err := store.Add(ctx, "t", []fulfilment.SuppressionEntry{entry(1), entry(2)}); err != nil {
		return err
	}
	return expect(ctx, store, entry(1), entry(2))
}

func roundTrip(ctx context.Context, store fulfilment.SuppressionStore) error {
	elsewhere := entry(1)
	elsewhere.At = at.In(time.FixedZone("UTC+1", 3600))
	if err := store.Add(ctx, "t", []fulfilment.SuppressionEntry{elsewhere}); err != nil {
		return err
	}
	return expect(ctx, store, entry(1))
}

func addAgain(ctx context.Context, store fulfilment.SuppressionStore) error {
	later := entry(1)
	later.Case, later.At = "case-2", at.Add(time.Hour)
	return errors.Join(
		store.Add(ctx, "t", []fulfilment.SuppressionEntry{entry(1)}),
		store.Add(ctx, "t", []fulfilment.SuppressionEntry{later, entry(2)}),
		expect(ctx, store, entry(1), entry(2)),
	)
}

func remove(ctx context.Context, store fulfilment.SuppressionStore) error {
	return errors.Join(
		store.Add(ctx, "t", []fulfilment.SuppressionEntry{entry(1), entry(2), entry(3)}),
		store.Remove(ctx, "t", []fulfilment.SuppressionHash{entry(1).Hash, entry(3).Hash}),
		expect(ctx, store, entry(2)),
	)
}

func removeGone(ctx context.Context, store fulfilment.SuppressionStore) error {
	return errors.Join(
		store.Remove(ctx, "t", []fulfilment.SuppressionHash{entry(1).Hash}),
		expect(ctx, store),
	)
}

func tenants(ctx context.Context, store fulfilment.SuppressionStore) error {
	err := errors.Join(
		store.Add(ctx, "u", []fulfilment.SuppressionEntry{entry(1)}),
		expect(ctx, store),
		store.Add(ctx, "t", []fulfilment.SuppressionEntry{entry(1)}),
		store.Remove(ctx, "u", []fulfilment.SuppressionHash{entry(1).Hash}),
	)
	return errors.Join(err, expect(ctx, store, entry(1)))
}

func cancelled(ctx context.Context, store fulfilment.SuppressionStore) error {
	if err := store.Add(ctx, "t", []fulfilment.SuppressionEntry{entry(1)}); err != nil {
		return err
	}
	done, cancel := context.WithCancel(ctx)
	cancel()
	_, findErr := store.Find(done, "t", nil)
	for name, err := range map[string]error{
		"Add":    store.Add(done, "t", []fulfilment.SuppressionEntry{entry(2)}),
		"Remove": store.Remove(done, "t", []fulfilment.SuppressionHash{entry(1).Hash}),
		"Find":   findErr,
	} {
		if !errors.Is(err, context.Canceled) {
			return fmt.Errorf("%s returned %v", name, err)
		}
	}
	return expect(ctx, store, entry(1))
}

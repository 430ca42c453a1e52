package retentiontest

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
)

// Store is what Run checks.
type Store = retention.Store

// Case is one check. Its Clause is the sentence of the contract it is about.
type Case struct {
	Name   string
	Clause string
	// Check returns an error if a fresh store breaks the clause.
	Check func(ctx context.Context, store Store) error
}

// Run runs every case against a fresh store from newStore.
func Run(t *testing.T, newStore func(t testing.TB) Store) {
	t.Helper()
	for _, c := range Cases() {
		t.Run(c.Name, func(t *testing.T) {
			if err := c.Check(t.Context(), newStore(t)); err != nil {
				t.Errorf("%v\nclause: %s", err, c.Clause)
			}
		})
	}
}

// Cases returns every case, for hosts with a test framework of their own.
func Cases() []Case {
	return slices.Concat(holdCases(), requestCases(), sweepCases(), shardCases())
}

func want(what string, got, want any) error {
	if fmt.Sprint(got) != fmt.Sprint(want) {
		return fmt.Errorf("%s: got %v, want %v", what, got, want)
	}
	return nil
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func day(text string) privacy.Date { return privacy.MustDate(text) }

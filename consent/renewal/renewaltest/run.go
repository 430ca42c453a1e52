package renewaltest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/consent/renewal"
	"github.com/labelop/privacykit/privacy"
)

// Case is one clause of the contract and the check of it.
type Case struct {
	// Name identifies the case.
	Name string
	// Clause is the sentence of the contract that it checks.
	Clause string

	check func(ctx context.Context, store renewal.Store) error
}

// Check runs the case against a fresh, empty store.
func (c Case) Check(ctx context.Context, store renewal.Store) error {
	if err := c.check(ctx, store); err != nil {
		return fmt.Errorf("%s: %w\n\tclause: %s", c.Name, err, c.Clause)
	}
	return nil
}

// Run runs every case as a subtest, each on a store of its own from newStore,
// which cleans up with t.Cleanup.
func Run(t *testing.T, newStore func(t testing.TB) renewal.Store) {
	t.Helper()
	for _, c := range Cases() {
		t.Run(c.Name, func(t *testing.T) {
			if err := c.Check(t.Context(), newStore(t)); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// Cases returns every case.
func Cases() []Case {
	return []Case{
		{"replaces-all", "Replace puts rows in place of all that is kept of a subject", replacesAll},
		{"keeps-newer", "If what is kept is of the same or a newer version of the subject's stream, it MUST do nothing", keepsNewer},
		{"remembers-empty", "If what is kept is of the same or a newer version, also without rows, it MUST do nothing", remembersEmpty},
		{"orders", "Due returns rows in the order of their values and, of equal ones, in byte order of their subjects", orders},
		{"bounds", "Due returns rows whose value is below the bound, exclusive; consents that do not end have no value", bounds},
		{"pages", "After is the last row of the previous page", pages},
		{"separates", "tenants MUST never mix, nor purposes", separates},
		{"cursor", "Cursor returns the place that SetCursor kept last, the empty one before", cursor},
		{"exact", "Rows come back as they were kept", exact},
	}
}

var base = time.Date(2026, time.March, 1, 10, 0, 0, 123456000, time.UTC)

const purpose privacy.PurposeID = "newsletter"

func row(subject privacy.SubjectID, notice uint32, hours int) renewal.Row {
	return renewal.Row{Subject: subject, Purpose: purpose, NoticeVersion: notice, GivenAt: base.Add(time.Duration(hours) * time.Hour)}
}

func key(subject privacy.SubjectID) consent.StreamKey {
	return consent.StreamKey{Tenant: "acme", Subject: subject}
}

func fill(ctx context.Context, store renewal.Store, rows ...renewal.Row) error {
	for _, r := range rows {
		if err := store.Replace(ctx, key(r.Subject), 1, []renewal.Row{r}); err != nil {
			return err
		}
	}
	return nil
}

func byNotice(below int64) renewal.Query {
	return renewal.Query{Tenant: "acme", Purpose: purpose, By: renewal.ByNotice, Below: below, Limit: 100}
}

func want(ctx context.Context, store renewal.Store, query renewal.Query, subjects ...privacy.SubjectID) error {
	rows, err := store.Due(ctx, query)
	if err != nil {
		return err
	}
	got := make([]privacy.SubjectID, len(rows))
	for i, r := range rows {
		got[i] = r.Subject
	}
	if !slices.Equal(got, subjects) {
		return fmt.Errorf("got %q, want %q: %w", got, subjects, privacy.ErrInvalid)
	}
	return nil
}

func replacesAll(ctx context.Context, store renewal.Store) error {
	other := row("s", 1, 0)
	other.Purpose = "research"
	if err := store.Replace(ctx, key("s"), 1, []renewal.Row{row("s", 1, 0), other}); err != nil {
		return err
	}
	if err := store.Replace(ctx, key("s"), 2, []renewal.Row{row("s", 5, 0)}); err != nil {
		return err
	}
	gone := byNotice(9)
	gone.Purpose = "research"
	if err := want(ctx, store, gone); err != nil {
		return err
	}
	if err := want(ctx, store, byNotice(5)); err != nil {
		return err
	}
	return want(ctx, store, byNotice(6), "s")
}

func keepsNewer(ctx context.Context, store renewal.Store) error {
	for _, step := range []struct {
		version uint64
		notice  uint32
	}{{5, 5}, {4, 4}, {5, 3}} {
		if err := store.Replace(ctx, key("s"), step.version, []renewal.Row{row("s", step.notice, 0)}); err != nil {
			return err
		}
	}
	if err := want(ctx, store, byNotice(5)); err != nil {
		return err
	}
	return want(ctx, store, byNotice(6), "s")
}

func remembersEmpty(ctx context.Context, store renewal.Store) error {
	if err := store.Replace(ctx, key("s"), 5, nil); err != nil {
		return err
	}
	if err := store.Replace(ctx, key("s"), 4, []renewal.Row{row("s", 1, 0)}); err != nil {
		return err
	}
	return want(ctx, store, byNotice(9))
}

func orders(ctx context.Context, store renewal.Store) error {
	if err := fill(ctx, store, row("b", 2, 0), row("Z", 2, 1), row("a", 3, 2), row("ä", 2, 3)); err != nil {
		return err
	}
	if err := want(ctx, store, byNotice(9), "Z", "b", "ä", "a"); err != nil {
		return err
	}
	given := byNotice(base.Add(24 * time.Hour).UnixMicro())
	given.By = renewal.ByGiven
	return want(ctx, store, given, "b", "Z", "a", "ä")
}

func bounds(ctx context.Context, store renewal.Store) error {
	ending := row("e", 2, 0)
	ending.Until = base.Truncate(time.Second).Add(time.Hour)
	if err := fill(ctx, store, ending, row("f", 3, 0)); err != nil {
		return err
	}
	if err := want(ctx, store, byNotice(3), "e"); err != nil {
		return err
	}
	end := byNotice(ending.Until.UnixMicro())
	end.By = renewal.ByEnd
	if err := want(ctx, store, end); err != nil {
		return err
	}
	end.Below++
	if err := want(ctx, store, end, "e"); err != nil {
		return err
	}
	end.Below = base.AddDate(50, 0, 0).UnixMicro()
	return want(ctx, store, end, "e")
}

func pages(ctx context.Context, store renewal.Store) error {
	if err := fill(ctx, store, row("a", 1, 0), row("b", 1, 0), row("c", 1, 0), row("a2", 2, 0), row("d", 1, 0)); err != nil {
		return err
	}
	query := byNotice(9)
	query.Limit = 2
	var got []privacy.SubjectID
	for {
		rows, err := store.Due(ctx, query)
		if err != nil {
			return err
		}
		if len(rows) > 2 || len(got) > 5 {
			return fmt.Errorf("a page is too long, or comes again: %w", privacy.ErrInvalid)
		}
		if len(rows) == 0 {
			break
		}
		for i := range rows {
			got = append(got, rows[i].Subject)
		}
		query.After = &rows[len(rows)-1]
	}
	if !slices.Equal(got, []privacy.SubjectID{"a", "b", "c", "d", "a2"}) {
		return fmt.Errorf("the pages have %q: %w", got, privacy.ErrInvalid)
	}
	return nil
}

func separates(ctx context.Context, store renewal.Store) error {
	if err := fill(ctx, store, row("s", 1, 0)); err != nil {
		return err
	}
	if err := store.Replace(ctx, consent.StreamKey{Tenant: "other", Subject: "s"}, 9, []renewal.Row{row("s", 7, 0)}); err != nil {
		return err
	}
	if err := want(ctx, store, byNotice(2), "s"); err != nil {
		return err
	}
	query := byNotice(9)
	query.Tenant = "third"
	if err := want(ctx, store, query); err != nil {
		return err
	}
	query.Tenant, query.Purpose = "acme", "research"
	return want(ctx, store, query)
}

func cursor(ctx context.Context, store renewal.Store) error {
	for _, next := range []consent.Cursor{"", "1.7", "1.9"} {
		if next != "" {
			if err := store.SetCursor(ctx, next); err != nil {
				return err
			}
		}
		if got, err := store.Cursor(ctx); err != nil || got != next {
			return fmt.Errorf("the cursor is %q, not %q (%w)", got, next, err)
		}
	}
	return nil
}

func exact(ctx context.Context, store renewal.Store) error {
	kept := row("s", 3, 0)
	kept.Until = base.Truncate(time.Second).Add(time.Hour)
	if err := fill(ctx, store, kept); err != nil {
		return err
	}
	rows, err := store.Due(ctx, byNotice(9))
	if err != nil {
		return err
	}
	if len(rows) != 1 || rows[0] != kept {
		return fmt.Errorf("the row came back as another: %w", privacy.ErrInvalid)
	}
	return nil
}

package sqltabletest

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
	"github.com/labelop/privacykit/retention/sqltable"
)

// filled makes a table with the rows 1 and 2 of tenant t1, made long ago, and
// returns the records of both.
func (s *suite) filled(t *testing.T, name string, change func(*sqltable.Table)) (retention.System, []retention.Record) {
	t.Helper()
	s.table(t, name)
	table := s.everything(t, name)
	if change != nil {
		change(&table)
	}
	for _, id := range []string{"1", "2"} {
		s.insert(t, name, cells{
			"id": id, "workspace": "t1", "person": "p" + id, "category": "a", "zone": "UTC", "made_on": "2020-01-01",
			"used_at": s.stamp(at.AddDate(-3, 0, 0)), "mail": "ada@example.org", "address": "192.0.2.77", "score": int64(5),
		})
	}
	system := s.system(t, table)
	records := all(t, system, retention.Query{All: true, Limit: 10})
	if len(records) != 2 {
		t.Fatalf("%d rows, want 2", len(records))
	}
	return system, records
}

func disposes(t *testing.T, system retention.System, r *retention.Record, action retention.Action) {
	t.Helper()
	for range 2 {
		if err := system.Disposer.Dispose(t.Context(), r, action); err != nil {
			t.Fatal(err)
		}
	}
	isDisposed(t, system, r, action, true)
}

func isDisposed(t *testing.T, system retention.System, r *retention.Record, action retention.Action, want bool) {
	t.Helper()
	got, err := system.Disposer.Disposed(t.Context(), r, action)
	if err != nil || got != want {
		t.Fatalf("row %s by %s: disposed %v (%v), want %v", r.Key, action, got, err, want)
	}
}

func (s *suite) deletes(t *testing.T) {
	system, records := s.filled(t, "sqltabletest_delete", nil)
	isDisposed(t, system, &records[0], retention.Delete, false)
	disposes(t, system, &records[0], retention.Delete)
	isDisposed(t, system, &records[1], retention.Delete, false)
	if left := s.value(t, `SELECT id FROM sqltabletest_delete`); left != "2" {
		t.Errorf("%s is left, want 2", left)
	}
}

func (s *suite) leavesChanged(t *testing.T) {
	system, records := s.filled(t, "sqltabletest_changed", func(table *sqltable.Table) {
		table.Anonymise = []sqltable.Replacement{{Column: "mail"}}
	})
	// Something happened again, or for the first time.
	s.execute(t, `UPDATE sqltabletest_changed SET used_at = `+s.placeholder(1)+` WHERE id = '1'`, s.stamp(at))
	s.execute(t, `UPDATE sqltabletest_changed SET sent_ms = 1 WHERE id = '2'`)
	for i := range records {
		for _, action := range []retention.Action{retention.Delete, retention.Anonymise} {
			if err := system.Disposer.Dispose(t.Context(), &records[i], action); err != nil {
				t.Fatal(err)
			}
			isDisposed(t, system, &records[i], action, false)
		}
	}
	if err := system.Disposer.Hide(t.Context(), &records[0]); !errors.Is(err, privacy.ErrConflict) {
		t.Errorf("hiding a row that changed: %v, want ErrConflict", err)
	}
	if n := s.value(t, `SELECT COUNT(*) FROM sqltabletest_changed WHERE hidden IS TRUE OR gone IS TRUE OR mail IS NULL`); n != "0" {
		t.Errorf("%s rows were touched", n)
	}
}

func (s *suite) leavesOtherTenants(t *testing.T) {
	system, records := s.filled(t, "sqltabletest_tenants", nil)
	s.insert(t, "sqltabletest_tenants", cells{"id": "1", "workspace": "t2", "category": "a", "zone": "UTC", "made_on": "2020-01-01"})
	disposes(t, system, &records[0], retention.Delete)
	if n := s.value(t, `SELECT COUNT(*) FROM sqltabletest_tenants WHERE workspace = 't2'`); n != "1" {
		t.Error("the row of another tenant is gone")
	}
}

func (s *suite) hides(t *testing.T) {
	system, records := s.filled(t, "sqltabletest_hide", nil)
	law := maximum("law", "P10Y", "made")
	law.Kind, law.Action = retention.StatutoryMinimum, 0
	query := retention.Query{Schedule: compile(t, &retention.Options{Zone: time.UTC}, maximum("m", "P1Y", "made"), law), At: at, Limit: 10}
	if n := len(all(t, system, query)); n != 2 {
		t.Fatalf("%d candidates to hide, want 2", n)
	}
	for range 2 {
		if err := system.Disposer.Hide(t.Context(), &records[0]); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(all(t, system, query)); n != 1 {
		t.Errorf("%d candidates with one hidden, want 1", n)
	}
	amended := law
	amended.Version, amended.Period, amended.EffectiveFrom, amended.ReachesRunning = 2, privacy.MustPeriod("P8Y"), privacy.MustDate("2025-01-01"), true
	query.Schedule = compile(t, &retention.Options{Zone: time.UTC}, maximum("m", "P1Y", "made"), law, amended)
	if n := len(all(t, system, query)); n != 1 {
		t.Errorf("%d candidates with one hidden for a law that was amended, want 1", n)
	}
	query.At = at.AddDate(10, 0, 0)
	if n := len(all(t, system, query)); n != 2 {
		t.Errorf("%d candidates once all are due, want 2", n)
	}

	// Columns do not tell whom a rule about labels keeps: rows say that they are hidden.
	law.Scope.Labels = []string{"x"}
	s.execute(t, `UPDATE sqltabletest_hide SET labels = 'x'`)
	query.Schedule, query.At = compile(t, &retention.Options{Zone: time.UTC}, maximum("m", "P1Y", "made"), law), at
	for _, r := range all(t, system, query) {
		if r.Hidden != (r.Key == records[0].Key) {
			t.Errorf("row %s is hidden: %v", r.Key, r.Hidden)
		}
	}
}

// generalise keeps the network of an address.
func generalise(address string) (string, error) {
	parsed, err := netip.ParseAddr(address)
	if err != nil {
		return "", errors.New("not an address")
	}
	prefix, err := parsed.Prefix(24)
	return prefix.Addr().String(), err
}

func anonymising(table *sqltable.Table) {
	table.Anonymise = []sqltable.Replacement{
		{Column: "mail"}, {Column: "person", Value: "someone"}, {Column: "score", Value: int64(0)}, {Column: "address", Func: generalise},
	}
}

func (s *suite) anonymises(t *testing.T) {
	system, records := s.filled(t, "sqltabletest_anonymise", anonymising)
	isDisposed(t, system, &records[0], retention.Anonymise, false)
	disposes(t, system, &records[0], retention.Anonymise)
	isDisposed(t, system, &records[1], retention.Anonymise, false)
	for column, want := range map[string]string{"mail": "NULL", "person": "someone", "score": "0", "address": "192.0.2.0"} {
		if got := s.value(t, `SELECT `+column+` FROM sqltabletest_anonymise WHERE id = '1'`); got != want {
			t.Errorf("%s is %s, want %s", column, got, want)
		}
	}
	query := retention.Query{Schedule: compile(t, &retention.Options{Zone: time.UTC}, maximum("m", "P1Y", "made")), At: at, Limit: 10}
	if left := all(t, system, query); len(left) != 1 || left[0].Key != "2" {
		t.Errorf("candidates are %v, want 2 alone", left)
	}
}

func (s *suite) verifiesAnonymised(t *testing.T) {
	system, records := s.filled(t, "sqltabletest_again", anonymising)
	for column, value := range map[string]string{"mail": "'eve@example.org'", "score": "7", "address": "'192.0.2.78'", "gone": "NULL"} {
		disposes(t, system, &records[0], retention.Anonymise)
		s.execute(t, `UPDATE sqltabletest_again SET `+column+` = `+value+` WHERE id = '1'`)
		isDisposed(t, system, &records[0], retention.Anonymise, false)
		s.execute(t, `UPDATE sqltabletest_again SET gone = NULL`)
	}
}

// keys is a retention.KeyStore that knows of copies or not.
type keys struct {
	of     map[privacy.SubjectID]bool
	copies bool
}

func (k *keys) Ensure(context.Context, privacy.TenantID, privacy.SubjectID) (retention.Key, error) {
	return retention.Key{}, errors.ErrUnsupported
}

func (k *keys) Key(context.Context, privacy.TenantID, string) (retention.Key, error) {
	return retention.Key{}, errors.ErrUnsupported
}

func (k *keys) Destroy(_ context.Context, _ privacy.TenantID, subject privacy.SubjectID) ([]retention.KeyDestruction, error) {
	if !k.of[subject] {
		return nil, nil
	}
	delete(k.of, subject)
	return []retention.KeyDestruction{{KeyID: string(subject), NoCopies: !k.copies}}, nil
}

// remembering is a key store that remembers what it destroyed.
type remembering struct{ keys }

func (k *remembering) Destroyed(_ context.Context, _ privacy.TenantID, subject privacy.SubjectID) ([]retention.KeyDestruction, error) {
	return []retention.KeyDestruction{{KeyID: string(subject), NoCopies: true}}, nil
}

func (s *suite) shreds(t *testing.T) {
	store := &keys{of: map[privacy.SubjectID]bool{"1": true, "2": true}}
	system, records := s.filled(t, "sqltabletest_shred", func(table *sqltable.Table) { table.Keys = store })
	isDisposed(t, system, &records[0], retention.CryptoShred, false)
	if !store.of["1"] {
		t.Fatal("asking destroyed a key")
	}
	disposes(t, system, &records[0], retention.CryptoShred)
	if store.of["1"] || !store.of["2"] {
		t.Errorf("keys left: %v, want that of 2", store.of)
	}
}

func (s *suite) distrustsCopies(t *testing.T) {
	store := &keys{of: map[privacy.SubjectID]bool{"1": true}, copies: true}
	system, records := s.filled(t, "sqltabletest_copies", func(table *sqltable.Table) { table.Keys = store })
	for range 2 {
		if err := system.Disposer.Dispose(t.Context(), &records[0], retention.CryptoShred); !errors.Is(err, retention.ErrKeyCopies) {
			t.Errorf("got %v, want ErrKeyCopies", err)
		}
		isDisposed(t, system, &records[0], retention.CryptoShred, false)
	}
	table := s.everything(t, "sqltabletest_copies")
	table.Keys = &remembering{}
	disposes(t, s.system(t, table), &records[1], retention.CryptoShred)
}

func (s *suite) honoursContext(t *testing.T) {
	system, records := s.filled(t, "sqltabletest_context", anonymising)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := system.Source.Candidates(ctx, retention.Query{All: true, Limit: 1})
	for _, err := range []error{
		err,
		system.Disposer.Hide(ctx, &records[0]),
		system.Disposer.Dispose(ctx, &records[0], retention.Delete),
		system.Disposer.Dispose(ctx, &records[0], retention.Anonymise),
	} {
		var failure *sqltable.Error
		if !errors.Is(err, context.Canceled) || !errors.As(err, &failure) {
			t.Errorf("got %v, want an Error that matches context.Canceled", err)
		}
	}
	if n := s.value(t, `SELECT COUNT(*) FROM sqltabletest_context WHERE hidden IS NULL AND gone IS NULL`); n != "2" {
		t.Errorf("%s rows are untouched, want 2", n)
	}
}

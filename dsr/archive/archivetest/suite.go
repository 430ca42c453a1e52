package archivetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/labelop/privacykit/dsr/archive"
	"github.com/labelop/privacykit/privacy"
)

// Clause is one sentence of the contract and the check of it.
type Clause struct {
	// Name identifies the clause, in lower-case words with hyphens.
	Name string
	// Sentence is the sentence of the contract.
	Sentence string

	check func(ctx context.Context, s archive.TokenStore) error
}

// timeout ends a clause on a store that hangs.
const timeout = time.Minute

// Check runs the clause against a fresh, empty store. The error quotes the
// sentence; a panic is an error too.
func (c Clause) Check(store archive.TokenStore) (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("%s: panic: %v\n\t%s", c.Name, cause, c.Sentence)
		}
	}()
	if err := c.check(ctx, store); err != nil {
		return fmt.Errorf("%s: %w\n\t%s", c.Name, err, c.Sentence)
	}
	return nil
}

// Run runs every clause as a subtest, each on a store of its own.
func Run(t *testing.T, newStore func(t testing.TB) archive.TokenStore) {
	t.Helper()
	for _, c := range Clauses() {
		t.Run(c.Name, func(t *testing.T) {
			if err := c.Check(newStore(t)); err != nil {
				t.Error(err)
			}
		})
	}
}

// Clauses returns every clause.
func Clauses() []Clause {
	return []Clause{
		{"save-and-read", "Grant returns a grant. Times MUST come back as the same instant to the microsecond.", saveAndRead},
		{"not-found", "The error matches privacy.ErrNotFound.", notFound},
		{"exists", "One whose tenant and id exist is an error matching privacy.ErrExists, and the one that is there MUST stay as it is.", exists},
		{"tenants", "What one tenant stored MUST NOT be visible to, nor conflict with, another.", tenants},
		{"bytes", "Identifiers MUST be compared byte for byte.", bytewise},
		{"redeem-once", "Redeem sets RedeemedAt iff it is not set; every later call is an error matching privacy.ErrConflict and changes nothing.", redeemOnce},
		{"redeem-race", "Of several calls that race exactly one MUST succeed.", redeemRace},
		{"purge", "Purge removes the grants of a tenant that expired before the given time, redeemed or not, and no others, and returns how many.", purge},
		{"context", "A call whose context is done MUST return its error and write nothing.", contexts},
	}
}

var now = time.Date(2026, 3, 2, 9, 0, 0, 123456000, time.UTC)

func grant(tenant privacy.TenantID, id string) archive.Grant {
	return archive.Grant{Tenant: tenant, Case: "case", ID: id, Hash: "hash-" + id, Expires: now.Add(time.Hour)}
}

func same(got, want archive.Grant) error {
	if !got.Expires.Equal(want.Expires) || !got.RedeemedAt.Equal(want.RedeemedAt) {
		return fmt.Errorf("times are %v and %v, want %v and %v", got.Expires, got.RedeemedAt, want.Expires, want.RedeemedAt)
	}
	got.Expires, got.RedeemedAt = want.Expires, want.RedeemedAt
	if got != want {
		return errors.New("the grant came back changed")
	}
	return nil
}

func holds(ctx context.Context, s archive.TokenStore, want archive.Grant) error {
	got, err := s.Grant(ctx, want.Tenant, want.ID)
	if err != nil {
		return err
	}
	return same(got, want)
}

func wantError(err, want error) error {
	if !errors.Is(err, want) {
		return fmt.Errorf("the error is %w, want %w", err, want)
	}
	return nil
}

func saveAndRead(ctx context.Context, s archive.TokenStore) error {
	g := grant("t", "a")
	if err := s.Save(ctx, g); err != nil {
		return err
	}
	return holds(ctx, s, g)
}

func notFound(ctx context.Context, s archive.TokenStore) error {
	_, err := s.Grant(ctx, "t", "a")
	return errors.Join(wantError(err, privacy.ErrNotFound), wantError(s.Redeem(ctx, "t", "a", now), privacy.ErrNotFound))
}

func exists(ctx context.Context, s archive.TokenStore) error {
	g, other := grant("t", "a"), grant("t", "a")
	other.Hash = "other"
	if err := s.Save(ctx, g); err != nil {
		return err
	}
	return errors.Join(wantError(s.Save(ctx, other), privacy.ErrExists), holds(ctx, s, g))
}

func tenants(ctx context.Context, s archive.TokenStore) error {
	g, other := grant("t", "a"), grant("u", "a")
	other.Hash = "other"
	if err := errors.Join(s.Save(ctx, g), s.Save(ctx, other)); err != nil {
		return err
	}
	if err := s.Redeem(ctx, "t", "a", now); err != nil {
		return err
	}
	g.RedeemedAt = now
	return errors.Join(holds(ctx, s, g), holds(ctx, s, other))
}

func bytewise(ctx context.Context, s archive.TokenStore) error {
	for _, id := range []string{"a", "A", "\u00e9", "e\u0301", "a "} {
		if err := s.Save(ctx, grant("t", id)); err != nil {
			return err
		}
	}
	return holds(ctx, s, grant("t", "A"))
}

func redeemOnce(ctx context.Context, s archive.TokenStore) error {
	g := grant("t", "a")
	if err := errors.Join(s.Save(ctx, g), s.Redeem(ctx, "t", "a", now)); err != nil {
		return err
	}
	g.RedeemedAt = now
	return errors.Join(wantError(s.Redeem(ctx, "t", "a", now.Add(time.Minute)), privacy.ErrConflict), holds(ctx, s, g))
}

func redeemRace(ctx context.Context, s archive.TokenStore) error {
	const racers = 16
	if err := s.Save(ctx, grant("t", "a")); err != nil {
		return err
	}
	var wg sync.WaitGroup
	results := make([]error, racers)
	for i := range racers {
		wg.Go(func() { results[i] = s.Redeem(ctx, "t", "a", now) })
	}
	wg.Wait()
	won := 0
	for _, err := range results {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, privacy.ErrConflict):
			return err
		}
	}
	if won != 1 {
		return fmt.Errorf("%d of %d calls succeeded", won, racers)
	}
	return nil
}

func purge(ctx context.Context, s archive.TokenStore) error {
	early, used, edge, elsewhere := grant("t", "early"), grant("t", "used"), grant("t", "edge"), grant("u", "early")
	early.Expires, used.Expires, edge.Expires = now.Add(-time.Microsecond), now.Add(-time.Hour), now
	elsewhere.Expires = early.Expires
	for _, g := range []archive.Grant{early, used, edge, elsewhere} {
		if err := s.Save(ctx, g); err != nil {
			return err
		}
	}
	if err := s.Redeem(ctx, "t", "used", now.Add(-2*time.Hour)); err != nil {
		return err
	}
	n, err := s.Purge(ctx, "t", now)
	if err != nil || n != 2 {
		return fmt.Errorf("%d were purged, want 2, error %w", n, err)
	}
	for _, id := range []string{"early", "used"} {
		if _, err := s.Grant(ctx, "t", id); !errors.Is(err, privacy.ErrNotFound) {
			return fmt.Errorf("%s is still there", id)
		}
	}
	return errors.Join(holds(ctx, s, edge), holds(ctx, s, elsewhere))
}

func contexts(ctx context.Context, s archive.TokenStore) error {
	kept := grant("t", "kept")
	kept.Expires = now.Add(-time.Hour)
	if err := s.Save(ctx, kept); err != nil {
		return err
	}
	done, cancel := context.WithCancel(ctx)
	cancel()
	_, read := s.Grant(done, "t", "kept")
	_, purged := s.Purge(done, "t", now)
	for _, err := range []error{s.Save(done, grant("t", "new")), read, s.Redeem(done, "t", "kept", now), purged} {
		if err := wantError(err, context.Canceled); err != nil {
			return err
		}
	}
	_, err := s.Grant(ctx, "t", "new")
	return errors.Join(wantError(err, privacy.ErrNotFound), holds(ctx, s, kept))
}

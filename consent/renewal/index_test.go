package renewal_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/consent/renewal"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
	"github.com/labelop/privacykit/privacy/store/memstore"
)

var start = time.Date(2026, time.March, 2, 10, 0, 0, 0, time.UTC)

// world is a ledger with an index of it.
type world struct {
	t      *testing.T
	clock  *privacytest.Clock
	store  *memstore.ConsentStore
	ledger *consent.Ledger
	index  *renewal.Index
}

func newWorld(t *testing.T) *world {
	t.Helper()
	register, err := privacy.Compile(privacytest.Declaration())
	require.NoError(t, err)
	w := &world{t: t, clock: privacytest.NewClock(start)}
	w.store = memstore.NewConsent(&memstore.ConsentOptions{Clock: w.clock})
	w.ledger, err = consent.NewLedger(w.store, register, &consent.LedgerOptions{Clock: w.clock})
	require.NoError(t, err)
	w.index, err = renewal.New(w.store, memstore.NewRenewal())
	require.NoError(t, err)
	return w
}

func (w *world) record(subject privacy.SubjectID, fact consent.Fact) {
	w.t.Helper()
	w.clock.Advance(time.Hour)
	_, err := w.ledger.Record(w.t.Context(), consent.Entries{Tenant: "acme", Subject: subject, Facts: []consent.Fact{fact}})
	require.NoError(w.t, err)
}

func grant(notice uint32, until time.Time) consent.Grant {
	return consent.Grant{
		Purposes: []privacy.PurposeID{"marketing"}, Until: until,
		Evidence: consent.Evidence{
			Notice: consent.Notice{Document: "privacy-policy", Version: notice, Locale: "en", TextSHA256: strings.Repeat("5a", 32)},
			Act:    "checkbox_ticked_by_subject", Channel: "web",
		},
	}
}

func (w *world) older(version uint32) []privacy.SubjectID {
	w.t.Helper()
	require.NoError(w.t, w.index.Poll(w.t.Context()))
	rows, err := w.index.UnderOlderNotice(w.t.Context(), "acme", "marketing", version, nil, 100)
	require.NoError(w.t, err)
	return subjects(rows)
}

func subjects(rows []renewal.Row) []privacy.SubjectID {
	list := []privacy.SubjectID{}
	for _, row := range rows {
		list = append(list, row.Subject)
	}
	return list
}

func TestTheIndexFollowsTheLedger(t *testing.T) {
	w := newWorld(t)
	w.record("a", grant(1, time.Time{}))
	w.record("b", grant(2, time.Time{}))
	w.record("c", grant(3, time.Time{}))
	assert.Equal(t, []privacy.SubjectID{"a", "b"}, w.older(3))
	w.record("a", consent.Renewal(grant(3, time.Time{})))
	assert.Equal(t, []privacy.SubjectID{"b"}, w.older(3))
	w.record("b", consent.Withdrawal{})
	assert.Empty(t, w.older(3), "who withdrew owes nothing")
	w.record("d", grant(1, time.Time{}))
	_, err := w.ledger.Redact(t.Context(), "acme", "d", "case-1")
	require.NoError(t, err)
	assert.Empty(t, w.older(3), "nor does who was erased")
}

func TestTimes(t *testing.T) {
	w := newWorld(t)
	w.record("old", grant(1, time.Time{}))
	middle := w.clock.Now().Add(time.Minute)
	w.record("ending", grant(1, start.AddDate(0, 1, 0)))
	require.NoError(t, w.index.Poll(t.Context()))
	rows, err := w.index.GivenBefore(t.Context(), "acme", "marketing", middle, nil, 10)
	require.NoError(t, err)
	assert.Equal(t, []privacy.SubjectID{"old"}, subjects(rows))
	rows, err = w.index.EndingBefore(t.Context(), "acme", "marketing", start.AddDate(1, 0, 0), nil, 10)
	require.NoError(t, err)
	assert.Equal(t, []privacy.SubjectID{"ending"}, subjects(rows))
}

func TestRebuild(t *testing.T) {
	w := newWorld(t)
	for i := range 1201 {
		_, err := w.ledger.Record(t.Context(), consent.Entries{Tenant: "acme", Subject: privacy.SubjectID(fmt.Sprintf("s-%04d", i)), Facts: []consent.Fact{grant(1, time.Time{})}})
		require.NoError(t, err)
	}
	require.NoError(t, w.index.Rebuild(t.Context(), "acme"))
	count := 0
	var after *renewal.Row
	for {
		rows, err := w.index.UnderOlderNotice(t.Context(), "acme", "marketing", 2, after, 500)
		require.NoError(t, err)
		if len(rows) == 0 {
			break
		}
		count, after = count+len(rows), &rows[len(rows)-1]
	}
	assert.Equal(t, 1201, count)
	w.record("s-0007", consent.Withdrawal{})
	assert.Len(t, w.older(2), 100)
}

// trimmed is a feed that has lost what the index has not read.
type trimmed struct{ renewal.Ledger }

func (trimmed) Changes(context.Context, consent.Cursor, int) (consent.ChangePage, error) {
	return consent.ChangePage{Reset: true, Complete: true, Next: "later"}, nil
}

// failing is a ledger that cannot be read.
type failing struct{ renewal.Ledger }

var errLedger = errors.New("ledger")

func (failing) Streams(context.Context, []consent.StreamKey) ([]consent.Stream, error) {
	return nil, errLedger
}

func TestFaults(t *testing.T) {
	w := newWorld(t)
	w.record("a", grant(1, time.Time{}))
	store := memstore.NewRenewal()
	index, err := renewal.New(failing{w.store}, store)
	require.NoError(t, err)
	require.ErrorIs(t, index.Poll(t.Context()), errLedger)
	cursor, err := store.Cursor(t.Context())
	require.NoError(t, err)
	assert.Empty(t, cursor, "what was not read is read again")

	require.NoError(t, store.SetCursor(t.Context(), "earlier"))
	index, err = renewal.New(trimmed{w.store}, store)
	require.NoError(t, err)
	err = index.Poll(t.Context())
	require.ErrorIs(t, err, renewal.ErrTrimmed)
	require.ErrorIs(t, err, privacy.ErrConflict)

	_, err = renewal.New(nil, store)
	require.ErrorIs(t, err, privacy.ErrInvalid)
	require.ErrorIs(t, w.index.Rebuild(t.Context(), "acme", "a\x00b"), privacy.ErrInvalid)
	for _, query := range []renewal.Query{{}, {Tenant: "a\x00b", Purpose: "p", By: renewal.ByEnd, Limit: 1}, {Tenant: "acme", Purpose: "\xff", By: renewal.ByEnd, Limit: 1}, {Tenant: "acme", Purpose: "p", Limit: 1}, {Tenant: "acme", Purpose: "p", By: renewal.ByEnd}} {
		_, err = index.Due(t.Context(), query)
		require.ErrorIs(t, err, privacy.ErrInvalid)
	}
}

package renewal_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/consent/renewal"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/memstore"
)

var errDown = errors.New("the store is down")

// broken fails in the method that it names.
type broken struct {
	renewal.Ledger
	renewal.Store
	method string
}

func (f *broken) fault(method string) error {
	if f.method == method {
		return errDown
	}
	return nil
}

func (f *broken) Streams(ctx context.Context, keys []consent.StreamKey) ([]consent.Stream, error) {
	if err := f.fault("Streams"); err != nil {
		return nil, err
	}
	return f.Ledger.Streams(ctx, keys)
}

func (f *broken) Subjects(ctx context.Context, tenant privacy.TenantID, after privacy.SubjectID, limit int) ([]privacy.SubjectID, error) {
	if err := f.fault("Subjects"); err != nil {
		return nil, err
	}
	return f.Ledger.Subjects(ctx, tenant, after, limit)
}

func (f *broken) Changes(ctx context.Context, after consent.Cursor, limit int) (consent.ChangePage, error) {
	if err := f.fault("Changes"); err != nil {
		return consent.ChangePage{}, err
	}
	return f.Ledger.Changes(ctx, after, limit)
}

func (f *broken) Head(ctx context.Context) (consent.Cursor, error) {
	if err := f.fault("Head"); err != nil {
		return "", err
	}
	return f.Ledger.Head(ctx)
}

func (f *broken) Cursor(ctx context.Context) (consent.Cursor, error) {
	if err := f.fault("Cursor"); err != nil {
		return "", err
	}
	return f.Store.Cursor(ctx)
}

func (f *broken) SetCursor(ctx context.Context, cursor consent.Cursor) error {
	if err := f.fault("SetCursor"); err != nil {
		return err
	}
	return f.Store.SetCursor(ctx, cursor)
}

func (f *broken) Replace(ctx context.Context, key consent.StreamKey, version uint64, rows []renewal.Row) error {
	if err := f.fault("Replace"); err != nil {
		return err
	}
	return f.Store.Replace(ctx, key, version, rows)
}

func (f *broken) Due(ctx context.Context, query renewal.Query) ([]renewal.Row, error) {
	if err := f.fault("Due"); err != nil {
		return nil, err
	}
	return f.Store.Due(ctx, query)
}

// A failure is reported, and what is repeated afterwards misses nothing.
func TestAFailureLosesNoSubject(t *testing.T) {
	for call, methods := range map[string][]string{
		"poll":    {"Cursor", "Changes", "Streams", "Replace", "SetCursor"},
		"rebuild": {"Head", "Subjects", "Streams", "Replace", "SetCursor"},
		"due":     {"Due"},
	} {
		for _, method := range methods {
			t.Run(call+" without "+method, func(t *testing.T) {
				w := newWorld(t)
				w.record("a", grant(1, time.Time{}))
				f := &broken{Ledger: w.store, Store: memstore.NewRenewal(), method: method}
				var err error
				w.index, err = renewal.New(f, f)
				require.NoError(t, err)
				require.ErrorIs(t, w.run(call), errDown)
				f.method = ""
				require.NoError(t, w.run(call))
				assert.Equal(t, []privacy.SubjectID{"a"}, w.older(3))
			})
		}
	}
}

func (w *world) run(call string) error {
	switch call {
	case "poll":
		return w.index.Poll(w.t.Context())
	case "rebuild":
		return w.index.Rebuild(w.t.Context(), "acme")
	default:
		_, err := w.index.UnderOlderNotice(w.t.Context(), "acme", "marketing", 3, nil, 100)
		return err
	}
}

// unreadable gives states that nobody can read.
type unreadable struct{ renewal.Ledger }

func (u unreadable) Streams(ctx context.Context, keys []consent.StreamKey) ([]consent.Stream, error) {
	streams, err := u.Ledger.Streams(ctx, keys)
	for i := range streams {
		streams[i].State = []byte("{")
	}
	return streams, err
}

func TestWhoseStateCannotBeReadIsAskedForNothing(t *testing.T) {
	w := newWorld(t)
	w.record("a", grant(1, time.Time{}))
	var err error
	w.index, err = renewal.New(unreadable{w.store}, memstore.NewRenewal())
	require.NoError(t, err)
	assert.Empty(t, w.older(3))
}

// withholding is a feed on which somebody else's open transaction hides what came
// after it, until a time.
type withholding struct {
	renewal.Ledger
	until time.Time
	calls int
}

var errImpatient = errors.New("the feed was asked over and over")

func (w *withholding) Changes(ctx context.Context, after consent.Cursor, limit int) (consent.ChangePage, error) {
	if w.calls++; w.calls > 1000 {
		return consent.ChangePage{}, errImpatient
	}
	if time.Now().Before(w.until) {
		return consent.ChangePage{Next: after}, nil
	}
	return w.Ledger.Changes(ctx, after, limit)
}

func TestAFeedThatWithholdsChangesIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.record("a", grant(1, time.Time{}))
		feed := &withholding{Ledger: w.store, until: time.Now().Add(10 * time.Second)}
		var err error
		w.index, err = renewal.New(feed, memstore.NewRenewal())
		require.NoError(t, err)
		impatient, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, w.index.Poll(impatient), context.DeadlineExceeded)
		assert.Equal(t, []privacy.SubjectID{"a"}, w.older(3))
		assert.Greater(t, feed.calls, 2)
	})
}

func TestAnUnknownCriterionHasNoValue(t *testing.T) {
	_, ok := renewal.Criterion(0).Value(renewal.Row{NoticeVersion: 3, GivenAt: start, Until: start})
	assert.False(t, ok)
}

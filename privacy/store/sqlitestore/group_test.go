package sqlitestore_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/sqlitestore"
)

// holdWriter keeps the one writing connection until the writers that start starts
// have all queued up behind it. It is called in a bubble of package synctest.
func holdWriter(t *testing.T, db *sqlitestore.DB, start func()) {
	t.Helper()
	tx, err := db.SQL().BeginTx(t.Context(), nil)
	require.NoError(t, err)
	start()
	synctest.Wait()
	require.NoError(t, tx.Rollback())
}

func TestEveryKindOfWriteSharesTransactions(t *testing.T) { synctest.Test(t, everyKindOfWrite) }

func everyKindOfWrite(t *testing.T) {
	db := open(t, nil)
	store := db.Consent()
	key := subjectKey(1)
	mustAppend(t, store, granted(t, key, "event-1", "key-1"))
	faults := map[string]error{}
	var mu sync.Mutex
	var wait sync.WaitGroup
	holdWriter(t, db, func() {
		for name, write := range map[string]func() error{
			"append": func() error {
				_, err := store.Append(t.Context(), []consent.Append{granted(t, subjectKey(2), "event-2", "key-2")})
				return err
			},
			"redact": func() error {
				_, err := store.Redact(t.Context(), recorded(t, key, "event-3", "key-3", consent.Erasure{Cause: "case-1"}))
				return err
			},
			"effects": func() error {
				return store.ApplyEffects(t.Context(), []privacy.Effect{{
					Tenant: tenant, Subject: subjectKey(3).Subject, Kind: privacy.EffectRestriction, Cause: "case-2", At: moment, Key: "key-4",
				}})
			},
			"decision": func() error { return store.RecordDecision(t.Context(), decision("decision-1")) },
			"stale decision": func() error {
				stale := decision("decision-2")
				stale.Guard.TenantVersion = 7
				if err := store.RecordDecision(t.Context(), stale); !errors.Is(err, privacy.ErrConflict) {
					return fmt.Errorf("stale decision: %w", err)
				}
				return nil
			},
			"claim": func() error {
				_, err := store.Claim(t.Context(), consent.Claim{Worker: "w", Limit: 1, Now: moment, Lease: time.Minute})
				return err
			},
			"forget": func() error {
				_, err := store.ForgetDecisions(t.Context(), consent.StreamKey{Tenant: tenant}, moment)
				return err
			},
			"trim": func() error {
				_, err := store.Trim(t.Context(), moment.Add(-time.Hour), true)
				return err
			},
		} {
			wait.Go(func() {
				err := write()
				mu.Lock()
				defer mu.Unlock()
				faults[name] = err
			})
		}
	})
	wait.Wait()
	for name, err := range faults {
		require.NoError(t, err, name)
	}
	assert.Equal(t, int64(1), db.SQL().Stats().WaitCount, "one asked for the connection on behalf of all")
	assert.True(t, allRecords(t, store, key)[0].Redacted())
	assert.Len(t, allRecords(t, store, subjectKey(2)), 1)
	assert.Len(t, allRecords(t, store, subjectKey(3)), 1)
}

// A fault that only the database finds, here in a trigger of the host, concerns
// the caller whose row it is.
func TestOneBadElementSpoilsNoOther(t *testing.T) { synctest.Test(t, oneBadElement) }

func oneBadElement(t *testing.T) {
	db := open(t, nil)
	store := db.Consent()
	_, err := db.SQL().ExecContext(t.Context(), `CREATE TRIGGER refuse BEFORE INSERT ON privacy_outbox
		WHEN NEW.subject = '`+string(subjectKey(4).Subject)+`' BEGIN SELECT RAISE(ABORT, 'refused'); END`)
	require.NoError(t, err)
	faults := make([]error, 16)
	var wait sync.WaitGroup
	holdWriter(t, db, func() {
		for i := range faults {
			wait.Go(func() {
				_, faults[i] = store.Append(t.Context(), []consent.Append{granted(t, subjectKey(i), fmt.Sprintf("event-%d", i), "key")})
			})
		}
	})
	wait.Wait()
	for i, err := range faults {
		records := allRecords(t, store, subjectKey(i))
		assertFolded(t, store, subjectKey(i), records)
		if i == 4 {
			require.Error(t, err)
			assert.Empty(t, records)
			continue
		}
		require.NoError(t, err)
		assert.Len(t, records, 1)
	}
}

func TestACancelledWaiterWritesNothing(t *testing.T) { synctest.Test(t, cancelledWaiter) }

func cancelledWaiter(t *testing.T) {
	db := open(t, nil)
	store := db.Consent()
	ctx, cancel := context.WithCancel(t.Context())
	faults := make([]error, 8)
	var wait sync.WaitGroup
	holdWriter(t, db, func() {
		for i := range faults {
			own := t.Context()
			if i%2 == 0 {
				own = ctx
			}
			wait.Go(func() {
				_, faults[i] = store.Append(own, []consent.Append{granted(t, subjectKey(i), fmt.Sprintf("event-%d", i), "key")})
			})
		}
		synctest.Wait()
		cancel()
	})
	wait.Wait()
	for i, err := range faults {
		records := allRecords(t, store, subjectKey(i))
		if i%2 == 0 {
			require.ErrorIs(t, err, context.Canceled)
			assert.Empty(t, records)
			continue
		}
		require.NoError(t, err)
		assert.Len(t, records, 1)
	}
}

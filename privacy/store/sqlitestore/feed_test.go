package sqlitestore_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

func TestACursorOlderThanWhatWasTrimmedIsReset(t *testing.T) {
	store := open(t, nil).Consent()
	before, err := store.Head(t.Context())
	require.NoError(t, err)
	for n := range 5 {
		mustAppend(t, store, granted(t, subjectKey(n), fmt.Sprintf("event-%d", n), "key"))
	}
	middle, err := store.Changes(t.Context(), before, 2)
	require.NoError(t, err)
	n, err := store.Trim(t.Context(), moment.Add(time.Second), true)
	require.NoError(t, err)
	require.Equal(t, 5, n)
	mustAppend(t, store, granted(t, subjectKey(9), "event-9", "key"))

	for _, cursor := range []consent.Cursor{before, middle.Next} {
		page, err := store.Changes(t.Context(), cursor, 10)
		require.NoError(t, err)
		assert.True(t, page.Reset)
		assert.True(t, page.Complete)
		assert.Len(t, page.Changes, 1)
		next, err := store.Changes(t.Context(), page.Next, 10)
		require.NoError(t, err)
		assert.False(t, next.Reset, "once is enough")
	}
	page, err := store.Changes(t.Context(), "", 10)
	require.NoError(t, err)
	assert.False(t, page.Reset, "who begins has nothing to forget")
}

func TestPositionsAreNotUsedAgainAfterTrimming(t *testing.T) {
	store := open(t, nil).Consent()
	mustAppend(t, store, granted(t, subjectKey(1), "event-1", "key"))
	head, err := store.Head(t.Context())
	require.NoError(t, err)
	_, err = store.Trim(t.Context(), moment.Add(time.Second), true)
	require.NoError(t, err)
	again, err := store.Head(t.Context())
	require.NoError(t, err)
	assert.Equal(t, head, again)
	mustAppend(t, store, granted(t, subjectKey(2), "event-2", "key"))
	page, err := store.Changes(t.Context(), head, 10)
	require.NoError(t, err)
	assert.False(t, page.Reset)
	assert.Equal(t, []consent.Change{{Key: subjectKey(2), Version: 1}}, page.Changes)
}

func TestACursorFromBeforeABackupWasRestoredIsReset(t *testing.T) {
	newer, restored := open(t, nil).Consent(), open(t, nil).Consent()
	for n := range 3 {
		mustAppend(t, newer, granted(t, subjectKey(n), fmt.Sprintf("event-%d", n), "key"))
	}
	mustAppend(t, restored, granted(t, subjectKey(0), "event-0", "key"))
	cursor, err := newer.Head(t.Context())
	require.NoError(t, err)
	page, err := restored.Changes(t.Context(), cursor, 10)
	require.NoError(t, err)
	assert.True(t, page.Reset)
	assert.True(t, page.Complete)
	head, err := restored.Head(t.Context())
	require.NoError(t, err)
	assert.Equal(t, head, page.Next)
}

func TestDecisionsAreNoChangesAndDoNotHoldTheCursorBack(t *testing.T) {
	store := open(t, nil).Consent()
	for n := range 4 {
		require.NoError(t, store.RecordDecision(t.Context(), decision(fmt.Sprintf("decision-%d", n))))
	}
	page, err := store.Changes(t.Context(), "", 2)
	require.NoError(t, err)
	assert.Empty(t, page.Changes)
	assert.True(t, page.Complete)
	head, err := store.Head(t.Context())
	require.NoError(t, err)
	assert.Equal(t, head, page.Next)
	_, err = store.Trim(t.Context(), moment.Add(time.Second), true)
	require.NoError(t, err)
	page, err = store.Changes(t.Context(), "1.0.0.1", 2)
	require.NoError(t, err)
	assert.False(t, page.Reset, "no change was trimmed")
}

func TestTrimmingTakesAsManyTransactionsAsItNeeds(t *testing.T) {
	store := open(t, nil).Consent()
	const events = 2500
	appends := make([]consent.Append, events)
	for n := range appends {
		appends[n] = granted(t, subjectKey(n), fmt.Sprintf("event-%d", n), "key")
	}
	mustAppend(t, store, appends...)
	n, err := store.Trim(t.Context(), moment.Add(time.Second), false)
	require.NoError(t, err)
	assert.Zero(t, n, "undelivered events stay")
	deliveries, err := store.Claim(t.Context(), consent.Claim{Worker: "w", Limit: events - 100, Now: moment, Lease: time.Minute})
	require.NoError(t, err)
	positions := make([]string, len(deliveries))
	for i, delivery := range deliveries {
		positions[i] = delivery.Position
	}
	require.NoError(t, store.Acknowledge(t.Context(), "w", positions))
	require.NoError(t, store.Acknowledge(t.Context(), "w", positions), "again changes nothing")
	n, err = store.Trim(t.Context(), moment.Add(time.Second), false)
	require.NoError(t, err)
	assert.Equal(t, events-100, n)
	n, err = store.Trim(t.Context(), moment.Add(time.Second), true)
	require.NoError(t, err)
	assert.Equal(t, 100, n)
}

func TestPositionsThatAreNoneAreNotHeld(t *testing.T) {
	store := open(t, nil).Consent()
	require.ErrorIs(t, store.Acknowledge(t.Context(), "w", []string{"", "x", "-1", "7", "99999999999999999999"}), privacy.ErrConflict)
}

func TestLimitsBelowOneAreRefused(t *testing.T) {
	store := open(t, nil).Consent()
	ctx := t.Context()
	_, err := store.Records(ctx, subjectKey(1), 0, 0)
	require.ErrorIs(t, err, privacy.ErrInvalid)
	_, err = store.Subjects(ctx, tenant, "", -1)
	require.ErrorIs(t, err, privacy.ErrInvalid)
	_, err = store.Changes(ctx, "", 0)
	require.ErrorIs(t, err, privacy.ErrInvalid)
	_, err = store.Decisions(ctx, consent.DecisionFilter{Tenant: tenant})
	require.ErrorIs(t, err, privacy.ErrInvalid)
	for _, claim := range []consent.Claim{{Limit: 1, Lease: 1}, {Worker: "w", Lease: 1}, {Worker: "w", Limit: 1}} {
		_, err = store.Claim(ctx, claim)
		require.ErrorIs(t, err, privacy.ErrInvalid)
	}
	_, err = store.Changes(ctx, "not a cursor", 1)
	require.ErrorIs(t, err, privacy.ErrInvalid)
}

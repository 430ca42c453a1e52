package sqlstore

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/consent"
)

// overtakenExecutor is a database in which another transaction creates the
// stream after it was looked for and before its keys are.
type overtakenExecutor struct {
	fakeExecutor
	sql     *ledgerSQL
	record  consent.Record
	created bool
}

func (e *overtakenExecutor) Begin(context.Context) (Transaction, error) {
	return overtakenTransaction{e, &fakeTransaction{executor: &e.fakeExecutor}}, nil
}

type overtakenTransaction struct {
	database *overtakenExecutor
	*fakeTransaction
}

func (t overtakenTransaction) Batch(_ context.Context, statements []Statement) error {
	for _, statement := range statements {
		var row fakeRow
		switch statement.SQL {
		case t.database.sql.lockStream:
			if !t.database.created {
				t.database.created = true
				continue
			}
			row = fakeRow{int64(1), []byte(nil), int64(7)}
		case t.database.sql.findKey:
			row = fakeRow{int64(1)}
		case t.database.sql.readPayloads:
			row = fakeRow{int64(1), t.database.record.Payload}
		}
		if err := statement.Each(row); err != nil {
			return err
		}
	}
	return nil
}

type fakeRow []any

func (r fakeRow) Scan(targets ...any) error {
	for i, target := range targets {
		switch target := target.(type) {
		case *int64:
			*target = r[i].(int64)
		case *[]byte:
			*target = r[i].([]byte)
		}
	}
	return nil
}

func TestAStreamCreatedBetweenTheReadsIsReadAgain(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	record, err := consent.NewRecord("event-1", "key-1", now, consent.Entry{
		Tenant: "t", Subject: "s", OccurredAt: now, Fact: consent.RelationshipStarted{},
	})
	require.NoError(t, err)
	executor := &overtakenExecutor{record: record}
	db, err := NewWithExecutor(executor, PostgreSQL, nil)
	require.NoError(t, err)
	executor.sql = &db.core.ledger

	results, err := db.Consent().Append(t.Context(), []consent.Append{{
		Key: consent.StreamKey{Tenant: "t", Subject: "s"}, Records: []consent.Record{record},
	}})
	require.NoError(t, err)
	require.NoError(t, results[0].Err)
	assert.True(t, results[0].Duplicate)
	assert.Equal(t, 1, executor.rollback)
	assert.Equal(t, 1, executor.commits)
}

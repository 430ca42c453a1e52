package sqlstore

import (
	"time"
)

// ledgerSQL are the statements on streams and events.
type ledgerSQL struct {
	lockStream, placeStream, insertStream, updateStream string
	findKey, readPayloads, insertEvent, redact          string
	insertOutbox, guardStream                           string
	readStream, readStreams, readRecords, readSubjects  string
}

func newLedgerSQL(t *template) ledgerSQL {
	return ledgerSQL{
		lockStream: t.write(`SELECT version, state, transaction_id FROM {streams} WHERE tenant = $1 AND subject = $2 {for update}`),
		// A placeholder is a stream at version 0, the same as none. It is there
		// to be locked.
		placeStream: t.write(`INSERT INTO {streams} (tenant, subject, version, transaction_id, idle_since) VALUES ($1, $2, 0, 0, NULL) ON CONFLICT (tenant, subject) DO NOTHING`),
		insertStream: t.write(`INSERT INTO {streams} (tenant, subject, version, state, idle_since, ended, last_recorded, transaction_id)
			VALUES ($1, $2, $3, $4, $5, $6, $7, {transaction id})`),
		updateStream: t.write(`UPDATE {streams} SET version = $3, state = $4, idle_since = $5, ended = $6, last_recorded = $7,
			transaction_id = {greatest}(transaction_id, {transaction id})
			WHERE tenant = $1 AND subject = $2`),
		findKey:      t.write(`SELECT sequence FROM {events} WHERE tenant = $1 AND subject = $2 AND idempotency_key = $3`),
		readPayloads: t.write(`SELECT sequence, payload FROM {events} WHERE tenant = $1 AND subject = $2 AND sequence >= $3 ORDER BY sequence LIMIT $4`),
		insertEvent: t.write(`INSERT INTO {events}
			(tenant, subject, sequence, id, kind, occurred_at, recorded_at, idempotency_key, salt, commitment, payload)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`),
		redact: t.write(`UPDATE {events} SET idempotency_key = NULL, salt = NULL, payload = NULL
			WHERE tenant = $1 AND subject = $2 AND sequence < $3 AND payload IS NOT NULL`),
		insertOutbox: t.write(`INSERT INTO {outbox} (transaction_id, tenant, subject, version, recorded_at, event)
			VALUES ({greatest}($1, {transaction id}), $2, $3, $4, $5, $6)`),
		guardStream: t.write(`SELECT version FROM {streams} WHERE tenant = $1 AND subject = $2 {for key share}`),
		readStream:  t.read(`SELECT version, state FROM {streams} WHERE tenant = $1 AND subject = $2`),
		readStreams: t.read(`SELECT subject, version, state FROM {streams} WHERE tenant = $1 AND subject IN `),
		readRecords: t.read(`SELECT sequence, id, kind, occurred_at, recorded_at, idempotency_key, salt, commitment, payload
			FROM {events} WHERE tenant = $1 AND subject = $2 AND sequence > $3 ORDER BY sequence LIMIT $4`),
		readSubjects: t.read(`SELECT subject FROM {streams} WHERE tenant = $1 AND subject > $2 AND version > 0 ORDER BY subject LIMIT $3`),
	}
}

// blob makes NULL of nil.
func blob(b []byte) any {
	if b == nil {
		return nil
	}
	return b
}

// text makes NULL of the empty string.
func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// instant reads a stored time.
func instant(microseconds int64) time.Time { return time.UnixMicro(microseconds).UTC() }

package sqlstore

import (
	"context"
	"encoding/hex"
	"fmt"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/privacy"
)

// DSRStore keeps what package dsr stores: cases with their logs, wake-ups and the
// register of breaches. Effects reach the ledger of ConsentStore in the
// transaction of the update that brings them, and events go to the one outbox,
// which ConsentStore delivers from. The rights that are open in a case are open
// requests of RetentionStore, under dsr.OpenRequestID: no sweep claims a record of
// the subject from the commit that opens one to that which closes the last. What a
// sweep had claimed by then may still go; RetentionStore.OpenRequest, called for a
// request that is open, returns it. It is safe for concurrent use; that of a Tx
// is as safe as the transaction.
type DSRStore struct {
	core   *core
	work   work
	joined bool
}

var _ dsr.Store = (*DSRStore)(nil)

// DSR returns the store of package dsr.
func (db *DB) DSR() *DSRStore { return &DSRStore{core: db.core, work: db} }

// DSR returns the store of package dsr within the transaction.
func (tx *Tx) DSR() *DSRStore { return &DSRStore{core: tx.core, work: tx, joined: true} }

// dsrSQL are the statements on cases, wake-ups and breaches.
type dsrSQL struct {
	placeCase, lockCase, insertCase, updateCase string
	placeKey, lockKey, insertKey, updateKey     string
	insertLine                                  string
	lockWake, insertWake, deleteWake            string
	dueWakes, claimWake, retryWake              string
	readWake, lastBuried, bury                  string
	lockDisposed, redact, erase                 string
	eraseLog, eraseKeys                         string
	lastBreach, insertBreach, updateBreach      string

	digest, readCase, readLog          string
	open, byState, withDead, ofSubject string
	closed, unredacted                 string
	buried, readBreach, readBreachPage string
}

func newDSRSQL(t *template) dsrSQL {
	const (
		summary = `SELECT id, state, due, received FROM {cases} WHERE tenant = $1 AND `
		closed  = `SELECT id, regime, ended, redacted FROM {cases} WHERE tenant = $1 AND ended IS NOT NULL AND `
		wakeKey = ` WHERE tenant = $1 AND kind = $2 AND wake_key = $3`
	)
	return dsrSQL{
		// A placeholder is a case at version 0, and a key with the empty digest:
		// the same as none. It is there to be locked.
		placeCase: t.write(`INSERT INTO {cases} (tenant, id, version, state, open, due, received, regime, redacted, last_at, log_sequence, log_hash, body)
			VALUES ($1, $2, 0, '', 0, '', 0, '', 0, 0, 0, $3, $3) ON CONFLICT (tenant, id) DO NOTHING`),
		lockCase: t.write(`SELECT version, last_at, log_sequence, log_hash, subject, open_rights FROM {cases} WHERE tenant = $1 AND id = $2 {for update}`),
		insertCase: t.write(`INSERT INTO {cases}
			(tenant, id, version, state, open, due, received, subject, regime, redacted, ended, last_at, log_sequence, log_hash, body, dead, open_rights)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`),
		updateCase: t.write(`UPDATE {cases} SET version = $3, state = $4, open = $5, due = $6, received = $7, subject = $8, regime = $9,
			redacted = $10, ended = $11, last_at = $12, log_sequence = $13, log_hash = $14, body = $15, dead = $16, open_rights = $17
			WHERE tenant = $1 AND id = $2`),
		placeKey:  t.write(`INSERT INTO {case_keys} (tenant, idempotency_key, digest, case_id) VALUES ($1, $2, '', $3) ON CONFLICT (tenant, idempotency_key) DO NOTHING`),
		lockKey:   t.write(`SELECT digest FROM {case_keys} WHERE tenant = $1 AND idempotency_key = $2 {for update}`),
		insertKey: t.write(`INSERT INTO {case_keys} (tenant, idempotency_key, digest, case_id) VALUES ($1, $2, $3, $4)`),
		updateKey: t.write(`UPDATE {case_keys} SET digest = $3, case_id = $4 WHERE tenant = $1 AND idempotency_key = $2`),
		insertLine: t.write(`INSERT INTO {case_log} (tenant, case_id, sequence, logged_at, payload, previous, hash)
			VALUES ($1, $2, $3, $4, $5, $6, $7)`),

		lockWake: t.write(`SELECT token FROM {wakes}` + wakeKey + ` {for update}`),
		insertWake: t.write(`INSERT INTO {wakes} (tenant, kind, wake_key, run_at, claimable_at, payload) VALUES ($1, $2, $3, $4, $4, $5)
			ON CONFLICT (tenant, kind, wake_key) DO NOTHING`),
		deleteWake: t.write(`DELETE FROM {wakes}` + wakeKey),
		// The rows are updated one by one, by their key: a plan that joins them would
		// depend on how many the server expects.
		dueWakes: t.write(`SELECT tenant, kind, wake_key, run_at, payload, token, attempts, problem FROM {wakes} WHERE claimable_at <= $1
			ORDER BY claimable_at, tenant, kind, wake_key LIMIT $2 {skip locked}`),
		claimWake:  t.write(`UPDATE {wakes} SET claimable_at = $4, leased_until = $4, token = $5, attempts = $6` + wakeKey),
		retryWake:  t.write(`UPDATE {wakes} SET run_at = $4, claimable_at = $4, leased_until = NULL, problem = $5` + wakeKey),
		readWake:   t.write(`SELECT run_at, payload, token, leased_until, attempts FROM {wakes}` + wakeKey + ` {for update}`),
		lastBuried: t.write(`SELECT position FROM {buried_wakes} WHERE tenant = $1 ORDER BY position DESC LIMIT 1`),
		bury: t.write(`INSERT INTO {buried_wakes} (tenant, position, kind, wake_key, run_at, payload, token, leased_until, attempts, problem)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (tenant, position) DO NOTHING`),

		lockDisposed: t.write(`SELECT ended, redacted, body FROM {cases} WHERE tenant = $1 AND id = $2 AND version > 0 {for update}`),
		redact:       t.write(`UPDATE {cases} SET version = $3, subject = NULL, redacted = 1, body = $4 WHERE tenant = $1 AND id = $2`),
		erase:        t.write(`DELETE FROM {cases} WHERE tenant = $1 AND id = $2`),
		eraseLog:     t.write(`DELETE FROM {case_log} WHERE tenant = $1 AND case_id = $2`),
		eraseKeys:    t.write(`DELETE FROM {case_keys} WHERE tenant = $1 AND case_id = $2`),

		lastBreach:   t.write(`SELECT version FROM {breaches} WHERE tenant = $1 AND id = $2 {for update}`),
		insertBreach: t.write(`INSERT INTO {breaches} (tenant, id, version, body) VALUES ($1, $2, $3, $4) ON CONFLICT (tenant, id) DO NOTHING`),
		updateBreach: t.write(`UPDATE {breaches} SET version = $3, body = $4 WHERE tenant = $1 AND id = $2`),

		digest:   t.read(`SELECT digest FROM {case_keys} WHERE tenant = $1 AND idempotency_key = $2 AND digest <> ''`),
		readCase: t.read(`SELECT body FROM {cases} WHERE tenant = $1 AND id = $2 AND version > 0`),
		readLog: t.read(`SELECT sequence, logged_at, payload, previous, hash FROM {case_log}
			WHERE tenant = $1 AND case_id = $2 AND sequence > $3 ORDER BY sequence LIMIT $4`),
		open:       t.read(summary + `open = 1 AND (due, id) > ($2, $3) ORDER BY due, id LIMIT $4`),
		byState:    t.read(summary + `state = $2 AND (due, id) > ($3, $4) ORDER BY due, id LIMIT $5`),
		withDead:   t.read(summary + `dead = 1 AND (due, id) > ($2, $3) ORDER BY due, id LIMIT $4`),
		ofSubject:  t.read(summary + `subject = $2 AND id > $3 ORDER BY id LIMIT $4`),
		closed:     t.read(closed + `(ended, id) > ($2, $3) AND ended < $4 ORDER BY ended, id LIMIT $5`),
		unredacted: t.read(closed + `redacted = 0 AND (ended, id) > ($2, $3) AND ended < $4 ORDER BY ended, id LIMIT $5`),
		buried: t.read(`SELECT kind, wake_key, run_at, payload, token, leased_until, attempts, problem FROM {buried_wakes}
			WHERE tenant = $1 ORDER BY position`),
		readBreach:     t.read(`SELECT body FROM {breaches} WHERE tenant = $1 AND id = $2`),
		readBreachPage: t.read(`SELECT body FROM {breaches} WHERE tenant = $1 AND id > $2 ORDER BY id LIMIT $3`),
	}
}

// caseEvents returns the rows that hand events to the outbox. They have version
// 0: nothing of them changes a stream.
func (s *DSRStore) caseEvents(tenant privacy.TenantID, events []privacy.Event) ([]Statement, error) {
	rows := make([]Statement, len(events))
	for i, event := range events {
		envelope, err := encodeEvent(event)
		if err != nil {
			return nil, err
		}
		rows[i] = Statement{SQL: s.core.ledger.insertOutbox, Args: []any{
			int64(0), string(tenant), event.Subject, int64(0), event.Time.UnixMicro(), envelope,
		}}
	}
	return rows, nil
}

// Digest returns the digest of a key. See dsr.CaseStore.
func (s *DSRStore) Digest(ctx context.Context, tenant privacy.TenantID, key string) (string, error) {
	digest := ""
	err := s.work.read(ctx, "digest", Statement{
		SQL: s.core.dsr.digest, Args: []any{string(tenant), key},
		Each: func(row Row) error { return row.Scan(&digest) },
	})
	if err == nil && digest == "" {
		return "", fmt.Errorf("sqlstore: the key was not used: %w", privacy.ErrNotFound)
	}
	return digest, err
}

// Case returns a case. See dsr.CaseStore.
func (s *DSRStore) Case(ctx context.Context, tenant privacy.TenantID, id dsr.CaseID) (dsr.Case, error) {
	var body []byte
	err := s.work.read(ctx, "case", Statement{
		SQL: s.core.dsr.readCase, Args: []any{string(tenant), string(id)},
		Each: func(row Row) error { return row.Scan(&body) },
	})
	switch {
	case err != nil:
		return dsr.Case{}, err
	case body == nil:
		return dsr.Case{}, errNoCase
	}
	return dsr.DecodeCase(body)
}

var errNoCase = fmt.Errorf("sqlstore: no such case: %w", privacy.ErrNotFound)

// Log returns a page of the log of a case. See dsr.CaseStore.
func (s *DSRStore) Log(ctx context.Context, tenant privacy.TenantID, id dsr.CaseID, after uint64, limit int) ([]dsr.LogLine, error) {
	if limit < 1 {
		return nil, errLimit("lines")
	}
	var lines []dsr.LogLine
	err := s.work.read(ctx, "log", Statement{
		SQL: s.core.dsr.readLog, Args: []any{string(tenant), string(id), int64(min(after, 1<<63-1)), int64(limit)},
		Each: func(row Row) error {
			line := dsr.LogLine{Tenant: tenant, Case: id}
			var sequence, at int64
			var previous, hash []byte
			err := row.Scan(&sequence, &at, &line.Payload, &previous, &hash)
			line.Sequence, line.At = uint64(sequence), instant(at)
			line.Previous, line.Hash = hex.EncodeToString(previous), hex.EncodeToString(hash)
			lines = append(lines, line)
			return err
		},
	})
	if err != nil {
		return nil, err
	}
	return lines, nil
}

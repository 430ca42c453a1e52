package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/labelop/privacykit/policydoc"
	"github.com/labelop/privacykit/privacy"
)

// PolicydocStore keeps what package policydoc stores: the chains of policies and
// who acknowledged which version. Its events go to the one outbox, which
// ConsentStore delivers from. It is safe for concurrent use; that of a Tx is as
// safe as the transaction.
type PolicydocStore struct {
	core *core
	work work
}

var _ policydoc.Store = (*PolicydocStore)(nil)

// Policydoc returns the store of package policydoc.
func (db *DB) Policydoc() *PolicydocStore { return &PolicydocStore{core: db.core, work: db} }

// Policydoc returns the store of package policydoc within the transaction.
func (tx *Tx) Policydoc() *PolicydocStore { return &PolicydocStore{core: tx.core, work: tx} }

// policydocSQL are the statements on policies.
type policydocSQL struct {
	last, insertEntry, insertAcknowledgement, raise string
	entries, acknowledgements, unacknowledged       string
}

func newPolicydocSQL(t *template) policydocSQL {
	return policydocSQL{
		last: t.write(`SELECT entry_index, hash FROM {policy_entries} WHERE tenant = $1 AND policy = $2 ORDER BY entry_index DESC LIMIT 1`),
		insertEntry: t.write(`INSERT INTO {policy_entries} (tenant, policy, entry_index, hash, entry) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (tenant, policy, entry_index) DO NOTHING`),
		insertAcknowledgement: t.write(`INSERT INTO {policy_acknowledgements}
			(tenant, subject, policy, version, act, locale, text_hash, channel, acknowledged_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
			ON CONFLICT (tenant, subject, policy, version, act) DO NOTHING`),
		raise: t.write(`INSERT INTO {policy_readers} AS r (tenant, subject, policy, act, version) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (tenant, subject, policy, act) DO UPDATE SET version = {greatest}(r.version, excluded.version)`),
		entries: t.read(`SELECT entry FROM {policy_entries} WHERE tenant = $1 AND policy = $2 AND entry_index > $3 ORDER BY entry_index LIMIT $4`),
		acknowledgements: t.read(`SELECT version, act, locale, text_hash, channel, acknowledged_at FROM {policy_acknowledgements}
			WHERE tenant = $1 AND subject = $2 AND policy = $3 ORDER BY version, act`),
		// It goes from one version that occurs to the next, and from one subject to
		// the next of all versions, each time by one look into the index: what it
		// reads grows with the page, not with the subjects who are up to date.
		unacknowledged: t.read(`WITH RECURSIVE versions (version) AS MATERIALIZED (
				SELECT MIN(version) FROM {policy_readers} WHERE tenant = $1 AND policy = $2 AND act = $3 AND version < $4
				UNION ALL
				SELECT (SELECT MIN(r.version) FROM {policy_readers} r
					WHERE r.tenant = $1 AND r.policy = $2 AND r.act = $3 AND r.version > v.version AND r.version < $4)
				FROM versions v WHERE v.version IS NOT NULL
			), page (subject, rank) AS (
				SELECT (SELECT MIN((SELECT MIN(r.subject) FROM {policy_readers} r
					WHERE r.tenant = $1 AND r.policy = $2 AND r.act = $3 AND r.version = v.version AND r.subject > $5)) FROM versions v), CAST(1 AS bigint)
				UNION ALL
				SELECT (SELECT MIN((SELECT MIN(r.subject) FROM {policy_readers} r
					WHERE r.tenant = $1 AND r.policy = $2 AND r.act = $3 AND r.version = v.version AND r.subject > p.subject)) FROM versions v), p.rank + 1
				FROM page p WHERE p.subject IS NOT NULL AND p.rank < $6
			)
			SELECT subject FROM page WHERE subject IS NOT NULL ORDER BY rank`),
	}
}

// AppendEntry adds an entry to its policy's chain. See policydoc.Store.
func (s *PolicydocStore) AppendEntry(ctx context.Context, e policydoc.Entry, events []privacy.Event) error {
	if err := e.Policy.Check(); err != nil {
		return err
	}
	body, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("sqlstore: an entry cannot be encoded: %w", privacy.ErrInvalid)
	}
	rows, err := s.outboxRows(e.Policy.Tenant, "", events)
	if err != nil {
		return err
	}
	return s.work.write(ctx, "append policy entry", &entryUnit{sql: &s.core.policies, entry: &e, body: body, outbox: rows})
}

// outboxRows have version 0: nothing of a policy changes a stream.
func (s *PolicydocStore) outboxRows(tenant privacy.TenantID, subject privacy.SubjectID, events []privacy.Event) ([]Statement, error) {
	rows := make([]Statement, len(events))
	for i, event := range events {
		envelope, err := encodeEvent(event)
		if err != nil {
			return nil, err
		}
		rows[i] = Statement{SQL: s.core.ledger.insertOutbox, Args: []any{
			int64(0), string(tenant), string(subject), int64(0), event.Time.UnixMicro(), envelope,
		}}
	}
	return rows, nil
}

// entryUnit appends an entry where the chain ends with the one it follows. A
// race for its place ends at the primary key, without a failed statement, which
// would abort a transaction of the host.
type entryUnit struct {
	sql    *policydocSQL
	entry  *policydoc.Entry
	body   []byte
	outbox []Statement

	index    int64
	hash     []byte
	asked    bool
	inserted int64
}

func (u *entryUnit) start() []Statement {
	u.index, u.hash, u.asked, u.inserted = 0, make([]byte, len(policydoc.Hash{})), false, 0
	return []Statement{{
		SQL: u.sql.last, Args: []any{string(u.entry.Policy.Tenant), u.entry.Policy.Name},
		Each: func(row Row) error { return row.Scan(&u.index, &u.hash) },
	}}
}

func (u *entryUnit) next() ([]Statement, bool, error) {
	e := u.entry
	if u.asked && u.inserted > 0 {
		return u.outbox, true, nil
	}
	if u.asked || u.index != int64(e.Index)-1 || string(u.hash) != string(e.Previous[:]) {
		return nil, false, fmt.Errorf("sqlstore: entry %d does not follow the last one: %w", e.Index, privacy.ErrConflict)
	}
	u.asked = true
	return []Statement{{
		SQL: u.sql.insertEntry, Args: []any{string(e.Policy.Tenant), e.Policy.Name, int64(e.Index), e.Hash[:], u.body}, Affected: &u.inserted,
	}}, false, nil
}

// Entries returns a page of a policy's chain. See policydoc.Store.
func (s *PolicydocStore) Entries(ctx context.Context, policy policydoc.PolicyKey, after, limit int) ([]policydoc.Entry, error) {
	if limit < 1 {
		return nil, errLimit("entries")
	}
	var entries []policydoc.Entry
	err := s.work.read(ctx, "policy entries", Statement{
		SQL: s.core.policies.entries, Args: []any{string(policy.Tenant), policy.Name, int64(after), int64(limit)},
		Each: func(row Row) error {
			var body []byte
			if err := row.Scan(&body); err != nil {
				return err
			}
			var e policydoc.Entry
			if json.Unmarshal(body, &e) != nil {
				return fmt.Errorf("a stored entry cannot be read: %w", privacy.ErrInvalid)
			}
			entries = append(entries, e)
			return nil
		},
	})
	if err != nil {
		return nil, err
	}
	return entries, nil
}

// AppendAcknowledgement adds the first proof of its version and act. See
// policydoc.Store.
func (s *PolicydocStore) AppendAcknowledgement(ctx context.Context, a policydoc.Acknowledgement, events []privacy.Event) error {
	if err := checkAcknowledgement(&a); err != nil {
		return err
	}
	rows, err := s.outboxRows(a.Policy.Tenant, a.Subject, events)
	if err != nil {
		return err
	}
	return s.work.write(ctx, "append acknowledgement", &acknowledgementUnit{sql: &s.core.policies, proof: &a, outbox: rows})
}

func checkAcknowledgement(a *policydoc.Acknowledgement) error {
	if err := a.Policy.Check(); err != nil {
		return err
	}
	for what, text := range map[string]string{"subject": string(a.Subject), "act": string(a.Act), "locale": a.Locale, "channel": a.Channel} {
		if err := privacy.CheckID(what, text); err != nil {
			return err
		}
	}
	return nil
}

// acknowledgementUnit writes all that belongs to a proof if it is the first.
type acknowledgementUnit struct {
	sql    *policydocSQL
	proof  *policydoc.Acknowledgement
	outbox []Statement

	asked    bool
	inserted int64
}

func (u *acknowledgementUnit) start() []Statement {
	u.asked, u.inserted = false, 0
	return nil
}

func (u *acknowledgementUnit) next() ([]Statement, bool, error) {
	a := u.proof
	if !u.asked {
		u.asked = true
		return []Statement{{
			SQL: u.sql.insertAcknowledgement, Affected: &u.inserted,
			Args: []any{string(a.Policy.Tenant), string(a.Subject), a.Policy.Name, int64(a.Version), string(a.Act), a.Locale, a.Text[:], a.Channel, a.At.UnixMicro()},
		}}, false, nil
	}
	if u.inserted == 0 {
		return nil, true, nil
	}
	writes := []Statement{u.raise(a.Act)}
	if a.Act == policydoc.Accepted { // who accepted a version was shown it
		writes = append(writes, u.raise(policydoc.Shown))
	}
	return append(writes, u.outbox...), true, nil
}

func (u *acknowledgementUnit) raise(act policydoc.Act) Statement {
	a := u.proof
	return Statement{SQL: u.sql.raise, Args: []any{string(a.Policy.Tenant), string(a.Subject), a.Policy.Name, string(act), int64(a.Version)}}
}

// Acknowledgements returns those of a subject. See policydoc.Store.
func (s *PolicydocStore) Acknowledgements(ctx context.Context, policy policydoc.PolicyKey, subject privacy.SubjectID) ([]policydoc.Acknowledgement, error) {
	var proofs []policydoc.Acknowledgement
	err := s.work.read(ctx, "acknowledgements", Statement{
		SQL: s.core.policies.acknowledgements, Args: []any{string(policy.Tenant), string(subject), policy.Name},
		Each: func(row Row) error {
			a := policydoc.Acknowledgement{Policy: policy, Subject: subject}
			var version, at int64
			var hash []byte
			if err := row.Scan(&version, (*string)(&a.Act), &a.Locale, &hash, &a.Channel, &at); err != nil {
				return err
			}
			if len(hash) != len(a.Text) {
				return fmt.Errorf("a stored hash has %d bytes: %w", len(hash), privacy.ErrInvalid)
			}
			copy(a.Text[:], hash)
			a.Version, a.At = int(version), instant(at)
			proofs = append(proofs, a)
			return nil
		},
	})
	if err != nil {
		return nil, err
	}
	return proofs, nil
}

// Unacknowledged returns a page of the subjects whose highest version is too
// low. See policydoc.Store.
func (s *PolicydocStore) Unacknowledged(ctx context.Context, q policydoc.Outstanding) ([]privacy.SubjectID, error) {
	if q.Limit < 1 {
		return nil, errLimit("subjects")
	}
	var subjects []privacy.SubjectID
	err := s.work.read(ctx, "unacknowledged", Statement{
		SQL: s.core.policies.unacknowledged,
		Args: []any{
			string(q.Policy.Tenant), q.Policy.Name, string(q.Act), int64(q.Version), string(q.After), int64(q.Limit),
		},
		Each: func(row Row) error {
			var subject string
			err := row.Scan(&subject)
			subjects = append(subjects, privacy.SubjectID(subject))
			return err
		},
	})
	if err != nil {
		return nil, err
	}
	return subjects, nil
}

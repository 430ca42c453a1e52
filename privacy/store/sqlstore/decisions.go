package sqlstore

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

// decisionSQL are the statements on the log of decisions.
type decisionSQL struct {
	find, insert, insertNew, forget, forgetPlaceholder string
	// list is by whether one subject's decisions are wanted, disclosures only,
	// and only that with an ID.
	list [2][2][2]string
}

func newDecisionSQL(t *template) decisionSQL {
	s := decisionSQL{
		find:   t.write(`SELECT body FROM {decisions} WHERE tenant = $1 AND id = $2`),
		insert: t.write(`INSERT INTO {decisions} (tenant, id, subject, decided_at, recipient, body) VALUES ($1, $2, $3, $4, $5, $6)`),
		insertNew: t.write(`INSERT INTO {decisions} (tenant, id, subject, decided_at, recipient, body) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (tenant, id) DO NOTHING`),
		forget:            t.write(`DELETE FROM {decisions} WHERE tenant = $1 AND subject = $2 AND decided_at < $3`),
		forgetPlaceholder: t.write(`DELETE FROM {streams} WHERE tenant = $1 AND subject = $2 AND version = 0`),
	}
	const columns = `SELECT id, subject, decided_at, recipient, body FROM {decisions} WHERE tenant = $1 AND id > $2`
	for one, subject := range []string{"", " AND subject = $4"} {
		for only, recipient := range []string{"", " AND recipient IS NOT NULL"} {
			id := fmt.Sprintf(" AND id = $%d", 4+one)
			s.list[one][only][0] = t.read(columns + subject + recipient + ` ORDER BY id LIMIT $3`)
			s.list[one][only][1] = t.read(columns + subject + recipient + id + ` ORDER BY id LIMIT $3`)
		}
	}
	return s
}

func streamKey(tenant, subject string) consent.StreamKey {
	return consent.StreamKey{Tenant: privacy.TenantID(tenant), Subject: privacy.SubjectID(subject)}
}

// RecordDecision writes a decision that still holds. See consent.DecisionStore.
func (s *ConsentStore) RecordDecision(ctx context.Context, decision consent.DecisionRecord) error {
	u, err := s.decisionUnit(decision)
	if err != nil {
		return err
	}
	return s.work.write(ctx, "record decision", u)
}

// decisionUnit records a decision. The versions it rests on are locked against
// writers until the end of the transaction: nothing comes between the check and
// the decision.
type decisionUnit struct {
	core     *core
	decision *consent.DecisionRecord
	envelope string
	// careful is set in a transaction of the host: there the same ID, recorded by
	// another transaction meanwhile, must not end in a unique violation.
	careful bool

	guards   []guard
	stored   [][]byte
	asked    bool
	again    bool
	inserted int64
}

// guard is a stream with the version it must have.
type guard struct {
	key      consent.StreamKey
	expected uint64
	found    bool
	version  int64
}

func (s *ConsentStore) decisionUnit(decision consent.DecisionRecord) (*decisionUnit, error) {
	if err := checkDecision(&decision); err != nil {
		return nil, err
	}
	envelope, err := encodeEvent(decision.Event)
	if err != nil {
		return nil, err
	}
	u := &decisionUnit{core: s.core, decision: &decision, envelope: envelope, careful: s.joined}
	u.guards = []guard{{key: consent.StreamKey{Tenant: decision.Tenant}, expected: decision.Guard.TenantVersion}}
	if decision.Subject != "" {
		u.guards = append(u.guards, guard{
			key: consent.StreamKey{Tenant: decision.Tenant, Subject: decision.Subject}, expected: decision.Guard.SubjectVersion,
		})
	}
	return u, nil
}

func checkDecision(d *consent.DecisionRecord) error {
	if err := privacy.CheckID("tenant", string(d.Tenant)); err != nil {
		return err
	}
	if err := privacy.CheckID("decision id", d.ID); err != nil {
		return err
	}
	if d.Subject != "" {
		if err := privacy.CheckID("subject", string(d.Subject)); err != nil {
			return err
		}
	}
	if d.Recipient != "" {
		return privacy.CheckID("recipient", string(d.Recipient))
	}
	return nil
}

func (u *decisionUnit) start() []Statement {
	u.asked, u.again, u.inserted = false, false, 0
	return u.reads()
}

func (u *decisionUnit) reads() []Statement {
	statements := make([]Statement, 0, len(u.guards)+1)
	for i := range u.guards {
		g := &u.guards[i]
		g.found, g.version = false, 0
		statements = append(statements, Statement{
			SQL: u.core.ledger.guardStream, Args: g.args(),
			Each: func(row Row) error {
				g.found = true
				return row.Scan(&g.version)
			},
		})
	}
	return append(statements, u.find())
}

func (g *guard) args() []any { return []any{string(g.key.Tenant), string(g.key.Subject)} }

func (u *decisionUnit) find() Statement {
	u.stored = nil
	return Statement{
		SQL: u.core.log.find, Args: []any{string(u.decision.Tenant), u.decision.ID},
		Each: func(row Row) error {
			u.stored = append(u.stored, nil)
			return row.Scan(&u.stored[len(u.stored)-1])
		},
	}
}

func (u *decisionUnit) next() ([]Statement, bool, error) {
	switch {
	case len(u.stored) > 0:
		return nil, true, u.repeats()
	case u.inserted > 0:
		return []Statement{u.outboxRow()}, true, nil
	case u.asked && u.again:
		return nil, false, u.repeats()
	case u.asked: // in vain: another transaction has recorded the ID meanwhile
		u.again = true
		return []Statement{u.find()}, false, nil
	}
	if missing := u.placeholders(); len(missing) > 0 {
		return append(missing, u.reads()...), false, nil
	}
	for i := range u.guards {
		if uint64(u.guards[i].version) != u.guards[i].expected {
			return nil, false, fmt.Errorf("sqlstore: what the decision rests on has changed: %w", privacy.ErrConflict)
		}
	}
	if !u.careful {
		return []Statement{u.insert(u.core.log.insert), u.outboxRow()}, true, nil
	}
	u.asked = true
	return []Statement{u.insert(u.core.log.insertNew)}, false, nil
}

// placeholders are for streams without events: on PostgreSQL only a row that is
// there can be kept from changing.
func (u *decisionUnit) placeholders() []Statement {
	if u.core.dialect != PostgreSQL {
		return nil
	}
	var statements []Statement
	for i := range u.guards {
		if g := &u.guards[i]; !g.found && g.expected == 0 {
			statements = append(statements, Statement{SQL: u.core.ledger.placeStream, Args: g.args()})
		}
	}
	return statements
}

func (u *decisionUnit) repeats() error {
	if len(u.stored) > 0 && bytes.Equal(u.stored[0], u.decision.Body) {
		return nil
	}
	return fmt.Errorf("sqlstore: the decision id was used for another decision: %w", privacy.ErrConflict)
}

func (u *decisionUnit) insert(sql string) Statement {
	d := u.decision
	body := d.Body
	if body == nil {
		body = []byte{}
	}
	return Statement{
		SQL:      sql,
		Args:     []any{string(d.Tenant), d.ID, string(d.Subject), d.At.UnixMicro(), text(string(d.Recipient)), body},
		Affected: &u.inserted,
	}
}

// outboxRow has version 0: a decision changes no stream.
func (u *decisionUnit) outboxRow() Statement {
	d := u.decision
	return Statement{SQL: u.core.ledger.insertOutbox, Args: []any{
		int64(0), string(d.Tenant), string(d.Subject), int64(0), d.At.UnixMicro(), u.envelope,
	}}
}

// Decisions returns a page of the log. See consent.DecisionStore.
func (s *ConsentStore) Decisions(ctx context.Context, filter consent.DecisionFilter) ([]consent.DecisionRecord, error) {
	if filter.Limit < 1 {
		return nil, errLimit("decisions")
	}
	args := []any{string(filter.Tenant), filter.After, int64(filter.Limit)}
	one, only, exact := 0, 0, 0
	if !filter.AllSubjects {
		one, args = 1, append(args, string(filter.Subject))
	}
	if filter.Disclosures {
		only = 1
	}
	if filter.ID != "" {
		exact, args = 1, append(args, filter.ID)
	}
	var decisions []consent.DecisionRecord
	err := s.work.read(ctx, "decisions", Statement{
		SQL: s.core.log.list[one][only][exact], Args: args,
		Each: func(row Row) error {
			decision, err := scanDecision(row, filter.Tenant)
			decisions = append(decisions, decision)
			return err
		},
	})
	if err != nil {
		return nil, err
	}
	return decisions, nil
}

func scanDecision(row Row, tenant privacy.TenantID) (consent.DecisionRecord, error) {
	decision := consent.DecisionRecord{Tenant: tenant}
	var decidedAt int64
	var recipient *string
	err := row.Scan(&decision.ID, (*string)(&decision.Subject), &decidedAt, &recipient, &decision.Body)
	decision.At = instant(decidedAt)
	if recipient != nil {
		decision.Recipient = privacy.RecipientID(*recipient)
	}
	return decision, err
}

// ForgetDecisions deletes a subject's decisions. See consent.DecisionStore.
func (s *ConsentStore) ForgetDecisions(ctx context.Context, key consent.StreamKey, before time.Time) (int, error) {
	var deleted int64
	tenant, subject := string(key.Tenant), string(key.Subject)
	err := s.work.write(ctx, "forget decisions", single(func() []Statement {
		return []Statement{
			{SQL: s.core.log.forget, Args: []any{tenant, subject, before.UnixMicro()}, Affected: &deleted},
			{SQL: s.core.log.forgetPlaceholder, Args: []any{tenant, subject}},
		}
	}))
	return int(deleted), err
}

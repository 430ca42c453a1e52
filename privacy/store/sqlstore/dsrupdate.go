package sqlstore

import (
	"context"
	"encoding/hex"
	"fmt"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/privacy"
)

// Update writes a unit of work. See dsr.CaseStore.
func (s *DSRStore) Update(ctx context.Context, u dsr.Update) error {
	if err := u.Validate(); err != nil {
		return err
	}
	body, err := dsr.EncodeCase(u.Case)
	if err != nil {
		return err
	}
	events, err := s.caseEvents(u.Case.Tenant, u.Events)
	if err != nil {
		return err
	}
	unit := &caseUnit{
		sql: &s.core.dsr, update: &u, body: body, events: events, retention: &RetentionStore{core: s.core, work: s.work},
		tenant: string(u.Case.Tenant), id: string(u.Case.ID), place: s.joined && s.core.dialect == PostgreSQL,
	}
	if len(u.Effects) > 0 {
		ledger := &ConsentStore{core: s.core, work: s.work, joined: s.joined}
		if unit.effects, err = ledger.effectsUnit(u.Effects); err != nil {
			return err
		}
	}
	return s.work.write(ctx, "update case", unit)
}

// caseUnit carries out an update: it locks the key, the case, the lease and the
// streams of the effects, decides, and writes all of it at once.
type caseUnit struct {
	sql        *dsrSQL
	update     *dsr.Update
	body       []byte
	events     []Statement
	effects    *appendUnit // nil if there are none
	retention  *RetentionStore
	tenant, id string
	// place is set where rows that are not there must be placed, to be locked,
	// as in appendUnit.
	place bool

	stored  storedCase
	digest  string
	keyed   bool  // the row of the key is there
	token   int64 // of the wake-up, -1 if it is gone
	decided bool
	writes  []Statement
}

// storedCase is what an update looks at.
type storedCase struct {
	there           bool
	version, lastAt int64
	head            dsr.LogHead
	subject         *string
	rights          string
}

func (u *caseUnit) start() []Statement {
	u.stored, u.digest, u.keyed, u.token, u.decided, u.writes = storedCase{}, "", false, -1, false, nil
	var statements []Statement
	if u.place {
		statements = append(statements, Statement{SQL: u.sql.placeCase, Args: []any{u.tenant, u.id, []byte{}}})
		if u.update.Key != "" {
			statements = append(statements, Statement{SQL: u.sql.placeKey, Args: []any{u.tenant, u.update.Key, u.id}})
		}
	}
	statements = append(statements, Statement{SQL: u.sql.lockCase, Args: []any{u.tenant, u.id}, Each: u.stored.scan})
	if u.update.Key != "" {
		statements = append(statements, Statement{SQL: u.sql.lockKey, Args: []any{u.tenant, u.update.Key}, Each: func(row Row) error {
			u.keyed = true
			return row.Scan(&u.digest)
		}})
	}
	if lease := u.update.Completes; lease != nil {
		statements = append(statements, Statement{
			SQL: u.sql.lockWake, Args: wakeArgs(lease.Wake), Each: func(row Row) error { return row.Scan(&u.token) },
		})
	}
	if u.effects != nil {
		statements = append(statements, u.effects.start()...)
	}
	return statements
}

func (c *storedCase) scan(row Row) error {
	var sequence int64
	var hash []byte
	err := row.Scan(&c.version, &c.lastAt, &sequence, &hash, &c.subject, &c.rights)
	c.there, c.head = true, dsr.LogHead{Sequence: uint64(sequence), Hash: hex.EncodeToString(hash)}
	return err
}

func (u *caseUnit) next() ([]Statement, bool, error) {
	if !u.decided {
		if u.digest != "" {
			return nil, true, u.repeated()
		}
		if err := u.decide(); err != nil {
			return nil, false, err
		}
		u.decided = true
	}
	if u.effects == nil {
		return append(u.writes, u.events...), true, nil
	}
	statements, last, err := u.effects.next()
	if err != nil || !last {
		return statements, false, err
	}
	return append(append(statements, u.writes...), u.events...), true, nil
}

// repeated tells a repeated update from another one under its key.
func (u *caseUnit) repeated() error {
	if u.digest != u.update.Digest {
		return fmt.Errorf("sqlstore: the key was used for something else: %w", privacy.ErrConflict)
	}
	return nil
}

// decide refuses the update or collects what it writes.
func (u *caseUnit) decide() error {
	expect := int64(u.update.Expect)
	switch {
	case expect == 0 && u.stored.version != 0:
		return fmt.Errorf("sqlstore: the case exists: %w", privacy.ErrExists)
	case expect != 0 && u.stored.version == 0:
		return errNoCase
	case u.stored.version != expect:
		return fmt.Errorf("sqlstore: the case has another version: %w", privacy.ErrConflict)
	case u.update.Completes != nil && u.token != int64(u.update.Completes.Token):
		return errLease
	}
	lines, head, err := dsr.ChainLog(u.update.Case.Tenant, u.update.Case.ID, u.stored.head, u.update.Lines)
	if err != nil {
		return err
	}
	u.writes = append(u.writes, u.writeCase(lines, head))
	for i := range lines {
		u.writes = append(u.writes, u.writeLine(&lines[i]))
	}
	u.writeRest()
	return u.followRights()
}

func (u *caseUnit) writeCase(lines []dsr.LogLine, head dsr.LogHead) Statement {
	c := &u.update.Case
	received := c.Received.UnixMicro()
	last := max(u.stored.lastAt, received)
	for i := range lines {
		last = max(last, lines[i].At.UnixMicro())
	}
	ended := any(nil)
	if c.Ended() {
		ended = last
	}
	sql := u.sql.insertCase
	if u.stored.there {
		sql = u.sql.updateCase
	}
	return Statement{SQL: sql, Args: []any{
		u.tenant, u.id, int64(c.Version), c.State().String(), flag(c.Open()), dueText(u.update.Due), received, text(string(c.Subject)), c.Regime,
		flag(c.Redacted), ended, last, int64(head.Sequence), hashBytes(head.Hash), u.body, flag(c.HasDeadTask()), rightCodes(c.OpenRights()),
	}}
}

func (u *caseUnit) writeLine(line *dsr.LogLine) Statement {
	return Statement{SQL: u.sql.insertLine, Args: []any{
		u.tenant, u.id, int64(line.Sequence), line.At.UnixMicro(), line.Payload, hashBytes(line.Previous), hashBytes(line.Hash),
	}}
}

// writeRest collects the key, the completion and the wake-ups.
func (u *caseUnit) writeRest() {
	if key := u.update.Key; key != "" {
		sql := u.sql.insertKey
		if u.keyed {
			sql = u.sql.updateKey
		}
		u.writes = append(u.writes, Statement{SQL: sql, Args: []any{u.tenant, key, u.update.Digest, u.id}})
	}
	if lease := u.update.Completes; lease != nil {
		u.writes = append(u.writes, Statement{SQL: u.sql.deleteWake, Args: wakeArgs(lease.Wake)})
	}
	for _, wake := range u.update.Wakes {
		u.writes = append(u.writes, Statement{SQL: u.sql.insertWake, Args: append(wakeArgs(wake), wake.RunAt.UnixMicro(), wake.Payload)})
	}
}

// hashBytes returns the bytes of a hash that ChainLog has made, none of none.
func hashBytes(hash string) []byte {
	b, _ := hex.DecodeString(hash) // hexadecimal
	return b
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// noDue is the due day of cases that have none: it comes after every date.
const noDue = "none"

func dueText(due privacy.Date) string {
	if due.IsZero() {
		return noDue
	}
	return due.String()
}

package sqlstore

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

// outboxSQL are the statements on the two feeds.
type outboxSQL struct {
	claim, acknowledge           string
	trim, trimUndelivered, raise string
	changes, head                string
}

func newOutboxSQL(t *template, dialect Dialect) outboxSQL {
	// Rows that the cache feed does not show yet stay: what it shows later must
	// never lie behind what was trimmed.
	trim := func(rows string) string {
		rows = `(SELECT position FROM {outbox} WHERE ` + rows + ` LIMIT ` + strconv.Itoa(trimChunk) + `)`
		in := `IN ` + rows
		if dialect == PostgreSQL { // which may read the whole table to join it with a list
			in = `= ANY (ARRAY ` + rows + `)`
		}
		return t.write(`DELETE FROM {outbox} WHERE position ` + in + ` RETURNING version, {order}`)
	}
	s := outboxSQL{
		claim: t.write(`WITH due AS MATERIALIZED (
				SELECT position FROM {outbox} WHERE delivered = 0 AND claimed_until <= $1
				ORDER BY position LIMIT $2 {skip locked}
			)
			UPDATE {outbox} SET claimed_by = $3, claimed_until = $4, attempt = attempt + 1
			WHERE position IN (SELECT position FROM due)
			RETURNING position, attempt, event`),
		acknowledge:     t.write(`UPDATE {outbox} SET delivered = 1 WHERE position = $1 AND claimed_by = $2`),
		trim:            trim(`delivered = 1 AND recorded_at < $1 AND {settled} ORDER BY recorded_at, position`),
		trimUndelivered: trim(`delivered = 0 AND recorded_at < $1 AND {settled} ORDER BY position`),
		raise: t.write(`UPDATE {feed} SET transaction_id = $1, version = $2, position = $3
			WHERE (transaction_id, version, position) < ($1, $2, $3)`),
	}
	s.changes, s.head = feedSQL(t, dialect)
	return s
}

// Claim reserves undelivered events for a worker. See consent.OutboxStore.
func (s *ConsentStore) Claim(ctx context.Context, claim consent.Claim) ([]consent.Delivery, error) {
	if err := privacy.CheckID("worker", claim.Worker); err != nil {
		return nil, err
	}
	if claim.Limit < 1 {
		return nil, errLimit("a claim")
	}
	if claim.Lease <= 0 {
		return nil, fmt.Errorf("sqlstore: a lease must be longer than nothing: %w", privacy.ErrInvalid)
	}
	u := &claimUnit{sql: s.core.outbox.claim, args: []any{
		claim.Now.UnixMicro(), int64(claim.Limit), claim.Worker, claim.Now.Add(claim.Lease).UnixMicro(),
	}}
	if err := s.work.write(ctx, "claim", u); err != nil {
		return nil, err
	}
	slices.SortFunc(u.claimed, func(a, b claimed) int { return cmp.Compare(a.position, b.position) })
	deliveries := make([]consent.Delivery, len(u.claimed))
	for i, c := range u.claimed {
		deliveries[i] = consent.Delivery{Position: strconv.FormatInt(c.position, 10), Attempt: int(c.attempt)}
		if err := json.Unmarshal(c.envelope, &deliveries[i].Event); err != nil {
			return nil, fmt.Errorf("sqlstore: a stored audit event cannot be read: %w", privacy.ErrInvalid)
		}
	}
	return deliveries, nil
}

type claimed struct {
	position, attempt int64
	envelope          []byte
}

type claimUnit struct {
	sql     string
	args    []any
	claimed []claimed
}

func (u *claimUnit) start() []Statement {
	u.claimed = nil
	return nil
}

func (u *claimUnit) next() ([]Statement, bool, error) {
	return []Statement{{SQL: u.sql, Args: u.args, Each: func(row Row) error {
		var c claimed
		err := row.Scan(&c.position, &c.attempt, &c.envelope)
		u.claimed = append(u.claimed, c)
		return err
	}}}, true, nil
}

// Acknowledge marks events as delivered. See consent.OutboxStore. To
// acknowledge again what the same worker has acknowledged does nothing.
func (s *ConsentStore) Acknowledge(ctx context.Context, worker string, positions []string) error {
	marked := make([]int64, len(positions))
	err := s.work.write(ctx, "acknowledge", single(func() []Statement {
		statements := make([]Statement, 0, len(positions))
		for i, position := range positions {
			// What is not a number is no position of ours: nobody holds it.
			if number, err := strconv.ParseInt(position, 10, 64); err == nil {
				statements = append(statements, Statement{SQL: s.core.outbox.acknowledge, Args: []any{number, worker}, Affected: &marked[i]})
			}
		}
		return statements
	}))
	if err != nil {
		return err
	}
	if slices.Contains(marked, 0) {
		return fmt.Errorf("sqlstore: an event is not held by the worker any more: %w", privacy.ErrConflict)
	}
	return nil
}

// trimChunk bounds the rows that one transaction of Trim deletes.
const trimChunk = 1000

// Trim deletes old rows of the outbox, a thousand in a transaction. See
// consent.OutboxStore. What an open transaction keeps the cache feed from
// showing stays for a later call.
func (s *ConsentStore) Trim(ctx context.Context, before time.Time, undelivered bool) (int, error) {
	sql := &s.core.outbox
	texts := []string{sql.trim}
	if undelivered {
		texts = append(texts, sql.trimUndelivered)
	}
	total := 0
	for _, text := range texts {
		u := &trimUnit{raise: sql.raise, remove: text, args: []any{before.UnixMicro()}}
		for full := true; full; full = u.count == trimChunk {
			if err := s.work.write(ctx, "trim", u); err != nil {
				return total, err
			}
			total += u.count
		}
	}
	return total, nil
}

// trimUnit deletes rows and raises the horizon, before which the cache feed has
// gaps.
type trimUnit struct {
	raise, remove string
	args          []any
	count         int
	horizon       place
}

func (u *trimUnit) start() []Statement {
	u.count, u.horizon = 0, place{}
	return []Statement{{
		SQL: u.remove, Args: u.args,
		Each: func(row Row) error {
			var version int64
			var at place
			if err := row.Scan(&version, &at.transaction, &at.version, &at.position); err != nil {
				return err
			}
			u.count++
			if version > 0 && u.horizon.before(at) {
				u.horizon = at
			}
			return nil
		},
	}}
}

func (u *trimUnit) next() ([]Statement, bool, error) {
	if u.horizon == (place{}) {
		return nil, true, nil
	}
	return []Statement{{SQL: u.raise, Args: u.horizon.args()}}, true, nil
}

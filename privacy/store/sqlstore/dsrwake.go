package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/privacy"
)

var errLease = fmt.Errorf("sqlstore: the lease is not the latest: %w", privacy.ErrConflict)

// wakeArgs is the key of a wake-up.
func wakeArgs(w dsr.Wake) []any { return []any{string(w.Tenant), w.Kind, w.Key} }

// Claim leases wake-ups that are due. See dsr.WakeStore.
func (s *DSRStore) Claim(ctx context.Context, now, until time.Time, limit int) ([]dsr.Lease, error) {
	if limit < 1 {
		return nil, errLimit("wake-ups")
	}
	u := &leaseUnit{sql: &s.core.dsr, now: now.UnixMicro(), until: until.UnixMicro(), limit: int64(limit)}
	if err := s.work.write(ctx, "claim wake-ups", u); err != nil {
		return nil, err
	}
	return u.leases, nil
}

// leaseUnit claims wake-ups that no other claim holds.
type leaseUnit struct {
	sql               *dsrSQL
	now, until, limit int64

	leases []dsr.Lease
}

func (u *leaseUnit) start() []Statement {
	u.leases = nil
	return []Statement{{SQL: u.sql.dueWakes, Args: []any{u.now, u.limit}, Each: func(row Row) error {
		var lease dsr.Lease
		var runAt, token, attempts int64
		err := row.Scan((*string)(&lease.Tenant), &lease.Kind, &lease.Key, &runAt, &lease.Payload, &token, &attempts, &lease.Problem)
		lease.RunAt, lease.Until = instant(runAt), instant(u.until)
		lease.Token, lease.Attempts = uint64(max(token+1, u.now)), int(attempts)+1
		u.leases = append(u.leases, lease)
		return err
	}}}
}

func (u *leaseUnit) next() ([]Statement, bool, error) {
	writes := make([]Statement, len(u.leases))
	for i := range u.leases {
		lease := &u.leases[i]
		writes[i] = Statement{SQL: u.sql.claimWake, Args: append(wakeArgs(lease.Wake), u.until, int64(lease.Token), int64(lease.Attempts))}
	}
	return writes, true, nil
}

// Retry gives a wake-up back. See dsr.WakeStore.
func (s *DSRStore) Retry(ctx context.Context, lease dsr.Lease, at time.Time, problem string) error {
	return s.work.write(ctx, "retry wake-up", &retryUnit{heldWake: heldWake{sql: &s.core.dsr, lease: &lease}, at: at.UnixMicro(), problem: problem})
}

// heldWake is the wake-up of a lease while a unit works on it.
type heldWake struct {
	sql   *dsrSQL
	lease *dsr.Lease

	there                  bool
	runAt, token, attempts int64
	payload                string
	until                  *int64
}

func (h *heldWake) read() Statement {
	h.there, h.until = false, nil
	return Statement{SQL: h.sql.readWake, Args: wakeArgs(h.lease.Wake), Each: func(row Row) error {
		h.there = true
		return row.Scan(&h.runAt, &h.payload, &h.token, &h.until, &h.attempts)
	}}
}

// check reports that the lease is not the latest.
func (h *heldWake) check() error {
	switch {
	case !h.there:
		return fmt.Errorf("sqlstore: the wake-up is gone: %w", privacy.ErrNotFound)
	case h.token != int64(h.lease.Token):
		return errLease
	}
	return nil
}

type retryUnit struct {
	heldWake
	at      int64
	problem string
}

func (u *retryUnit) start() []Statement { return []Statement{u.read()} }

func (u *retryUnit) next() ([]Statement, bool, error) {
	if err := u.check(); err != nil {
		return nil, false, err
	}
	return []Statement{{SQL: u.sql.retryWake, Args: append(wakeArgs(u.lease.Wake), u.at, u.problem)}}, true, nil
}

// Bury ends a wake-up for good. See dsr.WakeStore.
func (s *DSRStore) Bury(ctx context.Context, lease dsr.Lease, problem string) error {
	return s.work.write(ctx, "bury wake-up", &buryUnit{heldWake: heldWake{sql: &s.core.dsr, lease: &lease}, problem: problem})
}

// buryUnit moves a wake-up behind the last one that was buried in its tenant. A
// race for that place ends at the primary key, and is run again.
type buryUnit struct {
	heldWake
	problem string

	last    int64
	written int64
	asked   bool
}

func (u *buryUnit) start() []Statement {
	u.asked, u.written = false, 0
	return []Statement{u.read(), u.findPlace()}
}

func (u *buryUnit) findPlace() Statement {
	u.last = 0
	return Statement{
		SQL: u.sql.lastBuried, Args: []any{string(u.lease.Tenant)}, Each: func(row Row) error { return row.Scan(&u.last) },
	}
}

func (u *buryUnit) next() ([]Statement, bool, error) {
	if err := u.check(); err != nil {
		return nil, false, err
	}
	switch {
	case u.written > 0:
		return []Statement{{SQL: u.sql.deleteWake, Args: wakeArgs(u.lease.Wake)}}, true, nil
	case u.asked:
		u.asked = false
		return []Statement{u.findPlace()}, false, nil
	}
	u.asked = true
	until := any(nil)
	if u.until != nil {
		until = *u.until
	}
	return []Statement{{SQL: u.sql.bury, Affected: &u.written, Args: []any{
		string(u.lease.Tenant), u.last + 1, u.lease.Kind, u.lease.Key, u.runAt, u.payload, u.token, until, u.attempts, u.problem,
	}}}, false, nil
}

// Buried returns what was buried in a tenant. See dsr.WakeStore.
func (s *DSRStore) Buried(ctx context.Context, tenant privacy.TenantID) ([]dsr.Lease, error) {
	var buried []dsr.Lease
	err := s.work.read(ctx, "buried wake-ups", Statement{SQL: s.core.dsr.buried, Args: []any{string(tenant)}, Each: func(row Row) error {
		lease := dsr.Lease{Wake: dsr.Wake{Tenant: tenant}}
		var runAt, token, attempts int64
		var until *int64
		err := row.Scan(&lease.Kind, &lease.Key, &runAt, &lease.Payload, &token, &until, &attempts, &lease.Problem)
		lease.RunAt, lease.Token, lease.Attempts = instant(runAt), uint64(token), int(attempts)
		if until != nil {
			lease.Until = instant(*until)
		}
		buried = append(buried, lease)
		return err
	}})
	if err != nil {
		return nil, err
	}
	return buried, nil
}

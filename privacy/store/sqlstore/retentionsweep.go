package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
)

// CreateSweep stores a sweep. See retention.SweepStore.
func (s *RetentionStore) CreateSweep(ctx context.Context, sweep retention.Sweep) error {
	if err := privacy.CheckID("sweep", sweep.ID); err != nil {
		return err
	}
	return s.work.write(ctx, "create sweep", &createSweepUnit{sql: &s.core.retention, sweep: &sweep})
}

type createSweepUnit struct {
	sql   *retentionSQL
	sweep *retention.Sweep

	plan       []byte
	approvedBy string
}

func (u *createSweepUnit) start() []Statement {
	u.plan, u.approvedBy = nil, ""
	return []Statement{
		{SQL: u.sql.insertSweep, Args: []any{u.sweep.ID, u.sweep.PlanHash[:], u.sweep.ApprovedBy, u.sweep.StartedAt.UnixMicro()}},
		{SQL: u.sql.sweepPlan, Args: []any{u.sweep.ID}, Each: func(row Row) error { return row.Scan(&u.plan, &u.approvedBy) }},
	}
}

func (u *createSweepUnit) next() ([]Statement, bool, error) {
	if string(u.plan) != string(u.sweep.PlanHash[:]) || u.approvedBy != u.sweep.ApprovedBy {
		return nil, false, fmt.Errorf("sqlstore: the sweep has another plan or approval: %w", privacy.ErrConflict)
	}
	return nil, true, nil
}

// fencing reads a sweep and the latest leases of shards, and locks the leases until
// the end of the transaction: shared, if they are not to be changed.
type fencing struct {
	store  *RetentionStore
	sweep  string
	leases []retention.Lease

	found  bool
	latest map[retention.Shard]uint64
}

func (f *fencing) statements(lock string) []Statement {
	f.found, f.latest = false, map[retention.Shard]uint64{}
	var shards []any
	for _, lease := range f.leases {
		shards = append(shards, int64(lease.Shard))
	}
	sql := &f.store.core.retention
	statements := []Statement{{SQL: sql.sweepPlan, Args: []any{f.sweep}, Each: func(Row) error {
		f.found = true
		return nil
	}}}
	return append(statements, f.store.in(sql.leasesIn, lock, []any{f.sweep}, shards, func(row Row) error {
		var shard, fence int64
		err := row.Scan(&shard, &fence)
		f.latest[retention.Shard(shard)] = uint64(fence)
		return err
	})...)
}

// check reports whether the leases are the latest, and cover shards.
func (f *fencing) check(shards []retention.Shard) error {
	if !f.found {
		return errNoSweep()
	}
	for _, shard := range shards {
		if !slices.ContainsFunc(f.leases, func(l retention.Lease) bool { return l.Shard == shard }) {
			return fmt.Errorf("sqlstore: no lease is about the shard: %w", privacy.ErrInvalid)
		}
	}
	for _, lease := range f.leases {
		if latest := f.latest[lease.Shard]; latest == 0 || latest != lease.Fence {
			return fmt.Errorf("sqlstore: the lease is not the latest of its shard: %w", privacy.ErrConflict)
		}
	}
	return nil
}

// Claim claims records for disposal. See retention.SweepStore.
func (s *RetentionStore) Claim(ctx context.Context, sweep string, leases []retention.Lease, claims []retention.Claim, at time.Time) ([]retention.ClaimResult, error) {
	u := &claimRecordsUnit{
		fencing: fencing{store: s, sweep: sweep, leases: sortedLeases(leases)},
		claims:  claims, bodies: make([][]byte, len(claims)), at: at,
	}
	for i := range claims {
		var err error
		if u.bodies[i], err = encoded("claim", claims[i]); err != nil {
			return nil, err
		}
	}
	if err := s.work.write(ctx, "claim records", u); err != nil {
		return nil, err
	}
	for i := range claims {
		u.results[i].Claimed = u.inserted[i] > 0
	}
	return u.results, nil
}

// claimRecordsUnit locks out holds and requests of the tenants concerned, reads
// those there are, and claims what is left.
type claimRecordsUnit struct {
	fencing
	claims []retention.Claim
	bodies [][]byte
	at     time.Time

	holds    map[privacy.TenantID]*[]retention.Hold
	requests map[subjectOf]privacy.Right
	results  []retention.ClaimResult
	inserted []int64
}

type subjectOf struct {
	tenant  privacy.TenantID
	subject privacy.SubjectID
}

func (u *claimRecordsUnit) start() []Statement {
	u.holds, u.requests = map[privacy.TenantID]*[]retention.Hold{}, map[subjectOf]privacy.Right{}
	subjects := map[privacy.TenantID][]any{}
	tenants := []privacy.TenantID{""}
	for i := range u.claims {
		r := &u.claims[i].Record
		if u.holds[r.Tenant] == nil {
			u.holds[r.Tenant] = new([]retention.Hold)
			tenants = append(tenants, r.Tenant)
		}
		subjects[r.Tenant] = append(subjects[r.Tenant], string(r.Subject))
	}
	statements := append(u.store.guards(tenants, true), u.statements(u.store.core.retention.sharing)...)
	for tenant, holds := range u.holds {
		statements = append(statements, u.store.holdsOf(tenant, holds)...)
		statements = append(statements, u.requestsOf(tenant, subjects[tenant])...)
	}
	return statements
}

func (u *claimRecordsUnit) requestsOf(tenant privacy.TenantID, subjects []any) []Statement {
	sql := &u.store.core.retention
	return u.store.in(sql.subjectRequestsIn, sql.byID, []any{string(tenant)}, subjects, func(row Row) error {
		var subject, code string
		if err := row.Scan(&subject, &code); err != nil {
			return err
		}
		key := subjectOf{tenant, privacy.SubjectID(subject)}
		if u.requests[key] != 0 {
			return nil
		}
		var err error
		u.requests[key], err = storedRight(code)
		return err
	})
}

func (u *claimRecordsUnit) next() ([]Statement, bool, error) {
	shards := make([]retention.Shard, len(u.claims))
	for i := range u.claims {
		shards[i] = u.claims[i].Shard
	}
	if err := u.check(shards); err != nil {
		return nil, false, err
	}
	sets := map[privacy.TenantID]*retention.Holds{}
	for tenant, holds := range u.holds {
		var err error
		if sets[tenant], err = retention.NewHolds(*holds, nil); err != nil {
			return nil, false, err
		}
	}
	u.results, u.inserted = make([]retention.ClaimResult, len(u.claims)), make([]int64, len(u.claims))
	var free []int
	for i := range u.claims {
		r := &u.claims[i].Record
		if held := sets[r.Tenant].On(r, r.DayOf(u.at)); len(held) > 0 {
			u.results[i].HoldID = held[0].ID
		} else if u.results[i].Request = u.requests[subjectOf{r.Tenant, r.Subject}]; u.results[i].Request == 0 {
			free = append(free, i)
		}
	}
	// In one order, so that two sweeps do not wait for each other.
	slices.SortFunc(free, func(a, b int) int { return compareTokens(u.claims[a].Token, u.claims[b].Token) })
	statements := make([]Statement, len(free))
	for n, i := range free {
		c := &u.claims[i]
		statements[n] = Statement{SQL: u.store.core.retention.claim, Affected: &u.inserted[i], Args: []any{
			c.Token[:], string(c.Record.Tenant), u.sweep, int64(c.Shard), u.bodies[i], u.at.UnixMicro(),
		}}
	}
	return statements, true, nil
}

// Items returns a page of a log. See retention.SweepStore.
func (s *RetentionStore) Items(ctx context.Context, sweep string, after uint64, limit int) ([]retention.Item, error) {
	if limit < 1 {
		return nil, errLimit("items")
	}
	var items []retention.Item
	err := s.readSweep(ctx, "items", sweep, Statement{
		SQL: s.core.retention.items, Args: []any{sweep, int64(min(after, 1<<63-1)), int64(limit)}, Each: stored("item", &items),
	})
	if err != nil {
		return nil, err
	}
	return items, nil
}

// readSweep reads what belongs to a sweep that must be there.
func (s *RetentionStore) readSweep(ctx context.Context, op, sweep string, statements ...Statement) error {
	found := false
	statements = append(statements, Statement{SQL: s.core.retention.sweepPlan, Args: []any{sweep}, Each: func(Row) error {
		found = true
		return nil
	}})
	err := s.work.read(ctx, op, statements...)
	if err == nil && !found {
		err = errNoSweep()
	}
	return err
}

// Disposed returns how records were disposed of last. See retention.SweepStore.
func (s *RetentionStore) Disposed(ctx context.Context, tokens []retention.Token) ([]retention.Action, error) {
	last := map[retention.Token]retention.Action{}
	statements := s.in(s.core.retention.disposedIn, s.core.retention.byDisposal, nil, tokenArgs(tokens), func(row Row) error {
		var token []byte
		var code string
		if err := row.Scan(&token, &code); err != nil {
			return err
		}
		action, err := retention.ParseAction(code)
		last[retention.Token(token)] = action
		return err
	})
	if err := s.work.read(ctx, "disposed", statements...); err != nil {
		return nil, err
	}
	actions := make([]retention.Action, len(tokens))
	for i, token := range tokens {
		actions[i] = last[token]
	}
	return actions, nil
}

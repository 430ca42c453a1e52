package sqlstore

import (
	"context"
	"slices"
	"time"

	"github.com/labelop/privacykit/retention"
)

// Lease leases shards of a sweep. See retention.ShardStore.
func (s *RetentionStore) Lease(ctx context.Context, sweep string, shards []retention.Shard, now, until time.Time) ([]retention.Lease, error) {
	u := &shardUnit{
		fencing: fencing{store: s, sweep: sweep}, shards: slices.Compact(slices.Sorted(slices.Values(shards))),
		now: now.UnixMicro(), until: until.UnixMicro(),
	}
	if err := s.work.write(ctx, "lease shards", u); err != nil {
		return nil, err
	}
	return u.got, nil
}

type shardUnit struct {
	fencing
	shards     []retention.Shard
	now, until int64

	asked bool
	got   []retention.Lease
}

func (u *shardUnit) start() []Statement {
	u.asked, u.got = false, nil
	return u.statements("")
}

func (u *shardUnit) next() ([]Statement, bool, error) {
	if err := u.check(nil); err != nil || len(u.shards) == 0 {
		return nil, true, err
	}
	sql := &u.store.core.retention
	if u.asked {
		if len(u.got) > 0 {
			return nil, true, nil
		}
		return []Statement{{SQL: sql.want, Args: []any{u.sweep}}}, true, nil
	}
	u.asked = true
	statements := make([]Statement, len(u.shards))
	for i, shard := range u.shards {
		statements[i] = Statement{SQL: sql.lease, Args: []any{u.sweep, int64(shard), u.until, u.now}, Each: func(row Row) error {
			var fence int64
			err := row.Scan(&fence)
			u.got = append(u.got, retention.Lease{Shard: shard, Fence: uint64(fence)})
			return err
		}}
	}
	return statements, false, nil
}

// Renew makes leases end at another time. See retention.ShardStore.
func (s *RetentionStore) Renew(ctx context.Context, sweep string, leases []retention.Lease, until time.Time) (bool, error) {
	u := &renewShardsUnit{fencing: fencing{store: s, sweep: sweep, leases: sortedLeases(leases)}, until: until.UnixMicro()}
	if err := s.work.write(ctx, "renew leases", u); err != nil {
		return false, err
	}
	return u.wanted != 0, nil
}

type renewShardsUnit struct {
	fencing
	until, wanted int64
}

func (u *renewShardsUnit) start() []Statement {
	u.wanted = 0
	sql := &u.store.core.retention
	return append(u.statements(sql.updating), Statement{
		SQL: sql.wanted, Args: []any{u.sweep}, Each: func(row Row) error { return row.Scan(&u.wanted) },
	})
}

func (u *renewShardsUnit) next() ([]Statement, bool, error) {
	if err := u.check(nil); err != nil {
		return nil, false, err
	}
	shards := make([]any, len(u.leases))
	for i, lease := range u.leases {
		shards[i] = int64(lease.Shard)
	}
	return u.store.in(u.store.core.retention.renewIn, "", []any{u.sweep, u.until}, shards, nil), true, nil
}

// Release ends leases. See retention.ShardStore.
func (s *RetentionStore) Release(ctx context.Context, sweep string, leases []retention.Lease) error {
	ordered := sortedLeases(leases)
	var found int64
	err := s.work.write(ctx, "release leases", single(func() []Statement {
		var statements []Statement
		for _, lease := range ordered {
			statements = append(statements, Statement{
				SQL: s.core.retention.release, Args: []any{sweep, int64(lease.Shard), int64(min(lease.Fence, 1<<63-1))},
			})
		}
		return append(statements, Statement{SQL: s.core.retention.unwant, Args: []any{sweep}, Affected: &found})
	}))
	if err == nil && found == 0 {
		err = errNoSweep()
	}
	return err
}

// InFlight returns the claims of a sweep in shards. See retention.ShardStore.
func (s *RetentionStore) InFlight(ctx context.Context, sweep string, shards []retention.Shard) ([]retention.Claim, error) {
	var list []any
	for _, shard := range slices.Compact(slices.Sorted(slices.Values(shards))) {
		list = append(list, int64(shard))
	}
	var claims []retention.Claim
	sql := &s.core.retention
	err := s.readSweep(ctx, "claims in flight", sweep, s.in(sql.inFlightIn, sql.byToken, []any{sweep}, list, stored("claim", &claims))...)
	if err != nil {
		return nil, err
	}
	return claims, nil
}

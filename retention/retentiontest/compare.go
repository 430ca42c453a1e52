package retentiontest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
)

// Compare carries out the same n operations on two fresh stores, one call at a
// time, and returns what the first difference was. The operations are random but
// for the seed: holds, requests, leases, claims and records by several processes
// and sweeps, also stale, repeated and refused ones, and reads. memstore is the
// store to compare with.
func Compare(ctx context.Context, seed uint64, n int, a, b Store) error {
	r := &comparison{Context: ctx, random: rand.New(rand.NewPCG(seed, 0)), stores: [2]Store{a, b}, now: at}
	for _, id := range []string{"s1", "s2"} {
		if err := r.both(func(s Store) (any, error) { return nil, create(ctx, s, id) }); err != nil {
			return fmt.Errorf("seed %d: %w", seed, err)
		}
	}
	for i := range n {
		r.now = r.now.Add(time.Duration(r.random.IntN(40)) * time.Minute)
		name, do := r.pick()
		if err := r.both(do); err != nil {
			return fmt.Errorf("seed %d, operation %d (%s): %w", seed, i, name, err)
		}
	}
	return nil
}

// comparison is a sequence of operations under way. The leases are those of several
// processes that know nothing of each other; some are stale.
type comparison struct {
	context.Context
	random *rand.Rand
	stores [2]Store
	now    time.Time
	leases []heldLease
}

type heldLease struct {
	sweep string
	lease retention.Lease
}

// operation is a call, made on one store: what it returned, made comparable.
type operation func(s Store) (any, error)

func (r *comparison) pick() (string, operation) {
	operations := []struct {
		name   string
		weight int
		make   func() operation
	}{
		{"place hold", 3, r.placeHold},
		{"release hold", 3, r.releaseHold},
		{"holds", 2, r.holds},
		{"open request", 3, r.openRequest},
		{"close request", 3, r.closeRequest},
		{"requests", 2, r.requests},
		{"create sweep", 3, r.createSweep},
		{"lease", 8, r.lease},
		{"renew", 4, r.renew},
		{"release", 3, r.release},
		{"claim", 14, r.claim},
		{"record", 10, r.record},
		{"items", 4, r.items},
		{"disposed", 3, r.disposed},
		{"in flight", 4, r.inFlight},
		{"notices", 3, r.notices},
		{"told", 2, r.told},
	}
	total := 0
	for _, o := range operations {
		total += o.weight
	}
	n := r.random.IntN(total)
	for _, o := range operations {
		if n -= o.weight; n < 0 {
			return o.name, o.make()
		}
	}
	return "", nil
}

func (r *comparison) both(do operation) error {
	var values [2]string
	var errs [2]error
	for i, s := range r.stores {
		value, err := do(s)
		body, encodeErr := json.Marshal(value)
		if encodeErr != nil {
			return encodeErr
		}
		if values[i], errs[i] = string(body), err; values[i] == "[]" {
			values[i] = "null"
		}
	}
	if kind(errs[0]) != kind(errs[1]) {
		return fmt.Errorf("the first store returned %q (%w), the second %q (%w)", kind(errs[0]), errs[0], kind(errs[1]), errs[1])
	}
	if values[0] != values[1] {
		return fmt.Errorf("the first store returned\n\t%s\nthe second\n\t%s", values[0], values[1])
	}
	return nil
}

// kind names the contract's errors; others are nobody's promise.
func kind(err error) string {
	for _, target := range []error{privacy.ErrConflict, privacy.ErrInvalid, privacy.ErrNotFound, privacy.ErrExists} {
		if errors.Is(err, target) {
			return target.Error()
		}
	}
	if err != nil {
		return "another error"
	}
	return ""
}

func (r *comparison) chance(percent int) bool { return r.random.IntN(100) < percent }

func one[T any](r *comparison, list ...T) T { return list[r.random.IntN(len(list))] }

func (r *comparison) tenant() privacy.TenantID { return one[privacy.TenantID](r, "t1", "t2", "t1", "") }

func (r *comparison) sweep() string {
	if r.chance(3) {
		return "s3" // nobody creates it
	}
	return one(r, "s1", "s2")
}

func (r *comparison) subject() privacy.SubjectID {
	return privacy.SubjectID(fmt.Sprint("subject-", r.random.IntN(12)))
}

func (r *comparison) day() privacy.Date {
	return privacy.DateOf(r.now, time.UTC).AddDays(r.random.IntN(5) - 2)
}

func (r *comparison) placeHold() operation {
	hold := retention.Hold{ID: fmt.Sprint("H", r.random.IntN(6)), Owner: "legal", From: r.day()}
	hold.Scope.Tenant = r.tenant()
	switch {
	case r.chance(50) && hold.Scope.Tenant != "":
		hold.Scope.Subjects = []privacy.SubjectID{r.subject(), r.subject()}
	case r.chance(95):
		hold.Scope.Labels = []string{"x"}
	}
	if r.chance(50) {
		hold.Scope.Categories = []privacy.CategoryID{one[privacy.CategoryID](r, "image", "log")}
	}
	if r.chance(10) {
		hold.Owner = ""
	}
	return func(s Store) (any, error) { return s.PlaceHold(r, hold) }
}

func (r *comparison) releaseHold() operation {
	tenant, id, on := r.tenant(), fmt.Sprint("H", r.random.IntN(6)), r.day()
	return func(s Store) (any, error) { return nil, s.ReleaseHold(r, tenant, id, on) }
}

func (r *comparison) holds() operation {
	tenant := r.tenant()
	return func(s Store) (any, error) { return s.Holds(r, tenant) }
}

func (r *comparison) openRequest() operation {
	request := retention.Request{
		ID: fmt.Sprint("R", r.random.IntN(4)), Tenant: r.tenant(), Subjects: []privacy.SubjectID{r.subject()},
		Right: one(r, privacy.RightAccess, privacy.RightAccess, privacy.RightErasure),
	}
	if r.chance(30) {
		request.Subjects = append(request.Subjects, r.subject())
	}
	return func(s Store) (any, error) { return s.OpenRequest(r, request) }
}

func (r *comparison) closeRequest() operation {
	tenant, id := r.tenant(), fmt.Sprint("R", r.random.IntN(4))
	return func(s Store) (any, error) { return nil, s.CloseRequest(r, tenant, id) }
}

func (r *comparison) requests() operation {
	tenant := r.tenant()
	return func(s Store) (any, error) { return s.Requests(r, tenant) }
}

func (r *comparison) createSweep() operation {
	sweep := retention.Sweep{ID: one(r, "s1", "s2"), PlanHash: retention.Hash{1}, ApprovedBy: "dpo", StartedAt: r.now}
	if r.chance(20) {
		sweep.PlanHash = retention.Hash{2}
	}
	if r.chance(20) {
		sweep.ApprovedBy = "head of legal"
	}
	return func(s Store) (any, error) { return nil, s.CreateSweep(r, sweep) }
}

func (r *comparison) shards() []retention.Shard {
	list := make([]retention.Shard, r.random.IntN(7))
	for i := range list {
		list[i] = retention.Shard(r.random.IntN(4))
	}
	return list
}

func (r *comparison) lease() operation {
	sweep, shards, until := r.sweep(), r.shards(), r.now.Add(time.Duration(1+r.random.IntN(120))*time.Minute)
	known := false
	return func(s Store) (any, error) {
		leases, err := s.Lease(r, sweep, shards, r.now, until)
		for _, l := range leases {
			if !known { // the second store is to give the same
				r.leases = append(r.leases, heldLease{sweep, l})
			}
		}
		known = true
		return leases, err
	}
}

// held picks leases of a sweep: for each shard the latest known, or a stale one.
func (r *comparison) held(sweep string) []retention.Lease {
	latest := map[retention.Shard]retention.Lease{}
	for _, l := range r.leases {
		if l.sweep == sweep && (latest[l.lease.Shard].Fence == 0 || !r.chance(1)) {
			latest[l.lease.Shard] = l.lease
		}
	}
	var list []retention.Lease
	for _, shard := range allShards {
		if l, ok := latest[shard]; ok && !r.chance(2) {
			list = append(list, l)
		}
	}
	return list
}

func (r *comparison) renew() operation {
	sweep, until := r.sweep(), r.now.Add(time.Duration(r.random.IntN(120))*time.Minute)
	leases := r.held(sweep)
	return func(s Store) (any, error) { return s.Renew(r, sweep, leases, until) }
}

func (r *comparison) release() operation {
	sweep := r.sweep()
	leases := r.held(sweep)
	leases = leases[:r.random.IntN(len(leases)+1)]
	return func(s Store) (any, error) { return nil, s.Release(r, sweep, leases) }
}

// covered keeps a number within the shards of leases, most of the time.
func (r *comparison) covered(leases []retention.Lease) byte {
	n := byte(1 + r.random.IntN(24))
	if len(leases) > 0 && !r.chance(3) {
		n = n&^3 | byte(one(r, leases...).Shard)
	}
	return n
}

func (r *comparison) claim() operation {
	sweep := r.sweep()
	leases := r.held(sweep)
	claims := make([]retention.Claim, r.random.IntN(5))
	for i := range claims {
		n := r.covered(leases)
		c := claim(n, one[privacy.TenantID](r, "t1", "t2"), one[privacy.CategoryID](r, "image", "log"))
		c.Record.Subject = r.subject()
		c.Record.Zone = one(r, time.UTC, time.FixedZone("east", 5*3600), nil)
		if r.chance(30) {
			c.Record.Labels = []string{"x"}
		}
		claims[i] = c
	}
	now := r.now
	return func(s Store) (any, error) {
		results, err := s.Claim(r, sweep, leases, claims, now)
		var reasons []string
		for _, result := range results {
			reasons = append(reasons, result.Reason())
		}
		return reasons, err
	}
}

func (r *comparison) record() operation {
	sweep := r.sweep()
	leases := r.held(sweep)
	items := make([]retention.Item, r.random.IntN(4))
	var pending []retention.Notice
	for i := range items {
		n := r.covered(leases)
		items[i] = item(n, one(r, retention.Disposed, retention.HiddenNow, retention.Skipped, retention.Failed))
		items[i].At, items[i].Action = r.now, one(r, retention.Delete, retention.Anonymise)
		if r.chance(30) {
			items[i].Notice = retention.NoticePending
			told := notice(n)
			told.SweepID = sweep
			pending = append(pending, told)
		}
	}
	return func(s Store) (any, error) { return nil, s.Record(r, sweep, leases, items, pending) }
}

func (r *comparison) items() operation {
	sweep, after, limit := r.sweep(), uint64(r.random.IntN(10)), 1+r.random.IntN(10)
	return func(s Store) (any, error) { return s.Items(r, sweep, after, limit) }
}

func (r *comparison) tokens() []retention.Token {
	list := make([]retention.Token, r.random.IntN(6))
	for i := range list {
		list[i] = token(byte(r.random.IntN(26)))
	}
	return list
}

func (r *comparison) disposed() operation {
	tokens := r.tokens()
	return func(s Store) (any, error) {
		actions, err := s.Disposed(r, tokens)
		var names []string
		for _, action := range actions {
			names = append(names, action.String())
		}
		return names, err
	}
}

func (r *comparison) inFlight() operation {
	sweep, shards := r.sweep(), r.shards()
	return func(s Store) (any, error) { return s.InFlight(r, sweep, shards) }
}

func (r *comparison) notices() operation {
	sweep, after, limit := r.sweep(), token(byte(r.random.IntN(20))), 1+r.random.IntN(5)
	return func(s Store) (any, error) { return s.Notices(r, sweep, after, limit) }
}

func (r *comparison) told() operation {
	sweep, tokens := r.sweep(), r.tokens()
	return func(s Store) (any, error) { return nil, s.Told(r, sweep, tokens) }
}

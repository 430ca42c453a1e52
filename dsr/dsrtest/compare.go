package dsrtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

// Compare carries out the same n operations on two fresh harnesses, one call at a
// time, and returns what the first difference was. The operations are random but
// for the seed: updates, also refused and repeated ones, under leases and with
// effects, reads of every list, claims, burials, breaches, disposals. memstore is
// the store to compare with.
func Compare(ctx context.Context, seed uint64, n int, a, b Harness) error {
	r := &comparison{Context: ctx, random: rand.New(rand.NewPCG(seed, 0)), now: epoch, versions: map[dsr.CaseID]uint64{}}
	for i := range n {
		name, do := r.operation(i)
		if err := both(do, a, b); err != nil {
			return fmt.Errorf("seed %d, operation %d (%s): %w", seed, i, name, err)
		}
	}
	return both(r.everything, a, b)
}

// comparison is a sequence of operations under way.
type comparison struct {
	context.Context
	random *rand.Rand
	now    time.Time
	// versions are about those of the cases of the first tenant.
	versions map[dsr.CaseID]uint64
	// leases are those that the last claims returned.
	leases []dsr.Lease
}

// outcome is what a call did, made comparable.
type outcome struct {
	value any
	err   error
}

func both(do func(h Harness) outcome, a, b Harness) error {
	first, second := do(a), do(b)
	if got, want := classify(second.err), classify(first.err); got != want {
		return fmt.Errorf("the first store returned %q (%w), the second %q (%w)", want, first.err, got, second.err)
	}
	if !reflect.DeepEqual(first.value, second.value) {
		return fmt.Errorf("the first store returned\n\t%+v\nthe second\n\t%+v", first.value, second.value)
	}
	return nil
}

// classify names the contract's errors; others are nobody's promise.
func classify(err error) string {
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

func (r *comparison) operation(i int) (string, func(h Harness) outcome) {
	r.now = r.now.Add(time.Duration(r.random.IntN(40)) * time.Minute)
	operations := []struct {
		name   string
		weight int
		do     func(i int) func(h Harness) outcome
	}{
		{"update", 14, r.update},
		{"claim", 4, r.claim},
		{"retry", 2, r.retry},
		{"bury", 1, r.bury},
		{"breach", 2, r.breach},
		{"redact", 2, r.redact},
		{"erase", 1, r.erase},
		{"lists", 4, r.lists},
		{"case", 3, r.oneCase},
	}
	total := 0
	for _, operation := range operations {
		total += operation.weight
	}
	pick := r.random.IntN(total)
	for _, operation := range operations {
		if pick -= operation.weight; pick < 0 {
			return operation.name, operation.do(i)
		}
	}
	return "", nil
}

func (r *comparison) chance(percent int) bool { return r.random.IntN(100) < percent }

// tenant and id pick of a few, so that operations meet.
func (r *comparison) tenant() privacy.TenantID {
	if r.chance(10) {
		return "u"
	}
	return "t"
}

func (r *comparison) id() dsr.CaseID { return dsr.CaseID(fmt.Sprintf("c%d", r.random.IntN(8))) }

func (r *comparison) instant() time.Time {
	return r.now.Add(time.Duration(r.random.IntN(7200)) * time.Second).Add(time.Duration(r.random.IntN(3)) * 500 * time.Nanosecond)
}

func (r *comparison) update(i int) func(h Harness) outcome {
	u := r.work(i)
	return func(h Harness) outcome {
		err := h.Update(r, u)
		if err == nil && u.Case.Tenant == "t" {
			r.versions[u.Case.ID] = u.Case.Version
		}
		return outcome{err: err}
	}
}

// work makes an update. Most follow the version that is stored; keys are few
// enough to be used again, with the same digest or another.
func (r *comparison) work(i int) dsr.Update {
	tenant, id := r.tenant(), r.id()
	u := dsr.Update{Expect: r.versions[id], Case: r.caseOf(tenant, id)}
	if r.chance(10) {
		u.Expect = uint64(r.random.IntN(4))
	}
	u.Case.Version = u.Expect + 1
	if r.chance(3) {
		u.Case.Version++
	}
	if u.Case.Open() && r.chance(80) {
		u.Due = privacy.MustDate("2026-04-01").AddDays(r.random.IntN(5))
	}
	for n := range r.random.IntN(3) {
		u.Lines = append(u.Lines, dsr.LogLine{At: r.instant(), Payload: fmt.Sprintf(`{"line":"%d/%d"}`, i, n)})
		u.Events = append(u.Events, privacy.Event{
			ID: fmt.Sprintf("%d/%d", i, n), Source: "/dsr", SpecVersion: privacy.SpecVersion, Type: "privacykit.dsr.line", Time: r.instant(), Tenant: tenant,
		})
	}
	for n := range r.random.IntN(3) {
		u.Wakes = append(u.Wakes, dsr.Wake{
			Tenant: tenant, Kind: []string{"a", "b"}[n], Key: fmt.Sprint(r.random.IntN(6)), RunAt: r.instant(), Payload: fmt.Sprint(i),
		})
	}
	if r.chance(30) {
		u.Effects = append(u.Effects, r.effect(tenant, i))
	}
	if r.chance(40) {
		u.Key, u.Digest = fmt.Sprintf("key-%d", r.random.IntN(12)), fmt.Sprintf("digest-%d", r.random.IntN(2))
	}
	if len(r.leases) > 0 && r.chance(40) {
		lease := r.leases[r.random.IntN(len(r.leases))]
		u.Completes = &lease
	}
	return u
}

func (r *comparison) caseOf(tenant privacy.TenantID, id dsr.CaseID) dsr.Case {
	c := caseOf(tenant, id)
	if r.chance(30) {
		c = fullCase(tenant, id, r.instant())
	}
	c.Subject = []privacy.SubjectID{"s1", "s2", ""}[r.random.IntN(3)]
	c.Received = epoch.Add(time.Duration(r.random.IntN(1000)) * time.Minute)
	states := []dsr.State{dsr.StateReceived, dsr.StateInProgress, dsr.StateFulfilled, dsr.StateRefused, dsr.StateWithdrawn}
	c.Items[0].Work = states[r.random.IntN(len(states))]
	if r.chance(30) {
		c.Items = append(c.Items, dsr.Item{Request: regime.RequestAccess, Work: states[r.random.IntN(len(states))]})
	}
	if r.chance(30) {
		c.Items[0].Tasks[0].State = dsr.TaskDead
	}
	if r.chance(20) {
		c.Blockers = c.Blockers.With(dsr.BlockerIdentity)
		c.Identity = &dsr.Challenge{Salt: "00", Hash: "11", Expires: r.instant(), Issued: 1}
	}
	return c
}

// effect picks an effect; now and then one that is none, or that the ledger
// refuses for its key.
func (r *comparison) effect(tenant privacy.TenantID, i int) privacy.Effect {
	kinds := []privacy.EffectKind{privacy.EffectRestriction, privacy.EffectRestrictionLifted, privacy.EffectObjection, privacy.EffectWithdrawal}
	e := privacy.Effect{
		Tenant: tenant, Subject: "s1", Kind: kinds[r.random.IntN(len(kinds))], Cause: "case", At: r.instant(), Key: fmt.Sprintf("effect-%d", i),
	}
	if r.chance(15) {
		e.Key = "effect-again"
	}
	if r.chance(10) {
		e.Kind = "no such kind"
	}
	return e
}

func (r *comparison) claim(int) func(h Harness) outcome {
	limit := 1 + r.random.IntN(4)
	until := r.now.Add(time.Duration(r.random.IntN(60)) * time.Minute)
	return func(h Harness) outcome {
		leases, err := h.Claim(r, r.now, until, limit)
		if len(leases) > 0 {
			r.leases = leases
		}
		return outcome{leases, err}
	}
}

// lease picks one that was claimed, perhaps by an earlier claim, or none.
func (r *comparison) lease() dsr.Lease {
	if len(r.leases) == 0 || r.chance(10) {
		return dsr.Lease{Wake: wakeAt("t", "never", epoch), Token: 1}
	}
	lease := r.leases[r.random.IntN(len(r.leases))]
	if r.chance(10) {
		lease.Token--
	}
	return lease
}

func (r *comparison) retry(i int) func(h Harness) outcome {
	lease, at := r.lease(), r.instant()
	return func(h Harness) outcome { return outcome{err: h.Retry(r, lease, at, fmt.Sprintf("problem-%d", i))} }
}

func (r *comparison) bury(i int) func(h Harness) outcome {
	lease := r.lease()
	return func(h Harness) outcome { return outcome{err: h.Bury(r, lease, fmt.Sprintf("problem-%d", i))} }
}

func (r *comparison) breach(int) func(h Harness) outcome {
	b := breachOf(dsr.BreachID(fmt.Sprintf("b%d", r.random.IntN(3))), uint64(r.random.IntN(5)))
	b.Tenant, b.AuthorityToldAt = r.tenant(), r.instant()
	return func(h Harness) outcome { return outcome{err: h.SaveBreach(r, b)} }
}

func (r *comparison) disposal(i int) dsr.Disposal {
	return dsr.Disposal{Tenant: r.tenant(), ID: r.id(), Before: r.instant().Add(-time.Hour), Events: []privacy.Event{{
		ID: fmt.Sprint("disposal-", i), Source: "/dsr", SpecVersion: privacy.SpecVersion, Type: "privacykit.dsr.disposed", Time: r.now, Tenant: "t",
	}}}
}

func (r *comparison) redact(i int) func(h Harness) outcome {
	d := r.disposal(i)
	return func(h Harness) outcome {
		err := h.Redact(r, d)
		if c, readErr := h.Case(r, "t", d.ID); readErr == nil {
			r.versions[d.ID] = c.Version
		}
		return outcome{err: err}
	}
}

func (r *comparison) erase(i int) func(h Harness) outcome {
	d := r.disposal(i)
	return func(h Harness) outcome {
		err := h.Erase(r, d)
		if _, readErr := h.Case(r, "t", d.ID); readErr != nil {
			delete(r.versions, d.ID)
		}
		return outcome{err: err}
	}
}

func (r *comparison) oneCase(int) func(h Harness) outcome {
	tenant, id, after, limit := r.tenant(), r.id(), uint64(r.random.IntN(3)), 1+r.random.IntN(5)
	key := fmt.Sprintf("key-%d", r.random.IntN(12))
	return func(h Harness) outcome {
		c, err := h.Case(r, tenant, id)
		lines, logErr := h.Log(r, tenant, id, after, limit)
		digest, digestErr := h.Digest(r, tenant, key)
		seen := struct {
			dsr.Case
			lines             []dsr.LogLine
			digest, digestErr string
		}{c, lines, digest, classify(digestErr)}
		return outcome{seen, errors.Join(err, logErr)}
	}
}

func (r *comparison) lists(int) func(h Harness) outcome {
	tenant, state, limit := r.tenant(), dsr.States()[r.random.IntN(len(dsr.States()))], 1+r.random.IntN(4)
	after := dsr.Position{}
	if r.chance(60) {
		after = dsr.Position{Due: privacy.MustDate("2026-04-01").AddDays(r.random.IntN(5)), ID: r.id()}
	}
	if r.chance(20) {
		after.Due = privacy.Date{}
	}
	q := dsr.ClosedQuery{Before: r.instant(), Unredacted: r.chance(50), Limit: limit}
	if r.chance(50) {
		q.After = dsr.ClosedPosition{Ended: epoch.Add(time.Duration(r.random.IntN(2000)) * time.Minute), ID: r.id()}
	}
	return func(h Harness) outcome {
		open, openErr := h.Open(r, tenant, after, limit)
		inState, stateErr := h.ByState(r, tenant, state, after, limit)
		dead, deadErr := h.WithDeadTask(r, tenant, after, limit)
		ofSubject, subjectErr := h.OfSubject(r, tenant, "s1", after.ID, limit)
		closed, closedErr := h.Closed(r, tenant, q)
		return outcome{[]any{open, inState, dead, ofSubject, closed}, errors.Join(openErr, stateErr, deadErr, subjectErr, closedErr)}
	}
}

// everything is all that can be read in the end.
func (r *comparison) everything(h Harness) outcome {
	var seen []any
	var failed error
	note := func(v any, err error) {
		seen, failed = append(seen, v), errors.Join(failed, err)
	}
	for _, tenant := range []privacy.TenantID{"t", "u"} {
		open, err := h.Open(r, tenant, dsr.Position{}, 100)
		note(open, err)
		closed, err := h.Closed(r, tenant, dsr.ClosedQuery{Before: later, Limit: 100})
		note(closed, err)
		for i := range 8 {
			lines, err := h.Log(r, tenant, dsr.CaseID(fmt.Sprintf("c%d", i)), 0, 1000)
			note(lines, errors.Join(err, dsr.VerifyLog(lines)))
		}
		buried, err := h.Buried(r, tenant)
		note(buried, err)
		breaches, err := h.Breaches(r, tenant, "", 100)
		note(breaches, err)
		effects, err := h.Effects(r, tenant)
		note(len(effects), err)
		events, err := h.Events(r, tenant)
		note(events, err)
		requests, err := h.Requests(r, tenant)
		note(requests, err)
	}
	leases, err := h.Claim(r, later, later.Add(time.Hour), 1000)
	note(leases, err)
	return outcome{seen, failed}
}

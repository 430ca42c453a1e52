package retention_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/memstore"
	"github.com/labelop/privacykit/retention"
)

func TestPlanThatChangedAfterItsApprovalIsRefused(t *testing.T) {
	s := newSweep(t, dueAndNot(), nil)
	token := s.Token("files", "t1", "a")
	item := func(change func(*retention.PlanItem)) func(*retention.Plan) {
		return func(p *retention.Plan) {
			changed := p.Items[token]
			change(&changed)
			p.Items[token] = changed
		}
	}
	for name, change := range map[string]func(*retention.Plan){
		"another sweep":       func(p *retention.Plan) { p.SweepID = "sweep-2" },
		"one record less":     func(p *retention.Plan) { delete(p.Items, token) },
		"one record more":     func(p *retention.Plan) { p.Items[retention.Token{1}] = p.Items[token] },
		"another shard":       func(p *retention.Plan) { p.Shards[token]++ },
		"another action":      item(func(i *retention.PlanItem) { i.Action = retention.Anonymise }),
		"hidden":              item(func(i *retention.PlanItem) { i.Hide = true }),
		"by another rule":     item(func(i *retention.PlanItem) { i.RuleID = "other" }),
		"by another version":  item(func(i *retention.PlanItem) { i.RuleVersion++ }),
		"of another system":   item(func(i *retention.PlanItem) { i.System = "other" }),
		"of another category": item(func(i *retention.PlanItem) { i.Category = "other" }),
	} {
		plan, approval := s.plan(t)
		change(plan)
		_, err := s.Execute(t.Context(), plan, approval)
		errorIs(t, err, privacy.ErrDenied, name)
	}
	equal(t, 0, s.shelf.calls)
}

// What was approved to be hidden is not deleted, though it is due by now, and what was
// approved to go by one rule does not go by another.
func TestExecutionDoesNothingElseToARecord(t *testing.T) {
	law := minimum("law", "P2Y")
	for _, c := range []struct {
		made  string
		later retention.Rule
		at    string
	}{
		{"2025-01-01", law, "2028-01-01"},
		{"2020-01-01", minimum("other", "P2Y"), "2026-06-01"},
	} {
		host, store, clock := newShelf(t, map[string]string{"a": c.made}), memstore.NewRetention(), &fixedClock{on("2026-06-01")}
		sweeper := func(law retention.Rule) *retention.Sweeper {
			s, err := retention.NewSweeper(compile(t, law, maximum("m", "P1Y")), []retention.System{{ID: "files", Source: host, Disposer: host}}, store,
				retention.SweepOptions{TokenKey: make([]byte, 32), Clock: clock})
			noError(t, err)
			return s
		}
		plan, err := sweeper(law).Plan(t.Context(), "sweep-1")
		noError(t, err)
		equal(t, 1, len(plan.Items))
		hash, err := plan.Hash()
		noError(t, err)
		clock.at = on(c.at)
		certificate, err := sweeper(c.later).Execute(t.Context(), plan, retention.Approval{PlanHash: hash, By: "dpo"})
		noError(t, err)
		equal(t, [2]int{1, 0}, [2]int{len(host.records), len(host.hidden)})
		equal(t, [2]string{"skipped", "verdict_changed"}, [2]string{certificate.Counts[0].Outcome.String(), certificate.Counts[0].Reason})
	}
}

// sized is a store and a system that notes how many records each call is about.
type sized struct {
	retention.Store
	*shelf
	most map[string]int
}

func (s *sized) note(call string, n int) { s.most[call] = max(s.most[call], n) }

func (s *sized) Candidates(ctx context.Context, query retention.Query) (retention.Page, error) {
	s.note("page", query.Limit)
	return s.shelf.Candidates(ctx, query)
}

func (s *sized) Claim(ctx context.Context, sweep string, leases []retention.Lease, claims []retention.Claim, at time.Time) ([]retention.ClaimResult, error) {
	s.note("claim", len(claims))
	return s.Store.Claim(ctx, sweep, leases, claims, at)
}

func (s *sized) Record(ctx context.Context, sweep string, leases []retention.Lease, items []retention.Item, pending []retention.Notice) error {
	s.note("log", len(items))
	return s.Store.Record(ctx, sweep, leases, items, pending)
}

func (s *sized) Disposed(context.Context, []retention.Token) ([]retention.Action, error) {
	return nil, errors.ErrUnsupported
}

func TestSweepGoesBatchByBatch(t *testing.T) {
	s := newSweep(t, many(50), nil)
	host := &sized{s.store, s.shelf, map[string]int{}}
	sweeper, err := retention.NewSweeper(compile(t, maximum("m", "P1Y")), []retention.System{{ID: "files", Source: host, Disposer: s.shelf}}, host,
		retention.SweepOptions{TokenKey: make([]byte, 32), Clock: s.clock, Batch: 7})
	noError(t, err)
	plan, err := sweeper.Plan(t.Context(), "sweep-1")
	noError(t, err)
	hash, err := plan.Hash()
	noError(t, err)
	for key := range many(20) { // what is no longer found is logged in batches too
		delete(s.shelf.records, key)
	}
	_, err = sweeper.Execute(t.Context(), plan, retention.Approval{PlanHash: hash, By: "dpo"})
	noError(t, err)
	equal(t, map[string]int{"page": 7, "claim": 7, "log": 7}, host.most)
}

// A shard holds all records of a subject, of whatever system, so that nothing of it
// needs two processes to agree; records of nobody known are spread by themselves.
func TestShardIsThatOfTheSubject(t *testing.T) {
	store := memstore.NewRetention()
	var systems []retention.System
	for _, id := range []privacy.SystemID{"files", "rows"} {
		host := newShelf(t, nil)
		for i := range 2000 {
			for _, subject := range []privacy.SubjectID{privacy.SubjectID(fmt.Sprint("s", i)), ""} {
				r := recordFrom("2020-01-01")
				r.Key, r.Subject, r.Tenant = fmt.Sprint(i, subject), subject, privacy.TenantID(fmt.Sprint("t", i%2))
				host.records[r.Key] = *r
			}
		}
		systems = append(systems, retention.System{ID: id, Source: host, Disposer: host})
	}
	s, err := retention.NewSweeper(compile(t, maximum("m", "P1Y")), systems, store,
		retention.SweepOptions{TokenKey: make([]byte, 32), Clock: &fixedClock{on("2026-06-01")}, Batch: 5000})
	noError(t, err)
	plan, err := s.Plan(t.Context(), "sweep-1")
	noError(t, err)
	used, apart := map[retention.Shard]bool{}, 0
	for i := range 2000 {
		tenant := privacy.TenantID(fmt.Sprint("t", i%2))
		shard := func(system privacy.SystemID, subject string) retention.Shard {
			return plan.Shards[s.Token(system, tenant, fmt.Sprint(i)+subject)]
		}
		equal(t, shard("files", fmt.Sprint("s", i)), shard("rows", fmt.Sprint("s", i)), i)
		used[shard("files", fmt.Sprint("s", i))] = true
		if shard("files", "") != shard("rows", "") {
			apart++
		}
	}
	equal(t, retention.Shards, len(used))
	isTrue(t, apart > 1900, "records of nobody known are spread: ", apart)
}

// A hold that is placed while a sweep runs stops what has not been claimed, and tells
// what has.
func TestHoldWhileASweepRuns(t *testing.T) {
	s := newSweep(t, dueAndNot(), nil)
	var inFlight []string
	s.shelf.dispose = func(ctx context.Context, key string) (bool, error) {
		if key == "c" {
			covered, err := s.store.PlaceHold(ctx, hold("H", "2026-01-01"))
			noError(t, err)
			for _, claim := range covered {
				inFlight = append(inFlight, claim.Record.Key)
			}
		}
		return false, nil
	}
	plan, approval := s.plan(t)
	_, err := s.Execute(t.Context(), plan, approval)
	noError(t, err)
	slices.Sort(inFlight)
	equal(t, []string{"c", "d"}, inFlight, "claimed together")
	for key, want := range map[string]string{"b": "disposed", "c": "disposed", "d": "disposed", "e": "skipped: hold:H", "f": "skipped: hold:H"} {
		equal(t, want, s.outcome(t, key), key)
	}
}

func TestHeldItemStopsNoOther(t *testing.T) {
	s := newSweep(t, dueAndNot(), nil)
	plan, approval := s.plan(t)
	held := []string{"a", "d", "f"}
	for _, subject := range held {
		h := hold("H-"+subject, "2026-01-01")
		h.Scope = retention.HoldScope{Tenant: "t1", Subjects: []privacy.SubjectID{privacy.SubjectID("subject-" + subject)}}
		_, err := s.store.PlaceHold(t.Context(), h)
		noError(t, err)
	}
	certificate, err := s.Execute(t.Context(), plan, approval)
	noError(t, err)
	noError(t, certificate.Verify(s.log(t)))
	for _, key := range []string{"a", "b", "c", "d", "e", "f"} {
		want := "disposed"
		if slices.Contains(held, key) {
			want = "skipped: hold:H-" + key
		}
		equal(t, want, s.outcome(t, key), key)
	}
}

// misverifies is a shelf that tells, hides and deletes "b" in ways of its own.
type misverifies struct {
	*shelf
	do func(ctx context.Context) error
}

func (m misverifies) Disposed(ctx context.Context, r *retention.Record, action retention.Action) (bool, error) {
	if r.Key == "b" {
		return true, m.do(ctx)
	}
	return m.shelf.Disposed(ctx, r, action)
}

func (m misverifies) Hide(ctx context.Context, r *retention.Record) error {
	if r.Key == "b" {
		return m.do(ctx)
	}
	return m.shelf.Hide(ctx, r)
}

// However a system fails to hide a record or to tell what became of it, the record
// is logged as failed, nothing of it is in the log, and the others go on.
func TestHidingAndVerifyingThatFail(t *testing.T) {
	for want, do := range map[string]func(context.Context) error{
		"error": func(context.Context) error { return errors.New("Jane Doe") },
		"panic": func(context.Context) error { panic("Jane Doe") },
		"timeout": func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		},
		"key_copies": func(context.Context) error { return fmt.Errorf("Jane Doe: %w", retention.ErrKeyCopies) },
		"changed":    func(context.Context) error { return fmt.Errorf("Jane Doe: %w", privacy.ErrConflict) },
	} {
		for _, rules := range [][]retention.Rule{{maximum("m", "P1Y")}, {maximum("m", "P1Y"), minimum("law", "P9Y")}} {
			synctest.Test(t, func(t *testing.T) {
				host, store := misverifies{newShelf(t, map[string]string{"a": "2022-01-01", "b": "2022-01-01", "c": "2022-01-01"}), do}, memstore.NewRetention()
				s, err := retention.NewSweeper(compile(t, rules...), []retention.System{{ID: "files", Source: host, Disposer: host}}, store,
					retention.SweepOptions{TokenKey: make([]byte, 32), Clock: &fixedClock{on("2026-06-01")}, ItemTimeout: time.Second})
				noError(t, err)
				plan, err := s.Plan(t.Context(), "sweep-1")
				noError(t, err)
				hash, err := plan.Hash()
				noError(t, err)
				certificate, err := s.Execute(t.Context(), plan, retention.Approval{PlanHash: hash, By: "dpo"})
				noError(t, err)
				equal(t, 2, len(certificate.Counts))
				equal(t, 2, certificate.Counts[0].Count)
				equal(t, [2]string{"failed", want}, [2]string{certificate.Counts[1].Outcome.String(), certificate.Counts[1].Reason})
				isTrue(t, !strings.Contains(fmt.Sprintf("%+v", certificate), "Jane"))
			})
		}
	}
}

func TestRecipientThatHangsDelaysOneItemAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSweep(t, dueAndNot(), func(o *retention.SweepOptions) {
			o.ItemTimeout, o.Notifier = time.Second, notify(func(ctx context.Context, n retention.Notice) error {
				if n.Record.Key != "b" {
					return nil
				}
				<-ctx.Done()
				return ctx.Err()
			})
		})
		plan, approval := s.plan(t)
		began := time.Now()
		certificate, err := s.Execute(t.Context(), plan, approval)
		noError(t, err)
		equal(t, time.Second, time.Since(began))
		equal(t, retention.CertificateNotices{Told: 5, Pending: 1, Outstanding: 1}, certificate.Notices)
		equal(t, 6, certificate.Counts[0].Count, "disposed of all the same")
	})
}

type notify func(context.Context, retention.Notice) error

func (n notify) Notify(ctx context.Context, notice retention.Notice) error { return n(ctx, notice) }

// acts is a shelf that notes by which action records went.
type acts struct {
	*shelf
	by map[string]retention.Action
}

func (a acts) Dispose(ctx context.Context, r *retention.Record, action retention.Action) error {
	a.by[r.Key] = action
	return a.shelf.Dispose(ctx, r, action)
}

// After a restore the log alone says what is done again and how: no rule, no hold and
// no request does.
func TestRestoredRecordGoesTheWayItWent(t *testing.T) {
	schedule := func(action retention.Action) *retention.Schedule {
		m := maximum("m", "P1Y")
		m.Action = action
		return compile(t, m)
	}
	host, store := acts{newShelf(t, dueAndNot()), map[string]retention.Action{}}, memstore.NewRetention()
	sweeper := func(schedule *retention.Schedule) *retention.Sweeper {
		s, err := retention.NewSweeper(schedule, []retention.System{{ID: "files", Source: host, Disposer: host}}, store,
			retention.SweepOptions{TokenKey: make([]byte, 32), Clock: &fixedClock{on("2026-06-01")}})
		noError(t, err)
		return s
	}
	backup := maps.Clone(host.records)
	first := sweeper(schedule(retention.Anonymise))
	plan, err := first.Plan(t.Context(), "sweep-1")
	noError(t, err)
	hash, err := plan.Hash()
	noError(t, err)
	_, err = first.Execute(t.Context(), plan, retention.Approval{PlanHash: hash, By: "dpo"})
	noError(t, err)

	host.records = backup
	clear(host.by)
	_, err = store.PlaceHold(t.Context(), hold("H", "2026-01-01"))
	noError(t, err)
	_, err = store.OpenRequest(t.Context(), retention.Request{ID: "R", Tenant: "t1", Subjects: []privacy.SubjectID{"subject-a"}, Right: privacy.RightAccess})
	noError(t, err)
	done, err := sweeper(schedule(retention.Delete)).Redispose(t.Context())
	noError(t, err)
	equal(t, retention.Redisposal{Seen: 8, Again: 6}, done)
	equal(t, 6, len(host.by))
	for key, action := range host.by {
		equal(t, retention.Anonymise, action, key)
	}
	equal(t, 2, len(host.records))
}

// What stays of a sweep names nobody: the plan, the log, the certificate and proofs
// hold tokens, and the claims are gone.
func TestNothingErasedIsKept(t *testing.T) {
	s := newSweep(t, map[string]string{"scan-of-jane.pdf": "2020-01-01", "scan-of-john.pdf": "2020-01-01"}, nil)
	plan, approval := s.plan(t)
	certificate, err := s.Execute(t.Context(), plan, approval)
	noError(t, err)
	items := s.log(t)
	proof, err := retention.Prove(items, items[0].Token)
	noError(t, err)
	for name, kept := range map[string]any{"plan": plan, "log": items, "certificate": certificate, "proof": proof} {
		data, err := json.Marshal(kept)
		noError(t, err)
		isTrue(t, len(data) > 100 && !bytes.Contains(data, []byte("scan-of")) && !bytes.Contains(data, []byte("subject-")), name, " ", string(data))
	}
	var shards []retention.Shard
	for shard := range retention.Shards {
		shards = append(shards, retention.Shard(shard))
	}
	claims, err := s.store.InFlight(t.Context(), plan.SweepID, shards)
	noError(t, err)
	equal(t, 0, len(claims))
	other := newSweep(t, nil, func(o *retention.SweepOptions) { o.TokenKey = make([]byte, 32) })
	isTrue(t, other.Token("files", "t1", "scan-of-jane.pdf") != s.Token("files", "t1", "scan-of-jane.pdf"), "without the key nobody can tell")
}

func TestCertificateSaysWhoWhenAndByWhatPlan(t *testing.T) {
	s := newSweep(t, dueAndNot(), nil)
	plan, approval := s.plan(t)
	began := s.clock.at
	s.shelf.dispose = func(context.Context, string) (bool, error) {
		s.clock.at = s.clock.at.Add(time.Second)
		return false, nil
	}
	certificate, err := s.Execute(t.Context(), plan, approval)
	noError(t, err)
	equal(t, []any{"sweep-1", approval.PlanHash, "dpo"}, []any{certificate.SweepID, certificate.PlanHash, certificate.ApprovedBy})
	equal(t, []time.Time{began.Add(time.Second), began.Add(6 * time.Second)}, []time.Time{certificate.FirstAt, certificate.LastAt})

	_, err = s.Certify(t.Context(), plan, retention.Approval{PlanHash: approval.PlanHash, By: "somebody else"})
	errorIs(t, err, privacy.ErrConflict)
	_, err = s.Certify(t.Context(), plan, retention.Approval{By: "dpo"})
	errorIs(t, err, privacy.ErrConflict)
	plan.SweepID = "sweep-2"
	_, err = s.Certify(t.Context(), plan, approval)
	errorIs(t, err, privacy.ErrNotFound)
	_, err = s.store.Items(t.Context(), "sweep-2", 0, 1)
	errorIs(t, err, privacy.ErrNotFound, "asking for a certificate begins nothing")
}

// The proof of one item shows no other: with the certificate it is all a subject needs.
func TestOneItemIsProvedWithoutTheOthers(t *testing.T) {
	s := newSweep(t, many(33), nil)
	plan, approval := s.plan(t)
	certificate, err := s.Execute(t.Context(), plan, approval)
	noError(t, err)
	items := s.log(t)
	for i := range items {
		proof, err := retention.Prove(items, items[i].Token)
		noError(t, err)
		data, err := json.Marshal(proof)
		noError(t, err)
		for j := range items {
			if name, err := items[j].Token.MarshalText(); err != nil || (i != j && bytes.Contains(data, name)) {
				t.Fatal("the proof of ", i, " shows ", j, err)
			}
		}
		isTrue(t, len(proof.Path) <= 6, "one hash per level")
		noError(t, certificate.VerifyItem(proof))
		proof.Path[0][0] ^= 1
		errorIs(t, certificate.VerifyItem(proof), privacy.ErrInvalid)
	}
}

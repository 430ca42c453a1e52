package retention_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/memstore"
	"github.com/labelop/privacykit/retention"
)

// shelf is a system of the host: records by key, and how its disposer misbehaves.
type shelf struct {
	mu      sync.Mutex
	records map[string]retention.Record
	hidden  map[string]bool
	calls   int
	gone    map[string]int // how often a record was there and went
	dispose func(ctx context.Context, key string) (handled bool, err error)
	// candidates, if set, sees queries and may fail them.
	candidates func(retention.Query) error
}

func newShelf(t testing.TB, events map[string]string) *shelf {
	s := &shelf{records: map[string]retention.Record{}, hidden: map[string]bool{}, gone: map[string]int{}}
	for key, event := range events {
		s.records[key] = retention.Record{
			Key: key, Tenant: "t1", Subject: privacy.SubjectID("subject-" + key), Category: "image", Bytes: 10,
			Events: []retention.Event{{Name: "event", On: privacy.MustDate(event)}},
		}
	}
	return s
}

func (s *shelf) Candidates(_ context.Context, query retention.Query) (retention.Page, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.candidates != nil {
		if err := s.candidates(query); err != nil {
			return retention.Page{}, err
		}
	}
	var page retention.Page
	for _, r := range s.records {
		if r.Key > query.After {
			r.Hidden = s.hidden[r.Key]
			page.Records = append(page.Records, r)
		}
	}
	slices.SortFunc(page.Records, func(a, b retention.Record) int { return cmp.Compare(a.Key, b.Key) })
	if len(page.Records) > query.Limit {
		page.Records = page.Records[:query.Limit]
		page.Next = page.Records[query.Limit-1].Key
	}
	return page, nil
}

func (s *shelf) Dispose(ctx context.Context, r *retention.Record, _ retention.Action) error {
	s.mu.Lock()
	s.calls++
	s.mu.Unlock()
	if s.dispose != nil {
		if handled, err := s.dispose(ctx, r.Key); handled {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, there := s.records[r.Key]; there {
		s.gone[r.Key]++
	}
	delete(s.records, r.Key)
	return nil
}

func (s *shelf) Hide(_ context.Context, r *retention.Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hidden[r.Key] = true
	return nil
}

func (s *shelf) Disposed(_ context.Context, r *retention.Record, _ retention.Action) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, there := s.records[r.Key]
	return !there, nil
}

type fixedClock struct{ at time.Time }

func (c *fixedClock) Now() time.Time { return c.at }

type sweepTest struct {
	*retention.Sweeper
	store *memstore.RetentionStore
	shelf *shelf
	clock *fixedClock
}

func newSweep(t testing.TB, events map[string]string, change func(*retention.SweepOptions)) *sweepTest {
	t.Helper()
	s := &sweepTest{store: memstore.NewRetention(), shelf: newShelf(t, events), clock: &fixedClock{on("2026-06-01")}}
	opts := retention.SweepOptions{TokenKey: bytes.Repeat([]byte{7}, 32), Clock: s.clock, Batch: 2, Samples: 1}
	if change != nil {
		change(&opts)
	}
	schedule := compile(t, maximum("m", "P1Y"))
	sweeper, err := retention.NewSweeper(schedule, []retention.System{{ID: "files", Source: s.shelf, Disposer: s.shelf, BackupCycleDays: 35}}, s.store, opts)
	noError(t, err)
	s.Sweeper = sweeper
	return s
}

// another is the sweeper of another process, on the same store and system.
func (s *sweepTest) another(t testing.TB, store retention.Store, change func(*retention.SweepOptions)) *retention.Sweeper {
	t.Helper()
	opts := retention.SweepOptions{TokenKey: bytes.Repeat([]byte{7}, 32), Clock: s.clock, Batch: 2}
	if change != nil {
		change(&opts)
	}
	sweeper, err := retention.NewSweeper(compile(t, maximum("m", "P1Y")),
		[]retention.System{{ID: "files", Source: s.shelf, Disposer: s.shelf, BackupCycleDays: 35}}, store, opts)
	noError(t, err)
	return sweeper
}

func (s *sweepTest) plan(t testing.TB) (*retention.Plan, retention.Approval) {
	t.Helper()
	plan, err := s.Plan(t.Context(), "sweep-1")
	noError(t, err)
	hash, err := plan.Hash()
	noError(t, err)
	return plan, retention.Approval{PlanHash: hash, By: "dpo"}
}

func (s *sweepTest) log(t testing.TB) []retention.Item {
	t.Helper()
	items, err := s.store.Items(t.Context(), "sweep-1", 0, 1000)
	noError(t, err)
	return items
}

// outcome tells what became of a record: "disposed", or "skipped: reason".
func (s *sweepTest) outcome(t testing.TB, key string) string {
	t.Helper()
	token := s.Token("files", "t1", key)
	found := ""
	for _, item := range s.log(t) {
		if item.Token == token {
			found += strings.TrimSuffix(item.Outcome.String()+": "+item.Reason, ": ")
		}
	}
	return found
}

// Six records are due, two are not.
func dueAndNot() map[string]string {
	return map[string]string{
		"a": "2020-01-01", "b": "2021-01-01", "c": "2022-01-01", "d": "2023-01-01", "e": "2024-01-01", "f": "2025-01-01",
		"g": "2025-06-01", "h": "2026-01-01",
	}
}

func TestSweep(t *testing.T) {
	var progress []retention.Progress
	s := newSweep(t, dueAndNot(), func(o *retention.SweepOptions) {
		o.Progress = func(p retention.Progress) { progress = append(progress, p) }
	})
	plan, approval := s.plan(t)
	equal(t, 6, len(plan.Items))
	equal(t, 8, plan.Seen)
	equal(t, int64(60), plan.Bytes)
	for group, n := range plan.Counts() {
		equal(t, 6, n)
		equal(t, []string{"a"}, plan.Samples[group])
	}
	equal(t, 8, len(s.shelf.records), "a plan changes nothing")

	certificate, err := s.Execute(t.Context(), plan, approval)
	noError(t, err)
	equal(t, 2, len(s.shelf.records))
	equal(t, uint64(6), certificate.TreeSize)
	equal(t, []retention.CertificateCount{{System: "files", Category: "image", Action: retention.Delete, Outcome: retention.Disposed, Count: 6}}, certificate.Counts)
	equal(t, []retention.CertificateRule{{ID: "m", Version: 1, Citation: "law"}}, certificate.Rules)
	equal(t, []retention.CertificateBackup{{System: "files", State: retention.DisposalPendingBackups, CompleteOn: privacy.MustDate("2026-07-06")}}, certificate.Backups)
	equal(t, 0, progress[len(progress)-1].Left)
	noError(t, certificate.Verify(s.log(t)))

	again, err := s.Execute(t.Context(), plan, approval)
	noError(t, err)
	equal(t, certificate, again, "executing again changes nothing")
	equal(t, 6, s.shelf.calls)
}

func TestCertificateShowsEveryAlteration(t *testing.T) {
	s := newSweep(t, dueAndNot(), nil)
	plan, approval := s.plan(t)
	certificate, err := s.Execute(t.Context(), plan, approval)
	noError(t, err)
	data, err := json.Marshal(certificate)
	noError(t, err)
	isTrue(t, !strings.Contains(string(data), "subject-"), "no personal data")
	var read retention.Certificate
	noError(t, json.Unmarshal(data, &read))
	noError(t, read.Verify(s.log(t)), "offline")

	items := s.log(t)
	for i := range items {
		proof, err := retention.Prove(items, items[i].Token)
		noError(t, err)
		noError(t, read.VerifyItem(proof), i)
		proof.Item.Outcome = retention.Skipped
		errorIs(t, read.VerifyItem(proof), privacy.ErrInvalid)
		proof.Item.Sequence = 0
		errorIs(t, read.VerifyItem(proof), privacy.ErrInvalid)
	}
	_, err = retention.Prove(items, retention.Token{})
	errorIs(t, err, privacy.ErrNotFound)

	errorIs(t, read.Verify(items[:5]), privacy.ErrInvalid, "cut short")
	errorIs(t, read.Verify(items[1:]), privacy.ErrInvalid, "a gap")
	items[0].Reason = "altered"
	errorIs(t, read.Verify(items), privacy.ErrInvalid)
	for path, alter := range map[string]func(*retention.Certificate){
		"format": func(c *retention.Certificate) { c.Format = "x" }, "counts": func(c *retention.Certificate) { c.Counts[0].Count++ },
		"rules": func(c *retention.Certificate) { c.Rules[0].Version++ }, "tree_size": func(c *retention.Certificate) { c.TreeSize++ },
		"first_at": func(c *retention.Certificate) { c.FirstAt = c.FirstAt.Add(1) }, "last_at": func(c *retention.Certificate) { c.LastAt = c.LastAt.Add(1) },
	} {
		var altered retention.Certificate
		noError(t, json.Unmarshal(data, &altered))
		alter(&altered)
		err := altered.Verify(s.log(t))
		isTrue(t, err != nil && strings.Contains(err.Error(), path), path)
		before, _ := certificate.Hash()
		after, err := altered.Hash()
		noError(t, err)
		isTrue(t, before != after)
	}
}

func TestExecutionNeverExceedsThePlan(t *testing.T) {
	s := newSweep(t, dueAndNot(), nil)
	plan, approval := s.plan(t)
	s.shelf.records["new"] = newShelf(t, map[string]string{"new": "2019-01-01"}).records["new"]
	refreshed := s.shelf.records["a"]
	refreshed.Events = []retention.Event{{Name: "event", On: privacy.MustDate("2026-05-01")}}
	s.shelf.records["a"] = refreshed
	delete(s.shelf.records, "b")
	h := hold("H", "2026-01-01")
	h.Scope = retention.HoldScope{Tenant: "t1", Subjects: []privacy.SubjectID{"subject-c"}}
	_, err := s.store.PlaceHold(t.Context(), h)
	noError(t, err)
	certificate, err := s.Execute(t.Context(), plan, approval)
	noError(t, err)
	noError(t, certificate.Verify(s.log(t)))
	for key, want := range map[string]string{"a": "skipped: keep", "b": "skipped: not_found", "c": "skipped: hold:H", "d": "disposed", "new": "", "g": ""} {
		equal(t, want, s.outcome(t, key), key)
	}
	_, there := s.shelf.records["new"]
	isTrue(t, there, "due by now, but nobody approved it")
}

func TestApproval(t *testing.T) {
	s := newSweep(t, dueAndNot(), nil)
	plan, approval := s.plan(t)
	_, err := s.Execute(t.Context(), plan, retention.Approval{By: "dpo"})
	errorIs(t, err, privacy.ErrDenied)
	_, err = s.Execute(t.Context(), plan, retention.Approval{PlanHash: approval.PlanHash})
	errorIs(t, err, privacy.ErrInvalid)
	_, err = s.Execute(t.Context(), plan, approval)
	noError(t, err)
	other, _ := s.plan(t)
	hash, err := other.Hash()
	noError(t, err)
	isTrue(t, hash != approval.PlanHash)
	_, err = s.Execute(t.Context(), other, retention.Approval{PlanHash: hash, By: "dpo"})
	errorIs(t, err, privacy.ErrConflict, "the sweep has another plan")
	equal(t, 6, s.shelf.calls)
	_, err = s.Plan(t.Context(), "")
	errorIs(t, err, privacy.ErrInvalid)
}

func TestOneBadItemStopsNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSweep(t, dueAndNot(), func(o *retention.SweepOptions) { o.ItemTimeout = time.Second })
		s.shelf.dispose = func(ctx context.Context, key string) (bool, error) {
			switch key {
			case "a":
				return true, errors.New("disk of Jane Doe")
			case "b":
				panic("Jane Doe")
			case "c":
				return true, nil // says done, and is not
			case "d":
				<-ctx.Done()
				return true, ctx.Err()
			default:
				return false, nil
			}
		}
		plan, approval := s.plan(t)
		certificate, err := s.Execute(t.Context(), plan, approval)
		noError(t, err)
		for key, want := range map[string]string{"a": "failed: error", "b": "failed: panic", "c": "failed: not_verified", "d": "failed: timeout", "e": "disposed", "f": "disposed"} {
			equal(t, want, s.outcome(t, key), key)
		}
		data, err := json.Marshal(certificate)
		noError(t, err)
		isTrue(t, !strings.Contains(string(data), "Jane"))
	})
}

func TestInterruptedSweepGoesOn(t *testing.T) {
	for stopAt := range 6 {
		s := newSweep(t, dueAndNot(), nil)
		plan, approval := s.plan(t)
		ctx, cancel := context.WithCancel(t.Context())
		s.shelf.dispose = func(context.Context, string) (bool, error) {
			if s.shelf.calls > stopAt {
				cancel()
			}
			return false, nil
		}
		_, err := s.Execute(ctx, plan, approval)
		errorIs(t, err, context.Canceled)
		equal(t, stopAt, len(s.log(t)), "what is certain is logged")
		s.shelf.dispose = nil
		certificate, err := s.Execute(t.Context(), plan, approval)
		noError(t, err)
		equal(t, 2, len(s.shelf.records))
		equal(t, uint64(6), certificate.TreeSize)
		noError(t, certificate.Verify(s.log(t)))
	}
}

func TestRecordsOfAnotherSweepAreLeftAlone(t *testing.T) {
	s := newSweep(t, dueAndNot(), nil)
	plan, approval := s.plan(t)
	noError(t, s.store.CreateSweep(t.Context(), retention.Sweep{ID: "other"}))
	leases, err := s.store.Lease(t.Context(), "other", []retention.Shard{0}, s.clock.at, s.clock.at.Add(time.Hour))
	noError(t, err)
	_, err = s.store.Claim(t.Context(), "other", leases, []retention.Claim{{Token: s.Token("files", "t1", "a"), Record: s.shelf.records["a"]}}, s.clock.at)
	noError(t, err)
	_, err = s.Execute(t.Context(), plan, approval)
	noError(t, err)
	equal(t, "skipped: claimed_elsewhere", s.outcome(t, "a"))
	equal(t, "disposed", s.outcome(t, "b"))
}

func TestRateLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSweep(t, dueAndNot(), func(o *retention.SweepOptions) { o.PerSecond, o.Clock = 2, privacy.SystemClock{} })
		s.shelf.records["g"], s.shelf.records["h"] = s.shelf.records["a"], s.shelf.records["a"]
		delete(s.shelf.records, "g")
		delete(s.shelf.records, "h")
		time.Sleep(time.Until(on("2026-06-01")))
		plan, approval := s.plan(t)
		began := time.Now()
		_, err := s.Execute(t.Context(), plan, approval)
		noError(t, err)
		equal(t, 3*time.Second, time.Since(began), "six records at two a second")
	})
}

func TestPlanTellsWhatIsLeftAlone(t *testing.T) {
	s := newSweep(t, dueAndNot(), nil)
	h := hold("H", "2026-01-01")
	h.Scope = retention.HoldScope{Tenant: "t1", Subjects: []privacy.SubjectID{"subject-c"}}
	_, err := s.store.PlaceHold(t.Context(), h)
	noError(t, err)
	s.shelf.records["x"] = retention.Record{Key: "x", Tenant: "t1"}
	plan, _ := s.plan(t)
	equal(t, 5, len(plan.Items))
	equal(t, map[string]int{"hold:H": 1, "anchor_missing": 1}, plan.Blocked)
}

func TestHidingAndReview(t *testing.T) {
	review := maximum("review", "P1Y")
	review.Action, review.Scope.Categories = retention.Review, []privacy.CategoryID{"mail"}
	law, most := minimum("law", "P9Y"), maximum("max", "P1Y")
	law.Scope.Categories, most.Scope.Categories = []privacy.CategoryID{"image"}, []privacy.CategoryID{"image"}
	host := newShelf(t, map[string]string{"a": "2022-01-01", "m": "2022-01-01"})
	mail := host.records["m"]
	mail.Category = "mail"
	host.records["m"] = mail
	store := memstore.NewRetention()
	s, err := retention.NewSweeper(compile(t, review, law, most), []retention.System{{ID: "files", Source: host, Disposer: host}}, store,
		retention.SweepOptions{TokenKey: make([]byte, 32), Clock: &fixedClock{on("2026-06-01")}})
	noError(t, err)
	plan, err := s.Plan(t.Context(), "sweep-1")
	noError(t, err)
	equal(t, 1, plan.Review)
	hash, err := plan.Hash()
	noError(t, err)
	certificate, err := s.Execute(t.Context(), plan, retention.Approval{PlanHash: hash, By: "dpo"})
	noError(t, err)
	equal(t, retention.HiddenNow, certificate.Counts[0].Outcome)
	equal(t, map[string]bool{"a": true}, host.hidden)
	equal(t, 2, len(host.records))

	plan, err = s.Plan(t.Context(), "sweep-2")
	noError(t, err)
	equal(t, 0, len(plan.Items), "what is hidden is not hidden again")
	equal(t, map[string]int{"hidden": 1}, plan.Blocked)
}

func TestRestoredBackupIsSweptAgain(t *testing.T) {
	s := newSweep(t, dueAndNot(), nil)
	backup := maps.Clone(s.shelf.records)
	plan, approval := s.plan(t)
	_, err := s.Execute(t.Context(), plan, approval)
	noError(t, err)
	s.shelf.records = backup
	s.shelf.dispose = func(_ context.Context, key string) (bool, error) { return key == "a", nil }
	done, err := s.Redispose(t.Context())
	noError(t, err)
	equal(t, retention.Redisposal{Seen: 8, Again: 5, Failed: 1}, done)
	s.shelf.dispose = nil
	done, err = s.Redispose(t.Context())
	noError(t, err)
	equal(t, 0, done.Failed)
	equal(t, 2, len(s.shelf.records))
}

// brokenSource fails, or never moves on.
type brokenSource struct {
	page retention.Page
	err  error
}

func (s brokenSource) Candidates(context.Context, retention.Query) (retention.Page, error) {
	return s.page, s.err
}

func TestBrokenSourceEndsThePlan(t *testing.T) {
	store, host := memstore.NewRetention(), newShelf(t, nil)
	opts := retention.SweepOptions{TokenKey: make([]byte, 32)}
	sweeper := func(source retention.Source) *retention.Sweeper {
		s, err := retention.NewSweeper(compile(t), []retention.System{{ID: "files", Source: source, Disposer: host}}, store, opts)
		noError(t, err)
		return s
	}
	down := errors.New("down")
	_, err := sweeper(brokenSource{err: down}).Plan(t.Context(), "s")
	errorIs(t, err, down)
	_, err = sweeper(brokenSource{page: retention.Page{Next: "x"}}).Plan(t.Context(), "s")
	errorIs(t, err, privacy.ErrInvalid)
	_, err = sweeper(brokenSource{err: down}).Redispose(t.Context())
	errorIs(t, err, down)
}

func TestNewSweeperReportsEveryProblem(t *testing.T) {
	_, err := retention.NewSweeper(nil, []retention.System{{}, {BackupCycleDays: -1}}, nil, retention.SweepOptions{Batch: -1})
	equal(t, []string{"required", "identifier", "required", "identifier", "duplicate", "required", "negative", "too_short", "negative"}, problemCodes(t, err))
}

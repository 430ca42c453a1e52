package retention_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
)

func TestCyclicAliasesJoinOnePerson(t *testing.T) {
	circle := []retention.Alias{
		{Tenant: "t1", A: "a", B: "b"}, {Tenant: "t1", A: "b", B: "c"}, {Tenant: "t1", A: "c", B: "a"},
		{Tenant: "t1", A: "a", B: "a"}, {Tenant: "t1", A: "b", B: "a"}, {Tenant: "t2", A: "c", B: "other"},
	}
	h := hold("H", "2026-01-01")
	h.Scope = retention.HoldScope{Tenant: "t1", Subjects: []privacy.SubjectID{"b"}}
	set, err := retention.NewHolds([]retention.Hold{h}, circle)
	noError(t, err)
	widened := h.WithAliases(circle)
	equal(t, 3, len(widened.Scope.Subjects))
	for subject, held := range map[privacy.SubjectID]bool{"a": true, "b": true, "c": true, "other": false, "": false} {
		r := retention.Record{Tenant: "t1", Subject: subject}
		equal(t, held, len(set.On(&r, privacy.MustDate("2026-06-01"))) > 0, subject)
		equal(t, held, widened.Covers(&r), "as placed in a store: ", subject)
	}
}

func TestRecordWithoutAZoneIsUndecidable(t *testing.T) {
	schedule, err := retention.Compile([]retention.Rule{maximum("m", "P1Y")}, nil)
	noError(t, err)
	verdict := schedule.Evaluate(recordFrom("2020-01-01"), nil, on("2026-01-01"))
	equal(t, retention.Undecidable, verdict.State)
	equal(t, retention.FindingNoZone, verdict.Finding)
}

// misbehaves makes the disposer do something to the record "b" alone.
func misbehaves(t *testing.T, dispose func(ctx context.Context) error) *sweepTest {
	s := newSweep(t, dueAndNot(), func(o *retention.SweepOptions) { o.ItemTimeout = time.Second })
	s.shelf.dispose = func(ctx context.Context, key string) (bool, error) {
		if key == "b" {
			return true, dispose(ctx)
		}
		return false, nil
	}
	plan, approval := s.plan(t)
	certificate, err := s.Execute(t.Context(), plan, approval)
	noError(t, err)
	noError(t, certificate.Verify(s.log(t)))
	isTrue(t, !strings.Contains(fmt.Sprintf("%+v", certificate), "Jane"), "nothing personal is certified")
	for _, key := range []string{"a", "c", "d", "e", "f"} {
		equal(t, "disposed", s.outcome(t, key), key)
	}
	isTrue(t, len(s.shelf.records) == 3, "nothing is lost")
	return s
}

func TestDisposerThatLies(t *testing.T) {
	s := misbehaves(t, func(context.Context) error { return nil })
	equal(t, "failed: not_verified", s.outcome(t, "b"))
}

func TestDisposerThatFails(t *testing.T) {
	s := misbehaves(t, func(context.Context) error { return errors.New("no such file: Jane Doe.pdf") })
	equal(t, "failed: error", s.outcome(t, "b"))
}

func TestDisposerThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := misbehaves(t, func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		})
		equal(t, "failed: timeout", s.outcome(t, "b"))
	})
}

func TestDisposerThatPanics(t *testing.T) {
	s := misbehaves(t, func(context.Context) error { panic("Jane Doe") })
	equal(t, "failed: panic", s.outcome(t, "b"))
}

func TestFailedRecordIsDueInTheNextSweep(t *testing.T) {
	s := misbehaves(t, func(context.Context) error { return errors.New("down") })
	s.shelf.dispose = nil
	plan, err := s.Plan(t.Context(), "sweep-2")
	noError(t, err)
	hash, err := plan.Hash()
	noError(t, err)
	certificate, err := s.Execute(t.Context(), plan, retention.Approval{PlanHash: hash, By: "dpo"})
	noError(t, err)
	equal(t, 1, certificate.Counts[0].Count)
	equal(t, retention.Disposed, certificate.Counts[0].Outcome)
}

func TestProgressBar(t *testing.T) {
	var drawn strings.Builder
	draw := retention.ProgressBar(&drawn)
	draw(retention.Progress{Left: 4})
	draw(retention.Progress{Done: 3, Left: 1, PerSecond: 1.5, ExpectedEnd: on("2026-06-01").Add(90 * time.Second)})
	draw(retention.Progress{Done: 4})
	draw(retention.Progress{})
	equal(t, []string{
		"", "[..............................]   0%  0 of 4\x1b[K",
		"[######################........]  75%  3 of 4  1.5/s  until 00:01:30 UTC\x1b[K",
		"[##############################] 100%  4 of 4\x1b[K\n",
		"[##############################] 100%  0 of 0\x1b[K\n",
	}, strings.Split(drawn.String(), "\r"))
}

func TestProgressCountsWhatIsDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(on("2026-06-01")))
		var seen []retention.Progress
		s := newSweep(t, dueAndNot(), func(o *retention.SweepOptions) {
			o.PerSecond, o.Clock, o.Progress = 2, privacy.SystemClock{}, func(p retention.Progress) { seen = append(seen, p) }
		})
		plan, approval := s.plan(t)
		_, err := s.Execute(t.Context(), plan, approval)
		noError(t, err)
		first, last := seen[0], seen[len(seen)-1]
		equal(t, retention.Progress{Done: 2, Left: 4, PerSecond: 2, ExpectedEnd: on("2026-06-01").Add(3 * time.Second)}, first)
		equal(t, [2]int{6, 0}, [2]int{last.Done, last.Left})
	})
}

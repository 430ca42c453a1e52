package retentiontest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
)

func shardCases() []Case {
	return []Case{
		{"LeaseWhatIsFree", "Lease leases shards until a time: of those asked for, the ones that are not leased at now, in ascending order.", leaseWhatIsFree},
		{"OneOfManyRacingLeases", "Of several calls that race each shard goes to exactly one.", racingLeases},
		{"FencesGrow", "Each lease of a shard MUST have a greater Fence than the one before.", fencesGrow},
		{"StaleLeaseIsFenced", "Each lease MUST be the latest of its shard, or the error MUST match privacy.ErrConflict. Nothing is written then.", staleLeaseIsFenced},
		{"OneStaleLeaseOfMany", "If one of the leases is not the latest of its shard, nothing is written.", oneStaleLease},
		{"ForeignShard", "Each claim or item MUST be of the shard of one of the leases, or the error MUST match privacy.ErrInvalid.", foreignShard},
		{"Renew", "Renew makes leases end at another time.", renew},
		{"Release", "Release ends leases, so that their shards can be leased at once. Those that are not the latest MUST be left alone.", releaseShards},
		{"WhoGetsNothingIsHeard", "A call that asks for shards and gets none marks the sweep as wanted; Release takes the mark away.", wanted},
		{"InFlight", "InFlight returns what a sweep has claimed in shards and not recorded, in the order of the tokens.", inFlight},
		{"Notices", "Record stores the pending notices with the items they are about; Notices returns up to limit with a token above after, in the order of their tokens.", notices},
		{"NoticesOfItemsInTheLog", "A notice whose item is left out is left out too.", noticesLeftOut},
		{"Told", "Told removes the notices with the tokens. Those that are not there MUST be ignored.", told},
		{"CancelledShards", "All methods MUST fail with the error of a cancelled context without writing.", cancelledShards},
	}
}

// shards leases shards of the sweep s1 for an hour and lists them.
func shards(ctx context.Context, s Store, now time.Time, list ...retention.Shard) string {
	leases, err := s.Lease(ctx, "s1", list, now, now.Add(time.Hour))
	if err != nil {
		return "error " + err.Error()
	}
	var text []string
	for _, l := range leases {
		text = append(text, fmt.Sprint(l.Shard))
	}
	return strings.Join(text, " ")
}

func leaseWhatIsFree(ctx context.Context, s Store) error {
	end := at.Add(time.Hour)
	return first(create(ctx, s, "s1"), create(ctx, s, "s2"), want("first", shards(ctx, s, at, 9, 0, 255, 9), "0 9 255"),
		want("the rest", shards(ctx, s, at, 0, 1, 2, 9), "1 2"),
		want("before they end", shards(ctx, s, end.Add(-time.Microsecond), 0, 1), ""),
		want("when they have ended", shards(ctx, s, end, 0, 1), "0 1"),
		want("nothing", shards(ctx, s, at), ""))
}

func racingLeases(ctx context.Context, s Store) error {
	if err := create(ctx, s, "s1"); err != nil {
		return err
	}
	var got atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			leases, err := s.Lease(ctx, "s1", allShards, at, at.Add(time.Hour))
			if err == nil {
				got.Add(int32(len(leases)))
			}
		})
	}
	wg.Wait()
	return want("leases", got.Load(), len(allShards))
}

func fencesGrow(ctx context.Context, s Store) error {
	w, err := begin(ctx, s, "s1")
	if err != nil {
		return err
	}
	for range 3 {
		if err := s.Release(ctx, "s1", w.leases); err != nil {
			return err
		}
		next, err := lease(ctx, s, "s1", at)
		if err != nil {
			return err
		}
		for i := range next.leases {
			if next.leases[i].Fence <= w.leases[i].Fence {
				return fmt.Errorf("the fence of a lease is %d, that of the next %d", w.leases[i].Fence, next.leases[i].Fence)
			}
		}
		w = next
	}
	return nil
}

// takenOver returns a process that slept past its leases, and its successor.
func takenOver(ctx context.Context, s Store) (stale, latest *sweeping, err error) {
	if stale, err = begin(ctx, s, "s1"); err != nil {
		return nil, nil, err
	}
	latest, err = lease(ctx, s, "s1", at.Add(time.Hour))
	return stale, latest, err
}

func staleLeaseIsFenced(ctx context.Context, s Store) error {
	stale, latest, err := takenOver(ctx, s)
	if err != nil {
		return err
	}
	_, claimErr := s.Claim(ctx, "s1", stale.leases, []retention.Claim{claim(1, "t1", "image")}, at)
	_, renewErr := s.Renew(ctx, "s1", stale.leases, at.Add(9*time.Hour))
	made := []retention.Lease{{Shard: 200, Fence: 0}}
	_, madeErr := s.Claim(ctx, "s1", made, nil, at)
	if err := first(fails("Claim", claimErr, privacy.ErrConflict), fails("Renew", renewErr, privacy.ErrConflict),
		fails("Record", stale.record(ctx, item(1, retention.Disposed)), privacy.ErrConflict),
		fails("a lease that never was", madeErr, privacy.ErrConflict), want("log", log(ctx, s, 0, 10), "")); err != nil {
		return err
	}
	claims, err := s.InFlight(ctx, "s1", allShards)
	return first(err, want("claims", len(claims), 0), want("the latest", latest.claim(ctx, claim(1, "t1", "image")), "claimed"),
		latest.record(ctx, item(1, retention.Disposed)))
}

func oneStaleLease(ctx context.Context, s Store) error {
	w, err := begin(ctx, s, "s1")
	if err != nil {
		return err
	}
	if err := s.Release(ctx, "s1", w.leases[3:]); err != nil {
		return err
	}
	if got := shards(ctx, s, at, 3); got != "3" {
		return fmt.Errorf("lease of the shard that was released: %q", got)
	}
	_, claimErr := s.Claim(ctx, "s1", w.leases, []retention.Claim{claim(1, "t1", "image")}, at)
	_, renewErr := s.Renew(ctx, "s1", w.leases, at.Add(9*time.Hour))
	claims, err := s.InFlight(ctx, "s1", allShards)
	return first(err, fails("Claim", claimErr, privacy.ErrConflict), fails("Renew", renewErr, privacy.ErrConflict),
		fails("Record", w.record(ctx, item(1, retention.Disposed)), privacy.ErrConflict),
		want("claims", len(claims), 0), want("log", log(ctx, s, 0, 10), ""),
		want("a lease that was not renewed", shards(ctx, s, at.Add(time.Hour), 0), "0"))
}

func foreignShard(ctx context.Context, s Store) error {
	w, err := begin(ctx, s, "s1")
	if err != nil {
		return err
	}
	_, claimErr := s.Claim(ctx, "s1", w.leases[:1], []retention.Claim{claim(4, "t1", "image"), claim(1, "t1", "image")}, at)
	recordErr := s.Record(ctx, "s1", w.leases[:1], []retention.Item{item(4, retention.Disposed), item(1, retention.Disposed)}, nil)
	claims, err := s.InFlight(ctx, "s1", allShards)
	return first(err, fails("Claim", claimErr, privacy.ErrInvalid), fails("Record", recordErr, privacy.ErrInvalid),
		want("claims", len(claims), 0), want("log", log(ctx, s, 0, 10), ""))
}

func renew(ctx context.Context, s Store) error {
	w, err := begin(ctx, s, "s1")
	if err != nil {
		return err
	}
	end := at.Add(2 * time.Hour)
	marked, err := s.Renew(ctx, "s1", w.leases[:2], end)
	return first(err, want("wanted", marked, false), want("before the end", shards(ctx, s, end.Add(-time.Microsecond), allShards...), "2 3"),
		want("at the end", shards(ctx, s, end, 0, 1), "0 1"))
}

func releaseShards(ctx context.Context, s Store) error {
	stale, latest, err := takenOver(ctx, s)
	if err != nil {
		return err
	}
	later := at.Add(90 * time.Minute)
	return first(s.Release(ctx, "s1", stale.leases), want("after the stale ones", shards(ctx, s, later, allShards...), ""),
		s.Release(ctx, "s1", latest.leases[1:3]), want("after two", shards(ctx, s, later, allShards...), "1 2"))
}

func wanted(ctx context.Context, s Store) error {
	w, err := begin(ctx, s, "s1")
	if err != nil {
		return err
	}
	mark := func() string {
		marked, err := s.Renew(ctx, "s1", w.leases[:1], at.Add(time.Hour))
		return fmt.Sprint(marked, err)
	}
	return first(want("at first", mark(), "false <nil>"), want("nothing asked for", shards(ctx, s, at), ""), want("then", mark(), "false <nil>"),
		want("another", shards(ctx, s, at, 0, 200), "200"), want("who gets some", mark(), "false <nil>"),
		want("a third", shards(ctx, s, at, 0, 1), ""), want("who gets none", mark(), "true <nil>"), want("still", mark(), "true <nil>"),
		s.Release(ctx, "s1", w.leases[2:]), want("after a release", mark(), "false <nil>"))
}

func inFlight(ctx context.Context, s Store) error {
	w, other, err := beginTwo(ctx, s)
	if err != nil {
		return err
	}
	full := claim(8, "t1", "image")
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		return err
	}
	full.Record.Zone, full.Record.Subject, full.Record.Labels = berlin, "s", []string{"x"}
	full.Record.Events = []retention.Event{{Name: "created", On: day("2020-02-29")}, {Name: "used", At: at}}
	if err := first(want("claims", w.claim(ctx, full, claim(4, "t2", "log"), claim(1, "t1", "log"), claim(2, "t1", "log"), claim(12, "t1", "log")),
		"claimed claimed claimed claimed claimed"), want("other", other.claim(ctx, claim(16, "t1", "log")), "claimed"),
		w.record(ctx, item(12, retention.Failed))); err != nil {
		return err
	}
	claims, err := s.InFlight(ctx, "s1", []retention.Shard{0, 1})
	if err != nil {
		return err
	}
	if err := want("claims", len(claims), 3); err != nil {
		return err
	}
	got, err := claims[2].MarshalJSON()
	if err != nil {
		return err
	}
	wholly, err := full.MarshalJSON()
	return first(err, want("order", fmt.Sprint(claims[0].Token[0], claims[1].Token[0]), "1 4"), want("claim", string(got), string(wholly)))
}

func notice(n byte) retention.Notice {
	i := item(n, retention.Disposed)
	return retention.Notice{SweepID: "s1", Token: i.Token, Record: claim(n, "t1", "image").Record, PlanItem: i.PlanItem, At: at}
}

// pending lists the notices of the sweep s1.
func pending(ctx context.Context, s Store, after byte, limit int) string {
	list, err := s.Notices(ctx, "s1", token(after), limit)
	if err != nil {
		return "error " + err.Error()
	}
	var text []string
	for _, n := range list {
		text = append(text, fmt.Sprintf("%d/%s", n.Token[0], n.Record.Key))
	}
	return strings.Join(text, " ")
}

func notices(ctx context.Context, s Store) error {
	w, err := begin(ctx, s, "s1")
	if err != nil {
		return err
	}
	err = s.Record(ctx, "s1", w.leases, []retention.Item{item(3, retention.Disposed), item(1, retention.Disposed), item(2, retention.Disposed)},
		[]retention.Notice{notice(3), notice(1), notice(2)})
	if err := first(err, want("all", pending(ctx, s, 0, 10), "1/1 2/2 3/3"), want("page", pending(ctx, s, 1, 1), "2/2"), want("beyond", pending(ctx, s, 3, 1), "")); err != nil {
		return err
	}
	list, err := s.Notices(ctx, "s1", token(0), 1)
	if err != nil {
		return err
	}
	got, err := list[0].MarshalJSON()
	if err != nil {
		return err
	}
	wholly, err := notice(1).MarshalJSON()
	return first(err, want("notice", string(got), string(wholly)))
}

func noticesLeftOut(ctx context.Context, s Store) error {
	w, err := begin(ctx, s, "s1")
	if err != nil {
		return err
	}
	return first(w.record(ctx, item(1, retention.Disposed)),
		s.Record(ctx, "s1", w.leases, []retention.Item{item(1, retention.Disposed), item(2, retention.Disposed)}, []retention.Notice{notice(1), notice(2)}),
		want("notices", pending(ctx, s, 0, 10), "2/2"))
}

func told(ctx context.Context, s Store) error {
	w, other, err := beginTwo(ctx, s)
	if err != nil {
		return err
	}
	elsewhere := notice(1)
	elsewhere.SweepID = "s2"
	return first(s.Record(ctx, "s1", w.leases, []retention.Item{item(1, retention.Disposed), item(2, retention.Disposed)}, []retention.Notice{notice(1), notice(2)}),
		s.Record(ctx, "s2", other.leases, []retention.Item{item(1, retention.Disposed)}, []retention.Notice{elsewhere}),
		s.Told(ctx, "s2", []retention.Token{token(1), token(9)}), want("the other sweep's", pending(ctx, s, 0, 10), "1/1 2/2"),
		s.Told(ctx, "s1", []retention.Token{token(1), token(9)}), want("left", pending(ctx, s, 0, 10), "2/2"),
		s.Told(ctx, "s1", []retention.Token{token(1)}))
}

func cancelledShards(ctx context.Context, s Store) error {
	w, err := begin(ctx, s, "s1")
	if err != nil {
		return err
	}
	if err := s.Record(ctx, "s1", w.leases, []retention.Item{item(1, retention.Disposed)}, []retention.Notice{notice(1)}); err != nil {
		return err
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	_, leaseErr := s.Lease(cancelled, "s1", []retention.Shard{9}, at, at.Add(time.Hour))
	_, renewErr := s.Renew(cancelled, "s1", w.leases, at.Add(9*time.Hour))
	_, inFlightErr := s.InFlight(cancelled, "s1", allShards)
	_, noticesErr := s.Notices(cancelled, "s1", token(0), 1)
	return first(fails("Lease", leaseErr, context.Canceled), fails("Renew", renewErr, context.Canceled),
		fails("Release", s.Release(cancelled, "s1", w.leases), context.Canceled), fails("InFlight", inFlightErr, context.Canceled),
		fails("Notices", noticesErr, context.Canceled), fails("Told", s.Told(cancelled, "s1", []retention.Token{token(1)}), context.Canceled),
		want("notices", pending(ctx, s, 0, 10), "1/1"), want("what was not released", shards(ctx, s, at, 0), ""),
		want("what was not leased, nor renewed", shards(ctx, s, at.Add(time.Hour), 0, 9), "0 9"))
}

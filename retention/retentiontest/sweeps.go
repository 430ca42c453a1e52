package retentiontest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
)

// at is shortly before midnight UTC, so that the day depends on the zone.
var at = time.Date(2026, 1, 9, 23, 30, 0, 123456000, time.UTC)

func sweepCases() []Case {
	return []Case{
		{"SweepAgain", "Creating it again with the same plan and the same approval succeeds and changes nothing; with another plan, or approved by another, the error MUST match privacy.ErrConflict.", sweepAgain},
		{"SweepMissing", "Errors MUST match privacy.ErrNotFound where a sweep does not exist.", sweepMissing},
		{"ClaimsStandInOrder", "The results stand in the order of the claims.", claimsStandInOrder},
		{"HeldIsNotClaimed", "Nothing MUST be claimed that a hold covers which is in force.", heldIsNotClaimed},
		{"HoldsAreReadOnTheDayOfTheRecord", "A hold counts that is in force on the day of the record's zone at the given instant.", holdsOnTheDay},
		{"ClaimAgain", "Claiming again what is claimed by the same sweep succeeds; what another sweep has claimed and not recorded MUST be refused.", claimAgain},
		{"ClaimsOfDeadSweepsEnd", "What another sweep has claimed MUST be refused while the shard it was claimed in is leased at that instant.", claimsOfDeadSweepsEnd},
		{"OneOfManyRacingClaims", "What another sweep has claimed and not recorded MUST be refused.", racingClaims},
		{"HoldReturnsClaimsInFlight", "PlaceHold returns the claims in flight that it covers: claimed by a sweep before, and not recorded yet.", holdReturnsClaims},
		{"HoldOrClaim", "Nothing MUST be claimed that a hold covers if PlaceHold returned before; and what is claimed before it returns, it returns.", holdOrClaim},
		{"RecordNumbersItems", "Record gives items the sequence numbers that follow, from 1 without a gap.", recordNumbersItems},
		{"RecordAgain", "An item whose token is in the log already MUST be left out, so that recording again changes nothing.", recordAgain},
		{"RecordKeepsAll", "Record appends items to the log of a sweep.", recordKeepsAll},
		{"ItemsInPages", "Items returns up to limit items of a log with a sequence above after, in the order of their sequence.", itemsInPages},
		{"Disposed", "Disposed returns for each token the action of the last item, of any sweep, that recorded it as Disposed, zero if there is none, in the order of the tokens.", disposed},
		{"ConcurrentRecords", "All methods MUST be safe for concurrent use.", concurrentRecords},
		{"CancelledSweep", "All methods MUST fail with the error of a cancelled context without writing.", cancelledSweep},
	}
}

func token(n byte) retention.Token { return retention.Token{n} }

// shardOf spreads the records of the suite over a few shards.
func shardOf(n byte) retention.Shard { return retention.Shard(n % 4) }

var allShards = []retention.Shard{0, 1, 2, 3}

func claim(n byte, tenant privacy.TenantID, category privacy.CategoryID) retention.Claim {
	return retention.Claim{Token: token(n), Shard: shardOf(n), Record: retention.Record{
		System: "files", Key: fmt.Sprint(n), Tenant: tenant, Category: category, Zone: time.UTC,
	}}
}

func item(n byte, outcome retention.ItemOutcome) retention.Item {
	return retention.Item{Token: token(n), Shard: shardOf(n), Outcome: outcome, At: at, PlanItem: retention.PlanItem{
		System: "files", Category: "image", Action: retention.Delete, RuleID: "r", RuleVersion: 2,
	}}
}

// sweeping is a process that works on all shards of a sweep.
type sweeping struct {
	Store
	id     string
	leases []retention.Lease
}

func create(ctx context.Context, s Store, id string) error {
	return s.CreateSweep(ctx, retention.Sweep{ID: id, PlanHash: retention.Hash{1}, ApprovedBy: "dpo", StartedAt: at})
}

// lease leases the shards of the suite for an hour.
func lease(ctx context.Context, s Store, id string, now time.Time) (*sweeping, error) {
	leases, err := s.Lease(ctx, id, allShards, now, now.Add(time.Hour))
	if err == nil && len(leases) != len(allShards) {
		err = fmt.Errorf("got %d of %d shards", len(leases), len(allShards))
	}
	return &sweeping{s, id, leases}, err
}

func begin(ctx context.Context, s Store, id string) (*sweeping, error) {
	if err := create(ctx, s, id); err != nil {
		return nil, err
	}
	return lease(ctx, s, id, at)
}

func beginTwo(ctx context.Context, s Store) (one, two *sweeping, err error) {
	if one, err = begin(ctx, s, "s1"); err != nil {
		return nil, nil, err
	}
	two, err = begin(ctx, s, "s2")
	return one, two, err
}

func (w *sweeping) claimAt(ctx context.Context, at time.Time, list ...retention.Claim) string {
	results, err := w.Claim(ctx, w.id, w.leases, list, at)
	if err != nil {
		return "error " + err.Error()
	}
	var text []string
	for _, result := range results {
		if reason := result.Reason(); reason != "" {
			text = append(text, reason)
		} else {
			text = append(text, "claimed")
		}
	}
	return strings.Join(text, " ")
}

func (w *sweeping) claim(ctx context.Context, list ...retention.Claim) string {
	return w.claimAt(ctx, at, list...)
}

func (w *sweeping) record(ctx context.Context, items ...retention.Item) error {
	return w.Record(ctx, w.id, w.leases, items, nil)
}

func heldAll() retention.Hold {
	hold := holdOf("t1", "H")
	hold.Scope.Categories = []privacy.CategoryID{"image"}
	hold.From = day("2026-01-09")
	return hold
}

func sweepAgain(ctx context.Context, s Store) error {
	w, err := begin(ctx, s, "s1")
	if err != nil {
		return err
	}
	if err := first(w.record(ctx, item(1, retention.Disposed)), create(ctx, s, "s1")); err != nil {
		return err
	}
	items, err := s.Items(ctx, "s1", 0, 10)
	other := retention.Sweep{ID: "s1", PlanHash: retention.Hash{2}, ApprovedBy: "dpo", StartedAt: at}
	approval := retention.Sweep{ID: "s1", PlanHash: retention.Hash{1}, ApprovedBy: "DPO", StartedAt: at}
	return first(err, want("items", len(items), 1), fails("another plan", s.CreateSweep(ctx, other), privacy.ErrConflict),
		fails("another approval", s.CreateSweep(ctx, approval), privacy.ErrConflict))
}

func sweepMissing(ctx context.Context, s Store) error {
	_, claimErr := s.Claim(ctx, "none", nil, nil, at)
	_, itemsErr := s.Items(ctx, "none", 0, 10)
	_, leaseErr := s.Lease(ctx, "none", allShards, at, at.Add(time.Hour))
	_, renewErr := s.Renew(ctx, "none", nil, at)
	_, inFlightErr := s.InFlight(ctx, "none", allShards)
	_, noticesErr := s.Notices(ctx, "none", retention.Token{}, 10)
	return first(fails("Claim", claimErr, privacy.ErrNotFound), fails("Items", itemsErr, privacy.ErrNotFound),
		fails("Record", s.Record(ctx, "none", nil, nil, nil), privacy.ErrNotFound),
		fails("Lease", leaseErr, privacy.ErrNotFound), fails("Renew", renewErr, privacy.ErrNotFound),
		fails("Release", s.Release(ctx, "none", nil), privacy.ErrNotFound),
		fails("InFlight", inFlightErr, privacy.ErrNotFound), fails("Notices", noticesErr, privacy.ErrNotFound),
		fails("Told", s.Told(ctx, "none", nil), privacy.ErrNotFound))
}

func claimsStandInOrder(ctx context.Context, s Store) error {
	w, err := begin(ctx, s, "s1")
	if err != nil {
		return err
	}
	return first(place(ctx, s, heldAll()),
		want("results", w.claim(ctx, claim(3, "t1", "log"), claim(1, "t1", "image"), claim(2, "t2", "image")), "claimed hold:H claimed"))
}

func heldIsNotClaimed(ctx context.Context, s Store) error {
	w, err := begin(ctx, s, "s1")
	if err != nil {
		return err
	}
	operator := holdOf("", "O")
	operator.Scope.Labels, operator.From = []string{"x"}, day("2026-01-01")
	labelled := claim(4, "t2", "log")
	labelled.Record.Labels = []string{"x"}
	one := claim(1, "t1", "image.raw")
	return first(place(ctx, s, heldAll(), operator),
		want("results", w.claim(ctx, one, labelled), "hold:H hold:O"),
		s.ReleaseHold(ctx, "t1", "H", day("2026-01-09")),
		want("on the day of its release", w.claim(ctx, one), "hold:H"),
		want("the day after", w.claimAt(ctx, at.Add(time.Hour), one), "claimed"))
}

func holdsOnTheDay(ctx context.Context, s Store) error {
	w, err := begin(ctx, s, "s1")
	if err != nil {
		return err
	}
	hold := heldAll()
	hold.From = day("2026-01-10")
	east := claim(2, "t1", "image")
	east.Record.Zone = time.FixedZone("UTC+1", 3600)
	return first(place(ctx, s, hold), want("results", w.claim(ctx, claim(1, "t1", "image"), east), "claimed hold:H"))
}

func claimAgain(ctx context.Context, s Store) error {
	w, other, err := beginTwo(ctx, s)
	if err != nil {
		return err
	}
	one := claim(1, "t1", "image")
	return first(want("first", w.claim(ctx, one), "claimed"), want("again", w.claim(ctx, one), "claimed"),
		want("another sweep", other.claim(ctx, one), "claimed_elsewhere"),
		w.record(ctx, item(1, retention.Failed)),
		want("once recorded", other.claim(ctx, one), "claimed"))
}

func claimsOfDeadSweepsEnd(ctx context.Context, s Store) error {
	w, other, err := beginTwo(ctx, s)
	if err != nil {
		return err
	}
	one := claim(1, "t1", "image")
	end := at.Add(time.Hour)
	if err := first(want("first", w.claim(ctx, one), "claimed"),
		want("before the lease ends", other.claimAt(ctx, end.Add(-time.Microsecond), one), "claimed_elsewhere"),
		want("when it has ended", other.claimAt(ctx, end, one), "claimed")); err != nil {
		return err
	}
	left, err := s.InFlight(ctx, "s1", allShards)
	return first(err, want("in flight of the first", len(left), 0))
}

func racingClaims(ctx context.Context, s Store) error {
	var mu sync.Mutex
	won := 0
	var wg sync.WaitGroup
	for n := range 16 {
		w, err := begin(ctx, s, fmt.Sprint("s", n))
		if err != nil {
			return err
		}
		wg.Go(func() {
			if w.claim(ctx, claim(1, "t1", "image"), claim(2, "t1", "image")) == "claimed claimed" {
				mu.Lock()
				defer mu.Unlock()
				won++
			}
		})
	}
	wg.Wait()
	return want("winners", won, 1)
}

func holdReturnsClaims(ctx context.Context, s Store) error {
	w, err := begin(ctx, s, "s1")
	if err != nil {
		return err
	}
	if err := first(want("claims", w.claim(ctx, claim(5, "t1", "image"), claim(1, "t1", "image"), claim(2, "t1", "log"), claim(3, "t2", "image"), claim(4, "t1", "image")),
		"claimed claimed claimed claimed claimed"), w.record(ctx, item(4, retention.Disposed))); err != nil {
		return err
	}
	covered, err := s.PlaceHold(ctx, heldAll())
	if err != nil {
		return err
	}
	if err := want("claims in flight", len(covered), 2); err != nil {
		return err
	}
	return first(want("token", covered[0].Token, token(1)), want("key", covered[0].Record.Key, "1"),
		want("zone", covered[0].Record.Zone, time.UTC), want("next token", covered[1].Token, token(5)))
}

// holdOrClaim places holds while records are claimed: each record is refused, or
// returned by the hold.
func holdOrClaim(ctx context.Context, s Store) error {
	w, err := begin(ctx, s, "s1")
	if err != nil {
		return err
	}
	for round := range byte(20) {
		hold := heldAll()
		hold.ID = fmt.Sprint("H", round)
		hold.Scope.Tenant = privacy.TenantID(fmt.Sprint("t", round))
		one := claim(round+1, hold.Scope.Tenant, "image")
		var result string
		var covered []retention.Claim
		var placeErr error
		var wg sync.WaitGroup
		wg.Go(func() { result = w.claim(ctx, one) })
		wg.Go(func() { covered, placeErr = s.PlaceHold(ctx, hold) })
		wg.Wait()
		if placeErr != nil {
			return placeErr
		}
		if wanted := map[int]string{0: "hold:" + hold.ID, 1: "claimed"}[len(covered)]; result != wanted {
			return fmt.Errorf("round %d: the claim was answered %q, and the hold returned %d claims", round, result, len(covered))
		}
	}
	return nil
}

func recordNumbersItems(ctx context.Context, s Store) error {
	w, other, err := beginTwo(ctx, s)
	if err != nil {
		return err
	}
	return first(w.record(ctx, item(2, retention.Disposed), item(1, retention.Skipped)),
		other.record(ctx, item(9, retention.Disposed)),
		w.record(ctx, item(3, retention.Failed)), want("log", log(ctx, s, 0, 10), "1:2 2:1 3:3 "))
}

// log lists the items of the sweep s1 as "sequence:token".
func log(ctx context.Context, s Store, after uint64, limit int) string {
	items, err := s.Items(ctx, "s1", after, limit)
	if err != nil {
		return "error " + err.Error()
	}
	var text strings.Builder
	for _, i := range items {
		fmt.Fprintf(&text, "%d:%d ", i.Sequence, i.Token[0])
	}
	return text.String()
}

func recordAgain(ctx context.Context, s Store) error {
	w, err := begin(ctx, s, "s1")
	if err != nil {
		return err
	}
	again := item(1, retention.Failed)
	again.Reason = "error"
	if err := first(w.record(ctx, item(1, retention.Disposed)), w.record(ctx, again, item(2, retention.Disposed), item(2, retention.Failed))); err != nil {
		return err
	}
	items, err := s.Items(ctx, "s1", 0, 10)
	if err != nil || len(items) != 2 {
		return fmt.Errorf("got %d items, error %v", len(items), err)
	}
	return first(want("log", log(ctx, s, 0, 10), "1:1 2:2 "), want("first", items[0].Outcome, retention.Disposed), want("second", items[1].Outcome, retention.Disposed))
}

func recordKeepsAll(ctx context.Context, s Store) error {
	w, err := begin(ctx, s, "s1")
	if err != nil {
		return err
	}
	full := item(1, retention.Skipped)
	full.Reason, full.Hide, full.Sequence, full.Notice = "hold:H", true, 1, retention.NoticeTold
	if err := w.record(ctx, full); err != nil {
		return err
	}
	items, err := s.Items(ctx, "s1", 0, 10)
	if err != nil || len(items) != 1 {
		return fmt.Errorf("got %d items, error %v", len(items), err)
	}
	stored := items[0]
	if !stored.At.Equal(at) {
		return fmt.Errorf("at: got %v, want %v", stored.At, at)
	}
	stored.At = at
	return want("item", fmt.Sprintf("%+v", stored), fmt.Sprintf("%+v", full))
}

func itemsInPages(ctx context.Context, s Store) error {
	w, err := begin(ctx, s, "s1")
	if err != nil {
		return err
	}
	for n := range byte(5) {
		if err := w.record(ctx, item(5-n, retention.Disposed)); err != nil {
			return err
		}
	}
	return first(want("first page", log(ctx, s, 0, 2), "1:5 2:4 "), want("second", log(ctx, s, 2, 2), "3:3 4:2 "),
		want("last", log(ctx, s, 4, 2), "5:1 "), want("beyond", log(ctx, s, 5, 2), ""))
}

func disposed(ctx context.Context, s Store) error {
	w, other, err := beginTwo(ctx, s)
	if err != nil {
		return err
	}
	shredded := item(1, retention.Disposed)
	shredded.Action, shredded.At = retention.CryptoShred, at.Add(time.Hour)
	if err := first(other.record(ctx, shredded),
		w.record(ctx, item(1, retention.Disposed), item(2, retention.Failed), item(3, retention.Skipped), item(4, retention.HiddenNow))); err != nil {
		return err
	}
	actions, err := s.Disposed(ctx, []retention.Token{token(4), token(3), token(1), token(2), token(9)})
	return first(err, want("actions", actions, []retention.Action{0, 0, retention.CryptoShred, 0, 0}))
}

func concurrentRecords(ctx context.Context, s Store) error {
	w, err := begin(ctx, s, "s1")
	if err != nil {
		return err
	}
	errs := make(chan error, 16)
	var wg sync.WaitGroup
	for n := range byte(16) {
		wg.Go(func() { errs <- w.record(ctx, item(2*n, retention.Disposed), item(2*n+1, retention.Disposed)) })
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			return err
		}
	}
	items, err := s.Items(ctx, "s1", 0, 100)
	if err != nil {
		return err
	}
	for i, it := range items {
		if it.Sequence != uint64(i+1) {
			return fmt.Errorf("item %d has sequence %d", i, it.Sequence)
		}
	}
	return want("items", len(items), 32)
}

func cancelledSweep(ctx context.Context, s Store) error {
	w, other, err := beginTwo(ctx, s)
	if err != nil {
		return err
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	one := claim(1, "t1", "image")
	_, claimErr := s.Claim(cancelled, "s1", w.leases, []retention.Claim{one}, at)
	_, itemsErr := s.Items(cancelled, "s1", 0, 1)
	_, disposedErr := s.Disposed(cancelled, []retention.Token{token(1)})
	return first(fails("CreateSweep", create(cancelled, s, "s3"), context.Canceled), fails("Claim", claimErr, context.Canceled),
		fails("Items", itemsErr, context.Canceled), fails("Disposed", disposedErr, context.Canceled),
		fails("Record", w.record(cancelled, item(1, retention.Disposed)), context.Canceled),
		want("log", log(ctx, s, 0, 10), ""), want("claim of another sweep", other.claim(ctx, one), "claimed"),
		fails("a sweep that was not created", s.Record(ctx, "s3", nil, nil, nil), privacy.ErrNotFound))
}

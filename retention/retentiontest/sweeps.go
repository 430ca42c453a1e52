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
		{"SweepAgain", "Creating it again with the same plan succeeds and changes nothing; with another plan the error MUST match privacy.ErrConflict.", sweepAgain},
		{"SweepMissing", "Errors MUST match privacy.ErrNotFound where a sweep does not exist.", sweepMissing},
		{"ClaimsStandInOrder", "The results stand in the order of the claims.", claimsStandInOrder},
		{"HeldIsNotClaimed", "Nothing MUST be claimed that a hold covers which is in force.", heldIsNotClaimed},
		{"HoldsAreReadOnTheDayOfTheRecord", "A hold counts that is in force on the day of the record's zone at the given instant.", holdsOnTheDay},
		{"ClaimAgain", "Claiming again what is claimed by the same sweep succeeds; what another sweep has claimed and not recorded MUST be refused.", claimAgain},
		{"OneOfManyRacingClaims", "What another sweep has claimed and not recorded MUST be refused.", racingClaims},
		{"HoldReturnsClaimsInFlight", "PlaceHold returns the claims in flight that it covers: claimed by a sweep before, and not recorded yet.", holdReturnsClaims},
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

func claim(n byte, tenant privacy.TenantID, category privacy.CategoryID) retention.Claim {
	return retention.Claim{Token: token(n), Record: retention.Record{
		System: "files", Key: fmt.Sprint(n), Tenant: tenant, Category: category, Zone: time.UTC,
	}}
}

func item(n byte, outcome retention.ItemOutcome) retention.Item {
	return retention.Item{Token: token(n), Outcome: outcome, At: at, PlanItem: retention.PlanItem{
		System: "files", Category: "image", Action: retention.Delete, RuleID: "r", RuleVersion: 2,
	}}
}

func create(ctx context.Context, s Store, ids ...string) error {
	for _, id := range ids {
		if err := s.CreateSweep(ctx, retention.Sweep{ID: id, PlanHash: retention.Hash{1}, ApprovedBy: "dpo", StartedAt: at}); err != nil {
			return err
		}
	}
	return nil
}

func heldAll() retention.Hold {
	hold := holdOf("t1", "H")
	hold.Scope.Categories = []privacy.CategoryID{"image"}
	hold.From = day("2026-01-09")
	return hold
}

func claims(ctx context.Context, s Store, sweep string, list ...retention.Claim) string {
	results, err := s.Claim(ctx, sweep, list, at)
	if err != nil {
		return "error " + err.Error()
	}
	return fmt.Sprintf("%+v", results)
}

const (
	claimed = "{Claimed:true HoldID:}"
	refused = "{Claimed:false HoldID:}"
	held    = "{Claimed:false HoldID:H}"
)

func sweepAgain(ctx context.Context, s Store) error {
	if err := first(create(ctx, s, "s1"), s.Record(ctx, "s1", []retention.Item{item(1, retention.Disposed)}), create(ctx, s, "s1")); err != nil {
		return err
	}
	items, err := s.Items(ctx, "s1", 0, 10)
	other := retention.Sweep{ID: "s1", PlanHash: retention.Hash{2}, ApprovedBy: "dpo", StartedAt: at}
	return first(err, want("items", len(items), 1), fails("another plan", s.CreateSweep(ctx, other), privacy.ErrConflict))
}

func sweepMissing(ctx context.Context, s Store) error {
	_, claimErr := s.Claim(ctx, "none", []retention.Claim{claim(1, "t1", "image")}, at)
	_, itemsErr := s.Items(ctx, "none", 0, 10)
	return first(fails("Claim", claimErr, privacy.ErrNotFound), fails("Items", itemsErr, privacy.ErrNotFound),
		fails("Record", s.Record(ctx, "none", []retention.Item{item(1, retention.Disposed)}), privacy.ErrNotFound))
}

func claimsStandInOrder(ctx context.Context, s Store) error {
	if err := first(create(ctx, s, "s1"), place(ctx, s, heldAll())); err != nil {
		return err
	}
	return want("results", claims(ctx, s, "s1", claim(3, "t1", "log"), claim(1, "t1", "image"), claim(2, "t2", "image")),
		"["+claimed+" "+held+" "+claimed+"]")
}

func heldIsNotClaimed(ctx context.Context, s Store) error {
	operator := holdOf("", "H")
	operator.Scope.Labels, operator.From = []string{"x"}, day("2026-01-01")
	labelled := claim(4, "t2", "log")
	labelled.Record.Labels = []string{"x"}
	if err := first(create(ctx, s, "s1"), place(ctx, s, heldAll(), operator)); err != nil {
		return err
	}
	if err := want("results", claims(ctx, s, "s1", claim(1, "t1", "image.raw"), labelled), "["+held+" "+held+"]"); err != nil {
		return err
	}
	if err := first(s.ReleaseHold(ctx, "t1", "H", day("2026-01-09")), want("on the day of its release", claims(ctx, s, "s1", claim(1, "t1", "image")), "["+held+"]")); err != nil {
		return err
	}
	results, err := s.Claim(ctx, "s1", []retention.Claim{claim(1, "t1", "image")}, at.Add(time.Hour))
	return first(err, want("the day after", fmt.Sprintf("%+v", results), "["+claimed+"]"))
}

func holdsOnTheDay(ctx context.Context, s Store) error {
	hold := heldAll()
	hold.From = day("2026-01-10")
	if err := first(create(ctx, s, "s1"), place(ctx, s, hold)); err != nil {
		return err
	}
	east := claim(2, "t1", "image")
	east.Record.Zone = time.FixedZone("UTC+1", 3600)
	return want("results", claims(ctx, s, "s1", claim(1, "t1", "image"), east), "["+claimed+" "+held+"]")
}

func claimAgain(ctx context.Context, s Store) error {
	if err := create(ctx, s, "s1", "s2"); err != nil {
		return err
	}
	one := claim(1, "t1", "image")
	return first(want("first", claims(ctx, s, "s1", one), "["+claimed+"]"), want("again", claims(ctx, s, "s1", one), "["+claimed+"]"),
		want("another sweep", claims(ctx, s, "s2", one), "["+refused+"]"),
		s.Record(ctx, "s1", []retention.Item{item(1, retention.Failed)}),
		want("once recorded", claims(ctx, s, "s2", one), "["+claimed+"]"))
}

func racingClaims(ctx context.Context, s Store) error {
	var mu sync.Mutex
	won := 0
	var wg sync.WaitGroup
	for n := range 16 {
		id := fmt.Sprint("s", n)
		if err := create(ctx, s, id); err != nil {
			return err
		}
		wg.Go(func() {
			results, err := s.Claim(ctx, id, []retention.Claim{claim(1, "t1", "image")}, at)
			mu.Lock()
			defer mu.Unlock()
			if err == nil && results[0].Claimed {
				won++
			}
		})
	}
	wg.Wait()
	return want("winners", won, 1)
}

func holdReturnsClaims(ctx context.Context, s Store) error {
	if err := create(ctx, s, "s1"); err != nil {
		return err
	}
	claims(ctx, s, "s1", claim(1, "t1", "image"), claim(2, "t1", "log"), claim(3, "t2", "image"), claim(4, "t1", "image"))
	if err := s.Record(ctx, "s1", []retention.Item{item(4, retention.Disposed)}); err != nil {
		return err
	}
	covered, err := s.PlaceHold(ctx, heldAll())
	if err != nil {
		return err
	}
	if err := want("claims in flight", len(covered), 1); err != nil {
		return err
	}
	return first(want("token", covered[0].Token, token(1)), want("key", covered[0].Record.Key, "1"))
}

func recordNumbersItems(ctx context.Context, s Store) error {
	if err := first(create(ctx, s, "s1", "s2"),
		s.Record(ctx, "s1", []retention.Item{item(2, retention.Disposed), item(1, retention.Skipped)}),
		s.Record(ctx, "s2", []retention.Item{item(9, retention.Disposed)}),
		s.Record(ctx, "s1", []retention.Item{item(3, retention.Failed)})); err != nil {
		return err
	}
	return want("log", log(ctx, s, 0, 10), "1:2 2:1 3:3 ")
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
	again := item(1, retention.Failed)
	again.Reason = "error"
	if err := first(create(ctx, s, "s1"), s.Record(ctx, "s1", []retention.Item{item(1, retention.Disposed)}),
		s.Record(ctx, "s1", []retention.Item{again, item(2, retention.Disposed)})); err != nil {
		return err
	}
	items, err := s.Items(ctx, "s1", 0, 10)
	if err != nil || len(items) != 2 {
		return fmt.Errorf("got %d items, error %v", len(items), err)
	}
	return first(want("log", log(ctx, s, 0, 10), "1:1 2:2 "), want("outcome", items[0].Outcome, retention.Disposed))
}

func recordKeepsAll(ctx context.Context, s Store) error {
	full := item(1, retention.Skipped)
	full.Reason, full.Hide, full.Sequence = "hold:H", true, 1
	if err := first(create(ctx, s, "s1"), s.Record(ctx, "s1", []retention.Item{full})); err != nil {
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
	if err := create(ctx, s, "s1"); err != nil {
		return err
	}
	for n := range byte(5) {
		if err := s.Record(ctx, "s1", []retention.Item{item(5-n, retention.Disposed)}); err != nil {
			return err
		}
	}
	return first(want("first page", log(ctx, s, 0, 2), "1:5 2:4 "), want("second", log(ctx, s, 2, 2), "3:3 4:2 "),
		want("last", log(ctx, s, 4, 2), "5:1 "), want("beyond", log(ctx, s, 5, 2), ""))
}

func disposed(ctx context.Context, s Store) error {
	shredded := item(1, retention.Disposed)
	shredded.Action, shredded.At = retention.CryptoShred, at.Add(time.Hour)
	if err := first(create(ctx, s, "s1", "s2"),
		s.Record(ctx, "s2", []retention.Item{shredded}),
		s.Record(ctx, "s1", []retention.Item{item(1, retention.Disposed), item(2, retention.Failed), item(3, retention.Skipped), item(4, retention.HiddenNow)})); err != nil {
		return err
	}
	actions, err := s.Disposed(ctx, []retention.Token{token(4), token(3), token(1), token(2), token(9)})
	return first(err, want("actions", actions, []retention.Action{0, 0, retention.CryptoShred, 0, 0}))
}

func concurrentRecords(ctx context.Context, s Store) error {
	if err := create(ctx, s, "s1"); err != nil {
		return err
	}
	errs := make(chan error, 32)
	var wg sync.WaitGroup
	for n := range byte(16) {
		wg.Go(func() {
			errs <- s.Record(ctx, "s1", []retention.Item{item(2*n, retention.Disposed), item(2*n+1, retention.Disposed)})
		})
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
	if err := create(ctx, s, "s1", "s2"); err != nil {
		return err
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	one := claim(1, "t1", "image")
	_, claimErr := s.Claim(cancelled, "s1", []retention.Claim{one}, at)
	_, itemsErr := s.Items(cancelled, "s1", 0, 1)
	_, disposedErr := s.Disposed(cancelled, []retention.Token{token(1)})
	return first(fails("CreateSweep", create(cancelled, s, "s3"), context.Canceled), fails("Claim", claimErr, context.Canceled),
		fails("Items", itemsErr, context.Canceled), fails("Disposed", disposedErr, context.Canceled),
		fails("Record", s.Record(cancelled, "s1", []retention.Item{item(1, retention.Disposed)}), context.Canceled),
		want("log", log(ctx, s, 0, 10), ""), want("claim of another sweep", claims(ctx, s, "s2", one), "["+claimed+"]"),
		fails("a sweep that was not created", s.Record(ctx, "s3", nil), privacy.ErrNotFound))
}

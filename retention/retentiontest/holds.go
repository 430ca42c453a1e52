package retentiontest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
)

func holdOf(tenant privacy.TenantID, id string) retention.Hold {
	return retention.Hold{
		ID: id, Owner: "legal", Matter: "7 O 12/26", Ground: retention.GroundLegalClaims, From: day("2026-01-10"),
		Scope: retention.HoldScope{Tenant: tenant},
	}
}

func fails(what string, err, target error) error {
	if !errors.Is(err, target) {
		return fmt.Errorf("%s: got error %v, want one that matches %v", what, err, target)
	}
	return nil
}

func holdCases() []Case {
	return []Case{
		{"HoldIsStoredWhole", "PlaceHold stores a hold.", holdIsStoredWhole},
		{"HoldExists", "The error MUST match privacy.ErrExists if its tenant has a hold with its ID; nothing is written then.", holdExists},
		{"HoldIsChecked", "The error MUST match privacy.ErrInvalid if Hold.Validate refuses it; nothing is written then.", holdIsChecked},
		{"HoldIDsAreExact", "Identifiers are compared byte for byte.", holdIDsAreExact},
		{"OneOfManyRacingHolds", "All methods MUST be safe for concurrent use.", oneOfManyRacingHolds},
		{"HoldsOfOtherTenants", "It MUST NOT return those of another tenant.", holdsOfOtherTenants},
		{"HoldsAreCopies", "All methods MUST return copies.", holdsAreCopies},
		{"ReleaseHold", "ReleaseHold sets the last day of a hold.", release},
		{"ReleaseAgain", "Releasing again with the same day succeeds; with another the error MUST match privacy.ErrConflict.", releaseAgain},
		{"ReleaseWhatIsNot", "It MUST match privacy.ErrNotFound if the tenant has no such hold.", releaseWhatIsNot},
		{"ReleaseBeforeItBegan", "It MUST match privacy.ErrInvalid if the day is before the first of the hold.", releaseBeforeItBegan},
		{"CancelledContext", "All methods MUST fail with the error of a cancelled context without writing.", cancelledHold},
	}
}

func place(ctx context.Context, s Store, holds ...retention.Hold) error {
	for _, hold := range holds {
		if _, err := s.PlaceHold(ctx, hold); err != nil {
			return err
		}
	}
	return nil
}

// ids lists the holds a tenant sees as "tenant/id".
func ids(ctx context.Context, s Store, tenant privacy.TenantID) string {
	holds, err := s.Holds(ctx, tenant)
	if err != nil {
		return "error " + err.Error()
	}
	var list []string
	for _, hold := range holds {
		list = append(list, string(hold.Scope.Tenant)+"/"+hold.ID)
	}
	return strings.Join(list, " ")
}

func holdIsStoredWhole(ctx context.Context, s Store) error {
	hold := holdOf("t1", "H")
	hold.Scope = retention.HoldScope{
		Tenant: "t1", Subjects: []privacy.SubjectID{"s1"}, Categories: []privacy.CategoryID{"a.b"},
		Systems: []privacy.SystemID{"files"}, Labels: []string{"x"}, Event: "created",
		EventFrom: day("2020-01-01"), EventThrough: day("2020-12-31"),
	}
	if err := place(ctx, s, hold); err != nil {
		return err
	}
	holds, err := s.Holds(ctx, "t1")
	if err != nil {
		return err
	}
	return want("holds", fmt.Sprintf("%+v", holds), fmt.Sprintf("%+v", []retention.Hold{hold}))
}

func holdExists(ctx context.Context, s Store) error {
	second := holdOf("t1", "H")
	second.Owner = "other"
	if err := place(ctx, s, holdOf("t1", "H"), holdOf("t2", "H"), holdOf("", "H")); err != nil {
		return err
	}
	_, err := s.PlaceHold(ctx, second)
	holds, readErr := s.Holds(ctx, "t1")
	if readErr != nil || len(holds) != 2 {
		return fmt.Errorf("got %d holds, %v", len(holds), readErr)
	}
	return first(fails("second hold", err, privacy.ErrExists), want("owner", holds[1].Owner, "legal"), want("owner", holds[0].Owner, "legal"))
}

func holdIsChecked(ctx context.Context, s Store) error {
	bad := holdOf("t1", "H")
	bad.From = privacy.Date{}
	_, err := s.PlaceHold(ctx, bad)
	return first(fails("bad hold", err, privacy.ErrInvalid), want("holds", ids(ctx, s, "t1"), ""))
}

func holdIDsAreExact(ctx context.Context, s Store) error {
	long := strings.Repeat("ä'\"٣", 36)
	if err := place(ctx, s, holdOf("t1", "h"), holdOf("t1", "H"), holdOf("T1", "h"), holdOf("t1", long)); err != nil {
		return err
	}
	return want("holds", ids(ctx, s, "t1"), "t1/H t1/h t1/"+long)
}

func oneOfManyRacingHolds(ctx context.Context, s Store) error {
	var placed atomic.Int32
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if _, err := s.PlaceHold(ctx, holdOf("t1", "H")); err == nil {
				placed.Add(1)
			}
		})
	}
	wg.Wait()
	return want("placed", placed.Load(), 1)
}

func holdsOfOtherTenants(ctx context.Context, s Store) error {
	if err := place(ctx, s, holdOf("t2", "B"), holdOf("t1", "A"), holdOf("", "O")); err != nil {
		return err
	}
	return first(want("holds of t1", ids(ctx, s, "t1"), "t1/A /O"), want("holds of the operator", ids(ctx, s, ""), "/O"))
}

func holdsAreCopies(ctx context.Context, s Store) error {
	hold := holdOf("t1", "H")
	hold.Scope.Labels = []string{"x"}
	if err := place(ctx, s, hold); err != nil {
		return err
	}
	hold.Scope.Labels[0] = "changed"
	for range 2 {
		holds, err := s.Holds(ctx, "t1")
		if err != nil {
			return err
		}
		if err := want("label", holds[0].Scope.Labels[0], "x"); err != nil {
			return err
		}
		holds[0].Scope.Labels[0] = "changed"
	}
	return nil
}

func releasedOn(ctx context.Context, s Store) string {
	holds, err := s.Holds(ctx, "t1")
	if err != nil || len(holds) != 1 {
		return fmt.Sprintf("%d holds, error %v", len(holds), err)
	}
	return holds[0].Released.String()
}

func release(ctx context.Context, s Store) error {
	if err := place(ctx, s, holdOf("t1", "H")); err != nil {
		return err
	}
	return first(want("before", releasedOn(ctx, s), ""),
		s.ReleaseHold(ctx, "t1", "H", day("2026-01-10")), want("after", releasedOn(ctx, s), "2026-01-10"))
}

func releaseAgain(ctx context.Context, s Store) error {
	if err := place(ctx, s, holdOf("t1", "H")); err != nil {
		return err
	}
	on := day("2026-02-01")
	return first(s.ReleaseHold(ctx, "t1", "H", on), s.ReleaseHold(ctx, "t1", "H", on),
		fails("another day", s.ReleaseHold(ctx, "t1", "H", on.AddDays(1)), privacy.ErrConflict),
		want("released", releasedOn(ctx, s), "2026-02-01"))
}

func releaseWhatIsNot(ctx context.Context, s Store) error {
	if err := place(ctx, s, holdOf("t1", "H")); err != nil {
		return err
	}
	on := day("2026-02-01")
	return first(fails("another tenant", s.ReleaseHold(ctx, "t2", "H", on), privacy.ErrNotFound),
		fails("another hold", s.ReleaseHold(ctx, "t1", "h", on), privacy.ErrNotFound), want("released", releasedOn(ctx, s), ""))
}

func releaseBeforeItBegan(ctx context.Context, s Store) error {
	if err := place(ctx, s, holdOf("t1", "H")); err != nil {
		return err
	}
	return first(fails("too early", s.ReleaseHold(ctx, "t1", "H", day("2026-01-09")), privacy.ErrInvalid), want("released", releasedOn(ctx, s), ""))
}

func cancelledHold(ctx context.Context, s Store) error {
	if err := place(ctx, s, holdOf("t1", "H")); err != nil {
		return err
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	_, placeErr := s.PlaceHold(cancelled, holdOf("t1", "H2"))
	_, readErr := s.Holds(cancelled, "t1")
	return first(fails("PlaceHold", placeErr, context.Canceled), fails("Holds", readErr, context.Canceled),
		fails("ReleaseHold", s.ReleaseHold(cancelled, "t1", "H", day("2026-02-01")), context.Canceled),
		want("holds", ids(ctx, s, "t1"), "t1/H"), want("released", releasedOn(ctx, s), ""))
}

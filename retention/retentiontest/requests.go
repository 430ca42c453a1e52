package retentiontest

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
)

func requestCases() []Case {
	return []Case{
		{"RequestIsStoredWhole", "OpenRequest stores a request. Requests returns the open requests of a tenant, by ID, each with its subjects in ascending order.", requestIsStored},
		{"RequestAgain", "Opening it again adds the subjects it lacks; with another right the error MUST match privacy.ErrConflict; nothing is written then.", requestAgain},
		{"RequestIsChecked", "The error MUST match privacy.ErrInvalid if Request.Validate refuses it; nothing is written then.", requestIsChecked},
		{"RequestsOfOtherTenants", "It MUST NOT return those of another tenant.", requestsOfOtherTenants},
		{"CloseRequest", "CloseRequest removes a request, for all its subjects. The error MUST match privacy.ErrNotFound if the tenant has no such request.", closeRequest},
		{"RequestedIsNotClaimed", "Nothing MUST be claimed of the subject of an open request.", requestedIsNotClaimed},
		{"RequestReturnsClaimsInFlight", "OpenRequest returns the claims in flight on records of its subjects.", requestReturnsClaims},
		{"RequestOrClaim", "Nothing MUST be claimed of the subject of an open request if OpenRequest returned before; and what is claimed before it returns, it returns.", requestOrClaim},
		{"CancelledRequest", "All methods MUST fail with the error of a cancelled context without writing.", cancelledRequest},
	}
}

func requestOf(tenant privacy.TenantID, id string, subjects ...privacy.SubjectID) retention.Request {
	return retention.Request{ID: id, Tenant: tenant, Subjects: subjects, Right: privacy.RightAccess}
}

func ask(ctx context.Context, s Store, requests ...retention.Request) error {
	for _, request := range requests {
		if _, err := s.OpenRequest(ctx, request); err != nil {
			return err
		}
	}
	return nil
}

// asked lists the open requests of a tenant.
func asked(ctx context.Context, s Store, tenant privacy.TenantID) string {
	requests, err := s.Requests(ctx, tenant)
	if err != nil {
		return "error " + err.Error()
	}
	var list []string
	for _, r := range requests {
		list = append(list, fmt.Sprintf("%s/%s %v %s", r.Tenant, r.ID, r.Subjects, r.Right))
	}
	return strings.Join(list, ", ")
}

func ofSubject(n byte, tenant privacy.TenantID, subject privacy.SubjectID) retention.Claim {
	c := claim(n, tenant, "image")
	c.Record.Subject = subject
	return c
}

func requestIsStored(ctx context.Context, s Store) error {
	erasure := requestOf("t1", "B", "b", "a")
	erasure.Right = privacy.RightErasure
	return first(ask(ctx, s, requestOf("t1", "b", "x"), erasure),
		want("requests", asked(ctx, s, "t1"), "t1/B [a b] erasure, t1/b [x] access"))
}

func requestAgain(ctx context.Context, s Store) error {
	other := requestOf("t1", "R", "c")
	other.Right = privacy.RightErasure
	if err := ask(ctx, s, requestOf("t1", "R", "b"), requestOf("t1", "R", "b"), requestOf("t1", "R", "a", "b")); err != nil {
		return err
	}
	_, err := s.OpenRequest(ctx, other)
	return first(fails("another right", err, privacy.ErrConflict), want("requests", asked(ctx, s, "t1"), "t1/R [a b] access"))
}

func requestIsChecked(ctx context.Context, s Store) error {
	_, err := s.OpenRequest(ctx, requestOf("t1", "R"))
	return first(fails("nobody's", err, privacy.ErrInvalid), want("requests", asked(ctx, s, "t1"), ""))
}

func requestsOfOtherTenants(ctx context.Context, s Store) error {
	return first(ask(ctx, s, requestOf("t1", "R", "s"), requestOf("t2", "R", "s"), requestOf("T1", "R", "s")),
		want("requests", asked(ctx, s, "t1"), "t1/R [s] access"), want("of nobody", asked(ctx, s, "t3"), ""))
}

func closeRequest(ctx context.Context, s Store) error {
	return first(ask(ctx, s, requestOf("t1", "R", "a", "b"), requestOf("t1", "r", "a"), requestOf("t2", "R", "a")),
		fails("another tenant", s.CloseRequest(ctx, "t3", "R"), privacy.ErrNotFound), s.CloseRequest(ctx, "t1", "R"),
		want("left", asked(ctx, s, "t1"), "t1/r [a] access"), want("other tenant", asked(ctx, s, "t2"), "t2/R [a] access"),
		fails("again", s.CloseRequest(ctx, "t1", "R"), privacy.ErrNotFound))
}

func requestedIsNotClaimed(ctx context.Context, s Store) error {
	w, err := begin(ctx, s, "s1")
	if err != nil {
		return err
	}
	restriction := requestOf("t1", "Q", "b")
	restriction.Right = privacy.RightRestriction
	all := []retention.Claim{ofSubject(1, "t1", "a"), ofSubject(2, "t1", "b"), ofSubject(3, "t1", "c"), ofSubject(4, "t2", "a"), ofSubject(5, "t1", "")}
	return first(ask(ctx, s, requestOf("t1", "R", "a", "b"), restriction),
		want("results", w.claim(ctx, all...), "request:access request:restriction claimed claimed claimed"),
		s.CloseRequest(ctx, "t1", "R"), want("once closed", w.claim(ctx, all[:2]...), "claimed request:restriction"),
		place(ctx, s, heldAll()), want("held as well", w.claim(ctx, all[1]), "hold:H"))
}

func requestReturnsClaims(ctx context.Context, s Store) error {
	w, err := begin(ctx, s, "s1")
	if err != nil {
		return err
	}
	if err := want("claims", w.claim(ctx, ofSubject(3, "t1", "b"), ofSubject(1, "t1", "a"), ofSubject(2, "t1", "c"), ofSubject(4, "t2", "a")), "claimed claimed claimed claimed"); err != nil {
		return err
	}
	covered, err := s.OpenRequest(ctx, requestOf("t1", "R", "a", "b"))
	if err != nil || len(covered) != 2 {
		return fmt.Errorf("got %d claims in flight, error %v", len(covered), err)
	}
	return first(want("token", covered[0].Token, token(1)), want("next", covered[1].Token, token(3)))
}

// requestOrClaim opens requests while records are claimed: each record is refused,
// or returned by the request.
func requestOrClaim(ctx context.Context, s Store) error {
	w, err := begin(ctx, s, "s1")
	if err != nil {
		return err
	}
	for round := range byte(20) {
		tenant := privacy.TenantID(fmt.Sprint("t", round))
		var result string
		var covered []retention.Claim
		var openErr error
		var wg sync.WaitGroup
		wg.Go(func() { result = w.claim(ctx, ofSubject(round+1, tenant, "s")) })
		wg.Go(func() { covered, openErr = s.OpenRequest(ctx, requestOf(tenant, "R", "s")) })
		wg.Wait()
		if openErr != nil {
			return openErr
		}
		if wanted := map[int]string{0: "request:access", 1: "claimed"}[len(covered)]; result != wanted {
			return fmt.Errorf("round %d: the claim was answered %q, and the request returned %d claims", round, result, len(covered))
		}
	}
	return nil
}

func cancelledRequest(ctx context.Context, s Store) error {
	if err := ask(ctx, s, requestOf("t1", "R", "a")); err != nil {
		return err
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	_, openErr := s.OpenRequest(cancelled, requestOf("t1", "Q", "a"))
	_, readErr := s.Requests(cancelled, "t1")
	return first(fails("OpenRequest", openErr, context.Canceled), fails("Requests", readErr, context.Canceled),
		fails("CloseRequest", s.CloseRequest(cancelled, "t1", "R"), context.Canceled), want("requests", asked(ctx, s, "t1"), "t1/R [a] access"))
}

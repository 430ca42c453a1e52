package dsrtest

import (
	"context"
	"fmt"
	"reflect"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

func requestClauses() []Clause {
	return []Clause{
		{"requests_follow", "There is an open request for each of u.Case.OpenRights, under OpenRequestID, about u.Case.Subject, and none for another right of the case.", requestsFollow},
		{"requests_restriction", "There is one for a right of which the item restricts the processing, until that is lifted.", requestsRestriction},
		{"requests_identified", "There is none where nobody knows whose data it is, and one as soon as somebody does.", requestsIdentified},
		{"requests_tenants", "What one tenant stored MUST NOT be visible to, nor conflict with, another.", requestsTenants},
		{"requests_atomic", "Update writes a unit of work: all of it, or nothing.", requestsAtomic},
	}
}

// requested compares the open requests of the tenant "t".
func (h Harness) requested(ctx context.Context, when string, wanted ...OpenRequest) error {
	got, err := h.Requests(ctx, "t")
	if err != nil {
		return err
	}
	if len(got)+len(wanted) > 0 && !reflect.DeepEqual(got, wanted) {
		return fmt.Errorf("%s: the open requests are %+v, want %+v", when, got, wanted)
	}
	return nil
}

func requestOf(id dsr.CaseID, subject privacy.SubjectID, right privacy.Right) OpenRequest {
	return OpenRequest{ID: dsr.OpenRequestID(id, right), Subjects: []privacy.SubjectID{subject}, Right: right}
}

// step writes the next version of the case "c" of the tenant "t".
func (h Harness) step(ctx context.Context, version uint64, change func(c *dsr.Case)) error {
	u := following("t", "c", version)
	if version == 0 {
		u = creation("t", "c")
	}
	u.Effects = nil
	change(&u.Case)
	return h.Update(ctx, u)
}

func requestsFollow(ctx context.Context, h Harness) error {
	access, erasure := requestOf("c", "s1", privacy.RightAccess), requestOf("c", "s1", privacy.RightErasure)
	two := func(first, second dsr.State) func(c *dsr.Case) {
		return func(c *dsr.Case) {
			c.Items[0].Work = first
			c.Items = append(c.Items, dsr.Item{Request: regime.RequestAccess, Work: second}, dsr.Item{Request: regime.RequestWithdrawConsent, Work: dsr.StateReceived})
		}
	}
	for i, step := range []struct {
		when          string
		erase, access dsr.State
		wanted        []OpenRequest
	}{
		{"opened", dsr.StateReceived, dsr.StateReceived, []OpenRequest{access, erasure}},
		{"in progress", dsr.StateInProgress, dsr.StateInProgress, []OpenRequest{access, erasure}},
		{"one is answered", dsr.StateInProgress, dsr.StateFulfilled, []OpenRequest{erasure}},
		{"both are", dsr.StateRefused, dsr.StateFulfilled, nil},
		{"appealed", dsr.StateAppealOpen, dsr.StateFulfilled, []OpenRequest{erasure}},
		{"closed", dsr.StateClosed, dsr.StateFulfilled, nil},
	} {
		if err := first(h.step(ctx, uint64(i), two(step.erase, step.access)), h.requested(ctx, step.when, step.wanted...)); err != nil {
			return err
		}
	}
	return nil
}

func requestsRestriction(ctx context.Context, h Harness) error {
	restricting := func(restricted bool) func(c *dsr.Case) {
		return func(c *dsr.Case) {
			c.Items[0].Request, c.Items[0].Work, c.Items[0].Restricted = regime.RequestRestriction, dsr.StateFulfilled, restricted
		}
	}
	return first(
		h.step(ctx, 0, restricting(true)),
		h.requested(ctx, "restricted", requestOf("c", "s1", privacy.RightRestriction)),
		h.step(ctx, 1, restricting(false)),
		h.requested(ctx, "lifted"),
	)
}

func requestsIdentified(ctx context.Context, h Harness) error {
	of := func(subject privacy.SubjectID) func(c *dsr.Case) {
		return func(c *dsr.Case) { c.Subject = subject }
	}
	return first(
		h.step(ctx, 0, of("")),
		h.requested(ctx, "of nobody"),
		h.step(ctx, 1, of("s2")),
		h.requested(ctx, "of somebody", requestOf("c", "s2", privacy.RightErasure)),
		h.step(ctx, 2, of("s1")),
		h.requested(ctx, "of somebody else", requestOf("c", "s1", privacy.RightErasure)),
	)
}

func requestsTenants(ctx context.Context, h Harness) error {
	err := first(h.Update(ctx, creation("t", "c")), h.Update(ctx, creation("u", "c")), h.step(ctx, 1, func(c *dsr.Case) {
		c.Items[0].Work = dsr.StateFulfilled
	}))
	if err != nil {
		return err
	}
	other, err := h.Requests(ctx, "u")
	if err != nil {
		return err
	}
	if wanted := requestOf("c", "s1", privacy.RightErasure); len(other) != 1 || !reflect.DeepEqual(other[0], wanted) {
		return fmt.Errorf("the other tenant has %+v, want %+v", other, wanted)
	}
	return h.requested(ctx, "ended in the one tenant")
}

func requestsAtomic(ctx context.Context, h Harness) error {
	u := creation("t", "c")
	u.Key, u.Digest = "k", "d"
	if err := h.Update(ctx, u); err != nil {
		return err
	}
	stale := following("t", "c", 7)
	stale.Case.Items[0].Work = dsr.StateFulfilled
	repeated := following("t", "c", 1)
	repeated.Case.Items[0].Work, repeated.Key, repeated.Digest = dsr.StateFulfilled, "k", "d"
	return first(
		want(h.Update(ctx, stale), privacy.ErrConflict),
		h.Update(ctx, repeated),
		want(h.Update(ctx, following("t", "other", 1)), privacy.ErrNotFound),
		h.requested(ctx, "after updates that wrote nothing", requestOf("c", "s1", privacy.RightErasure)),
	)
}

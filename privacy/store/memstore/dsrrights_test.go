package memstore_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
	"github.com/labelop/privacykit/privacy/store/memstore"
	"github.com/labelop/privacykit/retention"
)

// A sweep takes nothing of a person away whose case is open, or who wants it kept,
// without anybody telling package retention.
func TestSweepsLeaveOpenCasesAlone(t *testing.T) {
	ctx, clock := t.Context(), privacytest.NewClock(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	sweeps := memstore.NewRetention()
	service, err := dsr.NewService(memstore.NewDSR(memstore.NewConsent(nil)).WithRetention(sweeps), dsr.Options{
		Zone: time.UTC, Calendar: privacy.WeekdaysOnly(), Clock: clock,
	})
	require.NoError(t, err)
	require.NoError(t, sweeps.CreateSweep(ctx, retention.Sweep{ID: "spring"}))
	leases, err := sweeps.Lease(ctx, "spring", []retention.Shard{0}, clock.Now(), clock.Now().Add(time.Hour))
	require.NoError(t, err)
	claim := func(subject privacy.SubjectID) string {
		results, err := sweeps.Claim(ctx, "spring", leases, []retention.Claim{{
			Token: retention.Token{1}, Record: retention.Record{Tenant: "acme", Subject: subject, Category: "account", Key: "1", Zone: time.UTC},
		}}, clock.Now())
		require.NoError(t, err)
		return results[0].Reason()
	}
	open := func(subject privacy.SubjectID, request regime.Request) dsr.CaseID {
		c, err := service.Open(ctx, "eu-gdpr", dsr.Intake{
			Tenant: "acme", Subject: subject, Role: privacy.RoleController, Channel: "web_form", Actor: dsr.ActorSubject,
			Requests: []dsr.Asked{{Request: request}},
		}, "")
		require.NoError(t, err)
		return c.ID
	}
	handle := func(id dsr.CaseID, command dsr.Command) {
		command.Actor = command.Event.Usual()
		_, err := service.Handle(ctx, "acme", id, command, "")
		require.NoError(t, err)
	}

	erasure, restriction := open("ada", regime.RequestErasure), open("ben", regime.RequestRestriction)
	assert.Equal(t, "request:erasure", claim("ada"))
	assert.Equal(t, "request:restriction", claim("ben"))
	assert.Empty(t, claim("eve"), "who asked for nothing")

	handle(erasure, dsr.Command{Event: dsr.EventRefuse, Reason: "17(3)(b)", Evidence: true})
	assert.Empty(t, claim("ada"), "the case has ended")

	handle(restriction, dsr.Command{Event: dsr.EventBegin})
	handle(restriction, dsr.Command{Event: dsr.EventFulfil})
	assert.Equal(t, "request:restriction", claim("ben"), "restricted, and so to be kept")
	informed := clock.Now()
	clock.Advance(time.Hour)
	_, err = service.Work(ctx, "acme", restriction, "", "", func(p *dsr.Procedure, c dsr.Case) (dsr.Change, error) {
		return p.LiftRestriction(c, 0, informed, clock.Now())
	})
	require.NoError(t, err)
	assert.Empty(t, claim("ben"), "the restriction was lifted")
}

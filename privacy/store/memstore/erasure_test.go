package memstore_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/fulfilment"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
	"github.com/labelop/privacykit/privacy/store/memstore"
	"github.com/labelop/privacykit/retention"
)

// scheduled is a fulfilment.Retention on a retention.Schedule: what a host hands
// in. records finds the records of a subject in a system, holds those in force.
type scheduled struct {
	schedule *retention.Schedule
	records  func(ctx context.Context, q fulfilment.Question) ([]*retention.Record, error)
	holds    func(ctx context.Context, tenant privacy.TenantID) (*retention.Holds, error)
}

func (s scheduled) Decide(ctx context.Context, q fulfilment.Question) ([]fulfilment.Decision, error) {
	records, err := s.records(ctx, q)
	if err != nil {
		return nil, err
	}
	holds, err := s.holds(ctx, q.Tenant)
	if err != nil {
		return nil, err
	}
	var decisions []fulfilment.Decision
	for _, category := range q.Categories { // a category without records is free
		decisions = append(decisions, fulfilment.Decision{Category: category, Verdict: fulfilment.EraseNow})
	}
	verdicts := map[retention.ErasureDecision]fulfilment.Verdict{
		retention.EraseNow: fulfilment.EraseNow, retention.RestrictUntil: fulfilment.RestrictUntil, retention.RefuseErasure: fulfilment.RefuseErasure,
	}
	for _, item := range s.schedule.Erase(retention.ErasureRequest{}, records, holds, q.At).Items {
		decisions = append(decisions, fulfilment.Decision{
			Category: item.Category, Record: item.Key, Verdict: verdicts[item.Decision],
			Ground: strings.TrimPrefix(item.Article, "GDPR "), Source: item.RuleID + item.HoldID, Until: item.Until,
		})
	}
	return decisions, nil
}

// invoices is a system with two invoices of one person.
type invoices map[string]*retention.Record

func (i invoices) Erase(_ context.Context, call fulfilment.Call) (fulfilment.Result, error) {
	for key := range i {
		if !spared(call, key) {
			delete(i, key)
		}
	}
	return fulfilment.Result{Evidence: "done"}, nil
}

func (i invoices) Verify(_ context.Context, call fulfilment.Call) ([]privacy.CategoryID, error) {
	for key := range i {
		if !spared(call, key) {
			return []privacy.CategoryID{"billing"}, nil
		}
	}
	return nil, nil
}

func spared(call fulfilment.Call, key string) bool {
	for _, record := range call.Spare {
		if record.Key == key {
			return true
		}
	}
	return false
}

// TestErasureMeetsRetentionAndConsent runs an erasure against a statutory minimum
// record by record, and checks that the gate's ledger then refuses a grant and
// accepts a withdrawal (margince#2204, PR#4706).
func TestErasureMeetsRetentionAndConsent(t *testing.T) {
	ctx := t.Context()
	clock := privacytest.NewClock(time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC))
	register, err := privacy.Compile(privacytest.Declaration())
	require.NoError(t, err)
	consents := memstore.NewConsent(nil)
	ledger, err := consent.NewLedger(consents, register, &consent.LedgerOptions{Clock: clock})
	require.NoError(t, err)
	ada := privacy.Subject{Tenant: "acme", ID: "account-1815", Jurisdiction: "DE"}
	_, err = ledger.Grant(ctx, ada, grant())
	require.NoError(t, err)

	voucher, err := retention.FindPreset("de-ao-147-voucher")
	require.NoError(t, err)
	schedule, err := retention.Compile(
		voucher.Rules(retention.PresetUse{RuleID: "vouchers", Scope: retention.Scope{Categories: []privacy.CategoryID{"billing"}}}),
		&retention.Options{Zone: time.UTC})
	require.NoError(t, err)
	system := invoices{}
	for key, created := range map[string]string{"old": "2010-01-15", "new": "2025-03-01"} {
		system[key] = &retention.Record{
			System: "ledger", Key: key, Category: "billing", Tenant: "acme", Subject: ada.ID,
			Events: []retention.Event{{Name: "created", On: privacy.MustDate(created)}},
		}
	}
	noHolds, err := retention.NewHolds(nil, nil)
	require.NoError(t, err)
	byHand := fulfilment.Connector{Manual: fulfilment.Duties()}
	planner, err := fulfilment.NewPlanner(register, fulfilment.Connectors{
		Systems: map[privacy.SystemID]fulfilment.Connector{
			"database": byHand, "objects": byHand,
			"ledger": {Eraser: system, Verifier: system, Manual: []dsr.Action{dsr.ActionExport, dsr.ActionCorrect, dsr.ActionRestrict}},
		},
	}, scheduled{
		schedule: schedule,
		records: func(_ context.Context, q fulfilment.Question) (records []*retention.Record, _ error) {
			for _, record := range system {
				if q.System == "ledger" {
					records = append(records, record)
				}
			}
			return records, nil
		},
		holds: func(context.Context, privacy.TenantID) (*retention.Holds, error) { return noHolds, nil },
	}, nobody{})
	require.NoError(t, err)
	store := memstore.NewDSR(consents)
	service, err := dsr.NewService(store, dsr.Options{Zone: time.UTC, Calendar: privacy.WeekdaysOnly(), Clock: clock})
	require.NoError(t, err)
	runner, err := fulfilment.NewRunner(service, store, planner, fulfilment.Options{Clock: clock})
	require.NoError(t, err)

	c, err := service.Open(ctx, "eu-gdpr", dsr.Intake{
		Tenant: "acme", Subject: ada.ID, Role: privacy.RoleController, Channel: "web_form", Actor: dsr.ActorSubject,
		Requests: []dsr.Asked{{Request: regime.RequestErasure}},
	}, "")
	require.NoError(t, err)
	_, err = runner.Begin(ctx, "acme", c.ID, 0, fulfilment.Scope{Categories: []privacy.CategoryID{"billing"}})
	require.NoError(t, err)
	_, err = runner.RunDue(ctx)
	require.NoError(t, err)
	c, err = store.Case(ctx, "acme", c.ID)
	require.NoError(t, err)
	require.Equal(t, dsr.StatePartiallyFulfilled, c.State())
	assert.NotContains(t, system, "old")
	assert.Contains(t, system, "new")
	remainder := c.Items[0].Remainder()
	require.Len(t, remainder, 1)
	until := remainder[0].Until
	assert.Equal(t, []any{"new", "17(3)(b)", privacy.MustDate("2033-12-31")}, []any{remainder[0].Record, remainder[0].Ground, until})

	clock.Set(until.AddDays(1).Start(time.UTC))
	_, err = runner.RunDue(ctx)
	require.NoError(t, err)
	c, err = store.Case(ctx, "acme", c.ID)
	require.NoError(t, err)
	assert.Equal(t, dsr.StateFulfilled, c.State())
	assert.Empty(t, system)

	_, err = ledger.Grant(ctx, ada, grant())
	assert.ErrorIs(t, err, consent.ErrErased, "a grant after the erasure")
	_, err = ledger.Withdraw(ctx, ada, consent.Withdrawal{})
	assert.NoError(t, err, "a withdrawal after the erasure")
}

// nobody was told anything about the person.
type nobody struct{}

func (nobody) Recipients(context.Context, privacy.TenantID, privacy.SubjectID, []privacy.CategoryID) ([]privacy.RecipientID, error) {
	return nil, nil
}

func grant() consent.Grant {
	return consent.Grant{
		Purposes: []privacy.PurposeID{"marketing"},
		Evidence: consent.Evidence{
			Notice: consent.Notice{
				Document: "privacy-policy", Version: 3, Locale: "en",
				TextSHA256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
			},
			Act: "checkbox_ticked_by_subject", Channel: "web",
		},
	}
}

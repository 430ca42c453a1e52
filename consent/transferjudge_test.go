package consent_test

import (
	"testing"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/consent/transfer"
	"github.com/labelop/privacykit/privacy"
)

// Transfers of package transfer are what a gate can ask.
var _ consent.TransferJudge = (*transfer.Recipients)(nil)

// judgeFunc judges every destination alike.
type judgeFunc func(on privacy.Date) (privacy.TransferMechanism, bool)

func (f judgeFunc) JudgeTransfer(_ privacy.RecipientID, _ privacy.Country, on privacy.Date) (privacy.TransferMechanism, bool) {
	return f(on)
}

// judgedBy prepares a use with a gate that asks a judge.
func (w *world) judgedBy(judge judgeFunc, use consent.Use) *consent.PreparedUse {
	w.t.Helper()
	gate, err := consent.NewGate(w.ledger, w.store, &consent.GateOptions{Transfers: judge})
	must(w.t, err)
	prepared, err := gate.Prepare(use)
	must(w.t, err)
	return prepared
}

// The judgement is that of the day: what was lawful yesterday is refused after
// the decision that it relied on has ended.
func TestTransfersAreJudgedByTheDay(t *testing.T) {
	w := newWorld(t, setup{})
	asked := 0
	last := privacy.DateOf(start, time.UTC)
	use := w.judgedBy(func(on privacy.Date) (privacy.TransferMechanism, bool) {
		asked++
		return privacy.TransferAdequacy, !on.After(last)
	}, billingUse)
	for range 3 {
		decision, err := use.Check(t.Context(), ada)
		must(t, err)
		wantSame(t, "code", decision.Code, consent.CodeAllowed)
	}
	perDay := asked
	w.clock.Set(last.AddDays(1).Start(time.UTC))
	decision, err := use.Check(t.Context(), ada)
	must(t, err)
	wantSame(t, "code", decision.Code, consent.CodeTransferForbidden)
	wantSame(t, "judgements", asked, 2*perDay)
}

func TestDisclosuresRecordTheMechanismReliedOn(t *testing.T) {
	w := newWorld(t, setup{})
	use := w.judgedBy(func(privacy.Date) (privacy.TransferMechanism, bool) { return privacy.TransferBCR, true }, billingUse)
	_, err := use.Authorize(t.Context(), ada, "disclosure-1")
	must(t, err)
	logged, err := w.gate.Decisions(t.Context(), consent.DecisionFilter{Tenant: ada.Tenant, Subject: ada.ID, Disclosures: true, Limit: 10})
	must(t, err)
	wantSame(t, "disclosures", len(logged), 1)
	wantSame(t, "mechanisms", len(logged[0].Mechanisms), 1)
	wantSame(t, "mechanism", logged[0].Mechanisms[0], privacy.TransferBCR)
}

// A use that discloses nothing asks no judge.
func TestOnlyDisclosuresAreJudged(t *testing.T) {
	w := newWorld(t, setup{})
	use := w.judgedBy(func(privacy.Date) (privacy.TransferMechanism, bool) { panic("asked") }, securityUse)
	decision, err := use.Check(t.Context(), ada)
	must(t, err)
	wantSame(t, "code", decision.Code, consent.CodeAllowed)
}

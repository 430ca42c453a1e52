package gatetest_test

import (
	"testing"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
	"github.com/labelop/privacykit/privacy/privacytest/gatetest"
)

func TestNewGateDecides(t *testing.T) {
	gate := gatetest.NewGate(t, privacytest.Declaration())
	use := gate.MustPrepare(consent.Use{
		Purpose: "service", Categories: []privacy.CategoryID{"account.name"}, Operation: privacy.OperationUse,
	})
	ada := privacy.Subject{Tenant: "acme", ID: "account-1815"}
	if decision, err := use.Check(t.Context(), ada); err != nil || decision.Code != consent.CodeNoRelationship {
		t.Errorf("without a contract: %v, %v", decision.Code, err)
	}
	if _, err := gate.Ledger.StartRelationship(t.Context(), ada, consent.RelationshipStarted{}); err != nil {
		t.Fatal(err)
	}
	decision, err := use.Check(t.Context(), ada)
	if err != nil || !decision.Allowed() {
		t.Errorf("with a contract: %v, %v", decision.Code, err)
	}
	if !decision.At.Equal(gate.Clock.Now()) {
		t.Errorf("decided at %v, the clock stands at %v", decision.At, gate.Clock.Now())
	}
}

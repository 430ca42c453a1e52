package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/consent/transfer"
	"github.com/labelop/privacykit/privacy"
)

// A policy that tells of clauses which permit nothing any more is not published.
func TestAPolicyOfAnUnlawfulTransferIsNotPublished(t *testing.T) {
	s := openService(t, t.TempDir())
	if _, err := s.draft(firstRelease()); err != nil {
		t.Fatal(err)
	}
	s.transfers = s.transfers.With("vision-model", "US", transfer.Transfer{Safeguard: transfer.Safeguard{
		Mechanism: privacy.TransferSCC, Assessment: transfer.Assessment{Missing: true},
	}})
	if _, err := s.draft(firstRelease()); err == nil || !strings.Contains(err.Error(), "transfer_unlawful") {
		t.Errorf("without an assessment: %v", err)
	}
	s.transfers = s.transfers.With("vision-model", "US", transfer.Transfer{Certified: func(string) bool { return true }})
	if _, err := s.draft(firstRelease()); err == nil || !strings.Contains(err.Error(), "transfer_mechanism") {
		t.Errorf("certified meanwhile, and the policy tells of clauses: %v", err)
	}
}

// What is declared abroad is what the ladder is told of.
func TestEveryTransferIsJudged(t *testing.T) {
	s := openService(t, t.TempDir())
	declared := s.register.Declaration()
	for _, recipient := range declared.Recipients {
		for _, location := range recipient.Locations {
			mechanism, allowed := s.transfers.JudgeTransfer(recipient.ID, location.Country, privacy.DateOf(now(), time.UTC))
			if !allowed || s.register.IsTransfer(location.Country) && mechanism != location.Mechanism {
				t.Errorf("%s in %s: %s, %t", recipient.ID, location.Country, mechanism, allowed)
			}
		}
	}
}

// Each disclosure is on record with what it relied on.
func TestDisclosuresNameTheirMechanism(t *testing.T) {
	s := openService(t, t.TempDir())
	owner := account{ID: "account-1", Workspace: "acme"}
	for _, fact := range []consent.Fact{
		consent.Attestation{ID: "content", Basis: privacy.BasisLegitimateInterests, Categories: []privacy.CategoryID{"content"}, Purposes: []privacy.PurposeID{"assistance"}, Rights: true, Notices: true, SignedBy: "account-1", TermsVersion: "2026-04"},
		consent.Instruction{ID: "assistance", Purposes: []privacy.PurposeID{"assistance"}, Operations: []privacy.Operation{privacy.OperationDisclose}, Recipients: []privacy.RecipientID{"vision-model"}, GivenBy: "account-1"},
	} {
		if _, err := s.ledger.Record(t.Context(), consent.Entries{Tenant: owner.Workspace, Facts: []consent.Fact{fact}}); err != nil {
			t.Fatal(err)
		}
	}
	if decision, err := s.uses.suggest["vision-model"].Authorize(t.Context(), owner.content(), ""); err != nil || !decision.Allowed() {
		t.Fatalf("%s, %v", decision.Code, err)
	}
	logged, err := s.gate.Decisions(t.Context(), consent.DecisionFilter{Tenant: owner.Workspace, AllSubjects: true, Disclosures: true, Limit: 10})
	if err != nil || len(logged) != 1 || !slices.Equal(logged[0].Mechanisms, []privacy.TransferMechanism{privacy.TransferSCC}) {
		t.Errorf("%+v, %v", logged, err)
	}
}

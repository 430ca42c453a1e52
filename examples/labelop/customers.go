package main

import (
	"net/http"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

// attest records what the customer declares about its content: that it has the
// rights, gave the notices and holds a legal basis. We record it; we do not
// claim that it is true.
func (s *service) attest(w http.ResponseWriter, r *http.Request, by account) {
	var request struct {
		Basis      privacy.LegalBasis   `json:"basis"`
		Categories []privacy.CategoryID `json:"categories"`
		Purposes   []privacy.PurposeID  `json:"purposes"`
		Rights     bool                 `json:"rights"`
		Notices    bool                 `json:"notices"`
		Consents   bool                 `json:"consents"`
	}
	if err := decode(r, &request); err != nil {
		fail(w, err)
		return
	}
	receipt, err := s.ledger.Attest(r.Context(), by.Workspace, consent.Attestation{
		ID: "content", Categories: request.Categories, Purposes: request.Purposes, Basis: request.Basis,
		Rights: request.Rights, Notices: request.Notices, Consents: request.Consents,
		SignedBy: string(by.ID), TermsVersion: "2026-04",
	})
	recorded(w, receipt, err)
}

func (s *service) withdrawAttestation(w http.ResponseWriter, r *http.Request, by account) {
	receipt, err := s.ledger.WithdrawAttestation(r.Context(), by.Workspace, consent.AttestationWithdrawn{ID: "content"})
	recorded(w, receipt, err)
}

// instruct records what the customer wants done with its content.
func (s *service) instruct(w http.ResponseWriter, r *http.Request, by account) {
	var request struct {
		ID         string                `json:"id"`
		Purposes   []privacy.PurposeID   `json:"purposes"`
		Operations []privacy.Operation   `json:"operations"`
		Recipients []privacy.RecipientID `json:"recipients"`
	}
	if err := decode(r, &request); err != nil {
		fail(w, err)
		return
	}
	receipt, err := s.ledger.Instruct(r.Context(), by.Workspace, consent.Instruction{
		ID: request.ID, Purposes: request.Purposes, Operations: request.Operations, Recipients: request.Recipients, GivenBy: string(by.ID),
	})
	recorded(w, receipt, err)
}

func (s *service) objectToRecipient(w http.ResponseWriter, r *http.Request, by account) {
	receipt, err := s.ledger.ObjectToSubProcessor(r.Context(), by.Workspace, consent.SubProcessorObjection{
		Recipient: privacy.RecipientID(r.PathValue("recipient")), By: string(by.ID),
	})
	recorded(w, receipt, err)
}

func recorded(w http.ResponseWriter, receipt consent.Receipt, err error) {
	if err != nil {
		fail(w, err)
		return
	}
	answer(w, http.StatusOK, reply{Code: "recorded", Stamp: receipt.Stamp.String()})
}

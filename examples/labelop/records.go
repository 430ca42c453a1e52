package main

import (
	"net/http"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

// loggedDecision is a line of the decision log as the API shows it.
type loggedDecision struct {
	At        time.Time           `json:"at"`
	Code      string              `json:"code"`
	Activity  privacy.ActivityID  `json:"activity"`
	Operation string              `json:"operation"`
	Basis     string              `json:"basis"`
	Recipient privacy.RecipientID `json:"recipient,omitempty"`
	Countries []privacy.Country   `json:"countries,omitempty"`
	// Mechanisms are what a transfer to a third country relied on.
	Mechanisms []privacy.TransferMechanism `json:"mechanisms,omitempty"`
}

// listDecisions shows the workspace's decision log.
func (s *service) listDecisions(w http.ResponseWriter, r *http.Request, by account) {
	s.list(w, r, consent.DecisionFilter{Tenant: by.Workspace, AllSubjects: true, Limit: 200})
}

// listDisclosures shows to whom the workspace's data went.
func (s *service) listDisclosures(w http.ResponseWriter, r *http.Request, by account) {
	s.list(w, r, consent.DecisionFilter{Tenant: by.Workspace, AllSubjects: true, Disclosures: true, Limit: 200})
}

func (s *service) list(w http.ResponseWriter, r *http.Request, filter consent.DecisionFilter) {
	decisions, err := s.gate.Decisions(r.Context(), filter)
	if err != nil {
		fail(w, err)
		return
	}
	lines := make([]loggedDecision, len(decisions))
	for i, decision := range decisions {
		lines[i] = loggedDecision{
			At: decision.At, Code: decision.Code.String(), Activity: decision.Activity, Operation: decision.Operation.String(),
			Basis: decision.Basis.String(), Recipient: decision.Recipient, Countries: decision.Countries, Mechanisms: decision.Mechanisms,
		}
	}
	answer(w, http.StatusOK, lines)
}

// record renders the record of processing (Art. 30) as controller, as JSON or
// with ?format=csv as a table.
func (s *service) record(w http.ResponseWriter, r *http.Request) {
	record := s.register.ControllerRecord()
	if r.FormValue("format") != "csv" {
		answer(w, http.StatusOK, record)
		return
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	_ = record.WriteCSV(w) // the client is gone if this fails
}

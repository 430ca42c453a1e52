package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/labelop/privacykit/consent/receipt"
	"github.com/labelop/privacykit/privacy"
)

// receiptKeysPath is where whoever holds a receipt finds the keys to verify it.
const receiptKeysPath = "/.well-known/jwks.json"

func (s *service) showReceiptKeys(w http.ResponseWriter, _ *http.Request) {
	data, err := s.receipts.publishedKeys()
	if err != nil {
		fail(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/jwk-set+json")
	_, _ = w.Write(data) // the client is gone if this fails
}

// showReceipt shows a person's own receipt, or has it downloaded as it was signed
// (?format=jws) or as the document alone (?format=json).
func (s *service) showReceipt(w http.ResponseWriter, r *http.Request, by account) {
	found, err := s.receiptsOf(r.Context(), by, r.PathValue("event"))
	if err == nil && len(found) == 0 {
		err = privacy.ErrNotFound
	}
	if err != nil {
		fail(w, err)
		return
	}
	one := found[0]
	switch r.FormValue("format") {
	case "":
		s.receiptPage(w, r, by, one)
	case "jws":
		download(w, "application/jose", one.Event+".jws", []byte(one.Signed))
	case "json":
		s.downloadDocument(w, one)
	default:
		fail(w, privacy.ErrNotFound)
	}
}

func (s *service) downloadDocument(w http.ResponseWriter, one keptReceipt) {
	data, err := one.Document.Encode()
	if err != nil {
		fail(w, err)
		return
	}
	var readable bytes.Buffer
	if err := json.Indent(&readable, data, "", "  "); err != nil {
		fail(w, err)
		return
	}
	download(w, "application/ld+json", one.Event+".jsonld", readable.Bytes())
}

func download(w http.ResponseWriter, contentType, name string, data []byte) {
	header := w.Header()
	header.Set("Content-Type", contentType)
	header.Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", "consent-receipt-"+name))
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(data) // the client is gone if this fails
}

// receiptPage says what a receipt says, in words, and whether the ledger says
// so too.
func (s *service) receiptPage(w http.ResponseWriter, r *http.Request, by account, one keptReceipt) {
	records, err := allRecords(r.Context(), s.ledger, by)
	if err != nil {
		fail(w, err)
		return
	}
	personalPage(w, http.StatusOK, "Consent receipt", "receipt", struct {
		keptReceipt
		Fits bool
		Keys string
	}{one, one.Document.Match(records) == nil, receiptKeysPath})
}

// said is how a page says what a person said about consent.
func said(step receipt.ConsentStep) string {
	switch step.Type {
	case "dpv:ConsentGiven":
		return "You agreed"
	case "dpv:RenewedConsentGiven":
		return "You agreed again"
	case "dpv:ConsentRefused":
		return "You did not agree"
	case "dpv:ConsentWithdrawn":
		return "You withdrew"
	case "dpv:ConsentExpired":
		return "Your consent expired"
	}
	return step.Type
}

// receiptLink is a receipt on the page of preferences.
type receiptLink struct {
	Event, Said string
	Step        receipt.ConsentStep
}

// linksTo returns the receipts that are about a purpose.
func linksTo(kept []keptReceipt, purpose privacy.PurposeID) []receiptLink {
	var links []receiptLink
	for _, one := range kept {
		for _, record := range one.Document.Records {
			if record.Processes[0].Purposes[0].Identifier == string(purpose) {
				step := record.Statuses[len(record.Statuses)-1]
				links = append(links, receiptLink{one.Event, said(step), step})
			}
		}
	}
	return links
}

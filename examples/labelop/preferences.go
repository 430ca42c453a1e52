package main

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"net/http"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

// marketingNotice is the text that a person who agrees to the newsletter is
// shown, as the first release has it.
//
//go:embed marketing-notice.txt
var marketingNotice []byte

// grantMarketing records consent. The evidence is bound to exactly the text
// shown by its hash. Notices are numbered as the policy they come with, so that a
// version of the policy can require a notice as new as itself.
func (s *service) grantMarketing(w http.ResponseWriter, r *http.Request, by account) {
	receipt, err := s.decide(r.Context(), by, true, func(ctx context.Context, ledger *consent.Ledger) (consent.Receipt, error) {
		return ledger.Grant(ctx, by.subject(), consent.Grant{
			Purposes: []privacy.PurposeID{"marketing"},
			Evidence: consent.Evidence{Notice: s.noticeShown(), Act: "settings_toggled", Channel: "api"},
		})
	})
	recorded(w, receipt, err)
}

// noticeShown identifies the text that whoever is asked now is shown.
func (s *service) noticeShown() consent.Notice {
	sum := sha256.Sum256(s.marketingNotice)
	return consent.Notice{Document: "marketing-notice", Version: uint32(s.history.Len()), Locale: "en", TextSHA256: hex.EncodeToString(sum[:])}
}

func (s *service) withdrawMarketing(w http.ResponseWriter, r *http.Request, by account) {
	receipt, err := s.decide(r.Context(), by, false, func(ctx context.Context, ledger *consent.Ledger) (consent.Receipt, error) {
		return ledger.Withdraw(ctx, by.subject(), consent.Withdrawal{Purposes: []privacy.PurposeID{"marketing"}})
	})
	recorded(w, receipt, err)
}

// sendNewsletter would send the newsletter to the caller, and shows why it may
// or may not. It uses what the policy in force says it uses.
func (s *service) sendNewsletter(w http.ResponseWriter, r *http.Request, by account) {
	use, err := s.gate.Prepare(consent.Use{Purpose: "marketing", Categories: s.toldCategories("marketing"), Operation: privacy.OperationUse})
	if err != nil {
		fail(w, err)
		return
	}
	decision, err := use.Authorize(r.Context(), by.subject(), "")
	if err == nil {
		err = decision.Err()
	}
	if err != nil {
		fail(w, err)
		return
	}
	answer(w, http.StatusAccepted, allowed(decision))
}

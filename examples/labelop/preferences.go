package main

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"net/http"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

// marketingNotice is the text that a person who agrees to the newsletter has
// been shown. The evidence is bound to exactly this text by its hash.
//
//go:embed marketing-notice.txt
var marketingNotice []byte

const marketingNoticeVersion = 1

func (s *service) grantMarketing(w http.ResponseWriter, r *http.Request, by account) {
	sum := sha256.Sum256(marketingNotice)
	receipt, err := s.ledger.Grant(r.Context(), by.subject(), consent.Grant{
		Purposes: []privacy.PurposeID{"marketing"},
		Evidence: consent.Evidence{
			Notice: consent.Notice{Document: "marketing-notice", Version: marketingNoticeVersion, Locale: "en", TextSHA256: hex.EncodeToString(sum[:])},
			Act:    "settings_toggled", Channel: "api",
		},
	})
	recorded(w, receipt, err)
}

func (s *service) withdrawMarketing(w http.ResponseWriter, r *http.Request, by account) {
	receipt, err := s.ledger.Withdraw(r.Context(), by.subject(), consent.Withdrawal{Purposes: []privacy.PurposeID{"marketing"}})
	recorded(w, receipt, err)
}

// sendNewsletter would send the newsletter to the caller, and shows why it may
// or may not.
func (s *service) sendNewsletter(w http.ResponseWriter, r *http.Request, by account) {
	decision, err := s.uses.newsletter.Authorize(r.Context(), by.subject(), "")
	if err == nil {
		err = decision.Err()
	}
	if err != nil {
		fail(w, err)
		return
	}
	answer(w, http.StatusAccepted, allowed(decision))
}

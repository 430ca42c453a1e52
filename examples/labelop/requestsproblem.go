package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/archive"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

var (
	errUnknownRequest = fmt.Errorf("no such kind of request: %w", privacy.ErrInvalid)
	errUnknownToken   = fmt.Errorf("no such account or request: %w", privacy.ErrDenied)
	errNotReady       = fmt.Errorf("the copy is not there: %w", privacy.ErrConflict)
	errSuppressed     = fmt.Errorf("somebody who was erased: %w", privacy.ErrDenied)
)

// requestProblem is a problem detail of RFC 9457: codes and our own words only.
type requestProblem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Code   string `json:"code"`
}

// problemOf says what an error means to whoever asked. What is not theirs does
// not exist for them.
func problemOf(err error) requestProblem {
	guard, guarded := errors.AsType[dsr.Guard](err)
	_, state := errors.AsType[*dsr.TransitionError](err)
	switch {
	case guarded:
		return requestProblem{Status: http.StatusConflict, Code: guard.String(), Title: "The law does not allow this step."}
	case state:
		return requestProblem{Status: http.StatusConflict, Code: "not_in_this_state", Title: "The request is not in a state for this."}
	case errors.Is(err, errUnknownRequest):
		return requestProblem{Status: http.StatusBadRequest, Code: "unknown_request", Title: "There is no such kind of request."}
	case errors.Is(err, regime.ErrNotRegulated):
		return requestProblem{Status: http.StatusUnprocessableEntity, Code: "not_regulated", Title: "The law that applies does not know this request."}
	case errors.Is(err, errUnknownToken):
		return requestProblem{Status: http.StatusUnauthorized, Code: "unknown_token", Title: "Sign in, or use the token of your request."}
	case errors.Is(err, dsr.ErrCode), errors.Is(err, dsr.ErrProof):
		return requestProblem{Status: http.StatusForbidden, Code: "identity_not_proved", Title: "This does not prove who you are."}
	case errors.Is(err, archive.ErrForged), errors.Is(err, archive.ErrExpired), errors.Is(err, archive.ErrRedeemed):
		return requestProblem{Status: http.StatusForbidden, Code: "link_not_good", Title: "This link is not good, or not any more. Ask for another."}
	case errors.Is(err, errSuppressed):
		return requestProblem{Status: http.StatusForbidden, Code: "suppressed", Title: "This person was erased on request and is not taken in again."}
	case errors.Is(err, errNotReady):
		return requestProblem{Status: http.StatusConflict, Code: "not_ready", Title: "There is no copy to download."}
	case errors.Is(err, privacy.ErrNotFound):
		return requestProblem{Status: http.StatusNotFound, Code: "not_found", Title: "There is no such request."}
	case errors.Is(err, privacy.ErrInvalid):
		return requestProblem{Status: http.StatusBadRequest, Code: "invalid", Title: "What was sent cannot be understood."}
	case errors.Is(err, privacy.ErrConflict), errors.Is(err, privacy.ErrExists):
		return requestProblem{Status: http.StatusConflict, Code: "conflict", Title: "What is recorded has changed meanwhile."}
	}
	return requestProblem{Status: http.StatusServiceUnavailable, Code: "unavailable", Title: "Try again later."}
}

// decline answers a request with what an error means.
func decline(w http.ResponseWriter, err error) {
	p := problemOf(err)
	p.Type = "urn:labelop:problem:" + p.Code
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the client is gone if this fails
}

package consent

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/labelop/privacykit/privacy"
)

// SubjectFunc finds out whom a request concerns, from its session or token. An
// error refuses the request with status 401 and is not shown.
type SubjectFunc func(*http.Request) (privacy.Subject, error)

// Middleware puts the gate in front of a handler: next is called only for
// requests that use allows, and finds the decision with DecisionFrom. Refusals
// are answered as problem details (RFC 9457) with the reason code, and never
// with personal data: status 403, 401 if subjectOf failed, 400 for an identifier
// that is missing or not legal, or 503 if the state could not be read. It asks
// Check and records nothing; a handler that discloses calls Authorize.
//
//	mux.Handle("POST /images", consent.Middleware(annotate, subjectOf)(upload))
func Middleware(use *PreparedUse, subjectOf SubjectFunc) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			subject, err := subjectOf(r)
			if err != nil {
				writeProblem(w, problemUnknownSubject)
				return
			}
			decision, err := use.Check(r.Context(), subject)
			if err != nil || !decision.Allowed() {
				WriteRefusal(w, decision)
				return
			}
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), decisionKey{}, decision)))
		})
	}
}

// ShadowMiddleware watches a handler as Middleware would guard it: next is always
// called. Requests whose subject is not known are not watched.
func ShadowMiddleware(use *ShadowUse, subjectOf SubjectFunc) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if subject, err := subjectOf(r); err == nil {
				use.Watch(r.Context(), subject)
			}
			next.ServeHTTP(w, r)
		})
	}
}

type decisionKey struct{}

// DecisionFrom returns the decision that let a request through Middleware; the
// zero Decision, which refuses, if there is none.
func DecisionFrom(ctx context.Context) Decision {
	decision, _ := ctx.Value(decisionKey{}).(Decision)
	return decision
}

// problem is a problem detail of RFC 9457.
type problem struct {
	Type     string             `json:"type"`
	Title    string             `json:"title"`
	Status   int                `json:"status"`
	Code     string             `json:"code"`
	Purpose  privacy.PurposeID  `json:"purpose,omitempty"`
	Activity privacy.ActivityID `json:"activity,omitempty"`
}

const problemType = "urn:privacykit:problem:"

var problemUnknownSubject = problem{
	Type: problemType + "subject_unknown", Title: "It is not known whom the request concerns.",
	Status: http.StatusUnauthorized, Code: "subject_unknown",
}

// WriteRefusal answers a request with the refusal of a decision, as Middleware
// does. For an allowed decision it answers that nothing was decided.
func WriteRefusal(w http.ResponseWriter, decision Decision) {
	code := decision.Code
	if code == CodeAllowed {
		code = CodeUndecided
	}
	answer := problem{
		Type: problemType + code.String(), Title: code.Title(), Status: http.StatusForbidden, Code: code.String(),
		Purpose: decision.Purpose, Activity: decision.Activity,
	}
	switch code {
	case CodeStateUnavailable, CodeStateUnreadable, CodeStateOutdated, CodeUndecided:
		answer.Status = http.StatusServiceUnavailable
	case CodeSubjectInvalid, CodeSubjectRequired:
		answer.Status = http.StatusBadRequest
	}
	writeProblem(w, answer)
}

// WriteError answers a request with what an error of the gate or the ledger
// means: the refusal in its tree, status 400 for one that matches
// privacy.ErrInvalid, 409 for privacy.ErrConflict, and otherwise 503 with
// CodeStateUnavailable. The answer says nothing of the error's text.
func WriteError(w http.ResponseWriter, err error) {
	denied, ok := errors.AsType[*DeniedError](err)
	switch {
	case ok:
		WriteRefusal(w, denied.Decision)
	case errors.Is(err, privacy.ErrInvalid):
		writeProblem(w, problem{Type: problemType + "invalid", Title: "What was sent cannot be recorded.", Status: http.StatusBadRequest, Code: "invalid"})
	case errors.Is(err, privacy.ErrConflict):
		writeProblem(w, problem{Type: problemType + "conflict", Title: "What is recorded has changed meanwhile.", Status: http.StatusConflict, Code: "conflict"})
	default:
		WriteRefusal(w, Decision{Code: CodeStateUnavailable})
	}
}

func writeProblem(w http.ResponseWriter, answer problem) {
	body, _ := json.Marshal(answer) // strings and a number cannot fail
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(answer.Status)
	w.Write(body)
}

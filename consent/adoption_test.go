package consent_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

func TestWriteErrorAnswersByKind(t *testing.T) {
	for status, err := range map[int]error{
		http.StatusForbidden:          fmt.Errorf("upload: %w", (consent.Decision{Code: consent.CodeErased}).Err()),
		http.StatusBadRequest:         consent.ErrErased,
		http.StatusConflict:           fmt.Errorf("record: %w", privacy.ErrConflict),
		http.StatusServiceUnavailable: errors.New("the store of ada@example.com is down"),
	} {
		answer := httptest.NewRecorder()
		consent.WriteError(answer, err)
		if answer.Code != status || answer.Header().Get("Content-Type") != "application/problem+json" || strings.Contains(answer.Body.String(), "ada") {
			t.Errorf("want status %d, got %d %s", status, answer.Code, answer.Body)
		}
	}
}

func TestShadowMiddlewareLetsEverythingPass(t *testing.T) {
	w := newWorld(t, setup{})
	var refused []consent.Code
	shadow := consent.NewShadow(w.gate, func(_ context.Context, r consent.WouldRefuse) { refused = append(refused, r.Decision.Code) })
	use := shadow.MustPrepare(consent.Use{Purpose: "service", Categories: []privacy.CategoryID{"account.name"}, Operation: privacy.OperationUse})
	var subjectErr error
	served := 0
	handler := consent.ShadowMiddleware(use, func(*http.Request) (privacy.Subject, error) {
		return privacy.Subject{Tenant: "acme", ID: "s"}, subjectErr
	})(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { served++ }))
	for range 2 {
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
		subjectErr = errors.New("no session")
	}
	if served != 2 || len(refused) != 1 || refused[0] != consent.CodeNoRelationship {
		t.Errorf("served %d, refused %v", served, refused)
	}
}

func TestShadowMustPreparePanicsOnWhatIsNotDeclared(t *testing.T) {
	w := newWorld(t, setup{})
	defer func() {
		err, _ := recover().(error)
		if !errors.Is(err, consent.ErrNotDeclared) || !strings.Contains(err.Error(), `"service"`) || !strings.Contains(err.Error(), "billing") {
			t.Errorf("the panic does not name the use: %v", err)
		}
	}()
	consent.NewShadow(w.gate, nil).MustPrepare(consent.Use{Purpose: "service", Categories: []privacy.CategoryID{"billing"}, Operation: privacy.OperationUse})
}

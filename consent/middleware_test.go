package consent_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

// The names that must show nowhere.
const (
	secretTenant  = "tenant-Xanadu"
	secretSubject = "subject-Lovelace"
)

var secret = privacy.Subject{Tenant: secretTenant, ID: secretSubject, Jurisdiction: "DE"}

func wantNoSecret(t testing.TB, what, text string) {
	t.Helper()
	if strings.Contains(text, "Xanadu") || strings.Contains(text, "Lovelace") {
		t.Errorf("%s names the tenant or the subject: %s", what, text)
	}
}

func subjectOf(*http.Request) (privacy.Subject, error) { return secret, nil }

// serve asks a guarded handler once and returns the answer and the decision
// that the handler saw, if it was called.
func serve(use *consent.PreparedUse, subjectOf consent.SubjectFunc) (answer *httptest.ResponseRecorder, called bool, seen consent.Decision) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		called, seen = true, consent.DecisionFrom(r.Context())
		w.WriteHeader(http.StatusCreated)
	})
	answer = httptest.NewRecorder()
	consent.Middleware(use, subjectOf)(handler).ServeHTTP(answer, httptest.NewRequest(http.MethodPost, "/images", nil))
	return answer, called, seen
}

func TestMiddlewareLetsThroughWhatIsAllowed(t *testing.T) {
	w := newWorld(t, setup{})
	w.given(secret, consent.RelationshipStarted{})
	answer, called, seen := serve(w.prepare(serviceUse), subjectOf)
	wantSame(t, "called", called, true)
	wantSame(t, "status", answer.Code, http.StatusCreated)
	wantSame(t, "the decision that the handler sees", seen.Code, consent.CodeAllowed)
	wantSame(t, "without a decision", consent.DecisionFrom(t.Context()).Allowed(), false)
}

func TestMiddlewareRefuses(t *testing.T) {
	fails := func(err error) func(*world) consent.SubjectFunc {
		return func(*world) consent.SubjectFunc {
			return func(*http.Request) (privacy.Subject, error) { return secret, err }
		}
	}
	for name, c := range map[string]struct {
		prepare func(*world) consent.SubjectFunc
		status  int
		code    string
	}{
		"a refusal": {func(*world) consent.SubjectFunc { return subjectOf }, 403, "no_relationship"},
		"nobody":    {fails(errors.New("no session of " + secretSubject)), 401, "subject_unknown"},
		"no name": {func(*world) consent.SubjectFunc {
			return func(*http.Request) (privacy.Subject, error) { return privacy.Subject{Tenant: secretTenant}, nil }
		}, 400, "subject_required"},
		"an illegal name": {func(*world) consent.SubjectFunc {
			return func(*http.Request) (privacy.Subject, error) {
				return privacy.Subject{Tenant: secretTenant, ID: secretSubject + "\x00"}, nil
			}
		}, 400, "subject_invalid"},
		"no tenant": {func(*world) consent.SubjectFunc {
			return func(*http.Request) (privacy.Subject, error) { return privacy.Subject{}, nil }
		}, 400, "subject_invalid"},
		"a store that fails": {func(w *world) consent.SubjectFunc {
			w.store.streams = func(context.Context, []consent.StreamKey) ([]consent.Stream, error) {
				return nil, fmt.Errorf("no rows for %s", secretSubject)
			}
			return subjectOf
		}, 503, "state_unavailable"},
		"a state from a newer version": {func(w *world) consent.SubjectFunc {
			w.given(secret, consent.RelationshipStarted{})
			w.store.streams = func(ctx context.Context, keys []consent.StreamKey) ([]consent.Stream, error) {
				streams, err := w.store.Store.Streams(ctx, keys)
				streams[0].State = []byte{99}
				return streams, err
			}
			return subjectOf
		}, 503, "state_unreadable"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, setup{})
			answer, called, _ := serve(w.prepare(serviceUse), c.prepare(w))
			wantSame(t, "called", called, false)
			wantSame(t, "status", answer.Code, c.status)
			wantSame(t, "type", answer.Header().Get("Content-Type"), "application/problem+json")
			wantSame(t, "caching", answer.Header().Get("Cache-Control"), "no-store")
			var problem struct {
				Type, Title, Code, Purpose, Activity string
				Status                               int
			}
			body := answer.Body.String()
			decoder := json.NewDecoder(strings.NewReader(body))
			decoder.DisallowUnknownFields()
			must(t, decoder.Decode(&problem))
			wantSame(t, "code", problem.Code, c.code)
			wantSame(t, "problem type", problem.Type, "urn:privacykit:problem:"+c.code)
			wantSame(t, "status in the body", problem.Status, c.status)
			if problem.Title == "" {
				t.Error("no title")
			}
			wantNoSecret(t, "the answer", body)
		})
	}
}

func TestEveryRefusalHasAStatus(t *testing.T) {
	for _, code := range allCodes() {
		answer := httptest.NewRecorder()
		consent.WriteRefusal(answer, consent.Decision{Code: code})
		if answer.Code < 400 {
			t.Errorf("%s is answered with status %d", code, answer.Code)
		}
		if code != consent.CodeAllowed && !strings.Contains(answer.Body.String(), `"code":"`+code.String()+`"`) {
			t.Errorf("%s is answered with %s", code, answer.Body)
		}
	}
	answer := httptest.NewRecorder()
	consent.WriteRefusal(answer, consent.Decision{Code: consent.CodeAllowed})
	wantSame(t, "status of a permission", answer.Code, http.StatusServiceUnavailable)
	wantSame(t, "a permission is none", strings.Contains(answer.Body.String(), "allowed"), false)
}

func TestWriteError(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		status int
		code   string
	}{
		"a denial":         {consent.Decision{Code: consent.CodeErased}.Err(), 403, "erased"},
		"a wrapped denial": {fmt.Errorf("upload of %s: %w", secretSubject, consent.Decision{Code: consent.CodeErased}.Err()), 403, "erased"},
		"another error":    {errors.New(secretSubject), 503, "state_unavailable"},
		"no error":         {nil, 503, "state_unavailable"},
	} {
		answer := httptest.NewRecorder()
		consent.WriteError(answer, c.err)
		wantSame(t, name, answer.Code, c.status)
		wantSame(t, name, strings.Contains(answer.Body.String(), `"code":"`+c.code+`"`), true)
		wantNoSecret(t, name, answer.Body.String())
	}
}

// TestErrorsNameNobody provokes every error that a subject's or tenant's name
// could reach.
func TestErrorsNameNobody(t *testing.T) {
	w := newWorld(t, setup{})
	ctx := t.Context()
	w.given(secret, adult, grantOf("marketing"))
	w.given(privacy.Subject{Tenant: secretTenant}, attestationOf("x", "content"))
	use := w.prepare(marketingUse)
	allowed := w.wantCode(use, secret, consent.CodeAllowed)
	illegal := privacy.Subject{Tenant: secretTenant, ID: secretSubject + "\x00"}
	named := privacy.PurposeID(secretSubject)
	expecting := entriesOf(secret, grantOf("marketing"))
	expecting.Expected = new(uint64(99))
	reused := entriesOf(secret, grantOf("marketing"))
	reused.Key = "k"

	var errs []error
	add := func(_ any, err error) {
		t.Helper()
		if err == nil {
			t.Error("no error")
			return
		}
		errs = append(errs, err)
	}
	add(use.Check(ctx, illegal))
	add(use.CheckAll(ctx, []privacy.Subject{illegal, {Tenant: secretTenant + "\n", ID: "s"}}))
	add(use.Authorize(ctx, illegal, ""))
	add(use.Authorize(ctx, secret, secretSubject+"\x00"))
	add(w.ledger.Record(ctx, entriesOf(illegal, withdrawalOf())))
	add(w.ledger.Record(ctx, expecting))
	add(w.ledger.Record(ctx, entriesOf(secret, grantOf(named+"\x00"))))
	add(w.ledger.Record(ctx, entriesOf(secret, grantOf(named))))
	add(w.ledger.Record(ctx, entriesOf(secret, attestationOf(secretSubject, "content"))))
	_, err := w.ledger.Record(ctx, reused)
	must(t, err)
	reused.Facts = []consent.Fact{withdrawalOf()}
	add(w.ledger.Record(ctx, reused))
	add(w.ledger.State(ctx, secretTenant, secretSubject+"\x00"))
	add(w.ledger.Records(ctx, consent.StreamKey{Tenant: secretTenant, Subject: secretSubject + "\x00"}, 0, 1))
	add(w.gate.Decisions(ctx, consent.DecisionFilter{Tenant: secretTenant + "\x00", Limit: 1}))
	add(w.gate.Explain(ctx, privacy.Subject{Tenant: secretTenant, ID: "s"}, allowed))
	add(consent.DecodeEntry([]byte(`{"tenant":"` + secretTenant + `"}`)))
	add(consent.ParseStamp(secretSubject))
	use2 := w.prepare(serviceUse)
	_, err = use.Authorize(ctx, secret, "id")
	must(t, err)
	add(use2.Authorize(ctx, secret, "id"))
	for _, code := range allCodes() {
		if err := (consent.Decision{Code: code, Purpose: "marketing", Activity: "newsletter"}).Err(); err != nil {
			errs = append(errs, err)
		}
	}
	report, err := w.ledger.Import(ctx, strings.NewReader(`{"tenant":"`+secretTenant+`","subject":"`+secretSubject+"\"}\n"+row(t, secretSubject, start, grantOf(named))), consent.ImportOptions{Source: "crm"})
	must(t, err)
	for _, rejection := range report.Rejections {
		errs = append(errs, rejection.Err)
	}
	redacted, err := w.ledger.Redact(ctx, secretTenant, secretSubject, "case-1")
	must(t, err)
	wantSame(t, "duplicate", redacted.Duplicate, false)
	add(w.ledger.Grant(ctx, secret, grantOf("marketing")))
	for _, err := range errs {
		for ; err != nil; err = errors.Unwrap(err) {
			wantNoSecret(t, "an error", err.Error())
		}
	}
	for _, operation := range w.hooks.Operations() {
		wantNoSecret(t, "an operation", operation.Name)
		if operation.Err != nil {
			wantNoSecret(t, "an operation's error", operation.Err.Error())
		}
	}
}

// TestAuditEventsHoldCodesAndIdentifiers: nothing of the evidence reaches them.
func TestAuditEventsHoldCodesAndIdentifiers(t *testing.T) {
	w := newWorld(t, setup{})
	grant := grantOf("marketing")
	grant.Evidence.Reference = "scan of Ms Lovelace's letter"
	w.given(ada, adult, grant)
	w.authorize(w.prepare(marketingUse), ada, "")
	deliveries, err := w.store.Claim(t.Context(), consent.Claim{Worker: "w", Limit: 10, Now: w.clock.Now()})
	must(t, err)
	wantSame(t, "events", len(deliveries), 3)
	for _, delivery := range deliveries {
		text, err := json.Marshal(delivery.Event)
		must(t, err)
		wantNoSecret(t, "an event", string(text))
		for _, detail := range []string{"1990", "privacy-policy", textHash, "checkbox"} {
			if strings.Contains(string(text), detail) {
				t.Errorf("an event has %q of the evidence: %s", detail, text)
			}
		}
		wantSame(t, "source", delivery.Event.Source, "/privacykit/consent")
		wantSame(t, "version", delivery.Event.SpecVersion, privacy.SpecVersion)
		wantSame(t, "type's prefix", strings.HasPrefix(delivery.Event.Type, consent.EventTypePrefix), true)
	}
}

func TestShadowReportsAndRefusesNothing(t *testing.T) {
	w := newWorld(t, setup{})
	var reports []consent.WouldRefuse
	shadow := consent.NewShadow(w.gate, func(_ context.Context, report consent.WouldRefuse) { reports = append(reports, report) })
	_, err := shadow.Prepare(consent.Use{Purpose: "unknown"})
	wantErr(t, err, privacy.ErrInvalid)
	use, err := shadow.Prepare(serviceUse)
	must(t, err)
	use.Watch(t.Context(), ada)
	w.given(ada, consent.RelationshipStarted{})
	use.Watch(t.Context(), ada)
	w.store.streams = func(context.Context, []consent.StreamKey) ([]consent.Stream, error) { return nil, errStore }
	use.Watch(t.Context(), ada)
	watched, refused := shadow.Counts()
	wantSame(t, "watched", watched, 3)
	wantSame(t, "would be refused", refused, 2)
	wantSame(t, "reports", len(reports), 2)
	wantSame(t, "code", reports[0].Decision.Code, consent.CodeNoRelationship)
	wantSame(t, "subject", reports[0].Subject, ada)
	wantSame(t, "use", reports[0].Use.Purpose, "service")
	must(t, reports[0].Err)
	wantErr(t, reports[1].Err, errStore)
	wantSame(t, "counted", w.hooks.Total("consent.shadow", "no_relationship"), 1)
	reports[0].Use.Categories[0] = "changed"
	wantSame(t, "decisions recorded", len(w.logged("acme")), 0)

	silent, err := consent.NewShadow(w.gate, nil).Prepare(serviceUse)
	must(t, err)
	silent.Watch(t.Context(), ada)
}

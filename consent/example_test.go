package consent_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
	"github.com/labelop/privacykit/privacy/store/memstore"
)

// open wires a ledger and a gate on a store, as a host does at start-up.
func open() (*consent.Ledger, *consent.Gate) {
	register, err := privacy.Compile(privacytest.Declaration())
	if err != nil {
		panic(err)
	}
	store := memstore.NewConsent(nil)
	ledger, err := consent.NewLedger(store, register, nil)
	if err != nil {
		panic(err)
	}
	gate, err := consent.NewGate(ledger, store, nil)
	if err != nil {
		panic(err)
	}
	return ledger, gate
}

func Example() {
	ledger, gate := open()
	ctx := context.Background()

	// At start-up: names that the register does not declare fail here.
	newsletter := gate.MustPrepare(consent.Use{
		Purpose:    "marketing",
		Categories: []privacy.CategoryID{"account.email"},
		Operation:  privacy.OperationUse,
	})

	ada := privacy.Subject{Tenant: "acme", ID: "account-1815", Jurisdiction: "DE"}
	if _, err := ledger.RecordAge(ctx, ada, consent.AgeEvidence{BornOnOrBefore: privacy.MustDate("1990-01-01"), Method: "declared"}); err != nil {
		panic(err)
	}

	ask := func() {
		decision, err := newsletter.Check(ctx, ada)
		if err != nil {
			panic(err)
		}
		fmt.Println(decision.Code, "-", decision.Code.Title())
	}
	ask()

	if _, err := ledger.Grant(ctx, ada, consent.Grant{
		Purposes: []privacy.PurposeID{"marketing"},
		Evidence: consent.Evidence{
			Notice: consent.Notice{
				Document: "privacy-policy", Version: 3, Locale: "en",
				TextSHA256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
			},
			Act:     "checkbox_ticked_by_subject",
			Channel: "web",
		},
	}); err != nil {
		panic(err)
	}
	ask()

	if _, err := ledger.Withdraw(ctx, ada, consent.Withdrawal{}); err != nil {
		panic(err)
	}
	ask()
	// Output:
	// consent_missing - The person has not consented.
	// allowed - The use is allowed.
	// consent_withdrawn - Consent was withdrawn.
}

// As processor, the operator needs its customer's attestation and instructions.
// The people in a customer's images are unknown to it, so the subject has no ID.
func ExamplePreparedUse_Check_processor() {
	ledger, gate := open()
	ctx := context.Background()
	annotate := gate.MustPrepare(consent.Use{
		Purpose:    "annotation",
		Categories: []privacy.CategoryID{"content.images"},
		Operation:  privacy.OperationUse,
	})

	acme := privacy.Subject{Tenant: "acme"}
	decision, _ := annotate.Check(ctx, acme)
	fmt.Println(decision.Code)

	_, err := ledger.Attest(ctx, "acme", consent.Attestation{
		ID: "images", Categories: []privacy.CategoryID{"content.images"}, Purposes: []privacy.PurposeID{"annotation"},
		Basis: privacy.BasisLegitimateInterests, Rights: true, Notices: true, SignedBy: "user:42", TermsVersion: "2026-04",
	})
	if err != nil {
		panic(err)
	}
	_, err = ledger.Instruct(ctx, "acme", consent.Instruction{
		ID: "standard", Purposes: []privacy.PurposeID{"annotation"}, Operations: []privacy.Operation{privacy.OperationUse}, GivenBy: "user:42",
	})
	if err != nil {
		panic(err)
	}

	decision, _ = annotate.Check(ctx, acme)
	fmt.Println(decision.Code, "as", decision.Role, "on", decision.Basis, "with", decision.Obligations)
	// Output:
	// attestation_missing
	// allowed as processor on legitimate_interests with confidentiality_commitment,encryption_at_rest,segregation
}

// A decision made before work was queued is checked again before its effect.
func ExamplePreparedUse_Recheck() {
	ledger, gate := open()
	ctx := context.Background()
	use := gate.MustPrepare(consent.Use{Purpose: "service", Categories: []privacy.CategoryID{"account.name"}, Operation: privacy.OperationUse})
	ada := privacy.Subject{Tenant: "acme", ID: "account-1815"}
	if _, err := ledger.StartRelationship(ctx, ada, consent.RelationshipStarted{Reference: "contract-9"}); err != nil {
		panic(err)
	}

	queued, _ := use.Check(ctx, ada)
	fmt.Println("queued:", queued.Code)

	if _, err := ledger.EndRelationship(ctx, ada, consent.RelationshipEnded{Reason: "account_closed"}); err != nil {
		panic(err)
	}
	now, _ := use.Recheck(ctx, ada, queued.Stamp)
	fmt.Println("before the effect:", now.Code, "changed:", now.Stamp != queued.Stamp)

	var denied *consent.DeniedError
	fmt.Println(errors.As(now.Err(), &denied), errors.Is(now.Err(), privacy.ErrDenied))
	// Output:
	// queued: allowed
	// before the effect: no_relationship changed: true
	// true true
}

// Following the feed keeps the gate's cache honest about what others write.
func ExampleGate_Follow() {
	register, err := privacy.Compile(privacytest.Declaration())
	if err != nil {
		panic(err)
	}
	store := memstore.NewConsent(nil)
	ledger, err := consent.NewLedger(store, register, nil)
	if err != nil {
		panic(err)
	}
	gate, err := consent.NewGate(ledger, store, &consent.GateOptions{
		Cache: &consent.CacheOptions{MaxStaleness: time.Second},
	})
	if err != nil {
		panic(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- gate.Follow(ctx) }()
	// … serve …
	stop()
	fmt.Println(<-done)
	// Output: context canceled
}

func ExampleMiddleware() {
	_, gate := open()
	annotate := gate.MustPrepare(consent.Use{
		Purpose: "annotation", Categories: []privacy.CategoryID{"content.images"}, Operation: privacy.OperationUse,
	})
	tenantOf := func(r *http.Request) (privacy.Subject, error) {
		return privacy.Subject{Tenant: privacy.TenantID(r.Header.Get("X-Workspace"))}, nil
	}
	upload := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusCreated) })

	guarded := consent.Middleware(annotate, tenantOf)(upload)
	request := httptest.NewRequest(http.MethodPost, "/images", nil)
	request.Header.Set("X-Workspace", "acme")
	answer := httptest.NewRecorder()
	guarded.ServeHTTP(answer, request)
	fmt.Println(answer.Code, answer.Header().Get("Content-Type"))
	fmt.Println(answer.Body)
	// Output:
	// 403 application/problem+json
	// {"type":"urn:privacykit:problem:attestation_missing","title":"The customer has not attested a legal basis for this data and purpose.","status":403,"code":"attestation_missing","purpose":"annotation","activity":"labelling"}
}

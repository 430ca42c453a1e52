package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/consent/transfer"
	"github.com/labelop/privacykit/policydoc"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/sqlitestore"
	"github.com/labelop/privacykit/privacy/store/sqlstore"
)

const databaseFile = "labelop.db"

// service is LabelOp: its own tables, its evidence, its policy, and a gate in
// front of each thing it does with personal data.
type service struct {
	clock    privacy.Clock
	register *privacy.Register
	database *sqlitestore.DB
	tables   *sql.DB
	ledger   *consent.Ledger
	gate     *consent.Gate
	requests *requestDesk
	// directory holds the files of the service, images those of the customers.
	directory, images string
	provider          string
	uses              uses
	// history are the versions of the policy. They change with a release only.
	history         *policydoc.History
	marketingNotice []byte
	receipts        receipts
	transfers       *transfer.Recipients

	stop context.CancelFunc
	wait sync.WaitGroup
}

// uses are the uses of personal data that are prepared at start-up.
type uses struct {
	account, store, annotate *consent.PreparedUse
	// suggest is by model provider.
	suggest map[privacy.RecipientID]*consent.PreparedUse
}

// open opens the first release of the service.
func open(ctx context.Context, directory, provider string) (*service, error) {
	return openRelease(ctx, directory, provider, firstRelease(), privacy.SystemClock{})
}

// openRelease compiles the declaration, opens the database, prepares the uses
// and publishes the policy: a service that would do what it has not declared, or
// that its policy does not tell, does not start.
func openRelease(ctx context.Context, directory, provider string, r release, clock privacy.Clock) (*service, error) {
	register, err := r.register()
	if err != nil {
		return nil, err
	}
	s := &service{clock: clock, register: register, directory: directory, images: filepath.Join(directory, "images"), provider: provider}
	if err := os.MkdirAll(s.images, 0o700); err != nil {
		return nil, err
	}
	if s.database, err = sqlitestore.Open(ctx, filepath.Join(directory, databaseFile), &sqlitestore.Options{Store: sqlstore.Options{Clock: clock}}); err != nil {
		return nil, err
	}
	s.tables = s.database.SQL()
	if err := s.wire(ctx, r); err != nil {
		return nil, errors.Join(err, s.database.Close())
	}
	return s, nil
}

func (s *service) wire(ctx context.Context, r release) (err error) {
	if err := s.createTables(ctx); err != nil {
		return err
	}
	if err := s.openReceipts(ctx, s.directory); err != nil {
		return err
	}
	store := s.database.Consent()
	if s.ledger, err = consent.NewLedger(store, s.register, &consent.LedgerOptions{Clock: s.clock, Source: "/labelop/consent"}); err != nil {
		return err
	}
	if s.transfers, err = ourTransfers(); err != nil {
		return err
	}
	if s.gate, err = consent.NewGate(s.ledger, store, &consent.GateOptions{Cache: &consent.CacheOptions{}, Transfers: s.transfers}); err != nil {
		return err
	}
	if err := s.prepare(); err != nil {
		return err
	}
	if err := s.publishPolicy(ctx, r); err != nil {
		return err
	}
	if err := s.openRequests(ctx); err != nil {
		return err
	}
	follow, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	s.wait.Go(func() { _ = s.gate.Follow(follow) }) // ends with the context's error
	return nil
}

func (s *service) prepare() error {
	for _, prepared := range []struct {
		use  **consent.PreparedUse
		what consent.Use
	}{
		{&s.uses.account, consent.Use{Purpose: "service", Categories: []privacy.CategoryID{"account"}, Operation: privacy.OperationUse}},
		{&s.uses.store, consent.Use{Purpose: "annotation", Categories: []privacy.CategoryID{"content.images"}, Operation: privacy.OperationStore}},
		{&s.uses.annotate, consent.Use{Purpose: "annotation", Categories: []privacy.CategoryID{"content.images", "content.annotations"}, Operation: privacy.OperationAlter}},
	} {
		use, err := s.gate.Prepare(prepared.what)
		if err != nil {
			return err
		}
		*prepared.use = use
	}
	declared := s.register.Declaration()
	s.uses.suggest = map[privacy.RecipientID]*consent.PreparedUse{}
	for _, recipient := range activityOf(&declared, labellingActivity).Recipients {
		use, err := s.gate.Prepare(consent.Use{Purpose: "assistance", Categories: []privacy.CategoryID{"content.images"}, Operation: privacy.OperationDisclose, Recipient: recipient})
		if err != nil {
			return err
		}
		s.uses.suggest[recipient] = use
	}
	return nil
}

func (s *service) close() error {
	s.stop()
	s.wait.Wait()
	return s.database.Close()
}

func (s *service) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /accounts", s.openAccount)
	mux.HandleFunc("PUT /attestation", s.authenticated(s.attest))
	mux.HandleFunc("DELETE /attestation", s.authenticated(s.withdrawAttestation))
	mux.HandleFunc("PUT /instructions", s.authenticated(s.instruct))
	mux.HandleFunc("PUT /objections/{recipient}", s.authenticated(s.objectToRecipient))
	mux.HandleFunc("POST /images", s.authenticated(s.upload))
	mux.HandleFunc("PUT /images/{id}/annotation", s.authenticated(s.annotate))
	mux.HandleFunc("POST /images/{id}/suggestion", s.authenticated(s.suggest))
	mux.HandleFunc("PUT /preferences/marketing", s.authenticated(s.grantMarketing))
	mux.HandleFunc("DELETE /preferences/marketing", s.authenticated(s.withdrawMarketing))
	mux.Handle("/preferences", s.personalPages())
	mux.Handle("/preferences/receipts/", s.personalPages())
	mux.HandleFunc("GET "+receiptKeysPath, s.showReceiptKeys)
	mux.Handle("/sign-in", s.personalPages())
	mux.HandleFunc("POST /newsletter", s.authenticated(s.sendNewsletter))
	mux.HandleFunc("GET /decisions", s.authenticated(s.listDecisions))
	mux.HandleFunc("GET /disclosures", s.authenticated(s.listDisclosures))
	mux.HandleFunc("GET /record", s.record)
	mux.HandleFunc("GET /policy", s.showPolicy)
	mux.HandleFunc("GET /policy/history", s.showHistory)
	mux.HandleFunc("GET /policy/diff", s.showDiff)
	mux.HandleFunc("GET /policy.css", serveStyle)
	s.requests.routes(mux)
	return http.MaxBytesHandler(mux, maxBody)
}

// answer writes a value as JSON.
func answer(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // the client is gone if this fails
}

// reply is what most requests are answered with: what was asked, and why it was
// allowed.
type reply struct {
	ID       string             `json:"id,omitempty"`
	Code     string             `json:"code,omitempty"`
	Activity privacy.ActivityID `json:"activity,omitempty"`
	Role     string             `json:"role,omitempty"`
	Basis    string             `json:"basis,omitempty"`
	Measures privacy.MeasureSet `json:"measures,omitzero"`
	Token    string             `json:"token,omitempty"`
	Label    string             `json:"label,omitempty"`
	Stamp    string             `json:"stamp,omitempty"`
}

func allowed(decision consent.Decision) reply {
	return reply{
		Code: decision.Code.String(), Activity: decision.Activity, Role: decision.Role.String(), Basis: decision.Basis.String(),
		Measures: decision.Obligations, Stamp: decision.Stamp.String(),
	}
}

// fail answers a request that could not be served. Errors of the SDK and of the
// service hold no personal data, but they are still nobody's business.
func fail(w http.ResponseWriter, err error) {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.Is(err, privacy.ErrDenied):
		consent.WriteError(w, err)
	case errors.As(err, &tooLarge):
		answer(w, http.StatusRequestEntityTooLarge, reply{Code: "too_large"})
	case errors.Is(err, errUnsupported):
		answer(w, http.StatusUnsupportedMediaType, reply{Code: "not_an_image"})
	case errors.Is(err, privacy.ErrInvalid):
		answer(w, http.StatusBadRequest, reply{Code: "invalid"})
	case errors.Is(err, privacy.ErrNotFound):
		answer(w, http.StatusNotFound, reply{Code: "not_found"})
	case errors.Is(err, privacy.ErrConflict), errors.Is(err, privacy.ErrExists):
		answer(w, http.StatusConflict, reply{Code: "conflict"})
	default:
		answer(w, http.StatusServiceUnavailable, reply{Code: "unavailable"})
	}
}

// decode reads a small JSON body strictly.
func decode(r *http.Request, into any) error {
	decoder := json.NewDecoder(http.MaxBytesReader(nil, r.Body, 1<<20))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return errors.Join(privacy.ErrInvalid, tooLarge(err))
	}
	return nil
}

// tooLarge keeps what fail must know of an error and drops the rest, which may
// quote the body.
func tooLarge(err error) error {
	if large, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return large
	}
	return nil
}

func now() time.Time { return time.Now() }

package main

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/archive"
	"github.com/labelop/privacykit/dsr/fulfilment"
	"github.com/labelop/privacykit/dsr/message"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/sqlstore"
)

// operator is LabelOp itself, whose cases are those of people it does not know.
const operator privacy.TenantID = "labelop"

// requestDesk takes the requests of data subjects and carries them to their end.
type requestDesk struct {
	*service
	book     *regime.Book
	zone     *time.Location
	store    *sqlstore.DSRStore
	cases    *dsr.Service
	runner   *fulfilment.Runner
	erased   *fulfilment.SuppressionList
	builder  *archive.Builder
	tickets  *archive.Desk
	spool    spool
	composer *message.Composer
	post     *message.Desk
	// key is the secret of hashes that must not be tried out.
	key []byte
	// taking is held while a request is taken, so that the work in the background
	// does not take it for one that was left lying.
	taking sync.Mutex
	// staffToken lets people of LabelOp in. It is new with every start.
	staffToken string
}

// openRequests wires the desk to the stores, the systems and the mail.
func (s *service) openRequests(ctx context.Context) error {
	d := &requestDesk{service: s, store: s.database.DSR(), spool: spool{s.path("exports")}, staffToken: "staff-" + rand.Text()}
	if err := d.createRequestTables(ctx); err != nil {
		return err
	}
	var err error
	if d.key, err = secretKey(s.path("secret.key")); err != nil {
		return err
	}
	if d.zone, err = time.LoadLocation("Europe/Berlin"); err != nil {
		return err
	}
	if d.book, err = regime.Presets(); err != nil {
		return err
	}
	d.cases, err = dsr.NewService(d.store, dsr.Options{
		Book: d.book, Zone: d.zone, Calendar: privacy.WeekdaysOnly(), Clock: s.clock, Source: "/labelop/requests", RemindDays: []int{7},
	})
	if err != nil {
		return err
	}
	if err := errors.Join(d.openArchive(), d.openPost(), d.openRunner()); err != nil {
		return err
	}
	s.requests = d
	return nil
}

func (d *requestDesk) openRunner() (err error) {
	if d.erased, err = fulfilment.NewSuppressionList(d.database.Suppressions(), d.key); err != nil {
		return err
	}
	protected, err := d.openProtections()
	if err != nil {
		return err
	}
	planner, err := fulfilment.NewPlanner(d.register, d.connectors(), protected, recipients{d.gate})
	if err != nil {
		return err
	}
	d.runner, err = fulfilment.NewRunner(d.cases, d.store, planner, fulfilment.Options{
		Suppression: d.erased, Identifiers: d.identifiers, Alert: d.recordAlert, Clock: d.clock,
	})
	return err
}

func (d *requestDesk) openArchive() (err error) {
	d.builder, err = archive.NewBuilder(archive.Options{
		Register: d.register, Disclosures: recipients{d.gate}, ThirdParties: archive.NobodyElse{}, Clock: d.clock,
	})
	if err != nil {
		return err
	}
	d.tickets, err = archive.NewDesk(d.database.Tokens(), archive.DeskOptions{Clock: d.clock})
	return err
}

// secretKey reads the key of the service, and makes one at the first start.
func secretKey(path string) ([]byte, error) {
	key, err := os.ReadFile(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	key = make([]byte, fulfilment.MinimumSuppressionKey)
	_, _ = rand.Read(key) // never fails
	return key, os.WriteFile(path, key, 0o600)
}

// work takes up what was left lying, does everything that is due, and writes the
// letters that follow from it.
func (d *requestDesk) work(ctx context.Context) error {
	left := d.eachWaiting(ctx, d.takeUpAgain)
	_, err := d.runner.RunDue(ctx)
	return errors.Join(left, err, d.eachWaiting(ctx, d.writeAnswer), d.gate.Poll(ctx))
}

// workEvery works in the background, until it is stopped.
func (d *requestDesk) workEvery(ctx context.Context, pause time.Duration) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			_ = d.work(ctx) // what failed is due again the next time
			select {
			case <-ctx.Done():
				return
			case <-time.After(pause):
			}
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

// routes serves people who ask, customers whom a request was forwarded to, and
// LabelOp's own staff.
func (d *requestDesk) routes(mux *http.ServeMux) {
	mux.HandleFunc("POST /requests", d.takeRequest)
	mux.HandleFunc("GET /requests", d.listOwn)
	mux.HandleFunc("GET /requests/{id}", d.own(d.showCase))
	mux.HandleFunc("POST /requests/{id}/codes", d.own(d.sendCode))
	mux.HandleFunc("PUT /requests/{id}/identity", d.own(d.checkCode))
	mux.HandleFunc("POST /requests/{id}/downloads", d.own(d.allowDownload))
	mux.HandleFunc("GET /packages/{workspace}/{id}", d.sendPackage)
	mux.HandleFunc("HEAD /packages/{workspace}/{id}", refuseHead)

	mux.HandleFunc("POST /pictured", d.takePictured)
	mux.HandleFunc("GET /forwarded", d.authenticated(d.listForwarded))
	mux.HandleFunc("PUT /forwarded/{id}/acknowledgement", d.authenticated(d.acknowledgeForwarded))

	mux.HandleFunc("GET /desk/requests", d.staff(d.dashboard))
	mux.HandleFunc("GET /desk/alerts", d.staff(d.listAlerts))
	mux.HandleFunc("GET /desk/requests/{workspace}/{id}/plan", d.staff(d.showPlan))
	mux.HandleFunc("POST /desk/requests/{workspace}/{id}/work", d.staff(d.beginWork))
	mux.HandleFunc("PUT /desk/requests/{workspace}/{id}/tasks/{task}", d.staff(d.doneByHand))
	mux.HandleFunc("POST /desk/requests/{workspace}/{id}/extension", d.staff(d.extend))
	mux.HandleFunc("POST /desk/requests/{workspace}/{id}/refusal", d.staff(d.refuse))
	mux.HandleFunc("POST /desk/requests/{workspace}/{id}/answer", d.staff(d.answerByHand))
	mux.HandleFunc("GET /desk/requests/{workspace}/{id}/log", d.staff(d.exportLog))
	mux.HandleFunc("PUT /desk/holds/{workspace}/{id}", d.staff(d.placeHold))
	mux.HandleFunc("DELETE /desk/holds/{workspace}/{id}", d.staff(d.releaseHold))
	mux.HandleFunc("POST /desk/imports", d.staff(d.importContact))
	mux.HandleFunc("POST /desk/sweeps", d.staff(d.sweepCases))
}

// path returns the path of a file of the service.
func (s *service) path(name string) string { return filepath.Join(s.directory, name) }

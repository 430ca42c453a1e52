package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/message"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

// pictured is a request of somebody in a customer's image, whom LabelOp does not
// know: it holds the image for the customer.
type pictured struct {
	Kind    regime.Request `json:"kind"`
	Image   string         `json:"image"`
	Email   string         `json:"email"`
	Message string         `json:"message"`
}

// takePictured takes such a request and passes it to the customer at once, with
// the words of the person: a processor does not answer for its controller (GDPR
// Art. 28(3)(e)).
func (d *requestDesk) takePictured(w http.ResponseWriter, r *http.Request) {
	var request pictured
	if err := decode(r, &request); err != nil {
		decline(w, err)
		return
	}
	words := asked{Kind: request.Kind, Message: request.Message}
	if err := words.check(d.register); err != nil {
		decline(w, err)
		return
	}
	var controller privacy.TenantID
	err := d.tables.QueryRowContext(r.Context(), `SELECT workspace FROM image WHERE id = ?`, request.Image).Scan(&controller)
	if err != nil {
		decline(w, notFound(err))
		return
	}
	sum := sha256.Sum256([]byte(request.Message))
	in := dsr.Intake{
		Tenant: controller, ID: dsr.CaseID(rand.Text()), Role: privacy.RoleProcessor, ContentHash: hex.EncodeToString(sum[:]),
		Channel: "api", Actor: dsr.ActorSubject, Requests: []dsr.Asked{{Request: request.Kind}},
	}
	c, token, err := d.takeForwarded(r.Context(), in, intake{who: account{Email: request.Email}, asked: words})
	if err != nil {
		decline(w, err)
		return
	}
	d.answerOwn(w, r, http.StatusAccepted, c, token)
}

func (d *requestDesk) takeForwarded(ctx context.Context, in dsr.Intake, from intake) (c dsr.Case, token string, err error) {
	d.taking.Lock()
	defer d.taking.Unlock()
	if token, err = d.remember(ctx, in, from); err != nil {
		return c, "", err
	}
	if c, err = d.cases.Open(ctx, "eu-gdpr", in, ""); err != nil {
		return c, "", errors.Join(err, d.forget(ctx, in.Tenant, in.ID))
	}
	return d.takeUpNow(ctx, c, remembered{message: from.asked.Message}), token, nil
}

// forward passes a case to the customer, and the words of the person with it.
func (d *requestDesk) forward(ctx context.Context, c dsr.Case, words string) (dsr.Case, error) {
	err := d.write(ctx, c, regime.NoticeForward, "forward", "", func(data *message.Data) { data.RequestContent = words })
	if err != nil {
		return c, err
	}
	return d.cases.Handle(ctx, c.Tenant, c.ID, dsr.Command{Event: dsr.EventForwardToController, Actor: dsr.ActorProcessor, ForwardTo: c.Tenant}, "")
}

// listForwarded lists what a customer was passed and has not acknowledged.
func (d *requestDesk) listForwarded(w http.ResponseWriter, r *http.Request, by account) {
	summaries, err := d.store.ByState(r.Context(), by.Workspace, dsr.StateForwarded, dsr.Position{}, 100)
	if err != nil {
		decline(w, err)
		return
	}
	answer(w, http.StatusOK, d.lines(summaries))
}

// acknowledgeForwarded records that the customer has the request. It is answered
// from then on; LabelOp's part is done. What was not forwarded to the customer,
// such as a request of its own account holders, does not exist for it.
func (d *requestDesk) acknowledgeForwarded(w http.ResponseWriter, r *http.Request, by account) {
	id := dsr.CaseID(r.PathValue("id"))
	c, err := d.store.Case(r.Context(), by.Workspace, id)
	if err == nil && c.ForwardedTo != by.Workspace {
		err = privacy.ErrNotFound
	}
	if err == nil {
		c, err = d.cases.Handle(r.Context(), c.Tenant, c.ID, dsr.Command{Event: dsr.EventForwardAcknowledged, Actor: dsr.ActorSystem}, "")
	}
	if err != nil {
		decline(w, err)
		return
	}
	d.answerCase(w, r, http.StatusOK, c, "")
}

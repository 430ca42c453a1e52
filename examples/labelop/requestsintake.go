package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/fulfilment"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
)

// asked is a request as it comes in.
type asked struct {
	Kind regime.Request `json:"kind"`
	// Marketing: the objection is to direct marketing.
	Marketing bool `json:"marketing,omitempty"`
	// Residence is where the person lives, if not in the Union, such as "US-CA".
	Residence privacy.Jurisdiction `json:"residence,omitempty"`
	// Email is by what to find somebody who is not signed in.
	Email   string `json:"email,omitempty"`
	Message string `json:"message,omitempty"`
	// Ground is that of an erasure, such as "17(1)(c)", and Categories what it is
	// about; without them it is about everything.
	Ground     string               `json:"ground,omitempty"`
	Categories []privacy.CategoryID `json:"categories,omitempty"`
}

// kinds are what people can ask for here.
var kinds = []regime.Request{
	regime.RequestAccess, regime.RequestKnow, regime.RequestPortability, regime.RequestErasure, regime.RequestRectification, regime.RequestRestriction,
	regime.RequestObjection, regime.RequestWithdrawConsent, regime.RequestOptOutSaleSharing, regime.RequestLimitSensitive,
}

// check refuses what nobody here could carry out.
func (a asked) check(register *privacy.Register) error {
	if !slices.Contains(kinds, a.Kind) {
		return errUnknownRequest
	}
	for _, category := range a.Categories {
		if _, ok := register.Category(category); !ok {
			return privacy.ErrInvalid
		}
	}
	if a.Ground == "" {
		return nil
	}
	_, err := retention.ParseErasureGround(a.Ground)
	return err
}

// takeRequest takes a request from an account holder who is signed in, or from
// somebody who names a mail address. The gate is not asked: to have rights needs
// no permission.
func (d *requestDesk) takeRequest(w http.ResponseWriter, r *http.Request) {
	var request asked
	err := decode(r, &request)
	if err == nil {
		err = request.check(d.register)
	}
	if err != nil {
		decline(w, err)
		return
	}
	who, signedIn, err := d.whoAsks(r, request)
	if err != nil {
		decline(w, err)
		return
	}
	c, token, err := d.take(r.Context(), intake{who: who, signedIn: signedIn, asked: request, key: r.Header.Get("Idempotency-Key")})
	if err != nil {
		decline(w, err)
		return
	}
	d.answerOwn(w, r, http.StatusAccepted, c, token)
}

// intake is who asks for what. A key makes it one request however often it is sent;
// it is for who is signed in.
type intake struct {
	who      account
	signedIn bool
	asked    asked
	key      string
}

// take opens a case and goes on with it.
func (d *requestDesk) take(ctx context.Context, in intake) (dsr.Case, string, error) {
	d.taking.Lock()
	defer d.taking.Unlock()
	c, token, err := d.open(ctx, in)
	if err != nil {
		return c, "", err
	}
	_ = d.gate.Poll(ctx) // it follows the feed anyway
	return d.takeUpNow(ctx, c, remembered{signedIn: in.signedIn}), token, nil
}

// takeUpNow goes on with a case that was just opened. If that fails, the request is
// taken all the same, and taken up later.
func (d *requestDesk) takeUpNow(ctx context.Context, c dsr.Case, m remembered) dsr.Case {
	if further, err := d.takeUp(ctx, c, m); err == nil {
		return further
	}
	return c
}

// takeUp goes on with a case that nothing was done about yet: right after it was
// opened, or later, if LabelOp was stopped in between.
func (d *requestDesk) takeUp(ctx context.Context, c dsr.Case, m remembered) (dsr.Case, error) {
	switch {
	case c.Role == privacy.RoleProcessor && c.State() == dsr.StateReceived:
		return d.forward(ctx, c, m.message)
	case c.Role != privacy.RoleProcessor && c.Version == 1:
		return d.proceed(ctx, c, m.signedIn)
	}
	return c, nil
}

func (d *requestDesk) takeUpAgain(ctx context.Context, c dsr.Case, m remembered) error {
	d.taking.Lock()
	defer d.taking.Unlock()
	c, err := d.store.Case(ctx, c.Tenant, c.ID)
	if err == nil {
		_, err = d.takeUp(ctx, c, m)
	}
	return err
}

// whoAsks returns the account that is signed in, or that of the mail address.
func (d *requestDesk) whoAsks(r *http.Request, request asked) (who account, signedIn bool, err error) {
	if bearer(r) == "" {
		who, err = d.accountOfMail(r.Context(), request.Email)
		return who, false, err
	}
	who, err = d.signedInAccount(r)
	return who, true, err
}

func bearer(r *http.Request) string {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return ""
	}
	return token
}

// signedInAccount returns the account of the bearer token.
func (d *requestDesk) signedInAccount(r *http.Request) (account, error) {
	found, err := d.accountOf(r.Context(), bearer(r))
	if errors.Is(err, privacy.ErrNotFound) {
		return account{}, errUnknownToken
	}
	return found, err
}

// accountOfMail returns the one account that has a mail address. Whoever has none,
// or several, is not known yet: the request is taken all the same, and nobody
// learns which it was.
func (d *requestDesk) accountOfMail(ctx context.Context, email string) (account, error) {
	if !strings.Contains(email, "@") {
		return account{}, privacy.ErrInvalid
	}
	unknown := account{Workspace: operator, Email: email}
	rows, err := d.tables.QueryContext(ctx, `SELECT id, workspace, email FROM account WHERE lower(email) = lower(?) LIMIT 2`, email)
	if err != nil {
		return unknown, err
	}
	defer rows.Close()
	found := []account{}
	for rows.Next() {
		var one account
		if err := rows.Scan(&one.ID, &one.Workspace, &one.Email); err != nil {
			return unknown, err
		}
		found = append(found, one)
	}
	if err := rows.Err(); err != nil || len(found) != 1 {
		return unknown, err
	}
	return found[0], nil
}

// open begins a case, under a law that protects the person and knows the request.
func (d *requestDesk) open(ctx context.Context, from intake) (dsr.Case, string, error) {
	content, err := privacy.CanonicalJSON(from.asked)
	if err != nil {
		return dsr.Case{}, "", err
	}
	sum := sha256.Sum256(content)
	id, key := rand.Text(), ""
	if from.key != "" && from.signedIn {
		key = "intake/" + tokenHash(string(from.who.ID)+"\x00"+from.key)
		id = tokenHash(key)
	}
	in := dsr.Intake{
		Tenant: from.who.Workspace, ID: dsr.CaseID(id), Subject: from.who.ID, Unidentified: from.who.ID == "", Role: privacy.RoleController,
		ContentHash: hex.EncodeToString(sum[:]), Channel: "api", Actor: dsr.ActorSubject,
		Requests: []dsr.Asked{{Request: from.asked.Kind, DirectMarketing: from.asked.Marketing}},
	}
	token, err := d.remember(ctx, in, from)
	if err != nil {
		return dsr.Case{}, "", err
	}
	c, err := d.cases.Open(ctx, d.lawFor(from.asked), in, key)
	if err != nil && token != "" {
		err = errors.Join(err, d.forget(ctx, in.Tenant, in.ID))
	}
	return c, token, err
}

// lawFor returns the law of where the person lives, if it knows the request, and
// else that of where LabelOp is established, which protects everybody (GDPR Art.
// 3(1)).
func (d *requestDesk) lawFor(request asked) regime.ID {
	for _, law := range d.book.Protecting(request.Residence, privacy.DateOf(d.clock.Now(), d.zone)) {
		if _, ok := law.Clock(request.Kind); ok {
			return law.ID
		}
	}
	return "eu-gdpr"
}

// remember keeps what the case does not hold, before the case is opened: a
// request that is remembered and was never opened does no harm. It returns a
// token by which the person finds the case, also when the account is gone; none
// if the request was taken before.
func (d *requestDesk) remember(ctx context.Context, in dsr.Intake, from intake) (string, error) {
	categories, err := json.Marshal(from.asked.Categories)
	if err != nil {
		return "", err
	}
	token := "case-" + rand.Text()
	result, err := d.tables.ExecContext(ctx, `INSERT INTO request (tenant, id, token_hash, contact, message, ground, categories, signed_in)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (tenant, id) DO NOTHING`,
		in.Tenant, in.ID, tokenHash(token), from.who.Email, from.asked.Message, cmp.Or(from.asked.Ground, "17(1)(a)"), string(categories), from.signedIn)
	if err != nil {
		return "", err
	}
	if inserted, err := result.RowsAffected(); err != nil || inserted == 0 {
		return "", err
	}
	return token, nil
}

func (d *requestDesk) forget(ctx context.Context, tenant privacy.TenantID, id dsr.CaseID) error {
	_, err := d.tables.ExecContext(ctx, `DELETE FROM request WHERE tenant = ? AND id = ?`, tenant, id)
	return err
}

// recall returns what was remembered of a case.
func (d *requestDesk) recall(ctx context.Context, tenant privacy.TenantID, id dsr.CaseID) (m remembered, err error) {
	row := d.tables.QueryRowContext(ctx, selectRemembered+`WHERE tenant = ? AND id = ?`, tenant, id)
	if err := row.Scan(m.fields()...); err != nil {
		return remembered{}, notFound(err)
	}
	err = json.Unmarshal(m.categoriesJSON, &m.scope.Categories)
	return m, err
}

// proceed asks for proof of identity where the law wants or allows it, and begins
// the work that needs no decision.
func (d *requestDesk) proceed(ctx context.Context, c dsr.Case, signedIn bool) (dsr.Case, error) {
	p, err := d.cases.Procedure(c)
	if err != nil {
		return c, err
	}
	rule := p.Regime().Verify(c.Items[0].Request, c.Items[0].DirectMarketing)
	if _, asks := rule.Needs(); !asks || signedIn && rule.Demand != regime.VerifyAlways {
		return d.begin(ctx, c)
	}
	c, err = d.cases.Handle(ctx, c.Tenant, c.ID, dsr.Command{
		Event: dsr.EventIdentityRequested, Actor: dsr.ActorSystem, ReasonableDoubt: !signedIn,
	}, "")
	switch {
	case err != nil:
		return c, err
	case !signedIn:
		return c, d.issueCode(ctx, c)
	}
	// The token is the credential itself, and it came with this very request.
	c, err = d.cases.ProveIdentity(ctx, c.Tenant, c.ID, dsr.Proof{Method: dsr.MethodSession, Subject: c.Subject, Reauthenticated: true}, "")
	if err != nil {
		return c, err
	}
	return d.begin(ctx, c)
}

// begin begins what can be done without a decision. An erasure waits until
// somebody has seen its plan, and what has to be judged waits for people.
func (d *requestDesk) begin(ctx context.Context, c dsr.Case) (dsr.Case, error) {
	switch item := c.Items[0]; item.Request {
	case regime.RequestErasure, regime.RequestRectification, regime.RequestRestriction:
		return c, nil
	case regime.RequestObjection:
		if !item.DirectMarketing {
			return c, nil
		}
		// It took effect when it was received, and there is nothing to weigh.
		return d.cases.Handle(ctx, c.Tenant, c.ID, dsr.Command{Event: dsr.EventFulfil, Actor: dsr.ActorSystem}, "")
	}
	return d.runner.Begin(ctx, c.Tenant, c.ID, 0, fulfilment.Scope{})
}

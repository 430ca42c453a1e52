package main

import (
	"context"
	"crypto/subtle"
	"database/sql"
	"errors"
	"fmt"
	"net/http"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/message"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

// caseHandler serves somebody who may see a case.
type caseHandler func(w http.ResponseWriter, r *http.Request, c dsr.Case)

// own lets in the person whose case it is: signed in, or with the token that came
// with the case. For everybody else there is no such case.
func (d *requestDesk) own(next caseHandler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c, err := d.ownCase(r)
		if err != nil {
			decline(w, err)
			return
		}
		next(w, r, c)
	}
}

func (d *requestDesk) ownCase(r *http.Request) (dsr.Case, error) {
	id := dsr.CaseID(r.PathValue("id"))
	var m remembered
	err := d.tables.QueryRowContext(r.Context(), selectRemembered+`WHERE token_hash = ?`, tokenHash(bearer(r))).Scan(m.fields()...)
	switch {
	case err == nil && m.id == id:
		return d.store.Case(r.Context(), m.tenant, m.id)
	case err == nil:
		return dsr.Case{}, privacy.ErrNotFound
	case !errors.Is(err, sql.ErrNoRows):
		return dsr.Case{}, err
	}
	by, err := d.signedInAccount(r)
	if err != nil {
		return dsr.Case{}, err
	}
	c, err := d.store.Case(r.Context(), by.Workspace, id)
	if err == nil && c.Subject != by.ID {
		err = privacy.ErrNotFound
	}
	return c, err
}

// staff lets in people of LabelOp.
func (d *requestDesk) staff(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if subtle.ConstantTimeCompare([]byte(tokenHash(bearer(r))), []byte(tokenHash(d.staffToken))) != 1 {
			decline(w, errUnknownToken)
			return
		}
		next(w, r)
	}
}

// issueCode sends a one-time code to the address that LabelOp has of the account.
// Somebody whom it does not know is sent nothing, and not told so.
func (d *requestDesk) issueCode(ctx context.Context, c dsr.Case) error {
	if c.Subject == "" {
		return nil
	}
	code, err := d.cases.IssueCode(ctx, c.Tenant, c.ID)
	if errors.Is(err, dsr.ErrTooManyCodes) {
		return nil // nor is a guesser told that there is somebody to guess
	}
	if err != nil {
		return err
	}
	if c, err = d.store.Case(ctx, c.Tenant, c.ID); err != nil {
		return err
	}
	return d.write(ctx, c, regime.NoticeIdentity, fmt.Sprintf("code-%d", c.Identity.Issued), "", func(data *message.Data) {
		data.IdentityEvidence = fmt.Sprintf("the code %s, within %.0f minutes", code, dsr.CodeLife.Minutes())
	})
}

// sendCode sends another code, which ends the one before.
func (d *requestDesk) sendCode(w http.ResponseWriter, r *http.Request, c dsr.Case) {
	if !c.Blockers.Has(dsr.BlockerIdentity) {
		decline(w, privacy.ErrConflict)
		return
	}
	if err := d.issueCode(r.Context(), c); err != nil {
		decline(w, err)
		return
	}
	answer(w, http.StatusAccepted, reply{ID: string(c.ID), Code: "sent"})
}

// checkCode tries a code. Of somebody unknown no code is right, and the answer is
// the same.
func (d *requestDesk) checkCode(w http.ResponseWriter, r *http.Request, c dsr.Case) {
	var request struct {
		Code string `json:"code"`
	}
	if err := decode(r, &request); err != nil {
		decline(w, err)
		return
	}
	if c.Blockers.Has(dsr.BlockerIdentity) && c.Identity == nil {
		decline(w, dsr.ErrCode)
		return
	}
	c, err := d.cases.CheckCode(r.Context(), c.Tenant, c.ID, request.Code)
	if err == nil {
		c, err = d.begin(r.Context(), c)
	}
	if err != nil {
		decline(w, err)
		return
	}
	d.answerOwn(w, r, http.StatusOK, c, "")
}

// notFound says of a missing row what a store says of a missing case.
func notFound(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return privacy.ErrNotFound
	}
	return err
}

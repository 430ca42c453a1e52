package main

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"strings"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/fulfilment"
	"github.com/labelop/privacykit/privacy"
)

// createRequestTables makes what LabelOp keeps of account holders besides their
// accounts, and what it remembers of a request besides its case: who may look at
// it, where to write to, and what was asked in which words.
func (d *requestDesk) createRequestTables(ctx context.Context) error {
	_, err := d.tables.ExecContext(ctx, `
		CREATE TABLE IF NOT EXISTS support_message (id TEXT PRIMARY KEY, workspace TEXT NOT NULL, account TEXT NOT NULL, answered_on TEXT NOT NULL, text TEXT NOT NULL) STRICT;
		CREATE TABLE IF NOT EXISTS account_invoice (id TEXT PRIMARY KEY, workspace TEXT NOT NULL, account TEXT NOT NULL, invoiced_on TEXT NOT NULL, amount TEXT NOT NULL) STRICT;
		CREATE TABLE IF NOT EXISTS request (tenant TEXT NOT NULL, id TEXT NOT NULL, token_hash TEXT NOT NULL UNIQUE, contact TEXT NOT NULL, message TEXT NOT NULL,
			ground TEXT NOT NULL, categories TEXT NOT NULL, signed_in INTEGER NOT NULL,
			told TEXT NOT NULL DEFAULT '', words TEXT NOT NULL DEFAULT '', letters INTEGER NOT NULL DEFAULT 0, ended INTEGER NOT NULL DEFAULT FALSE,
			PRIMARY KEY (tenant, id)) STRICT;
		CREATE TABLE IF NOT EXISTS request_alert (tenant TEXT NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL, task TEXT NOT NULL, due TEXT NOT NULL, followup TEXT NOT NULL,
			problem TEXT NOT NULL, at TEXT NOT NULL, PRIMARY KEY (tenant, id, kind, task, due, followup)) STRICT;`)
	if err != nil {
		return err
	}
	for _, folder := range []string{"invoices", "attachments", "mail", "exports"} {
		if err := os.MkdirAll(d.path(folder), 0o700); err != nil {
			return err
		}
	}
	return d.mountLogs()
}

// identifiers are by what an erased person would be found again.
func (d *requestDesk) identifiers(ctx context.Context, tenant privacy.TenantID, subject privacy.SubjectID) ([]fulfilment.Identifier, error) {
	var email string
	err := d.tables.QueryRowContext(ctx, `SELECT email FROM account WHERE workspace = ? AND id = ?`, tenant, subject).Scan(&email)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return []fulfilment.Identifier{byMail(email)}, nil
}

// remembered is what LabelOp keeps of a request besides its case.
type remembered struct {
	tenant         privacy.TenantID
	id             dsr.CaseID
	contact        string
	message        string
	ground         string
	scope          fulfilment.Scope
	signedIn       bool
	told           string
	words          string
	letters        int
	categoriesJSON []byte
}

const selectRemembered = `SELECT tenant, id, contact, message, ground, categories, signed_in, told, words, letters FROM request `

func (m *remembered) fields() []any {
	return []any{&m.tenant, &m.id, &m.contact, &m.message, &m.ground, &m.categoriesJSON, &m.signedIn, &m.told, &m.words, &m.letters}
}

// byMail writes addresses in one way.
func byMail(address string) fulfilment.Identifier {
	return fulfilment.Identifier{Kind: "email", Value: strings.ToLower(address)}
}

// eachWaiting does something for each request that has not ended.
func (d *requestDesk) eachWaiting(ctx context.Context, do func(context.Context, dsr.Case, remembered) error) error {
	waiting, err := d.remembered(ctx, `WHERE NOT ended`)
	if err != nil {
		return err
	}
	var failed []error
	for _, m := range waiting {
		c, err := d.store.Case(ctx, m.tenant, m.id)
		if err == nil {
			err = do(ctx, c, m)
		}
		if errors.Is(err, privacy.ErrNotFound) {
			err = nil // it is being opened, or never was
		}
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}

// remembered returns what is remembered of some requests.
func (d *requestDesk) remembered(ctx context.Context, which string) ([]remembered, error) {
	rows, err := d.tables.QueryContext(ctx, selectRemembered+which)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found []remembered
	for rows.Next() {
		var m remembered
		if err := rows.Scan(m.fields()...); err != nil {
			return nil, err
		}
		found = append(found, m)
	}
	return found, rows.Err()
}

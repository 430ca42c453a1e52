package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/archive"
	"github.com/labelop/privacykit/dsr/fulfilment"
	"github.com/labelop/privacykit/privacy"
)

// accountRows are the account, and what its holder wrote to the support.
type accountRows struct{ *service }

func (s accountRows) Records(ctx context.Context, subject privacy.Subject) iter.Seq2[archive.Record, error] {
	return func(yield func(archive.Record, error) bool) {
		var email string
		err := s.tables.QueryRowContext(ctx, `SELECT email FROM account WHERE workspace = ? AND id = ?`, subject.Tenant, subject.ID).Scan(&email)
		if err != nil {
			yield(archive.Record{}, err)
			return
		}
		if !yield(record("account.email", email)) || !yield(record("account.workspace", object{"workspace": subject.Tenant, "account": subject.ID})) {
			return
		}
		rows, err := s.tables.QueryContext(ctx, `SELECT answered_on, text FROM support_message WHERE workspace = ? AND account = ? ORDER BY id`, subject.Tenant, subject.ID)
		if err != nil {
			yield(archive.Record{}, err)
			return
		}
		defer rows.Close()
		for rows.Next() {
			var on, text string
			if err := rows.Scan(&on, &text); err != nil {
				yield(archive.Record{}, err)
				return
			}
			if !yield(record("support", object{"answered_on": on, "text": text})) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(archive.Record{}, err)
		}
	}
}

// record makes a record of what the person provided.
func record(category privacy.CategoryID, value any) (archive.Record, error) {
	data, err := json.Marshal(value)
	return archive.Record{Category: category, Origin: archive.OriginProvided, Value: data}, err
}

func (s accountRows) Media(ctx context.Context, subject privacy.Subject) iter.Seq2[archive.Medium, error] {
	return s.files(ctx, `SELECT id || '.png' FROM support_message WHERE workspace = ? AND account = ? ORDER BY id`, "attachments", "support", subject)
}

// files yields the files that a statement names.
func (s *service) files(ctx context.Context, statement, folder string, category privacy.CategoryID, subject privacy.Subject) iter.Seq2[archive.Medium, error] {
	return func(yield func(archive.Medium, error) bool) {
		names, err := s.column(ctx, statement, subject.Tenant, subject.ID)
		if err != nil {
			yield(archive.Medium{}, err)
			return
		}
		for _, name := range names {
			path := filepath.Join(s.path(folder), name)
			medium := archive.Medium{Category: category, Origin: archive.OriginProvided, Name: name, Open: func(context.Context) (io.ReadCloser, error) { return os.Open(path) }}
			if !yield(medium, nil) {
				return
			}
		}
	}
}

// column returns the values of a statement's one column.
func (s *service) column(ctx context.Context, statement string, args ...any) ([]string, error) {
	rows, err := s.tables.QueryContext(ctx, statement, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var values []string
	for rows.Next() {
		var value string
		if err := rows.Scan(&value); err != nil {
			return nil, err
		}
		values = append(values, value)
	}
	return values, rows.Err()
}

// Erase removes the account and the messages with their attachments, but for
// those to spare.
func (s accountRows) Erase(ctx context.Context, call fulfilment.Call) (fulfilment.Result, error) {
	if slices.ContainsFunc(call.Categories, ofAccount) {
		if _, err := s.tables.ExecContext(ctx, `DELETE FROM account WHERE workspace = ? AND id = ?`, call.Tenant, call.Subject); err != nil {
			return fulfilment.Result{}, err
		}
	}
	return s.eraseRows(ctx, call, "support", "support_message", "attachments", ".png")
}

func ofAccount(category privacy.CategoryID) bool {
	return category == "account" || strings.HasPrefix(string(category), "account.")
}

// eraseRows removes the rows of a table, each after its file: a row without a file
// is found again, a file without a row is not.
func (s *service) eraseRows(ctx context.Context, call fulfilment.Call, category privacy.CategoryID, table, folder, suffix string) (fulfilment.Result, error) {
	done := fulfilment.Result{Evidence: "nothing to erase"}
	if !slices.Contains(call.Categories, category) {
		return done, nil
	}
	keys, err := s.unspared(ctx, call, category, table)
	if err != nil {
		return fulfilment.Result{}, err
	}
	for _, key := range keys {
		if err := os.Remove(filepath.Join(s.path(folder), key+suffix)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fulfilment.Result{}, err
		}
		if _, err := s.tables.ExecContext(ctx, `DELETE FROM `+table+` WHERE id = ?`, key); err != nil {
			return fulfilment.Result{}, err
		}
	}
	return fulfilment.Result{Evidence: fmt.Sprintf("%s: %d erased, %d spared", table, len(keys), len(call.Spare))}, nil
}

// unspared returns the rows of a subject that nothing protects.
func (s *service) unspared(ctx context.Context, call fulfilment.Call, category privacy.CategoryID, table string) ([]string, error) {
	keys, err := s.column(ctx, `SELECT id FROM `+table+` WHERE workspace = ? AND account = ?`, call.Tenant, call.Subject)
	return slices.DeleteFunc(keys, func(key string) bool {
		return slices.Contains(call.Spare, dsr.Record{Category: category, Key: key})
	}), err
}

// Verify looks at what is there.
func (s accountRows) Verify(ctx context.Context, call fulfilment.Call) ([]privacy.CategoryID, error) {
	accounts, err := s.column(ctx, `SELECT id FROM account WHERE workspace = ? AND id = ?`, call.Tenant, call.Subject)
	if err != nil {
		return nil, err
	}
	messages, err := s.unspared(ctx, call, "support", "support_message")
	return slices.DeleteFunc(slices.Clone(call.Categories), func(category privacy.CategoryID) bool {
		held := ofAccount(category) && len(accounts) > 0 || category == "support" && len(messages) > 0
		return !held
	}), err
}

// invoices are rows, each with the file that was sent.
type invoices struct{ *service }

func (s invoices) Records(ctx context.Context, subject privacy.Subject) iter.Seq2[archive.Record, error] {
	return func(yield func(archive.Record, error) bool) {
		lines, err := s.column(ctx, `SELECT invoiced_on || ': ' || amount FROM account_invoice WHERE workspace = ? AND account = ? ORDER BY id`, subject.Tenant, subject.ID)
		if err != nil {
			yield(archive.Record{}, err)
		}
		for _, line := range lines {
			if !yield(record("billing", line)) {
				return
			}
		}
	}
}

func (s invoices) Media(ctx context.Context, subject privacy.Subject) iter.Seq2[archive.Medium, error] {
	return s.files(ctx, `SELECT id || '.txt' FROM account_invoice WHERE workspace = ? AND account = ? ORDER BY id`, "invoices", "billing", subject)
}

// Erase removes the invoices that no duty keeps.
func (s invoices) Erase(ctx context.Context, call fulfilment.Call) (fulfilment.Result, error) {
	return s.eraseRows(ctx, call, "billing", "account_invoice", "invoices", ".txt")
}

// Verify looks at what is there.
func (s invoices) Verify(ctx context.Context, call fulfilment.Call) ([]privacy.CategoryID, error) {
	keys, err := s.unspared(ctx, call, "billing", "account_invoice")
	if err != nil || len(keys) == 0 {
		return nil, err
	}
	return call.Categories, nil
}

// answerSupport keeps what an account holder wrote to the support, with the
// picture that came along.
func (s *service) answerSupport(ctx context.Context, by account, on privacy.Date, text string, attachment []byte) error {
	id := fmt.Sprintf("%s-%s", by.ID, on)
	_, err := s.tables.ExecContext(ctx, `INSERT INTO support_message (id, workspace, account, answered_on, text) VALUES (?, ?, ?, ?, ?)`,
		id, by.Workspace, by.ID, on.String(), text)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(s.path("attachments"), id+".png"), attachment, 0o600)
}

// bill keeps an invoice as a row and as the file that was sent.
func (s *service) bill(ctx context.Context, by account, on privacy.Date, amount string) error {
	id := fmt.Sprintf("%s-%s", by.ID, on)
	_, err := s.tables.ExecContext(ctx, `INSERT INTO account_invoice (id, workspace, account, invoiced_on, amount) VALUES (?, ?, ?, ?, ?)`,
		id, by.Workspace, by.ID, on.String(), amount)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(s.path("invoices"), id+".txt"), fmt.Appendf(nil, "Invoice of %s: %s\n", on, amount), 0o600)
}

package sqltable

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
)

var _ retention.Disposer = (*rows)(nil)

func (r *rows) unsupported(what string) error {
	return fmt.Errorf("sqltable: the declaration of %s does not say how to %s: %w", r.table.System, what, privacy.ErrInvalid)
}

// Dispose implements retention.Disposer.
func (r *rows) Dispose(ctx context.Context, record *retention.Record, action retention.Action) error {
	switch action {
	case retention.Delete:
		s := newStatement(r.table.Dialect, "DELETE FROM ", quoted(r.table.Name))
		return r.execute(ctx, "delete", r.unchanged(r.where(s, record), record))
	case retention.Anonymise:
		return r.anonymise(ctx, record)
	case retention.CryptoShred:
		return r.shred(ctx, record)
	default:
		return r.unsupported(action.String())
	}
}

// Hide implements retention.Disposer. The error matches privacy.ErrConflict if the
// row has changed since it was read.
func (r *rows) Hide(ctx context.Context, record *retention.Record) error {
	if r.table.HiddenColumn == "" {
		return r.unsupported("hide")
	}
	s := newStatement(r.table.Dialect, "UPDATE ", quoted(r.table.Name), " SET ", quoted(r.table.HiddenColumn), " = TRUE")
	if err := r.execute(ctx, "hide", r.unchanged(r.where(s, record), record)); err != nil {
		return err
	}
	s = newStatement(r.table.Dialect, "SELECT 1 FROM ", quoted(r.table.Name))
	r.where(s, record).add(" AND ", quoted(r.table.HiddenColumn), isTrue(false))
	shown, err := r.any(ctx, s)
	if err == nil && shown {
		err = fmt.Errorf("sqltable: a row of %s has changed and stays in use: %w", r.table.System, privacy.ErrConflict)
	}
	return err
}

// where restricts a statement to a record's row.
func (r *rows) where(s *statement, record *retention.Record) *statement {
	s.add(" WHERE ", quoted(r.table.Key), " = ").arg(record.Key)
	if r.table.TenantColumn != "" {
		s.add(" AND ").same(r.table.TenantColumn, tenantValue(record))
	}
	return s
}

func tenantValue(record *retention.Record) any {
	if record.Tenant == "" {
		return nil
	}
	return string(record.Tenant)
}

// unchanged restricts a statement to a row that has the events of the record, and no
// other. A record without any is due for another reason, such as the end of a contract,
// and its row may have some that cannot be read.
func (r *rows) unchanged(s *statement, record *retention.Record) *statement {
	if len(record.Events) == 0 {
		return s
	}
	for _, name := range r.table.eventNames() {
		column := r.table.Events[name]
		var value any
		if i := slices.IndexFunc(record.Events, func(e retention.Event) bool { return e.Name == name }); i >= 0 {
			if event := &record.Events[i]; column.Type == retention.ColumnDate {
				value = event.On.String()
			} else {
				value = column.Value(event.At)
			}
		}
		if column.Type == retention.ColumnTextTimestamp && value != nil {
			// An instant has several forms. SQLite tells them apart by the millisecond.
			s.add(" AND julianday(", quoted(column.Name), ") = julianday(").arg(value).add(")")
			continue
		}
		s.add(" AND ").same(column.Name, value)
	}
	return s
}

func (r *rows) anonymise(ctx context.Context, record *retention.Record) error {
	if len(r.table.Anonymise) == 0 {
		return r.unsupported("anonymise")
	}
	old, there, err := r.old(ctx, record)
	if err != nil || !there {
		return err
	}
	s := newStatement(r.table.Dialect, "UPDATE ", quoted(r.table.Name), " SET ", quoted(r.table.DisposedColumn), " = TRUE")
	for i, replacement := range r.table.Anonymise {
		value, err := replacement.of(old[i])
		if err != nil {
			return err
		}
		s.add(", ", quoted(replacement.Column), " = ")
		if value == nil {
			s.add("NULL")
		} else {
			s.arg(value)
		}
	}
	return r.execute(ctx, "anonymise", r.unchanged(r.where(s, record), record))
}

// of returns what replaces an old value.
func (r *Replacement) of(old sql.NullString) (any, error) {
	if r.Func == nil {
		return r.Value, nil
	}
	if !old.Valid {
		return nil, nil
	}
	return r.Func(old.String)
}

// old reads the columns that Anonymise replaces, and whether the row is there.
func (r *rows) old(ctx context.Context, record *retention.Record) (old []sql.NullString, there bool, err error) {
	old = make([]sql.NullString, len(r.table.Anonymise))
	columns, into := make([]string, len(old)), make([]any, len(old))
	for i, replacement := range r.table.Anonymise {
		// Only what is replaced by a function is worth reading.
		columns[i], into[i] = "NULL", &old[i]
		if replacement.Func != nil {
			columns[i] = quoted(replacement.Column)
		}
	}
	s := newStatement(r.table.Dialect, "SELECT ", strings.Join(columns, ", "), " FROM ", quoted(r.table.Name))
	err = r.each(ctx, "read", r.where(s, record), func(found *sql.Rows) error {
		there = true
		return found.Scan(into...)
	})
	return old, there, err
}

// DestroyedKeys is what a KeyStore can have besides: a memory of what it destroyed.
// Without it a row cannot be shredded again after an interruption between the key
// and the mark, or after a backup of the table was restored: a key that is not
// there then may have been one of which a copy remains. Such rows fail, and a
// person decides.
type DestroyedKeys interface {
	// Destroyed returns what is known of all keys of a subject that were destroyed.
	Destroyed(ctx context.Context, tenant privacy.TenantID, subject privacy.SubjectID) ([]retention.KeyDestruction, error)
}

func (r *rows) shred(ctx context.Context, record *retention.Record) error {
	if r.table.Keys == nil {
		return r.unsupported("crypto_shred")
	}
	if there, done, err := r.marked(ctx, record, nil); err != nil || there && done {
		return err
	}
	subject := privacy.SubjectID(record.Key)
	destroyed, err := r.table.Keys.Destroy(ctx, record.Tenant, subject)
	if err != nil {
		return err
	}
	if memory, ok := r.table.Keys.(DestroyedKeys); ok && len(destroyed) == 0 {
		if destroyed, err = memory.Destroyed(ctx, record.Tenant, subject); err != nil {
			return err
		}
	}
	copies := slices.ContainsFunc(destroyed, func(d retention.KeyDestruction) bool { return !d.NoCopies })
	if copies || len(destroyed) == 0 {
		return fmt.Errorf("sqltable: shred a row of %s: %w", r.table.System, retention.ErrKeyCopies)
	}
	s := newStatement(r.table.Dialect, "UPDATE ", quoted(r.table.Name), " SET ", quoted(r.table.DisposedColumn), " = TRUE")
	// The key is gone, so that the row is marked whatever its events have become.
	return r.execute(ctx, "crypto_shred", r.where(s, record))
}

// Disposed implements retention.Disposer. It reads the row, and asks the KeyStore
// whether anything is left of its key.
func (r *rows) Disposed(ctx context.Context, record *retention.Record, action retention.Action) (bool, error) {
	switch action {
	case retention.Delete:
		there, err := r.exists(ctx, record)
		return !there, err
	case retention.Anonymise:
		return r.anonymised(ctx, record)
	case retention.CryptoShred:
		if r.table.Keys == nil {
			return false, r.unsupported("crypto_shred")
		}
		_, done, err := r.marked(ctx, record, nil)
		if err != nil || !done {
			return false, err
		}
		left, err := r.table.Keys.Destroy(ctx, record.Tenant, privacy.SubjectID(record.Key))
		return len(left) == 0, err
	default:
		return false, nil
	}
}

func (r *rows) exists(ctx context.Context, record *retention.Record) (bool, error) {
	return r.any(ctx, r.where(newStatement(r.table.Dialect, "SELECT 1 FROM ", quoted(r.table.Name)), record))
}

// any reports whether a query has a row.
func (r *rows) any(ctx context.Context, s *statement) (found bool, err error) {
	err = r.each(ctx, "verify", s, func(*sql.Rows) error {
		found = true
		return nil
	})
	return found, err
}

// marked reports whether the record's row is there, and whether nothing is left of
// it but a row that is marked and meets a further condition.
func (r *rows) marked(ctx context.Context, record *retention.Record, further func(*statement)) (there, done bool, err error) {
	done = true
	s := newStatement(r.table.Dialect, "SELECT CASE WHEN ", quoted(r.table.DisposedColumn), isTrue(true))
	if further != nil {
		further(s)
	}
	s.add(" THEN 1 ELSE 0 END FROM ", quoted(r.table.Name))
	err = r.each(ctx, "verify", r.where(s, record), func(found *sql.Rows) error {
		var yes int64
		err := found.Scan(&yes)
		there, done = true, done && yes == 1
		return err
	})
	return there, done && err == nil, err
}

// anonymised asks for the mark and for every replacement.
func (r *rows) anonymised(ctx context.Context, record *retention.Record) (bool, error) {
	if len(r.table.Anonymise) == 0 {
		return false, r.unsupported("anonymise")
	}
	_, done, err := r.marked(ctx, record, func(s *statement) {
		for _, replacement := range r.table.Anonymise {
			if replacement.Func == nil {
				s.add(" AND ").same(replacement.Column, replacement.Value)
			}
		}
	})
	if err != nil || !done {
		return false, err
	}
	old, _, err := r.old(ctx, record)
	if err != nil {
		return false, err
	}
	for i, replacement := range r.table.Anonymise {
		if replacement.Func == nil || !old[i].Valid {
			continue
		}
		made, err := replacement.Func(old[i].String)
		if err != nil || made != old[i].String {
			return false, err
		}
	}
	return true, nil
}

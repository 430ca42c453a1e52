package sqltable

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/labelop/privacykit/privacy"
)

// DB runs statements: a *sql.DB, *sql.Conn or *sql.Tx.
type DB interface {
	// QueryContext is that of sql.DB.
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	// ExecContext is that of sql.DB.
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// rows is the Source and Disposer of a table.
type rows struct {
	db    DB
	table Table
}

// Error is a failure of the database. Its text has no part of the driver's, which
// may quote a row; Unwrap gives the driver's error.
type Error struct {
	// System is the one that failed.
	System privacy.SystemID
	// Op is what was tried, such as "delete".
	Op    string
	cause error
}

// Error names the system and what was tried.
func (e *Error) Error() string { return fmt.Sprintf("sqltable: %s: %s failed", e.System, e.Op) }

// Unwrap returns the driver's error.
func (e *Error) Unwrap() error { return e.cause }

func (r *rows) failure(ctx context.Context, op string, err error) error {
	if err == nil {
		return nil
	}
	// Drivers answer a cancelled context each in their own way.
	if cause := ctx.Err(); cause != nil && !errors.Is(err, cause) {
		err = errors.Join(cause, err)
	}
	return &Error{System: r.table.System, Op: op, cause: err}
}

// each runs a query and visits its rows.
func (r *rows) each(ctx context.Context, op string, s *statement, visit func(*sql.Rows) error) error {
	found, err := r.db.QueryContext(ctx, s.String(), s.args...)
	if err != nil {
		return r.failure(ctx, op, err)
	}
	defer found.Close()
	for found.Next() {
		if err := visit(found); err != nil {
			return r.failure(ctx, op, err)
		}
	}
	return r.failure(ctx, op, found.Err())
}

// execute runs a statement that writes. How many rows it wrote says nothing: none
// is as well.
func (r *rows) execute(ctx context.Context, op string, s *statement) error {
	_, err := r.db.ExecContext(ctx, s.String(), s.args...)
	return r.failure(ctx, op, err)
}

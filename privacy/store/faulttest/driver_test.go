package faulttest

import (
	"context"
	"database/sql/driver"
	"errors"

	"github.com/ncruces/go-sqlite3"
	sqlite3driver "github.com/ncruces/go-sqlite3/driver"
)

// connector opens connections to a simulated disk whose errors have the method
// Code() int that sqlstore asks for, as those of the driver that ships have.
type connector struct{ driver.Connector }

func newConnector(dataSource string) (driver.Connector, error) {
	c, err := (&sqlite3driver.SQLite{}).OpenConnector(dataSource)
	return connector{c}, err
}

// codedError is an error of SQLite with its extended result code.
type codedError struct {
	sqlite error
	code   sqlite3.ExtendedErrorCode
}

func (e codedError) Error() string { return e.sqlite.Error() }

func (e codedError) Code() int { return int(e.code) }

func (e codedError) Unwrap() error { return e.sqlite }

func coded(err error) error {
	if code, ok := errors.AsType[sqlite3.ExtendedErrorCode](err); ok {
		return codedError{err, code}
	}
	return err
}

func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	opened, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, coded(err)
	}
	return connection{opened.(sqlite3driver.Conn)}, nil
}

type connection struct{ sqlite3driver.Conn }

func (c connection) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	s, err := c.Conn.PrepareContext(ctx, query)
	if err != nil {
		return nil, coded(err)
	}
	return statement{s}, nil
}

func (c connection) BeginTx(ctx context.Context, options driver.TxOptions) (driver.Tx, error) {
	tx, err := c.Conn.BeginTx(ctx, options)
	if err != nil {
		return nil, coded(err)
	}
	return transaction{tx}, nil
}

type transaction struct{ driver.Tx }

func (t transaction) Commit() error { return coded(t.Tx.Commit()) }

func (t transaction) Rollback() error { return coded(t.Tx.Rollback()) }

type statement struct{ driver.Stmt }

func (s statement) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	result, err := s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args)
	return result, coded(err)
}

func (s statement) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	r, err := s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
	if err != nil {
		return nil, coded(err)
	}
	return rows{r}, nil
}

type rows struct{ driver.Rows }

func (r rows) Next(values []driver.Value) error { return coded(r.Rows.Next(values)) }

func (r rows) Close() error { return coded(r.Rows.Close()) }

package sqltable

import (
	"time"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
)

// Table declares a table of the host. A column is named by an identifier of up to
// 63 ASCII letters, digits and underscores, without a table; "" is none.
type Table struct {
	// System names the system in plans, holds and certificates. Required.
	System privacy.SystemID
	// Dialect is the SQL of the database. Required.
	Dialect retention.Dialect
	// Name is the table's, with its schema and a dot before it if need be. Required.
	Name string
	// Key is a column that is unique and never NULL: text, a whole number or, on
	// PostgreSQL, a UUID. Required.
	Key string
	// KeyWithinTenant says that keys are unique within a tenant only. Pages then
	// follow the tenant and the key, and the tenant is never NULL.
	KeyWithinTenant bool
	// TenantColumn holds the tenant, NULL where there is none. Without it all rows are
	// of Tenant.
	TenantColumn string
	Tenant       privacy.TenantID
	// SubjectColumn holds the subject, NULL where it is not known.
	SubjectColumn string
	// Categories are all that rows can be of. Required. Rows of another category
	// are never candidates, and unreadable to retention.Sweeper.Undecided.
	Categories []privacy.CategoryID
	// CategoryColumn holds the category. It may be empty if there is only one.
	CategoryColumn string
	// Events are the columns of the events that rules count from, by the names that
	// rules give them. At least one is required.
	Events map[string]retention.Column
	// ZoneColumn holds the row's zone, one of Zones by its name. Without it days
	// begin where the schedule says, or in the only one of Zones.
	ZoneColumn string
	Zones      []*time.Location
	// JurisdictionColumn holds the law the row is under. Without it all rows are
	// under Jurisdiction.
	JurisdictionColumn string
	Jurisdiction       privacy.Jurisdiction
	// LabelsColumn holds labels, separated by commas.
	LabelsColumn string
	// Suspensions are columns that are true while a suspension of that kind is open.
	Suspensions map[string]string
	// BytesColumn holds the size of the row or of what it stands for.
	BytesColumn string
	// Role and Purposes are those of all rows.
	Role     privacy.Role
	Purposes []privacy.PurposeID
	// HiddenColumn is true for hidden rows, and false or NULL for others. Without
	// it the table cannot hide.
	HiddenColumn string
	// DisposedColumn is true for rows whose data is gone while the row is still
	// there. Required for Anonymise and Keys.
	DisposedColumn string
	// Anonymise says what becomes of columns. Without it the table cannot anonymise.
	Anonymise []Replacement
	// Keys holds the keys of rows that were encrypted each under a key of its own,
	// which retention.Envelope does if it is given the row's key as the subject.
	// So shredding one row never touches another that is still kept. Without it the
	// table cannot shred.
	Keys retention.KeyStore
	// BackupCycleDays is that of retention.System.
	BackupCycleDays int
}

// Replacement says what a column holds once its row is anonymised.
type Replacement struct {
	// Column is the column's name.
	Column string
	// Value is what it is set to: nil for NULL, a bool, int64, string or []byte.
	Value any
	// Func, if set, makes the new text of the old, for example with
	// retention.GeneraliseIP. What it has made it MUST leave as it is: that is how
	// an anonymised row is told. NULL stays NULL. Its errors MUST NOT hold personal
	// data.
	Func func(old string) (string, error)
}

// New returns a system over a table. The error is privacy.Problems with everything
// that is wrong with the declaration, and matches privacy.ErrInvalid. It does not
// touch the database.
func New(db DB, table Table) (retention.System, error) {
	var problems privacy.Problems
	if db == nil {
		problems.Add("", "required", "a system needs a database")
	}
	table.check(&problems)
	if err := problems.Err(); err != nil {
		return retention.System{}, err
	}
	r := &rows{db: db, table: table.clone()}
	return retention.System{ID: table.System, Source: r, Disposer: r, BackupCycleDays: table.BackupCycleDays}, nil
}

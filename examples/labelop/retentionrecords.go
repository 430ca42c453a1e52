package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
	"github.com/labelop/privacykit/retention/directory"
	"github.com/labelop/privacykit/retention/sqltable"
)

// storage is what LabelOp stores of its customers: rows and image files.
type storage struct {
	rows   *sql.DB
	images string
}

// keptTable is a table with what a rule asks of its rows: when something happened,
// NULL where it has not yet.
type keptTable struct {
	name     string
	system   privacy.SystemID
	category privacy.CategoryID
	purposes []privacy.PurposeID
	event    string
}

// keptTables are all tables. Security monitoring and usage analysis keep logs of
// their own, since they may keep them for different times.
var keptTables = []keptTable{
	{"account", "accounts", "account", []privacy.PurposeID{"service"}, "closed"},
	{"security_log", "logs.security", "usage", []privacy.PurposeID{"security"}, "logged"},
	{"usage_log", "logs.usage", "usage", []privacy.PurposeID{"improvement"}, "logged"},
	{"support_mail", "mails", "support", []privacy.PurposeID{"support"}, "answered"},
	{"invoice", "invoices", "billing", []privacy.PurposeID{"billing", "accounting"}, "invoiced"},
}

const imageSystem privacy.SystemID = "images"

func (s storage) create(ctx context.Context) error {
	for _, table := range keptTables {
		declared := table.declare()
		indexes, err := declared.Indexes()
		if err != nil {
			return err
		}
		create := `CREATE TABLE ` + table.name + ` (id TEXT PRIMARY KEY, workspace TEXT NOT NULL, happened_on TEXT, hidden INTEGER NOT NULL DEFAULT FALSE) STRICT`
		for _, statement := range append([]string{create}, indexes...) {
			if _, err := s.rows.ExecContext(ctx, statement); err != nil {
				return err
			}
		}
	}
	return os.MkdirAll(s.images, 0o700)
}

func (t keptTable) declare() *sqltable.Table {
	return &sqltable.Table{
		System: t.system, Dialect: retention.SQLite, Name: t.name, Key: "id", TenantColumn: "workspace", HiddenColumn: "hidden",
		Categories: []privacy.CategoryID{t.category}, Purposes: t.purposes, Role: privacy.RoleController,
		Events: map[string]retention.Column{t.event: {Name: "happened_on", Type: retention.ColumnDate}}, BackupCycleDays: 30,
	}
}

// systems are what a sweep works on.
func (s storage) systems() ([]retention.System, error) {
	layout, err := directory.Layout("{tenant}/*", eventUploaded, retention.Record{Category: "content.images", Role: privacy.RoleProcessor})
	if err != nil {
		return nil, err
	}
	images, err := directory.New(directory.Directory{System: imageSystem, Path: s.images, Record: layout, BackupCycleDays: 30})
	if err != nil {
		return nil, err
	}
	systems := []retention.System{images}
	for _, table := range keptTables {
		system, err := sqltable.New(s.rows, *table.declare())
		if err != nil {
			return nil, err
		}
		systems = append(systems, system)
	}
	return systems, nil
}

// add adds a row to a table. The zero Date is not yet.
func (s storage) add(ctx context.Context, table string, tenant privacy.TenantID, on privacy.Date) error {
	key, happened := fmt.Sprintf("%s/%s", tenant, on), sql.NullString{String: on.String(), Valid: !on.IsZero()}
	_, err := s.rows.ExecContext(ctx, `INSERT INTO `+table+` (id, workspace, happened_on) VALUES (?, ?, ?)`, key, string(tenant), happened)
	return err
}

// closeAccounts closes the accounts of a workspace.
func (s storage) closeAccounts(ctx context.Context, tenant privacy.TenantID, on privacy.Date) error {
	_, err := s.rows.ExecContext(ctx, `UPDATE account SET happened_on = ? WHERE workspace = ?`, on.String(), string(tenant))
	return err
}

// upload stores an image on a day.
func (s storage) upload(tenant privacy.TenantID, on privacy.Date) error {
	folder := filepath.Join(s.images, string(tenant))
	name, at := filepath.Join(folder, on.String()+".png"), noon(on)
	return errors.Join(os.MkdirAll(folder, 0o700), os.WriteFile(name, greenPicture(), 0o600), os.Chtimes(name, at, at))
}

// count says how much there is of what.
func (s storage) count(ctx context.Context) (string, error) {
	files, err := filepath.Glob(filepath.Join(s.images, "*", "*"))
	if err != nil {
		return "", err
	}
	counts := []string{fmt.Sprintf("images %d", len(files))}
	for _, table := range keptTables {
		var rows int
		if err := s.rows.QueryRowContext(ctx, `SELECT COUNT(*) FROM `+table.name).Scan(&rows); err != nil {
			return "", err
		}
		counts = append(counts, fmt.Sprintf("%s %d", table.system, rows))
	}
	return strings.Join(counts, ", "), nil
}

package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
)

// The systems of CaseRecords, and the event of their records.
const (
	// CaseSystem has a record for each closed case that was not redacted. To delete
	// it is to redact the case.
	CaseSystem privacy.SystemID = "privacy.cases"
	// CaseLogSystem has a record for each closed case. To delete it is to erase the
	// case with its log.
	CaseLogSystem privacy.SystemID = "privacy.case_logs"

	// EventCaseEnded is when a case ended; see dsr.ClosedStore.
	EventCaseEnded = "case_ended"
)

// CaseRecordsOptions say how cases appear in the host's schedule.
type CaseRecordsOptions struct {
	// Cases and Logs are the categories of the records, as the register declares
	// them. Both are required; they may be the same.
	Cases, Logs privacy.CategoryID
	// Role is the one in which they are held. Required: the proof of what we
	// answered is held as controller.
	Role privacy.Role
	// BackupCycleDays is that of retention.System.
	BackupCycleDays int
}

// CaseRecords returns the closed cases as systems of a retention.Sweeper: first
// what identifies the person goes, then the log. Rules count from EventCaseEnded,
// and delete. A record has the label "regime:us-ca-ccpa", or that of another law,
// so that a rule can state how long each wants the record kept
// (regime.Regime.RecordsKept). A case that was reopened since it was read is left
// alone. The error is privacy.Problems and matches privacy.ErrInvalid.
func (db *DB) CaseRecords(options CaseRecordsOptions) ([]retention.System, error) {
	var problems privacy.Problems
	for _, category := range []struct {
		path string
		id   privacy.CategoryID
	}{{"cases", options.Cases}, {"logs", options.Logs}} {
		if err := privacy.CheckID("category", string(category.id)); err != nil {
			problems.Add(category.path, "identifier", "%v", err)
		}
	}
	if !options.Role.Valid() {
		problems.Add("role", "required", "say in which role the records are held")
	}
	if options.BackupCycleDays < 0 {
		problems.Add("backup_cycle_days", "negative", "a cycle takes no negative time")
	}
	if err := problems.Err(); err != nil {
		return nil, err
	}
	cases := &caseRecords{db: db, system: CaseSystem, category: options.Cases, role: options.Role, list: db.core.dsr.caseRecords}
	logs := &caseRecords{db: db, system: CaseLogSystem, category: options.Logs, role: options.Role, list: db.core.dsr.logRecords}
	return []retention.System{
		{ID: CaseSystem, Source: cases, Disposer: cases, BackupCycleDays: options.BackupCycleDays},
		{ID: CaseLogSystem, Source: logs, Disposer: logs, BackupCycleDays: options.BackupCycleDays},
	}, nil
}

// caseRecords is one of the systems.
type caseRecords struct {
	db       *DB
	system   privacy.SystemID
	category privacy.CategoryID
	role     privacy.Role
	list     string
}

// Candidates gives the cases that ended long enough ago.
func (c *caseRecords) Candidates(ctx context.Context, query retention.Query) (retention.Page, error) {
	after, err := parseOwnCursor(query.After)
	if err != nil {
		return retention.Page{}, err
	}
	latest, err := latestDue(query, c.category, EventCaseEnded)
	if err != nil {
		return retention.Page{}, err
	}
	var records []retention.Record
	last := after
	err = c.db.read(ctx, "case records", Statement{
		SQL: c.list, Args: []any{after.Tenant, after.Position, after.Key, latest, int64(query.Limit)},
		Each: func(row Row) error {
			record := retention.Record{System: c.system, Category: c.category, Role: c.role}
			var subject *string
			var regime string
			err := row.Scan(&last.Tenant, &last.Key, &subject, &regime, &last.Position)
			record.Tenant, record.Key = privacy.TenantID(last.Tenant), last.Key
			if subject != nil {
				record.Subject = privacy.SubjectID(*subject)
			}
			id, _, _ := strings.Cut(regime, "@")
			record.Labels = []string{"regime:" + id}
			record.Events = []retention.Event{eventAt(EventCaseEnded, instant(last.Position))}
			records = append(records, record)
			return err
		},
	})
	if err != nil {
		return retention.Page{}, err
	}
	return ownPage(query, records, len(records), last)
}

// Dispose redacts a case, or erases it with its log.
func (c *caseRecords) Dispose(ctx context.Context, record *retention.Record, action retention.Action) error {
	if action != retention.Delete {
		return errAction(action)
	}
	d := dsr.Disposal{Tenant: record.Tenant, ID: dsr.CaseID(record.Key)}
	for _, event := range record.Events {
		d.Before = event.At.Add(time.Microsecond)
	}
	what, dispose := "redacted", c.db.DSR().Redact
	if c.system == CaseLogSystem {
		what, dispose = "erased", c.db.DSR().Erase
	}
	d.Events = []privacy.Event{{
		ID: c.db.core.ids.NewID(), Source: c.db.core.source, SpecVersion: privacy.SpecVersion,
		Type: "privacykit.dsr." + what, Time: c.db.core.clock.Now(), Tenant: record.Tenant,
	}}
	return dispose(ctx, d)
}

// Hide refuses: a closed case is evidence, and nothing else uses it.
func (c *caseRecords) Hide(context.Context, *retention.Record) error {
	return fmt.Errorf("sqlstore: cases cannot be hidden: %w", privacy.ErrInvalid)
}

// Disposed asks whether the case is redacted, or gone.
func (c *caseRecords) Disposed(ctx context.Context, record *retention.Record, action retention.Action) (bool, error) {
	if action != retention.Delete {
		return false, nil
	}
	found, err := c.db.DSR().Case(ctx, record.Tenant, dsr.CaseID(record.Key))
	if errors.Is(err, privacy.ErrNotFound) {
		return true, nil
	}
	return err == nil && found.Redacted && c.system == CaseSystem, err
}

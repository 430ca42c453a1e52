package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"math"
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
	checkOwn(&problems, options.Role, options.BackupCycleDays, map[string]privacy.CategoryID{"cases": options.Cases, "logs": options.Logs})
	if err := problems.Err(); err != nil {
		return nil, err
	}
	t := newTemplate(db.core.dialect, db.core.schema, db.core.prefix)
	cases := &caseRecords{db, CaseSystem, options.Cases, options.Role, newCaseRecordsSQL(t, ` AND redacted = 0`)}
	logs := &caseRecords{db, CaseLogSystem, options.Logs, options.Role, newCaseRecordsSQL(t, "")}
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
	sql      caseRecordsSQL
}

type caseRecordsSQL struct {
	all string
	// ended are the cases of all tenants, tenant those of one.
	ended, tenant byTime
}

// newCaseRecordsSQL returns the statements for the closed cases that meet a further
// condition.
func newCaseRecordsSQL(t *template, further string) caseRecordsSQL {
	list := `SELECT tenant, id, subject, regime, ended FROM {cases} WHERE ended IS NOT NULL` + further
	return caseRecordsSQL{
		all:    t.read(list + ` AND (tenant, id) > ($1, $2) ORDER BY tenant, id LIMIT $3`),
		ended:  newByTime(t, list+` AND id <> ''`, nil, math.MinInt64, "ended", "tenant", "id"),
		tenant: newByTime(t, list, []string{"tenant"}, math.MinInt64, "ended", "id"),
	}
}

// Candidates gives the cases that ended long enough ago.
func (c *caseRecords) Candidates(ctx context.Context, query retention.Query) (retention.Page, error) {
	lanes, err := c.lanes(query)
	if err != nil {
		return retention.Page{}, err
	}
	return c.db.readLanes(ctx, "case records", query, lanes)
}

func (c *caseRecords) lanes(query retention.Query) ([]ownLane, error) {
	if query.All {
		return []ownLane{{row: c.row, next: func(after ownCursor, _ bool) []Statement {
			return []Statement{{SQL: c.sql.all, Args: []any{after.Tenant, after.Key}}}
		}}}, nil
	}
	dues, err := newDues(query, c.category, EventCaseEnded)
	if err != nil {
		return nil, err
	}
	lanes := []ownLane{{
		next: func(after ownCursor, begin bool) []Statement {
			return c.sql.ended.from(begin, nil, after.At, dues[0].until(EventCaseEnded), after.Tenant, after.Key)
		},
		row: func(row Row) (*retention.Record, ownCursor, error) {
			record, place, err := c.row(row)
			if dues.special(place.Tenant) {
				record = nil
			}
			return record, place, err
		},
	}}
	for _, tenant := range specialTenants(dues) {
		lanes = append(lanes, ownLane{row: c.row, next: func(after ownCursor, begin bool) []Statement {
			return c.sql.tenant.from(begin, []any{tenant}, after.At, dues.of(tenant).until(EventCaseEnded), after.Key)
		}})
	}
	return lanes, nil
}

func (c *caseRecords) row(row Row) (*retention.Record, ownCursor, error) {
	record := retention.Record{System: c.system, Category: c.category, Role: c.role}
	var at ownCursor
	var subject *string
	var regime string
	err := row.Scan(&at.Tenant, &at.Key, &subject, &regime, &at.At)
	record.Tenant, record.Key = privacy.TenantID(at.Tenant), at.Key
	if subject != nil {
		record.Subject = privacy.SubjectID(*subject)
	}
	id, _, _ := strings.Cut(regime, "@")
	record.Labels = []string{"regime:" + id}
	record.Events = []retention.Event{eventAt(EventCaseEnded, instant(at.At))}
	return &record, at, err
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

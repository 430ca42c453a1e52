package sqlstore

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
)

// The systems of OwnRecords, and the events of their records.
const (
	// LedgerSystem has a record for each subject's stream in the ledger. Its events
	// are EventLastRecorded and EventRelationshipEnded.
	LedgerSystem privacy.SystemID = "privacy.ledger"
	// DecisionSystem has a record for each decision of the gate that was recorded,
	// with EventDecided.
	DecisionSystem privacy.SystemID = "privacy.decisions"
	// OutboxSystem has a record for each delivered row of the outbox, with
	// EventLastRecorded.
	OutboxSystem privacy.SystemID = "privacy.outbox"

	// EventLastRecorded is when a stream's last event, or that of a row, was recorded.
	EventLastRecorded = "last_recorded"
	// EventRelationshipEnded is when the subject's relationship ended. A subject that
	// never had one lacks it.
	EventRelationshipEnded = "relationship_ended"
	// EventDecided is when a decision was made.
	EventDecided = "decided"
)

// Redactor redacts what the ledger knows of a subject. *consent.Ledger is one.
type Redactor interface {
	// Redact is that of consent.Ledger: doing it twice for the same cause does it
	// once.
	Redact(ctx context.Context, tenant privacy.TenantID, subject privacy.SubjectID, cause string) (consent.Receipt, error)
}

var _ Redactor = (*consent.Ledger)(nil)

// OwnRecordsOptions say how our own records appear in the host's schedule.
type OwnRecordsOptions struct {
	// Ledger, Decisions, Disclosures and Outbox are the categories of the records,
	// as the register declares them. All are required; they may be the same.
	Ledger, Decisions, Disclosures, Outbox privacy.CategoryID
	// Role is the one in which they are held. Required: the proof of what we decided
	// ourselves is held as controller.
	Role privacy.Role
	// BackupCycleDays is that of retention.System.
	BackupCycleDays int
}

// OwnRecords returns our own records as systems of a retention.Sweeper, as they are
// personal data too. Rules count from the events above, and delete.
//
// To delete a stream is to redact it, as consent.Ledger.Redact does: its events lose
// payload, salt and key, keep their commitment, and an erasure is appended. The
// subject is refused everything from then on, so that a stream is no candidate while
// a relationship or a consent in it is in force, and a stream that has changed since
// it was read is left alone. The streams of tenants are none of these records.
//
// The log of decisions and the outbox lose rows. Deleting a row of the outbox is
// what Trim does: whoever follows the cache feed from before it starts anew.
// Undelivered rows are no candidates.
//
// The item logs of sweeps hold no erased data, only keyed tokens, and outlive what
// they prove.
//
// A pass reads what is due and little else, by indexes in the order of time: streams
// from when their relationship ended, or without one from their last event. Of a
// tenant that has left or has a period of its own it reads every idle stream and
// every decision, and the shortest period of any tenant is that of the outbox. A
// stream that was last written by a release without these indexes is looked at once,
// whatever its age, and what was found is written down where the database can be
// written. The error is privacy.Problems and matches privacy.ErrInvalid.
func (db *DB) OwnRecords(redactor Redactor, options OwnRecordsOptions) ([]retention.System, error) {
	var problems privacy.Problems
	if redactor == nil {
		problems.Add("redactor", "required", "streams are redacted by the ledger")
	}
	checkOwn(&problems, options.Role, options.BackupCycleDays, map[string]privacy.CategoryID{
		"ledger": options.Ledger, "decisions": options.Decisions, "disclosures": options.Disclosures, "outbox": options.Outbox,
	})
	if err := problems.Err(); err != nil {
		return nil, err
	}
	t := newTemplate(db.core.dialect, db.core.schema, db.core.prefix)
	own := ownRecords{db: db, options: options}
	ledger := &ownLedger{own, redactor, newOwnLedgerSQL(t)}
	decisions := &ownDecisions{own, newOwnDecisionSQL(t)}
	outbox := &ownOutbox{own, newOwnOutboxSQL(t)}
	days := options.BackupCycleDays
	return []retention.System{
		{ID: LedgerSystem, Source: ledger, Disposer: ledger, BackupCycleDays: days},
		{ID: DecisionSystem, Source: decisions, Disposer: decisions, BackupCycleDays: days},
		{ID: OutboxSystem, Source: outbox, Disposer: outbox, BackupCycleDays: days},
	}, nil
}

// checkOwn checks what the host says of our own records, with their categories by
// path.
func checkOwn(problems *privacy.Problems, role privacy.Role, backupCycleDays int, categories map[string]privacy.CategoryID) {
	for _, path := range slices.Sorted(maps.Keys(categories)) {
		if err := privacy.CheckID("category", string(categories[path])); err != nil {
			problems.Add(path, "identifier", "%v", err)
		}
	}
	if !role.Valid() {
		problems.Add("role", "required", "say in which role the records are held")
	}
	if backupCycleDays < 0 {
		problems.Add("backup_cycle_days", "negative", "a cycle takes no negative time")
	}
}

// ownRecords is what the systems share.
type ownRecords struct {
	db      *DB
	options OwnRecordsOptions
}

// Hide refuses: our records are evidence, and nothing else uses them.
func (ownRecords) Hide(context.Context, *retention.Record) error {
	return fmt.Errorf("sqlstore: our own records cannot be hidden: %w", privacy.ErrInvalid)
}

func errAction(action retention.Action) error {
	return fmt.Errorf("sqlstore: our own records are deleted, by redaction where they are events, not %s: %w", action, privacy.ErrInvalid)
}

func eventAt(name string, at time.Time) retention.Event {
	return retention.Event{Name: name, At: at}
}

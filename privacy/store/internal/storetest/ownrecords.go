package storetest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
	"github.com/labelop/privacykit/privacy/store/sqlstore"
	"github.com/labelop/privacykit/retention"
)

// Open opens an empty database that the test has to itself.
type Open func(t testing.TB, options sqlstore.Options) *sqlstore.DB

// OwnRecords tests the sweep of our own records: the ledger, the log of decisions and
// the outbox.
func OwnRecords(t *testing.T, open Open) {
	t.Helper()
	for _, c := range []struct {
		name string
		run  func(*testing.T, Open)
	}{
		{"are swept", ownRecordsAreSwept},
		{"go only when nothing needs them", ownRecordsGoOnlyWhenNothingNeedsThem},
		{"refuse what they cannot do", ownRecordsRefuseWhatTheyCannotDo},
		{"of tenants that left", ownRecordsOfTenantsThatLeft},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, open) })
	}
}

// ownTest is a ledger with a log and an outbox, four years old.
type ownTest struct {
	db      *sqlstore.DB
	ledger  *consent.Ledger
	clock   *privacytest.Clock
	systems []retention.System
	sweeper *retention.Sweeper
}

func newOwnTest(t *testing.T, open Open) *ownTest {
	t.Helper()
	o := &ownTest{clock: privacytest.NewClock(Moment())}
	o.db = open(t, sqlstore.Options{Clock: o.clock})
	register, err := privacy.Compile(privacy.Declaration{
		Operator:   privacy.Operator{Name: "Daily Letter", LegalEntity: "Daily Letter GmbH", Address: "Example Street 1, Berlin", Country: "DE"},
		Services:   []string{"Daily Letter"},
		Contacts:   []privacy.Contact{{Kind: privacy.ContactPrivacy, Email: "privacy@letter.example"}},
		Categories: []privacy.Category{{ID: "account", Title: "Account data", Role: privacy.RoleController}},
		Purposes:   []privacy.Purpose{{ID: "newsletter", Title: "Send the letter", DirectMarketing: true, Bases: []privacy.PurposeBasis{{Basis: privacy.BasisConsent}}}},
	})
	Must(t, err)
	o.ledger, err = consent.NewLedger(o.db.Consent(), register, &consent.LedgerOptions{Clock: o.clock})
	Must(t, err)
	o.systems, err = o.db.OwnRecords(o.ledger, sqlstore.OwnRecordsOptions{
		Ledger: "own.ledger", Decisions: "own.decisions", Disclosures: "own.disclosures", Outbox: "own.outbox", Role: privacy.RoleController,
	})
	Must(t, err)
	schedule, err := retention.Compile([]retention.Rule{
		Rule("ledger", "own.ledger", "P3Y", sqlstore.EventRelationshipEnded),
		Rule("silent", "own.ledger", "P3Y", sqlstore.EventLastRecorded),
		Rule("decisions", "own.decisions", "P1Y", sqlstore.EventDecided),
		Rule("disclosures", "own.disclosures", "P10Y", sqlstore.EventDecided),
		Rule("outbox", "own.outbox", "P30D", sqlstore.EventLastRecorded),
	}, &retention.Options{Zone: time.UTC})
	Must(t, err)
	o.sweeper, err = retention.NewSweeper(schedule, o.systems, o.db.Retention(),
		retention.SweepOptions{TokenKey: make([]byte, 32), Clock: o.clock, Batch: 2})
	Must(t, err)

	o.join(t, "acme", "gone")
	o.leave(t, "acme", "gone")
	o.join(t, "acme", "stays")
	o.join(t, "other", "gone")
	MustAppend(t, o.db.Consent(), Granted(t, consent.StreamKey{Tenant: "acme", Subject: "reader"}, "event-r", "key-r"))
	_, err = o.ledger.WithdrawAttestation(t.Context(), "acme", consent.AttestationWithdrawn{ID: "content"})
	Must(t, err)
	for id, recipient := range map[string]privacy.RecipientID{"d-1": "", "d-2": "mailer"} {
		o.decide(t, id, recipient)
	}
	o.deliver(t)
	o.clock.Set(Moment().AddDate(4, 0, 0))
	o.decide(t, "d-3", "")
	return o
}

func (o *ownTest) join(t *testing.T, tenant privacy.TenantID, subject privacy.SubjectID) {
	t.Helper()
	_, err := o.ledger.StartRelationship(t.Context(), privacy.Subject{Tenant: tenant, ID: subject, Jurisdiction: "DE"}, consent.RelationshipStarted{Reference: "terms"})
	Must(t, err)
}

func (o *ownTest) leave(t *testing.T, tenant privacy.TenantID, subject privacy.SubjectID) {
	t.Helper()
	_, err := o.ledger.EndRelationship(t.Context(), privacy.Subject{Tenant: tenant, ID: subject, Jurisdiction: "DE"}, consent.RelationshipEnded{Reason: "closed"})
	Must(t, err)
}

func (o *ownTest) decide(t *testing.T, id string, recipient privacy.RecipientID) {
	t.Helper()
	Must(t, o.db.Consent().RecordDecision(t.Context(), consent.DecisionRecord{
		ID: id, Tenant: "acme", At: o.clock.Now(), Recipient: recipient, Guard: consent.Guard{TenantVersion: 1}, Body: []byte(`{}`),
		Event: privacy.Event{ID: "event-" + id, Source: "/test", SpecVersion: "1.0", Type: "test", Time: o.clock.Now(), Tenant: "acme"},
	}))
}

// deliver acknowledges all of the outbox but one row.
func (o *ownTest) deliver(t *testing.T) {
	t.Helper()
	rows, err := o.db.Consent().Claim(t.Context(), consent.Claim{Worker: "w", Limit: 100, Now: o.clock.Now(), Lease: time.Minute})
	Must(t, err)
	var positions []string
	for _, row := range rows[1:] {
		positions = append(positions, row.Position)
	}
	Must(t, o.db.Consent().Acknowledge(t.Context(), "w", positions))
}

func (o *ownTest) sweep(t *testing.T, id string) *retention.Certificate {
	t.Helper()
	certificate := Sweep(t, o.sweeper, id)
	items, err := o.db.Retention().Items(t.Context(), id, 0, 1000)
	Must(t, err)
	Must(t, certificate.Verify(items))
	return certificate
}

// candidates are the keys that a system gives, with those of the tenant other last.
func (o *ownTest) candidates(t *testing.T, system int, at time.Time) []string {
	t.Helper()
	schedule, err := retention.Compile([]retention.Rule{
		Rule("l", "own.ledger", "P1D", sqlstore.EventLastRecorded), Rule("d", "own", "P1D", sqlstore.EventDecided),
	}, &retention.Options{Zone: time.UTC})
	Must(t, err)
	var keys []string
	query := retention.Query{Schedule: schedule, At: at, Limit: 1}
	for {
		page, err := o.systems[system].Source.Candidates(t.Context(), query)
		Must(t, err)
		for _, r := range page.Records {
			keys = append(keys, r.Key)
		}
		if query.After = page.Next; query.After == "" {
			return keys
		}
	}
}

func ownRecordsAreSwept(t *testing.T, open Open) {
	t.Helper()
	o := newOwnTest(t, open)
	disposed := map[string]int{}
	for _, group := range o.sweep(t, "sweep-1").Counts {
		disposed[fmt.Sprintf("%s %s", group.System, group.Outcome)] += group.Count
	}
	want := map[string]int{"privacy.ledger disposed": 1, "privacy.decisions disposed": 1, "privacy.outbox disposed": 7}
	if !maps.Equal(disposed, want) {
		t.Errorf("got %v, want %v", disposed, want)
	}

	records, err := o.db.Consent().Records(t.Context(), consent.StreamKey{Tenant: "acme", Subject: "gone"}, 0, 10)
	Must(t, err)
	if len(records) != 3 || records[2].Kind != consent.KindErased {
		t.Fatalf("%d records, want two and an erasure", len(records))
	}
	for _, r := range records[:2] {
		if !r.Redacted() || r.Salt != nil || r.Key != "" || r.Commitment == [32]byte{} {
			t.Errorf("record %d is not redacted, or lost its commitment", r.Sequence)
		}
	}
	for _, key := range []consent.StreamKey{{Tenant: "acme", Subject: "stays"}, {Tenant: "other", Subject: "gone"}, {Tenant: "acme", Subject: "reader"}} {
		records, err := o.db.Consent().Records(t.Context(), key, 0, 10)
		Must(t, err)
		if len(records) != 1 || records[0].Redacted() {
			t.Errorf("the stream %v was touched", key)
		}
	}
	decisions, err := o.db.Consent().Decisions(t.Context(), consent.DecisionFilter{Tenant: "acme", AllSubjects: true, Limit: 10})
	Must(t, err)
	if len(decisions) != 2 || decisions[0].ID != "d-2" || decisions[1].ID != "d-3" {
		t.Errorf("decisions are %v, want the disclosure and the recent one", decisions)
	}
	// The undelivered row, and those of the recent decision and of the erasure.
	left, err := o.db.Consent().Claim(t.Context(), consent.Claim{Worker: "x", Limit: 100, Now: o.clock.Now(), Lease: time.Minute})
	Must(t, err)
	if len(left) != 3 {
		t.Errorf("%d rows are left in the outbox, want 3", len(left))
	}
	if _, err := o.db.Consent().Changes(t.Context(), "", 100); err != nil {
		t.Error(err)
	}
	if again := o.sweep(t, "sweep-2"); len(again.Counts) > 0 {
		t.Errorf("swept again: %v", again.Counts)
	}
}

func ownRecordsGoOnlyWhenNothingNeedsThem(t *testing.T, open Open) {
	t.Helper()
	o := newOwnTest(t, open)
	later := Moment().AddDate(9, 0, 0)
	if got := o.candidates(t, 0, later); !slices.Equal(got, []string{"gone"}) {
		t.Errorf("streams %q, want the one that ended alone", got)
	}
	page, err := o.systems[0].Source.Candidates(t.Context(), retention.Query{All: true, Limit: 10})
	Must(t, err)
	if len(page.Records) != 4 {
		t.Errorf("%d streams in all, want 4", len(page.Records))
	}
	// A stream that changed since it was read is left alone.
	ended := page.Records[0]
	o.clock.Set(later)
	o.join(t, "acme", "gone")
	Must(t, o.systems[0].Disposer.Dispose(t.Context(), &ended, retention.Delete))
	if gone, err := o.systems[0].Disposer.Disposed(t.Context(), &ended, retention.Delete); gone || err != nil {
		t.Errorf("disposed %v, %v", gone, err)
	}
	// What is recorded after a redaction is redacted again.
	o.leave(t, "acme", "gone")
	for range 2 {
		page, err = o.systems[0].Source.Candidates(t.Context(), retention.Query{All: true, Limit: 1})
		Must(t, err)
		for range 2 {
			Must(t, o.systems[0].Disposer.Dispose(t.Context(), &page.Records[0], retention.Delete))
		}
		if gone, err := o.systems[0].Disposer.Disposed(t.Context(), &page.Records[0], retention.Delete); !gone || err != nil {
			t.Fatalf("disposed %v, %v", gone, err)
		}
		if got := o.candidates(t, 0, later.AddDate(9, 0, 0)); got != nil {
			t.Errorf("streams %q after redaction", got)
		}
		o.clock.Advance(time.Hour)
		_, err := o.ledger.Withdraw(t.Context(), privacy.Subject{Tenant: "acme", ID: "gone", Jurisdiction: "DE"}, consent.Withdrawal{Purposes: []privacy.PurposeID{"newsletter"}})
		Must(t, err)
		if got := o.candidates(t, 0, later.AddDate(9, 0, 0)); !slices.Equal(got, []string{"gone"}) {
			t.Errorf("streams %q after a withdrawal, want it", got)
		}
		Must(t, o.systems[0].Disposer.Dispose(t.Context(), &page.Records[0], retention.Delete))
		if gone, err := o.systems[0].Disposer.Disposed(t.Context(), &page.Records[0], retention.Delete); gone || err != nil {
			t.Fatalf("a stream that changed: disposed %v, %v", gone, err)
		}
	}
}

func ownRecordsRefuseWhatTheyCannotDo(t *testing.T, open Open) {
	t.Helper()
	o := newOwnTest(t, open)
	_, err := o.db.OwnRecords(nil, sqlstore.OwnRecordsOptions{BackupCycleDays: -1})
	var problems privacy.Problems
	if !errors.As(err, &problems) || len(problems) != 7 {
		t.Errorf("got %v, want seven problems", err)
	}
	for _, system := range o.systems {
		record := &retention.Record{Tenant: "acme", Key: "1:x"}
		if err := system.Disposer.Hide(t.Context(), record); !errors.Is(err, privacy.ErrInvalid) {
			t.Errorf("%s: hide: got %v", system.ID, err)
		}
		for _, action := range []retention.Action{retention.Anonymise, retention.CryptoShred, retention.Review} {
			if err := system.Disposer.Dispose(t.Context(), record, action); !errors.Is(err, privacy.ErrInvalid) {
				t.Errorf("%s: %s: got %v", system.ID, action, err)
			}
			if done, _ := system.Disposer.Disposed(t.Context(), record, action); done {
				t.Errorf("%s: %s is done", system.ID, action)
			}
		}
		if _, err := system.Source.Candidates(t.Context(), retention.Query{All: true, After: "-", Limit: 1}); !errors.Is(err, privacy.ErrInvalid) {
			t.Errorf("%s: got %v for a cursor that is none", system.ID, err)
		}
		Must(t, system.Disposer.Dispose(t.Context(), &retention.Record{Tenant: "acme", Key: "99:none"}, retention.Delete))
	}
}

func ownRecordsOfTenantsThatLeft(t *testing.T, open Open) {
	t.Helper()
	o := newOwnTest(t, open)
	schedule, err := retention.Compile([]retention.Rule{Rule("d", "own", "P10Y", sqlstore.EventDecided)}, &retention.Options{
		Zone: time.UTC, ContractEnds: []retention.ContractEnd{{Tenant: "acme", On: privacy.MustDate("2027-01-01"), Choice: retention.EndByDeletion}},
	})
	Must(t, err)
	page, err := o.systems[1].Source.Candidates(t.Context(), retention.Query{Schedule: schedule, At: o.clock.Now(), Limit: 10})
	Must(t, err)
	if len(page.Records) != 3 {
		t.Errorf("%d decisions of a tenant that left, want all 3", len(page.Records))
	}
}

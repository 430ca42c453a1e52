package storetest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
	"github.com/labelop/privacykit/privacy/store/sqlstore"
	"github.com/labelop/privacykit/retention"
)

// SweptOwn is when our own records are swept that are of Moment, all of which are
// then due by OwnPeriods but disclosures.
func SweptOwn() time.Time { return Moment().AddDate(4, 0, 0) }

// OwnPeriods is a schedule for our own records, in which streams count from an event.
func OwnPeriods(t testing.TB, ledgerEvent string) *retention.Schedule {
	t.Helper()
	schedule, err := retention.Compile([]retention.Rule{
		Rule("ledger", "own.ledger", "P3Y", ledgerEvent),
		Rule("decisions", "own.decisions", "P1Y", sqlstore.EventDecided),
		Rule("disclosures", "own.disclosures", "P10Y", sqlstore.EventDecided),
		Rule("outbox", "own.outbox", "P30D", sqlstore.EventLastRecorded),
		Rule("cases", "own.cases", "P1Y", sqlstore.EventCaseEnded),
		Rule("logs", "own.logs", "P2Y", sqlstore.EventCaseEnded),
	}, &retention.Options{Zone: time.UTC})
	Must(t, err)
	return schedule
}

// OwnSystems are all our own records, in the categories of OwnPeriods: the ledger
// comes first. A nil redactor redacts nothing.
func OwnSystems(t testing.TB, db *sqlstore.DB, redactor sqlstore.Redactor) []retention.System {
	t.Helper()
	if redactor == nil {
		redactor = noRedactor{}
	}
	systems, err := db.OwnRecords(redactor, sqlstore.OwnRecordsOptions{
		Ledger: "own.ledger", Decisions: "own.decisions", Disclosures: "own.disclosures", Outbox: "own.outbox", Role: privacy.RoleController,
	})
	Must(t, err)
	cases, err := db.CaseRecords(sqlstore.CaseRecordsOptions{Cases: "own.cases", Logs: "own.logs", Role: privacy.RoleController})
	Must(t, err)
	return append(systems, cases...)
}

type noRedactor struct{}

func (noRedactor) Redact(context.Context, privacy.TenantID, privacy.SubjectID, string) (consent.Receipt, error) {
	return consent.Receipt{}, nil
}

// Pass reads all pages of a system's candidates. Those that come twice are a failure.
func Pass(t testing.TB, system retention.System, schedule *retention.Schedule, at time.Time, limit int) []retention.Record {
	t.Helper()
	seen := map[string]bool{}
	var records []retention.Record
	query := retention.Query{Schedule: schedule, At: at, Limit: limit}
	for {
		page, err := system.Source.Candidates(t.Context(), query)
		Must(t, err)
		for _, r := range page.Records {
			if seen[recordKey(r)] {
				t.Errorf("%s comes twice", recordKey(r))
			}
			seen[recordKey(r)] = true
		}
		records = append(records, page.Records...)
		if query.After = page.Next; query.After == "" {
			return records
		}
	}
}

func recordKey(r retention.Record) string { return string(r.Tenant) + "/" + r.Key }

// Due returns how many records are due.
func Due(schedule *retention.Schedule, records []retention.Record, at time.Time) int {
	due := 0
	for i := range records {
		if schedule.Evaluate(&records[i], nil, at).Eligible() {
			due++
		}
	}
	return due
}

// Candidates are the keys of a pass with small pages, in order.
func Candidates(t testing.TB, system retention.System, schedule *retention.Schedule, at time.Time) []string {
	t.Helper()
	var keys []string
	for _, r := range Pass(t, system, schedule, at, 2) {
		keys = append(keys, recordKey(r))
	}
	slices.Sort(keys)
	return keys
}

// FillIdle makes n streams that are idle, half of them since a relationship ended, in
// some tenants.
func FillIdle(t testing.TB, store consent.LedgerStore, n int) {
	t.Helper()
	var appends []consent.Append
	for i := range n {
		var fact consent.Fact = consent.Withdrawal{Purposes: []privacy.PurposeID{"newsletter"}}
		if i%2 == 1 {
			fact = consent.RelationshipEnded{Reason: "closed"}
		}
		tenant, subject := fmt.Sprintf("t%d", i%97), fmt.Sprintf("old-%08d", i)
		appends = append(appends, appendAt(t, tenant, subject, Moment().Add(time.Duration(i)*time.Second), fact))
	}
	MustAppend(t, store, appends...)
}

// appendAt is an append of facts, a day after each other.
func appendAt(t testing.TB, tenant, subject string, at time.Time, facts ...consent.Fact) consent.Append {
	t.Helper()
	work := consent.Append{Key: consent.StreamKey{Tenant: privacy.TenantID(tenant), Subject: privacy.SubjectID(subject)}, Source: "/test"}
	for i, fact := range facts {
		day := at.AddDate(0, 0, i)
		record, err := consent.NewRecord(fmt.Sprintf("%s-%s-%d", tenant, subject, i), "", day, consent.Entry{
			Tenant: work.Key.Tenant, Subject: work.Key.Subject, OccurredAt: day, Fact: fact,
		})
		Must(t, err)
		work.Records = append(work.Records, record)
	}
	return work
}

// FillStreams makes streams in every state that a sweep tells apart, and returns
// those that are candidates when they are old enough.
func FillStreams(t testing.TB, store consent.LedgerStore) []string {
	t.Helper()
	withdrawn := consent.Withdrawal{Purposes: []privacy.PurposeID{"newsletter"}}
	started, ended, erased := consent.RelationshipStarted{Reference: "terms"}, consent.RelationshipEnded{Reason: "closed"}, consent.Erasure{Cause: "case"}
	MustAppend(t, store,
		Granted(t, consent.StreamKey{Tenant: "acme", Subject: "consents"}, "event-c", "key"),
		appendAt(t, "acme", "withdrew", Moment(), withdrawn),
		appendAt(t, "acme", "customer", Moment(), started, withdrawn),
		appendAt(t, "acme", "left", Moment(), started, ended),
		appendAt(t, "acme", "left-then-withdrew", Moment(), started, ended, withdrawn),
		appendAt(t, "acme", "came-back", Moment(), started, ended, started),
		appendAt(t, "acme", "marked-as-erased", Moment(), started, erased),
		appendAt(t, "acme", "marked-then-withdrew", Moment(), erased, withdrawn),
		appendAt(t, "acme", "redacted", Moment(), started, ended),
		appendAt(t, "other", "left", Moment(), started, ended),
		appendAt(t, "acme", "", Moment(), consent.AttestationWithdrawn{ID: "content"}),
	)
	redacted, err := store.Redact(t.Context(), appendAt(t, "acme", "redacted", Moment().AddDate(0, 0, 2), erased))
	Must(t, err)
	Must(t, redacted.Err)
	return []string{"acme/left", "acme/left-then-withdrew", "acme/marked-as-erased", "acme/marked-then-withdrew", "acme/withdrew", "other/left"}
}

// MarkedAsErased tests that what a case only marks as erased is redacted when its
// period ends, and that what was never more than such a mark is looked at once.
func MarkedAsErased(t *testing.T, open Open) {
	t.Helper()
	clock := privacytest.NewClock(Moment())
	db := open(t, sqlstore.Options{Clock: clock})
	MustAppend(t, db.Consent(), Granted(t, consent.StreamKey{Tenant: "acme", Subject: "reader"}, "event-1", "key-1"))
	for _, subject := range []privacy.SubjectID{"reader", "stranger"} {
		Must(t, db.Consent().ApplyEffects(t.Context(), []privacy.Effect{{
			Tenant: "acme", Subject: subject, Kind: privacy.EffectErasure, Cause: "case", At: Moment(), Key: "erase-" + string(subject),
		}}))
	}
	register, err := privacy.Compile(privacytest.Declaration())
	Must(t, err)
	redactor, err := consent.NewLedger(db.Consent(), register, &consent.LedgerOptions{Clock: clock})
	Must(t, err)
	ledger, schedule := OwnSystems(t, db, redactor)[0], OwnPeriods(t, sqlstore.EventLastRecorded)
	clock.Set(SweptOwn())
	records := Pass(t, ledger, schedule, SweptOwn(), 10)
	if len(records) != 2 {
		t.Fatalf("%d candidates, want both", len(records))
	}
	for i := range records {
		Must(t, ledger.Disposer.Dispose(t.Context(), &records[i], retention.Delete))
		if gone, err := ledger.Disposer.Disposed(t.Context(), &records[i], retention.Delete); !gone || err != nil {
			t.Errorf("%s: disposed %v, %v", records[i].Key, gone, err)
		}
	}
	kept, err := db.Consent().Records(t.Context(), consent.StreamKey{Tenant: "acme", Subject: "reader"}, 0, 10)
	Must(t, err)
	if !kept[0].Redacted() {
		t.Error("the consent was not redacted")
	}
	if again := Candidates(t, ledger, schedule, SweptOwn().AddDate(9, 0, 0)); again != nil {
		t.Errorf("candidates %q after redaction", again)
	}
}

// TenantPeriods tests that a tenant with a period of its own gets neither what is due
// for others alone, nor they what is due for it. insert makes a decision "d-…", a
// disclosure "r-…" or a closed case "c-…" of a tenant, at a time in microseconds.
func TenantPeriods(t *testing.T, db *sqlstore.DB, insert func(kind, tenant, id string, at int64)) {
	t.Helper()
	at := Moment().AddDate(1, 0, 0)
	for _, tenant := range []string{"hasty", "ordinary", "same", "slow"} {
		for _, months := range []int{5, 7, 11, 13, 25} {
			then := at.AddDate(0, -months, 0)
			for _, kind := range []string{"d", "r", "c"} {
				insert(kind, tenant, fmt.Sprintf("%s-%d", kind, months), then.UnixMicro())
			}
			MustAppend(t, db.Consent(), appendAt(t, tenant, fmt.Sprintf("s-%d", months), then, consent.Withdrawal{}))
		}
	}
	schedule := tenantSchedule(t)
	due := map[string][]int{"hasty": {7, 11, 13, 25}, "ordinary": {13, 25}, "same": {13, 25}, "slow": {25}}
	kinds := map[privacy.SystemID][]string{
		sqlstore.LedgerSystem: {"s"}, sqlstore.DecisionSystem: {"d", "r"}, sqlstore.CaseSystem: {"c"}, sqlstore.CaseLogSystem: {"c"},
	}
	for _, system := range OwnSystems(t, db, nil) {
		var want []string
		for tenant, ages := range due {
			for _, kind := range kinds[system.ID] {
				for _, months := range ages {
					want = append(want, fmt.Sprintf("%s/%s-%d", tenant, kind, months))
				}
			}
		}
		if system.ID == sqlstore.LedgerSystem { // of such a tenant it gives every idle stream
			want = append(want, "hasty/s-5", "slow/s-5", "slow/s-7", "slow/s-11", "slow/s-13")
		}
		slices.Sort(want)
		if got := Candidates(t, system, schedule, at); !slices.Equal(got, want) {
			t.Errorf("%s: candidates %q, want %q", system.ID, got, want)
		}
	}
}

// tenantSchedule keeps everything for a year, but for two tenants.
func tenantSchedule(t testing.TB) *retention.Schedule {
	t.Helper()
	var rules []retention.Rule
	for category, event := range map[string]string{
		"own.ledger": sqlstore.EventLastRecorded, "own.decisions": sqlstore.EventDecided, "own.disclosures": sqlstore.EventDecided,
		"own.outbox": sqlstore.EventLastRecorded, "own.cases": sqlstore.EventCaseEnded, "own.logs": sqlstore.EventCaseEnded,
	} {
		for tenant, period := range map[privacy.TenantID]string{"": "P1Y", "hasty": "P6M", "slow": "P2Y", "same": "P1Y"} {
			rule := Rule(category+"-"+string(tenant), privacy.CategoryID(category), period, event)
			rule.Scope.Tenant, rule.Scope.Role = tenant, privacy.RoleProcessor
			rules = append(rules, rule)
		}
	}
	schedule, err := retention.Compile(rules, &retention.Options{Zone: time.UTC, Bounds: []retention.Bound{{
		Categories: []privacy.CategoryID{"own"}, Longest: privacy.MustPeriod("P2Y"),
	}}})
	Must(t, err)
	return schedule
}

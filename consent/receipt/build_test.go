package receipt_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/consent/receipt"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/memstore"
)

func TestAReceiptTellsWhatWasSaid(t *testing.T) {
	document, _ := made(t)
	want := map[string][]string{
		"marketing":     {"dpv:ConsentRefused", "dpv:ConsentGiven", "dpv:RenewedConsentGiven", "dpv:ConsentWithdrawn"},
		"accessibility": {"dpv:ConsentGiven", "dpv:ConsentExpired", "dpv:ConsentWithdrawn"},
	}
	if len(document.Records) != len(want) {
		t.Fatalf("%d records", len(document.Records))
	}
	for _, record := range document.Records {
		purpose := record.Processes[0].Purposes[0].Identifier
		var got []string
		for _, step := range record.Statuses {
			got = append(got, step.Type)
		}
		if !slices.Equal(got, want[purpose]) {
			t.Errorf("%s: %v", purpose, got)
		}
		if !slices.Equal(record.Languages, []string{"de"}) || len(record.Notices) != 1 {
			t.Errorf("%s: %v", purpose, record.Notices)
		}
	}
	given := document.Records[0].Statuses[1]
	if given.Basis.IRI != "dpv:ExplicitlyExpressedConsent" || given.Duration != (receipt.Duration{Type: "dpv:UntilTimeDuration", Value: "2027-03-01T12:00:00Z"}) ||
		given.By.IRI != "dpv:DataSubject" || given.Method != "checkbox_ticked_by_subject web" || !given.At.Equal(moment.Add(2*time.Minute)) {
		t.Errorf("got %+v", given)
	}
	if recipients := document.Records[0].Processes[0].Recipients; len(recipients) != 1 || recipients[0].Name != "Mailhouse Fictional Ltd" {
		t.Errorf("got %+v", recipients)
	}
}

func TestAGuardianIsNamedAsOne(t *testing.T) {
	with := evidence()
	with.Actor = "guardian:8213"
	records := fill(t, memstore.NewConsent(nil), stream, consent.Grant{Purposes: []privacy.PurposeID{"marketing"}, Evidence: with})
	document, err := fullProfile().Receipt(register(t), "receipt-1", moment, records)
	ok(t, err)
	if by := document.Records[0].Statuses[0].By.IRI; by != "dpv:GuardianOfDataSubject" {
		t.Errorf("got %s", by)
	}
}

func TestWhatHasNoReceipt(t *testing.T) {
	grant := consent.Grant{Purposes: []privacy.PurposeID{"marketing"}, Evidence: evidence()}
	undeclared := consent.Grant{Purposes: []privacy.PurposeID{"telepathy"}, Evidence: evidence()}
	for name, c := range map[string]struct {
		facts  []consent.Fact
		change func([]consent.Record) []consent.Record
		want   error
	}{
		"no events":          {nil, nil, privacy.ErrNotFound},
		"no consent":         {[]consent.Fact{consent.RelationshipStarted{}, consent.Withdrawal{}}, nil, privacy.ErrNotFound},
		"not declared":       {[]consent.Fact{undeclared}, nil, privacy.ErrInvalid},
		"altered":            {[]consent.Fact{grant}, func(r []consent.Record) []consent.Record { r[0].Salt[0] ^= 1; return r }, privacy.ErrInvalid},
		"not from the first": {[]consent.Fact{grant, grant}, func(r []consent.Record) []consent.Record { return r[1:] }, privacy.ErrInvalid},
		"in disorder":        {[]consent.Fact{grant, grant}, func(r []consent.Record) []consent.Record { slices.Reverse(r); return r }, privacy.ErrInvalid},
	} {
		records := fill(t, memstore.NewConsent(nil), stream, c.facts...)
		if c.change != nil {
			records = c.change(records)
		}
		if _, err := fullProfile().Receipt(register(t), "receipt-1", moment, records); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestARedactedStreamHasNoReceiptButFitsAnOlderOne(t *testing.T) {
	store := memstore.NewConsent(nil)
	records := fill(t, store, stream, facts()...)
	document, err := fullProfile().Receipt(register(t), "receipt-1", moment.Add(time.Hour), records)
	ok(t, err)
	erasure, err := consent.NewRecord("erasure", "erasure", moment.Add(2*time.Hour), consent.Entry{Tenant: stream.Tenant, Subject: stream.Subject, OccurredAt: moment, Fact: consent.Erasure{Cause: "case-1"}})
	ok(t, err)
	result, err := store.Redact(t.Context(), consent.Append{Key: stream, Records: []consent.Record{erasure}, Source: "/test"})
	ok(t, err)
	ok(t, result.Err)
	redacted, err := store.Records(t.Context(), stream, 0, 100)
	ok(t, err)
	if err := document.Match(redacted); err != nil {
		t.Errorf("the older receipt: %v", err)
	}
	if _, err := fullProfile().Receipt(register(t), "receipt-2", moment, redacted); !errors.Is(err, privacy.ErrNotFound) {
		t.Errorf("a new receipt: %v", err)
	}
}

// A profile that lacks what is mandatory yields no receipt, and every lack is told.
func TestWhatAProfileLacksIsTold(t *testing.T) {
	records := fill(t, memstore.NewConsent(nil), stream, facts()...)
	_, err := receipt.Profile{}.Receipt(register(t), "", moment, records)
	if _, told := errors.AsType[privacy.Problems](err); !told {
		t.Fatalf("got %v", err)
	}
	text := err.Error()
	for _, path := range []string{"@id", "dpv:hasIdentifier", "dpv:hasJurisdiction", "dpv:isExercisedAt", "dpv:hasLocation", "dpv:hasRecipient[0].schema:contactPoint"} {
		if !strings.Contains(text, path) {
			t.Errorf("%s is not told in:\n%s", path, text)
		}
	}
	if strings.Contains(text, string(stream.Subject)) {
		t.Error("the problems name the subject")
	}
}

func TestAReceiptThatDoesNotFitTheLedger(t *testing.T) {
	for name, c := range map[string]struct {
		receipt func(*receipt.Receipt)
		ledger  func([]consent.Record) []consent.Record
		want    error
	}{
		"nothing altered":           {want: nil},
		"the receipt dated back":    {receipt: func(r *receipt.Receipt) { r.Records[0].Statuses[1].At = moment.AddDate(0, 0, -1) }, want: privacy.ErrInvalid},
		"another state":             {receipt: func(r *receipt.Receipt) { r.Records[0].Statuses[3].Type = "dpv:ConsentGiven" }, want: privacy.ErrInvalid},
		"another commitment":        {receipt: func(r *receipt.Receipt) { r.Records[0].Statuses[1].Source = r.Records[0].Statuses[0].Source }, want: privacy.ErrInvalid},
		"a step left out":           {receipt: func(r *receipt.Receipt) { r.Records[0].Statuses = r.Records[0].Statuses[:3] }, want: privacy.ErrInvalid},
		"steps in another order":    {receipt: func(r *receipt.Receipt) { slices.Reverse(r.Records[0].Statuses) }, want: privacy.ErrInvalid},
		"a step of another purpose": {receipt: func(r *receipt.Receipt) { r.Records[1].Statuses = r.Records[0].Statuses }, want: privacy.ErrInvalid},
		"a further step of another": {receipt: func(r *receipt.Receipt) {
			r.Records[1].Statuses = slices.Insert(r.Records[1].Statuses, 0, r.Records[0].Statuses[0])
		}, want: privacy.ErrInvalid},
		"an event unknown": {receipt: func(r *receipt.Receipt) { r.Records[0].Statuses[1].Event = "event-99" }, want: privacy.ErrInvalid},
		"the ledger dated back": {ledger: func(r []consent.Record) []consent.Record {
			r[2].OccurredAt = r[2].OccurredAt.AddDate(0, 0, -1)
			return r
		}, want: privacy.ErrInvalid},
		"the ledger cut off": {ledger: func(r []consent.Record) []consent.Record { return r[:4] }, want: privacy.ErrInvalid},
		"an event replaced": {ledger: func(r []consent.Record) []consent.Record {
			forged, err := consent.NewRecord(r[5].ID, "k", r[5].RecordedAt, consent.Entry{Tenant: stream.Tenant, Subject: stream.Subject, OccurredAt: r[5].OccurredAt, Fact: consent.Expiry{Purposes: []privacy.PurposeID{"marketing"}}})
			ok(t, err)
			forged.Sequence = r[5].Sequence
			r[5] = forged
			return r
		}, want: privacy.ErrInvalid},
		"another tenant": {ledger: func([]consent.Record) []consent.Record {
			return fill(t, memstore.NewConsent(nil), consent.StreamKey{Tenant: "umbra", Subject: stream.Subject}, facts()...)
		}, want: receipt.ErrOtherStream},
		"no ledger": {ledger: func([]consent.Record) []consent.Record { return nil }, want: receipt.ErrOtherStream},
		"a later event": {ledger: func(r []consent.Record) []consent.Record {
			later, err := consent.NewRecord("later", "k", moment.AddDate(0, 0, 1), consent.Entry{Tenant: stream.Tenant, Subject: stream.Subject, OccurredAt: moment.AddDate(0, 0, 1), Fact: consent.Grant{Purposes: []privacy.PurposeID{"marketing"}, Evidence: evidence()}})
			ok(t, err)
			later.Sequence = 7
			return append(r, later)
		}, want: nil},
	} {
		document, records := made(t)
		if c.receipt != nil {
			c.receipt(&document)
		}
		if c.ledger != nil {
			records = c.ledger(records)
		}
		if err := document.Match(records); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

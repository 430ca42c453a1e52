package consent_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

// row writes a fact as a line of an import.
func row(t testing.TB, subject privacy.SubjectID, at time.Time, fact consent.Fact) string {
	t.Helper()
	payload, err := json.Marshal(fact)
	must(t, err)
	line, err := json.Marshal(consent.ImportRow{Tenant: "acme", Subject: subject, Kind: fact.Kind(), OccurredAt: at, Fact: payload})
	must(t, err)
	return string(line) + "\n"
}

func (w *world) importRows(rows string, options consent.ImportOptions) consent.ImportReport {
	w.t.Helper()
	if options.Source == "" {
		options.Source = "crm"
	}
	report, err := w.ledger.Import(w.t.Context(), strings.NewReader(rows), options)
	must(w.t, err)
	return report
}

func (r reportOf) check(t *testing.T, got consent.ImportReport) {
	t.Helper()
	if got.Lines != r.lines || got.Imported != r.imported || got.Duplicates != r.duplicates || got.Rejected != r.rejected {
		t.Errorf("got %+v, want %+v", got, r)
	}
}

type reportOf struct{ lines, imported, duplicates, rejected int }

func TestImportTakesOverWhatHappened(t *testing.T) {
	w := newWorld(t, setup{})
	year := start.AddDate(-2, 0, 0).In(time.FixedZone("", 7200))
	rows := row(t, "s-1", year, adult) + row(t, "s-1", year, grantOf("marketing")) + row(t, "s-2", year, withdrawalOf()) +
		row(t, "", year, attestationOf("x", "content")) + row(t, "s-3", year, consent.RelationshipStarted{})
	reportOf{5, 5, 0, 0}.check(t, w.importRows(rows, consent.ImportOptions{}))

	one := privacy.Subject{Tenant: "acme", ID: "s-1"}
	decision := w.wantCode(w.prepare(marketingUse), one, consent.CodeAllowed)
	explanation, err := w.gate.Explain(t.Context(), one, decision)
	must(t, err)
	event := explanation.Events[0]
	grant, ok := event.Entry.Fact.(consent.Grant)
	if !ok || grant.Evidence.Imported == nil || grant.Evidence.Imported.Source != "crm" {
		t.Errorf("the grant is not marked as imported: %+v", event.Entry.Fact)
	}
	wantSame(t, "cause", event.Entry.Cause, "import:crm")
	wantSame(t, "occurred", event.Entry.OccurredAt.Format(time.RFC3339), year.Format(time.RFC3339))
	wantSame(t, "recorded", event.Record.RecordedAt, start)
	w.wantCode(w.prepare(serviceUse), privacy.Subject{Tenant: "acme", ID: "s-3"}, consent.CodeAllowed)
}

func TestImportedFactsAreMarked(t *testing.T) {
	w := newWorld(t, setup{})
	evident := []consent.Fact{
		grantOf("marketing"), renewalOf(4, "marketing"), refusalOf("marketing"), withdrawalOf(), objectionTo(), consent.RelationshipStarted{},
		consent.OptOut{Purposes: []privacy.PurposeID{"marketing"}}, consent.OptIn{Purposes: []privacy.PurposeID{"marketing"}},
	}
	var rows string
	for _, fact := range evident {
		rows += row(t, "s", start, fact)
	}
	reportOf{len(evident), len(evident), 0, 0}.check(t, w.importRows(rows, consent.ImportOptions{}))
	records, err := w.ledger.Records(t.Context(), consent.StreamKey{Tenant: "acme", Subject: "s"}, 0, 100)
	must(t, err)
	for _, record := range records {
		if !bytes.Contains(record.Payload, []byte(`"imported":{"source":"crm"}`)) {
			t.Errorf("%s is not marked: %s", record.Kind, record.Payload)
		}
	}
}

func TestAnImportedGrantDoesNotOverrideALaterWithdrawal(t *testing.T) {
	w := newWorld(t, setup{})
	w.given(ada, adult, withdrawalOf("marketing"))
	w.importRows(row(t, ada.ID, start.AddDate(-1, 0, 0), grantOf("marketing")), consent.ImportOptions{})
	w.wantCode(w.prepare(marketingUse), ada, consent.CodeConsentWithdrawn)
}

func TestImportAgainImportsNothing(t *testing.T) {
	w := newWorld(t, setup{})
	rows := row(t, "s-1", start, grantOf("marketing")) + row(t, "s-1", start.Add(time.Second), withdrawalOf("marketing")) +
		row(t, "s-2", start.AddDate(1, 0, 0), withdrawalOf()) + // in the future: a withdrawal counts from now
		row(t, "s-3", start, grantOf("unknown"))
	reportOf{4, 3, 0, 1}.check(t, w.importRows(rows, consent.ImportOptions{}))
	w.clock.Advance(time.Hour)
	reportOf{4, 0, 3, 1}.check(t, w.importRows(rows, consent.ImportOptions{}))
	reportOf{4, 0, 2, 1}.check(t, w.importRows(rows, consent.ImportOptions{FirstLine: 2}))
	wantSame(t, "events", w.version(privacy.Subject{Tenant: "acme", ID: "s-1"}), 2)
	// Another source is another system, which may say the same.
	reportOf{4, 3, 0, 1}.check(t, w.importRows(rows, consent.ImportOptions{Source: "shop"}))
}

func TestImportReportsBadRows(t *testing.T) {
	w := newWorld(t, setup{})
	good := row(t, "s", start, withdrawalOf())
	const secret = "ada.lovelace@example.com"
	bad := []string{
		"not JSON " + secret,
		`{"tenant":"acme"`,
		`[]`,
		`null`,
		`{}`,
		`{"tenant":"acme","subject":"` + secret + `","kind":"granted","occurred_at":"2024-05-06T07:08:09+02:00","fact":{},"surprise":1}`,
		`{"tenant":"acme","subject":"s","kind":"foretold","occurred_at":"2024-05-06T07:08:09+02:00","fact":{}}`,
		`{"tenant":"acme","subject":"s","kind":"withdrawn","occurred_at":"` + secret + `","fact":{}}`,
		`{"tenant":"acme","subject":"s","kind":"withdrawn","fact":{}}`,
		`{"tenant":"acme","subject":"s","kind":"withdrawn","occurred_at":"0001-01-01T00:00:00Z","fact":{}}`,
		`{"tenant":"acme","subject":"s","kind":"withdrawn","occurred_at":"2024-05-06T07:08:09+02:00"}`,
		`{"tenant":"acme","subject":"s","kind":"withdrawn","occurred_at":"2024-05-06T07:08:09+02:00","fact":{"purposes":["` + secret + `\u0000"]}}`,
		`{"tenant":"acme","subject":"s","kind":"withdrawn","occurred_at":"2024-05-06T07:08:09+02:00","fact":{"purpose":"` + secret + `"}}`,
		`{"tenant":"acme","subject":"s","subject":"` + secret + `","kind":"withdrawn","occurred_at":"2024-05-06T07:08:09+02:00","fact":{}}`,
		`{"tenant":"acme","kind":"withdrawn","occurred_at":"2024-05-06T07:08:09+02:00","fact":{}}`,
		`{"tenant":"","subject":"s","kind":"withdrawn","occurred_at":"2024-05-06T07:08:09+02:00","fact":{}}`,
		`{"tenant":"acme","subject":"s","kind":"erased","occurred_at":"2024-05-06T07:08:09+02:00","fact":{"cause":"c"}}`,
		`{"tenant":"acme","subject":"s","kind":"granted","occurred_at":"2024-05-06T07:08:09+02:00","fact":{"purposes":["marketing"],"evidence":{}}}`,
		`{"tenant":"acme","subject":"s","kind":"granted","occurred_at":"2094-05-06T07:08:09+02:00","fact":{"purposes":["marketing"],"evidence":{"notice":{"document":"d","version":1,"locale":"en","text_sha256":"` + textHash + `"},"act":"a","channel":"c"}}}`,
		"\xff\xfe" + secret,
	}
	var rows strings.Builder
	for _, line := range bad {
		rows.WriteString(line + "\r\n" + "\n" + good)
	}
	report := w.importRows(rows.String(), consent.ImportOptions{Batch: 7})
	reportOf{3 * len(bad), 1, len(bad) - 1, len(bad)}.check(t, report)
	for i, rejection := range report.Rejections {
		wantSame(t, "line", rejection.Line, 3*i+1)
		wantErr(t, rejection.Err, privacy.ErrInvalid)
		if text := rejection.Err.Error(); strings.Contains(text, "lovelace") {
			t.Errorf("the error quotes the row: %s", text)
		}
	}
	wantSame(t, "events", w.version(privacy.Subject{Tenant: "acme", ID: "s"}), 1)
}

func TestImportOfLongLines(t *testing.T) {
	w := newWorld(t, setup{})
	grant := grantOf("marketing")
	grant.Evidence.Reference = strings.Repeat("r", consent.MaxPayload-2000)
	huge := strings.Repeat("x", 5<<20)
	rows := row(t, "s-1", start, grant) + huge + "\n" + row(t, "s-2", start, withdrawalOf()) + strings.TrimSuffix(row(t, "s-3", start, withdrawalOf()), "\n")
	report := w.importRows(rows, consent.ImportOptions{})
	reportOf{4, 3, 0, 1}.check(t, report)
	wantSame(t, "line", report.Rejections[0].Line, 2)
	wantErr(t, report.Rejections[0].Err, privacy.ErrInvalid)
	reportOf{1, 0, 0, 1}.check(t, w.importRows(huge, consent.ImportOptions{})) // at the end, without a line feed
	reportOf{0, 0, 0, 0}.check(t, w.importRows("", consent.ImportOptions{}))
	reportOf{3, 0, 0, 0}.check(t, w.importRows("\n\n\n", consent.ImportOptions{}))
}

func TestImportWantsASource(t *testing.T) {
	w := newWorld(t, setup{})
	for _, source := range []string{"", "a\x00", strings.Repeat("s", 256)} {
		_, err := w.ledger.Import(t.Context(), strings.NewReader(""), consent.ImportOptions{Source: source})
		wantErr(t, err, privacy.ErrInvalid)
	}
}

func TestImportListsTheFirstRejections(t *testing.T) {
	w := newWorld(t, setup{})
	report := w.importRows(strings.Repeat("{}\n", consent.MaxRejections+5), consent.ImportOptions{})
	wantSame(t, "rejected", report.Rejected, consent.MaxRejections+5)
	wantSame(t, "listed", len(report.Rejections), consent.MaxRejections)
}

func TestAnImportOfBadRowsCanBeCancelled(t *testing.T) {
	w := newWorld(t, setup{})
	ctx, cancel := context.WithCancel(t.Context())
	options := consent.ImportOptions{Source: "crm", Batch: 10, Progress: func(consent.ImportReport) { cancel() }}
	report, err := w.ledger.Import(ctx, strings.NewReader(strings.Repeat("{}\n", 100)), options)
	wantErr(t, err, context.Canceled)
	reportOf{10, 0, 0, 10}.check(t, report)
}

func TestRejectionsSayWhatIsNoFaultOfTheRow(t *testing.T) {
	w := newWorld(t, setup{ledger: consent.LedgerOptions{Notices: noticeBook{}}})
	redact(w)
	report := w.importRows(row(t, ada.ID, start, consent.RelationshipStarted{})+row(t, "s", start, renewalOf(2, "marketing")), consent.ImportOptions{})
	reportOf{2, 0, 0, 2}.check(t, report)
	var reasons []string
	for _, rejection := range report.Rejections {
		reasons = append(reasons, rejection.Reasons()...)
	}
	if !slices.Equal(reasons, []string{"erased", "notice_does_not_cover"}) {
		t.Errorf("the rows were rejected for %q", reasons)
	}
}

func manyRows(t testing.TB, n int) string {
	t.Helper()
	var rows strings.Builder
	for i := range n {
		if i%10 == 3 {
			rows.WriteString("bad row\n")
			continue
		}
		rows.WriteString(row(t, privacy.SubjectID(fmt.Sprintf("s-%d", i%7)), start.Add(time.Duration(i)*time.Second-time.Hour), grantOf("marketing")))
	}
	return rows.String()
}

// TestAnInterruptedImportGoesOnWithoutLoss interrupts an import at every call of
// the store, before or after it did its work, and resumes it.
func TestAnInterruptedImportGoesOnWithoutLoss(t *testing.T) {
	const lines = 50
	rows := manyRows(t, lines)
	for _, after := range []bool{false, true} {
		for interrupted := range 8 {
			w := newWorld(t, setup{})
			calls := 0
			w.store.append = func(ctx context.Context, appends []consent.Append) ([]consent.Appended, error) {
				defer func() { calls++ }()
				if calls == interrupted {
					if after {
						_, err := w.store.Store.Append(ctx, appends)
						must(t, err)
					}
					return nil, errStore
				}
				return w.store.Store.Append(ctx, appends)
			}
			var progress []int
			options := consent.ImportOptions{Source: "crm", Batch: 6, Progress: func(r consent.ImportReport) { progress = append(progress, r.Lines) }}
			first, err := w.ledger.Import(t.Context(), strings.NewReader(rows), options)
			if interrupted < 8 {
				wantErr(t, err, errStore)
			}
			wantSame(t, "batches", len(progress), interrupted)
			options.FirstLine, options.Progress = first.Lines+1, nil
			second, err := w.ledger.Import(t.Context(), strings.NewReader(rows), options)
			must(t, err)
			wantSame(t, "lines", second.Lines, lines)
			wantSame(t, "imported", first.Imported+second.Imported+second.Duplicates, 45)
			events := uint64(0)
			for i := range 7 {
				events += w.version(privacy.Subject{Tenant: "acme", ID: privacy.SubjectID(fmt.Sprintf("s-%d", i))})
			}
			wantSame(t, "events", events, 45)
		}
	}
}

func TestAnImportThatWasCompleteResumesAtItsEnd(t *testing.T) {
	w := newWorld(t, setup{})
	rows := manyRows(t, 20)
	report := w.importRows(rows, consent.ImportOptions{})
	again := w.importRows(rows, consent.ImportOptions{FirstLine: report.Lines + 1})
	reportOf{20, 0, 0, 0}.check(t, again)
}

func TestAReaderThatFails(t *testing.T) {
	w := newWorld(t, setup{})
	reader := io.MultiReader(strings.NewReader(manyRows(t, 25)), iotest.ErrReader(errStore))
	report, err := w.ledger.Import(t.Context(), reader, consent.ImportOptions{Source: "crm", Batch: 10})
	wantErr(t, err, errStore)
	wantSame(t, "lines that are durable", report.Lines, 20)
	wantSame(t, "imported", report.Imported, 18)
	wantSame(t, "rejected", report.Rejected, 2)
}

// TestAFaultThatIsNotTheRowsInterrupts: a notice that could not be looked up
// must not cost the row.
func TestAFaultThatIsNotTheRowsInterrupts(t *testing.T) {
	w := newWorld(t, setup{ledger: consent.LedgerOptions{Notices: noticeBook{errStore}}})
	report, err := w.ledger.Import(t.Context(), strings.NewReader(row(t, "s", start, grantOf("marketing"))), consent.ImportOptions{Source: "crm"})
	wantErr(t, err, errStore)
	reportOf{0, 0, 0, 0}.check(t, report)
}

func FuzzImport(f *testing.F) {
	f.Add([]byte(manyRows(f, 12)))
	f.Add([]byte(row(f, "", start, attestationOf("x", "content")) + row(f, "s", start.AddDate(1, 0, 0), withdrawalOf())))
	f.Add([]byte("\r\n\n{}\nnull\n{\"tenant\":\"acme\"}"))
	f.Fuzz(func(t *testing.T, rows []byte) {
		w := newWorld(t, setup{})
		options := consent.ImportOptions{Source: "fuzz", Batch: 3}
		first, err := w.ledger.Import(t.Context(), bytes.NewReader(rows), options)
		must(t, err)
		if handled := first.Imported + first.Duplicates + first.Rejected; handled > first.Lines {
			t.Errorf("%d rows in %d lines", handled, first.Lines)
		}
		for _, rejection := range first.Rejections {
			if !errors.Is(rejection.Err, privacy.ErrInvalid) && !errors.Is(rejection.Err, privacy.ErrConflict) {
				t.Errorf("rejected with %v", rejection.Err)
			}
		}
		w.clock.Advance(time.Hour)
		second, err := w.ledger.Import(t.Context(), bytes.NewReader(rows), options)
		must(t, err)
		wantSame(t, "imported again", second.Imported, 0)
		wantSame(t, "duplicates", second.Duplicates, first.Imported+first.Duplicates)
		wantSame(t, "rejected", second.Rejected, first.Rejected)
	})
}

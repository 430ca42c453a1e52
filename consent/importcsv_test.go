package consent_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

const csvHeader = "tenant,subject,kind,occurred_at,purposes,document,version,locale,text_sha256,act,channel,explicit,until,fact\n"

// csvGrant is a row of a consent to marketing; hash is its column text_sha256.
func csvGrant(subject, hash string) string {
	return fmt.Sprintf("acme,%s,granted,2025-05-06T07:08:09+02:00,marketing,privacy-policy,3,en,%s,checkbox_ticked_by_subject,web,,,\n", subject, hash)
}

const csvAdult = `acme,%s,age_evidence,2025-05-06T07:08:09+02:00,,,,,,,,,,"{""born_on_or_before"":""1990-01-01"",""method"":""document""}"` + "\n"

func importCSV(w *world, rows string, options consent.ImportOptions) consent.ImportReport {
	options.Format = consent.ImportCSV
	return w.importRows(rows, options)
}

func TestImportOfCSV(t *testing.T) {
	w := newWorld(t, setup{})
	rows := csvHeader + csvGrant("s-1", textHash) + fmt.Sprintf(csvAdult, "s-1") +
		"acme,s-2,withdrawn,2025-05-06T07:08:09Z,,,,,,,,,,\n" + csvGrant("s-3", "unknown") + fmt.Sprintf(csvAdult, "s-3")
	reportOf{6, 5, 0, 0}.check(t, importCSV(w, rows, consent.ImportOptions{}))
	w.wantCode(w.prepare(marketingUse), privacy.Subject{Tenant: "acme", ID: "s-1"}, consent.CodeAllowed)
	w.wantCode(w.prepare(marketingUse), privacy.Subject{Tenant: "acme", ID: "s-3"}, consent.CodeConsentInvalid)
	reportOf{6, 0, 5, 0}.check(t, importCSV(w, rows, consent.ImportOptions{}))
	reportOf{6, 0, 2, 0}.check(t, importCSV(w, rows, consent.ImportOptions{FirstLine: 5}))
}

func TestAHostMayRelyOnUnknownTexts(t *testing.T) {
	w := newWorld(t, setup{ledger: consent.LedgerOptions{Validity: consent.ValidityOptions{RelyOnUnknownText: true}}})
	importCSV(w, csvHeader+csvGrant("s", "unknown")+fmt.Sprintf(csvAdult, "s"), consent.ImportOptions{})
	w.wantCode(w.prepare(marketingUse), privacy.Subject{Tenant: "acme", ID: "s"}, consent.CodeAllowed)
	unknown := grantOf("marketing")
	unknown.Evidence.Notice.TextSHA256, unknown.Evidence.Notice.TextUnknown = "", true
	_, err := w.ledger.Grant(t.Context(), ada, unknown)
	wantErr(t, err, privacy.ErrInvalid) // only what is imported may not know
}

func TestRowsOfCSVAreRejectedOneByOne(t *testing.T) {
	w := newWorld(t, setup{})
	good := csvGrant("good", textHash)
	bad := []struct{ row, reason string }{
		{"acme,s,granted,2025-05-06T07:08:09Z\n", consent.ProblemFields},
		{strings.Replace(good, "2025-05-06T07:08:09+02:00", "6 May 2025", 1), consent.ProblemTime},
		{strings.Replace(good, ",3,en,", ",three,en,", 1), consent.ProblemUnknown},
		{strings.Replace(good, ",web,,", ",web,perhaps,", 1), consent.ProblemUnknown},
		{strings.Replace(good, "\n", "{}\n", 1), consent.ProblemFields},
		{strings.Replace(good, "granted", "guessed", 1), "unreadable"},
		{strings.Replace(good, "marketing", "unheard-of", 1), consent.ProblemUnknown},
		{strings.Replace(good, textHash, "", 1), consent.ProblemRequired},
		{strings.Replace(good, "checkbox_ticked_by_subject", "box_left_ticked", 1), string(consent.DefectNoAffirmativeAct)},
		{strings.Replace(good, "acme", `"acme`, 1), "unreadable"},
		{strings.Replace(good, ",web,", ",caf\xe9,", 1), "unreadable"},
		{strings.Replace(csvAdult, `""method""`, `""method"":""x"",""method""`, 1), "unreadable"},
	}
	rows := csvHeader
	for _, b := range bad {
		rows += b.row
	}
	var reasons []string
	report := importCSV(w, rows+good, consent.ImportOptions{Rejected: func(r consent.Rejection) {
		reasons = append(reasons, r.Reasons()[0])
		if strings.Contains(r.Err.Error(), "6 May") {
			t.Error("a rejection quotes the row")
		}
	}})
	reportOf{len(bad) + 2, 1, 0, len(bad)}.check(t, report)
	for i, b := range bad {
		wantSame(t, b.row, reasons[i], b.reason)
	}
}

func TestSpacesBetweenPurposesOfCSVDoNotCount(t *testing.T) {
	w := newWorld(t, setup{})
	w.given(ada, adult, explicitGrant("marketing", "accessibility"))
	report := importCSV(w, fmt.Sprintf("tenant,subject,kind,occurred_at,purposes\nacme,%s,withdrawn,2026-03-02T10:00:00Z,marketing ; accessibility\n", ada.ID), consent.ImportOptions{})
	reportOf{2, 1, 0, 0}.check(t, report)
	for _, use := range []consent.Use{marketingUse, accessibilityUse} {
		w.wantCode(w.prepare(use), ada, consent.CodeConsentWithdrawn)
	}
}

func TestHeadersOfCSV(t *testing.T) {
	w := newWorld(t, setup{})
	for _, header := range []string{"", "tenant,subject\n", "tenant,kind,occurred_at,mood\n", "tenant,tenant,kind,occurred_at\n", "\"tenant\n"} {
		_, err := w.ledger.Import(t.Context(), strings.NewReader(header), consent.ImportOptions{Source: "crm", Format: consent.ImportCSV})
		if !errors.Is(err, privacy.ErrInvalid) {
			t.Errorf("%q: %v", header, err)
		}
	}
	reportOf{2, 1, 0, 0}.check(t, importCSV(w, "\uFEFFkind,tenant,subject,occurred_at\r\nwithdrawn,acme,s,2025-05-06T07:08:09Z\r\n", consent.ImportOptions{}))
}

// What is exported is what another ledger needs to come to the same decisions.
func TestExportsCanBeImported(t *testing.T) {
	w := newWorld(t, setup{})
	w.given(ada, adult, grantOf("marketing"), consent.RelationshipStarted{}, objectionTo("security"), withdrawalOf("accessibility"))
	var lines bytes.Buffer
	n, err := w.ledger.Export(t.Context(), ada.Tenant, ada.ID, &lines)
	must(t, err)
	wantSame(t, "lines", n, 5)

	other := newWorld(t, setup{})
	other.clock.Set(start.Add(time.Hour))
	reportOf{5, 5, 0, 0}.check(t, other.importRows(lines.String(), consent.ImportOptions{}))
	for _, use := range []consent.Use{marketingUse, serviceUse, securityUse, accessibilityUse} {
		wantSame(t, string(use.Purpose), other.check(other.prepare(use), ada).Code, w.check(w.prepare(use), ada).Code)
	}

	_, err = w.ledger.Redact(t.Context(), ada.Tenant, ada.ID, "case-1")
	must(t, err)
	lines.Reset()
	n, err = w.ledger.Export(t.Context(), ada.Tenant, ada.ID, &lines)
	must(t, err)
	wantSame(t, "lines after the erasure", n, 0)
	_, err = w.ledger.Export(t.Context(), ada.Tenant, "", &lines)
	wantErr(t, err, privacy.ErrInvalid)
}

func TestExportFailsWithItsWriter(t *testing.T) {
	w := newWorld(t, setup{})
	w.given(ada, adult)
	_, err := w.ledger.Export(t.Context(), ada.Tenant, ada.ID, failingWriter{})
	wantErr(t, err, io.ErrShortWrite)
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestStopUnderAge(t *testing.T) {
	w := newWorld(t, setup{})
	w.given(ada, consent.RelationshipStarted{}, grantOf("marketing"))
	found := consent.UnderAge{Years: 18, On: privacy.DateOf(start, time.UTC), Method: "told_by_parent", EraseAfter: privacy.MustPeriod("P30D"), Cause: "report-7"}
	receipt, erasure, err := w.ledger.StopUnderAge(t.Context(), ada, found)
	must(t, err)
	w.wantCode(w.prepare(serviceUse), ada, consent.CodeRestricted)
	state, err := w.ledger.State(t.Context(), ada.Tenant, ada.ID)
	must(t, err)
	wantSame(t, "born on or after", state.BornOnOrAfter.String(), "2008-03-03")
	wantSame(t, "erasure", erasure.Kind, privacy.EffectErasure)
	wantSame(t, "due", erasure.At, time.Date(2026, time.April, 1, 0, 0, 0, 0, time.UTC))
	must(t, erasure.Validate())
	again, repeated, err := w.ledger.StopUnderAge(t.Context(), ada, found)
	must(t, err)
	wantSame(t, "duplicate", again.Duplicate && again.Last == receipt.Last, true)
	wantSame(t, "key", repeated.Key, erasure.Key)
	must(t, w.store.ApplyEffects(t.Context(), []privacy.Effect{erasure}))

	_, _, err = w.ledger.StopUnderAge(t.Context(), acme, found)
	wantErr(t, err, privacy.ErrInvalid) // people in a customer's content have no subject
	_, _, err = w.ledger.StopUnderAge(t.Context(), ada, consent.UnderAge{})
	wantErr(t, err, privacy.ErrInvalid)
}

// endless gives n copies of a row with running subjects, and one bad row.
type endless struct {
	w    *io.PipeWriter
	size int
	bad  int
}

func (e endless) run() {
	written, n := 0, 0
	_, err := io.WriteString(e.w, csvHeader)
	for ; written < e.size && err == nil; n++ {
		line := csvGrant(fmt.Sprintf("s-%d", n%1000), textHash)
		if n == e.bad {
			line = strings.Replace(line, "acme", `"acme`, 1)
		}
		var k int
		k, err = io.WriteString(e.w, line)
		written += k
	}
	_ = e.w.CloseWithError(err)
}

// TestSoakImportInConstantMemory reads many rows with one bad among them; set
// PRIVACYKIT_SOAK_IMPORT to the number of megabytes, such as 1024.
func TestSoakImportInConstantMemory(t *testing.T) {
	megabytes := 2
	if text := os.Getenv("PRIVACYKIT_SOAK_IMPORT"); text != "" {
		_, err := fmt.Sscan(text, &megabytes)
		must(t, err)
	}
	w := newWorld(t, setup{})
	reader, writer := io.Pipe()
	go endless{writer, megabytes << 20, 77}.run()
	var before, during runtime.MemStats
	peak := uint64(0)
	runtime.GC()
	runtime.ReadMemStats(&before)
	batches := 0
	report, err := w.ledger.Import(t.Context(), reader, consent.ImportOptions{
		Source: "crm", Format: consent.ImportCSV,
		Progress: func(consent.ImportReport) {
			if batches++; batches%500 == 0 {
				runtime.GC()
				runtime.ReadMemStats(&during)
				peak = max(peak, during.HeapAlloc)
			}
		},
	})
	must(t, err)
	wantSame(t, "rejected", report.Rejected, 1)
	wantSame(t, "line", report.Rejections[0].Line, 79)
	// Every row repeats one of a thousand, so that the store does not grow.
	if growth := int64(peak) - int64(before.HeapAlloc); growth > 64<<20 {
		t.Errorf("the heap grew by %d MB", growth>>20)
	}
}

func FuzzImportCSV(f *testing.F) {
	f.Add([]byte(csvHeader + csvGrant("s", textHash) + fmt.Sprintf(csvAdult, "s")))
	f.Add([]byte("tenant,kind,occurred_at\nacme,withdrawn,2025-05-06T07:08:09Z\n"))
	f.Fuzz(func(t *testing.T, rows []byte) {
		w := newWorld(t, setup{})
		report, err := w.ledger.Import(t.Context(), bytes.NewReader(rows), consent.ImportOptions{Source: "crm", Format: consent.ImportCSV})
		if err == nil && report.Imported+report.Duplicates+report.Rejected > report.Lines {
			t.Fatalf("more rows than lines: %+v", report)
		}
	})
}

func BenchmarkImportCSV(b *testing.B) {
	var rows strings.Builder
	rows.WriteString(csvHeader)
	const n = 1000
	for i := range n {
		rows.WriteString(csvGrant(fmt.Sprintf("s-%d", i), textHash))
	}
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		w := newWorld(b, setup{})
		b.StartTimer()
		report, err := w.ledger.Import(b.Context(), strings.NewReader(rows.String()), consent.ImportOptions{Source: "crm", Format: consent.ImportCSV})
		if err != nil || report.Imported != n {
			b.Fatal(report, err)
		}
	}
	b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "rows/s")
}

package consent

import (
	"bufio"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// ImportRow is a line of an import: one fact about one subject or, without a
// subject, about a tenant. The line is a JSON object with these members:
//
//	{"tenant":"acme","subject":"u-1","kind":"granted","occurred_at":"2024-05-06T07:08:09+02:00","fact":{"purposes":["newsletter"],"evidence":{…}}}
type ImportRow struct {
	Tenant  privacy.TenantID  `json:"tenant"`
	Subject privacy.SubjectID `json:"subject,omitempty"`
	// Kind says what kind of fact Fact is.
	Kind Kind `json:"kind"`
	// OccurredAt is when it happened, with its zone. Required.
	OccurredAt time.Time `json:"occurred_at"`
	// Fact are the members of the Go type that Kind stands for.
	Fact json.RawMessage `json:"fact"`
}

// ImportOptions configure an import.
type ImportOptions struct {
	// Source names the system that the rows come from. Required: evidence is
	// marked with it.
	Source string
	// FirstLine is the line to begin with, from 1, to resume an import that was
	// interrupted; 0 means 1. Lines imported twice are imported once anyway.
	FirstLine int
	// Format is the form of the rows; the zero value stands for JSON lines.
	Format ImportFormat
	// Batch is how many rows are written in one call of the store; 0 means 200.
	Batch int
	// Progress is called after each batch, if set.
	Progress func(ImportReport)
	// Rejected is called for every row that was not imported, if set, in the
	// order of the lines and before Progress: also for those that the report has
	// no room for.
	Rejected func(Rejection)
}

// ImportReport says what an import did.
type ImportReport struct {
	// Lines is the number of the last line that was dealt with: resume at the next.
	Lines int
	// Imported and Duplicates count rows that are now in the ledger, newly or already.
	Imported, Duplicates int
	// Rejected counts rows that are not, and Rejections says why, for the first
	// MaxRejections of them.
	Rejected   int
	Rejections []Rejection
}

// Rejection is a row that was not imported.
type Rejection struct {
	Line int
	// Err matches privacy.ErrInvalid or privacy.ErrConflict. It never quotes the row.
	Err error
}

// Reasons returns stable codes for why: those of the problems of the row, of the
// defects of its consent, or else "erased" where the subject was,
// "notice_does_not_cover", "conflict" or "unreadable".
func (r Rejection) Reasons() []string {
	if problems, ok := errors.AsType[privacy.Problems](r.Err); ok {
		codes := make([]string, len(problems))
		for i, problem := range problems {
			codes[i] = problem.Code
		}
		return codes
	}
	if invalid, ok := errors.AsType[*InvalidConsentError](r.Err); ok {
		codes := make([]string, len(invalid.Defects))
		for i, defect := range invalid.Defects {
			codes[i] = string(defect.Code)
		}
		return codes
	}
	switch {
	case errors.Is(r.Err, ErrErased):
		return []string{"erased"}
	case errors.Is(r.Err, ErrNoticeDoesNotCover):
		return []string{"notice_does_not_cover"}
	case errors.Is(r.Err, privacy.ErrConflict):
		return []string{"conflict"}
	}
	return []string{"unreadable"}
}

// MaxRejections is how many rejections a report lists.
const MaxRejections = 1000

// maxLine is the greatest length of a line: a payload and its envelope.
const maxLine = MaxPayload + 4096

// Import reads facts from another system into the ledger, as JSON lines or CSV,
// in memory that does not grow with the number of rows. Rows
// are validated one by one: a bad row is reported and does not stop the others.
// Times are those of the rows, so that an imported permission never overrides a
// refusal that came after it. Rows need what the fact needs anywhere else: a
// consent without Notice, Act and Channel is rejected; in place of the text's hash
// its notice may state that the text is unknown. It returns what it did,
// also together with an error, which is the reader's, the store's or the
// context's, or matches privacy.ErrInvalid for options without a Source.
func (l *Ledger) Import(ctx context.Context, rows io.Reader, options ImportOptions) (ImportReport, error) {
	if err := privacy.CheckID("source", options.Source); err != nil {
		return ImportReport{}, err
	}
	if options.Batch <= 0 {
		options.Batch = 200
	}
	job := importJob{ledger: l, options: options, last: max(options.FirstLine-1, 0)}
	reader := bufio.NewReaderSize(rows, 64<<10)
	for number := 1; ; number++ {
		line, tooLong, err := readLine(reader)
		if err != nil && !errors.Is(err, io.EOF) {
			return job.report, fmt.Errorf("consent: import: line %d cannot be read: %w", number, err)
		}
		if number == 1 && options.Format == ImportCSV {
			if job.layout, err = newCSVLayout(line); err != nil {
				return job.report, err
			}
			job.last = max(job.last, 1)
			continue
		}
		end := errors.Is(err, io.EOF) && len(line) == 0 && !tooLong
		if !end && number >= options.FirstLine {
			job.add(number, line, tooLong)
		}
		if end || len(job.batch)+len(job.rejected) >= options.Batch {
			if err := job.flush(ctx); err != nil {
				return job.report, err
			}
		}
		if end {
			return job.report, nil
		}
	}
}

// readLine returns the next line without its end; of a line that is too long it
// returns nothing and skips the rest.
func readLine(reader *bufio.Reader) (line []byte, tooLong bool, err error) {
	for {
		part, err := reader.ReadSlice('\n')
		if len(line)+len(part) > maxLine {
			line, tooLong = nil, true
		}
		if !tooLong {
			line = append(line, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return trimEnd(line), tooLong, err
		}
	}
}

func trimEnd(line []byte) []byte {
	for len(line) > 0 && (line[len(line)-1] == '\n' || line[len(line)-1] == '\r') {
		line = line[:len(line)-1]
	}
	return line
}

// importJob is an import under way. Lines are dealt with in order: a report's
// Lines never runs ahead of what is durable.
type importJob struct {
	ledger  *Ledger
	options ImportOptions
	report  ImportReport
	// layout is that of CSV rows, nil for JSON lines.
	layout *csvLayout
	// batch has the rows since the last flush, with their lines, and rejected
	// those among them that are none.
	batch    []Entries
	lines    []int
	rejected []Rejection
	last     int
}

func (j *importJob) add(number int, line []byte, tooLong bool) {
	j.last = number
	if tooLong {
		j.reject(number, fmt.Errorf("consent: the line is longer than %d bytes: %w", maxLine, privacy.ErrInvalid))
		return
	}
	if len(line) == 0 {
		return
	}
	entries, err := j.entries(line)
	if err != nil {
		j.reject(number, err)
		return
	}
	j.batch = append(j.batch, entries)
	j.lines = append(j.lines, number)
}

func (j *importJob) entries(line []byte) (Entries, error) {
	row, err := j.row(line)
	if err != nil {
		return Entries{}, err
	}
	fact, err := decodeFact(row.Kind, row.Fact)
	if err != nil {
		return Entries{}, err
	}
	if row.OccurredAt.IsZero() {
		return Entries{}, privacy.Problems{{Path: "occurred_at", Code: ProblemRequired, Detail: "the time is required"}}
	}
	if row.Kind == KindErased {
		return Entries{}, privacy.Problems{{Path: "kind", Code: ProblemNotImportable, Detail: "an erasure is recorded by Redact"}}
	}
	key := sha256.Sum256(fmt.Appendf(nil, "%q %s%s", j.options.Source, j.layout.prefix(), line))
	return Entries{
		Tenant: row.Tenant, Subject: row.Subject, Facts: []Fact{markImported(fact, j.options.Source)},
		OccurredAt: row.OccurredAt, Key: "import-" + hex.EncodeToString(key[:]), Cause: "import:" + j.options.Source,
	}, nil
}

func (j *importJob) row(line []byte) (ImportRow, error) {
	if j.layout != nil {
		return j.layout.row(line)
	}
	var row ImportRow
	if privacy.DecodeJSON(line, &row) != nil { // whose error may quote the line
		return ImportRow{}, errRowUnreadable
	}
	return row, nil
}

var errRowUnreadable = fmt.Errorf("consent: the row cannot be read: %w", privacy.ErrInvalid)

func markImported(fact Fact, source string) Fact {
	mark := &Imported{Source: source}
	switch fact := fact.(type) {
	case RelationshipStarted:
		fact.Evidence.Imported = mark
		return fact
	case Grant:
		fact.Evidence.Imported = mark
		return fact
	case Renewal:
		fact.Evidence.Imported = mark
		return fact
	case Refusal:
		fact.Evidence.Imported = mark
		return fact
	case Withdrawal:
		fact.Evidence.Imported = mark
		return fact
	case Objection:
		fact.Evidence.Imported = mark
		return fact
	case OptOut:
		fact.Evidence.Imported = mark
		return fact
	case OptIn:
		fact.Evidence.Imported = mark
		return fact
	}
	return fact
}

func (j *importJob) flush(ctx context.Context) error {
	if err := ctx.Err(); err != nil { // which nobody else notices where no row is to be written
		return fmt.Errorf("consent: import: %w", err)
	}
	results, err := j.ledger.RecordAll(ctx, j.batch)
	if err != nil {
		return fmt.Errorf("consent: import: %w", err)
	}
	for _, result := range results {
		if err := result.Err; err != nil && !errors.Is(err, privacy.ErrInvalid) && !errors.Is(err, privacy.ErrConflict) {
			return fmt.Errorf("consent: import: %w", err) // not the row's fault: it is tried again
		}
	}
	for i, result := range results {
		switch {
		case result.Err != nil:
			j.reject(j.lines[i], result.Err)
		case result.Receipt.Duplicate:
			j.report.Duplicates++
		default:
			j.report.Imported++
		}
	}
	j.list()
	j.batch, j.lines, j.rejected = j.batch[:0], j.lines[:0], j.rejected[:0]
	j.report.Lines = max(j.report.Lines, j.last)
	if j.options.Progress != nil {
		j.options.Progress(j.report)
	}
	return nil
}

func (j *importJob) reject(line int, err error) {
	j.rejected = append(j.rejected, Rejection{Line: line, Err: err})
}

// list puts rejections in the report, in the order of their lines.
func (j *importJob) list() {
	slices.SortFunc(j.rejected, func(a, b Rejection) int { return cmp.Compare(a.Line, b.Line) })
	j.report.Rejected += len(j.rejected)
	room := MaxRejections - len(j.report.Rejections)
	if j.options.Rejected != nil {
		for _, rejection := range j.rejected {
			j.options.Rejected(rejection)
		}
	}
	j.report.Rejections = append(j.report.Rejections, j.rejected[:min(room, len(j.rejected))]...)
}

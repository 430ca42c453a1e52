package privacy

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// recordColumn is a column of a record as CSV.
type recordColumn[Row any] struct {
	name string
	cell func(Row) string
}

// writeCSV writes a header and the rows (RFC 4180).
func writeCSV[Row any](w io.Writer, columns []recordColumn[Row], rows []Row) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	line := make([]string, len(columns))
	for i, column := range columns {
		line[i] = column.name
	}
	if err := out.Write(line); err != nil {
		return err
	}
	for _, row := range rows {
		for i, column := range columns {
			line[i] = column.cell(row)
		}
		if err := out.Write(line); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// formulaStarts are the characters at which a spreadsheet takes the text of a
// cell for a formula, or skips to a character at which it does; the last four
// are the full-width forms of the first.
const formulaStarts = "=+-@\t\r\n＝＋－＠"

// inert returns text with an apostrophe before it where a spreadsheet would run
// it as a formula.
func inert(text string) string {
	if first, _ := utf8.DecodeRuneInString(text); strings.ContainsRune(formulaStarts, first) {
		return "'" + text
	}
	return text
}

// join makes one cell of several texts. Each is made inert, as a spreadsheet
// may be told to split cells at the semicolon.
func join(texts ...string) string {
	var cell strings.Builder
	for _, text := range texts {
		if text == "" {
			continue
		}
		if cell.Len() > 0 {
			cell.WriteString("; ")
		}
		cell.WriteString(inert(text))
	}
	return cell.String()
}

// joinEach makes one cell of a list.
func joinEach[T any](list []T, text func(T) string) string {
	texts := make([]string, len(list))
	for i, entry := range list {
		texts[i] = text(entry)
	}
	return join(texts...)
}

// joinPlain lists codes within a text.
func joinPlain[S ~string](codes []S) string {
	texts := make([]string, len(codes))
	for i, code := range codes {
		texts[i] = string(code)
	}
	return strings.Join(texts, ", ")
}

func (p RecordParty) nameText() string { return join(p.Name, p.LegalEntity) }

func (p RecordParty) contactText() string {
	return join(p.Address, string(p.Country), joinEach(p.Contacts, Contact.text))
}

func (c Contact) text() string {
	parts := slices.DeleteFunc([]string{c.Name, c.Email, c.URL, c.Address}, func(part string) bool { return part == "" })
	return strings.Join(parts, ", ")
}

func (c RecordCategory) text() string {
	if c.Special {
		return c.Title + " (special category)"
	}
	return c.Title
}

func (r RecordRecipient) text() string {
	return fmt.Sprintf("%s (%s in %s)", r.Title, r.Kind.Label(), joinPlain(r.Countries))
}

func (t RecordTransfer) text() string {
	text := fmt.Sprintf("%s: %s (%s", t.Country, t.Title, t.Mechanism.Label())
	if article := t.Mechanism.Article(); article != "" {
		text += ", " + article
	}
	if t.Reference != "" {
		text += ", " + t.Reference
	}
	return text + ")"
}

func (b PurposeBasis) text() string {
	text := fmt.Sprintf("%s (%s)", b.Basis.Label(), b.Basis.Article())
	if b.Condition != 0 {
		text += fmt.Sprintf(" and %s (%s)", b.Condition.Label(), b.Condition.Article())
	}
	if len(b.Jurisdictions) > 0 {
		text += " in " + joinPlain(b.Jurisdictions)
	}
	if b.Interest != "" {
		text += ": " + b.Interest
	}
	if b.Law != "" {
		text += ": " + b.Law
	}
	return text
}

func (l RetentionLimit) text() string {
	period := ""
	if !l.Period.IsZero() {
		period = l.Period.String()
		if l.After != "" {
			period += " after " + l.After
		}
	}
	return join(period, l.Criteria, l.Law)
}

func (s MeasureSet) labels() string { return joinEach(slices.Collect(s.All()), Measure.Label) }

// controllerRow is a row of a controller's record.
type controllerRow struct {
	record   *ControllerRecord
	activity *ControllerRecordActivity
}

// controllerColumns name the point of Art. 30(1) that each column answers.
var controllerColumns = []recordColumn[controllerRow]{
	{"Controller (a)", func(r controllerRow) string { return r.record.Controller.nameText() }},
	{"Contact details (a)", func(r controllerRow) string { return r.record.Controller.contactText() }},
	{"Joint controllers (a)", func(r controllerRow) string { return join(r.activity.JointControllers...) }},
	{"Representative (a)", func(r controllerRow) string { return joinEach(r.record.Controller.Representatives, Contact.text) }},
	{"Data protection officer (a)", func(r controllerRow) string {
		return joinEach(r.record.Controller.DataProtectionOfficers, Contact.text)
	}},
	{"Activity", func(r controllerRow) string { return inert(r.activity.Title) }},
	{"Role", func(r controllerRow) string { return r.activity.Role.Label() }},
	{"Purpose (b)", func(r controllerRow) string { return join(r.activity.Purpose.Title, r.activity.Purpose.Description) }},
	{"Legal bases", func(r controllerRow) string { return joinEach(r.activity.Bases, PurposeBasis.text) }},
	{"Categories of data subjects (c)", func(r controllerRow) string { return join(r.activity.Subjects...) }},
	{"Categories of personal data (c)", func(r controllerRow) string { return joinEach(r.activity.Categories, RecordCategory.text) }},
	{"Operations", func(r controllerRow) string { return joinEach(r.activity.Operations, Operation.Label) }},
	{"Recipients (d)", func(r controllerRow) string { return joinEach(r.activity.Recipients, RecordRecipient.text) }},
	{"Transfers to third countries and safeguards (e)", func(r controllerRow) string { return joinEach(r.activity.Transfers, RecordTransfer.text) }},
	{"Time limits for erasure (f)", func(r controllerRow) string { return r.activity.Retention.text() }},
	{"Security measures (g)", func(r controllerRow) string { return r.activity.Measures.labels() }},
}

// WriteCSV writes the record as CSV (RFC 4180, UTF-8, a header line), one row
// for each activity. A letter in parentheses in a heading is the point of
// Art. 30(1) that the column answers. Text that a spreadsheet would run as a
// formula starts with an apostrophe. The error is that of w.
func (c ControllerRecord) WriteCSV(w io.Writer) error {
	rows := make([]controllerRow, len(c.Activities))
	for i := range c.Activities {
		rows[i] = controllerRow{&c, &c.Activities[i]}
	}
	return writeCSV(w, controllerColumns, rows)
}

// processorRow is a row of a processor's record.
type processorRow struct {
	record   *ProcessorRecord
	customer *ProcessorCustomer
	activity *ProcessorRecordActivity
}

// processorColumns name the point of Art. 30(2) that each column answers.
var processorColumns = []recordColumn[processorRow]{
	{"Processor (a)", func(r processorRow) string { return r.record.Processor.nameText() }},
	{"Contact details (a)", func(r processorRow) string { return r.record.Processor.contactText() }},
	{"Representative (a)", func(r processorRow) string { return joinEach(r.record.Processor.Representatives, Contact.text) }},
	{"Data protection officer (a)", func(r processorRow) string {
		return joinEach(r.record.Processor.DataProtectionOfficers, Contact.text)
	}},
	{"Controller (a)", func(r processorRow) string { return inert(r.customer.Name) }},
	{"Controller's contact details (a)", func(r processorRow) string { return inert(r.customer.Contact) }},
	{"Controller's representative (a)", func(r processorRow) string { return inert(r.customer.Representative) }},
	{"Controller's data protection officer (a)", func(r processorRow) string { return inert(r.customer.DataProtectionOfficer) }},
	{"Category of processing (b)", func(r processorRow) string { return inert(r.activity.Title) }},
	{"Purpose", func(r processorRow) string { return join(r.activity.Purpose.Title, r.activity.Purpose.Description) }},
	{"Operations (b)", func(r processorRow) string { return joinEach(r.activity.Operations, Operation.Label) }},
	{"Categories of data subjects", func(r processorRow) string { return join(r.activity.Subjects...) }},
	{"Categories of personal data", func(r processorRow) string { return joinEach(r.activity.Categories, RecordCategory.text) }},
	{"Sub-processors and other recipients (a)", func(r processorRow) string { return joinEach(r.activity.Recipients, RecordRecipient.text) }},
	{"Transfers to third countries and safeguards (c)", func(r processorRow) string { return joinEach(r.activity.Transfers, RecordTransfer.text) }},
	{"Security measures (d)", func(r processorRow) string { return r.activity.Measures.labels() }},
}

// WriteCSV writes the record as CSV (RFC 4180, UTF-8, a header line), one row
// for each customer and activity. A letter in parentheses in a heading is the
// point of Art. 30(2) that the column answers. Text that a spreadsheet would
// run as a formula starts with an apostrophe. The error is that of w.
func (p ProcessorRecord) WriteCSV(w io.Writer) error {
	var rows []processorRow
	for i := range p.Customers {
		customer := &p.Customers[i]
		for j := range p.Activities {
			if slices.Contains(customer.Activities, p.Activities[j].ID) {
				rows = append(rows, processorRow{&p, customer, &p.Activities[j]})
			}
		}
	}
	return writeCSV(w, processorColumns, rows)
}

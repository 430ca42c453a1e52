package privacy_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
)

// readCSV returns the lines of a CSV file, each with as many cells as the first.
func readCSV(t testing.TB, text []byte) [][]string {
	t.Helper()
	lines, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

// csvRows returns the rows of a record by heading.
func csvRows(t *testing.T, write func(io.Writer) error) []map[string]string {
	t.Helper()
	var out bytes.Buffer
	if err := write(&out); err != nil {
		t.Fatal(err)
	}
	lines := readCSV(t, out.Bytes())
	var rows []map[string]string
	for _, line := range lines[1:] {
		row := make(map[string]string)
		for i, cell := range line {
			row[lines[0][i]] = cell
		}
		rows = append(rows, row)
	}
	return rows
}

// jsonAt returns what lies under a path such as "activities.3.title" in the
// JSON of v, as JSON.
func jsonAt(t *testing.T, v any, path string) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	for key := range strings.SplitSeq(path, ".") {
		var object map[string]json.RawMessage
		var array []json.RawMessage
		var index int
		switch {
		case json.Unmarshal(text, &object) == nil:
			text = object[key]
		case json.Unmarshal(text, &array) == nil:
			if _, err := fmt.Sscan(key, &index); err != nil || index >= len(array) {
				t.Fatalf("%s: no element %s", path, key)
			}
			text = array[index]
		}
	}
	return string(text)
}

// recordDeclaration has a value for every item of Art. 30.
func recordDeclaration() privacy.Declaration {
	d := privacytest.Declaration()
	makeJoint(&d)
	d.Contacts = append(d.Contacts, privacy.Contact{Kind: privacy.ContactRepresentative, Name: "Agent", Email: "agent@labelop.example"})
	d.Recipients = append(d.Recipients, privacy.Recipient{
		ID: "auditor", Title: "Auditor", Kind: privacy.RecipientAdviser,
		Locations: []privacy.RecipientLocation{{Country: "CH", Mechanism: privacy.TransferAdequacy, Reference: "Decision 2000/518/EC"}},
	})
	d.Activities[2].Recipients = append(d.Activities[2].Recipients, "auditor")
	return d
}

func TestControllerRecordHoldsEveryItemOfArticle30Paragraph1(t *testing.T) {
	record := compile(t, recordDeclaration()).ControllerRecord()
	items := []struct {
		item           string
		path, want     string
		column, inCell string
	}{
		{"(a) the controller's name", "controller.name", `"LabelOp"`, "Controller (a)", "LabelOp; LabelOp Fictional GmbH"},
		{"(a) the controller's legal entity", "controller.legal_entity", `"LabelOp Fictional GmbH"`, "Controller (a)", "LabelOp Fictional GmbH"},
		{"(a) the controller's contact details", "controller.contacts.0.email", `"privacy@labelop.example"`, "Contact details (a)", "Musterstrasse 1, 10115 Berlin, Germany; DE; privacy@labelop.example"},
		{"(a) the controller's address", "controller.address", `"Musterstrasse 1, 10115 Berlin, Germany"`, "Contact details (a)", "Musterstrasse 1"},
		{"(a) the joint controller", "activities.2.joint_controllers.0", `"LabelOp Fictional Ltd"`, "Joint controllers (a)", "LabelOp Fictional Ltd"},
		{"(a) the representative", "controller.representatives.0.name", `"Agent"`, "Representative (a)", "Agent, agent@labelop.example"},
		{"(a) the data protection officer", "controller.data_protection_officers.0.email", `"dpo@labelop.example"`, "Data protection officer (a)", "Data protection officer, dpo@labelop.example"},
		{"(b) the purposes", "activities.2.purpose.title", `"Keep books and records"`, "Purpose (b)", "Keep books and records"},
		{"(c) the categories of data subjects", "activities.2.subjects.0", `"Paying customers"`, "Categories of data subjects (c)", "Paying customers"},
		{"(c) the categories of personal data", "activities.2.categories.0.title", `"Billing and transaction data"`, "Categories of personal data (c)", "Billing and transaction data"},
		{"(d) the recipients", "activities.2.recipients.1.title", `"Tax authority"`, "Recipients (d)", "Payment provider (Processor in IE); Tax authority (Public authority in DE)"},
		{"(d) recipients in third countries", "activities.2.recipients.2.countries.0", `"CH"`, "Recipients (d)", "Auditor (Professional adviser in CH)"},
		{"(e) the third country", "activities.2.transfers.0.country", `"CH"`, "Transfers to third countries and safeguards (e)", "CH: Auditor"},
		{"(e) the safeguard", "activities.2.transfers.0.mechanism", `"adequacy"`, "Transfers to third countries and safeguards (e)", "(Adequacy decision, GDPR Art. 45(3), Decision 2000/518/EC)"},
		{"(e) the documentation of the safeguard", "activities.2.transfers.0.reference", `"Decision 2000/518/EC"`, "Transfers to third countries and safeguards (e)", "Decision 2000/518/EC"},
		{"(f) the time limit for erasure", "activities.2.retention.period", `"P8Y"`, "Time limits for erasure (f)", "P8Y after end of the calendar year of the voucher"},
		{"(f) the criteria for erasure", "activities.3.retention.criteria", `"until consent is withdrawn"`, "", ""},
		{"(g) the security measures", "activities.2.measures", `["access_logging"]`, "Security measures (g)", "Logging of access"},
		{"the legal basis", "activities.2.legal_bases.0.basis", `"legal_obligation"`, "Legal bases", "Legal obligation (GDPR Art. 6(1)(c)): Fiscal Code of Germany (AO) s. 147"},
		{"the role", "activities.2.role", `"joint_controller"`, "Role", "Joint controller"},
		{"the special categories", "activities.4.categories.0.special", `true`, "", ""},
	}
	rows := csvRows(t, record.WriteCSV)
	if len(rows) != 5 {
		t.Fatalf("%d rows, want one for each controller activity", len(rows))
	}
	for _, item := range items {
		if got := jsonAt(t, record, item.path); got != item.want {
			t.Errorf("%s: JSON has %s, want %s", item.item, got, item.want)
		}
		if cell, ok := rows[2][item.column]; item.column != "" && (!ok || !strings.Contains(cell, item.inCell)) {
			t.Errorf("%s: CSV has %q, want %q", item.item, cell, item.inCell)
		}
	}
	if got := rows[4]["Categories of personal data (c)"]; got != "Accessibility needs (special category)" {
		t.Errorf("special categories are %q", got)
	}
	if got := rows[4]["Legal bases"]; got != "Consent (GDPR Art. 6(1)(a)) and Explicit consent (GDPR Art. 9(2)(a))" {
		t.Errorf("basis and condition are %q", got)
	}
}

func TestProcessorRecordHoldsEveryItemOfArticle30Paragraph2(t *testing.T) {
	record, err := compile(t, recordDeclaration()).ProcessorRecord([]privacy.ProcessorCustomer{
		{Tenant: "t1", Name: "Clinic", Contact: "privacy@clinic.example", Representative: "Agent of Clinic", DataProtectionOfficer: "Officer of Clinic"},
		{Tenant: "t2", Name: "Shop", Contact: "1 High Street", Activities: []privacy.ActivityID{"suggestions"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	items := []struct {
		item           string
		path, want     string
		column, inCell string
	}{
		{"(a) the processor", "processor.legal_entity", `"LabelOp Fictional GmbH"`, "Processor (a)", "LabelOp; LabelOp Fictional GmbH"},
		{"(a) the processor's contact details", "processor.contacts.0.email", `"privacy@labelop.example"`, "Contact details (a)", "privacy@labelop.example"},
		{"(a) the processor's representative", "processor.representatives.0.email", `"agent@labelop.example"`, "Representative (a)", "Agent, agent@labelop.example"},
		{"(a) the processor's data protection officer", "processor.data_protection_officers.0.email", `"dpo@labelop.example"`, "Data protection officer (a)", "dpo@labelop.example"},
		{"(a) further processors", "activities.1.recipients.1.kind", `"sub_processor"`, "Sub-processors and other recipients (a)", "Model provider (Sub-processor in US)"},
		{"(a) the controller", "customers.0.name", `"Clinic"`, "Controller (a)", "Clinic"},
		{"(a) the controller's contact details", "customers.0.contact", `"privacy@clinic.example"`, "Controller's contact details (a)", "privacy@clinic.example"},
		{"(a) the controller's representative", "customers.0.representative", `"Agent of Clinic"`, "Controller's representative (a)", "Agent of Clinic"},
		{"(a) the controller's data protection officer", "customers.0.data_protection_officer", `"Officer of Clinic"`, "Controller's data protection officer (a)", "Officer of Clinic"},
		{"(b) the categories of processing for each controller", "customers.0.activities", `["labelling","suggestions"]`, "Category of processing (b)", "Labels suggested by a model"},
		{"(b) the operations", "activities.1.operations", `["use","derive","disclose"]`, "Operations (b)", "Use; Derive; Disclose"},
		{"(c) the third country", "activities.1.transfers.0.country", `"US"`, "Transfers to third countries and safeguards (c)", "US: Model provider"},
		{"(c) the safeguard", "activities.1.transfers.0.mechanism", `"scc"`, "Transfers to third countries and safeguards (c)", "Standard contractual clauses, GDPR Art. 46(2)(c), Implementing Decision (EU) 2021/914, module 3"},
		{"(d) the security measures", "activities.1.measures.2", `"minimisation"`, "Security measures (d)", "Data minimisation"},
	}
	rows := csvRows(t, record.WriteCSV)
	if len(rows) != 3 {
		t.Fatalf("%d rows, want one for each activity of each customer", len(rows))
	}
	for _, item := range items {
		if got := jsonAt(t, record, item.path); got != item.want {
			t.Errorf("%s: JSON has %s, want %s", item.item, got, item.want)
		}
		if cell, ok := rows[1][item.column]; !ok || !strings.Contains(cell, item.inCell) {
			t.Errorf("%s: CSV has %q, want %q", item.item, cell, item.inCell)
		}
	}
	if rows[2]["Controller (a)"] != "Shop" || rows[2]["Category of processing (b)"] != "Labels suggested by a model" {
		t.Errorf("the second customer's row is %v", rows[2])
	}
}

func TestRecordsKeepTheRolesApart(t *testing.T) {
	r := compile(t, privacytest.Declaration())
	for _, activity := range r.ControllerRecord().Activities {
		if activity.Role == privacy.RoleProcessor {
			t.Errorf("%s is in the controller's record", activity.ID)
		}
	}
	record, err := r.ProcessorRecord(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, activity := range record.Activities {
		if declared, _ := r.Activity(activity.ID); declared.Role != privacy.RoleProcessor {
			t.Errorf("%s is in the processor's record", activity.ID)
		}
	}
	if hash := fmt.Sprintf("%x", r.Hash()); record.Register != hash || r.ControllerRecord().Register != hash {
		t.Error("the records do not name their register")
	}
	if got := jsonAt(t, record, "customers"); got != "[]" {
		t.Errorf("customers are %s", got)
	}
}

func TestProcessorRecordIsACopy(t *testing.T) {
	customers := []privacy.ProcessorCustomer{{Name: "Shop", Contact: "1 High Street", Activities: []privacy.ActivityID{"labelling"}}}
	record, err := compile(t, privacytest.Declaration()).ProcessorRecord(customers)
	if err != nil {
		t.Fatal(err)
	}
	customers[0].Activities[0] = "changed"
	if got := jsonAt(t, record, "customers.0.activities"); got != `["labelling"]` {
		t.Errorf("activities are %s", got)
	}
}

func TestProcessorRecordRefusesIncompleteCustomers(t *testing.T) {
	_, err := compile(t, privacytest.Declaration()).ProcessorRecord([]privacy.ProcessorCustomer{
		{Tenant: "secret"},
		{Tenant: "secret", Name: "Secret", Contact: "secret@example.org", Activities: []privacy.ActivityID{"labelling", "accounts", "secret", "labelling"}},
	})
	want := []string{
		"customers[0].name required", "customers[0].contact required", "customers[1].tenant duplicate",
		"customers[1].activities[1] unknown_reference", "customers[1].activities[2] unknown_reference", "customers[1].activities[3] duplicate",
	}
	if got := locate(problemsOf(t, err)); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if strings.Contains(strings.ToLower(err.Error()), "secret") {
		t.Errorf("the error quotes a customer: %v", err)
	}
}

func TestCSVCellsAreNoFormulas(t *testing.T) {
	formulas := []string{"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\n=1", "＝1", "＋1", "－1", "＠1"}
	for _, formula := range formulas {
		t.Run(formula, func(t *testing.T) {
			d := privacytest.Declaration()
			d.Operator.Name, d.Operator.Address = formula, formula
			d.Activities[0].Title, d.Activities[6].Title = formula, formula
			d.Activities[0].Subjects = []string{"Holders", formula}
			d.Purposes[0].Title = formula
			d.Categories[1].Title = formula
			d.Recipients[2].Title = formula
			d.Activities[0].Retention = privacy.RetentionLimit{Criteria: formula}
			r := compile(t, d)
			record, err := r.ProcessorRecord([]privacy.ProcessorCustomer{{Name: formula, Contact: formula, Representative: formula, DataProtectionOfficer: formula}})
			if err != nil {
				t.Fatal(err)
			}
			guarded := 0
			for _, row := range append(csvRows(t, r.ControllerRecord().WriteCSV), csvRows(t, record.WriteCSV)...) {
				for column, cell := range row {
					for part := range strings.SplitSeq(cell, "; ") {
						if part != "" && strings.ContainsAny(firstRune(part), "=+-@\t\r\n＝＋－＠") {
							t.Errorf("%s: %q", column, cell)
						}
						if strings.HasPrefix(part, "'") {
							guarded++
						}
					}
				}
			}
			if guarded < 10 {
				t.Errorf("only %d parts are guarded", guarded)
			}
		})
	}
}

func firstRune(text string) string {
	for _, r := range text {
		return string(r)
	}
	return ""
}

func TestCSVFollowsRFC4180(t *testing.T) {
	d := privacytest.Declaration()
	d.Activities[0].Title = "Accounts, \"all\" of them\nand more"
	var out bytes.Buffer
	if err := compile(t, d).ControllerRecord().WriteCSV(&out); err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(out.Bytes(), []byte("\"Accounts, \"\"all\"\" of them\r\nand more\"")) {
		t.Errorf("quoting is wrong:\n%s", out.Bytes())
	}
	if bytes.Contains(bytes.ReplaceAll(out.Bytes(), []byte("\r\n"), nil), []byte("\n")) || !bytes.HasSuffix(out.Bytes(), []byte("\r\n")) {
		t.Error("lines do not end with CRLF")
	}
}

// brokenWriter fails once it has taken some bytes.
type brokenWriter struct{ room int }

var errBroken = errors.New("broken")

func (w *brokenWriter) Write(p []byte) (int, error) {
	if len(p) > w.room {
		return 0, errBroken
	}
	w.room -= len(p)
	return len(p), nil
}

func TestCSVReportsTheWritersError(t *testing.T) {
	d := manyActivities(200)
	r := compile(t, d)
	record, err := r.ProcessorRecord([]privacy.ProcessorCustomer{{Name: "Shop", Contact: "1 High Street"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, room := range []int{0, 20_000} {
		if err := r.ControllerRecord().WriteCSV(&brokenWriter{room}); !errors.Is(err, errBroken) {
			t.Errorf("controller's record with room %d: %v", room, err)
		}
		if err := record.WriteCSV(&brokenWriter{room}); !errors.Is(err, errBroken) {
			t.Errorf("processor's record with room %d: %v", room, err)
		}
	}
}

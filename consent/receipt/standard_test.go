package receipt_test

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/labelop/privacykit/consent/receipt"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest/outside"
)

// readTable returns the rows of a CSV file of a standard by heading.
func readTable(t *testing.T, name string) []map[string]string {
	t.Helper()
	file, err := os.Open(outside.Standard(t, name))
	ok(t, err)
	rows, err := csv.NewReader(file).ReadAll()
	ok(t, errors.Join(err, file.Close()))
	var table []map[string]string
	for _, row := range rows[1:] {
		fields := map[string]string{}
		for i, heading := range rows[0] {
			fields[heading] = row[i]
		}
		table = append(table, fields)
	}
	return table
}

// document returns the JSON of a receipt with everything that can be in one.
func document(t *testing.T) map[string]any {
	t.Helper()
	made, _ := made(t)
	data, err := made.Encode()
	ok(t, err)
	var object map[string]any
	ok(t, json.Unmarshal(data, &object))
	return object
}

// visit calls do for every object of a document, with its path.
func visit(value any, path string, do func(path string, object map[string]any)) {
	switch value := value.(type) {
	case map[string]any:
		do(path, value)
		for name, member := range value {
			visit(member, path+"/"+name, do)
		}
	case []any:
		for i, element := range value {
			visit(element, fmt.Sprintf("%s/%d", path, i), do)
		}
	}
}

// objects returns the objects of a type.
func objects(root any, types ...string) []map[string]any {
	var found []map[string]any
	visit(root, "", func(_ string, object map[string]any) {
		if name, ok := object["@type"].(string); ok && slices.Contains(types, name) {
			found = append(found, object)
		}
	})
	return found
}

// TestEveryMandatoryFieldOfTheGuideIsPresent takes the fields from the tables: each
// property of a field that occurs at least once must be in every object that the
// table is about.
func TestEveryMandatoryFieldOfTheGuideIsPresent(t *testing.T) {
	root := document(t)
	records, processes := objects(root, "dpv:ConsentRecord"), objects(root, "dpv:Process")
	parties := objects(root, "dpv:DataController", "dpv:ThirdParty", "dpv:DataProcessor")
	steps := objects(root, "dpv:ConsentGiven", "dpv:RenewedConsentGiven", "dpv:ConsentRefused", "dpv:ConsentWithdrawn", "dpv:ConsentExpired")
	receipts := objects(root, "dpv:ConsentReceipt")
	ofProcess := []string{"Purpose", "Personal Data", "Personal Data Type", "Storage Condition", "Recipients"}
	mandatory := 0
	for number, subjects := range map[int][]map[string]any{4: records, 5: records, 6: records, 7: parties, 8: steps, 9: receipts} {
		for _, row := range readTable(t, fmt.Sprintf("iso27560-dpv-guide/consent-27560-table-%d.csv", number)) {
			if !strings.HasPrefix(row["Cardinality"], "1") {
				continue
			}
			mandatory++
			of, property := subjects, row["DPV Property"]
			switch {
			case number == 6 && slices.Contains(ofProcess, row["Field"]):
				of = processes
			case row["Field"] == "Role": // the class of the party says it
				property = "@type"
			case row["Field"] == "Consent State": // the record has it, and the step is one
				of = records
			case row["Field"] == "Postal Address":
				of, property = objects(root, "schema:ContactPoint"), "schema:address"
			}
			if len(of) == 0 {
				t.Errorf("table %d: nothing has the field %s", number, row["Field"])
			}
			for _, object := range of {
				if value, present := object[property]; !present || value == "" {
					t.Errorf("table %d: %s (%s) is missing", number, row["Field"], property)
				}
			}
		}
	}
	if mandatory < 25 {
		t.Errorf("only %d fields are mandatory", mandatory)
	}
	if _, present := receipts[0]["dct:created"]; !present { // section 9.1.4
		t.Error("the time of creation is missing")
	}
}

func TestEveryTermExistsInDPV(t *testing.T) {
	terms := map[string]string{}
	for prefix, name := range map[string]string{"dpv:": "dpv-2.3/dpv.csv", "eu-gdpr:": "dpv-2.3/eu-gdpr.csv"} {
		for _, row := range readTable(t, name) {
			terms[prefix+row["term"]] = row["type"]
		}
	}
	checked := map[string]bool{}
	check := func(path, term, kind string) {
		if !strings.HasPrefix(term, "dpv:") && !strings.HasPrefix(term, "eu-gdpr:") {
			return
		}
		checked[term] = true
		if terms[term] != kind {
			t.Errorf("%s: %s is %q, want a %s", path, term, terms[term], kind)
		}
	}
	visit(document(t), "", func(path string, object map[string]any) {
		for name, value := range object {
			check(path, name, "property")
			switch value := value.(type) {
			case string:
				check(path+"/"+name, value, "class")
			case []any:
				for _, element := range value {
					if text, ok := element.(string); ok {
						check(path+"/"+name, text, "class")
					}
				}
			}
		}
	})
	if len(checked) < 45 {
		t.Errorf("only %d terms were checked", len(checked))
	}
	for _, made := range []string{"dpv:DataProcessor", "dpv:Recipient", "dpv:TemporalDuration", "dpv:GuardianOfDataSubject", "dpv:Entity", "dpv:SpecialCategoryPersonalData", "dpv:ExpressedConsent", "dpv:ConsentInvalidated"} {
		check("what a receipt may also have", made, "class")
	}
}

func TestTheSchemaIsThatOfTheGroup(t *testing.T) {
	data, err := os.ReadFile(outside.Standard(t, "iso27560-dpv-guide", "dpv-27560.ttl"))
	ok(t, err)
	for _, schema := range []string{receipt.RecordSchema, receipt.ReceiptSchema} {
		base, name, _ := strings.Cut(schema, "#")
		if !strings.Contains(string(data), "<"+base+"#>") || !strings.Contains(string(data), "dpv-27560:"+name+" a ") {
			t.Errorf("%s does not exist", schema)
		}
	}
}

// optional are the members that a receipt need not have.
var optional = []string{
	"dct:title", "dpv:hasProcessing", "dpv:hasLegalBasis", "schema:email", "schema:telephone", "schema:url", "schema:addressCountry", "dpv:hasIndicationMethod",
}

// TestAReceiptWithoutAMemberIsRefused takes out one member after another.
func TestAReceiptWithoutAMemberIsRefused(t *testing.T) {
	root := document(t)
	taken := 0
	visit(root, "", func(path string, object map[string]any) {
		for name := range object {
			value := object[name]
			delete(object, name)
			data, err := privacy.CanonicalJSON(root)
			ok(t, err)
			_, err = receipt.Decode(data)
			object[name] = value
			ofProcess := name == "dpv:hasLegalBasis" && object["@type"] == "dpv:Process"
			if slices.Contains(optional, name) && (name != "dpv:hasLegalBasis" || ofProcess) {
				if err != nil {
					t.Errorf("without %s/%s: %v", path, name, err)
				}
				continue
			}
			taken++
			if !errors.Is(err, privacy.ErrInvalid) {
				t.Errorf("without %s/%s: %v", path, name, err)
			}
		}
	})
	if taken < 150 {
		t.Errorf("only %d members were taken out", taken)
	}
}

// TestAReceiptWithAnotherTermIsRefused replaces one term after another by one that
// does not exist.
func TestAReceiptWithAnotherTermIsRefused(t *testing.T) {
	root := document(t)
	refused := 0
	visit(root, "", func(path string, object map[string]any) {
		for name, value := range object {
			text, isText := value.(string)
			if !isText || !strings.Contains(text, ":") || name == "dct:title" || !strings.HasPrefix(text, "dpv:") && !strings.HasPrefix(text, "eu-gdpr:") {
				continue
			}
			object[name] = text + "X"
			data, err := privacy.CanonicalJSON(root)
			ok(t, err)
			if _, err := receipt.Decode(data); !errors.Is(err, privacy.ErrInvalid) {
				t.Errorf("%s/%s: %v", path, name, err)
			}
			object[name] = value
			refused++
		}
	})
	if refused < 60 {
		t.Errorf("only %d terms were replaced", refused)
	}
}

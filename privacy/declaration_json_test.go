package privacy_test

import (
	"bytes"
	"encoding/json"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
)

// parseCases are texts and what ParseDeclaration reports, each "path code".
var parseCases = []struct {
	rule, text string
	want       []string
}{
	{"text is there", ``, []string{" syntax"}},
	{"text is JSON", `{"operator":`, []string{" syntax"}},
	{"nothing follows", `{} {}`, []string{" syntax"}},
	{"text is UTF-8", "{\"operator\":{\"name\":\"\xff\"}}", []string{" syntax"}},
	{"surrogates come in pairs", `{"operator":{"name":"\ud800"}}`, []string{" syntax"}},
	{"a declaration is an object", `[]`, []string{" type"}},
	{"null is no declaration", `null`, []string{" type"}},
	{"null is no value", `{"contacts":null,"operator":{"name":null}}`, []string{"contacts type", "operator.name type"}},
	{"members are known", `{"operators":{}}`, []string{"operators unknown_field"}},
	{"members are known at every depth", `{"purposes":[{"bases":[{"base":"consent"}]}]}`, []string{"purposes[0].bases[0].base unknown_field"}},
	{"members are spelled exactly", `{"Operator":{"NAME":"x"}}`, []string{"Operator unknown_field"}},
	{"members are given once", `{"services":[],"services":[]}`, []string{"services duplicate_field"}},
	{"members are given once at every depth", `{"operator":{"name":"a","name":"b"}}`, []string{"operator.name duplicate_field"}},
	{"unknown members are given once too", `{"x":1,"x":2}`, []string{"x unknown_field", "x duplicate_field"}},
	{"strings are strings", `{"operator":{"name":7}}`, []string{"operator.name type"}},
	{"identifiers are strings", `{"categories":[{"id":["x"]}]}`, []string{"categories[0].id type"}},
	{"objects are objects", `{"operator":"x","categories":["x"]}`, []string{"operator type", "categories[0] type"}},
	{"arrays are arrays", `{"services":"x"}`, []string{"services type"}},
	{"truths are true or false", `{"categories":[{"special":"yes"}]}`, []string{"categories[0].special type"}},
	{"numbers are whole", `{"activities":[{"minimum_age":{"years":17.5}}]}`, []string{"activities[0].minimum_age.years type"}},
	{"numbers are in range", `{"purposes":[{"minimum_notice":-1},{"minimum_notice":4294967296}]}`, []string{"purposes[0].minimum_notice type", "purposes[1].minimum_notice type"}},
	{"codes are known", `{"categories":[{"role":"owner"}]}`, []string{"categories[0].role type"}},
	{"codes are strings", `{"categories":[{"role":1}]}`, []string{"categories[0].role type"}},
	{"codes are not empty", `{"purposes":[{"bases":[{"basis":""}]}]}`, []string{"purposes[0].bases[0].basis type"}},
	{"sets hold known codes", `{"categories":[{"measures":["hope"]}],"purposes":[{"opt_outs":["everything"]}]}`, []string{"categories[0].measures type", "purposes[0].opt_outs type"}},
	{"periods have a form", `{"activities":[{"retention":{"period":"30 days"}}]}`, []string{"activities[0].retention.period type"}},
	{"everything is reported at once", `{"operator":{"name":1,"country":2},"x":0,"purposes":[{"title":3},{"bases":{}}]}`, []string{
		"operator.name type", "operator.country type", "x unknown_field", "purposes[0].title type", "purposes[1].bases type",
	}},
}

func TestParseDeclarationIsStrict(t *testing.T) {
	for _, test := range parseCases {
		t.Run(test.rule, func(t *testing.T) {
			d, err := privacy.ParseDeclaration([]byte(test.text))
			if d != nil {
				t.Error("a declaration was returned")
			}
			problems := problemsOf(t, err)
			if got := locate(problems); !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
			for _, problem := range problems {
				if problem.Detail == "" || strings.HasSuffix(problem.Detail, ": invalid") {
					t.Errorf("detail %q", problem.Detail)
				}
			}
		})
	}
}

func TestParseDeclarationSkipsWhiteSpace(t *testing.T) {
	d, err := privacy.ParseDeclaration([]byte("\n\t{ \"services\" : [ \"a\" ] } \r\n"))
	if err != nil || !slices.Equal(d.Services, []string{"a"}) {
		t.Errorf("got %+v, %v", d, err)
	}
}

func TestParseDeclarationSaysWhatItWants(t *testing.T) {
	_, err := privacy.ParseDeclaration([]byte(`{"purposes":[{"minimum_notice":true}],"categories":[{"special":1}]}`))
	problems := problemsOf(t, err)
	if len(problems) != 2 || !strings.Contains(problems[0].Detail, "whole number") || !strings.Contains(problems[1].Detail, "true or false") {
		t.Errorf("problems %v", problems)
	}
}

func TestParseDeclarationNamesTheAcceptedCodes(t *testing.T) {
	_, err := privacy.ParseDeclaration([]byte(`{"activities":[{"role":"owner"}]}`))
	if !strings.Contains(err.Error(), "controller, processor, joint_controller") {
		t.Errorf("error %v", err)
	}
}

func TestDeclarationSurvivesJSON(t *testing.T) {
	want := privacytest.Declaration()
	makeJoint(&want)
	text, err := json.MarshalIndent(want, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	got, err := privacy.ParseDeclaration(text)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(*got, want) {
		t.Errorf("got  %+v\nwant %+v", *got, want)
	}
	if compile(t, *got).Hash() != compile(t, want).Hash() {
		t.Error("the hash differs")
	}
}

func FuzzParseDeclaration(f *testing.F) {
	for _, test := range parseCases {
		f.Add([]byte(test.text))
	}
	d := privacytest.Declaration()
	makeJoint(&d)
	text, err := json.Marshal(d)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := privacy.ParseDeclaration(text)
		if err != nil {
			_ = problemsOf(t, err)
			return
		}
		register, err := privacy.Compile(*d)
		if err != nil {
			_ = problemsOf(t, err)
			return
		}
		checkRegister(t, register)
	})
}

// checkRegister asserts what holds for every register.
func checkRegister(t *testing.T, register *privacy.Register) {
	t.Helper()
	text, err := json.Marshal(register.Declaration())
	if err != nil {
		t.Fatal(err)
	}
	d, err := privacy.ParseDeclaration(text)
	if err != nil {
		t.Fatalf("the declaration of a register is refused: %v", err)
	}
	if compile(t, *d).Hash() != register.Hash() {
		t.Error("compiling the declaration of a register again changes the hash")
	}
	for _, finding := range register.Findings() {
		if finding.Path == "" || finding.Code == "" || finding.Detail == "" || finding.Article == "" {
			t.Errorf("incomplete finding %+v", finding)
		}
	}
	record, err := register.ProcessorRecord([]privacy.ProcessorCustomer{{Name: "Customer", Contact: "mail@customer.example"}})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	for _, write := range []func(io.Writer) error{register.ControllerRecord().WriteCSV, record.WriteCSV} {
		out.Reset()
		if err := write(&out); err != nil {
			t.Fatal(err)
		}
		readCSV(t, out.Bytes())
	}
}

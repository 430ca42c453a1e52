package privacy

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"iter"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// vocabulary is a code type seen without its type parameter.
type vocabulary struct {
	typ     string
	entries []vocabularyEntry
	parse   func(string) (vocabularyEntry, error)
	at      func(uint8) vocabularyEntry
	// decode parses text into a variable that holds the first code, and
	// returns what the variable holds afterwards.
	decode func(text []byte) (vocabularyEntry, error)
	// jsonRoundTrip encodes the value as [code] and as {code: [code]}, decodes
	// it again, and returns the latter.
	jsonRoundTrip func(uint8) (string, error)
	// jsonKey encodes the value as a key only.
	jsonKey func(uint8) error
}

type vocabularyEntry struct {
	value                     uint8
	valid                     bool
	code, label, article, dpv string
	text                      []byte
	marshalErr                error
}

type codeType interface {
	~uint8
	fmt.Stringer
	encoding.TextMarshaler
	Valid() bool
	Label() string
	DPV() string
}

func newVocabulary[C codeType, P interface {
	*C
	encoding.TextUnmarshaler
}](typ string, all func() iter.Seq[C], parse func(string) (C, error)) vocabulary {
	entry := func(c C) vocabularyEntry {
		e := vocabularyEntry{value: uint8(c), valid: c.Valid(), code: c.String(), label: c.Label(), dpv: c.DPV()}
		if with, ok := any(c).(interface{ Article() string }); ok {
			e.article = with.Article()
		}
		e.text, e.marshalErr = c.MarshalText()
		return e
	}
	v := vocabulary{typ: typ}
	for c := range all() {
		v.entries = append(v.entries, entry(c))
	}
	v.at = func(value uint8) vocabularyEntry { return entry(C(value)) }
	v.parse = func(text string) (vocabularyEntry, error) {
		c, err := parse(text)
		return entry(c), err
	}
	v.decode = func(text []byte) (vocabularyEntry, error) {
		c := C(1)
		err := P(&c).UnmarshalText(text)
		return entry(c), err
	}
	v.jsonKey = func(value uint8) error {
		_, err := json.Marshal(map[C]bool{C(value): true})
		return err
	}
	v.jsonRoundTrip = func(value uint8) (string, error) {
		if _, err := json.Marshal([]C{C(value)}); err != nil {
			return "", err
		}
		encoded, err := json.Marshal(map[C][]C{C(value): {C(value)}})
		if err != nil {
			return "", err
		}
		var decoded map[C][]C
		if err := json.Unmarshal(encoded, &decoded); err != nil {
			return "", err
		}
		if !slices.Equal(decoded[C(value)], []C{C(value)}) {
			return "", fmt.Errorf("%s decodes as %v", encoded, decoded)
		}
		return string(encoded), nil
	}
	return v
}

func vocabularies() []vocabulary {
	return []vocabulary{
		newVocabulary("Role", Roles, ParseRole),
		newVocabulary("LegalBasis", LegalBases, ParseLegalBasis),
		newVocabulary("SpecialCondition", SpecialConditions, ParseSpecialCondition),
		newVocabulary("Operation", Operations, ParseOperation),
		newVocabulary("Right", Rights, ParseRight),
		newVocabulary("TransferMechanism", TransferMechanisms, ParseTransferMechanism),
		newVocabulary("Measure", Measures, ParseMeasure),
		newVocabulary("RecipientKind", RecipientKinds, ParseRecipientKind),
		newVocabulary("OptOut", OptOuts, ParseOptOut),
	}
}

// Codes are stored by hosts and exchanged between versions: none may change,
// and a new one is added here.
var stableCodes = map[string]string{
	"Role":             "controller processor joint_controller",
	"LegalBasis":       "consent contract legal_obligation vital_interests public_task legitimate_interests recognised_legitimate_interest",
	"SpecialCondition": "explicit_consent employment vital_interests non_profit made_public legal_claims substantial_public_interest health_care public_health research",
	"Operation":        "collect store use alter combine derive disclose export restrict pseudonymise anonymise erase",
	"Right":            "access rectification erasure restriction portability objection not_subject_to_adm withdraw_consent know opt_out_sale_sharing limit_sensitive",
	"TransferMechanism": "not_a_transfer adequacy public_body_instrument bcr scc authority_scc idta uk_addendum code_of_conduct certification ad_hoc_clauses " +
		"administrative_arrangement derogation_49_1_a derogation_49_1_b derogation_49_1_c derogation_49_1_d derogation_49_1_e derogation_49_1_f derogation_49_1_g derogation_49_1_2",
	"Measure": "encryption_at_rest encryption_in_transit end_to_end_encryption key_management pseudonymisation anonymisation minimisation redaction log_redaction access_control " +
		"multi_factor_authentication access_logging segregation physical_access_control network_security backup disaster_recovery secure_erasure human_review " +
		"confidentiality_commitment staff_training security_testing incident_response",
	"RecipientKind": "processor sub_processor controller adviser authority successor",
	"OptOut":        "sale sharing targeted_advertising profiling sensitive_data",
}

func TestCodesAreStable(t *testing.T) {
	for _, v := range vocabularies() {
		t.Run(v.typ, func(t *testing.T) {
			var codes []string
			for _, e := range v.entries {
				codes = append(codes, e.code)
			}
			if got := strings.Join(codes, " "); got != stableCodes[v.typ] {
				t.Errorf("codes are\n%s\nwant\n%s", got, stableCodes[v.typ])
			}
		})
	}
}

func TestEveryCodeRoundTrips(t *testing.T) {
	for _, v := range vocabularies() {
		for _, e := range v.entries {
			t.Run(v.typ+"/"+e.code, func(t *testing.T) {
				if !e.valid {
					t.Error("not valid")
				}
				parsed, err := v.parse(e.code)
				if err != nil || parsed.value != e.value {
					t.Errorf("parses as %d, %v; want %d", parsed.value, err, e.value)
				}
				if e.marshalErr != nil || string(e.text) != e.code {
					t.Errorf("marshals as %q, %v", e.text, e.marshalErr)
				}
				decoded, err := v.decode(e.text)
				if err != nil || decoded.value != e.value {
					t.Errorf("unmarshals as %d, %v; want %d", decoded.value, err, e.value)
				}
				encoded, err := v.jsonRoundTrip(e.value)
				if want := fmt.Sprintf(`{%q:[%q]}`, e.code, e.code); err != nil || encoded != want {
					t.Errorf("JSON is %s, %v; want %s", encoded, err, want)
				}
			})
		}
	}
}

func TestEveryCodeIsDescribed(t *testing.T) {
	snake := regexp.MustCompile(`^[a-z0-9]+(_[a-z0-9]+)*$`)
	article := regexp.MustCompile(`^((UK )?GDPR Art\. \d+|Cal\. Civ\. Code § \d+\.\d+$)`)
	for _, v := range vocabularies() {
		codes, labels := map[string]bool{}, map[string]bool{}
		for _, e := range v.entries {
			if !snake.MatchString(e.code) || e.code == unknownCode || codes[e.code] {
				t.Errorf("%s %d: code %q is malformed or used twice", v.typ, e.value, e.code)
			}
			if e.label == "" || !unicode.IsUpper(rune(e.label[0])) || labels[e.label] {
				t.Errorf("%s %s: label %q is malformed or used twice", v.typ, e.code, e.label)
			}
			if e.article != "" && !article.MatchString(e.article) {
				t.Errorf("%s %s: article %q is malformed", v.typ, e.code, e.article)
			}
			codes[e.code], labels[e.label] = true, true
		}
	}
}

func TestEveryProvisionIsCited(t *testing.T) {
	cited := []string{"Role", "LegalBasis", "SpecialCondition", "Right", "TransferMechanism"}
	for _, v := range vocabularies() {
		for _, e := range v.entries {
			if slices.Contains(cited, v.typ) && e.article == "" && e.code != TransferNone.String() {
				t.Errorf("%s %s cites no article", v.typ, e.code)
			}
		}
	}
}

func TestUnknownValuesAreNeverWritten(t *testing.T) {
	for _, v := range vocabularies() {
		for _, value := range []uint8{0, uint8(len(v.entries) + 1), 255} {
			t.Run(fmt.Sprintf("%s/%d", v.typ, value), func(t *testing.T) {
				e := v.at(value)
				if e.valid || e.code != "unknown" || e.label != "Unknown" || e.article != "" || e.dpv != "" {
					t.Errorf("described as %+v", e)
				}
				if !errors.Is(e.marshalErr, ErrInvalid) || e.text != nil {
					t.Errorf("marshals as %q, %v", e.text, e.marshalErr)
				}
				if encoded, err := v.jsonRoundTrip(value); !errors.Is(err, ErrInvalid) {
					t.Errorf("JSON is %s, %v", encoded, err)
				}
				if err := v.jsonKey(value); err == nil {
					t.Error("accepted as a JSON key")
				}
			})
		}
	}
}

func TestUnknownTextIsRefused(t *testing.T) {
	texts := []string{"", "unknown", "Unknown", "0", "1", "jane@example.com", "\x00", "é"}
	for _, v := range vocabularies() {
		first := v.entries[0].code
		for _, text := range append(texts, " "+first, first+" ", strings.ToUpper(first), first+"\x00", first[:len(first)-1]) {
			t.Run(fmt.Sprintf("%s/%q", v.typ, text), func(t *testing.T) {
				parsed, err := v.parse(text)
				if !errors.Is(err, ErrInvalid) || parsed.value != 0 {
					t.Fatalf("parses as %d, %v", parsed.value, err)
				}
				for _, e := range v.entries {
					if !strings.Contains(err.Error(), e.code) {
						t.Errorf("error does not name %s: %v", e.code, err)
					}
				}
				if strings.Contains(err.Error(), "jane") {
					t.Errorf("error quotes the text: %v", err)
				}
				decoded, err := v.decode([]byte(text))
				if !errors.Is(err, ErrInvalid) || decoded.value != 1 {
					t.Errorf("unmarshals as %d, %v; want the variable unchanged", decoded.value, err)
				}
			})
		}
	}
}

func TestIterationStopsEarly(t *testing.T) {
	for r := range Roles() {
		if r != RoleController {
			t.Fatalf("yielded %v after break", r)
		}
		break
	}
}

// The source is the judge of what constants exist: reading the tables alone
// would not notice a constant that is missing from them.
func TestNoConstantIsMissingFromItsTable(t *testing.T) {
	types, constants := declaredCodes(t)
	var covered []string
	for _, v := range vocabularies() {
		covered = append(covered, v.typ)
		names := constants[v.typ]
		if len(names) != len(v.entries) {
			t.Errorf("%s has %d constants (%s) but %d rows", v.typ, len(names), strings.Join(names, ", "), len(v.entries))
		}
	}
	slices.Sort(covered)
	slices.Sort(types)
	if !slices.Equal(covered, types) {
		t.Errorf("code types are %v, but %v are tested", types, covered)
	}
}

// declaredCodes reads the package's source: the types that have a codeTable,
// and the names of the constants of each type.
func declaredCodes(t *testing.T) (types []string, constants map[string][]string) {
	t.Helper()
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	constants = map[string][]string{}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, source, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, declaration := range file.Decls {
			general, ok := declaration.(*ast.GenDecl)
			if !ok {
				continue
			}
			switch general.Tok {
			case token.CONST:
				collectConstants(general, constants)
			case token.VAR:
				types = append(types, tableTypes(general)...)
			}
		}
	}
	return types, constants
}

func collectConstants(block *ast.GenDecl, constants map[string][]string) {
	typ := ""
	for _, spec := range block.Specs {
		value := spec.(*ast.ValueSpec)
		if len(value.Values) > 0 || value.Type != nil {
			typ = ""
		}
		if name, ok := value.Type.(*ast.Ident); ok {
			typ = name.Name
		}
		for _, name := range value.Names {
			if name.Name != "_" {
				constants[typ] = append(constants[typ], name.Name)
			}
		}
	}
}

// tableTypes returns T of every "var x = codeTable[T]{...}".
func tableTypes(block *ast.GenDecl) []string {
	var types []string
	for _, spec := range block.Specs {
		for _, value := range spec.(*ast.ValueSpec).Values {
			literal, ok := value.(*ast.CompositeLit)
			if !ok {
				continue
			}
			index, ok := literal.Type.(*ast.IndexExpr)
			if !ok {
				continue
			}
			if name, ok := index.X.(*ast.Ident); ok && name.Name == "codeTable" {
				types = append(types, index.Index.(*ast.Ident).Name)
			}
		}
	}
	return types
}

// A row without a code would be a hole: a constant that is valid but unwritable.
func TestTablesHaveNoHoles(t *testing.T) {
	for _, v := range vocabularies() {
		for _, e := range v.entries {
			if e.code == "" {
				t.Errorf("%s %d has no row", v.typ, e.value)
			}
		}
	}
}

func FuzzParseCodes(f *testing.F) {
	for _, v := range vocabularies() {
		for _, e := range v.entries {
			f.Add(e.code)
		}
	}
	for _, text := range []string{"", "unknown", "Consent", "consent ", `["backup","redaction"]`, `["backup",null]`, "null", "[]"} {
		f.Add(text)
	}
	all := vocabularies()
	f.Fuzz(func(t *testing.T, text string) {
		for _, v := range all {
			parsed, err := v.parse(text)
			switch {
			case err == nil && (!parsed.valid || parsed.code != text):
				t.Errorf("%s: %q parses as %+v", v.typ, text, parsed)
			case err != nil && (!errors.Is(err, ErrInvalid) || parsed.value != 0):
				t.Errorf("%s: %q fails with %v and %+v", v.typ, text, err, parsed)
			}
		}
		fuzzMeasureSet(t, text)
	})
}

func fuzzMeasureSet(t *testing.T, text string) {
	var s MeasureSet
	if err := s.UnmarshalJSON([]byte(text)); err != nil {
		if !errors.Is(err, ErrInvalid) || s != 0 {
			t.Errorf("%q fails with %v and %v", text, err, s)
		}
		return
	}
	encoded, err := s.MarshalJSON()
	if err != nil {
		t.Fatalf("%q decodes as %v, which does not encode: %v", text, s, err)
	}
	var again MeasureSet
	if err := again.UnmarshalJSON(encoded); err != nil || again != s {
		t.Errorf("%s decodes as %v, %v; want %v", encoded, again, err, s)
	}
}

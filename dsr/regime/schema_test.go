package regime_test

import (
	"encoding"
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestJSONSchema keeps regime.schema.json in step with the types.
func TestJSONSchema(t *testing.T) {
	schema := object(reflect.TypeFor[regime.Regime]())
	schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	schema["title"] = "A version of a regime on requests of data subjects"
	want, err := json.MarshalIndent(schema, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, '\n')
	if *update {
		if err := os.WriteFile("regime.schema.json", want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(regime.JSONSchema()) != string(want) {
		t.Error("regime.schema.json is stale; run the test with -update")
	}
}

func enumerations() map[reflect.Type][]string {
	return map[reflect.Type][]string{
		reflect.TypeFor[regime.Request]():      codes(regime.Requests()),
		reflect.TypeFor[regime.Blocker]():      codes(regime.Blockers()),
		reflect.TypeFor[regime.NoticeKind]():   codes(regime.NoticeKinds()),
		reflect.TypeFor[regime.Effect]():       {"none", "suspend", "restart"},
		reflect.TypeFor[regime.Expiry]():       {"overdue", "deemed_refusal", "may_deny_unverified"},
		reflect.TypeFor[regime.RolloverRule](): {"always", "by_default", "on_request"},
		reflect.TypeFor[regime.Counting]():     {"difference", "inclusive"},
		reflect.TypeFor[regime.Verification](): {"on_doubt", "always", "not_needed", "forbidden"},
		reflect.TypeFor[regime.Level]():        {"none", "reasonable", "reasonably_high"},
		reflect.TypeFor[regime.Confidence]():   {"high", "medium", "low"},
		reflect.TypeFor[regime.Risk]():         {"unlikely", "risk", "high"},
		reflect.TypeFor[regime.Applies]():      {"no", "yes", "absolute", "conditional", "partial"},
		reflect.TypeFor[regime.Outcome](): {
			"comply", "erase", "refuse", "refuse_or_fee", "balance",
			"restrict_until_expiry_and_erase_rest", "treat_request_as_withdrawal_query",
		},
		reflect.TypeFor[privacy.LegalBasis](): textCodes(privacy.LegalBases()),
		reflect.TypeFor[privacy.Right]():      textCodes(privacy.Rights()),
	}
}

func codes[S ~string](values []S) []string {
	list := make([]string, len(values))
	for i, value := range values {
		list[i] = string(value)
	}
	return list
}

func textCodes[C interface{ String() string }](values func(func(C) bool)) []string {
	var list []string
	for value := range values {
		list = append(list, value.String())
	}
	return list
}

func schemaOf(typ reflect.Type) map[string]any {
	if list, ok := enumerations()[typ]; ok {
		return map[string]any{"enum": list}
	}
	if typ == reflect.TypeFor[privacy.Date]() {
		return map[string]any{"type": "string", "format": "date"}
	}
	if reflect.PointerTo(typ).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
		return map[string]any{"type": "string"}
	}
	switch typ.Kind() {
	case reflect.Pointer:
		return schemaOf(typ.Elem())
	case reflect.Slice:
		return map[string]any{"type": "array", "items": schemaOf(typ.Elem())}
	case reflect.Struct:
		return object(typ)
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Int:
		return map[string]any{"type": "integer"}
	default:
		return map[string]any{"type": "string"}
	}
}

func object(typ reflect.Type) map[string]any {
	properties := map[string]any{}
	required := []string{}
	addFields(typ, properties, &required)
	return map[string]any{
		"type": "object", "properties": properties, "required": required, "additionalProperties": false,
	}
}

func addFields(typ reflect.Type, properties map[string]any, required *[]string) {
	for field := range typ.Fields() {
		if field.Anonymous {
			addFields(field.Type, properties, required)
			continue
		}
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		properties[name] = schemaOf(field.Type)
		if !strings.Contains(options, "omit") {
			*required = append(*required, name)
		}
	}
}

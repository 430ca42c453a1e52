package dsrtest

import (
	"encoding"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// emptyFields returns the paths of the exported fields under v that are empty.
func emptyFields(path string, v reflect.Value) []string {
	if v.IsZero() {
		return []string{path}
	}
	if _, leaf := reflect.TypeAssert[encoding.TextMarshaler](v); leaf {
		return nil
	}
	var empty []string
	switch v.Kind() {
	case reflect.Pointer:
		return emptyFields(path, v.Elem())
	case reflect.Slice:
		if v.Len() == 0 {
			return []string{path}
		}
		for i := range v.Len() {
			empty = append(empty, emptyFields(fmt.Sprintf("%s[%d]", path, i), v.Index(i))...)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if field := v.Type().Field(i); field.IsExported() {
				empty = append(empty, emptyFields(path+"."+field.Name, v.Field(i))...)
			}
		}
	default:
	}
	return empty
}

// The clauses would not see a field get lost that their cases leave empty.
func TestTheFullCaseLeavesNoFieldEmpty(t *testing.T) {
	full := fullCase("t", "c", epoch)
	if empty := emptyFields("case", reflect.ValueOf(full)); len(empty) > 0 {
		t.Errorf("empty: %s", strings.Join(empty, ", "))
	}
	full.SplitFrom, full.Items[0].Followups.ComplaintOverdue, full.Items[0].Tasks[0].Spared[0].Key = "", false, ""
	full.Items[0].Extension = nil
	want := "case.SplitFrom, case.Items[0].Extension, case.Items[0].Followups.ComplaintOverdue, case.Items[0].Tasks[0].Spared[0].Key"
	if got := strings.Join(emptyFields("case", reflect.ValueOf(full)), ", "); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

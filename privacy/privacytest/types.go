package privacytest

import (
	"reflect"
	"testing"

	"github.com/labelop/privacykit/privacy"
)

// The codes of the Problems that CheckTagged finds, beside
// privacy.ProblemUnknownReference for a category that is not declared.
const (
	// ProblemNoType reports a value that is no struct and no pointer to one, or
	// that there was none.
	ProblemNoType = "no_type"
	// ProblemTag reports a privacy tag that cannot be used.
	ProblemTag = "tag"
	// ProblemUntagged reports an exported field that no tag covers.
	ProblemUntagged = "untagged"
	// ProblemRole reports a field whose category is held in another role than
	// its type says.
	ProblemRole = "role"
)

// RequireTagged fails the test at once, naming every problem, unless CheckTagged
// finds none.
func RequireTagged(t testing.TB, register *privacy.Register, values ...any) {
	t.Helper()
	if err := CheckTagged(register, values...); err != nil {
		t.Fatalf("types and register disagree: %v", err)
	}
}

// CheckTagged checks the types of values, which are structs or pointers to them
// and may be zero or nil, and all types within. Every exported field must be
// covered by a privacy tag, name a declared category, and agree with its type on
// the role: data that a type holds as processor belongs to categories held as
// processor, any other data to the others (Art. 28). The error is
// privacy.Problems; each path is that of a Go field.
func CheckTagged(register *privacy.Register, values ...any) error {
	var problems privacy.Problems
	if len(values) == 0 {
		problems.Add("", ProblemNoType, "there is no type to check")
	}
	for _, value := range values {
		checkType(&problems, register, reflect.TypeOf(value))
	}
	return problems.Err()
}

func checkType(problems *privacy.Problems, register *privacy.Register, typ reflect.Type) {
	for typ != nil && typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	if typ == nil || typ.Kind() != reflect.Struct {
		problems.Add("", ProblemNoType, "want a struct or a pointer to one, got %v", typ)
		return
	}
	info, err := privacy.TypeInfoOf(typ)
	if err != nil {
		problems.Add(typ.String(), ProblemTag, "%v", err)
		return
	}
	for field := range info.Fields() {
		checkField(problems, register, typ.String()+"."+field.Path, field)
	}
}

func checkField(problems *privacy.Problems, register *privacy.Register, path string, field privacy.FieldInfo) {
	if field.None {
		return
	}
	if !field.Tagged() {
		problems.Add(path, ProblemUntagged, `tag the field with its category, or with "-" if it holds no personal data`)
		return
	}
	category, ok := register.Category(field.Category)
	if !ok {
		problems.Add(path, privacy.ProblemUnknownReference, "no category %q is declared", field.Category)
		return
	}
	isProcessor := func(role privacy.Role) bool { return role == privacy.RoleProcessor }
	if field.Role.Valid() && isProcessor(field.Role) != isProcessor(category.Role) {
		problems.Add(path, ProblemRole, "the type is held as %s, category %q as %s", field.Role, field.Category, category.Role)
	}
}

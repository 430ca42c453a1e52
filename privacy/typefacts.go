package privacy

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
)

// typeFacts is what the tags of one Go type say about that type alone.
type typeFacts struct {
	// tagged says that a struct with privacy tags is reachable from the type,
	// through unexported fields too: its values need a Redactor.
	tagged bool
	// visible is tagged without unexported fields: its values can be walked.
	visible bool
	// dynamic says that an interface is reachable, so that only a value tells
	// whether there is something tagged in it.
	dynamic bool

	// The rest is for struct types.
	role   Role
	fields []structField
	errs   []error
	info   func() (*TypeInfo, error)
}

// structField is an exported field, or an embedded struct whose exported fields
// are promoted.
type structField struct {
	index    int
	name     string // in Go
	jsonName string
	jsonSkip bool // encoding/json ignores the field
	embedded bool
	exported bool // else it is an embedded struct with promoted fields
	tagged   bool
	tag      Tag
	typ      reflect.Type
}

// factsCache maps reflect.Type to *typeFacts. Types never change and a program
// has a bounded number of them, so it holds no state, as in encoding/json.
var factsCache sync.Map

func factsOf(t reflect.Type) *typeFacts {
	if known, ok := factsCache.Load(t); ok {
		return known.(*typeFacts)
	}
	known, _ := factsCache.LoadOrStore(t, newTypeFacts(t))
	return known.(*typeFacts)
}

func newTypeFacts(t reflect.Type) *typeFacts {
	facts := &typeFacts{}
	all := reach{seen: map[reflect.Type]bool{}, unexported: true}
	all.visit(t)
	visible := reach{seen: map[reflect.Type]bool{}}
	visible.visit(t)
	facts.tagged, facts.dynamic, facts.visible = all.tagged, all.dynamic, visible.tagged
	if t.Kind() != reflect.Struct {
		return facts
	}
	for i := range t.NumField() {
		facts.addField(t, i)
	}
	facts.info = sync.OnceValues(func() (*TypeInfo, error) { return describe(t) })
	return facts
}

func (f *typeFacts) addField(t reflect.Type, index int) {
	source := t.Field(index)
	field := structField{
		index:    index,
		name:     source.Name,
		embedded: isPromoting(source),
		exported: source.IsExported(),
		typ:      source.Type,
	}
	if text, ok := source.Tag.Lookup(TagKey); ok {
		var err error
		if field.tag, err = ParseTag(text); err == nil {
			err = checkTagPlace(source, field.tag)
		}
		if err != nil {
			f.errs = append(f.errs, &TagError{Type: t, Field: source.Name, Err: err})
			return
		}
		field.tagged = true
	}
	if field.tag.Role != 0 {
		f.setRole(t, field.tag.Role)
		return
	}
	if !field.exported && !field.embedded {
		return
	}
	name, _, _ := strings.Cut(source.Tag.Get("json"), ",")
	field.jsonSkip = source.Tag.Get("json") == "-"
	field.jsonName = name
	if name == "" {
		field.jsonName = source.Name
	}
	f.fields = append(f.fields, field)
}

func (f *typeFacts) setRole(t reflect.Type, role Role) {
	if f.role != 0 {
		err := fmt.Errorf("a second role: %w", ErrInvalid)
		f.errs = append(f.errs, &TagError{Type: t, Field: "_", Err: err})
	}
	f.role = role
}

// checkTagPlace reports a tag that cannot stand on this field.
func checkTagPlace(field reflect.StructField, tag Tag) error {
	switch {
	case field.Name == "_" && tag.Role == 0:
		return fmt.Errorf("a blank field carries a role only: %w", ErrInvalid)
	case field.Name != "_" && tag.Role != 0:
		return fmt.Errorf("only a blank field carries a role: %w", ErrInvalid)
	case field.Name != "_" && !field.IsExported() && !isPromoting(field):
		return fmt.Errorf("an unexported field can be neither exported nor erased: %w", ErrInvalid)
	case tag.Subject && !isSubjectKeyType(field.Type):
		return fmt.Errorf("a subject key must be text, an integer or an encoding.TextMarshaler: %w", ErrInvalid)
	}
	return nil
}

// isPromoting reports whether field embeds a struct or a pointer to one.
func isPromoting(field reflect.StructField) bool {
	return field.Anonymous && structOf(field.Type).Kind() == reflect.Struct
}

// reach searches the types that values of a type are made of.
type reach struct {
	unexported bool // follow unexported fields
	seen       map[reflect.Type]bool
	tagged     bool
	dynamic    bool
}

func (r *reach) visit(t reflect.Type) {
	if r.seen[t] {
		return
	}
	r.seen[t] = true
	switch t.Kind() {
	case reflect.Interface:
		r.dynamic = true
	case reflect.Pointer, reflect.Slice, reflect.Array:
		r.visit(t.Elem())
	case reflect.Map:
		r.visit(t.Key())
		r.visit(t.Elem())
	case reflect.Struct:
		for field := range t.Fields() {
			r.field(field)
		}
	}
}

func (r *reach) field(field reflect.StructField) {
	if _, ok := field.Tag.Lookup(TagKey); ok {
		r.tagged = true
	}
	if r.unexported || field.IsExported() || isPromoting(field) {
		r.visit(field.Type)
	}
}

// coverage is the tag that holds at some place in a value.
type coverage struct {
	kind     coverKind
	category CategoryID
}

type coverKind uint8

const (
	coverOutside  coverKind = iota // no tagged type around
	coverUntagged                  // in a tagged type, under no tag
	coverNone                      // under "-"
	coverCategory                  // under a category
)

// inside returns what holds in a struct for its fields without tags.
func (c coverage) inside(facts *typeFacts) coverage {
	if c.kind == coverOutside && facts.tagged {
		return coverage{kind: coverUntagged}
	}
	return c
}

// of returns what holds in a field of a struct where c holds.
func (c coverage) of(field structField) coverage {
	switch {
	case !field.tagged:
		return c
	case field.tag.None:
		return coverage{kind: coverNone}
	}
	return coverage{kind: coverCategory, category: field.tag.Category}
}

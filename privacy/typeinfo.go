package privacy

import (
	"encoding"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"strconv"
)

// TypeInfo is what the struct tags of a Go type say. It is immutable, computed
// once per type and safe for concurrent use.
type TypeInfo struct {
	typ     reflect.Type
	role    Role
	fields  []FieldInfo
	subject *FieldInfo
}

// FieldInfo describes one leaf below a struct type: an exported field, or what
// lies in it, down to where no further tags are. Unexported fields are no
// leaves, because nothing outside their package can export or erase them.
type FieldInfo struct {
	// Path leads to the leaf in Go names: "Owner.Email", "Members[*].Email" for
	// the elements of a slice, array or map, "Members[key]" for a map's keys.
	Path string
	// Index leads to the leaf for reflect.Value.FieldByIndexErr; nil if it lies
	// in a slice, array or map. It must not be modified.
	Index []int
	// Type is the Go type of the leaf.
	Type reflect.Type
	// Category is the category of the leaf, from its own tag or the nearest tag
	// around it.
	Category CategoryID
	// None says that the leaf is declared to hold no personal data.
	None bool
	// Subject marks a leaf that holds the identifier of a data subject.
	Subject bool
	// Role is the role stated by the innermost struct type around the leaf that
	// states one, the zero Role if none does.
	Role Role
}

// Tagged reports whether a tag covers the leaf. What no tag covers is an
// oversight: a Redactor hides it, Walk does not visit it, and
// privacytest.RequireTagged fails on it.
func (f FieldInfo) Tagged() bool { return f.None || f.Category != "" }

// TypeOf is TypeInfoOf for the type T.
func TypeOf[T any]() (*TypeInfo, error) { return TypeInfoOf(reflect.TypeFor[T]()) }

// TypeInfoOf returns what the tags of t say, which is a struct or a pointer to
// one. The error matches ErrInvalid; it joins a *TagError for every bad tag of t
// and of the types within it.
func TypeInfoOf(t reflect.Type) (*TypeInfo, error) {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == nil || t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("type information of %v, want a struct: %w", t, ErrInvalid)
	}
	return factsOf(t).info()
}

// Type returns the struct type.
func (t *TypeInfo) Type() reflect.Type { return t.typ }

// Role returns the role the type's blank field states, the zero Role if none.
func (t *TypeInfo) Role() Role { return t.role }

// Fields yields every leaf in the order of declaration, those of nested types in
// the place of their field. A type within itself is listed once.
func (t *TypeInfo) Fields() iter.Seq[FieldInfo] { return slices.Values(t.fields) }

// Categories returns the distinct categories of the leaves in ascending order.
func (t *TypeInfo) Categories() []CategoryID {
	var ids []CategoryID
	for _, field := range t.fields {
		if field.Category != "" {
			ids = append(ids, field.Category)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// SubjectKey returns the field with the option subject, of the type itself or of
// a struct embedded in it. There is at most one.
func (t *TypeInfo) SubjectKey() (FieldInfo, bool) {
	if t.subject == nil {
		return FieldInfo{}, false
	}
	return *t.subject, true
}

// Subject returns the identifier in the subject key of v, which is a value of
// this type or a pointer to one: text as it is, integers in decimal, and
// whatever implements encoding.TextMarshaler, such as a UUID, as its text.
// Without a subject key the error matches ErrNotFound. It matches ErrInvalid if
// v is of another type or nil, or if the key is no legal identifier.
func (t *TypeInfo) Subject(v any) (SubjectID, error) {
	value := reflect.ValueOf(v)
	for value.Kind() == reflect.Pointer {
		value = value.Elem()
	}
	if !value.IsValid() || value.Type() != t.typ {
		return "", fmt.Errorf("subject of a value that is no %v: %w", t.typ, ErrInvalid)
	}
	if t.subject == nil {
		return "", fmt.Errorf("type %v has no subject key: %w", t.typ, ErrNotFound)
	}
	key, err := value.FieldByIndexErr(t.subject.Index)
	if err != nil {
		return "", fmt.Errorf("subject key of %v is behind a nil pointer: %w", t.typ, ErrInvalid)
	}
	text, err := scalarText(key)
	if err != nil {
		return "", fmt.Errorf("subject key of %v has no text form: %w", t.typ, ErrInvalid)
	}
	if err := CheckID("subject", text); err != nil {
		return "", err
	}
	return SubjectID(text), nil
}

var textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()

// isSubjectKeyType reports whether scalarText handles values of t.
func isSubjectKeyType(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.String,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return true
	}
	return t.Implements(textMarshaler)
}

// scalarText returns text as it is, integers in decimal and what implements
// encoding.TextMarshaler as it marshals itself. A nil pointer may panic in that,
// so it is refused beforehand.
func scalarText(v reflect.Value) (string, error) {
	if v.Kind() == reflect.Pointer && v.IsNil() {
		return "", ErrInvalid
	}
	if marshaler, ok := reflect.TypeAssert[encoding.TextMarshaler](v); ok {
		text, err := marshaler.MarshalText()
		return string(text), err
	}
	switch {
	case v.Kind() == reflect.String:
		return v.String(), nil
	case v.CanInt():
		return strconv.FormatInt(v.Int(), 10), nil
	case v.CanUint():
		return strconv.FormatUint(v.Uint(), 10), nil
	}
	return "", ErrInvalid
}

// describer collects the leaves of one TypeInfo.
type describer struct {
	info TypeInfo
	open map[reflect.Type]bool // struct types around the current place
	done map[reflect.Type]bool // struct types whose errors are collected
	errs []error
}

// place is where the describer stands.
type place struct {
	path    string
	index   []int
	indexed bool // index leads here
	outer   bool // in the described type or a struct embedded in it
	subject bool
	role    Role
	cover   coverage
}

func describe(t reflect.Type) (*TypeInfo, error) {
	d := describer{
		info: TypeInfo{typ: t, role: factsOf(t).role},
		open: map[reflect.Type]bool{},
		done: map[reflect.Type]bool{},
	}
	d.structure(t, place{indexed: true, outer: true})
	if err := errors.Join(d.errs...); err != nil {
		return nil, err
	}
	return &d.info, nil
}

func (d *describer) structure(t reflect.Type, at place) {
	if d.open[t] {
		return
	}
	d.open[t] = true
	defer delete(d.open, t)

	facts := factsOf(t)
	if !d.done[t] {
		d.done[t] = true
		d.errs = append(d.errs, facts.errs...)
	}
	if facts.role != 0 {
		at.role = facts.role
	}
	cover := at.cover.inside(facts)
	for _, field := range facts.fields {
		inner := place{
			path:    joinPath(at.path, field.name),
			index:   append(slices.Clip(at.index), field.index),
			indexed: at.indexed,
			outer:   at.outer && (field.embedded || field.tag.Subject),
			subject: field.tag.Subject,
			role:    at.role,
			cover:   cover.of(field),
		}
		if field.exported {
			d.visit(field.typ, inner)
		} else {
			d.structure(structOf(field.typ), inner)
		}
	}
}

// structOf returns the struct type that t is or points to.
func structOf(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

func (d *describer) visit(t reflect.Type, at place) {
	if !factsOf(t).visible {
		d.leaf(t, at)
		return
	}
	switch t.Kind() {
	case reflect.Struct:
		d.structure(t, at)
	case reflect.Pointer:
		at.indexed = at.indexed && t.Elem().Kind() == reflect.Struct
		d.visit(t.Elem(), at)
	case reflect.Slice, reflect.Array:
		d.visit(t.Elem(), at.element("[*]"))
	case reflect.Map:
		d.visit(t.Key(), at.element("[key]"))
		d.visit(t.Elem(), at.element("[*]"))
	}
}

func (p place) element(step string) place {
	p.path += step
	p.indexed = false
	return p
}

func (d *describer) leaf(t reflect.Type, at place) {
	leaf := FieldInfo{
		Path:     at.path,
		Type:     t,
		Category: at.cover.category,
		None:     at.cover.kind == coverNone,
		Subject:  at.subject,
		Role:     at.role,
	}
	if at.indexed {
		leaf.Index = at.index
	}
	d.info.fields = append(d.info.fields, leaf)
	if !at.subject || !at.outer {
		return
	}
	if d.info.subject != nil {
		err := fmt.Errorf("a second subject key: %w", ErrInvalid)
		d.errs = append(d.errs, &TagError{Type: d.info.typ, Field: at.path, Err: err})
	}
	d.info.subject = &leaf
}

func joinPath(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

package privacy

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strconv"
)

// Field is a leaf with personal data that Walk visits. It is valid until the
// visit ends.
type Field struct {
	// Path leads to the leaf in Go names: "Owner.Email", "Members[2].Email". The
	// entries of a map are numbered in the order of their keys, because a key may
	// be personal data; "Members[key 2]" is the key of the third.
	Path string
	// Category is the category of the leaf, from its own tag or the nearest tag
	// around it.
	Category CategoryID
	// Subject marks a leaf that holds the identifier of a data subject.
	Subject bool

	value  reflect.Value
	walker *walker
}

// Value returns what the leaf holds. It shares memory with it: a slice, map or
// pointer must not be modified.
func (f Field) Value() any { return f.value.Interface() }

// IsZero reports whether the leaf holds the zero value of its type.
func (f Field) IsZero() bool { return f.value.IsZero() }

// CanSet reports whether Set and Clear work: whether the walk began at a pointer
// or came through a pointer, a slice or a map. Keys of maps cannot be set.
func (f Field) CanSet() bool { return f.value.CanSet() }

// Set replaces what the leaf holds, for example by a pseudonym. The error
// matches ErrInvalid and is returned if the leaf cannot be set or v is not of a
// type that can be assigned to it.
func (f Field) Set(v any) error {
	value := reflect.ValueOf(v)
	if !f.CanSet() || !value.IsValid() || !value.Type().AssignableTo(f.value.Type()) {
		return fmt.Errorf("field %s cannot be set to this value: %w", f.Path, ErrInvalid)
	}
	f.value.Set(value)
	f.walker.changes++
	return nil
}

// Clear sets the leaf to the zero value of its type. The error matches
// ErrInvalid and is returned if the leaf cannot be set.
func (f Field) Clear() error {
	if !f.CanSet() {
		return fmt.Errorf("field %s cannot be set: %w", f.Path, ErrInvalid)
	}
	f.value.SetZero()
	f.walker.changes++
	return nil
}

// Walk calls visit for every leaf with personal data in v: for what a category
// covers, down to where no further tags are. It follows structs, pointers,
// slices, arrays, maps and interfaces, in the order of declaration, and skips
// unexported fields, nil pointers and what would lead in a circle. Leaves
// without a tag and those tagged "-" are not visited.
//
// It stops at the first error of visit and returns it as it is. An error that
// matches ErrInvalid reports tags that cannot be parsed, as *TagError, or a
// value nested too deeply.
func Walk(v any, visit func(Field) error) error {
	w := walker{visitor: visit, open: map[referent]bool{}}
	return w.visit(reflect.ValueOf(v), spot{})
}

// ExportedField is a leaf of personal data as a data subject gets it (Art. 15,
// Art. 20).
type ExportedField struct {
	// Path leads to the leaf, as Field.Path.
	Path string `json:"path"`
	// Category is the category of the leaf.
	Category CategoryID `json:"category"`
	// Value is what the leaf holds. It shares memory with the exported value.
	Value any `json:"value"`
}

// Export returns every leaf of v that lies within one of the categories, in the
// order of Walk. Empty leaves are included: they too say what is held. Without
// categories the error matches ErrInvalid; other errors are those of Walk.
func Export(v any, categories ...CategoryID) ([]ExportedField, error) {
	if len(categories) == 0 {
		return nil, fmt.Errorf("export of no category: %w", ErrInvalid)
	}
	fields := []ExportedField{}
	err := Walk(v, func(field Field) error {
		if field.Category.withinAny(categories) {
			fields = append(fields, ExportedField{Path: field.Path, Category: field.Category, Value: field.Value()})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return fields, nil
}

// Erase clears every leaf of *ptr that lies within one of the categories and
// returns how many held something. Afterwards Export finds only zero values
// there. It clears a subject key too, so read what the record is stored under
// before.
//
// If something within the categories cannot be cleared, such as the key of a
// map, Erase clears nothing and returns Problems, which match ErrInvalid; the
// host has to remove those entries itself. Without categories the error matches
// ErrInvalid; other errors are those of Walk.
func Erase(ptr any, categories ...CategoryID) (int, error) {
	if len(categories) == 0 {
		return 0, fmt.Errorf("erasure of no category: %w", ErrInvalid)
	}
	filled := func(field Field) bool { return !field.IsZero() && field.Category.withinAny(categories) }
	var problems Problems
	err := Walk(ptr, func(field Field) error {
		if filled(field) && !field.CanSet() {
			problems.Add(field.Path, ProblemNotErasable, "the field can not be set from here")
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	if err := problems.Err(); err != nil {
		return 0, err
	}
	erased := 0
	err = Walk(ptr, func(field Field) error {
		if !filled(field) {
			return nil
		}
		erased++
		return field.Clear()
	})
	return erased, err
}

// ProblemNotErasable reports a field that Erase has no way to clear.
const ProblemNotErasable = "not_erasable"

// withinAny reports whether id is one of the ancestors or lies within one.
func (id CategoryID) withinAny(ancestors []CategoryID) bool {
	return slices.ContainsFunc(ancestors, id.within)
}

// maxWalkDepth bounds the pointers, slices and maps around a leaf.
const maxWalkDepth = 1000

type walker struct {
	visitor func(Field) error
	open    map[referent]bool // what is around the current place
	changes int               // by Field.Set and Field.Clear
}

// referent identifies what a pointer, map or slice refers to.
type referent struct {
	typ     reflect.Type
	pointer uintptr
	length  int
}

// spot is where the walker stands.
type spot struct {
	path    string
	subject bool
	cover   coverage
}

func (s spot) element(step string, i int) spot {
	s.path += "[" + step + strconv.Itoa(i) + "]"
	return s
}

func (w *walker) visit(v reflect.Value, at spot) error {
	if !v.IsValid() {
		return nil
	}
	facts := factsOf(v.Type())
	covered := at.cover.kind == coverCategory
	switch {
	case facts.visible || !v.CanInterface():
		// What cannot be had as a whole is an embedded struct of an unexported
		// type; its exported fields can.
		return w.enter(v, at)
	case covered && !w.holdsTagged(v):
		return w.visitor(Field{Path: at.path, Category: at.cover.category, Subject: at.subject, value: v, walker: w})
	case facts.dynamic:
		return w.enter(v, at)
	}
	return nil
}

// enter visits what is in v, unless v is around the current place already.
func (w *walker) enter(v reflect.Value, at spot) error {
	ref, ok := w.referent(v)
	if !ok {
		return w.inside(v, at)
	}
	if w.open[ref] {
		return nil
	}
	if len(w.open) >= maxWalkDepth {
		return fmt.Errorf("value is nested more than %d deep: %w", maxWalkDepth, ErrInvalid)
	}
	w.open[ref] = true
	defer delete(w.open, ref)
	return w.inside(v, at)
}

func (w *walker) inside(v reflect.Value, at spot) error {
	switch v.Kind() {
	case reflect.Struct:
		return w.structure(v, at)
	case reflect.Pointer:
		return w.visit(v.Elem(), at)
	case reflect.Interface:
		return w.copied(v.Elem(), at, v.CanSet(), v.Set)
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			if err := w.visit(v.Index(i), at.element("", i)); err != nil {
				return err
			}
		}
	case reflect.Map:
		return w.mapping(v, at)
	}
	return nil
}

func (w *walker) structure(v reflect.Value, at spot) error {
	facts := factsOf(v.Type())
	if len(facts.errs) > 0 {
		_, err := facts.info()
		return err
	}
	cover := at.cover.inside(facts)
	for _, field := range facts.fields {
		inner := spot{path: joinPath(at.path, field.name), subject: field.tag.Subject, cover: cover.of(field)}
		if err := w.visit(v.Field(field.index), inner); err != nil {
			return err
		}
	}
	return nil
}

func (w *walker) mapping(v reflect.Value, at spot) error {
	if at.cover.kind == coverOutside && factsOf(v.Type()).visible {
		at.cover.kind = coverUntagged
	}
	for i, key := range sortedKeys(v) {
		if err := w.visit(key, at.element("key ", i)); err != nil {
			return err
		}
		store := func(value reflect.Value) { v.SetMapIndex(key, value) }
		if err := w.copied(v.MapIndex(key), at.element("", i), true, store); err != nil {
			return err
		}
	}
	return nil
}

// copied visits v, which lies in an interface or a map. If that can be set, it
// visits a copy and stores it when something in it was changed.
func (w *walker) copied(v reflect.Value, at spot, settable bool, store func(reflect.Value)) error {
	if !v.IsValid() || !settable {
		return w.visit(v, at)
	}
	fresh := reflect.New(v.Type()).Elem()
	fresh.Set(v)
	before := w.changes
	err := w.visit(fresh, at)
	if w.changes > before {
		store(fresh)
	}
	return err
}

// sortedKeys returns the keys of a map, in the order of their text where they
// have one.
func sortedKeys(v reflect.Value) []reflect.Value {
	type sortable struct {
		key  reflect.Value
		text string
	}
	keys := make([]sortable, 0, v.Len())
	for _, key := range v.MapKeys() {
		text, _ := scalarText(key)
		keys = append(keys, sortable{key, text})
	}
	slices.SortStableFunc(keys, func(a, b sortable) int { return cmp.Compare(a.text, b.text) })
	sorted := make([]reflect.Value, len(keys))
	for i := range keys {
		sorted[i] = keys[i].key
	}
	return sorted
}

// holdsTagged reports whether v is no leaf, because there are tags within, or
// because it leads in a circle or too deep to tell.
func (w *walker) holdsTagged(v reflect.Value) bool {
	if !v.IsValid() {
		return false
	}
	facts := factsOf(v.Type())
	if facts.visible || !facts.dynamic {
		return facts.visible
	}
	if ref, ok := w.referent(v); ok {
		if w.open[ref] || len(w.open) >= maxWalkDepth {
			return true
		}
		w.open[ref] = true
		defer delete(w.open, ref)
	}
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		return w.holdsTagged(v.Elem())
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			if w.holdsTagged(v.Index(i)) {
				return true
			}
		}
	case reflect.Map:
		for iter := v.MapRange(); iter.Next(); {
			if w.holdsTagged(iter.Key()) || w.holdsTagged(iter.Value()) {
				return true
			}
		}
	case reflect.Struct:
		return slices.ContainsFunc(facts.fields, func(field structField) bool {
			return w.holdsTagged(v.Field(field.index))
		})
	}
	return false
}

// referent returns what v refers to, if it is a kind that can lead in a circle.
func (w *walker) referent(v reflect.Value) (referent, bool) {
	ref := referent{typ: v.Type()}
	switch v.Kind() {
	case reflect.Slice:
		ref.length = v.Len()
	case reflect.Pointer, reflect.Map:
	default:
		return ref, false
	}
	ref.pointer = v.Pointer()
	return ref, ref.pointer != 0
}

package privacy

import (
	"log/slog"
	"reflect"
	"slices"
)

var slogValue = reflect.TypeFor[slog.Value]()

// The bounds of one redaction. What lies beyond prints as Redacted: as a tagged
// value if that is where it lies, or as an untagged one that could not be
// searched to the end.
const (
	maxPrintedDepth  = 64
	maxPrintedValues = 1 << 13
	maxSearchDepth   = 256
	maxSearchValues  = 1 << 17
)

// redaction is the redaction of one value.
type redaction struct {
	redactor *Redactor
	printed  int
	searched int
	harmless map[uintptr]reflect.Type // pointers that lead to nothing tagged
}

// beyondPrint counts a value to print and reports whether it is out of bounds.
func (r *redaction) beyondPrint(depth int) bool {
	r.printed++
	return depth > maxPrintedDepth || r.printed > maxPrintedValues
}

// beyondSearch counts a value to search and reports whether it is out of bounds.
func (r *redaction) beyondSearch(depth int) bool {
	r.searched++
	return depth > maxSearchDepth || r.searched > maxSearchValues
}

// logValue redacts a value of slog. It does not leave it to slog.Value.Resolve to
// call LogValue, because that would call the one of a tagged type too.
func (r *redaction) logValue(v slog.Value, depth int) slog.Value {
	if r.beyondPrint(depth) {
		return slog.StringValue(Redacted)
	}
	switch v.Kind() {
	case slog.KindLogValuer:
		if factsOf(reflect.TypeOf(v.Any())).tagged {
			return r.value(reflect.ValueOf(v.Any()), coverage{}, depth+1)
		}
		return r.logValue(v.LogValuer().LogValue(), depth+1)
	case slog.KindGroup:
		group := slices.Clone(v.Group())
		for i := range group {
			group[i].Value = r.logValue(group[i].Value, depth+1)
		}
		return slog.GroupValue(group...)
	case slog.KindAny:
		return r.value(reflect.ValueOf(v.Any()), coverage{}, depth+1)
	}
	return v
}

// value redacts v where c holds.
func (r *redaction) value(v reflect.Value, c coverage, depth int) slog.Value {
	if r.beyondPrint(depth) {
		return slog.StringValue(Redacted)
	}
	if !v.IsValid() {
		return slog.AnyValue(nil)
	}
	if !factsOf(v.Type()).tagged {
		if !r.redactor.allows(c) {
			return slog.StringValue(Redacted)
		}
		if v.CanInterface() && !r.holdsTagged(v, 0) {
			return r.leaf(v, depth)
		}
		if cause, ok := r.taggedCause(v, 0); ok {
			return r.value(cause, c, depth+1)
		}
	}
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		if v.IsNil() {
			return slog.AnyValue(nil)
		}
		return r.value(v.Elem(), c, depth+1)
	case reflect.Struct:
		return r.structure(v, c, depth)
	case reflect.Slice, reflect.Array:
		return r.list(v, c, depth)
	case reflect.Map:
		return r.mapping(v, c, depth)
	}
	return slog.StringValue(Redacted)
}

// leaf passes v on. As a slog.Value it may turn out to be a LogValuer or a
// group, which can hold anything.
func (r *redaction) leaf(v reflect.Value, depth int) slog.Value {
	value := slog.AnyValue(v.Interface())
	if value.Kind() == slog.KindAny {
		return value
	}
	return r.logValue(value, depth+1)
}

func (r *redaction) structure(v reflect.Value, c coverage, depth int) slog.Value {
	facts := factsOf(v.Type())
	if len(facts.errs) > 0 || len(facts.fields) == 0 {
		return slog.StringValue(Redacted)
	}
	cover := c.inside(facts)
	attrs := make([]slog.Attr, 0, len(facts.fields))
	for _, field := range facts.fields {
		if field.jsonSkip {
			continue
		}
		inner := r.value(v.Field(field.index), cover.of(field), depth+1)
		attrs = append(attrs, slog.Attr{Key: field.jsonName, Value: inner})
	}
	return slog.GroupValue(attrs...)
}

func (r *redaction) list(v reflect.Value, c coverage, depth int) slog.Value {
	items := make([]any, v.Len())
	for i := range items {
		items[i] = plainValue(r.value(v.Index(i), c, depth+1))
	}
	return slog.AnyValue(items)
}

// mapping redacts a map. Unless all keys may be printed, it prints as the list
// of its values.
func (r *redaction) mapping(v reflect.Value, c coverage, depth int) slog.Value {
	if c.kind == coverOutside && factsOf(v.Type()).tagged {
		c.kind = coverUntagged
	}
	keysShown := true
	byKey := make(map[string]any, v.Len())
	values := make([]any, 0, v.Len())
	for iter := v.MapRange(); iter.Next(); {
		value := plainValue(r.value(iter.Value(), c, depth+1))
		values = append(values, value)
		key, ok := r.key(iter.Key(), c)
		byKey[key] = value
		keysShown = keysShown && ok
	}
	if keysShown {
		return slog.AnyValue(byKey)
	}
	return slog.AnyValue(values)
}

// key returns a map key as text if it may be printed.
func (r *redaction) key(v reflect.Value, c coverage) (string, bool) {
	if v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	if !v.IsValid() || !r.redactor.allows(c) || r.holdsTagged(v, 0) {
		return "", false
	}
	text, err := scalarText(v)
	return text, err == nil
}

// plainValue returns v in a form that handlers print within a slice or a map.
func plainValue(v slog.Value) any {
	if v.Kind() != slog.KindGroup {
		return v.Any()
	}
	object := make(map[string]any, len(v.Group()))
	for _, attr := range v.Group() {
		object[attr.Key] = plainValue(attr.Value)
	}
	return object
}

// holdsTagged reports whether a handler that prints v might print a value of a
// tagged type with it: by JSON, which follows exported fields, by package fmt,
// which prints unexported ones but follows no pointers there, or by the text of
// an error, which is likely to quote the errors it wraps. What exceeds the bounds
// is taken to hold one.
func (r *redaction) holdsTagged(v reflect.Value, depth int) bool {
	if !v.IsValid() {
		return false
	}
	facts := factsOf(v.Type())
	if facts.tagged || !facts.dynamic {
		return facts.tagged
	}
	if r.beyondSearch(depth) {
		return true
	}
	switch v.Kind() {
	case reflect.Interface:
		return r.holdsTagged(v.Elem(), depth+1)
	case reflect.Pointer:
		return r.pointerHoldsTagged(v, depth)
	}
	return r.contentHoldsTagged(v, depth) || r.wrapsTagged(v, depth)
}

func (r *redaction) pointerHoldsTagged(v reflect.Value, depth int) bool {
	if !v.CanInterface() || r.harmless[v.Pointer()] == v.Type() {
		return false
	}
	if r.holdsTagged(v.Elem(), depth+1) || r.wrapsTagged(v, depth) {
		return true
	}
	if r.harmless == nil {
		r.harmless = map[uintptr]reflect.Type{}
	}
	r.harmless[v.Pointer()] = v.Type()
	return false
}

// contentHoldsTagged is holdsTagged for what lies in v. Maps behind unexported
// fields are not read, because their owner may be writing to them; they are taken
// to hold something.
func (r *redaction) contentHoldsTagged(v reflect.Value, depth int) bool {
	if v.Type() == slogValue && v.CanInterface() {
		return r.holdsTagged(reflect.ValueOf(v.Interface().(slog.Value).Any()), depth+1)
	}
	switch v.Kind() {
	case reflect.Struct:
		for _, field := range v.Fields() {
			if r.holdsTagged(field, depth+1) {
				return true
			}
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			if r.holdsTagged(v.Index(i), depth+1) {
				return true
			}
		}
	case reflect.Map:
		if !v.CanInterface() {
			return v.Len() > 0
		}
		for iter := v.MapRange(); iter.Next(); {
			if r.holdsTagged(iter.Key(), depth+1) || r.holdsTagged(iter.Value(), depth+1) {
				return true
			}
		}
	}
	return false
}

// wrapsTagged is holdsTagged for the errors that v wraps.
func (r *redaction) wrapsTagged(v reflect.Value, depth int) bool {
	return slices.ContainsFunc(wrappedErrors(v), func(err error) bool {
		return r.holdsTagged(reflect.ValueOf(err), depth+1)
	})
}

// taggedCause returns the error that v wraps, at any depth, and that has to be
// redacted for what it is or holds itself.
func (r *redaction) taggedCause(v reflect.Value, depth int) (reflect.Value, bool) {
	if r.beyondSearch(depth) {
		return reflect.ValueOf(Redacted), true
	}
	for _, err := range wrappedErrors(v) {
		inner := reflect.ValueOf(err)
		if !r.holdsTagged(inner, depth+1) {
			continue
		}
		if factsOf(inner.Type()).tagged {
			return inner, true
		}
		if cause, ok := r.taggedCause(inner, depth+1); ok {
			return cause, true
		}
		return inner, true
	}
	return reflect.Value{}, false
}

// wrappedErrors returns the errors that v wraps directly, as package errors sees
// them.
func wrappedErrors(v reflect.Value) []error {
	if !v.CanInterface() {
		return nil
	}
	switch err := v.Interface().(type) {
	case interface{ Unwrap() error }:
		return []error{err.Unwrap()}
	case interface{ Unwrap() []error }:
		return err.Unwrap()
	}
	return nil
}

package privacy

import (
	"log/slog"
	"reflect"
	"slices"
)

var slogValue = reflect.TypeFor[slog.Value]()

// The bounds of one redaction. What lies beyond prints as Redacted.
const (
	maxRedactionDepth = 64
	maxRedactionNodes = 1 << 16
)

// redaction is the redaction of one value.
type redaction struct {
	redactor *Redactor
	nodes    int
}

// spend counts a visited value and reports whether the bounds are exceeded.
func (r *redaction) spend(depth int) bool {
	r.nodes++
	return depth > maxRedactionDepth || r.nodes > maxRedactionNodes
}

// logValue redacts a value of slog. It does not leave it to slog.Value.Resolve to
// call LogValue, because that would call the one of a tagged type too.
func (r *redaction) logValue(v slog.Value, depth int) slog.Value {
	if r.spend(depth) {
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
	if r.spend(depth) {
		return slog.StringValue(Redacted)
	}
	if !v.IsValid() {
		return slog.AnyValue(nil)
	}
	if !factsOf(v.Type()).tagged {
		if !r.redactor.allows(c) {
			return slog.StringValue(Redacted)
		}
		if cause, ok := r.taggedCause(v, depth); ok {
			return r.value(cause, c, depth+1)
		}
		if v.CanInterface() && !r.holdsTagged(v, depth) {
			return r.leaf(v, depth)
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
	if value.Kind() == slog.KindAny && v.Type() != slogValue {
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
		key, ok := r.key(iter.Key(), c, depth)
		byKey[key] = value
		keysShown = keysShown && ok
	}
	if keysShown {
		return slog.AnyValue(byKey)
	}
	return slog.AnyValue(values)
}

// key returns a map key as text if it may be printed.
func (r *redaction) key(v reflect.Value, c coverage, depth int) (string, bool) {
	if v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	if !v.IsValid() || !r.redactor.allows(c) || r.holdsTagged(v, depth) {
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
// tagged type with it: by JSON, which follows exported fields, or by package
// fmt, which prints unexported ones but follows no pointers there. Maps behind
// unexported fields are not read, because their owner may be writing to them;
// they are taken to hold something. So is what exceeds the bounds.
func (r *redaction) holdsTagged(v reflect.Value, depth int) bool {
	if !v.IsValid() {
		return false
	}
	facts := factsOf(v.Type())
	if facts.tagged || !facts.dynamic {
		return facts.tagged
	}
	if r.spend(depth) {
		return true
	}
	if v.Type() == slogValue && v.CanInterface() {
		v = reflect.ValueOf(v.Interface().(slog.Value).Any())
		return r.holdsTagged(v, depth+1)
	}
	switch v.Kind() {
	case reflect.Interface:
		return r.holdsTagged(v.Elem(), depth+1)
	case reflect.Pointer:
		return v.CanInterface() && r.holdsTagged(v.Elem(), depth+1)
	case reflect.Struct:
		for i := range v.NumField() {
			if r.holdsTagged(v.Field(i), depth+1) {
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
		return r.mapHoldsTagged(v, depth)
	}
	return false
}

func (r *redaction) mapHoldsTagged(v reflect.Value, depth int) bool {
	if !v.CanInterface() {
		return v.Len() > 0
	}
	for iter := v.MapRange(); iter.Next(); {
		if r.holdsTagged(iter.Key(), depth+1) || r.holdsTagged(iter.Value(), depth+1) {
			return true
		}
	}
	return false
}

// taggedCause returns the first error wrapped by v that has to be redacted:
// the text of v is likely to quote it.
func (r *redaction) taggedCause(v reflect.Value, depth int) (reflect.Value, bool) {
	if !v.CanInterface() {
		return reflect.Value{}, false
	}
	var causes []error
	switch err := v.Interface().(type) {
	case interface{ Unwrap() error }:
		causes = []error{err.Unwrap()}
	case interface{ Unwrap() []error }:
		causes = err.Unwrap()
	}
	for _, cause := range causes {
		if r.spend(depth) {
			return reflect.ValueOf(Redacted), true
		}
		if found, ok := r.firstTagged(cause, depth+1); ok {
			return found, true
		}
	}
	return reflect.Value{}, false
}

// firstTagged returns err if it is of a tagged type, else the first error it
// wraps that has to be redacted, else err if it has to be for what it holds.
func (r *redaction) firstTagged(err error, depth int) (reflect.Value, bool) {
	if err == nil {
		return reflect.Value{}, false
	}
	v := reflect.ValueOf(err)
	if factsOf(v.Type()).tagged {
		return v, true
	}
	if cause, ok := r.taggedCause(v, depth); ok {
		return cause, true
	}
	return v, r.holdsTagged(v, depth)
}

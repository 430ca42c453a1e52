package privacy_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

// The methods of these leaf types print what they hold in unusual ways.
type (
	loudText   string
	loudValuer string
	loudError  struct{ Text string }
)

func (l loudText) String() string               { panic(string(l)) }
func (l loudText) MarshalText() ([]byte, error) { return []byte(l), nil }
func (l loudValuer) LogValue() slog.Value       { return slog.StringValue(string(l)) }
func (l loudError) Error() string               { return l.Text }

// carrier is an error without tags around any value.
type carrier struct{ v any }

func (c carrier) Error() string { return fmt.Sprintf("carrier: %v", c.v) }

// structures makes random types with tags, and values of them in which every
// string is a secret unless the tags allow it to be printed.
type structures struct {
	*rand.Rand
	visible int // values made that may be printed
}

const (
	// The allowed category is account.name; "secrets" encode to base64 alike at
	// every offset that is a multiple of three.
	secretText  = "SECRET"
	visibleText = "visible"
)

var randomTags = []string{
	`privacy:"account.name"`, `privacy:"account.email"`, `privacy:"account"`, `privacy:"content.health"`,
	`privacy:"account.undeclared"`, `privacy:"-"`, ``, ``,
}

var randomLeaves = []reflect.Type{
	reflect.TypeFor[string](), reflect.TypeFor[*string](), reflect.TypeFor[[]string](), reflect.TypeFor[[]byte](),
	reflect.TypeFor[map[string]string](), reflect.TypeFor[any](), reflect.TypeFor[error](), reflect.TypeFor[fmt.Stringer](),
	reflect.TypeFor[loudText](), reflect.TypeFor[loudValuer](), reflect.TypeFor[loudError](), reflect.TypeFor[[2]string](),
	reflect.TypeFor[struct{ A, B string }](), reflect.TypeFor[map[loudText][]any](), reflect.TypeFor[slog.Value](),
}

func (s *structures) tagged(depth int) reflect.Type {
	fields := make([]reflect.StructField, 2+s.IntN(4))
	for i := range fields {
		fields[i] = reflect.StructField{
			Name: fmt.Sprintf("F%d", i),
			Type: s.typ(depth),
			Tag:  reflect.StructTag(randomTags[s.IntN(len(randomTags))]),
		}
	}
	fields[0].Tag = `privacy:"account.name"`
	return reflect.StructOf(fields)
}

func (s *structures) typ(depth int) reflect.Type {
	if depth == 0 || s.IntN(2) == 0 {
		return randomLeaves[s.IntN(len(randomLeaves))]
	}
	t := s.tagged(depth - 1)
	switch s.IntN(6) {
	case 0:
		return reflect.PointerTo(t)
	case 1:
		return reflect.SliceOf(t)
	case 2:
		return reflect.MapOf(reflect.TypeFor[string](), t)
	case 3:
		return reflect.ArrayOf(2, reflect.PointerTo(t))
	case 4:
		return reflect.MapOf(reflect.TypeFor[loudText](), reflect.SliceOf(t))
	}
	return t
}

func (s *structures) text(visible bool) string {
	if visible {
		s.visible++
		return visibleText
	}
	return secretText
}

// value returns a value of t where strings are visible or not. A struct with
// tags decides for each of its fields; those without a tag are as the struct's
// own field if that has a tag (stated), else secret.
func (s *structures) value(t reflect.Type, visible, stated bool, depth int) reflect.Value {
	v := reflect.New(t).Elem()
	switch t.Kind() {
	case reflect.String:
		v.SetString(s.text(visible))
	case reflect.Interface:
		s.dynamic(v, visible, stated, depth)
	case reflect.Pointer:
		v.Set(reflect.New(t.Elem()))
		v.Elem().Set(s.value(t.Elem(), visible, stated, depth))
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			v.SetBytes([]byte(s.text(visible)))
			break
		}
		v.Set(reflect.MakeSlice(t, 2, 2))
		fallthrough
	case reflect.Array:
		for i := range v.Len() {
			v.Index(i).Set(s.value(t.Elem(), visible, stated, depth))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(t))
		v.SetMapIndex(s.value(t.Key(), visible, stated, depth), s.value(t.Elem(), visible, stated, depth))
	case reflect.Struct:
		if t == reflect.TypeFor[slog.Value]() {
			inner := s.value(reflect.TypeFor[any](), visible, stated, depth)
			v.Set(reflect.ValueOf(slog.AnyValue(inner.Interface())))
			break
		}
		s.fill(v, visible, stated, depth)
	}
	return v
}

func (s *structures) fill(v reflect.Value, visible, stated bool, depth int) {
	t := v.Type()
	_, hasTags := t.Field(0).Tag.Lookup("privacy")
	for i := range t.NumField() {
		tag, ok := t.Field(i).Tag.Lookup("privacy")
		inner := visible
		switch {
		case ok:
			inner = tag == "-" || tag == "account.name"
		case hasTags && !stated:
			inner = false
		}
		v.Field(i).Set(s.value(t.Field(i).Type, inner, stated || ok, depth))
	}
}

// dynamic puts something into an interface.
func (s *structures) dynamic(v reflect.Value, visible, stated bool, depth int) {
	if v.Type() == reflect.TypeFor[fmt.Stringer]() {
		v.Set(reflect.ValueOf(loudText(s.text(visible))))
		return
	}
	inner := reflect.ValueOf(s.text(visible))
	if depth > 0 && s.IntN(2) == 0 {
		inner = s.value(s.tagged(depth-1), visible, stated, depth-1)
		if s.IntN(2) == 0 {
			ref := reflect.New(inner.Type())
			ref.Elem().Set(inner)
			inner = ref
		}
	}
	if v.Type() == reflect.TypeFor[error]() {
		inner = reflect.ValueOf(carrier{inner.Interface()})
	}
	v.Set(inner)
}

// wrapped returns ways in which a tagged value gets into a record.
func (s *structures) wrapped(v any) any {
	switch s.IntN(12) {
	case 0:
		return []any{v, 1}
	case 1:
		return map[string]any{"v": v}
	case 2:
		return struct{ Payload, Other any }{v, 1}
	case 3:
		return fmt.Errorf("failed: %w", carrier{v})
	case 4:
		return errors.Join(carrier{v}, errors.New("x"))
	case 5:
		return valuer{v}
	case 6:
		return slog.GroupValue(slog.Any("v", v), slog.Any("w", valuer{v}))
	case 7:
		return []slog.Value{slog.AnyValue(v)}
	case 8:
		return &envelope{1, v, v}
	case 9:
		return func() any { return v }
	}
	return v
}

func TestRedactorNeverPrintsASecret(t *testing.T) {
	redactor := newRedactor(t, "account.name")
	encoded := base64.StdEncoding.EncodeToString([]byte(secretText))
	made, printed := 0, 0
	for seed := range uint64(200) {
		s := &structures{Rand: rand.New(rand.NewPCG(seed, 1))}
		typ := s.tagged(2)
		v := s.wrapped(s.value(typ, false, false, 2).Interface())
		made += s.visible
		var buf bytes.Buffer
		for _, handler := range []slog.Handler{slog.NewTextHandler(&buf, nil), slog.NewJSONHandler(&buf, nil)} {
			logger := slog.New(redactor.Handler(handler))
			logger.Info("m", "v", v)
			logger.With("v", v).WithGroup("g").With("w", v).Info("m", "x", v)
			slog.New(handler).Info("m", "v", redactor.Value(v))
		}
		printed += strings.Count(buf.String(), visibleText)
		if strings.Contains(buf.String(), secretText) || strings.Contains(buf.String(), encoded) {
			t.Fatalf("seed %d: %v\n%s", seed, typ, buf.String())
		}
	}
	if made == 0 || printed < made {
		t.Errorf("%d of %d values that may be printed were", printed, made)
	}
}

package privacy_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"testing/slogtest"
	"time"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
)

func newRedactor(t testing.TB, allowed ...privacy.CategoryID) *privacy.Redactor {
	t.Helper()
	register, err := privacy.Compile(privacytest.Declaration())
	if err != nil {
		t.Fatal(err)
	}
	redactor, err := privacy.NewRedactor(register, allowed...)
	if err != nil {
		t.Fatal(err)
	}
	return redactor
}

// logged returns how v is logged as an attribute "v" by the JSON handler, as
// JSON, and by the text handler.
func logged(t testing.TB, redactor *privacy.Redactor, v any) (asJSON, asText string) {
	t.Helper()
	var text, object bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&text, nil), slog.NewJSONHandler(&object, nil)} {
		slog.New(redactor.Handler(handler)).Info("m", "v", v)
	}
	var line map[string]json.RawMessage
	if err := json.Unmarshal(object.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	return string(line["v"]), text.String()
}

// talkative has every method by which a value usually prints.
type talkative struct {
	Name  string `privacy:"account.name"`
	Email string `json:"email" privacy:"account.email"`
}

func (p talkative) String() string               { return p.Email }
func (p talkative) Error() string                { return p.Email }
func (p talkative) LogValue() slog.Value         { return slog.StringValue(p.Email) }
func (p talkative) MarshalText() ([]byte, error) { return []byte(p.Email), nil }
func (p talkative) MarshalJSON() ([]byte, error) { return json.Marshal(p.Email) }
func (p talkative) Format(s fmt.State, _ rune)   { fmt.Fprint(s, p.Email) }

// The tests call whatever must never be printed "secret".
var secretTalkative = talkative{Name: "Ada", Email: "secret"}

// panicking panics with what must not be printed.
type panicking struct {
	Email string `json:"email" privacy:"account.email"`
}

func (p panicking) String() string       { panic(p.Email) }
func (p panicking) LogValue() slog.Value { panic(p.Email) }

type panickingValuer struct{ secret string }

func (p panickingValuer) LogValue() slog.Value { panic(p.secret) }

// panickingWrapper is an error without tags whose methods panic.
type panickingWrapper struct{ err error }

func (p panickingWrapper) Error() string { return "wrapped" }
func (p panickingWrapper) Unwrap() error { panic(p.err.Error()) }

type valuer struct{ value any }

func (v valuer) LogValue() slog.Value { return slog.AnyValue(v.value) }

// maker holds nothing but logs as a tagged value.
type maker struct{}

func (maker) LogValue() slog.Value { return slog.AnyValue(secretTalkative) }

type wrapper struct{ err error }

func (w *wrapper) Error() string { return "wrapped: " + w.err.Error() }
func (w *wrapper) Unwrap() error { return w.err }

// envelope has no tags but may hold anything.
type envelope struct {
	ID      int
	Payload any
	hidden  any
}

type unexportedOnly struct{ inner talkative }

type linked struct {
	Email string `json:"email" privacy:"account.email"`
	Next  *linked
}

func TestRedactorPrints(t *testing.T) {
	email := "secret"
	at := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	for rule, test := range map[string]struct {
		value any
		want  string
	}{
		"an allowed category, and no other": {
			secretTalkative,
			`{"Name":"Ada","email":"[redacted]"}`,
		},
		"a pointer as what it points to": {
			&secretTalkative,
			`{"Name":"Ada","email":"[redacted]"}`,
		},
		"a nil pointer": {(*talkative)(nil), `null`},
		"a slice":       {[]talkative{secretTalkative}, `[{"Name":"Ada","email":"[redacted]"}]`},
		"an array":      {[1]*talkative{&secretTalkative}, `[{"Name":"Ada","email":"[redacted]"}]`},
		"a map without its keys": {
			map[string]talkative{"secret": secretTalkative},
			`[{"Name":"Ada","email":"[redacted]"}]`,
		},
		"a map with tagged keys": {map[person]string{{"secret"}: "secret"}, `["[redacted]"]`},
		"a map whose keys are declared": {
			struct {
				ByCity map[int]talkative `privacy:"-"`
			}{map[int]talkative{7: secretTalkative}},
			`{"ByCity":{"7":{"Name":"Ada","email":"[redacted]"}}}`,
		},
		"fields without a tag": {
			struct {
				person
				Note  string
				Any   any
				Plain address
			}{Note: "secret", Any: "secret", Plain: address{"secret"}},
			`{"person":{"Name":""},"Note":"[redacted]","Any":"[redacted]","Plain":{"city":"[redacted]"}}`,
		},
		"fields tagged with a category the register does not know": {
			struct {
				A string `privacy:"account.unknown"`
			}{"secret"},
			`{"A":"[redacted]"}`,
		},
		"fields declared as no personal data": {
			struct {
				Status int `privacy:"-"`
				At     time.Time
				Since  time.Time `privacy:"-"`
			}{404, at, at},
			`{"Status":404,"At":"[redacted]","Since":"2026-03-01T09:00:00Z"}`,
		},
		"no field that encoding/json ignores": {
			struct {
				A string `json:"-" privacy:"-"`
				B string `json:"b,omitempty" privacy:"account.name"`
			}{"secret", ""},
			`{"b":""}`,
		},
		"a tagged field within a tagged field": {
			struct {
				Owner any `privacy:"-"`
				Whole any `privacy:"account.email"`
			}{secretTalkative, secretTalkative},
			`{"Owner":{"Name":"Ada","email":"[redacted]"},"Whole":"[redacted]"}`,
		},
		"containers under a tag": {
			struct {
				Names  []string        `privacy:"account.name"`
				Emails []string        `privacy:"account.email"`
				Ptr    *string         `privacy:"account.email"`
				Raw    json.RawMessage `privacy:"account.name"`
				Bytes  []byte          `privacy:"account.email"`
			}{[]string{"Ada"}, []string{"secret"}, &email, json.RawMessage(`{"a":1}`), []byte("secret")},
			`{"Names":["Ada"],"Emails":"[redacted]","Ptr":"[redacted]","Raw":{"a":1},"Bytes":"[redacted]"}`,
		},
		"nothing of a type with bad tags": {
			struct {
				A string `privacy:"account.name"`
				B string `privacy:"?"`
			}{"secret", "secret"},
			`"[redacted]"`,
		},
		"a value around a type with bad tags": {
			struct {
				Name person
				Bad  struct {
					B string `privacy:"?"`
				}
			}{Name: person{"Ada"}},
			`{"Name":{"Name":"Ada"},"Bad":"[redacted]"}`,
		},
		"no unexported field":           {unexportedOnly{secretTalkative}, `"[redacted]"`},
		"an unexported pointer neither": {struct{ p *talkative }{&secretTalkative}, `"[redacted]"`},
		"promoted fields of an embedded struct": {
			struct {
				plainBase
				*keyed
				base `privacy:"-"`
			}{keyed: &keyed{"secret"}},
			`{"plainBase":"[redacted]","keyed":{"ID":"[redacted]"},"base":{"Created":"[redacted]"}}`,
		},
		"an embedded struct under a tag": {
			struct {
				person
				plainBase `privacy:"-"`
			}{person{"Ada"}, plainBase{5}},
			`{"person":{"Name":"Ada"},"plainBase":{"Count":5}}`,
		},
		"what a LogValuer returns": {
			valuer{secretTalkative},
			`{"Name":"Ada","email":"[redacted]"}`,
		},
		"a LogValuer in a LogValuer's group": {
			valuer{slog.GroupValue(slog.Any("a", valuer{secretTalkative}), slog.Int("n", 1))},
			`{"a":{"Name":"Ada","email":"[redacted]"},"n":1}`,
		},
		"a LogValuer in a field": {
			struct {
				A valuer `privacy:"-"`
			}{valuer{&secretTalkative}},
			`{"A":"[redacted]"}`,
		},
		"a LogValuer in a field that makes a tagged value": {
			struct {
				A maker `privacy:"-"`
			}{},
			`{"A":{"Name":"Ada","email":"[redacted]"}}`,
		},
		"a LogValuer that made a plain value": {
			struct {
				A valuer `privacy:"-"`
			}{valuer{5}},
			`{"A":5}`,
		},
		"a group": {
			slog.GroupValue(slog.Any("p", secretTalkative), slog.Group("g", "q", secretTalkative)),
			`{"p":{"Name":"Ada","email":"[redacted]"},"g":{"q":{"Name":"Ada","email":"[redacted]"}}}`,
		},
		"a group with nothing in an attribute": {
			slog.GroupValue(slog.Any("p", person{"Ada"}), slog.Any("n", nil)),
			`{"p":{"Name":"Ada"},"n":null}`,
		},
		"tagged values in untagged containers": {
			map[string]any{"user": secretTalkative, "n": 1, "list": []any{&secretTalkative, "x"}},
			`{"list":[{"Name":"Ada","email":"[redacted]"},"x"],"n":1,"user":{"Name":"Ada","email":"[redacted]"}}`,
		},
		"tagged keys in untagged containers": {
			map[any]any{secretTalkative: 1},
			`[1]`,
		},
		"integer and nil keys in untagged containers": {
			map[any]any{1: person{"Ada"}},
			`{"1":{"Name":"Ada"}}`,
		},
		"tagged values in untagged structs": {
			envelope{1, secretTalkative, nil},
			`{"ID":1,"Payload":{"Name":"Ada","email":"[redacted]"}}`,
		},
		"tagged values in unexported fields": {
			envelope{1, nil, secretTalkative},
			`{"ID":1,"Payload":null}`,
		},
		"maps in unexported fields": {
			envelope{1, nil, map[string]any{"secret": 1}},
			`{"ID":1,"Payload":null}`,
		},
		"attributes as values": {
			[]slog.Attr{slog.Any("p", secretTalkative)},
			`{"p":{"Name":"Ada","email":"[redacted]"}}`,
		},
		"attributes in containers": {
			map[string]any{"a": []slog.Value{slog.AnyValue(&envelope{1, "x", secretTalkative})}},
			`{"a":["[redacted]"]}`,
		},
		"attributes in fields": {
			struct {
				A any `privacy:"-"`
				B any `privacy:"-"`
			}{slog.AnyValue(&envelope{Payload: secretTalkative}), slog.IntValue(5)},
			`{"A":"[redacted]","B":5}`,
		},
		"a tagged error": {
			error(secretTalkative),
			`{"Name":"Ada","email":"[redacted]"}`,
		},
		"an error that wraps a tagged error": {
			fmt.Errorf("saving: %w", &wrapper{secretTalkative}),
			`{"Name":"Ada","email":"[redacted]"}`,
		},
		"an error that joins a tagged error": {
			errors.Join(errors.New("x"), secretTalkative),
			`{"Name":"Ada","email":"[redacted]"}`,
		},
		"an error that wraps an untagged error": {
			fmt.Errorf("saving: %w", errors.New("disk full")),
			`"saving: disk full"`,
		},
		"an error that wraps a tagged error, in a struct": {
			struct{ Err error }{fmt.Errorf("a: %w", fmt.Errorf("b: %w", secretTalkative))},
			`{"Err":{"Name":"Ada","email":"[redacted]"}}`,
		},
		"an error that wraps an error that holds a tagged value": {
			fmt.Errorf("a: %w", fmt.Errorf("b: %w", &failedOn{"save", &secretTalkative})),
			`{"Op":"save","On":{"Name":"Ada","email":"[redacted]"}}`,
		},
		"an error that wraps nothing": {&wrapperOfNothing{}, `"nothing"`},
		"a LogValuer that panics":     {panicking{"secret"}, `{"email":"[redacted]"}`},
		"an error that panics":        {panickingWrapper{errors.New("secret")}, `"[redacted]"`},
		"nil":                         {nil, `null`},
	} {
		t.Run(rule, func(t *testing.T) {
			asJSON, asText := logged(t, newRedactor(t, "account.name"), test.value)
			if asJSON != test.want {
				t.Errorf("got  %s\nwant %s", asJSON, test.want)
			}
			if strings.Contains(asText, "secret") {
				t.Errorf("secret in %s", asText)
			}
		})
	}
}

// failedOn is an error without tags that may hold anything.
type failedOn struct {
	Op string
	On any
}

func (f *failedOn) Error() string { return fmt.Sprint(f.Op, f.On) }

type wrapperOfNothing struct{ Err any }

func (*wrapperOfNothing) Error() string { return "nothing" }
func (*wrapperOfNothing) Unwrap() error { return nil }

// deep nests v in n slices.
func deep(n int, v any) any {
	for range n {
		v = []any{v}
	}
	return v
}

func TestRedactorTypesWithoutTagsPass(t *testing.T) {
	type plain struct {
		A int
		B map[string]any
		c []any
	}
	for _, v := range []any{
		"text", 5, true, time.Second, []int{1}, errors.New("failed"),
		plain{A: 1, B: map[string]any{"a": []any{1, "b"}}, c: []any{2}},
		&plain{}, json.RawMessage(`{}`), map[string]any{"a": nil, "b": envelope{}},
		longChain(), make([]any, 100_000),
		[]slog.Value{slog.IntValue(1)}, fmt.Errorf("a: %w", errors.ErrUnsupported),
	} {
		var record slog.Record
		handler := newRedactor(t).Handler(handlerFunc(func(r slog.Record) { record = r }))
		slog.New(handler).Info("m", "v", v)
		record.Attrs(func(attr slog.Attr) bool {
			if !reflect.DeepEqual(attr.Value, slog.AnyValue(v)) {
				t.Errorf("%T: got %v", v, attr.Value)
			}
			return true
		})
	}
}

// longChain returns an error around 50 others, none of them tagged.
func longChain() error {
	err := errors.New("first")
	for range 25 {
		err = &fs.PathError{Op: "open", Path: "x", Err: fmt.Errorf("wrapped: %w", err)}
	}
	return err
}

// handlerFunc is a handler that hands records to a function.
type handlerFunc func(slog.Record)

func (handlerFunc) Enabled(context.Context, slog.Level) bool { return true }
func (f handlerFunc) Handle(_ context.Context, record slog.Record) error {
	f(record)
	return nil
}
func (f handlerFunc) WithAttrs([]slog.Attr) slog.Handler { return f }
func (f handlerFunc) WithGroup(string) slog.Handler      { return f }

func TestRedactorAllowsWhatLiesWithinACategory(t *testing.T) {
	v := struct {
		Email  string `privacy:"account.email"`
		Image  string `privacy:"content.images"`
		Health string `privacy:"content.health"`
	}{"E", "I", "H"}
	for want, allowed := range map[string][]privacy.CategoryID{
		`{"Email":"[redacted]","Image":"[redacted]","Health":"[redacted]"}`: nil,
		`{"Email":"E","Image":"[redacted]","Health":"[redacted]"}`:          {"account"},
		`{"Email":"[redacted]","Image":"I","Health":"H"}`:                   {"content"},
		`{"Email":"E","Image":"I","Health":"[redacted]"}`:                   {"account.email", "content.images"},
	} {
		if got, _ := logged(t, newRedactor(t, allowed...), v); got != want {
			t.Errorf("allowed %q: got %s, want %s", allowed, got, want)
		}
	}
}

func TestRedactorRefusals(t *testing.T) {
	if _, err := privacy.NewRedactor(nil); !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("no register: got %v, want ErrInvalid", err)
	}
	register, err := privacy.Compile(privacytest.Declaration())
	if err != nil {
		t.Fatal(err)
	}
	for _, category := range []privacy.CategoryID{"", "nowhere", "account.unknown"} {
		if _, err := privacy.NewRedactor(register, "account", category); !errors.Is(err, privacy.ErrNotFound) {
			t.Errorf("%q: got %v, want ErrNotFound", category, err)
		}
	}
}

func TestRedactorZeroValueAllowsNothing(t *testing.T) {
	got, _ := logged(t, &privacy.Redactor{}, secretTalkative)
	if want := `{"Name":"[redacted]","email":"[redacted]"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestRedactorBounds(t *testing.T) {
	ring := &linked{Email: "secret"}
	ring.Next = ring
	loop := map[string]any{"p": secretTalkative}
	loop["self"] = loop
	wide := make([]any, 1<<14)
	for i := range wide {
		wide[i] = secretTalkative
	}
	chain := error(secretTalkative)
	for range 1000 {
		chain = &wrapper{chain}
	}
	lasso := valuer{}
	lasso.value = slog.GroupValue(slog.Any("a", &lasso))
	for name, test := range map[string]struct {
		value any
		count string // occurs at most this often
		most  int
	}{
		"ring":           {ring, `"Next"`, 64},
		"loop":           {loop, `"self"`, 64},
		"wide":           {wide, `"email"`, 1 << 13},
		"chain":          {chain, `"email"`, 0},
		"valuer":         {lasso, `"a"`, 64},
		"deep":           {deep(1000, secretTalkative), "[", 64},
		"deep, untagged": {deep(1000, "plain"), "[", 64},
		"wide, untagged": {make([]any, 1<<18), "null", 1 << 13},
	} {
		t.Run(name, func(t *testing.T) {
			asJSON, asText := logged(t, newRedactor(t), test.value)
			if strings.Contains(asJSON+asText, "secret") || !strings.Contains(asJSON, privacy.Redacted) {
				t.Errorf("got %.200s", asJSON)
			}
			if got := strings.Count(asJSON, test.count); got > test.most {
				t.Errorf("%s occurs %d times, want at most %d", test.count, got, test.most)
			}
		})
	}
}

func TestRedactorPanicsDoNotLeak(t *testing.T) {
	redactor := newRedactor(t, "account.name")
	for name, v := range map[string]any{
		"tagged type":       panicking{"secret"},
		"log valuer":        panickingValuer{"secret"},
		"in a group":        slog.GroupValue(slog.Any("a", panickingValuer{"secret"})),
		"in a container":    []any{panicking{"secret"}},
		"error":             panickingWrapper{errors.New("secret")},
		"error in an error": fmt.Errorf("a: %w", panickingWrapper{errors.New("secret")}),
	} {
		asJSON, asText := logged(t, redactor, v)
		if strings.Contains(asJSON+asText, "secret") {
			t.Errorf("%s: secret in %s and %s", name, asJSON, asText)
		}
	}
}

func TestRedactorAttributesAndGroupsOfALogger(t *testing.T) {
	var buf bytes.Buffer
	handler := newRedactor(t, "account.name").Handler(slog.NewTextHandler(&buf, nil))
	slog.New(handler).With("a", secretTalkative, "n", 1).WithGroup("g").With("b", &secretTalkative).Info("m", "c", secretTalkative)
	got := buf.String()
	want := "a.Name=Ada a.email=[redacted] n=1 g.b.Name=Ada g.b.email=[redacted] g.c.Name=Ada g.c.email=[redacted]\n"
	if !strings.HasSuffix(got, want) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestRedactorLeavesTheRecordAsItWas(t *testing.T) {
	record := slog.NewRecord(time.Now(), slog.LevelInfo, "m", 0)
	group := []slog.Attr{slog.Any("p", secretTalkative)}
	record.AddAttrs(slog.Any("p", secretTalkative), slog.Attr{Key: "g", Value: slog.GroupValue(group...)})
	handler := newRedactor(t).Handler(slog.DiscardHandler)
	if err := handler.Handle(t.Context(), record); err != nil {
		t.Fatal(err)
	}
	record.Attrs(func(attr slog.Attr) bool {
		if attr.Key == "p" && !reflect.DeepEqual(attr.Value.Any(), secretTalkative) {
			t.Error("the attribute changed")
		}
		return true
	})
	if !reflect.DeepEqual(group[0].Value.Any(), secretTalkative) {
		t.Error("the group changed")
	}
}

func TestRedactorValuePrintsRedactedEverywhere(t *testing.T) {
	value := newRedactor(t, "account.name").Value(secretTalkative)
	asJSON, err := json.Marshal([]any{value})
	if err != nil {
		t.Fatal(err)
	}
	for _, got := range []string{
		fmt.Sprint(value), fmt.Sprintf("%+v %#v %q %x", value, value, value, value), string(asJSON),
		value.LogValue().String(),
	} {
		if strings.Contains(got, "secret") || !strings.Contains(got, privacy.Redacted) {
			t.Errorf("got %s", got)
		}
	}
	twice, _ := logged(t, newRedactor(t), value)
	if want := `{"Name":"Ada","email":"[redacted]"}`; twice != want {
		t.Errorf("through a handler: got %s, want %s", twice, want)
	}
}

func TestRedactorHandlerObeysSlogtest(t *testing.T) {
	var buf bytes.Buffer
	newHandler := func(t *testing.T) slog.Handler {
		buf.Reset()
		return newRedactor(t).Handler(slog.NewJSONHandler(&buf, nil))
	}
	slogtest.Run(t, newHandler, func(t *testing.T) map[string]any {
		var line map[string]any
		if err := json.Unmarshal(buf.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		return line
	})
}

func TestRedactorAsksTheNextHandlerWhetherItIsEnabled(t *testing.T) {
	handler := newRedactor(t).Handler(slog.NewTextHandler(nil, &slog.HandlerOptions{Level: slog.LevelWarn}))
	if handler.Enabled(t.Context(), slog.LevelInfo) || !handler.Enabled(t.Context(), slog.LevelWarn) {
		t.Error("the level of the next handler does not hold")
	}
}

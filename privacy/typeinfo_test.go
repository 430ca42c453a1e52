package privacy_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/labelop/privacykit/privacy"
)

type (
	person struct {
		Name string `privacy:"account.name"`
	}
	keyed struct {
		ID string `privacy:"account,subject"`
	}
	base struct {
		Created time.Time `privacy:"usage"`
	}
	tree struct {
		Label    string `privacy:"content.labels"`
		Children []*tree
		Parent   *tree
	}
)

// leaves returns the leaves of a type as "path category role".
func leaves(t *testing.T, v any) []string {
	t.Helper()
	info, err := privacy.TypeInfoOf(reflect.TypeOf(v))
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for field := range info.Fields() {
		line := field.Path + " "
		switch {
		case field.None:
			line += "-"
		case field.Category != "":
			line += string(field.Category)
		default:
			line += "?"
		}
		if field.Role.Valid() {
			line += " " + field.Role.String()
		}
		if field.Tagged() == strings.Contains(line, "?") {
			t.Errorf("%s: Tagged is %v", line, field.Tagged())
		}
		lines = append(lines, line)
	}
	return lines
}

func TestTypeInfoLeaves(t *testing.T) {
	for rule, test := range map[string]struct {
		value any
		want  []string
	}{
		"types without tags within are leaves": {
			struct {
				At    time.Time         `privacy:"usage"`
				Raw   json.RawMessage   `privacy:"content"`
				Bytes []byte            `privacy:"content.images"`
				Map   map[string]string `privacy:"content.labels"`
				Any   any               `privacy:"-"`
				Text  *string
			}{},
			[]string{"At usage", "Raw content", "Bytes content.images", "Map content.labels", "Any -", "Text ?"},
		},
		"structs are walked through pointers and containers": {
			struct {
				One   person
				Ref   **person
				List  []person
				Array [2]*person
			}{},
			[]string{"One.Name account.name", "Ref.Name account.name", "List[*].Name account.name", "Array[*].Name account.name"},
		},
		"keys of maps are leaves": {
			struct {
				Bare  map[string]person
				Keyed map[string]person `privacy:"usage"`
				Both  map[person]person
			}{},
			[]string{
				"Bare[key] ?", "Bare[*].Name account.name",
				"Keyed[key] usage", "Keyed[*].Name account.name",
				"Both[key].Name account.name", "Both[*].Name account.name",
			},
		},
		"a tag covers what has none within": {
			struct {
				Mixed struct {
					Tagged   string `privacy:"billing"`
					Untagged int
				} `privacy:"account"`
				None struct {
					Tagged   string `privacy:"billing"`
					Untagged int
				} `privacy:"-"`
			}{},
			[]string{"Mixed.Tagged billing", "Mixed.Untagged account", "None.Tagged billing", "None.Untagged -"},
		},
		"unexported fields are no leaves, embedded structs are walked": {
			struct {
				base
				*person
				Keyed keyed
				note  string
			}{note: "unused"},
			[]string{"base.Created usage", "person.Name account.name", "Keyed.ID account"},
		},
		"an embedded struct without tags is walked too": {
			struct {
				plainBase
				person
			}{},
			[]string{"plainBase.Count ?", "person.Name account.name"},
		},
		"recursive types are listed once": {
			tree{},
			[]string{"Label content.labels"},
		},
		"the innermost role holds": {
			struct {
				_     struct{} `privacy:"role=controller"`
				Mine  person
				Yours struct {
					_    struct{} `privacy:"role=processor"`
					Data string   `privacy:"content"`
				}
			}{},
			[]string{"Mine.Name account.name controller", "Yours.Data content processor"},
		},
		"a type without tags has untagged leaves": {
			struct{ A, B int }{},
			[]string{"A ?", "B ?"},
		},
	} {
		t.Run(rule, func(t *testing.T) {
			if got := leaves(t, test.value); !slices.Equal(got, test.want) {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

type plainBase struct{ Count int }

func TestTypeInfoIndexLeadsToTheLeaf(t *testing.T) {
	type pair struct {
		First, Second string `privacy:"account.name"`
	}
	type record struct {
		base
		Owner *person
		Deep  struct {
			A struct{ B struct{ C struct{ D pair } } }
		}
		List []person
		Ref  **person
	}
	info, err := privacy.TypeOf[record]()
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	held := record{base: base{at}, Owner: &person{"Ada"}}
	held.Deep.A.B.C.D = pair{"1", "2"}
	leaves := map[string]any{}
	for field := range info.Fields() {
		if field.Index == nil {
			leaves[field.Path] = nil
			continue
		}
		leaf, err := reflect.ValueOf(held).FieldByIndexErr(field.Index)
		if err != nil || leaf.Type() != field.Type {
			t.Fatalf("%s: index leads to %v, %v", field.Path, leaf, err)
		}
		leaves[field.Path] = leaf.Interface()
	}
	want := map[string]any{
		"base.Created": at, "Owner.Name": "Ada", "Deep.A.B.C.D.First": "1", "Deep.A.B.C.D.Second": "2",
		"List[*].Name": nil, "Ref.Name": nil,
	}
	if !maps.Equal(leaves, want) {
		t.Errorf("got  %v\nwant %v", leaves, want)
	}
}

func TestTypeInfoCategoriesAreDistinctAndSorted(t *testing.T) {
	info, err := privacy.TypeOf[struct {
		B, A person
		C    base
		D    int `privacy:"-"`
	}]()
	if err != nil {
		t.Fatal(err)
	}
	want := []privacy.CategoryID{"account.name", "usage"}
	if got := info.Categories(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTypeInfoRefusesBadTags(t *testing.T) {
	for rule, test := range map[string]struct {
		value any
		field string
	}{
		"a tag is well formed": {struct {
			A string `privacy:"Account"`
		}{}, "A"},
		"an unexported field has none": {struct {
			a string `privacy:"account"`
		}{a: "unused"}, "a"},
		"a blank field has no category": {struct {
			_ string `privacy:"account"`
		}{}, "_"},
		"only a blank field has a role": {struct {
			A string `privacy:"role=controller"`
		}{}, "A"},
		"one role": {struct {
			_ struct{} `privacy:"role=controller"`
			_ struct{} `privacy:"role=processor"`
		}{}, "_"},
		"one subject key": {struct {
			A string `privacy:"account,subject"`
			keyed
		}{}, "keyed.ID"},
		"a subject key has a text form": {struct {
			A []string `privacy:"account,subject"`
		}{}, "A"},
		"types within are checked": {struct {
			A map[string][]*struct {
				B string `privacy:"x,y"`
			}
		}{}, "B"},
	} {
		t.Run(rule, func(t *testing.T) {
			_, err := privacy.TypeInfoOf(reflect.TypeOf(test.value))
			var tagError *privacy.TagError
			if !errors.Is(err, privacy.ErrInvalid) || !errors.As(err, &tagError) || tagError.Field != test.field {
				t.Errorf("got %v, want a TagError of field %q that matches ErrInvalid", err, test.field)
			}
			if err := privacy.Walk(test.value, func(privacy.Field) error { return nil }); strings.Contains(rule, "tag is") && !errors.As(err, &tagError) {
				t.Errorf("walk: got %v, want a TagError", err)
			}
		})
	}
}

func TestTypeInfoReportsAllBadTagsOnce(t *testing.T) {
	type bad struct {
		A string `privacy:"x,y"`
		B string `privacy:""`
	}
	_, err := privacy.TypeOf[struct {
		One, Two bad
		C        string `privacy:"?"`
	}]()
	if err == nil || strings.Count(err.Error(), "privacy tag of") != 3 {
		t.Errorf("got %v, want three errors", err)
	}
}

func TestTypeInfoWantsAStruct(t *testing.T) {
	for _, typ := range []reflect.Type{nil, reflect.TypeFor[int](), reflect.TypeFor[[]person](), reflect.TypeFor[error]()} {
		if _, err := privacy.TypeInfoOf(typ); !errors.Is(err, privacy.ErrInvalid) {
			t.Errorf("%v: got %v, want ErrInvalid", typ, err)
		}
	}
	info, err := privacy.TypeOf[**person]()
	if err != nil || info.Type() != reflect.TypeFor[person]() {
		t.Errorf("pointer to a pointer: got %v, %v", info, err)
	}
}

func TestSubject(t *testing.T) {
	id := uuid.MustParse("0190f5a0-0000-7000-8000-000000000001")
	number := 7
	type named string
	for rule, test := range map[string]struct {
		value any
		want  privacy.SubjectID
		err   error
	}{
		"text":           {keyed{"s-1"}, "s-1", nil},
		"a pointer":      {&keyed{"s-1"}, "s-1", nil},
		"of an embedded": {struct{ keyed }{keyed{"s-2"}}, "s-2", nil},
		"a named type": {struct {
			ID named `privacy:"account,subject"`
		}{"s-3"}, "s-3", nil},
		"an integer": {struct {
			ID int64 `privacy:"account,subject"`
		}{-5}, "-5", nil},
		"an unsigned integer": {struct {
			ID uint8 `privacy:"account,subject"`
		}{200}, "200", nil},
		"a text marshaler": {struct {
			ID uuid.UUID `privacy:"account,subject"`
		}{id}, privacy.SubjectID(id.String()), nil},
		"a pointer to a text marshaler": {struct {
			ID *uuid.UUID `privacy:"account,subject"`
		}{&id}, privacy.SubjectID(id.String()), nil},
		"a nil text marshaler": {struct {
			ID *uuid.UUID `privacy:"account,subject"`
		}{}, "", privacy.ErrInvalid},
		"behind a nil pointer":   {struct{ *keyed }{}, "", privacy.ErrInvalid},
		"an empty key":           {keyed{}, "", privacy.ErrInvalid},
		"a control character":    {keyed{"a\nb"}, "a\nb", privacy.ErrInvalid},
		"no key":                 {person{"Ada"}, "", privacy.ErrNotFound},
		"a key of another":       {struct{ Owner keyed }{keyed{"s-1"}}, "", privacy.ErrNotFound},
		"a failing marshaler":    {failingKey{}, "", privacy.ErrInvalid},
		"a pointer to something": {struct{ P *int }{&number}, "", privacy.ErrNotFound},
	} {
		t.Run(rule, func(t *testing.T) {
			info, err := privacy.TypeInfoOf(reflect.TypeOf(test.value))
			if err != nil {
				t.Fatal(err)
			}
			got, err := info.Subject(test.value)
			if !errors.Is(err, test.err) || err == nil && got != test.want {
				t.Errorf("got %q, %v, want %q, %v", got, err, test.want, test.err)
			}
			_, hasKey := info.SubjectKey()
			if hasKey == errors.Is(err, privacy.ErrNotFound) {
				t.Errorf("has a key: %v, but %v", hasKey, err)
			}
		})
	}
}

type failingText string

func (failingText) MarshalText() ([]byte, error) { return nil, fmt.Errorf("cannot: Ada") }

type failingKey struct {
	ID failingText `privacy:"account,subject"`
}

func TestSubjectOfAnotherType(t *testing.T) {
	info, err := privacy.TypeOf[keyed]()
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []any{nil, person{}, (*keyed)(nil), 5} {
		if _, err := info.Subject(v); !errors.Is(err, privacy.ErrInvalid) {
			t.Errorf("%T: got %v, want ErrInvalid", v, err)
		}
	}
}

func TestSubjectErrorsQuoteNoData(t *testing.T) {
	info, err := privacy.TypeOf[failingKey]()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := info.Subject(failingKey{}); err == nil || strings.Contains(err.Error(), "Ada") {
		t.Errorf("got %v, want an error without the data", err)
	}
}

func TestTypeInfoIsSafeForConcurrentUse(t *testing.T) {
	type fresh struct{ Owner struct{ tree } }
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if info, err := privacy.TypeOf[fresh](); err != nil || len(info.Categories()) != 1 {
				t.Errorf("got %v, %v", info, err)
			}
		})
	}
	wg.Wait()
}

package privacy_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// team has data in every kind of place.
type team struct {
	ID      string             `privacy:"account,subject"`
	Owner   person             // a struct
	Deputy  *person            // a pointer
	Members []person           // a slice
	Former  [1]*person         // an array of pointers
	ByCity  map[string]person  `privacy:"billing"` // a map whose keys are personal data
	ByRank  map[int]*person    `privacy:"-"`
	Extra   any                // an interface
	Notes   map[string]any     `privacy:"content"`
	Emails  []string           `privacy:"account.email"`
	Since   *time.Time         `privacy:"usage"`
	Theme   string             `privacy:"-"`
	Comment string             // without a tag
	groups  map[string]*person // out of reach
	person                     // embedded
}

func newTeam() *team {
	since := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	return &team{
		ID:      "t-1",
		Owner:   person{"Owner"},
		Deputy:  &person{"Deputy"},
		Members: []person{{"Member"}, {"Other"}},
		Former:  [1]*person{{"Former"}},
		ByCity:  map[string]person{"Paris": {"Parisian"}, "Berlin": {"Berliner"}},
		ByRank:  map[int]*person{1: {"First"}},
		Extra:   []any{person{"Extra"}, 5},
		Notes:   map[string]any{"a": 1},
		Emails:  []string{"a@example.com"},
		Since:   &since,
		Theme:   "dark",
		Comment: "comment",
		groups:  map[string]*person{"x": {"Hidden"}},
		person:  person{"Embedded"},
	}
}

func visits(t *testing.T, v any) []string {
	t.Helper()
	var lines []string
	err := privacy.Walk(v, func(field privacy.Field) error {
		lines = append(lines, fmt.Sprintf("%s %s %v %v", field.Path, field.Category, reflect.Indirect(reflect.ValueOf(field.Value())), field.CanSet()))
		if field.Subject != (field.Path == "ID") {
			t.Errorf("%s: subject is %v", field.Path, field.Subject)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

func TestWalkVisitsEveryTaggedLeafInOrder(t *testing.T) {
	want := []string{
		"ID account t-1 true",
		"Owner.Name account.name Owner true",
		"Deputy.Name account.name Deputy true",
		"Members[0].Name account.name Member true",
		"Members[1].Name account.name Other true",
		"Former[0].Name account.name Former true",
		"ByCity[key 0] billing Berlin false",
		"ByCity[0].Name account.name Berliner true",
		"ByCity[key 1] billing Paris false",
		"ByCity[1].Name account.name Parisian true",
		"ByRank[0].Name account.name First true",
		"Extra[0].Name account.name Extra true",
		"Notes content map[a:1] true",
		"Emails account.email [a@example.com] true",
		"Since usage 2026-03-01 00:00:00 +0000 UTC true",
		"person.Name account.name Embedded true",
	}
	if got := visits(t, newTeam()); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestWalkVisits(t *testing.T) {
	ring := &tree{Label: "root"}
	ring.Children = []*tree{{Label: "leaf", Parent: ring}, nil}
	ring.Parent = ring
	shared := &person{"Shared"}
	loop := map[string]any{"p": person{"In"}}
	loop["z"] = loop
	turns := []any{nil, person{"In"}}
	turns[0] = turns
	type tagged struct {
		Any any `privacy:"content"`
	}
	for rule, test := range map[string]struct {
		value any
		want  []string
	}{
		"nothing of nil":               {nil, nil},
		"nothing of a nil pointer":     {(*team)(nil), nil},
		"nothing without tags":         {&struct{ A string }{"x"}, nil},
		"a struct that cannot be set":  {person{"A"}, []string{"Name account.name A false"}},
		"slices that can":              {[]person{{"A"}}, []string{"[0].Name account.name A true"}},
		"maps that can, without keys":  {map[string]person{"k": {"A"}}, []string{"[0].Name account.name A true"}},
		"an interface that cannot":     {struct{ A any }{person{"A"}}, []string{"A.Name account.name A false"}},
		"tagged keys":                  {map[person]int{{"A"}: 1}, []string{"[key 0].Name account.name A false"}},
		"circles once":                 {ring, []string{"Label content.labels root true", "Children[0].Label content.labels leaf true"}},
		"circles of maps once":         {loop, []string{"[0].Name account.name In true"}},
		"circles of slices once":       {turns, []string{"[1].Name account.name In true"}},
		"circles under a tag":          {tagged{loop}, []string{"Any[key 0] content p false", "Any[0].Name account.name In true", "Any[key 1] content z false"}},
		"what is shared at each place": {[]*person{shared, shared}, []string{"[0].Name account.name Shared true", "[1].Name account.name Shared true"}},
		"leaves of interfaces as they are": {
			tagged{map[string]any{"a": []any{1, &envelope{1, "x", nil}}}},
			[]string{"Any content map[a:[1 "},
		},
		"an interface under a tag, by the tags within": {
			&tagged{[]any{envelope{1, &person{"A"}, nil}}},
			[]string{"Any[0].ID content 1 true", "Any[0].Payload.Name account.name A true"},
		},
		"a type with tags out of reach as a leaf": {
			struct {
				Box unexportedOnly `privacy:"content"`
			}{},
			[]string{"Box content {{ }} false"},
		},
		"an empty interface": {&tagged{}, []string{"Any content <invalid reflect.Value> true"}},
		"an embedded struct of an unexported type": {
			&struct {
				plainBase `privacy:"usage"`
				*keyed    `privacy:"usage"`
			}{plainBase{3}, nil},
			[]string{"plainBase.Count usage 3 true"},
		},
	} {
		t.Run(rule, func(t *testing.T) {
			got := visits(t, test.value)
			equal := func(got, want string) bool {
				return got == want || strings.HasSuffix(want, " ") && strings.HasPrefix(got, want)
			}
			if !slices.EqualFunc(got, test.want, equal) {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

func TestWalkStopsAtTheFirstError(t *testing.T) {
	stop := errors.New("stop")
	for n := 1; n <= 16; n++ {
		calls := 0
		err := privacy.Walk(newTeam(), func(privacy.Field) error {
			if calls++; calls == n {
				return stop
			}
			return nil
		})
		if err != stop || calls != n {
			t.Errorf("got %v after %d calls, want the error of call %d", err, calls, n)
		}
	}
}

func TestWalkRefuses(t *testing.T) {
	type bad struct {
		A string `privacy:"?"`
	}
	deepest := &tree{}
	for range 1001 {
		deepest = &tree{Children: []*tree{deepest}}
	}
	type tagged struct {
		Any any `privacy:"content"`
	}
	for rule, v := range map[string]any{
		"bad tags":                    bad{},
		"bad tags in a field":         struct{ B *bad }{&bad{}},
		"bad tags in an interface":    []any{bad{}},
		"what is nested too deeply":   deepest,
		"what is too deep to see all": tagged{deep(1001, person{})},
	} {
		err := privacy.Walk(v, func(privacy.Field) error { return nil })
		if !errors.Is(err, privacy.ErrInvalid) {
			t.Errorf("%s: got %v, want ErrInvalid", rule, err)
		}
	}
	for rule, v := range map[string]any{"bad tags": bad{}, "what is nested too deeply": deepest} {
		if _, err := privacy.Export(v, "account"); !errors.Is(err, privacy.ErrInvalid) {
			t.Errorf("%s: export: got %v, want ErrInvalid", rule, err)
		}
		if _, err := privacy.Erase(v, "account"); !errors.Is(err, privacy.ErrInvalid) {
			t.Errorf("%s: erase: got %v, want ErrInvalid", rule, err)
		}
	}
}

func TestWalkWritesNothingByItself(t *testing.T) {
	v := newTeam()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 100 {
				if err := privacy.Walk(v, func(privacy.Field) error { return nil }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func TestFieldSet(t *testing.T) {
	v := newTeam()
	var names []string
	err := privacy.Walk(v, func(field privacy.Field) error {
		if field.Category != "account.name" {
			return nil
		}
		if err := field.Set(5); !errors.Is(err, privacy.ErrInvalid) {
			t.Errorf("%s: a number: got %v, want ErrInvalid", field.Path, err)
		}
		if err := field.Set(nil); !errors.Is(err, privacy.ErrInvalid) {
			t.Errorf("%s: nil: got %v, want ErrInvalid", field.Path, err)
		}
		names = append(names, field.Value().(string))
		return field.Set("anonymous")
	})
	if err != nil || len(names) != 10 {
		t.Fatalf("got %d names, %v", len(names), err)
	}
	left := fmt.Sprintf("%v %v %v %v", v, v.Deputy, v.Former[0], v.ByRank[1])
	for _, name := range names {
		if strings.Contains(left, name) {
			t.Errorf("%s is left in %s", name, left)
		}
	}
}

func TestFieldOfAValueCannotBeSet(t *testing.T) {
	err := privacy.Walk(person{"Ada"}, func(field privacy.Field) error {
		if err := field.Set("x"); !errors.Is(err, privacy.ErrInvalid) {
			t.Errorf("set: got %v, want ErrInvalid", err)
		}
		return field.Clear()
	})
	if !errors.Is(err, privacy.ErrInvalid) || strings.Contains(err.Error(), "Ada") {
		t.Errorf("clear: got %v, want ErrInvalid without the data", err)
	}
}

func TestExportFindsCategoriesAndWhatLiesWithin(t *testing.T) {
	for want, categories := range map[int][]privacy.CategoryID{
		12: {"account"}, 1: {"account.email"}, 10: {"account.name"}, 2: {"billing"}, 0: {"account.nam"}, 13: {"usage", "account"},
	} {
		fields, err := privacy.Export(newTeam(), categories...)
		if err != nil || len(fields) != want || fields == nil {
			t.Errorf("%q: got %d fields, %v, want %d", categories, len(fields), err, want)
		}
	}
	if _, err := privacy.Export(newTeam()); !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("no category: got %v, want ErrInvalid", err)
	}
}

func TestEraseClearsCategoriesAndNothingElse(t *testing.T) {
	v := newTeam()
	n, err := privacy.Erase(v, "account", "content")
	if err != nil || n != 13 {
		t.Fatalf("got %d, %v, want 13 fields", n, err)
	}
	want := newTeam()
	want.ID, want.Notes, want.Emails = "", nil, nil
	want.Owner, want.Deputy, want.Members, want.Former[0], want.person = person{}, &person{}, make([]person, 2), &person{}, person{}
	want.ByCity = map[string]person{"Paris": {}, "Berlin": {}}
	want.ByRank[1] = &person{}
	want.Extra = []any{person{}, 5}
	if !reflect.DeepEqual(v, want) {
		t.Errorf("got  %+v\nwant %+v", v, want)
	}
	if n, err := privacy.Erase(v, "account", "content"); n != 0 || err != nil {
		t.Errorf("again: got %d, %v, want 0 fields", n, err)
	}
}

func TestEraseClearsAllOrNothing(t *testing.T) {
	for rule, v := range map[string]any{"a key of a map": newTeam(), "a struct that cannot be set": *newTeam()} {
		n, err := privacy.Erase(v, "account", "billing")
		var problems privacy.Problems
		if n != 0 || !errors.Is(err, privacy.ErrInvalid) || !errors.As(err, &problems) {
			t.Fatalf("%s: got %d, %v, want problems", rule, n, err)
		}
		if strings.Contains(err.Error(), "Berlin") || problems[0].Code != privacy.ProblemNotErasable {
			t.Errorf("%s: got %v", rule, err)
		}
		if got := reflect.Indirect(reflect.ValueOf(v)).Interface(); !reflect.DeepEqual(got, *newTeam()) {
			t.Errorf("%s: something was erased", rule)
		}
	}
	if _, err := privacy.Erase(newTeam()); !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("no category: got %v, want ErrInvalid", err)
	}
	if n, err := privacy.Erase(team{}, "account"); n != 0 || err != nil {
		t.Errorf("nothing to erase: got %d, %v", n, err)
	}
}

func TestEraseOfRandomStructures(t *testing.T) {
	erased, refused := 0, 0
	rest := []privacy.CategoryID{"account.name", "content", "account.undeclared"}
	export := func(v any, categories ...privacy.CategoryID) []privacy.ExportedField {
		fields, err := privacy.Export(v, categories...)
		if err != nil {
			t.Fatal(err)
		}
		return fields
	}
	for seed := range uint64(150) {
		s := &structures{Rand: rand.New(rand.NewPCG(seed, 2))}
		v := s.value(reflect.PointerTo(s.tagged(2)), false, false, 2).Interface()
		held, kept := export(v, "account.email"), export(v, rest...)

		n, err := privacy.Erase(v, "account.email")
		erased += n
		left := export(v, "account.email")
		if errors.As(err, new(privacy.Problems)) {
			refused++
			if n != 0 || !reflect.DeepEqual(left, held) {
				t.Fatalf("seed %d: refused, but %d erased", seed, n)
			}
			continue
		}
		if err != nil || n != len(held) || len(left) != n {
			t.Fatalf("seed %d: %d of %d erased, %v", seed, n, len(held), err)
		}
		for _, field := range left {
			if value := reflect.ValueOf(field.Value); value.IsValid() && !value.IsZero() {
				t.Fatalf("seed %d: %s is left", seed, field.Path)
			}
		}
		if got := export(v, rest...); !reflect.DeepEqual(got, kept) {
			t.Fatalf("seed %d: other categories changed", seed)
		}
	}
	if erased == 0 || refused == 0 {
		t.Errorf("%d erased, %d refused: the structures are too simple", erased, refused)
	}
}

package privacytest_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
)

func compiled(t *testing.T) *privacy.Register {
	t.Helper()
	register, err := privacy.Compile(privacytest.Declaration())
	if err != nil {
		t.Fatal(err)
	}
	return register
}

type (
	account struct {
		_     struct{} `privacy:"role=controller"`
		Name  string   `privacy:"account.name"`
		Theme string   `privacy:"-"`
		notes string
	}
	image struct {
		_      struct{} `privacy:"role=processor"`
		Bytes  []byte   `privacy:"content.images"`
		Labels map[string]string
	}
	shared struct {
		_    struct{} `privacy:"role=joint_controller"`
		Name string   `privacy:"account.name"`
		Face []byte   `privacy:"content.images"`
	}
	mixed struct {
		_       struct{} `privacy:"role=processor"`
		Owner   account
		Caption string `privacy:"account.name"`
	}
	broken struct {
		Name string `privacy:"account.name,hide"`
	}
	neutral struct {
		Name string `privacy:"account.name"`
		Face []byte `privacy:"content.images"`
	}
)

func TestCheckTagged(t *testing.T) {
	register := compiled(t)
	for rule, test := range map[string]struct {
		values []any
		want   []string // path and code
	}{
		"tagged types pass":            {[]any{account{notes: "unused"}, &neutral{}, (*neutral)(nil)}, nil},
		"every exported field has one": {[]any{image{}}, []string{"privacytest_test.image.Labels untagged"}},
		"joint controllers hold data as controllers": {
			[]any{shared{}},
			[]string{"privacytest_test.shared.Face role"},
		},
		"the innermost role counts": {
			[]any{mixed{}},
			[]string{"privacytest_test.mixed.Caption role"},
		},
		"tags that cannot be used": {[]any{broken{}}, []string{"privacytest_test.broken tag"}},
		"categories are declared": {
			[]any{struct {
				A string `privacy:"nowhere"`
			}{}},
			[]string{`struct { A string "privacy:\"nowhere\"" }.A unknown_reference`},
		},
		"values are structs":        {[]any{nil, 5, []account{}}, []string{" no_type", " no_type", " no_type"}},
		"there is a type":           {nil, []string{" no_type"}},
		"problems of all types":     {[]any{broken{}, account{}, image{}}, []string{"privacytest_test.broken tag", "privacytest_test.image.Labels untagged"}},
		"types within types":        {[]any{struct{ Images []*image }{}}, []string{"struct { Images []*privacytest_test.image }.Images[*].Labels untagged"}},
		"keys of maps of tagged":    {[]any{struct{ M map[string]account }{}}, []string{"struct { M map[string]privacytest_test.account }.M[key] untagged"}},
		"interfaces have a tag too": {[]any{struct{ A any }{}}, []string{"struct { A interface {} }.A untagged"}},
	} {
		t.Run(rule, func(t *testing.T) {
			err := privacytest.CheckTagged(register, test.values...)
			var problems privacy.Problems
			if err != nil && !errors.As(err, &problems) {
				t.Fatalf("got %v, want Problems", err)
			}
			var got []string
			for _, problem := range problems {
				got = append(got, problem.Path+" "+problem.Code)
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

func TestRequireTaggedFailsTheTest(t *testing.T) {
	register := compiled(t)
	failure := failureOf(t, func(t testing.TB) { privacytest.RequireTagged(t, register, image{}) })
	if failure == "" {
		t.Error("a test with an untagged field passed")
	}
	if failure := failureOf(t, func(t testing.TB) { privacytest.RequireTagged(t, register, account{}) }); failure != "" {
		t.Errorf("a test with tagged fields failed: %s", strings.TrimSpace(failure))
	}
}

package policydoc_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/labelop/privacykit/policydoc"
	"github.com/labelop/privacykit/policydoc/markdown"
	"github.com/labelop/privacykit/privacy"
)

func ExampleDiffDocuments() {
	before, _ := markdown.Parse([]byte("# Policy\n\n## 1. Retention\n\nWe keep invoices for 10 years.\n\n## 2. Cookies\n\nNone.\n"), nil)
	after, _ := markdown.Parse([]byte("# Policy\n\n## 1. Purposes\n\nBilling.\n\n## 2. Retention\n\nWe keep invoices for 8 years.\n"), nil)
	diff := policydoc.DiffDocuments(before, after)
	fmt.Printf("%s", markdown.RenderDiff(diff, nil))
	// Output:
	// ## <ins>1. Purposes</ins>
	//
	// _(added)_
	//
	// <ins>Billing.</ins>
	//
	// ## <del>1</del><ins>2</ins>. Retention
	//
	// _(renamed, changed)_
	//
	// We keep invoices for <del>10</del><ins>8</ins> years.
	//
	// ## <del>2. Cookies</del>
	//
	// _(removed)_
	//
	// <del>None.</del>
}

func marked(edits []policydoc.Edit) string {
	var b strings.Builder
	for _, e := range edits {
		switch e.Op {
		case policydoc.EditDelete:
			b.WriteString("[-" + e.Text + "-]")
		case policydoc.EditInsert:
			b.WriteString("{+" + e.Text + "+}")
		default:
			b.WriteString(e.Text)
		}
	}
	return b.String()
}

func TestDiffWords(t *testing.T) {
	tests := []struct{ before, after, want string }{
		{"", "", ""},
		{"same", "same", "same"},
		{"- a\n- c\n", "- a\n- b\n- c\n", "- a\n{+- b\n+}- c\n"},
		{"x\n- b\n- c", "x\n- c", "x\n[-- b\n-]- c"},
		{"the old cat", "the very old cat", "the {+very +}old cat"},
		{"", "new", "{+new+}"},
		{"old", "", "[-old-]"},
		{"we keep it", "we do keep it", "we {+do +}keep it"},
		{"for 30 days.", "for 90 days.", "for [-30-]{+90+} days."},
		{"one two three", "four five three", "[-one two-]{+four five+} three"},
		{"個人情報を利用", "個人情報を共有", "個人情報を[-利用-]{+共有+}"},
		{"a\n\nb", "a\n\nc", "a\n\n[-b-]{+c+}"},
	}
	for _, tt := range tests {
		if got := marked(policydoc.DiffWords(tt.before, tt.after)); got != tt.want {
			t.Errorf("%q → %q: got %s, want %s", tt.before, tt.after, got, tt.want)
		}
	}
}

// randomText is text of few distinct words, so that diffs are hard.
func randomText(r *rand.Rand, words, vocabulary int) string {
	var b strings.Builder
	for range words {
		fmt.Fprintf(&b, "w%d%s", r.IntN(vocabulary), []string{" ", " ", ", ", ".\n\n"}[r.IntN(4)])
	}
	return b.String()
}

func TestApplyEditsOfDiffWordsYieldsTheNewText(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 300 {
		before := randomText(r, r.IntN(200), 1+r.IntN(50))
		after := randomText(r, r.IntN(200), 1+r.IntN(50))
		if i%2 == 0 {
			words := strings.Fields(before)
			words = slices.Delete(words, len(words)/3, len(words)/2)
			after = strings.Join(words, " ")
		}
		edits := policydoc.DiffWords(before, after)
		if got, ok := policydoc.ApplyEdits(before, edits); !ok || got != after {
			t.Fatalf("%q → %q: %v", before, after, edits)
		}
		for k := range len(edits) - 1 {
			if edits[k].Op == edits[k+1].Op || edits[k].Op == policydoc.EditInsert && edits[k+1].Op == policydoc.EditDelete {
				t.Fatalf("neighbours %v %v", edits[k], edits[k+1])
			}
		}
	}
	if _, ok := policydoc.ApplyEdits("other", policydoc.DiffWords("a", "b")); ok {
		t.Error("applied to another text")
	}
}

func TestDiffWordsOfLargeTexts(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	base := randomText(r, 100_000, 5000)
	edited := strings.Replace(base, base[300_000:300_100], "a new clause", 1)
	for name, after := range map[string]string{
		"a small change":                 edited,
		"another text":                   randomText(r, 100_000, 5000),
		"another text of few words":      randomText(r, 100_000, 5),
		"another text of distinct words": randomText(r, 100_000, 1<<40),
		"nothing":                        "",
	} {
		edits := policydoc.DiffWords(base, after)
		if got, ok := policydoc.ApplyEdits(base, edits); !ok || got != after {
			t.Errorf("%s: does not apply", name)
		}
		if name == "a small change" && len(edits) > 10 {
			t.Errorf("%d edits for one change", len(edits))
		}
	}
}

func FuzzDiffWords(f *testing.F) {
	f.Add("a b c", "a c d")
	f.Add("個人情報", "x y\n\nz")
	f.Fuzz(func(t *testing.T, before, after string) {
		if got, ok := policydoc.ApplyEdits(before, policydoc.DiffWords(before, after)); !ok || got != after {
			t.Fatal("does not apply")
		}
	})
}

func TestDiffSections(t *testing.T) {
	const body = "\n\nSome words that say what it is about, at length.\n\n"
	tests := map[string]struct {
		before, after string
		want          []string
	}{
		"nothing":            {"# A\n\nx\n", "# A\n\nx\n", []string{"a a unchanged"}},
		"text":               {"# A\n\nx\n", "# A\n\ny\n", []string{"a a changed"}},
		"added":              {"# A\n\nx\n", "# A\n\nx\n\n# B\n\ny\n", []string{"a a unchanged", " b added"}},
		"removed in place":   {"# A\n\n# B\n\n# C\n", "# A\n\n# C\n", []string{"a a unchanged", "b  removed", "c c unchanged"}},
		"moved":              {"# A\n\n# B\n\n# C\n", "# C\n\n# A\n\n# B\n", []string{"c c moved", "a a unchanged", "b b unchanged"}},
		"on another level":   {"# A\n\n# B\n", "# A\n\n## B\n", []string{"a a unchanged", "b b moved"}},
		"renumbered":         {"# 1. A\n", "# 2. A\n", []string{"a a renamed"}},
		"renamed":            {"# Old name" + body, "# New title" + body, []string{"old-name new-title renamed"}},
		"renamed and edited": {"# Old name" + body, "# New title" + body + "More.\n", []string{"old-name new-title renamed, changed"}},
		"replaced":           {"# A" + body, "# B\n\nNothing of the kind remains here.\n", []string{" b added", "a  removed"}},
		"intro and notes":    {"x\n\n# A[^1]\n\n[^1]: n\n", "y\n\n# A[^1]\n\n[^1]: m\n", []string{"  changed", "a a unchanged", "fn: fn: changed"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			before, after := parse(t, tt.before), parse(t, tt.after)
			d := policydoc.DiffDocuments(before, after)
			var got []string
			for _, s := range d.Sections {
				got = append(got, s.OldID+" "+s.NewID+" "+s.Change.String())
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if d.Empty() != (name == "nothing") {
				t.Error("Empty")
			}
			checkApply(t, d, before, after)
		})
	}
}

func checkApply(t testing.TB, d *policydoc.Diff, before, after *policydoc.Document) {
	t.Helper()
	got, err := d.Apply(before.Passages())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, after.Passages()) {
		t.Error("applying the difference does not yield the newer text")
	}
}

func TestApplyRefusesAnotherText(t *testing.T) {
	a, b, c := parse(t, "# A\n\nx\n"), parse(t, "# A\n\ny\n"), parse(t, "# A\n\nz\n")
	d := policydoc.DiffDocuments(a, b)
	for _, other := range [][]policydoc.Passage{nil, b.Passages(), c.Passages()} {
		if _, err := d.Apply(other); !errors.Is(err, privacy.ErrInvalid) {
			t.Errorf("got %v", err)
		}
	}
}

func TestAliasesKeepOldLinksValid(t *testing.T) {
	const body = "\n\nSome words that say what it is about.\n"
	got := policydoc.Aliases(parse(t, "# One"+body+"# X\n"), parse(t, "# Two"+body+"# X\n"), parse(t, "# Two"+body+"# Y\n"), parse(t, "# Three"+body))
	if want := map[string][]string{"three": {"one", "two"}}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestRenderDiffHTML(t *testing.T) {
	d := policydoc.DiffDocuments(
		parse(t, "# A\n\nsame\n\nsame too\n\nold <b>\n\n# B\n\nx\n"),
		parse(t, "# A\n\nsame\n\nsame too\n\nnew &lt;i>\\\nline\n\n# B\n\nx\n"))
	var b strings.Builder
	if err := policydoc.RenderDiffHTML(&b, d, &policydoc.DiffOptions{Names: map[policydoc.Change]string{policydoc.Changed: "geändert"}}); err != nil {
		t.Fatal(err)
	}
	want := "<article class=\"diff\">\n<section class=\"changed\">\n<h2>A</h2>\n<p class=\"change\">geändert</p>\n<p>…</p>\n" +
		"<p><del>old</del><ins>new &lt;i&gt; line</ins></p>\n</section>\n</article>\n"
	if b.String() != want {
		t.Errorf("got %s\nwant %s", b.String(), want)
	}
	b.Reset()
	if err := policydoc.RenderDiffHTML(&b, d, &policydoc.DiffOptions{All: true, FirstLevel: 3}); err != nil {
		t.Fatal(err)
	}
	if got := b.String(); !strings.Contains(got, "<p>same too</p>") || !strings.Contains(got, "<h3>B</h3>") {
		t.Errorf("got %s", got)
	}
}

func BenchmarkDiffWords1MB(b *testing.B) {
	r := rand.New(rand.NewPCG(5, 6))
	before, after := randomText(r, 170_000, 5000), randomText(r, 170_000, 5000)
	b.SetBytes(int64(len(before)))
	b.ReportAllocs()
	for b.Loop() {
		policydoc.DiffWords(before, after)
	}
}

package markdown_test

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"

	"github.com/labelop/privacykit/policydoc"
	"github.com/labelop/privacykit/policydoc/markdown"
)

// fragments are what inline text is generated of: marks, whole constructs and
// their halves, and characters that parsers disagree on.
var fragments = []string{
	"a", "xy", "9", "1.", "10)", " ", "  ", "\t", "é", "漢", "。", "!", "\"", "'", ".", ":", "|", "(", ")", "=", "-", "+", "#", ">", "%41", "$",
	"*", "**", "***", "_", "__", "~", "~~", "~~~", "`", "``", "```", "\\", "\\\\", "\\*", "\\#", "\\|", "\\[", "\\:", "&", "{", "}", "^",
	"[", "]", "![", "](", "](<", "[a](b)", "[a](<b c> 't')", "[a](b \"x\\|y\\\"\")", "![a](b \"{`<\")", "[a]", "\n[a]: /u 'q'\n",
	"[^1]", "[^2]", "![^1]", "\n[^1]: ", "[^2]: [^1]: ", "<http://x.y/z>", "<a@b.c>",
	"<b>", "</b>", "<i>", "<a href=\"y'z\">", "<a id=\"q\">", "<a id=\"\ufffd\">", "</a>", "<br>", "<div>", "<p>", "<!-- -->", "<!--", "-->", "<script>", "</script>", "<?", "<!A",
	"<!-- disclose: category:a é -->", "<img src=a alt=\" b c\">", "{{fact:a_b}}", "{{fact:", "}}", "{#id}", " {#id disclose=\"a b\"}", "{.c}",
	"&amp;", "&lt;", "&#0;", "&#32;", "&#10;", "&#xA0;", "&#xFEFF;", "&#x2028;", "&#xD800;", "&#99999999999;", "&#58;", "&#126;", "&Tab;", "&copy", "&copy;", "&#x;",
	"\ufeff", "\u200b", "\u00a0", "\u0085", "\u2028", "\u3000", "\u0301", "\u202e", "\v", "\f", "\x00", "\xff", "\x7f", "\r", "\n", "\\\n", "  \n",
}

// generator writes documents in which every block stands within every other.
type generator struct {
	rng *rand.Rand
	out strings.Builder
}

func (g *generator) one(of ...string) string { return of[g.rng.IntN(len(of))] }

func (g *generator) put(parts ...string) {
	for _, p := range parts {
		g.out.WriteString(p)
	}
}

func (g *generator) inline() string {
	var b strings.Builder
	for range 1 + g.rng.IntN(5) {
		b.WriteString(g.one(fragments...))
	}
	return b.String()
}

func (g *generator) document() []byte {
	g.out.Reset()
	if g.rng.IntN(8) == 0 {
		g.put("---\n", g.one("title", "lang", "a b"), ": ", g.one("", "'", "\""), g.inline(), g.one("", "'", "\""), "\n", g.one("", "# c\n", "  - x\n"), g.one("---", "..."), "\n")
	}
	g.blocks("", 0)
	return []byte(g.out.String())
}

// blocks writes blocks whose lines start with prefix, the first one's written.
func (g *generator) blocks(prefix string, depth int) {
	for i := range 1 + g.rng.IntN(3) {
		if i > 0 {
			g.put(g.one(strings.TrimRight(prefix, " ")+"\n", ""), prefix)
		}
		g.block(prefix, depth)
	}
}

func (g *generator) block(prefix string, depth int) {
	kind := g.rng.IntN(11)
	if depth > 2 {
		kind %= 7
	}
	switch kind {
	case 0:
		g.put(strings.Repeat("#", 1+g.rng.IntN(6)), " ", g.inline(), g.one("", " #", " {#"+g.inline()+"}"), "\n")
	case 1:
		g.put(g.inline(), "\n", prefix, g.one("===", "---", "-", "="), "\n")
	case 2:
		fence := g.one("```", "~~~", "````")
		g.put(fence, g.one("", g.inline()), "\n", prefix, g.inline(), "\n", prefix, g.one("", " \n"+prefix), fence, "\n")
	case 3:
		g.put("    ", g.inline(), "\n")
	case 4:
		n := 1 + g.rng.IntN(3)
		for range n {
			g.put("| ", g.inline(), " ")
		}
		g.put("|\n", prefix, strings.Repeat(g.one("|-", "|:-:"), n), "|\n", prefix, "| ", g.inline(), "\n")
	case 5:
		g.put(g.one("***", "- - -", "<div>", "<!-- c", "<?", "<script>", "<x>", "<table><tr><td>"), g.one("", g.inline()), "\n")
	case 6:
		g.put(g.inline(), "\n")
	case 7:
		g.put("> ")
		g.blocks(prefix+"> ", depth+1)
	case 8:
		g.put("[^", strconv.Itoa(1+g.rng.IntN(3)), "]: ")
		g.blocks(prefix+"    ", depth+1)
	default:
		marker := g.one("- ", "* ", "1. ", "10) ", "999999999. ", "-    ")
		g.put(marker)
		g.blocks(prefix+strings.Repeat(" ", len(marker)), depth+1)
		g.put(prefix, marker, g.one("", g.inline()), "\n")
	}
}

// generated are documents that are the same in every run.
func generated(n int) [][]byte {
	g := &generator{rng: rand.New(rand.NewPCG(1, 2))}
	out := make([][]byte, n)
	for i := range out {
		out[i] = g.document()
	}
	return out
}

func TestGenerated(t *testing.T) {
	var src []byte
	defer func() {
		if t.Failed() {
			t.Logf("source %q", src)
		}
	}()
	before := &policydoc.Document{}
	for _, src = range generated(4000) {
		d, err := markdown.Parse(src, nil)
		if err != nil {
			t.Fatal(err)
		}
		if !hasRawHTML(bodyOf(src, d)) {
			checkWords(t, src, d)
		}
		checkRoundTrip(t, d)
		checkRenderedDiff(t, policydoc.DiffDocuments(before, d))
		before = d
	}
}

// checkRenderedDiff fails if the texts that a difference shows make blocks or
// links of their own.
func checkRenderedDiff(t *testing.T, d *policydoc.Diff) {
	t.Helper()
	out := markdown.RenderDiff(d, &policydoc.DiffOptions{All: true})
	root := goldmarkAlone().Parser().Parse(text.NewReader(out))
	_ = ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		switch n := n.(type) {
		case *ast.Document, *ast.Heading, *ast.Paragraph, *ast.Text, *ast.String, *ast.Emphasis:
		case *ast.RawHTML:
			if raw := string(n.Segments.Value(out)); entering && !slices.Contains([]string{"<ins>", "</ins>", "<del>", "</del>", "<br>"}, raw) {
				t.Fatalf("%s in %q", raw, out)
			}
		default:
			t.Fatalf("%s in %q", n.Kind(), out)
		}
		return ast.WalkContinue, nil
	})
}

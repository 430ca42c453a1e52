package markdown_test

import (
	"bytes"
	"html"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	gmhtml "github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"

	"github.com/labelop/privacykit/policydoc"
	"github.com/labelop/privacykit/policydoc/markdown"
)

// goldmarkAlone renders Markdown without this package, raw HTML as it is.
func goldmarkAlone() goldmark.Markdown {
	return goldmark.New(
		goldmark.WithExtensions(extension.Table, extension.Strikethrough, extension.Footnote),
		goldmark.WithParserOptions(parser.WithHeadingAttribute()),
		goldmark.WithRendererOptions(gmhtml.WithUnsafe()),
	)
}

var (
	rendered = struct {
		hidden, sup, backref, img, inline, tag *regexp.Regexp
	}{
		hidden:  regexp.MustCompile(`(?is)<!--.*?-->|<(script|style|template)\b.*?</(script|style|template)>`),
		sup:     regexp.MustCompile(`<sup id="fnref[^>]*>.*?</sup>`),
		backref: regexp.MustCompile(`(&#160;)?<a href="#fnref[^>]*>.*?</a>`),
		img:     regexp.MustCompile(`(?i)<img [^>]*?\balt="([^"]*)"[^>]*>`),
		inline:  regexp.MustCompile(`(?i)</?(a|abbr|b|code|del|em|i|s|small|span|strong|sub|sup|u)\b[^>]*>`),
		tag:     regexp.MustCompile(`<[^>]*>`),
	}
)

// renderedText is the text of goldmark's own rendering of the body.
func renderedText(t testing.TB, body []byte) string {
	t.Helper()
	var b bytes.Buffer
	if err := goldmarkAlone().Convert(body, &b); err != nil {
		t.Fatal(err)
	}
	out := rendered.hidden.ReplaceAllString(b.String(), "")
	out = rendered.sup.ReplaceAllString(out, "")
	out = rendered.backref.ReplaceAllString(out, "")
	out = rendered.img.ReplaceAllStringFunc(out, func(img string) string {
		alt := strings.ReplaceAll(rendered.img.FindStringSubmatch(img)[1], "<br>", " ")
		return strings.Trim(alt, " \t\n\r\f\v")
	})
	out = rendered.inline.ReplaceAllString(out, "")
	out = rendered.tag.ReplaceAllString(out, " ")
	return html.UnescapeString(out)
}

// documentText is the text of a parsed document, footnotes last.
func documentText(d *policydoc.Document) string {
	var b strings.Builder
	blocksText(&b, d.Intro)
	for s := range d.All() {
		spansText(&b, s.Heading)
		blocksText(&b, s.Blocks)
	}
	for _, f := range d.Footnotes {
		blocksText(&b, f.Blocks)
	}
	return b.String()
}

func blocksText(b *strings.Builder, blocks []policydoc.Block) {
	for _, bl := range blocks {
		switch bl := bl.(type) {
		case *policydoc.Paragraph:
			spansText(b, bl.Spans)
		case *policydoc.Heading:
			spansText(b, bl.Spans)
		case *policydoc.List:
			for _, it := range bl.Items {
				blocksText(b, it.Blocks)
			}
		case *policydoc.Quote:
			blocksText(b, bl.Blocks)
		case *policydoc.Code:
			b.WriteString(bl.Text + "\n")
		case *policydoc.Table:
			for _, row := range append([][]policydoc.Cell{bl.Header}, bl.Rows...) {
				for _, c := range row {
					spansText(b, c)
				}
			}
		}
	}
}

func spansText(b *strings.Builder, spans []policydoc.Span) {
	kept := slices.DeleteFunc(slices.Clone(spans), func(s policydoc.Span) bool { return s.Kind == policydoc.SpanFootnote })
	b.WriteString(policydoc.PlainText(kept) + "\n")
}

// checkWords fails unless the document has the words of goldmark's rendering.
// Where the source holds raw HTML, the boundaries of words are not compared;
// where it holds footnotes, only that no word is missing.
func checkWords(t testing.TB, src []byte, d *policydoc.Document) {
	t.Helper()
	body := bodyOf(src, d)
	want, got := strings.Fields(renderedText(t, body)), strings.Fields(documentText(d))
	switch {
	case len(d.Footnotes) > 0:
		count := map[string]int{}
		for _, w := range got {
			count[w]++
		}
		for _, w := range want {
			if count[w]--; count[w] < 0 {
				t.Fatalf("word %q is missing", w)
			}
		}
	case hasRawHTML(body):
		if a, b := strings.Join(want, ""), strings.Join(got, ""); a != b {
			t.Fatalf("text differs:\nwant %s\n got %s", clip(a, b), clip(b, a))
		}
	case !slices.Equal(want, got):
		a, b := strings.Join(want, " "), strings.Join(got, " ")
		t.Fatalf("words differ:\nwant %s\n got %s", clip(a, b), clip(b, a))
	}
}

// clip returns where a departs from b.
func clip(a, b string) string {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	return "…" + strings.ToValidUTF8(a[max(0, i-60):min(len(a), i+60)], "") + "…"
}

// bodyOf cuts the front matter off, which goldmark knows nothing of.
func bodyOf(src []byte, d *policydoc.Document) []byte {
	src = bytes.TrimPrefix(src, []byte("\xef\xbb\xbf"))
	src = bytes.ReplaceAll(bytes.ReplaceAll(src, []byte("\r\n"), []byte("\n")), []byte("\r"), []byte("\n"))
	src = bytes.ReplaceAll(bytes.ToValidUTF8(src, []byte("\uFFFD")), []byte{0}, []byte("\uFFFD"))
	if len(d.Fields) == 0 {
		return src
	}
	_, rest, _ := bytes.Cut(src, []byte("\n"))
	for len(rest) > 0 {
		var line []byte
		line, rest, _ = bytes.Cut(rest, []byte("\n"))
		if s := strings.TrimRight(string(line), " \t"); s == "---" || s == "..." {
			break
		}
	}
	return rest
}

func hasRawHTML(body []byte) bool {
	found := false
	root := goldmarkAlone().Parser().Parse(text.NewReader(body))
	_ = ast.Walk(root, func(n ast.Node, _ bool) (ast.WalkStatus, error) {
		found = found || n.Kind() == ast.KindHTMLBlock || n.Kind() == ast.KindRawHTML
		return ast.WalkContinue, nil
	})
	return found
}

// checkRoundTrip fails unless the normalised form of the document parses to an
// equal document and is its own normalised form.
func checkRoundTrip(t testing.TB, d *policydoc.Document) {
	t.Helper()
	first := markdown.Render(d)
	again, err := markdown.Parse(first, &markdown.Options{Locale: d.Locale})
	if err != nil {
		t.Fatalf("normalised form does not parse: %v", err)
	}
	if second := markdown.Render(again); !bytes.Equal(first, second) {
		t.Fatalf("normalised form is not stable:\n%s", firstDifference(first, second))
	}
	if !d.Equal(again) {
		t.Fatalf("document differs after a round trip:\n%q\n%#v\n%#v", first, dump(d), dump(again))
	}
}

func dump(d *policydoc.Document) string {
	var b bytes.Buffer
	_ = policydoc.RenderHTML(&b, d, nil)
	return b.String()
}

func firstDifference(a, b []byte) string {
	return "one: " + clip(string(a), string(b)) + "\ntwo: " + clip(string(b), string(a))
}

// seeds are sources with the traps of real policies.
var seeds = []string{
	"",
	"\ufeff# Title\r\n\r\ntext\r\n",
	"\ufeff\ufefftwice\n",
	"<!-- c -->\n\n\ufeffnot at the start\n",
	"---\ntitle: 'It''s'\nlang: he\nlist:\n  - a\n  - b\n---\n\n# שלום\n\nעולם\n",
	"---\nnot front matter\n---\n",
	"Setext\n===\n\nTwo\nlines\n---\n\n#### Skipped {#x disclose=\"category:a b\"}\n",
	"# A\n# A\n# A-2\n# A {#a-2}\n#\n# !!!\n",
	"1. one\n2. two\n\n   more\n   - nested\n\n     deep\n7. x\n\n- a\n* b\n\n3) c\n4. d\n",
	"- a\n- \n- c\n\n\n-\n\n  foo\n",
	"* - + deep\n  > quote\n\n> > > q\nlazy\n\n>\n",
	"| a | b \\| c |\n|:--|--:|\n| `x \\| y` | **z** |\n| only |\n\n| x |\n|-|\n",
	"a `` ` `` b `  ` c ` d ` e\\`f`g`\n",
	"*a **b** c* ***d*** _e_f_ **g:**h x**y**z ~~s~~ ~t~ **&nbsp;u**\n",
	"**a *b*** c*d***e** *f**g*h** ***i** j*\n",
	"[a **b](c) d** [*x*](y \"t\\\"&amp;\") ![al*t*](src 't') <https://x.y/?a=b&c> <a@b.c> [e]()\n",
	"[ref]\n\n[ref]: <http://x y> 'title'\n[^1] and [^1] and [^b]\n\n[^b]: two [^1]\n\n    more\n[^1]: one\n[^z]: none\n",
	"    code\n\n\ttab\n\n```go x\nfenced `` ```\n```\n~~~~\n```\n~~~~\n- ```\n  in list\n\n  x\n  ```\n",
	"<div>\n<p>Hello <b>you</b> &amp; me</p><p>bye</p>\n</div>\n\ntext <br> more <a href=\"x\">link</a> <span>s</span><!-- c -->z\n",
	"<!-- disclose: category:a, purpose:b -->\n\n# S\n\n- item <!-- disclose: recipient:c -->\n\n<script>\nalert('x')\n\n</script>\n",
	"<a name=\"old\"></a>\n\n# H <a id=\"i\"></a>\n\n<img alt=\"al t\" src=\"{% x %}\"> <figure class=\"c\">\n",
	"hard  \nbreak\\\n# not heading\\\n- x\\\n\\\n1. y\n\n\\\nz\n",
	"{{fact:retention:account_x}} {{ site.email }} {% data x %} {{fact: no}} {{fact:}} *{{fact:a*b}}\n",
	"import X from 'y'\n\nexport const m = {a: 1}\n\n<Tabs items={['a']}>\n\n{/* c */}\n\n</Tabs>\n",
	"a\u00a0b\u200bc &nbsp; &#x41; &#32; &#10;x &copy; &bogus; \\& Q&A &amp;lt;\n",
	"***\n---\n___\n\na\n***\n- ***\n- - -\n",
	"# T {: .no_toc}\n\npara {: .c}\n{#id}\n\n# **b** `c` [l](x) {#é.x:y-z_1}\n",
	"> # in quote {#q}\n> - x\n>\n>   | a |\n>   |---|\n>   | b |\n>\n> ```\n> c\n>\n> d\n> ```\n",
	"\x00\xff\xfe text\n",
	"第1条 目的\n===\n\n本サービス\nは、個人情報**（氏名）**を\n\n## 제2조 (목적)\n\n**강조**입니다.\n",
	"\\# \\* \\_ \\` \\[ \\] \\< \\> \\! \\{ \\} \\( \\) \\+ \\- \\. \\| \\~ \\^ \\\\ \\a\n",
	"!\\[x](y) ![^1] \\![x](y) a![b](c)\n",
	"\\~~~0~~ * * +\n* * +\n000\\   \n0 0![ 0]() ![<a@b.c> `d`](e)\n",
	"*(*foo*)*a &auml;*(x)*b a*&#32;x* `*`*a*`_`\n",
	"[^1]\\: a\n\n[^1]: <!-- -->[^1]: b\n",
	"[^1]: ~~~\n    a\n      \n    ~~~\n[^1]\n",
	"[^2]:[^1]:    a\n[^1]\n",
	"> [^1]: a\n\nb\n===\n\n[^1]\n",
	"999999999. a\n1. b\n",
	"<A id=\"\ufffd\">\n",
	"~~a&#126;~~ ~>~~<a>~\n",
	"` \t` `\t`\n",
	"| [a](b \"c\\|d\") |\n|-|\n",
	"---\n# Privacy policy\n---\n",
	"---\n\n...\ntext\n",
	"<script>" + strings.Repeat("Ⱥ", 40) + "</script>\n",
	"<div><script>İİİİ</SCRIPT>a</div>\n",
	"![a&#xA0;](b)c <![  \n]()d\n",
}

func TestSeeds(t *testing.T) {
	for _, src := range seeds {
		d, err := markdown.Parse([]byte(src), nil)
		if err != nil {
			t.Errorf("%q: %v", src, err)
			continue
		}
		t.Run("", func(t *testing.T) {
			checkWords(t, []byte(src), d)
			checkRoundTrip(t, d)
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	for _, src := range generated(100) {
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		d, err := markdown.Parse(src, nil)
		if err != nil {
			return
		}
		var page bytes.Buffer
		if err := policydoc.RenderHTML(&page, d, &policydoc.HTMLOptions{TOC: 3, RemoteImages: true}); err != nil {
			t.Fatal(err)
		}
		checkSafe(t, page.String())
		d.Text()
		if !hasRawHTML(bodyOf(src, d)) {
			checkWords(t, src, d)
		}
		checkRoundTrip(t, d)
	})
}

var anyTag = regexp.MustCompile(`</?([a-z0-9]+)((?: [a-z-]+="[^"<>]*")*)>`)

// checkSafe fails if a page holds anything but the few elements and attributes
// that RenderHTML writes, or a link of another scheme.
func checkSafe(t testing.TB, page string) {
	t.Helper()
	rest := anyTag.ReplaceAllStringFunc(page, func(tag string) string {
		m := anyTag.FindStringSubmatch(tag)
		if !slices.Contains(allowedElements, m[1]) {
			t.Fatalf("element %s", tag)
		}
		for _, a := range regexp.MustCompile(`([a-z-]+)="([^"]*)"`).FindAllStringSubmatch(m[2], -1) {
			if !slices.Contains(allowedAttributes, a[1]) {
				t.Fatalf("attribute %s", tag)
			}
			if (a[1] == "href" || a[1] == "src") && !policydoc.SafeLink(html.UnescapeString(a[2])) {
				t.Fatalf("link %s", tag)
			}
		}
		return ""
	})
	if i := strings.IndexAny(rest, "<>"); i >= 0 {
		t.Fatalf("unescaped: %s", rest[i:min(len(rest), i+80)])
	}
}

var (
	allowedElements = strings.Fields("article a nav ul ol li h1 h2 h3 h4 h5 h6 p blockquote pre code hr br em strong " +
		"del img sup span div table thead tbody tr th td section")
	allowedAttributes = strings.Fields("id href src alt title class scope start lang dir role aria-label")
)

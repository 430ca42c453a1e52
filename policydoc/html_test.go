package policydoc_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/labelop/privacykit/policydoc"
	"github.com/labelop/privacykit/policydoc/markdown"
)

func replaceOnce(s, old, with string) string { return strings.Replace(s, old, with, 1) }

func html(t testing.TB, src string, opts *policydoc.HTMLOptions) string {
	t.Helper()
	var b strings.Builder
	if err := policydoc.RenderHTML(&b, parse(t, src), opts); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(strings.TrimPrefix(b.String(), "<article>\n"), "</article>\n")
}

func ExampleRenderHTML() {
	doc, err := markdown.Parse([]byte("---\nlocale: en\n---\n# Privacy\n\n## 1. Data\n\nYour **name**.\n\n## 2. Rights\n\n[Write](mailto:us@example.com).\n"), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := policydoc.RenderHTML(os.Stdout, doc, &policydoc.HTMLOptions{TOC: 1, TOCTitle: "Contents"}); err != nil {
		fmt.Println(err)
	}
	// Output:
	// <article lang="en" dir="ltr">
	// <nav class="toc" aria-label="Contents">
	// <ul>
	// <li><a href="#data">1. Data</a></li>
	// <li><a href="#rights">2. Rights</a></li>
	// </ul>
	// </nav>
	// <h1 id="privacy">Privacy</h1>
	// <h2 id="data">1. Data</h2>
	// <p>Your <strong>name</strong>.</p>
	// <h2 id="rights">2. Rights</h2>
	// <p><a href="mailto:us@example.com">Write</a>.</p>
	// </article>
}

func TestRenderHTMLIsSafe(t *testing.T) {
	for src, want := range map[string]string{
		"[a](javascript:alert(1))":                     "<p>a</p>\n",
		"[a](JaVaScript:alert(1))":                     "<p>a</p>\n",
		"[a](java&#10;script:alert(1))":                "<p>a</p>\n",
		"[a](&#x6A;avascript:alert(1))":                "<p>a</p>\n",
		"[a](data:text/html,x) [b](vbscript:x)":        "<p>a b</p>\n",
		"[a](file:///etc/passwd)":                      "<p>a</p>\n",
		"<javascript:alert(1)>":                        "<p>javascript:alert(1)</p>\n",
		"[a](x \"\\\"><script>\")":                     "<p><a href=\"x\" title=\"&quot;&gt;&lt;script&gt;\">a</a></p>\n",
		"<script>alert(1)</script>":                    "",
		"a <script>alert(1)</script>":                  "<p>a alert(1)</p>\n",
		"<img src=x onerror=alert(1)>":                 "<p><img src=\"x\" alt=\"\"></p>\n",
		"<div onclick=\"x\">text</div>":                "<p>text</p>\n",
		"<a href=\"javascript:x\">a</a> b":             "<p>a b</p>\n",
		"# <b>x</b> &lt;script&gt; {#i onclick=\"x\"}": "<h1 id=\"i\"><strong>x</strong> &lt;script&gt;</h1>\n",
		"```\"><script>\n</code><script>\n```":         "<pre><code>&lt;/code&gt;&lt;script&gt;\n</code></pre>\n",
		"![alt](https://tracker.example/x.png)":        "<p>alt</p>\n",
		"![alt](//tracker.example/x.png)":              "<p>alt</p>\n",
		"![alt](/logo.png 't')":                        "<p><img src=\"/logo.png\" alt=\"alt\" title=\"t\"></p>\n",
		"{{fact:&lt;script&gt;}}":                      "<p><span class=\"fact\">{{fact:&lt;script&gt;}}</span></p>\n",
	} {
		if got := html(t, src, nil); got != want {
			t.Errorf("%q:\n got %q\nwant %q", src, got, want)
		}
	}
}

func TestRenderHTML(t *testing.T) {
	for src, want := range map[string]string{
		"a [*b* **c**](/x) d":     "<p>a <a href=\"/x\"><em>b</em> <strong>c</strong></a> d</p>\n",
		"`a<b` ~~c~~ d\\\ne":      "<p><code>a&lt;b</code> <del>c</del> d<br>\ne</p>\n",
		"- a\n  - b\n- c\n\n  d":  "<ul>\n<li>a\n<ul>\n<li>b</li>\n</ul>\n</li>\n<li>\n<p>c</p>\n<p>d</p>\n</li>\n</ul>\n",
		"3. a\n4.\n":              "<ol start=\"3\">\n<li>a</li>\n<li></li>\n</ol>\n",
		"> q\n\n***":              "<blockquote>\n<p>q</p>\n</blockquote>\n<hr>\n",
		"| a | |\n|:-:|-|\n| b |": "<div class=\"table\"><table>\n<thead>\n<tr>\n<th scope=\"col\" class=\"align-center\">a</th>\n<th></th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td class=\"align-center\">b</td>\n<td></td>\n</tr>\n</tbody>\n</table></div>\n",
		"a[^x] b[^x]\n\n[^x]: n":  "<p>a<sup><a role=\"doc-noteref\" id=\"fn:ref:1\" href=\"#fn:1\">1</a></sup> b<sup><a role=\"doc-noteref\" href=\"#fn:1\">1</a></sup></p>\n<section class=\"footnotes\" role=\"doc-endnotes\">\n<ol>\n<li id=\"fn:1\">\n<p>n</p>\n<a role=\"doc-backlink\" href=\"#fn:ref:1\">↩</a>\n</li>\n</ol>\n</section>\n",
		"## a\n\n##### b":         "<h2 id=\"a\">a</h2>\n<h3 id=\"b\">b</h3>\n",
		"<a name=\"x\"></a>y <a id=\"x\"></a>\n\n> ### z": "<p><a id=\"x\"></a>y </p>\n<blockquote>\n<h3>z</h3>\n</blockquote>\n",
		"<a id=\"fn:1\"></a><a id=\"fn:ref:1\"></a>y":     "<p>y</p>\n",
	} {
		if got := html(t, src, nil); got != want {
			t.Errorf("%q:\n got %q\nwant %q", src, got, want)
		}
	}
}

func TestRenderHTMLOptions(t *testing.T) {
	got := html(t, "## new\n\n## b\n\n### c\n", &policydoc.HTMLOptions{
		TOC: 2, FirstLevel: 3, Aliases: map[string][]string{"new": {"old", "b", ""}},
	})
	want := "<nav class=\"toc\">\n<ul>\n<li><a href=\"#new\">new</a></li>\n<li><a href=\"#b\">b</a>\n<ul>\n<li><a href=\"#c\">c</a></li>\n</ul>\n</li>\n</ul>\n</nav>\n" +
		"<a id=\"old\"></a><h3 id=\"new\">new</h3>\n<h3 id=\"b\">b</h3>\n<h4 id=\"c\">c</h4>\n"
	if got != want {
		t.Errorf("got %q\nwant %q", got, want)
	}
	if got := html(t, "![a](https://x.example/y)", &policydoc.HTMLOptions{RemoteImages: true}); !strings.Contains(got, "<img ") {
		t.Error("a remote image is missing")
	}
}

func TestSafeLink(t *testing.T) {
	for href, want := range map[string]bool{
		"https://a": true, "HTTP://a": true, "mailto:a@b": true, "/a:b": true, "a/b": true, "#a:b": true, "?a:b": true,
		"//host/x": true, "": true, "a": true,
		"javascript:x": false, "java script:x": false, "\tjavascript:x": false, "a:b": false, ":x": false,
		"ftp://a": false, "tel:1": false, "\\\\host": false, "/\\host": false,
	} {
		if got := policydoc.SafeLink(href); got != want {
			t.Errorf("SafeLink(%q) = %v", href, got)
		}
	}
}

func TestText(t *testing.T) {
	d := parse(t, "# A\n\np [l](https://x.example) <https://y.example> [in](#a)[^1]\n\n- a\n  1. b\n- \n\n> q\n\n```\nc\n```\n\n| x | y |\n|-|-|\n| 1 | 2 |\n\n***\n\n> ## h\n\n[^1]: note\n")
	want := "A\n\np l <https://x.example> https://y.example in[1]\n\n- a\n\n  1. b\n\n- \n\n  q\n\nc\n\nx | y\n1 | 2\n\n---\n\n  h\n\n[1] note\n"
	if got := d.Text(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got, want := d.WordCount(), 17; got != want {
		t.Errorf("%d words, want %d", got, want)
	}
}

func TestTokensLoseNothing(t *testing.T) {
	for text, want := range map[string]int{
		"Don't stop, now.": 3, "naïve café": 2, "個人情報": 4, "ก็ดี": 2, "a\u200bb": 1, "": 0, "  ": 0, "x’s": 1,
		"e\u0301a": 1, "…!": 0, "privacy@example.com": 3, "100,000": 2, "한국어 문서": 2,
	} {
		tokens := policydoc.Tokens(text)
		if strings.Join(tokens, "") != text {
			t.Errorf("Tokens(%q) = %q", text, tokens)
		}
		if got := policydoc.CountWords(text); got != want {
			t.Errorf("CountWords(%q) = %d, want %d", text, got, want)
		}
	}
}

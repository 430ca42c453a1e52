package markdown_test

import (
	"testing"

	"github.com/labelop/privacykit/policydoc"
	"github.com/labelop/privacykit/policydoc/markdown"
)

func TestNormalisedForm(t *testing.T) {
	tests := []struct{ source, want string }{
		{"a *b* **c** ***d*** ~~e~~ `f`", "a _b_ **c** **_d_** ~~e~~ `f`\n"},
		{"x**y**z and x*y*z and x_y_z", "x**y**z and x*y*z and x\\_y\\_z\n"},
		{"**Note:**text", "\\*\\*Note:\\*\\*text\n"},
		{"**a *b* c** *d **e***", "**a _b_ c** _d **e**_\n"},
		{"*a*~~b~~**c**", "_a_~~b~~**c**\n"},
		{"[**a** b](x) [c](<y z> 't') <https://x.example/?a=b> <a@b.example>", "[**a** b](x) [c](y%20z \"t\") <https://x.example/?a=b> [a@b.example](mailto:a@b.example)\n"},
		{"[a](x_(y) \"q\\\"&amp;\")", "[a](<x_(y)> \"q\\\"\\&\")\n"},
		{"![a](b \"t\") [![c](d)](e)", "![a](b \"t\") [![c](d)](e)\n"},
		{"a\\\nb  \nc<br>d", "a\\\nb\\\nc\\\nd\n"},
		{"a\\\\\\\nb", "a\\\\\\\\ b\n"},
		{"1\\. x\n\n\\- y\n\n\\# z\n\n+5 a\n\n1986\\. b", "1\\. x\n\n\\- y\n\n\\# z\n\n\\+5 a\n\n1986\\. b\n"},
		{"- a\n- b\n  1. c\n  2. d\n- e", "- a\n- b\n  1. c\n  2. d\n- e\n"},
		{"- a\n\n- b\n\n      code\n", "- a\n\n- b\n\n  ```\n  code\n  ```\n"},
		{"- a\n  - \n- - b", "- ## a\n\n- - b\n"},
		{"3) a\n4) b\n\n\n1. c", "3. a\n4. b\n\n<!-- -->\n\n1. c\n"},
		{"- a\n\n* b", "- a\n\n<!-- -->\n\n- b\n"},
		{"> a\n>\n> - b\n>\n>   c\n\n>\n", "> a\n>\n> - b\n>\n>   c\n\n>\n"},
		{"~~~ js x\nlet a = `b`\n```\n~~~\n\n    indented\n\n```a`b\n```", "````js\nlet a = `b`\n```\n````\n\n```\nindented\n```\n\n\\`\\`\\`a\\`b\n\n```\n```\n"},
		{"| a | b \\| `c \\| d` |\n|:-:|--:|\n| <br>x | **y** |", "| a | b \\| `c \\| d` |\n| :-: | --: |\n| x | **y** |\n"},
		{"a[^n] b[^n] c[^m]\n\n[^m]: two\n\n    - more\n\n[^n]: one\n\n[^z]: never[^y]\n\n[^y]: last\n\n[^e]: ```\n    code\n    ```", "a[^1] b[^1] c[^2]\n\n[^1]: one\n\n[^2]: two\n\n    - more\n\n[^3]: never[^4]\n\n[^4]: last\n\n[^5]: <!-- -->\n\n    ```\n    code\n    ```\n"},
		{"[^2]: [^1]: a\n\n> [^3]: b\n\nc\n===\n\n[^1] [^2] [^3]", ">\n\n# c {#c}\n\n[^1] [^2] [^3]\n\n[^1]: a\n\n[^2]: <!-- -->\n\n[^3]: b\n"},
		{"Setext *title*\n===\n\nTwo\nlines\n---\n\n#\n\n## a # {#x .c}\n\n## b {c} \\{#d}\n", "# Setext _title_ {#setext-title}\n\n## Two lines {#two-lines}\n\n# {#section}\n\n## a {#x}\n\n## b \\{c} \\{\\#d} {#b-c-d}\n"},
		{"<div class=x>Hello <b>you</b><br/>there &amp; <a href='y z'>here</a></div>\n<p>bye", "Hello **you**\\\nthere & [here](y%20z)\n\nbye\n"},
		{"<table><tr><td>a</td><td>b</td></tr></table>", "a\n\nb\n"},
		{"<script>x</script>\n<style>y</style>\n<!-- c -->\n<?php z ?>\n<!DOCTYPE html>\nd <e", "d \\<e\n"},
		{"<template>x</template>tail <unclosed", "xtail \\<unclosed\n"},
		{"text <i>i</i> <EM>e</EM> </b> <img src=a alt=' b '> <a name=n></a> <a id='bad id'>q</a> <p>r", "text _i_ _e_ ![b](a) <a id=\"n\"></a>q\\\nr\n"},
		{"---\na: 1\nb: 'it''s'\nc: \"x \\\"y\\\" \\\\\"\nd:\n  - e\n# comment\nf: \" g\"\nh: \"\\n\"\ni: 'a'b'\nj: ''\nk: - l\n\nm:\n---\nbody", "---\na: 1\nb: it's\nc: x \"y\" \\\nd:\n  - e\nf: \" g\"\nh: \"\\n\"\ni: 'a'b'\nj:\nk: - l\nm:\n---\n\nbody\n"},
		{"---\nnever closed: 1\n", "***\n\nnever closed: 1\n"},
		{"{{fact:a}} {{fact:b_c#d}} {{fact: e}} {{fact:}} {{fact:f {{fact:g}}", "{{fact:a}} {{fact:b\\_c#d}} {{fact: e}} {{fact:}} {{fact:f {{fact:g}}\n"},
		{"&copy; &#x41; &#65; &#0; &bogus; &#xFFFFFFF; & &amp;amp; \\&amp;", "© A A � \\&bogus; \\&#xFFFFFFF; & \\&amp; \\&amp;\n"},
		{"<!-- disclose: a, b -->\n\ntext\n\n# h {disclose=\"c\\\"d\"}\n\ne <!-- disclose: f --> <!-- disclose:\ng -->", "<!-- disclose: a b -->\n\ntext\n\n# h {#h disclose=\"c\\\"d f g\"}\n\ne\n"},
		{"a&#32;*&#32;b&#32;*c", "a \\* b \\*c\n"},
		{"\u00a0x\u00a0 **\u00a0y** z", "\u00a0x\u00a0 \\*\\*\u00a0y\\*\\* z\n"},
		{"- [ ] todo\n- [x] done", "- \\[ \\] todo\n- \\[x\\] done\n"},
		{"Liquid {{ site.x }} {% if y %}", "Liquid {{ site.x }} {% if y %}\n"},
		{"日本語*強調*です、**太字**で。x*y*z **a*b*c** *d*e**f**", "日本語*強調*です、**太字**で。x*y*z **a*b*c** *d*e**f**\n"},
	}
	for _, tt := range tests {
		d, err := markdown.Parse([]byte(tt.source), nil)
		if err != nil {
			t.Errorf("%q: %v", tt.source, err)
			continue
		}
		if got := string(markdown.Render(d)); got != tt.want {
			t.Errorf("%q:\n got %q\nwant %q", tt.source, got, tt.want)
		}
		checkRoundTrip(t, d)
	}
}

func TestFrontMatter(t *testing.T) {
	d, err := markdown.Parse([]byte("---\ntitle: 'It''s'\nlist:\n  - a\n  - b\nquoted: \"a \\\"b\\\"\"\nraw: \"\\n\"\nempty:\n...\ntext\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{"title": "It's", "list": "\n  - a\n  - b", "quoted": `a "b"`, "raw": `"\n"`, "empty": ""} {
		if got, ok := d.Field(key); !ok || got != want {
			t.Errorf("%s: got %q, want %q", key, got, want)
		}
	}
	if _, ok := d.Field("none"); ok || d.WordCount() != 1 {
		t.Errorf("%d words", d.WordCount())
	}
	for _, src := range []string{"---\n", "---\na: b\n", "--- x\na: b\n---\n", "---\n- a\n---\n", "---\n a\n---\n", "---\n# A title\n---\n", "---\n...\n", "\n---\na: b\n---\n", "---\na b: c\n---\n"} {
		if d, err := markdown.Parse([]byte(src), nil); err != nil || len(d.Fields) != 0 {
			t.Errorf("%q is taken for front matter", src)
		}
	}
}

func TestRenderDiff(t *testing.T) {
	parse := func(src string) *policydoc.Document {
		d, err := markdown.Parse([]byte(src), nil)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	d := policydoc.DiffDocuments(
		parse("# A *x*\n\nsame\n\nsame too\n\n- old [l]\n\n# B\n\nb\n"),
		parse("# A #y\n\nsame\n\nsame too\n\n- new\n\n```\nl1\nl2\n```\n\n# B\n\nb\n"))
	want := "## A <del>x</del><ins>\\#y</ins>\n\n_(renamed, changed)_\n\n…\n\n\\- <del>old \\[l\\]</del><ins>new</ins>\n\n<ins>l1<br>l2</ins>\n"
	if got := string(markdown.RenderDiff(d, nil)); got != want {
		t.Errorf("got %q\nwant %q", got, want)
	}
	want = "# A <del>x</del><ins>\\#y</ins>\n\n_(renamed, geändert)_\n\nsame\n\nsame too\n\n\\- <del>old \\[l\\]</del><ins>new</ins>\n\n<ins>l1<br>l2</ins>\n\n# B\n\nb\n"
	opts := &policydoc.DiffOptions{All: true, FirstLevel: 1, Names: map[policydoc.Change]string{policydoc.Changed: "geändert"}}
	if got := string(markdown.RenderDiff(d, opts)); got != want {
		t.Errorf("got %q\nwant %q", got, want)
	}
	d = policydoc.DiffDocuments(parse("- a\n  - b\n\n```\n  # c\n```\n"), parse("- a\n  - d\n\n```\n  # c\n```\n"))
	want = "_(changed)_\n\n\\- a\n\n\\- <del>b</del><ins>d</ins>\n\n\\# c\n"
	if got := string(markdown.RenderDiff(d, &policydoc.DiffOptions{All: true})); got != want {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

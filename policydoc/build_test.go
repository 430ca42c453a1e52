package policydoc_test

import (
	"slices"
	"testing"

	"golang.org/x/text/language"

	"github.com/labelop/privacykit/policydoc"
	"github.com/labelop/privacykit/policydoc/markdown"
)

func parse(t testing.TB, src string) *policydoc.Document {
	t.Helper()
	d, err := markdown.Parse([]byte(src), nil)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestSplitNumber(t *testing.T) {
	for title, want := range map[string][2]string{
		"3. Roles":                 {"3.", "Roles"},
		"3) Roles":                 {"3)", "Roles"},
		"3.1 Roles":                {"3.1", "Roles"},
		"3.1.2. Roles":             {"3.1.2.", "Roles"},
		"(3) Roles":                {"(3)", "Roles"},
		"§ 3 Roles":                {"§ 3", "Roles"},
		"§§ 3.1: Roles":            {"§§ 3.1", "Roles"},
		"(a) Roles":                {"(a)", "Roles"},
		"A. Roles":                 {"A.", "Roles"},
		"iv. Roles":                {"iv.", "Roles"},
		"Article 3":                {"Article 3", ""},
		"ARTICLE 3 – Roles":        {"ARTICLE 3", "Roles"},
		"Art. 3: Roles":            {"Art. 3", "Roles"},
		"Section IV. Roles":        {"Section IV.", "Roles"},
		"Artikel\u00a03 Rollen":    {"Artikel\u00a03", "Rollen"},
		"Статья 3. Роли":           {"Статья 3.", "Роли"},
		"第3条 目的":                   {"第3条", "目的"},
		"第三章 个人信息":                 {"第三章", "个人信息"},
		"三、个人信息":                   {"三、", "个人信息"},
		"제2조 (목적)":                 {"제2조", "(목적)"},
		"３．目的":                     {"３．", "目的"},
		"المادة ٣ الأدوار":         {"المادة ٣", "الأدوار"},
		"3 ways to reach us":       {"", "3 ways to reach us"},
		"Articles of association":  {"", "Articles of association"},
		"Part of the service":      {"", "Part of the service"},
		"24/7 support":             {"", "24/7 support"},
		"I am":                     {"", "I am"},
		"":                         {"", ""},
		"2026-04-19":               {"", "2026-04-19"},
		"Section in which we tell": {"", "Section in which we tell"},
	} {
		number, rest := policydoc.SplitNumber(title)
		if got := [2]string{number, rest}; got != want {
			t.Errorf("SplitNumber(%q) = %q, want %q", title, got, want)
		}
	}
}

func TestSlug(t *testing.T) {
	for title, want := range map[string]string{
		"What we collect & why":         "what-we-collect-why",
		"  We don’t sell — ever! ":      "we-dont-sell-ever",
		"Où vont vos données ?":         "où-vont-vos-données",
		"Cafe\u0301":                    "café",
		"מדיניות פרטיות":                "מדיניות-פרטיות",
		"गोपनीयता नीति":                 "गोपनीयता-नीति",
		"zero\u200bwidth soft\u00adend": "zerowidth-softend",
		"Title {: .no_toc}":             "title",
		"!!!":                           "",
	} {
		if got := policydoc.Slug(title); got != want {
			t.Errorf("Slug(%q) = %q, want %q", title, got, want)
		}
	}
}

func TestSectionsNestByLevel(t *testing.T) {
	d := parse(t, "intro\n\n## a\n\n#### b\n\n### c\n\n# d\n\n## e\n")
	type row struct {
		id       string
		level    int
		children int
	}
	var got []row
	for s := range d.All() {
		got = append(got, row{s.ID, s.Level, len(s.Sections)})
	}
	want := []row{{"a", 2, 2}, {"b", 4, 0}, {"c", 3, 0}, {"d", 1, 1}, {"e", 2, 0}}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if len(d.Intro) != 1 || d.Title != "d" {
		t.Errorf("intro %v, title %q", d.Intro, d.Title)
	}
	if d.Section("e") == nil || d.Section("nowhere") != nil {
		t.Error("Section does not find by id")
	}
}

func TestSectionIDsAreUniqueAndStable(t *testing.T) {
	d := parse(t, "# A\n\n# A\n\n# A-2 {#a-2}\n\n# x {#a-2}\n\n# 1. A\n\n#\n\n#\n\n# y {#fn:1}\n\n# z {id=\"a b<c>\"}\n")
	var ids []string
	for s := range d.All() {
		ids = append(ids, s.ID)
	}
	want := []string{"a", "a-3", "a-2", "a-2-2", "a-4", "section", "section-2", "1", "abc"}
	if !slices.Equal(ids, want) {
		t.Errorf("got %q, want %q", ids, want)
	}
	numbered, plain := parse(t, "## 7. Data retention\n"), parse(t, "## Data retention\n")
	if numbered.Sections[0].ID != plain.Sections[0].ID {
		t.Error("the id depends on the numbering")
	}
}

func TestTitleAndLocale(t *testing.T) {
	tests := map[string]struct {
		src, title string
		locale     language.Tag
		dir        string
	}{
		"front matter":       {"---\ntitle: \"A \\\"B\\\"\"\nlang: pt-br\n---\n# C\n", `A "B"`, language.BrazilianPortuguese, "ltr"},
		"only heading":       {"# C\n\n## D\n", "C", language.Und, ""},
		"two headings":       {"# C\n\n# D\n", "", language.Und, ""},
		"right to left":      {"---\nlocale: he\n---\n", "", language.Hebrew, "rtl"},
		"script of a locale": {"---\nlanguage: az-Arab\n---\n", "", language.MustParse("az-Arab"), "rtl"},
		"no locale":          {"---\nlang: not a language\n---\n", "", language.Und, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			d := parse(t, tt.src)
			if d.Title != tt.title || d.Locale != tt.locale || policydoc.Direction(d.Locale) != tt.dir {
				t.Errorf("got %q %v %q", d.Title, d.Locale, policydoc.Direction(d.Locale))
			}
		})
	}
	d, err := markdown.Parse([]byte("---\nlang: he\n---\n"), &markdown.Options{Locale: language.German})
	if err != nil || d.Locale != language.German {
		t.Errorf("the caller's locale does not win: %v %v", d.Locale, err)
	}
}

func TestDisclosuresBelongToTheirSection(t *testing.T) {
	d := parse(t, "<!-- disclose: operator -->\n\nintro\n\n# A {disclose=\"category:a purpose:b\"}\n\n"+
		"- item <!-- disclose: recipient:c, category:a -->\n\n## B\n\ntext[^1]\n\n[^1]: note <!-- disclose: right:access -->\n")
	refs := func(ds []policydoc.Disclosure) (out []string) {
		for _, d := range ds {
			out = append(out, d.Ref)
		}
		return out
	}
	if got := refs(d.Disclosures); !slices.Equal(got, []string{"operator"}) {
		t.Errorf("intro: %q", got)
	}
	if got := refs(d.Section("a").Disclosures); !slices.Equal(got, []string{"category:a", "purpose:b", "recipient:c"}) {
		t.Errorf("a: %q", got)
	}
	if got := refs(d.Section("b").Disclosures); !slices.Equal(got, []string{"right:access"}) {
		t.Errorf("b: %q", got)
	}
	if got := d.Section("a").Disclosures; got[0].Line != 5 || got[2].Line != 7 {
		t.Errorf("lines: %+v", got)
	}
}

func TestEqual(t *testing.T) {
	const src = "---\na: b\n---\nintro\n\n# A {disclose=\"x\"}\n\np *e*\n\n- i\n\n1. o\n\n> q\n\n```go\nc\n```\n\n***\n\n" +
		"| a |\n|:-|\n| b |\n\n> # h\n\n## B\n\nn[^1]\n\n[^1]: note\n"
	base := parse(t, src)
	if !base.Equal(parse(t, "\n"+src[:0]+src)) && !base.Equal(parse(t, src)) {
		t.Error("not equal to itself")
	}
	for _, change := range [][2]string{
		{"a: b", "a: c"}, {"intro", "other"}, {"disclose=\"x\"", "disclose=\"y\""}, {"*e*", "e"}, {"- i", "- j"},
		{"1. o", "2. o"}, {"> q", "> r"}, {"```go", "```"}, {"***", "para"}, {"|:-|", "|-:|"}, {"| b |", "| c |"},
		{"> # h", "> ## h"}, {"## B", "### B"}, {"note", "nota"}, {"# A", "# A."}, {"| a |", "| x |"},
	} {
		changed := parse(t, replaceOnce(src, change[0], change[1]))
		if base.Equal(changed) || changed.Equal(base) {
			t.Errorf("equal after %q became %q", change[0], change[1])
		}
	}
}

func TestLinks(t *testing.T) {
	d := parse(t, "# A [t](/t) {#a}\n\n[**b** c](x \"y\") [d](x) e [f](javascript:g)\n\n- [h](#i) ![j](k)\n\n| [l](m) |\n|-|\n\n[![n](o \"p\")](q)\n\n## B\n\n[r](s)\n")
	want := []policydoc.Link{
		{Text: "t", Href: "/t"}, {Text: "b c", Href: "x", Title: "y"}, {Text: "d", Href: "x"}, {Text: "f", Href: "javascript:g"},
		{Text: "h", Href: "#i"}, {Text: "l", Href: "m"}, {Text: "n", Href: "q"},
	}
	if got := d.Section("a").Links(); !slices.Equal(got, want) {
		t.Errorf("got %+v", got)
	}
}

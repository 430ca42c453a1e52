package markdown_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/labelop/privacykit/policydoc"
	"github.com/labelop/privacykit/policydoc/markdown"
	"github.com/labelop/privacykit/privacy"
)

func TestLimits(t *testing.T) {
	tests := map[string]struct {
		src  string
		opts *markdown.Options
		what string
	}{
		"a file of 50 MB":               {strings.Repeat("word ", 10_000_000), nil, "bytes"},
		"a lower limit of the caller's": {"12345", &markdown.Options{MaxBytes: 4}, "bytes"},
		"100,000 headings":              {strings.Repeat("# h\n", 100_000), nil, "sections"},
		"a caller's limit of sections":  {"# a\n# b\n", &markdown.Options{MaxSections: 1}, "sections"},
		"quotations in quotations":      {strings.Repeat(">", 1000) + " x", nil, "nested blocks"},
		"lists in lists on one line":    {strings.Repeat("- ", 1000) + "x", nil, "nested blocks"},
		"numbered lists on one line":    {strings.Repeat("1. ", 1000) + "x", nil, "nested blocks"},
		"lists in lists by indentation": {staircase(60), nil, "nested blocks"},
		"links without end":             {strings.Repeat("[a](", 20_000), nil, "links times bytes of their paragraphs"},
		"footnotes in footnotes":        {strings.Repeat("[^a]:", 1000) + " x", nil, "nested blocks"},
		"styles that cross":             {strings.Repeat("*a_ ", 20_000), nil, "marks of styles times each other"},
		"marks of one style that cross": {strings.Repeat(".**a*", 40_000), nil, "marks of styles times each other"},
		"references to a long address":  {"[a]: " + strings.Repeat("b", 50_000) + "\n\n" + strings.Repeat("[a] ", 1_000), nil, "bytes of links' addresses"},
		"a long link in pieces":         {"[" + strings.Repeat("a<br>", 1_000) + "](" + strings.Repeat("b", 50_000) + ")", nil, "bytes of links' addresses"},
		"a long HTML link in pieces":    {"<p><a href=" + strings.Repeat("b", 5_000) + ">" + strings.Repeat("a<br>", 10_000), nil, "bytes of links' addresses"},
		"footnotes without end":         {strings.Repeat("[^a]: \n\n", 8_000) + strings.Repeat("[^b] ", 20_000), nil, "footnotes times references to them"},
		"columns times rows":            {strings.Repeat("|a", 5_000) + "\n" + strings.Repeat("|-", 5_000) + "\n" + strings.Repeat("x\n", 5_000), nil, "cells left out of tables"},
		"columns times quoted rows":     {"> " + strings.Repeat("|a", 5_000) + "\n> " + strings.Repeat("|-", 5_000) + "\n" + strings.Repeat("> x\n", 5_000), nil, "cells left out of tables"},
		"escaped pipes without end":     {"|a|\n|-|\n" + strings.Repeat("|`\\|`|\n", 20_000), nil, "escaped pipes beside code"},
		"definitions without end":       {strings.Repeat("[a]: b\n", 20_000), nil, "links times bytes of their paragraphs"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			d, err := markdown.Parse([]byte(tt.src), tt.opts)
			var limit *policydoc.LimitError
			if !errors.As(err, &limit) || limit.What != tt.what || d != nil {
				t.Fatalf("got %v, want a limit of %s", err, tt.what)
			}
			if !errors.Is(err, privacy.ErrInvalid) || err.Error() == "" {
				t.Error("does not match ErrInvalid")
			}
		})
	}
}

func staircase(depth int) string {
	var b strings.Builder
	for i := range depth {
		b.WriteString(strings.Repeat("  ", i) + "- x\n")
	}
	return b.String()
}

func TestWithinLimits(t *testing.T) {
	tests := map[string]string{
		"a thematic break of any length": strings.Repeat("- ", 500) + "\n" + strings.Repeat("*", 500) + "\n",
		"1 MB of paragraphs":             strings.Repeat("Some words of a policy, **strong** ones.\n\n", 25_000),
		"a table of 300 KB":              "| a | b |\n|---|---|\n" + strings.Repeat("| provider | purpose and country |\n", 9_000),
		"500 KB of disclosures":          "# a\n\n<!-- disclose:" + disclosures(50_000) + " -->\n",
		"a caller cannot raise a limit":  "text",
	}
	for name, src := range tests {
		t.Run(name, func(t *testing.T) {
			d, err := markdown.Parse([]byte(src), &markdown.Options{MaxBytes: 1 << 40, MaxSections: 1 << 40})
			if err != nil {
				t.Fatal(err)
			}
			checkRoundTrip(t, d)
		})
	}
}

func disclosures(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, " a:%07d", i)
	}
	return b.String()
}

// TestHostile parses what makes careless parsers quadratic.
func TestHostile(t *testing.T) {
	for name, unit := range map[string]string{
		"brackets": "[", "images": "![", "links": "[a](", "emphasis": "*a **b ", "underscores": "_a __b ",
		"backticks": "` `` ", "angle brackets": "<a ", "comments": "<!-- ", "declarations": "<!A ", "entities": "&a",
		"footnotes": "[^1] ", "strikethrough": "~~a ~", "pipes": "|", "backslashes": "\\", "instructions": "<?", "cdata": "<![CDATA[",
		"scripts": "<script></script>", "quotes": "<a =\"",
	} {
		t.Run(name, func(t *testing.T) {
			src := strings.Repeat(unit, 20_000/len(unit))
			d, err := markdown.Parse([]byte(src+"\n\n[^1]: x\n"), nil)
			if err != nil {
				t.Fatal(err)
			}
			checkRoundTrip(t, d)
		})
	}
}

func TestParseIsSafeForConcurrentUse(t *testing.T) {
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for _, src := range seeds {
				if _, err := markdown.Parse([]byte(src), nil); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

package policydoc_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/labelop/privacykit/policydoc"
	"github.com/labelop/privacykit/policydoc/markdown"
	"github.com/labelop/privacykit/privacy/privacytest/outside"
)

// TestCorpus imports every directory of dated revisions under
// the corpus's history as one chain, and compares all neighbours.
func TestCorpus(t *testing.T) {
	policies, err := filepath.Glob(filepath.Join(outside.Corpus(t, "history"), "*"))
	if err != nil || len(policies) == 0 {
		t.Fatalf("no histories: %v", err)
	}
	for _, policy := range policies {
		t.Run(filepath.Base(policy), func(t *testing.T) { checkHistory(t, policy) })
	}
}

func checkHistory(t *testing.T, dir string) {
	files, err := filepath.Glob(filepath.Join(dir, "*.md"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no revisions: %v", err)
	}
	slices.Sort(files)
	var versions []policydoc.Version
	var previous *policydoc.Document
	for i, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := markdown.Parse(src, nil)
		if err != nil {
			t.Fatal(err)
		}
		if previous != nil {
			checkNeighbours(t, previous, doc)
		}
		previous = doc
		at := time.Date(2018, 1, 1, 0, i, 0, 0, time.UTC)
		if len(filepath.Base(file)) > len("001-2006-01-02") {
			if date, err := time.Parse(time.DateOnly, filepath.Base(file)[4:14]); err == nil {
				at = date.Add(time.Duration(i) * time.Second)
			}
		}
		versions = append(versions, policydoc.Version{
			EffectiveFrom: at, PublishedAt: at, Materiality: policydoc.Editorial,
			Texts: []policydoc.LocalizedText{{Locale: "en", Authoritative: true, Source: string(src)}},
		})
	}
	if _, err := policydoc.Chain(policydoc.PolicyKey{Tenant: "corpus", Name: filepath.Base(dir)}, versions); err != nil {
		t.Fatal(err)
	}
	t.Logf("corpus history: %d revisions in one chain", len(files))
}

func checkNeighbours(t *testing.T, before, after *policydoc.Document) {
	t.Helper()
	d := policydoc.DiffDocuments(before, after)
	checkApply(t, d, before, after)
	var page bytes.Buffer
	if err := policydoc.RenderDiffHTML(&page, d, &policydoc.DiffOptions{All: true}); err != nil {
		t.Fatal(err)
	}
	if len(markdown.RenderDiff(d, nil)) == 0 {
		t.Error("nothing rendered")
	}
}

// BenchmarkDiffDocuments compares two texts of about 10,000 words that differ in
// a sentence of each section.
func BenchmarkDiffDocuments(b *testing.B) {
	source := func(period string) []byte {
		var out bytes.Buffer
		for i := range 40 {
			fmt.Fprintf(&out, "## Section %d\n\n", i)
			for j := range 8 {
				fmt.Fprintf(&out, "We collect only what we need for purpose %d, and we tell you why, how, and for how long in this very section of our policy number %d.\n\n", j, i)
			}
			fmt.Fprintf(&out, "We keep it for %s after you leave.\n\n", period)
		}
		return out.Bytes()
	}
	before, after := parse(b, string(source("30 days"))), parse(b, string(source("six months")))
	b.ReportAllocs()
	for b.Loop() {
		if err := policydoc.RenderDiffHTML(io.Discard, policydoc.DiffDocuments(before, after), nil); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkDiff compares two neighbouring revisions of real policies of about
// 10,000 words: for every history of the corpus the longest pair that
// differs, one after the other until there are that many.
func BenchmarkDiff(b *testing.B) {
	policies, err := filepath.Glob(filepath.Join(outside.Corpus(b, "history"), "*"))
	if err != nil || len(policies) == 0 {
		b.Fatalf("no histories: %v", err)
	}
	const enough = 9_500
	var source [2][]byte
	words := 0
	for _, policy := range policies {
		if words >= enough {
			break
		}
		older, newer := longestRevisions(b, policy)
		source[0], source[1] = append(source[0], older...), append(source[1], newer...)
		words = parse(b, string(source[1])).WordCount()
	}
	before, after := parse(b, string(source[0])), parse(b, string(source[1]))
	if policydoc.DiffDocuments(before, after).Empty() {
		b.Fatal("the revisions do not differ")
	}
	b.ReportAllocs()
	for b.Loop() {
		policydoc.DiffDocuments(before, after)
	}
	b.ReportMetric(float64(words), "words")
}

// longestRevisions returns the longest neighbours of a history that differ.
func longestRevisions(b *testing.B, dir string) (older, newer []byte) {
	b.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.md"))
	if err != nil {
		b.Fatal(err)
	}
	slices.Sort(files)
	var previous []byte
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			b.Fatal(err)
		}
		if len(previous) > 0 && !bytes.Equal(previous, src) && len(previous)+len(src) > len(older)+len(newer) {
			older, newer = previous, src
		}
		previous = src
	}
	return older, newer
}

package markdown_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/labelop/privacykit/policydoc"
	"github.com/labelop/privacykit/policydoc/markdown"
	"github.com/labelop/privacykit/privacy/privacytest/outside"
)

// TestCorpus parses, renders and round-trips every Markdown file of the corpus.
func TestCorpus(t *testing.T) {
	dir := outside.Corpus(t)
	files, passed := 0, 0
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !isMarkdown(path) {
			return err
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		name, _ := filepath.Rel(dir, path)
		if t.Run(name, func(t *testing.T) { checkFile(t, src) }) {
			passed++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files == 0 {
		t.Fatal("no Markdown files in the corpus")
	}
	if passed == files {
		t.Logf("corpus: %d parsed/rendered/round-tripped", files)
	} else {
		t.Errorf("corpus: only %d of %d parsed/rendered/round-tripped", passed, files)
	}
}

func isMarkdown(path string) bool {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".md", ".mdx", ".markdown":
		return true
	}
	return false
}

func checkFile(t *testing.T, src []byte) {
	d, err := markdown.Parse(src, nil)
	if err != nil {
		t.Fatal(err)
	}
	checkWords(t, src, d)
	var page bytes.Buffer
	if err := policydoc.RenderHTML(&page, d, &policydoc.HTMLOptions{TOC: 2}); err != nil {
		t.Fatal(err)
	}
	checkSafe(t, page.String())
	checkRoundTrip(t, d)
}

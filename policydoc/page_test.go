package policydoc_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"golang.org/x/text/language"

	"github.com/labelop/privacykit/policydoc"
)

func TestRenderPage(t *testing.T) {
	body := func(w io.Writer) error { return policydoc.RenderHTML(w, parse(t, "# A\n"), nil) }
	var b strings.Builder
	if err := policydoc.RenderPage(&b, policydoc.Page{Title: "</title><script>", Locale: language.Hebrew, Heading: true}, body); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	for _, want := range []string{
		"<!DOCTYPE html>\n<html lang=\"he\" dir=\"rtl\">", "<title>&lt;/title&gt;&lt;script&gt;</title>",
		"<h1>&lt;/title&gt;&lt;script&gt;</h1>", policydoc.PageStyle(), "<h1 id=\"a\">A</h1>", "</main>\n</body>\n</html>\n",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("page lacks %q", want)
		}
	}
	if strings.Contains(page, "<script") {
		t.Error("the page has a script")
	}
	b.Reset()
	if err := policydoc.RenderPage(&b, policydoc.Page{Title: "T", StyleSheet: "/policy.css"}, body); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "<link rel=\"stylesheet\" href=\"/policy.css\">") || strings.Contains(b.String(), "<style>") {
		t.Error("the style sheet is not linked")
	}
	failed := errors.New("failed")
	if err := policydoc.RenderPage(&b, policydoc.Page{}, func(io.Writer) error { return failed }); !errors.Is(err, failed) {
		t.Errorf("got %v", err)
	}
	if err := policydoc.RenderPage(broken{}, policydoc.Page{}, body); err == nil {
		t.Error("a writer's error is lost")
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

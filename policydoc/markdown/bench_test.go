package markdown_test

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/labelop/privacykit/policydoc"
	"github.com/labelop/privacykit/policydoc/markdown"
)

// benchmarkSource is about 256 KiB of ordinary policy text.
func benchmarkSource() []byte {
	const chapter = `## %. What we collect and why

We collect *only* what we need. When you **sign up**, we ask for your name, your
email address, and perhaps a company name; see [your rights](#rights) or
<https://example.com/privacy>. We'll never sell it & never have.

- Account data: name, email, authentication details.
- Usage data: logs, browser and device details, session events.
  1. Logs are kept for ninety days.
  2. Everything else until you close the account.

| Category | Purpose | Kept for |
|----------|---------|---------:|
| Account  | Service | 2 years  |
| Billing  | Tax law | 8 years  |

> You can ask us at any time.

`
	return []byte(strings.Repeat(chapter, (256<<10)/len(chapter)))
}

func BenchmarkParseAndRenderHTML(b *testing.B) {
	src := benchmarkSource()
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		d, err := markdown.Parse(src, nil)
		if err != nil {
			b.Fatal(err)
		}
		if err := policydoc.RenderHTML(io.Discard, d, nil); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkGoldmarkAlone(b *testing.B) {
	src := benchmarkSource()
	md := goldmarkAlone()
	var out bytes.Buffer
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		out.Reset()
		if err := md.Convert(src, &out); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRenderMarkdown(b *testing.B) {
	src := benchmarkSource()
	d, err := markdown.Parse(src, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		markdown.Render(d)
	}
}

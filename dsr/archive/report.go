package archive

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/language"

	"github.com/labelop/privacykit/privacy"
)

//go:embed report/*.json report/report.html
var reportFiles embed.FS

// The report shows the beginning of each system and points to data.json for the
// rest, because a page is held in memory while it is made, and a browser holds
// all of it.
const (
	maxShownRecords = 200
	maxShownBytes   = 256 << 10
	maxShownMedia   = 500
)

// labels are the words of the report in one language.
type labels struct {
	Title      string            `json:"title"`
	Intro      string            `json:"intro"`
	Case       string            `json:"case"`
	Created    string            `json:"created"`
	Systems    string            `json:"systems"`
	Categories string            `json:"categories"`
	Special    string            `json:"special"`
	Uses       string            `json:"uses"`
	Purpose    string            `json:"purpose"`
	Basis      string            `json:"basis"`
	Retention  string            `json:"retention"`
	Recipients string            `json:"recipients"`
	Last       string            `json:"last"`
	Transfers  string            `json:"transfers"`
	Sources    string            `json:"sources"`
	Automated  string            `json:"automated"`
	Data       string            `json:"data"`
	Media      string            `json:"media"`
	None       string            `json:"none"`
	More       string            `json:"more"`
	LeftOut    string            `json:"left_out"`
	Unknown    string            `json:"unknown"`
	After      string            `json:"after"`
	BasisNames map[string]string `json:"basis_names"`
	Years      [2]string         `json:"years"`
	Months     [2]string         `json:"months"`
	Weeks      [2]string         `json:"weeks"`
	Days       [2]string         `json:"days"`
}

// BasisName returns the words for the code of a legal basis.
func (l *labels) BasisName(code string) string {
	if name := l.BasisNames[code]; name != "" {
		return name
	}
	return l.Unknown
}

// Kept returns the words for how long data are kept.
func (l *labels) Kept(limit privacy.RetentionLimit) string {
	var parts []string
	for _, part := range []struct {
		n     int
		words [2]string
	}{{limit.Period.Years, l.Years}, {limit.Period.Months, l.Months}, {limit.Period.Weeks, l.Weeks}, {limit.Period.Days, l.Days}} {
		switch part.n {
		case 0:
		case 1:
			parts = append(parts, "1 "+part.words[0])
		default:
			parts = append(parts, fmt.Sprintf("%d %s", part.n, part.words[1]))
		}
	}
	text := strings.Join(parts, ", ")
	if text != "" && limit.After != "" {
		text += ", " + l.After + ": " + limit.After
	}
	for _, more := range []string{limit.Criteria, limit.Law} {
		if more != "" {
			text = strings.TrimPrefix(text+"; "+more, "; ")
		}
	}
	if text == "" {
		return l.Unknown
	}
	return text
}

// reports are the page and the words in every language.
type reports struct {
	page    *template.Template
	tags    []language.Tag
	matcher language.Matcher
	labels  []*labels
}

var loadReports = sync.OnceValues(func() (*reports, error) {
	page, err := template.ParseFS(reportFiles, "report/report.html")
	if err != nil {
		return nil, err
	}
	names, err := fs.Glob(reportFiles, "report/*.json")
	if err != nil {
		return nil, err
	}
	// The first is the default.
	slices.SortFunc(names, func(a, b string) int { return compareText(rank(a), rank(b)) })
	r := &reports{page: page}
	for _, name := range names {
		data, err := reportFiles.ReadFile(name)
		if err != nil {
			return nil, err
		}
		words := &labels{}
		if err := privacy.DecodeJSON(data, words); err != nil {
			return nil, err
		}
		r.tags = append(r.tags, language.Make(strings.TrimSuffix(path.Base(name), ".json")))
		r.labels = append(r.labels, words)
	}
	r.matcher = language.NewMatcher(r.tags)
	return r, nil
})

func rank(name string) string {
	if path.Base(name) == "en.json" {
		return ""
	}
	return name
}

// report gathers what the page shows.
type report struct {
	Lang     string
	Labels   *labels
	Case     string
	Created  string
	Sections []*section

	page *template.Template
}

// section is a system on the page.
type section struct {
	Description Description
	Media       []shownMedium
	Records     []shownRecord
	More        bool
	Count       Count

	bytes int
}

type shownRecord struct {
	Category privacy.CategoryID
	Text     string
}

type shownMedium struct {
	Link     template.URL
	Original string
}

// CategoryTitle returns the title of a category of the system.
func (s *section) CategoryTitle(id privacy.CategoryID) string {
	for _, category := range s.Description.Categories {
		if category.ID == id {
			return category.Title
		}
	}
	return string(id)
}

func newReport(r Request, now time.Time) (*report, error) {
	all, err := loadReports()
	if err != nil {
		return nil, err
	}
	_, i, _ := all.matcher.Match(language.Make(r.Locale))
	return &report{
		Lang: all.tags[i].String(), Labels: all.labels[i], Case: string(r.Case),
		Created: now.UTC().Format(time.DateOnly), page: all.page,
	}, nil
}

func (r *report) begin(d Description, media []written) {
	s := &section{Description: d}
	for _, m := range media[:min(len(media), maxShownMedia)] {
		// A path of safe names of our own, percent-encoded: it cannot be a scheme.
		link := (&url.URL{Path: m.Name}).EscapedPath()
		s.Media = append(s.Media, shownMedium{Link: template.URL(link), Original: m.Original}) //nolint:gosec // see above
	}
	s.More = len(media) > maxShownMedia
	r.Sections = append(r.Sections, s)
}

func (r *report) record(record Record) {
	s := r.Sections[len(r.Sections)-1]
	if len(s.Records) >= maxShownRecords || s.bytes+len(record.Value) > maxShownBytes {
		s.More = true
		return
	}
	var text bytes.Buffer
	if err := json.Indent(&text, record.Value, "", "  "); err != nil {
		return // data.json took it, so it is valid
	}
	s.bytes += text.Len()
	s.Records = append(s.Records, shownRecord{Category: record.Category, Text: text.String()})
}

func (r *report) end(count Count) { r.Sections[len(r.Sections)-1].Count = count }

func (r *report) render(w io.Writer) error { return r.page.Execute(w, r) }

package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"strconv"
	"time"

	"golang.org/x/text/language"

	"github.com/labelop/privacykit/policydoc"
	"github.com/labelop/privacykit/privacy"
)

//go:embed policypages.html
var policyTemplates string

var policyTemplate = template.Must(template.New("").Parse(policyTemplates))

// policyReader is who asks for a page, and what the page is made for.
type policyReader struct {
	words
	Locale string
	// Languages are those of the policy, Self is the page's path.
	Languages []pageLanguage
	Self      string
	asked     []language.Tag
}

// pageLanguage is a language that a page can be shown in.
type pageLanguage struct{ Locale, Name string }

// reader finds the language of the page: that of the query, else what the
// browser prefers, else that of the authoritative text.
func (s *service) reader(r *http.Request) policyReader {
	asked, _, err := language.ParseAcceptLanguage(r.Header.Get("Accept-Language"))
	if err != nil {
		asked = nil
	}
	if tag, err := language.Parse(r.FormValue("locale")); err == nil {
		asked = []language.Tag{tag}
	}
	last := s.history.Version(s.history.Len())
	text, _ := last.Text(asked...)
	reader := policyReader{words: pageWords[text.Locale], Locale: text.Locale, Self: r.URL.Path, asked: asked}
	for _, text := range last.Texts {
		reader.Languages = append(reader.Languages, pageLanguage{text.Locale, pageWords[text.Locale].Language})
	}
	return reader
}

// showPolicy shows the policy in force, that of a day with ?at=2026-04-19, as it
// was when the day ended in UTC, or a version with ?version=2.
func (s *service) showPolicy(w http.ResponseWriter, r *http.Request) {
	reader := s.reader(r)
	v, status := s.wanted(r)
	if v == nil {
		reader.sorry(w, status)
		return
	}
	text, _ := v.Text(reader.asked...)
	doc, err := document(v, text)
	if err != nil {
		fail(w, err)
		return
	}
	aliases, err := s.aliases(v, text.Locale)
	if err != nil {
		fail(w, err)
		return
	}
	head := struct {
		policyReader
		V, Coming *policydoc.Version
		State     string
		Query     string
	}{reader, v, s.coming(v), reader.States[s.history.State(v.Number, s.clock.Now())], "version=" + strconv.Itoa(v.Number) + "&"}
	w.Header().Set("Policy-Version", strconv.Itoa(v.Number))
	reader.page(w, http.StatusOK, doc.Title, func(out io.Writer) error {
		if err := policyTemplate.ExecuteTemplate(out, "policy", head); err != nil {
			return err
		}
		return policydoc.RenderHTML(out, doc, &policydoc.HTMLOptions{TOC: 1, TOCTitle: reader.Contents, Aliases: aliases})
	})
}

// wanted returns the version that the request asks for, or why there is none.
func (s *service) wanted(r *http.Request) (*policydoc.Version, int) {
	at := s.clock.Now()
	switch {
	case r.FormValue("version") != "":
		return s.numbered(r.FormValue("version"))
	case r.FormValue("at") != "":
		day, err := privacy.ParseDate(r.FormValue("at"))
		if err != nil {
			return nil, http.StatusBadRequest
		}
		at = day.AddDays(1).Start(time.UTC).Add(-time.Microsecond)
	}
	return s.history.At(at), http.StatusNotFound
}

func (s *service) numbered(text string) (*policydoc.Version, int) {
	number, err := strconv.Atoi(text)
	if err != nil {
		return nil, http.StatusBadRequest
	}
	return s.history.Version(number), http.StatusNotFound
}

// coming returns the last version if it follows v and is not yet in force.
func (s *service) coming(v *policydoc.Version) *policydoc.Version {
	last := s.history.Version(s.history.Len())
	if last.Number <= v.Number || s.history.State(last.Number, s.clock.Now()) != policydoc.Scheduled {
		return nil
	}
	return last
}

// NextFrom announces a version.
func (p policyReader) NextFrom(v *policydoc.Version) string {
	return fmt.Sprintf(p.Next, p.Date(v.EffectiveFrom))
}

// aliases keep links to sections of earlier versions valid.
func (s *service) aliases(upTo *policydoc.Version, locale string) (map[string][]string, error) {
	var docs []*policydoc.Document
	for number := 1; number <= upTo.Number; number++ {
		text, _ := s.history.Version(number).Text(language.Make(locale))
		doc, err := parsePolicy(text)
		if err != nil {
			return nil, err
		}
		docs = append(docs, doc)
	}
	return policydoc.Aliases(docs...), nil
}

// showHistory lists all versions, the newest first.
func (s *service) showHistory(w http.ResponseWriter, r *http.Request) {
	reader := s.reader(r)
	type line struct {
		V           *policydoc.Version
		State, Kind string
		Before      int
	}
	var lines []line
	for number := s.history.Len(); number > 0; number-- {
		v := s.history.Version(number)
		lines = append(lines, line{v, reader.States[s.history.State(number, s.clock.Now())], reader.Kinds[v.Materiality], number - 1})
	}
	reader.page(w, http.StatusOK, reader.History, func(out io.Writer) error {
		return policyTemplate.ExecuteTemplate(out, "history", struct {
			policyReader
			Lines []line
			Query string
		}{reader, lines, ""})
	})
}

// showDiff shows what changed from one version to another, in facts and text.
func (s *service) showDiff(w http.ResponseWriter, r *http.Request) {
	reader := s.reader(r)
	before, status := s.numbered(r.FormValue("from"))
	if before == nil {
		reader.sorry(w, status)
		return
	}
	after, status := s.numbered(r.FormValue("to"))
	if after == nil {
		reader.sorry(w, status)
		return
	}
	var docs [2]*policydoc.Document
	for i, v := range []*policydoc.Version{before, after} {
		text, _ := v.Text(reader.asked...)
		var err error
		if docs[i], err = document(v, text); err != nil {
			fail(w, err)
			return
		}
	}
	facts, text := policydoc.DiffFacts(before.Facts, after.Facts), policydoc.DiffDocuments(docs[0], docs[1])
	var summaries []string
	for number := before.Number + 1; number <= after.Number; number++ {
		if summary := s.history.Version(number).Summary; summary != "" {
			summaries = append(summaries, summary)
		}
	}
	head := struct {
		policyReader
		Before, After     *policydoc.Version
		Summaries         []string
		Differs, SameText bool
		Query             string
	}{reader, before, after, summaries, len(facts) > 0, text.Empty(), "from=" + strconv.Itoa(before.Number) + "&to=" + strconv.Itoa(after.Number) + "&"}
	reader.page(w, http.StatusOK, reader.Changes, func(out io.Writer) error {
		if err := policyTemplate.ExecuteTemplate(out, "diff", head); err != nil {
			return err
		}
		if len(facts) > 0 {
			if err := policydoc.RenderFactChangesHTML(out, facts, nil); err != nil {
				return err
			}
		}
		if err := policyTemplate.ExecuteTemplate(out, "difftext", head); err != nil {
			return err
		}
		return policydoc.RenderDiffHTML(out, text, &policydoc.DiffOptions{Names: reader.Diff, FirstLevel: 3})
	})
}

// sorry is the page for what is not there.
func (p policyReader) sorry(w http.ResponseWriter, status int) {
	text := p.NotFound
	if status == http.StatusBadRequest {
		text = p.Invalid
	}
	p.page(w, status, p.History, func(out io.Writer) error {
		return policyTemplate.ExecuteTemplate(out, "sorry", struct {
			policyReader
			Problem, Query string
		}{p, text, ""})
	})
}

// page writes a page once it is whole. It may load its style sheet and nothing
// else, least of all scripts.
func (p policyReader) page(w http.ResponseWriter, status int, title string, body func(io.Writer) error) {
	var buffer bytes.Buffer
	page := policydoc.Page{Title: title, Locale: language.Make(p.Locale), StyleSheet: "/policy.css", Heading: true}
	if err := policydoc.RenderPage(&buffer, page, body); err != nil {
		fail(w, err)
		return
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Language", p.Locale)
	header.Set("Vary", "Accept-Language")
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = buffer.WriteTo(w) // the client is gone if this fails
}

func serveStyle(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	_, _ = io.WriteString(w, policydoc.PageStyle())
}

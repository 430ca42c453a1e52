package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/language"

	"github.com/labelop/privacykit/policydoc"
	"github.com/labelop/privacykit/policydoc/markdown"
	"github.com/labelop/privacykit/policydoc/policydoctest"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest/outside"
)

func releases() []release { return []release{firstRelease(), secondRelease(), thirdRelease()} }

// policyOf returns a text of a release, parsed, and what the release declares.
func policyOf(t *testing.T, r release, locale string) (*policydoc.Document, *privacy.Register) {
	t.Helper()
	texts, err := r.texts()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := parsePolicy(policydoc.LocalizedText{Locale: locale, Source: texts[locale]})
	if err != nil {
		t.Fatal(err)
	}
	register, err := r.register()
	if err != nil {
		t.Fatal(err)
	}
	return doc, register
}

func TestPolicyIsTrueOfEveryRelease(t *testing.T) {
	for _, r := range releases() {
		for _, locale := range []string{textEN, textDE} {
			doc, register := policyOf(t, r, locale)
			policydoctest.RequireReconciled(t, doc, register)
		}
	}
}

func TestTranslationDisclosesAsMuch(t *testing.T) {
	for _, r := range releases() {
		english, register := policyOf(t, r, textEN)
		german, _ := policyOf(t, r, textDE)
		for _, f := range policydoc.Reconcile(english, register, &policydoc.ReconcileOptions{Translations: []*policydoc.Document{german}}) {
			t.Errorf("release %d: %s: %s", r.number, f.Locale, f)
		}
	}
}

func TestPolicyHasTheSameFourteenSectionsInBothLanguages(t *testing.T) {
	var ids [2][]string
	for i, locale := range []string{textEN, textDE} {
		doc, _ := policyOf(t, firstRelease(), locale)
		for s := range doc.All() {
			ids[i] = append(ids[i], s.Number+s.ID)
		}
	}
	if len(ids[0]) != 14 || !slices.Equal(ids[0], ids[1]) {
		t.Errorf("sections %q and %q", ids[0], ids[1])
	}
}

func TestGermanPolicyHasNoEnglishFacts(t *testing.T) {
	for _, r := range releases() {
		doc, register := policyOf(t, r, textDE)
		facts := policydoc.FactsOf(register)
		resolved, err := doc.Resolve(facts, resolveOptions())
		if err != nil {
			t.Fatal(err)
		}
		text := resolved.Text()
		for _, f := range facts {
			if kind := f.Kind(); (kind == policydoc.KindPurpose || f.Ref == "recipient:tax-authority") && strings.Contains(text, f.Title) {
				t.Errorf("%s stands in English in the German text", f.Ref)
			}
		}
		for _, want := range []string{"13 Monate", "8 Jahre", "30 Tage"} {
			if !strings.Contains(text, want) {
				t.Errorf("the German text lacks %q", want)
			}
		}
	}
}

func TestPolicyThatIsNotTrueDoesNotStart(t *testing.T) {
	r := firstRelease()
	r.edits = []edit{{textEN, "<!-- disclose: category:usage -->", ""}}
	if _, err := openRelease(t.Context(), t.TempDir(), "", r, privacy.SystemClock{}); !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("a policy that does not tell of usage data starts: %v", err)
	}
	r.edits = []edit{{textEN, "no such passage", ""}}
	if _, err := openRelease(t.Context(), t.TempDir(), "", r, privacy.SystemClock{}); !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("an edit that fits nothing starts: %v", err)
	}
}

func TestWideningTheNewsletterCannotBeEditorial(t *testing.T) {
	p := startPolicyJourney(t)
	for _, r := range releases() {
		r.materiality = policydoc.Editorial
		var refused *policydoc.EditorialError
		if err := p.deploy(t.Context(), r); r.number > 1 && !errors.As(err, &refused) {
			t.Errorf("release %d starts with an editorial policy: %v", r.number, err)
		}
		r.materiality = policydoc.Material
		if err := p.deploy(t.Context(), r); r.number > 1 && err != nil {
			t.Fatal(err)
		}
	}
}

func TestCustomerWhoComesDuringTheNoticePeriodIsToldToo(t *testing.T) {
	p := startPolicyJourney(t)
	for _, r := range []release{firstRelease(), secondRelease()} {
		if err := p.deploy(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	p.enter(t.Context(), "late", bornYearsAgo(36))
	state, err := p.service.ledger.TenantState(t.Context(), privacy.TenantID(p.workspace+"-late"))
	if err != nil {
		t.Fatal(err)
	}
	want := p.service.history.Version(2).EffectiveFrom
	if len(state.SubProcessors) != 1 || state.SubProcessors[0].Recipient != lumiere || !state.SubProcessors[0].ObjectUntil.Equal(want) {
		t.Errorf("the customer was told %+v", state.SubProcessors)
	}
}

func TestRestartPublishesAndTellsNothingTwice(t *testing.T) {
	p := startPolicyJourney(t)
	for _, r := range []release{firstRelease(), secondRelease()} {
		if err := p.deploy(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	p.enter(t.Context(), "ada", bornYearsAgo(36))
	workspace := privacy.TenantID(p.workspace + "-ada")
	before, err := p.service.ledger.TenantState(t.Context(), workspace)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.deploy(t.Context(), secondRelease()); err != nil {
		t.Fatal(err)
	}
	after, err := p.service.ledger.TenantState(t.Context(), workspace)
	if err != nil || p.service.history.Len() != 2 || after.Version != before.Version {
		t.Errorf("%d versions, customer's evidence from %d to %d, %v", p.service.history.Len(), before.Version, after.Version, err)
	}
}

func startPolicyJourney(t *testing.T) *policyJourney {
	t.Helper()
	p, err := newPolicyJourney(io.Discard, "http://127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

func TestPolicyPages(t *testing.T) {
	p := startPolicyJourney(t)
	for _, r := range releases() {
		if err := p.deploy(context.WithoutCancel(t.Context()), r); err != nil {
			t.Fatal(err)
		}
		p.clock.move(noticePeriod)
	}
	today := time.Now().UTC()
	for _, test := range []struct {
		path, languages string
		status          int
		contains        []string
	}{
		{"/policy", "", 200, []string{`<html lang="en" dir="ltr">`, `<h2 id="scope">`, "LabelOp Fictional GmbH", "8 years", "Version 3 (in force)", "which functions you use"}},
		{"/policy", "de-CH, en;q=0.5", 200, []string{`<html lang="de" dir="ltr">`, `<h2 id="scope">`, "8 Jahre", "Fassung 3 (gilt)"}},
		{"/policy", "fr", 200, []string{`<html lang="en"`}},
		{"/policy", ";;;", 200, []string{`<html lang="en"`}},
		{"/policy?locale=de", "en", 200, []string{`<html lang="de"`}},
		{"/policy?locale=%22%3E%3Cscript%3E", "", 200, []string{`<html lang="en"`}},
		{"/policy?version=2", "", 200, []string{"Version 2 (superseded)", "Lumière Fictional Models SAS (FR)", "nothing else"}},
		{"/policy?at=" + today.AddDate(0, 0, 1).Format(time.DateOnly), "", 200, []string{"Version 1 (superseded)"}},
		{"/policy?at=" + today.AddDate(-1, 0, 0).Format(time.DateOnly), "", 404, []string{"no such version"}},
		{"/policy?at=tomorrow", "", 400, []string{"cannot be"}},
		{"/policy?version=4", "de", 404, []string{"Diese Fassung gibt es nicht."}},
		{"/policy?version=x", "", 400, nil},
		{"/policy/history", "", 200, []string{"Version 3: in force", "Version 1: superseded", "/policy/diff?from=2&amp;to=3&amp;locale=en"}},
		{"/policy/history?locale=de", "", 200, []string{"Fassung 3: gilt", `<p lang="en">`}},
		{"/policy/diff?from=1&to=2", "", 200, []string{"<ins>", "Lumière Fictional Models SAS"}},
		{"/policy/diff?from=2&to=3", "de", 200, []string{"<del>", "<ins>", "geändert"}},
		{"/policy/diff?from=2&to=2", "", 200, []string{"Nothing."}},
		{"/policy/diff?from=1&to=9", "", 404, nil},
		{"/policy/diff", "", 400, nil},
	} {
		t.Run(test.path+" "+test.languages, func(t *testing.T) {
			recorder := httptest.NewRecorder()
			request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, test.path, nil)
			request.Header.Set("Accept-Language", test.languages)
			p.service.handler().ServeHTTP(recorder, request)
			body := recorder.Body.String()
			if recorder.Code != test.status {
				t.Errorf("status %d, want %d", recorder.Code, test.status)
			}
			for _, want := range test.contains {
				if !strings.Contains(body, want) {
					t.Errorf("the page lacks %q:\n%s", want, body)
				}
			}
			if strings.Contains(body, "<script") || strings.Contains(body, "{{") || strings.Contains(body, " style=") {
				t.Errorf("the page has a script, a style or an unresolved fact:\n%s", body)
			}
			if policy := recorder.Header().Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") {
				t.Errorf("content security policy %q", policy)
			}
		})
	}
}

// seedText returns the policy that LabelOp's facts come from.
func seedText(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(outside.Corpus(t, "labelop-privacy-policy.txt"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// What the seed text does not tell of the service is a golden list: it shrinks
// and grows only on purpose.
func TestSeedTextAgainstTheRegister(t *testing.T) {
	seed, err := markdown.Parse([]byte(seedText(t)), &markdown.Options{Locale: language.English})
	if err != nil {
		t.Fatal(err)
	}
	ours, register := policyOf(t, firstRelease(), textEN)
	var got strings.Builder
	for _, f := range policydoc.Reconcile(seed, register, nil) {
		got.WriteString(f.String() + "\n")
	}
	want, err := os.ReadFile(filepath.Join("testdata", "seed-findings.golden"))
	if err != nil || got.String() != string(want) {
		t.Errorf("findings differ from testdata/seed-findings.golden (%v):\n%s", err, &got)
	}

	resolved, err := ours.Resolve(policydoc.FactsOf(register), resolveOptions())
	if err != nil {
		t.Fatal(err)
	}
	diff := policydoc.DiffDocuments(seed, resolved)
	var page bytes.Buffer
	if err := policydoc.RenderDiffHTML(&page, diff, &policydoc.DiffOptions{All: true}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<ins>", "<del>"} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("the difference lacks %q", want)
		}
	}
	if after, err := diff.Apply(seed.Passages()); err != nil || !slices.Equal(after, resolved.Passages()) {
		t.Errorf("the difference does not lead to our text: %v", err)
	}
}

// TestPolicyIsInOurOwnWords finds no seven words in a row that the seed text has.
func TestPolicyIsInOurOwnWords(t *testing.T) {
	const run = 7
	words := func(text string) []string {
		return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789", r) })
	}
	seen := map[string]bool{}
	for seed := words(seedText(t)); len(seed) >= run; seed = seed[1:] {
		seen[strings.Join(seed[:run], " ")] = true
	}
	for _, r := range releases() {
		texts, err := r.texts()
		if err != nil {
			t.Fatal(err)
		}
		for ours := words(texts[textEN]); len(ours) >= run; ours = ours[1:] {
			if passage := strings.Join(ours[:run], " "); seen[passage] {
				t.Errorf("release %d repeats the seed text: %q", r.number, passage)
			}
		}
	}
}

func TestPolicyPageAnnouncesTheNextVersion(t *testing.T) {
	p := startPolicyJourney(t)
	for _, r := range []release{firstRelease(), secondRelease()} {
		if err := p.deploy(context.WithoutCancel(t.Context()), r); err != nil {
			t.Fatal(err)
		}
	}
	page := func() string {
		recorder := httptest.NewRecorder()
		p.service.handler().ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/policy", nil))
		return recorder.Body.String()
	}
	const link = "/policy/diff?from=1&amp;to=2&amp;locale=en"
	if body := page(); !strings.Contains(body, link) || !strings.Contains(body, "Version 1 (in force)") {
		t.Errorf("the page does not announce version 2:\n%s", body)
	}
	p.clock.move(noticePeriod)
	if body := page(); strings.Contains(body, link) || !strings.Contains(body, "Version 2 (in force)") {
		t.Errorf("the page announces what is in force:\n%s", body)
	}
}

package main

import (
	"fmt"
	"strings"
	"time"

	"golang.org/x/text/language"

	"github.com/labelop/privacykit/policydoc"
	"github.com/labelop/privacykit/privacy"
)

// words are what the policy's pages say around the text, in one language.
type words struct {
	Language, Pages, Contents, History            string
	Current, Next, Changes, Compare, Read         string
	Version, Effective, Published, State, Summary string
	Facts, NoFacts, Text, NoText                  string
	NotFound, Invalid                             string
	States                                        map[policydoc.State]string
	Kinds                                         map[policydoc.Materiality]string
	Diff                                          map[policydoc.Change]string
	date                                          string
}

var pageWords = map[string]words{
	textEN: {
		Language: "English", Pages: "Pages of the policy", Next: "From %s another version holds.",
		Contents: "Contents", History: "All versions", Current: "Policy in force", Changes: "Changes", Compare: "What changed", Read: "Read",
		Version: "Version", Effective: "In force from", Published: "Published", State: "State", Summary: "What is new",
		Facts: "What we do differently", NoFacts: "Nothing.", Text: "What the text says differently", NoText: "Nothing.",
		NotFound: "There is no such version of the policy.", Invalid: "The address asks for something that cannot be.",
		States: map[policydoc.State]string{policydoc.Scheduled: "scheduled", policydoc.InForce: "in force", policydoc.Superseded: "superseded", policydoc.Withdrawn: "withdrawn"},
		Kinds:  map[policydoc.Materiality]string{policydoc.Editorial: "wording only", policydoc.Material: "changes what holds"},
		date:   "2 January 2006",
	},
	textDE: {
		Language: "Deutsch", Pages: "Seiten der Datenschutzerklärung", Next: "Ab %s gilt eine andere Fassung.",
		Contents: "Inhalt", History: "Alle Fassungen", Current: "Geltende Fassung", Changes: "Änderungen", Compare: "Was sich ändert", Read: "Lesen",
		Version: "Fassung", Effective: "Gilt ab", Published: "Veröffentlicht", State: "Stand", Summary: "Was neu ist",
		Facts: "Was wir anders machen", NoFacts: "Nichts.", Text: "Was der Text anders sagt", NoText: "Nichts.",
		NotFound: "Diese Fassung gibt es nicht.", Invalid: "Die Adresse fragt nach etwas, das es nicht geben kann.",
		States: map[policydoc.State]string{policydoc.Scheduled: "angekündigt", policydoc.InForce: "gilt", policydoc.Superseded: "abgelöst", policydoc.Withdrawn: "zurückgezogen"},
		Kinds:  map[policydoc.Materiality]string{policydoc.Editorial: "nur Wortlaut", policydoc.Material: "ändert, was gilt"},
		Diff: map[policydoc.Change]string{
			policydoc.Added: "neu", policydoc.Removed: "entfallen", policydoc.Moved: "verschoben", policydoc.Renamed: "umbenannt", policydoc.Changed: "geändert",
		},
		date: "02.01.2006",
	},
}

// Date writes a day in the language, as it is in UTC.
func (w words) Date(t time.Time) string { return t.UTC().Format(w.date) }

// resolveOptions write facts in the languages of the policy.
func resolveOptions() *policydoc.ResolveOptions {
	return &policydoc.ResolveOptions{
		Period: func(p privacy.Period, locale language.Tag) string {
			if isGerman(locale) {
				return germanPeriod(p)
			}
			return policydoc.EnglishPeriod(p)
		},
		Name: func(f policydoc.Fact, locale language.Tag) string {
			if name := germanNames[f.Ref]; isGerman(locale) && name != "" {
				return name
			}
			return f.Title
		},
	}
}

func isGerman(locale language.Tag) bool {
	base, _ := locale.Base()
	return base.String() == textDE
}

// germanNames are the titles that the declaration has in English only.
var germanNames = map[string]string{
	"purpose:service":         "Konten und den Dienst bereitstellen",
	"purpose:security":        "Den Dienst sicher halten und Betrug verhindern",
	"purpose:improvement":     "Den Dienst anhand von Nutzungsdaten verbessern",
	"purpose:billing":         "Abonnements abrechnen",
	"purpose:accounting":      "Bücher führen und aufbewahren",
	"purpose:support":         "Fragen beantworten und Probleme lösen",
	"purpose:marketing":       "Neues vom Dienst mitteilen",
	"purpose:annotation":      "Inhalte nach Weisung speichern und annotieren",
	"purpose:assistance":      "Labels nach Weisung von einem Modell vorschlagen lassen",
	"recipient:tax-authority": "Finanzamt",
}

// germanPeriod writes a period as it follows a table's heading, such as
// "1 Jahr und 6 Monate".
func germanPeriod(p privacy.Period) string {
	var parts []string
	for _, u := range []struct {
		n         int
		one, many string
	}{{p.Years, "Jahr", "Jahre"}, {p.Months, "Monat", "Monate"}, {p.Weeks, "Woche", "Wochen"}, {p.Days, "Tag", "Tage"}} {
		switch {
		case u.n == 1:
			parts = append(parts, "1 "+u.one)
		case u.n != 0:
			parts = append(parts, fmt.Sprintf("%d %s", u.n, u.many))
		}
	}
	return strings.Join(parts, " und ")
}

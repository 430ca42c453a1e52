package main

import (
	_ "embed"
	"fmt"
	"strings"

	"github.com/labelop/privacykit/policydoc"
	"github.com/labelop/privacykit/privacy"
)

var (
	//go:embed declaration.json
	declaration []byte
	//go:embed policy.en.md
	policyEN string
	//go:embed policy.de.md
	policyDE string
)

// release is a release of LabelOp: what it declares, the policy it comes with,
// and what its authors say of the policy's change.
type release struct {
	// number is that of the policy's version too.
	number int
	// declare adds to the declaration of the first release.
	declare func(*privacy.Declaration)
	// edits change the texts of the first release.
	edits       []edit
	materiality policydoc.Materiality
	summary     string
}

// edit replaces a passage of one text.
type edit struct{ text, before, after string }

// The texts of a release.
const (
	textEN     = "en"
	textDE     = "de"
	textNotice = "marketing notice"
)

// firstRelease is the one that LabelOp starts with.
func firstRelease() release {
	return release{number: 1, declare: func(*privacy.Declaration) {}, materiality: policydoc.Material}
}

// lumiere is the model provider of the second release.
const lumiere privacy.RecipientID = "lumiere-model"

// secondRelease adds a model provider.
func secondRelease() release {
	return release{
		number: 2,
		declare: func(d *privacy.Declaration) {
			d.Recipients = append(d.Recipients, privacy.Recipient{
				ID: lumiere, Title: "Lumière Fictional Models SAS", Kind: privacy.RecipientSubProcessor,
				Locations: []privacy.RecipientLocation{{Country: "FR"}},
			})
			labelling := activityOf(d, labellingActivity)
			labelling.Recipients = append(labelling.Recipients, lumiere)
		},
		edits: []edit{
			{textEN, "go to a model provider in the United States, under standard", "go to the model provider that you name: one stays in France, one works in the\nUnited States, under standard"},
			{textDE, "gehen an einen Modellanbieter in den\nVereinigten Staaten, gestützt auf", "gehen an den Modellanbieter, den Sie nennen: einer bleibt in\nFrankreich, einer arbeitet in den Vereinigten Staaten, gestützt auf"},
		},
		materiality: policydoc.Material,
		summary:     "A second model provider, in France, can suggest labels if you instruct us so.",
	}
}

// thirdRelease has the newsletter depend on what its reader uses.
func thirdRelease() release {
	r := secondRelease()
	second := r.declare
	r.number = 3
	r.declare = func(d *privacy.Declaration) {
		second(d)
		newsletter := activityOf(d, newsletterActivity)
		newsletter.Categories = append(newsletter.Categories, "usage")
	}
	r.edits = append(r.edits,
		edit{textEN, "For the newsletter we use your mail address and nothing else.",
			"For the newsletter we use your mail address, and from the usage data which\nfunctions you use, so that it tells you what concerns you."},
		edit{textDE, "Für den Newsletter nutzen wir Ihre E-Mail-Adresse und sonst nichts.",
			"Für den Newsletter nutzen wir Ihre E-Mail-Adresse und aus den Nutzungsdaten, welche\nFunktionen Sie verwenden, damit er berichtet, was Sie betrifft."},
		edit{textNotice, "your mail address.", "your mail address. Which news you get depends on the functions that you use."},
	)
	r.summary = "The newsletter depends on which functions you use. You are asked again before it does."
	return r
}

// The activities that releases change.
const (
	labellingActivity  privacy.ActivityID = "assisted-labelling"
	newsletterActivity privacy.ActivityID = "newsletter"
)

// activityOf returns the activity with the ID, an empty one if there is none.
func activityOf(d *privacy.Declaration, id privacy.ActivityID) *privacy.Activity {
	for i := range d.Activities {
		if d.Activities[i].ID == id {
			return &d.Activities[i]
		}
	}
	return &privacy.Activity{}
}

// register compiles what the release declares.
func (r release) register() (*privacy.Register, error) {
	declared, err := privacy.ParseDeclaration(declaration)
	if err != nil {
		return nil, err
	}
	r.declare(declared)
	return privacy.Compile(*declared)
}

// texts returns the texts of the release by name.
func (r release) texts() (map[string]string, error) {
	texts := map[string]string{textEN: policyEN, textDE: policyDE, textNotice: string(marketingNotice)}
	for _, e := range r.edits {
		if strings.Count(texts[e.text], e.before) != 1 {
			return nil, fmt.Errorf("an edit of release %d does not fit its text: %w", r.number, privacy.ErrInvalid)
		}
		texts[e.text] = strings.Replace(texts[e.text], e.before, e.after, 1)
	}
	return texts, nil
}

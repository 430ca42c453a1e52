package policydoc_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/labelop/privacykit/policydoc"
	"github.com/labelop/privacykit/policydoc/markdown"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
)

// judgeFunc is a judge of transfers.
type judgeFunc func(recipient privacy.RecipientID, country privacy.Country, on privacy.Date) (privacy.TransferMechanism, bool)

func (f judgeFunc) JudgeTransfer(recipient privacy.RecipientID, country privacy.Country, on privacy.Date) (privacy.TransferMechanism, bool) {
	return f(recipient, country, on)
}

var judged = privacy.MustDate("2026-03-02")

// always judges every transfer alike, on the one day that it is to be asked about.
func always(t testing.TB, mechanism privacy.TransferMechanism, allowed bool) policydoc.FactsOptions {
	return policydoc.FactsOptions{On: judged, Transfers: judgeFunc(func(_ privacy.RecipientID, _ privacy.Country, on privacy.Date) (privacy.TransferMechanism, bool) {
		if on != judged {
			t.Errorf("asked about %s", on)
		}
		return mechanism, allowed
	})}
}

// abroad declares a second recipient in the United States, under another mechanism.
func abroad(d *privacy.Declaration) {
	addRecipient(d, 1, privacy.RecipientAdviser, "US")
	d.Recipients[len(d.Recipients)-1].Locations[0].Mechanism = privacy.TransferAdequacy
}

func TestFactsTellWhatATransferReliesOn(t *testing.T) {
	byRecipient := policydoc.FactsOptions{On: judged, Transfers: judgeFunc(func(recipient privacy.RecipientID, _ privacy.Country, _ privacy.Date) (privacy.TransferMechanism, bool) {
		return privacy.TransferAdequacy, recipient == "new"
	})}
	for name, c := range map[string]struct {
		options policydoc.FactsOptions
		change  func(*privacy.Declaration)
		want    string
	}{
		"without a judge":           {policydoc.FactsOptions{On: judged}, nil, "map[mechanism:[scc] recipient:[model]]"},
		"as declared":               {always(t, privacy.TransferSCC, true), nil, "map[mechanism:[scc] recipient:[model]]"},
		"on something else":         {always(t, privacy.TransferAdequacy, true), nil, "map[declared:[scc] mechanism:[adequacy] recipient:[model]]"},
		"on nothing":                {always(t, privacy.TransferSCC, false), nil, "map[recipient:[model] refused:[model]]"},
		"of two, one as declared":   {always(t, privacy.TransferSCC, true), abroad, "map[declared:[adequacy] mechanism:[scc] recipient:[model new]]"},
		"of two, one not permitted": {byRecipient, abroad, "map[mechanism:[adequacy] recipient:[model new] refused:[model]]"},
	} {
		fs := policydoc.FactsFor(register(t, c.change), &c.options)
		f, _ := fs.Find("transfer:US")
		if got := fmt.Sprint(f.Attributes); got != c.want || fs.Check() != nil {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
}

// A judge is asked about third countries only: nothing else is a transfer.
func TestOnlyTransfersAreJudged(t *testing.T) {
	var asked []privacy.Country
	options := &policydoc.FactsOptions{On: judged, Transfers: judgeFunc(func(_ privacy.RecipientID, country privacy.Country, _ privacy.Date) (privacy.TransferMechanism, bool) {
		asked = append(asked, country)
		return privacy.TransferSCC, true
	})}
	r := register(t, nil)
	if got, want := policydoc.FactsFor(r, options), policydoc.FactsOf(r); len(policydoc.DiffFacts(want, got)) > 0 {
		t.Error("a judge that agrees changes the facts")
	}
	if !slices.Equal(asked, []privacy.Country{"US"}) {
		t.Errorf("asked about %v", asked)
	}
}

// A mechanism that ends is a change that readers have to be told.
func TestAnotherMechanismReliedOnIsMaterial(t *testing.T) {
	r := register(t, nil)
	options := always(t, privacy.TransferAdequacy, true)
	none := always(t, privacy.TransferSCC, false)
	for name, after := range map[string]policydoc.Facts{"another": policydoc.FactsFor(r, &options), "none": policydoc.FactsFor(r, &none)} {
		reasons := policydoc.DefaultMateriality().Assess(policydoc.FactsOf(r), after)
		if len(reasons) != 1 || reasons[0].Rule != "transfer_mechanism" {
			t.Errorf("%s: %v", name, reasons)
		}
	}
}

func TestReconcileFindsTransfersThatTheTextIsWrongAbout(t *testing.T) {
	doc, r := disclosing(t, "en"), register(t, nil)
	for name, c := range map[string]struct {
		options policydoc.FactsOptions
		want    []string
	}{
		"as declared":       {always(t, privacy.TransferSCC, true), nil},
		"on something else": {always(t, privacy.TransferAdequacy, true), []string{"transfer_mechanism transfer:US"}},
		"on nothing":        {always(t, privacy.TransferSCC, false), []string{"transfer_unlawful transfer:US"}},
	} {
		got := policydoc.Reconcile(doc, r, &policydoc.ReconcileOptions{Facts: c.options})
		if !slices.Equal(findings(got), c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
		for _, f := range got {
			if f.Advice || f.Article == "" || f.Path != "recipients[2]" || f.Section != "sharing" || f.Line == 0 {
				t.Errorf("%s: got %+v", name, f)
			}
		}
	}
	undisclosed := parse(t, "# Policy\n")
	options := always(t, privacy.TransferSCC, false)
	got := findings(policydoc.Reconcile(undisclosed, r, &policydoc.ReconcileOptions{Facts: options}))
	if !slices.Contains(got, "transfer_unlawful transfer:US") || !slices.Contains(got, "not_disclosed transfer:US") {
		t.Errorf("of what the text does not disclose: %v", got)
	}
}

// The judge of the gate is asked what each transfer relies on: here, the clauses
// that the declaration names have lost their assessment, and an adequacy decision
// has come.
func ExampleFactsFor() {
	register, err := privacy.Compile(privacytest.Declaration())
	if err != nil {
		fmt.Println(err)
		return
	}
	gates := judgeFunc(func(_ privacy.RecipientID, _ privacy.Country, on privacy.Date) (privacy.TransferMechanism, bool) {
		return privacy.TransferAdequacy, on.Before(privacy.MustDate("2027-01-01"))
	})
	doc, err := markdown.Parse([]byte("# Transfers {disclose=\"transfer:US\"}\n\nUnder standard contractual clauses, to the United States.\n"), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, on := range []privacy.Date{privacy.MustDate("2026-03-02"), privacy.MustDate("2027-01-01")} {
		options := policydoc.FactsOptions{Transfers: gates, On: on}
		transfer, _ := policydoc.FactsFor(register, &options).Find("transfer:US")
		fmt.Println(on, transfer.Attributes["mechanism"])
		for _, finding := range policydoc.Reconcile(doc, register, &policydoc.ReconcileOptions{Facts: options}) {
			if finding.Ref == transfer.Ref {
				fmt.Println(finding)
			}
		}
	}
	// Output:
	// 2026-03-02 [adequacy]
	// transfer_mechanism  transfers:1  transfer:US  declared to rely on scc, and it relies on adequacy  GDPR Art. 13(1)(f)
	// 2027-01-01 []
	// transfer_unlawful  transfers:1  transfer:US  no mechanism permits to disclose to model  GDPR Art. 44
}

package receipt_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/consent/receipt"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/memstore"
)

// said is a fact and when it occurred, in hours after moment.
type said struct {
	hour int
	fact consent.Fact
}

// told returns a receipt of facts that were recorded one after another, on a day
// after they had occurred, and the state that the ledger folds them to.
func told(t testing.TB, list ...said) (receipt.Receipt, consent.State, []consent.Record) {
	t.Helper()
	store := memstore.NewConsent(nil)
	day := moment.AddDate(0, 0, 7)
	for i, s := range list {
		id := fmt.Sprintf("event-%d", i+1)
		record, err := consent.NewRecord(id, id, day.Add(time.Duration(i)*time.Minute), consent.Entry{
			Tenant: stream.Tenant, Subject: stream.Subject, OccurredAt: moment.Add(time.Duration(s.hour) * time.Hour), Fact: s.fact,
		})
		ok(t, err)
		results, err := store.Append(t.Context(), []consent.Append{{Key: stream, Records: []consent.Record{record}, Source: "/test"}})
		ok(t, err)
		ok(t, results[0].Err)
	}
	records, err := store.Records(t.Context(), stream, 0, 1000)
	ok(t, err)
	var state consent.State
	for _, record := range records {
		ok(t, state.Fold(record))
	}
	p := fullProfile()
	p.Controller.Phone = "+49 30 5550100"
	made, err := p.Receipt(register(t), "receipt-1", day.AddDate(0, 0, 1), records)
	ok(t, err)
	return made, state, records
}

var marketing = []privacy.PurposeID{"marketing"}

func granted(purposes ...privacy.PurposeID) consent.Grant {
	return consent.Grant{Purposes: purposes, Evidence: evidence()}
}

func renewed(purposes ...privacy.PurposeID) consent.Renewal {
	return consent.Renewal{Purposes: purposes, Evidence: evidence()}
}

// notReliedOn is a consent that the ledger has on record only.
func notReliedOn(purposes ...privacy.PurposeID) consent.Grant {
	grant := granted(purposes...)
	grant.NotReliedOn = []consent.DefectCode{consent.DefectNotFreelyGiven}
	return grant
}

// A consent stands in a Kantara receipt exactly if it does in the ledger's state.
func TestWhatStandsIsWhatTheLedgerHolds(t *testing.T) {
	for name, list := range map[string][]said{
		"a grant":                                {{1, granted("marketing")}},
		"withdrawn":                              {{1, granted("marketing")}, {2, consent.Withdrawal{Purposes: marketing}}},
		"given again":                            {{1, granted("marketing")}, {2, consent.Withdrawal{Purposes: marketing}}, {3, granted("marketing")}},
		"a grant recorded late":                  {{1, granted("marketing")}, {3, consent.Withdrawal{Purposes: marketing}}, {2, granted("marketing")}},
		"a grant at the time of the withdrawal":  {{1, granted("marketing")}, {2, consent.Withdrawal{Purposes: marketing}}, {2, granted("marketing")}},
		"all withdrawn, then an older grant":     {{1, granted("accessibility")}, {3, consent.Withdrawal{}}, {2, granted("marketing")}},
		"all withdrawn, then a newer grant":      {{1, granted("accessibility")}, {3, consent.Withdrawal{}}, {4, granted("marketing")}},
		"an expiry of the grant before":          {{1, granted("marketing")}, {3, renewed("marketing")}, {2, consent.Expiry{Purposes: marketing}}},
		"an expiry of nothing, then a grant":     {{3, consent.Expiry{Purposes: marketing}}, {1, granted("marketing")}},
		"not relied upon":                        {{1, notReliedOn("marketing")}},
		"one not relied upon, then an older one": {{2, notReliedOn("marketing")}, {1, granted("marketing")}},
	} {
		checkStanding(t, name, list)
	}
	random := rand.New(rand.NewPCG(1, 2))
	choices := []consent.Fact{
		granted("marketing"), granted("accessibility", "marketing"), renewed("marketing"), notReliedOn("marketing"), consent.Withdrawal{}, consent.Withdrawal{Purposes: marketing},
		consent.Refusal{Purposes: marketing, Evidence: evidence()}, consent.Expiry{Purposes: marketing},
	}
	for n := range 150 {
		list := []said{{random.IntN(8), granted("accessibility")}} // so that there is a receipt
		for range 1 + random.IntN(6) {
			list = append(list, said{random.IntN(8), choices[random.IntN(len(choices))]})
		}
		checkStanding(t, fmt.Sprintf("%d: %v", n, list), list)
	}
}

func checkStanding(t *testing.T, name string, list []said) {
	t.Helper()
	made, state, records := told(t, list...)
	var want []string
	for _, purpose := range state.Purposes {
		if purpose.Consent == consent.ConsentGranted {
			want = append(want, string(purpose.Purpose))
		}
	}
	var got []string
	k, err := made.Kantara(kantaraProfile())
	if err == nil {
		for _, purpose := range k.Services[0].Purposes {
			got = append(got, purpose.Categories[0])
		}
	} else if !errors.Is(err, privacy.ErrNotFound) {
		t.Errorf("%s: %v", name, err)
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("%s: %q stand, in the ledger %q", name, got, want)
	}
	if err := made.Match(records); err != nil {
		t.Errorf("%s: the receipt does not fit its own ledger: %v", name, err)
	}
}

// What nothing rests on is no consent given.
func TestAConsentNotReliedUponIsNamedAsOne(t *testing.T) {
	made, _, records := told(t, said{1, notReliedOn("marketing")})
	if state := made.Records[0].Statuses[0].Type; state != "dpv:ConsentInvalidated" {
		t.Errorf("got %s", state)
	}
	made.Records[0].Statuses[0].Type = "dpv:ConsentGiven"
	if err := made.Match(records); !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("a receipt of a consent given fits the ledger: %v", err)
	}
}

func TestAPurposeNamedTwiceIsOneStep(t *testing.T) {
	made, _, records := told(t, said{1, granted("marketing", "marketing")}, said{2, consent.Withdrawal{Purposes: []privacy.PurposeID{"marketing", "marketing"}}})
	if n := len(made.Records[0].Statuses); n != 2 {
		t.Errorf("%d steps", n)
	}
	if err := made.Match(records); err != nil {
		t.Error(err)
	}
}

// Whoever withdraws need not say under which text; the receipt names those that
// are known.
func TestAnIncompleteNoticeIsNoneThatWasShown(t *testing.T) {
	for name, notice := range map[string]consent.Notice{
		"without a hash":     {Document: "privacy-policy", Version: 3, Locale: "de"},
		"without a language": {Document: "privacy-policy", Version: 3, TextSHA256: evidence().Notice.TextSHA256},
		"without a version":  {Document: "privacy-policy", Locale: "de", TextSHA256: evidence().Notice.TextSHA256},
	} {
		made, _, _ := told(t, said{1, granted("marketing")}, said{2, consent.Withdrawal{Purposes: marketing, Evidence: consent.Evidence{Notice: notice}}})
		if n := len(made.Records[0].Notices); n != 1 || len(made.Records[0].Statuses) != 2 {
			t.Errorf("%s: %d notices", name, n)
		}
	}
	unknown := granted("marketing")
	unknown.Evidence.Notice = consent.Notice{Document: "privacy-policy", Version: 1, Locale: "de", TextUnknown: true}
	unknown.Evidence.Imported = &consent.Imported{Source: "crm"}
	made, _, _ := told(t, said{1, unknown}, said{2, renewed("marketing")})
	if n := len(made.Records[0].Notices); n != 1 || len(made.Records[0].Statuses) != 2 {
		t.Errorf("imported and renewed: %d notices", n)
	}
	records := fill(t, memstore.NewConsent(nil), stream, unknown, granted("accessibility"))
	if _, err := fullProfile().Receipt(register(t), "receipt-1", moment, records); !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("a consent under an unknown text is left out: %v", err)
	}
	rejected := unknown
	rejected.NotReliedOn = []consent.DefectCode{consent.DefectCannotDemonstrate}
	records = fill(t, memstore.NewConsent(nil), stream, rejected, granted("accessibility"))
	if document, err := fullProfile().Receipt(register(t), "receipt-1", moment, records); err != nil || len(document.Records) != 1 {
		t.Errorf("one under an unknown text that is not relied upon: %d records, %v", len(document.Records), err)
	}
}

// An event that was put into another's stream makes no receipt of the other.
func TestAnEventOfAnotherIsNotTold(t *testing.T) {
	for name, alter := range map[string]func(*consent.Record){
		"another subject": func(r *consent.Record) { r.Subject = stream.Subject },
		"another tenant":  func(r *consent.Record) { r.Tenant = stream.Tenant },
		"another kind":    func(r *consent.Record) { r.Kind = consent.KindRenewed },
		"dated back":      func(r *consent.Record) { r.OccurredAt = r.OccurredAt.AddDate(0, 0, -1) },
	} {
		key := stream
		switch name {
		case "another subject":
			key.Subject = "account-1"
		case "another tenant":
			key.Tenant = "umbra"
		}
		records := fill(t, memstore.NewConsent(nil), key, granted("marketing"))
		alter(&records[0])
		if _, err := fullProfile().Receipt(register(t), "receipt-1", moment, records); !errors.Is(err, privacy.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Art. 9 is about special categories, whatever consent was explicit for.
func TestOnlySpecialCategoriesRestOnArticle9(t *testing.T) {
	grant := granted("marketing", "accessibility")
	grant.Explicit = true
	made, _, _ := told(t, said{1, grant})
	for _, record := range made.Records {
		for _, process := range record.Processes {
			special := slices.ContainsFunc(process.Data, func(n receipt.Named) bool { return n.Type == "dpv:SpecialCategoryPersonalData" })
			if got := slices.Contains(process.Basis, receipt.Reference{IRI: "eu-gdpr:A9-2-a"}); got != special {
				t.Errorf("%s: Art. 9(2)(a) %t, special categories %t", process.Identifier, got, special)
			}
		}
	}
}

package consent_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

// sound is a statement that nothing is wrong with.
func sound() consent.Statement {
	evidence := evidenceOf(3)
	evidence.Asking = &consent.Asking{ControllerNamed: true, WithdrawalRightTold: true, WithdrawalAsEasy: true, Granular: true}
	return consent.Statement{Subject: ada.ID, At: start, Purposes: []privacy.PurposeID{"marketing"}, Evidence: evidence}
}

func TestDefects(t *testing.T) {
	yes := true
	for _, c := range []struct {
		rule   string
		change func(*consent.Statement, *consent.Circumstances)
		want   []consent.DefectCode
	}{
		{"nothing is wrong", func(*consent.Statement, *consent.Circumstances) {}, nil},
		{"an act that the law's table does not know is none", func(s *consent.Statement, _ *consent.Circumstances) { s.Evidence.Act = "blinked" }, []consent.DefectCode{consent.DefectNoAffirmativeAct}},
		{"how it was asked must be on record", func(s *consent.Statement, _ *consent.Circumstances) { s.Evidence.Asking = nil },
			[]consent.DefectCode{consent.DefectNotInformed, consent.DefectNotSpecific, consent.DefectWithdrawalNotAsEasy}},
		{"refusing did harm", func(s *consent.Statement, _ *consent.Circumstances) { s.Evidence.Asking.DetrimentIfRefused = &yes }, []consent.DefectCode{consent.DefectNotFreelyGiven}},
		{"in a weaker position, harm is presumed", func(s *consent.Statement, _ *consent.Circumstances) {
			s.Evidence.Asking.PowerImbalance = "public_authority"
		}, []consent.DefectCode{consent.DefectNotFreelyGiven}},
		{"special categories that a contract needs still need consent", func(s *consent.Statement, c *consent.Circumstances) {
			s.Explicit, s.Evidence.Asking.NecessaryForService, s.Evidence.Asking.ConditionalOnService, c.SpecialCategories = true, true, true, true
		}, nil},
		{"an automated decision needs explicit consent, and to be told of", func(_ *consent.Statement, c *consent.Circumstances) { c.AutomatedDecision = true },
			[]consent.DefectCode{consent.DefectNotInformed, consent.DefectNotExplicit}},
		{"a transfer by consent needs its risks told", func(s *consent.Statement, c *consent.Circumstances) { s.Explicit, c.TransferByConsent = true, true },
			[]consent.DefectCode{consent.DefectNotInformed}},
		{"an unknown change that is material", func(_ *consent.Statement, c *consent.Circumstances) { c.Change, c.Material = "new_logo", true }, []consent.DefectCode{consent.DefectNewConsentNeeded}},
		{"an unknown change that is not", func(_ *consent.Statement, c *consent.Circumstances) { c.Change = "new_logo" }, nil},
		{"a child without a known age", func(_ *consent.Statement, c *consent.Circumstances) {
			c.Child = &consent.ChildCircumstances{Country: "DE"}
		}, []consent.DefectCode{consent.DefectChildNeedsParent}},
		{"a birthday does not heal a consent", func(_ *consent.Statement, c *consent.Circumstances) {
			c.Child = &consent.ChildCircumstances{Country: "DE", BornOnOrBefore: privacy.MustDate("2010-03-03")}
			c.AsOf = start.AddDate(1, 0, 0)
		}, []consent.DefectCode{consent.DefectChildNeedsParent}},
		{"on the birthday a child may consent alone", func(_ *consent.Statement, c *consent.Circumstances) {
			c.Child = &consent.ChildCircumstances{Country: "DE", BornOnOrBefore: privacy.MustDate("2010-03-02")}
		}, nil},
		{"who consented must be on record", func(s *consent.Statement, _ *consent.Circumstances) { s.Subject = "" }, []consent.DefectCode{consent.DefectCannotDemonstrate}},
	} {
		t.Run(c.rule, func(t *testing.T) {
			statement, circumstances := sound(), consent.Circumstances{}
			c.change(&statement, &circumstances)
			verdict, err := consent.Validate(statement, circumstances)
			must(t, err)
			if !slices.Equal(verdict.Codes(), c.want) && len(verdict.Codes())+len(c.want) > 0 {
				t.Errorf("got %q, want %q", verdict.Codes(), c.want)
			}
			for _, defect := range verdict.Defects {
				if defect.Article == "" || defect.Citation == "" {
					t.Errorf("%s is not explained", defect.Code)
				}
			}
		})
	}
}

func TestValidityThatCannotBeJudged(t *testing.T) {
	_, err := consent.Validate(sound(), consent.Circumstances{Regime: "us-ca-ccpa"})
	wantErr(t, err, privacy.ErrInvalid)
	_, err = consent.Validate(sound(), consent.Circumstances{Child: &consent.ChildCircumstances{BornOnOrBefore: privacy.MustDate("2030-01-01")}})
	wantErr(t, err, privacy.ErrInvalid)
	_, err = consent.Terminal(consent.TerminalAccess{Regime: "us-ca-ccpa", On: lawOf})
	wantErr(t, err, privacy.ErrInvalid)
	answer, err := consent.Terminal(consent.TerminalAccess{Regime: "eu-gdpr"})
	wantErr(t, err, privacy.ErrInvalid)
	wantSame(t, "consent required", answer.ConsentRequired(), true)
}

func TestTerminalExemptionsAreDated(t *testing.T) {
	for day, exempt := range map[string]bool{"2026-02-04": false, "2026-02-05": true} {
		answer, err := consent.Terminal(consent.TerminalAccess{
			Regime: "uk-gdpr", On: privacy.MustDate(day), Exemption: "statistics", InformationAndObjection: true,
		})
		must(t, err)
		wantSame(t, day, answer.Exempt, exempt)
	}
}

func invalidGrant() consent.Grant {
	grant := grantOf("marketing")
	grant.Evidence.Act = "box_left_ticked"
	return grant
}

func TestALedgerRefusesInvalidConsent(t *testing.T) {
	w := newWorld(t, setup{})
	_, err := w.ledger.Grant(t.Context(), ada, invalidGrant())
	wantErr(t, err, consent.ErrConsentInvalid)
	wantErr(t, err, privacy.ErrInvalid)
	refused, ok := errors.AsType[*consent.InvalidConsentError](err)
	wantSame(t, "typed", ok, true)
	wantSame(t, "defect", refused.Defects[0].Code, consent.DefectNoAffirmativeAct)
	_, err = w.ledger.Renew(t.Context(), ada, consent.Renewal(invalidGrant()))
	wantErr(t, err, consent.ErrConsentInvalid)
	state, err := w.ledger.State(t.Context(), ada.Tenant, ada.ID)
	must(t, err)
	wantSame(t, "version", state.Version, 0)
}

func TestALedgerRecordsInvalidConsentWithoutRelyingOnIt(t *testing.T) {
	w := newWorld(t, setup{ledger: consent.LedgerOptions{Validity: consent.ValidityOptions{Invalid: consent.RecordInvalid}}})
	w.given(ada, adult, invalidGrant(), consent.Renewal(invalidGrant()))
	w.wantCode(w.prepare(marketingUse), ada, consent.CodeConsentInvalid)
	records, err := w.ledger.Records(t.Context(), consent.StreamKey{Tenant: ada.Tenant, Subject: ada.ID}, 1, 1)
	must(t, err)
	entry, err := consent.DecodeEntry(records[0].Payload)
	must(t, err)
	if got := entry.Fact.(consent.Grant).NotReliedOn; !slices.Equal(got, []consent.DefectCode{consent.DefectNoAffirmativeAct}) {
		t.Errorf("the record says %q", got)
	}
	w.given(ada, grantOf("marketing"))
	w.wantCode(w.prepare(marketingUse), ada, consent.CodeAllowed)
}

// What the host does not rely on a consent for stays on record beside what the
// ledger finds.
func TestDefectsThatTheHostNamesStay(t *testing.T) {
	w := newWorld(t, setup{ledger: consent.LedgerOptions{Validity: consent.ValidityOptions{Invalid: consent.RecordInvalid}}})
	grant := invalidGrant()
	grant.NotReliedOn = []consent.DefectCode{consent.DefectNotFreelyGiven}
	w.given(ada, grant, consent.Renewal(grant))
	records, err := w.ledger.Records(t.Context(), consent.StreamKey{Tenant: ada.Tenant, Subject: ada.ID}, 0, 2)
	must(t, err)
	for _, record := range records {
		entry, err := consent.DecodeEntry(record.Payload)
		must(t, err)
		recorded, ok := entry.Fact.(consent.Grant)
		if renewal, renewed := entry.Fact.(consent.Renewal); renewed {
			recorded, ok = consent.Grant(renewal), true
		}
		want := []consent.DefectCode{consent.DefectNotFreelyGiven, consent.DefectNoAffirmativeAct}
		if !ok || !slices.Equal(recorded.NotReliedOn, want) {
			t.Errorf("%s: the record says %q", record.Kind, recorded.NotReliedOn)
		}
	}
}

// sources supplies circumstances by the subject.
type sources func(privacy.Subject) (consent.Circumstances, error)

func (f sources) Circumstances(_ context.Context, subject privacy.Subject, _ consent.Statement) (consent.Circumstances, error) {
	return f(subject)
}

func TestCircumstancesComeFromTheHost(t *testing.T) {
	failing := errors.New("no answer")
	w := newWorld(t, setup{ledger: consent.LedgerOptions{Validity: consent.ValidityOptions{Circumstances: sources(
		func(subject privacy.Subject) (consent.Circumstances, error) {
			if subject.ID == "unreadable" {
				return consent.Circumstances{}, failing
			}
			return consent.Circumstances{Child: &consent.ChildCircumstances{Country: "DE", BornOnOrBefore: privacy.MustDate("2012-06-01")}}, nil
		})}}})
	_, err := w.ledger.Grant(t.Context(), ada, grantOf("marketing"))
	wantErr(t, err, consent.ErrConsentInvalid)
	authorised := grantOf("marketing")
	authorised.Evidence.Parental = &consent.ParentalAuthorisation{Verified: true, Method: "card_micro_payment"}
	_, err = w.ledger.Grant(t.Context(), ada, authorised)
	must(t, err)
	_, err = w.ledger.Grant(t.Context(), privacy.Subject{Tenant: "acme", ID: "unreadable"}, authorised)
	wantErr(t, err, failing)
}

// A refusal said again at the very time of the first stands, although a consent
// of that time was recorded in between.
func TestARefusalOvertakenAtTheSameTimeStands(t *testing.T) {
	w := newWorld(t, setup{})
	w.given(ada, adult)
	use := w.prepare(marketingUse)
	at := start.Add(-time.Hour)
	say := func(fact consent.Fact) consent.Receipt {
		receipt, err := w.ledger.Record(t.Context(), consent.Entries{Tenant: ada.Tenant, Subject: ada.ID, OccurredAt: at, Facts: []consent.Fact{fact}})
		must(t, err)
		return receipt
	}
	for _, refusal := range []consent.Fact{withdrawalOf("marketing"), consent.Refusal{Purposes: []privacy.PurposeID{"marketing"}}, objectionTo("marketing")} {
		at = at.Add(time.Minute)
		say(refusal)
		if _, objected := refusal.(consent.Objection); objected {
			say(consent.ObjectionEnded{Purposes: []privacy.PurposeID{"marketing"}, DirectMarketing: true, Reason: "taken_back"})
		} else {
			say(grantOf("marketing"))
		}
		wantSame(t, "repeated after a permission", say(refusal).Duplicate, false)
		wantSame(t, "allowed", w.check(use, ada).Allowed(), false)
		wantSame(t, "repeated once more", say(refusal).Duplicate, true)
		say(grantOf("marketing"))
	}
}

// A refusal that is delivered again after a later consent is a repetition.
func TestARefusalIsNotRepeatedAgainstALaterConsent(t *testing.T) {
	w := newWorld(t, setup{})
	w.given(ada, adult)
	use := w.prepare(marketingUse)
	refuse := consent.Entries{Tenant: ada.Tenant, Subject: ada.ID, OccurredAt: start.Add(-time.Hour), Facts: []consent.Fact{withdrawalOf("marketing")}}
	_, err := w.ledger.Record(t.Context(), refuse)
	must(t, err)
	w.given(ada, grantOf("marketing"))
	delivered, err := w.ledger.Record(t.Context(), refuse)
	must(t, err)
	wantSame(t, "delivered again", delivered.Duplicate, true)
	w.wantCode(use, ada, consent.CodeAllowed)
	keyed := refuse
	keyed.Key = "withdrawal-1"
	_, err = w.ledger.Record(t.Context(), keyed)
	must(t, err)
	_, err = w.ledger.Record(t.Context(), consent.Entries{Tenant: ada.Tenant, Subject: ada.ID, OccurredAt: refuse.OccurredAt, Facts: []consent.Fact{grantOf("marketing")}})
	must(t, err)
	again, err := w.ledger.Record(t.Context(), keyed)
	must(t, err)
	wantSame(t, "with a key of its own", again.Duplicate, true)
}

func TestRecurrences(t *testing.T) {
	law, err := consent.EmbeddedValidityLaw()
	must(t, err)
	for _, c := range []struct {
		regime       string
		choice       consent.PastChoice
		made, due    string
		binding, may bool
	}{
		{"us-ca", consent.PastRefusal, "2026-03-10", "2027-03-10", true, false},
		{"us-ca-ccpa", consent.PastRefusal, "2024-02-29", "2025-03-01", true, false},
		{"FR", consent.PastRefusal, "2026-08-31", "2027-03-01", false, true},
		{"IT", consent.PastRefusal, "2026-03-10", "2026-09-10", false, true},
		{"FR", consent.PastConsent, "2026-03-10", "2026-09-10", false, true},
		{"DE", consent.PastRefusal, "2026-03-10", "", false, true},
		{"us-ca", consent.PastConsent, "2026-03-10", "", false, true},
	} {
		got, err := law.Recurrence(c.regime, c.choice, privacy.MustDate(c.made))
		must(t, err)
		wantSame(t, c.regime, got.Due.String(), c.due)
		wantSame(t, c.regime, got.Binding, c.binding)
		wantSame(t, c.regime, got.MayAsk(privacy.MustDate(c.made)), c.may)
		wantSame(t, c.regime, got.Due.IsZero() || got.MayAsk(got.Due), true)
	}
	_, err = law.Recurrence("us-ca", "shrug", lawOf)
	wantErr(t, err, privacy.ErrInvalid)
	_, err = law.Recurrence("us-ca", consent.PastRefusal, privacy.Date{})
	wantErr(t, err, privacy.ErrInvalid)
}

const lawHead = `{"title":"T","as_of":"2026-01-01","citations":["C"],`

func TestLawTablesAreChecked(t *testing.T) {
	for name, c := range map[string]struct{ file, text string }{
		"JSON":                  {"validity.json", `{`},
		"a title":               {"validity.json", `{}`},
		"every defect":          {"validity.json", lawHead + `"regimes":["eu-gdpr"],"defects":[]}`},
		"no other member":       {"terminal.json", lawHead + `"cookies":[]}`},
		"an exemption's date":   {"terminal.json", lawHead + `"exemptions":[{"regime":"eu-gdpr","exemption":"x","citation":"C"}]}`},
		"a period":              {"recurrence.json", lawHead + `"rows":[{"regime":"r","jurisdiction":"FR","after":"refusal","from":"2020-01-01","citation":"C"}]}`},
		"a choice":              {"recurrence.json", lawHead + `"rows":[{"regime":"r","jurisdiction":"FR","after":"shrug","period":"P6M","from":"2020-01-01","citation":"C"}]}`},
		"a jurisdiction":        {"recurrence.json", lawHead + `"rows":[{"regime":"r","jurisdiction":"atlantis","after":"refusal","period":"P6M","from":"2020-01-01","citation":"C"}]}`},
		"ages that can be read": {"ages.json", `{`},
	} {
		_, err := consent.LoadValidityLaw(fstest.MapFS{c.file: {Data: []byte(c.text)}})
		if !errors.Is(err, privacy.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := consent.LoadValidityLaw(fstest.MapFS{})
	must(t, err)
}

// The tables explain every code, and evidence survives its JSON.
func TestAskingIsStored(t *testing.T) {
	no := false
	evidence := sound().Evidence
	evidence.Asking.DetrimentIfRefused, evidence.Asking.DoubleOptIn = &no, consent.DoubleOptInConfirmed
	text, err := json.Marshal(evidence)
	must(t, err)
	var back consent.Evidence
	must(t, privacy.DecodeJSON(text, &back))
	wantSame(t, "detriment", *back.Asking.DetrimentIfRefused, false)
	wantSame(t, "double opt-in", back.Asking.DoubleOptIn, consent.DoubleOptInConfirmed)
}

func FuzzLoadValidityLaw(f *testing.F) {
	f.Add("validity.json", []byte(lawHead+`"regimes":["eu-gdpr"]}`))
	f.Add("recurrence.json", []byte(lawHead+`"rows":[{"regime":"r","jurisdiction":"FR","after":"refusal","period":"P6M","from":"2020-01-01","citation":"C"}]}`))
	f.Fuzz(func(t *testing.T, name string, text []byte) {
		if name == "" || name[0] == '/' {
			return
		}
		law, err := consent.LoadValidityLaw(fstest.MapFS{name: {Data: text}})
		if (law == nil) == (err == nil) {
			t.Fatal("either a law or an error")
		}
		if law != nil {
			_, _ = law.Validate(sound(), consent.Circumstances{})
		}
	})
}

func BenchmarkValidate(b *testing.B) {
	statement := sound()
	statement.Evidence.Asking.Granular = false
	circumstances := consent.Circumstances{Child: &consent.ChildCircumstances{Country: "DE", BornOnOrBefore: privacy.MustDate("2000-01-01")}}
	b.ReportAllocs()
	for b.Loop() {
		if verdict, err := consent.Validate(statement, circumstances); err != nil || verdict.Valid() {
			b.Fatal(err)
		}
	}
}

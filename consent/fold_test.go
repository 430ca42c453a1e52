package consent_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

// event is a fact that occurred some hours after start.
type event struct {
	hour int
	fact consent.Fact
}

func hour(n int) time.Time { return start.Add(time.Duration(n) * time.Hour) }

func fold(t testing.TB, events ...event) consent.State {
	t.Helper()
	var state consent.State
	for i, e := range events {
		must(t, state.Fold(recordOf(t, uint64(i+1), hour(e.hour), "s", e.fact)))
	}
	return state
}

// describe writes down what a state permits and forbids.
func describe(state consent.State) string {
	var words []string
	add := func(on bool, format string, args ...any) {
		if on {
			words = append(words, fmt.Sprintf(format, args...))
		}
	}
	add(state.Erased.On, "erased")
	add(state.Relationship.On, "relationship")
	add(state.Objected.On, "objected")
	add(state.MarketingObjected.On, "marketing")
	add(state.Restricted.On, "restricted")
	for _, optOut := range state.OptOuts {
		add(optOut.Mark.On, "%s", optOut.Kind)
	}
	add(!state.BornOnOrBefore.IsZero(), "born<=%s", state.BornOnOrBefore)
	add(!state.BornOnOrAfter.IsZero(), "born>=%s", state.BornOnOrAfter)
	for _, p := range state.Purposes {
		add(p.Consent != consent.ConsentNone, "%s=%s", p.Purpose, p.Consent)
		add(p.NoticeVersion != 0 && p.NoticeVersion != 3, "%s:v%d", p.Purpose, p.NoticeVersion)
		add(p.Explicit, "%s:explicit", p.Purpose)
		add(!p.Until.IsZero(), "%s:until %s", p.Purpose, p.Until.Sub(start))
		add(p.Objected.On, "%s:objected", p.Purpose)
		add(p.Restricted.On, "%s:restricted", p.Purpose)
		add(p.OptedOut.On, "%s:opted_out", p.Purpose)
	}
	return strings.Join(words, " ")
}

func renewalOf(notice uint32, purposes ...privacy.PurposeID) consent.Renewal {
	return consent.Renewal{Purposes: purposes, Evidence: evidenceOf(notice)}
}

func refusalOf(purposes ...privacy.PurposeID) consent.Refusal {
	return consent.Refusal{Purposes: purposes}
}

func expiryOf(purposes ...privacy.PurposeID) consent.Expiry {
	return consent.Expiry{Purposes: purposes}
}

func objectionTo(purposes ...privacy.PurposeID) consent.Objection {
	return consent.Objection{Purposes: purposes}
}

func endedFor(purposes ...privacy.PurposeID) consent.ObjectionEnded {
	return consent.ObjectionEnded{Purposes: purposes, Reason: "compelling_grounds"}
}

func restrictionOf(purposes ...privacy.PurposeID) consent.Restriction {
	return consent.Restriction{Purposes: purposes}
}

func liftedFor(purposes ...privacy.PurposeID) consent.RestrictionLifted {
	return consent.RestrictionLifted{Purposes: purposes}
}

func restrictionAbout(matter string) consent.Restriction { return consent.Restriction{Matter: matter} }

func liftedAbout(matter string) consent.RestrictionLifted {
	return consent.RestrictionLifted{Matter: matter}
}

type foldCase struct {
	rule   string
	events []event
	want   string
}

func runFold(t *testing.T, cases []foldCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.rule, func(t *testing.T) {
			state := fold(t, c.events...)
			if got := describe(state); got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
			if state.Version != uint64(len(c.events)) {
				t.Errorf("version %d after %d events", state.Version, len(c.events))
			}
		})
	}
}

func TestFoldOfConsent(t *testing.T) {
	limited := explicitGrant("a")
	limited.Until = hour(9).Add(900 * time.Millisecond)
	runFold(t, []foldCase{
		{"nothing is nothing", nil, ""},
		{"a grant permits its purposes", []event{{1, grantOf("b", "a")}}, "a=granted b=granted"},
		{"a grant keeps its terms, the end in whole seconds", []event{{1, limited}}, "a=granted a:explicit a:until 9h0m0s"},
		{"a withdrawal ends consent and its terms", []event{{1, limited}, {2, withdrawalOf("a")}}, "a=withdrawn"},
		{"a withdrawal without consent counts", []event{{2, withdrawalOf("a")}}, "a=withdrawn"},
		{"a grant after a withdrawal counts", []event{{1, grantOf("a")}, {2, withdrawalOf("a")}, {3, grantOf("a")}}, "a=granted"},
		{"a late grant does not override a later withdrawal", []event{{5, withdrawalOf("a")}, {3, grantOf("a")}}, "a=withdrawn"},
		{"a late grant of another purpose counts", []event{{5, withdrawalOf("a")}, {3, grantOf("a", "b")}}, "a=withdrawn b=granted"},
		{"a late withdrawal counts all the same", []event{{5, grantOf("a")}, {3, withdrawalOf("a")}}, "a=withdrawn"},
		{"after a late withdrawal an older grant does not count", []event{{5, grantOf("a")}, {3, withdrawalOf("a")}, {4, grantOf("a")}}, "a=withdrawn"},
		{"at one time the order of the ledger decides for the withdrawal", []event{{5, grantOf("a")}, {5, withdrawalOf("a")}}, "a=withdrawn"},
		{"at one time the order of the ledger decides for the grant", []event{{5, withdrawalOf("a")}, {5, grantOf("a")}}, "a=granted"},
		{"a withdrawal of everything reaches every consent", []event{{1, grantOf("a", "b")}, {2, withdrawalOf()}}, "a=withdrawn b=withdrawn"},
		{"a withdrawal of everything reaches refusals", []event{{1, refusalOf("a")}, {2, withdrawalOf()}}, "a=withdrawn"},
		{"a withdrawal of everything reaches late grants of purposes nobody named", []event{{5, withdrawalOf()}, {3, grantOf("a")}}, "a=withdrawn"},
		{"a withdrawal of everything recorded late reaches what is newer", []event{{5, grantOf("a")}, {3, withdrawalOf()}}, "a=withdrawn"},
		{"a withdrawal of everything leaves other marks alone", []event{{1, objectionTo("a")}, {2, withdrawalOf()}}, "a:objected"},
		{"a grant after a withdrawal of everything counts", []event{{5, withdrawalOf()}, {6, grantOf("a")}}, "a=granted"},
		{"at one time as a withdrawal of everything the ledger decides", []event{{5, withdrawalOf()}, {5, grantOf("a")}}, "a=granted"},
		{"of two withdrawals of everything the later counts", []event{{5, withdrawalOf()}, {3, withdrawalOf()}, {4, grantOf("a")}}, "a=withdrawn"},
		{"a refusal is remembered", []event{{1, refusalOf("a")}}, "a=refused"},
		{"a refusal ends consent", []event{{1, grantOf("a")}, {2, refusalOf("a")}}, "a=refused"},
		{"a late grant does not override a later refusal", []event{{5, refusalOf("a")}, {3, grantOf("a")}}, "a=refused"},
		{"a grant after a refusal counts", []event{{5, refusalOf("a")}, {6, grantOf("a")}}, "a=granted"},
		{"an expiry ends consent", []event{{1, grantOf("a")}, {2, expiryOf("a")}}, "a=expired"},
		{"an expiry at the time of the consent ends it", []event{{1, grantOf("a")}, {1, expiryOf("a")}}, "a=expired"},
		{"an expiry older than the consent does not end it", []event{{5, grantOf("a")}, {3, expiryOf("a")}}, "a=granted"},
		{"an expiry without consent is nothing", []event{{1, expiryOf("a")}}, ""},
		{"an expiry does not hide a withdrawal", []event{{1, grantOf("a")}, {2, withdrawalOf("a")}, {3, expiryOf("a")}}, "a=withdrawn"},
		{"a renewal takes the place of the consent", []event{{1, limited}, {2, renewalOf(4, "a")}}, "a=granted a:v4"},
		{"a renewal revives what expired", []event{{1, grantOf("a")}, {2, expiryOf("a")}, {3, renewalOf(4, "a")}}, "a=granted a:v4"},
		{"a late renewal does not override a later withdrawal", []event{{1, grantOf("a")}, {5, withdrawalOf("a")}, {3, renewalOf(4, "a")}}, "a=withdrawn"},
		{"a late renewal does not replace newer consent", []event{{5, grantOf("a")}, {3, renewalOf(2, "a")}}, "a=granted"},
	})
}

func TestFoldOfObjections(t *testing.T) {
	marketing := consent.Objection{DirectMarketing: true}
	takenBack := consent.ObjectionEnded{DirectMarketing: true, Reason: "taken_back"}
	runFold(t, []foldCase{
		{"an objection names its purposes", []event{{1, objectionTo("a")}}, "a:objected"},
		{"an objection to everything is one to direct marketing", []event{{1, objectionTo()}}, "objected marketing"},
		{"an objection to direct marketing reaches that alone", []event{{1, marketing}}, "marketing"},
		{"an objection ends for its purposes", []event{{1, objectionTo("a", "b")}, {2, endedFor("a")}}, "b:objected"},
		{"a late end does not override a later objection", []event{{5, objectionTo("a")}, {3, endedFor("a")}}, "a:objected"},
		{"an objection made again keeps the later time", []event{{5, objectionTo("a")}, {3, objectionTo("a")}, {4, endedFor("a")}}, "a:objected"},
		{"a late objection counts all the same", []event{{1, objectionTo("a")}, {5, endedFor("a")}, {3, objectionTo("a")}}, "a:objected"},
		{"compelling grounds do not reach direct marketing", []event{{1, objectionTo()}, {2, endedFor()}}, "marketing"},
		{"only the subject ends an objection to direct marketing", []event{{1, marketing}, {2, endedFor()}, {3, takenBack}}, ""},
		{"a late end does not override a later objection to direct marketing", []event{{5, marketing}, {3, takenBack}}, "marketing"},
		{"ending an objection to everything leaves named ones", []event{{1, objectionTo("a")}, {2, objectionTo()}, {3, endedFor()}}, "marketing a:objected"},
		{"ending a named objection leaves that to everything", []event{{1, objectionTo()}, {2, endedFor("a")}}, "objected marketing"},
		{"an objection does not touch consent", []event{{1, grantOf("a")}, {2, objectionTo("a")}}, "a=granted a:objected"},
	})
}

func TestFoldOfRestrictions(t *testing.T) {
	runFold(t, []foldCase{
		{"a restriction reaches everything", []event{{1, restrictionOf()}}, "restricted"},
		{"a restriction can name purposes", []event{{1, restrictionOf("a")}}, "a:restricted"},
		{"a restriction is lifted", []event{{1, restrictionOf()}, {2, liftedFor()}}, ""},
		{"lifting everything lifts what was named", []event{{1, restrictionOf("a")}, {2, restrictionOf()}, {3, liftedFor()}}, ""},
		{"lifting one purpose leaves the restriction of everything", []event{{1, restrictionOf()}, {2, liftedFor("a")}}, "restricted"},
		{"a late lift does not override a later restriction", []event{{5, restrictionOf()}, {3, liftedFor()}}, "restricted"},
		{"a late lift of everything lifts only what is older", []event{{5, restrictionOf("a")}, {1, restrictionOf("b")}, {3, liftedFor()}}, "a:restricted"},
		{"at one time the order of the ledger decides", []event{{3, restrictionOf()}, {3, liftedFor()}}, ""},
		{"lifting one matter leaves another", []event{{1, restrictionAbout("a")}, {2, restrictionAbout("b")}, {3, liftedAbout("a")}}, "restricted"},
		{"and one without a matter", []event{{1, restrictionOf()}, {2, restrictionAbout("a")}, {3, liftedAbout("a")}}, "restricted"},
		{"and what was restricted by name", []event{{1, restrictionAbout("a")}, {2, restrictionOf("x")}, {3, liftedAbout("a")}}, "x:restricted"},
		{"a matter that restricts twice is lifted once", []event{{1, restrictionAbout("a")}, {2, restrictionAbout("a")}, {3, liftedAbout("a")}}, ""},
		{"after the last matter nothing is restricted", []event{{1, restrictionAbout("a")}, {2, restrictionAbout("b")}, {3, liftedAbout("b")}, {4, liftedAbout("a")}}, ""},
		{"lifting everything lifts every matter", []event{{1, restrictionAbout("a")}, {2, restrictionAbout("b")}, {3, liftedFor()}}, ""},
		{"a late lift of a matter does not override its later restriction", []event{{5, restrictionAbout("a")}, {3, liftedAbout("a")}}, "restricted"},
		{"a late lift of everything leaves a later matter", []event{{1, restrictionAbout("a")}, {5, restrictionAbout("b")}, {3, liftedFor()}, {6, liftedAbout("b")}}, ""},
	})
}

func TestFoldOfOptOuts(t *testing.T) {
	sale, sharing := privacy.NewOptOutSet(privacy.OptOutSale), privacy.NewOptOutSet(privacy.OptOutSharing)
	runFold(t, []foldCase{
		{"an opt-out reaches its kinds", []event{{1, consent.OptOut{Kinds: sale.Union(sharing)}}}, "sale sharing"},
		{"an opt-out can name purposes", []event{{1, consent.OptOut{Purposes: []privacy.PurposeID{"a"}}}}, "a:opted_out"},
		{"an opt-in takes back its kinds", []event{{1, consent.OptOut{Kinds: sale.Union(sharing)}}, {2, consent.OptIn{Kinds: sale}}}, "sharing"},
		{"an opt-in takes back its purposes", []event{{1, consent.OptOut{Purposes: []privacy.PurposeID{"a", "b"}}}, {2, consent.OptIn{Purposes: []privacy.PurposeID{"a"}}}}, "b:opted_out"},
		{"a late opt-in does not override a later opt-out", []event{{5, consent.OptOut{Kinds: sale, Purposes: []privacy.PurposeID{"a"}}}, {3, consent.OptIn{Kinds: sale, Purposes: []privacy.PurposeID{"a"}}}}, "sale a:opted_out"},
		{"an opt-in to a kind leaves purposes opted out of", []event{{1, consent.OptOut{Kinds: sale, Purposes: []privacy.PurposeID{"a"}}}, {2, consent.OptIn{Kinds: sale}}}, "a:opted_out"},
	})
}

func TestFoldOfRelationships(t *testing.T) {
	begun, ended := consent.RelationshipStarted{}, consent.RelationshipEnded{}
	runFold(t, []foldCase{
		{"a relationship starts", []event{{1, begun}}, "relationship"},
		{"a relationship ends", []event{{1, begun}, {2, ended}}, ""},
		{"a relationship starts again", []event{{1, begun}, {2, ended}, {3, begun}}, "relationship"},
		{"a late start does not override a later end", []event{{5, ended}, {3, begun}}, ""},
		{"a late end counts all the same", []event{{5, begun}, {3, ended}}, ""},
		{"of two ends the later counts", []event{{5, ended}, {3, ended}, {4, begun}}, ""},
		{"at one time the order of the ledger decides", []event{{5, ended}, {5, begun}}, "relationship"},
	})
}

func bornBetween(after, before string) consent.AgeEvidence {
	evidence := consent.AgeEvidence{Method: "document"}
	if after != "" {
		evidence.BornOnOrAfter = privacy.MustDate(after)
	}
	if before != "" {
		evidence.BornOnOrBefore = privacy.MustDate(before)
	}
	return evidence
}

func TestFoldOfAges(t *testing.T) {
	runFold(t, []foldCase{
		{"evidence bounds the date of birth", []event{{1, bornBetween("2001-01-01", "2002-02-02")}}, "born<=2002-02-02 born>=2001-01-01"},
		{"newer evidence replaces older", []event{{1, bornBetween("2012-01-01", "")}, {2, bornBetween("", "2000-01-01")}}, "born<=2000-01-01"},
		{"late evidence does not make a subject older", []event{{5, bornBetween("2012-01-01", "")}, {3, bornBetween("", "2000-01-01")}}, "born>=2012-01-01"},
		{"late evidence makes a subject younger", []event{{5, bornBetween("", "2000-01-01")}, {3, bornBetween("2012-01-01", "")}}, "born>=2012-01-01"},
		{"what came late does not make room for what is older than the newest", []event{{5, bornBetween("", "2000-01-01")}, {3, bornBetween("2012-01-01", "")}, {4, bornBetween("", "1990-01-01")}}, "born>=2012-01-01"},
		{"late evidence that says more does not make a subject older", []event{{5, bornBetween("", "2012-01-01")}, {3, bornBetween("1990-01-01", "1990-01-01")}}, "born<=2012-01-01 born>=1990-01-01"},
		{"nor where nothing said how old it is at least", []event{{5, bornBetween("2001-01-01", "")}, {3, bornBetween("2002-01-01", "2003-01-01")}}, "born>=2002-01-01"},
		{"late evidence that is weaker takes the bound back", []event{{5, bornBetween("", "2000-01-01")}, {3, bornBetween("2001-01-01", "2003-01-01")}}, "born<=2003-01-01 born>=2001-01-01"},
		{"at one time the order of the ledger decides", []event{{5, bornBetween("2012-01-01", "")}, {5, bornBetween("", "2000-01-01")}}, "born<=2000-01-01"},
	})
}

func TestFoldOfErasure(t *testing.T) {
	erasure := consent.Erasure{Cause: "case-1"}
	everything := []event{
		{1, grantOf("a")}, {1, withdrawalOf()}, {1, objectionTo()}, {1, restrictionOf()}, {1, adult}, {1, consent.RelationshipStarted{}},
		{1, consent.OptOut{Kinds: privacy.NewOptOutSet(privacy.OptOutSale)}},
	}
	runFold(t, []foldCase{
		{"an erasure forgets everything", append(everything, event{2, erasure}), "erased"},
		{"what forbids is accepted after an erasure", []event{{1, erasure}, {2, withdrawalOf("a")}, {3, restrictionOf()}}, "erased restricted a=withdrawn"},
		{"nothing undoes an erasure", []event{{1, erasure}, {2, grantOf("a")}, {3, erasure}}, "erased"},
		{"a late erasure counts all the same", []event{{5, grantOf("a")}, {1, erasure}}, "erased"},
	})
}

func TestFoldLeavesTheStateAsItWasOnError(t *testing.T) {
	record := func(sequence uint64, fact consent.Fact) consent.Record {
		return recordOf(t, sequence, start, "s", fact)
	}
	unreadable := record(2, grantOf("b"))
	unreadable.Payload = []byte(`{"kind":"granted","fact":{"purposes":["b"],"surprise":1}}`)
	for name, bad := range map[string]consent.Record{
		"a gap":                 record(3, withdrawalOf("a")),
		"a repetition":          record(1, withdrawalOf("a")),
		"a fact about a tenant": record(2, attestationOf("x", "content")),
		"an unknown payload":    unreadable,
	} {
		state := fold(t, event{1, grantOf("a")})
		before := fold(t, event{1, grantOf("a")})
		wantErr(t, state.Fold(bad), privacy.ErrInvalid)
		if !reflect.DeepEqual(state, before) {
			t.Errorf("%s changed the state", name)
		}
	}
}

func TestFoldOfARedactedRecordChangesTheVersionOnly(t *testing.T) {
	state := fold(t, event{1, grantOf("a")})
	redacted := recordOf(t, 2, start, "s", withdrawalOf("a"))
	redacted.Payload, redacted.Salt = nil, nil
	must(t, state.Fold(redacted))
	wantSame(t, "version", state.Version, 2)
	wantSame(t, "state", describe(state), "a=granted")
}

func TestFoldAgreesWithTheLedgerAfterRedaction(t *testing.T) {
	w := newWorld(t, setup{})
	w.given(ada, grantOf("marketing"), adult, objectionTo())
	_, err := w.ledger.Redact(t.Context(), ada.Tenant, ada.ID, "case-1")
	must(t, err)
	w.given(ada, withdrawalOf("marketing"))
	records, err := w.ledger.Records(t.Context(), consent.StreamKey{Tenant: ada.Tenant, Subject: ada.ID}, 0, 100)
	must(t, err)
	var folded consent.State
	for _, record := range records {
		must(t, folded.Fold(record))
	}
	stored, err := w.ledger.State(t.Context(), ada.Tenant, ada.ID)
	must(t, err)
	if !reflect.DeepEqual(folded, stored) {
		t.Errorf("folded %+v\nstored %+v", folded, stored)
	}
}

func TestErrErasedIsInvalid(t *testing.T) {
	if !errors.Is(consent.ErrErased, privacy.ErrInvalid) {
		t.Error("ErrErased does not match privacy.ErrInvalid")
	}
}

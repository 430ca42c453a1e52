package regime_test

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

func is(t *testing.T, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("got %v, want an error that matches %v", err, target)
	}
}

func hasCode(t *testing.T, err error, code string) {
	t.Helper()
	var problems privacy.Problems
	if !errors.As(err, &problems) {
		t.Fatalf("got %v, want problems", err)
	}
	for _, problem := range problems {
		if problem.Code == code {
			return
		}
	}
	t.Errorf("no problem has the code %q: %v", code, err)
}

// Every rule of the linter refuses a preset that breaks it, at the path of the
// offending entry.
func TestLintRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		breaks func(r *regime.Regime)
		path   string
		code   string
	}{
		"schema":                  {func(r *regime.Regime) { r.Schema = "other" }, "schema", "unknown"},
		"id":                      {func(r *regime.Regime) { r.ID = "EU" }, "id", "form"},
		"long id":                 {func(r *regime.Regime) { r.ID = regime.ID(strings.Repeat("a", 65)) }, "id", "form"},
		"name":                    {func(r *regime.Regime) { r.Name = "" }, "name", "required"},
		"no start":                {func(r *regime.Regime) { r.EffectiveFrom = privacy.Date{} }, "effective_from", "required"},
		"ends before it starts":   {func(r *regime.Regime) { r.EffectiveThrough = privacy.MustDate("2018-05-24") }, "effective_through", "order"},
		"no jurisdiction":         {func(r *regime.Regime) { r.Jurisdictions = nil }, "jurisdictions", "required"},
		"jurisdiction":            {func(r *regime.Regime) { r.Jurisdictions[0] = "EU" }, "jurisdictions[0]", "form"},
		"confidence":              {func(r *regime.Regime) { r.Confidence = "sure" }, "confidence", "unknown"},
		"no citation":             {func(r *regime.Regime) { r.Citations = nil }, "citations", "required"},
		"empty citation":          {func(r *regime.Regime) { r.Citations[0].Ref = "" }, "citations[0].ref", "required"},
		"roll-over":               {func(r *regime.Regime) { r.Counting.Rollover = "maybe" }, "counting.rollover", "unknown"},
		"suspension":              {func(r *regime.Regime) { r.Counting.Suspension = "" }, "counting.suspension", "unknown"},
		"counting uncited":        {func(r *regime.Regime) { r.Counting.Cite = "" }, "counting.cite", "required"},
		"no clocks":               {func(r *regime.Regime) { r.Clocks = nil }, "clocks", "required"},
		"unknown request":         {func(r *regime.Regime) { r.Clocks[0].Requests[0] = "hug" }, "clocks[0].requests[0]", "unknown"},
		"request twice":           {func(r *regime.Regime) { r.Clocks[1].Requests[0] = "access" }, "clocks[1].requests[0]", "duplicate"},
		"no request":              {func(r *regime.Regime) { r.Clocks[0].Requests = nil }, "clocks[0].requests", "required"},
		"expiry":                  {func(r *regime.Regime) { r.Clocks[0].OnExpiry = "shrug" }, "clocks[0].on_expiry", "unknown"},
		"clock uncited":           {func(r *regime.Regime) { r.Clocks[0].Cite = "" }, "clocks[0].cite", "required"},
		"no period":               {func(r *regime.Regime) { r.Clocks[0].Respond = nil }, "clocks[0].respond", "required"},
		"neither number nor word": {func(r *regime.Regime) { r.Clocks[0].Respond[0] = regime.Response{} }, "clocks[0].respond[0].standard", "required"},
		"hidden period": {func(r *regime.Regime) {
			r.Clocks[0].Respond = append(r.Clocks[0].Respond, r.Clocks[0].Respond[0])
		}, "clocks[0].respond[0]", "unreachable"},
		"last period conditional": {func(r *regime.Regime) {
			r.Clocks[0].Respond[0].When = &regime.When{Format: "simplified"}
		}, "clocks[0].respond[0].when", "not_total"},
		"condition without circumstance": {func(r *regime.Regime) {
			first := r.Clocks[0].Respond[0]
			first.When = &regime.When{}
			r.Clocks[0].Respond = []regime.Response{first, r.Clocks[0].Respond[0]}
		}, "clocks[0].respond[0].when", "required"},
		"acknowledgement without period": {func(r *regime.Regime) { r.Clocks[0].Acknowledge = &regime.Acknowledge{} }, "clocks[0].acknowledge.within", "required"},
		"reflection without period":      {func(r *regime.Regime) { r.Clocks[0].Reflection = &regime.Reflection{} }, "clocks[0].reflection.within", "required"},
		"ground required, none named":    {func(r *regime.Regime) { r.Clocks[0].Extension.Grounds = nil }, "clocks[0].extension.grounds", "required"},
		"uncapped, not a ground":         {func(r *regime.Regime) { r.Clocks[0].Extension.UncappedGrounds = []string{"mood"} }, "clocks[0].extension.uncapped_grounds[0]", "unknown"},
		"uncapped without a cap": {func(r *regime.Regime) {
			r.Clocks[0].Extension.UpTo, r.Clocks[0].Extension.UncappedGrounds = regime.Term{}, []string{"number"}
		}, "clocks[0].extension.up_to", "required"},
		"extension in another unit": {func(r *regime.Regime) { r.Clocks[0].Extension.UpTo = regime.Term{WorkingDays: 3} }, "clocks[0].extension.up_to", "unit"},
		"unknown blocker":           {func(r *regime.Regime) { r.Blockers[0].Blocker = "mood" }, "blockers[0].blocker", "unknown"},
		"unknown effect":            {func(r *regime.Regime) { r.Blockers[0].Effect = "maybe" }, "blockers[0].effect", "unknown"},
		"unknown condition":         {func(r *regime.Regime) { r.Blockers[0].If = "raining" }, "blockers[0].if", "unknown"},
		"no verification":           {func(r *regime.Regime) { r.Verification = nil }, "verification", "required"},
		"unknown demand":            {func(r *regime.Regime) { r.Verification[0].Demand = "" }, "verification[0].demand", "unknown"},
		"no reason when it fails": {func(r *regime.Regime) {
			r.Verification[len(r.Verification)-1].FailedReason = ""
		}, "verification[3].failed_reason", "required"},
		"hidden verification": {func(r *regime.Regime) { r.Verification[0].Requests = nil }, "verification[0]", "unreachable"},
		"silence without end": {func(r *regime.Regime) { r.Silence[0].After = privacy.Period{} }, "silence[0].after", "required"},
		"silence twice":       {func(r *regime.Regime) { r.Silence[1].Blocker = r.Silence[0].Blocker }, "silence[1].blocker", "duplicate"},
		"unknown notice":      {func(r *regime.Regime) { r.Notices[0].Kind = "postcard" }, "notices[0].kind", "unknown"},
		"empty notice":        {func(r *regime.Regime) { r.Notices[0].MustInclude = nil }, "notices[0].must_include", "required"},
		"content twice":       {func(r *regime.Regime) { r.Notices[1].MustInclude[1] = r.Notices[1].MustInclude[0] }, "notices[1].must_include[1]", "duplicate"},
		"duty uncited":        {func(r *regime.Regime) { r.Duties.NotifyRecipients.Cite = "" }, "duties.notify_recipients.cite", "required"},
		"duty unknown":        {func(r *regime.Regime) { r.Duties.NotifyRecipients.Rights[0] = "hug" }, "duties.notify_recipients.rights[0]", "unknown"},
		"no rules of rights":  {func(r *regime.Regime) { r.Rights.Rules = nil }, "rights.rules", "required"},
		"right twice":         {func(r *regime.Regime) { r.Rights.Rules[1].Right = r.Rights.Rules[0].Right }, "rights.rules[1].right", "duplicate"},
		"ground without name": {func(r *regime.Regime) { r.Rights.Rules[2].Grounds[0].Ground = "" }, "rights.rules[2].grounds[0].ground", "required"},
		"right without rules": {func(r *regime.Regime) { r.Rights.Rules[0].Decide = nil }, "rights.rules[0].decide", "required"},
		"rights not total":    {func(r *regime.Regime) { r.Rights.Rules[0].Decide[0].If = []string{"unlawful"} }, "rights.rules[0].decide[0]", "not_total"},
		"rule unreachable": {func(r *regime.Regime) {
			rules := &r.Rights.Rules[0]
			rules.Decide = append(rules.Decide, rules.Decide[0])
		}, "rights.rules[0].decide[0]", "unreachable"},
		"unknown answer":          {func(r *regime.Regime) { r.Rights.Rules[0].Decide[0].Applies = "perhaps" }, "rights.rules[0].decide[0].applies", "unknown"},
		"unknown outcome":         {func(r *regime.Regime) { r.Rights.Rules[0].Decide[0].Outcome = "" }, "rights.rules[0].decide[0].outcome", "unknown"},
		"unknown ground demand":   {func(r *regime.Regime) { r.Rights.General[0].Grounds = "many" }, "rights.general[0].grounds", "unknown"},
		"general rule for no one": {func(r *regime.Regime) { r.Rights.General[0].Rights = nil }, "rights.general[0].rights", "required"},
		"breach uncited":          {func(r *regime.Regime) { r.BreachRule.Cite = "" }, "breach.cite", "required"},
		"breach without hours":    {func(r *regime.Regime) { r.BreachRule.AuthorityHours = 0 }, "breach.authority_hours", "required"},
		"breach risk":             {func(r *regime.Regime) { r.BreachRule.NotifySubjects[0] = "eek" }, "breach.notify_subjects[0]", "unknown"},
		"record kept for no time": {func(r *regime.Regime) { r.RecordsKept = &regime.Kept{Cite: "x"} }, "records_kept.for", "required"},
	} {
		t.Run(name, func(t *testing.T) {
			r := read(t, "law/eu-gdpr@2018-05-25.json")
			test.breaks(r)
			var problems privacy.Problems
			if err := r.Lint(); !errors.As(err, &problems) {
				t.Fatalf("got %v, want problems", err)
			}
			is(t, problems, privacy.ErrInvalid)
			for _, problem := range problems {
				if problem.Path == test.path && problem.Code == test.code {
					return
				}
			}
			t.Errorf("no %s at %s: %v", test.code, test.path, problems)
		})
	}
}

func read(t testing.TB, path string) *regime.Regime {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r, err := regime.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestParseIsStrict(t *testing.T) {
	data, err := os.ReadFile("law/eu-gdpr@2018-05-25.json")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"unknown field":   strings.Replace(string(data), `"confidence"`, `"certainty": "high", "confidence"`, 1),
		"field twice":     strings.Replace(string(data), `"confidence"`, `"confidence": "low", "confidence"`, 1),
		"unknown basis":   strings.Replace(string(data), `"vital_interests"`, `"vibes"`, 1),
		"bad term":        strings.Replace(string(data), `"P1M"`, `"a month"`, 1),
		"empty term":      strings.Replace(string(data), `"P1M"`, `"P0D"`, 1),
		"trailing text":   string(data) + "{}",
		"not an object":   "[]",
		"empty":           "",
		"larger than all": strings.Repeat(" ", 1<<20+1),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := regime.Parse([]byte(text))
			is(t, err, privacy.ErrInvalid)
		})
	}
}

func TestFindings(t *testing.T) {
	r := read(t, "law/eu-gdpr@2018-05-25.json")
	r.Uncertain = nil
	codes := map[string]bool{}
	for _, finding := range r.Findings() {
		codes[finding.Code] = true
	}
	if !codes["unexplained_doubt"] || !codes["no_url"] {
		t.Errorf("got %v", codes)
	}
}

func TestTerms(t *testing.T) {
	for _, text := range []string{"P1M", "P45D", "P1Y6M", "15 working days", "same day"} {
		term, err := regime.ParseTerm(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		}
		equal(t, "text", term.String(), text)
	}
	for _, text := range []string{"", "P0D", "-1 working days", "0 working days", "99999 working days", "working days", "PT72H", "1 month"} {
		_, err := regime.ParseTerm(text)
		is(t, err, privacy.ErrInvalid)
	}
	equal(t, "zero", regime.Term{}.String(), "")
}

// Whatever Parse accepts it also reads back from its own JSON.
func FuzzParse(f *testing.F) {
	for _, name := range []string{"law/eu-gdpr@2018-05-25.json", "law/br-lgpd@2020-09-18.json", "law/us-ca-ccpa@2026-01-01.json"} {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := regime.Parse(data)
		if err != nil {
			is(t, err, privacy.ErrInvalid)
			return
		}
		r.Findings()
		again, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := regime.Parse(again); err != nil {
			t.Fatalf("not read back: %v", err)
		}
	})
}

func FuzzParseTerm(f *testing.F) {
	for _, text := range []string{"P1M", "15 working days", "same day", "P0D", ""} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		term, err := regime.ParseTerm(text)
		if err != nil {
			is(t, err, privacy.ErrInvalid)
			return
		}
		again, err := regime.ParseTerm(term.String())
		if err != nil || again != term {
			t.Fatalf("%q became %q", text, term)
		}
	})
}

// What proves an identity is stated where it may be asked for, and nowhere else.
func TestLintOfProof(t *testing.T) {
	asks := func(proof *regime.ProofRule) regime.VerificationRule {
		return regime.VerificationRule{Demand: regime.VerifyAlways, FailedReason: "not_verified", Proof: proof, Cite: "s. 1"}
	}
	for name, test := range map[string]struct {
		rule regime.VerificationRule
		want string
	}{
		"nothing said":    {asks(nil), ""},
		"said":            {asks(&regime.ProofRule{Level: regime.LevelReasonable, Session: true, Cite: "s. 2"}), ""},
		"no level":        {asks(&regime.ProofRule{Cite: "s. 2"}), "verification[0].proof.level"},
		"nothing to show": {asks(&regime.ProofRule{Level: regime.LevelNone, Cite: "s. 2"}), "verification[0].proof.level"},
		"no citation":     {asks(&regime.ProofRule{Level: regime.LevelReasonable}), "verification[0].proof.cite"},
		"a negative count": {
			asks(&regime.ProofRule{Level: regime.LevelReasonable, DataPoints: -1, Cite: "s. 2"}), "verification[0].proof.data_points",
		},
		"an unknown request instead": {
			asks(&regime.ProofRule{Level: regime.LevelReasonable, Instead: "x", Cite: "s. 2"}), "verification[0].proof.instead",
		},
		"a session that is not enough": {
			asks(&regime.ProofRule{Level: regime.LevelReasonable, Reauthenticate: true, Cite: "s. 2"}), "verification[0].proof.reauthenticate",
		},
		"where nobody may ask": {
			regime.VerificationRule{Demand: regime.VerifyForbidden, Proof: &regime.ProofRule{Level: regime.LevelReasonable, Cite: "s. 2"}, Cite: "s. 1"},
			"verification[0].proof",
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := *inForce(t, "us-va-vcdpa", "2026-11-23")
			r.Verification = []regime.VerificationRule{test.rule}
			err := r.Lint()
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want+":")) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

// Every preset says what proves an identity wherever it may be asked for.
func TestPresetsStateWhatProvesAnIdentity(t *testing.T) {
	book := presets(t)
	for _, id := range book.IDs() {
		for _, r := range book.Versions(id) {
			for _, request := range regime.Requests() {
				if _, ok := r.Clock(request); !ok {
					continue
				}
				rule := r.Verify(request, false)
				needs, asks := rule.Needs()
				if asks != (rule.Proof != nil) || asks == (needs.Level == regime.LevelNone) {
					t.Errorf("%s, %s: %+v", r.Version(), request, needs)
				}
			}
		}
	}
	silent := regime.VerificationRule{Demand: regime.VerifyOnDoubt}
	if needs, asks := silent.Needs(); !asks || needs != regime.DefaultProof() {
		t.Errorf("a rule that does not say: %+v", needs)
	}
}

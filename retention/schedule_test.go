package retention_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
)

func TestCompileReportsEveryProblem(t *testing.T) {
	bad := func(change func(*retention.Rule)) retention.Rule {
		r := maximum("r", "P1Y")
		change(&r)
		return r
	}
	cases := map[string]struct {
		rules []retention.Rule
		want  string
	}{
		"period of zero":  {[]retention.Rule{bad(func(r *retention.Rule) { r.Period = privacy.Period{} })}, "period_zero"},
		"negative period": {[]retention.Rule{bad(func(r *retention.Rule) { r.Period.Years = -1 })}, "period_negative"},
		"fiscal year to 30 Feb": {[]retention.Rule{bad(func(r *retention.Rule) {
			r.Anchor.Start, r.Anchor.FiscalYearEnd = retention.StartEndOfFiscalYear, retention.MonthDay{Month: 2, Day: 30}
		})}, "no_such_day"},
		"no fiscal year":           {[]retention.Rule{bad(func(r *retention.Rule) { r.Anchor.Start = retention.StartEndOfFiscalYear })}, "required"},
		"needless fiscal year":     {[]retention.Rule{bad(func(r *retention.Rule) { r.Anchor.FiscalYearEnd = retention.MonthDay{Month: 3, Day: 31} })}, "unused"},
		"then on no day":           {[]retention.Rule{bad(func(r *retention.Rule) { r.Anchor.ThenNext = retention.MonthDay{Month: 4, Day: 31} })}, "no_such_day"},
		"no start":                 {[]retention.Rule{bad(func(r *retention.Rule) { r.Anchor.Start = 0 })}, "required"},
		"no event":                 {[]retention.Rule{bad(func(r *retention.Rule) { r.Anchor.Events = nil })}, "required"},
		"empty event":              {[]retention.Rule{bad(func(r *retention.Rule) { r.Anchor.Events = []string{""} })}, "identifier"},
		"no kind":                  {[]retention.Rule{bad(func(r *retention.Rule) { r.Kind = 0 })}, "required"},
		"no id":                    {[]retention.Rule{bad(func(r *retention.Rule) { r.ID = "" })}, "identifier"},
		"no version":               {[]retention.Rule{bad(func(r *retention.Rule) { r.Version = 0 })}, "required"},
		"maximum without action":   {[]retention.Rule{bad(func(r *retention.Rule) { r.Action = 0 })}, "required"},
		"unknown action":           {[]retention.Rule{bad(func(r *retention.Rule) { r.Action = 99 })}, "unknown"},
		"unknown basis":            {[]retention.Rule{bad(func(r *retention.Rule) { r.LegalBasis = 99 })}, "unknown"},
		"unknown role":             {[]retention.Rule{bad(func(r *retention.Rule) { r.Scope.Role = 99 })}, "unknown"},
		"negative notice":          {[]retention.Rule{bad(func(r *retention.Rule) { r.NoticeHours = -1 })}, "negative"},
		"statute without citation": {[]retention.Rule{bad(func(r *retention.Rule) { r.Kind, r.Citation = retention.StatutoryMinimum, "" })}, "required"},
		"version twice":            {[]retention.Rule{maximum("r", "P1Y"), maximum("r", "P2Y")}, "duplicate"},
		"version of another kind": {[]retention.Rule{maximum("r", "P1Y"), bad(func(r *retention.Rule) {
			r.Version, r.Kind, r.EffectiveFrom = 2, retention.PolicyKeep, privacy.MustDate("2025-01-01")
		})}, "version_differs"},
		"version of other data": {[]retention.Rule{maximum("r", "P1Y"), bad(func(r *retention.Rule) {
			r.Version, r.Scope.Explicit, r.EffectiveFrom = 2, true, privacy.MustDate("2025-01-01")
		})}, "version_differs"},
		"versions out of order": {[]retention.Rule{bad(func(r *retention.Rule) { r.EffectiveFrom = privacy.MustDate("2025-01-01") }), bad(func(r *retention.Rule) { r.Version = 2 })}, "version_order"},
		"contradictory actions": {[]retention.Rule{maximum("a", "P1Y"), bad(func(r *retention.Rule) { r.Action, r.Period = retention.Anonymise, privacy.MustPeriod("P12M") })}, "contradictory_actions"},
		"bad identifiers": {[]retention.Rule{bad(func(r *retention.Rule) {
			r.Scope = retention.Scope{Categories: []privacy.CategoryID{""}, Purposes: []privacy.PurposeID{""}, Labels: []string{""}, Jurisdictions: []privacy.Jurisdiction{""}, Tenant: "a\n"}
		})}, "identifier"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := retention.Compile(c.rules, nil)
			isTrue(t, strings.Contains(strings.Join(problemCodes(t, err), " "), c.want), problemCodes(t, err))
		})
	}
	r := maximum("", "P1Y")
	r.Period, r.Action = privacy.Period{}, 0
	_, err := retention.Compile([]retention.Rule{r}, nil)
	equal(t, []string{"identifier", "period_zero", "required"}, problemCodes(t, err), "all at once")
}

func TestMaximumBelowMinimumIsAFinding(t *testing.T) {
	s := compile(t, maximum("max", "P1Y"), minimum("min", "P6Y"))
	equal(t, 1, len(s.Findings()))
	equal(t, "maximum_below_minimum", s.Findings()[0].Code)
	equal(t, 0, len(compile(t, minimum("min", "P6Y"), maximum("max", "P6Y")).Findings()))
}

func TestScheduleWithoutAZoneIsAFinding(t *testing.T) {
	s, err := retention.Compile([]retention.Rule{maximum("max", "P1Y")}, nil)
	noError(t, err)
	equal(t, 1, len(s.Findings()))
	equal(t, "no_zone", s.Findings()[0].Code)
	equal(t, retention.FindingNoZone, s.Evaluate(recordFrom("2020-01-01"), nil, on("2026-01-01")).Finding)
}

func TestRulesReturnsCopies(t *testing.T) {
	s := compile(t, maximum("r", "P1Y"))
	s.Rules()[0].Anchor.Events[0] = "other"
	equal(t, "event", s.Rules()[0].Anchor.Events[0])
}

func TestParseRulesIsStrict(t *testing.T) {
	data, err := json.Marshal(compile(t, maximum("r", "P1Y"), minimum("m", "P2Y")).Rules())
	noError(t, err)
	rules, err := retention.ParseRules(data)
	noError(t, err)
	equal(t, 2, len(rules))
	for _, bad := range []string{`[{"id":"r","priod":"P1Y"}]`, `[] []`, `{`, `[{"period":"P-1Y"}]`, `[{"kind":"forever"}]`, `[{"action":"hide"}]`, `[{"anchor":{"start":"now"}}]`, `[{"anchor":{"fiscal_year_end":"02-30"}}]`} {
		_, err := retention.ParseRules([]byte(bad))
		errorIs(t, err, privacy.ErrInvalid, bad)
	}
}

func FuzzParseRules(f *testing.F) {
	f.Add([]byte(`[{"id":"r","version":1,"kind":"maximum","anchor":{"start":"event","events":["e"]},"period":"P1Y","action":"delete"}]`))
	f.Add([]byte(`[{"anchor":{"start":"end_of_fiscal_year","fiscal_year_end":"02-29"}}]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		rules, err := retention.ParseRules(data)
		if err != nil {
			errorIs(t, err, privacy.ErrInvalid)
			return
		}
		schedule, err := retention.Compile(rules, &retention.Options{Zone: time.UTC})
		if err != nil {
			errorIs(t, err, privacy.ErrInvalid)
			return
		}
		verdict := schedule.Evaluate(recordFrom("2020-01-01"), nil, on("2026-11-23"))
		isTrue(t, verdict.State != retention.Due || !verdict.OverdueSince.IsZero())
		schedule.Cutoffs(on("2026-11-23"), time.UTC)
	})
}

func TestPresetsCompile(t *testing.T) {
	presets, err := retention.Presets()
	noError(t, err)
	isTrue(t, len(presets) >= 14)
	for _, preset := range presets {
		rules := preset.Rules(retention.PresetUse{RuleID: "mine", Events: []string{"e"}, FiscalYearEnd: fiscalFor(preset)})
		_, err := retention.Compile(rules, nil)
		noError(t, err, preset.ID)
		isTrue(t, preset.Citation != "" && !preset.AsOf.IsZero() && preset.Confidence != "" && preset.Title != "", preset.ID)
		equal(t, "mine", rules[0].ID)
		equal(t, []string{"e"}, rules[0].Anchor.Events)
	}
	_, err = retention.FindPreset("de-ao-999")
	errorIs(t, err, privacy.ErrNotFound)
}

func TestOneFiscalYearEndFitsAllPresets(t *testing.T) {
	june := retention.MonthDay{Month: 6, Day: 30}
	presets, err := retention.Presets()
	noError(t, err)
	for _, preset := range presets {
		rules := preset.Rules(retention.PresetUse{FiscalYearEnd: june})
		_, err := retention.Compile(rules, nil)
		noError(t, err, preset.ID)
		want := preset.Anchor.FiscalYearEnd
		if slices.Contains([]string{"at-bao-132", "fr-l123-22", "uk-ct"}, preset.ID) {
			want = june
		}
		equal(t, want, rules[0].Anchor.FiscalYearEnd, preset.ID)
	}
}

func fiscalFor(p retention.Preset) retention.MonthDay {
	if p.Anchor.Start == retention.StartEndOfFiscalYear && p.Anchor.FiscalYearEnd.IsZero() {
		return retention.MonthDay{Month: 3, Day: 31}
	}
	return retention.MonthDay{}
}

func TestCodesRoundTrip(t *testing.T) {
	type code interface {
		MarshalText() ([]byte, error)
		String() string
	}
	codes := []code{retention.Maximum, retention.Review, retention.StartEndOfMonth, retention.GroundResearch, retention.ErasureChild, retention.EndByReturn, retention.RestrictUntil, retention.DisposalComplete, retention.Due, retention.FindingNoRule}
	for _, c := range codes {
		text, err := c.MarshalText()
		noError(t, err)
		equal(t, c.String(), string(text))
	}
	for _, c := range []code{retention.Kind(0), retention.Action(0), retention.Start(9), retention.Ground(0), retention.ErasureGround(0), retention.EndChoice(0), retention.ErasureDecision(0)} {
		_, err := c.MarshalText()
		errorIs(t, err, privacy.ErrInvalid)
		equal(t, "unknown", c.String())
	}
	var choice retention.EndChoice
	noError(t, choice.UnmarshalText([]byte("return")))
	equal(t, retention.EndByReturn, choice)
	errorIs(t, choice.UnmarshalText([]byte("keep")), privacy.ErrInvalid)
	answer := retention.ErasureItem{Decision: retention.RefuseErasure, Finding: retention.FindingNoZone}
	explained := compile(t, maximum("m", "P1Y")).Explain(recordFrom("2020-01-15"), nil, on("2026-01-01"))
	for _, v := range []any{answer, explained, retention.DisposalEffect{State: retention.DisposalComplete}, retention.DisposalEffect{}, retention.Verdict{}} {
		data, err := json.Marshal(v)
		noError(t, err)
		read := reflect.New(reflect.TypeOf(v))
		noError(t, json.Unmarshal(data, read.Interface()))
		equal(t, v, read.Elem().Interface(), string(data))
	}
	for _, target := range []any{new(retention.State), new(retention.Finding), new(retention.DisposalState), new(retention.ErasureDecision), new(retention.ItemOutcome), new(retention.Kind), new(retention.Ground)} {
		isTrue(t, json.Unmarshal([]byte(`"nonsense"`), target) != nil)
	}
	equal(t, "undecidable", retention.State(77).String())
	equal(t, "not_disposed", retention.DisposalState(77).String())
	equal(t, "", retention.Ground(0).Article())
	equal(t, "GDPR 17(1)", retention.ErasureGround(0).Article())
}

package retention_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
)

func explicit(r retention.Rule) retention.Rule {
	r.Scope.Explicit = true
	return r
}

func disposing(r retention.Rule) retention.Rule {
	r.Action = retention.Delete
	return r
}

func TestPrecedence(t *testing.T) {
	cases := map[string]struct {
		rules     []retention.Rule
		on        string
		state     retention.State
		through   string
		eligible  string
		hidden    string
		rule      string
		principle int
	}{
		"a maximum alone":                   {[]retention.Rule{maximum("m", "P1Y")}, "2021-01-15", retention.Keep, "2021-01-15", "2021-01-16", "", "m", 0},
		"the day after":                     {[]retention.Rule{maximum("m", "P1Y")}, "2021-01-16", retention.Due, "2021-01-15", "2021-01-16", "", "m", 0},
		"hidden while the law keeps":        {[]retention.Rule{maximum("m", "P1Y"), minimum("s", "P6Y")}, "2022-01-01", retention.Hidden, "2026-01-15", "2026-01-16", "2021-01-16", "s", 1},
		"due when the law no longer keeps":  {[]retention.Rule{maximum("m", "P1Y"), minimum("s", "P6Y")}, "2026-01-16", retention.Due, "2026-01-15", "2026-01-16", "2021-01-16", "s", 1},
		"the longest retention wins":        {[]retention.Rule{disposing(keep("a", "P5Y")), disposing(explicit(keep("b", "P2Y")))}, "2023-01-01", retention.Keep, "2025-01-15", "2025-01-16", "", "a", 2},
		"the law before policy, if equal":   {[]retention.Rule{disposing(keep("a", "P5Y")), minimum("s", "P5Y")}, "2023-01-01", retention.Keep, "2025-01-15", "2025-01-16", "", "s", 0},
		"explicit disposal before implicit": {[]retention.Rule{maximum("a", "P1Y"), explicit(maximum("b", "P3Y"))}, "2022-01-01", retention.Keep, "2023-01-15", "2023-01-16", "", "b", 3},
		"explicit, whatever the order":      {[]retention.Rule{explicit(maximum("b", "P3Y")), maximum("a", "P1Y")}, "2022-01-01", retention.Keep, "2023-01-15", "2023-01-16", "", "b", 3},
		"the shortest disposal wins":        {[]retention.Rule{maximum("a", "P3Y"), maximum("b", "P2Y")}, "2022-01-16", retention.Due, "2022-01-15", "2022-01-16", "", "b", 4},
		"keeping ends before the maximum":   {[]retention.Rule{keep("k", "P1Y"), maximum("m", "P3Y")}, "2022-01-16", retention.Keep, "2021-01-15", "2023-01-16", "", "m", 0},
		"nothing disposes yet":              {[]retention.Rule{keep("k", "P1Y")}, "2020-06-01", retention.Keep, "2021-01-15", "", "", "k", 0},
		"nothing ever disposes":             {[]retention.Rule{keep("k", "P1Y")}, "2022-06-01", retention.Undecidable, "2021-01-15", "", "", "k", 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := compile(t, c.rules...).Explain(recordFrom("2020-01-15"), nil, on(c.on))
			equal(t, c.state, got.State)
			equal(t, []string{c.through, c.eligible, c.hidden}, []string{got.RetainThrough.String(), got.EligibleFrom.String(), got.HiddenFrom.String()})
			equal(t, c.rule, got.RuleID)
			equal(t, c.principle, got.Principle)
		})
	}
}

func TestUndecidableNeverBecomesDue(t *testing.T) {
	far := on("2999-01-01")
	s := compile(t, maximum("m", "P1Y"))
	equal(t, retention.FindingAnchorMissing, s.Evaluate(&retention.Record{}, nil, far).Finding)
	equal(t, retention.FindingNoRule, compile(t).Evaluate(recordFrom("2020-01-15"), nil, far).Finding)
	other := minimum("s", "P1Y")
	other.Anchor.Events = []string{"other"}
	v := compile(t, maximum("m", "P1Y"), other).Evaluate(recordFrom("2020-01-15"), nil, far)
	equal(t, "anchor_missing", v.Reason())
	equal(t, "s", v.RuleID)
	unreadable := recordFrom("2020-01-15")
	unreadable.Unreadable = true
	equal(t, "unreadable", s.Explain(unreadable, nil, far).Reason, "an event of it might be later")
	noZone, err := retention.Compile([]retention.Rule{maximum("m", "P1Y")}, nil)
	noError(t, err)
	equal(t, "no_zone", noZone.Explain(recordFrom("2020-01-15"), nil, far).Reason)
	isTrue(t, !retention.Verdict{}.Eligible(), "the zero verdict")
}

func TestScope(t *testing.T) {
	record := func() *retention.Record {
		r := recordFrom("2020-01-15")
		r.Category, r.Role, r.Jurisdiction = "account.email", privacy.RoleController, "us-ca"
		r.Purposes, r.Labels = []privacy.PurposeID{"billing"}, []string{"vip"}
		return r
	}
	cases := map[string]struct {
		scope retention.Scope
		want  bool
	}{
		"everything":         {retention.Scope{}, true},
		"the category":       {retention.Scope{Categories: []privacy.CategoryID{"account.email"}}, true},
		"one around it":      {retention.Scope{Categories: []privacy.CategoryID{"account"}}, true},
		"one within it":      {retention.Scope{Categories: []privacy.CategoryID{"account.email.work"}}, false},
		"one spelt likewise": {retention.Scope{Categories: []privacy.CategoryID{"acc"}}, false},
		"its purpose":        {retention.Scope{Purposes: []privacy.PurposeID{"support", "billing"}}, true},
		"another purpose":    {retention.Scope{Purposes: []privacy.PurposeID{"support"}}, false},
		"its role":           {retention.Scope{Role: privacy.RoleController}, true},
		"another role":       {retention.Scope{Role: privacy.RoleProcessor}, false},
		"its country":        {retention.Scope{Jurisdictions: []privacy.Jurisdiction{"US"}}, true},
		"another state":      {retention.Scope{Jurisdictions: []privacy.Jurisdiction{"US-TX"}}, false},
		"its label":          {retention.Scope{Labels: []string{"vip"}}, true},
		"another label":      {retention.Scope{Labels: []string{"test"}}, false},
		"another tenant":     {retention.Scope{Tenant: "t2"}, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := maximum("m", "P1Y")
			r.Scope = c.scope
			got := compile(t, r).Evaluate(record(), nil, on("2026-01-01"))
			equal(t, c.want, got.State == retention.Due)
		})
	}
}

func TestNewVersionAndRunningPeriods(t *testing.T) {
	amended := maximum("m", "P2Y")
	amended.Version, amended.EffectiveFrom = 2, privacy.MustDate("2025-01-01")
	through := func(reaches bool, event, at string) string {
		amended.ReachesRunning = reaches
		return compile(t, maximum("m", "P5Y"), amended).Evaluate(recordFrom(event), nil, on(at)).RetainThrough.String()
	}
	equal(t, "2028-06-01", through(true, "2023-06-01", "2024-12-31"), "before it is in force")
	equal(t, "2025-06-01", through(true, "2023-06-01", "2025-01-01"), "it reaches what runs")
	equal(t, "2028-06-01", through(false, "2023-06-01", "2025-01-01"), "it leaves what runs")
	equal(t, "2027-01-01", through(false, "2025-01-01", "2025-01-01"), "it governs what begins")
	equal(t, "2024-12-31", through(true, "2019-12-31", "2025-01-01"), "what had ended stays ended")
	equal(t, "2024-12-31", through(true, "2020-06-01", "2026-01-01"), "it ends nothing before it is in force")

	later := maximum("m", "P2Y")
	later.EffectiveFrom, later.ReachesRunning = privacy.MustDate("2030-01-01"), true
	s := compile(t, later)
	equal(t, "no_retention_rule", s.Evaluate(recordFrom("2020-01-01"), nil, on("2029-12-31")).Reason())
	equal(t, retention.NotInForce, s.Explain(recordFrom("2020-01-01"), nil, on("2029-12-31")).Rules[0].Outcome)
	equal(t, "2030-01-01", s.Evaluate(recordFrom("2020-01-01"), nil, on("2031-01-01")).OverdueSince.String(), "nobody was late before there was a rule")

	law := minimum("law", "P2Y")
	law.EffectiveFrom, law.ReachesRunning = privacy.MustDate("2025-01-01"), true
	verdict := compile(t, law, maximum("m", "P3Y")).Evaluate(recordFrom("2019-06-01"), nil, on("2026-01-01"))
	equal(t, "2022-06-02", verdict.OverdueSince.String(), "a duty that came too late kept nothing")
}

func TestHolds(t *testing.T) {
	s := compile(t, maximum("m", "P1Y"))
	record := func() *retention.Record {
		r := recordFrom("2020-01-15")
		r.Tenant, r.Subject, r.Category, r.System, r.Labels = "t1", "s1", "images.raw", "files", []string{"blue"}
		return r
	}
	day := privacy.MustDate
	cases := map[string]struct {
		scope retention.HoldScope
		holds bool
	}{
		"everything":              {retention.HoldScope{}, true},
		"its tenant":              {retention.HoldScope{Tenant: "t1"}, true},
		"another tenant":          {retention.HoldScope{Tenant: "t2"}, false},
		"its subject":             {retention.HoldScope{Tenant: "t1", Subjects: []privacy.SubjectID{"s1"}}, true},
		"an alias of its subject": {retention.HoldScope{Tenant: "t1", Subjects: []privacy.SubjectID{"s3"}}, true},
		"another subject":         {retention.HoldScope{Tenant: "t1", Subjects: []privacy.SubjectID{"s9"}}, false},
		"the subject elsewhere":   {retention.HoldScope{Tenant: "t2", Subjects: []privacy.SubjectID{"s1"}}, false},
		"its category":            {retention.HoldScope{Categories: []privacy.CategoryID{"images"}}, true},
		"another category":        {retention.HoldScope{Categories: []privacy.CategoryID{"invoices"}}, false},
		"its system":              {retention.HoldScope{Systems: []privacy.SystemID{"files"}}, true},
		"another system":          {retention.HoldScope{Systems: []privacy.SystemID{"db"}}, false},
		"its label":               {retention.HoldScope{Labels: []string{"blue"}}, true},
		"another label":           {retention.HoldScope{Labels: []string{"red"}}, false},
		"its time":                {retention.HoldScope{Event: "event", EventFrom: day("2020-01-15"), EventThrough: day("2020-01-15")}, true},
		"an earlier time":         {retention.HoldScope{Event: "event", EventThrough: day("2020-01-14")}, false},
		"a later time":            {retention.HoldScope{Event: "event", EventFrom: day("2020-01-16")}, false},
		"a time it does not tell": {retention.HoldScope{Event: "shown", EventFrom: day("2020-01-16")}, true},
	}
	circle := []retention.Alias{{Tenant: "t1", A: "s1", B: "s2"}, {Tenant: "t1", A: "s2", B: "s3"}, {Tenant: "t1", A: "s3", B: "s1"}, {Tenant: "t2", A: "s1", B: "s9"}}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			h := hold("H", "2026-01-01")
			h.Scope = c.scope
			set, err := retention.NewHolds([]retention.Hold{h}, circle)
			noError(t, err)
			stored, err := retention.NewHolds([]retention.Hold{h.WithAliases(circle)}, nil)
			noError(t, err)
			equal(t, c.holds, len(stored.On(record(), day("2026-03-01"))) == 1, "from a store")
			v := s.Evaluate(record(), set, on("2026-03-01"))
			equal(t, c.holds, v.State == retention.Blocked)
			equal(t, c.holds, len(set.On(record(), privacy.MustDate("2026-03-01"))) == 1)
			equal(t, retention.Due, s.Evaluate(record(), set, on("2025-12-31")).State, "before it began")
		})
	}
}

func TestAllHoldsMustBeGone(t *testing.T) {
	s := compile(t, maximum("m", "P1Y"))
	first, second := hold("H1", "2022-01-01"), hold("H2", "2023-01-01")
	first.Released = privacy.MustDate("2024-06-30")
	set := holds(t, second, first)
	equal(t, "hold:H1", s.Evaluate(recordFrom("2020-01-15"), set, on("2024-06-30")).Reason(), "the earlier names it")
	equal(t, "hold:H2", s.Evaluate(recordFrom("2020-01-15"), set, on("2024-07-01")).Reason())
	second.Released = privacy.MustDate("2025-01-31")
	v := s.Evaluate(recordFrom("2020-01-15"), holds(t, second, first), on("2025-03-01"))
	equal(t, "2025-02-01", v.OverdueSince.String(), "a release extends no period")
	equal(t, "2021-01-16", v.EligibleFrom.String())
	e := s.Explain(recordFrom("2020-01-15"), set, on("2024-01-01"))
	equal(t, 2, len(e.Holds))
	equal(t, 1, e.Principle)
}

func TestBadHolds(t *testing.T) {
	bad := retention.Hold{Ground: 99, Released: privacy.MustDate("2020-01-01"), Scope: retention.HoldScope{Subjects: []privacy.SubjectID{""}, EventFrom: privacy.MustDate("2020-01-01")}}
	_, err := retention.NewHolds([]retention.Hold{bad}, nil)
	equal(t, []string{"identifier", "identifier", "unknown", "required", "required", "identifier", "required"}, problemCodes(t, err))
	h := hold("H", "2026-01-02")
	h.Released, h.Scope.Tenant = privacy.MustDate("2026-01-01"), "\n"
	h.Scope.Event, h.Scope.EventFrom, h.Scope.EventThrough = "e", privacy.MustDate("2026-01-02"), privacy.MustDate("2026-01-01")
	equal(t, []string{"before_from", "identifier", "before_from"}, problemCodes(t, h.Validate()))
	_, err = retention.NewHolds([]retention.Hold{hold("H", "2026-01-02"), hold("H", "2026-01-03")}, nil)
	equal(t, []string{"duplicate"}, problemCodes(t, err))
	h = hold("H", "2026-01-01")
	h.Ground = 0
	equal(t, "hold_without_ground", holds(t, h).Findings()[0].Code)
	var none *retention.Holds
	equal(t, 0, len(none.Findings()))
}

func TestTenantSetsItsOwnRetentionWithinBounds(t *testing.T) {
	operator := maximum("operator", "P2Y")
	operator.Scope = retention.Scope{Categories: []privacy.CategoryID{"content"}, Role: privacy.RoleProcessor}
	law := minimum("law", "P3Y")
	law.Scope.Categories = []privacy.CategoryID{"content.invoice"}
	own := maximum("own", "P3M")
	own.Scope = retention.Scope{Categories: []privacy.CategoryID{"content"}, Role: privacy.RoleProcessor, Tenant: "t1"}
	bounds := []retention.Bound{{Categories: []privacy.CategoryID{"content"}, Shortest: privacy.MustPeriod("P30D"), Longest: privacy.MustPeriod("P2Y")}}
	s, err := retention.Compile([]retention.Rule{operator, law, own}, &retention.Options{Zone: time.UTC, Bounds: bounds})
	noError(t, err)
	eligible := func(tenant privacy.TenantID, category privacy.CategoryID) string {
		r := recordFrom("2026-01-15")
		r.Tenant, r.Category, r.Role = tenant, category, privacy.RoleProcessor
		return s.Evaluate(r, nil, on("2026-02-01")).EligibleFrom.String()
	}
	equal(t, "2026-04-16", eligible("t1", "content.image"), "its own")
	equal(t, "2028-01-16", eligible("t2", "content.image"), "the operator's")
	equal(t, "2029-01-16", eligible("t1", "content.invoice"), "the law's")

	for want, change := range map[string]func(*retention.Rule){
		"outside_operator_bounds": func(r *retention.Rule) { r.Period = privacy.MustPeriod("P29D") },
		"no_operator_bound":       func(r *retention.Rule) { r.Scope.Categories = []privacy.CategoryID{"account"} },
	} {
		bad := own
		change(&bad)
		_, err := retention.Compile([]retention.Rule{bad}, &retention.Options{Bounds: bounds})
		equal(t, []string{want}, problemCodes(t, err))
	}
	own.Scope.Categories = nil
	_, err = retention.Compile([]retention.Rule{own}, &retention.Options{Bounds: bounds})
	equal(t, []string{"no_operator_bound"}, problemCodes(t, err), "a rule over everything")
	_, err = retention.Compile(nil, &retention.Options{Bounds: []retention.Bound{{}, {Categories: bounds[0].Categories, Shortest: privacy.MustPeriod("P2Y"), Longest: privacy.MustPeriod("P1Y")}}})
	equal(t, []string{"required", "period", "contradictory_bound"}, problemCodes(t, err))
}

func TestEndOfContract(t *testing.T) {
	long := disposing(keep("policy", "P9Y"))
	long.Scope.Role = privacy.RoleProcessor
	law := minimum("law", "P3Y")
	law.Scope.Categories = []privacy.CategoryID{"invoice"}
	evaluate := func(end retention.ContractEnd, category privacy.CategoryID, role privacy.Role, at string) retention.Verdict {
		end.Tenant, end.On = "t1", privacy.MustDate("2026-06-30")
		s, err := retention.Compile([]retention.Rule{long, law}, &retention.Options{Zone: time.UTC, ContractEnds: []retention.ContractEnd{end}})
		noError(t, err)
		r := recordFrom("2026-01-15")
		r.Tenant, r.Category, r.Role = "t1", category, role
		s.Explain(r, nil, on(at))
		return s.Evaluate(r, nil, on(at))
	}
	processor := privacy.RoleProcessor
	deletion := retention.ContractEnd{Choice: retention.EndByDeletion}
	equal(t, retention.Keep, evaluate(deletion, "image", processor, "2026-06-30").State, "on the last day")
	equal(t, retention.Due, evaluate(deletion, "image", processor, "2026-07-01").State, "on the day after")
	equal(t, retention.Hidden, evaluate(deletion, "invoice", processor, "2026-07-01").State, "the law keeps")
	equal(t, retention.Keep, evaluate(retention.ContractEnd{}, "image", processor, "2026-07-01").State, "no choice")
	back := retention.ContractEnd{Choice: retention.EndByReturn}
	equal(t, retention.Keep, evaluate(back, "image", processor, "2026-07-01").State, "not returned yet")
	back.ReturnedOn = privacy.MustDate("2026-07-10")
	equal(t, retention.Keep, evaluate(back, "image", processor, "2026-07-10").State)
	equal(t, retention.Due, evaluate(back, "image", processor, "2026-07-11").State)
	back.ReturnedOn = privacy.MustDate("2026-06-10")
	equal(t, retention.Keep, evaluate(back, "image", processor, "2026-06-30").State, "returned before the end")
	ends := []retention.ContractEnd{{Choice: 9}, {}}
	_, err := retention.Compile(nil, &retention.Options{ContractEnds: ends})
	equal(t, []string{"identifier", "required", "unknown", "identifier", "duplicate", "required"}, problemCodes(t, err))
}

func TestErasure(t *testing.T) {
	law, policy := minimum("law", "P6Y"), keep("policy", "P9Y")
	law.Scope.Categories = []privacy.CategoryID{"invoice"}
	law.SuspendedBy = []string{"assessment_period_open"}
	policy.LegalBasis = privacy.BasisContract
	s := compile(t, law, policy)
	item := func(ground retention.ErasureGround, r *retention.Record, at string) retention.ErasureItem {
		return s.Erase(retention.ErasureRequest{Ground: ground}, []*retention.Record{r}, nil, on(at)).Items[0]
	}
	invoice, crm := recordFrom("2020-01-15"), recordFrom("2020-01-15")
	invoice.Category, crm.Category = "invoice", "crm"
	equal(t, retention.RestrictUntil, item(0, invoice, "2026-01-15").Decision)
	equal(t, "law", item(0, invoice, "2026-01-15").RuleID)
	equal(t, retention.EraseNow, item(0, invoice, "2026-01-16").Decision, "the duty has ended")
	equal(t, retention.EraseNow, item(0, crm, "2026-01-15").Decision, "a policy is no exception")
	equal(t, retention.RefuseErasure, item(retention.ErasureObjection, crm, "2026-01-15").Decision, "no objection against a contract")
	equal(t, retention.EraseNow, item(retention.ErasureUnlawful, crm, "2026-01-15").Decision)
	equal(t, retention.EraseNow, item(retention.ErasureObjection, crm, "2029-01-16").Decision, "nothing wants to keep it")
	equal(t, retention.RefuseErasure, item(retention.ErasureConsentWithdrawn, crm, "2026-01-15").Decision, "something else carries it")

	open := *invoice
	open.Suspensions = []retention.Suspension{{Kind: "assessment_period_open"}}
	got := item(0, &open, "2027-01-01")
	equal(t, retention.RestrictUntil, got.Decision)
	isTrue(t, got.Until.IsZero(), "its end is not known")
	open.Suspensions[0].Until = privacy.MustDate("2027-03-01")
	equal(t, "2027-03-01", item(0, &open, "2027-01-01").Until.String())
	equal(t, retention.FindingAnchorMissing, item(0, &retention.Record{Category: "invoice"}, "2030-01-01").Finding)
	equal(t, retention.FindingUnreadable, item(0, &retention.Record{Category: "invoice", Unreadable: true}, "2030-01-01").Finding)

	noZone, err := retention.Compile([]retention.Rule{law}, nil)
	noError(t, err)
	answer := noZone.Erase(retention.ErasureRequest{}, []*retention.Record{invoice}, nil, on("2030-01-01"))
	equal(t, retention.FindingNoZone, answer.Items[0].Finding)
	equal(t, "partial", answer.Response, "restricted is not refused")

	response := func(records ...*retention.Record) string {
		return s.Erase(retention.ErasureRequest{Ground: retention.ErasureObjection}, records, nil, on("2026-01-15")).Response
	}
	equal(t, "refused", response(crm))
	equal(t, "partial", response(invoice), "restricted is not refused")
	equal(t, "partial", response(invoice, crm))
}

func TestExplanation(t *testing.T) {
	law := minimum("law", "P6Y")
	law.SuspendedBy = []string{"audit"}
	notice := maximum("notice", "P1Y")
	notice.NoticeHours = 48
	scoped := maximum("scoped", "P2Y")
	scoped.Scope.Labels = []string{"x"}
	s := compile(t, law, notice, keep("policy", "P2Y"), explicit(maximum("label", "P8Y")), scoped)
	r := recordFrom("2020-01-15")
	r.Suspensions = []retention.Suspension{{Kind: "audit"}, {Kind: "other", Until: privacy.MustDate("2020-01-01")}}
	e := s.Explain(r, holds(t, hold("H", "2020-02-01")), on("2030-06-01"))
	equal(t, retention.Suspended, e.State)
	data, err := json.Marshal(e)
	noError(t, err)
	for _, want := range []string{`"state":"suspended"`, `"rule":"label"`, `"outcome":"loses_to_explicit_disposal"`, `"outcome":"out_of_scope"`, `"outcome":"loses_to_longer_retention"`, `"article":"GDPR 17(3)(e)"`} {
		isTrue(t, strings.Contains(string(data), want), want, " in ", string(data))
	}
	text := compile(t, law, notice).Explain(recordFrom("2020-01-15"), holds(t, hold("H", "2020-02-01")), on("2021-06-01")).Text()
	want := `hidden on 2021-06-01 (hold:H)
  retain through 2026-01-15
  hidden from 2021-01-16
  delete from 2026-01-16
  tell the subject by 2026-01-14T00:00:00Z
  rule law v1: statutory_minimum P6Y from 2020-01-15 through 2026-01-15: decides [law]
  rule notice v1: maximum P1Y from 2020-01-15 through 2021-01-15: loses to retention [law]
  hold H since 2020-02-01 (GDPR 17(3)(e))
`
	equal(t, want, text)
}

func TestEvaluateDoesNotAllocate(t *testing.T) {
	h := hold("H", "2020-01-01")
	h.Scope = retention.HoldScope{Tenant: "t1", Subjects: []privacy.SubjectID{"s1"}}
	set := holds(t, h)
	s := compile(t, maximum("m", "P1Y"), minimum("s", "P6Y"))
	r := recordFrom("2020-01-15")
	r.Tenant, r.Subject = "t1", "s1"
	at := on("2026-06-01")
	equal(t, 0.0, testing.AllocsPerRun(100, func() { s.Evaluate(r, set, at) }))
}

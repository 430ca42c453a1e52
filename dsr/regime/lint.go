package regime

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/labelop/privacykit/privacy"
)

var idForm = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// maxIDLength is the greatest length of an ID.
const maxIDLength = 64

// Lint reports everything that keeps a regime from being used, as
// privacy.Problems with the path of each offending entry. The codes are
// "required", "unknown", "form", "order", "duplicate", "unreachable",
// "not_total" and "unit".
func (r *Regime) Lint() error {
	var l linter
	l.head(r)
	l.clocks(r.Clocks)
	l.blockers(r.Blockers)
	l.verification(r.Verification)
	l.silence(r.Silence)
	l.notices(r.Notices)
	l.duties(r.Duties)
	l.rights(r.Rights)
	l.breach(r.BreachRule)
	if r.RecordsKept != nil {
		l.required("records_kept.cite", r.RecordsKept.Cite != "")
		l.required("records_kept.for", !r.RecordsKept.For.IsZero())
	}
	return l.problems.Err()
}

// Findings reports what is legal to load and worth a look: doubt without a word
// on it (code "unexplained_doubt"), and a citation without an address (code
// "no_url").
func (r *Regime) Findings() []privacy.Problem {
	var findings privacy.Problems
	if r.Confidence != ConfidenceHigh && len(r.Uncertain) == 0 {
		findings.Add("uncertain", "unexplained_doubt", "confidence is %s, but nothing says what is uncertain", r.Confidence)
	}
	for i, citation := range r.Citations {
		if citation.URL == "" {
			findings.Add(fmt.Sprintf("citations[%d].url", i), "no_url", "say where the text can be read")
		}
	}
	return findings
}

type linter struct{ problems privacy.Problems }

func (l *linter) required(path string, present bool) {
	if !present {
		l.problems.Add(path, "required", "is missing")
	}
}

func (l *linter) known(path string, known bool) {
	if !known {
		l.problems.Add(path, "unknown", "is not a known code")
	}
}

func (l *linter) head(r *Regime) {
	if r.Schema != Schema {
		l.problems.Add("schema", "unknown", "want %q", Schema)
	}
	if len(r.ID) > maxIDLength || !idForm.MatchString(string(r.ID)) {
		l.problems.Add("id", "form", "an id is 1 to %d lower-case letters, digits and single hyphens", maxIDLength)
	}
	l.required("name", r.Name != "")
	l.required("effective_from", !r.EffectiveFrom.IsZero())
	if !r.EffectiveThrough.IsZero() && r.EffectiveThrough.Before(r.EffectiveFrom) {
		l.problems.Add("effective_through", "order", "is before effective_from")
	}
	l.required("jurisdictions", len(r.Jurisdictions) > 0)
	for i, jurisdiction := range r.Jurisdictions {
		if jurisdiction.Check() != nil || jurisdiction.Canonical() != jurisdiction {
			l.problems.Add(fmt.Sprintf("jurisdictions[%d]", i), "form", `want "eu", a country such as "GB", or a subdivision such as "US-CA"`)
		}
	}
	l.known("confidence", r.Confidence.Valid())
	l.required("citations", len(r.Citations) > 0)
	for i, citation := range r.Citations {
		l.required(fmt.Sprintf("citations[%d].ref", i), citation.Ref != "")
	}
	l.known("counting.rollover", r.Counting.Rollover.Valid())
	l.known("counting.suspension", r.Counting.Suspension.Valid())
	l.required("counting.cite", r.Counting.Cite != "")
}

func (l *linter) clocks(clocks []Clock) {
	l.required("clocks", len(clocks) > 0)
	seen := map[Request]bool{}
	for i, clock := range clocks {
		path := fmt.Sprintf("clocks[%d]", i)
		l.required(path+".requests", len(clock.Requests) > 0)
		for j, request := range clock.Requests {
			at := fmt.Sprintf("%s.requests[%d]", path, j)
			l.known(at, request.Valid())
			if seen[request] {
				l.problems.Add(at, "duplicate", "%q has a clock already", request)
			}
			seen[request] = true
		}
		l.known(path+".on_expiry", clock.OnExpiry.Valid())
		l.required(path+".cite", clock.Cite != "")
		l.responses(path, clock)
		if clock.Acknowledge != nil {
			l.required(path+".acknowledge.within", !clock.Acknowledge.Within.IsZero())
			l.required(path+".acknowledge.cite", clock.Acknowledge.Cite != "")
		}
		if clock.Reflection != nil {
			l.required(path+".reflection.within", !clock.Reflection.Within.IsZero())
			l.required(path+".reflection.cite", clock.Reflection.Cite != "")
		}
		l.extension(path, clock)
	}
}

func (l *linter) responses(path string, clock Clock) {
	l.required(path+".respond", len(clock.Respond) > 0)
	for i, response := range clock.Respond {
		at := fmt.Sprintf("%s.respond[%d]", path, i)
		last := i == len(clock.Respond)-1
		switch {
		case response.When == nil && !last:
			l.problems.Add(at, "unreachable", "hides the periods after it")
		case response.When != nil && last:
			l.problems.Add(at+".when", "not_total", "the last period applies to every request")
		case response.When != nil && *response.When == When{}:
			l.problems.Add(at+".when", "required", "names no circumstance")
		}
		if response.Within.IsZero() {
			l.required(at+".standard", response.Standard != "")
		}
	}
}

func (l *linter) extension(path string, clock Clock) {
	e := clock.Extension
	if e == nil {
		return
	}
	path += ".extension"
	l.required(path+".cite", e.Cite != "")
	if e.GroundRequired {
		l.required(path+".grounds", len(e.Grounds) > 0)
	}
	for i, ground := range e.UncappedGrounds {
		l.known(fmt.Sprintf("%s.uncapped_grounds[%d]", path, i), slices.Contains(e.Grounds, ground))
	}
	if len(e.UncappedGrounds) > 0 {
		l.required(path+".up_to", !e.UpTo.IsZero())
	}
	for _, response := range clock.Respond {
		if !e.UpTo.IsZero() && !e.UpTo.sameUnit(response.Within) {
			l.problems.Add(path+".up_to", "unit", "is counted in another unit than the period that it extends")
		}
	}
}

func (l *linter) requests(path string, requests []Request) {
	for i, request := range requests {
		l.known(fmt.Sprintf("%s.requests[%d]", path, i), request.Valid())
	}
}

func (l *linter) blockers(rules []BlockerRule) {
	for i, rule := range rules {
		path := fmt.Sprintf("blockers[%d]", i)
		l.known(path+".blocker", rule.Blocker.Valid())
		l.requests(path, rule.Requests)
		l.known(path+".effect", rule.Effect.Valid())
		l.known(path+".if", rule.If == "" || rule.If == ConditionLargeQuantity || rule.If == ConditionReasonablyRequired)
		l.required(path+".cite", rule.Cite != "")
	}
}

func (l *linter) verification(rules []VerificationRule) {
	l.required("verification", len(rules) > 0)
	for i, rule := range rules {
		path := fmt.Sprintf("verification[%d]", i)
		l.requests(path, rule.Requests)
		l.known(path+".demand", rule.Demand.Valid())
		l.required(path+".cite", rule.Cite != "")
		asks := rule.Demand == VerifyOnDoubt || rule.Demand == VerifyAlways
		l.required(path+".failed_reason", !asks || rule.FailedReason != "")
		l.proof(path+".proof", rule, asks)
		if !rule.DirectMarketing && len(rule.Requests) == 0 && i != len(rules)-1 {
			l.problems.Add(path, "unreachable", "hides the rules after it")
		}
	}
}

func (l *linter) proof(path string, rule VerificationRule, asks bool) {
	proof := rule.Proof
	switch {
	case proof == nil:
		return
	case !asks:
		l.problems.Add(path, "unreachable", "says what proves an identity that must not be asked for")
	}
	l.known(path+".level", proof.Level == LevelReasonable || proof.Level == LevelReasonablyHigh)
	l.known(path+".data_points", proof.DataPoints >= 0)
	l.known(path+".instead", proof.Instead == "" || proof.Instead.Valid())
	l.required(path+".cite", proof.Cite != "")
	if proof.Reauthenticate && !proof.Session {
		l.problems.Add(path+".reauthenticate", "unreachable", "is about a session that is not enough")
	}
}

func (l *linter) silence(rules []SilenceRule) {
	seen := map[Blocker]bool{}
	for i, rule := range rules {
		path := fmt.Sprintf("silence[%d]", i)
		l.known(path+".blocker", rule.Blocker.Valid())
		l.required(path+".after", !rule.After.IsZero())
		l.required(path+".cite", rule.Cite != "")
		if seen[rule.Blocker] {
			l.problems.Add(path+".blocker", "duplicate", "has a rule already")
		}
		seen[rule.Blocker] = true
	}
}

func (l *linter) notices(notices []Notice) {
	for i, notice := range notices {
		path := fmt.Sprintf("notices[%d]", i)
		l.known(path+".kind", slices.Contains(NoticeKinds(), notice.Kind))
		l.requests(path, notice.Requests)
		l.required(path+".must_include", len(notice.MustInclude) > 0)
		l.required(path+".cite", notice.Cite != "")
		for j, content := range notice.MustInclude {
			at := fmt.Sprintf("%s.must_include[%d]", path, j)
			l.required(at, content != "")
			if slices.Contains(notice.MustInclude[:j], content) {
				l.problems.Add(at, "duplicate", "is listed twice")
			}
		}
	}
}

func (l *linter) duties(duties Duties) {
	for path, rule := range map[string]DutyRule{
		"duties.notify_recipients":        duties.NotifyRecipients,
		"duties.inform_other_controllers": duties.InformOtherControllers,
	} {
		for i, request := range rule.Rights {
			l.known(fmt.Sprintf("%s.rights[%d]", path, i), request.Valid())
		}
		l.required(path+".cite", len(rule.Rights) == 0 || rule.Cite != "")
	}
	restricted := duties.RestrictedProcessing
	l.required("duties.restricted_processing.cite", len(restricted.Operations) == 0 || restricted.Cite != "")
	l.required("duties.inform_before_lifting.cite", !duties.InformBeforeLifting.Owed || duties.InformBeforeLifting.Cite != "")
}

func (l *linter) rights(rights *Rights) {
	if rights == nil {
		return
	}
	l.required("rights.rules", len(rights.Rules) > 0)
	for i, general := range rights.General {
		path := fmt.Sprintf("rights.general[%d]", i)
		l.required(path+".rights", len(general.Rights) > 0)
		l.rule(path, general.Rule)
	}
	seen := map[privacy.Right]bool{}
	for i, rules := range rights.Rules {
		path := fmt.Sprintf("rights.rules[%d]", i)
		l.known(path+".right", rules.Right.Valid())
		l.required(path+".cite", rules.Cite != "")
		if seen[rules.Right] {
			l.problems.Add(path+".right", "duplicate", "has rules already")
		}
		seen[rules.Right] = true
		for j, ground := range rules.Grounds {
			l.required(fmt.Sprintf("%s.grounds[%d].ground", path, j), ground.Ground != "")
		}
		l.decide(path, rules.Decide)
	}
}

func (l *linter) decide(path string, rules []Rule) {
	l.required(path+".decide", len(rules) > 0)
	for i, rule := range rules {
		at := fmt.Sprintf("%s.decide[%d]", path, i)
		l.rule(at, rule)
		open := rule.empty() && rule.Grounds == ""
		last := i == len(rules)-1
		switch {
		case open && !last:
			l.problems.Add(at, "unreachable", "hides the rules after it")
		case last && !open:
			l.problems.Add(at, "not_total", "the last rule has no condition")
		}
	}
}

func (l *linter) rule(path string, rule Rule) {
	l.known(path+".applies", slices.Contains(allApplies, rule.Applies))
	l.known(path+".outcome", slices.Contains(allOutcomes, rule.Outcome))
	l.known(path+".grounds", rule.Grounds == "" || rule.Grounds == groundsSome || rule.Grounds == groundsNone)
}

func (l *linter) breach(rule *BreachRule) {
	if rule == nil {
		return
	}
	l.required("breach.cite", rule.Cite != "")
	if rule.AuthorityHours <= 0 {
		l.problems.Add("breach.authority_hours", "required", "is a positive number of hours")
	}
	l.required("breach.processor_standard", rule.ProcessorStandard != "")
	for i, risk := range rule.NotifyAuthority {
		l.known(fmt.Sprintf("breach.notify_authority[%d]", i), risk.Valid())
	}
	for i, risk := range rule.NotifySubjects {
		l.known(fmt.Sprintf("breach.notify_subjects[%d]", i), risk.Valid())
	}
}

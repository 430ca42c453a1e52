package retention_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
	"github.com/labelop/privacykit/retention"
)

// TestVectors grades the legal cases. Cases state their facts in words of their
// own; these tests translate them into rules, records and holds.
func TestVectors(t *testing.T) {
	privacytest.RunVectors(t, map[string]func(privacytest.Vector) error{
		"retention_date":     gradeDate,
		"retention_state":    gradeState,
		"retention_conflict": gradeConflict,
	})
}

// day is a civil date or an instant.
type day string

func (d day) event(name string) (retention.Event, error) {
	if at, err := time.Parse(time.RFC3339, string(d)); err == nil {
		return retention.Event{Name: name, At: at}, nil
	}
	on, err := privacy.ParseDate(string(d))
	return retention.Event{Name: name, On: on}, err
}

func zoneOf(name string) (*time.Location, error) {
	if name == "" {
		return time.UTC, nil
	}
	return time.LoadLocation(name)
}

// same compares what a case expects with what was found; nothing expected is no claim.
func same[T comparable](field string, want *T, got T) error {
	if want != nil && *want != got {
		return fmt.Errorf("%s: got %v, want %v", field, got, *want)
	}
	return nil
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// through returns the ends of the period of the rule that was in force.
func through(e retention.Explanation) (anchor, through privacy.Date) {
	for _, rule := range e.Rules {
		if rule.Outcome != retention.NotInForce {
			anchor, through = rule.Anchor, rule.Through
		}
	}
	return anchor, through
}

func gradeDate(v privacytest.Vector) error {
	var in struct {
		Event         day                `json:"event"`
		StartRule     *retention.Start   `json:"start_rule"`
		Period        *privacy.Period    `json:"period"`
		FiscalYearEnd retention.MonthDay `json:"fiscal_year_end"`
		Zone          string             `json:"zone"`
		Preset        string             `json:"preset"`
	}
	var want struct {
		Anchor        *privacy.Date `json:"anchor"`
		RetainThrough *privacy.Date `json:"retain_through"`
		EligibleFrom  *privacy.Date `json:"eligible_from"`
	}
	if err := firstError(privacytest.DecodeStrict(v.Input, &in), privacytest.DecodeStrict(v.Expect, &want)); err != nil {
		return err
	}
	zone, err := zoneOf(in.Zone)
	if err != nil {
		return err
	}
	rules, err := rulesOf(in.Preset, in.StartRule, in.Period, in.FiscalYearEnd)
	if err != nil {
		return err
	}
	schedule, err := retention.Compile(rules, nil)
	if err != nil {
		return err
	}
	event, err := in.Event.event(rules[0].Anchor.Events[0])
	if err != nil {
		return err
	}
	record := retention.Record{Zone: zone, Events: []retention.Event{event}}
	explained := schedule.Explain(&record, nil, time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))
	anchor, last := through(explained)
	if explained.RetainThrough != last {
		return fmt.Errorf("the verdict retains through %s, its rule through %s", explained.RetainThrough, last)
	}
	return firstError(same("anchor", want.Anchor, anchor), same("retain_through", want.RetainThrough, last),
		same("eligible_from", want.EligibleFrom, explained.EligibleFrom))
}

// rulesOf are the rules of a case. A case that states both start and period is
// arithmetic of its own, whatever version of its preset is in force.
func rulesOf(preset string, start *retention.Start, period *privacy.Period, fiscal retention.MonthDay) ([]retention.Rule, error) {
	if preset == "" {
		if period == nil {
			return nil, errors.New("neither a preset nor a period")
		}
		return []retention.Rule{stated(retention.Rule{}, start, *period, fiscal)}, nil
	}
	rules, err := presetRules(preset, period, fiscal)
	switch {
	case err != nil || start == nil:
		return rules, err
	case period != nil:
		return []retention.Rule{stated(rules[len(rules)-1], start, *period, fiscal)}, nil
	}
	for i := range rules {
		rules[i].Anchor = statedAnchor(rules[i].Anchor, *start, fiscal)
	}
	return rules, nil
}

// presetRules takes a preset from the table and checks that it has, at some time,
// the period of the case. A case that states no fiscal year has the calendar year.
func presetRules(id string, period *privacy.Period, fiscal retention.MonthDay) ([]retention.Rule, error) {
	preset, err := retention.FindPreset(id)
	if err != nil {
		return nil, err
	}
	if period != nil && !slices.ContainsFunc(preset.Versions, func(v retention.PresetVersion) bool { return sameLength(v.Period, *period) }) {
		return nil, fmt.Errorf("no version of preset %s has the period %s", id, period)
	}
	if fiscal.IsZero() {
		fiscal = retention.MonthDay{Month: time.December, Day: 31}
	}
	return preset.Rules(retention.PresetUse{FiscalYearEnd: fiscal}), nil
}

func sameLength(a, b privacy.Period) bool {
	return a.Years*12+a.Months == b.Years*12+b.Months && a.Weeks*7+a.Days == b.Weeks*7+b.Days
}

// stated is the rule that a case states itself, beside what its preset adds.
func stated(preset retention.Rule, start *retention.Start, period privacy.Period, fiscal retention.MonthDay) retention.Rule {
	rule := preset
	if rule.ID == "" {
		rule = retention.Rule{
			ID: "case", Kind: retention.StatutoryMinimum, Citation: "case", Action: retention.Delete,
			Anchor: retention.Anchor{Events: []string{"event"}},
		}
	}
	rule.Version, rule.Period = 1, period
	rule.EffectiveFrom, rule.ReachesRunning = privacy.Date{}, false
	from := retention.StartEvent
	if start != nil {
		from = *start
	}
	rule.Anchor = statedAnchor(rule.Anchor, from, fiscal)
	return rule
}

// statedAnchor is the anchor with the start of a case: if that is not the preset's
// own, the event of the case is already the day the preset would move on to.
func statedAnchor(anchor retention.Anchor, start retention.Start, fiscal retention.MonthDay) retention.Anchor {
	if anchor.Start != start {
		anchor = retention.Anchor{Start: start, Events: anchor.Events, NotBefore: anchor.NotBefore}
	}
	if start == retention.StartEndOfFiscalYear && !fiscal.IsZero() {
		anchor.FiscalYearEnd = fiscal
	}
	return anchor
}

type caseHold struct {
	ID     string               `json:"id"`
	From   privacy.Date         `json:"from"`
	To     privacy.Date         `json:"to"`
	Ground retention.Ground     `json:"ground"`
	Data   []privacy.CategoryID `json:"data"`
}

func holdsOf(list []caseHold) (*retention.Holds, error) {
	var holds []retention.Hold
	for _, h := range list {
		holds = append(holds, retention.Hold{
			ID: h.ID, Owner: "legal", From: h.From, Released: h.To, Ground: h.Ground,
			Scope: retention.HoldScope{Categories: h.Data},
		})
	}
	return retention.NewHolds(holds, nil)
}

func gradeState(v privacytest.Vector) error {
	var in struct {
		Event          *day             `json:"event"`
		Events         []day            `json:"events"`
		AnchorPolicy   string           `json:"anchor_policy"`
		StartRule      *retention.Start `json:"start_rule"`
		Period         *privacy.Period  `json:"period"`
		AsOf           privacy.Date     `json:"as_of"`
		Preset         string           `json:"preset"`
		LastApproach   *day             `json:"last_approach"`
		RulesCommenced privacy.Date     `json:"rules_commenced"`
		Holds          []caseHold       `json:"holds"`
		Suspensions    []struct {
			Kind  string       `json:"kind"`
			Until privacy.Date `json:"until"`
		} `json:"suspensions"`
	}
	var want struct {
		Eligible      *bool         `json:"eligible"`
		Reason        *string       `json:"reason"`
		RetainThrough *privacy.Date `json:"retain_through"`
		OverdueSince  *privacy.Date `json:"overdue_since"`
		NoticeHours   *int          `json:"notice_subject_by_hours_before"`
	}
	if err := firstError(privacytest.DecodeStrict(v.Input, &in), privacytest.DecodeStrict(v.Expect, &want)); err != nil {
		return err
	}
	if in.AnchorPolicy != "" && in.AnchorPolicy != "last_activity" {
		return fmt.Errorf("unknown anchor policy %q", in.AnchorPolicy)
	}
	rules, err := rulesOf(in.Preset, in.StartRule, in.Period, retention.MonthDay{})
	if err != nil {
		return err
	}
	record := retention.Record{Zone: time.UTC}
	days := in.Events
	for _, single := range []*day{in.Event, in.LastApproach} {
		if single != nil {
			days = append(days, *single)
		}
	}
	for _, d := range days {
		event, err := d.event(rules[0].Anchor.Events[0])
		if err != nil {
			return err
		}
		record.Events = append(record.Events, event)
	}
	for i := range rules {
		if !in.RulesCommenced.IsZero() {
			rules[i].Anchor.NotBefore = in.RulesCommenced
		}
		// A preset says itself what suspends it.
		for _, s := range in.Suspensions {
			if in.Preset == "" {
				rules[i].SuspendedBy = append(rules[i].SuspendedBy, s.Kind)
			}
		}
	}
	for _, s := range in.Suspensions {
		record.Suspensions = append(record.Suspensions, retention.Suspension{Kind: s.Kind, Until: s.Until})
	}
	schedule, err := retention.Compile(rules, nil)
	if err != nil {
		return err
	}
	holds, err := holdsOf(in.Holds)
	if err != nil {
		return err
	}
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	if !in.AsOf.IsZero() {
		at = in.AsOf.Start(time.UTC)
	}
	verdict := schedule.Evaluate(&record, holds, at)
	return firstError(
		same("eligible", want.Eligible, verdict.Eligible()), same("reason", want.Reason, verdict.Reason()),
		same("retain_through", want.RetainThrough, verdict.RetainThrough),
		same("overdue_since", want.OverdueSince, verdict.OverdueSince),
		same("notice_subject_by_hours_before", want.NoticeHours, verdict.NoticeHours))
}

type conflictInput struct {
	Anchor day `json:"anchor"`
	Rules  []struct {
		ID         string               `json:"id"`
		Action     string               `json:"action"`
		Period     privacy.Period       `json:"period"`
		Scope      string               `json:"scope"`
		LegalBasis privacy.LegalBasis   `json:"legal_basis"`
		StartRule  *retention.Start     `json:"start_rule"`
		Data       []privacy.CategoryID `json:"data"`
	} `json:"rules"`
	Holds          []caseHold `json:"holds"`
	ErasureRequest *struct {
		On        privacy.Date            `json:"on"`
		Data      []privacy.CategoryID    `json:"data"`
		Ground    retention.ErasureGround `json:"ground"`
		Objection string                  `json:"objection"`
	} `json:"erasure_request"`

	Action          string       `json:"action"`
	Primary         string       `json:"primary"`
	BackupCycleDays int          `json:"backup_cycle_days"`
	ErasedOn        privacy.Date `json:"erased_on"`
	KeyDestroyed    bool         `json:"key_destroyed"`
	OtherKeyCopies  *bool        `json:"other_key_copies"`
	Reidentifiable  *bool        `json:"reidentifiable_with_reasonable_means"`
}

type conflictExpect struct {
	BlockedBy           *string                              `json:"blocked_by"`
	CompleteOn          *privacy.Date                        `json:"complete_on"`
	CountsAsErasure     *bool                                `json:"counts_as_erasure"`
	EraseNow            *[]privacy.CategoryID                `json:"erase_now"`
	Evidence            []string                             `json:"evidence"`
	Finding             *string                              `json:"finding"`
	HiddenFrom          *privacy.Date                        `json:"hidden_from"`
	MustNotRestore      *bool                                `json:"must_not_restore"`
	PermanentDeleteFrom *privacy.Date                        `json:"permanent_delete_from"`
	Principle           *int                                 `json:"principle"`
	Reason              *string                              `json:"reason"`
	Response            *string                              `json:"response"`
	Restrict            *[]privacy.CategoryID                `json:"restrict"`
	RestrictUntil       *map[privacy.CategoryID]privacy.Date `json:"restrict_until"`
	RetainThrough       *privacy.Date                        `json:"retain_through"`
	State               *string                              `json:"state"`
}

func gradeConflict(v privacytest.Vector) error {
	var in conflictInput
	var want conflictExpect
	if err := firstError(privacytest.DecodeStrict(v.Input, &in), privacytest.DecodeStrict(v.Expect, &want)); err != nil {
		return err
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(v.Expect, &members); err != nil {
		return err
	}
	if _, stated := members["permanent_delete_from"]; stated && want.PermanentDeleteFrom == nil {
		want.PermanentDeleteFrom = new(privacy.Date)
	}
	if in.Action != "" {
		return gradeDisposal(&in, &want)
	}
	var rules []retention.Rule
	for _, r := range in.Rules {
		rule := stated(retention.Rule{}, r.StartRule, r.Period, retention.MonthDay{})
		rule.ID, rule.LegalBasis, rule.Scope.Categories = r.ID, r.LegalBasis, r.Data
		switch r.Scope {
		case "explicit":
			rule.Scope.Explicit = true
		case "implicit", "":
		default:
			return fmt.Errorf("unknown scope %q", r.Scope)
		}
		if rule.LegalBasis != privacy.BasisLegalObligation {
			rule.Kind = retention.PolicyKeep
		}
		switch r.Action {
		case "delete":
			rule.Kind = retention.Maximum
		case "retain":
			rule.Action = 0
		case "retain_then_delete":
		default:
			return fmt.Errorf("unknown action %q", r.Action)
		}
		rules = append(rules, rule)
	}
	schedule, err := retention.Compile(rules, nil)
	if err != nil {
		return err
	}
	holds, err := holdsOf(in.Holds)
	if err != nil {
		return err
	}
	event, err := in.Anchor.event("event")
	if err != nil {
		return err
	}
	if in.ErasureRequest != nil {
		return gradeErasure(&in, &want, schedule, holds, event)
	}
	return gradePrecedence(&in, &want, schedule, holds, event)
}

// gradePrecedence asks on the day the rules first allow disposal: only then does
// a hold make a difference. Where they never do, it asks once all holds have begun.
func gradePrecedence(in *conflictInput, want *conflictExpect, schedule *retention.Schedule, holds *retention.Holds, event retention.Event) error {
	record := retention.Record{Zone: time.UTC, Events: []retention.Event{event}}
	if len(in.Rules) > 0 && len(in.Rules[0].Data) > 0 {
		record.Category = in.Rules[0].Data[0]
	}
	on := privacy.DateOf(event.At, time.UTC)
	if !event.On.IsZero() {
		on = event.On
	}
	if eligible := schedule.Explain(&record, holds, on.Start(time.UTC)).EligibleFrom; !eligible.IsZero() {
		on = eligible
	} else {
		for _, hold := range in.Holds {
			if on.Before(hold.From) {
				on = hold.From
			}
		}
	}
	explained := schedule.Explain(&record, holds, on.Start(time.UTC))
	deleteFrom := afterHolds(in.Holds, explained, func(on privacy.Date) retention.Explanation {
		return schedule.Explain(&record, holds, on.Start(time.UTC))
	})
	return firstError(same("permanent_delete_from", want.PermanentDeleteFrom, deleteFrom),
		same("hidden_from", want.HiddenFrom, explained.HiddenFrom),
		same("retain_through", want.RetainThrough, explained.RetainThrough),
		same("principle", want.Principle, explained.Principle),
		same("blocked_by", want.BlockedBy, explained.HoldID),
		same("finding", want.Finding, explained.Finding.String()))
}

// afterHolds is the day from which neither rules nor holds stand against disposal.
func afterHolds(list []caseHold, explained retention.Explanation, ask func(privacy.Date) retention.Explanation) privacy.Date {
	from := explained.EligibleFrom
	for explained.State == retention.Blocked {
		i := slices.IndexFunc(list, func(h caseHold) bool { return h.ID == explained.HoldID })
		if i < 0 || list[i].To.IsZero() {
			return privacy.Date{}
		}
		from = list[i].To.AddDays(1)
		explained = ask(from)
	}
	return from
}

func gradeErasure(in *conflictInput, want *conflictExpect, schedule *retention.Schedule, holds *retention.Holds, event retention.Event) error {
	if in.ErasureRequest.Objection != "" && in.ErasureRequest.Objection != "upheld" {
		return fmt.Errorf("unknown objection %q", in.ErasureRequest.Objection)
	}
	var records []*retention.Record
	for _, category := range in.ErasureRequest.Data {
		records = append(records, &retention.Record{Zone: time.UTC, Category: category, Events: []retention.Event{event}})
	}
	request := retention.ErasureRequest{Ground: in.ErasureRequest.Ground}
	answer := schedule.Erase(request, records, holds, in.ErasureRequest.On.Start(time.UTC))
	erase, restrict := []privacy.CategoryID{}, []privacy.CategoryID{}
	until := map[privacy.CategoryID]privacy.Date{}
	reason := ""
	for _, item := range answer.Items {
		switch item.Decision {
		case retention.EraseNow:
			erase = append(erase, item.Category)
		case retention.RestrictUntil:
			restrict = append(restrict, item.Category)
			reason = item.Article
			if !item.Until.IsZero() {
				until[item.Category] = item.Until
			}
		}
	}
	if want.EraseNow != nil && !slices.Equal(slices.Sorted(slices.Values(*want.EraseNow)), slices.Sorted(slices.Values(erase))) {
		return fmt.Errorf("erase_now: got %v, want %v", erase, *want.EraseNow)
	}
	if want.Restrict != nil && !slices.Equal(slices.Sorted(slices.Values(*want.Restrict)), slices.Sorted(slices.Values(restrict))) {
		return fmt.Errorf("restrict: got %v, want %v", restrict, *want.Restrict)
	}
	if want.RestrictUntil != nil && !maps.Equal(*want.RestrictUntil, until) {
		return fmt.Errorf("restrict_until: got %v, want %v", until, *want.RestrictUntil)
	}
	return firstError(same("response", want.Response, answer.Response), same("reason", want.Reason, reason))
}

func gradeDisposal(in *conflictInput, want *conflictExpect) error {
	d := retention.Disposal{On: in.ErasedOn, BackupCycleDays: in.BackupCycleDays, KeyDestroyed: in.KeyDestroyed}
	switch in.Action {
	case "erase":
		d.Action = retention.Delete
	case "anonymise":
		d.Action = retention.Anonymise
		d.AssessedAnonymous = in.Reidentifiable != nil && !*in.Reidentifiable
	case "crypto_shred":
		d.Action = retention.CryptoShred
		d.NoKeyCopies = in.OtherKeyCopies != nil && !*in.OtherKeyCopies
	default:
		return fmt.Errorf("unknown action %q", in.Action)
	}
	if in.Primary != "" && in.Primary != "done" {
		return fmt.Errorf("unknown state of the primary copy %q", in.Primary)
	}
	effect := retention.AssessDisposal(d)
	if want.Evidence != nil && !slices.Equal(want.Evidence, effect.Evidence) {
		return fmt.Errorf("evidence: got %v, want %v", effect.Evidence, want.Evidence)
	}
	return firstError(same("counts_as_erasure", want.CountsAsErasure, effect.CountsAsErasure),
		same("state", want.State, effect.State.String()), same("complete_on", want.CompleteOn, effect.CompleteOn),
		same("must_not_restore", want.MustNotRestore, effect.MustNotRestore))
}

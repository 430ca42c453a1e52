package main

import (
	"time"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
)

// The workspaces of the journey, which each instruct how long LabelOp keeps their
// images.
const (
	harbour privacy.TenantID = "harbour"
	forest  privacy.TenantID = "forest"
	meadow  privacy.TenantID = "meadow"
)

const eventUploaded = "uploaded"

// invoiceRule keeps invoices by law.
const invoiceRule = "invoices-by-law"

// terms are what customers may change: how long LabelOp keeps what it processes
// for them, and until when it does.
type terms struct {
	instructions []retention.Rule
	ends         []retention.ContractEnd
}

func firstTerms() terms {
	return terms{instructions: []retention.Rule{
		instruction(harbour, "P4Y"), instruction(forest, "P1Y"), instruction(meadow, "P5Y"),
	}}
}

// instruction is how long a customer wants its images kept.
func instruction(tenant privacy.TenantID, period string) retention.Rule {
	return retention.Rule{
		ID: "images-" + string(tenant), Version: 1, Kind: retention.Maximum, Action: retention.Delete, Period: privacy.MustPeriod(period),
		Scope:  retention.Scope{Categories: []privacy.CategoryID{"content.images"}, Role: privacy.RoleProcessor, Tenant: tenant},
		Anchor: retention.Anchor{Start: retention.StartEvent, Events: []string{eventUploaded}},
	}
}

// shorten changes an instruction from a day on, also for what is stored already.
func (t *terms) shorten(tenant privacy.TenantID, period string, from privacy.Date) {
	next := instruction(tenant, period)
	next.Version, next.EffectiveFrom, next.ReachesRunning = 2, from, true
	t.instructions = append(t.instructions, next)
}

// compile makes the schedule of what is declared, of the law and of the terms.
func (t terms) compile(register *privacy.Register) (*retention.Schedule, error) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		return nil, err
	}
	voucher, err := retention.FindPreset("de-ao-147-voucher")
	if err != nil {
		return nil, err
	}
	rules := voucher.Rules(retention.PresetUse{
		RuleID: invoiceRule, Events: []string{"invoiced"},
		Scope: retention.Scope{Categories: []privacy.CategoryID{"billing"}},
	})
	rules = append(rules,
		declared(register, "accounts", retention.StartEvent, "closed"),
		declared(register, "monitoring", retention.StartEvent, "logged"),
		declared(register, "analytics", retention.StartEvent, "logged"),
		declared(register, "helpdesk", retention.StartEvent, "answered"),
		declared(register, "subscriptions", retention.StartEndOfCalendarYear, "invoiced"))
	return retention.Compile(append(rules, t.instructions...), &retention.Options{
		Zone:         zone,
		Bounds:       []retention.Bound{{Categories: []privacy.CategoryID{"content"}, Longest: privacy.MustPeriod("P10Y")}},
		ContractEnds: t.ends,
	})
}

// declared is the rule of an activity with the period it is declared with, so that
// what LabelOp tells and what it does are the same. An unknown activity has no
// period, and a rule without one does not compile.
func declared(register *privacy.Register, id privacy.ActivityID, start retention.Start, event string) retention.Rule {
	activity, _ := register.Activity(id)
	return retention.Rule{
		ID: string(id), Version: 1, Kind: retention.Maximum, Action: retention.Delete, Period: activity.Retention.Period,
		Scope:  retention.Scope{Categories: activity.Categories, Purposes: []privacy.PurposeID{activity.Purpose}},
		Anchor: retention.Anchor{Start: start, Events: []string{event}},
	}
}

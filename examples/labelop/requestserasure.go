package main

import (
	"context"
	"slices"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/dsr/archive"
	"github.com/labelop/privacykit/dsr/fulfilment"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
)

// protections tells the runner what must not be erased: what package retention
// answers for each record, by the schedule and the holds.
type protections struct {
	desk     *requestDesk
	schedule *retention.Schedule
}

// openProtections compiles the schedule with the legal bases that the register
// declares, since not every ground of an erasure reaches every basis.
func (d *requestDesk) openProtections() (protections, error) {
	declared, err := terms{}.compile(d.register)
	if err != nil {
		return protections{}, err
	}
	rules := declared.Rules()
	for i := range rules {
		if activity, ok := d.register.Activity(privacy.ActivityID(rules[i].ID)); ok {
			basis, _ := d.register.BasisFor(activity.Purpose, "DE")
			rules[i].LegalBasis = basis.Basis
		}
	}
	schedule, err := retention.Compile(rules, &retention.Options{Zone: d.zone})
	return protections{d, schedule}, err
}

// Decide answers for each category as a whole, and for each record that is kept.
func (p protections) Decide(ctx context.Context, q fulfilment.Question) ([]fulfilment.Decision, error) {
	asked, err := p.desk.recall(ctx, q.Tenant, q.Case)
	if err != nil {
		return nil, err
	}
	ground, err := retention.ParseErasureGround(asked.ground)
	if err != nil {
		return nil, err
	}
	held, err := p.desk.database.Retention().Holds(ctx, q.Tenant)
	if err != nil {
		return nil, err
	}
	holds, err := retention.NewHolds(held, nil)
	if err != nil {
		return nil, err
	}
	records, err := p.records(ctx, q)
	if err != nil {
		return nil, err
	}
	decisions, _ := fulfilment.NoRetention{}.Decide(ctx, q) // never fails
	for _, item := range p.schedule.Erase(retention.ErasureRequest{Ground: ground}, records, holds, q.At).Items {
		if item.Decision != retention.EraseNow {
			decisions = append(decisions, decision(item))
		}
	}
	return decisions, nil
}

func decision(item retention.ErasureItem) fulfilment.Decision {
	d := fulfilment.Decision{
		Category: item.Category, Record: item.Key, Verdict: fulfilment.RestrictUntil, Ground: item.Article, Source: item.RuleID, Until: item.Until,
	}
	if item.HoldID != "" {
		d.Source = "hold " + item.HoldID
	}
	if item.Decision == retention.RefuseErasure {
		d.Verdict, d.Source = fulfilment.RefuseErasure, "its legal basis"
	}
	return d
}

// records returns the records of the subject that a rule or a hold can keep.
func (p protections) records(ctx context.Context, q fulfilment.Question) ([]*retention.Record, error) {
	kept := map[privacy.SystemID]struct {
		statement, event string
		category         privacy.CategoryID
		purposes         []privacy.PurposeID
	}{
		"accounts": {`SELECT id, answered_on FROM support_message WHERE workspace = ? AND account = ?`, "answered", "support", []privacy.PurposeID{"support"}},
		"invoices": {`SELECT id, invoiced_on FROM account_invoice WHERE workspace = ? AND account = ?`, "invoiced", "billing", []privacy.PurposeID{"billing", "accounting"}},
	}
	table, ok := kept[q.System]
	if !ok || !slices.Contains(q.Categories, table.category) {
		return nil, nil
	}
	rows, err := p.desk.tables.QueryContext(ctx, table.statement, q.Tenant, q.Subject)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var records []*retention.Record
	for rows.Next() {
		r := &retention.Record{
			System: q.System, Tenant: q.Tenant, Subject: q.Subject, Category: table.category, Purposes: table.purposes, Role: privacy.RoleController,
		}
		var day string
		if err := rows.Scan(&r.Key, &day); err != nil {
			return nil, err
		}
		on, err := privacy.ParseDate(day)
		if err != nil {
			return nil, err
		}
		r.Events = []retention.Event{{Name: table.event, On: on}}
		records = append(records, r)
	}
	return records, rows.Err()
}

// recipients are those to whom the gate let data go, in fact.
type recipients struct{ gate *consent.Gate }

// Disclosed returns them for a package.
func (r recipients) Disclosed(ctx context.Context, subject privacy.Subject) ([]archive.Disclosed, error) {
	const page = 500
	var disclosed []archive.Disclosed
	for after := ""; ; {
		decisions, err := r.gate.Decisions(ctx, consent.DecisionFilter{
			Tenant: subject.Tenant, Subject: subject.ID, Disclosures: true, After: after, Limit: page,
		})
		if err != nil {
			return nil, err
		}
		for _, d := range decisions {
			after = d.ID
			disclosed = append(disclosed, archive.Disclosed{Recipient: d.Recipient, Categories: d.Categories, Last: d.At})
		}
		if len(decisions) < page {
			return disclosed, nil
		}
	}
}

// Recipients returns those of some categories, whom an erasure is told.
func (r recipients) Recipients(ctx context.Context, tenant privacy.TenantID, subject privacy.SubjectID, categories []privacy.CategoryID) ([]privacy.RecipientID, error) {
	disclosed, err := r.Disclosed(ctx, privacy.Subject{Tenant: tenant, ID: subject})
	var ids []privacy.RecipientID
	for _, to := range disclosed {
		concerned := slices.ContainsFunc(to.Categories, func(c privacy.CategoryID) bool { return slices.Contains(categories, c) })
		if concerned && !slices.Contains(ids, to.Recipient) {
			ids = append(ids, to.Recipient)
		}
	}
	return ids, err
}

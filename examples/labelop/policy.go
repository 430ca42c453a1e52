package main

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/text/language"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/policydoc"
	"github.com/labelop/privacykit/policydoc/markdown"
	"github.com/labelop/privacykit/privacy"
)

// policyKey names LabelOp's own policy, which is that of no customer.
var policyKey = policydoc.PolicyKey{Tenant: "labelop", Name: "privacy"}

// publishPolicy publishes the policy of the release, unless that was done
// before, and tells the customers. A release whose policy is not true of it, or
// that plays down what it changes, does not start.
func (s *service) publishPolicy(ctx context.Context, r release) error {
	policies, err := policydoc.New(s.database.Policydoc(), &policydoc.Options{Clock: s.clock, Source: "/labelop/policy"})
	if err != nil {
		return err
	}
	draft, err := s.draft(r)
	if err != nil {
		return err
	}
	if _, err := policies.Publish(ctx, policyKey, draft); err != nil {
		return fmt.Errorf("policy of release %d: %w", r.number, err)
	}
	if s.history, err = policies.History(ctx, policyKey); err != nil {
		return err
	}
	return s.tellCustomers(ctx)
}

func (s *service) draft(r release) (policydoc.Draft, error) {
	texts, err := r.texts()
	if err != nil {
		return policydoc.Draft{}, err
	}
	draft := policydoc.Draft{
		Texts: []policydoc.LocalizedText{
			{Locale: textEN, Authoritative: true, Source: texts[textEN]}, {Locale: textDE, Source: texts[textDE]},
		},
		Facts: policydoc.FactsFor(s.register, &policydoc.FactsOptions{Transfers: s.transfers, On: privacy.DateOf(s.clock.Now(), time.UTC)}), Materiality: r.materiality, Summary: r.summary, Follows: r.number - 1,
	}
	s.marketingNotice = []byte(texts[textNotice])
	return draft, reconcile(draft)
}

// reconcile refuses a policy that does not tell what the release declares.
func reconcile(draft policydoc.Draft) error {
	var docs []*policydoc.Document
	for _, text := range draft.Texts {
		doc, err := parsePolicy(text)
		if err != nil {
			return err
		}
		if _, err := doc.Resolve(draft.Facts, resolveOptions()); err != nil {
			return err
		}
		docs = append(docs, doc)
	}
	for _, f := range policydoc.ReconcileFacts(docs[0], draft.Facts, &policydoc.ReconcileOptions{Translations: docs[1:]}) {
		if !f.Advice {
			return fmt.Errorf("the policy is not true of the service: %s: %w", f, privacy.ErrInvalid)
		}
	}
	return nil
}

// document returns a text of a version with the facts of that version in it.
func document(v *policydoc.Version, text policydoc.LocalizedText) (*policydoc.Document, error) {
	doc, err := parsePolicy(text)
	if err != nil {
		return nil, err
	}
	return doc.Resolve(v.Facts, resolveOptions())
}

func parsePolicy(text policydoc.LocalizedText) (*policydoc.Document, error) {
	return markdown.Parse([]byte(text.Source), &markdown.Options{Locale: language.Make(text.Locale)})
}

// tellCustomers hands what all versions demand to the ledger, for every
// customer. It can be repeated, and so survives being interrupted.
func (s *service) tellCustomers(ctx context.Context) error {
	workspaces, err := s.workspaces(ctx)
	if err != nil {
		return err
	}
	for _, workspace := range workspaces {
		if err := tell(ctx, s.ledger, s.history, workspace); err != nil {
			return err
		}
	}
	return nil
}

// tell records what the versions of the policy demand in the evidence of one
// customer: from then on the gate keeps to it. No subject's evidence is touched.
func tell(ctx context.Context, ledger *consent.Ledger, history *policydoc.History, workspace privacy.TenantID) error {
	for number := 1; number <= history.Len(); number++ {
		for _, o := range history.Version(number).Obligations() {
			fact, ok := tenantFact(o)
			if !ok {
				return fmt.Errorf("version %d demands %s, which nothing here enforces: %w", number, o.Consequence, privacy.ErrInvalid)
			}
			entries := consent.Entries{Tenant: workspace, Facts: []consent.Fact{fact}, Key: fmt.Sprintf("policy/%d/%s", number, o.Key)}
			if _, err := ledger.Record(ctx, entries); err != nil {
				return err
			}
		}
	}
	return nil
}

// tenantFact is what an obligation is for the ledger.
func tenantFact(o policydoc.Obligation) (fact consent.Fact, ok bool) {
	switch o.Consequence {
	case policydoc.ConsequenceSubProcessorNotice:
		return consent.SubProcessorAnnounced{Recipient: o.Recipient, ObjectUntil: o.From}, true
	case policydoc.ConsequenceRenewedConsent:
		return consent.NoticeRequired{Purpose: o.Purpose, MinimumVersion: o.MinimumNotice, From: o.From}, true
	}
	return nil, false
}

func (s *service) workspaces(ctx context.Context) ([]privacy.TenantID, error) {
	rows, err := s.tables.QueryContext(ctx, `SELECT DISTINCT workspace FROM account ORDER BY workspace`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var workspaces []privacy.TenantID
	for rows.Next() {
		var workspace privacy.TenantID
		if err := rows.Scan(&workspace); err != nil {
			return nil, err
		}
		workspaces = append(workspaces, workspace)
	}
	return workspaces, rows.Err()
}

// toldCategories are the categories that the policy in force says a purpose
// uses: a release that was deployed before its policy counts uses no more.
func (s *service) toldCategories(purpose privacy.PurposeID) []privacy.CategoryID {
	v := s.history.At(s.clock.Now())
	if v == nil {
		return nil
	}
	f, _ := v.Facts.Find(policydoc.KindPurpose + ":" + string(purpose))
	var categories []privacy.CategoryID
	for _, id := range f.Attributes["category"] {
		categories = append(categories, privacy.CategoryID(id))
	}
	return categories
}

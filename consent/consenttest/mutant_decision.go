package consenttest

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

func decisionMutants() []mutant {
	return []mutant{
		{"decisions have no event", []string{"decision-recorded"}, func(f *faulty) {
			f.onClaim = func(ctx context.Context, claim consent.Claim) ([]consent.Delivery, error) {
				deliveries, err := f.Store.Claim(ctx, claim)
				return slices.DeleteFunc(deliveries, func(d consent.Delivery) bool { return d.Event.Type == "privacykit.consent.decided" }), err
			}
		}},
		{"times of decisions are kept to the second", []string{"decision-recorded"}, changeDecision(func(_ context.Context, _ *faulty, d *consent.DecisionRecord) {
			d.At = d.At.Truncate(time.Second)
		})},
		{"recipients are dropped", []string{"decision-recorded", "decision-filter"}, changeDecision(func(_ context.Context, _ *faulty, d *consent.DecisionRecord) { d.Recipient = "" })},
		{"guards are ignored", []string{"decision-guard", "decision-guard-without-subject", "decision-guard-racing"}, changeDecision(func(ctx context.Context, f *faulty, d *consent.DecisionRecord) {
			d.Guard = f.guard(ctx, *d)
		})},
		{"guards are of the subject alone", []string{"decision-guard", "decision-guard-without-subject"}, changeDecision(func(ctx context.Context, f *faulty, d *consent.DecisionRecord) {
			d.Guard.TenantVersion = f.guard(ctx, *d).TenantVersion
		})},
		{"guards are of the tenant alone", []string{"decision-guard", "decision-guard-racing"}, changeDecision(func(ctx context.Context, f *faulty, d *consent.DecisionRecord) {
			d.Guard.SubjectVersion = f.guard(ctx, *d).SubjectVersion
		})},
		{"guards are lower bounds", []string{"decision-guard"}, changeDecision(func(ctx context.Context, f *faulty, d *consent.DecisionRecord) {
			if now := f.guard(ctx, *d); d.Guard.SubjectVersion <= now.SubjectVersion && d.Guard.TenantVersion <= now.TenantVersion {
				d.Guard = now
			}
		})},
		{"a decision without a subject is guarded by one", []string{"decision-guard-without-subject"}, func(f *faulty) {
			f.onRecordDecision = func(ctx context.Context, decision consent.DecisionRecord) error {
				if decision.Subject == "" && decision.Guard.SubjectVersion != 0 {
					return privacy.ErrConflict
				}
				return f.Store.RecordDecision(ctx, decision)
			}
		}},
		{"the guard is checked before the write and not with it", []string{"decision-guard-racing"}, checkGuardThenAct},
		{"an ID that exists is overwritten", []string{"decision-once"}, overwriteDecisions},
		{"an ID that exists is refused always", []string{"decision-once"}, func(f *faulty) {
			f.onRecordDecision = func(ctx context.Context, decision consent.DecisionRecord) error {
				known, err := f.Store.Decisions(ctx, consent.DecisionFilter{Tenant: decision.Tenant, AllSubjects: true, ID: decision.ID, Limit: 1})
				if len(known) > 0 {
					err = privacy.ErrConflict
				}
				if err != nil {
					return err
				}
				return f.Store.RecordDecision(ctx, decision)
			}
		}},
		{"an ID that exists stands for any decision", []string{"decision-once"}, func(f *faulty) {
			f.onRecordDecision = func(ctx context.Context, decision consent.DecisionRecord) error {
				known, err := f.Store.Decisions(ctx, consent.DecisionFilter{Tenant: decision.Tenant, AllSubjects: true, ID: decision.ID, Limit: 1})
				if len(known) > 0 || err != nil {
					return err
				}
				return f.Store.RecordDecision(ctx, decision)
			}
		}},
		{"decisions are in the order of a dictionary", []string{"decision-filter"}, func(f *faulty) {
			f.onDecisions = func(ctx context.Context, filter consent.DecisionFilter) ([]consent.DecisionRecord, error) {
				decisions, err := f.Store.Decisions(ctx, filter)
				slices.SortFunc(decisions, func(a, b consent.DecisionRecord) int {
					return cmp.Compare(strings.ToLower(a.ID), strings.ToLower(b.ID))
				})
				return decisions, err
			}
		}},
		{"decisions are listed for every subject", []string{"decision-filter"}, changeFilter(func(filter *consent.DecisionFilter) { filter.AllSubjects = true })},
		{"decisions that disclose nothing are listed as disclosures", []string{"decision-filter"}, changeFilter(func(filter *consent.DecisionFilter) { filter.Disclosures = false })},
		{"decisions are listed whatever their ID", []string{"decision-filter"}, changeFilter(func(filter *consent.DecisionFilter) { filter.ID = "" })},
		{"the limit of decisions is ignored", []string{"decision-filter"}, changeFilter(func(filter *consent.DecisionFilter) { filter.Limit = 1000 })},
		{"every page of decisions is the first", []string{"decision-filter"}, changeFilter(func(filter *consent.DecisionFilter) { filter.After = "" })},
		{"the decisions of the whole tenant are forgotten", []string{"decision-forget"}, func(f *faulty) {
			f.onForgetDecisions = func(ctx context.Context, key consent.StreamKey, before time.Time) (int, error) {
				other, err := f.Store.ForgetDecisions(ctx, consent.StreamKey{Tenant: key.Tenant, Subject: "s-2"}, before)
				if err != nil {
					return 0, err
				}
				count, err := f.Store.ForgetDecisions(ctx, key, before)
				return count + other, err
			}
		}},
		{"decisions are forgotten whenever they were made", []string{"decision-forget"}, func(f *faulty) {
			f.onForgetDecisions = func(ctx context.Context, key consent.StreamKey, before time.Time) (int, error) {
				return f.Store.ForgetDecisions(ctx, key, before.AddDate(100, 0, 0))
			}
		}},
		{"bodies alias those that came in", []string{"decision-copies"}, func(f *faulty) {
			bodies := map[string][]byte{}
			f.onRecordDecision = func(ctx context.Context, decision consent.DecisionRecord) error {
				bodies[decision.ID] = decision.Body
				return f.Store.RecordDecision(ctx, decision)
			}
			f.onDecisions = shareBodies(f, bodies)
		}},
		{"bodies that come out are shared", []string{"decision-copies"}, func(f *faulty) {
			bodies := map[string][]byte{}
			f.onRecordDecision = func(ctx context.Context, decision consent.DecisionRecord) error {
				bodies[decision.ID] = bytes.Clone(decision.Body)
				return f.Store.RecordDecision(ctx, decision)
			}
			f.onDecisions = shareBodies(f, bodies)
		}},
		{"events of decisions alias those that came in", []string{"decision-copies"}, func(f *faulty) {
			var events sync.Map
			f.onRecordDecision = func(ctx context.Context, decision consent.DecisionRecord) error {
				events.Store(decision.Event.ID, decision.Event)
				return f.Store.RecordDecision(ctx, decision)
			}
			changeDeliveries(func(d *consent.Delivery) {
				if event, ok := events.Load(d.Event.ID); ok {
					d.Event = event.(privacy.Event)
				}
			})(f)
		}},
	}
}

func overwriteDecisions(f *faulty) {
	f.onRecordDecision = func(ctx context.Context, decision consent.DecisionRecord) error {
		key := consent.StreamKey{Tenant: decision.Tenant, Subject: decision.Subject}
		if _, err := f.Store.ForgetDecisions(ctx, key, decision.At.AddDate(1, 0, 0)); err != nil {
			return err
		}
		decision.Guard = f.guard(ctx, decision)
		return f.Store.RecordDecision(ctx, decision)
	}
}

func shareBodies(f *faulty, bodies map[string][]byte) func(context.Context, consent.DecisionFilter) ([]consent.DecisionRecord, error) {
	return func(ctx context.Context, filter consent.DecisionFilter) ([]consent.DecisionRecord, error) {
		decisions, err := f.Store.Decisions(ctx, filter)
		for i := range decisions {
			decisions[i].Body = bodies[decisions[i].ID]
		}
		return decisions, err
	}
}

package consenttest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

// cancelMutants ignore a cancelled context, one method each.
func cancelMutants() []mutant {
	methods := map[string]func(*faulty){
		"Append": func(f *faulty) {
			f.onAppend = func(ctx context.Context, appends []consent.Append) ([]consent.Appended, error) {
				return f.Store.Append(context.WithoutCancel(ctx), appends)
			}
		},
		"Redact": func(f *faulty) {
			f.onRedact = func(ctx context.Context, erasure consent.Append) (consent.Appended, error) {
				return f.Store.Redact(context.WithoutCancel(ctx), erasure)
			}
		},
		"Streams": func(f *faulty) {
			f.onStreams = func(ctx context.Context, keys []consent.StreamKey) ([]consent.Stream, error) {
				return f.Store.Streams(context.WithoutCancel(ctx), keys)
			}
		},
		"Records": func(f *faulty) {
			f.onRecords = func(ctx context.Context, key consent.StreamKey, after uint64, limit int) ([]consent.Record, error) {
				return f.Store.Records(context.WithoutCancel(ctx), key, after, limit)
			}
		},
		"Subjects": func(f *faulty) {
			f.onSubjects = func(ctx context.Context, tenant privacy.TenantID, after privacy.SubjectID, limit int) ([]privacy.SubjectID, error) {
				return f.Store.Subjects(context.WithoutCancel(ctx), tenant, after, limit)
			}
		},
		"ApplyEffects": func(f *faulty) {
			f.onApplyEffects = func(ctx context.Context, effects []privacy.Effect) error {
				return f.Store.ApplyEffects(context.WithoutCancel(ctx), effects)
			}
		},
		"Changes": func(f *faulty) {
			f.onChanges = func(ctx context.Context, after consent.Cursor, limit int) (consent.ChangePage, error) {
				return f.Store.Changes(context.WithoutCancel(ctx), after, limit)
			}
		},
		"Head": func(f *faulty) {
			f.onHead = func(ctx context.Context) (consent.Cursor, error) { return f.Store.Head(context.WithoutCancel(ctx)) }
		},
		"Claim": func(f *faulty) {
			f.onClaim = func(ctx context.Context, claim consent.Claim) ([]consent.Delivery, error) {
				return f.Store.Claim(context.WithoutCancel(ctx), claim)
			}
		},
		"Acknowledge": func(f *faulty) {
			f.onAcknowledge = func(ctx context.Context, worker string, positions []string) error {
				return f.Store.Acknowledge(context.WithoutCancel(ctx), worker, positions)
			}
		},
		"Trim": func(f *faulty) {
			f.onTrim = func(ctx context.Context, before time.Time, undelivered bool) (int, error) {
				return f.Store.Trim(context.WithoutCancel(ctx), before, undelivered)
			}
		},
		"RecordDecision": func(f *faulty) {
			f.onRecordDecision = func(ctx context.Context, decision consent.DecisionRecord) error {
				return f.Store.RecordDecision(context.WithoutCancel(ctx), decision)
			}
		},
		"Decisions": func(f *faulty) {
			f.onDecisions = func(ctx context.Context, filter consent.DecisionFilter) ([]consent.DecisionRecord, error) {
				return f.Store.Decisions(context.WithoutCancel(ctx), filter)
			}
		},
		"ForgetDecisions": func(f *faulty) {
			f.onForgetDecisions = func(ctx context.Context, key consent.StreamKey, before time.Time) (int, error) {
				return f.Store.ForgetDecisions(context.WithoutCancel(ctx), key, before)
			}
		},
	}
	list := []mutant{{"an append with a cancelled context fails after it was written", []string{"append-cancelled"}, func(f *faulty) {
		f.onAppend = func(ctx context.Context, appends []consent.Append) ([]consent.Appended, error) {
			results, err := f.Store.Append(context.WithoutCancel(ctx), appends)
			return results, errors.Join(err, ctx.Err())
		}
	}}}
	for method, ignore := range methods {
		list = append(list, mutant{fmt.Sprintf("%s ignores a cancelled context", method), []string{"append-cancelled"}, ignore})
	}
	return list
}

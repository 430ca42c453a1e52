package policydoctest

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/labelop/privacykit/policydoc"
	"github.com/labelop/privacykit/privacy"
)

func acknowledgementMutants() []mutant {
	return []mutant{
		{"events of acknowledgements are dropped", []string{"acknowledgement-events", "acknowledgement-once"}, func(f *faulty) {
			f.onAppendAcknowledgement = func(ctx context.Context, a policydoc.Acknowledgement, _ []privacy.Event) error {
				return f.Store.AppendAcknowledgement(ctx, a, nil)
			}
		}},
		{"only the first event of an acknowledgement is kept", []string{"acknowledgement-events"}, func(f *faulty) {
			f.onAppendAcknowledgement = func(ctx context.Context, a policydoc.Acknowledgement, events []privacy.Event) error {
				return f.Store.AppendAcknowledgement(ctx, a, events[:min(1, len(events))])
			}
		}},
		{"channels are dropped", []string{"acknowledgement-round-trip"}, func(f *faulty) {
			f.onAcknowledgements = func(ctx context.Context, key policydoc.PolicyKey, subject privacy.SubjectID) ([]policydoc.Acknowledgement, error) {
				all, err := f.Store.Acknowledgements(ctx, key, subject)
				for i := range all {
					all[i].Channel = ""
				}
				return all, err
			}
		}},
		{"subjects are compared without case", []string{"acknowledgement-isolation"}, changeAcknowledgement(func(a *policydoc.Acknowledgement) {
			if a.Subject == "S" {
				a.Subject = "s"
			}
		})},
		{"acknowledgements of all tenants are one", []string{"acknowledgement-isolation"}, changeAcknowledgement(func(a *policydoc.Acknowledgement) {
			a.Policy.Tenant = policy.Tenant
		})},
		{"a repetition fails", []string{"acknowledgement-once"}, func(f *faulty) {
			f.onAppendAcknowledgement = func(ctx context.Context, a policydoc.Acknowledgement, events []privacy.Event) error {
				known, err := f.Store.Acknowledgements(ctx, a.Policy, a.Subject)
				f.met(err)
				if slices.ContainsFunc(known, func(b policydoc.Acknowledgement) bool { return a.Version == b.Version && a.Act == b.Act }) {
					return privacy.ErrExists
				}
				return f.Store.AppendAcknowledgement(ctx, a, events)
			}
		}},
		{"a repetition is kept too", []string{"acknowledgement-once"}, changeAcknowledgement(func(a *policydoc.Acknowledgement) {
			if a.Channel == "another" {
				a.Act += "again"
			}
		})},
		{"a repetition has an event", []string{"acknowledgement-once"}, func(f *faulty) {
			f.onAppendAcknowledgement = func(ctx context.Context, a policydoc.Acknowledgement, events []privacy.Event) error {
				if err := f.Store.AppendAcknowledgement(ctx, a, nil); err != nil {
					return err
				}
				a.Subject, a.Version = "events of "+a.Subject, int(a.At.Unix())
				return f.Store.AppendAcknowledgement(ctx, a, events)
			}
		}},
		{"acknowledgements come in the order of arrival", []string{"acknowledgement-round-trip"}, arrivalOrder},
	}
}

func unacknowledgedMutants() []mutant {
	return []mutant{
		{"accepted is not shown", []string{"unacknowledged-accepted-is-shown"}, func(f *faulty) {
			f.onUnacknowledged = func(ctx context.Context, q policydoc.Outstanding) ([]privacy.SubjectID, error) {
				subjects, err := f.Store.Unacknowledged(ctx, q)
				return slices.DeleteFunc(subjects, func(id privacy.SubjectID) bool { return q.Act == policydoc.Shown && id == "b" }), err
			}
		}},
		{"shown is accepted", []string{"unacknowledged-accepted-is-shown", "unacknowledged"}, changeQuery(func(q *policydoc.Outstanding) { q.Act = policydoc.Shown })},
		{"the version asked for is missing", []string{"unacknowledged", "unacknowledged-late"}, changeQuery(func(q *policydoc.Outstanding) { q.Version++ })},
		{"the last version counts, not the highest", []string{"unacknowledged-late"}, lastCounts},
		{"every page of subjects is the first", []string{"unacknowledged-pages"}, changeQuery(func(q *policydoc.Outstanding) { q.After = "" })},
		{"the limit of subjects is ignored", []string{"unacknowledged-pages"}, changeQuery(func(q *policydoc.Outstanding) { q.Limit = 1000 })},
	}
}

var errDown = errors.New("down")

// callMutants fail always, or ignore a cancelled context, one method each.
func callMutants() []mutant {
	return []mutant{
		{"AppendEntry fails", []string{"entry-round-trip", "entry-events", "entry-one-winner"}, changeEntryError(func(error) error { return errDown })},
		{"Entries fails", []string{"entry-round-trip", "entry-unknown-policy", "isolation"}, func(f *faulty) {
			f.onEntries = func(context.Context, policydoc.PolicyKey, int, int) ([]policydoc.Entry, error) { return nil, errDown }
		}},
		{"AppendAcknowledgement fails", []string{"acknowledgement-round-trip", "acknowledgement-events"}, func(f *faulty) {
			f.onAppendAcknowledgement = func(context.Context, policydoc.Acknowledgement, []privacy.Event) error { return errDown }
		}},
		{"Acknowledgements fails", []string{"acknowledgement-round-trip", "acknowledgement-isolation"}, func(f *faulty) {
			f.onAcknowledgements = func(context.Context, policydoc.PolicyKey, privacy.SubjectID) ([]policydoc.Acknowledgement, error) {
				return nil, errDown
			}
		}},
		{"Unacknowledged fails", []string{"unacknowledged", "unacknowledged-late"}, func(f *faulty) {
			f.onUnacknowledged = func(context.Context, policydoc.Outstanding) ([]privacy.SubjectID, error) { return nil, errDown }
		}},
		{"AppendEntry ignores a cancelled context", []string{"cancelled"}, func(f *faulty) {
			f.onAppendEntry = func(ctx context.Context, e policydoc.Entry, events []privacy.Event) error {
				return f.Store.AppendEntry(context.WithoutCancel(ctx), e, events)
			}
		}},
		{"AppendEntry with a cancelled context fails after it has written", []string{"cancelled"}, func(f *faulty) {
			f.onAppendEntry = func(ctx context.Context, e policydoc.Entry, events []privacy.Event) error {
				return errors.Join(f.Store.AppendEntry(context.WithoutCancel(ctx), e, events), ctx.Err())
			}
		}},
		{"Entries ignores a cancelled context", []string{"cancelled"}, func(f *faulty) {
			f.onEntries = func(ctx context.Context, key policydoc.PolicyKey, after, limit int) ([]policydoc.Entry, error) {
				return f.Store.Entries(context.WithoutCancel(ctx), key, after, limit)
			}
		}},
		{"AppendAcknowledgement ignores a cancelled context", []string{"cancelled"}, func(f *faulty) {
			f.onAppendAcknowledgement = func(ctx context.Context, a policydoc.Acknowledgement, events []privacy.Event) error {
				return f.Store.AppendAcknowledgement(context.WithoutCancel(ctx), a, events)
			}
		}},
		{"Acknowledgements ignores a cancelled context", []string{"cancelled"}, func(f *faulty) {
			f.onAcknowledgements = func(ctx context.Context, key policydoc.PolicyKey, subject privacy.SubjectID) ([]policydoc.Acknowledgement, error) {
				return f.Store.Acknowledgements(context.WithoutCancel(ctx), key, subject)
			}
		}},
		{"Unacknowledged ignores a cancelled context", []string{"cancelled"}, func(f *faulty) {
			f.onUnacknowledged = func(ctx context.Context, q policydoc.Outstanding) ([]privacy.SubjectID, error) {
				return f.Store.Unacknowledged(context.WithoutCancel(ctx), q)
			}
		}},
	}
}

func changeAcknowledgement(change func(*policydoc.Acknowledgement)) func(*faulty) {
	return func(f *faulty) {
		f.onAppendAcknowledgement = func(ctx context.Context, a policydoc.Acknowledgement, events []privacy.Event) error {
			change(&a)
			return f.Store.AppendAcknowledgement(ctx, a, events)
		}
	}
}

func changeQuery(change func(*policydoc.Outstanding)) func(*faulty) {
	return func(f *faulty) {
		f.onUnacknowledged = func(ctx context.Context, q policydoc.Outstanding) ([]privacy.SubjectID, error) {
			change(&q)
			return f.Store.Unacknowledged(ctx, q)
		}
	}
}

func arrivalOrder(f *faulty) {
	type proof struct {
		key     policydoc.PolicyKey
		subject privacy.SubjectID
		version int
		act     policydoc.Act
	}
	of := func(a policydoc.Acknowledgement) proof { return proof{a.Policy, a.Subject, a.Version, a.Act} }
	var lock sync.Mutex
	arrived := map[proof]int{}
	f.onAppendAcknowledgement = func(ctx context.Context, a policydoc.Acknowledgement, events []privacy.Event) error {
		lock.Lock()
		defer lock.Unlock()
		arrived[of(a)] = len(arrived)
		return f.Store.AppendAcknowledgement(ctx, a, events)
	}
	f.onAcknowledgements = func(ctx context.Context, key policydoc.PolicyKey, subject privacy.SubjectID) ([]policydoc.Acknowledgement, error) {
		lock.Lock()
		defer lock.Unlock()
		all, err := f.Store.Acknowledgements(ctx, key, subject)
		slices.SortFunc(all, func(a, b policydoc.Acknowledgement) int { return arrived[of(a)] - arrived[of(b)] })
		return all, err
	}
}

// lastCounts keeps the last acknowledged version instead of the highest.
func lastCounts(f *faulty) {
	var lock sync.Mutex
	last := map[privacy.SubjectID]int{}
	f.onAppendAcknowledgement = func(ctx context.Context, a policydoc.Acknowledgement, events []privacy.Event) error {
		lock.Lock()
		defer lock.Unlock()
		last[a.Subject] = a.Version
		return f.Store.AppendAcknowledgement(ctx, a, events)
	}
	f.onUnacknowledged = func(_ context.Context, q policydoc.Outstanding) ([]privacy.SubjectID, error) {
		lock.Lock()
		defer lock.Unlock()
		var subjects []privacy.SubjectID
		for id, version := range last {
			if version < q.Version && id > q.After {
				subjects = append(subjects, id)
			}
		}
		slices.Sort(subjects)
		return subjects[:min(len(subjects), q.Limit)], nil
	}
}

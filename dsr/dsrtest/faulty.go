package dsrtest

import (
	"context"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/privacy"
)

// faulty is a sound store with faults: what is nil is sound.
type faulty struct {
	sound Harness
	// before sees every call, its context and the error that it may make of it.
	before func(ctx context.Context) (context.Context, error)

	update     func(ctx context.Context, u dsr.Update) error
	digest     func(ctx context.Context, tenant privacy.TenantID, key string) (string, error)
	getCase    func(ctx context.Context, tenant privacy.TenantID, id dsr.CaseID) (dsr.Case, error)
	log        func(ctx context.Context, tenant privacy.TenantID, id dsr.CaseID, after uint64, limit int) ([]dsr.LogLine, error)
	open       func(ctx context.Context, tenant privacy.TenantID, after dsr.Position, limit int) ([]dsr.Summary, error)
	byState    func(ctx context.Context, tenant privacy.TenantID, state dsr.State, after dsr.Position, limit int) ([]dsr.Summary, error)
	withDead   func(ctx context.Context, tenant privacy.TenantID, after dsr.Position, limit int) ([]dsr.Summary, error)
	ofSubject  func(ctx context.Context, tenant privacy.TenantID, subject privacy.SubjectID, after dsr.CaseID, limit int) ([]dsr.Summary, error)
	claim      func(ctx context.Context, now, until time.Time, limit int) ([]dsr.Lease, error)
	retry      func(ctx context.Context, lease dsr.Lease, at time.Time, problem string) error
	bury       func(ctx context.Context, lease dsr.Lease, problem string) error
	buried     func(ctx context.Context, tenant privacy.TenantID) ([]dsr.Lease, error)
	saveBreach func(ctx context.Context, b dsr.Breach) error
	breach     func(ctx context.Context, tenant privacy.TenantID, id dsr.BreachID) (dsr.Breach, error)
	breaches   func(ctx context.Context, tenant privacy.TenantID, after dsr.BreachID, limit int) ([]dsr.Breach, error)
	closed     func(ctx context.Context, tenant privacy.TenantID, q dsr.ClosedQuery) ([]dsr.ClosedCase, error)
	redact     func(ctx context.Context, d dsr.Disposal) error
	erase      func(ctx context.Context, d dsr.Disposal) error
	requests   func(ctx context.Context, tenant privacy.TenantID) ([]OpenRequest, error)
	events     func(ctx context.Context, tenant privacy.TenantID) ([]privacy.Event, error)
}

var _ dsr.Store = (*faulty)(nil)

// harness returns the faulty store and the windows on it.
func (f *faulty) harness() Harness {
	h := Harness{Store: f, Effects: f.sound.Effects, Events: f.sound.Events, Requests: f.sound.Requests}
	if f.requests != nil {
		h.Requests = f.requests
	}
	if f.events != nil {
		h.Events = f.events
	}
	return h
}

// enter is called before every call.
func (f *faulty) enter(ctx context.Context) (context.Context, error) {
	if f.before == nil {
		return ctx, nil
	}
	return f.before(ctx)
}

func (f *faulty) Update(ctx context.Context, u dsr.Update) error {
	ctx, err := f.enter(ctx)
	switch {
	case err != nil:
		return err
	case f.update != nil:
		return f.update(ctx, u)
	}
	return f.sound.Update(ctx, u)
}

func (f *faulty) Digest(ctx context.Context, tenant privacy.TenantID, key string) (string, error) {
	ctx, err := f.enter(ctx)
	switch {
	case err != nil:
		return "", err
	case f.digest != nil:
		return f.digest(ctx, tenant, key)
	}
	return f.sound.Digest(ctx, tenant, key)
}

func (f *faulty) Case(ctx context.Context, tenant privacy.TenantID, id dsr.CaseID) (dsr.Case, error) {
	ctx, err := f.enter(ctx)
	switch {
	case err != nil:
		return dsr.Case{}, err
	case f.getCase != nil:
		return f.getCase(ctx, tenant, id)
	}
	return f.sound.Case(ctx, tenant, id)
}

func (f *faulty) Log(ctx context.Context, tenant privacy.TenantID, id dsr.CaseID, after uint64, limit int) ([]dsr.LogLine, error) {
	ctx, err := f.enter(ctx)
	switch {
	case err != nil:
		return nil, err
	case f.log != nil:
		return f.log(ctx, tenant, id, after, limit)
	}
	return f.sound.Log(ctx, tenant, id, after, limit)
}

func (f *faulty) Open(ctx context.Context, tenant privacy.TenantID, after dsr.Position, limit int) ([]dsr.Summary, error) {
	ctx, err := f.enter(ctx)
	switch {
	case err != nil:
		return nil, err
	case f.open != nil:
		return f.open(ctx, tenant, after, limit)
	}
	return f.sound.Open(ctx, tenant, after, limit)
}

func (f *faulty) ByState(ctx context.Context, tenant privacy.TenantID, state dsr.State, after dsr.Position, limit int) ([]dsr.Summary, error) {
	ctx, err := f.enter(ctx)
	switch {
	case err != nil:
		return nil, err
	case f.byState != nil:
		return f.byState(ctx, tenant, state, after, limit)
	}
	return f.sound.ByState(ctx, tenant, state, after, limit)
}

func (f *faulty) WithDeadTask(ctx context.Context, tenant privacy.TenantID, after dsr.Position, limit int) ([]dsr.Summary, error) {
	ctx, err := f.enter(ctx)
	switch {
	case err != nil:
		return nil, err
	case f.withDead != nil:
		return f.withDead(ctx, tenant, after, limit)
	}
	return f.sound.WithDeadTask(ctx, tenant, after, limit)
}

func (f *faulty) OfSubject(ctx context.Context, tenant privacy.TenantID, subject privacy.SubjectID, after dsr.CaseID, limit int) ([]dsr.Summary, error) {
	ctx, err := f.enter(ctx)
	switch {
	case err != nil:
		return nil, err
	case f.ofSubject != nil:
		return f.ofSubject(ctx, tenant, subject, after, limit)
	}
	return f.sound.OfSubject(ctx, tenant, subject, after, limit)
}

func (f *faulty) Claim(ctx context.Context, now, until time.Time, limit int) ([]dsr.Lease, error) {
	ctx, err := f.enter(ctx)
	switch {
	case err != nil:
		return nil, err
	case f.claim != nil:
		return f.claim(ctx, now, until, limit)
	}
	return f.sound.Claim(ctx, now, until, limit)
}

func (f *faulty) Retry(ctx context.Context, lease dsr.Lease, at time.Time, problem string) error {
	ctx, err := f.enter(ctx)
	switch {
	case err != nil:
		return err
	case f.retry != nil:
		return f.retry(ctx, lease, at, problem)
	}
	return f.sound.Retry(ctx, lease, at, problem)
}

func (f *faulty) Bury(ctx context.Context, lease dsr.Lease, problem string) error {
	ctx, err := f.enter(ctx)
	switch {
	case err != nil:
		return err
	case f.bury != nil:
		return f.bury(ctx, lease, problem)
	}
	return f.sound.Bury(ctx, lease, problem)
}

func (f *faulty) Buried(ctx context.Context, tenant privacy.TenantID) ([]dsr.Lease, error) {
	ctx, err := f.enter(ctx)
	switch {
	case err != nil:
		return nil, err
	case f.buried != nil:
		return f.buried(ctx, tenant)
	}
	return f.sound.Buried(ctx, tenant)
}

func (f *faulty) SaveBreach(ctx context.Context, b dsr.Breach) error {
	ctx, err := f.enter(ctx)
	switch {
	case err != nil:
		return err
	case f.saveBreach != nil:
		return f.saveBreach(ctx, b)
	}
	return f.sound.SaveBreach(ctx, b)
}

func (f *faulty) Breach(ctx context.Context, tenant privacy.TenantID, id dsr.BreachID) (dsr.Breach, error) {
	ctx, err := f.enter(ctx)
	switch {
	case err != nil:
		return dsr.Breach{}, err
	case f.breach != nil:
		return f.breach(ctx, tenant, id)
	}
	return f.sound.Breach(ctx, tenant, id)
}

func (f *faulty) Breaches(ctx context.Context, tenant privacy.TenantID, after dsr.BreachID, limit int) ([]dsr.Breach, error) {
	ctx, err := f.enter(ctx)
	switch {
	case err != nil:
		return nil, err
	case f.breaches != nil:
		return f.breaches(ctx, tenant, after, limit)
	}
	return f.sound.Breaches(ctx, tenant, after, limit)
}

func (f *faulty) Closed(ctx context.Context, tenant privacy.TenantID, q dsr.ClosedQuery) ([]dsr.ClosedCase, error) {
	ctx, err := f.enter(ctx)
	switch {
	case err != nil:
		return nil, err
	case f.closed != nil:
		return f.closed(ctx, tenant, q)
	}
	return f.sound.Closed(ctx, tenant, q)
}

func (f *faulty) Redact(ctx context.Context, d dsr.Disposal) error {
	ctx, err := f.enter(ctx)
	switch {
	case err != nil:
		return err
	case f.redact != nil:
		return f.redact(ctx, d)
	}
	return f.sound.Redact(ctx, d)
}

func (f *faulty) Erase(ctx context.Context, d dsr.Disposal) error {
	ctx, err := f.enter(ctx)
	switch {
	case err != nil:
		return err
	case f.erase != nil:
		return f.erase(ctx, d)
	}
	return f.sound.Erase(ctx, d)
}

package consent

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// GateOptions configure a Gate. The zero value asks the store every time.
type GateOptions struct {
	// Cache makes the gate answer from memory; nil means no cache. A gate with
	// a cache answers from it only while Follow runs.
	Cache *CacheOptions
	// Zone is where the days of minimum ages begin; nil means UTC.
	Zone *time.Location
	// Transfers judges disclosures to other countries, once a day for each
	// prepared use; nil means that the declared mechanisms are taken as they are.
	Transfers TransferJudge
}

// Gate decides whether a use of personal data is allowed. It fails closed: what
// it does not know, cannot read or does not understand is refused. A Gate is
// safe for concurrent use.
type Gate struct {
	ledger       *Ledger
	store        Store
	register     *privacy.Register
	registerHash [32]byte
	clock        privacy.Clock
	hooks        privacy.Hooks
	zone         *time.Location
	transfers    TransferJudge
	cache        *cache
}

// NewGate returns a gate on the ledger and its store: what the ledger writes is
// seen by the gate at once. options may be nil. The error matches
// privacy.ErrInvalid if ledger or store is nil.
func NewGate(ledger *Ledger, store Store, options *GateOptions) (*Gate, error) {
	if ledger == nil || store == nil {
		return nil, fmt.Errorf("consent: a gate needs a ledger and a store: %w", privacy.ErrInvalid)
	}
	if options == nil {
		options = &GateOptions{}
	}
	g := &Gate{
		ledger: ledger, store: store, register: ledger.register, registerHash: ledger.register.Hash(),
		clock: ledger.clock, hooks: ledger.hooks, zone: options.Zone, transfers: options.Transfers,
	}
	if g.zone == nil {
		g.zone = time.UTC
	}
	if options.Cache != nil {
		g.cache = newCache(g.register, *options.Cache, g.clock.Now())
		ledger.shared.add(g.cache)
	}
	return g, nil
}

// Register returns the register that the gate decides by.
func (g *Gate) Register() *privacy.Register { return g.register }

// Check decides whether the use is allowed for the subject now. The decision
// refuses whenever the error is not nil: the error is the store's or the
// context's, or matches privacy.ErrInvalid for identifiers that are not legal.
// A refusal is no error here; Decision.Err makes one of it.
func (p *PreparedUse) Check(ctx context.Context, subject privacy.Subject) (decision Decision, err error) {
	if p.checkCached(&decision, &subject, Guard{}) {
		return decision, nil
	}
	return p.checkStored(ctx, subject, Guard{})
}

// CheckAtLeast is Check on a state that is at least as new as the stamp: one
// that a write returned, perhaps on another node. It refuses with
// CodeStateOutdated if the store is behind, as a lagging replica is.
func (p *PreparedUse) CheckAtLeast(ctx context.Context, subject privacy.Subject, stamp Stamp) (decision Decision, err error) {
	if p.checkCached(&decision, &subject, stamp.Guard) {
		return decision, nil
	}
	return p.checkStored(ctx, subject, stamp.Guard)
}

// Recheck decides again, on the state in the store and never from the cache: at
// commit time, or when work comes off a queue. The new decision's stamp differs
// from the given one if anything happened meanwhile. A stamp that the store has
// not reached is refused with CodeStateOutdated.
func (p *PreparedUse) Recheck(ctx context.Context, subject privacy.Subject, stamp Stamp) (Decision, error) {
	return p.checkStored(ctx, subject, stamp.Guard)
}

// checkCached decides from the cache, if it may; it allocates nothing. The
// clock is read after the state, so that a process that was paused in between
// notices that what it holds is old.
func (p *PreparedUse) checkCached(decision *Decision, subject *privacy.Subject, least Guard) bool {
	cache := p.gate.cache
	if cache == nil || (subject.ID == "" && p.role != privacy.RoleProcessor) {
		return false
	}
	var view subjectView
	tenant := cache.lookup(subject.Tenant, subject.ID, p.purposeIndex, &view)
	if tenant == nil || view.version < least.SubjectVersion || tenant.version < least.TenantVersion {
		return false
	}
	now := p.gate.clock.Now()
	if !cache.fresh(now) {
		return false
	}
	p.evaluate(decision, &view, tenant, subject.Jurisdiction, now, p.cutoff(now))
	return true
}

// checkStored decides from the store and fills the cache.
func (p *PreparedUse) checkStored(ctx context.Context, subject privacy.Subject, least Guard) (Decision, error) {
	decisions, err := p.checkMany(ctx, []privacy.Subject{subject}, least, p.gate.clock.Now())
	return decisions[0], err
}

// CheckAll is Check for many subjects in few round trips: it reads what is not
// cached at once. The decisions are in the order of the subjects. If the error
// is not nil, the decisions that could not be made refuse.
func (p *PreparedUse) CheckAll(ctx context.Context, subjects []privacy.Subject) ([]Decision, error) {
	decisions := make([]Decision, len(subjects))
	missing := make([]privacy.Subject, 0, len(subjects))
	places := make([]int, 0, len(subjects))
	for i := range subjects {
		if !p.checkCached(&decisions[i], &subjects[i], Guard{}) {
			missing = append(missing, subjects[i])
			places = append(places, i)
		}
	}
	if len(missing) == 0 {
		return decisions, nil
	}
	stored, err := p.checkMany(ctx, missing, Guard{}, p.gate.clock.Now())
	for i, decision := range stored {
		decisions[places[i]] = decision
	}
	return decisions, err
}

// checkMany decides from one read of the store.
func (p *PreparedUse) checkMany(ctx context.Context, subjects []privacy.Subject, least Guard, now time.Time) ([]Decision, error) {
	decisions := make([]Decision, len(subjects))
	reading := newReading(len(subjects))
	var faults []error
	for i, subject := range subjects {
		decisions[i] = p.refusal(CodeStateUnavailable, now)
		if code, err := p.checkSubject(subject); code != CodeAllowed {
			decisions[i] = p.refusal(code, now)
			faults = append(faults, err)
			continue
		}
		reading.want(p.gate.cache, subject)
	}
	if len(reading.keys) == 0 {
		return decisions, errors.Join(faults...)
	}
	streams, err := readStreams(ctx, p.gate.store, reading.keys)
	if err != nil {
		return decisions, errors.Join(append(faults, fmt.Errorf("consent: check: %w", err))...)
	}
	now = p.gate.clock.Now() // the read may have taken longer than a consent lasts
	for i, subject := range subjects {
		if decisions[i].Code == CodeStateUnavailable {
			p.decide(&decisions[i], subject, reading, streams, least, now)
		}
	}
	return decisions, errors.Join(faults...)
}

func (p *PreparedUse) refusal(code Code, now time.Time) Decision {
	return Decision{Code: code, Role: p.role, Purpose: p.purpose.ID, Activity: p.activity, At: now}
}

// checkSubject returns CodeAllowed for a subject that the store may be asked for.
func (p *PreparedUse) checkSubject(subject privacy.Subject) (Code, error) {
	if err := privacy.CheckID("tenant", string(subject.Tenant)); err != nil {
		return CodeSubjectInvalid, err
	}
	if subject.ID == "" {
		if p.role != privacy.RoleProcessor {
			return CodeSubjectRequired, nil
		}
		return CodeAllowed, nil
	}
	if err := privacy.CheckID("subject", string(subject.ID)); err != nil {
		return CodeSubjectInvalid, err
	}
	return CodeAllowed, nil
}

// decide evaluates one subject on the streams that were read.
func (p *PreparedUse) decide(decision *Decision, subject privacy.Subject, reading *reading, streams []Stream, least Guard, now time.Time) {
	key := StreamKey{Tenant: subject.Tenant, Subject: subject.ID}
	var state State
	if subject.ID != "" {
		var err error
		if state, err = streams[reading.places[key]].SubjectState(); err != nil {
			decision.Code = CodeStateUnreadable
			return
		}
	}
	tenantState, err := streams[reading.places[StreamKey{Tenant: subject.Tenant}]].TenantState()
	if err != nil {
		decision.Code = CodeStateUnreadable
		return
	}
	if state.Version < least.SubjectVersion || tenantState.Version < least.TenantVersion {
		decision.Code = CodeStateOutdated
		return
	}
	tenant := newTenantView(p.gate.register, subject.Tenant, &tenantState)
	if p.gate.cache != nil {
		p.gate.cache.fill(reading.tickets[key], key, &state, tenant)
	}
	view := newSubjectView(&state, p.purpose.ID)
	p.evaluate(decision, &view, tenant, subject.Jurisdiction, now, p.cutoff(now))
}

// reading is one read of several streams, each asked for once.
type reading struct {
	keys    []StreamKey
	places  map[StreamKey]int
	tickets map[StreamKey]ticket
}

func newReading(subjects int) *reading {
	return &reading{
		keys:    make([]StreamKey, 0, subjects+1),
		places:  make(map[StreamKey]int, subjects+1),
		tickets: make(map[StreamKey]ticket, subjects),
	}
}

// want asks for a subject's and its tenant's stream. The ticket must be taken
// before the store is read.
func (r *reading) want(cache *cache, subject privacy.Subject) {
	key := StreamKey{Tenant: subject.Tenant, Subject: subject.ID}
	if _, known := r.tickets[key]; known {
		return
	}
	r.tickets[key] = ticket{}
	if cache != nil {
		r.tickets[key] = cache.ticket(key)
	}
	r.add(key)
	r.add(StreamKey{Tenant: subject.Tenant})
}

func (r *reading) add(key StreamKey) {
	if _, known := r.places[key]; !known {
		r.places[key] = len(r.keys)
		r.keys = append(r.keys, key)
	}
}

package dsr

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

// Options configure a Service.
type Options struct {
	// Book holds the law. Nil takes the presets.
	Book *regime.Book
	// Zone is that of the controller's establishment. Required.
	Zone *time.Location
	// Calendar is that of the place where answers are made: many laws move a
	// deadline off a holiday. Required; privacy.WeekdaysOnly if none is known.
	Calendar *privacy.Calendar
	// Clock and IDs are those of the system if nil.
	Clock privacy.Clock
	IDs   privacy.IDSource
	// Source is the URI reference that names the service in audit events.
	Source string
	// Hooks see every operation, if not nil.
	Hooks privacy.Hooks
	// RemindDays are how many days before the due day of an open item a wake-up
	// of kind WakeReminder is set. Without any nobody is reminded; that a period
	// ended is recorded all the same.
	RemindDays []int
}

// Service opens cases and moves them along, each command in one unit of work:
// the case, its log, the effects on the consent ledger, the audit events and
// the wake-ups at its deadlines. It is safe for concurrent use.
type Service struct {
	cases      CaseStore
	book       *regime.Book
	procedures map[string]*Procedure // by version of the regime
	zone       *time.Location
	clock      privacy.Clock
	ids        privacy.IDSource
	source     string
	hooks      privacy.Hooks
	remindDays []int
}

// NewService returns a service on a store. The error matches privacy.ErrInvalid.
func NewService(cases CaseStore, options Options) (*Service, error) {
	if cases == nil || options.Zone == nil || options.Calendar == nil {
		return nil, fmt.Errorf("dsr: a service needs a store, a zone and a calendar: %w", privacy.ErrInvalid)
	}
	s := &Service{
		cases: cases, book: options.Book, procedures: map[string]*Procedure{}, zone: options.Zone,
		clock: options.Clock, ids: options.IDs, source: options.Source, hooks: options.Hooks,
		remindDays: slices.Clone(options.RemindDays),
	}
	if s.book == nil {
		presets, err := regime.Presets()
		if err != nil {
			return nil, err
		}
		s.book = presets
	}
	if s.clock == nil {
		s.clock = privacy.SystemClock{}
	}
	if s.ids == nil {
		s.ids = privacy.RandomIDs{}
	}
	if s.hooks == nil {
		s.hooks = privacy.NoHooks{}
	}
	for _, id := range s.book.IDs() {
		for _, r := range s.book.Versions(id) {
			p, err := NewProcedure(r, options.Zone, options.Calendar)
			if err != nil {
				return nil, err
			}
			s.procedures[r.Version()] = p
		}
	}
	return s, nil
}

// maxSkew is how far the clocks of those who receive requests may be ahead.
const maxSkew = 2 * time.Minute

// Open begins a case under the version of a regime in force on the day of
// receipt. An empty in.ID gets a new one, a zero in.Received is now; one more
// than two minutes ahead is refused, since its deadlines would be too late. With
// a key, opening twice opens once and returns the case as it now stands. The
// error matches privacy.ErrInvalid, privacy.ErrNotFound for an unknown regime,
// privacy.ErrConflict for a key that was used for something else, or is a Guard.
func (s *Service) Open(ctx context.Context, id regime.ID, in Intake, key string) (opened Case, err error) {
	ctx, end := s.hooks.Start(ctx, "dsr.open")
	defer func() { end(err) }()
	digest, err := digestOf(key, "open", id, in)
	if err != nil {
		return Case{}, err
	}
	now := s.clock.Now()
	if in.Received.IsZero() {
		in.Received = now
	}
	if in.Received.After(now.Add(maxSkew)) {
		return Case{}, fmt.Errorf("dsr: a request cannot be received in the future: %w", privacy.ErrInvalid)
	}
	if in.ID == "" {
		in.ID = s.newID(key)
	}
	if done, err := s.repeated(ctx, in.Tenant, key, digest); done || err != nil {
		return s.reread(ctx, in.Tenant, in.ID, err)
	}
	r, err := s.book.InForce(id, privacy.DateOf(in.Received, s.zone))
	if err != nil {
		return Case{}, err
	}
	change, err := s.procedures[r.Version()].Open(in)
	if err != nil {
		return Case{}, err
	}
	if err := s.write(ctx, 0, change, written{key: key, digest: digest}); err != nil {
		return Case{}, err
	}
	if key != "" {
		// Another call with this key may have come first.
		return s.cases.Case(ctx, in.Tenant, in.ID)
	}
	return change.Case, nil
}

// newID derives the id of a case from its key, so that a repeated call finds
// the case that the first one opened.
func (s *Service) newID(key string) CaseID {
	if key == "" {
		return CaseID(s.ids.NewID())
	}
	sum := sha256.Sum256([]byte("case/" + key))
	return CaseID(hex.EncodeToString(sum[:16]))
}

// Handle applies a command to a case. A zero cmd.At is now. With a key, doing
// it twice does it once and returns the case as it now stands. The error is a
// Guard or a *TransitionError where the law or the state of the case is in the
// way, and matches privacy.ErrNotFound for an unknown case, privacy.ErrConflict
// if the key was used for something else or others keep changing the case, and
// privacy.ErrInvalid for an item that is not there.
func (s *Service) Handle(ctx context.Context, tenant privacy.TenantID, id CaseID, cmd Command, key string) (Case, error) {
	digest, err := digestOf(key, "handle", id, cmd)
	if err != nil {
		return Case{}, err
	}
	return s.change(ctx, "dsr.handle", tenant, id, written{key: key, digest: digest}, func(p *Procedure, c Case) (Change, error) {
		if cmd.At.IsZero() {
			cmd.At = s.clock.Now()
			if cmd.At.Before(c.Received) { // by a clock that is ahead
				cmd.At = c.Received
			}
		}
		return p.Handle(c, cmd)
	})
}

// Work applies one of the methods of Procedure to a case, such as Plan or
// Protect: change computes the next version from the stored one. It can be
// called again, when another update came between, and must have no effect of
// its own. The digest stands for what is asked under the key. Errors are those of
// change, and as for Handle.
func (s *Service) Work(ctx context.Context, tenant privacy.TenantID, id CaseID, key, digest string, change func(p *Procedure, c Case) (Change, error)) (Case, error) {
	return s.change(ctx, "dsr.work", tenant, id, written{key: key, digest: digest}, change)
}

// Complete is Work under a lease: the wake-up is completed in the same unit of
// work, and if the lease is not the latest any more the error matches
// privacy.ErrConflict and nothing is written.
func (s *Service) Complete(ctx context.Context, lease Lease, id CaseID, change func(p *Procedure, c Case) (Change, error)) (Case, error) {
	return s.change(ctx, "dsr.complete", lease.Tenant, id, written{completes: &lease}, change)
}

// IssueCode gives a case that waits for identity a new one-time code and returns
// it for the host to send; see Procedure.IssueCode.
func (s *Service) IssueCode(ctx context.Context, tenant privacy.TenantID, id CaseID) (code string, err error) {
	_, err = s.change(ctx, "dsr.issue_code", tenant, id, written{}, func(p *Procedure, c Case) (Change, error) {
		var change Change
		var err error
		change, code, err = p.IssueCode(c, s.clock.Now())
		return change, err
	})
	if err != nil {
		return "", err
	}
	return code, nil
}

// CheckCode tries a code and stores the attempt, also one that fails. If the
// code is wrong the error matches ErrCode.
func (s *Service) CheckCode(ctx context.Context, tenant privacy.TenantID, id CaseID, code string) (Case, error) {
	var wrong error
	c, err := s.change(ctx, "dsr.check_code", tenant, id, written{}, func(p *Procedure, c Case) (Change, error) {
		change, err := p.CheckCode(c, code, s.clock.Now())
		if wrong = nil; errors.Is(err, ErrCode) {
			wrong, err = err, nil
		}
		return change, err
	})
	if err != nil {
		return Case{}, err
	}
	return c, wrong
}

// attempts bounds how often a command is computed anew from a newer version.
const attempts = 5

func (s *Service) change(ctx context.Context, operation string, tenant privacy.TenantID, id CaseID, w written, compute func(p *Procedure, c Case) (Change, error)) (changed Case, err error) {
	ctx, end := s.hooks.Start(ctx, operation)
	defer func() { end(err) }()
	if done, err := s.repeated(ctx, tenant, w.key, w.digest); done || err != nil {
		return s.reread(ctx, tenant, id, err)
	}
	for range attempts {
		c, err := s.cases.Case(ctx, tenant, id)
		if err != nil {
			return Case{}, err
		}
		p, err := s.procedure(c)
		if err != nil {
			return Case{}, err
		}
		change, err := compute(p, c)
		if err != nil {
			return Case{}, err
		}
		err = s.write(ctx, c.Version, change, w)
		if err == nil && w.key != "" {
			// Another call with this key may have come first.
			return s.cases.Case(ctx, tenant, id)
		}
		if err == nil {
			return change.Case, nil
		}
		if !errors.Is(err, privacy.ErrConflict) {
			return Case{}, err
		}
	}
	return Case{}, fmt.Errorf("other updates came between %d times: %w", attempts, privacy.ErrConflict)
}

// Procedure returns the procedure that a case runs by. The error matches
// regime.ErrUnknownRegime if the book does not have its version of the law.
func (s *Service) Procedure(c Case) (*Procedure, error) { return s.procedure(c) }

// procedure returns that of the version of the law that a case is bound to.
func (s *Service) procedure(c Case) (*Procedure, error) {
	p, ok := s.procedures[c.Regime]
	if !ok {
		return nil, fmt.Errorf("the case is bound to %s: %w", c.Regime, regime.ErrUnknownRegime)
	}
	return p, nil
}

// repeated reports whether a key was used for the same before.
func (s *Service) repeated(ctx context.Context, tenant privacy.TenantID, key, digest string) (bool, error) {
	if key == "" {
		return false, nil
	}
	used, err := s.cases.Digest(ctx, tenant, key)
	switch {
	case errors.Is(err, privacy.ErrNotFound):
		return false, nil
	case err != nil:
		return false, err
	case used != digest:
		return false, fmt.Errorf("the key was used for something else: %w", privacy.ErrConflict)
	}
	return true, nil
}

func (s *Service) reread(ctx context.Context, tenant privacy.TenantID, id CaseID, err error) (Case, error) {
	if err != nil {
		return Case{}, err
	}
	return s.cases.Case(ctx, tenant, id)
}

// digestOf stands for what is asked under a key; without one nobody compares it.
func digestOf(key string, values ...any) (string, error) {
	if key == "" {
		return "", nil
	}
	data, err := privacy.CanonicalJSON(values)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), nil
}

// written is what a unit of work carries besides the change.
type written struct {
	key, digest string
	completes   *Lease
}

// write hands a change to the store as one unit of work.
func (s *Service) write(ctx context.Context, expect uint64, change Change, w written) error {
	u := Update{
		Expect: expect, Case: change.Case, Effects: change.Effects, Wakes: slices.Clone(change.Wakes),
		Key: w.key, Digest: w.digest, Completes: w.completes,
	}
	p := s.procedures[change.Case.Regime]
	if err := p.schedule(&u, s.clock.Now()); err != nil {
		return err
	}
	if err := s.remind(p, &u); err != nil {
		return err
	}
	for i, entry := range change.Entries {
		line, err := p.line(change.Case, entry)
		if err != nil {
			return err
		}
		u.Lines = append(u.Lines, line)
		u.Events = append(u.Events, s.event(change.Case, entry, i))
	}
	return s.cases.Update(ctx, u)
}

// logged is a line of the log: who, when, what, under which law, with the
// inputs and the result of the date that follows.
type logged struct {
	Item     int              `json:"item"`
	Version  uint64           `json:"version"`
	Regime   string           `json:"regime"`
	Event    string           `json:"event,omitempty"`
	Actor    string           `json:"actor"`
	From     string           `json:"from,omitempty"`
	To       string           `json:"to,omitempty"`
	Reason   Reason           `json:"reason,omitempty"`
	Due      privacy.Date     `json:"due,omitzero"`
	Clock    string           `json:"clock,omitempty"`
	Pauses   []regime.Pause   `json:"pauses,omitempty"`
	Contents []regime.Content `json:"must_include,omitempty"`
	Duties   []string         `json:"duties,omitempty"`
	Task     *loggedTask      `json:"task,omitempty"`
	// Protection is a protection that began or ended, as Became says.
	Protection *Protection      `json:"protection,omitempty"`
	Became     ProtectionChange `json:"protection_change,omitempty"`
	// Lifted: the restriction of the processing ended, and InformedAt is when the
	// subject was told.
	Lifted     bool      `json:"restriction_lifted,omitempty"`
	InformedAt time.Time `json:"informed_at,omitzero"`
	// Identified: it was found whose data the case is about.
	Identified bool `json:"identified,omitempty"`
}

// loggedTask is what became of a task: which data it concerns, which attempt it
// was, and the proof or the problem.
type loggedTask struct {
	ID         TaskID               `json:"id"`
	State      TaskState            `json:"state"`
	Action     Action               `json:"action"`
	System     privacy.SystemID     `json:"system,omitempty"`
	Recipient  privacy.RecipientID  `json:"recipient,omitempty"`
	Categories []privacy.CategoryID `json:"categories,omitempty"`
	Withheld   []privacy.CategoryID `json:"withheld,omitempty"`
	Spared     []Record             `json:"spared,omitempty"`
	Attempt    int                  `json:"attempt,omitempty"`
	Evidence   string               `json:"evidence,omitempty"`
	Problem    string               `json:"problem,omitempty"`
}

func logTask(t Task) *loggedTask {
	state := t.State
	if state == TaskPending {
		state = "pending"
	}
	return &loggedTask{
		ID: t.ID, State: state, Action: t.Action, System: t.System, Recipient: t.Recipient, Categories: t.Categories,
		Withheld: t.Withheld, Spared: t.Spared, Attempt: t.Attempts, Evidence: t.Evidence, Problem: t.Problem,
	}
}

func (p *Procedure) line(c Case, entry Entry) (LogLine, error) {
	l := logged{
		Item: entry.Item, Version: c.Version, Regime: c.Regime, Actor: entry.Actor.String(),
		Reason: entry.Step.Reason, Contents: entry.Step.MustInclude, Became: entry.ProtectionChange,
		Lifted: entry.Lifted, Identified: entry.Identified,
	}
	if !entry.InformedAt.IsZero() {
		l.InformedAt = asStored(entry.InformedAt)
	}
	switch {
	case entry.Task != "":
		l.Task = logTask(entry.TaskNow)
	case entry.ProtectionChange != "":
		l.Protection = &entry.Protection
	}
	if entry.Event != 0 {
		d, err := p.Deadline(c, entry.Item, entry.At)
		if err != nil {
			return LogLine{}, err
		}
		l.Event, l.To = entry.Event.String(), entry.To.String()
		if entry.From != 0 {
			l.From = entry.From.String()
		}
		l.Due, l.Clock, l.Pauses = d.Due, string(d.State), c.Items[entry.Item].Pauses
	}
	for _, duty := range entry.Step.Duties.All() {
		l.Duties = append(l.Duties, duty.String())
	}
	payload, err := privacy.CanonicalJSON(l)
	return LogLine{At: entry.At, Payload: string(payload)}, err
}

// event returns the audit event of an entry. Its id is derived, so that a
// repeated write of the same version repeats it.
func (s *Service) event(c Case, entry Entry, n int) privacy.Event {
	what := "task"
	switch {
	case entry.Event != 0:
		what = entry.Event.String()
	case entry.ProtectionChange != "":
		what = string(entry.ProtectionChange)
	case entry.Lifted:
		what = "restriction_lifted"
	case entry.Identified:
		what = "identified"
	}
	return privacy.Event{
		ID:     fmt.Sprintf("%s/%s/%d/%d", c.Tenant, c.ID, c.Version, n),
		Source: s.source, SpecVersion: privacy.SpecVersion, Type: "privacykit.dsr." + what,
		Subject: string(c.Subject), Time: entry.At, Tenant: c.Tenant,
	}
}

// Deadlines computes the dates of every item of a case as it stands. The error
// matches privacy.ErrNotFound for an unknown case, and is that of
// Procedure.Deadline.
func (s *Service) Deadlines(ctx context.Context, tenant privacy.TenantID, id CaseID) ([]regime.Deadline, error) {
	c, err := s.cases.Case(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	p, err := s.procedure(c)
	if err != nil {
		return nil, err
	}
	deadlines := make([]regime.Deadline, 0, len(c.Items))
	for i := range c.Items {
		d, err := p.Deadline(c, i, s.clock.Now())
		if err != nil {
			return nil, err
		}
		deadlines = append(deadlines, d)
	}
	return slices.Clip(deadlines), nil
}

package dsr

import (
	"context"
	"fmt"
	"time"

	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

// ErrUnidentified reports an answer about somebody's data in a case of which
// nobody knows yet whose they are. It matches privacy.ErrInvalid.
var ErrUnidentified = fmt.Errorf("it is not known yet whose data these are: %w", privacy.ErrInvalid)

// Identified reports whether it is known whose data the case is about. A
// processor need not know, as it forwards.
func (c Case) Identified() bool { return c.Subject != "" || c.Role == privacy.RoleProcessor }

// knows refuses an answer to somebody unknown, save where the law lets nobody
// ask who it is, as for an opt-out that a browser sends.
func (p *Procedure) knows(c Case, cmd Command) error {
	if c.Identified() || cmd.Event != EventFulfil && cmd.Event != EventFulfilPartially {
		return nil
	}
	it := &c.Items[cmd.Item]
	if _, asks := p.regime.Verify(it.Request, it.DirectMarketing).Needs(); asks {
		return ErrUnidentified
	}
	return nil
}

// Identify records whose data a case is about that came in without an account.
// What takes effect at once, such as a marketing objection, now reaches the
// subject. It says who was found, not that the requester is that person: proof
// of identity may still be due. The log says that and when somebody was found,
// not who. The error matches privacy.ErrInvalid; a case
// whose subject is known keeps it.
func (p *Procedure) Identify(c Case, subject privacy.SubjectID, at time.Time) (Change, error) {
	if err := privacy.CheckID("subject", string(subject)); err != nil {
		return Change{}, err
	}
	switch {
	case c.Regime != p.regime.Version():
		return Change{}, errOtherVersion
	case c.Subject != "" || c.Redacted || at.Before(c.Received):
		return Change{}, fmt.Errorf("the subject of a case is found once, while it is known to be missing: %w", privacy.ErrInvalid)
	}
	change := Change{Case: c.clone()}
	change.Case.Version++
	change.Case.Subject = subject
	change.Entries = []Entry{{Actor: ActorStaff, At: at, Identified: true}}
	if c.Role == privacy.RoleProcessor && c.Authority == "" {
		return change, nil
	}
	for i := range change.Case.Items {
		p.reach(&change, i, at)
	}
	return change, nil
}

// reach gives a subject that was found the effects that had nobody to reach.
func (p *Procedure) reach(change *Change, item int, at time.Time) {
	it := &change.Case.Items[item]
	switch {
	case it.Work == StateWithdrawn:
		return
	case it.Request == regime.RequestObjection && it.DirectMarketing:
		p.effect(change, item, at, privacy.Effect{Kind: privacy.EffectObjection, DirectMarketing: true})
	case it.Restricted:
		p.effect(change, item, at, privacy.Effect{Kind: privacy.EffectRestriction})
	default:
		p.standing(change, item, at)
	}
}

// Identify does Procedure.Identify on a stored case. With a key, doing it twice
// does it once.
func (s *Service) Identify(ctx context.Context, tenant privacy.TenantID, id CaseID, subject privacy.SubjectID, key string) (Case, error) {
	digest, err := digestOf(key, "identify", id, subject)
	if err != nil {
		return Case{}, err
	}
	return s.Work(ctx, tenant, id, key, digest, func(p *Procedure, c Case) (Change, error) {
		return p.Identify(c, subject, s.clock.Now())
	})
}

// Split returns the two halves of a request that concerns data in both roles:
// the one that the service answers as controller, and the one that it forwards
// as processor, which is linked to the first. Each has its own role, and so its
// own rules on who answers; both were received at the same time.
func (in Intake) Split(processor CaseID) (asController, asProcessor Intake) {
	asController, asProcessor = in, in
	asController.Role, asController.Authority = privacy.RoleController, ""
	asProcessor.Role, asProcessor.ID, asProcessor.SplitFrom = privacy.RoleProcessor, processor, in.ID
	asProcessor.Unidentified, asProcessor.DuplicateOf = false, ""
	return asController, asProcessor
}

// OpenSplit opens both halves of a request that concerns data in both roles,
// each under the regime in force on the day of receipt; in.Role does not matter
// and in.Authority is that of the processor's half. The key is required: after
// an error or a crash between the two, the same call opens what is missing.
func (s *Service) OpenSplit(ctx context.Context, id regime.ID, in Intake, key string) (asController, asProcessor Case, err error) {
	if key == "" {
		return Case{}, Case{}, fmt.Errorf("two cases are opened under a key: %w", privacy.ErrInvalid)
	}
	controller, _ := in.Split("")
	if asController, err = s.Open(ctx, id, controller, key+"/controller"); err != nil {
		return Case{}, Case{}, err
	}
	in.ID, in.Received = asController.ID, asStored(asController.Received)
	_, processor := in.Split(s.newID(key + "/processor"))
	asProcessor, err = s.Open(ctx, id, processor, key+"/processor")
	return asController, asProcessor, err
}

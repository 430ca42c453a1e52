package consent

import (
	"context"
	"sync/atomic"

	"github.com/labelop/privacykit/privacy"
)

// Shadow watches a running service before its gate is switched on: it decides
// as the gate would, reports what it would have refused, and refuses nothing.
// It is a type of its own, without Check, Err or Authorize, so that it cannot
// be mistaken for a gate that protects.
type Shadow struct {
	gate    *Gate
	report  func(context.Context, WouldRefuse)
	watched atomic.Int64
	refused atomic.Int64
}

// WouldRefuse is a refusal that the gate would have given.
type WouldRefuse struct {
	Subject  privacy.Subject
	Use      Use
	Decision Decision
	// Err is the error of the check, if it could not be made.
	Err error
}

// NewShadow returns a shadow of gate. report is called for every would-be
// refusal, in the goroutine that asked, and must be safe for concurrent use;
// nil reports nothing. Would-be refusals are counted under "consent.shadow".
func NewShadow(gate *Gate, report func(context.Context, WouldRefuse)) *Shadow {
	if report == nil {
		report = func(context.Context, WouldRefuse) {}
	}
	return &Shadow{gate: gate, report: report}
}

// ShadowUse is a use that is watched.
type ShadowUse struct {
	shadow   *Shadow
	prepared *PreparedUse
}

// Prepare resolves a use as Gate.Prepare does, with the same errors: what is
// not declared shows at start-up.
func (s *Shadow) Prepare(use Use) (*ShadowUse, error) {
	prepared, err := s.gate.Prepare(use)
	if err != nil {
		return nil, err
	}
	return &ShadowUse{shadow: s, prepared: prepared}, nil
}

// MustPrepare is Prepare for start-up, as Gate.MustPrepare is: it panics if the
// use cannot be prepared.
func (s *Shadow) MustPrepare(use Use) *ShadowUse {
	prepared, err := s.Prepare(use)
	if err != nil {
		panic(err)
	}
	return prepared
}

// Watch decides and reports. It has no result: nothing depends on it.
func (u *ShadowUse) Watch(ctx context.Context, subject privacy.Subject) {
	u.shadow.watched.Add(1)
	decision, err := u.prepared.Check(ctx, subject)
	if decision.Allowed() && err == nil {
		return
	}
	u.shadow.refused.Add(1)
	u.shadow.gate.hooks.Count("consent.shadow", decision.Code.String(), 1)
	u.shadow.report(ctx, WouldRefuse{Subject: subject, Use: u.prepared.Use(), Decision: decision, Err: err})
}

// Counts returns how many uses were watched and how many would have been refused.
func (s *Shadow) Counts() (watched, refused int64) { return s.watched.Load(), s.refused.Load() }

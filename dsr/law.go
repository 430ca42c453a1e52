package dsr

import (
	"fmt"
	"slices"

	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

// Law is what one version of a regime says about one kind of request, compiled
// for Next. It is immutable and safe for concurrent use.
type Law struct {
	regime  *regime.Regime
	request regime.Request

	verify, verifyMarketing verification
	pause                   [blockerCount]pauseRule
	silence                 [blockerCount]silenceRule
	extension               *regime.Extension
	appealExtension         *regime.Extension
	expiry                  regime.Expiry
	appeal, complaint       *privacy.Period // nil: no such right
	refusal, partial        []regime.Content
	extended, appealDenied  []regime.Content
	acknowledgement         []regime.Content
	notifyRecipients        bool
	informControllers       bool
}

// verification is a compiled regime.VerificationRule.
type verification struct {
	refused Guard // zero: may be asked for
	doubt   bool
	failed  Reason
	instead regime.Request
}

// pauseRule is a compiled regime.BlockerRule.
type pauseRule struct {
	clock ClockEffect
	need  need
}

type need uint8

const (
	needNothing need = iota
	needLargeQuantity
	needReasonablyRequired
)

type silenceRule struct{ wait, withdraws bool }

// NewLaw compiles a regime for a kind of request. The error matches
// regime.ErrNotRegulated if the regime has no clock for it.
func NewLaw(r *regime.Regime, request regime.Request) (*Law, error) {
	clock, ok := r.Clock(request)
	if !ok {
		return nil, fmt.Errorf("%s, request %q: %w", r.Version(), request, regime.ErrNotRegulated)
	}
	law := &Law{
		regime: r, request: request, extension: clock.Extension, expiry: clock.OnExpiry,
		verify:            compileVerification(r.Verify(request, false)),
		verifyMarketing:   compileVerification(r.Verify(request, true)),
		appeal:            responseTerm(r, regime.RequestAppeal),
		complaint:         acknowledgeTerm(r, regime.RequestComplaint),
		refusal:           contents(r, regime.NoticeRefusal, request),
		partial:           contents(r, regime.NoticePartial, request),
		extended:          contents(r, regime.NoticeExtension, request),
		appealDenied:      contents(r, regime.NoticeAppealDenied, request),
		acknowledgement:   contents(r, regime.NoticeAcknowledgement, request),
		notifyRecipients:  slices.Contains(r.Duties.NotifyRecipients.Rights, request),
		informControllers: slices.Contains(r.Duties.InformOtherControllers.Rights, request),
	}
	if appeal, ok := r.Clock(regime.RequestAppeal); ok {
		law.appealExtension = appeal.Extension
	}
	for b := range law.pause {
		name := Blocker(b).regime()
		law.pause[b] = compilePause(r.Blocker(name, request))
		if rule, ok := r.Silent(name); ok {
			law.silence[b] = silenceRule{wait: true, withdraws: rule.Withdraws}
		}
	}
	return law, nil
}

// Regime returns the version of the regime that was compiled.
func (l *Law) Regime() *regime.Regime { return l.regime }

// Request returns the kind of request.
func (l *Law) Request() regime.Request { return l.request }

func compileVerification(rule regime.VerificationRule) verification {
	v := verification{failed: Reason(rule.FailedReason)}
	if proof, asks := rule.Needs(); asks {
		v.instead = proof.Instead
	}
	switch rule.Demand {
	case regime.VerifyAlways:
	case regime.VerifyOnDoubt:
		v.doubt = true
	case regime.VerifyNotNeeded:
		v.refused = GuardVerificationNotNeeded
	default:
		v.refused = GuardVerificationNotAllowed
	}
	return v
}

func compilePause(rule regime.BlockerRule) pauseRule {
	var p pauseRule
	switch rule.Effect {
	case regime.EffectSuspend:
		p.clock = ClockSuspended
	case regime.EffectRestart:
		p.clock = ClockNotStarted
	default:
		p.clock = ClockRunning
	}
	switch rule.If {
	case regime.ConditionLargeQuantity:
		p.need = needLargeQuantity
	case regime.ConditionReasonablyRequired:
		p.need = needReasonablyRequired
	}
	return p
}

// on returns what the blocker does to the clock under the facts.
func (p pauseRule) on(f *Facts) ClockEffect {
	met := p.need == needNothing ||
		p.need == needLargeQuantity && f.LargeQuantity ||
		p.need == needReasonablyRequired && f.ReasonablyRequired
	if !met {
		return ClockRunning
	}
	return p.clock
}

// responseTerm returns the period of a procedure, nil if the regime has none.
func responseTerm(r *regime.Regime, request regime.Request) *privacy.Period {
	clock, ok := r.Clock(request)
	if !ok {
		return nil
	}
	return &clock.Respond[len(clock.Respond)-1].Within.Period
}

func acknowledgeTerm(r *regime.Regime, request regime.Request) *privacy.Period {
	clock, ok := r.Clock(request)
	if !ok || clock.Acknowledge == nil {
		return nil
	}
	return &clock.Acknowledge.Within.Period
}

func contents(r *regime.Regime, kind regime.NoticeKind, request regime.Request) []regime.Content {
	notice, _ := r.Notice(kind, request)
	return slices.Clip(notice.MustInclude)
}

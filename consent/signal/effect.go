package signal

import (
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

// GPC is the name of the signal in facts of the ledger.
const GPC = "gpc"

// Scope is what an opt-out by signal reaches.
type Scope string

// The scopes.
const (
	// ScopeBrowser is the browser that sent the signal, with any pseudonymous
	// profile of it, and ScopeDevice its device.
	ScopeBrowser Scope = "browser"
	ScopeDevice  Scope = "device"
	// ScopeAccount is the known person, on every device and offline.
	ScopeAccount Scope = "account"
)

// Effect is what the law of a state makes of a signal. The zero Effect obliges
// to nothing.
type Effect struct {
	// MustHonour reports whether the signal must be honoured.
	MustHonour bool
	// OptOut is what it opts out of, and Scope what that reaches.
	OptOut privacy.OptOutSet
	Scope  []Scope
	// ConfirmStatus reports whether the person must be shown that the signal was
	// honoured.
	ConfirmStatus bool
	// MayNotifyConflict reports whether a person who opted in before may be told
	// of the conflict, and asked.
	MayNotifyConflict bool
	Citation          string
}

// Effect returns what Global Privacy Control means under a regime, such as
// "us-ca-ccpa", or in a jurisdiction, such as "us-ca", on a day. known says that
// the sender is a known person. The error matches ErrUnknownRegime.
func (l *Law) Effect(regime string, known bool, on privacy.Date) (Effect, error) {
	row, err := l.find(regime, on)
	if err != nil {
		return Effect{}, err
	}
	if row.GPC == nil || on.Before(row.GPC.From) {
		return Effect{Citation: row.Citation}, nil
	}
	effect := Effect{
		MustHonour: true, OptOut: row.GPC.OptOut, Scope: []Scope{ScopeBrowser, ScopeDevice},
		ConfirmStatus:     !row.GPC.ConfirmStatusFrom.IsZero() && !on.Before(row.GPC.ConfirmStatusFrom),
		MayNotifyConflict: row.GPC.MayNotifyConflict, Citation: row.GPC.Citation,
	}
	if known {
		effect.Scope = append(effect.Scope, ScopeAccount)
	}
	return effect, nil
}

// Resolution is what is to be done about a signal that came with a request.
type Resolution struct {
	// Record are the facts to record for the person, none if the ledger knows
	// all of it already: signals come with every request.
	Record []consent.Fact
	// Conflict are the kinds for which the person had taken an opt-out back
	// before; the signal counts against it all the same.
	Conflict privacy.OptOutSet
	// MayNotify reports whether the person may be told of the conflict and asked.
	MayNotify bool
	// Status is what to show.
	Status Status
}

// Resolve compares the effect of a signal with the state of the person, or of
// the pseudonymous profile, that it came from. despite are the kinds that the
// person opted in to after having been told of the conflict: for them the signal
// is not recorded again (11 CCR 7025(c)(4)), where MayNotifyConflict is set.
func (e Effect) Resolve(state *consent.State, despite privacy.OptOutSet) Resolution {
	if !e.MustHonour {
		return Resolution{}
	}
	resolution := Resolution{Status: Status{Honoured: true, Show: e.ConfirmStatus}}
	var missing privacy.OptOutSet
	for kind := range e.OptOut.All() {
		mark := state.OptOut(kind)
		if mark.On {
			continue
		}
		optedIn := mark.Sequence != 0
		if optedIn && e.MayNotifyConflict && despite.Has(kind) {
			resolution.Status.Honoured = false
			continue
		}
		missing = missing.With(kind)
		if optedIn {
			resolution.Conflict = resolution.Conflict.With(kind)
		}
	}
	if missing != 0 {
		resolution.Record = []consent.Fact{consent.OptOut{Kinds: missing, Signal: GPC}}
	}
	resolution.MayNotify = e.MayNotifyConflict && resolution.Conflict != 0
	return resolution
}

// Status is what a person is shown of the signal.
type Status struct {
	// Honoured says that the opt-out is in effect, and Show that the law wants
	// it shown.
	Honoured, Show bool
}

// Code returns a stable code for texts in any language: "opt_out_honoured" or
// "opt_out_not_in_effect".
func (s Status) Code() string {
	if s.Honoured {
		return "opt_out_honoured"
	}
	return "opt_out_not_in_effect"
}

// Title returns the status in English.
func (s Status) Title() string {
	if s.Honoured {
		return "Opt-out request honored"
	}
	return "No opt-out in effect"
}

// MayAskToOptIn reports whether a person who opted out on a day may be asked to
// opt in again at a time, by the law on recurrence (Cal. Civ. Code
// 1798.135(c)(4)). The errors are those of consent.ValidityLaw.Recurrence.
func MayAskToOptIn(law *consent.ValidityLaw, regime string, optedOut privacy.Date, at time.Time) (bool, error) {
	recurrence, err := law.Recurrence(regime, consent.PastRefusal, optedOut)
	if err != nil {
		return false, err
	}
	return recurrence.MayAsk(privacy.DateOf(at, at.Location())), nil
}

package signal_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/consent/children"
	"github.com/labelop/privacykit/consent/signal"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
)

// today is the day by which cases without a date are judged.
var today = privacy.MustDate("2026-11-23")

// TestVectors runs the legal cases of testdata/vectors and of every directory
// in PRIVACYKIT_VECTORS.
func TestVectors(t *testing.T) {
	privacytest.RunVectors(t, map[string]func(privacytest.Vector) error{"consent_signal": grade})
}

type vectorInput struct {
	Regime     string             `json:"regime"`
	Signal     string             `json:"signal"`
	KnownUser  bool               `json:"known_user"`
	On         privacy.Date       `json:"on"`
	Question   string             `json:"question"`
	Event      string             `json:"event"`
	OptedOutAt privacy.Date       `json:"opted_out_at"`
	At         privacy.Date       `json:"at"`
	Age        *int               `json:"age"`
	Operation  children.Operation `json:"operation"`
}

type vectorExpect struct {
	OptOut        *privacy.OptOutSet    `json:"opt_out"`
	Scope         []signal.Scope        `json:"scope"`
	ConfirmStatus *bool                 `json:"confirm_status_to_user"`
	MustHonour    *bool                 `json:"must_honour"`
	Rule          signal.SensitiveRule  `json:"rule"`
	Allowed       *bool                 `json:"allowed"`
	Requires      *children.Requirement `json:"requires"`
}

func grade(v privacytest.Vector) error {
	var in vectorInput
	var want vectorExpect
	if err := privacytest.DecodeStrict(v.Input, &in); err != nil {
		return err
	}
	if err := privacytest.DecodeStrict(v.Expect, &want); err != nil {
		return err
	}
	switch {
	case in.Signal == "gpc":
		return gradeSignal(in, want)
	case in.Question == "sensitive_data_rule":
		return gradeSensitive(in, want)
	case in.Event == "ask_opt_in_again":
		return gradeAsking(in, want)
	case in.Age != nil && in.Operation != "":
		return gradeAge(in, want)
	}
	return fmt.Errorf("the case asks nothing that is known: %w", privacy.ErrInvalid)
}

func (in vectorInput) day() privacy.Date {
	if in.On.IsZero() {
		return today
	}
	return in.On
}

func gradeSignal(in vectorInput, want vectorExpect) error {
	law, err := signal.Embedded()
	if err != nil {
		return err
	}
	got, err := law.Effect(in.Regime, in.KnownUser, in.day())
	if err != nil {
		return err
	}
	if want.MustHonour != nil && got.MustHonour != *want.MustHonour {
		return fmt.Errorf("must honour: %t", got.MustHonour)
	}
	if want.OptOut != nil && got.OptOut != *want.OptOut {
		return fmt.Errorf("opts out of %s, not %s", got.OptOut, *want.OptOut)
	}
	slices.Sort(got.Scope)
	slices.Sort(want.Scope)
	if want.Scope != nil && !slices.Equal(got.Scope, want.Scope) {
		return fmt.Errorf("reaches %q, not %q", got.Scope, want.Scope)
	}
	if want.ConfirmStatus != nil && got.ConfirmStatus != *want.ConfirmStatus {
		return fmt.Errorf("confirm the status: %t", got.ConfirmStatus)
	}
	return nil
}

func gradeSensitive(in vectorInput, want vectorExpect) error {
	law, err := signal.Embedded()
	if err != nil {
		return err
	}
	got, err := law.SensitiveData(in.Regime, in.day())
	if err == nil && got != want.Rule {
		err = fmt.Errorf("the rule is %s, not %s", got, want.Rule)
	}
	return err
}

func gradeAsking(in vectorInput, want vectorExpect) error {
	law, err := consent.EmbeddedValidityLaw()
	if err != nil {
		return err
	}
	got, err := signal.MayAskToOptIn(law, in.Regime, in.OptedOutAt, in.At.Start(time.UTC))
	if err == nil && want.Allowed != nil && got != *want.Allowed {
		err = fmt.Errorf("may ask: %t", got)
	}
	return err
}

func gradeAge(in vectorInput, want vectorExpect) error {
	law, err := children.Embedded()
	if err != nil {
		return err
	}
	got, err := law.Requirement(children.Question{Regime: in.Regime, Operation: in.Operation, Age: *in.Age, On: in.On})
	if err != nil {
		return err
	}
	if want.Requires != nil && got.Requires != *want.Requires {
		return fmt.Errorf("required is %s, not %s", got.Requires, *want.Requires)
	}
	if free := got.Requires == children.RequireNothing; want.Allowed != nil && free != *want.Allowed {
		return fmt.Errorf("allowed: %t", free)
	}
	return nil
}

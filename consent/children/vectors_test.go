package children_test

import (
	"fmt"
	"testing"

	"github.com/labelop/privacykit/consent/children"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
)

// today is the day by which cases without a date are judged.
var today = privacy.MustDate("2026-11-23")

// TestVectors runs the legal cases of testdata/vectors and of every directory
// in PRIVACYKIT_VECTORS.
func TestVectors(t *testing.T) {
	law := embeddedLaw(t)
	privacytest.RunVectors(t, map[string]func(privacytest.Vector) error{
		"child_age": func(v privacytest.Vector) error { return gradeAge(law, v) },
	})
}

func embeddedLaw(t testing.TB) *children.Law {
	t.Helper()
	law, err := children.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	return law
}

type ageInput struct {
	Regime         string             `json:"regime"`
	Country        privacy.Country    `json:"country"`
	On             privacy.Date       `json:"on"`
	Born           privacy.Date       `json:"dob"`
	Age            *int               `json:"age"`
	Basis          privacy.LegalBasis `json:"basis"`
	OfferedToChild *bool              `json:"iss_direct_to_child"`
	Event          string             `json:"event"`
	ConsentOrigin  string             `json:"consent_origin"`
}

type ageExpect struct {
	Age               *int         `json:"age_of_digital_consent"`
	Applies           *bool        `json:"art8_applies"`
	ConsentStillValid *bool        `json:"consent_still_valid"`
	FirstDayAlone     privacy.Date `json:"conservative_first_day_alone"`
	MustInformSubject *bool        `json:"must_inform_subject"`
	Note              string       `json:"note"` // prose for the reader; not graded
	Requires          string       `json:"requires"`
	Probe             []probe      `json:"probe"`
}

type probe struct {
	Born            privacy.Date `json:"dob"`
	MayConsentAlone bool         `json:"may_consent_alone"`
}

func gradeAge(law *children.Law, v privacytest.Vector) error {
	var in ageInput
	var want ageExpect
	if err := privacytest.DecodeStrict(v.Input, &in); err != nil {
		return err
	}
	if err := privacytest.DecodeStrict(v.Expect, &want); err != nil {
		return err
	}
	if in.On.IsZero() {
		in.On = today
	}
	age, err := law.DigitalAge(in.Regime, in.Country, in.On)
	if err != nil {
		return err
	}
	if want.Age != nil && age.Age != *want.Age {
		return fmt.Errorf("the age is %d, not %d", age.Age, *want.Age)
	}
	for _, p := range want.Probe {
		if age.MayConsentAlone(p.Born, in.On) != p.MayConsentAlone {
			return fmt.Errorf("born %s: may consent alone = %t", p.Born, !p.MayConsentAlone)
		}
	}
	if got := age.FirstDayAlone(in.Born); !want.FirstDayAlone.IsZero() && got != want.FirstDayAlone {
		return fmt.Errorf("the first day alone is %s, not %s", got, want.FirstDayAlone)
	}
	if err := gradeReaching(law, in, want); err != nil {
		return err
	}
	return gradeCase(law, in, want)
}

func gradeReaching(law *children.Law, in ageInput, want ageExpect) error {
	switch {
	case in.Event == "":
		return nil
	case in.Event != "reaches_age" || in.ConsentOrigin != "parental":
		return fmt.Errorf("event %q with consent of origin %q", in.Event, in.ConsentOrigin)
	}
	got, err := law.ReachingAge(in.Regime, in.On)
	if err != nil {
		return err
	}
	if want.ConsentStillValid != nil && *want.ConsentStillValid != got.ConsentStands {
		return fmt.Errorf("the consent stands: %t", got.ConsentStands)
	}
	if want.MustInformSubject != nil && *want.MustInformSubject != got.InformSubject {
		return fmt.Errorf("the subject must be told: %t", got.InformSubject)
	}
	return nil
}

// gradeCase grades what an Answer has. A case that does not say otherwise is
// about consent to a service offered directly to a child.
func gradeCase(law *children.Law, in ageInput, want ageExpect) error {
	if want.Applies == nil && want.Requires == "" {
		return nil
	}
	question := children.Case{
		Regime: in.Regime, Country: in.Country, On: in.On, BornOnOrBefore: in.Born,
		Basis: privacy.BasisConsent, OfferedToChild: true,
	}
	if in.Age != nil {
		question.BornOnOrBefore = children.BornBy(in.On, *in.Age)
	}
	if in.Basis != 0 {
		question.Basis = in.Basis
	}
	if in.OfferedToChild != nil {
		question.OfferedToChild = *in.OfferedToChild
	}
	answer, err := law.Assess(question)
	if err != nil {
		return err
	}
	if want.Applies != nil && answer.Applies != *want.Applies {
		return fmt.Errorf("Art. 8 applies: %t", answer.Applies)
	}
	if want.Requires != "" && string(answer.Requires) != want.Requires {
		return fmt.Errorf("required is %s, not %s", answer.Requires, want.Requires)
	}
	return nil
}

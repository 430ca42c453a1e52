package consent_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
)

// lawOf is the day by which cases without a date are judged.
var lawOf = privacy.MustDate("2026-11-23")

// TestVectors runs the legal cases of testdata/vectors and of every directory
// in PRIVACYKIT_VECTORS.
func TestVectors(t *testing.T) {
	privacytest.RunVectors(t, map[string]func(privacytest.Vector) error{"consent_validity": gradeValidity})
}

type validityInput struct {
	Regime  string        `json:"regime"`
	Consent vectorConsent `json:"consent"`
}

type vectorConsent struct {
	Act                   *string             `json:"affirmative_act"`
	Prechecked            bool                `json:"prechecked"`
	Purposes              []privacy.PurposeID `json:"purposes"`
	Granular              bool                `json:"granular"`
	ControllerNamed       bool                `json:"controller_named"`
	WithdrawalRightTold   bool                `json:"withdrawal_right_told"`
	WithdrawalAsEasy      bool                `json:"withdrawal_as_easy"`
	ConditionalOnService  bool                `json:"conditional_on_service"`
	NecessaryForService   bool                `json:"necessary_for_service"`
	NoticeVersion         string              `json:"notice_version"`
	Record                *vectorRecord       `json:"record"`
	RequestedPurpose      privacy.PurposeID   `json:"requested_purpose"`
	WithdrawnAt           time.Time           `json:"withdrawn_at"`
	AsOf                  string              `json:"as_of"`
	PowerImbalance        string              `json:"power_imbalance"`
	DetrimentIfRefused    *bool               `json:"detriment_if_refused"`
	SpecialCategory       bool                `json:"special_category"`
	Explicit              bool                `json:"explicit"`
	BundledInTerms        bool                `json:"bundled_in_terms"`
	Distinguishable       bool                `json:"distinguishable"`
	CookieWall            bool                `json:"cookie_wall"`
	EquivalentAlternative bool                `json:"equivalent_alternative_without_tracking"`
	DeceptiveDesign       string              `json:"deceptive_design"`
	DoubleOptIn           consent.DoubleOptIn `json:"double_opt_in"`
	NoticeChangedSince    *struct {
		Material bool   `json:"material"`
		What     string `json:"what"`
	} `json:"notice_changed_since"`
	Born            privacy.Date                   `json:"dob"`
	OfferedToChild  bool                           `json:"iss_direct_to_child"`
	Country         privacy.Country                `json:"country"`
	Parental        *consent.ParentalAuthorisation `json:"parental_authorisation"`
	Service         string                         `json:"service"`
	EPrivacy        bool                           `json:"eprivacy"`
	Necessary       bool                           `json:"strictly_necessary"`
	InformedAndFree bool                           `json:"information_and_opt_out_given"`
	ThirdPartyUse   bool                           `json:"third_party_use"`
}

type vectorRecord struct {
	Subject    privacy.SubjectID `json:"subject"`
	At         time.Time         `json:"at"`
	NoticeHash *string           `json:"notice_hash"`
	Method     string            `json:"method"`
}

type validityExpect struct {
	Valid           *bool                `json:"valid"`
	Reasons         []consent.DefectCode `json:"reasons"`
	ConsentRequired *bool                `json:"consent_required"`
}

func gradeValidity(v privacytest.Vector) error {
	var in validityInput
	var want validityExpect
	if err := privacytest.DecodeStrict(v.Input, &in); err != nil {
		return err
	}
	if err := privacytest.DecodeStrict(v.Expect, &want); err != nil {
		return err
	}
	required, err := in.consentRequired()
	if err != nil {
		return err
	}
	if want.ConsentRequired != nil && required != *want.ConsentRequired {
		return fmt.Errorf("consent required: %t", required)
	}
	got := []consent.DefectCode{}
	if required {
		if got, err = in.reasons(); err != nil {
			return err
		}
	}
	slices.Sort(got)
	slices.Sort(want.Reasons)
	if !slices.Equal(got, want.Reasons) {
		return fmt.Errorf("the reasons are %q, not %q", got, want.Reasons)
	}
	if want.Valid != nil && *want.Valid != (len(got) == 0) {
		return fmt.Errorf("valid: %t", len(got) == 0)
	}
	return nil
}

// consentRequired asks the separate question of terminal equipment, where the
// case is about it.
func (in validityInput) consentRequired() (bool, error) {
	c := in.Consent
	if !c.EPrivacy {
		return true, nil
	}
	asOf, err := instant(c.AsOf)
	if err != nil {
		return false, err
	}
	on := lawOf
	if !asOf.IsZero() {
		on = privacy.DateOf(asOf, time.UTC)
	}
	access := consent.TerminalAccess{Regime: in.Regime, On: on, InformationAndObjection: c.InformedAndFree, ThirdPartyUse: c.ThirdPartyUse}
	switch {
	case c.Necessary:
		access.Exemption = "strictly_necessary"
	case slices.Contains(c.Purposes, "aggregate_statistics_own_site"):
		access.Exemption = "statistics"
	}
	answer, err := consent.Terminal(access)
	return answer.ConsentRequired(), err
}

func (in validityInput) reasons() ([]consent.DefectCode, error) {
	c := in.Consent
	statement := consent.Statement{
		Purposes: c.Purposes, Explicit: c.Explicit,
		Evidence: consent.Evidence{
			Notice:   consent.Notice{Document: "notice", Version: version(c.NoticeVersion), Locale: "en"},
			Parental: c.Parental,
			Asking: &consent.Asking{
				ControllerNamed: c.ControllerNamed, WithdrawalRightTold: c.WithdrawalRightTold, WithdrawalAsEasy: c.WithdrawalAsEasy,
				Granular: c.Granular, Prechecked: c.Prechecked, BundledInTerms: c.BundledInTerms, Distinguishable: c.Distinguishable,
				ConditionalOnService: c.ConditionalOnService, NecessaryForService: c.NecessaryForService, PowerImbalance: c.PowerImbalance,
				DetrimentIfRefused: c.DetrimentIfRefused, CookieWall: c.CookieWall, EquivalentAlternative: c.EquivalentAlternative,
				DeceptiveDesign: c.DeceptiveDesign, DoubleOptIn: c.DoubleOptIn,
			},
		},
	}
	if c.Act != nil {
		statement.Evidence.Act = *c.Act
	}
	if c.Record != nil {
		statement.Subject, statement.At, statement.Evidence.Channel = c.Record.Subject, c.Record.At, c.Record.Method
		if c.Record.NoticeHash != nil {
			statement.Evidence.Notice.TextSHA256 = *c.Record.NoticeHash
		}
	}
	circumstances, err := in.circumstances()
	if err != nil {
		return nil, err
	}
	verdict, err := consent.Validate(statement, circumstances)
	return verdict.Codes(), err
}

func (in validityInput) circumstances() (consent.Circumstances, error) {
	c := in.Consent
	asOf, err := instant(c.AsOf)
	if err != nil {
		return consent.Circumstances{}, err
	}
	circumstances := consent.Circumstances{
		Regime: in.Regime, AsOf: asOf, Purpose: c.RequestedPurpose, SpecialCategories: c.SpecialCategory, WithdrawnAt: c.WithdrawnAt,
	}
	if c.NoticeChangedSince != nil {
		circumstances.Change, circumstances.Material = c.NoticeChangedSince.What, c.NoticeChangedSince.Material
	}
	if c.OfferedToChild {
		circumstances.Child = &consent.ChildCircumstances{
			Country: c.Country, BornOnOrBefore: c.Born, Counselling: c.Service == "preventive_counselling",
		}
	}
	if c.Service != "" && c.Service != "preventive_counselling" {
		return circumstances, fmt.Errorf("service %q: %w", c.Service, privacy.ErrInvalid)
	}
	return circumstances, nil
}

// instant reads a time, or a day as its first instant.
func instant(text string) (time.Time, error) {
	var at time.Time
	switch {
	case text == "":
		return at, nil
	case strings.Contains(text, "T"):
		err := json.Unmarshal([]byte(strconv.Quote(text)), &at)
		return at, err
	}
	day, err := privacy.ParseDate(text)
	return day.Start(time.UTC), err
}

// version reads "v3" as 3.
func version(text string) uint32 {
	n, err := strconv.ParseUint(strings.TrimPrefix(text, "v"), 10, 32)
	if err != nil {
		return 0
	}
	return uint32(n)
}

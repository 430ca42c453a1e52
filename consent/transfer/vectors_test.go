package transfer_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/labelop/privacykit/consent/transfer"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
)

// today is the day by which cases without a date are judged.
var today = privacy.MustDate("2026-11-23")

// TestVectors runs the legal cases of testdata/vectors and of every directory
// in PRIVACYKIT_VECTORS.
func TestVectors(t *testing.T) {
	ladder := embedded(t)
	privacytest.RunVectors(t, map[string]func(privacytest.Vector) error{
		"transfer": func(v privacytest.Vector) error { return grade(ladder, v) },
	})
}

func embedded(t testing.TB) *transfer.Ladder {
	t.Helper()
	ladder, err := transfer.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	return ladder
}

type vectorInput struct {
	Regime              string                    `json:"regime"`
	From                string                    `json:"from"`
	To                  privacy.Country           `json:"to"`
	On                  privacy.Date              `json:"on"`
	Mode                string                    `json:"mode"`
	Recipient           *vectorRecipient          `json:"recipient"`
	Safeguard           string                    `json:"safeguard"`
	TIA                 string                    `json:"tia"`
	DataProtectionTest  string                    `json:"data_protection_test"`
	BCRApproved         bool                      `json:"bcr_approved"`
	AuthorityAuthorised bool                      `json:"authority_authorised"`
	Derogation          string                    `json:"derogation"`
	RisksDisclosed      bool                      `json:"risks_disclosed"`
	Systematic          *bool                     `json:"systematic"`
	Repetitive          *bool                     `json:"repetitive"`
	LimitedNumber       bool                      `json:"limited_number"`
	Assessed            bool                      `json:"assessed"`
	AuthorityInformed   bool                      `json:"authority_informed"`
	SubjectInformed     bool                      `json:"subject_informed"`
	Controller          string                    `json:"controller"`
	ExporterRole        privacy.Role              `json:"exporter_role"`
	ImporterRole        privacy.Role              `json:"importer_role"`
	NoticeForTransfer   bool                      `json:"notice_for_transfer"`
	Mechanism           privacy.TransferMechanism `json:"mechanism"`
}

type vectorRecipient struct {
	DPFCertified  bool `json:"dpf_certified"`
	Commercial    bool `json:"commercial"`
	PrivateSector bool `json:"private_sector"`
}

type vectorExpect struct {
	IsTransfer *bool                      `json:"is_transfer"`
	Allowed    *bool                      `json:"allowed"`
	Mechanism  *privacy.TransferMechanism `json:"mechanism"`
	Needs      *transfer.Need             `json:"needs"`
	SCCModule  *int                       `json:"scc_module"`
	MustState  []string                   `json:"notice_must_state"`
}

var safeguards = map[string]privacy.TransferMechanism{
	"":                        0,
	"ad_hoc_clauses":          privacy.TransferAdHocClauses,
	"bcr":                     privacy.TransferBCR,
	"eu_scc_without_addendum": privacy.TransferSCC,
	"scc":                     privacy.TransferSCC,
	"idta":                    privacy.TransferIDTA,
	"uk_addendum":             privacy.TransferUKAddendum,
}

var derogations = map[string]privacy.TransferMechanism{
	"":                                0,
	"explicit_consent":                privacy.TransferExplicitConsent,
	"contract":                        privacy.TransferContract,
	"compelling_legitimate_interests": privacy.TransferCompellingInterests,
}

var regimes = map[string]privacy.Jurisdiction{"eu-gdpr": "eu", "uk-gdpr": "gb"}

func grade(ladder *transfer.Ladder, v privacytest.Vector) error {
	var in vectorInput
	var want vectorExpect
	if err := privacytest.DecodeStrict(v.Input, &in); err != nil {
		return err
	}
	if err := privacytest.DecodeStrict(v.Expect, &want); err != nil {
		return err
	}
	if want.SCCModule != nil {
		module, err := ladder.Module(in.ExporterRole, in.ImporterRole)
		if err != nil || module != *want.SCCModule {
			return fmt.Errorf("module %d, not %d (%v)", module, *want.SCCModule, err)
		}
	}
	if want.MustState != nil {
		if got := ladder.MustState(in.Mechanism); !in.NoticeForTransfer || !slices.Equal(got, want.MustState) {
			return fmt.Errorf("a notice must state %q, not %q", got, want.MustState)
		}
	}
	if want.IsTransfer == nil && want.Allowed == nil {
		return nil
	}
	question, err := in.transfer()
	if err != nil {
		return err
	}
	got, err := ladder.Judge(question)
	if err != nil {
		return err
	}
	return compare(got, want)
}

func compare(got transfer.Answer, want vectorExpect) error {
	if want.IsTransfer != nil && got.IsTransfer != *want.IsTransfer {
		return fmt.Errorf("is a transfer: %t", got.IsTransfer)
	}
	if want.Allowed != nil && got.Allowed != *want.Allowed {
		return fmt.Errorf("allowed: %t (%s %v)", got.Allowed, got.Needs, got.Unmet)
	}
	if want.Mechanism != nil && got.Mechanism != *want.Mechanism {
		return fmt.Errorf("the mechanism is %s, not %s", got.Mechanism, *want.Mechanism)
	}
	if want.Needs != nil && got.Needs != *want.Needs {
		return fmt.Errorf("needed is %s, not %s", got.Needs, *want.Needs)
	}
	return nil
}

func (in vectorInput) transfer() (transfer.Transfer, error) {
	regime, known := regimes[in.Regime]
	safeguard, safeguardKnown := safeguards[in.Safeguard]
	derogation, derogationKnown := derogations[in.Derogation]
	if !known || !safeguardKnown || !derogationKnown {
		return transfer.Transfer{}, fmt.Errorf("regime %q, safeguard %q or derogation %q: %w", in.Regime, in.Safeguard, in.Derogation, privacy.ErrInvalid)
	}
	t := transfer.Transfer{Regime: regime, On: in.On, From: privacy.Country(in.From), To: in.To, Certified: in.certified}
	if t.On.IsZero() {
		t.On = today
	}
	switch in.Mode {
	case "", "remote_access": // which is a transfer like any other
	case "collected_directly_from_subject":
		t.FromSubject = true
	default:
		return transfer.Transfer{}, fmt.Errorf("mode %q: %w", in.Mode, privacy.ErrInvalid)
	}
	t.Safeguard = transfer.Safeguard{Mechanism: safeguard, Approved: in.BCRApproved, Authorised: in.AuthorityAuthorised}
	switch {
	case in.TIA == "done", in.DataProtectionTest == "passed":
		t.Safeguard.Assessment.DoneOn = t.On
	case in.TIA == "missing":
		t.Safeguard.Assessment.Missing = true
	case in.TIA != "" || in.DataProtectionTest != "":
		return transfer.Transfer{}, fmt.Errorf("assessment %q %q: %w", in.TIA, in.DataProtectionTest, privacy.ErrInvalid)
	}
	t.Derogation = transfer.Derogation{
		Mechanism: derogation, NotPublicAuthority: in.Controller == "", RisksDisclosed: in.RisksDisclosed,
		Occasional: in.Systematic != nil && !*in.Systematic, NotRepetitive: in.Repetitive != nil && !*in.Repetitive,
		FewSubjects: in.LimitedNumber, InterestsAssessed: in.Assessed,
		AuthorityInformed: in.AuthorityInformed, SubjectInformed: in.SubjectInformed,
	}
	if in.Controller != "" && in.Controller != "public_authority_exercising_powers" {
		return transfer.Transfer{}, fmt.Errorf("controller %q: %w", in.Controller, privacy.ErrInvalid)
	}
	return t, nil
}

func (in vectorInput) certified(condition string) bool {
	if in.Recipient == nil {
		return false
	}
	switch condition {
	case "data_privacy_framework", "data_privacy_framework_uk":
		return in.Recipient.DPFCertified
	case "commercial":
		return in.Recipient.Commercial
	case "private_sector":
		return in.Recipient.PrivateSector
	}
	return false
}

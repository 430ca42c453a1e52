package regime_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

// The grounds of erasure that each legal basis can meet (GDPR Art. 17(1)).
func TestErasureGroundsByBasis(t *testing.T) {
	everything := regime.Facts{
		"still_necessary": false, "consent_withdrawn": true, "other_basis": false, "objection:upheld": true,
		"unlawful": true, "legal_obligation_to_erase": true, "iss_offered_to_child": true,
	}
	for basis, letters := range map[privacy.LegalBasis]string{
		privacy.BasisConsent:             "abdef",
		privacy.BasisContract:            "ade",
		privacy.BasisLegalObligation:     "ade",
		privacy.BasisVitalInterests:      "ade",
		privacy.BasisPublicTask:          "acde",
		privacy.BasisLegitimateInterests: "acde",
	} {
		ruling := decide(t, "eu-gdpr", privacy.RightErasure, basis, everything)
		var got strings.Builder
		for _, ground := range ruling.Grounds {
			got.WriteString(strings.TrimSuffix(strings.TrimPrefix(ground, "17(1)("), ")"))
		}
		equal(t, basis.String(), got.String(), letters)
	}
}

func decide(t *testing.T, id regime.ID, right privacy.Right, basis privacy.LegalBasis, facts regime.Facts) regime.Ruling {
	t.Helper()
	ruling, err := inForce(t, id, "2026-11-23").Decide(regime.Claim{Right: right, Basis: basis, Facts: facts})
	if err != nil {
		t.Fatal(err)
	}
	return ruling
}

// Rights by legal basis where every condition of the right is met.
func TestRightsByBasis(t *testing.T) {
	provided := regime.Facts{"automated": true, "provided_by_subject": true}
	for _, test := range []struct {
		right privacy.Right
		facts regime.Facts
		// by consent, contract, legal obligation, vital interests, public task, legitimate interests
		want [6]regime.Applies
	}{
		{privacy.RightAccess, nil, [6]regime.Applies{"yes", "yes", "yes", "yes", "yes", "yes"}},
		{privacy.RightRectification, nil, [6]regime.Applies{"yes", "yes", "yes", "yes", "yes", "yes"}},
		{privacy.RightPortability, provided, [6]regime.Applies{"yes", "yes", "no", "no", "no", "no"}},
		{privacy.RightPortability, nil, [6]regime.Applies{"conditional", "conditional", "no", "no", "no", "no"}},
		{privacy.RightObjection, nil, [6]regime.Applies{"no", "no", "no", "no", "conditional", "conditional"}},
		{privacy.RightObjection, regime.Facts{"direct_marketing": true}, [6]regime.Applies{"absolute", "absolute", "absolute", "absolute", "absolute", "absolute"}},
		{privacy.RightWithdrawConsent, nil, [6]regime.Applies{"yes", "no", "no", "no", "no", "no"}},
		{privacy.RightRestriction, regime.Facts{"objection_pending": true}, [6]regime.Applies{"no", "no", "no", "no", "yes", "yes"}},
		{privacy.RightRestriction, regime.Facts{"accuracy_contested": true}, [6]regime.Applies{"yes", "yes", "yes", "yes", "yes", "yes"}},
		{privacy.RightErasure, nil, [6]regime.Applies{"no", "no", "no", "no", "no", "no"}},
		{privacy.RightErasure, regime.Facts{"unlawful": true}, [6]regime.Applies{"yes", "yes", "yes", "yes", "yes", "yes"}},
	} {
		for i, want := range test.want {
			basis := privacy.LegalBasis(i + 1)
			ruling := decide(t, "eu-gdpr", test.right, basis, test.facts)
			equal(t, test.right.String()+" "+basis.String(), ruling.Applies, want)
		}
	}
}

func TestRecognisedLegitimateInterestsAreBritish(t *testing.T) {
	basis := privacy.BasisRecognisedLegitimateInterests
	equal(t, "objection", decide(t, "uk-gdpr", privacy.RightObjection, basis, nil).Applies, regime.AppliesConditional)
	equal(t, "portability", decide(t, "uk-gdpr", privacy.RightPortability, basis, nil).Applies, regime.AppliesNo)
	_, err := inForce(t, "eu-gdpr", "2026-11-23").Decide(regime.Claim{Right: privacy.RightObjection, Basis: basis})
	is(t, err, privacy.ErrInvalid)
	_, err = inForce(t, "uk-gdpr", "2025-11-23").Decide(regime.Claim{Right: privacy.RightObjection, Basis: basis})
	is(t, err, privacy.ErrInvalid)
}

func TestAutomatedDecisionsInTheUnitedKingdom(t *testing.T) {
	facts := regime.Facts{"solely_automated": true, "significant_effect": true}
	equal(t, "EU", decide(t, "eu-gdpr", privacy.RightNotSubjectToADM, privacy.BasisLegitimateInterests, facts).Applies, regime.AppliesYes)
	equal(t, "UK", decide(t, "uk-gdpr", privacy.RightNotSubjectToADM, privacy.BasisLegitimateInterests, facts).Applies, regime.AppliesNo)
	facts["special_categories"] = true
	equal(t, "UK, special", decide(t, "uk-gdpr", privacy.RightNotSubjectToADM, privacy.BasisLegitimateInterests, facts).Applies, regime.AppliesYes)
}

func TestExplicitConsentIsAFact(t *testing.T) {
	claim := regime.Claim{
		Right: privacy.RightNotSubjectToADM, Basis: privacy.BasisConsent, Condition: privacy.ConditionExplicitConsent,
		Facts: regime.Facts{"solely_automated": true, "significant_effect": true, "special_categories": true},
	}
	ruling, err := inForce(t, "eu-gdpr", "2026-11-23").Decide(claim)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "applies", ruling.Applies, regime.AppliesNo)
	if _, stated := claim.Facts["explicit_consent"]; stated {
		t.Error("the caller's facts were changed")
	}
}

func TestBurdenOfProof(t *testing.T) {
	proven := regime.Facts{"manifestly_excessive": true, "controller_can_demonstrate": true}
	claimed := regime.Facts{"manifestly_excessive": true}
	for _, right := range []privacy.Right{privacy.RightAccess, privacy.RightRectification, privacy.RightPortability} {
		equal(t, "proven "+right.String(), decide(t, "eu-gdpr", right, privacy.BasisContract, proven).Outcome, regime.OutcomeRefuseOrFee)
	}
	equal(t, "claimed", decide(t, "eu-gdpr", privacy.RightAccess, privacy.BasisContract, claimed).Outcome, regime.OutcomeComply)
	unknown := regime.Facts{"identifiable": false}
	equal(t, "not identifiable, not shown", decide(t, "eu-gdpr", privacy.RightAccess, privacy.BasisContract, unknown).Outcome, regime.OutcomeComply)
	unknown["controller_can_demonstrate"] = true
	equal(t, "not identifiable, shown", decide(t, "eu-gdpr", privacy.RightAccess, privacy.BasisContract, unknown).Outcome, regime.OutcomeRefuse)
}

// A policy of the controller to keep data is no fact that the law knows.
func TestPolicyNeverDefeatsErasure(t *testing.T) {
	for _, id := range []regime.ID{"eu-gdpr", "uk-gdpr", "us-ca-ccpa"} {
		for _, fact := range inForce(t, id, "2026-11-23").KnownFacts() {
			if strings.Contains(fact, "policy") {
				t.Errorf("%s knows %q", id, fact)
			}
		}
	}
	_, err := inForce(t, "eu-gdpr", "2026-11-23").Decide(regime.Claim{
		Right: privacy.RightErasure, Basis: privacy.BasisContract,
		Facts: regime.Facts{"still_necessary": false, "retention_policy": true},
	})
	is(t, err, privacy.ErrInvalid)
}

func TestDecideRefuses(t *testing.T) {
	eu := inForce(t, "eu-gdpr", "2026-11-23")
	for name, claim := range map[string]regime.Claim{
		"unknown fact":  {Right: privacy.RightAccess, Basis: privacy.BasisConsent, Facts: regime.Facts{"sunny": true}},
		"no basis":      {Right: privacy.RightAccess},
		"unknown right": {Right: privacy.RightLimitSensitive, Basis: privacy.BasisConsent},
	} {
		ruling, err := eu.Decide(claim)
		is(t, err, privacy.ErrInvalid)
		equal(t, name, ruling.Applies, "")
	}
	_, err := inForce(t, "jp-appi", "2026-11-23").Decide(regime.Claim{Right: privacy.RightAccess, Basis: privacy.BasisConsent})
	is(t, err, privacy.ErrInvalid)
	if facts := inForce(t, "jp-appi", "2026-11-23").KnownFacts(); facts != nil {
		t.Errorf("got %v", facts)
	}
}

func TestCalifornia(t *testing.T) {
	no := privacy.LegalBasis(0)
	for name, test := range map[string]struct {
		right privacy.Right
		facts regime.Facts
		want  regime.Applies
	}{
		"know":                          {privacy.RightKnow, nil, "yes"},
		"opt out":                       {privacy.RightOptOutSaleSharing, nil, "absolute"},
		"erase what a third party gave": {privacy.RightErasure, regime.Facts{"collected_from:third_party": true}, "no"},
		"limit inferences":              {privacy.RightLimitSensitive, regime.Facts{"sensitive": true, "purpose:inferring_characteristics": true}, "yes"},
		"limit what is not sensitive":   {privacy.RightLimitSensitive, regime.Facts{"sensitive": false}, "no"},
	} {
		equal(t, name, decide(t, "us-ca-ccpa", test.right, no, test.facts).Applies, test.want)
	}
}

func TestNotices(t *testing.T) {
	eu, uk := inForce(t, "eu-gdpr", "2026-11-23"), inForce(t, "uk-gdpr", "2026-11-23")
	want := []regime.Content{"reasons", "complaint_to_controller", "complaint_to_commissioner", "judicial_remedy"}
	notice, _ := uk.Notice(regime.NoticeRefusal, regime.RequestErasure)
	if !slices.Equal(notice.MustInclude, want) {
		t.Errorf("got %v", notice.MustInclude)
	}
	before := inForce(t, "uk-gdpr", "2026-06-18")
	notice, _ = before.Notice(regime.NoticeRefusal, regime.RequestErasure)
	if slices.Contains(notice.MustInclude, "complaint_to_controller") {
		t.Error("the complaint to the controller exists only from 19 June 2026")
	}
	access, _ := eu.Notice(regime.NoticeCompletion, regime.RequestAccess)
	other, _ := eu.Notice(regime.NoticeCompletion, regime.RequestErasure)
	equal(t, "contents of Art. 15", len(access.MustInclude), 10)
	equal(t, "contents of another completion", len(other.MustInclude), 1)
	err := eu.CheckNotice(regime.NoticeRefusal, regime.RequestAccess, []regime.Content{"reasons", "judicial_remedy"})
	hasCode(t, err, "missing_content")
	if err := eu.CheckNotice(regime.NoticeRefusal, regime.RequestAccess, []regime.Content{"reasons", "judicial_remedy", "complaint_to_supervisory_authority"}); err != nil {
		t.Error(err)
	}
	if _, ok := inForce(t, "in-dpdp", "2027-06-01").Notice(regime.NoticeRefusal, regime.RequestAccess); ok {
		t.Error("a notice that the file does not hold")
	}
}

func TestVerificationAndSilence(t *testing.T) {
	ca, eu := inForce(t, "us-ca-ccpa", "2026-11-23"), inForce(t, "eu-gdpr", "2026-11-23")
	equal(t, "opt-out", ca.Verify(regime.RequestOptOutSaleSharing, false).Demand, regime.VerifyForbidden)
	equal(t, "know", ca.Verify(regime.RequestKnow, false).Demand, regime.VerifyAlways)
	equal(t, "objection", eu.Verify(regime.RequestObjection, false).Demand, regime.VerifyOnDoubt)
	equal(t, "marketing", eu.Verify(regime.RequestObjection, true).Demand, regime.VerifyNotNeeded)
	equal(t, "nothing said", new(regime.Regime).Verify(regime.RequestAccess, false).Demand, regime.VerifyForbidden)
	rule, ok := inForce(t, "ch-fadp", "2026-11-23").Silent(regime.BlockerFee)
	equal(t, "Swiss fee", ok && rule.Withdraws && rule.After == privacy.MustPeriod("P10D"), true)
	_, ok = ca.Silent(regime.BlockerFee)
	equal(t, "no rule", ok, false)
}

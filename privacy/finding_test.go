package privacy_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
)

// findingCases change the declaration of privacytest, which has no finding, so
// that exactly want is found, each "path code".
var findingCases = []struct {
	rule   string
	change func(*privacy.Declaration)
	want   []string
}{
	{"nobody is named as controller", func(d *privacy.Declaration) { d.Operator.LegalEntity = "" }, []string{"operator.legal_entity no_legal_entity"}},
	{"the controller has no address", func(d *privacy.Declaration) { d.Operator.Address = "" }, []string{"operator.address no_address"}},
	{"no officer is named", func(d *privacy.Declaration) { d.Contacts = d.Contacts[:1] }, []string{"contacts no_data_protection_officer"}},
	{"an operator elsewhere has no representative", func(d *privacy.Declaration) {
		d.Operator.Country = "CH"
		d.Recipients[2].Locations[0].Mechanism = privacy.TransferSCC
	}, []string{"contacts no_representative"}},
	{"an operator elsewhere has a representative", func(d *privacy.Declaration) {
		d.Operator.Country = "CH"
		d.Contacts = append(d.Contacts, privacy.Contact{Kind: privacy.ContactRepresentative, Address: "Vienna"})
	}, nil},

	{"a category is not used", func(d *privacy.Declaration) {
		d.Activities[6].Categories, d.Activities[5].Categories = []privacy.CategoryID{"content.images"}, []privacy.CategoryID{"content.images"}
	}, []string{
		"categories[8] category_unused", "categories[9] category_unused",
	}},
	{"a category is used by what lies within it", func(d *privacy.Declaration) {
		d.Categories = append(d.Categories, privacy.Category{ID: "usage.session", Title: "Sessions"}, privacy.Category{ID: "usage.device", Title: "Devices"})
		d.Activities[1].Categories = []privacy.CategoryID{"usage.session", "usage.device"}
	}, nil},
	{"a category is nowhere", func(d *privacy.Declaration) { d.Systems[0].Categories = []privacy.CategoryID{"account"} }, []string{"categories[4] category_without_system"}},
	{"a part of a category is somewhere", func(d *privacy.Declaration) {
		d.Systems[0].Categories = []privacy.CategoryID{"account.name", "account.email", "account.accessibility", "usage"}
	}, nil},

	{"a purpose is not pursued", func(d *privacy.Declaration) {
		d.Purposes = append(d.Purposes, privacy.Purpose{ID: "research", Title: "Research", Bases: d.Purposes[0].Bases})
	}, []string{"purposes[7] purpose_unused"}},
	{"a basis stands where the customer has one", func(d *privacy.Declaration) {
		d.Purposes[5].Bases = []privacy.PurposeBasis{{Basis: privacy.BasisContract}}
	}, []string{"purposes[5].bases basis_unused"}},
	{"a purpose has no basis elsewhere", func(d *privacy.Declaration) {
		d.Purposes[0].Bases[0].Jurisdictions = []privacy.Jurisdiction{"eu"}
	}, []string{"purposes[0].bases basis_not_everywhere"}},
	{"consent is bound to no notice", func(d *privacy.Declaration) { d.Purposes[3].MinimumNotice = 0 }, []string{"purposes[3].minimum_notice consent_without_notice"}},
	{"direct marketing rests on legitimate interests", func(d *privacy.Declaration) {
		d.Purposes[3].Bases[0] = privacy.PurposeBasis{Basis: privacy.BasisLegitimateInterests, Interest: "Sales"}
	}, []string{"purposes[3].bases[0] marketing_by_interests"}},
	{"special categories rest on legitimate interests", func(d *privacy.Declaration) {
		d.Purposes[4].Bases[0] = privacy.PurposeBasis{Basis: privacy.BasisLegitimateInterests, Interest: "Comfort", Condition: privacy.ConditionMadePublic}
	}, []string{"purposes[4].bases[0] special_by_interests"}},

	{"a recipient receives nothing", func(d *privacy.Declaration) { d.Activities[2].Recipients = d.Activities[2].Recipients[:1] }, []string{"recipients[3] recipient_unused"}},
	{"a mechanism is not needed", func(d *privacy.Declaration) { d.Recipients[0].Locations[0].Mechanism = privacy.TransferSCC }, []string{"recipients[0].locations[0].mechanism mechanism_unneeded"}},
	{"a transfer is said to be none where it is none", func(d *privacy.Declaration) { d.Recipients[0].Locations[0].Mechanism = privacy.TransferNone }, nil},
	{"a derogation stands", func(d *privacy.Declaration) { d.Recipients[2].Locations[0].Mechanism = privacy.TransferExplicitConsent }, []string{"recipients[2].locations[0].mechanism transfer_by_derogation"}},
	{"the last resort stands", func(d *privacy.Declaration) {
		d.Recipients[2].Locations[0].Mechanism = privacy.TransferCompellingInterests
	}, []string{"recipients[2].locations[0].mechanism transfer_by_derogation"}},
	{"an instrument is not named", func(d *privacy.Declaration) { d.Recipients[2].Locations[0].Reference = "" }, []string{"recipients[2].locations[0].reference safeguard_without_reference"}},
	{"certification under the framework is not shown", func(d *privacy.Declaration) {
		d.Recipients[2].Locations[0] = privacy.RecipientLocation{Country: "US", Mechanism: privacy.TransferAdequacy}
	}, []string{"recipients[2].locations[0].reference adequacy_without_reference"}},
	{"certification under the framework is shown", func(d *privacy.Declaration) {
		d.Recipients[2].Locations[0] = privacy.RecipientLocation{Country: "US", Mechanism: privacy.TransferAdequacy, Reference: "Data Privacy Framework List, checked 2026-11-01"}
	}, nil},
	{"adequacy of a whole country needs no reference", func(d *privacy.Declaration) {
		d.Recipients[2].Locations[0] = privacy.RecipientLocation{Country: "CH", Mechanism: privacy.TransferAdequacy}
	}, nil},

	{"a subject cannot be found", func(d *privacy.Declaration) { d.Systems[0].SubjectKey = "" }, []string{"systems[0].subject_key no_subject_key"}},
	{"who runs a system receives nothing", func(d *privacy.Declaration) { d.Systems[1].Recipient = "hosting" }, []string{"systems[1].recipient system_undisclosed"}},

	{"a recipient only runs a system", func(d *privacy.Declaration) {
		d.Recipients = append(d.Recipients, privacy.Recipient{ID: "cloud", Title: "Cloud", Kind: privacy.RecipientProcessor, Locations: []privacy.RecipientLocation{{Country: "FR"}}})
		d.Systems[1].Recipient = "cloud"
	}, []string{"systems[1].recipient system_undisclosed"}},

	{"subjects are not named", func(d *privacy.Declaration) { d.Activities[0].Subjects = nil }, []string{"activities[0].subjects no_subjects"}},
	{"no measure protects", func(d *privacy.Declaration) { d.Categories[4].Measures = 0 }, []string{"activities[1].measures no_measures"}},
	{"nothing limits retention", func(d *privacy.Declaration) { d.Activities[0].Retention = privacy.RetentionLimit{} }, []string{"activities[0].retention no_retention"}},
	{"the customer limits retention", func(d *privacy.Declaration) { d.Activities[5].Retention = privacy.RetentionLimit{} }, nil},
	{"a period runs from nothing", func(d *privacy.Declaration) { d.Activities[0].Retention.After = "" }, []string{"activities[0].retention.after retention_without_start"}},
	{"a program decides", func(d *privacy.Declaration) { d.Activities[1].AutomatedDecision = true }, []string{"activities[1].automated_decision automated_decision"}},
	{"a program decides on special categories", func(d *privacy.Declaration) { d.Activities[4].AutomatedDecision = true }, []string{
		"activities[4].automated_decision automated_decision", "activities[4].automated_decision automated_decision_special",
	}},
	{"a processor pursues its own purpose", func(d *privacy.Declaration) {
		d.Activities[1].Categories = append(d.Activities[1].Categories, "content.labels")
		d.Activities[1].OwnPurposeReason = "Abuse shows in labels only"
	}, []string{"activities[1].own_purpose_reason own_purpose"}},
	{"a processor discloses to its adviser", func(d *privacy.Declaration) { d.Recipients[2].Kind = privacy.RecipientAdviser }, []string{"activities[6].recipients[1] processor_disclosure"}},
	{"a processor discloses to its successor", func(d *privacy.Declaration) { d.Recipients[2].Kind = privacy.RecipientSuccessor }, []string{"activities[6].recipients[1] processor_disclosure"}},
	{"an activity discloses to nobody", func(d *privacy.Declaration) {
		d.Activities[0].Operations = append(d.Activities[0].Operations, privacy.OperationDisclose)
	}, []string{"activities[0].recipients disclosure_without_recipient"}},
	{"a recipient is never disclosed to", func(d *privacy.Declaration) { d.Activities[2].Operations = d.Activities[2].Operations[:2] }, []string{"activities[2].operations recipient_without_disclosure"}},

	{"an arrangement is not named", func(d *privacy.Declaration) {
		makeJoint(d)
		d.JointArrangements = append(d.JointArrangements, privacy.JointArrangement{ID: "other", Controllers: []string{"X"}, Essence: "None", Contact: "X"})
	}, []string{"joint_arrangements[1] arrangement_unused"}},
	{"an arrangement names no contact", func(d *privacy.Declaration) {
		makeJoint(d)
		d.JointArrangements[0].Contact = ""
	}, []string{"joint_arrangements[0].contact arrangement_without_contact"}},
}

func TestFindings(t *testing.T) {
	for _, test := range findingCases {
		t.Run(test.rule, func(t *testing.T) {
			d := privacytest.Declaration()
			test.change(&d)
			var got []string
			for _, finding := range compile(t, d).Findings() {
				got = append(got, finding.Path+" "+finding.Code)
				if finding.Detail == "" || finding.Article == "" {
					t.Errorf("incomplete: %v", finding)
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestPartialAdequacyIsThatOfTheOperatorsLaw(t *testing.T) {
	for country, citation := range map[privacy.Country]string{"DE": "(EU) 2023/1795", "GB": "SI 2023/1028"} {
		d := privacytest.Declaration()
		d.Operator.Country = country
		for i := range d.Recipients {
			for j := range d.Recipients[i].Locations {
				d.Recipients[i].Locations[j] = privacy.RecipientLocation{Country: d.Recipients[i].Locations[j].Country, Mechanism: privacy.TransferAdequacy}
			}
		}
		found := false
		for _, finding := range compile(t, d).Findings() {
			found = found || (finding.Code == privacy.FindingAdequacyWithoutReference && strings.Contains(finding.Detail, citation))
		}
		if !found {
			t.Errorf("an operator in %s is not referred to %s", country, citation)
		}
	}
}

func TestEveryFindingCodeHasACase(t *testing.T) {
	covered := make(map[string]bool)
	for _, test := range findingCases {
		d := privacytest.Declaration()
		test.change(&d)
		for _, finding := range compile(t, d).Findings() {
			covered[finding.Code] = true
		}
	}
	for name, code := range constants(t, "finding.go", "Finding") {
		if !covered[code] {
			t.Errorf("no case for %s", name)
		}
	}
}

func TestFindingsAreCopies(t *testing.T) {
	d := privacytest.Declaration()
	d.Operator.LegalEntity = ""
	register := compile(t, d)
	register.Findings()[0].Code = "changed"
	want := "operator.legal_entity: subjects are not told which legal or natural person is responsible (no_legal_entity, GDPR Art. 13(1)(a))"
	if got := register.Findings()[0].String(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

package privacy_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
)

// compile compiles a declaration that must have no problem.
func compile(t testing.TB, d privacy.Declaration) *privacy.Register {
	t.Helper()
	register, err := privacy.Compile(d)
	if err != nil {
		t.Fatal(err)
	}
	return register
}

// problemsOf returns the problems in err.
func problemsOf(t testing.TB, err error) privacy.Problems {
	t.Helper()
	var problems privacy.Problems
	if !errors.As(err, &problems) || !errors.Is(err, privacy.ErrInvalid) {
		t.Fatalf("error %v, want Problems that match ErrInvalid", err)
	}
	return problems
}

// locate returns path and code of each problem, as "path code".
func locate(problems privacy.Problems) []string {
	var list []string
	for _, problem := range problems {
		list = append(list, problem.Path+" "+problem.Code)
	}
	return list
}

// constants returns the string constants of a source file of the package whose
// names start with prefix.
func constants(t *testing.T, file, prefix string) map[string]string {
	t.Helper()
	tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	values := make(map[string]string)
	ast.Inspect(tree, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok || len(spec.Names) != 1 || len(spec.Values) != 1 || !strings.HasPrefix(spec.Names[0].Name, prefix) {
			return true
		}
		if literal, ok := spec.Values[0].(*ast.BasicLit); ok {
			value, err := strconv.Unquote(literal.Value)
			if err != nil {
				t.Fatal(err)
			}
			values[spec.Names[0].Name] = value
		}
		return true
	})
	if len(values) == 0 {
		t.Fatalf("%s declares no constant %s…", file, prefix)
	}
	return values
}

// problemCase changes the declaration of privacytest so that Compile reports
// exactly want, each "path code".
type problemCase struct {
	rule   string
	change func(*privacy.Declaration)
	want   []string
}

var longID = privacy.CategoryID(strings.Repeat("a", privacy.MaxIDLength))

var operatorCases = []problemCase{
	{"the operator has a name", func(d *privacy.Declaration) { d.Operator.Name = "" }, []string{"operator.name required"}},
	{"the operator has a country", func(d *privacy.Declaration) { d.Operator.Country = "" }, []string{"operator.country required"}},
	{"a country is one of ISO 3166-1", func(d *privacy.Declaration) { d.Operator.Country = "UK" }, []string{"operator.country country"}},
	{"text is UTF-8", func(d *privacy.Declaration) { d.Operator.LegalEntity = "a\xff" }, []string{"operator.legal_entity text"}},
	{"text has no control characters", func(d *privacy.Declaration) { d.Operator.Address = "a\x00b" }, []string{"operator.address text"}},
	{"text has no C1 control characters", func(d *privacy.Declaration) { d.Operator.Name, d.Operator.Address = "\u0080", "\u009f" }, []string{"operator.name text", "operator.address text"}},
	{"text has no DEL", func(d *privacy.Declaration) { d.Operator.Name, d.Operator.Address = "~\u00a0", "\x7f" }, []string{"operator.address text"}},
	{"text has no carriage return", func(d *privacy.Declaration) { d.Operator.Name = "a\r" }, []string{"operator.name text"}},
	{"text has no unit separator", func(d *privacy.Declaration) { d.Operator.Name = "a\x1f b" }, []string{"operator.name text"}},
	{"a service has a name", func(d *privacy.Declaration) { d.Services = []string{"a", ""} }, []string{"services[1] required"}},
	{"a service is listed once", func(d *privacy.Declaration) { d.Services = []string{"a", "a"} }, []string{"services[1] duplicate"}},

	{"a privacy contact is declared", func(d *privacy.Declaration) { d.Contacts = d.Contacts[1:] }, []string{"contacts required"}},
	{"a contact has a kind", func(d *privacy.Declaration) { d.Contacts[1].Kind = "" }, []string{"contacts[1].kind required"}},
	{"a contact has a known kind", func(d *privacy.Declaration) { d.Contacts[1].Kind = "sales" }, []string{"contacts[1].kind unknown"}},
	{"a contact can be reached", func(d *privacy.Declaration) { d.Contacts[1].Email = "" }, []string{"contacts[1] required"}},
	{"a contact is listed once", func(d *privacy.Declaration) { d.Contacts = append(d.Contacts, d.Contacts[0]) }, []string{"contacts[3] duplicate"}},
	{"a mail address is bare", func(d *privacy.Declaration) { d.Contacts[0].Email = "Privacy <privacy@labelop.example>" }, []string{"contacts[0].email format"}},
	{"a mail address has a domain", func(d *privacy.Declaration) { d.Contacts[0].Email = "privacy" }, []string{"contacts[0].email format"}},
	{"a web address has a scheme of the web", func(d *privacy.Declaration) { d.Contacts[2].URL = "javascript:alert(1)" }, []string{"contacts[2].url format"}},
	{"a web address is no address of files", func(d *privacy.Declaration) { d.Contacts[2].URL = "ftp://labelop.example/" }, []string{"contacts[2].url format"}},
	{"a web address has a host", func(d *privacy.Declaration) { d.Contacts[2].URL = "https:///security" }, []string{"contacts[2].url format"}},
	{"a contact's texts are text", func(d *privacy.Declaration) { d.Contacts[0].Name, d.Contacts[0].Address = "\x01", "\x02" }, []string{"contacts[0].name text", "contacts[0].address text"}},
}

var categoryCases = []problemCase{
	{"a category has an identifier", func(d *privacy.Declaration) { d.Categories[4].ID = "" }, []string{"categories[4].id required", "systems[0].categories[1] unknown_reference", "activities[1].categories[0] unknown_reference"}},
	{"an identifier is a code", func(d *privacy.Declaration) { d.Categories = append(d.Categories, topLevel("Account")) }, []string{"categories[10].id identifier"}},
	{"an identifier has no empty segment", func(d *privacy.Declaration) { d.Categories = append(d.Categories, topLevel(".usage")) }, []string{"categories[10].id identifier"}},
	{"an identifier ends in no dot", func(d *privacy.Declaration) { d.Categories = append(d.Categories, topLevel("usage.")) }, []string{"categories[10].id identifier"}},
	{"a segment starts with a letter or digit", func(d *privacy.Declaration) { d.Categories = append(d.Categories, topLevel("-x")) }, []string{"categories[10].id identifier"}},
	{"an identifier has no other characters", func(d *privacy.Declaration) { d.Categories = append(d.Categories, topLevel("e mail")) }, []string{"categories[10].id identifier"}},
	{"an identifier has a greatest length", func(d *privacy.Declaration) {
		d.Categories = append(d.Categories, topLevel(longID), topLevel(longID+"a"))
	}, []string{"categories[11].id identifier"}},
	{"a category is declared once, and the first counts", func(d *privacy.Declaration) {
		d.Categories = append(d.Categories, d.Categories[4])
		d.Categories[10].Role = privacy.RoleProcessor
	}, []string{"categories[10].id duplicate"}},
	{"a category has a title", func(d *privacy.Declaration) { d.Categories[1].Title = "" }, []string{"categories[1].title required"}},
	{"a parent is declared", func(d *privacy.Declaration) { d.Categories = append(d.Categories, topLevel("device.model")) }, []string{"categories[10].id parent_missing"}},
	{"a category at the top states its role", func(d *privacy.Declaration) {
		d.Categories = append(d.Categories, privacy.Category{ID: "x", Title: "X"})
	}, []string{"categories[10].role required"}},
	{"data is held as controller or processor", func(d *privacy.Declaration) { d.Categories[4].Role = privacy.RoleJointController }, []string{"categories[4].role unknown"}},
	{"a role exists", func(d *privacy.Declaration) { d.Categories[4].Role = 77 }, []string{"categories[4].role unknown"}},
	{"a measure exists", func(d *privacy.Declaration) { d.Categories[4].Measures = 1 << 31 }, []string{"categories[4].measures unknown"}},
	{"a term is text", func(d *privacy.Declaration) { d.Categories[4].DPV = "\x00" }, []string{"categories[4].dpv text"}},
}

func topLevel(id privacy.CategoryID) privacy.Category {
	return privacy.Category{ID: id, Title: "Title", Role: privacy.RoleController}
}

var purposeCases = []problemCase{
	{"a purpose has an identifier", func(d *privacy.Declaration) {
		d.Purposes = append(d.Purposes, privacy.Purpose{Title: "X"}, privacy.Purpose{Title: "Y"})
	}, []string{"purposes[7].id required", "purposes[8].id required"}},
	{"a purpose is declared once", func(d *privacy.Declaration) { d.Purposes = append(d.Purposes, d.Purposes[0]) }, []string{"purposes[7].id duplicate"}},
	{"a purpose has a title", func(d *privacy.Declaration) { d.Purposes[0].Title = "" }, []string{"purposes[0].title required"}},
	{"a purpose's texts are text", func(d *privacy.Declaration) { d.Purposes[0].Description, d.Purposes[0].DPV = "\x7f", "\x7f" }, []string{"purposes[0].description text", "purposes[0].dpv text"}},
	{"an opt-out exists", func(d *privacy.Declaration) { d.Purposes[0].OptOuts = 1 << 7 }, []string{"purposes[0].opt_outs unknown"}},

	{"a controller activity's purpose has a legal basis", func(d *privacy.Declaration) { d.Purposes[0].Bases = nil }, []string{"purposes[0].bases basis_missing"}},
	{"a missing legal basis is reported once", func(d *privacy.Declaration) {
		d.Purposes[0].Bases = nil
		d.Activities[1].Purpose, d.Activities[3].Purpose = "service", "service"
	}, []string{"purposes[0].bases basis_missing"}},
	{"a basis is stated", func(d *privacy.Declaration) { d.Purposes[0].Bases[0].Basis = 0 }, []string{"purposes[0].bases[0].basis required"}},
	{"a basis exists", func(d *privacy.Declaration) { d.Purposes[0].Bases[0].Basis = 99 }, []string{"purposes[0].bases[0].basis unknown"}},
	{"a condition exists", func(d *privacy.Declaration) { d.Purposes[0].Bases[0].Condition = 99 }, []string{"purposes[0].bases[0].condition unknown"}},
	{"legitimate interests are named", func(d *privacy.Declaration) { d.Purposes[1].Bases[0].Interest = "" }, []string{"purposes[1].bases[0].interest required"}},
	{"a legal obligation is cited", func(d *privacy.Declaration) { d.Purposes[2].Bases[0].Law = "" }, []string{"purposes[2].bases[0].law required"}},
	{"a public task is cited", func(d *privacy.Declaration) { d.Purposes[0].Bases[0].Basis = privacy.BasisPublicTask }, []string{"purposes[0].bases[0].law required"}},
	{"a basis's texts are text", func(d *privacy.Declaration) {
		d.Purposes[0].Bases[0].Interest, d.Purposes[0].Bases[0].Law = "\x00", "\x00"
	}, []string{"purposes[0].bases[0].interest text", "purposes[0].bases[0].law text"}},
	{"a jurisdiction has a form", func(d *privacy.Declaration) {
		d.Purposes[0].Bases[0].Jurisdictions = []privacy.Jurisdiction{"", "europe", "U1", "UK", "EU-DE", "US_CA"}
	}, []string{
		"purposes[0].bases[0].jurisdictions[0] jurisdiction", "purposes[0].bases[0].jurisdictions[1] jurisdiction", "purposes[0].bases[0].jurisdictions[2] jurisdiction",
		"purposes[0].bases[0].jurisdictions[3] jurisdiction", "purposes[0].bases[0].jurisdictions[4] jurisdiction", "purposes[0].bases[0].jurisdictions[5] jurisdiction",
	}},
	{"a jurisdiction is listed once", func(d *privacy.Declaration) {
		d.Purposes[0].Bases[0].Jurisdictions = []privacy.Jurisdiction{"eu", "us-ca", "US-CA"}
	}, []string{"purposes[0].bases[0].jurisdictions[2] duplicate"}},
	{"a jurisdiction has one basis", func(d *privacy.Declaration) {
		d.Purposes[0].Bases = []privacy.PurposeBasis{
			{Basis: privacy.BasisContract, Jurisdictions: []privacy.Jurisdiction{"eu", "de"}},
			{Basis: privacy.BasisConsent, Jurisdictions: []privacy.Jurisdiction{"US", "DE"}},
		}
	}, []string{"purposes[0].bases[1].jurisdictions[1] basis_duplicate"}},
	{"everywhere else has one basis", func(d *privacy.Declaration) {
		d.Purposes[0].Bases = []privacy.PurposeBasis{{Basis: privacy.BasisContract}, {Basis: privacy.BasisConsent}}
	}, []string{"purposes[0].bases[1] basis_duplicate"}},
	{"recognised legitimate interests exist in the United Kingdom", func(d *privacy.Declaration) {
		d.Purposes[0].Bases = []privacy.PurposeBasis{
			{Basis: privacy.BasisRecognisedLegitimateInterests, Jurisdictions: []privacy.Jurisdiction{"gb", "GB-SCT", "eu", "US"}},
		}
	}, []string{"purposes[0].bases[0].jurisdictions[2] basis_unavailable", "purposes[0].bases[0].jurisdictions[3] basis_unavailable"}},
	{"recognised legitimate interests are not for everywhere", func(d *privacy.Declaration) {
		d.Purposes[0].Bases[0].Basis = privacy.BasisRecognisedLegitimateInterests
	}, []string{"purposes[0].bases[0].basis basis_unavailable"}},

	{"special categories need a condition", func(d *privacy.Declaration) { d.Purposes[4].Bases[0].Condition = 0 }, []string{"purposes[4].bases[0].condition condition_missing"}},
	{"a condition is needed in every jurisdiction", func(d *privacy.Declaration) {
		d.Purposes[4].Bases[0].Jurisdictions = []privacy.Jurisdiction{"eu"}
		d.Purposes[4].Bases = append(d.Purposes[4].Bases, privacy.PurposeBasis{Basis: privacy.BasisContract})
	}, []string{"purposes[4].bases[1].condition condition_missing"}},
	{"every activity is looked at, and a condition is reported once", func(d *privacy.Declaration) {
		d.Activities[1].Purpose, d.Activities[1].Categories = "service", []privacy.CategoryID{"account.accessibility"}
		d.Activities[3].Purpose, d.Activities[3].Categories = "service", []privacy.CategoryID{"account.accessibility"}
	}, []string{"purposes[0].bases[0].condition condition_missing"}},
	{"naming a category uses the special categories within it", func(d *privacy.Declaration) {
		d.Activities[0].Categories = []privacy.CategoryID{"account"}
	}, []string{"purposes[0].bases[0].condition condition_missing"}},
	{"the mark of special categories is inherited", func(d *privacy.Declaration) {
		d.Categories[3].ID, d.Categories[3].Special = "account.accessibility", false
		d.Categories[0].Special = true
	}, []string{"purposes[0].bases[0].condition condition_missing", "purposes[3].bases[0].condition condition_missing"}},
}

var recipientCases = []problemCase{
	{"a recipient has an identifier", func(d *privacy.Declaration) { d.Recipients = append(d.Recipients, d.Recipients[0]) }, []string{"recipients[4].id duplicate"}},
	{"a recipient has a title", func(d *privacy.Declaration) { d.Recipients[0].Title = "" }, []string{"recipients[0].title required"}},
	{"a recipient has a kind", func(d *privacy.Declaration) { d.Recipients[0].Kind = 0 }, []string{"recipients[0].kind required"}},
	{"a kind of recipient exists", func(d *privacy.Declaration) { d.Recipients[0].Kind = 99 }, []string{"recipients[0].kind unknown"}},
	{"a recipient has a location", func(d *privacy.Declaration) { d.Recipients[0].Locations = nil }, []string{"recipients[0].locations required"}},
	{"a location has a country", func(d *privacy.Declaration) { d.Recipients[0].Locations[0].Country = "" }, []string{"recipients[0].locations[0].country required"}},
	{"a location's country exists", func(d *privacy.Declaration) { d.Recipients[0].Locations[0].Country = "YU" }, []string{"recipients[0].locations[0].country country"}},
	{"a country is listed once", func(d *privacy.Declaration) {
		d.Recipients[0].Locations = append(d.Recipients[0].Locations, privacy.RecipientLocation{Country: "ie"})
	}, []string{"recipients[0].locations[1].country duplicate"}},
	{"a reference is text", func(d *privacy.Declaration) { d.Recipients[0].Locations[0].Reference = "\x00" }, []string{"recipients[0].locations[0].reference text"}},
	{"a mechanism exists", func(d *privacy.Declaration) { d.Recipients[0].Locations[0].Mechanism = 99 }, []string{"recipients[0].locations[0].mechanism unknown"}},
	{"a transfer needs a mechanism", func(d *privacy.Declaration) { d.Recipients[2].Locations[0].Mechanism = 0 }, []string{"recipients[2].locations[0].mechanism mechanism_missing"}},
	{"a transfer is not said to be none", func(d *privacy.Declaration) { d.Recipients[2].Locations[0].Mechanism = privacy.TransferNone }, []string{"recipients[2].locations[0].mechanism mechanism_missing"}},
	{"the United Kingdom is a third country to the Union", func(d *privacy.Declaration) { d.Recipients[0].Locations[0].Country = "GB" }, []string{"recipients[0].locations[0].mechanism mechanism_missing"}},
	{"the Union is a third country to the United Kingdom", func(d *privacy.Declaration) {
		d.Operator.Country = "GB"
		d.Recipients = d.Recipients[:1]
		d.Systems[2].Recipient = ""
		d.Activities = d.Activities[:2]
	}, []string{"recipients[0].locations[0].mechanism mechanism_missing"}},
	{"the Union does not know the United Kingdom's agreement", func(d *privacy.Declaration) { d.Recipients[2].Locations[0].Mechanism = privacy.TransferIDTA }, []string{"recipients[2].locations[0].mechanism mechanism_unavailable"}},
	{"the United Kingdom does not accept the Union's clauses alone", func(d *privacy.Declaration) {
		d.Operator.Country = "GB"
		for _, i := range []int{0, 1, 3} {
			for j := range d.Recipients[i].Locations {
				d.Recipients[i].Locations[j].Mechanism = privacy.TransferAdequacy
			}
		}
	}, []string{"recipients[2].locations[0].mechanism mechanism_unavailable"}},
	{"mechanisms are not judged from an unknown country", func(d *privacy.Declaration) {
		d.Operator.Country = "ZZ"
		d.Recipients[2].Locations[0].Mechanism = 0
	}, []string{"operator.country country"}},
}

var systemCases = []problemCase{
	{"a system is declared once", func(d *privacy.Declaration) { d.Systems = append(d.Systems, d.Systems[0]) }, []string{"systems[3].id duplicate"}},
	{"a system has a title", func(d *privacy.Declaration) { d.Systems[0].Title = "" }, []string{"systems[0].title required"}},
	{"a system holds something", func(d *privacy.Declaration) { d.Systems[0].Categories = nil }, []string{"systems[0].categories required"}},
	{"a system holds declared categories", func(d *privacy.Declaration) { d.Systems[0].Categories[0] = "accounts" }, []string{"systems[0].categories[0] unknown_reference"}},
	{"a system lists a category once", func(d *privacy.Declaration) { d.Systems[0].Categories[1] = "account" }, []string{"systems[0].categories[1] duplicate"}},
	{"a listed category has a name", func(d *privacy.Declaration) { d.Systems[0].Categories[1] = "" }, []string{"systems[0].categories[1] required"}},
	{"a system is run by a declared recipient", func(d *privacy.Declaration) { d.Systems[0].Recipient = "cloud" }, []string{"systems[0].recipient unknown_reference"}},
	{"a subject key is text", func(d *privacy.Declaration) { d.Systems[0].SubjectKey = "\x00" }, []string{"systems[0].subject_key text"}},
}

var activityCases = []problemCase{
	{"an activity is declared once", func(d *privacy.Declaration) { d.Activities = append(d.Activities, d.Activities[0]) }, []string{"activities[7].id duplicate"}},
	{"an activity has a title", func(d *privacy.Declaration) { d.Activities[0].Title = "" }, []string{"activities[0].title required"}},
	{"an activity has a purpose", func(d *privacy.Declaration) { d.Activities[0].Purpose = "" }, []string{"activities[0].purpose required"}},
	{"an activity has a declared purpose", func(d *privacy.Declaration) { d.Activities[0].Purpose = "improvement" }, []string{"activities[0].purpose unknown_reference"}},
	{"an activity has a role", func(d *privacy.Declaration) { d.Activities[2].Role = 0 }, []string{"activities[2].role required"}},
	{"an activity's role exists", func(d *privacy.Declaration) { d.Activities[2].Role = 9 }, []string{"activities[2].role unknown"}},
	{"subjects have a name", func(d *privacy.Declaration) { d.Activities[0].Subjects[0] = "" }, []string{"activities[0].subjects[0] required"}},
	{"an activity uses something", func(d *privacy.Declaration) { d.Activities[0].Categories = nil }, []string{"activities[0].categories required"}},
	{"an activity uses declared categories", func(d *privacy.Declaration) { d.Activities[0].Categories[1] = "account.phone" }, []string{"activities[0].categories[1] unknown_reference"}},
	{"an activity lists a category once", func(d *privacy.Declaration) { d.Activities[0].Categories[1] = "account.name" }, []string{"activities[0].categories[1] duplicate"}},
	{"an activity's categories have names", func(d *privacy.Declaration) { d.Activities[5].Categories[0] = "" }, []string{"activities[5].categories[0] required"}},
	{"a category that is not declared is reported where it stands first", func(d *privacy.Declaration) {
		d.Activities[1].Categories = []privacy.CategoryID{"x", "usage", "x"}
	}, []string{"activities[1].categories[0] unknown_reference", "activities[1].categories[2] duplicate"}},
	{"an activity does something", func(d *privacy.Declaration) { d.Activities[0].Operations = nil }, []string{"activities[0].operations required"}},
	{"an operation exists", func(d *privacy.Declaration) { d.Activities[0].Operations[0] = 99 }, []string{"activities[0].operations[0] unknown"}},
	{"an operation is listed once", func(d *privacy.Declaration) { d.Activities[0].Operations[1] = privacy.OperationCollect }, []string{"activities[0].operations[1] duplicate"}},
	{"an activity discloses to declared recipients", func(d *privacy.Declaration) { d.Activities[2].Recipients[1] = "bank" }, []string{"activities[2].recipients[1] unknown_reference"}},
	{"an activity lists a recipient once", func(d *privacy.Declaration) { d.Activities[2].Recipients[1] = "payments" }, []string{"activities[2].recipients[1] duplicate"}},
	{"a controller activity has no sub-processor", func(d *privacy.Declaration) { d.Activities[2].Recipients[0] = "hosting" }, []string{"activities[2].recipients[0] recipient_role"}},
	{"a joint-controller activity has no sub-processor", func(d *privacy.Declaration) {
		makeJoint(d)
		d.Activities[2].Recipients[0] = "hosting"
	}, []string{"activities[2].recipients[0] recipient_role"}},
	{"a processor activity has sub-processors", func(d *privacy.Declaration) { d.Activities[5].Recipients[0] = "payments" }, []string{"activities[5].recipients[0] recipient_role"}},
	{"a period has a range", func(d *privacy.Declaration) { d.Activities[0].Retention.Period.Days = -1 }, []string{"activities[0].retention.period range"}},
	{"a retention's texts are text", func(d *privacy.Declaration) {
		d.Activities[0].Retention.After, d.Activities[0].Retention.Criteria, d.Activities[0].Retention.Law = "\x00", "\x00", "\x00"
	}, []string{"activities[0].retention.after text", "activities[0].retention.criteria text", "activities[0].retention.law text"}},
	{"a measure of an activity exists", func(d *privacy.Declaration) { d.Activities[0].Measures = 1 }, []string{"activities[0].measures unknown"}},

	{"a minimum age is positive", func(d *privacy.Declaration) { d.Activities[0].MinimumAge.Years = -1 }, []string{"activities[0].minimum_age.years range"}},
	{"a minimum age is an age of people", func(d *privacy.Declaration) { d.Activities[0].MinimumAge.Years = 151 }, []string{"activities[0].minimum_age.years range"}},
	{"an unknown age needs a minimum age", func(d *privacy.Declaration) { d.Activities[0].MinimumAge.Years = 0 }, []string{"activities[0].minimum_age.years range"}},
	{"an unknown age is met in a known way", func(d *privacy.Declaration) { d.Activities[0].MinimumAge.Unknown = "guess" }, []string{"activities[0].minimum_age.unknown unknown"}},
	{"a processor activity has no minimum age", func(d *privacy.Declaration) { d.Activities[5].MinimumAge.Years = 18 }, []string{"activities[5].minimum_age not_applicable"}},

	{"a joint-controller activity has an arrangement", func(d *privacy.Declaration) { d.Activities[2].Role = privacy.RoleJointController }, []string{"activities[2].joint_arrangement arrangement_missing"}},
	{"an arrangement is declared", func(d *privacy.Declaration) {
		d.Activities[2].Role, d.Activities[2].JointArrangement = privacy.RoleJointController, "partners"
	}, []string{"activities[2].joint_arrangement unknown_reference"}},
	{"a sole controller has no arrangement", func(d *privacy.Declaration) {
		makeJoint(d)
		d.Activities[2].Role = privacy.RoleController
	}, []string{"activities[2].joint_arrangement not_applicable"}},

	{"a processor activity uses only data held as processor", func(d *privacy.Declaration) {
		d.Activities[5].Categories = []privacy.CategoryID{"content", "account.email"}
	}, []string{"activities[5].categories processor_category"}},
	{"a processor activity does not reach controller data by hierarchy", func(d *privacy.Declaration) { d.Categories[8].Role = privacy.RoleController }, []string{"activities[5].categories processor_category", "activities[6].categories processor_category"}},
	{"a controller activity on data held as processor says why", func(d *privacy.Declaration) {
		d.Activities[1].Categories = []privacy.CategoryID{"content.labels"}
	}, []string{"activities[1].own_purpose_reason own_purpose"}},
	{"a joint-controller activity on data held as processor says why", func(d *privacy.Declaration) {
		makeJoint(d)
		d.Activities[2].Categories = []privacy.CategoryID{"content.labels"}
	}, []string{"activities[2].own_purpose_reason own_purpose"}},
	{"a controller activity does not reach processor data by hierarchy", func(d *privacy.Declaration) {
		d.Categories = append(d.Categories, privacy.Category{ID: "usage.content", Title: "Content", Role: privacy.RoleProcessor})
	}, []string{"activities[1].own_purpose_reason own_purpose"}},
	{"a reason is given only for data held as processor", func(d *privacy.Declaration) { d.Activities[1].OwnPurposeReason = "why" }, []string{"activities[1].own_purpose_reason not_applicable"}},
	{"a processor has no purpose of its own", func(d *privacy.Declaration) { d.Activities[5].OwnPurposeReason = "why" }, []string{"activities[5].own_purpose_reason not_applicable"}},
	{"a reason is text", func(d *privacy.Declaration) {
		d.Activities[1].Categories = []privacy.CategoryID{"content.labels"}
		d.Activities[1].OwnPurposeReason = "\x00"
	}, []string{"activities[1].own_purpose_reason text"}},

	{"an arrangement is declared once", func(d *privacy.Declaration) {
		makeJoint(d)
		d.JointArrangements = append(d.JointArrangements, d.JointArrangements[0])
	}, []string{"joint_arrangements[1].id duplicate"}},
	{"an arrangement has other controllers", func(d *privacy.Declaration) {
		makeJoint(d)
		d.JointArrangements[0].Controllers = nil
	}, []string{"joint_arrangements[0].controllers required"}},
	{"another controller has a name", func(d *privacy.Declaration) {
		makeJoint(d)
		d.JointArrangements[0].Controllers[0] = ""
	}, []string{"joint_arrangements[0].controllers[0] required"}},
	{"an arrangement has an essence", func(d *privacy.Declaration) {
		makeJoint(d)
		d.JointArrangements[0].Essence, d.JointArrangements[0].Contact = "", "\x00"
	}, []string{"joint_arrangements[0].essence required", "joint_arrangements[0].contact text"}},
}

// makeJoint turns bookkeeping into a joint-controller activity.
func makeJoint(d *privacy.Declaration) {
	d.JointArrangements = []privacy.JointArrangement{{
		ID: "group", Controllers: []string{"LabelOp Fictional Ltd"}, Essence: "Each company answers for its own books.", Contact: "LabelOp",
	}}
	d.Activities[2].Role, d.Activities[2].JointArrangement = privacy.RoleJointController, "group"
}

func compileCases() []problemCase {
	return slices.Concat(operatorCases, categoryCases, purposeCases, recipientCases, systemCases, activityCases)
}

func TestCompileReportsProblems(t *testing.T) {
	for _, test := range compileCases() {
		t.Run(test.rule, func(t *testing.T) {
			d := privacytest.Declaration()
			test.change(&d)
			register, err := privacy.Compile(d)
			if register != nil {
				t.Error("a register was returned")
			}
			problems := problemsOf(t, err)
			if got := locate(problems); !slices.Equal(got, test.want) {
				t.Errorf("got\n\t%v\nwant\n\t%v", strings.Join(got, "\n\t"), strings.Join(test.want, "\n\t"))
			}
			for _, problem := range problems {
				if problem.Detail == "" || strings.Contains(problem.Detail, "%!") {
					t.Errorf("detail %q", problem.Detail)
				}
			}
		})
	}
}

func TestEveryProblemCodeHasACase(t *testing.T) {
	covered := make(map[string]bool)
	for _, test := range compileCases() {
		for _, want := range test.want {
			_, code, _ := strings.Cut(want, " ")
			covered[code] = true
		}
	}
	for _, test := range parseCases {
		for _, want := range test.want {
			covered[want[strings.LastIndexByte(want, ' ')+1:]] = true
		}
	}
	for name, code := range constants(t, "problemcode.go", "Problem") {
		if !covered[code] {
			t.Errorf("no case for %s", name)
		}
	}
}

func TestMalformedDeclarationWithFiveErrorsGivesFiveProblems(t *testing.T) {
	d := privacytest.Declaration()
	d.Operator.Name = ""
	d.Categories[4].Title = ""
	d.Purposes[0].Bases = nil
	d.Recipients[2].Locations[0].Mechanism = 0
	d.Activities[6].Purpose = "training"
	_, err := privacy.Compile(d)
	problems := problemsOf(t, err)
	want := []string{
		"operator.name required",
		"categories[4].title required",
		"recipients[2].locations[0].mechanism mechanism_missing",
		"purposes[0].bases basis_missing",
		"activities[6].purpose unknown_reference",
	}
	if got := locate(problems); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if lines := strings.Split(err.Error(), "\n"); len(lines) != 6 {
		t.Errorf("the error has %d lines:\n%v", len(lines), err)
	}
}

func TestEmptyDeclarationDoesNotCompile(t *testing.T) {
	_, err := privacy.Compile(privacy.Declaration{})
	want := []string{"operator.name required", "operator.country required", "contacts required"}
	if got := locate(problemsOf(t, err)); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestDeclarationForTestsCompilesWithoutFinding(t *testing.T) {
	if findings := compile(t, privacytest.Declaration()).Findings(); len(findings) != 0 {
		t.Errorf("findings %v", findings)
	}
}

// What Compile must accept, although it looks like something it refuses.
func TestCompileAccepts(t *testing.T) {
	tests := []struct {
		rule   string
		change func(*privacy.Declaration)
	}{
		{"an operator without a legal entity", func(d *privacy.Declaration) { d.Operator.LegalEntity = "" }},
		{"country codes in lower case", func(d *privacy.Declaration) { d.Operator.Country = "de" }},
		{"the least and the greatest minimum age", func(d *privacy.Declaration) {
			d.Activities[0].MinimumAge.Years, d.Activities[3].MinimumAge.Years = 1, 150
		}},
		{"text of several lines", func(d *privacy.Declaration) { d.Operator.Address = "Street\n\tTown" }},
		{"a purpose of the operator's own with a reason", func(d *privacy.Declaration) {
			d.Activities[1].Categories = []privacy.CategoryID{"content.labels"}
			d.Activities[1].OwnPurposeReason = "Abuse shows in labels only"
		}},
		{"a joint-controller activity with an arrangement", makeJoint},
		{"a category within another of another role", func(d *privacy.Declaration) {
			d.Categories = append(d.Categories, privacy.Category{ID: "usage.content", Title: "Content", Role: privacy.RoleProcessor})
			d.Activities[1].OwnPurposeReason = "Abuse shows in content"
		}},
		{"a purpose without bases pursued as processor", func(d *privacy.Declaration) { d.Purposes[5].Bases = nil }},
		{"a disclosure to a customer's choice of controller", func(d *privacy.Declaration) {
			d.Recipients[2].Kind = privacy.RecipientController
		}},
		{"the United Kingdom's addendum for an operator there", func(d *privacy.Declaration) {
			d.Operator.Country = "GB"
			for i := range d.Recipients {
				for j := range d.Recipients[i].Locations {
					d.Recipients[i].Locations[j].Mechanism = privacy.TransferAdequacy
				}
			}
			d.Recipients[2].Locations[0].Mechanism = privacy.TransferUKAddendum
		}},
		{"recipients of an American operator at home and in the Union", func(d *privacy.Declaration) {
			d.Operator.Country = "US"
			d.Recipients[2].Locations[0].Mechanism = 0
		}},
		{"a declaration that declares nothing", func(d *privacy.Declaration) {
			*d = privacy.Declaration{Operator: d.Operator, Contacts: d.Contacts}
		}},
	}
	for _, test := range tests {
		t.Run(test.rule, func(t *testing.T) {
			d := privacytest.Declaration()
			test.change(&d)
			compile(t, d)
		})
	}
}

// manyActivities returns a declaration with n controller and n processor
// activities.
func manyActivities(n int) privacy.Declaration {
	d := privacytest.Declaration()
	controller, processor := d.Activities[0], d.Activities[6]
	for i := range n {
		controller.ID = privacy.ActivityID(fmt.Sprintf("controller-%d", i))
		processor.ID = privacy.ActivityID(fmt.Sprintf("processor-%d", i))
		d.Activities = append(d.Activities, controller, processor)
	}
	return d
}

func BenchmarkCompile2000Activities(b *testing.B) {
	d := manyActivities(1000)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := privacy.Compile(d); err != nil {
			b.Fatal(err)
		}
	}
}

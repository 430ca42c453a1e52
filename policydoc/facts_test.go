package policydoc_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/language"

	"github.com/labelop/privacykit/policydoc"
	"github.com/labelop/privacykit/policydoc/markdown"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
)

// register compiles the fictional declaration after a change.
func register(t testing.TB, change func(*privacy.Declaration)) *privacy.Register {
	t.Helper()
	d := privacytest.Declaration()
	if change != nil {
		change(&d)
	}
	r, err := privacy.Compile(d)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func facts(t testing.TB, change func(*privacy.Declaration)) policydoc.Facts {
	return policydoc.FactsOf(register(t, change))
}

func TestFactsOf(t *testing.T) {
	fs := facts(t, func(d *privacy.Declaration) { d.Activities[1].AutomatedDecision = true })
	if err := fs.Check(); err != nil {
		t.Fatal(err)
	}
	for ref, want := range map[string]string{
		"operator":                 "map[address:[Musterstrasse 1, 10115 Berlin, Germany] country:[DE] legal_entity:[LabelOp Fictional GmbH] name:[LabelOp]]",
		"contact:privacy":          "map[email:[privacy@labelop.example]]",
		"category:account.email":   "map[role:[controller]]",
		"category:content.health":  "map[role:[processor] special:[true]]",
		"purpose:marketing":        "map[basis:[consent] category:[account.email] direct_marketing:[true] role:[controller]]",
		"recipient:model":          "map[category:[content.images content.labels] country:[US] kind:[sub_processor] purpose:[assistance]]",
		"transfer:US":              "map[mechanism:[scc] recipient:[model]]",
		"retention:monitoring":     "map[after:[event recorded] period:[P6M] purpose:[security]]",
		"retention:newsletter":     "map[criteria:[until consent is withdrawn] purpose:[marketing]]",
		"right:objection":          "map[purpose:[marketing security]]",
		"right:portability":        "map[purpose:[accessibility marketing service]]",
		"right:withdraw_consent":   "map[purpose:[accessibility marketing]]",
		"right:not_subject_to_adm": "map[purpose:[security]]",
		"age:newsletter":           "map[years:[18]]",
		"automated:monitoring":     "map[purpose:[security]]",
	} {
		f, ok := fs.Find(ref)
		if got := fmt.Sprint(f.Attributes); !ok || got != want {
			t.Errorf("%s: got %s\nwant %s", ref, got, want)
		}
	}
	joint, _ := facts(t, func(d *privacy.Declaration) { makeJoint(d, 2) }).Find("joint_arrangement:group")
	want := "map[contact:[LabelOp] controller:[Mother Fictional SE Sister Fictional Ltd] essence:[Each answers for its own books.] purpose:[accounting]]"
	if got := fmt.Sprint(joint.Attributes); got != want || joint.Title != "Sister Fictional Ltd, Mother Fictional SE" {
		t.Errorf("got %q %s", joint.Title, got)
	}
	if _, ok := fs.Find("transfer:NO"); ok {
		t.Error("disclosing within the EEA is a transfer")
	}
	if err := (policydoc.Facts{{Ref: "b"}, {Ref: "a"}, {}}).Check(); !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("got %v", err)
	}
}

// materialityCases change the declaration; want is each reason as "rule ref
// consequence purposes".
var materialityCases = []struct {
	rule   string
	change func(*privacy.Declaration)
	want   []string
}{
	{"nothing", func(*privacy.Declaration) {}, nil},
	{"a title", func(d *privacy.Declaration) { d.Purposes[0].Title = "Provide our service" }, nil},
	{"a contact's address", func(d *privacy.Declaration) { d.Contacts[0].Email = "data@labelop.example" }, nil},
	{"a shorter retention", func(d *privacy.Declaration) { d.Activities[1].Retention.Period = privacy.Period{Months: 3} }, nil},
	{"a higher age", func(d *privacy.Declaration) { d.Activities[3].MinimumAge.Years = 21 }, nil},
	{"a recipient less", func(d *privacy.Declaration) { d.Activities[2].Recipients = d.Activities[2].Recipients[:1] }, nil},
	{"a new purpose that relies on consent", func(d *privacy.Declaration) {
		addPurpose(d, privacy.PurposeBasis{Basis: privacy.BasisConsent})
	}, []string{
		"new_purpose purpose:research renewed_consent [research]",
	}},
	{"a new purpose that does not", func(d *privacy.Declaration) {
		addPurpose(d, privacy.PurposeBasis{Basis: privacy.BasisContract})
	}, []string{"new_purpose purpose:research notice []"}},
	{"a changed basis", func(d *privacy.Declaration) {
		d.Purposes[1].Bases = []privacy.PurposeBasis{{Basis: privacy.BasisContract}}
	}, []string{"changed_basis purpose:security notice []", "changed_interest purpose:security notice []", "right_narrower right:objection notice []"}},
	{"a wider use with consent", func(d *privacy.Declaration) {
		d.Activities[3].Categories = append(d.Activities[3].Categories, "usage")
	}, []string{"wider_use purpose:marketing renewed_consent [marketing]"}},
	{"a new category", func(d *privacy.Declaration) {
		d.Categories = append(d.Categories, privacy.Category{ID: "account.phone", Title: "Phone"})
	}, []string{"new_category category:account.phone notice []"}},
	{"a category becomes special", func(d *privacy.Declaration) { d.Categories[7].Special = true }, []string{
		"special_category category:content.images notice []",
	}},
	{"a new sub-processor", func(d *privacy.Declaration) {
		addRecipient(d, 6, privacy.RecipientSubProcessor, "DE")
	}, []string{"new_sub_processor recipient:new sub_processor_notice []"}},
	{"a new controller relying on consent", func(d *privacy.Declaration) {
		addRecipient(d, 3, privacy.RecipientController, "DE")
	}, []string{"new_controller recipient:new renewed_consent [marketing]"}},
	{"a new controller not relying on consent", func(d *privacy.Declaration) {
		addRecipient(d, 1, privacy.RecipientController, "DE")
	}, []string{"new_controller recipient:new notice []"}},
	{"a new adviser abroad", func(d *privacy.Declaration) {
		addRecipient(d, 1, privacy.RecipientAdviser, "CA")
	}, []string{"new_recipient recipient:new notice []", "new_transfer transfer:CA notice []"}},
	{"a processor becomes a controller", func(d *privacy.Declaration) {
		d.Recipients[0].Kind = privacy.RecipientController
	}, []string{"recipient_becomes_controller recipient:payments notice []"}},
	{"a further country", func(d *privacy.Declaration) {
		d.Recipients[0].Locations = append(d.Recipients[0].Locations, privacy.RecipientLocation{Country: "FR"})
	}, []string{"recipient_country recipient:payments notice []"}},
	{"another mechanism", func(d *privacy.Declaration) {
		d.Recipients[2].Locations[0].Mechanism = privacy.TransferAdequacy
	}, []string{"transfer_mechanism transfer:US notice []"}},
	{"wider sharing", func(d *privacy.Declaration) {
		d.Activities[6].Categories = append(d.Activities[6].Categories, "content.health")
	}, []string{
		"wider_use purpose:assistance notice []", "wider_sharing recipient:hosting notice []", "wider_sharing recipient:model notice []",
	}},
	{"a longer retention", func(d *privacy.Declaration) { d.Activities[1].Retention.Period = privacy.Period{Months: 7} }, []string{
		"longer_retention retention:monitoring notice []",
	}},
	{"a retention that may be longer", func(d *privacy.Declaration) { d.Activities[0].Retention.Period = privacy.Period{Months: 1} }, []string{
		"longer_retention retention:accounts notice []",
	}},
	{"a retention without end", func(d *privacy.Declaration) {
		d.Activities[1].Retention.Period = privacy.Period{}
		d.Activities[1].Retention.Criteria = "as needed"
	}, []string{"retention_criteria retention:monitoring notice []", "longer_retention retention:monitoring notice []"}},
	{"joint control of a purpose with consent", func(d *privacy.Declaration) { makeJoint(d, 3) }, []string{
		"new_joint_controllers joint_arrangement:group renewed_consent [marketing]", "changed_role purpose:marketing notice []",
	}},
	{"joint control of another purpose", func(d *privacy.Declaration) { makeJoint(d, 1) }, []string{
		"new_joint_controllers joint_arrangement:group notice []", "changed_role purpose:security notice []",
	}},
	{"a lower age", func(d *privacy.Declaration) { d.Activities[3].MinimumAge.Years = 16 }, []string{"lower_age age:newsletter notice []"}},
	{"no age", func(d *privacy.Declaration) { d.Activities[3].MinimumAge = privacy.MinimumAge{} }, []string{"age_removed age:newsletter notice []"}},
	{"automated decisions", func(d *privacy.Declaration) { d.Activities[1].AutomatedDecision = true }, []string{
		"automated_decision automated:monitoring notice []",
	}},
	{"another operator", func(d *privacy.Declaration) { d.Operator.LegalEntity = "Other GmbH" }, []string{"operator operator notice []"}},
	{"a contact less", func(d *privacy.Declaration) { d.Contacts = d.Contacts[:2] }, []string{"contact_removed contact:security notice []"}},
}

func addPurpose(d *privacy.Declaration, basis privacy.PurposeBasis) {
	d.Purposes = append(d.Purposes, privacy.Purpose{ID: "research", Title: "Research", Bases: []privacy.PurposeBasis{basis}})
}

// addRecipient adds a recipient to whom an activity discloses.
func addRecipient(d *privacy.Declaration, activity int, kind privacy.RecipientKind, country privacy.Country) {
	location := privacy.RecipientLocation{Country: country}
	if country == "CA" {
		location.Mechanism = privacy.TransferAdequacy
	}
	d.Recipients = append(d.Recipients, privacy.Recipient{ID: "new", Title: "New", Kind: kind, Locations: []privacy.RecipientLocation{location}})
	a := &d.Activities[activity]
	a.Recipients = append(a.Recipients, "new")
	if !slices.Contains(a.Operations, privacy.OperationDisclose) {
		a.Operations = append(a.Operations, privacy.OperationDisclose)
	}
}

// makeJoint makes an activity one of joint controllers.
func makeJoint(d *privacy.Declaration, activity int) {
	d.JointArrangements = []privacy.JointArrangement{{
		ID: "group", Controllers: []string{"Sister Fictional Ltd", "Mother Fictional SE"}, Essence: "Each answers for its own books.", Contact: "LabelOp",
	}}
	d.Activities[activity].Role, d.Activities[activity].JointArrangement = privacy.RoleJointController, "group"
}

func TestMateriality(t *testing.T) {
	before := facts(t, nil)
	for _, tt := range materialityCases {
		t.Run(tt.rule, func(t *testing.T) {
			var got []string
			for _, r := range policydoc.DefaultMateriality().Assess(before, facts(t, tt.change)) {
				got = append(got, fmt.Sprint(r.Rule, " ", r.Ref, " ", r.Consequence, " ", r.Purposes))
				if r.Article == "" || r.Detail == "" {
					t.Errorf("%s has no article or detail", r.Rule)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q\nwant %q", got, tt.want)
			}
		})
	}
}

// fact makes one fact with one attribute.
func fact(ref, attribute string, values ...string) policydoc.Fact {
	return policydoc.Fact{Ref: ref, Attributes: map[string][]string{attribute: values}}
}

func TestEveryRuleOfMaterialityApplies(t *testing.T) {
	hit := map[string]bool{}
	assess := func(before, after policydoc.Facts) {
		for _, r := range policydoc.DefaultMateriality().Assess(before, after) {
			hit[r.Rule] = true
		}
	}
	for _, tt := range materialityCases {
		assess(facts(t, nil), facts(t, tt.change))
	}
	for _, change := range [][2]policydoc.Fact{
		{fact("purpose:a", "role", "processor"), fact("purpose:a", "role", "controller")},
		{fact("purpose:a", "direct_marketing"), fact("purpose:a", "direct_marketing", "true")},
		{fact("category:a", "role", "processor"), fact("category:a", "role", "controller")},
		{fact("recipient:a", "kind", "processor"), fact("recipient:a", "kind", "sub_processor")},
		{fact("recipient:a", "kind", "processor"), fact("recipient:a", "kind", "adviser")},
		{fact("recipient:a", "purpose", "a"), fact("recipient:a", "purpose", "a", "b")},
		{fact("recipient:a", "kind", "controller"), {Ref: "recipient:a", Attributes: map[string][]string{"kind": {"controller"}, "purpose": {"a"}}}},
		{fact("joint_arrangement:a", "controller", "a"), fact("joint_arrangement:a", "controller", "a", "b")},
		{fact("joint_arrangement:a", "purpose", "a"), fact("joint_arrangement:a", "purpose", "a", "b")},
		{fact("joint_arrangement:a", "essence", "a"), fact("joint_arrangement:a", "essence", "b")},
		{fact("automated:a", "purpose", "a"), fact("automated:a", "purpose", "a", "b")},
		{fact("retention:a", "after", "x"), fact("retention:a", "after", "y")},
		{fact("retention:a", "after", "x"), {Ref: "z:"}},
		{fact("right:a", "purpose", "x"), {Ref: "z:"}},
		{fact("operator", "name", "x"), fact("operator", "name", "y")},
		{fact("operator", "country", "DE"), fact("operator", "country", "FR")},
	} {
		assess(policydoc.Facts{change[0]}, policydoc.Facts{change[1]})
	}
	for _, r := range policydoc.DefaultMateriality().Rules {
		if !hit[r.ID] {
			t.Errorf("no case for the rule %s", r.ID)
		}
	}
	unreadable := policydoc.Facts{fact("retention:a", "period", "soon"), fact("x", "y")}
	longer := policydoc.Facts{fact("retention:a", "period", "later"), fact("x", "y")}
	if reasons := policydoc.DefaultMateriality().Assess(unreadable, longer); len(reasons) != 1 {
		t.Errorf("a period that cannot be read is not longer: %v", reasons)
	}
}

func TestAControllerForAFurtherPurposeNeedsConsentForThatPurpose(t *testing.T) {
	shared := func(activities ...int) policydoc.Facts {
		return facts(t, func(d *privacy.Declaration) {
			addRecipient(d, 4, privacy.RecipientController, "DE")
			for _, i := range activities {
				d.Activities[i].Recipients = append(d.Activities[i].Recipients, "new")
				d.Activities[i].Operations = append(d.Activities[i].Operations, privacy.OperationDisclose)
			}
		})
	}
	for _, tt := range []struct {
		after policydoc.Facts
		want  string
	}{
		{shared(3), "controller_for_more renewed_consent [marketing]"},
		{shared(1), "controller_for_more notice []"},
	} {
		reasons := policydoc.DefaultMateriality().Assess(shared(), tt.after)
		i := slices.IndexFunc(reasons, func(r policydoc.Reason) bool { return strings.HasSuffix(r.Rule, "for_more") })
		if i < 0 {
			t.Errorf("no reason among %v", reasons)
		} else if r := reasons[i]; fmt.Sprint(r.Rule, " ", r.Consequence, " ", r.Purposes) != tt.want {
			t.Errorf("got %v, want %s", r, tt.want)
		}
	}
}

func TestAPeriodIsLongerIfItEverIs(t *testing.T) {
	for _, tt := range []struct {
		before, after string
		longer        bool
	}{
		{"P1M", "P28D", false}, {"P1M", "P29D", true}, {"P31D", "P1M", false}, {"P30D", "P1M", true},
		{"P244D", "P8M", true}, {"P245D", "P8M", false}, {"P365D", "P1Y", true}, {"P366D", "P1Y", false}, {"P1Y", "P365D", false}, {"P1Y", "P366D", true},
		{"P12M", "P1Y", false}, {"P1460D", "P4Y", true},
	} {
		reasons := policydoc.DefaultMateriality().Assess(
			policydoc.Facts{fact("retention:a", "period", tt.before)}, policydoc.Facts{fact("retention:a", "period", tt.after)})
		if got := len(reasons) > 0; got != tt.longer {
			t.Errorf("from %s to %s: longer is %v", tt.before, tt.after, got)
		}
	}
}

func TestMaterialityTableIsStrict(t *testing.T) {
	const rule = `{"id":"x","kind":"purpose","test":"added","consequence":"notice","article":"a","reason":"r"}`
	if _, err := policydoc.ParseMateriality([]byte(`{"rules":[` + rule + `]}`)); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{
		``, `{}`, `{"rules":[]}`, `{"rules":[{}]}`, `{"rule":[]}`,
		`{"rules":[` + replaceOnce(rule, "purpose", "prupose") + `]}`,
		`{"rules":[` + replaceOnce(rule, "added", "appears") + `]}`,
		`{"rules":[` + replaceOnce(rule, `"notice"`, `"nothing"`) + `]}`,
		`{"rules":[` + replaceOnce(rule, `"added"`, `"gained"`) + `]}`,
		`{"rules":[` + rule + `]}{"rules":[` + rule + `]}`,
		`{"rules":[` + replaceOnce(rule, `"id"`, `"where":"kind","id"`) + `]}`,
	} {
		if _, err := policydoc.ParseMateriality([]byte(bad)); !errors.Is(err, privacy.ErrInvalid) {
			t.Errorf("%s: got %v", bad, err)
		}
	}
	reasons := new(policydoc.MaterialityTable).Assess(nil, facts(t, nil))
	if len(reasons) == 0 {
		t.Error("without rules, changes pass as editorial")
	}
}

// disclosing is a policy that discloses the fictional declaration.
func disclosing(t testing.TB, locale string) *policydoc.Document {
	t.Helper()
	var b strings.Builder
	b.WriteString("---\nlocale: " + locale + "\n---\n# Policy {disclose=\"operator contact:privacy contact:data_protection_officer contact:security\"}\n\n" +
		"## Data {disclose=\"category:account category:usage category:billing category:content duty:source duty:required_data\"}\n\n## Purposes {disclose=\"duty:legal_bases duty:legitimate_interests\"}\n\n")
	list := func(kind string) {
		for _, f := range facts(t, nil) {
			if f.Kind() == kind {
				b.WriteString("- item <!-- disclose: " + f.Ref + " -->\n")
			}
		}
	}
	list("purpose")
	b.WriteString("\n## Sharing {disclose=\"transfer:US\"}\n\n{{fact:recipients}}\n\n## Retention\n\nLogs: {{fact:retention:monitoring}}.\n\n")
	list("retention")
	b.WriteString("\n## Rights {disclose=\"duty:withdrawal duty:complaint duty:objection\"}\n\n")
	list("right")
	b.WriteString("\n## Age\n\n")
	list("age")
	return parse(t, b.String())
}

func findings(fs []policydoc.Finding) []string {
	var out []string
	for _, f := range fs {
		out = append(out, f.Code+" "+f.Ref)
	}
	return out
}

func TestReconcile(t *testing.T) {
	doc := disclosing(t, "en")
	if got := policydoc.Reconcile(doc, register(t, nil), nil); len(got) > 0 {
		t.Fatalf("findings without a difference: %v", got)
	}
	tests := []struct {
		name    string
		source  string
		change  func(*privacy.Declaration)
		regimes []policydoc.Regime
		want    []string
	}{
		{name: "a purpose that the text does not have", change: func(d *privacy.Declaration) {
			addPurpose(d, privacy.PurposeBasis{Basis: privacy.BasisContract})
		}, want: []string{"not_disclosed purpose:research"}},
		{name: "a category within a disclosed one", change: func(d *privacy.Declaration) {
			d.Categories = append(d.Categories, privacy.Category{ID: "account.phone", Title: "Phone"})
		}},
		{name: "a recipient in the list of recipients", change: func(d *privacy.Declaration) {
			addRecipient(d, 1, privacy.RecipientAdviser, "DE")
		}},
		{name: "other controllers", change: func(d *privacy.Declaration) { makeJoint(d, 2) }, want: []string{"not_disclosed joint_arrangement:group"}},
		{name: "a purpose that is gone", change: func(d *privacy.Declaration) {
			d.Purposes = slices.Delete(d.Purposes, 6, 7)
			d.Activities = slices.Delete(d.Activities, 6, 7)
		}, want: []string{"not_declared purpose:assistance"}},
		{name: "California's list", regimes: []policydoc.Regime{policydoc.RegimeCalifornia}, want: []string{
			"duty_not_fulfilled duty:sale_or_sharing", "duty_not_fulfilled duty:sensitive_information",
			"duty_not_fulfilled duty:last_updated", "duty_not_fulfilled duty:request_methods",
		}},
		{name: "a list that nobody knows", regimes: []policydoc.Regime{"gpdr"}, want: []string{"duty_not_fulfilled regime:gpdr"}},
		{name: "the UK's list", regimes: []policydoc.Regime{policydoc.RegimeUK}, want: []string{"duty_not_fulfilled duty:complaint_to_controller"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := findings(policydoc.Reconcile(doc, register(t, tt.change), &policydoc.ReconcileOptions{Regimes: tt.regimes}))
			slices.Sort(got)
			slices.Sort(tt.want)
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestCustomersDataForOwnPurposesIsDisclosed(t *testing.T) {
	r := register(t, func(d *privacy.Declaration) {
		d.Activities[1].Categories = []privacy.CategoryID{"usage", "content.labels"}
		d.Activities[1].OwnPurposeReason = "To find abuse"
	})
	advice := map[string]bool{}
	for _, f := range policydoc.Reconcile(parse(t, "# Policy\n"), r, nil) {
		advice[f.Ref] = f.Advice
	}
	if advice["category:content.labels"] || !advice["category:content.images"] || !advice["category:content"] {
		t.Errorf("got %v", advice)
	}
}

func TestReconcileReadsFootnotes(t *testing.T) {
	doc := parse(t, "# Policy\n\n[a](#note) b[^1]\n\n[^1]: <a id=\"note\"></a> [c](#nowhere)\n")
	var broken []string
	for _, f := range policydoc.Reconcile(doc, register(t, nil), nil) {
		if f.Code == policydoc.FindingBrokenLink {
			broken = append(broken, f.Detail)
		}
	}
	if len(broken) != 1 || !strings.Contains(broken[0], "nowhere") {
		t.Errorf("got %q", broken)
	}
}

func TestReconcileOfAnEmptyText(t *testing.T) {
	got := policydoc.Reconcile(parse(t, "# Policy\n\nnothing <!-- disclose: nonsense:x duty:none category:made.up -->\n\n[x](#nowhere)\n"), register(t, nil), nil)
	counts := map[string]int{}
	for _, f := range got {
		counts[f.Code]++
		if f.Detail == "" || f.String() == "" {
			t.Errorf("no detail: %+v", f)
		}
		if f.Code == policydoc.FindingNotDisclosed && (f.Path == "" || f.Article == "") {
			t.Errorf("no path or article: %+v", f)
		}
		if advice := f.Ref == "purpose:annotation" || f.Ref == "category:content"; advice && !f.Advice {
			t.Errorf("what is done for customers is no advice: %+v", f)
		}
	}
	if counts[policydoc.FindingUnknownReference] != 2 || counts[policydoc.FindingNotDeclared] != 1 ||
		counts[policydoc.FindingBrokenLink] != 1 || counts[policydoc.FindingNotDisclosed] != len(facts(t, nil)) || counts[policydoc.FindingDuty] < 10 {
		t.Errorf("got %v", counts)
	}
}

func TestTranslationsThatDiscloseLess(t *testing.T) {
	doc, whole := disclosing(t, "en"), disclosing(t, "de")
	less := parse(t, "---\nlocale: fr\n---\n# P {disclose=\"operator category:nothing\"}\n")
	got := policydoc.Reconcile(doc, register(t, nil), &policydoc.ReconcileOptions{Translations: []*policydoc.Document{whole}})
	if len(got) != 0 {
		t.Errorf("got %v", got)
	}
	got = policydoc.Reconcile(doc, register(t, nil), &policydoc.ReconcileOptions{Translations: []*policydoc.Document{less}})
	names := findings(got)
	if !slices.Contains(names, "locale_discloses_less category:account") || slices.Contains(names, "locale_discloses_less operator") ||
		!slices.Contains(names, "not_declared category:nothing") || got[0].Locale != "fr" {
		t.Errorf("got %q", names)
	}
}

func TestATranslationMayListWhatTheTextQuotesAsAList(t *testing.T) {
	list := parse(t, "---\nlocale: en\n---\n# P\n\n{{fact:recipients}}\n")
	each := parse(t, "---\nlocale: de\n---\n# P {disclose=\"recipient:hosting recipient:model recipient:payments recipient:tax\"}\n")
	for _, docs := range [][2]*policydoc.Document{{list, each}, {each, list}} {
		for _, f := range policydoc.Reconcile(docs[0], register(t, nil), &policydoc.ReconcileOptions{Translations: docs[1:]}) {
			if f.Code == policydoc.FindingLocale {
				t.Errorf("got %v", f)
			}
		}
	}
}

func TestResolvedFactsKeepToTheirLine(t *testing.T) {
	doc, err := parse(t, "# {{fact:operator#address}}\n\n| {{fact:operator#address}} |\n|-|\n\n{{fact:recipients}}\n").Resolve(facts(t, func(d *privacy.Declaration) {
		d.Operator.Address, d.Recipients = " Street 1\n\n# Town\t", d.Recipients[:4]
		d.Recipients[0].Title = "A\n- B"
	}), nil)
	if err != nil {
		t.Fatal(err)
	}
	again := parse(t, string(markdown.Render(doc)))
	if doc.Title != "Street 1 # Town" || !again.Equal(doc) || !strings.Contains(doc.Text(), "\n- A - B (IE)\n") {
		t.Errorf("got %q\n%s", doc.Title, doc.Text())
	}
}

func TestResolve(t *testing.T) {
	fs := facts(t, nil)
	doc := parse(t, "# {{fact:operator}} policy\n\n- Logs: {{fact:retention:monitoring}} after {{fact:retention:monitoring#after}}\n- News: {{fact:retention:newsletter}}\n\n"+
		"> Write to {{fact:contact:privacy}} if you are {{fact:age:newsletter}}.\n\n| **{{fact:purpose:security}}** |\n|-|\n| {{fact:category:usage}} |\n\n{{fact:recipients}}\n\nWith: {{fact:recipients}}[^1]\n\n[^1]: {{fact:operator#country}}\n\n> # {{fact:transfer:US}}\n")
	resolved, err := doc.Resolve(fs, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := "LabelOp policy\n\n- Logs: 6 months after event recorded\n\n- News: until consent is withdrawn\n\n  Write to privacy@labelop.example if you are 18.\n\nKeep the service secure\nUsage and device data\n\n" +
		"- Hosting provider (DE, NO)\n\n- Model provider (US)\n\n- Payment provider (IE)\n\n- Tax authority (DE)\n\nWith: Hosting provider, Model provider, Payment provider, Tax authority[1]\n\n  US\n\n[1] DE\n"
	if got := resolved.Text(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if resolved.Title != "LabelOp policy" || resolved.Sections[0].Title != "LabelOp policy" || doc.Sections[0].Title == resolved.Sections[0].Title {
		t.Error("the title is not resolved, or the document changed")
	}
	var problems privacy.Problems
	if _, err := parse(t, "{{fact:purpose:none}} {{fact:contact:none}} {{fact:retention:monitoring#law}}").Resolve(fs, nil); !errors.As(err, &problems) || len(problems) != 3 {
		t.Errorf("got %v", err)
	}
}

func TestFactsCannotInjectHTML(t *testing.T) {
	doc, err := parse(t, "# {{fact:operator}}\n\n{{fact:operator#address}}\n").Resolve(facts(t, func(d *privacy.Declaration) {
		d.Operator.Name, d.Operator.Address = "<script>", "\"><img onerror=x>"
	}), nil)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := policydoc.RenderHTML(&b, doc, &policydoc.HTMLOptions{TOC: 1}); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "<script") || strings.Contains(b.String(), "<img") {
		t.Errorf("got %s", b.String())
	}
}

func TestResolveInOtherLanguages(t *testing.T) {
	doc := parse(t, "---\nlocale: de\n---\n{{fact:retention:monitoring}} {{fact:category:usage}}\n")
	if _, err := doc.Resolve(facts(t, nil), nil); !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("English in a German text: %v", err)
	}
	resolved, err := doc.Resolve(facts(t, nil), &policydoc.ResolveOptions{
		Period: func(p privacy.Period, tag language.Tag) string { return fmt.Sprint(p.Months, " Monate ", tag) },
		Name:   func(f policydoc.Fact, _ language.Tag) string { return "N:" + f.Ref },
	})
	if err != nil || resolved.Text() != "6 Monate de N:category:usage\n" {
		t.Errorf("got %v %v", resolved, err)
	}
}

func TestEnglishPeriod(t *testing.T) {
	for period, want := range map[string]string{"P1Y": "1 year", "P1Y6M": "1 year and 6 months", "P1Y2M3W1D": "1 year, 2 months, 3 weeks and 1 day"} {
		if got := policydoc.EnglishPeriod(privacy.MustPeriod(period)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if got := policydoc.EnglishPeriod(privacy.Period{}); got != "0 days" {
		t.Errorf("got %s", got)
	}
}

func BenchmarkReconcile(b *testing.B) {
	doc, fs := disclosing(b, "en"), facts(b, nil)
	b.ReportAllocs()
	for b.Loop() {
		policydoc.ReconcileFacts(doc, fs, nil)
	}
}

func ExampleReconcile() {
	register, err := privacy.Compile(privacytest.Declaration())
	if err != nil {
		fmt.Println(err)
		return
	}
	doc, err := markdown.Parse([]byte("# Data {disclose=\"category:account category:cookies\"}\n"), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range policydoc.Reconcile(doc, register, nil)[:3] {
		fmt.Println(f)
	}
	// Output:
	// not_declared  data:1  category:cookies  disclosed, and the declaration does not have it
	// not_disclosed  activities[0].minimum_age  age:accounts  declared, and no section discloses it  GDPR Art. 8, Art. 5(1)(a)
	// not_disclosed  activities[4].minimum_age  age:adaptation  declared, and no section discloses it  GDPR Art. 8, Art. 5(1)(a)
}

func TestRenderFactChanges(t *testing.T) {
	changes := policydoc.DiffFacts(facts(t, nil), facts(t, func(d *privacy.Declaration) {
		d.Activities[1].Retention.Period.Months = 12
		d.Recipients[0].Locations = append(d.Recipients[0].Locations, privacy.RecipientLocation{Country: "FR"})
		d.Contacts = d.Contacts[:2]
		d.Categories = append(d.Categories, privacy.Category{ID: "account.phone", Title: "<Phone>"})
	}))
	var b strings.Builder
	if err := policydoc.RenderFactChangesHTML(&b, changes, &policydoc.DiffOptions{Names: map[policydoc.Change]string{policydoc.Added: "neu"}}); err != nil {
		t.Fatal(err)
	}
	want := "<ul class=\"facts\">\n<li>&lt;Phone&gt; (neu)</li>\n<li>contact:security (removed)</li>\n" +
		"<li>Payment provider, country (changed): <ins>FR</ins></li>\n<li>Security monitoring, period (changed): <del>P6M</del> <ins>P12M</ins></li>\n</ul>\n"
	if b.String() != want {
		t.Errorf("got %s\nwant %s", b.String(), want)
	}
	want = "- \\<Phone> (added)\n- contact:security (removed)\n- Payment provider, country (changed): <ins>FR</ins>\n" +
		"- Security monitoring, period (changed): <del>P6M</del> <ins>P12M</ins>\n"
	if got := string(markdown.RenderFactChanges(changes, nil)); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

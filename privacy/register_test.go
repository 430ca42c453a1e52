package privacy_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
)

func TestRegisterIsImmutable(t *testing.T) {
	input := privacytest.Declaration()
	makeJoint(&input)
	register := compile(t, input)
	before := register.Declaration()

	scribble(reflect.ValueOf(&input))
	outputs := []any{
		register.Declaration(), register.Services(), register.Contacts(""),
		slices.Collect(register.Purposes()), slices.Collect(register.Categories()), slices.Collect(register.Recipients()),
		slices.Collect(register.Systems()), slices.Collect(register.Activities()), slices.Collect(register.JointArrangements()),
		register.PurposeAt(0), register.CategoryAt(0), register.RecipientAt(0),
		register.ActivitiesFor("service"), register.SystemsHolding("account"), register.ControllerRecord(),
	}
	purpose, _ := register.Purpose("service")
	recipient, _ := register.Recipient("model")
	system, _ := register.System("database")
	activity, _ := register.Activity("accounts")
	arrangement, _ := register.JointArrangement("group")
	basis, _ := register.BasisFor("service", "DE")
	record, err := register.ProcessorRecord(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, output := range append(outputs, purpose, recipient, system, activity, arrangement, basis, record) {
		scribble(reflect.ValueOf(output))
	}

	if after := register.Declaration(); !reflect.DeepEqual(before, after) {
		t.Errorf("got  %+v\nwant %+v", after, before)
	}
	if again := compile(t, register.Declaration()); again.Hash() != register.Hash() {
		t.Error("the declaration no longer has the hash of the register")
	}
}

// scribble overwrites everything that v gives access to.
func scribble(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		scribble(v.Elem())
	case reflect.Struct:
		for _, field := range v.Fields() {
			scribble(field)
		}
	case reflect.Slice:
		for i := range v.Len() {
			scribble(v.Index(i))
			v.Index(i).SetZero()
		}
	}
}

func TestHashIgnoresSpelling(t *testing.T) {
	plain := privacytest.Declaration()
	plain.Operator.Country = "DE"
	plain.Purposes[0].Bases[0].Jurisdictions = []privacy.Jurisdiction{"eu", "GB", "US-CA"}
	plain.Activities[0].MinimumAge = privacy.MinimumAge{Years: 18, Unknown: privacy.UnknownAgeDeny}
	plain.Services = []string{}

	spelled := plain
	spelled.Operator.Country = "de"
	spelled.Services = nil
	spelled.Purposes = slices.Clone(plain.Purposes)
	spelled.Purposes[0].Bases = []privacy.PurposeBasis{{Basis: privacy.BasisContract, Jurisdictions: []privacy.Jurisdiction{"EU", "gb", "us-Ca"}}}
	spelled.Activities = slices.Clone(plain.Activities)
	spelled.Activities[0].MinimumAge.Unknown = ""

	if compile(t, plain).Hash() != compile(t, spelled).Hash() {
		t.Error("spelling changes the hash")
	}
}

func TestHashTellsDeclarationsApart(t *testing.T) {
	changes := []func(*privacy.Declaration){
		func(*privacy.Declaration) {},
		func(d *privacy.Declaration) { d.Operator.Name = "Other" },
		func(d *privacy.Declaration) { d.Services = nil },
		func(d *privacy.Declaration) { d.Contacts = d.Contacts[:2] },
		func(d *privacy.Declaration) { d.Categories[1].Special = true; d.Purposes[0].Bases[0].Condition = 1 },
		func(d *privacy.Declaration) {
			d.Categories[4].Measures = d.Categories[4].Measures.With(privacy.MeasureBackup)
		},
		func(d *privacy.Declaration) { d.Purposes[3].MinimumNotice = 2 },
		func(d *privacy.Declaration) { d.Purposes[3].DirectMarketing = false },
		func(d *privacy.Declaration) { d.Purposes[3].OptOuts = 0 },
		func(d *privacy.Declaration) { d.Recipients[1].Locations[0].Country = "FR" },
		func(d *privacy.Declaration) { d.Systems[0].SubjectKey = "user_id" },
		func(d *privacy.Declaration) { d.Activities[0].MinimumAge.Years = 16 },
		func(d *privacy.Declaration) { d.Activities[0].Retention.Period.Days = 31 },
		func(d *privacy.Declaration) { slices.Reverse(d.Activities) },
		makeJoint,
	}
	seen := make(map[[32]byte]int)
	for i, change := range changes {
		d := privacytest.Declaration()
		change(&d)
		hash := compile(t, d).Hash()
		if first, ok := seen[hash]; ok {
			t.Errorf("changes %d and %d have the same hash", first, i)
		}
		seen[hash] = i
	}
}

func TestRegisterFindsWhatIsDeclared(t *testing.T) {
	d := privacytest.Declaration()
	makeJoint(&d)
	r := compile(t, d)
	if r.Operator() != d.Operator || !slices.Equal(r.Services(), d.Services) {
		t.Error("operator or services differ")
	}
	if got := r.Contacts(privacy.ContactSecurity); !slices.Equal(got, d.Contacts[2:]) {
		t.Errorf("security contacts %v", got)
	}
	if got := r.Contacts(""); !slices.Equal(got, d.Contacts) {
		t.Errorf("contacts %v", got)
	}
	if r.PurposeCount() != len(d.Purposes) || r.CategoryCount() != len(d.Categories) || r.RecipientCount() != len(d.Recipients) {
		t.Error("counts differ")
	}
	for i, want := range d.Purposes {
		place, ok := r.PurposeIndex(want.ID)
		got, found := r.Purpose(want.ID)
		if !ok || !found || place != i || !reflect.DeepEqual(got, want) || !reflect.DeepEqual(r.PurposeAt(i), want) {
			t.Errorf("purpose %d differs: %+v", i, got)
		}
	}
	for i, want := range d.Recipients {
		place, ok := r.RecipientIndex(want.ID)
		got, found := r.Recipient(want.ID)
		if !ok || !found || place != i || !reflect.DeepEqual(got, want) || !reflect.DeepEqual(r.RecipientAt(i), want) {
			t.Errorf("recipient %d differs: %+v", i, got)
		}
	}
	for i, category := range slices.Collect(r.Categories()) {
		place, ok := r.CategoryIndex(category.ID)
		got, found := r.Category(category.ID)
		if !ok || !found || place != i || got != category || r.CategoryAt(i) != category || category.ID != d.Categories[i].ID {
			t.Errorf("category %d differs: %+v", i, got)
		}
	}
	for i, want := range slices.Collect(r.Systems()) {
		if got, ok := r.System(want.ID); !ok || !reflect.DeepEqual(got, d.Systems[i]) {
			t.Errorf("system %d differs: %+v", i, got)
		}
	}
	for i, want := range slices.Collect(r.Activities()) {
		if got, ok := r.Activity(want.ID); !ok || !reflect.DeepEqual(got, r.Declaration().Activities[i]) {
			t.Errorf("activity %d differs: %+v", i, got)
		}
	}
	if got, ok := r.JointArrangement("group"); !ok || !reflect.DeepEqual(got, d.JointArrangements[0]) {
		t.Errorf("arrangement %+v", got)
	}
	for range r.Purposes() {
		break
	}
}

func TestUnknownNamesMeanNo(t *testing.T) {
	for name, r := range map[string]*privacy.Register{"compiled": compile(t, privacytest.Declaration()), "zero": {}} {
		t.Run(name, func(t *testing.T) {
			_, purpose := r.Purpose("x")
			_, category := r.Category("x")
			_, recipient := r.Recipient("x")
			_, system := r.System("x")
			_, activity := r.Activity("x")
			_, arrangement := r.JointArrangement("x")
			_, purposeIndex := r.PurposeIndex("x")
			_, categoryIndex := r.CategoryIndex("x")
			_, recipientIndex := r.RecipientIndex("x")
			_, basis := r.BasisFor("x", "DE")
			if purpose || category || recipient || system || activity || arrangement || purposeIndex || categoryIndex || recipientIndex || basis {
				t.Error("an unknown name is found")
			}
			if r.Within("x", "x") || r.Within("account.x", "account") || r.Within("account", "") || r.ActivityCovers("x", "account") || r.ActivityCovers("accounts", "x") {
				t.Error("an unknown name is covered")
			}
			if r.ActivitiesFor("x") != nil || r.SystemsHolding("x") != nil || r.SystemsHolding("account.x") != nil || r.MeasuresFor("x", "x") != 0 {
				t.Error("an unknown name has an answer")
			}
			for _, i := range []int{-1, 1000} {
				if r.PurposeAt(i).ID != "" || r.CategoryAt(i).ID != "" || r.RecipientAt(i).ID != "" {
					t.Errorf("there is an entry at %d", i)
				}
			}
			if !r.IsTransfer("") || !r.IsTransfer("ZZ") || !r.IsTransfer("de") || r.JurisdictionCovers("eu", "") || r.JurisdictionCovers("", "DE") || r.JurisdictionCovers("ZZ", "ZZ") {
				t.Error("an unknown country is trusted")
			}
		})
	}
}

func TestCategoriesInherit(t *testing.T) {
	d := privacytest.Declaration()
	// Children may stand before their parents.
	slices.Reverse(d.Categories)
	r := compile(t, d)
	email, _ := r.Category("account.email")
	wantMeasures := privacy.NewMeasureSet(privacy.MeasureAccessControl, privacy.MeasureEncryptionInTransit, privacy.MeasureLogRedaction)
	if email.Role != privacy.RoleController || email.Special || email.Measures != wantMeasures {
		t.Errorf("account.email is %+v", email)
	}
	health, _ := r.Category("content.health")
	if health.Role != privacy.RoleProcessor || !health.Special {
		t.Errorf("content.health is %+v", health)
	}
	if account, _ := r.Category("account"); account.Special || account.Measures.Has(privacy.MeasureLogRedaction) {
		t.Errorf("account has what its parts have: %+v", account)
	}
}

func TestHierarchyIsOfSegments(t *testing.T) {
	d := privacytest.Declaration()
	d.Categories = append(d.Categories, topLevel("accounting"), topLevel("account-old"), privacy.Category{ID: "account.email.old", Title: "Old"})
	r := compile(t, d)
	tests := []struct {
		category, ancestor privacy.CategoryID
		want               bool
	}{
		{"account", "account", true},
		{"account.email", "account", true},
		{"account.email.old", "account", true},
		{"account.email.old", "account.email", true},
		{"account", "account.email", false},
		{"account.email", "account.name", false},
		{"accounting", "account", false},
		{"account-old", "account", false},
		{"account.email", "account.e", false},
		{"account.email", "", false},
	}
	for _, test := range tests {
		if got := r.Within(test.category, test.ancestor); got != test.want {
			t.Errorf("%q within %q is %v", test.category, test.ancestor, got)
		}
	}
}

func TestActivityCoversWhatLiesWithinItsCategories(t *testing.T) {
	r := compile(t, privacytest.Declaration())
	tests := []struct {
		activity privacy.ActivityID
		category privacy.CategoryID
		want     bool
	}{
		{"labelling", "content", true},
		{"labelling", "content.health", true},
		{"suggestions", "content.images", true},
		{"suggestions", "content.health", false},
		{"suggestions", "content", false},
		{"accounts", "account.email", true},
		{"accounts", "account", false},
		{"accounts", "usage", false},
	}
	for _, test := range tests {
		if got := r.ActivityCovers(test.activity, test.category); got != test.want {
			t.Errorf("%q covers %q is %v", test.activity, test.category, got)
		}
	}
}

func TestMeasuresForUse(t *testing.T) {
	r := compile(t, privacytest.Declaration())
	content := privacy.NewMeasureSet(privacy.MeasureSegregation, privacy.MeasureEncryptionAtRest)
	labelling := privacy.NewMeasureSet(privacy.MeasureConfidentialityCommitment)
	redaction := privacy.NewMeasureSet(privacy.MeasureRedaction)
	tests := []struct {
		rule       string
		activity   privacy.ActivityID
		categories []privacy.CategoryID
		want       privacy.MeasureSet
	}{
		{"inherited by the category", "labelling", []privacy.CategoryID{"content.images"}, labelling.Union(content)},
		{"demanded within the category", "labelling", []privacy.CategoryID{"content"}, labelling.Union(content).Union(redaction)},
		{"of all categories of the activity", "labelling", nil, labelling.Union(content).Union(redaction)},
		{"of an unknown category", "labelling", []privacy.CategoryID{"x"}, labelling},
		{"of an unknown activity", "x", []privacy.CategoryID{"content.images"}, content},
	}
	for _, test := range tests {
		if got := r.MeasuresFor(test.activity, test.categories...); got != test.want {
			t.Errorf("%s: got %v, want %v", test.rule, got, test.want)
		}
	}
}

func TestSystemsHoldACategoryOrAPartOfIt(t *testing.T) {
	d := privacytest.Declaration()
	d.Systems = append(d.Systems, privacy.System{ID: "mail", Title: "Mail", Categories: []privacy.CategoryID{"account.email"}})
	r := compile(t, d)
	tests := map[privacy.CategoryID][]privacy.SystemID{
		"account":       {"database", "mail"},
		"account.email": {"database", "mail"},
		"account.name":  {"database"},
		"billing":       {"ledger"},
	}
	for category, want := range tests {
		if got := r.SystemsHolding(category); !slices.Equal(got, want) {
			t.Errorf("%s is held by %v, want %v", category, got, want)
		}
	}
}

func TestActivitiesForAPurposeKeepTheirOrder(t *testing.T) {
	d := privacytest.Declaration()
	d.Activities[3].Purpose, d.Activities[1].Purpose = "service", "service"
	want := []privacy.ActivityID{"accounts", "monitoring", "newsletter"}
	if got := compile(t, d).ActivitiesFor("service"); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestTransferIsJudgedFromTheOperatorsCountry(t *testing.T) {
	tests := []struct {
		from, to privacy.Country
		want     bool
	}{
		{"DE", "DE", false},
		{"DE", "NO", false},
		{"DE", "RE", false},
		{"DE", "GB", true},
		{"DE", "CH", true},
		{"DE", "GL", true},
		{"NO", "FR", false},
		{"GB", "GB", false},
		{"GB", "DE", true},
		{"US", "US", false},
		{"US", "DE", false},
		{"US", "IN", true},
		{"CH", "GB", true},
	}
	for _, test := range tests {
		d := privacytest.Declaration()
		d.Operator.Country = test.from
		d.Recipients = nil
		d.Systems = nil
		d.Activities = d.Activities[:2]
		if got := compile(t, d).IsTransfer(test.to); got != test.want {
			t.Errorf("from %s to %s: %v", test.from, test.to, got)
		}
	}
}

func TestJurisdictionCovers(t *testing.T) {
	r := compile(t, privacytest.Declaration())
	tests := []struct {
		declared, of privacy.Jurisdiction
		want         bool
	}{
		{"eu", "eu", true},
		{"EU", "de", true},
		{"eu", "DE-BY", true},
		{"eu", "IS", true},
		{"eu", "GB", false},
		{"eu", "CH", false},
		{"gb", "GB", true},
		{"gb", "GB-SCT", true},
		{"US", "us-ca", true},
		{"US-CA", "US", false},
		{"US-CA", "US-CO", false},
		{"DE", "eu", false},
		{"DE", "DEX", false},
	}
	for _, test := range tests {
		if got := r.JurisdictionCovers(test.declared, test.of); got != test.want {
			t.Errorf("%q covers %q is %v", test.declared, test.of, got)
		}
	}
}

// basesByPlace returns a purpose that rests on another basis in each group of
// jurisdictions; "" stands for everywhere else.
func basesByPlace(groups ...string) []privacy.PurposeBasis {
	bases := make([]privacy.PurposeBasis, len(groups))
	for i, group := range groups {
		bases[i] = privacy.PurposeBasis{Basis: privacy.BasisLegitimateInterests, Interest: "in " + group}
		for place := range strings.FieldsSeq(group) {
			bases[i].Jurisdictions = append(bases[i].Jurisdictions, privacy.Jurisdiction(place))
		}
	}
	return bases
}

func TestMostSpecificJurisdictionDecidesTheBasis(t *testing.T) {
	tests := []struct {
		groups       []string
		jurisdiction privacy.Jurisdiction
		want         string
		ok           bool
	}{
		{[]string{"", "US", "US-CA"}, "US-CA", "US-CA", true},
		{[]string{"", "US", "US-CA"}, "us-ca", "US-CA", true},
		{[]string{"", "US", "US-CA"}, "US-CO", "US", true},
		{[]string{"", "US", "US-CA"}, "US", "US", true},
		{[]string{"", "US", "US-CA"}, "DE", "", true},
		{[]string{"", "eu", "DE"}, "DE", "DE", true},
		{[]string{"", "eu", "DE"}, "DE-BY", "DE", true},
		{[]string{"", "eu", "DE"}, "FR", "eu", true},
		{[]string{"", "eu", "DE"}, "NO", "eu", true},
		{[]string{"", "eu", "DE"}, "eu", "eu", true},
		{[]string{"", "eu", "DE"}, "GB", "", true},
		{[]string{"", "DE"}, "eu", "", true},
		{[]string{"eu gb"}, "GB", "eu gb", true},
		{[]string{"eu", "US-CA"}, "US", "", false},
		{[]string{"eu", "US-CA"}, "GB", "", false},
	}
	for _, test := range tests {
		t.Run(fmt.Sprintf("%q for %q", test.groups, test.jurisdiction), func(t *testing.T) {
			d := privacytest.Declaration()
			d.Purposes[1].Bases = basesByPlace(test.groups...)
			basis, ok := compile(t, d).BasisFor("security", test.jurisdiction)
			if ok != test.ok || (ok && basis.Interest != "in "+test.want) || basis.Jurisdictions != nil {
				t.Errorf("got %+v, %v", basis, ok)
			}
		})
	}
}

func TestStrictestBasisHoldsForAnUnknownJurisdiction(t *testing.T) {
	order := []privacy.LegalBasis{
		privacy.BasisConsent, privacy.BasisContract, privacy.BasisLegitimateInterests, privacy.BasisRecognisedLegitimateInterests,
		privacy.BasisPublicTask, privacy.BasisVitalInterests, privacy.BasisLegalObligation,
	}
	if len(order) != len(slices.Collect(privacy.LegalBases())) {
		t.Fatal("the order does not rank every basis")
	}
	places := []privacy.Jurisdiction{"GB", "DE", "FR", "US", "JP", "BR", "IN", "NZ"}
	for from := range order {
		d := privacytest.Declaration()
		d.Purposes[1].Bases = nil
		for i, basis := range slices.Backward(order[from:]) {
			entry := privacy.PurposeBasis{Basis: basis, Interest: "x", Law: "x", Jurisdictions: places[i+1 : i+2 : i+2]}
			switch basis {
			case privacy.BasisRecognisedLegitimateInterests:
				entry.Jurisdictions = places[:1]
			case privacy.BasisLegalObligation:
				entry.Jurisdictions = nil
			}
			d.Purposes[1].Bases = append(d.Purposes[1].Bases, entry)
		}
		r := compile(t, d)
		for _, unknown := range []privacy.Jurisdiction{"", "??", "UK", "nowhere"} {
			if basis, ok := r.BasisFor("security", unknown); !ok || basis.Basis != order[from] {
				t.Errorf("%v for %q, want %v", basis.Basis, unknown, order[from])
			}
		}
	}
}

func TestUnknownJurisdictionHasNoBasisWhereSomePlaceHasNone(t *testing.T) {
	d := privacytest.Declaration()
	d.Purposes[1].Bases = basesByPlace("US", "eu gb")
	r := compile(t, d)
	for _, unknown := range []privacy.Jurisdiction{"", "??"} {
		if basis, ok := r.BasisFor("security", unknown); ok {
			t.Errorf("%+v for %q, though the subject may be in a third place", basis, unknown)
		}
	}
}

func TestPurposeWithoutBasesHasNone(t *testing.T) {
	r := compile(t, privacytest.Declaration())
	for _, jurisdiction := range []privacy.Jurisdiction{"", "DE", "??"} {
		if basis, ok := r.BasisFor("annotation", jurisdiction); ok {
			t.Errorf("%+v for %q", basis, jurisdiction)
		}
	}
}

func TestFirstOfEquallyStrictBasesHolds(t *testing.T) {
	d := privacytest.Declaration()
	d.Purposes[1].Bases = basesByPlace("DE", "", "US")
	if basis, _ := compile(t, d).BasisFor("security", ""); basis.Interest != "in DE" {
		t.Errorf("got %+v", basis)
	}
}

// A slow model of BasisFor, on random declarations.
func TestBasisForAgreesWithItsModel(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	places := []privacy.Jurisdiction{"eu", "DE", "DE-BY", "FR", "GB", "GB-SCT", "US", "US-CA", "US-CO", "NO"}
	for range 200 {
		d := privacytest.Declaration()
		d.Purposes[1].Bases = randomBases(random, places)
		if len(d.Purposes[1].Bases) == 0 {
			continue
		}
		r := compile(t, d)
		for _, place := range places {
			want, wantOK := modelBasis(r, d.Purposes[1].Bases, place)
			got, ok := r.BasisFor("security", place)
			if ok != wantOK || got.Interest != want {
				t.Fatalf("%v for %s: got %q, %v; want %q, %v", d.Purposes[1].Bases, place, got.Interest, ok, want, wantOK)
			}
		}
	}
}

// randomBases deals some of the places to up to three bases.
func randomBases(random *rand.Rand, places []privacy.Jurisdiction) []privacy.PurposeBasis {
	hands := make([][]privacy.Jurisdiction, 3)
	for _, place := range places {
		if hand := random.IntN(6); hand < len(hands) {
			hands[hand] = append(hands[hand], place)
		}
	}
	var bases []privacy.PurposeBasis
	everywhere := false
	for i, hand := range hands {
		if len(hand) == 0 && everywhere {
			continue
		}
		everywhere = everywhere || len(hand) == 0
		bases = append(bases, privacy.PurposeBasis{Basis: privacy.BasisLegitimateInterests, Interest: fmt.Sprint("in ", i), Jurisdictions: hand})
	}
	return bases
}

// modelBasis finds the longest chain from the declared place to the given one.
func modelBasis(r *privacy.Register, bases []privacy.PurposeBasis, of privacy.Jurisdiction) (string, bool) {
	best, interest := -1, ""
	for _, basis := range bases {
		if len(basis.Jurisdictions) == 0 && best < 0 {
			best, interest = 0, basis.Interest
		}
		for _, declared := range basis.Jurisdictions {
			rank := len(declared)
			if declared == "eu" {
				rank = 1
			}
			if r.JurisdictionCovers(declared, of) && rank > best {
				best, interest = rank, basis.Interest
			}
		}
	}
	return interest, best >= 0
}

func TestQueriesDoNotAllocate(t *testing.T) {
	d := privacytest.Declaration()
	d.Purposes[1].Bases = basesByPlace("", "eu gb", "US", "us-ca")
	r := compile(t, d)
	jurisdiction, category, country := privacy.Jurisdiction("us-ca"), privacy.CategoryID("content.images"), privacy.Country("US")
	queries := map[string]func(){
		"BasisFor":           func() { r.BasisFor("security", jurisdiction) },
		"Category":           func() { r.Category(category) },
		"CategoryIndex":      func() { r.CategoryIndex(category) },
		"PurposeIndex":       func() { r.PurposeIndex("security") },
		"RecipientIndex":     func() { r.RecipientIndex("model") },
		"Within":             func() { r.Within(category, "content") },
		"ActivityCovers":     func() { r.ActivityCovers("labelling", category) },
		"MeasuresFor":        func() { r.MeasuresFor("labelling", category, "content.labels") },
		"IsTransfer":         func() { r.IsTransfer(country) },
		"JurisdictionCovers": func() { r.JurisdictionCovers("eu", jurisdiction) },
		"Hash":               func() { r.Hash() },
		"Operator":           func() { r.Operator() },
	}
	for name, query := range queries {
		if allocations := testing.AllocsPerRun(100, query); allocations != 0 {
			t.Errorf("%s: %v allocations", name, allocations)
		}
	}
}

func BenchmarkBasisFor(b *testing.B) {
	d := privacytest.Declaration()
	d.Purposes[1].Bases = basesByPlace("", "eu gb", "US", "US-CA US-CO US-VA US-CT US-TX")
	r := compile(b, d)
	for _, jurisdiction := range []privacy.Jurisdiction{"", "US-TX", "DE"} {
		b.Run("for="+string(jurisdiction), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r.BasisFor("security", jurisdiction)
			}
		})
	}
}

func BenchmarkActivityCovers(b *testing.B) {
	r := compile(b, privacytest.Declaration())
	b.ReportAllocs()
	for b.Loop() {
		r.ActivityCovers("labelling", "content.images")
	}
}

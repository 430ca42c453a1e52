package children_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/consent/children"
	"github.com/labelop/privacykit/privacy"
)

func TestBirthdays(t *testing.T) {
	for _, tc := range []struct {
		name  string
		born  string
		years int
		want  string
	}{
		{"an ordinary day", "2010-11-23", 16, "2026-11-23"},
		{"29 February in a leap year", "2012-02-29", 16, "2028-02-29"},
		{"29 February in another year is 1 March", "2012-02-29", 13, "2025-03-01"},
		{"29 February in a century without a leap day", "2084-02-29", 16, "2100-03-01"},
		{"the day of birth", "2012-02-29", 0, "2012-02-29"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			assert.Equal(t, tc.want, children.Birthday(privacy.MustDate(tc.born), tc.years).String())
		})
	}
	assert.Zero(t, children.Birthday(privacy.Date{}, 16))
	assert.Zero(t, children.Birthday(privacy.MustDate("2012-02-29"), -1))
	assert.Zero(t, children.Birthday(privacy.MustDate("9990-01-01"), 16))
	assert.Zero(t, children.BornBy(privacy.MustDate("0003-01-01"), 16))
}

// BornBy is the inverse of Birthday on every day of a leap year and the next.
func TestBornByIsTheInverseOfBirthday(t *testing.T) {
	for _, years := range []int{13, 14, 15, 16, 18} {
		for on := privacy.MustDate("2027-12-01"); on.Before(privacy.MustDate("2030-04-01")); on = on.AddDays(1) {
			born := children.BornBy(on, years)
			require.False(t, on.Before(children.Birthday(born, years)), "born %s, on %s", born, on)
			require.True(t, on.Before(children.Birthday(born.AddDays(1), years)), "born a day after %s, on %s", born, on)
		}
	}
}

// The civil date is the host's: the same instant is a birthday in one zone and
// not yet in another.
func TestTheZoneDecidesTheBirthday(t *testing.T) {
	law := embeddedLaw(t)
	age, err := law.DigitalAge("eu-gdpr", "DE", today)
	require.NoError(t, err)
	instant := time.Date(2026, time.November, 22, 23, 30, 0, 0, time.UTC)
	born := privacy.MustDate("2010-11-23")
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	assert.True(t, age.MayConsentAlone(born, privacy.DateOf(instant, berlin)))
	assert.False(t, age.MayConsentAlone(born, privacy.DateOf(instant, time.UTC)))
}

func germanCase() children.Case {
	return children.Case{
		Regime: "eu-gdpr", Country: "DE", On: today, Basis: privacy.BasisConsent, OfferedToChild: true,
		BornOnOrBefore: privacy.MustDate("2012-06-01"),
	}
}

func TestAuthorisation(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*children.Case)
		want   children.Defect
	}{
		{"none", func(*children.Case) {}, children.DefectNoAuthorisation},
		{"not verified", func(c *children.Case) { c.Authorisation = &children.Authorisation{Method: "self_declared"} }, children.DefectNotVerified},
		{"verified", func(c *children.Case) {
			c.Authorisation = &children.Authorisation{Verified: true, Method: "card_micro_payment"}
		}, ""},
		{"verified, but where both consent the child was not asked", func(c *children.Case) {
			c.Country, c.Authorisation = "FR", &children.Authorisation{Verified: true}
		}, children.DefectChildNotAsked},
		{"verified, and the child consented too", func(c *children.Case) {
			c.Country, c.Authorisation, c.ChildAgreed = "FR", &children.Authorisation{Verified: true}, true
		}, ""},
		{"nothing known of the age", func(c *children.Case) { c.BornOnOrBefore = privacy.Date{} }, children.DefectNoAuthorisation},
		{"a service of counselling", func(c *children.Case) { c.Counselling = true }, ""},
		{"a contract", func(c *children.Case) { c.Basis = privacy.BasisContract }, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			question := germanCase()
			tc.change(&question)
			answer, err := embeddedLaw(t).Assess(question)
			require.NoError(t, err)
			assert.Equal(t, tc.want, answer.Defect)
			assert.NotEmpty(t, answer.Citation)
		})
	}
}

func TestCasesThatCannotBe(t *testing.T) {
	law := embeddedLaw(t)
	future := germanCase()
	future.BornOnOrBefore = today.AddDays(1)
	_, err := law.Assess(future)
	require.ErrorIs(t, err, privacy.ErrInvalid)
	undated := germanCase()
	undated.On = privacy.Date{}
	_, err = law.Assess(undated)
	require.ErrorIs(t, err, privacy.ErrInvalid)
	_, err = law.DigitalAge("us-coppa", "US", today)
	require.ErrorIs(t, err, children.ErrUnknownRegime)
	_, err = law.ReachingAge("us-coppa", today)
	require.ErrorIs(t, err, children.ErrUnknownRegime)
	assert.False(t, children.DigitalAge{}.MayConsentAlone(privacy.MustDate("1950-01-01"), today))
}

func TestOtherRegimes(t *testing.T) {
	law := embeddedLaw(t)
	for _, tc := range []struct {
		regime    string
		operation children.Operation
		age       int
		want      children.Requirement
	}{
		{"us-coppa", children.OperationCollectOnline, 12, children.RequireVerifiableParentConsent},
		{"us-coppa", children.OperationCollectOnline, 13, children.RequireNothing},
		{"us-ca-ccpa", children.OperationSale, 12, children.RequireParentOptIn},
		{"us-ca", children.OperationSharing, 15, children.RequireOwnOptIn},
		{"US-CA", children.OperationSale, 16, children.RequireOptOutOnly},
		{"in-dpdp", children.OperationProcess, 17, children.RequireVerifiableParentConsent},
		{"kr-pipa", children.OperationConsent, 13, children.RequireRepresentative},
		{"cn-pipl", children.OperationProcess, 13, children.RequireParentConsent},
		{"ca-qc-law25", children.OperationConsent, 14, children.RequireNothing},
		{"br-lgpd", children.OperationProcess, 11, children.RequireSpecificParentConsent},
	} {
		rule, err := law.Requirement(children.Question{Regime: tc.regime, Operation: tc.operation, Age: tc.age})
		require.NoError(t, err)
		assert.Equal(t, tc.want, rule.Requires, "%s %s %d", tc.regime, tc.operation, tc.age)
	}
	notYet, err := law.Requirement(children.Question{Regime: "in-dpdp", Operation: children.OperationProcess, Age: 10, On: today})
	require.NoError(t, err)
	assert.Equal(t, children.RequireNothing, notYet.Requires, "the rules are not in force yet")
	_, err = law.Requirement(children.Question{Regime: "atlantis", Operation: children.OperationSale})
	require.ErrorIs(t, err, children.ErrUnknownRegime)
	_, err = law.Requirement(children.Question{Regime: "us-ca", Operation: "barter"})
	require.ErrorIs(t, err, privacy.ErrInvalid)
}

// What US states demand before they let teenagers' data be sold or used for
// targeted advertising, on both sides of each border of age and day.
func TestTeenagersInUSStates(t *testing.T) {
	law := embeddedLaw(t)
	parent, own, never, nothing := children.RequireVerifiableParentConsent, children.RequireOwnOptIn, children.RequireAbstention, children.RequireNothing
	for _, tc := range []struct {
		state, on string
		want      map[int]children.Requirement
	}{
		{"us-co", "2025-09-30", map[int]children.Requirement{12: parent, 13: nothing}},
		{"us-co", "2025-10-01", map[int]children.Requirement{12: parent, 13: own, 17: own, 18: nothing}},
		{"us-ct", "2023-06-30", map[int]children.Requirement{12: nothing, 15: nothing}},
		{"us-ct", "2023-07-01", map[int]children.Requirement{12: parent, 13: own, 15: own, 16: nothing}},
		{"us-ct", "2024-09-30", map[int]children.Requirement{16: nothing}},
		{"us-ct", "2024-10-01", map[int]children.Requirement{12: parent, 13: own, 17: own, 18: nothing}},
		{"us-ct", "2026-06-30", map[int]children.Requirement{12: parent, 17: own}},
		{"us-ct", "2026-07-01", map[int]children.Requirement{0: never, 12: never, 17: never, 18: nothing}},
		{"us-de", "2025-01-01", map[int]children.Requirement{12: parent, 13: own, 17: own, 18: nothing}},
		{"us-md", "2025-09-30", map[int]children.Requirement{17: nothing}},
		{"us-md", "2025-10-01", map[int]children.Requirement{0: never, 17: never, 18: nothing}},
		{"us-mn", "2025-07-31", map[int]children.Requirement{12: parent, 13: own, 16: own, 17: nothing}},
		{"us-mt", "2025-09-30", map[int]children.Requirement{12: parent, 15: own, 16: nothing}},
		{"us-mt", "2025-10-01", map[int]children.Requirement{12: parent, 17: own, 18: nothing}},
		{"us-nh", "2025-01-01", map[int]children.Requirement{12: parent, 13: own, 15: own, 16: nothing}},
		{"us-nj", "2025-01-14", map[int]children.Requirement{13: nothing}},
		{"us-nj", "2025-01-15", map[int]children.Requirement{12: parent, 13: own, 16: own, 17: nothing}},
		{"us-or", "2025-12-31", map[int]children.Requirement{12: parent, 13: own, 15: own, 16: nothing}},
		{"us-or", "2026-01-01", map[int]children.Requirement{12: never, 15: never, 16: nothing}},
	} {
		for age, want := range tc.want {
			for _, operation := range []children.Operation{children.OperationSale, children.OperationSharing} {
				rule, err := law.Requirement(children.Question{Regime: tc.state, Operation: operation, Age: age, On: privacy.MustDate(tc.on)})
				require.NoError(t, err)
				assert.Equal(t, want, rule.Requires, "%s on %s: %s at %d", tc.state, tc.on, operation, age)
				assert.Equal(t, want == nothing, rule.Citation == "", "%s at %d", tc.state, age)
			}
		}
	}
	other, err := law.Requirement(children.Question{Regime: "us-or-ocpa", Operation: children.OperationProcess, Age: 14, On: today})
	require.NoError(t, err)
	assert.Equal(t, nothing, other.Requires, "what is neither sale nor advertising")
	newest, err := law.Requirement(children.Question{Regime: "us-or-ocpa", Operation: children.OperationSale, Age: 14})
	require.NoError(t, err)
	assert.Equal(t, never, newest.Requires, "the newest rule")
}

// Which of two rules applies is never left to the order of the file.
func TestOneRequirementPerDay(t *testing.T) {
	var table struct {
		Requirements []struct {
			Regime     string
			From       privacy.Date
			Operations []string
			FromAge    int `json:"from_age"`
			BelowAge   int `json:"below_age"`
		} `json:"requirements"`
	}
	text, err := os.ReadFile("law/ages.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &table))
	seen := map[string]bool{}
	for _, row := range table.Requirements {
		below := row.BelowAge
		if below == 0 {
			below = 100
		}
		for _, operation := range row.Operations {
			for age := row.FromAge; age < below; age++ {
				key := fmt.Sprint(row.Regime, operation, age, row.From)
				assert.False(t, seen[key], "two rows begin on %s for %s at %d in %s", row.From, operation, age, row.Regime)
				seen[key] = true
			}
		}
	}
	assert.NotEmpty(t, seen)
}

// In California, sharing was added to sale on 1 January 2023.
func TestCalifornianTeenagersBeforeTheCPRA(t *testing.T) {
	law := embeddedLaw(t)
	for _, tc := range []struct {
		operation children.Operation
		on        string
		want      children.Requirement
	}{
		{children.OperationSale, "2019-12-31", children.RequireNothing},
		{children.OperationSale, "2020-01-01", children.RequireOwnOptIn},
		{children.OperationSale, "2026-11-23", children.RequireOwnOptIn},
		{children.OperationSharing, "2022-12-31", children.RequireNothing},
		{children.OperationSharing, "2023-01-01", children.RequireOwnOptIn},
		{children.OperationSharing, "2026-11-23", children.RequireOwnOptIn},
	} {
		rule, err := law.Requirement(children.Question{Regime: "us-ca", Operation: tc.operation, Age: 14, On: privacy.MustDate(tc.on)})
		require.NoError(t, err)
		assert.Equal(t, tc.want, rule.Requires, "%s on %s", tc.operation, tc.on)
	}
}

// Of two ages of a country the later one counts, in whichever order a table lists
// them.
func TestTheLaterAgeCounts(t *testing.T) {
	row := func(from, age string) string {
		return `{"regime":"eu-gdpr","country":"DK","from":"` + from + `","age":` + age + `,"citation":"C"}`
	}
	older, newer := row("2018-05-25", "13"), row("2024-01-01", "15")
	for _, rows := range []string{older + "," + newer, newer + "," + older} {
		law, err := children.Load(fstest.MapFS{"ages.json": {Data: []byte(`{` + tableHead + `"digital_ages":[` + rows + `]}`)}})
		require.NoError(t, err)
		for on, want := range map[string]int{"2023-12-31": 13, "2024-01-01": 15} {
			age, err := law.DigitalAge("eu-gdpr", "DK", privacy.MustDate(on))
			require.NoError(t, err)
			assert.Equal(t, want, age.Age, "%s: %s", on, rows)
			assert.False(t, age.Default)
		}
	}
}

// The rows of a country do not overlap: a day has one age.
func TestOneAgePerDay(t *testing.T) {
	var table struct {
		DigitalAges []struct {
			Regime      string
			Country     privacy.Country
			From, Until privacy.Date
		} `json:"digital_ages"`
	}
	text, err := children.LawText()
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &table))
	end := map[string]privacy.Date{}
	for _, row := range table.DigitalAges {
		key := row.Regime + string(row.Country)
		last, seen := end[key]
		assert.True(t, !seen || (!last.IsZero() && !row.From.Before(last)), "%s", key)
		end[key] = row.Until
	}
}

const tableHead = `"title":"T","as_of":"2026-01-01","citations":["C"],"notes":[],"defaults":[{"regime":"eu-gdpr","age":16,"requires":"parental_authorisation","from":"2018-05-25","citation":"C"}],`

func TestLoadRefusesRowsWithout(t *testing.T) {
	for _, tc := range []struct{ name, text string }{
		{"JSON", `{`},
		{"a known member", `{` + tableHead + `"ages":[]}`},
		{"a title", `{}`},
		{"a citation", `{` + tableHead + `"digital_ages":[{"regime":"eu-gdpr","country":"DE","from":"2018-05-25","age":16}]}`},
		{"a country", `{` + tableHead + `"digital_ages":[{"regime":"eu-gdpr","country":"XX","from":"2018-05-25","age":16,"citation":"C"}]}`},
		{"an age in range", `{` + tableHead + `"digital_ages":[{"regime":"eu-gdpr","country":"DE","from":"2018-05-25","age":160,"citation":"C"}]}`},
		{"dates in order", `{` + tableHead + `"digital_ages":[{"regime":"eu-gdpr","country":"DE","from":"2018-05-25","until":"2018-05-25","age":16,"citation":"C"}]}`},
		{"a known requirement", `{` + tableHead + `"requirements":[{"regime":"x","from":"2018-05-25","operations":["sale"],"below_age":13,"requires":"luck","citation":"C"}]}`},
		{"a known operation", `{` + tableHead + `"requirements":[{"regime":"x","from":"2018-05-25","operations":["barter"],"below_age":13,"requires":"own_opt_in","citation":"C"}]}`},
		{"ages in order", `{` + tableHead + `"requirements":[{"regime":"x","from":"2018-05-25","operations":["sale"],"from_age":13,"below_age":13,"requires":"own_opt_in","citation":"C"}]}`},
		{"a jurisdiction", `{` + tableHead + `"requirements":[{"regime":"x","jurisdiction":"atlantis","from":"2018-05-25","operations":["sale"],"below_age":13,"requires":"own_opt_in","citation":"C"}]}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := children.Load(fstest.MapFS{"ages.json": {Data: []byte(tc.text)}})
			require.ErrorIs(t, err, privacy.ErrInvalid)
		})
	}
	_, err := children.Load(fstest.MapFS{})
	require.Error(t, err)
}

// Of two rows that are about the same the later one counts, in whichever order a
// table lists them.
func TestTheLaterRequirementCounts(t *testing.T) {
	row := func(from, requires string) string {
		return `{"regime":"x","from":"` + from + `","operations":["sale"],"below_age":18,"requires":"` + requires + `","citation":"C"}`
	}
	older, newer := row("2020-01-01", "own_opt_in"), row("2024-01-01", "parental_opt_in")
	for _, rows := range []string{older + "," + newer, newer + "," + older} {
		law, err := children.Load(fstest.MapFS{"ages.json": {Data: []byte(`{` + tableHead + `"requirements":[` + rows + `]}`)}})
		require.NoError(t, err)
		for on, want := range map[string]string{"2023-12-31": "own_opt_in", "2024-01-01": "parental_opt_in"} {
			rule, err := law.Requirement(children.Question{Regime: "x", Operation: "sale", Age: 15, On: privacy.MustDate(on)})
			require.NoError(t, err)
			assert.Equal(t, want, string(rule.Requires), "%s: %s", on, rows)
		}
	}
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte(`{` + strings.TrimSuffix(tableHead, ",") + `}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		law, err := children.Load(fstest.MapFS{"ages.json": {Data: text}})
		if (law == nil) == (err == nil) {
			t.Fatal("either a law or an error")
		}
		if law == nil {
			return
		}
		unknown := germanCase()
		unknown.BornOnOrBefore = privacy.Date{}
		if answer, err := law.Assess(unknown); err == nil && answer.Alone {
			t.Fatalf("somebody of an unknown age consents alone: %+v", answer)
		}
	})
}

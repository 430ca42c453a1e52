package transfer_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/consent/transfer"
	"github.com/labelop/privacykit/privacy"
)

func toIndia() transfer.Transfer {
	return transfer.Transfer{Regime: "eu", On: today, From: "DE", To: "IN"}
}

func judge(t *testing.T, question transfer.Transfer) transfer.Answer {
	t.Helper()
	answer, err := embedded(t).Judge(question)
	require.NoError(t, err)
	return answer
}

// Every mechanism that is named without its conditions is refused, and allowed
// once all that it demands is stated.
func TestEveryMechanismHasConditions(t *testing.T) {
	all := transfer.Transfer{
		Safeguard: transfer.Safeguard{InForce: true, Approved: true, Authorised: true, BindingCommitment: true, Assessment: transfer.Assessment{DoneOn: today}},
		Derogation: transfer.Derogation{
			NotPublicAuthority: true, RisksDisclosed: true, Occasional: true, NotRepetitive: true, RecognisedInLaw: true, IncapableOfConsent: true,
			RegisterConditions: true, FewSubjects: true, InterestsAssessed: true, AuthorityInformed: true, SubjectInformed: true,
		},
	}
	for mechanism := range privacy.TransferMechanisms() {
		if mechanism == privacy.TransferNone || mechanism == privacy.TransferAdequacy {
			continue
		}
		regime, from := privacy.Jurisdiction("eu"), privacy.Country("DE")
		if mechanism == privacy.TransferIDTA || mechanism == privacy.TransferUKAddendum {
			regime, from = "gb", "GB"
		}
		bare := transfer.Transfer{Regime: regime, On: today, From: from, To: "IN"}
		met := all
		met.Regime, met.On, met.From, met.To = regime, today, from, "IN"
		if mechanism >= privacy.TransferExplicitConsent {
			bare.Derogation.Mechanism, met.Derogation.Mechanism = mechanism, mechanism
		} else {
			bare.Safeguard.Mechanism, met.Safeguard.Mechanism = mechanism, mechanism
		}
		refused, allowed := judge(t, bare), judge(t, met)
		assert.False(t, refused.Allowed, "%s", mechanism)
		assert.NotEmpty(t, refused.Unmet, "%s", mechanism)
		assert.NotEmpty(t, refused.Needs, "%s", mechanism)
		assert.True(t, allowed.Allowed, "%s: %v", mechanism, allowed.Unmet)
		assert.Equal(t, mechanism, allowed.Mechanism)
		assert.NotEmpty(t, allowed.MustState, "%s", mechanism)
		assert.Equal(t, allowed.MustState, embedded(t).MustState(mechanism))
	}
}

func TestNothingStatedRefuses(t *testing.T) {
	answer := judge(t, toIndia())
	assert.False(t, answer.Allowed)
	assert.True(t, answer.IsTransfer)
	assert.Equal(t, transfer.NeedSafeguards, answer.Needs)
	assert.False(t, transfer.Answer{}.Allowed)
}

func TestRefusedSafeguardFallsBackToTheDerogation(t *testing.T) {
	question := toIndia()
	question.Safeguard.Mechanism = privacy.TransferSCC
	question.Derogation = transfer.Derogation{Mechanism: privacy.TransferLegalClaims, Occasional: true}
	assert.Equal(t, privacy.TransferLegalClaims, judge(t, question).Mechanism)
	question.Derogation.Occasional = false
	assert.Equal(t, transfer.NeedAssessment, judge(t, question).Needs, "the refusal is that of the safeguard")
}

func TestAssessmentsAreDated(t *testing.T) {
	question := toIndia()
	question.Safeguard = transfer.Safeguard{Mechanism: privacy.TransferSCC, Assessment: transfer.Assessment{DoneOn: today.AddDays(1)}}
	assert.False(t, judge(t, question).Allowed, "one that is yet to be made")
	question.Safeguard.Assessment = transfer.Assessment{DoneOn: today, ReviewBy: today}
	assert.False(t, judge(t, question).Allowed, "one that is to be reviewed")
	question.Safeguard.Assessment.ReviewBy = today.AddDays(1)
	assert.Equal(t, today.AddDays(1), judge(t, question).Until)
	question.Safeguard = transfer.Safeguard{Mechanism: privacy.TransferBCR, Approved: true, Assessment: transfer.Assessment{Missing: true}}
	assert.Equal(t, transfer.NeedAssessment, judge(t, question).Needs)
}

func TestMechanismsThatARegimeDoesNotHave(t *testing.T) {
	question := toIndia()
	question.Safeguard = transfer.Safeguard{Mechanism: privacy.TransferIDTA, Assessment: transfer.Assessment{DoneOn: today}}
	assert.Equal(t, transfer.NeedSafeguards, judge(t, question).Needs)
	question.Regime, question.From = "gb", "GB"
	question.Safeguard.Mechanism = privacy.TransferSCC
	assert.Equal(t, transfer.NeedIDTAOrAddendum, judge(t, question).Needs)
	question.Safeguard.Mechanism, question.On = privacy.TransferIDTA, privacy.MustDate("2022-03-20")
	assert.False(t, judge(t, question).Allowed, "before the agreement existed")
	question.On = today
	question.Safeguard.Mechanism = privacy.TransferLegalClaims
	assert.False(t, judge(t, question).Allowed, "a derogation is no safeguard")
}

func TestQuestionsThatCannotBeAnswered(t *testing.T) {
	for name, change := range map[string]func(*transfer.Transfer){
		"no day":          func(t *transfer.Transfer) { t.On = privacy.Date{} },
		"unknown country": func(t *transfer.Transfer) { t.To = "XX" },
		"no origin":       func(t *transfer.Transfer) { t.From = "" },
		"unknown regime":  func(t *transfer.Transfer) { t.Regime = "ch" },
	} {
		question := toIndia()
		change(&question)
		answer, err := embedded(t).Judge(question)
		require.ErrorIs(t, err, privacy.ErrInvalid, name)
		assert.False(t, answer.Allowed, name)
	}
	_, err := embedded(t).Module(privacy.RoleController, 0)
	require.ErrorIs(t, err, privacy.ErrInvalid)
	assert.Nil(t, embedded(t).MustState(privacy.TransferNone))
}

// Chapter V is about third countries: data that comes in to where the regime
// applies, from an operator abroad that it reaches by Art. 3(2), goes to none.
func TestDataThatComesInIsNotTransferred(t *testing.T) {
	for _, tc := range []struct {
		regime   privacy.Jurisdiction
		from, to privacy.Country
		want     bool
	}{
		{"eu", "US", "DE", true},
		{"eu", "GB", "NO", true},
		{"gb", "US", "GB", true},
		{"eu", "US", "IN", false},
		{"gb", "US", "DE", false}, // adequate, but a transfer
	} {
		answer := judge(t, transfer.Transfer{Regime: tc.regime, On: today, From: tc.from, To: tc.to})
		assert.Equal(t, tc.want, !answer.IsTransfer, "%s: from %s to %s", tc.regime, tc.from, tc.to)
		assert.Equal(t, tc.want, answer.Step == transfer.StepNoTransfer, "%s: from %s to %s", tc.regime, tc.from, tc.to)
	}
}

func TestASubjectsOwnDataGoesSomewhereOnADay(t *testing.T) {
	sound := transfer.Transfer{Regime: "eu", On: today, To: "US", FromSubject: true}
	assert.Equal(t, transfer.StepNoTransfer, judge(t, sound).Step, "without an exporter")
	for name, change := range map[string]func(*transfer.Transfer){
		"no day":          func(t *transfer.Transfer) { t.On = privacy.Date{} },
		"no destination":  func(t *transfer.Transfer) { t.To = "" },
		"unknown country": func(t *transfer.Transfer) { t.To = "XX" },
		"unknown regime":  func(t *transfer.Transfer) { t.Regime = "ch" },
	} {
		question := sound
		change(&question)
		answer, err := embedded(t).Judge(question)
		require.ErrorIs(t, err, privacy.ErrInvalid, name)
		assert.False(t, answer.Allowed, name)
	}
}

func load(t *testing.T, text string) *transfer.Ladder {
	t.Helper()
	law, err := privacy.EmbeddedLaw()
	require.NoError(t, err)
	ladder, err := transfer.Load(law, fstest.MapFS{"ladder.json": {Data: []byte(`{` + tableHead + `,` + text + `}`)}})
	require.NoError(t, err)
	return ladder
}

// Of two rows on a mechanism the later one counts, in whichever order a table
// lists them.
func TestTheLaterRowOfAMechanismCounts(t *testing.T) {
	older := `{"mechanism":"%","from":"2018-05-25","requires":["approved"],"citation":"C"}`
	newer := `{"mechanism":"%","from":"2026-01-01","requires":["approved","in_force"],"citation":"C"}`
	for _, rows := range []string{older + "," + newer, newer + "," + older} {
		ladder := load(t, `"safeguards":[`+strings.ReplaceAll(rows, "%", "bcr")+`],"derogations":[`+strings.ReplaceAll(rows, "%", "derogation_49_1_d")+`]`)
		for on, want := range map[string]bool{"2018-05-24": false, "2025-12-31": true, "2026-01-01": false} {
			question := toIndia()
			question.On = privacy.MustDate(on)
			question.Safeguard = transfer.Safeguard{Mechanism: privacy.TransferBCR, Approved: true}
			answer, err := ladder.Judge(question)
			require.NoError(t, err)
			assert.Equal(t, want, answer.Allowed, "safeguard on %s: %s", on, rows)
			question.Safeguard.Mechanism, question.Derogation.Mechanism = 0, privacy.TransferPublicInterest
			answer, err = ladder.Judge(question)
			require.NoError(t, err)
			assert.Equal(t, want, answer.Allowed, "derogation on %s: %s", on, rows)
		}
	}
}

// What a table says refuses a mechanism refuses a derogation too.
func TestADerogationIsRefusedByItsRow(t *testing.T) {
	ladder := load(t, `"derogations":[{"mechanism":"derogation_49_1_d","from":"2018-05-25","requires":["recognised_in_law"],"refused_if":["not_public_authority"],"citation":"C"}]`)
	question := toIndia()
	question.Derogation = transfer.Derogation{Mechanism: privacy.TransferPublicInterest, RecognisedInLaw: true}
	answer, err := ladder.Judge(question)
	require.NoError(t, err)
	assert.False(t, answer.Allowed)
	assert.Equal(t, []transfer.Condition{transfer.ConditionNotPublicAuthority}, answer.Unmet)
	question.Derogation.NotPublicAuthority = true
	answer, err = ladder.Judge(question)
	require.NoError(t, err)
	assert.True(t, answer.Allowed)
}

func TestRecipients(t *testing.T) {
	empty, err := transfer.NewRecipients(embedded(t), "eu", "DE")
	require.NoError(t, err)
	full := empty.With("cloud", "US", transfer.Transfer{Certified: func(list string) bool { return list == "data_privacy_framework" }})
	mechanism, allowed := full.JudgeTransfer("cloud", "US", today)
	assert.True(t, allowed)
	assert.Equal(t, privacy.TransferAdequacy, mechanism)
	_, allowed = full.JudgeTransfer("cloud", "IN", today)
	assert.False(t, allowed, "another country")
	_, allowed = empty.JudgeTransfer("cloud", "US", today)
	assert.False(t, allowed, "With leaves the set that it is called on alone")
	_, allowed = empty.JudgeTransfer("anybody", "XX", today)
	assert.False(t, allowed)
	mechanism, allowed = empty.JudgeTransfer("anybody", "FR", today)
	assert.True(t, allowed)
	assert.Equal(t, privacy.TransferNone, mechanism)

	_, err = transfer.NewRecipients(embedded(t), "ch", "CH")
	require.ErrorIs(t, err, privacy.ErrInvalid)
	_, err = transfer.NewRecipients(nil, "eu", "DE")
	require.ErrorIs(t, err, privacy.ErrInvalid)
}

const tableHead = `"title":"T","as_of":"2026-01-01","citations":["C"]`

func TestLoadRefusesRowsWithout(t *testing.T) {
	law, err := privacy.EmbeddedLaw()
	require.NoError(t, err)
	for name, text := range map[string]string{
		"JSON":              `{`,
		"a title":           `{}`,
		"a known member":    `{` + tableHead + `,"steps":[]}`,
		"a known condition": `{` + tableHead + `,"safeguards":[{"mechanism":"scc","from":"2021-06-27","requires":["luck"],"citation":"C"}]}`,
		"a condition":       `{` + tableHead + `,"derogations":[{"mechanism":"derogation_49_1_a","from":"2021-06-27","citation":"C"}]}`,
		"a citation":        `{` + tableHead + `,"safeguards":[{"mechanism":"scc","from":"2021-06-27","requires":["assessment"]}]}`,
		"a need":            `{` + tableHead + `,"needs":[{"condition":"assessment"}]}`,
		"roles":             `{` + tableHead + `,"modules":[{"exporter":"controller","module":1}]}`,
		"statements":        `{` + tableHead + `,"notices":[{"for":"adequacy","citation":"C"}]}`,
		"a regime":          `{` + tableHead + `,"safeguards":[{"mechanism":"scc","from":"2021-06-27","requires":["assessment"],"citation":"C","instead":[{"needs":"n","citation":"C"}]}]}`,
	} {
		_, err := transfer.Load(law, fstest.MapFS{"ladder.json": {Data: []byte(text)}})
		require.ErrorIs(t, err, privacy.ErrInvalid, name)
	}
	_, err = transfer.Load(law, fstest.MapFS{})
	require.Error(t, err)
	_, err = transfer.Load(nil, nil)
	require.ErrorIs(t, err, privacy.ErrInvalid)
	_, err = transfer.Load(law, nil)
	require.NoError(t, err)
}

func FuzzLoad(f *testing.F) {
	law, err := privacy.EmbeddedLaw()
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(`{` + tableHead + `}`))
	f.Add([]byte(`{` + tableHead + `,"safeguards":[{"mechanism":"scc","from":"2021-06-27","requires":["assessment"],"refused_if":["approved"],"citation":"C"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		ladder, err := transfer.Load(law, fstest.MapFS{"ladder.json": {Data: text}})
		if (ladder == nil) == (err == nil) {
			t.Fatal("either a ladder or an error")
		}
		if ladder == nil {
			return
		}
		for mechanism := range privacy.TransferMechanisms() {
			bare := toIndia()
			bare.Safeguard.Mechanism, bare.Derogation.Mechanism = mechanism, mechanism
			if answer, err := ladder.Judge(bare); err != nil || answer.Allowed {
				t.Fatalf("%s without its conditions: %+v, %v", mechanism, answer, err)
			}
		}
	})
}

func BenchmarkJudge(b *testing.B) {
	ladder := embedded(b)
	question := toIndia()
	question.Safeguard = transfer.Safeguard{Mechanism: privacy.TransferSCC, Assessment: transfer.Assessment{DoneOn: today}}
	b.ReportAllocs()
	for b.Loop() {
		if answer, err := ladder.Judge(question); err != nil || !answer.Allowed {
			b.Fatal(err)
		}
	}
}

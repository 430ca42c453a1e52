package privacy

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAdequacyIsDatedAndScoped(t *testing.T) {
	law, err := EmbeddedLaw()
	require.NoError(t, err)
	for _, tc := range []struct {
		name      string
		regime    Jurisdiction
		country   Country
		on        string
		found     bool
		condition string
	}{
		{"Switzerland", "eu", "CH", "2026-11-23", true, ""},
		{"Brazil before the decision", "eu", "BR", "2026-01-25", false, ""},
		{"Brazil from the decision on", "eu", "BR", "2026-01-26", true, ""},
		{"Safe Harbour", "eu", "US", "2015-10-05", true, "safe_harbour"},
		{"between Safe Harbour and Privacy Shield", "eu", "US", "2015-10-06", false, ""},
		{"Privacy Shield", "eu", "US", "2020-07-15", true, "privacy_shield"},
		{"after Schrems II", "eu", "US", "2020-07-16", false, ""},
		{"the Data Privacy Framework", "eu", "US", "2023-07-10", true, "data_privacy_framework"},
		{"the UK Extension", "GB", "US", "2023-10-12", true, "data_privacy_framework_uk"},
		{"the last day of the decision on the United Kingdom", "eu", "GB", "2031-12-27", true, ""},
		{"the day after", "eu", "GB", "2031-12-28", false, ""},
		{"a member state seen from the United Kingdom", "gb", "FR", "2026-11-23", true, ""},
		{"India", "eu", "IN", "2026-11-23", false, ""},
		{"another regime", "ch", "CH", "2026-11-23", false, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			decision, found := law.Adequacy(tc.regime, tc.country, MustDate(tc.on))
			assert.Equal(t, tc.found, found)
			assert.Equal(t, tc.condition, decision.Condition)
		})
	}
}

func TestWithinRegime(t *testing.T) {
	law, err := EmbeddedLaw()
	require.NoError(t, err)
	today := MustDate("2026-11-23")
	assert.True(t, law.WithinRegime("eu", "NO", today))
	assert.False(t, law.WithinRegime("eu", "GB", today))
	assert.True(t, law.WithinRegime("eu", "GB", MustDate("2020-12-31")))
	assert.True(t, law.WithinRegime("gb", "GB", today))
	assert.False(t, law.WithinRegime("gb", "DE", today))
	assert.False(t, law.WithinRegime("eu", "DE", Date{}))
	assert.False(t, law.WithinRegime("eu", "XX", today))
}

func TestKnowsMechanism(t *testing.T) {
	law, err := EmbeddedLaw()
	require.NoError(t, err)
	assert.True(t, law.KnowsMechanism("eu", TransferSCC))
	assert.False(t, law.KnowsMechanism("gb", TransferSCC))
	assert.True(t, law.KnowsMechanism("gb", TransferIDTA))
	assert.False(t, law.KnowsMechanism("eu", TransferIDTA))
	assert.True(t, law.KnowsMechanism("eu", TransferBCR))
	assert.False(t, law.KnowsMechanism("eu", 0))
	assert.False(t, law.KnowsMechanism("ch", TransferBCR))
}

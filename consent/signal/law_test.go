package signal_test

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/consent/signal"
	"github.com/labelop/privacykit/privacy"
)

// California's law of 2018 knew the sale of data only. Sharing and the right to
// limit the use of sensitive data came with the CPRA on 1 January 2023.
func TestCaliforniaBeforeTheCPRA(t *testing.T) {
	law, err := signal.Embedded()
	require.NoError(t, err)
	sale := privacy.NewOptOutSet(privacy.OptOutSale)
	for on, want := range map[string]struct {
		optOut    privacy.OptOutSet
		sensitive signal.SensitiveRule
	}{
		"2020-01-01": {0, signal.SensitiveNone},
		"2020-08-13": {0, signal.SensitiveNone},
		"2020-08-14": {sale, signal.SensitiveNone},
		"2022-12-31": {sale, signal.SensitiveNone},
		"2023-01-01": {sale.With(privacy.OptOutSharing), signal.SensitiveLimitUse},
		"2026-11-23": {sale.With(privacy.OptOutSharing), signal.SensitiveLimitUse},
	} {
		for _, regime := range []string{"us-ca-ccpa", "us-ca"} {
			effect, err := law.Effect(regime, false, privacy.MustDate(on))
			require.NoError(t, err)
			assert.Equal(t, want.optOut, effect.OptOut, "%s on %s", regime, on)
			assert.Equal(t, want.optOut != 0, effect.MustHonour, "%s on %s", regime, on)
			rule, err := law.SensitiveData(regime, privacy.MustDate(on))
			require.NoError(t, err)
			assert.Equal(t, want.sensitive, rule, "%s on %s", regime, on)
		}
	}
}

// Of two rows about the same law the later one counts, in whichever order a table
// lists them.
func TestTheLaterRuleCounts(t *testing.T) {
	row := func(from, rule string) string {
		return `{"regime":"r","jurisdiction":"US-CA","from":"` + from + `","sensitive_data":"` + rule + `","citation":"C"}`
	}
	older, newer := row("2020-01-01", "opt_out"), row("2024-01-01", "opt_in")
	for _, rows := range []string{older + "," + newer, newer + "," + older} {
		law, err := signal.Load(fstest.MapFS{"signals.json": {Data: []byte(`{` + tableHead + `,"rules":[` + rows + `]}`)}})
		require.NoError(t, err)
		for on, want := range map[string]signal.SensitiveRule{"2023-12-31": signal.SensitiveOptOut, "2024-01-01": signal.SensitiveOptIn} {
			rule, err := law.SensitiveData("us-ca", privacy.MustDate(on))
			require.NoError(t, err)
			assert.Equal(t, want, rule, "%s: %s", on, rows)
		}
	}
}

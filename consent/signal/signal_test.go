package signal_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/consent/signal"
	"github.com/labelop/privacykit/privacy"
)

func TestOnlyTheExactValueCounts(t *testing.T) {
	for _, tc := range []struct {
		name   string
		values []string
		want   bool
	}{
		{"none", nil, false},
		{"one", []string{"1"}, true},
		{"true is not 1", []string{"true"}, false},
		{"zero", []string{"0"}, false},
		{"empty", []string{""}, false},
		{"an extension", []string{"1;ext"}, false},
		{"a list in one field", []string{"1, 1"}, false},
		{"another digit", []string{"１"}, false},
		{"one of several", []string{"0", "1", "x"}, true},
		{"none of several", []string{"0", "x"}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			header := http.Header{}
			for _, value := range tc.values {
				header.Add("sec-gpc", value)
			}
			assert.Equal(t, tc.want, signal.Present(header))
		})
	}
}

func TestReadSupport(t *testing.T) {
	update := time.Date(2025, time.April, 15, 0, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		name, mediaType, body string
		want                  signal.Support
	}{
		{"the example of the specification", "application/json", `{"gpc":true,"lastUpdate":"2025-04-15"}`, signal.Support{Known: true, Abides: true, LastUpdate: update}},
		{"a site that does not abide", "application/json; charset=utf-8", `{"gpc":false}`, signal.Support{Known: true}},
		{"unknown members are ignored", "application/json", `{"gpc":true,"version":1,"more":{}}`, signal.Support{Known: true, Abides: true}},
		{"a time", "application/json", `{"gpc":true,"lastUpdate":"2025-04-15T00:00:00.000Z"}`, signal.Support{Known: true, Abides: true, LastUpdate: update}},
		{"a bad date leaves the date unknown", "application/json", `{"gpc":true,"lastUpdate":"April"}`, signal.Support{Known: true, Abides: true}},
		{"a number for a date", "application/json", `{"gpc":true,"lastUpdate":20250415}`, signal.Support{Known: true, Abides: true}},
		{"a time of one digit", "application/json", `{"gpc":true,"lastUpdate":"2025-04-15T1:00:00Z"}`, signal.Support{Known: true, Abides: true}},
		{"a comma for a point", "application/json", `{"gpc":true,"lastUpdate":"2025-04-15T01:00:00,5Z"}`, signal.Support{Known: true, Abides: true}},
		{"a zone that is none", "application/json", `{"gpc":true,"lastUpdate":"2025-04-15T01:00:00+24:00"}`, signal.Support{Known: true, Abides: true}},
		{"a time without a zone", "application/json", `{"gpc":true,"lastUpdate":"2025-04-15T01:00:00"}`, signal.Support{Known: true, Abides: true}},
		{"a string is no boolean", "application/json", `{"gpc":"true"}`, signal.Support{}},
		{"nor is 1", "application/json", `{"gpc":1}`, signal.Support{}},
		{"nor is null", "application/json", `{"gpc":null}`, signal.Support{}},
		{"members have a case", "application/json", `{"GPC":true}`, signal.Support{}},
		{"no member", "application/json", `{}`, signal.Support{}},
		{"no object", "application/json", `[true]`, signal.Support{}},
		{"null", "application/json", `null`, signal.Support{}},
		{"no JSON", "application/json", `gpc`, signal.Support{}},
		{"another media type", "text/html", `{"gpc":true}`, signal.Support{}},
		{"no media type", "", `{"gpc":true}`, signal.Support{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := signal.ReadSupport(tc.mediaType, []byte(tc.body))
			assert.True(t, tc.want.LastUpdate.Equal(got.LastUpdate))
			got.LastUpdate = tc.want.LastUpdate
			assert.Equal(t, tc.want, got)
		})
	}
}

// What is served is read as what was stated.
func TestSupportIsServed(t *testing.T) {
	stated := signal.Support{Known: true, Abides: true, LastUpdate: time.Date(2026, time.January, 2, 0, 0, 0, 0, time.UTC)}
	answer := httptest.NewRecorder()
	signal.SupportHandler(stated).ServeHTTP(answer, httptest.NewRequest(http.MethodGet, signal.SupportPath, nil))
	assert.Equal(t, stated, signal.ReadSupport(answer.Header().Get("Content-Type"), answer.Body.Bytes()))

	answer = httptest.NewRecorder()
	signal.SupportHandler(stated).ServeHTTP(answer, httptest.NewRequest(http.MethodPost, signal.SupportPath, nil))
	assert.Equal(t, http.StatusMethodNotAllowed, answer.Code)

	answer = httptest.NewRecorder()
	signal.SupportHandler(signal.Support{}).ServeHTTP(answer, httptest.NewRequest(http.MethodGet, signal.SupportPath, nil))
	assert.Equal(t, http.StatusNotFound, answer.Code)
}

func TestMiddleware(t *testing.T) {
	var seen bool
	handler := signal.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = signal.FromContext(r.Context()) }))
	for _, value := range []string{"1", "0"} {
		request := httptest.NewRequest(http.MethodGet, "/", nil)
		request.Header.Set(signal.Header, value)
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, request)
		assert.Equal(t, value == "1", seen)
		assert.Equal(t, signal.Header, answer.Header().Get("Vary"))
	}
	assert.False(t, signal.FromContext(t.Context()))
}

func californian(t *testing.T) signal.Effect {
	t.Helper()
	law, err := signal.Embedded()
	require.NoError(t, err)
	effect, err := law.Effect("us-ca", true, today)
	require.NoError(t, err)
	return effect
}

func stateOf(kinds ...consent.OptOutState) *consent.State { return &consent.State{OptOuts: kinds} }

func TestResolve(t *testing.T) {
	effect := californian(t)
	at := time.Date(2026, time.March, 1, 0, 0, 0, 0, time.UTC)
	optedIn := consent.OptOutState{Kind: privacy.OptOutSale, Mark: consent.Mark{At: at, Sequence: 2}}
	optedOut := consent.OptOutState{Kind: privacy.OptOutSale, Mark: consent.Mark{On: true, At: at, Sequence: 1}}
	sharing := consent.OptOutState{Kind: privacy.OptOutSharing, Mark: consent.Mark{On: true, At: at, Sequence: 1}}
	sale := privacy.NewOptOutSet(privacy.OptOutSale)

	fresh := effect.Resolve(stateOf(), 0)
	assert.Equal(t, []consent.Fact{consent.OptOut{Kinds: effect.OptOut, Signal: signal.GPC}}, fresh.Record)
	assert.Zero(t, fresh.Conflict)

	known := effect.Resolve(stateOf(optedOut, sharing), 0)
	assert.Empty(t, known.Record, "an opt-out that is recorded is not recorded with every request")
	assert.True(t, known.Status.Honoured)

	conflict := effect.Resolve(stateOf(optedIn, sharing), 0)
	assert.Equal(t, []consent.Fact{consent.OptOut{Kinds: sale, Signal: signal.GPC}}, conflict.Record, "the signal counts")
	assert.Equal(t, sale, conflict.Conflict)
	assert.True(t, conflict.MayNotify)

	confirmed := effect.Resolve(stateOf(optedIn, sharing), sale)
	assert.Empty(t, confirmed.Record, "the person was told of the conflict and opted in")
	assert.False(t, confirmed.Status.Honoured)
	assert.Equal(t, "opt_out_not_in_effect", confirmed.Status.Code())
	assert.NotEqual(t, confirmed.Status.Title(), known.Status.Title())
	assert.Equal(t, "opt_out_honoured", known.Status.Code())

	never := effect.Resolve(stateOf(), sale)
	assert.NotEmpty(t, never.Record, "without an opt-in there is none to confirm")

	assert.Equal(t, signal.Resolution{}, signal.Effect{}.Resolve(stateOf(), 0))
}

// Where no provision lets a person confirm an opt-in against the signal, the
// signal counts, whatever was asked elsewhere.
func TestAnOptInIsConfirmedOnlyWhereTheLawSaysSo(t *testing.T) {
	law, err := signal.Embedded()
	require.NoError(t, err)
	effect, err := law.Effect("us-md", true, today)
	require.NoError(t, err)
	require.False(t, effect.MayNotifyConflict)
	optedIn := consent.OptOutState{Kind: privacy.OptOutSale, Mark: consent.Mark{At: time.Date(2026, time.March, 1, 0, 0, 0, 0, time.UTC), Sequence: 2}}
	got := effect.Resolve(stateOf(optedIn), privacy.NewOptOutSet(privacy.OptOutSale))
	assert.Equal(t, []consent.Fact{consent.OptOut{Kinds: effect.OptOut, Signal: signal.GPC}}, got.Record)
	assert.True(t, got.Status.Honoured)
	assert.False(t, got.MayNotify)
}

func TestUnknownRegimes(t *testing.T) {
	law, err := signal.Embedded()
	require.NoError(t, err)
	for _, regime := range []string{"eu-gdpr", "us-zz", ""} {
		effect, err := law.Effect(regime, true, today)
		require.ErrorIs(t, err, signal.ErrUnknownRegime)
		require.ErrorIs(t, err, privacy.ErrNotFound)
		assert.False(t, effect.MustHonour)
		_, err = law.SensitiveData(regime, today)
		require.ErrorIs(t, err, signal.ErrUnknownRegime)
	}
	_, err = law.SensitiveData("us-ky", privacy.MustDate("2025-12-31"))
	require.ErrorIs(t, err, signal.ErrUnknownRegime, "before the law was in force")
}

// decoder reads every string as an opt-out of sale.
type decoder struct{}

func (decoder) Decode(text consent.SignalString) ([]consent.Fact, error) {
	return []consent.Fact{consent.OptOut{
		Kinds: privacy.NewOptOutSet(privacy.OptOutSale), Signal: text.Format, Evidence: consent.Evidence{Signal: &text},
	}}, nil
}

func TestStringsAreOpaqueWithoutADecoder(t *testing.T) {
	text := consent.SignalString{Format: signal.FormatGPP, Value: "DBABMA~CPXxRfAPXxRfAAfKABENB-CgAAAAAAAAAAYgAAAAAAAA"}
	facts, err := signal.Decoders{}.Decode(text)
	require.ErrorIs(t, err, signal.ErrNoDecoder)
	assert.Empty(t, facts)
	facts, err = signal.Decoders{signal.FormatGPP: decoder{}}.Decode(text)
	require.NoError(t, err)
	assert.Equal(t, text, *facts[0].(consent.OptOut).Evidence.Signal)
}

const tableHead = `"title":"T","as_of":"2026-01-01","citations":["C"]`

func TestLoadRefusesRowsWithout(t *testing.T) {
	for name, text := range map[string]string{
		"JSON":           `{`,
		"a title":        `{}`,
		"a known member": `{` + tableHead + `,"states":[]}`,
		"a citation":     `{` + tableHead + `,"rules":[{"regime":"r","jurisdiction":"US-CA","from":"2020-01-01","sensitive_data":"opt_in"}]}`,
		"a jurisdiction": `{` + tableHead + `,"rules":[{"regime":"r","from":"2020-01-01","sensitive_data":"opt_in","citation":"C"}]}`,
		"a known rule":   `{` + tableHead + `,"rules":[{"regime":"r","jurisdiction":"US-CA","from":"2020-01-01","sensitive_data":"luck","citation":"C"}]}`,
		"opt-outs":       `{` + tableHead + `,"rules":[{"regime":"r","jurisdiction":"US-CA","from":"2020-01-01","sensitive_data":"opt_in","citation":"C","gpc":{"from":"2020-01-01","citation":"C"}}]}`,
	} {
		_, err := signal.Load(fstest.MapFS{"signals.json": {Data: []byte(text)}})
		require.ErrorIs(t, err, privacy.ErrInvalid, name)
	}
	_, err := signal.Load(fstest.MapFS{})
	require.Error(t, err)
}

func FuzzReadSupport(f *testing.F) {
	f.Add("application/json", []byte(`{"gpc":true,"lastUpdate":"2025-04-15"}`))
	f.Add("text/html", []byte(`{"gpc":"1"}`))
	f.Add("application/json", []byte(`{"gpc":true,"lastUpdate":"2025-04-15T01:02:03.5-07:00"}`))
	f.Fuzz(func(t *testing.T, mediaType string, body []byte) {
		if got := signal.ReadSupport(mediaType, body); !got.Known && got != (signal.Support{}) {
			t.Fatalf("an unknown support says %+v", got)
		}
	})
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte(`{` + tableHead + `}`))
	f.Add([]byte(`{` + tableHead + `,"rules":[{"regime":"r","jurisdiction":"US-CA","from":"2020-01-01","sensitive_data":"none","citation":"C","gpc":{"from":"2020-01-01","opt_out":["sale"],"citation":"C"}}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		law, err := signal.Load(fstest.MapFS{"signals.json": {Data: text}})
		if (law == nil) == (err == nil) {
			t.Fatal("either a law or an error")
		}
		if law == nil {
			return
		}
		if effect, err := law.Effect("us-ca", true, today); err == nil && effect.MustHonour != (effect.OptOut != 0) {
			t.Fatalf("got %+v", effect)
		}
	})
}

package privacy

import (
	"encoding/json"
	"testing"
)

// benchGrant has the size of an entry of evidence.
type benchGrant struct {
	Purpose  string   `json:"purpose"`
	Notice   string   `json:"notice"`
	Version  int      `json:"version"`
	Locale   string   `json:"locale"`
	Hash     string   `json:"hash"`
	Act      string   `json:"act"`
	Channel  string   `json:"channel"`
	At       string   `json:"at"`
	Purposes []string `json:"purposes"`
}

func newBenchGrant() benchGrant {
	return benchGrant{
		Purpose: "newsletter", Notice: "privacy-notice", Version: 3, Locale: "de-DE",
		Hash: "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9",
		Act:  "checkbox_ticked_by_subject", Channel: "web_form", At: "2026-03-01T10:00:00+01:00",
		Purposes: []string{"newsletter", "profiling"},
	}
}

func BenchmarkCanonicalJSON(b *testing.B) {
	grant := newBenchGrant()
	marshalled, err := json.Marshal(grant)
	if err != nil {
		b.Fatal(err)
	}
	object := map[string]any{
		"purpose": grant.Purpose, "notice": grant.Notice, "version": grant.Version, "locale": grant.Locale, "hash": grant.Hash,
		"act": grant.Act, "channel": grant.Channel, "at": grant.At, "purposes": []any{"newsletter", "profiling"},
	}
	run := func(name string, f func() ([]byte, error)) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := f(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	run("struct", func() ([]byte, error) { return CanonicalJSON(&grant) })
	run("map", func() ([]byte, error) { return CanonicalJSON(object) })
	run("text", func() ([]byte, error) { return CanonicalizeJSON(marshalled) })
	run("json.Marshal alone", func() ([]byte, error) { return json.Marshal(&grant) })
	buf := make([]byte, 0, 128)
	run("AppendCanonicalString", func() ([]byte, error) { return AppendCanonicalString(buf, grant.Hash) })
}

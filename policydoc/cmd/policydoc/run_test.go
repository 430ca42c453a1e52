package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/labelop/privacykit/policydoc"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
)

// files writes files into a new directory and returns it.
func files(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	declaration := privacytest.Declaration()
	older, err := json.Marshal(declaration)
	if err != nil {
		t.Fatal(err)
	}
	register, err := privacy.Compile(declaration)
	if err != nil {
		t.Fatal(err)
	}
	var everything []string
	for _, f := range policydoc.FactsOf(register) {
		everything = append(everything, f.Ref)
	}
	for _, d := range policydoc.Duties(policydoc.RegimeGDPR) {
		everything = append(everything, "duty:"+d.ID)
	}
	declaration.Activities[1].Retention.Period = privacy.Period{Years: 2}
	newer, err := json.Marshal(declaration)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"older.json": string(older), "newer.json": string(newer), "broken.json": "{",
		"empty.json": "{}",
		"whole.md":   "# Policy {disclose=\"" + strings.Join(everything, " ") + "\"}\n",
		"older.md":   "# Policy {disclose=\"operator\"}\n\nLogs are kept for {{fact:retention:monitoring}}.\n",
		"newer.md":   "# Policy {disclose=\"operator\"}\n\nLogs are kept longer than that.\n",
		"unknown.md": "{{fact:retention:nothing}}\n",
		"de.md":      "---\nlocale: de\n---\n# Richtlinie\n",
		"huge.md":    strings.Repeat("word ", 1<<20),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestRun(t *testing.T) {
	dir := files(t)
	tests := []struct {
		args   string
		code   int
		stdout string
		stderr string
	}{
		{"", 2, "", "usage:"},
		{"help", 0, "exit codes:", ""},
		{"nonsense", 2, "", `no command "nonsense"`},
		{"lint", 2, "", "usage:"},
		{"lint -nonsense", 2, "", "usage:"},
		{"lint -h", 0, "", "usage:"},
		{"lint -declaration older.json older.md", 1, "not_disclosed", ""},
		{"lint -declaration older.json older.md", 1, "advice: ", ""},
		{"lint -declaration older.json -regimes gdpr,ca older.md", 1, "duty:sale_or_sharing", ""},
		{"lint -declaration older.json -regimes mars older.md", 2, "", `no regime "mars"`},
		{"lint -declaration older.json older.md de.md", 1, "de: locale_discloses_less", ""},
		{"lint -declaration older.json -json older.md", 1, `"code": "not_disclosed"`, ""},
		{"lint -declaration older.json whole.md", 0, "", ""},
		{"lint -declaration older.json -json whole.md", 0, "[]\n", ""},
		{"lint -declaration missing.json older.md", 2, "", "missing.json"},
		{"lint -declaration broken.json older.md", 2, "", "broken.json"},
		{"lint -declaration empty.json older.md", 2, "", "empty.json"},
		{"lint -declaration older.json missing.md", 2, "", "missing.md"},
		{"lint -declaration older.json huge.md", 2, "", "limit"},
		{"facts", 2, "", "usage:"},
		{"facts -declaration older.json", 0, "purpose:marketing\tSend news about the service", ""},
		{"facts -declaration older.json -json", 0, `"ref": "purpose:marketing"`, ""},
		{"facts -declaration older.json -against older.json", 0, "", ""},
		{"facts -declaration newer.json -against older.json", 1, "changed retention:monitoring period\nmaterial: notice: data is kept longer", ""},
		{"facts -declaration newer.json -against older.json -json", 1, `"rule": "longer_retention"`, ""},
		{"facts -declaration older.json -against older.json -json", 0, "\"changes\": [],\n  \"reasons\": []", ""},
		{"facts -declaration newer.json -against broken.json", 2, "", "broken.json"},
		{"diff older.md", 2, "", "usage:"},
		{"diff older.md older.md", 0, "", ""},
		{"diff older.md newer.md", 1, "<ins>", ""},
		{"diff -format html older.md newer.md", 1, "<del>", ""},
		{"diff -format page older.md newer.md", 1, "<title>Policy</title>", ""},
		{"render -format page older.md", 0, "<!DOCTYPE html>", ""},
		{"render -format page de.md", 0, `<html lang="de" dir="ltr">`, ""},
		{"render -format page -locale ar older.md", 0, `<html lang="ar" dir="rtl">`, ""},
		{"render -locale nonsense-locale-tag older.md", 2, "", "usage:"},
		{"render -format page unknown.md", 0, "<h1>Privacy policy</h1>", ""},
		{"diff -format json older.md newer.md", 1, `"change": "changed"`, ""},
		{"diff -format pdf older.md newer.md", 2, "", `no format "pdf"`},
		{"diff missing.md newer.md", 2, "", "missing.md"},
		{"diff older.md missing.md", 2, "", "missing.md"},
		{"render", 2, "", "usage:"},
		{"render older.md", 0, `<h1 id="policy">Policy</h1>`, ""},
		{"render -toc 1 older.md", 0, `<nav class="toc">`, ""},
		{"render -format text -declaration older.json older.md", 0, "Logs are kept for 6 months.", ""},
		{"render -format markdown older.md", 0, "# Policy {#policy disclose=\"operator\"}", ""},
		{"render -format pdf older.md", 2, "", `no format "pdf"`},
		{"render -declaration older.json unknown.md", 2, "", "not declared"},
		{"render -declaration broken.json older.md", 2, "", "broken.json"},
		{"render missing.md", 2, "", "missing.md"},
	}
	t.Chdir(dir)
	for _, tt := range tests {
		t.Run(tt.args, func(t *testing.T) {
			var stdout, stderr strings.Builder
			code := run(strings.Fields(tt.args), &stdout, &stderr)
			if code != tt.code || !strings.Contains(stdout.String(), tt.stdout) || !strings.Contains(stderr.String(), tt.stderr) {
				t.Errorf("exit %d, want %d\nstdout: %.400s\nstderr: %.400s", code, tt.code, stdout.String(), stderr.String())
			}
		})
	}
}

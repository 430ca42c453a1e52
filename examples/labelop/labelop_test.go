package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

func TestJourneyGoesAsExpected(t *testing.T) {
	var out bytes.Buffer
	if err := run(t.Context(), &out, t.TempDir(), "127.0.0.1:0", true); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	if !strings.Contains(out.String(), "steps went as expected") {
		t.Errorf("the journey does not say how it went:\n%s", &out)
	}
}

func TestEvidenceSurvivesARestart(t *testing.T) {
	directory := t.TempDir()
	for range 2 {
		if err := run(t.Context(), io.Discard, directory, "127.0.0.1:0", true); err != nil {
			t.Fatal(err)
		}
	}
	s := openService(t, directory)
	rows, err := s.tables.QueryContext(t.Context(), `SELECT workspace FROM account GROUP BY workspace HAVING workspace NOT LIKE '%-other'`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	workspaces := 0
	for rows.Next() {
		var workspace privacy.TenantID
		if err := rows.Scan(&workspace); err != nil {
			t.Fatal(err)
		}
		workspaces++
		state, err := s.ledger.TenantState(t.Context(), workspace)
		if err != nil {
			t.Fatal(err)
		}
		if len(state.Attestations) != 1 || state.Attestations[0].WithdrawnAt.IsZero() || len(state.Instructions) != 2 {
			t.Errorf("the tenant's evidence is not what the journey left: %d attestations, %d instructions", len(state.Attestations), len(state.Instructions))
		}
		decisions, err := s.gate.Decisions(t.Context(), consent.DecisionFilter{Tenant: workspace, AllSubjects: true, Limit: 100})
		if err != nil || len(decisions) != 12 {
			t.Errorf("%d decisions are in the log, want 12 (%v)", len(decisions), err)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if workspaces != 2 {
		t.Errorf("%d workspaces after two journeys, want 2", workspaces)
	}
}

func TestDeclarationHasNoFindings(t *testing.T) {
	s := openService(t, t.TempDir())
	for _, finding := range s.register.Findings() {
		t.Errorf("%s: %s (%s)", finding.Path, finding.Detail, finding.Code)
	}
}

func TestPurposeOfOurOwnOnCustomerContentDoesNotCompile(t *testing.T) {
	declared, err := privacy.ParseDeclaration(declaration)
	if err != nil {
		t.Fatal(err)
	}
	declared.Activities = append(declared.Activities, privacy.Activity{
		ID: "training", Title: "Train our own models", Purpose: "improvement", Role: privacy.RoleController,
		Subjects: []string{"People in customers' content"}, Categories: []privacy.CategoryID{"content.images"},
		Operations: []privacy.Operation{privacy.OperationUse}, Retention: privacy.RetentionLimit{Criteria: "for ever"},
	})
	if _, err := privacy.Compile(*declared); err == nil {
		t.Error("training our own models on customer content compiles")
	}
}

func TestRecordOfProcessing(t *testing.T) {
	server := httptest.NewServer(openService(t, t.TempDir()).handler())
	defer server.Close()
	for path, contentType := range map[string]string{"/record": "application/json", "/record?format=csv": "text/csv; charset=utf-8"} {
		response, err := server.Client().Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		err = errors.Join(err, response.Body.Close())
		if err != nil || response.Header.Get("Content-Type") != contentType || !bytes.Contains(body, []byte("Newsletter")) {
			t.Errorf("%s: %s, %v, %.80s", path, response.Header.Get("Content-Type"), err, body)
		}
	}
}

func TestUnknownTokenIsRefused(t *testing.T) {
	server := httptest.NewServer(openService(t, t.TempDir()).handler())
	defer server.Close()
	response, err := server.Client().Post(server.URL+"/images", "multipart/form-data", strings.NewReader(""))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var got reply
	if err := json.NewDecoder(response.Body).Decode(&got); err != nil || response.StatusCode != http.StatusUnauthorized || got.Code != "unknown_token" {
		t.Errorf("status %d, %+v, %v", response.StatusCode, got, err)
	}
}

func TestFilesAreReadableByTheServiceOnly(t *testing.T) {
	directory := t.TempDir()
	if err := run(t.Context(), io.Discard, directory, "127.0.0.1:0", true); err != nil {
		t.Fatal(err)
	}
	err := filepath.Walk(directory, func(path string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has permissions %o", filepath.Base(path), info.Mode().Perm())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func openService(t *testing.T, directory string) *service {
	t.Helper()
	s, err := open(context.WithoutCancel(t.Context()), directory, "http://127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

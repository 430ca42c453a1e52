package dsr_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

// chain returns a sound log of n lines.
func chain(t testing.TB, n int) []dsr.LogLine {
	t.Helper()
	var lines []dsr.LogLine
	for i := range n {
		lines = append(lines, dsr.LogLine{At: received.Add(time.Duration(i) * time.Hour), Payload: fmt.Sprintf(`{"n":%d}`, i)})
	}
	chained, _, err := dsr.ChainLog("t", "c", dsr.LogHead{}, lines)
	if err != nil {
		t.Fatal(err)
	}
	return chained
}

func TestVerifyLogNamesTheFirstWrongLine(t *testing.T) {
	rechained := func(lines []dsr.LogLine) []dsr.LogLine {
		again, _, err := dsr.ChainLog("t", "c", dsr.LogHead{}, lines)
		if err != nil {
			t.Fatal(err)
		}
		return again
	}
	for name, test := range map[string]struct {
		spoil func(lines []dsr.LogLine) []dsr.LogLine
		want  error
	}{
		"sound":             {func(l []dsr.LogLine) []dsr.LogLine { return l }, nil},
		"empty":             {func([]dsr.LogLine) []dsr.LogLine { return nil }, nil},
		"payload":           {func(l []dsr.LogLine) []dsr.LogLine { l[2].Payload = `{"n":7}`; return l }, &dsr.LogError{Line: 3, Code: "hash"}},
		"time":              {func(l []dsr.LogLine) []dsr.LogLine { l[4].At = l[4].At.Add(time.Microsecond); return l }, &dsr.LogError{Line: 5, Code: "hash"}},
		"last payload":      {func(l []dsr.LogLine) []dsr.LogLine { l[4].Payload = "{}"; return l }, &dsr.LogError{Line: 5, Code: "hash"}},
		"not text":          {func(l []dsr.LogLine) []dsr.LogLine { l[1].Payload = "\xff"; return l }, &dsr.LogError{Line: 2, Code: "hash"}},
		"left out":          {func(l []dsr.LogLine) []dsr.LogLine { return slices.Delete(l, 1, 2) }, &dsr.LogError{Line: 2, Code: "sequence"}},
		"first cut":         {func(l []dsr.LogLine) []dsr.LogLine { return l[1:] }, &dsr.LogError{Line: 1, Code: "sequence"}},
		"swapped":           {func(l []dsr.LogLine) []dsr.LogLine { l[1], l[2] = l[2], l[1]; return l }, &dsr.LogError{Line: 2, Code: "sequence"}},
		"twice":             {func(l []dsr.LogLine) []dsr.LogLine { return slices.Insert(l, 1, l[0]) }, &dsr.LogError{Line: 2, Code: "sequence"}},
		"of another case":   {func(l []dsr.LogLine) []dsr.LogLine { l[3].Case = "d"; return l }, &dsr.LogError{Line: 4, Code: "case"}},
		"of another tenant": {func(l []dsr.LogLine) []dsr.LogLine { l[3].Tenant = "u"; return l }, &dsr.LogError{Line: 4, Code: "case"}},
		"put in from a log made anew": {func(l []dsr.LogLine) []dsr.LogLine {
			forged := slices.Clone(l)
			forged[1].Payload = "{}"
			return slices.Concat(l[:1], rechained(forged)[1:2], l[2:])
		}, &dsr.LogError{Line: 3, Code: "previous"}},
		"renamed as a whole": {func(l []dsr.LogLine) []dsr.LogLine {
			for i := range l {
				l[i].Case = "d"
			}
			return l
		}, &dsr.LogError{Line: 1, Code: "hash"}},
	} {
		t.Run(name, func(t *testing.T) {
			err := dsr.VerifyLog(test.spoil(chain(t, 5)))
			var wrong *dsr.LogError
			if errors.As(err, &wrong) && test.want != nil && *wrong == *test.want.(*dsr.LogError) && errors.Is(err, privacy.ErrInvalid) {
				return
			}
			if err != nil || test.want != nil {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}

// A log grows by pieces as it would in one.
func TestChainLogContinues(t *testing.T) {
	whole := chain(t, 5)
	for cut := range 6 {
		head, tail, err := dsr.ChainLog("t", "c", dsr.LogHead{}, whole[:cut])
		if err != nil {
			t.Fatal(err)
		}
		rest, end, err := dsr.ChainLog("t", "c", tail, whole[cut:])
		if err != nil || !slices.Equal(append(head, rest...), whole) || end != (dsr.LogHead{Sequence: 5, Hash: whole[4].Hash}) {
			t.Errorf("cut at %d: %v, %+v", cut, err, end)
		}
	}
	if _, _, err := dsr.ChainLog("t", "c", dsr.LogHead{}, []dsr.LogLine{{Payload: "\xff"}}); !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("a line that is no text: %v", err)
	}
}

func TestTheLogOfACaseIsExportedAndVerifiesOffline(t *testing.T) {
	d := newDesk(t)
	c := d.open(t, "eu-gdpr", regime.RequestErasure, "")
	for range 300 { // more than a page of lines
		if _, err := d.Handle(t.Context(), "t", c.ID, dsr.Command{Event: dsr.EventIdentityRequested, Actor: dsr.ActorStaff, ReasonableDoubt: true}, ""); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Handle(t.Context(), "t", c.ID, dsr.Command{Event: dsr.EventIdentityConfirmed, Actor: dsr.ActorStaff}, ""); err != nil {
			t.Fatal(err)
		}
	}
	var file bytes.Buffer
	if err := dsr.ExportLog(t.Context(), d.store, "t", c.ID, &file); err != nil {
		t.Fatal(err)
	}
	lines, err := dsr.ReadLog(bytes.NewReader(file.Bytes()))
	if err != nil || len(lines) < 600 {
		t.Fatalf("%d lines, %v", len(lines), err)
	}
	if err := dsr.VerifyLog(lines); err != nil {
		t.Error(err)
	}
	if strings.Contains(file.String(), "jane") {
		t.Error("the log names the subject")
	}
	spoilt := bytes.Replace(file.Bytes(), []byte(`identity_confirmed`), []byte(`identity_requested`), 1)
	lines, err = dsr.ReadLog(bytes.NewReader(spoilt))
	if wrong := (&dsr.LogError{}); err != nil || !errors.As(dsr.VerifyLog(lines), &wrong) || wrong.Code != "hash" {
		t.Errorf("a forged file: %v, %+v", err, wrong)
	}
	if err := dsr.ExportLog(t.Context(), d.store, "t", "none", &file); err != nil {
		t.Error(err)
	}
}

func TestReadLogRefusesWhatIsNoLog(t *testing.T) {
	for name, text := range map[string]string{
		"no JSON":        "hello",
		"an array":       "[]",
		"another member": `{"sequence":1,"subject":"jane"}`,
		"a half":         `{"sequence":1`,
		"two in one":     `{} {}`,
		"too long":       `{"payload":"` + strings.Repeat("x", 1<<20) + `"}`,
	} {
		if _, err := dsr.ReadLog(strings.NewReader(text)); !errors.Is(err, privacy.ErrInvalid) || strings.Contains(err.Error(), "jane") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if lines, err := dsr.ReadLog(strings.NewReader("")); err != nil || len(lines) != 0 {
		t.Errorf("nothing: %v, %v", lines, err)
	}
}

// What is read and verifies is what was written, byte for byte.
func FuzzReadLog(f *testing.F) {
	var file bytes.Buffer
	for _, line := range chain(f, 2) {
		data, err := privacy.CanonicalJSON(line)
		if err != nil {
			f.Fatal(err)
		}
		file.Write(append(data, '\n'))
	}
	f.Add(file.Bytes())
	f.Add([]byte("{}\n"))
	f.Add([]byte(`{"sequence":1,"at":"2026-01-01T00:00:00Z","payload":"","tenant":"t","case":"c"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		lines, err := dsr.ReadLog(bytes.NewReader(data))
		if err != nil {
			if !errors.Is(err, privacy.ErrInvalid) {
				t.Fatalf("another error: %v", err)
			}
			return
		}
		if dsr.VerifyLog(lines) != nil || len(lines) == 0 {
			return
		}
		again, _, err := dsr.ChainLog(lines[0].Tenant, lines[0].Case, dsr.LogHead{}, lines)
		if err != nil || !slices.EqualFunc(again, lines, func(a, b dsr.LogLine) bool {
			return a.Hash == b.Hash && a.At.Equal(b.At) && a.Payload == b.Payload
		}) {
			t.Fatalf("a log that verifies chains differently: %+v, %+v, %v", lines, again, err)
		}
	})
}

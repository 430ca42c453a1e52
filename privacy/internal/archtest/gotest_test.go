package archtest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A testRun is what `go test -json` told, put in a form to read.
type testRun struct {
	packages []string // one line per package: ok, FAIL or no tests, and the time
	notes    []string // skipped tests with their reason, and summary lines of passing ones
	failures []string // the whole output of what failed, one entry per test or package
	tests    int      // tests that passed, subtests included
}

// A testEvent is one line of `go test -json` (see `go doc test2json`).
type testEvent struct {
	Action     string
	Package    string
	ImportPath string // of build events
	Test       string
	Output     string
	Elapsed    float64
}

// unit is what an output belongs to: a test, else a package, else a build.
func (e testEvent) unit() string {
	switch {
	case e.Test != "":
		return e.Package + " " + e.Test
	case e.Package != "":
		return e.Package
	}
	return e.ImportPath
}

// summaryLine is what a test prints for whoever counts: how many cases of an
// outside folder it graded.
var summaryLine = regexp.MustCompile(`\b(vectors \w+|corpus): .*`)

// readTestEvents digests a run. Lines that are not events, which the go command
// prints when it cannot even begin, count as failures.
func readTestEvents(r io.Reader) (testRun, error) {
	var run testRun
	output := make(map[string]*strings.Builder)
	var order []string
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var event testEvent
		if json.Unmarshal(lines.Bytes(), &event) != nil {
			run.failures = append(run.failures, lines.Text())
			continue
		}
		unit := event.unit()
		if output[unit] == nil {
			output[unit] = new(strings.Builder)
			order = append(order, unit)
		}
		output[unit].WriteString(event.Output)
		if event.Action == "output" && event.Test != "" {
			run.notes = append(run.notes, summaryLine.FindAllString(event.Output, -1)...)
		}
		run.add(event, output[unit].String())
	}
	// A package that panicked or timed out never ends the tests it was in; what
	// they printed is in their own outputs.
	for _, unit := range order {
		if text := output[unit].String(); strings.Contains(text, "panic: ") && !run.reported(text) {
			run.failures = append(run.failures, text)
		}
	}
	return run, lines.Err()
}

func (r *testRun) reported(text string) bool { return slices.Contains(r.failures, text) }

func (r *testRun) add(event testEvent, output string) {
	switch event.Action {
	case "pass":
		if event.Test != "" {
			r.tests++
			return
		}
		r.packages = append(r.packages, fmt.Sprintf("ok   %s %.1fs", event.Package, event.Elapsed))
	case "skip":
		if event.Test == "" {
			r.packages = append(r.packages, "     "+event.Package+" [no test files]")
			return
		}
		r.notes = append(r.notes, "skipped "+event.unit()+": "+skipReason(output))
	case "fail":
		if event.Test == "" {
			r.packages = append(r.packages, fmt.Sprintf("FAIL %s %.1fs", event.Package, event.Elapsed))
		}
		r.failures = append(r.failures, output)
	case "build-fail":
		r.failures = append(r.failures, output)
	}
}

// skipReason is the last thing a skipped test said.
func skipReason(output string) string {
	reason := "no reason given"
	for line := range strings.Lines(output) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "=== ") && !strings.HasPrefix(line, "--- ") {
			reason = line
		}
	}
	return reason
}

func (r *testRun) String() string {
	lines := []string{fmt.Sprintf("%d tests passed", r.tests)}
	return strings.Join(slices.Concat(lines, r.packages, r.notes), "\n")
}

func TestReadTestEvents(t *testing.T) {
	cases := []struct {
		name           string
		events         string
		want, failures []string
	}{
		{
			name: "passes, skips and summaries",
			events: `{"Action":"output","Package":"p","Test":"TestVectors","Output":"    v.go:9: vectors deadline: 28/28\n"}
{"Action":"pass","Package":"p","Test":"TestVectors","Elapsed":0.1}
{"Action":"output","Package":"p","Test":"TestServer","Output":"=== RUN   TestServer\n"}
{"Action":"output","Package":"p","Test":"TestServer","Output":"    s.go:3: no server here\n"}
{"Action":"output","Package":"p","Test":"TestServer","Output":"--- SKIP: TestServer (0.00s)\n"}
{"Action":"skip","Package":"p","Test":"TestServer"}
{"Action":"pass","Package":"p","Elapsed":1.25}
{"Action":"skip","Package":"q"}`,
			want: []string{
				"1 tests passed", "ok   p 1.2s", "     q [no test files]", "vectors deadline: 28/28",
				"skipped p TestServer: s.go:3: no server here",
			},
		},
		{
			name: "a failing test with all it printed",
			events: `{"Action":"output","Package":"p","Test":"TestA","Output":"    a.go:1: got 1\n"}
{"Action":"output","Package":"p","Test":"TestB","Output":"    b.go:1: fine\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"    a.go:2: want 2\n"}
{"Action":"fail","Package":"p","Test":"TestA"}
{"Action":"pass","Package":"p","Test":"TestB"}
{"Action":"output","Package":"p","Output":"FAIL\n"}
{"Action":"fail","Package":"p","Elapsed":1}`,
			want:     []string{"1 tests passed", "FAIL p 1.0s"},
			failures: []string{"    a.go:1: got 1\n    a.go:2: want 2\n", "FAIL\n"},
		},
		{
			name: "a panic, printed by a test that never ended",
			events: `{"Action":"output","Package":"p","Test":"TestA","Output":"panic: boom\n"}
{"Action":"output","Package":"p","Output":"exit status 2\n"}
{"Action":"fail","Package":"p"}`,
			want:     []string{"0 tests passed", "FAIL p 0.0s"},
			failures: []string{"exit status 2\n", "panic: boom\n"},
		},
		{
			name: "a build that fails, and a command that cannot begin",
			events: `{"Action":"build-output","ImportPath":"p [p.test]","Output":"./a.go:3: undefined: x\n"}
{"Action":"build-fail","ImportPath":"p [p.test]"}
go: cannot load module`,
			want:     []string{"0 tests passed"},
			failures: []string{"./a.go:3: undefined: x\n", "go: cannot load module"},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			run, err := readTestEvents(strings.NewReader(c.events))
			if err != nil {
				t.Fatal(err)
			}
			if got, want := run.String(), strings.Join(c.want, "\n"); got != want {
				t.Errorf("summary:\n%s\nwant:\n%s", got, want)
			}
			if !slices.Equal(run.failures, c.failures) {
				t.Errorf("failures: %q\nwant: %q", run.failures, c.failures)
			}
		})
	}
}

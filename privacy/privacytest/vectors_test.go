package privacytest_test

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
)

const source = `"source":{"type":"statute","ref":"Art. 12(3)","confidence":"high"}`

// setUp makes the package's own directory, and further ones that the
// environment lists, from names and contents of files.
func setUp(t *testing.T, own map[string]string, others ...map[string]string) {
	t.Helper()
	t.Chdir(t.TempDir())
	write := func(dir string, files map[string]string) {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		for name, content := range files {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if own != nil {
		write(privacytest.OwnVectors, own)
	}
	var dirs []string
	for _, files := range others {
		dir := t.TempDir()
		write(dir, files)
		dirs = append(dirs, dir)
	}
	t.Setenv(privacytest.VectorsEnv, strings.Join(dirs, string(filepath.ListSeparator)))
}

func oneCase(id, kind string) string {
	return `{"schema":"s","cases":[{"id":"` + id + `","kind":"` + kind + `",` + source + `,"input":{"a":1},"expect":{"b":2}}]}`
}

// recorder is a testing.TB that notes a fatal failure instead of failing.
type recorder struct {
	testing.TB
	failure string
}

func (r *recorder) Helper() {}

func (r *recorder) Fatal(args ...any) { r.fail(args[0].(error).Error()) }

func (r *recorder) Fatalf(_ string, args ...any) {
	r.fail(args[len(args)-1].(error).Error())
}

func (r *recorder) fail(failure string) {
	r.failure = failure
	panic(r)
}

// failureOf returns why load ended the test, or "" if it did not.
func failureOf(t *testing.T, load func(testing.TB)) (failure string) {
	t.Helper()
	r := &recorder{TB: t}
	defer func() {
		if p := recover(); p != nil && p != any(r) {
			panic(p)
		}
		failure = r.failure
	}()
	load(r)
	return ""
}

func ids(vectors []privacytest.Vector) string {
	var all []string
	for _, v := range vectors {
		all = append(all, v.Kind+"/"+v.ID)
	}
	return strings.Join(all, " ")
}

func TestLoadVectorsFindsTheKindsAskedForInAllDirectories(t *testing.T) {
	setUp(t,
		map[string]string{"own.json": oneCase("O-1", "deadline"), "other.json": oneCase("O-2", "transfer"), "notes.txt": "x"},
		map[string]string{"a.json": oneCase("A-1", "deadline"), "b.json": `{"kind":"deadline","note":"n","cases":[{"id":"B-1",` + source + `,"input":{},"expect":{},"note":"n"}]}`},
		map[string]string{"c.json": oneCase("O-1", "deadline")},
	)
	vectors := privacytest.LoadVectors(t, "deadline", "unheard_of")
	if got, want := ids(vectors), "deadline/O-1 deadline/A-1 deadline/B-1 deadline/O-1"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	first := vectors[0]
	if string(first.Input) != `{"a":1}` || string(first.Expect) != `{"b":2}` || filepath.Base(first.File) != "own.json" {
		t.Errorf("got %+v", first)
	}
}

func TestAPackageNeedsNoCasesOfItsOwn(t *testing.T) {
	setUp(t, nil)
	if vectors := privacytest.LoadVectors(t, "deadline"); len(vectors) != 0 {
		t.Errorf("got %v", vectors)
	}
}

func TestLoadVectorsIsStrict(t *testing.T) {
	good := oneCase("O-1", "deadline")
	for name, tt := range map[string]struct{ file, failure string }{
		"no JSON":                {`{"cases":[`, "JSON at byte"},
		"two values":             {good + `{}`, "text after"},
		"unknown member":         {strings.Replace(good, `"schema"`, `"defaults"`, 1), `unknown field "defaults"`},
		"unknown member of case": {strings.Replace(good, `"input"`, `"inputs"`, 1), `unknown field "inputs"`},
		"unknown member of source": {
			strings.Replace(good, `"confidence"`, `"certainty"`, 1), `unknown field "certainty"`,
		},
		"member twice":     {strings.Replace(good, `"schema":"s"`, `"schema":"s","schema":"s"`, 1), "two members of the same name"},
		"no id":            {strings.Replace(good, `"O-1"`, `""`, 1), "no id"},
		"no source":        {strings.Replace(good, source+`,`, ``, 1), "no source"},
		"no input":         {strings.Replace(good, `"input":{"a":1},`, ``, 1), "lacks its input"},
		"no expectation":   {strings.Replace(good, `,"expect":{"b":2}`, ``, 1), "lacks its input"},
		"kind is no text":  {strings.Replace(good, `"deadline"`, `1`, 1), "cannot unmarshal"},
		"case is no case":  {`{"cases":[1]}`, "cannot unmarshal"},
		"file is no table": {`[]`, "cannot unmarshal"},
		"id twice": {
			`{"kind":"deadline","cases":[{"id":"1",` + source + `,"input":{},"expect":{}},{"id":"1",` + source + `,"input":{},"expect":{}}]}`,
			"two cases of kind deadline are called 1",
		},
	} {
		t.Run(name, func(t *testing.T) {
			setUp(t, nil, map[string]string{"file.json": tt.file})
			got := failureOf(t, func(t testing.TB) { privacytest.LoadVectors(t, "deadline") })
			if !strings.Contains(got, tt.failure) {
				t.Errorf("got failure %q, want %q", got, tt.failure)
			}
		})
	}
}

func TestDirectoriesMustExistAndHoldFiles(t *testing.T) {
	for name, tt := range map[string]struct{ dirs, failure string }{
		"missing": {filepath.Join(t.TempDir(), "missing"), "no such file"},
		"empty":   {t.TempDir(), "no .json file"},
		"no name": {string(filepath.ListSeparator) + t.TempDir(), "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			setUp(t, nil)
			t.Setenv(privacytest.VectorsEnv, tt.dirs)
			for _, load := range []func(testing.TB){
				func(t testing.TB) { privacytest.LoadVectors(t, "deadline") },
				func(t testing.TB) { privacytest.VectorCalendars(t) },
			} {
				if got := failureOf(t, load); !strings.Contains(got, tt.failure) {
					t.Errorf("got failure %q, want %q", got, tt.failure)
				}
			}
		})
	}
}

func TestRunVectorsRunsEveryCaseByItsID(t *testing.T) {
	setUp(t,
		map[string]string{"own.json": oneCase("O-1", "deadline"), "other.json": oneCase("O-2", "transfer")},
		map[string]string{"a.json": oneCase("A-1", "deadline")},
	)
	var ran []string
	grade := func(v privacytest.Vector) error {
		ran = append(ran, v.Kind+"/"+v.ID)
		return nil
	}
	privacytest.RunVectors(t, map[string]func(privacytest.Vector) error{"deadline": grade, "transfer": grade, "unheard_of": grade})
	if got, want := strings.Join(ran, " "), "transfer/O-2 deadline/O-1 deadline/A-1"; got != want {
		t.Errorf("ran %s, want %s", got, want)
	}
}

// failingRun is set in the process that TestFailingCases starts.
const failingRun = "PRIVACYTEST_FAILING_RUN"

func TestFailingCases(t *testing.T) {
	if os.Getenv(failingRun) != "" {
		privacytest.RunVectors(t, map[string]func(privacytest.Vector) error{
			"deadline":   func(privacytest.Vector) error { panic("no such regime") },
			"transfer":   func(v privacytest.Vector) error { return map[string]error{"T-2": privacy.ErrDenied}[v.ID] },
			"unheard_of": nil,
		})
		return
	}
	setUp(t, nil, map[string]string{
		"a.json": oneCase("D-1", "deadline"), "b.json": oneCase("T-1", "transfer"), "c.json": oneCase("T-2", "transfer"),
	})
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), executable, "-test.run=^TestFailingCases$", "-test.v")
	command.Env = append(os.Environ(), failingRun+"=1")
	output, err := command.CombinedOutput()
	if err == nil {
		t.Errorf("failing cases passed")
	}
	for _, want := range []string{
		"--- FAIL: TestFailingCases/D-1", "panic: no such regime", "--- PASS: TestFailingCases/T-1", "--- FAIL: TestFailingCases/T-2",
		"vectors deadline: 0/1\n", "vectors transfer: 1/2\n", "vectors unheard_of: 0/0\n",
	} {
		if !strings.Contains(string(output), want) {
			t.Errorf("no %q in:\n%s", want, output)
		}
	}
}

func TestDecodeStrictRefusesUnknownFacts(t *testing.T) {
	var input struct {
		Regime string `json:"regime"`
	}
	if err := privacytest.DecodeStrict(json.RawMessage(`{"regime":"eu-gdpr"}`), &input); err != nil || input.Regime != "eu-gdpr" {
		t.Errorf("got %+v, %v", input, err)
	}
	err := privacytest.DecodeStrict(json.RawMessage(`{"regime":"eu-gdpr","zone":"UTC"}`), &input)
	if !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("got %v", err)
	}
}

const calendars = `{"schema":"s","note":"n","weekend":{"default":["Sat","Sun"],"SIX":["Sun"]},
	"calendars":{"DE":["2027-01-01","2026-12-25","2025-01-01"],"SIX":["2026-07-01"],"NONE":[]}}`

func TestCalendarsCoverTheYearsOfTheirHolidays(t *testing.T) {
	setUp(t, map[string]string{"holidays.json": calendars})
	got := privacytest.VectorCalendars(t)
	for name, want := range map[string]struct{ from, through, dayOff, working string }{
		"DE":   {"2025-01-01", "2027-12-31", "2026-12-25", "2026-12-24"},
		"SIX":  {"2026-01-01", "2026-12-31", "2026-07-01", "2026-07-04"},
		"NONE": {"0001-01-01", "9999-12-31", "2026-07-04", "2026-12-25"},
	} {
		calendar := got[name]
		table := calendar.Table()
		if calendar.Name() != name || table.From.String() != want.from || table.Through.String() != want.through {
			t.Errorf("%s covers %s through %s", calendar.Name(), table.From, table.Through)
		}
		if off, err := calendar.IsWorkingDay(privacy.MustDate(want.dayOff)); err != nil || off {
			t.Errorf("%s: %s is a working day, %v", name, want.dayOff, err)
		}
		if on, err := calendar.IsWorkingDay(privacy.MustDate(want.working)); err != nil || !on {
			t.Errorf("%s: %s is no working day, %v", name, want.working, err)
		}
	}
	if len(got) != 3 {
		t.Errorf("got %d calendars", len(got))
	}
}

func TestACaseSeesTheCalendarBesideIt(t *testing.T) {
	single := func(day string) string {
		return `{"weekend":{"default":["Sun"]},"calendars":{"X":["` + day + `"]}}`
	}
	setUp(t,
		map[string]string{"holidays.json": single("2026-03-02"), "own.json": oneCase("O", "deadline")},
		map[string]string{"holidays.json": single("2026-03-03"), "a.json": oneCase("A", "deadline")},
		map[string]string{"b.json": oneCase("B", "deadline")},
	)
	want := map[string]string{"O": "2026-03-02", "A": "2026-03-03", "B": "2026-03-03"}
	for _, v := range privacytest.LoadVectors(t, "deadline") {
		calendar, err := v.Calendar("X")
		if err != nil {
			t.Fatal(err)
		}
		if got := calendar.Table().Holidays[0].Date.String(); got != want[v.ID] {
			t.Errorf("%s: got %s, want %s", v.ID, got, want[v.ID])
		}
		if _, err := v.Calendar("Y"); !errors.Is(err, privacy.ErrNotFound) {
			t.Errorf("%s: got %v", v.ID, err)
		}
	}
	if got := privacytest.VectorCalendars(t)["X"].Table().Holidays[0].Date.String(); got != "2026-03-03" {
		t.Errorf("merged: got %s", got)
	}
}

func TestCalendarFilesAreStrict(t *testing.T) {
	for name, change := range map[string][2]string{
		"no JSON":         {`{"schema"`, `{schema`},
		"unknown member":  {`"note"`, `"notes"`},
		"no date":         {`2027-01-01`, `2027-1-1`},
		"empty date":      {`2027-01-01`, ``},
		"date twice":      {`2027-01-01`, `2025-01-01`},
		"no weekday":      {`"Sat"`, `"Saturday"`},
		"missing weekend": {`"default"`, `"DE-BY"`},
	} {
		t.Run(name, func(t *testing.T) {
			setUp(t, nil, map[string]string{"holidays.json": strings.Replace(calendars, change[0], change[1], 1)})
			for _, load := range []func(testing.TB){
				func(t testing.TB) { privacytest.LoadVectors(t, "deadline") },
				func(t testing.TB) { privacytest.VectorCalendars(t) },
			} {
				if got := failureOf(t, load); got == "" {
					t.Error("no failure")
				}
			}
		})
	}
}

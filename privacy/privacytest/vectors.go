package privacytest

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// VectorsEnv is the environment variable that names further directories of
// legal cases, separated like those of PATH. They should be absolute: a test
// runs in the directory of its package. The go command does not see changes of
// files outside the module, so run with -count=1.
const VectorsEnv = "PRIVACYKIT_VECTORS"

// OwnVectors is the directory of a package's own legal cases, relative to it.
const OwnVectors = "testdata/vectors"

// Vector is one legal case: facts and the result that the law prescribes.
//
// A file of cases is a JSON object with the members "schema", "kind", "note"
// and "cases". A case has the members "id", "kind" (by default that of the
// file), "source", "input", "expect" and "note". The source states a "type"
// (published, statute or derived) and a "ref", and may have a "confidence" and
// a "url".
type Vector struct {
	// ID names the case within its kind, for example "EU-14".
	ID string
	// Kind says what is graded, for example "deadline".
	Kind string
	// File is the path of the file that the case is from.
	File string
	// Input holds the facts. Decode it with DecodeStrict, so that a fact that
	// the code does not know fails the case.
	Input json.RawMessage
	// Expect holds the result. Decode it with DecodeStrict as well.
	Expect json.RawMessage

	calendars calendarsByDir
}

// Calendar returns the calendar called name from the file holidays.json beside
// the file of v, or else from that of another directory of cases. The error
// matches privacy.ErrNotFound if there is none.
func (v Vector) Calendar(name string) (*privacy.Calendar, error) {
	return v.calendars.find(filepath.Dir(v.File), name)
}

// LoadVectors returns the cases of the given kinds from testdata/vectors of the
// package under test, which need not exist, and from every directory that
// PRIVACYKIT_VECTORS lists. Cases of other kinds are ignored.
//
// The test fails at once if a listed directory does not exist or holds no
// .json file, if a file cannot be parsed, or if a case that was asked for has
// an unknown member, no id, no source, no input or no expectation, or the id of
// another case of its kind and file.
func LoadVectors(t testing.TB, kinds ...string) []Vector {
	t.Helper()
	files, err := vectorFiles()
	if err != nil {
		t.Fatal(err)
	}
	calendars, err := loadCalendars(files)
	if err != nil {
		t.Fatal(err)
	}
	var vectors []Vector
	for _, file := range files {
		loaded, err := loadFile(file, kinds)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		vectors = append(vectors, loaded...)
	}
	for i := range vectors {
		vectors[i].calendars = calendars
	}
	return vectors
}

// RunVectors runs the cases of every kind that grade knows, as LoadVectors
// loads them, each as a subtest named by its id. A case passes if the function
// of its kind returns nil; a panic fails it. One line per kind is logged in the
// end, "vectors KIND: PASSED/TOTAL", also for a kind without cases.
func RunVectors(t *testing.T, grade map[string]func(v Vector) error) {
	t.Helper()
	kinds := slices.Sorted(maps.Keys(grade))
	total, passed := map[string]int{}, map[string]int{}
	for _, v := range LoadVectors(t, kinds...) {
		total[v.Kind]++
		t.Run(v.ID, func(t *testing.T) {
			if err := run(grade[v.Kind], v); err != nil {
				t.Fatalf("%s: %v", v.File, err)
			}
			passed[v.Kind]++
		})
	}
	for _, kind := range kinds {
		t.Logf("vectors %s: %d/%d", kind, passed[kind], total[kind])
	}
}

// run turns a panic into an error, so that the other cases still run.
func run(grade func(Vector) error, v Vector) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	return grade(v)
}

// DecodeStrict decodes the input or the expectation of a case into v, a
// pointer. Members that v does not have are an error, as is everything else
// that privacy.DecodeJSON refuses.
func DecodeStrict(raw json.RawMessage, v any) error {
	return privacy.DecodeJSON(raw, v)
}

// VectorCalendars returns the calendars of every holidays.json in the
// directories of LoadVectors, by name. Where two directories have a calendar of
// the same name, the later one counts; Vector.Calendar keeps them apart. A
// calendar of a file covers the years of its first through its last holiday,
// one without holidays every year.
func VectorCalendars(t testing.TB) map[string]*privacy.Calendar {
	t.Helper()
	files, err := vectorFiles()
	if err != nil {
		t.Fatal(err)
	}
	calendars, err := loadCalendars(files)
	if err != nil {
		t.Fatal(err)
	}
	merged := map[string]*privacy.Calendar{}
	for _, dir := range calendars {
		maps.Copy(merged, dir.byName)
	}
	return merged
}

// vectorFiles lists the files of the package's own directory and of those that
// the environment names.
func vectorFiles() ([]string, error) {
	files, err := filepath.Glob(filepath.Join(OwnVectors, "*.json"))
	if err != nil {
		return nil, err
	}
	for _, dir := range filepath.SplitList(os.Getenv(VectorsEnv)) {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", VectorsEnv, err)
		}
		found := len(files)
		for _, entry := range entries {
			if !entry.IsDir() && strings.HasSuffix(entry.Name(), ".json") {
				files = append(files, filepath.Join(dir, entry.Name()))
			}
		}
		if len(files) == found {
			return nil, fmt.Errorf("%s: no .json file in %s", VectorsEnv, dir)
		}
	}
	return files, nil
}

type vectorFile struct {
	Schema string            `json:"schema"`
	Kind   string            `json:"kind"`
	Note   string            `json:"note"`
	Cases  []json.RawMessage `json:"cases"`
}

type vectorCase struct {
	ID     string          `json:"id"`
	Kind   string          `json:"kind"`
	Source vectorSource    `json:"source"`
	Input  json.RawMessage `json:"input"`
	Expect json.RawMessage `json:"expect"`
	Note   string          `json:"note"`
}

type vectorSource struct {
	Type       string `json:"type"`
	Ref        string `json:"ref"`
	Confidence string `json:"confidence"`
	URL        string `json:"url"`
}

// loadFile returns the cases of a file that are of one of kinds. Only a file
// that has such a case is held to the form of a file of cases.
func loadFile(path string, kinds []string) ([]Vector, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if _, err := privacy.CanonicalizeJSON(data); err != nil {
		return nil, err
	}
	if filepath.Base(path) == calendarFileName {
		return nil, nil
	}
	var outline struct {
		Kind  string
		Cases []json.RawMessage
	}
	if err := json.Unmarshal(data, &outline); err != nil {
		return nil, err
	}
	var vectors []Vector
	for i, raw := range outline.Cases {
		peek := struct{ Kind string }{outline.Kind}
		if err := json.Unmarshal(raw, &peek); err != nil {
			return nil, fmt.Errorf("cases[%d]: %w", i, err)
		}
		if !slices.Contains(kinds, peek.Kind) {
			continue
		}
		v, err := decodeCase(raw)
		if err != nil {
			return nil, fmt.Errorf("cases[%d]: %w", i, err)
		}
		v.Kind, v.File = peek.Kind, path
		vectors = append(vectors, v)
	}
	if len(vectors) == 0 {
		return nil, nil
	}
	if err := DecodeStrict(data, &vectorFile{}); err != nil {
		return nil, err
	}
	return vectors, checkUnique(vectors)
}

func decodeCase(raw json.RawMessage) (Vector, error) {
	var c vectorCase
	if err := DecodeStrict(raw, &c); err != nil {
		return Vector{}, err
	}
	switch {
	case c.ID == "":
		return Vector{}, fmt.Errorf("no id: %w", privacy.ErrInvalid)
	case c.Source.Type == "" || c.Source.Ref == "":
		return Vector{}, fmt.Errorf("%s has no source with a type and a ref: %w", c.ID, privacy.ErrInvalid)
	case c.Input == nil || c.Expect == nil:
		return Vector{}, fmt.Errorf("%s lacks its input or its expectation: %w", c.ID, privacy.ErrInvalid)
	}
	return Vector{ID: c.ID, Input: c.Input, Expect: c.Expect}, nil
}

func checkUnique(vectors []Vector) error {
	seen := map[[2]string]bool{}
	for _, v := range vectors {
		key := [2]string{v.Kind, v.ID}
		if seen[key] {
			return fmt.Errorf("two cases of kind %s are called %s: %w", v.Kind, v.ID, privacy.ErrExists)
		}
		seen[key] = true
	}
	return nil
}

// calendarFileName is the name of the file of calendars in a directory.
const calendarFileName = "holidays.json"

// dirCalendars are the calendars of one directory.
type dirCalendars struct {
	dir    string
	byName map[string]*privacy.Calendar
}

type calendarsByDir []dirCalendars

func (c calendarsByDir) find(dir, name string) (*privacy.Calendar, error) {
	var found *privacy.Calendar
	for _, calendars := range c {
		calendar, ok := calendars.byName[name]
		if ok && calendars.dir == dir {
			return calendar, nil
		}
		if ok {
			found = calendar
		}
	}
	if found == nil {
		return nil, fmt.Errorf("calendar %q: %w", name, privacy.ErrNotFound)
	}
	return found, nil
}

// calendarFile is the form of a file of calendars: lists of days off by the
// name of the calendar, and the weekends of all, "default", or of some of them.
type calendarFile struct {
	Schema    string              `json:"schema"`
	Note      string              `json:"note"`
	Weekend   map[string][]string `json:"weekend"`
	Calendars map[string][]string `json:"calendars"`
}

func loadCalendars(files []string) (calendarsByDir, error) {
	var all calendarsByDir
	for _, path := range files {
		if filepath.Base(path) != calendarFileName {
			continue
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		calendars, err := parseCalendars(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		all = append(all, dirCalendars{dir: filepath.Dir(path), byName: calendars})
	}
	return all, nil
}

func parseCalendars(data []byte) (map[string]*privacy.Calendar, error) {
	var file calendarFile
	if err := DecodeStrict(data, &file); err != nil {
		return nil, err
	}
	calendars := make(map[string]*privacy.Calendar, len(file.Calendars))
	for name, days := range file.Calendars {
		calendar, err := file.calendar(name, days)
		if err != nil {
			return nil, fmt.Errorf("calendar %q: %w", name, err)
		}
		calendars[name] = calendar
	}
	return calendars, nil
}

func (f calendarFile) calendar(name string, days []string) (*privacy.Calendar, error) {
	table := privacy.CalendarTable{
		Name:     name,
		From:     privacy.MustDate("0001-01-01"),
		Through:  privacy.MustDate("9999-12-31"),
		Holidays: make([]privacy.Holiday, len(days)),
	}
	for i, text := range days {
		if err := table.Holidays[i].Date.UnmarshalText([]byte(text)); err != nil {
			return nil, err
		}
	}
	if len(days) > 0 {
		first := slices.MinFunc(table.Holidays, byDate).Date
		var err error
		if table.From, err = privacy.NewDate(first.Year(), time.January, 1); err != nil {
			return nil, err
		}
		table.Through = slices.MaxFunc(table.Holidays, byDate).Date.EndOfYear()
	}
	weekend, ok := f.Weekend[name]
	if !ok {
		weekend = f.Weekend["default"]
	}
	for _, text := range weekend {
		day, ok := weekdays[text]
		if !ok {
			return nil, fmt.Errorf("weekend day %q: %w", text, privacy.ErrInvalid)
		}
		table.Weekend = append(table.Weekend, day)
	}
	return privacy.NewCalendar(table)
}

func byDate(a, b privacy.Holiday) int { return a.Date.Compare(b.Date) }

var weekdays = map[string]time.Weekday{
	"Mon": time.Monday, "Tue": time.Tuesday, "Wed": time.Wednesday, "Thu": time.Thursday,
	"Fri": time.Friday, "Sat": time.Saturday, "Sun": time.Sunday,
}

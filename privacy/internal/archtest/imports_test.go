package archtest

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// An area is the part of the repository that an import rule speaks of.
type area string

const (
	kernel    area = "privacy"
	consent   area = "consent"
	retention area = "retention"
	dsr       area = "dsr"
	policydoc area = "policydoc"
	stores    area = "privacy/store"
	examples  area = "examples"
)

// mayImport is the one import rule. An area's test suites and other packages
// below it are bound by the same row.
var mayImport = map[area][]area{
	kernel:    {kernel},
	consent:   {kernel, consent},
	retention: {kernel, retention},
	dsr:       {kernel, dsr},
	policydoc: {kernel, policydoc},
	stores:    {kernel, consent, retention, dsr, policydoc, stores},
	examples:  {kernel, consent, retention, dsr, policydoc, stores, examples},
}

// testsMayAlsoImport adds what a _test.go file may use beyond its area's row: a
// domain package's tests and examples run on a real store.
var testsMayAlsoImport = map[area][]area{
	consent:   {stores},
	retention: {stores},
	dsr:       {stores},
	policydoc: {stores},
}

// gateTests is the one test helper that wires a gate on a store for hosts: a
// package of its own, so that the kernel's other test helpers stay free of both.
const gateTests = "privacy/privacytest/gatetest"

// areaOf places a directory of the repository; none is "".
func areaOf(dir string) area {
	if dir == string(stores) || strings.HasPrefix(dir, string(stores)+"/") || dir == gateTests {
		return stores
	}
	top, _, _ := strings.Cut(dir, "/")
	if _, known := mayImport[area(top)]; known {
		return area(top)
	}
	return ""
}

// importPaths lists what a file imports.
func importPaths(s source) []string {
	var paths []string
	for _, spec := range s.syntax.Imports {
		if p, err := strconv.Unquote(spec.Path.Value); err == nil {
			paths = append(paths, p)
		}
	}
	return paths
}

// ownDir gives the directory of an import path of this repository.
func ownDir(importPath string) (string, bool) {
	if importPath == rootModule {
		return ".", true
	}
	return strings.CutPrefix(importPath, rootModule+"/")
}

// siblingImports finds imports against the rule between the areas.
func siblingImports(repo *repository) []string {
	var findings []string
	for _, s := range repo.sources {
		from := areaOf(s.dir)
		if from == "" {
			findings = append(findings, fmt.Sprintf("%s: is in no area that the import rule knows", s.path))
			continue
		}
		allowed := mayImport[from]
		if s.test {
			allowed = append(slices.Clone(allowed), testsMayAlsoImport[from]...)
		}
		for i, p := range importPaths(s) {
			dir, own := ownDir(p)
			if own && !slices.Contains(allowed, areaOf(dir)) {
				findings = append(findings, fmt.Sprintf("%s: %s may not import %s",
					repo.at(s, s.syntax.Imports[i].Pos()), from, dir))
			}
		}
	}
	return findings
}

// suiteImports finds code that links a test suite into a program. Bodies of tests
// that packages share, below internal, are suites here too.
func suiteImports(repo *repository) []string {
	var findings []string
	for _, s := range repo.sources {
		if s.test || forTests(s.dir) {
			continue
		}
		for i, p := range importPaths(s) {
			if dir, own := ownDir(p); own && forTests(dir) {
				findings = append(findings, fmt.Sprintf("%s: only tests and suites import the suite %s",
					repo.at(s, s.syntax.Imports[i].Pos()), dir))
			}
		}
	}
	return findings
}

// forTests tells by its name that a package is linked by tests alone.
func forTests(dir string) bool { return strings.HasSuffix(path.Base(dir), "test") }

func TestImportsBetweenAreas(t *testing.T) { report(t, siblingImports(thisRepository(t))) }

func TestSuitesAreImportedByTestsOnly(t *testing.T) { report(t, suiteImports(thisRepository(t))) }

// importing is a file of the package with the given imports of this repository.
func importing(pkg string, dirs ...string) string {
	text := "package " + pkg + "\n"
	for _, dir := range dirs {
		text += fmt.Sprintf("import _ %q\n", path.Join(rootModule, dir))
	}
	return text
}

func TestSiblingImportsBite(t *testing.T) {
	const pgstore = "module " + rootModule + "/privacy/store/pgstore\n"
	checkRule(t, siblingImports, []ruleCase{
		{
			name: "each area imports what its row says",
			files: map[string]string{
				"privacy/privacytest/a.go":          importing("privacytest", "privacy"),
				"consent/a.go":                      importing("consent", "privacy"),
				"privacy/privacytest/gatetest/a.go": importing("gatetest", "consent", "privacy/store/memstore"),
				"consent/consenttest/a.go":          importing("consenttest", "privacy", "consent", "privacy/privacytest"),
				"dsr/a_test.go":                     importing("dsr_test", "dsr", "dsr/dsrtest", "privacy/store/memstore"),
				"policydoc/cmd/policydoc/a.go":      importing("main", "policydoc/markdown", "privacy"),
				"privacy/store/memstore/a.go":       importing("memstore", "consent", "retention", "dsr", "policydoc"),
				"privacy/store/pgstore/go.mod":      pgstore,
				"privacy/store/pgstore/a.go":        importing("pgstore", "privacy/store/sqlstore"),
				"privacy/internal/archtest/a.go":    "package archtest\nimport _ \"fmt\"\n",
				"examples/labelop/a.go":             importing("main", "consent", "dsr", "privacy/store/pgstore"),
			},
		},
		{
			name: "the kernel imports no sibling, nor do its tests",
			files: map[string]string{
				"privacy/a.go":             importing("privacy", "consent"),
				"privacy/a_test.go":        importing("privacy_test", "privacy/store/memstore"),
				"privacy/privacytest/a.go": importing("privacytest", "privacy", "consent"),
			},
			want: []string{
				"privacy/a.go:2: privacy may not import consent",
				"privacy/a_test.go:2: privacy may not import privacy/store/memstore",
				"privacy/privacytest/a.go:3: privacy may not import consent",
			},
		},
		{
			name: "domain packages never import each other, nor do their suites and tests",
			files: map[string]string{
				"consent/consenttest/a.go": importing("consenttest", "retention"),
				"dsr/a.go":                 importing("dsr", "retention/retentiontest"),
				"policydoc/a_test.go":      importing("policydoc_test", "consent"),
				"retention/a.go":           importing("retention", "policydoc"),
			},
			want: []string{
				"consent/consenttest/a.go:2: consent may not import retention",
				"dsr/a.go:2: dsr may not import retention/retentiontest",
				"policydoc/a_test.go:2: policydoc may not import consent",
				"retention/a.go:2: retention may not import policydoc",
			},
		},
		{
			name:  "a domain package does not choose its store",
			files: map[string]string{"consent/a.go": importing("consent", "privacy/store/memstore")},
			want:  []string{"consent may not import privacy/store/memstore"},
		},
		{
			name:  "nothing imports the examples",
			files: map[string]string{"privacy/store/memstore/a.go": importing("memstore", "examples/labelop")},
			want:  []string{"privacy/store may not import examples/labelop"},
		},
		{
			name:  "a new top-level package needs a row",
			files: map[string]string{"audit/a.go": "package audit", "consent/a.go": importing("consent", "audit")},
			want:  []string{"audit/a.go: is in no area", "consent may not import audit"},
		},
	})
}

func TestSuiteImportsBite(t *testing.T) {
	checkRule(t, suiteImports, []ruleCase{
		{
			name: "tests and suites import suites",
			files: map[string]string{
				"consent/consenttest/a.go":              importing("consenttest", "privacy/privacytest"),
				"privacy/store/memstore/a_test.go":      importing("memstore_test", "consent/consenttest"),
				"privacy/store/internal/storetest/a.go": importing("storetest", "dsr/dsrtest"),
			},
		},
		{
			name:  "a program does not",
			files: map[string]string{"consent/a.go": importing("consent", "privacy/privacytest")},
			want:  []string{"consent/a.go:2: only tests and suites import the suite privacy/privacytest"},
		},
		{
			name:  "nor what tests share below internal",
			files: map[string]string{"privacy/store/memstore/a.go": importing("memstore", "privacy/store/internal/storetest")},
			want:  []string{"privacy/store/memstore/a.go:2: only tests and suites import the suite privacy/store/internal/storetest"},
		},
	})
}

package archtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The root module's whole list of direct dependencies.
const (
	uuidModule     = "github.com/google/uuid"
	textModule     = "golang.org/x/text"
	goldmarkModule = "github.com/yuin/goldmark"
	testifyModule  = "github.com/stretchr/testify"
)

// markdownDirs are the only ones of the root module that may link goldmark, so
// that neither a store nor a gate brings a parser along.
var markdownDirs = []string{"policydoc/markdown", "policydoc/cmd"}

func below(dir string, parents ...string) bool {
	return slices.ContainsFunc(parents, func(parent string) bool {
		return dir == parent || strings.HasPrefix(dir, parent+"/")
	})
}

// foreign tells an import path of another module: only the standard library's
// first element has no dot, and "C" stands for cgo.
func foreign(importPath string) bool {
	first, _, _ := strings.Cut(importPath, "/")
	_, own := ownDir(importPath)
	return !own && strings.Contains(first, ".")
}

// foreignImports finds imports of other modules where they do not belong. What
// nested modules import beyond testify is their own go.mod's business.
func foreignImports(repo *repository) []string {
	var findings []string
	for _, s := range repo.sources {
		for i, p := range importPaths(s) {
			if why := refuseForeign(s, p); foreign(p) && why != "" {
				findings = append(findings, fmt.Sprintf("%s: imports %s: %s", repo.at(s, s.syntax.Imports[i].Pos()), p, why))
			}
		}
	}
	return findings
}

func refuseForeign(s source, importPath string) string {
	inRoot := s.module.dir == "."
	switch {
	case below(importPath, testifyModule):
		if !s.test {
			return "testify is for _test.go files only"
		}
	case s.suite() && !s.test:
		return "an exported test suite imports the standard library and this repository only"
	case !inRoot, below(importPath, uuidModule, textModule):
	case below(importPath, goldmarkModule):
		if !below(s.dir, markdownDirs...) && (!s.test || areaOf(s.dir) != policydoc) {
			return "goldmark stays in " + strings.Join(markdownDirs, " and ")
		}
	default:
		return "not a dependency of the root module"
	}
	return ""
}

// A requirement is one line of a go.mod's require blocks.
type requirement struct {
	Path     string
	Version  string
	Indirect bool
}

// unlistedRequirements finds direct dependencies beyond the agreed ones.
// Indirect lines are what those bring along; linkedModules judges what of it
// reaches a program.
func unlistedRequirements(requirements []requirement) []string {
	var findings []string
	for _, r := range requirements {
		agreed := slices.Contains([]string{uuidModule, textModule, goldmarkModule, testifyModule}, r.Path)
		if !r.Indirect && !agreed {
			findings = append(findings, fmt.Sprintf("go.mod: requires %s, which is not on the agreed list", r.Path))
		}
	}
	return findings
}

// A linked is a package and everything a program that imports it links.
type linked struct {
	ImportPath string
	Deps       []string
}

// linkedModules finds packages through which a program would link a module that
// it did not ask for.
func linkedModules(packages []linked, inRoot bool) []string {
	var findings []string
	for _, p := range packages {
		dir, _ := ownDir(p.ImportPath)
		for _, dep := range p.Deps {
			if why := refuseLinked(dir, dep, inRoot); foreign(dep) && why != "" {
				findings = append(findings, fmt.Sprintf("%s: links %s: %s", dir, dep, why))
			}
		}
	}
	return findings
}

func refuseLinked(dir, dep string, inRoot bool) string {
	switch {
	case below(dep, testifyModule):
		return "testify is for tests only"
	case below(dep, goldmarkModule):
		if !below(dir, append([]string{"examples"}, markdownDirs...)...) {
			return "goldmark stays in " + strings.Join(markdownDirs, " and ")
		}
	case inRoot && !below(dep, uuidModule, textModule):
		return "not a dependency of the root module"
	}
	return ""
}

// goOutput runs the go command in a directory of this repository, on that
// directory's own module.
func goOutput(t *testing.T, dir string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go %s in %s: %v\n%s", strings.Join(args, " "), dir, err, &stderr)
	}
	return out
}

func linkedPackages(t *testing.T, dir string) []linked {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(goOutput(t, dir, "list", "-json=ImportPath,Deps", "./...")))
	var packages []linked
	for {
		var p linked
		switch err := decoder.Decode(&p); {
		case errors.Is(err, io.EOF):
			return packages
		case err != nil:
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}

func TestForeignImports(t *testing.T) { report(t, foreignImports(thisRepository(t))) }

func TestRootRequirements(t *testing.T) {
	var file struct{ Require []requirement }
	if err := json.Unmarshal(goOutput(t, root(t), "mod", "edit", "-json"), &file); err != nil {
		t.Fatal(err)
	}
	report(t, unlistedRequirements(file.Require))
}

func TestLinkedModules(t *testing.T) {
	for _, m := range thisRepository(t).modules {
		t.Run(m.dir, func(t *testing.T) {
			if testing.Short() && m.dir != "." {
				t.Skip("resolves the modules of a nested module; not with -short")
			}
			report(t, linkedModules(linkedPackages(t, filepath.Join(root(t), m.dir)), m.dir == "."))
		})
	}
}

// The promise that matters most to a host: the gate alone is light.
func TestConsentLinksNoDriverAndNoParser(t *testing.T) {
	for _, p := range linkedPackages(t, root(t)) {
		if dir, _ := ownDir(p.ImportPath); dir != string(consent) {
			continue
		}
		for _, dep := range p.Deps {
			if foreign(dep) && !below(dep, uuidModule, textModule) {
				t.Errorf("a program that imports consent links %s", dep)
			}
		}
		return
	}
	t.Error("package consent is not there")
}

func TestForeignImportsBite(t *testing.T) {
	imports := func(pkg string, paths ...string) string {
		text := "package " + pkg + "\n"
		for _, p := range paths {
			text += fmt.Sprintf("import _ %q\n", p)
		}
		return text
	}
	const driver = "github.com/jackc/pgx/v5"
	checkRule(t, foreignImports, []ruleCase{
		{
			name: "each where it belongs",
			files: map[string]string{
				"privacy/a.go":                 imports("privacy", "fmt", uuidModule, textModule+"/language"),
				"privacy/a_test.go":            imports("privacy", testifyModule+"/require"),
				"policydoc/markdown/a.go":      imports("markdown", goldmarkModule, goldmarkModule+"/ast"),
				"policydoc/cmd/policydoc/a.go": imports("main", goldmarkModule),
				"policydoc/a_test.go":          imports("policydoc_test", goldmarkModule),
				"privacy/store/pgstore/go.mod": "module " + rootModule + "/privacy/store/pgstore\n",
				"privacy/store/pgstore/a.go":   imports("pgstore", driver),
			},
		},
		{
			name: "another module is refused in the root, in tests too",
			files: map[string]string{
				"privacy/a.go":      imports("privacy", driver),
				"privacy/b_test.go": imports("privacy", "pgregory.net/rapid"),
			},
			want: []string{
				"privacy/a.go:2: imports github.com/jackc/pgx/v5: not a dependency",
				"privacy/b_test.go:2: imports pgregory.net/rapid: not a dependency",
			},
		},
		{
			name: "a module whose name begins alike is another",
			files: map[string]string{
				"policydoc/markdown/a.go": imports("markdown", goldmarkModule+"-meta"),
			},
			want: []string{"goldmark-meta: not a dependency"},
		},
		{
			name: "goldmark stays with Markdown",
			files: map[string]string{
				"policydoc/a.go":               imports("policydoc", goldmarkModule),
				"policydoc/policydoctest/a.go": imports("policydoctest", goldmarkModule),
				"consent/a_test.go":            imports("consent", goldmarkModule),
			},
			want: []string{
				"consent/a_test.go:2: imports github.com/yuin/goldmark: goldmark stays",
				"policydoc/a.go:2: imports github.com/yuin/goldmark: goldmark stays",
				"policydoc/policydoctest/a.go:2: imports github.com/yuin/goldmark: an exported test suite",
			},
		},
		{
			name: "testify stays in _test.go files, also in nested modules",
			files: map[string]string{
				"consent/consenttest/a.go": imports("consenttest", testifyModule+"/assert"),
				"examples/go.mod":          "module " + rootModule + "/examples\n",
				"examples/a.go":            imports("examples", testifyModule+"/assert"),
			},
			want: []string{
				"consent/consenttest/a.go:2: imports github.com/stretchr/testify/assert: testify is for",
				"examples/a.go:2: imports github.com/stretchr/testify/assert: testify is for",
			},
		},
		{
			name:  "a suite is standard library only",
			files: map[string]string{"consent/consenttest/a.go": imports("consenttest", uuidModule)},
			want:  []string{"an exported test suite imports the standard library"},
		},
	})
}

func TestUnlistedRequirementsBite(t *testing.T) {
	checkFindings(t, unlistedRequirements([]requirement{
		{Path: uuidModule}, {Path: textModule}, {Path: goldmarkModule}, {Path: testifyModule},
		{Path: "go.yaml.in/yaml/v3", Indirect: true},
		{Path: "modernc.org/sqlite"},
	}), []string{"requires modernc.org/sqlite"})
}

func TestLinkedModulesBite(t *testing.T) {
	own := func(dir string) string { return rootModule + "/" + dir }
	packages := []linked{
		{own("consent"), []string{"fmt", own("privacy"), uuidModule, "modernc.org/sqlite/lib"}},
		{own("policydoc"), []string{goldmarkModule + "/ast"}},
		{own("policydoc/markdown"), []string{goldmarkModule}},
		{own("retention/retentiontest"), []string{testifyModule + "/assert"}},
	}
	checkFindings(t, linkedModules(packages, true), []string{
		"consent: links modernc.org/sqlite/lib",
		"policydoc: links github.com/yuin/goldmark/ast",
		"retention/retentiontest: links github.com/stretchr/testify/assert",
	})
	nested := []linked{
		{own("privacy/store/sqlitestore"), []string{"modernc.org/sqlite", goldmarkModule}},
		{own("examples/labelop"), []string{"modernc.org/sqlite", goldmarkModule, testifyModule + "/require"}},
	}
	checkFindings(t, linkedModules(nested, false), []string{
		"privacy/store/sqlitestore: links github.com/yuin/goldmark",
		"examples/labelop: links github.com/stretchr/testify/require",
	})
}

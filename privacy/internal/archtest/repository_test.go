package archtest

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
)

// rootModule is the module whose repository this is.
const rootModule = "github.com/labelop/privacykit"

// A repository is the parsed source of all its modules.
type repository struct {
	fset    *token.FileSet
	modules []module
	sources []source
}

// A module is a directory with a go.mod; the root's is ".".
type module struct {
	dir  string
	path string
}

// A source is one Go file.
type source struct {
	path   string // from the repository's root, with slashes
	dir    string
	module module
	test   bool
	syntax *ast.File
}

// suite tells that the file belongs to an exported test suite: a package whose
// name ends in "test" and whose files a host's own tests link.
func (s source) suite() bool {
	return forTests(s.dir) && !s.internal()
}

func (s source) internal() bool {
	return slices.Contains(strings.Split(s.dir, "/"), "internal")
}

func (s source) main() bool { return s.syntax.Name.Name == "main" }

// at names a place in the repository for a finding.
func (r *repository) at(s source, pos token.Pos) string {
	return fmt.Sprintf("%s:%d", s.path, r.fset.Position(pos).Line)
}

// nested lists the modules below the root.
func (r *repository) nested() []module {
	return slices.DeleteFunc(slices.Clone(r.modules), func(m module) bool { return m.dir == "." })
}

// readRepository parses every Go file below root that the go command would see,
// whatever its build constraints.
func readRepository(root fs.FS) (*repository, error) {
	repo := &repository{fset: token.NewFileSet()}
	var problems []error
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			if unseen(name) {
				return fs.SkipDir
			}
			return repo.addModule(root, name)
		case path.Ext(name) == ".go":
			problems = append(problems, repo.addSource(root, name))
		}
		return nil
	})
	return repo, errors.Join(append(problems, err)...)
}

// unseen tells which directories the go command leaves out.
func unseen(dir string) bool {
	base := path.Base(dir)
	return dir != "." && (base[0] == '.' || base[0] == '_' || base == "testdata" || base == "vendor")
}

func (r *repository) addModule(root fs.FS, dir string) error {
	text, err := fs.ReadFile(root, path.Join(dir, "go.mod"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) >= 2 && fields[0] == "module" {
			r.modules = append(r.modules, module{dir: dir, path: fields[1]})
			return nil
		}
	}
	return fmt.Errorf("%s/go.mod names no module", dir)
}

func (r *repository) addSource(root fs.FS, name string) error {
	text, err := fs.ReadFile(root, name)
	if err != nil {
		return err
	}
	syntax, err := parser.ParseFile(r.fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	r.sources = append(r.sources, source{
		path:   name,
		dir:    path.Dir(name),
		module: r.moduleOf(path.Dir(name)),
		test:   strings.HasSuffix(name, "_test.go"),
		syntax: syntax,
	})
	return nil
}

// moduleOf finds the innermost module around a directory. The walk reaches a
// directory before its files, so the module is known by then.
func (r *repository) moduleOf(dir string) module {
	found := module{dir: "."}
	for _, m := range r.modules {
		inside := m.dir == "." || m.dir == dir || strings.HasPrefix(dir, m.dir+"/")
		if inside && len(m.dir) >= len(found.dir) {
			found = m
		}
	}
	return found
}

// root is the directory of this repository.
func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

var readOnce = sync.OnceValues(func() (*repository, error) {
	return readRepository(os.DirFS("../../.."))
})

// thisRepository reads the repository that this package is part of.
func thisRepository(t *testing.T) *repository {
	t.Helper()
	repo, err := readOnce()
	if err != nil {
		t.Fatal(err)
	}
	return repo
}

// fixture makes a repository of the given files; the root's go.mod is added.
func fixture(t *testing.T, files map[string]string) *repository {
	t.Helper()
	repo, err := readRepository(fixtureFS(files))
	if err != nil {
		t.Fatal(err)
	}
	return repo
}

func fixtureFS(files map[string]string) fstest.MapFS {
	tree := fstest.MapFS{"go.mod": {Data: []byte("module " + rootModule + "\n")}}
	for name, text := range files {
		tree[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return tree
}

// report fails the test with every finding, one a line.
func report(t *testing.T, findings []string) {
	t.Helper()
	for _, finding := range findings {
		t.Error(finding)
	}
}

// A ruleCase is a repository in small and the findings that a rule must have on
// it: each entry of want is a part of the finding at its place.
type ruleCase struct {
	name  string
	files map[string]string
	want  []string
}

// checkRule shows that a rule finds what breaks it, and nothing else.
func checkRule(t *testing.T, rule func(*repository) []string, cases []ruleCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			checkFindings(t, rule(fixture(t, c.files)), c.want)
		})
	}
}

func checkFindings(t *testing.T, found, want []string) {
	t.Helper()
	if !slices.EqualFunc(found, want, strings.Contains) {
		t.Errorf("found:\n\t%s\nwant:\n\t%s", strings.Join(found, "\n\t"), strings.Join(want, "\n\t"))
	}
}

func TestReadRepositoryFindsModulesAndSources(t *testing.T) {
	repo := fixture(t, map[string]string{
		"privacy/a.go":                   "package privacy",
		"privacy/a_test.go":              "package privacy",
		"privacy/store/pgstore/go.mod":   "module " + rootModule + "/privacy/store/pgstore\n\ngo 1.26\n",
		"privacy/store/pgstore/s.go":     "package pgstore",
		"privacy/store/pgstore/in/in.go": "package in",
		"privacy/testdata/go.mod":        "module ignored",
		"privacy/testdata/bad.go":        "not Go",
		".dev/x.go":                      "not Go",
	})
	var got []string
	for _, s := range repo.sources {
		got = append(got, fmt.Sprintf("%s of %s, test %t", s.path, s.module.dir, s.test))
	}
	want := []string{
		"privacy/a.go of ., test false",
		"privacy/a_test.go of ., test true",
		"privacy/store/pgstore/in/in.go of privacy/store/pgstore, test false",
		"privacy/store/pgstore/s.go of privacy/store/pgstore, test false",
	}
	if !slices.Equal(got, want) {
		t.Errorf("sources:\n\t%s", strings.Join(got, "\n\t"))
	}
	if nested := repo.nested(); len(nested) != 1 || nested[0].dir != "privacy/store/pgstore" {
		t.Errorf("nested modules: %v", nested)
	}
}

func TestReadRepositoryRefusesWhatDoesNotParse(t *testing.T) {
	for name, text := range map[string]string{"privacy/a.go": "package", "examples/go.mod": "go 1.26"} {
		if _, err := readRepository(fixtureFS(map[string]string{name: text})); err == nil {
			t.Errorf("%s with %q is accepted", name, text)
		}
	}
}

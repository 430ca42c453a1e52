package archtest

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strings"
	"testing"
)

// hiddenState finds package-level state that a caller can neither see nor
// control: init functions, exported variables that are not sentinel errors, and
// variables that can only serve by being assigned later.
func hiddenState(repo *repository) []string {
	var findings []string
	for _, s := range repo.sources {
		if s.test {
			continue
		}
		for _, decl := range s.syntax.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil && d.Name.Name == "init" {
					findings = append(findings, repo.at(s, d.Pos())+": an init function; initialise where it is used")
				}
			case *ast.GenDecl:
				if d.Tok == token.VAR {
					findings = append(findings, stateOf(repo, s, d)...)
				}
			}
		}
	}
	return findings
}

func stateOf(repo *repository, s source, d *ast.GenDecl) []string {
	var findings []string
	for _, spec := range d.Specs {
		v, ok := spec.(*ast.ValueSpec)
		if !ok {
			continue
		}
		for _, name := range v.Names {
			switch {
			case name.Name == "_":
			case name.IsExported() && !strings.HasPrefix(name.Name, "Err"):
				findings = append(findings, fmt.Sprintf("%s: %s can be changed by any importer; make it a function or a constant",
					repo.at(s, name.Pos()), name.Name))
			case len(v.Values) == 0 && !embedded(d, v) && !cache(v.Type):
				findings = append(findings, fmt.Sprintf("%s: %s has no value, so it is assigned later: a hidden global",
					repo.at(s, name.Pos()), name.Name))
			}
		}
	}
	return findings
}

// embedded tells a variable that the compiler fills from a file.
func embedded(d *ast.GenDecl, v *ast.ValueSpec) bool {
	return slices.ContainsFunc([]*ast.CommentGroup{d.Doc, v.Doc}, func(group *ast.CommentGroup) bool {
		return group != nil && slices.ContainsFunc(group.List, func(c *ast.Comment) bool {
			return strings.HasPrefix(c.Text, "//go:embed ")
		})
	})
}

// cache tells the types whose contents nobody can observe but by the time it
// takes: memory of what is derived anyway.
func cache(expr ast.Expr) bool {
	selector, ok := expr.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	pkg, ok := selector.X.(*ast.Ident)
	return ok && pkg.Name == "sync" && (selector.Sel.Name == "Map" || selector.Sel.Name == "Pool")
}

func TestNoHiddenState(t *testing.T) { report(t, hiddenState(thisRepository(t))) }

func TestHiddenStateBites(t *testing.T) {
	checkRule(t, hiddenState, []ruleCase{
		{
			name: "errors, tables, embedded files, caches, assertions",
			files: map[string]string{
				"consent/a.go": `package consent
var ErrStale = errors.New("stale")
var table = map[string]int{"a": 1}
var _ Store = (*store)(nil)
//go:embed law
var law embed.FS
var (
	//go:embed a.json
	text []byte
	types sync.Map
)
func (t thing) init() {}
`,
				"consent/a_test.go": "package consent\nvar Update bool\nfunc init() {}\n",
			},
		},
		{
			name: "what can be changed from afar",
			files: map[string]string{
				"consent/a.go": `package consent
var Default = map[string]int{}
var Clock, zone = time.Now, time.UTC
var current *Service
var once sync.Once
func init() {}
`,
				"examples/labelop/a.go": "package main\nfunc init() {}\n",
			},
			want: []string{
				"a.go:2: Default", "a.go:3: Clock", "a.go:4: current", "a.go:5: once", "a.go:6: an init",
				"examples/labelop/a.go:2: an init",
			},
		},
	})
}

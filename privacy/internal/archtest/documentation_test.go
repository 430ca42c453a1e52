package archtest

import (
	"fmt"
	"go/ast"
	"go/token"
	"path"
	"slices"
	"testing"
)

// undocumented finds exported identifiers without a doc comment, in every
// package that others can import. What the comment says is for the reviewer.
func undocumented(repo *repository) []string {
	var findings []string
	for _, s := range repo.sources {
		if s.test || s.main() || s.internal() {
			continue
		}
		for _, decl := range s.syntax.Decls {
			for _, name := range undocumentedNames(decl) {
				findings = append(findings, fmt.Sprintf("%s: %s is exported without a doc comment",
					repo.at(s, name.pos), name.text))
			}
		}
	}
	return findings
}

type exportedName struct {
	text string
	pos  token.Pos
}

func undocumentedNames(decl ast.Decl) []exportedName {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		return undocumentedFunc(d)
	case *ast.GenDecl:
		var names []exportedName
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				// A comment on a group of types says nothing about each.
				names = append(names, undocumentedType(spec, spec.Doc != nil || d.Doc != nil && !d.Lparen.IsValid())...)
			case *ast.ValueSpec:
				if d.Doc == nil && spec.Doc == nil && spec.Comment == nil {
					names = append(names, exportedOf("", spec.Names)...)
				}
			}
		}
		return names
	}
	return nil
}

func undocumentedFunc(d *ast.FuncDecl) []exportedName {
	if d.Doc != nil || !d.Name.IsExported() {
		return nil
	}
	if d.Recv == nil {
		return exportedOf("", []*ast.Ident{d.Name})
	}
	if receiver := receiverName(d.Recv.List[0].Type); ast.IsExported(receiver) {
		return exportedOf(receiver+".", []*ast.Ident{d.Name})
	}
	return nil
}

// undocumentedType also looks at the methods of an interface: their comments
// are the contract that an implementer reads.
func undocumentedType(spec *ast.TypeSpec, documented bool) []exportedName {
	if !spec.Name.IsExported() {
		return nil
	}
	var names []exportedName
	if !documented {
		names = exportedOf("", []*ast.Ident{spec.Name})
	}
	if contract, ok := spec.Type.(*ast.InterfaceType); ok {
		for _, method := range contract.Methods.List {
			if method.Doc == nil && method.Comment == nil {
				names = append(names, exportedOf(spec.Name.Name+".", method.Names)...)
			}
		}
	}
	return names
}

func exportedOf(prefix string, idents []*ast.Ident) []exportedName {
	var names []exportedName
	for _, ident := range idents {
		if ident.IsExported() {
			names = append(names, exportedName{prefix + ident.Name, ident.Pos()})
		}
	}
	return names
}

func receiverName(expr ast.Expr) string {
	switch e := expr.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.StarExpr:
		return receiverName(e.X)
	case *ast.IndexExpr:
		return receiverName(e.X)
	case *ast.IndexListExpr:
		return receiverName(e.X)
	}
	return ""
}

// withoutDoc finds packages whose comment is missing or not in doc.go. A
// command may have it where main is.
func withoutDoc(repo *repository) []string {
	type described struct{ main, comment, elsewhere bool }
	packages := make(map[string]described)
	for _, s := range repo.sources {
		if s.test {
			continue
		}
		p := packages[s.dir]
		p.main = p.main || s.main()
		if s.syntax.Doc != nil {
			p.comment = p.comment || s.main() || path.Base(s.path) == "doc.go"
			p.elsewhere = p.elsewhere || !s.main() && path.Base(s.path) != "doc.go"
		}
		packages[s.dir] = p
	}
	var findings []string
	for dir, p := range packages {
		switch {
		case !p.comment && p.main:
			findings = append(findings, dir+": the command has no package comment that says its use")
		case !p.comment:
			findings = append(findings, dir+": has no doc.go with a package comment")
		case p.elsewhere:
			findings = append(findings, dir+": has a package comment outside doc.go")
		}
	}
	slices.Sort(findings)
	return findings
}

func TestExportedIsDocumented(t *testing.T) { report(t, undocumented(thisRepository(t))) }

func TestPackagesHaveDoc(t *testing.T) { report(t, withoutDoc(thisRepository(t))) }

func TestUndocumentedBites(t *testing.T) {
	checkRule(t, undocumented, []ruleCase{
		{
			name: "documented, unexported, or not importable",
			files: map[string]string{
				"consent/a.go": `package consent
// State is.
type State struct{}
// Of is.
func (s *State) Of() {}
func (s State) of() {}
type hidden struct{}
func (hidden) Shown() {}
// Kinds.
const (
	Grant = 1
	Refusal = 2
)
const (
	// One is.
	One = 1
	Two = 2 // Two is.
)
// Store is.
type Store interface {
	// Load is.
	Load()
	save()
}
`,
				"consent/a_test.go":              "package consent\nfunc Helper() {}\n",
				"privacy/internal/x/a.go":        "package x\nfunc Helper() {}\n",
				"policydoc/cmd/policydoc/run.go": "package main\nfunc Run() {}\n",
			},
		},
		{
			name: "each kind of declaration",
			files: map[string]string{
				"consent/a.go": `package consent
type State struct{}
func (s *State) Of() {}
type List[T any] struct{}
func (s List[T]) Len() {}
func New() {}
const Grant, refusal = 1, 2
var ErrNone error
type (
	A int
	// B is.
	B int
)
// Store is.
type Store interface {
	Load()
}
`,
			},
			want: []string{
				"a.go:2: State", "a.go:3: State.Of", "a.go:4: List", "a.go:5: List.Len", "a.go:6: New",
				"a.go:7: Grant", "a.go:8: ErrNone", "a.go:10: A", "a.go:16: Store.Load",
			},
		},
		{
			name: "nested modules too, and no comment for a whole group of types",
			files: map[string]string{
				"privacy/store/pgstore/go.mod": "module " + rootModule + "/privacy/store/pgstore\n",
				"privacy/store/pgstore/a.go":   "package pgstore\n// All.\ntype (\n\tA int\n)\n",
			},
			want: []string{"privacy/store/pgstore/a.go:4: A"},
		},
	})
}

func TestWithoutDocBites(t *testing.T) {
	checkRule(t, withoutDoc, []ruleCase{
		{
			name: "doc.go for a package, anywhere for a command, nothing for tests alone",
			files: map[string]string{
				"consent/doc.go":        "// Package consent is.\npackage consent\n",
				"consent/a.go":          "package consent\n",
				"examples/labelop/a.go": "// Command labelop is.\npackage main\n",
				"privacy/it/it_test.go": "package it\n",
			},
		},
		{
			name: "missing, empty, elsewhere",
			files: map[string]string{
				"consent/a.go":          "package consent\n",
				"dsr/doc.go":            "package dsr\n",
				"examples/labelop/a.go": "package main\n",
				"retention/a.go":        "// Package retention is.\npackage retention\n",
				"policydoc/doc.go":      "// Package policydoc is.\npackage policydoc\n",
				"policydoc/a.go":        "// Package policydoc too.\npackage policydoc\n",
			},
			want: []string{
				"consent: has no doc.go", "dsr: has no doc.go", "examples/labelop: the command has no package comment",
				"policydoc: has a package comment outside", "retention: has no doc.go",
			},
		},
	})
}

package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/text/language"

	"github.com/labelop/privacykit/policydoc"
	"github.com/labelop/privacykit/policydoc/markdown"
	"github.com/labelop/privacykit/privacy"
)

// The exit codes.
const (
	exitFine  = 0
	exitFound = 1
	exitError = 2
)

const usage = `policydoc checks, compares and renders privacy policies.

usage:
  policydoc lint   -declaration FILE.json [-regimes gdpr,uk,ca] [-json] POLICY.md [TRANSLATION.md ...]
      reports what the policy and the declaration disagree on
  policydoc facts  -declaration FILE.json [-against OLDER.json] [-json]
      lists what a policy has to tell, or what changed and why it is material
  policydoc diff   [-format text|html|page|json] [-all] [-locale TAG] OLDER.md NEWER.md
      shows what changed between two texts, by section and word
  policydoc render [-format html|page|text|markdown] [-toc LEVELS] [-locale TAG] [-declaration FILE.json] POLICY.md
      renders a policy, with the values of declared facts if there is a declaration

exit codes:
  0  nothing found
  1  found something: a finding that is no advice, a difference, a material change
  2  could not do it
`

// errUsage reports wrong arguments, after the usage was written.
var errUsage = errors.New("see the usage above")

// run runs one command and returns the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	commands := map[string]func(*command) (found bool, err error){
		"lint": lint, "facts": facts, "diff": diff, "render": render,
	}
	if len(args) == 0 {
		fmt.Fprint(stderr, usage)
		return exitError
	}
	name := args[0]
	if name == "help" || name == "-h" || name == "--help" {
		fmt.Fprint(stdout, usage)
		return exitFine
	}
	do, ok := commands[name]
	if !ok {
		fmt.Fprintf(stderr, "policydoc: no command %q\n\n%s", name, usage)
		return exitError
	}
	c := newCommand(name, stdout, stderr)
	found, err := c.parse(args[1:], do)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitFine
	case err != nil:
		fmt.Fprintf(stderr, "policydoc %s: %v\n", name, err)
		return exitError
	case found:
		return exitFound
	}
	return exitFine
}

// command is one command with its flags.
type command struct {
	flags          *flag.FlagSet
	stdout, stderr io.Writer
	declaration    string
	against        string
	regimes        string
	format         string
	asJSON, all    bool
	toc            int
	locale         language.Tag
}

func newCommand(name string, stdout, stderr io.Writer) *command {
	c := &command{flags: flag.NewFlagSet(name, flag.ContinueOnError), stdout: stdout, stderr: stderr}
	c.flags.SetOutput(stderr)
	c.flags.Usage = func() { fmt.Fprint(stderr, usage) }
	switch name {
	case "lint":
		c.flags.StringVar(&c.regimes, "regimes", "gdpr", "regimes whose duties are checked")
		c.flags.BoolVar(&c.asJSON, "json", false, "write JSON")
	case "facts":
		c.flags.StringVar(&c.against, "against", "", "an older declaration to compare with")
		c.flags.BoolVar(&c.asJSON, "json", false, "write JSON")
	case "diff":
		c.flags.StringVar(&c.format, "format", "text", "text, html, page or json")
		c.flags.BoolVar(&c.all, "all", false, "show unchanged text too")
	case "render":
		c.flags.StringVar(&c.format, "format", "html", "html, page, text or markdown")
		c.flags.IntVar(&c.toc, "toc", 0, "levels of the table of contents")
	}
	if name == "diff" || name == "render" {
		c.flags.TextVar(&c.locale, "locale", language.Und, "the language of the text, where it does not say so itself")
	}
	if name != "diff" {
		c.flags.StringVar(&c.declaration, "declaration", "", "the declaration, as JSON")
	}
	return c
}

func (c *command) parse(args []string, do func(*command) (bool, error)) (found bool, err error) {
	if err := c.flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return false, err
		}
		return false, errUsage
	}
	return do(c)
}

func (c *command) usage() error {
	fmt.Fprint(c.stderr, usage)
	return errUsage
}

func (c *command) json(v any) error {
	enc := json.NewEncoder(c.stdout)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

func register(path string) (*privacy.Register, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	d, err := privacy.ParseDeclaration(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	r, err := privacy.Compile(*d)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

func (c *command) document(path string) (*policydoc.Document, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > markdown.MaxBytes {
		return nil, fmt.Errorf("%s: %w", path, &policydoc.LimitError{What: "bytes", Limit: markdown.MaxBytes, Got: int(info.Size())})
	}
	src, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	doc, err := markdown.Parse(src, &markdown.Options{Locale: c.locale})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return doc, nil
}

func lint(c *command) (found bool, err error) {
	if c.declaration == "" || c.flags.NArg() == 0 {
		return false, c.usage()
	}
	opts := &policydoc.ReconcileOptions{}
	for name := range strings.SplitSeq(c.regimes, ",") {
		regime := policydoc.Regime(strings.TrimSpace(name))
		if len(policydoc.Duties(regime)) == 0 {
			return false, fmt.Errorf("no regime %q", name)
		}
		opts.Regimes = append(opts.Regimes, regime)
	}
	r, err := register(c.declaration)
	if err != nil {
		return false, err
	}
	var docs []*policydoc.Document
	for _, path := range c.flags.Args() {
		doc, err := c.document(path)
		if err != nil {
			return false, err
		}
		docs = append(docs, doc)
	}
	opts.Translations = docs[1:]
	findings := policydoc.Reconcile(docs[0], r, opts)
	for _, f := range findings {
		found = found || !f.Advice
	}
	if c.asJSON {
		return found, c.json(append([]policydoc.Finding{}, findings...))
	}
	return found, printFindings(c.stdout, findings)
}

func printFindings(w io.Writer, findings []policydoc.Finding) error {
	for _, f := range findings {
		prefix := ""
		if f.Advice {
			prefix = "advice: "
		}
		if f.Locale != "" {
			prefix += f.Locale + ": "
		}
		if _, err := fmt.Fprintf(w, "%s%s\n", prefix, f); err != nil {
			return err
		}
	}
	return nil
}

func facts(c *command) (found bool, err error) {
	if c.declaration == "" || c.flags.NArg() != 0 {
		return false, c.usage()
	}
	r, err := register(c.declaration)
	if err != nil {
		return false, err
	}
	current := policydoc.FactsOf(r)
	if c.against != "" {
		return c.factsAgainst(current)
	}
	if c.asJSON {
		return false, c.json(current)
	}
	for _, f := range current {
		if _, err := fmt.Fprintf(c.stdout, "%s\t%s\n", f.Ref, f.Title); err != nil {
			return false, err
		}
	}
	return false, nil
}

func (c *command) factsAgainst(current policydoc.Facts) (found bool, err error) {
	older, err := register(c.against)
	if err != nil {
		return false, err
	}
	before := policydoc.FactsOf(older)
	reasons := policydoc.DefaultMateriality().Assess(before, current)
	if c.asJSON {
		return len(reasons) > 0, c.json(struct {
			Changes []policydoc.FactChange `json:"changes"`
			Reasons []policydoc.Reason     `json:"reasons"`
		}{append([]policydoc.FactChange{}, policydoc.DiffFacts(before, current)...), append([]policydoc.Reason{}, reasons...)})
	}
	for _, change := range policydoc.DiffFacts(before, current) {
		line := strings.TrimRight(fmt.Sprintf("%s %s %s", change.Change, change.Ref, change.Attribute), " ")
		if _, err := fmt.Fprintln(c.stdout, line); err != nil {
			return false, err
		}
	}
	for _, reason := range reasons {
		if _, err := fmt.Fprintf(c.stdout, "material: %s: %s (%s)\n", reason.Consequence, reason.Detail, reason.Article); err != nil {
			return false, err
		}
	}
	return len(reasons) > 0, nil
}

func diff(c *command) (found bool, err error) {
	if c.flags.NArg() != 2 {
		return false, c.usage()
	}
	before, err := c.document(c.flags.Arg(0))
	if err != nil {
		return false, err
	}
	after, err := c.document(c.flags.Arg(1))
	if err != nil {
		return false, err
	}
	d := policydoc.DiffDocuments(before, after)
	opts := &policydoc.DiffOptions{All: c.all}
	switch c.format {
	case "text":
		if !d.Empty() || c.all {
			_, err = c.stdout.Write(markdown.RenderDiff(d, opts))
		}
	case "html":
		err = policydoc.RenderDiffHTML(c.stdout, d, opts)
	case "page":
		err = policydoc.RenderPage(c.stdout, page(after), func(w io.Writer) error { return policydoc.RenderDiffHTML(w, d, opts) })
	case "json":
		err = c.json(d)
	default:
		return false, fmt.Errorf("no format %q", c.format)
	}
	return !d.Empty(), err
}

// page is the page of a document or of its differences.
func page(doc *policydoc.Document) policydoc.Page {
	title := doc.Title
	if title == "" {
		title = "Privacy policy"
	}
	return policydoc.Page{Title: title, Locale: doc.Locale, Heading: true}
}

func render(c *command) (found bool, err error) {
	if c.flags.NArg() != 1 {
		return false, c.usage()
	}
	doc, err := c.document(c.flags.Arg(0))
	if err != nil {
		return false, err
	}
	if c.declaration != "" {
		r, err := register(c.declaration)
		if err != nil {
			return false, err
		}
		if doc, err = doc.Resolve(policydoc.FactsOf(r), nil); err != nil {
			return false, err
		}
	}
	article := func(w io.Writer) error { return policydoc.RenderHTML(w, doc, &policydoc.HTMLOptions{TOC: c.toc}) }
	switch c.format {
	case "html":
		return false, article(c.stdout)
	case "page":
		p := page(doc)
		p.Heading = len(doc.Sections) != 1 || doc.Sections[0].Level != 1
		return false, policydoc.RenderPage(c.stdout, p, article)
	case "text":
		_, err = io.WriteString(c.stdout, doc.Text())
	case "markdown":
		_, err = c.stdout.Write(markdown.Render(doc))
	default:
		return false, fmt.Errorf("no format %q", c.format)
	}
	return false, err
}

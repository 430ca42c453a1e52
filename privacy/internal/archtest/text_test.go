package archtest

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
)

// A ban is text that must not stand in the repository. The words are spelled so
// that this file does not find itself.
type ban struct {
	pattern *regexp.Regexp
	why     string
	goOnly  bool
}

var bans = []ban{
	{
		// Preceded by nothing that could make it part of an address or a route.
		pattern: regexp.MustCompile("(?m)(?:^|[\\s\"'`=(:,])(?:/(?:work|root|home|Users)/[\\w.-]|[A-Z]:\\\\Users\\\\)"),
		why:     "a path of somebody's machine",
	},
	{
		pattern: regexp.MustCompile(`(?i)\b(?:proxy\.golang|sum\.golang|registry\.npmjs|deb\.debian)\.(?:org|com)\b`),
		why:     "the host of a package registry; where packages come from is the machine's setting",
	},
	{
		pattern: regexp.MustCompile(`//.*\b(?:` + "TO" + "DO|FIX" + "ME|X" + `XX)\b`),
		why:     "left open; finish it, or write it down where work is planned",
		goOnly:  true,
	},
}

// bannedText searches every text file, whatever its kind.
func bannedText(root fs.FS) ([]string, error) {
	var findings []string
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path.Base(name) == ".git":
			return fs.SkipDir
		case !entry.Type().IsRegular():
			return nil
		}
		text, err := fs.ReadFile(root, name)
		if err != nil || bytes.IndexByte(text, 0) >= 0 {
			return err
		}
		for _, b := range bans {
			if at := b.pattern.FindIndex(text); at != nil && (!b.goOnly || path.Ext(name) == ".go") {
				line := 1 + bytes.Count(text[:at[1]], []byte("\n"))
				findings = append(findings, fmt.Sprintf("%s:%d: %s", name, line, b.why))
			}
		}
		return nil
	})
	return findings, err
}

func TestNoBannedText(t *testing.T) {
	findings, err := bannedText(os.DirFS(root(t)))
	if err != nil {
		t.Fatal(err)
	}
	report(t, findings)
}

func TestBannedTextBites(t *testing.T) {
	machine := strings.Join([]string{"", "home", "someone", "src"}, "/")
	files := map[string]string{
		"README.md":               "See https://example.org/home/page and GET /v1/home/x and a/home/b.\n",
		"consent/a.go":            "package consent\n\nvar currency, ctx = \"X" + "XX\", context.TO" + "DO()\n",
		"consent/b.go":            "package consent\n\nvar dir = \"" + machine + "\"\n",
		"consent/c.go":            "package consent\n\n// TO" + "DO: later\n",
		"consent/testdata/d.json": "{\n\"path\": \"" + machine + "\"}\n",
		"consent/testdata/e.png":  "\x00 " + machine,
		".ci/run":                 "GOPROXY=https://proxy." + "golang.org go test\n",
		".github/NOTES.md":        "X" + "XX marks a code.\n",
		".git/config":             machine,
	}
	found, err := bannedText(fixtureFS(files))
	if err != nil {
		t.Fatal(err)
	}
	checkFindings(t, found, []string{
		".ci/run:1: the host of a package registry",
		"consent/b.go:3: a path of somebody's machine",
		"consent/c.go:3: left open",
		"consent/testdata/d.json:2: a path of somebody's machine",
	})
}

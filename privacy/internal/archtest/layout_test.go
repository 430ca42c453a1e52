package archtest

import (
	"encoding/json"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

// topLevel is what the repository holds, exactly.
var topLevel = []string{
	"LICENSE", "README.md", "consent", "dsr", "examples", "go.mod", "go.sum", "policydoc", "privacy", "retention",
}

// dotFiles may stand beside it.
var dotFiles = []string{".ci", ".dev", ".gitattributes", ".github", ".gitignore", ".golangci.yml"}

// misplaced compares the entries of the top level with the agreed ones.
func misplaced(entries []string) []string {
	var findings []string
	for _, entry := range entries {
		if !slices.Contains(topLevel, entry) && !slices.Contains(dotFiles, entry) {
			findings = append(findings, entry+" is not of the agreed top level")
		}
	}
	for _, entry := range topLevel {
		if !slices.Contains(entries, entry) {
			findings = append(findings, entry+" is missing at the top level")
		}
	}
	return findings
}

// topLevelEntries lists what is, or would be, committed; where git cannot tell,
// what is there.
func topLevelEntries(t *testing.T) []string {
	t.Helper()
	// Read in any case: it tells the test cache what this test depends on.
	listed, err := os.ReadDir(root(t))
	if err != nil {
		t.Fatal(err)
	}
	entries := make([]string, 0, len(listed))
	for _, entry := range listed {
		if entry.Name() != ".git" {
			entries = append(entries, entry.Name())
		}
	}
	cmd := exec.CommandContext(t.Context(), "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	cmd.Dir = root(t)
	known, err := cmd.Output()
	if err != nil {
		return entries
	}
	tops := make(map[string]bool)
	for name := range strings.SplitSeq(string(known), "\x00") {
		top, _, _ := strings.Cut(name, "/")
		tops[top] = true
	}
	return slices.DeleteFunc(entries, func(entry string) bool { return !tops[entry] })
}

func TestTopLevel(t *testing.T) { report(t, misplaced(topLevelEntries(t))) }

func TestMisplacedBites(t *testing.T) {
	complete := slices.Concat([]string{".ci", ".github"}, topLevel)
	checkFindings(t, misplaced(complete), nil)
	checkFindings(t, misplaced(append(complete, "internal", "go.work", ".env")), []string{
		"internal is not of", "go.work is not of", ".env is not of",
	})
	checkFindings(t, misplaced(slices.DeleteFunc(complete, func(e string) bool { return e == "dsr" })), []string{
		"dsr is missing",
	})
}

// unlistedModules compares the modules of the developers' workspace, as
// directories from the repository's root, with those that are there.
func unlistedModules(listed []string, repo *repository) []string {
	var findings []string
	for _, m := range repo.modules {
		if !slices.Contains(listed, m.dir) {
			findings = append(findings, workspace+" does not use "+m.dir)
		}
	}
	return findings
}

const workspace = ".dev/privacy.work"

func TestWorkspaceUsesEveryModule(t *testing.T) {
	var file struct{ Use []struct{ DiskPath string } }
	if err := json.Unmarshal(goOutput(t, root(t), "work", "edit", "-json", workspace), &file); err != nil {
		t.Fatal(err)
	}
	var listed []string
	for _, use := range file.Use {
		listed = append(listed, path.Join(path.Dir(workspace), use.DiskPath))
	}
	report(t, unlistedModules(listed, thisRepository(t)))
}

func TestUnlistedModulesBite(t *testing.T) {
	repo := fixture(t, map[string]string{"examples/go.mod": "module " + rootModule + "/examples\n"})
	checkFindings(t, unlistedModules([]string{".", "examples"}, repo), nil)
	checkFindings(t, unlistedModules([]string{"."}, repo), []string{"does not use examples"})
}

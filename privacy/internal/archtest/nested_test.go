package archtest

import (
	"bytes"
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// nestedEnvironment is what the nested modules' tests read. Looking it up here
// makes a cached result of this package depend on it.
var nestedEnvironment = []string{
	"PRIVACYKIT_POSTGRES_URL",
	"PRIVACYKIT_REQUIRE_POSTGRES",
	"PRIVACYKIT_REQUIRE_BROWSER",
	"PRIVACYKIT_SOAK",
	"PRIVACYKIT_VECTORS",
	"PRIVACYKIT_CORPUS",
	"PRIVACYKIT_STANDARDS",
	"GOFLAGS",
}

// atOnce bounds how many modules are tested side by side.
const atOnce = 2

// TestNestedModules runs the tests of every nested module, so that one command
// at the root covers the repository. Run it with -v to see what it ran.
func TestNestedModules(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the tests of the nested modules; not with -short")
	}
	for _, name := range nestedEnvironment {
		if os.Getenv(name) != "" {
			t.Logf("%s is set", name) // its value may hold a password
		}
	}
	readEveryFile(t)
	free := make(chan struct{}, atOnce)
	for _, m := range thisRepository(t).nested() {
		t.Run(m.dir, func(t *testing.T) {
			t.Parallel()
			free <- struct{}{}
			defer func() { <-free }()
			run, err := goTest(t, filepath.Join(root(t), m.dir))
			t.Logf("nested %s: %s", m.dir, &run)
			for _, failure := range run.failures {
				t.Errorf("%s:\n%s", m.dir, failure)
			}
			if err != nil {
				t.Errorf("%s: %v", m.dir, err)
			}
		})
	}
}

// readEveryFile looks at every file below the root, data files included: the
// go command runs this test anew when one of them has changed.
func readEveryFile(t *testing.T) {
	t.Helper()
	err := filepath.WalkDir(root(t), func(name string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && entry.Name() == ".git" {
			return filepath.SkipDir
		}
		_, err = os.Stat(name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// goTest runs all tests of the module in dir. The error says that the run
// failed; the failures of the result say where.
func goTest(t *testing.T, dir string) (testRun, error) {
	t.Helper()
	args := []string{"test", "-json", "-vet=off", "-timeout=" + nestedTimeout().String()}
	if raceDetector {
		args = append(args, "-race")
	}
	ctx := t.Context()
	if deadline, ok := t.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-5*time.Second))
		defer cancel()
	}
	cmd := exec.CommandContext(ctx, "go", append(args, "./...")...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "PWD="+dir)
	cmd.WaitDelay = 2 * time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	failed := cmd.Run()
	run, err := readTestEvents(&out)
	if err != nil {
		return run, err
	}
	return run, failed
}

// nestedTimeout is a little less than this test's own, so that a hanging nested
// test is the one that prints where it hangs. It does not depend on the time
// already spent, because the go command caches results by it.
func nestedTimeout() time.Duration {
	own, err := time.ParseDuration(flag.Lookup("test.timeout").Value.String())
	if err != nil || own == 0 {
		return 0
	}
	return own - min(own/4, 30*time.Second)
}

func TestGoTestReportsAFailingModule(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a small module; not with -short")
	}
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const passing = "package small\n\nimport \"testing\"\n\nfunc TestFine(t *testing.T) {}\n"
	write("go.mod", "module example.org/small\n\ngo 1.26\n")
	write("small_test.go", passing)
	if run, err := goTest(t, dir); err != nil || len(run.failures) != 0 || run.tests != 1 {
		t.Fatalf("a passing module: %v\n%s\n%s", err, &run, run.failures)
	}
	write("small_test.go", passing+"\nfunc TestBad(t *testing.T) { t.Error(\"three is not four\") }\n")
	if run, err := goTest(t, dir); err == nil || !strings.Contains(strings.Join(run.failures, ""), "three is not four") {
		t.Errorf("a failing module: %v\n%s\n%s", err, &run, run.failures)
	}
	write("small_test.go", "package small\n\nvar x int = \"text\"\n")
	if run, err := goTest(t, dir); err == nil || !strings.Contains(strings.Join(run.failures, ""), "cannot use") {
		t.Errorf("a module that does not compile: %v\n%s\n%s", err, &run, run.failures)
	}
}

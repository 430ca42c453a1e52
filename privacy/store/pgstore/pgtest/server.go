package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/labelop/privacykit/privacy/store/pgstore/internal/admin"
)

// startTimeout bounds how long a server may take to answer, recovery included.
const startTimeout = time.Minute

// Server is a throwaway server of its own, for a test that kills it. Its methods
// are not for concurrent use.
type Server struct {
	programs  string
	directory string
	settings  []string
	process   *exec.Cmd
	exited    chan struct{}
}

// NewServer starts a server for the test, which ends with it. Settings are such
// as "max_connections=50". Without installed programs the test is skipped or
// fails, as in Cluster.Database, also where the environment names a server:
// nobody wants that one killed.
func NewServer(t testing.TB, settings ...string) *Server {
	t.Helper()
	s, err := newServer(settings...)
	if err != nil {
		Unavailable(t, err)
	}
	t.Cleanup(s.Remove)
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	return s
}

// newServer makes the files of a server.
func newServer(settings ...string) (*Server, error) {
	programs, err := findPrograms()
	if err != nil {
		return nil, err
	}
	// The temporary directory of a test has a long name, a socket's must be short.
	directory, err := os.MkdirTemp("", "pgtest-")
	if err != nil {
		return nil, fmt.Errorf("pgtest: %w", err)
	}
	s := &Server{programs: programs, directory: directory, settings: settings}
	if err := s.initialise(); err != nil {
		s.Remove()
		return nil, err
	}
	return s, nil
}

func findPrograms() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil && isFile(filepath.Join(filepath.Dir(path), "postgres")) {
			return filepath.Dir(path), nil
		}
	}
	installed, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(installed) == 0 {
		return "", errors.New("pgtest: initdb is not on the path, nor below /usr/lib/postgresql")
	}
	// Two digits each, so that the newest is the last.
	return filepath.Dir(slices.Max(installed)), nil
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

func (s *Server) initialise() error {
	if err := giveAway(s.directory); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	initdb, err := s.command(ctx, "initdb", "--pgdata="+s.data(), "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
	if err != nil {
		return err
	}
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("pgtest: initdb: %w\n%s", err, out)
	}
	return nil
}

func (s *Server) data() string { return filepath.Join(s.directory, "data") }

// command is one of the server's programs, as the user it runs as, with an
// environment that changes nothing.
func (s *Server) command(ctx context.Context, program string, args ...string) (*exec.Cmd, error) {
	command := exec.CommandContext(ctx, filepath.Join(s.programs, program), args...)
	command.Dir = s.directory
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
	var err error
	command.SysProcAttr, err = attributes()
	return command, err
}

// Start starts the server, which must not be running, and returns when it
// answers. After Kill it waits for the processes that a killed server leaves,
// whose memory keeps a new one from starting.
func (s *Server) Start() error {
	for deadline := time.Now().Add(startTimeout); ; {
		err := s.start()
		if err == nil || !strings.Contains(err.Error(), "shared memory block") || time.Now().After(deadline) {
			return err
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func (s *Server) start() error {
	args := []string{"-D", s.data(), "-k", s.directory}
	for _, setting := range append([]string{"listen_addresses=", "max_connections=200", "logging_collector=off", "autovacuum=off"}, s.settings...) {
		args = append(args, "-c", setting)
	}
	command, err := s.command(context.Background(), "postgres", args...)
	if err != nil {
		return err
	}
	log, err := os.OpenFile(s.log(), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("pgtest: %w", err)
	}
	defer log.Close()
	command.Stdout, command.Stderr = log, log
	if err := command.Start(); err != nil {
		return fmt.Errorf("pgtest: %w", err)
	}
	exited := make(chan struct{})
	go func() {
		_ = command.Wait() // how a server ends that was killed says nothing
		close(exited)
	}()
	s.process, s.exited = command, exited
	return s.await()
}

func (s *Server) log() string { return filepath.Join(s.directory, "log") }

func (s *Server) await() error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	for {
		err := admin.Exec(ctx, s.URL("postgres"), "SELECT 1")
		if err == nil {
			return nil
		}
		select {
		case <-s.exited:
			return errors.Join(errors.New("pgtest: the server ended"), s.logTail())
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("pgtest: the server does not answer: %w", err), s.logTail())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func (s *Server) logTail() error {
	text, err := os.ReadFile(s.log())
	if err != nil {
		return err
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return errors.New(strings.Join(lines[max(0, len(lines)-20):], "\n"))
}

// URL returns the URL of a database of the server.
func (s *Server) URL(database string) string {
	return (&url.URL{Scheme: "postgres", User: url.User("postgres"), Path: "/" + database, RawQuery: url.Values{"host": {s.directory}}.Encode()}).String()
}

// Socket returns the path of the server's Unix socket.
func (s *Server) Socket() string { return filepath.Join(s.directory, ".s.PGSQL.5432") }

// CreateDatabase creates a database and returns its URL.
func (s *Server) CreateDatabase(ctx context.Context, name string) (string, error) {
	return s.URL(name), admin.Exec(ctx, s.URL("postgres"), "CREATE DATABASE "+name+" TEMPLATE template0")
}

// Kill kills the server at once, as a crash would.
func (s *Server) Kill() { s.end(os.Kill) }

// Remove stops the server and deletes its files.
func (s *Server) Remove() {
	s.end(fastShutdown)
	_ = os.RemoveAll(s.directory) // what is left of a temporary directory harms nobody
}

func (s *Server) end(signal os.Signal) {
	if s.process == nil {
		return
	}
	if runtime.GOOS == "windows" {
		signal = os.Kill
	}
	_ = s.process.Process.Signal(signal) // it may have ended by itself
	<-s.exited
	s.process = nil
}

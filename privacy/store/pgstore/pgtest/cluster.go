package pgtest

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/labelop/privacykit/privacy/store/pgstore/internal/admin"
)

// The variables of the environment that say where the tests' databases are, and
// that a server is a must.
const (
	URLVariable     = "PRIVACYKIT_POSTGRES_URL"
	RequireVariable = "PRIVACYKIT_REQUIRE_POSTGRES"
)

// Cluster is the server that the tests of a process share. The zero Cluster is
// ready; its server is started when the first test asks for a database.
type Cluster struct {
	once   sync.Once
	server *Server // nil if the environment names one
	base   string
	err    error
}

// Main runs the tests, stops the server and returns the status to exit with. It
// is for TestMain.
func (c *Cluster) Main(m interface{ Run() int }) int {
	defer c.Stop()
	return m.Run()
}

// Stop stops the server, if there is one.
func (c *Cluster) Stop() {
	if c.server != nil {
		c.server.Remove()
	}
}

// Database creates an empty database for the test and returns its URL. The
// database is dropped when the test ends, whoever is still connected.
func (c *Cluster) Database(t testing.TB) string {
	t.Helper()
	c.once.Do(c.start)
	if c.err != nil {
		Unavailable(t, c.err)
	}
	// In lower case, the text is an identifier as it stands.
	name := "privacykit_" + strings.ToLower(rand.Text()[:12])
	c.exec(t, "CREATE DATABASE "+name+" TEMPLATE template0")
	t.Cleanup(func() { c.exec(t, "DROP DATABASE "+name+" WITH (FORCE)") })
	named, err := withDatabase(c.base, name)
	if err != nil {
		t.Fatal(err)
	}
	return named
}

func (c *Cluster) start() {
	if c.base = os.Getenv(URLVariable); c.base != "" {
		return
	}
	if c.server, c.err = newServer(); c.err != nil {
		return
	}
	if c.err = c.server.Start(); c.err != nil {
		c.server.Remove()
		c.server = nil
		return
	}
	c.base = c.server.URL("postgres")
}

func (c *Cluster) exec(t testing.TB, statement string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := admin.Exec(ctx, c.base, statement); err != nil {
		t.Fatalf("pgtest: %v", err)
	}
}

// Unavailable ends a test that has no server, for the reason err: it skips it,
// or fails it where the environment says that a server is a must.
func Unavailable(t testing.TB, err error) {
	t.Helper()
	if required := cmp.Or(os.Getenv(RequireVariable), "0"); required != "0" {
		t.Fatalf("pgtest: no PostgreSQL, and %s=%s: %v", RequireVariable, required, err)
	}
	t.Skipf("pgtest: skipped without PostgreSQL (set %s): %v", URLVariable, err)
}

// withDatabase names another database in a URL or a list of settings.
func withDatabase(base, name string) (string, error) {
	if !strings.HasPrefix(base, "postgres://") && !strings.HasPrefix(base, "postgresql://") {
		return base + " dbname=" + name, nil
	}
	u, err := url.Parse(base)
	if err != nil {
		return "", fmt.Errorf("pgtest: %s: %w", URLVariable, errors.New("malformed URL"))
	}
	u.Path = "/" + name
	return u.String(), nil
}

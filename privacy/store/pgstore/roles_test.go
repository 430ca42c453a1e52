package pgstore_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/pgstore"
)

// The test binary runs itself as another process in one of these roles.
const (
	roleVariable = "PGSTORE_TEST_ROLE"
	urlVariable  = "PGSTORE_TEST_URL"
	nameVariable = "PGSTORE_TEST_NAME"

	roleWriter  = "writer"
	roleGate    = "gate"
	roleMigrate = "migrate"
)

func play(role string) int {
	roles := map[string]func(ctx context.Context, db *pgstore.DB) error{
		roleWriter: appendForEver, roleGate: answer, roleMigrate: func(context.Context, *pgstore.DB) error { return nil },
		roleRunner: runCases, roleSweep: sweepPlanned,
	}
	ctx := context.Background()
	db, err := pgstore.Open(ctx, os.Getenv(urlVariable), nil)
	if err == nil {
		err = errors.Join(roles[role](ctx, db), db.Close())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, role, err)
		return 1
	}
	return 0
}

// child is another process of the test.
type child struct {
	*exec.Cmd
	in    io.WriteCloser
	lines *bufio.Scanner
}

// spawn starts a child, which is killed when the test ends.
func spawn(t *testing.T, role, url, name string) *child {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), roleVariable+"="+role, urlVariable+"="+url, nameVariable+"="+name)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Wait() }) // by then the test's context has killed it
	return &child{Cmd: cmd, in: in, lines: bufio.NewScanner(out)}
}

// say sends a line and returns the next one that the child prints.
func (c *child) say(t *testing.T, format string, args ...any) string {
	t.Helper()
	c.send(t, format, args...)
	return c.hear(t)
}

func (c *child) send(t *testing.T, format string, args ...any) {
	t.Helper()
	_, err := fmt.Fprintf(c.in, format+"\n", args...)
	require.NoError(t, err)
}

func (c *child) hear(t *testing.T) string {
	t.Helper()
	require.True(t, c.lines.Scan(), "the child has ended: %v", c.lines.Err())
	return c.lines.Text()
}

const (
	// crashWriters append at once in a child.
	crashWriters = 8
	// crashSubjects are few, so that writers meet on the same streams.
	crashSubjects = 6
)

// appendForEver prints the identifier of every event that was acknowledged.
func appendForEver(ctx context.Context, db *pgstore.DB) error {
	faults := make(chan error)
	for writer := range crashWriters {
		go func() {
			for n := 0; ; n++ {
				id := fmt.Sprintf("%s-%d-%d", os.Getenv(nameVariable), writer, n)
				if err := appendAny(ctx, db.Consent(), (writer+n)%crashSubjects, id, n); err != nil {
					faults <- err
				}
				// One call of write for each line, so that none is cut.
				if _, err := os.Stdout.WriteString(id + "\n"); err != nil {
					faults <- err
				}
			}
		}()
	}
	return <-faults
}

// appendAny appends the event id to a stream, of one kind or another.
func appendAny(ctx context.Context, store consent.LedgerStore, subject int, id string, n int) error {
	var fact consent.Fact = consent.Withdrawal{}
	if n%2 == 0 {
		fact = consent.RelationshipStarted{Reference: id}
	}
	work, err := newAppend(subjectKey(subject), id, id, fact)
	if err != nil {
		return err
	}
	results, err := store.Append(ctx, []consent.Append{work})
	if err != nil {
		return err
	}
	return results[0].Err
}

// declaration has one purpose, which rests on consent.
func declaration() privacy.Declaration {
	return privacy.Declaration{
		Operator:   privacy.Operator{Name: "Test", LegalEntity: "Test GmbH", Country: "DE"},
		Services:   []string{"test"},
		Contacts:   []privacy.Contact{{Kind: privacy.ContactPrivacy, Email: "privacy@example.com"}},
		Categories: []privacy.Category{{ID: "account", Title: "Account data", Role: privacy.RoleController}},
		Purposes:   []privacy.Purpose{{ID: "newsletter", Title: "Newsletter", Bases: []privacy.PurposeBasis{{Basis: privacy.BasisConsent}}}},
		Activities: []privacy.Activity{{
			ID: "mailing", Title: "Mailing", Purpose: "newsletter", Role: privacy.RoleController, Subjects: []string{"users"},
			Operations: []privacy.Operation{privacy.OperationUse}, Categories: []privacy.CategoryID{"account"},
			Retention: privacy.RetentionLimit{Criteria: "until consent is withdrawn"},
		}},
	}
}

// node is a process of a service, with a ledger and a gate with a cache.
type node struct {
	ledger *consent.Ledger
	gate   *consent.Gate
	use    *consent.PreparedUse
	store  *countedStore
}

func newNode(store consent.Store, cache *consent.CacheOptions) (*node, error) {
	register, err := privacy.Compile(declaration())
	if err != nil {
		return nil, err
	}
	n := &node{store: &countedStore{Store: store}}
	if n.ledger, err = consent.NewLedger(n.store, register, nil); err != nil {
		return nil, err
	}
	if n.gate, err = consent.NewGate(n.ledger, n.store, &consent.GateOptions{Cache: cache}); err != nil {
		return nil, err
	}
	n.use, err = n.gate.Prepare(consent.Use{Purpose: "newsletter", Categories: []privacy.CategoryID{"account"}, Operation: privacy.OperationUse})
	return n, err
}

func (n *node) check(ctx context.Context, subject string) (consent.Decision, error) {
	return n.use.Check(ctx, privacy.Subject{Tenant: tenant, ID: privacy.SubjectID(subject)})
}

func (n *node) grant(ctx context.Context, subject string) error {
	_, err := n.ledger.Grant(ctx, privacy.Subject{Tenant: tenant, ID: privacy.SubjectID(subject)}, consent.Grant{
		Purposes: []privacy.PurposeID{"newsletter"},
		Evidence: consent.Evidence{
			Notice: consent.Notice{Document: "policy", Version: 1, Locale: "en", TextSHA256: strings.Repeat("0", 64)},
			Act:    "checkbox_ticked_by_subject", Channel: "web",
		},
	})
	return err
}

func (n *node) withdraw(ctx context.Context, subject string) error {
	_, err := n.ledger.Withdraw(ctx, privacy.Subject{Tenant: tenant, ID: privacy.SubjectID(subject)}, consent.Withdrawal{})
	return err
}

// countedStore counts the reads that a cache would spare.
type countedStore struct {
	consent.Store
	reads atomic.Int64
}

func (s *countedStore) Streams(ctx context.Context, keys []consent.StreamKey) ([]consent.Stream, error) {
	s.reads.Add(1)
	return s.Store.Streams(ctx, keys)
}

// bound is the greatest staleness in the tests of several nodes.
const bound = 400 * time.Millisecond

// answer is a node that does what the lines of its standard input say.
func answer(ctx context.Context, db *pgstore.DB) error {
	n, err := newNode(db.Consent(), &consent.CacheOptions{MaxStaleness: bound, PollInterval: bound / 8})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	var following sync.WaitGroup
	following.Go(func() { _ = n.gate.Follow(ctx) })
	defer following.Wait()
	defer cancel()
	commands := bufio.NewScanner(os.Stdin)
	for commands.Scan() {
		command, subject, _ := strings.Cut(commands.Text(), " ")
		if err := n.obey(ctx, command, subject); err != nil {
			return err
		}
	}
	return commands.Err()
}

func (n *node) obey(ctx context.Context, command, subject string) error {
	switch command {
	case "check":
		decision, err := n.check(ctx, subject)
		if err != nil {
			return err
		}
		fmt.Println(decision.Allowed(), n.store.reads.Load())
	case "withdraw":
		if err := n.withdraw(ctx, subject); err != nil {
			return err
		}
		fmt.Println(time.Now().UnixNano())
	case "watch":
		return n.watch(ctx, subject)
	}
	return nil
}

// watch checks without a pause until it is refused. It says when it has begun to
// answer from the cache, and in the end for which time it allowed last.
func (n *node) watch(ctx context.Context, subject string) error {
	allowed, cached := time.Time{}, false
	for {
		reads := n.store.reads.Load()
		decision, err := n.check(ctx, subject)
		if err != nil {
			return err
		}
		if !decision.Allowed() {
			fmt.Println(allowed.UnixNano())
			return nil
		}
		allowed = decision.At
		if !cached && reads == n.store.reads.Load() {
			cached = true
			fmt.Println("cached")
		}
	}
}

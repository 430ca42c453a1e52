package pgstore_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/pgstore"
	"github.com/labelop/privacykit/retention"
)

// roleSweep is that of a process which executes the plan in a file.
const roleSweep = "sweep"

// documents is a table of the host with a record of every row that went, which is
// the truth that certificates are compared with.
type documents struct {
	pool *pgxpool.Pool
	// gone is called for every row that this process has deleted.
	gone func(key string)
}

const documentsSQL = `
	CREATE TABLE documents (key text PRIMARY KEY, subject text NOT NULL);
	CREATE TABLE effects (key text PRIMARY KEY, at timestamptz NOT NULL DEFAULT clock_timestamp())`

func (d *documents) Candidates(ctx context.Context, query retention.Query) (retention.Page, error) {
	var page retention.Page
	rows, err := d.pool.Query(ctx, `SELECT key, subject FROM documents WHERE key > $1 ORDER BY key LIMIT $2`, query.After, query.Limit)
	if err != nil {
		return page, err
	}
	page.Records, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (retention.Record, error) {
		r := retention.Record{
			Tenant: tenant, Category: "document", Zone: time.UTC,
			Events: []retention.Event{{Name: "created", On: privacy.MustDate("2020-01-01")}},
		}
		return r, row.Scan(&r.Key, (*string)(&r.Subject))
	})
	if len(page.Records) == query.Limit {
		page.Next = page.Records[query.Limit-1].Key
	}
	return page, err
}

func (d *documents) Dispose(ctx context.Context, r *retention.Record, _ retention.Action) error {
	time.Sleep(3 * time.Millisecond) // most of the time there is something in flight
	tag, err := d.pool.Exec(ctx, `WITH gone AS (DELETE FROM documents WHERE key = $1 RETURNING key) INSERT INTO effects (key) SELECT key FROM gone`, r.Key)
	if err == nil && tag.RowsAffected() > 0 {
		d.gone(r.Key)
	}
	return err
}

func (d *documents) Hide(context.Context, *retention.Record) error {
	return errors.New("nothing is hidden")
}

func (d *documents) Disposed(ctx context.Context, r *retention.Record, _ retention.Action) (gone bool, err error) {
	err = d.pool.QueryRow(ctx, `SELECT NOT EXISTS (SELECT 1 FROM documents WHERE key = $1)`, r.Key).Scan(&gone)
	return gone, err
}

// fastClock runs thirty times as fast, so that leases end after half a second although
// a disposal has five seconds on a machine that is busy. All processes agree on it.
type fastClock struct{}

func (fastClock) Now() time.Time {
	return time.UnixMicro(moment.UnixMicro() + 30*(time.Now().UnixMicro()-moment.UnixMicro())).UTC()
}

const sweepLease = 15 * time.Second

func newSweeper(db *pgstore.DB, store retention.Store, gone func(key string)) (*retention.Sweeper, error) {
	schedule, err := retention.Compile([]retention.Rule{{
		ID: "documents", Version: 1, Kind: retention.Maximum, Action: retention.Delete,
		Scope:  retention.Scope{Categories: []privacy.CategoryID{"document"}},
		Anchor: retention.Anchor{Start: retention.StartEvent, Events: []string{"created"}}, Period: privacy.MustPeriod("P1Y"),
	}}, &retention.Options{Zone: time.UTC})
	if err != nil {
		return nil, err
	}
	table := &documents{db.Pool(), gone}
	return retention.NewSweeper(schedule, []retention.System{{ID: "documents", Source: table, Disposer: table}}, store, retention.SweepOptions{
		TokenKey: bytes.Repeat([]byte{7}, 32), Clock: fastClock{}, Batch: 10, Lease: sweepLease, ItemTimeout: sweepLease / 3,
	})
}

// fences prints a line when the store refuses a lease that was lost.
type fences struct{ retention.Store }

func (f fences) notice(err error) error {
	if errors.Is(err, privacy.ErrConflict) {
		fmt.Println("fenced")
	}
	return err
}

func (f fences) Claim(ctx context.Context, sweep string, leases []retention.Lease, claims []retention.Claim, at time.Time) ([]retention.ClaimResult, error) {
	results, err := f.Store.Claim(ctx, sweep, leases, claims, at)
	return results, f.notice(err)
}

func (f fences) Record(ctx context.Context, sweep string, leases []retention.Lease, items []retention.Item, pending []retention.Notice) error {
	return f.notice(f.Store.Record(ctx, sweep, leases, items, pending))
}

func (f fences) Renew(ctx context.Context, sweep string, leases []retention.Lease, until time.Time) (bool, error) {
	wanted, err := f.Store.Renew(ctx, sweep, leases, until)
	return wanted, f.notice(err)
}

// sweepPlanned executes the plan in the file that the parent names.
func sweepPlanned(ctx context.Context, db *pgstore.DB) error {
	body, err := os.ReadFile(os.Getenv(nameVariable))
	if err != nil {
		return err
	}
	var plan retention.Plan
	if err := json.Unmarshal(body, &plan); err != nil {
		return err
	}
	sweeper, err := newSweeper(db, fences{db.Retention()}, func(key string) { fmt.Println("gone", key) })
	if err != nil {
		return err
	}
	_, err = executePlan(ctx, sweeper, &plan)
	return err
}

func executePlan(ctx context.Context, sweeper *retention.Sweeper, plan *retention.Plan) (*retention.Certificate, error) {
	hash, err := plan.Hash()
	if err != nil {
		return nil, err
	}
	return sweeper.Execute(ctx, plan, retention.Approval{PlanHash: hash, By: "dpo"})
}

// crashTest is a sweep over documents that are all due.
type crashTest struct {
	*testing.T
	url, file string
	db        *pgstore.DB
	sweeper   *retention.Sweeper
	plan      *retention.Plan
	keys      []string
}

const (
	// sweepSubjects own the documents, in turn.
	sweepSubjects = 150
	// sweepBlocked of them are blocked amid the sweep.
	sweepBlocked = 60
)

func newCrashTest(t *testing.T, n int) *crashTest {
	c := &crashTest{T: t, url: cluster.Database(t), file: filepath.Join(t.TempDir(), "plan.json")}
	c.db = openAt(t, c.url, nil)
	execute(t, c.db, documentsSQL)
	execute(t, c.db, `INSERT INTO documents (key, subject) SELECT 'k' || lpad(n::text, 6, '0'), 's' || n % $1 FROM generate_series(0, $2::int - 1) n`, sweepSubjects, n)
	for i := range n {
		c.keys = append(c.keys, fmt.Sprintf("k%06d", i))
	}
	var err error
	c.sweeper, err = newSweeper(c.db, c.db.Retention(), func(string) {})
	require.NoError(t, err)
	c.plan, err = c.sweeper.Plan(t.Context(), "sweep")
	require.NoError(t, err)
	require.Len(t, c.plan.Items, n)
	body, err := json.Marshal(c.plan)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(c.file, body, 0o600))
	return c
}

func (c *crashTest) token(key string) retention.Token {
	return c.sweeper.Token("documents", tenant, key)
}

// blocked is a hold or a request: what it covers may have gone before the time, or
// was in flight, or stays.
type blocked struct {
	subject  string
	at       time.Time
	inFlight map[retention.Token]bool
}

// block places a hold on a subject, or opens a request of it.
func (c *crashTest) block(n int) blocked {
	subject := privacy.SubjectID(fmt.Sprint("s", n))
	var claims []retention.Claim
	var err error
	if n%2 == 0 {
		claims, err = c.db.Retention().PlaceHold(c.Context(), retention.Hold{
			ID: fmt.Sprint("H", n), Owner: "legal", From: privacy.MustDate("2026-01-01"),
			Scope: retention.HoldScope{Tenant: tenant, Subjects: []privacy.SubjectID{subject}},
		})
	} else {
		claims, err = c.db.Retention().OpenRequest(c.Context(), retention.Request{
			ID: fmt.Sprint("R", n), Tenant: tenant, Subjects: []privacy.SubjectID{subject}, Right: privacy.RightAccess,
		})
	}
	require.NoError(c, err)
	b := blocked{subject: string(subject), inFlight: map[retention.Token]bool{}}
	require.NoError(c, c.db.Pool().QueryRow(c.Context(), `SELECT clock_timestamp()`).Scan(&b.at))
	for _, claim := range claims {
		b.inFlight[claim.Token] = true
	}
	return b
}

// check compares the certificate and the log with what happened to the table.
func (c *crashTest) check(blocks []blocked) {
	awaitAlone(c.T, c.db)
	certificate, err := executePlan(c.Context(), c.sweeper, c.plan)
	require.NoError(c, err)
	effects := map[string]time.Time{}
	rows, err := c.db.Pool().Query(c.Context(), `SELECT key, at FROM effects`)
	require.NoError(c, err)
	var key string
	var at time.Time
	_, err = pgx.ForEachRow(rows, []any{&key, &at}, func() error {
		effects[key] = at
		return nil
	})
	require.NoError(c, err)

	items, err := c.db.Retention().Items(c.Context(), c.plan.SweepID, 0, len(c.keys)+1)
	require.NoError(c, err)
	require.Len(c, items, len(c.keys), "one item for each record")
	require.NoError(c, certificate.Verify(items))
	outcomes := map[retention.Token]retention.Item{}
	for _, item := range items {
		outcomes[item.Token] = item
	}
	for _, key := range c.keys {
		item := outcomes[c.token(key)]
		if _, gone := effects[key]; gone {
			assert.Equal(c, retention.Disposed, item.Outcome, "%s is gone: %s", key, item.Reason)
		} else {
			assert.Equal(c, retention.Skipped, item.Outcome, "%s is there", key)
			assert.True(c, strings.HasPrefix(item.Reason, "hold:") || strings.HasPrefix(item.Reason, "request:"), "%s was left for %q", key, item.Reason)
		}
	}
	counted := 0
	for _, count := range certificate.Counts {
		if count.Outcome == retention.Disposed {
			counted += count.Count
		}
	}
	assert.Equal(c, len(effects), counted, "disposals that the certificate counts")
	late, inFlight := 0, 0
	for _, b := range blocks {
		inFlight += len(b.inFlight)
		for i, key := range c.keys {
			at, gone := effects[key]
			if gone && at.After(b.at) && fmt.Sprint("s", i%sweepSubjects) == b.subject {
				late++
				assert.True(c, b.inFlight[c.token(key)], "%s went although %s was blocked before it was claimed", key, b.subject)
			}
		}
	}
	c.Logf("%d of %d disposed of; %d were in flight when they were blocked, of which %d went", len(effects), len(c.keys), inFlight, late)
}

// TestSweepsSurviveKills kills processes amid a sweep that two share, 20 times in
// all, or 100 with PRIVACYKIT_SOAK=1, while holds are placed and requests opened.
func TestSweepsSurviveKills(t *testing.T) {
	t.Parallel()
	kills := 20
	if soak() {
		kills = 100
	}
	// So many that the sweep outlasts the kills, whatever is blocked.
	c := newCrashTest(t, kills*75)
	// At every kill it is time for some of the blocks, which then come one by one.
	var killed atomic.Int32
	due := make(chan int, sweepBlocked)
	var wait sync.WaitGroup
	for lane := range 2 {
		wait.Go(func() {
			for kill := range kills / 2 {
				for n := 2*kill + lane; n < sweepBlocked; n += kills {
					due <- n
				}
				if c.killAfter(rand.IntN(40)) {
					killed.Add(1)
				}
			}
		})
	}
	var blocks []blocked
	for range sweepBlocked {
		time.Sleep(time.Duration(rand.IntN(20)) * time.Millisecond)
		blocks = append(blocks, c.block(<-due))
	}
	wait.Wait()
	assert.Equal(t, int32(kills), killed.Load())
	last := [2]*child{spawn(t, roleSweep, c.url, c.file), spawn(t, roleSweep, c.url, c.file)}
	for _, process := range last {
		for process.lines.Scan() {
			continue
		}
		assert.NoError(t, process.Wait())
	}
	c.check(blocks)
}

// killAfter starts a process, and kills it a moment after it has disposed of n
// documents. It reports whether the process was alive then.
func (c *crashTest) killAfter(n int) bool {
	process := spawn(c.T, roleSweep, c.url, c.file)
	for range n {
		if !process.lines.Scan() {
			return process.Wait() != nil
		}
	}
	time.Sleep(time.Duration(rand.IntN(20)) * time.Millisecond)
	assert.NoError(c, process.Process.Kill())
	return process.Wait() != nil
}

// TestASweepStoppedPastItsLeaseIsFenced stops a process in the middle until another
// has taken over and finished, and lets it go on.
func TestASweepStoppedPastItsLeaseIsFenced(t *testing.T) {
	t.Parallel()
	c := newCrashTest(t, 300)
	first := spawn(t, roleSweep, c.url, c.file)
	for range 20 + rand.IntN(40) {
		require.True(t, first.lines.Scan())
	}
	require.NoError(t, first.Process.Signal(syscall.SIGSTOP))
	second := spawn(t, roleSweep, c.url, c.file)
	for second.lines.Scan() {
		continue
	}
	require.NoError(t, second.Wait())
	require.NoError(t, first.Process.Signal(syscall.SIGCONT))
	fenced := false
	for first.lines.Scan() {
		fenced = fenced || first.lines.Text() == "fenced"
	}
	require.NoError(t, first.Wait())
	assert.True(t, fenced, "the store refused the lease")
	c.check(nil)
}

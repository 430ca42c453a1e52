package pgstore_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/fulfilment"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/pgstore"
)

// roleRunner is a process that fulfils cases until it is killed. Its name says of
// how many calls in a hundred its connectors fail.
const roleRunner = "runner"

const crashSystems = 6

// crashLease is how long a killed process delays its tasks in these tests.
const crashLease = time.Second

// TestRunnersAreKilled kills one of two processes again and again, while requests
// for erasure from six systems come in: every case ends, every effect takes place
// once per key, and the log and the outbox have no gap. So it is when the systems
// fail 30 % of their calls. It kills 20 times amid 200 cases, or 100 times amid
// 1,000 with PRIVACYKIT_SOAK=1.
func TestRunnersAreKilled(t *testing.T) {
	t.Parallel()
	for name, failing := range map[string]string{"sound systems": "0", "failing systems": "30"} {
		t.Run(name, func(t *testing.T) {
			kills, cases := 10, 100
			if soak() {
				kills, cases = 100, 1000
			}
			url, desk := newDesk(t)
			var wait sync.WaitGroup
			for lane := range 2 {
				wait.Go(func() {
					for kill := range kills / 2 {
						c := spawn(t, roleRunner, url, failing)
						desk.open(t, fmt.Sprintf("%d-%d", lane, kill), cases/kills)
						time.Sleep(time.Duration(rand.IntN(400)) * time.Millisecond)
						assert.NoError(t, c.Process.Kill())
						assert.Error(t, c.Wait(), "the child was killed")
					}
				})
			}
			wait.Wait()
			desk.finish(t, url, failing, cases)
		})
	}
}

// TestRunnerIsPausedPastItsLease stops a process amid its work until another has done
// what it had begun, which cannot be before its leases have ended. When it goes on, it
// finds so, and does what else there is.
func TestRunnerIsPausedPastItsLease(t *testing.T) {
	t.Parallel()
	const cases, more = 60, 10
	url, desk := newDesk(t)
	desk.open(t, "paused", cases)
	sleeper := spawn(t, roleRunner, url, "0")
	for called := false; !called; time.Sleep(time.Millisecond) {
		require.NoError(t, desk.db.Pool().QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM test_calls)`).Scan(&called))
	}
	require.NoError(t, sleeper.Process.Signal(syscall.SIGSTOP))
	other := spawn(t, roleRunner, url, "0")
	desk.await(t, cases)
	require.NoError(t, other.Process.Kill())
	assert.Error(t, other.Wait())
	require.NoError(t, sleeper.Process.Signal(syscall.SIGCONT))
	desk.open(t, "awake", more)
	desk.await(t, more)
	require.NoError(t, sleeper.Process.Kill())
	assert.Error(t, sleeper.Wait())
	desk.check(t, cases+more)
}

// effects are the systems of these tests: tables that the store knows nothing of.
const effectTables = `
CREATE TABLE test_effects (key text PRIMARY KEY, task text NOT NULL);
CREATE TABLE test_tokens (task text PRIMARY KEY, token bigint NOT NULL);
CREATE TABLE test_calls (key text NOT NULL, token bigint NOT NULL);`

// crashSystem takes effect once per key and refuses a token that was overtaken.
type crashSystem struct {
	db      *pgstore.DB
	failing int
}

func (s crashSystem) fails() error {
	if rand.IntN(200) < s.failing { // asked before and after the effect
		return &fulfilment.CallError{Code: "unavailable"}
	}
	return nil
}

func (s crashSystem) Erase(ctx context.Context, call fulfilment.Call) (fulfilment.Result, error) {
	if err := s.fails(); err != nil {
		return fulfilment.Result{}, err
	}
	task := fmt.Sprintf("%s/%d/%s", call.Case, call.Item, call.Task)
	if _, err := s.db.Pool().Exec(ctx, `INSERT INTO test_calls VALUES ($1, $2)`, call.Key, call.Token); err != nil {
		return fulfilment.Result{}, err
	}
	newest, err := s.db.Pool().Exec(ctx, `INSERT INTO test_tokens AS t VALUES ($1, $2)
		ON CONFLICT (task) DO UPDATE SET token = excluded.token WHERE t.token <= excluded.token`, task, call.Token)
	if err != nil {
		return fulfilment.Result{}, err
	}
	if newest.RowsAffected() == 0 {
		return fulfilment.Result{}, &fulfilment.CallError{Code: "stale_token"}
	}
	if _, err := s.db.Pool().Exec(ctx, `INSERT INTO test_effects VALUES ($1, $2) ON CONFLICT DO NOTHING`, call.Key, task); err != nil {
		return fulfilment.Result{}, err
	}
	return fulfilment.Result{Evidence: "receipt/" + call.Key[:8]}, s.fails()
}

func (s crashSystem) Verify(ctx context.Context, call fulfilment.Call) ([]privacy.CategoryID, error) {
	var erased bool
	err := s.db.Pool().QueryRow(ctx, `SELECT EXISTS (SELECT FROM test_effects WHERE key = $1)`, call.Key).Scan(&erased)
	if err != nil || erased {
		return nil, err
	}
	return call.Categories, nil
}

// crashDesk opens cases and sees to it that they end.
type crashDesk struct {
	db      *pgstore.DB
	service *dsr.Service
	runner  *fulfilment.Runner
}

func newDesk(t *testing.T) (string, *crashDesk) {
	t.Helper()
	url := cluster.Database(t)
	db := openAt(t, url, nil)
	execute(t, db, effectTables)
	desk, err := deskOn(db, 0)
	require.NoError(t, err)
	return url, desk
}

func deskOn(db *pgstore.DB, failing int) (*crashDesk, error) {
	d := declaration()
	connectors := fulfilment.Connectors{Systems: map[privacy.SystemID]fulfilment.Connector{}}
	for n := range crashSystems {
		id := privacy.SystemID(fmt.Sprint("system-", n))
		d.Systems = append(d.Systems, privacy.System{ID: id, Title: string(id), Categories: []privacy.CategoryID{"account"}, SubjectKey: "id"})
		system := crashSystem{db, failing}
		connectors.Systems[id] = fulfilment.Connector{
			Eraser: system, Verifier: system, Manual: []dsr.Action{dsr.ActionExport, dsr.ActionCorrect, dsr.ActionRestrict},
		}
	}
	register, err := privacy.Compile(d)
	if err != nil {
		return nil, err
	}
	planner, err := fulfilment.NewPlanner(register, connectors, fulfilment.NoRetention{}, nil)
	if err != nil {
		return nil, err
	}
	store := db.DSR()
	service, err := dsr.NewService(store, dsr.Options{Zone: time.UTC, Calendar: privacy.WeekdaysOnly(), Source: "/dsr"})
	if err != nil {
		return nil, err
	}
	runner, err := fulfilment.NewRunner(service, store, planner, fulfilment.Options{
		Lease: crashLease, CallTimeout: crashLease / 2, Poll: 20 * time.Millisecond,
		FirstRetry: 10 * time.Millisecond, LongestRetry: 100 * time.Millisecond, Workers: 4,
	})
	return &crashDesk{db, service, runner}, err
}

// runCases is the role of roleRunner.
func runCases(ctx context.Context, db *pgstore.DB) error {
	var failing int
	if _, err := fmt.Sscan(os.Getenv(nameVariable), &failing); err != nil {
		return err
	}
	desk, err := deskOn(db, failing)
	if err != nil {
		return err
	}
	return desk.runner.Run(ctx)
}

// open opens n cases and has them carried out.
func (d *crashDesk) open(t *testing.T, name string, n int) {
	for i := range n {
		c, err := d.service.Open(t.Context(), "eu-gdpr", dsr.Intake{
			Tenant: "t", ID: dsr.CaseID(fmt.Sprintf("case-%s-%d", name, i)), Subject: "jane", Role: privacy.RoleController,
			ContentHash: "00", Channel: "test", Actor: dsr.ActorSubject, Requests: []dsr.Asked{{Request: regime.RequestErasure}},
		}, "")
		if assert.NoError(t, err) {
			_, err = d.runner.Begin(t.Context(), "t", c.ID, 0, fulfilment.Scope{})
			assert.NoError(t, err)
		}
	}
}

// finish lets two processes end what is left, and checks all.
func (d *crashDesk) finish(t *testing.T, url, failing string, cases int) {
	t.Helper()
	last := []*child{spawn(t, roleRunner, url, failing), spawn(t, roleRunner, url, failing)}
	d.await(t, cases)
	for _, c := range last {
		require.NoError(t, c.Process.Kill())
		assert.Error(t, c.Wait())
	}
	d.check(t, cases)
}

// await returns when no case is open any more.
func (d *crashDesk) await(t *testing.T, cases int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute+time.Duration(cases)*200*time.Millisecond)
	defer cancel()
	for {
		open, err := d.db.DSR().Open(ctx, "t", dsr.Position{}, 1)
		require.NoError(t, err)
		if len(open) == 0 {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// check checks that every case is fulfilled, that every task took effect once,
// and that the log of each case is whole, says once of each task that it is done,
// and has its events in the outbox.
func (d *crashDesk) check(t *testing.T, cases int) {
	t.Helper()
	awaitAlone(t, d.db)
	rows, err := d.db.Pool().Query(t.Context(), `SELECT task, count(*) FROM test_effects GROUP BY task`)
	require.NoError(t, err)
	effects := map[string]int{}
	var task string
	var times int
	_, err = pgx.ForEachRow(rows, []any{&task, &times}, func() error { effects[task] = times; return nil })
	require.NoError(t, err)
	assert.Len(t, effects, cases*crashSystems)
	for task, times := range effects {
		assert.Equal(t, 1, times, "%s took effect under several keys", task)
	}
	lines, attempts := 0, 0
	for id := range caseIDs(effects) {
		n, tried := d.checkCase(t, id)
		lines, attempts = lines+n, attempts+tried
	}
	var events, calls int
	require.NoError(t, d.db.Pool().QueryRow(t.Context(),
		`SELECT count(DISTINCT event::json->>'id') FROM privacy_outbox WHERE event::json->>'source' = '/dsr'`).Scan(&events))
	assert.Equal(t, lines, events, "lines of logs, and events in the outbox")
	require.NoError(t, d.db.Pool().QueryRow(t.Context(), `SELECT count(*) FROM test_calls`).Scan(&calls))
	t.Logf("%d cases, %d effects, %d attempts, %d calls that arrived", cases, len(effects), attempts, calls)
}

func caseIDs(effects map[string]int) map[dsr.CaseID]bool {
	ids := map[dsr.CaseID]bool{}
	for task := range effects {
		var id string
		for i := range task {
			if task[i] == '/' {
				id = task[:i]
				break
			}
		}
		ids[dsr.CaseID(id)] = true
	}
	return ids
}

// checkCase checks one case, and returns how many lines its log has and how many
// attempts there were.
func (d *crashDesk) checkCase(t *testing.T, id dsr.CaseID) (lines, attempts int) {
	t.Helper()
	c, err := d.db.DSR().Case(t.Context(), "t", id)
	require.NoError(t, err)
	assert.Equal(t, dsr.StateFulfilled, c.State(), id)
	log, err := d.db.DSR().Log(t.Context(), "t", id, 0, 10_000)
	require.NoError(t, err)
	require.NoError(t, dsr.VerifyLog(log))
	done, begun := map[dsr.TaskID]int{}, map[dsr.TaskID]int{}
	for _, line := range log {
		var payload struct {
			Task struct {
				ID    dsr.TaskID
				State dsr.TaskState
			}
		}
		require.NoError(t, json.Unmarshal([]byte(line.Payload), &payload))
		switch payload.Task.State {
		case dsr.TaskDone:
			done[payload.Task.ID]++
		case dsr.TaskRunning:
			begun[payload.Task.ID]++
		}
	}
	var faults error
	for _, task := range c.Items[0].Tasks {
		attempts += task.Attempts
		if done[task.ID] != 1 || begun[task.ID] != task.Attempts {
			faults = errors.Join(faults, fmt.Errorf("%s/%s: %d times done, %d begun of %d", id, task.ID, done[task.ID], begun[task.ID], task.Attempts))
		}
	}
	assert.NoError(t, faults, "the log has a gap")
	assert.Len(t, c.Items[0].Tasks, crashSystems)
	return len(log), attempts
}

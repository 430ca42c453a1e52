package sqlitestore_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/sqlitestore"
)

// The test binary runs itself as another process with one of these tasks.
const (
	taskVariable = "SQLITESTORE_CHILD_TASK"
	pathVariable = "SQLITESTORE_CHILD_PATH"
	nameVariable = "SQLITESTORE_CHILD_NAME"

	taskAppend  = "append"
	taskRace    = "race"
	taskMigrate = "migrate"
)

func TestMain(m *testing.M) {
	task := os.Getenv(taskVariable)
	if task == "" {
		os.Exit(m.Run())
	}
	path, name := os.Getenv(pathVariable), os.Getenv(nameVariable)
	run := map[string]func(ctx context.Context, path, name string) error{
		taskAppend: appendForEver, taskRace: appendExpected, taskMigrate: openOnce,
	}[task]
	if err := run(context.Background(), path, name); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func child(t *testing.T, task, path, name string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), taskVariable+"="+task, pathVariable+"="+path, nameVariable+"="+name)
	cmd.Stderr = os.Stderr
	return cmd
}

const (
	// crashWriters append at once in a child.
	crashWriters = 16
	// crashSubjects are few, so that writers meet on the same streams.
	crashSubjects = 6
)

// acknowledged prints the ID of what a store has acknowledged, by one write.
func acknowledged(id string) error {
	_, err := os.Stdout.WriteString(id + "\n")
	return err
}

func appendForEver(ctx context.Context, path, name string) error {
	db, err := sqlitestore.Open(ctx, path, nil)
	if err != nil {
		return err
	}
	faults := make(chan error)
	for writer := range crashWriters {
		go func() {
			for n := 0; ; n++ {
				if err := appendOrDecide(ctx, db.Consent(), name, writer, n); err != nil {
					faults <- err
				}
			}
		}()
	}
	return <-faults
}

// appendOrDecide writes the n-th event, or every tenth time a decision.
func appendOrDecide(ctx context.Context, store consent.Store, name string, writer, n int) error {
	id := fmt.Sprintf("%s-%d-%d", name, writer, n)
	if n%10 == 9 {
		id = decisionPrefix + id
		if err := store.RecordDecision(ctx, decision(id)); err != nil {
			return err
		}
		return acknowledged(id)
	}
	var fact consent.Fact = consent.Withdrawal{}
	if n%2 == 0 {
		fact = consent.RelationshipStarted{Reference: id}
	}
	results, err := store.Append(ctx, []consent.Append{fresh(subjectKey((writer+n)%crashSubjects), id, fact)})
	if err != nil {
		return err
	}
	if results[0].Err != nil {
		return results[0].Err
	}
	return acknowledged(id)
}

const decisionPrefix = "decision-"

// decision is about nobody in particular, so that it rests on the tenant alone.
func decision(id string) consent.DecisionRecord {
	return consent.DecisionRecord{
		ID: id, Tenant: tenant, At: moment, Body: []byte(`{"code":"allowed"}`),
		Event: privacy.Event{ID: id, Source: "/test", SpecVersion: privacy.SpecVersion, Type: "test.decision", Time: moment, Tenant: tenant},
	}
}

func fresh(key consent.StreamKey, id string, fact consent.Fact) consent.Append {
	record, err := consent.NewRecord(id, id, moment, consent.Entry{Tenant: key.Tenant, Subject: key.Subject, OccurredAt: moment, Fact: fact})
	if err != nil {
		panic(err)
	}
	return consent.Append{Key: key, Records: []consent.Record{record}, Source: "/test"}
}

// raceEvents is how often each process wins in appendExpected.
const raceEvents = 100

// appendExpected appends with an expected version, and reads again when another
// process was first.
func appendExpected(ctx context.Context, path, name string) error {
	db, err := sqlitestore.Open(ctx, path, &sqlitestore.Options{BusyTimeout: time.Minute})
	if err != nil {
		return err
	}
	defer db.Close()
	faults := make([]error, 4)
	var wait sync.WaitGroup
	for writer := range faults {
		wait.Go(func() {
			for n := 0; n < raceEvents/len(faults); {
				id := name + "-" + strconv.Itoa(writer) + "-" + strconv.Itoa(n)
				won, err := appendNext(ctx, db.Consent(), subjectKey(1), id)
				if err != nil {
					faults[writer] = err
					return
				}
				if won {
					n++
				}
			}
		})
	}
	wait.Wait()
	return errors.Join(faults...)
}

func appendNext(ctx context.Context, store consent.LedgerStore, key consent.StreamKey, id string) (won bool, err error) {
	streams, err := store.Streams(ctx, []consent.StreamKey{key})
	if err != nil {
		return false, err
	}
	work := fresh(key, id, consent.Withdrawal{})
	work.Expected = &streams[0].Version
	results, err := store.Append(ctx, []consent.Append{work})
	if err != nil {
		return false, err
	}
	if errors.Is(results[0].Err, privacy.ErrConflict) {
		return false, nil
	}
	return true, results[0].Err
}

func openOnce(ctx context.Context, path, _ string) error {
	db, err := sqlitestore.Open(ctx, path, &sqlitestore.Options{BusyTimeout: time.Minute})
	if err != nil {
		return err
	}
	return db.Close()
}

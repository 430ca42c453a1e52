package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/sqlitestore"
	"github.com/labelop/privacykit/privacy/store/sqlstore"
	"github.com/labelop/privacykit/retention"
)

// retentionDesk sweeps what LabelOp stores and files the certificates.
type retentionDesk struct {
	storage
	terms
	directory string
	clock     *setClock
	register  *privacy.Register
	database  *sqlitestore.DB
	tokenKey  []byte
	sweeps    int
}

// setClock is a time that stands still until it is set.
type setClock struct{ at atomic.Pointer[time.Time] }

// Now returns the time.
func (c *setClock) Now() time.Time { return *c.at.Load() }

func (c *setClock) set(on privacy.Date) {
	at := noon(on)
	c.at.Store(&at)
}

func noon(on privacy.Date) time.Time { return on.Start(time.UTC).Add(12 * time.Hour) }

// openRetentionDesk opens storage of its own in a temporary directory.
func openRetentionDesk(ctx context.Context) (*retentionDesk, error) {
	register, err := firstRelease().register()
	if err != nil {
		return nil, err
	}
	d := &retentionDesk{terms: firstTerms(), clock: &setClock{}, register: register, tokenKey: make([]byte, 32)}
	_, _ = rand.Read(d.tokenKey) // never fails
	d.clock.set(privacy.MustDate("2026-01-05"))
	if d.directory, err = os.MkdirTemp("", "labelop-retention-"); err != nil {
		return nil, err
	}
	d.database, err = sqlitestore.Open(ctx, filepath.Join(d.directory, databaseFile), &sqlitestore.Options{Store: sqlstore.Options{Clock: d.clock}})
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(d.directory))
	}
	d.storage = storage{rows: d.database.SQL(), images: filepath.Join(d.directory, "images")}
	if err := errors.Join(d.create(ctx), os.Mkdir(d.path("certificates"), 0o700)); err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

func (d *retentionDesk) close() error {
	return errors.Join(d.database.Close(), os.RemoveAll(d.directory))
}

func (d *retentionDesk) path(name string) string { return filepath.Join(d.directory, name) }

// sweeper makes a sweeper under the terms of the day.
func (d *retentionDesk) sweeper() (*retention.Sweeper, error) {
	schedule, err := d.compile(d.register)
	if err != nil {
		return nil, err
	}
	systems, err := d.systems()
	if err != nil {
		return nil, err
	}
	return retention.NewSweeper(schedule, systems, d.database.Retention(), retention.SweepOptions{TokenKey: d.tokenKey, Clock: d.clock})
}

// sweep plans, has the plan approved, executes it and files the certificate with
// its log. It returns what went and what was blocked.
func (d *retentionDesk) sweep(ctx context.Context) (string, error) {
	sweeper, err := d.sweeper()
	if err != nil {
		return "", err
	}
	d.sweeps++
	plan, certificate, err := approved(ctx, sweeper, fmt.Sprintf("sweep-%02d", d.sweeps))
	if err != nil {
		return "", err
	}
	return swept(plan, certificate), d.file(ctx, certificate)
}

// approved plans a sweep, has the plan approved and executes it.
func approved(ctx context.Context, sweeper *retention.Sweeper, id string) (*retention.Plan, *retention.Certificate, error) {
	plan, err := sweeper.Plan(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	hash, err := plan.Hash()
	if err != nil {
		return nil, nil, err
	}
	certificate, err := sweeper.Execute(ctx, plan, retention.Approval{PlanHash: hash, By: "data-protection-officer"})
	return plan, certificate, err
}

func swept(plan *retention.Plan, certificate *retention.Certificate) string {
	var parts []string
	for _, count := range certificate.Counts {
		parts = append(parts, fmt.Sprintf("%s %d %s", count.System, count.Count, count.Outcome))
	}
	slices.Sort(parts)
	for _, reason := range slices.Sorted(maps.Keys(plan.Blocked)) {
		parts = append(parts, fmt.Sprintf("%d kept by %s", plan.Blocked[reason], reason))
	}
	if len(parts) == 0 {
		return "nothing is due"
	}
	return strings.Join(parts, ", ")
}

// filed is a certificate as LabelOp files it, with all that it takes to check it.
type filed struct {
	Certificate *retention.Certificate `json:"certificate"`
	Items       []retention.Item       `json:"items"`
}

func (d *retentionDesk) file(ctx context.Context, certificate *retention.Certificate) error {
	items, err := d.database.Retention().Items(ctx, certificate.SweepID, 0, 1000)
	if err != nil {
		return err
	}
	data, err := json.MarshalIndent(filed{certificate, items}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(d.path("certificates"), certificate.SweepID+".json"), data, 0o600)
}

// readCertificates reads what was filed.
func (d *retentionDesk) readCertificates() ([]filed, error) {
	names, err := filepath.Glob(filepath.Join(d.path("certificates"), "*.json"))
	if err != nil {
		return nil, err
	}
	all := make([]filed, len(names))
	for i, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(data, &all[i]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

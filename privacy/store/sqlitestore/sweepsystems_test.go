package sqlitestore_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
	"github.com/labelop/privacykit/privacy/store/internal/storetest"
	"github.com/labelop/privacykit/privacy/store/sqlitestore"
	"github.com/labelop/privacykit/privacy/store/sqlstore"
	"github.com/labelop/privacykit/retention"
	"github.com/labelop/privacykit/retention/directory"
	"github.com/labelop/privacykit/retention/sqltable"
)

// hostTest is a service with images: a row and a file each, in the database of our
// stores and a directory beside it.
type hostTest struct {
	db      *sqlitestore.DB
	files   string
	sweeper *retention.Sweeper
}

var imageKeys = []string{"acme/held", "acme/new", "acme/old", "other/old"}

func newHostTest(t *testing.T) *hostTest {
	t.Helper()
	clock := privacytest.NewClock(storetest.SweptAt())
	h := &hostTest{db: open(t, &sqlitestore.Options{Store: sqlstore.Options{Clock: clock}}), files: t.TempDir()}
	_, err := h.db.SQL().ExecContext(t.Context(), `CREATE TABLE image (id TEXT PRIMARY KEY, workspace TEXT NOT NULL, uploaded_at INTEGER NOT NULL) STRICT`)
	must(t, err)
	h.fill(t)
	table, err := sqltable.New(h.db.SQL(), sqltable.Table{
		System: "image-rows", Dialect: retention.SQLite, Name: "image", Key: "id", TenantColumn: "workspace",
		Categories: []privacy.CategoryID{"images"}, Events: map[string]retention.Column{"uploaded": {Name: "uploaded_at", Type: retention.ColumnUnixSeconds}},
	})
	must(t, err)
	layout, err := directory.Layout("{tenant}/*", "uploaded", retention.Record{Category: "images"})
	must(t, err)
	files, err := directory.New(directory.Directory{System: "image-files", Path: h.files, Record: layout, BackupCycleDays: 30})
	must(t, err)
	schedule, err := retention.Compile([]retention.Rule{ownRule("images", "images", "P1Y", "uploaded")}, &retention.Options{Zone: time.UTC})
	must(t, err)
	h.sweeper, err = retention.NewSweeper(schedule, []retention.System{files, table}, h.db.Retention(),
		retention.SweepOptions{TokenKey: make([]byte, 32), Clock: clock, Batch: 2})
	must(t, err)
	return h
}

// fill makes what is not there, as restoring a backup does.
func (h *hostTest) fill(t *testing.T) {
	t.Helper()
	for _, key := range imageKeys {
		at := storetest.SweptAt().AddDate(-2, 0, 0)
		if key == "acme/new" {
			at = storetest.SweptAt().AddDate(0, -1, 0)
		}
		file := filepath.Join(h.files, key)
		must(t, os.MkdirAll(filepath.Dir(file), 0o700))
		must(t, os.WriteFile(file, []byte("pixels"), 0o600))
		must(t, os.Chtimes(file, at, at))
		_, err := h.db.SQL().ExecContext(t.Context(), `INSERT INTO image VALUES (?, ?, ?) ON CONFLICT DO NOTHING`, key, filepath.Dir(key), at.Unix())
		must(t, err)
	}
}

// left counts the files and the rows.
func (h *hostTest) left(t *testing.T) (files, rows int) {
	t.Helper()
	must(t, filepath.WalkDir(h.files, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			files++
		}
		return err
	}))
	must(t, h.db.SQL().QueryRowContext(t.Context(), `SELECT COUNT(*) FROM image`).Scan(&rows))
	return files, rows
}

func (h *hostTest) isLeft(t *testing.T, want int) {
	t.Helper()
	if files, rows := h.left(t); files != want || rows != want {
		t.Errorf("%d files and %d rows are left, want %d of each", files, rows, want)
	}
}

func TestFilesAndRowsAreSweptTogether(t *testing.T) {
	h := newHostTest(t)
	_, err := h.db.Retention().PlaceHold(t.Context(), retention.Hold{
		ID: "H1", Scope: retention.HoldScope{Tenant: "other"}, Owner: "legal", From: privacy.MustDate("2026-01-01"), Ground: retention.GroundLegalClaims,
	})
	must(t, err)
	plan, err := h.sweeper.Plan(t.Context(), "sweep-1")
	must(t, err)
	if len(plan.Items) != 4 || plan.Blocked["hold:H1"] != 2 {
		t.Errorf("%d items planned, blocked %v, want 4 and 2 by the hold", len(plan.Items), plan.Blocked)
	}
	hash, err := plan.Hash()
	must(t, err)
	certificate, err := h.sweeper.Execute(t.Context(), plan, retention.Approval{PlanHash: hash, By: "dpo"})
	must(t, err)
	items, err := h.db.Retention().Items(t.Context(), "sweep-1", 0, 100)
	must(t, err)
	must(t, certificate.Verify(items))
	h.isLeft(t, 2)
	proof, err := retention.Prove(items, h.sweeper.Token("image-files", "acme", "acme/old"))
	must(t, err)
	must(t, certificate.VerifyItem(proof))

	h.fill(t) // a backup was restored
	h.isLeft(t, 4)
	again, err := h.sweeper.Redispose(t.Context())
	must(t, err)
	if again.Again != 4 || again.Failed != 0 {
		t.Errorf("disposed again %+v, want 4", again)
	}
	h.isLeft(t, 2)
}

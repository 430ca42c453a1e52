package sqltable_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
	"github.com/labelop/privacykit/retention/sqltable"
)

// declared is a sound declaration.
func declared() sqltable.Table {
	return sqltable.Table{
		System: "images", Dialect: retention.PostgreSQL, Name: "app.image", Key: "id", TenantColumn: "workspace",
		Categories: []privacy.CategoryID{"content.images"},
		Events:     map[string]retention.Column{"uploaded": {Name: "uploaded_at", Type: retention.ColumnTimestamp}},
	}
}

func TestBadDeclarationsAreRefused(t *testing.T) {
	cases := map[string]struct {
		change func(*sqltable.Table)
		path   string
		code   string
	}{
		"no system":               {func(x *sqltable.Table) { x.System = "" }, "system", "identifier"},
		"no dialect":              {func(x *sqltable.Table) { x.Dialect = 0 }, "dialect", "required"},
		"no name":                 {func(x *sqltable.Table) { x.Name = "" }, "name", "table_name"},
		"a statement for a name":  {func(x *sqltable.Table) { x.Name = `image"; DROP TABLE image; --` }, "name", "table_name"},
		"three parts":             {func(x *sqltable.Table) { x.Name = "a.b.c" }, "name", "table_name"},
		"no key":                  {func(x *sqltable.Table) { x.Key = "" }, "key", "required"},
		"a quote in a column":     {func(x *sqltable.Table) { x.Key = `id"` }, "key", "column_name"},
		"a table in a column":     {func(x *sqltable.Table) { x.TenantColumn = "image.workspace" }, "tenant_column", "column_name"},
		"a digit first":           {func(x *sqltable.Table) { x.SubjectColumn = "1st" }, "subject_column", "column_name"},
		"not ASCII":               {func(x *sqltable.Table) { x.BytesColumn = "größe" }, "bytes_column", "column_name"},
		"a name too long":         {func(x *sqltable.Table) { x.LabelsColumn = strings.Repeat("a", 64) }, "labels_column", "column_name"},
		"a suspension's column":   {func(x *sqltable.Table) { x.Suspensions = map[string]string{"open": ""} }, `suspensions["open"]`, "column_name"},
		"two tenants":             {func(x *sqltable.Table) { x.Tenant = "t1" }, "tenant", "contradictory"},
		"a bad tenant":            {func(x *sqltable.Table) { x.TenantColumn, x.Tenant = "", "\x00" }, "tenant", "identifier"},
		"keys of no tenant":       {func(x *sqltable.Table) { x.TenantColumn, x.KeyWithinTenant = "", true }, "key_within_tenant", "required"},
		"two jurisdictions":       {func(x *sqltable.Table) { x.Jurisdiction, x.JurisdictionColumn = "DE", "law" }, "jurisdiction", "contradictory"},
		"no category":             {func(x *sqltable.Table) { x.Categories = nil }, "categories", "required"},
		"a bad category":          {func(x *sqltable.Table) { x.Categories[0] = "" }, "categories[0]", "identifier"},
		"a category twice":        {func(x *sqltable.Table) { x.Categories = append(x.Categories, x.Categories[0]); x.CategoryColumn = "c" }, "categories[1]", "duplicate"},
		"categories in no column": {func(x *sqltable.Table) { x.Categories = append(x.Categories, "other") }, "category_column", "required"},
		"no event":                {func(x *sqltable.Table) { x.Events = nil }, "events", "required"},
		"an event's column":       {func(x *sqltable.Table) { x.Events["uploaded"] = retention.Column{Type: 1} }, `events["uploaded"]`, "column_name"},
		"an event's type":         {func(x *sqltable.Table) { x.Events["uploaded"] = retention.Column{Name: "a"} }, `events["uploaded"]`, "column_type"},
		"a text of PostgreSQL": {func(x *sqltable.Table) {
			x.Events["uploaded"] = retention.Column{Name: "a", Type: retention.ColumnTextTimestamp}
		}, `events["uploaded"]`, "column_type"},
		"a timestamp of SQLite":    {func(x *sqltable.Table) { x.Dialect = retention.SQLite }, `events["uploaded"]`, "column_type"},
		"no zone":                  {func(x *sqltable.Table) { x.Zones = []*time.Location{nil} }, "zones", "required"},
		"no zones for a column":    {func(x *sqltable.Table) { x.ZoneColumn = "zone" }, "zones", "required"},
		"zones without a column":   {func(x *sqltable.Table) { x.Zones = []*time.Location{time.UTC, time.UTC} }, "zone_column", "required"},
		"a mark for what remains":  {func(x *sqltable.Table) { x.Anonymise = []sqltable.Replacement{{Column: "mail"}} }, "disposed_column", "required"},
		"hidden and disposed":      {func(x *sqltable.Table) { x.HiddenColumn, x.DisposedColumn = "gone", "gone" }, "disposed_column", "duplicate"},
		"a negative backup cycle":  {func(x *sqltable.Table) { x.BackupCycleDays = -1 }, "backup_cycle_days", "negative"},
		"the key replaced":         {replacing(sqltable.Replacement{Column: "id"}), "anonymise[0].column", "reserved"},
		"a replacement's column":   {replacing(sqltable.Replacement{Column: "a b"}), "anonymise[0].column", "column_name"},
		"a replacement twice":      {replacing(sqltable.Replacement{Column: "a"}, sqltable.Replacement{Column: "a"}), "anonymise[1].column", "duplicate"},
		"a replacement of a float": {replacing(sqltable.Replacement{Column: "a", Value: 1.5}), "anonymise[0].value", "type"},
		"two replacements in one":  {replacing(sqltable.Replacement{Column: "a", Value: "x", Func: func(s string) (string, error) { return s, nil }}), "anonymise[0]", "contradictory"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			table := declared()
			c.change(&table)
			for _, err := range []error{newError(table), indexError(table)} {
				var problems privacy.Problems
				if !errors.As(err, &problems) || !errors.Is(err, privacy.ErrInvalid) {
					t.Fatalf("got %v, want problems", err)
				}
				if len(problems) != 1 || problems[0].Path != c.path || problems[0].Code != c.code {
					t.Errorf("got %v, want %s at %s alone", err, c.code, c.path)
				}
			}
		})
	}
}

func replacing(replacements ...sqltable.Replacement) func(*sqltable.Table) {
	return func(x *sqltable.Table) { x.DisposedColumn, x.Anonymise = "gone", replacements }
}

func newError(table sqltable.Table) error {
	_, err := sqltable.New(&sql.DB{}, table)
	return err
}

func indexError(table sqltable.Table) error {
	_, err := table.Indexes()
	return err
}

func TestAllProblemsAreReportedTogether(t *testing.T) {
	_, err := sqltable.New(nil, sqltable.Table{Key: "-"})
	var problems privacy.Problems
	if !errors.As(err, &problems) {
		t.Fatal(err)
	}
	var paths []string
	for _, p := range problems {
		paths = append(paths, p.Path)
	}
	if want := []string{"", "system", "dialect", "name", "key", "categories", "events"}; !reflect.DeepEqual(paths, want) {
		t.Errorf("problems at %q, want %q", paths, want)
	}
}

func TestSystemIsThatOfTheDeclaration(t *testing.T) {
	table := declared()
	table.BackupCycleDays = 35
	system, err := sqltable.New(&sql.DB{}, table)
	if err != nil || system.ID != "images" || system.BackupCycleDays != 35 || system.Source == nil || system.Disposer == nil {
		t.Errorf("got %+v, %v", system, err)
	}
}

func TestIndexesFitWhatIsRead(t *testing.T) {
	table := declared()
	table.KeyWithinTenant, table.CategoryColumn = true, "category"
	table.Events["also"] = table.Events["uploaded"]
	got, err := table.Indexes()
	want := []string{
		`CREATE INDEX "image_sweep_1" ON "app"."image" ("category", "uploaded_at", "workspace", "id")`,
		`CREATE INDEX "image_sweep_2" ON "app"."image" ("workspace", "category", "uploaded_at", "id")`,
		`CREATE INDEX "image_sweep_3" ON "app"."image" ("workspace", "category", "id")`,
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, %v", got, err)
	}
	table = declared()
	table.Dialect, table.TenantColumn, table.HiddenColumn, table.DisposedColumn = retention.SQLite, "", "hidden", "gone"
	table.Events["uploaded"] = retention.Column{Name: "uploaded_on", Type: retention.ColumnDate}
	table.Name = "app." + strings.Repeat("x", 60)
	got, err = table.Indexes()
	want = []string{
		`CREATE INDEX "app"."` + strings.Repeat("x", 48) + `_sweep_1" ON "` + strings.Repeat("x", 60) + `" ("uploaded_on", "id") WHERE "hidden" IS NOT TRUE AND "gone" IS NOT TRUE`,
		`CREATE INDEX "app"."` + strings.Repeat("x", 48) + `_sweep_2" ON "` + strings.Repeat("x", 60) + `" ("uploaded_on", "id") WHERE "hidden" IS TRUE AND "gone" IS NOT TRUE`,
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, %v", got, err)
	}
}

// broken is a database that answers every statement with an error that quotes a row.
type broken struct{ err error }

func (b broken) Connect(context.Context) (driver.Conn, error) { return nil, b.err }
func (b broken) Driver() driver.Driver                        { return nil }

func TestErrorsQuoteNothing(t *testing.T) {
	cause := errors.New("duplicate key (mail)=(ada@example.org)")
	table := declared()
	table.HiddenColumn = "hidden"
	system, err := sqltable.New(sql.OpenDB(broken{cause}), table)
	if err != nil {
		t.Fatal(err)
	}
	record := &retention.Record{Key: "1", Tenant: "t1"}
	_, read := system.Source.Candidates(t.Context(), retention.Query{All: true, Limit: 1})
	_, verify := system.Disposer.Disposed(t.Context(), record, retention.Delete)
	for op, err := range map[string]error{
		"read": read, "verify": verify,
		"delete": system.Disposer.Dispose(t.Context(), record, retention.Delete),
		"hide":   system.Disposer.Hide(t.Context(), record),
	} {
		if !errors.Is(err, cause) || err.Error() != "sqltable: images: "+op+" failed" {
			t.Errorf("got %v", err)
		}
	}
}

func TestWhatWasNotDeclaredIsRefused(t *testing.T) {
	system, err := sqltable.New(&sql.DB{}, declared())
	if err != nil {
		t.Fatal(err)
	}
	record := &retention.Record{Key: "1", Tenant: "t1"}
	for _, action := range []retention.Action{0, retention.Anonymise, retention.CryptoShred, retention.Review} {
		if err := system.Disposer.Dispose(t.Context(), record, action); !errors.Is(err, privacy.ErrInvalid) {
			t.Errorf("%s: got %v, want ErrInvalid", action, err)
		}
		if done, _ := system.Disposer.Disposed(t.Context(), record, action); done {
			t.Errorf("%s: nothing was done, and it is disposed of", action)
		}
	}
	if err := system.Disposer.Hide(t.Context(), record); !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("hide: got %v, want ErrInvalid", err)
	}
}

func TestScheduleAsksForMoreThanTheTableHas(t *testing.T) {
	schedule, err := retention.Compile([]retention.Rule{{
		ID: "m", Version: 1, Kind: retention.Maximum, Action: retention.Delete, Period: privacy.MustPeriod("P1Y"),
		Anchor: retention.Anchor{Start: retention.StartEvent, Events: []string{"closed"}},
	}}, &retention.Options{Zone: time.UTC})
	if err != nil {
		t.Fatal(err)
	}
	system, err := sqltable.New(&sql.DB{}, declared())
	if err != nil {
		t.Fatal(err)
	}
	_, err = system.Source.Candidates(t.Context(), retention.Query{Schedule: schedule, At: time.Now(), Limit: 1})
	if !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("got %v, want ErrInvalid", err)
	}
}

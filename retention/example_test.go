package retention_test

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/memstore"
	"github.com/labelop/privacykit/retention"
)

func Example() {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		panic(err)
	}
	voucher, err := retention.FindPreset("de-ao-147-voucher")
	if err != nil {
		panic(err)
	}
	rules := append(
		voucher.Rules(retention.PresetUse{
			RuleID: "invoices-by-law",
			Scope:  retention.Scope{Categories: []privacy.CategoryID{"billing.invoice"}},
		}),
		retention.Rule{
			ID: "billing", Version: 1, Kind: retention.Maximum, Action: retention.Delete,
			Scope:  retention.Scope{Categories: []privacy.CategoryID{"billing"}},
			Anchor: retention.Anchor{Start: retention.StartEvent, Events: []string{"account_closed"}},
			Period: privacy.MustPeriod("P90D"),
		})
	schedule, err := retention.Compile(rules, &retention.Options{Zone: berlin})
	if err != nil {
		panic(err)
	}

	invoice := retention.Record{
		Category: "billing.invoice",
		Events: []retention.Event{
			{Name: "created", On: privacy.MustDate("2019-05-10")},
			{Name: "account_closed", On: privacy.MustDate("2025-06-30")},
		},
	}
	today := time.Date(2026, 11, 23, 9, 0, 0, 0, berlin)
	fmt.Print(schedule.Explain(&invoice, nil, today).Text())

	answer := schedule.Erase(retention.ErasureRequest{}, []*retention.Record{&invoice}, nil, today)
	fmt.Println(answer.Items[0].Decision, answer.Items[0].Until, answer.Items[0].Article)
	// Output:
	// hidden on 2026-11-23
	//   retain through 2027-12-31
	//   hidden from 2025-09-29
	//   delete from 2028-01-01
	//   rule invoices-by-law v2: statutory_minimum P8Y from 2019-12-31 through 2027-12-31: decides [AO s.147(3) as amended by the Viertes Bürokratieentlastungsgesetz (BEG IV), in force 1 January 2025, also for periods still running]
	//   rule billing v1: maximum P90D from 2025-06-30 through 2025-09-28: loses to retention
	// restrict_until 2027-12-31 GDPR 17(3)(b)
}

func ExampleSchedule_Predicate() {
	schedule, err := retention.Compile([]retention.Rule{{
		ID: "logs", Version: 1, Kind: retention.Maximum, Action: retention.Delete,
		Scope:  retention.Scope{Categories: []privacy.CategoryID{"usage"}},
		Anchor: retention.Anchor{Start: retention.StartEndOfMonth, Events: []string{"logged"}},
		Period: privacy.MustPeriod("P6M"),
	}}, &retention.Options{Zone: time.UTC})
	if err != nil {
		panic(err)
	}
	predicate, err := schedule.Predicate(retention.Table{
		Dialect:    retention.PostgreSQL,
		Categories: []privacy.CategoryID{"usage"}, CategoryColumn: "category",
		Events: map[string]retention.Column{"logged": {Name: "logged_at", Type: retention.ColumnTimestamp}},
	}, time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC))
	if err != nil {
		panic(err)
	}
	fmt.Println(predicate.SQL)
	fmt.Println(predicate.Args...)
	// Output:
	// (("category" = $1 AND (("logged_at" < $2))))
	// usage 2026-05-01 00:00:00 +0000 UTC
}

// A reader of a large table asks each lane page by page, after the last invoice and key
// of the page before.
func ExampleSchedule_Lanes() {
	voucher, err := retention.FindPreset("de-ao-147-voucher")
	if err != nil {
		panic(err)
	}
	schedule, err := retention.Compile(voucher.Rules(retention.PresetUse{Events: []string{"invoiced"}}), &retention.Options{Zone: time.UTC})
	if err != nil {
		panic(err)
	}
	lanes, err := schedule.Lanes(retention.Table{
		Dialect: retention.PostgreSQL, Categories: []privacy.CategoryID{"billing"},
		Events: map[string]retention.Column{"invoiced": {Name: "invoiced_on", Type: retention.ColumnDate}},
	}, time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC))
	if err != nil {
		panic(err)
	}
	for _, lane := range lanes {
		fmt.Println("SELECT * FROM invoice WHERE", lane.Predicate.SQL, "ORDER BY", lane.Event.Name, "LIMIT 100")
		fmt.Println(lane.Predicate.Args...)
	}
	// Output:
	// SELECT * FROM invoice WHERE ("invoiced_on" <= $1) ORDER BY invoiced_on LIMIT 100
	// 2017-12-31
}

func ExampleSweeper() {
	ctx := context.Background()
	schedule, err := retention.Compile([]retention.Rule{maximum("images", "P1Y")}, &retention.Options{Zone: time.UTC})
	if err != nil {
		panic(err)
	}
	store, files := memstore.NewRetention(), newShelf(nil, map[string]string{"old.png": "2024-01-01", "new.png": "2026-01-01"})
	sweeper, err := retention.NewSweeper(schedule,
		[]retention.System{{ID: "files", Source: files, Disposer: files}}, store,
		retention.SweepOptions{TokenKey: bytes.Repeat([]byte{1}, 32), Clock: &fixedClock{on("2026-06-01")}})
	if err != nil {
		panic(err)
	}

	plan, err := sweeper.Plan(ctx, "2026-06")
	if err != nil {
		panic(err)
	}
	hash, err := plan.Hash()
	if err != nil {
		panic(err)
	}
	certificate, err := sweeper.Execute(ctx, plan, retention.Approval{PlanHash: hash, By: "dpo"})
	if err != nil {
		panic(err)
	}
	for _, group := range certificate.Counts {
		fmt.Println(group.Outcome, group.Count)
	}

	items, err := store.Items(ctx, "2026-06", 0, 100)
	if err != nil {
		panic(err)
	}
	proof, err := retention.Prove(items, sweeper.Token("files", "t1", "old.png"))
	if err != nil {
		panic(err)
	}
	fmt.Println(certificate.Verify(items), certificate.VerifyItem(proof))
	// Output:
	// disposed 1
	// <nil> <nil>
}

// What nobody has decided on is in no plan: it is asked for apart.
func ExampleSweeper_Undecided() {
	images := maximum("images", "P1Y")
	images.Scope.Categories = []privacy.CategoryID{"image"}
	schedule, err := retention.Compile([]retention.Rule{images}, &retention.Options{Zone: time.UTC})
	if err != nil {
		panic(err)
	}
	files := newShelf(nil, map[string]string{"old.png": "2024-01-01", "new.png": "2026-01-01"})
	files.records["undated.png"] = retention.Record{Key: "undated.png", Tenant: "t1", Category: "image"}
	files.records["notes.txt"] = retention.Record{Key: "notes.txt", Tenant: "t1", Category: "note"}
	sweeper, err := retention.NewSweeper(schedule,
		[]retention.System{{ID: "files", Source: files, Disposer: files}}, memstore.NewRetention(),
		retention.SweepOptions{TokenKey: bytes.Repeat([]byte{1}, 32), Clock: &fixedClock{on("2026-06-01")}, Samples: 3})
	if err != nil {
		panic(err)
	}

	undecided, err := sweeper.Undecided(context.Background())
	if err != nil {
		panic(err)
	}
	fmt.Println(undecided.Seen, "records")
	for _, group := range undecided.Groups {
		fmt.Println(group.Count, group.Category, group.Finding, group.RuleID, group.Samples)
	}
	// Output:
	// 4 records
	// 1 image anchor_missing images [undated.png]
	// 1 note no_retention_rule  [notes.txt]
}

func ExampleSweeper_sharing() {
	ctx := context.Background()
	schedule, err := retention.Compile([]retention.Rule{maximum("images", "P1Y")}, &retention.Options{Zone: time.UTC})
	if err != nil {
		panic(err)
	}
	store, files := memstore.NewRetention(), newShelf(nil, map[string]string{"a.png": "2024-01-01", "b.png": "2024-01-01"})
	// Each process makes a Sweeper like the others'.
	newSweeper := func() *retention.Sweeper {
		sweeper, err := retention.NewSweeper(schedule, []retention.System{{ID: "files", Source: files, Disposer: files}}, store,
			retention.SweepOptions{TokenKey: bytes.Repeat([]byte{1}, 32), Clock: &fixedClock{on("2026-06-01")}})
		if err != nil {
			panic(err)
		}
		return sweeper
	}
	plan, err := newSweeper().Plan(ctx, "2026-06")
	if err != nil {
		panic(err)
	}
	hash, err := plan.Hash()
	if err != nil {
		panic(err)
	}
	approval := retention.Approval{PlanHash: hash, By: "dpo"}

	// A subject asks for access before its image is claimed.
	inFlight, err := store.OpenRequest(ctx, retention.Request{
		ID: "case-7", Tenant: "t1", Subjects: []privacy.SubjectID{"subject-b.png"}, Right: privacy.RightAccess,
	})
	if err != nil {
		panic(err)
	}
	fmt.Println(len(inFlight), "in flight")

	roots := make([]retention.Hash, 2)
	var processes sync.WaitGroup
	for i := range roots {
		processes.Go(func() {
			certificate, err := newSweeper().Execute(ctx, plan, approval)
			if err != nil {
				panic(err)
			}
			if roots[i] = certificate.TreeRoot; i == 0 {
				for _, group := range certificate.Counts {
					fmt.Println(group.Outcome, group.Reason, group.Count)
				}
			}
		})
	}
	processes.Wait()
	fmt.Println("one log:", roots[0] == roots[1])
	// Output:
	// 0 in flight
	// disposed  1
	// skipped request:access 1
	// one log: true
}

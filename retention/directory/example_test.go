package directory_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
	"github.com/labelop/privacykit/retention/directory"
)

func ExampleNew() {
	path, err := os.MkdirTemp("", "directory-")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(path) }()
	ctx, now := context.Background(), time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	for name, age := range map[string]int{"acme/ada/street.png": -2, "acme/eve/meadow.png": 0} {
		file := filepath.Join(path, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			panic(err)
		}
		if err := os.WriteFile(file, []byte("pixels"), 0o600); err != nil {
			panic(err)
		}
		if err := os.Chtimes(file, now, now.AddDate(age, 0, -1)); err != nil {
			panic(err)
		}
	}

	byCustomer, err := directory.Layout("{tenant}/{subject}/*", "modified", retention.Record{Category: "content.images"})
	if err != nil {
		panic(err)
	}
	system, err := directory.New(directory.Directory{System: "image-files", Path: path, Record: byCustomer})
	if err != nil {
		panic(err)
	}
	schedule, err := retention.Compile([]retention.Rule{{
		ID: "images", Version: 1, Kind: retention.Maximum, Action: retention.Delete, Period: privacy.MustPeriod("P1Y"),
		Anchor: retention.Anchor{Start: retention.StartEvent, Events: []string{"modified"}},
	}}, &retention.Options{Zone: time.UTC})
	if err != nil {
		panic(err)
	}

	page, err := system.Source.Candidates(ctx, retention.Query{Schedule: schedule, At: now, Limit: 100})
	if err != nil {
		panic(err)
	}
	for i := range page.Records {
		file := &page.Records[i]
		verdict := schedule.Evaluate(file, nil, now)
		fmt.Println(file.Key, file.Tenant, file.Subject, verdict.State)
		if verdict.State == retention.Due {
			err := system.Disposer.Dispose(ctx, file, verdict.Action)
			gone, _ := system.Disposer.Disposed(ctx, file, verdict.Action)
			fmt.Println("disposed of:", gone, err)
		}
	}
	// Output:
	// acme/ada/street.png acme ada due
	// disposed of: true <nil>
	// acme/eve/meadow.png acme eve keep
}

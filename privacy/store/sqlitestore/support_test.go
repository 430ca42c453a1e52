package sqlitestore_test

import (
	"context"
	"testing"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy/store/internal/storetest"
	"github.com/labelop/privacykit/privacy/store/sqlitestore"
)

const tenant = storetest.Tenant

var moment = storetest.Moment()

// migrated copies a database with our tables as Open makes them.
var migrated = storetest.Copies(func(path string) error {
	db, err := sqlitestore.Open(context.Background(), path, nil)
	if err != nil {
		return err
	}
	return db.Close()
})

// open opens a database that was migrated before, in a directory of the test. What
// is about migration opens a path with openAt.
func open(t testing.TB, options *sqlitestore.Options) *sqlitestore.DB {
	t.Helper()
	return openAt(t, migrated(t), options)
}

func openAt(t testing.TB, path string, options *sqlitestore.Options) *sqlitestore.DB {
	t.Helper()
	db, err := sqlitestore.Open(t.Context(), path, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

var (
	subjectKey = storetest.SubjectKey
	granted    = storetest.Granted
	recorded   = storetest.Recorded
	mustAppend = storetest.MustAppend
	must       = storetest.Must
	ownRule    = storetest.Rule
)

func oneGrant(t testing.TB) []consent.Append {
	t.Helper()
	return []consent.Append{granted(t, subjectKey(7), "event-7", "key-7")}
}

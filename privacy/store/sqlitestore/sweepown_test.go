package sqlitestore_test

import (
	"testing"

	"github.com/labelop/privacykit/privacy/store/internal/storetest"
	"github.com/labelop/privacykit/privacy/store/sqlitestore"
	"github.com/labelop/privacykit/privacy/store/sqlstore"
)

func openOwn(t testing.TB, options sqlstore.Options) *sqlstore.DB {
	t.Helper()
	return open(t, &sqlitestore.Options{Store: options}).DB
}

func TestOwnRecords(t *testing.T) { storetest.OwnRecords(t, openOwn) }

func TestClosedCasesAreSwept(t *testing.T) { storetest.ClosedCases(t, openOwn) }

package sqlitestore_test

import (
	"context"
	"errors"
	"testing"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/consent/consenttest"
	"github.com/labelop/privacykit/privacy/store/internal/storetest"
	"github.com/labelop/privacykit/privacy/store/sqlitestore"
	"github.com/labelop/privacykit/privacy/store/sqlstore"
)

func newConsent(t testing.TB) consent.Store { return open(t, nil).Consent() }

func TestConformance(t *testing.T) { consenttest.Run(t, newConsent) }

func TestConsentMutants(t *testing.T) { consenttest.RunMutants(t, newConsent) }

// TestConformanceInHostTransactions runs the suite with every call in a
// transaction of a host, which commits it if the call did not fail.
func TestConformanceInHostTransactions(t *testing.T) {
	consenttest.Run(t, func(t testing.TB) consent.Store {
		return storetest.ConsentInTransactions(inTransactions(open(t, nil)))
	})
}

// inTransactions makes a transaction of the host for every call. A refusal is
// committed too: it must have written nothing.
func inTransactions(db *sqlitestore.DB) storetest.Transact {
	return func(ctx context.Context, do func(*sqlstore.Tx) error) error {
		tx, err := db.SQL().BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		return errors.Join(do(db.WithTx(tx)), tx.Commit())
	}
}

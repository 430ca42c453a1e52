package pgstore_test

import (
	"testing"

	"github.com/labelop/privacykit/dsr/fulfilment"
	"github.com/labelop/privacykit/dsr/fulfilment/fulfilmenttest"
)

func newSuppressions(t *testing.T) func(t testing.TB) fulfilment.SuppressionStore {
	newDB := recycled(t, openPool(t, cluster.Database(t), hasty))
	return func(t testing.TB) fulfilment.SuppressionStore { return newDB(t).Suppressions() }
}

func TestSuppressionConformance(t *testing.T) { fulfilmenttest.RunSuppression(t, newSuppressions(t)) }

func TestSuppressionMutants(t *testing.T) {
	fulfilmenttest.RunSuppressionMutants(t, newSuppressions(t))
}

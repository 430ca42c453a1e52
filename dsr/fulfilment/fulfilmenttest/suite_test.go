package fulfilmenttest_test

import (
	"testing"

	"github.com/labelop/privacykit/dsr/fulfilment"
	"github.com/labelop/privacykit/dsr/fulfilment/fulfilmenttest"
)

func newStore(testing.TB) fulfilment.SuppressionStore { return new(fulfilmenttest.Suppressions) }

func TestMemory(t *testing.T) { fulfilmenttest.RunSuppression(t, newStore) }

func TestMutants(t *testing.T) { fulfilmenttest.RunSuppressionMutants(t, newStore) }

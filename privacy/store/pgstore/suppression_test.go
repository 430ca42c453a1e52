package pgstore_test

import (
	"testing"

	"github.com/labelop/privacykit/dsr/fulfilment"
	"github.com/labelop/privacykit/dsr/fulfilment/fulfilmenttest"
)

func newSuppressions(t testing.TB) fulfilment.SuppressionStore { return open(t, nil).Suppressions() }

func TestSuppressionConformance(t *testing.T) { fulfilmenttest.RunSuppression(t, newSuppressions) }

func TestSuppressionMutants(t *testing.T) { fulfilmenttest.RunSuppressionMutants(t, newSuppressions) }

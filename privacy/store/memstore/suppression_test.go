package memstore_test

import (
	"testing"

	"github.com/labelop/privacykit/dsr/fulfilment"
	"github.com/labelop/privacykit/dsr/fulfilment/fulfilmenttest"
	"github.com/labelop/privacykit/privacy/store/memstore"
)

func newSuppressions(testing.TB) fulfilment.SuppressionStore { return memstore.NewSuppressions() }

func TestSuppressionStore(t *testing.T) { fulfilmenttest.RunSuppression(t, newSuppressions) }

func TestSuppressionMutants(t *testing.T) { fulfilmenttest.RunSuppressionMutants(t, newSuppressions) }

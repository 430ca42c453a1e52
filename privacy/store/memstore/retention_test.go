package memstore_test

import (
	"testing"

	"github.com/labelop/privacykit/privacy/store/memstore"
	"github.com/labelop/privacykit/retention/retentiontest"
)

func TestRetentionStore(t *testing.T) {
	retentiontest.Run(t, func(testing.TB) retentiontest.Store { return memstore.NewRetention() })
}

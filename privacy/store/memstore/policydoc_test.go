package memstore_test

import (
	"testing"

	"github.com/labelop/privacykit/policydoc/policydoctest"
	"github.com/labelop/privacykit/privacy/store/memstore"
)

func TestPolicydocStore(t *testing.T) {
	policydoctest.Run(t, func(testing.TB) policydoctest.Opened {
		s := memstore.NewPolicydoc()
		return policydoctest.Opened{Store: s, Events: s.Events}
	})
}

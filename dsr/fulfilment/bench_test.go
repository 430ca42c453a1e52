package fulfilment_test

import (
	"testing"

	"github.com/labelop/privacykit/dsr/fulfilment/fulfilmenttest"
	"github.com/labelop/privacykit/privacy/store/memstore"
)

func BenchmarkErasuresInMemory(b *testing.B) {
	fulfilmenttest.BenchmarkErasures(b, memstore.NewDSR(memstore.NewConsent(nil)))
}

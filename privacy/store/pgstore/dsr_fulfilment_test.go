package pgstore_test

import (
	"testing"

	"github.com/labelop/privacykit/dsr/fulfilment/fulfilmenttest"
)

// BenchmarkErasures takes cases through a full erasure in six systems.
func BenchmarkErasures(b *testing.B) { fulfilmenttest.BenchmarkErasures(b, open(b, nil).DSR()) }

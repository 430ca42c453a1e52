package pgstore_test

import (
	"testing"

	"github.com/labelop/privacykit/dsr/archive"
	"github.com/labelop/privacykit/dsr/archive/archivetest"
)

func newTokens(t *testing.T) func(t testing.TB) archive.TokenStore {
	t.Helper()
	newDB := recycled(t, openPool(t, cluster.Database(t), hasty))
	return func(t testing.TB) archive.TokenStore { return newDB(t).Tokens() }
}

func TestTokenConformance(t *testing.T) { archivetest.Run(t, newTokens(t)) }

func TestTokenMutants(t *testing.T) { archivetest.RunMutants(t, newTokens(t)) }

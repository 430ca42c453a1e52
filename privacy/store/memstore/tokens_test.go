package memstore_test

import (
	"testing"

	"github.com/labelop/privacykit/dsr/archive"
	"github.com/labelop/privacykit/dsr/archive/archivetest"
	"github.com/labelop/privacykit/privacy/store/memstore"
)

func newTokens(testing.TB) archive.TokenStore { return memstore.NewTokens() }

func TestTokenStore(t *testing.T) { archivetest.Run(t, newTokens) }

func TestTokenMutants(t *testing.T) { archivetest.RunMutants(t, newTokens) }

package sqlitestore_test

import (
	"testing"

	"github.com/labelop/privacykit/dsr/archive"
	"github.com/labelop/privacykit/dsr/archive/archivetest"
)

func newTokens(t testing.TB) archive.TokenStore { return open(t, nil).Tokens() }

func TestTokenConformance(t *testing.T) { archivetest.Run(t, newTokens) }

func TestTokenMutants(t *testing.T) { archivetest.RunMutants(t, newTokens) }

package pgstore_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/pgstore"
	"github.com/labelop/privacykit/privacy/store/pgstore/pgtest"
	"github.com/labelop/privacykit/privacy/store/sqlstore"
)

func TestOptionsThatCannotWork(t *testing.T) {
	for name, options := range map[string]*pgstore.Options{
		"negative": {BusyTimeout: -1}, "below a millisecond": {IdleTimeout: time.Microsecond},
		"prefix": {Store: sqlstore.Options{Prefix: "Quoted\""}},
	} {
		_, err := pgstore.New(t.Context(), openPool(t, "postgres://127.0.0.1/none"), options)
		require.ErrorIs(t, err, privacy.ErrInvalid, name)
	}
	_, err := pgstore.New(t.Context(), nil, nil)
	require.ErrorIs(t, err, privacy.ErrInvalid)
}

func TestAMalformedURLIsNotQuoted(t *testing.T) {
	_, err := pgstore.Open(t.Context(), "postgres://user:secret@host:port/", nil)
	require.ErrorIs(t, err, privacy.ErrInvalid)
	assert.NotContains(t, err.Error(), "secret")
}

// A server that is gone fails a batch as a whole, as a failure of the database
// that quotes nothing; when it is back, the same pool goes on.
func TestAServerThatIsGone(t *testing.T) {
	t.Parallel()
	server := pgtest.NewServer(t)
	url, err := server.CreateDatabase(t.Context(), "gone")
	require.NoError(t, err)
	db := openAt(t, url, nil)
	n, err := newNode(db.Consent(), nil)
	require.NoError(t, err)
	require.NoError(t, n.grant(t.Context(), "subject-0"))
	server.Kill()

	appends := make([]consent.Append, 300)
	for i := range appends {
		appends[i] = granted(t, subjectKey(i), fmt.Sprintf("eee-%d", i), strings.Repeat("k", 250))
	}
	var failure *sqlstore.Error
	for range 5 {
		_, err = db.Consent().Append(t.Context(), appends)
		require.ErrorAs(t, err, &failure)
		assert.NotContains(t, err.Error(), "eee")
		decision, err := n.check(t.Context(), "subject-0")
		require.ErrorAs(t, err, &failure)
		assert.False(t, decision.Allowed(), "unreadable is no")
	}
	require.NoError(t, server.Start())
	require.Eventually(t, func() bool {
		_, err = db.Consent().Append(t.Context(), appends)
		return err == nil
	}, time.Minute, time.Millisecond)
	for i := range appends {
		assert.Len(t, foldedRecords(t, db.Consent(), subjectKey(i)), 1)
	}
}

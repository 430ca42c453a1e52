package pgstore_test

import (
	"context"
	"fmt"
	"net"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/pgstore"
)

// countedConn counts round trips: answers that were waited for after something
// was sent.
type countedConn struct {
	net.Conn
	sent  atomic.Bool
	trips *atomic.Int64
}

func (c *countedConn) Write(b []byte) (int, error) {
	c.sent.Store(true)
	return c.Conn.Write(b)
}

func (c *countedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 && c.sent.Swap(false) {
		c.trips.Add(1)
	}
	return n, err
}

// openCounted returns a DB, on a pool for the stores or one of a host, and its
// round trips so far. There is one connection, so that each statement is
// prepared once.
func openCounted(t testing.TB, url string, configure func(*pgxpool.Config)) (*pgstore.DB, *atomic.Int64) {
	t.Helper()
	var trips atomic.Int64
	pool := openPool(t, url, func(c *pgxpool.Config) {
		c.MaxConns, c.ShouldPing = 1, neverPing
		configure(c)
		dial := c.ConnConfig.DialFunc
		c.ConnConfig.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dial(ctx, network, address)
			return &countedConn{Conn: conn, trips: &trips}, err
		}
	})
	db, err := pgstore.New(t.Context(), pool, nil)
	require.NoError(t, err)
	return db, &trips
}

func TestRoundTrips(t *testing.T) {
	pools := map[string]func(*pgxpool.Config){
		"pool of the host":    func(*pgxpool.Config) {},
		"pool for the stores": func(c *pgxpool.Config) { require.NoError(t, pgstore.Configure(c, nil)) },
	}
	for name, configure := range pools {
		t.Run(name, func(t *testing.T) {
			db, trips := openCounted(t, cluster.Database(t), configure)
			checkTrips(t, db, trips)
		})
	}
}

func checkTrips(t *testing.T, db *pgstore.DB, trips *atomic.Int64) {
	t.Helper()
	store, events := db.Consent(), 0
	batch := func(size int) []consent.Append {
		appends := make([]consent.Append, size)
		for i := range appends {
			events++
			id := fmt.Sprintf("event-%d", events)
			appends[i] = granted(t, subjectKey(i), id, id)
		}
		return appends
	}
	keys := make([]consent.StreamKey, 1000)
	for i := range keys {
		keys[i] = subjectKey(i)
	}
	n, err := newNode(store, nil)
	require.NoError(t, err)
	subjects := make([]privacy.Subject, 1000)
	for i := range subjects {
		subjects[i] = privacy.Subject{Tenant: tenant, ID: keys[i].Subject}
	}
	duplicate := batch(1)
	for _, c := range []struct {
		name string
		most int64
		do   func()
	}{
		{"append", 2, func() { mustAppend(t, store, batch(1)...) }},
		{"append of a hundred", 2, func() { mustAppend(t, store, batch(100)...) }},
		{"append again", 3, func() { mustAppend(t, store, duplicate...) }},
		{"one stream", 1, func() { _, err := store.Streams(t.Context(), keys[:1]); require.NoError(t, err) }},
		{"a thousand streams", 1, func() { _, err := store.Streams(t.Context(), keys); require.NoError(t, err) }},
		{"check of a thousand", 1, func() { _, err := n.use.CheckAll(t.Context(), subjects); require.NoError(t, err) }},
		{"page of the feed", 1, func() { _, err := store.Changes(t.Context(), "", 100); require.NoError(t, err) }},
		{"claim", 1, func() {
			_, err := store.Claim(t.Context(), consent.Claim{Worker: "w", Limit: 10, Now: moment, Lease: 1})
			require.NoError(t, err)
		}},
	} {
		// The first calls prepare what they need, once for a connection.
		c.do()
		c.do()
		before := trips.Load()
		c.do()
		assert.LessOrEqual(t, trips.Load()-before, c.most, c.name)
		t.Logf("%s: %d round trips", c.name, trips.Load()-before)
	}
}

package pgstore_test

import (
	"context"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/privacy/store/pgstore"
)

// cutProxy stands between a pool and the server. It drops connections: before
// the server gets to see a request, or after it has acted on one.
type cutProxy struct {
	network, address string
	// oneIn is how many pieces of a conversation pass for one that does not; 0
	// lets all pass.
	oneIn atomic.Int64
	// left is how many more pieces pass, where limited is set. Then none does.
	left    atomic.Int64
	limited atomic.Bool
	cuts    atomic.Int64
	// held keeps back what the server says while it is locked.
	held sync.Mutex
}

// openThrough returns a DB whose connections go through a new proxy.
func openThrough(t *testing.T, url string, oneIn int64, options *pgstore.Options) (*pgstore.DB, *cutProxy) {
	t.Helper()
	config, err := pgxpool.ParseConfig(url)
	require.NoError(t, err)
	proxy := &cutProxy{}
	proxy.network, proxy.address = pgconn.NetworkAddress(config.ConnConfig.Host, config.ConnConfig.Port)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var serving sync.WaitGroup
	serving.Go(func() { proxy.serve(listener, &serving) })
	t.Cleanup(func() {
		assert.NoError(t, listener.Close())
		serving.Wait()
	})
	config.ConnConfig.Host, config.ConnConfig.Port = "127.0.0.1", uint16(listener.Addr().(*net.TCPAddr).Port)
	config.ShouldPing = neverPing
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	db, err := pgstore.New(t.Context(), pool, options)
	require.NoError(t, err)
	proxy.oneIn.Store(oneIn)
	return db, proxy
}

// neverPing keeps a pool from asking a connection that was idle for a second
// whether it lives: tests count on what is said, also where the machine is slow.
func neverPing(context.Context, pgxpool.ShouldPingParams) bool { return false }

func (p *cutProxy) serve(listener net.Listener, serving *sync.WaitGroup) {
	for {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial(p.network, p.address)
		if err != nil {
			_ = client.Close() // is cut, too
			continue
		}
		serving.Go(func() { p.pass(client, server, false) })
		serving.Go(func() { p.pass(server, client, true) })
	}
}

func (p *cutProxy) wait() {
	p.held.Lock()
	p.held.Unlock() //nolint:gocritic,staticcheck // to have waited is all it is for
}

// isCut reports whether the next piece does not pass.
func (p *cutProxy) isCut() bool {
	if p.limited.Load() && p.left.Add(-1) < 0 {
		return true
	}
	oneIn := p.oneIn.Load()
	return oneIn > 0 && rand.Int64N(oneIn) == 0
}

// pass hands on what it reads until it is to cut the connection.
func (p *cutProxy) pass(from, to net.Conn, back bool) {
	defer from.Close()
	defer to.Close()
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if back {
			p.wait()
		}
		if err == nil && p.isCut() {
			p.cuts.Add(1)
			return
		}
		if err == nil {
			_, err = to.Write(buffer[:n])
		}
		if err != nil {
			return
		}
	}
}

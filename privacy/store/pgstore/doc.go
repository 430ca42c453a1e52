// Package pgstore keeps everything in PostgreSQL, through pgx: the Stores of
// package sqlstore, on a pool of the host's or one of their own.
//
//	db, err := pgstore.Open(ctx, "postgres://service@db.example.com/service", nil)
//	if err != nil { ... }
//	defer db.Close()
//	ledger, err := consent.NewLedger(db.Consent(), register, nil)
//
// With the host's own transaction, its rows and ours are committed together. A
// conflict leaves the transaction usable:
//
//	tx, err := pool.Begin(ctx)
//	...
//	joined := ledger.Join(db.WithTx(tx).Consent())
//	defer joined.Done()
//
// # Round trips
//
// Statements that belong together travel together. An append is two round trips,
// with a hundred elements as with one: the first begins, locks the streams and
// looks for used keys, the second writes and commits. A thousand streams are
// read in one. From 128 events on, an append writes them by COPY, for two more.
// A statement that a connection has not prepared yet costs one more, once.
//
// # What acknowledged means
//
// A method that has returned has committed, at the server's setting of
// synchronous_commit: leave it on, or every promise ends with the server. With a
// synchronous standby, acknowledged work survives the loss of the primary. After
// a failure of the connection nobody can know whether the work was done;
// repeating it with the same keys does it once. Errors of the database are of
// type *sqlstore.Error.
//
// Transactions of ours are bounded on the server, see Options: a process that is
// paused within one neither keeps a row locked nor holds up the cache feed for
// longer than Options.IdleTimeout. Transactions of the host are the host's: one
// that stays open keeps the caches of all nodes from being used, and the gates
// ask the database instead.
//
// # Several nodes, standbys, poolers
//
// Any number of processes may work on one database, also while migrating it; of
// processes of different releases, the newer one migrates first. Stores read and
// write the primary: a standby that lags would break the promise that a
// withdrawal is seen. A URL may name a primary with its standbys; after a
// promotion, connections are made to whichever takes writes. Behind a pooler
// that hands out a connection for a transaction at a time, use a pool with
// pgx.QueryExecModeExec and New, which sends its timeouts along, instead of
// Configure, whose timeouts the pooler would have to know.
//
// # Scaling out
//
// The tables of subjects and their indexes begin with (tenant, subject), those
// of tenants with tenant; no method needs two subjects in one transaction,
// although a batch may use one for many. Nothing depends on LISTEN and NOTIFY,
// advisory locks, or the order in which a sequence is handed out.
//
// A PostgreSQL that is spread over machines needs, besides:
//
//   - For Citus: distribute streams, events and decisions by tenant, which
//     colocates them; a single subject or tenant then stays on one machine. The
//     outbox and the horizon of its feed (the tables outbox and feed) are keyed
//     by neither and stay local to the coordinator, so that an append becomes a
//     transaction over two machines (two-phase commit). The cache feed orders
//     its rows by transaction ids of the machine that holds the outbox. Where
//     streams are elsewhere, the ids written with a stream are those of another
//     machine and mean nothing beside them: until that is changed, keep streams
//     local too, or use gates without a cache.
//   - For YugabyteDB: pg_current_xact_id and snapshots' xmin are not those of a
//     cluster-wide order of transactions, so that the cache feed must not be
//     used: gates without a cache. FOR UPDATE SKIP LOCKED, ON CONFLICT and READ
//     COMMITTED are needed, and READ COMMITTED may have to be enabled.
//
// Tried: PostgreSQL 15 alone, with killed servers and cut connections, and with
// a synchronous standby that is promoted after the primary was killed
// (testdata/full/replication.sh). Not tried: Citus, YugabyteDB, CockroachDB,
// Patroni, pgbouncer; what stands above about them follows from their
// documentation and our schema, and is no promise.
package pgstore

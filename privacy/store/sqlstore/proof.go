package sqlstore

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/consent/proof"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/merkle"
)

// ProofStore keeps the trees over the ledger's events. It is safe for concurrent
// use; that of a Tx is as safe as the transaction.
type ProofStore struct {
	core *core
	work work
	// ledger is the cache feed, in the same database.
	ledger *ConsentStore
}

var _ proof.Store = (*ProofStore)(nil)

// Proof returns the store of package proof.
func (db *DB) Proof() *ProofStore {
	return &ProofStore{core: db.core, work: db, ledger: db.Consent()}
}

// Proof returns the store of package proof within the transaction. What the host
// rolls back is placed by a later batch.
func (tx *Tx) Proof() *ProofStore {
	return &ProofStore{core: tx.core, work: tx, ledger: tx.Consent()}
}

// proofSQL are the statements on trees.
type proofSQL struct {
	lockLease, updateLease, readCursor, updateCursor   string
	lockTree, insertTree, updateTree, tile, leaf, many string
	trees, allTrees, tiles, positions                  string
	changes, pendingHead, pendingTail, scan            string
}

// manyLeaves is the number of rows of the statement that inserts many.
const manyLeaves = 32

func newProofSQL(t *template, dialect Dialect) proofSQL {
	insertLeaf := `INSERT INTO {proof_leaves} (tenant, subject, sequence, leaf_index) VALUES `
	s := proofSQL{
		lockLease:    t.write(`SELECT token, holder, leased_until, feed_cursor FROM {proof_sequencer} WHERE id = 1 {for update}`),
		updateLease:  t.write(`UPDATE {proof_sequencer} SET token = $1, holder = $2, leased_until = $3 WHERE id = 1`),
		updateCursor: t.write(`UPDATE {proof_sequencer} SET feed_cursor = $1 WHERE id = 1`),
		lockTree:     t.write(`SELECT size FROM {proof_trees} WHERE tenant = $1 {for update}`),
		insertTree:   t.write(`INSERT INTO {proof_trees} (size, edge, checkpoint, tenant) VALUES ($1, $2, $3, $4)`),
		updateTree:   t.write(`UPDATE {proof_trees} SET size = $1, edge = $2, checkpoint = $3 WHERE tenant = $4`),
		tile:         t.write(`INSERT INTO {proof_tiles} (tenant, level, tile_index, hashes) VALUES ($1, $2, $3, $4)`),
		leaf:         t.write(insertLeaf + `($1, $2, $3, $4)`),
		readCursor:   t.read(`SELECT feed_cursor FROM {proof_sequencer} WHERE id = 1`),
		trees:        t.read(`SELECT tenant, size, edge, checkpoint FROM {proof_trees} WHERE tenant = $1 AND tenant > $2`),
		allTrees:     t.read(`SELECT tenant, size, edge, checkpoint FROM {proof_trees} WHERE tenant > $1 ORDER BY tenant LIMIT $2`),
		tiles:        t.read(`SELECT hashes FROM {proof_tiles} WHERE tenant = $1 AND level = $2 AND tile_index = $3`),
		positions: t.read(`SELECT sequence, leaf_index FROM {proof_leaves}
			WHERE tenant = $1 AND subject = $2 AND sequence > $3 ORDER BY sequence LIMIT $4`),
		changes: t.read(changesSQL(dialect)),
		scan:    t.read(`SELECT tenant, subject FROM {streams} WHERE (tenant, subject) > ($1, $2) ORDER BY tenant, subject LIMIT $3`),
	}
	head, tail := pendingSQL(dialect)
	s.pendingHead, s.pendingTail = t.read(head), t.read(tail)
	if dialect == SQLite {
		// PostgreSQL's driver makes such statements of single rows by itself.
		s.many = t.write(insertLeaf + leafRows(dialect, manyLeaves, 4))
	}
	return s
}

// changesSQL returns the statement for a page of the cache feed without its bounds.
func changesSQL(dialect Dialect) string {
	const columns = `SELECT {order}, tenant, subject FROM {outbox} WHERE version > 0 AND {settled} AND `
	if dialect == SQLite {
		return columns + `position > $3 AND $1 = 0 AND $2 = 0 ORDER BY position LIMIT $4`
	}
	return columns + `(transaction_id, version, position) > ($1, $2, $3) ORDER BY transaction_id, version, position LIMIT {unseen}$4{/unseen}`
}

// pendingSQL returns the statement, before and after a list of subjects, for what
// comes in each stream after the last event that has a place. It goes from each
// subject to its events by one look into the index. On PostgreSQL that takes a
// list that is joined and a subquery with a limit: whatever else the planner may
// choose reads all streams of the tenant.
func pendingSQL(dialect Dialect) (before, after string) {
	const columns = `SELECT s.subject, e.sequence, e.id, e.kind, e.occurred_at, e.recorded_at, e.commitment FROM `
	const order = ` ORDER BY s.subject, e.sequence LIMIT $2`
	if dialect == SQLite {
		return columns + `{streams} s JOIN {events} e ON e.tenant = s.tenant AND e.subject = s.subject AND e.sequence >
				COALESCE((SELECT MAX(l.sequence) FROM {proof_leaves} l WHERE l.tenant = s.tenant AND l.subject = s.subject), 0)
			WHERE s.tenant = $1 AND s.subject IN `, order
	}
	return columns + `(SELECT DISTINCT subject FROM (VALUES `, `) v (subject)) s
		CROSS JOIN LATERAL (
			SELECT * FROM {events} e WHERE e.tenant = $1 AND e.subject = s.subject AND e.sequence >
				COALESCE((SELECT MAX(l.sequence) FROM {proof_leaves} l WHERE l.tenant = $1 AND l.subject = s.subject), 0)
			ORDER BY e.sequence LIMIT $2
		) e` + order
}

// pendingText returns the statement for n subjects, whose arguments begin with the
// third.
func (c *core) pendingText(n int) string {
	var list strings.Builder
	if c.dialect == SQLite {
		list.WriteString(placeholders(c.dialect, 3, n))
	} else {
		for i := range n {
			if i > 0 {
				list.WriteString(", ")
			}
			list.WriteString("($" + strconv.Itoa(3+i) + "::text)")
		}
	}
	return c.proof.pendingHead + list.String() + c.proof.pendingTail
}

// leafRows returns rows of placeholders.
func leafRows(dialect Dialect, rows, columns int) string {
	var text []byte
	for row := range rows {
		if row > 0 {
			text = append(text, ", "...)
		}
		text = append(text, placeholders(dialect, row*columns+1, columns)...)
	}
	return string(text)
}

// sequencerRow is the one row that says who places events, and how far.
type sequencerRow struct {
	token, until int64
	holder       string
	cursor       string
}

func (r *sequencerRow) scan(row Row) error { return row.Scan(&r.token, &r.holder, &r.until, &r.cursor) }

// Lease gives the right to extend trees. See proof.Store.
func (s *ProofStore) Lease(ctx context.Context, request proof.LeaseRequest) (proof.Lease, error) {
	if err := privacy.CheckID("holder", request.Holder); err != nil {
		return proof.Lease{}, err
	}
	u := &sequencerUnit{sql: &s.core.proof, request: request}
	if err := s.work.write(ctx, "lease", u); err != nil {
		return proof.Lease{}, err
	}
	return u.given, nil
}

type sequencerUnit struct {
	sql     *proofSQL
	request proof.LeaseRequest
	row     sequencerRow
	given   proof.Lease
}

func (u *sequencerUnit) start() []Statement {
	u.row, u.given = sequencerRow{}, proof.Lease{}
	return []Statement{{SQL: u.sql.lockLease, Each: u.row.scan}}
}

func (u *sequencerUnit) next() ([]Statement, bool, error) {
	r := u.request
	mine, now := u.row.holder == r.Holder, r.Now.UnixMicro()
	if r.Duration <= 0 {
		if !mine {
			return nil, true, nil
		}
		return []Statement{{SQL: u.sql.updateLease, Args: []any{u.row.token, "", now}}}, true, nil
	}
	if !mine && u.row.holder != "" && u.row.until > now {
		return nil, false, fmt.Errorf("sqlstore: another process has the lease: %w", privacy.ErrConflict)
	}
	token := u.row.token
	if !mine {
		token++
	}
	until := r.Now.Add(r.Duration).UnixMicro()
	u.given = proof.Lease{Token: uint64(token), Until: instant(until)}
	return []Statement{{SQL: u.sql.updateLease, Args: []any{token, r.Holder, until}}}, true, nil
}

// Extend writes growths of trees. See proof.Store.
func (s *ProofStore) Extend(ctx context.Context, extension proof.Extension) error {
	u := &growthUnit{sql: &s.core.proof, extension: &extension, sizes: make([]*int64, len(extension.Growths))}
	return s.work.write(ctx, "extend", u)
}

// growthUnit holds the row of the lease while it writes, so that no other does.
type growthUnit struct {
	sql       *proofSQL
	extension *proof.Extension
	row       sequencerRow
	sizes     []*int64 // nil where the tenant has no tree
}

func (u *growthUnit) start() []Statement {
	u.row = sequencerRow{}
	clear(u.sizes)
	statements := []Statement{{SQL: u.sql.lockLease, Each: u.row.scan}}
	for i := range u.extension.Growths {
		statements = append(statements, Statement{
			SQL: u.sql.lockTree, Args: []any{string(u.extension.Growths[i].Tree.Tenant)},
			Each: func(row Row) error {
				u.sizes[i] = new(int64)
				return row.Scan(u.sizes[i])
			},
		})
	}
	return statements
}

func (u *growthUnit) next() ([]Statement, bool, error) {
	if u.extension.Token == 0 || u.row.token != int64(u.extension.Token) {
		return nil, false, fmt.Errorf("sqlstore: the lease was lost: %w", privacy.ErrConflict)
	}
	var trees, tiles, leaves []Statement
	for i := range u.extension.Growths {
		growth := &u.extension.Growths[i]
		size, statement := uint64(0), u.sql.insertTree
		if u.sizes[i] != nil {
			size, statement = uint64(*u.sizes[i]), u.sql.updateTree
		}
		if size != growth.From {
			return nil, false, fmt.Errorf("sqlstore: the tree has grown: %w", privacy.ErrConflict)
		}
		tenant := string(growth.Tree.Tenant)
		trees = append(trees, Statement{SQL: statement, Args: []any{
			int64(growth.Tree.Size), joinHashes(growth.Tree.Edge), append([]byte{}, growth.Tree.Checkpoint...), tenant,
		}})
		for _, tile := range growth.Tiles {
			tiles = append(tiles, Statement{SQL: u.sql.tile, Args: []any{tenant, int64(tile.Level), int64(tile.Index), joinHashes(tile.Hashes)}})
		}
		leaves = u.leaves(leaves, growth.Positions)
	}
	if u.extension.Cursor != "" {
		trees = append(trees, Statement{SQL: u.sql.updateCursor, Args: []any{string(u.extension.Cursor)}})
	}
	return slices.Concat(trees, tiles, leaves), true, nil
}

func (u *growthUnit) leaves(statements []Statement, positions []proof.Position) []Statement {
	for len(positions) > 0 {
		n, statement := 1, u.sql.leaf
		if u.sql.many != "" && len(positions) >= manyLeaves {
			n, statement = manyLeaves, u.sql.many
		}
		args := make([]any, 0, 4*n)
		for _, p := range positions[:n] {
			args = append(args, string(p.Key.Tenant), string(p.Key.Subject), int64(p.Sequence), int64(p.Index))
		}
		statements = append(statements, Statement{SQL: statement, Args: args})
		positions = positions[n:]
	}
	return statements
}

func joinHashes(hashes []merkle.Hash) []byte {
	data := make([]byte, 0, len(hashes)*merkle.Size)
	for i := range hashes {
		data = append(data, hashes[i][:]...)
	}
	return data
}

func splitHashes(data []byte) ([]merkle.Hash, error) {
	if len(data)%merkle.Size != 0 {
		return nil, fmt.Errorf("stored hashes have %d bytes: %w", len(data), privacy.ErrInvalid)
	}
	hashes := make([]merkle.Hash, 0, len(data)/merkle.Size)
	for ; len(data) > 0; data = data[merkle.Size:] {
		hashes = append(hashes, merkle.Hash(data[:merkle.Size]))
	}
	return hashes, nil
}

// Trees returns trees. See proof.Store.
func (s *ProofStore) Trees(ctx context.Context, filter proof.TreeFilter) ([]proof.Tree, error) {
	if filter.Limit < 1 {
		return nil, errLimit("trees")
	}
	statement := Statement{SQL: s.core.proof.trees, Args: []any{string(filter.Tenant), string(filter.After)}}
	if filter.AllTenants {
		statement = Statement{SQL: s.core.proof.allTrees, Args: []any{string(filter.After), int64(min(filter.Limit, math.MaxInt32))}}
	}
	var trees []proof.Tree
	statement.Each = func(row Row) error {
		tree, err := scanTree(row)
		trees = append(trees, tree)
		return err
	}
	if err := s.work.read(ctx, "trees", statement); err != nil {
		return nil, err
	}
	return trees, nil
}

func scanTree(row Row) (proof.Tree, error) {
	var tree proof.Tree
	var size int64
	var edge []byte
	if err := row.Scan((*string)(&tree.Tenant), &size, &edge, &tree.Checkpoint); err != nil {
		return tree, err
	}
	tree.Size = uint64(size)
	var err error
	tree.Edge, err = splitHashes(edge)
	return tree, err
}

// Tiles returns tiles of a tree. See proof.Store.
func (s *ProofStore) Tiles(ctx context.Context, tenant privacy.TenantID, ids []proof.TileID) ([]proof.Tile, error) {
	tiles := make([]proof.Tile, len(ids))
	statements := make([]Statement, len(ids))
	for i, id := range ids {
		tiles[i].TileID = id
		statements[i] = Statement{
			SQL: s.core.proof.tiles, Args: []any{string(tenant), int64(id.Level), int64(id.Index)},
			Each: func(row Row) error {
				var data []byte
				if err := row.Scan(&data); err != nil {
					return err
				}
				var err error
				tiles[i].Hashes, err = splitHashes(data)
				return err
			},
		}
	}
	if err := s.work.read(ctx, "tiles", statements...); err != nil {
		return nil, err
	}
	if slices.ContainsFunc(tiles, func(t proof.Tile) bool { return t.Hashes == nil }) {
		return nil, fmt.Errorf("sqlstore: a tile is not there: %w", privacy.ErrNotFound)
	}
	return tiles, nil
}

// Positions returns a page of a stream's positions. See proof.Store.
func (s *ProofStore) Positions(ctx context.Context, key consent.StreamKey, after uint64, limit int) ([]proof.Position, error) {
	if limit < 1 {
		return nil, errLimit("positions")
	}
	var positions []proof.Position
	err := s.work.read(ctx, "positions", Statement{
		SQL:  s.core.proof.positions,
		Args: []any{string(key.Tenant), string(key.Subject), int64(min(after, 1<<63-1)), int64(min(limit, math.MaxInt32))},
		Each: func(row Row) error {
			var sequence, index int64
			err := row.Scan(&sequence, &index)
			positions = append(positions, proof.Position{Key: key, Sequence: uint64(sequence), Index: uint64(index)})
			return err
		},
	})
	if err != nil {
		return nil, err
	}
	return positions, nil
}

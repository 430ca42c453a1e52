package sqlstore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/consent/proof"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/merkle"
)

// Events without a place are found through the cache feed, which tells of every
// stream that has changed, without gaps. Where it was trimmed before it was read,
// all streams are looked at, a page at a time, and the feed is followed again from
// where it stood before.

// proofCursor is how far that has got. While all streams are looked at, after is
// the last one that was.
type proofCursor struct {
	feed  consent.Cursor
	scan  bool
	after consent.StreamKey
}

func (c proofCursor) String() string {
	if !c.scan {
		return "feed " + string(c.feed)
	}
	return fmt.Sprintf("scan %s %s %s", c.feed, hex.EncodeToString([]byte(c.after.Tenant)), hex.EncodeToString([]byte(c.after.Subject)))
}

var errProofCursor = fmt.Errorf("sqlstore: the cursor of the trees cannot be read: %w", privacy.ErrInvalid)

func parseProofCursor(text string) (proofCursor, error) {
	parts := strings.Split(text, " ")
	switch {
	case text == "":
		// Nothing was placed yet: there may be events older than what the feed has.
		return proofCursor{scan: true}, nil
	case len(parts) == 2 && parts[0] == "feed":
		return proofCursor{feed: consent.Cursor(parts[1])}, nil
	case len(parts) == 4 && parts[0] == "scan":
		tenant, err := hex.DecodeString(parts[2])
		if err != nil {
			return proofCursor{}, errProofCursor
		}
		subject, err := hex.DecodeString(parts[3])
		if err != nil {
			return proofCursor{}, errProofCursor
		}
		return proofCursor{feed: consent.Cursor(parts[1]), scan: true, after: streamKey(string(tenant), string(subject))}, nil
	}
	return proofCursor{}, errProofCursor
}

// Pending returns events without a place. See proof.Store. A transaction that is
// open for long delays those that were committed after it began.
func (s *ProofStore) Pending(ctx context.Context, limit int) (proof.Batch, error) {
	if limit < 1 {
		return proof.Batch{}, errLimit("pending events")
	}
	limit = min(limit, math.MaxInt32)
	found, err := s.changed(ctx, limit)
	if err != nil {
		return proof.Batch{}, err
	}
	batch := proof.Batch{Cursor: found.cursor, More: found.more, Complete: found.complete}
	if batch.Leaves, err = s.leaves(ctx, found.keys, limit+1); err != nil {
		return proof.Batch{}, err
	}
	if len(batch.Leaves) > limit {
		// The rest of these streams comes with the next batch.
		batch.Leaves = batch.Leaves[:limit]
		batch.Cursor, batch.More, batch.Complete = found.same, true, false
	}
	batch.Trees, err = s.treesOf(ctx, batch.Leaves)
	return batch, err
}

// proofChanges are streams to look at.
type proofChanges struct {
	keys []consent.StreamKey
	// cursor is what to remember when all their events are placed, same what to
	// remember before; "" if it is remembered already.
	cursor, same   proof.Cursor
	more, complete bool
}

func (s *ProofStore) changed(ctx context.Context, limit int) (proofChanges, error) {
	var text string
	err := s.work.read(ctx, "pending", Statement{SQL: s.core.proof.readCursor, Each: func(row Row) error { return row.Scan(&text) }})
	if err != nil {
		return proofChanges{}, err
	}
	cursor, err := parseProofCursor(text)
	if err != nil {
		return proofChanges{}, err
	}
	if cursor.scan {
		return s.scanned(ctx, cursor, limit)
	}
	from, err := parseCursor(cursor.feed)
	if err != nil {
		return proofChanges{}, err
	}
	page := proofPage{limit: limit, last: from, seen: map[consent.StreamKey]bool{}}
	if err := s.work.read(ctx, "pending", page.statements(s.core)...); err != nil {
		return proofChanges{}, err
	}
	if from.before(page.after.horizon) || page.after.limit.before(from) {
		return s.scanned(ctx, proofCursor{scan: true}, limit)
	}
	found := proofChanges{keys: page.keys, more: page.rows == limit, complete: page.before.withheld == 0}
	if page.rows > 0 {
		found.cursor = proof.Cursor(proofCursor{feed: page.last.cursor()}.String())
	}
	return found, nil
}

// proofPage is a page of the cache feed, as streams. The bounds of the feed are
// read before it, to know whether a change had to be withheld, and after it, to
// know whether one was trimmed unseen.
type proofPage struct {
	limit, rows   int
	before, after bounds
	last          place
	keys          []consent.StreamKey
	seen          map[consent.StreamKey]bool
}

func (p *proofPage) statements(c *core) []Statement {
	return []Statement{
		{SQL: c.outbox.head, Each: func(row Row) error { return row.Scan(p.before.columns()...) }},
		{SQL: c.proof.changes, Args: append(p.last.args(), int64(p.limit)), Each: p.scan},
		{SQL: c.outbox.head, Each: func(row Row) error { return row.Scan(p.after.columns()...) }},
	}
}

func (p *proofPage) scan(row Row) error {
	var tenant, subject string
	if err := row.Scan(&p.last.transaction, &p.last.version, &p.last.position, &tenant, &subject); err != nil {
		return err
	}
	p.rows++
	if key := streamKey(tenant, subject); !p.seen[key] {
		p.seen[key] = true
		p.keys = append(p.keys, key)
	}
	return nil
}

// scanned looks at the next streams of all. Where it begins, it notes where the
// feed stands.
func (s *ProofStore) scanned(ctx context.Context, cursor proofCursor, limit int) (proofChanges, error) {
	var found proofChanges
	if cursor.feed == "" {
		head, err := s.ledger.Head(ctx)
		if err != nil {
			return proofChanges{}, err
		}
		cursor.feed = head
		found.same = proof.Cursor(cursor.String())
	}
	err := s.work.read(ctx, "pending", Statement{
		SQL: s.core.proof.scan, Args: []any{string(cursor.after.Tenant), string(cursor.after.Subject), int64(limit)},
		Each: func(row Row) error {
			var tenant, subject string
			err := row.Scan(&tenant, &subject)
			found.keys = append(found.keys, streamKey(tenant, subject))
			return err
		},
	})
	if err != nil {
		return proofChanges{}, err
	}
	found.more = true
	if cursor.scan = len(found.keys) == limit; cursor.scan {
		cursor.after = found.keys[limit-1]
	}
	found.cursor = proof.Cursor(cursor.String())
	return found, nil
}

// leaves returns up to limit events without a place of streams, each stream's in
// order.
func (s *ProofStore) leaves(ctx context.Context, keys []consent.StreamKey, limit int) ([]proof.Leaf, error) {
	byTenant := map[privacy.TenantID][]any{}
	var tenants []privacy.TenantID
	for _, key := range keys {
		if byTenant[key.Tenant] == nil {
			tenants = append(tenants, key.Tenant)
		}
		byTenant[key.Tenant] = append(byTenant[key.Tenant], string(key.Subject))
	}
	var leaves []proof.Leaf
	for _, tenant := range tenants {
		for subjects := range slices.Chunk(byTenant[tenant], maxSubjects) {
			rest := int64(limit - len(leaves))
			err := s.work.read(ctx, "pending", Statement{
				SQL:  s.core.pendingText(padded(len(subjects))),
				Args: append([]any{string(tenant), rest}, pad(subjects)...),
				Each: func(row Row) error {
					leaf, err := scanLeaf(row, tenant)
					leaves = append(leaves, leaf)
					return err
				},
			})
			if err != nil || len(leaves) >= limit {
				return leaves, err
			}
		}
	}
	return leaves, nil
}

func scanLeaf(row Row, tenant privacy.TenantID) (proof.Leaf, error) {
	leaf := proof.Leaf{Tenant: tenant}
	var sequence, occurredAt, recordedAt int64
	var commitment []byte
	err := row.Scan((*string)(&leaf.Subject), &sequence, &leaf.ID, (*string)(&leaf.Kind), &occurredAt, &recordedAt, &commitment)
	if err != nil {
		return leaf, err
	}
	if len(commitment) != sha256.Size {
		return leaf, fmt.Errorf("a stored commitment has %d bytes: %w", len(commitment), privacy.ErrInvalid)
	}
	leaf.Sequence, leaf.OccurredAt, leaf.RecordedAt = uint64(sequence), instant(occurredAt), instant(recordedAt)
	leaf.Commitment = merkle.Hash(commitment)
	return leaf, nil
}

// treesOf returns the trees that leaves go to.
func (s *ProofStore) treesOf(ctx context.Context, leaves []proof.Leaf) ([]proof.Tree, error) {
	var trees []proof.Tree
	var statements []Statement
	places := map[privacy.TenantID]int{}
	for _, leaf := range leaves {
		if _, known := places[leaf.Tenant]; known {
			continue
		}
		i := len(trees)
		places[leaf.Tenant] = i
		trees = append(trees, proof.Tree{Tenant: leaf.Tenant})
		statements = append(statements, Statement{
			SQL: s.core.proof.trees, Args: []any{string(leaf.Tenant), ""},
			Each: func(row Row) error {
				var err error
				trees[i], err = scanTree(row)
				return err
			},
		})
	}
	if len(statements) == 0 {
		return nil, nil
	}
	return trees, s.work.read(ctx, "pending", statements...)
}

package proof

import (
	"context"
	"errors"
	"fmt"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/merkle"
)

// Report says what was verified and found right.
type Report struct {
	Tenant privacy.TenantID
	// Checkpoint is what everything was compared with; the zero Checkpoint if the
	// tenant has no tree yet.
	Checkpoint Checkpoint
	// Streams and Events count what was read.
	Streams, Events uint64
	// Redacted counts events whose payload was erased.
	Redacted uint64
	// Pending counts events that were not yet in the tree of the checkpoint. They
	// were compared with their commitments only.
	Pending uint64
}

// page bounds what Verify reads at a time.
const page = 500

// Verify walks through all that the store has of a tenant and compares each
// payload with its commitment, each event with its leaf, and all leaves with the
// root of the latest checkpoint. It names the first fault as a *FaultError, in the
// order of streams: the tenant's own, then subjects in byte order, each from its
// first event; then events that are missing; then the tree. Other errors are the
// store's. It needs one bit of memory for each leaf.
func (l *Log) Verify(ctx context.Context, tenant privacy.TenantID) (Report, error) {
	tree, checkpoint, err := l.tree(ctx, tenant)
	if errors.Is(err, privacy.ErrNotFound) {
		tree, err = Tree{Tenant: tenant}, nil
	}
	var fault *FaultError
	// A tree whose edge was altered still has leaves that name the event.
	if err != nil && (!errors.As(err, &fault) || fault.Fault.Code != TreeAltered) {
		return Report{}, err
	}
	if fault != nil {
		if tree, err = l.alteredTree(ctx, tenant, fault); err != nil {
			return Report{}, err
		}
	}
	w := &walk{log: l, tree: tree, seen: make([]uint64, (tree.Size+63)/64), report: Report{Tenant: tenant, Checkpoint: checkpoint}}
	if w.levels, err = tree.levels(); err != nil {
		return Report{}, fault
	}
	if err := w.streams(ctx); err != nil {
		return Report{}, err
	}
	if err := w.missing(); err != nil {
		return Report{}, err
	}
	if err := w.grown(ctx); err != nil {
		return Report{}, err
	}
	if err := w.tiles(ctx); err != nil {
		return Report{}, err
	}
	if fault != nil {
		return Report{}, fault
	}
	return w.report, nil
}

// alteredTree returns the tree as it is stored, or the fault if it has another
// size than the one that was signed: the size decides how much memory is needed.
func (l *Log) alteredTree(ctx context.Context, tenant privacy.TenantID, fault *FaultError) (Tree, error) {
	trees, err := l.store.Trees(ctx, TreeFilter{Tenant: tenant, Limit: 1})
	if err != nil {
		return Tree{}, fmt.Errorf("proof: tree: %w", err)
	}
	if len(trees) == 0 {
		return Tree{Tenant: tenant}, nil
	}
	if checkpoint, err := l.trust.Verify(tenant, trees[0].Checkpoint); err != nil || checkpoint.Size != trees[0].Size {
		return Tree{}, fault
	}
	return trees[0], nil
}

// VerifyAll verifies every tenant that has a tree, in byte order, and ends at the
// first fault. A tenant whose tree was taken away altogether is not among them:
// whoever has the list of tenants calls Verify for each.
func (l *Log) VerifyAll(ctx context.Context) ([]Report, error) {
	var reports []Report
	var after privacy.TenantID
	for {
		trees, err := l.store.Trees(ctx, TreeFilter{AllTenants: true, After: after, Limit: page})
		if err != nil {
			return reports, fmt.Errorf("proof: trees: %w", err)
		}
		for _, tree := range trees {
			report, err := l.Verify(ctx, tree.Tenant)
			if err != nil {
				return reports, err
			}
			reports = append(reports, report)
			after = tree.Tenant
		}
		if len(trees) < page {
			return reports, nil
		}
	}
}

// walk is one run of Verify.
type walk struct {
	log    *Log
	tree   Tree
	levels [][]merkle.Hash
	// seen has a bit for each leaf whose event was found.
	seen []uint64
	// beyond says that there are places beyond the tree, and furthest is the last.
	beyond   bool
	furthest uint64
	report   Report
}

func (w *walk) streams(ctx context.Context) error {
	if err := w.stream(ctx, consent.StreamKey{Tenant: w.tree.Tenant}); err != nil {
		return err
	}
	var after privacy.SubjectID
	for {
		subjects, err := w.log.ledger.Subjects(ctx, w.tree.Tenant, after, page)
		if err != nil {
			return fmt.Errorf("proof: subjects: %w", err)
		}
		for _, subject := range subjects {
			if err := w.stream(ctx, consent.StreamKey{Tenant: w.tree.Tenant, Subject: subject}); err != nil {
				return err
			}
			after = subject
		}
		if len(subjects) < page {
			return nil
		}
	}
}

func (w *walk) stream(ctx context.Context, key consent.StreamKey) error {
	s := streamWalk{walk: w, key: key}
	for {
		// The positions are read first: an event with a place is there already.
		positions, err := w.log.store.Positions(ctx, key, s.last, page)
		if err != nil {
			return fmt.Errorf("proof: positions: %w", err)
		}
		records, err := w.log.ledger.Records(ctx, key, s.last, page)
		if err != nil {
			return fmt.Errorf("proof: records: %w", err)
		}
		if err := s.page(ctx, records, positions); err != nil {
			return err
		}
		if len(records) < page {
			return s.end()
		}
	}
}

// streamWalk is the walk through one stream.
type streamWalk struct {
	*walk
	key consent.StreamKey
	// last is the sequence of the last event.
	last uint64
	// redacted is the first event without payload that no erasure followed yet.
	redacted uint64
	// pending is the first event without a place.
	pending uint64
}

func (s *streamWalk) fault(code FaultCode, sequence, index uint64) error {
	return &FaultError{Fault{Code: code, Tenant: s.key.Tenant, Subject: s.key.Subject, Sequence: sequence, Index: index}}
}

func (s *streamWalk) page(ctx context.Context, records []consent.Record, positions []Position) error {
	tiles, err := s.tilesOf(ctx, positions)
	if err != nil {
		return err
	}
	for _, record := range records {
		var position *Position
		if len(positions) > 0 && positions[0].Sequence == record.Sequence {
			position, positions = &positions[0], positions[1:]
		}
		if err := s.event(record, position, tiles); err != nil {
			return err
		}
	}
	if len(positions) > 0 && len(records) < page {
		return s.fault(EventMissing, positions[0].Sequence, positions[0].Index)
	}
	return nil
}

// tilesOf reads the tiles that hold the leaves at positions.
func (s *streamWalk) tilesOf(ctx context.Context, positions []Position) (map[TileID][]merkle.Hash, error) {
	var ids []TileID
	known := map[TileID]bool{}
	for _, position := range positions {
		id := TileID{Index: position.Index / TileWidth}
		if position.Index < s.tree.Size && !s.tree.onEdge(id) && !known[id] {
			known[id] = true
			ids = append(ids, id)
		}
	}
	tiles, err := s.log.tiles(ctx, s.tree.Tenant, ids)
	if errors.Is(err, privacy.ErrNotFound) {
		return nil, s.fault(TreeAltered, 0, s.tree.Size)
	}
	return tiles, err
}

func (s *streamWalk) event(record consent.Record, position *Position, tiles map[TileID][]merkle.Hash) error {
	sequence := s.last + 1
	if record.Sequence != sequence {
		return s.fault(EventMissing, sequence, 0)
	}
	s.last = sequence
	s.report.Events++
	if sequence == 1 {
		s.report.Streams++
	}
	if err := s.payload(record); err != nil {
		return err
	}
	if position == nil || position.Index >= s.tree.Size {
		if position != nil {
			s.beyond, s.furthest = true, max(s.furthest, position.Index)
		}
		s.report.Pending++
		if s.pending == 0 {
			s.pending = sequence
		}
		return nil
	}
	if s.pending > 0 {
		return s.fault(EventUnplaced, s.pending, 0)
	}
	leaf, err := s.tree.hashAt(merkle.Node{Index: position.Index}, s.levels, tiles)
	if err != nil {
		return s.fault(TreeAltered, 0, position.Index)
	}
	hash, err := LeafOf(record).Hash()
	if err != nil || hash != leaf || s.mark(position.Index) {
		return s.fault(EventAltered, sequence, position.Index)
	}
	return nil
}

// mark notes that the event of a leaf was found, and reports whether it was
// before.
func (w *walk) mark(index uint64) bool {
	bit := uint64(1) << (index % 64)
	was := w.seen[index/64]&bit != 0
	w.seen[index/64] |= bit
	return was
}

func (s *streamWalk) payload(record consent.Record) error {
	if record.Kind == consent.KindErased {
		s.redacted = 0
	}
	if record.Redacted() {
		s.report.Redacted++
		if s.redacted == 0 {
			s.redacted = record.Sequence
		}
		return nil
	}
	if record.Verify() != nil {
		return s.fault(PayloadAltered, record.Sequence, 0)
	}
	entry, err := consent.DecodeEntry(record.Payload)
	if err != nil || entry.Tenant != record.Tenant || entry.Subject != record.Subject ||
		entry.Fact.Kind() != record.Kind || !entry.OccurredAt.Equal(record.OccurredAt) {
		return s.fault(PayloadMisplaced, record.Sequence, 0)
	}
	return nil
}

func (s *streamWalk) end() error {
	if s.redacted > 0 {
		return s.fault(PayloadMissing, s.redacted, 0)
	}
	return nil
}

// missing finds the first leaf whose event was not there.
func (w *walk) missing() error {
	for index := range w.tree.Size {
		if w.seen[index/64]&(1<<(index%64)) == 0 {
			return &FaultError{Fault{Code: EventMissing, Tenant: w.tree.Tenant, Index: index}}
		}
	}
	return nil
}

// grown checks that the tree has grown by now if events have places beyond it. A
// tree that was taken away, or put back to an older state, has not.
func (w *walk) grown(ctx context.Context) error {
	if !w.beyond {
		return nil
	}
	tree, _, err := w.log.tree(ctx, w.tree.Tenant)
	if err != nil && !errors.Is(err, privacy.ErrNotFound) {
		return err
	}
	if w.furthest >= tree.Size {
		return &FaultError{Fault{Code: TreeAltered, Tenant: w.tree.Tenant, Index: tree.Size}}
	}
	return nil
}

// tiles compares every tile with the hash above it, up to the edge, whose own
// hashes give the root.
func (w *walk) tiles(ctx context.Context) error {
	for level := range w.levels {
		count := w.tree.Size >> ((level + 1) * tileHeight)
		for first := uint64(0); first < count; first += page {
			if err := w.tileRange(ctx, uint8(level), first, min(first+page, count)); err != nil {
				return err
			}
		}
	}
	return nil
}

// tileRange compares tiles of one level, from first up to end.
func (w *walk) tileRange(ctx context.Context, level uint8, first, end uint64) error {
	var ids []TileID
	for index := first; index < end; index++ {
		ids = append(ids, TileID{Level: level, Index: index})
	}
	for index := first / TileWidth; index <= (end-1)/TileWidth; index++ {
		if above := (TileID{Level: level + 1, Index: index}); !w.tree.onEdge(above) {
			ids = append(ids, above)
		}
	}
	altered := func(index uint64) error {
		return &FaultError{Fault{Code: TreeAltered, Tenant: w.tree.Tenant, Index: index << ((uint(level) + 1) * tileHeight)}}
	}
	tiles, err := w.log.tiles(ctx, w.tree.Tenant, ids)
	if errors.Is(err, privacy.ErrNotFound) {
		return altered(first)
	}
	if err != nil {
		return err
	}
	for index := first; index < end; index++ {
		above, err := w.tree.hashAt(merkle.Node{Level: (level + 1) * tileHeight, Index: index}, w.levels, tiles)
		below := tiles[TileID{Level: level, Index: index}]
		if err != nil || len(below) != TileWidth || merkle.Root(below) != above {
			return altered(index)
		}
	}
	return nil
}

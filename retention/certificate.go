package retention

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/merkle"
)

// CertificateFormat names the form of certificates.
const CertificateFormat = "privacykit/disposal-certificate@1"

// Certificate is the proof of a sweep: what was disposed of, by which rules, when,
// how and on whose approval, without anything of the data. Its root commits to the
// log, so that the disposal of one record can be proved without showing the
// others.
type Certificate struct {
	Format     string `json:"format"`
	SweepID    string `json:"sweep_id"`
	PlanHash   Hash   `json:"plan_hash"`
	ApprovedBy string `json:"approved_by"`
	// FirstAt and LastAt are the times of the first and the last outcome, zero if
	// the log is empty.
	FirstAt time.Time `json:"first_at,omitzero"`
	LastAt  time.Time `json:"last_at,omitzero"`
	// Rules are the rules that decided.
	Rules []CertificateRule `json:"rules"`
	// Counts add up to TreeSize.
	Counts []CertificateCount `json:"counts"`
	// Notices counts the items of the log by what those downstream were told.
	Notices CertificateNotices `json:"notices,omitzero"`
	// Backups say by when the backups of a system hold nothing of it any more.
	Backups []CertificateBackup `json:"backups,omitempty"`
	// TreeSize is the length of the log, TreeRoot its Merkle tree hash (RFC 6962)
	// over the canonical JSON (RFC 8785) of the items.
	TreeSize uint64 `json:"tree_size"`
	TreeRoot Hash   `json:"tree_root"`
}

// CertificateRule is a rule as it was applied.
type CertificateRule struct {
	ID       string `json:"id"`
	Version  int    `json:"version"`
	Citation string `json:"citation,omitempty"`
}

// CertificateCount counts the items of the log that are alike.
type CertificateCount struct {
	System   privacy.SystemID   `json:"system"`
	Category privacy.CategoryID `json:"category"`
	Action   Action             `json:"action,omitempty"`
	Outcome  ItemOutcome        `json:"outcome"`
	Reason   string             `json:"reason,omitempty"`
	Count    int                `json:"count"`
}

// CertificateNotices says whether those downstream were told.
type CertificateNotices struct {
	// Told and Pending count what the log says: who was told at once, and who not.
	Told    int `json:"told"`
	Pending int `json:"pending"`
	// Outstanding counts the notices that are still pending when the certificate is
	// made. The log does not tell.
	Outstanding int `json:"outstanding"`
}

// CertificateBackup is the state of the backups of a system.
type CertificateBackup struct {
	System privacy.SystemID `json:"system"`
	// State is what it was when the last record went.
	State DisposalState `json:"state"`
	// CompleteOn is the day the last backup has been overwritten, in UTC.
	CompleteOn privacy.Date `json:"complete_on"`
}

// Certify makes the certificate of a sweep from its log. Execute does so in the
// end; before that it certifies what has been done so far. The error matches
// privacy.ErrNotFound if the sweep has not begun, and privacy.ErrConflict if it began
// with another plan or another approval.
func (s *Sweeper) Certify(ctx context.Context, plan *Plan, approval Approval) (*Certificate, error) {
	var items []Item
	err := s.eachItem(ctx, plan.SweepID, 0, func(item Item) { items = append(items, item) })
	if err == nil {
		err = s.begin(ctx, plan, approval)
	}
	if err != nil {
		return nil, err
	}
	c := &Certificate{Format: CertificateFormat, SweepID: plan.SweepID, PlanHash: approval.PlanHash, ApprovedBy: approval.By}
	if err := c.fill(items); err != nil {
		return nil, err
	}
	for i, rule := range c.Rules {
		c.Rules[i].Citation = s.citation(rule)
	}
	c.Backups = s.backups(items)
	if c.Notices.Pending > 0 {
		if c.Notices.Outstanding, err = s.outstanding(ctx, plan.SweepID); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// outstanding counts the pending notices of a sweep.
func (s *Sweeper) outstanding(ctx context.Context, sweepID string) (int, error) {
	var after Token
	for n := 0; ; {
		notices, err := s.store.Notices(ctx, sweepID, after, s.batch)
		if err != nil || len(notices) == 0 {
			return n, err
		}
		n, after = n+len(notices), notices[len(notices)-1].Token
	}
}

func (s *Sweeper) citation(rule CertificateRule) string {
	for _, l := range s.schedule.lines {
		for i := range l.versions {
			if v := &l.versions[i]; v.ID == rule.ID && v.Version == rule.Version {
				return v.Citation
			}
		}
	}
	return ""
}

func (s *Sweeper) backups(items []Item) []CertificateBackup {
	var backups []CertificateBackup
	for _, system := range s.systems {
		var last time.Time
		for _, item := range items {
			if item.System == system.ID && item.Outcome == Disposed && item.Action != CryptoShred && last.Before(item.At) {
				last = item.At
			}
		}
		if system.BackupCycleDays > 0 && !last.IsZero() {
			effect := AssessDisposal(Disposal{Action: Delete, On: privacy.DateOf(last, time.UTC), BackupCycleDays: system.BackupCycleDays})
			backups = append(backups, CertificateBackup{system.ID, effect.State, effect.CompleteOn})
		}
	}
	return backups
}

// fill derives everything that the log alone determines.
func (c *Certificate) fill(items []Item) error {
	leaves, err := leavesOf(items)
	if err != nil {
		return err
	}
	c.TreeSize, c.TreeRoot = uint64(len(leaves)), merkle.Root(leaves)
	counts := map[CertificateCount]int{}
	rules := map[CertificateRule]bool{}
	for _, item := range items {
		counts[CertificateCount{System: item.System, Category: item.Category, Action: item.Action, Outcome: item.Outcome, Reason: item.Reason}]++
		switch item.Notice {
		case NoticeTold:
			c.Notices.Told++
		case NoticePending:
			c.Notices.Pending++
		}
		rules[CertificateRule{ID: item.RuleID, Version: item.RuleVersion}] = true
		if c.FirstAt.IsZero() || item.At.Before(c.FirstAt) {
			c.FirstAt = item.At
		}
		if c.LastAt.Before(item.At) {
			c.LastAt = item.At
		}
	}
	c.Counts, c.Rules = []CertificateCount{}, []CertificateRule{}
	for group, n := range counts {
		group.Count = n
		c.Counts = append(c.Counts, group)
	}
	slices.SortFunc(c.Counts, func(a, b CertificateCount) int {
		return cmp.Or(cmp.Compare(a.System, b.System), cmp.Compare(a.Category, b.Category),
			cmp.Compare(a.Action, b.Action), cmp.Compare(a.Outcome, b.Outcome), cmp.Compare(a.Reason, b.Reason))
	})
	c.Rules = slices.SortedFunc(maps.Keys(rules), func(a, b CertificateRule) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Version, b.Version))
	})
	return nil
}

func leavesOf(items []Item) ([]Hash, error) {
	leaves := make([]Hash, len(items))
	for i, item := range items {
		if item.Sequence != uint64(i+1) {
			return nil, fmt.Errorf("retention: the log has a gap after item %d: %w", i, privacy.ErrInvalid)
		}
		data, err := privacy.CanonicalJSON(item)
		if err != nil {
			return nil, err
		}
		leaves[i] = merkle.LeafHash(data)
	}
	return leaves, nil
}

// Verify checks the certificate against the log it was made from, offline. The
// error matches privacy.ErrInvalid and says what differs.
func (c *Certificate) Verify(items []Item) error {
	derived := &Certificate{}
	if err := derived.fill(items); err != nil {
		return err
	}
	for i, rule := range c.Rules {
		if i < len(derived.Rules) && rule.ID == derived.Rules[i].ID && rule.Version == derived.Rules[i].Version {
			derived.Rules[i].Citation = rule.Citation
		}
	}
	var problems privacy.Problems
	differs := func(path string, equal bool) {
		if !equal {
			problems.Add(path, "differs", "the log says otherwise")
		}
	}
	if c.Format != CertificateFormat {
		problems.Add("format", "unknown", "want %s", CertificateFormat)
	}
	differs("tree_size", c.TreeSize == derived.TreeSize)
	differs("tree_root", c.TreeRoot == derived.TreeRoot)
	differs("counts", slices.Equal(c.Counts, derived.Counts))
	differs("rules", slices.Equal(c.Rules, derived.Rules))
	differs("notices", c.Notices.Told == derived.Notices.Told && c.Notices.Pending == derived.Notices.Pending)
	differs("first_at", c.FirstAt.Equal(derived.FirstAt))
	differs("last_at", c.LastAt.Equal(derived.LastAt))
	return problems.Err()
}

// Hash returns the hash of the certificate's canonical JSON (RFC 8785), to be
// signed, published or time-stamped by the host. The error matches
// privacy.ErrInvalid: an action or an outcome that is none, or text that is not UTF-8.
func (c *Certificate) Hash() (Hash, error) {
	data, err := privacy.CanonicalJSON(c)
	if err != nil {
		return Hash{}, err
	}
	return merkle.LeafHash(data), nil
}

// InclusionProof proves that an item is in the log of a certificate.
type InclusionProof struct {
	Item Item   `json:"item"`
	Path []Hash `json:"path"`
}

// Prove returns the proof for the item with a token. The error matches
// privacy.ErrNotFound if the log has none.
func Prove(items []Item, token Token) (InclusionProof, error) {
	index := slices.IndexFunc(items, func(item Item) bool { return bytes.Equal(item.Token[:], token[:]) })
	if index < 0 {
		return InclusionProof{}, fmt.Errorf("retention: item of the log: %w", privacy.ErrNotFound)
	}
	leaves, err := leavesOf(items)
	if err != nil {
		return InclusionProof{}, err
	}
	path, err := merkle.InclusionProof(uint64(index), uint64(len(leaves)), merkle.Leaves(leaves))
	if err != nil {
		return InclusionProof{}, err
	}
	return InclusionProof{Item: items[index], Path: path}, nil
}

// VerifyItem checks, offline, that the item of a proof is in the log that the
// certificate commits to. The error matches privacy.ErrInvalid.
func (c *Certificate) VerifyItem(proof InclusionProof) error {
	data, err := privacy.CanonicalJSON(proof.Item)
	if err != nil {
		return err
	}
	if proof.Item.Sequence == 0 || merkle.VerifyInclusion(merkle.LeafHash(data), proof.Item.Sequence-1, c.TreeSize, proof.Path, c.TreeRoot) != nil {
		return fmt.Errorf("retention: the item is not in the log of this certificate: %w", privacy.ErrInvalid)
	}
	return nil
}

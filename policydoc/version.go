package policydoc

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"

	"github.com/labelop/privacykit/privacy"
)

// PolicyKey names one policy of one tenant, such as the operator's own privacy
// policy. Both parts are identifiers as privacy.CheckID wants them.
type PolicyKey struct {
	Tenant privacy.TenantID `json:"tenant"`
	Name   string           `json:"name"`
}

// Check reports an illegal key. The error matches privacy.ErrInvalid.
func (k PolicyKey) Check() error {
	if err := privacy.CheckID("tenant", string(k.Tenant)); err != nil {
		return err
	}
	return privacy.CheckID("policy name", k.Name)
}

// Hash is a SHA-256. Its text is 64 hexadecimal digits in lower case.
type Hash [sha256.Size]byte

// String returns the hexadecimal digits.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText returns String.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText accepts what MarshalText returns. The error matches
// privacy.ErrInvalid.
func (h *Hash) UnmarshalText(text []byte) error {
	b, err := hex.DecodeString(string(text))
	if err != nil || len(b) != len(h) || strings.ToLower(string(text)) != string(text) {
		return fmt.Errorf("not a SHA-256 in hexadecimal: %w", privacy.ErrInvalid)
	}
	copy(h[:], b)
	return nil
}

// MaxTextBytes is the greatest size of one text of a version.
const MaxTextBytes = 4 << 20

// LocalizedText is a version's text in one language.
type LocalizedText struct {
	// Locale is a BCP 47 tag in canonical form, such as "pt-BR".
	Locale string `json:"locale"`
	// Authoritative marks the text that counts where translations differ.
	Authoritative bool `json:"authoritative,omitempty"`
	// Source is the text as its author wrote it, byte for byte.
	Source string `json:"source"`
}

// Hash returns the SHA-256 of Source, which an acknowledgement is bound to.
func (t LocalizedText) Hash() Hash { return sha256.Sum256([]byte(t.Source)) }

// Version is a published policy. It never changes.
type Version struct {
	// Number counts the policy's versions from 1. Withdrawn ones keep theirs.
	Number int `json:"number"`
	// Texts are sorted by locale; exactly one is authoritative.
	Texts []LocalizedText `json:"texts"`
	// Facts are what was declared when the version was published.
	Facts Facts `json:"facts"`
	// EffectiveFrom is when the version takes effect, in UTC with microseconds.
	EffectiveFrom time.Time `json:"effective_from"`
	// PublishedAt is when it was published, in UTC with microseconds.
	PublishedAt time.Time `json:"published_at"`
	// Materiality is what a person declared, checked against Reasons.
	Materiality Materiality `json:"materiality"`
	// Reasons say why the version is material; facts may give none although a
	// person found it so.
	Reasons []Reason `json:"reasons,omitempty"`
	// Summary tells readers in a few sentences what changed.
	Summary string `json:"summary,omitempty"`
}

// Authoritative returns the authoritative text.
func (v *Version) Authoritative() LocalizedText {
	for _, t := range v.Texts {
		if t.Authoritative {
			return t
		}
	}
	return LocalizedText{}
}

// Text returns the text that serves a reader best who prefers the languages in
// their order, as x/text/language matches them with high confidence. If none of
// them matches it is the authoritative text, and matched is false.
func (v *Version) Text(preferred ...language.Tag) (text LocalizedText, matched bool) {
	ordered := slices.Clone(v.Texts)
	slices.SortStableFunc(ordered, func(a, b LocalizedText) int {
		switch {
		case a.Authoritative == b.Authoritative:
			return 0
		case a.Authoritative:
			return -1
		}
		return 1
	})
	tags := make([]language.Tag, len(ordered))
	for i, t := range ordered {
		tags[i] = language.Make(t.Locale)
	}
	if len(ordered) == 0 {
		return LocalizedText{}, false
	}
	_, i, confidence := language.NewMatcher(tags).Match(preferred...)
	if confidence <= language.Low {
		return ordered[0], false
	}
	return ordered[i], true
}

// Withdrawal takes back a version before it takes effect.
type Withdrawal struct {
	// Number is the version's.
	Number int `json:"number"`
	// At is when it was withdrawn, in UTC with microseconds.
	At time.Time `json:"at"`
	// Reason says why, for people to read. No personal data.
	Reason string `json:"reason"`
}

// Entry is one link of a policy's chain: a version or a withdrawal, bound by its
// hash to all entries before it.
type Entry struct {
	Policy PolicyKey `json:"policy"`
	// Index counts the entries from 1.
	Index int `json:"index"`
	// Previous is the hash of the entry before, zero for the first.
	Previous Hash `json:"previous"`
	// Exactly one of Version and Withdrawal is set.
	Version    *Version    `json:"version,omitempty"`
	Withdrawal *Withdrawal `json:"withdrawal,omitempty"`
	// Hash is ComputeHash.
	Hash Hash `json:"hash"`
}

// ComputeHash returns the SHA-256 of the entry's canonical JSON (RFC 8785)
// without its member "hash". The error matches privacy.ErrInvalid if the content
// has no canonical form, such as a text that is not valid UTF-8.
func (e Entry) ComputeHash() (Hash, error) {
	content := struct {
		Policy     PolicyKey   `json:"policy"`
		Index      int         `json:"index"`
		Previous   Hash        `json:"previous"`
		Version    *Version    `json:"version,omitempty"`
		Withdrawal *Withdrawal `json:"withdrawal,omitempty"`
	}{e.Policy, e.Index, e.Previous, e.Version, e.Withdrawal}
	canonical, err := privacy.CanonicalJSON(content)
	if err != nil {
		return Hash{}, err
	}
	return sha256.Sum256(canonical), nil
}

// ChainError says where a chain is broken. It matches privacy.ErrInvalid.
type ChainError struct {
	// Index is the place of the first broken entry, from 1.
	Index int
	// Problem is what is wrong with it.
	Problem string
}

// Error names the entry and the problem.
func (e *ChainError) Error() string {
	return fmt.Sprintf("chain is broken at entry %d: %s", e.Index, e.Problem)
}

// Is reports whether target is privacy.ErrInvalid.
func (e *ChainError) Is(target error) bool { return target == privacy.ErrInvalid }

// VerifyChain checks all entries of one policy from its first, offline: their
// order, their hashes and what they say. The error is a *ChainError that names
// the first broken entry.
func VerifyChain(entries []Entry) error {
	_, err := newHistory(entries)
	return err
}

// Chain makes the entries of versions that were published elsewhere, such as a
// policy's earlier revisions: it numbers them in their order, links them and
// computes their hashes. The error is a *ChainError if they do not make a chain.
func Chain(policy PolicyKey, versions []Version) ([]Entry, error) {
	entries := make([]Entry, len(versions))
	for i, v := range versions {
		v.Number = i + 1
		v.EffectiveFrom, v.PublishedAt = instant(v.EffectiveFrom), instant(v.PublishedAt)
		e := Entry{Policy: policy, Index: i + 1, Version: &v}
		if i > 0 {
			e.Previous = entries[i-1].Hash
		}
		hash, err := e.ComputeHash()
		if err != nil {
			return nil, &ChainError{Index: i + 1, Problem: "its content has no canonical form"}
		}
		e.Hash = hash
		entries[i] = e
	}
	return entries, VerifyChain(entries)
}

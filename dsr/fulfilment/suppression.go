package fulfilment

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/privacy"
)

// Identifier is something by which a person is found again, such as a mail
// address. The host writes values of one kind in one way, lower case for example,
// before it adds or checks them.
type Identifier struct {
	// Kind says what it is, such as "email"; Value is personal data and is not kept.
	Kind, Value string
}

// SuppressionHash is the keyed hash of an Identifier in a tenant.
type SuppressionHash [sha256.Size]byte

// SuppressionEntry says that somebody was erased.
type SuppressionEntry struct {
	Hash SuppressionHash
	// Case is the case that erased, At when it began to.
	Case dsr.CaseID
	At   time.Time
}

// SuppressionStore keeps the entries of suppression lists. Implementations are
// safe for concurrent use; package fulfilmenttest holds one check for each
// sentence. Every method is scoped by tenant: what one tenant stored MUST NOT be
// visible to another. A call whose context is done MUST return its error and
// write nothing.
type SuppressionStore interface {
	// Add writes entries: all of them, or nothing. One whose hash is there already
	// MUST be left as it is.
	Add(ctx context.Context, tenant privacy.TenantID, entries []SuppressionEntry) error
	// Find returns the entries with the given hashes, in any order, each once; a
	// hash that is not there has none. Times MUST come back as the same instant to
	// the microsecond, in UTC.
	Find(ctx context.Context, tenant privacy.TenantID, hashes []SuppressionHash) ([]SuppressionEntry, error)
	// Remove removes the entries with the given hashes. A hash that is not there
	// MUST be a success.
	Remove(ctx context.Context, tenant privacy.TenantID, hashes []SuppressionHash) error
}

// SuppressionList remembers who was erased, so that an import or a restored
// backup does not bring them back. It keeps an HMAC-SHA-256 of each identifier
// under a secret key of the host, which cannot be reversed, nor tried out without
// the key, nor compared between tenants. It is safe for concurrent use.
type SuppressionList struct {
	store SuppressionStore
	keys  [][]byte
}

// MinimumSuppressionKey is the least length of a key in bytes.
const MinimumSuppressionKey = 32

// NewSuppressionList returns a list on a store. The first key makes new entries;
// entries made with any of them are found, so that a key can be replaced. A key
// shorter than MinimumSuppressionKey is an error matching privacy.ErrInvalid.
func NewSuppressionList(store SuppressionStore, keys ...[]byte) (*SuppressionList, error) {
	if store == nil || len(keys) == 0 {
		return nil, fmt.Errorf("a suppression list needs a store and a key: %w", privacy.ErrInvalid)
	}
	list := &SuppressionList{store: store}
	for _, key := range keys {
		if len(key) < MinimumSuppressionKey {
			return nil, fmt.Errorf("a key of a suppression list has at least %d bytes: %w", MinimumSuppressionKey, privacy.ErrInvalid)
		}
		list.keys = append(list.keys, append([]byte(nil), key...))
	}
	return list, nil
}

// Add puts a person on the list under all identifiers. Doing it again changes
// nothing. An empty kind or value is an error matching privacy.ErrInvalid.
func (l *SuppressionList) Add(ctx context.Context, tenant privacy.TenantID, by dsr.CaseID, at time.Time, identifiers ...Identifier) error {
	if err := checkIdentifiers(tenant, identifiers); err != nil || len(identifiers) == 0 {
		return err
	}
	entries := make([]SuppressionEntry, 0, len(identifiers))
	for _, identifier := range identifiers {
		entries = append(entries, SuppressionEntry{
			Hash: hashIdentifier(l.keys[0], tenant, identifier), Case: by, At: at.UTC().Truncate(time.Microsecond),
		})
	}
	return l.store.Add(ctx, tenant, entries)
}

// Suppressed reports, for each identifier, whether somebody was erased under it.
// An import and the end of a restore ask before they let a record in. The errors
// are those of Add and of the store; a caller that gets one lets nothing in.
func (l *SuppressionList) Suppressed(ctx context.Context, tenant privacy.TenantID, identifiers ...Identifier) ([]bool, error) {
	if err := checkIdentifiers(tenant, identifiers); err != nil {
		return nil, err
	}
	hashes := l.hashes(tenant, identifiers)
	entries, err := l.store.Find(ctx, tenant, hashes)
	if err != nil {
		return nil, err
	}
	found := map[SuppressionHash]bool{}
	for _, entry := range entries {
		found[entry.Hash] = true
	}
	suppressed := make([]bool, len(identifiers))
	for i, hash := range hashes {
		suppressed[i/len(l.keys)] = suppressed[i/len(l.keys)] || found[hash]
	}
	return suppressed, nil
}

// Remove takes a person off the list who comes back of their own accord.
func (l *SuppressionList) Remove(ctx context.Context, tenant privacy.TenantID, identifiers ...Identifier) error {
	if err := checkIdentifiers(tenant, identifiers); err != nil || len(identifiers) == 0 {
		return err
	}
	return l.store.Remove(ctx, tenant, l.hashes(tenant, identifiers))
}

// hashes returns those of each identifier under every key, one identifier after
// the other.
func (l *SuppressionList) hashes(tenant privacy.TenantID, identifiers []Identifier) []SuppressionHash {
	hashes := make([]SuppressionHash, 0, len(identifiers)*len(l.keys))
	for _, identifier := range identifiers {
		for _, key := range l.keys {
			hashes = append(hashes, hashIdentifier(key, tenant, identifier))
		}
	}
	return hashes
}

func checkIdentifiers(tenant privacy.TenantID, identifiers []Identifier) error {
	if err := privacy.CheckID("tenant", string(tenant)); err != nil {
		return err
	}
	for _, identifier := range identifiers {
		if identifier.Kind == "" || identifier.Value == "" {
			return fmt.Errorf("an identifier has a kind and a value: %w", privacy.ErrInvalid)
		}
	}
	return nil
}

// hashIdentifier writes each part behind its length, so that no two lists of
// parts are hashed alike.
func hashIdentifier(key []byte, tenant privacy.TenantID, identifier Identifier) (sum SuppressionHash) {
	mac := hmac.New(sha256.New, key)
	for _, part := range []string{string(tenant), identifier.Kind, identifier.Value} {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		mac.Write(length[:])
		mac.Write([]byte(part))
	}
	mac.Sum(sum[:0])
	return sum
}

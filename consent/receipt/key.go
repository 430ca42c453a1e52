package receipt

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// Signer signs receipts with Ed25519. The key may be elsewhere.
type Signer interface {
	// KeyID names the key in receipts.
	KeyID() string
	// Public returns the public key.
	Public() ed25519.PublicKey
	// Sign returns the signature of message, of 64 bytes.
	Sign(ctx context.Context, message []byte) ([]byte, error)
}

// NewSigner returns a Signer with a key in memory, which is named by its
// thumbprint. The error matches privacy.ErrInvalid for a key of the wrong length.
func NewSigner(key ed25519.PrivateKey) (Signer, error) {
	if len(key) != ed25519.PrivateKeySize {
		return nil, fmt.Errorf("receipt: a private key has %d bytes: %w", ed25519.PrivateKeySize, privacy.ErrInvalid)
	}
	return keySigner{slices.Clone(key)}, nil
}

type keySigner struct{ key ed25519.PrivateKey }

func (s keySigner) Public() ed25519.PublicKey {
	return ed25519.PublicKey(slices.Clone(s.key[ed25519.PrivateKeySize-ed25519.PublicKeySize:]))
}

func (s keySigner) KeyID() string { return Thumbprint(s.Public()) }

func (s keySigner) Sign(ctx context.Context, message []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return s.key.Sign(nil, message, crypto.Hash(0))
}

// Thumbprint returns the JWK thumbprint of a public key (RFC 7638, RFC 8037
// appendix A.3), as a name that needs no registry.
func Thumbprint(key ed25519.PublicKey) string {
	jwk := `{"crv":"Ed25519","kty":"OKP","x":"` + base64.RawURLEncoding.EncodeToString(key) + `"}`
	sum := sha256.Sum256([]byte(jwk))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Key is a public key and when it was in use.
type Key struct {
	// ID is the name in receipts; empty means the thumbprint.
	ID     string
	Public ed25519.PublicKey
	// From and Until say for which receipts the key counts: those made at From or
	// later and before Until. Zero is without limit. They bind who keeps to the
	// rules; take out a key that somebody else may have.
	From, Until time.Time
}

func (k Key) covers(at time.Time) bool {
	return !at.Before(k.From) && (k.Until.IsZero() || at.Before(k.Until))
}

// Keyring are the keys whose receipts are believed. It is immutable.
type Keyring struct{ keys map[string]Key }

// NewKeyring returns the keyring with keys. The error matches privacy.ErrInvalid
// for a key of the wrong length or an empty period, and privacy.ErrExists for two
// keys of one name.
func NewKeyring(keys ...Key) (*Keyring, error) {
	ring := &Keyring{keys: make(map[string]Key, len(keys))}
	for _, key := range keys {
		if len(key.Public) != ed25519.PublicKeySize {
			return nil, fmt.Errorf("receipt: a public key has %d bytes: %w", ed25519.PublicKeySize, privacy.ErrInvalid)
		}
		if !key.Until.IsZero() && !key.From.Before(key.Until) {
			return nil, fmt.Errorf("receipt: a key ends before it begins: %w", privacy.ErrInvalid)
		}
		if key.ID == "" {
			key.ID = Thumbprint(key.Public)
		}
		if _, taken := ring.keys[key.ID]; taken {
			return nil, fmt.Errorf("receipt: two keys have one name: %w", privacy.ErrExists)
		}
		key.Public = slices.Clone(key.Public)
		ring.keys[key.ID] = key
	}
	return ring, nil
}

package retention

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// KeyStore holds one key per subject, apart from the data encrypted under it. A
// key management service is a good one.
type KeyStore interface {
	// Ensure returns the key of a subject and makes a random one of 32 bytes if
	// there is none. Racing calls MUST return one and the same key.
	Ensure(ctx context.Context, tenant privacy.TenantID, subject privacy.SubjectID) (Key, error)
	// Key returns the key with an ID. It MUST return an error that matches
	// privacy.ErrNotFound if the tenant has no such key or it was destroyed.
	Key(ctx context.Context, tenant privacy.TenantID, id string) (Key, error)
	// Destroy destroys every key of a subject and says what is known about each. A
	// destroyed key MUST never be returned again, also after a new one was made.
	// Without a key it succeeds with no destructions.
	Destroy(ctx context.Context, tenant privacy.TenantID, subject privacy.SubjectID) ([]KeyDestruction, error)
}

// Key is a subject's key.
type Key struct {
	// ID names the key within its tenant: 1 to 255 bytes.
	ID string
	// Secret has 32 bytes.
	Secret []byte
}

// KeyDestruction is the evidence that a key is gone.
type KeyDestruction struct {
	KeyID       string    `json:"key_id"`
	DestroyedAt time.Time `json:"destroyed_at"`
	// Proof is what the key store gives as proof, such as the identifier of an
	// entry in its audit log.
	Proof string `json:"kms_proof,omitempty"`
	// NoCopies says that it is known that no copy of the key remains, also not in
	// a backup. Only then the destruction counts as erasure.
	NoCopies bool `json:"no_copies"`
}

// Envelope encrypts data so that destroying a subject's key destroys all of it:
// each item under a key of its own, that under the subject's key, both with
// AES-256-GCM. It is safe for concurrent use if its KeyStore is.
type Envelope struct{ keys KeyStore }

// NewEnvelope returns an envelope over a key store.
func NewEnvelope(keys KeyStore) *Envelope { return &Envelope{keys: keys} }

const (
	envelopeVersion = 1
	keyLength       = 32
	nonceLength     = 12
	tagLength       = 16
	wrappedLength   = nonceLength + keyLength + tagLength
)

var errSealed = fmt.Errorf("retention: not a sealed item of this place, or altered: %w", privacy.ErrInvalid)

// Seal encrypts plain for a subject. The place, such as table and record key, is
// not stored; Open needs the same, so that items cannot be exchanged.
func (e *Envelope) Seal(ctx context.Context, tenant privacy.TenantID, subject privacy.SubjectID, place string, plain []byte) ([]byte, error) {
	key, err := e.keys.Ensure(ctx, tenant, subject)
	if err != nil {
		return nil, err
	}
	if err := privacy.CheckID("key", key.ID); err != nil {
		return nil, fmt.Errorf("retention: %w", err)
	}
	item := make([]byte, keyLength)
	rand.Read(item)
	sealed := append([]byte{envelopeVersion, byte(len(key.ID))}, key.ID...)
	bound := joined(string(tenant), string(sealed), place)
	if sealed, err = seal(sealed, key.Secret, item, bound); err != nil {
		return nil, err
	}
	return seal(sealed, item, plain, bound)
}

// Open decrypts what Seal has encrypted for the same tenant and place. The error
// matches privacy.ErrNotFound once the subject's key was destroyed, and
// privacy.ErrInvalid if the data was altered or belongs elsewhere.
func (e *Envelope) Open(ctx context.Context, tenant privacy.TenantID, place string, sealed []byte) ([]byte, error) {
	if len(sealed) < 2 || sealed[0] != envelopeVersion {
		return nil, errSealed
	}
	header := 2 + int(sealed[1])
	if len(sealed) < header+wrappedLength+nonceLength+tagLength {
		return nil, errSealed
	}
	key, err := e.keys.Key(ctx, tenant, string(sealed[2:header]))
	if err != nil {
		return nil, err
	}
	bound := joined(string(tenant), string(sealed[:header]), place)
	item, err := open(key.Secret, sealed[header:header+wrappedLength], bound)
	if err != nil {
		return nil, err
	}
	return open(item, sealed[header+wrappedLength:], bound)
}

// Shred destroys a subject's keys and tells what that is worth: it counts as
// erasure only if no copy of any key remains. Records sealed for the subject can
// never be opened again.
func (e *Envelope) Shred(ctx context.Context, tenant privacy.TenantID, subject privacy.SubjectID) ([]KeyDestruction, DisposalEffect, error) {
	destroyed, err := e.keys.Destroy(ctx, tenant, subject)
	if err != nil {
		return nil, DisposalEffect{}, err
	}
	d := Disposal{Action: CryptoShred, KeyDestroyed: len(destroyed) > 0, NoKeyCopies: len(destroyed) > 0}
	for _, destruction := range destroyed {
		d.NoKeyCopies = d.NoKeyCopies && destruction.NoCopies
		if on := privacy.DateOf(destruction.DestroyedAt, time.UTC); d.On.Before(on) {
			d.On = on
		}
	}
	return destroyed, AssessDisposal(d), nil
}

func gcm(key []byte) (cipher.AEAD, error) {
	if len(key) != keyLength {
		return nil, fmt.Errorf("retention: a key has %d bytes: %w", keyLength, privacy.ErrInvalid)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// seal appends a random nonce and the encrypted text to dst.
func seal(dst, key, plain, bound []byte) ([]byte, error) {
	aead, err := gcm(key)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, nonceLength)
	rand.Read(nonce)
	return aead.Seal(append(dst, nonce...), nonce, plain, bound), nil
}

func open(key, sealed, bound []byte) ([]byte, error) {
	aead, err := gcm(key)
	if err != nil {
		return nil, err
	}
	plain, err := aead.Open(nil, sealed[:nonceLength], sealed[nonceLength:], bound)
	if err != nil {
		return nil, errSealed
	}
	return plain, nil
}

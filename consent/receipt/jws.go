package receipt

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

// What the header of a signed receipt says.
const (
	// Algorithm is the only one: Ed25519, by the name that RFC 8037 gives it.
	Algorithm = "EdDSA"
	// Type tells a receipt from other documents that the same key may sign.
	Type = "consent-receipt+jws"
)

// MaxSigned is the greatest length of a signed receipt in bytes.
const MaxSigned = 1 << 20

// Why a receipt is not believed. Each matches privacy.ErrInvalid.
var (
	// ErrMalformed reports what is no signed receipt in the one form there is.
	ErrMalformed = fmt.Errorf("receipt: not a signed receipt: %w", privacy.ErrInvalid)
	// ErrAlgorithm reports another algorithm or type than that of receipts.
	ErrAlgorithm = fmt.Errorf("receipt: another algorithm or type of document: %w", privacy.ErrInvalid)
	// ErrUnknownKey reports a key that is not in the Keyring.
	ErrUnknownKey = fmt.Errorf("receipt: the key is not known: %w", privacy.ErrInvalid)
	// ErrSignature reports that the signature does not fit.
	ErrSignature = fmt.Errorf("receipt: the signature does not fit: %w", privacy.ErrInvalid)
	// ErrKeyPeriod reports a receipt made when its key was not in use.
	ErrKeyPeriod = fmt.Errorf("receipt: the key was not in use at the time: %w", privacy.ErrInvalid)
	// ErrOtherStream reports the receipt of another tenant or subject.
	ErrOtherStream = fmt.Errorf("receipt: the receipt of another tenant or subject: %w", privacy.ErrInvalid)
)

type header struct {
	Algorithm string `json:"alg"`
	KeyID     string `json:"kid"`
	Type      string `json:"typ"`
}

// Sign returns the receipt as a compact JWS over its canonical JSON. The error is
// that of Receipt.Validate, matches ErrSignature if the signer's signature does
// not fit its key, or is the signer's.
func Sign(ctx context.Context, signer Signer, receipt Receipt) (string, error) {
	payload, err := receipt.Encode()
	if err != nil {
		return "", err
	}
	head, err := privacy.CanonicalJSON(header{Algorithm: Algorithm, KeyID: signer.KeyID(), Type: Type})
	if err != nil {
		return "", err
	}
	signed, err := compact(ctx, signer, head, payload)
	if err == nil && len(signed) > MaxSigned {
		return "", fmt.Errorf("receipt: longer than %d bytes: %w", MaxSigned, privacy.ErrInvalid)
	}
	return signed, err
}

// compact returns the compact serialisation of a JWS (RFC 7515, section 7.1).
func compact(ctx context.Context, signer Signer, head, payload []byte) (string, error) {
	input := encode(head) + "." + encode(payload)
	signature, err := signer.Sign(ctx, []byte(input))
	if err != nil {
		return "", fmt.Errorf("receipt: sign: %w", err)
	}
	key := signer.Public() // Verify panics if its length is wrong
	if len(key) != ed25519.PublicKeySize || !ed25519.Verify(key, []byte(input), signature) {
		return "", ErrSignature
	}
	return input + "." + encode(signature), nil
}

func encode(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

// decode is strict: one text has one meaning.
func decode(text string) ([]byte, bool) {
	if strings.ContainsAny(text, "\r\n") {
		return nil, false
	}
	data, err := base64.RawURLEncoding.Strict().DecodeString(text)
	return data, err == nil
}

// Verify returns the receipt of a compact JWS that a key of the ring has signed,
// for the stream that the caller expects it to be of. It fails with one of the
// sentinels of this package, or with the error of Decode; nothing of a receipt
// that fails is returned. It says nothing of whether the consent still holds: see
// Receipt.Match.
func (k *Keyring) Verify(signed string, stream consent.StreamKey) (Receipt, error) {
	payload, key, err := k.open(signed)
	if err != nil {
		return Receipt{}, err
	}
	receipt, err := Decode(payload)
	if err != nil {
		return Receipt{}, err
	}
	if !key.covers(receipt.Created) {
		return Receipt{}, ErrKeyPeriod
	}
	if !receipt.of(stream) {
		return Receipt{}, ErrOtherStream
	}
	return receipt, nil
}

// open checks everything but the content.
func (k *Keyring) open(signed string) ([]byte, Key, error) {
	if len(signed) > MaxSigned {
		return nil, Key{}, ErrMalformed
	}
	parts := strings.Split(signed, ".")
	if len(parts) != 3 {
		return nil, Key{}, ErrMalformed
	}
	head, headOK := decode(parts[0])
	payload, payloadOK := decode(parts[1])
	signature, signatureOK := decode(parts[2])
	if !headOK || !payloadOK || !signatureOK {
		return nil, Key{}, ErrMalformed
	}
	var h header
	if decodeExactly(head, &h) != nil {
		return nil, Key{}, ErrMalformed
	}
	if h.Algorithm != Algorithm || h.Type != Type {
		return nil, Key{}, ErrAlgorithm
	}
	key, known := k.keys[h.KeyID]
	if !known {
		return nil, Key{}, ErrUnknownKey
	}
	if !ed25519.Verify(key.Public, []byte(parts[0]+"."+parts[1]), signature) {
		return nil, Key{}, ErrSignature
	}
	return payload, key, nil
}

// Decode reads the JSON of a receipt. It is strict: whatever Encode would not have
// written, to the byte, is an error that matches privacy.ErrInvalid.
func Decode(data []byte) (Receipt, error) {
	var receipt Receipt
	if err := decodeExactly(data, &receipt); err != nil {
		return Receipt{}, err
	}
	if err := receipt.Validate(); err != nil {
		return Receipt{}, err
	}
	return receipt, nil
}

// decodeExactly refuses what does not come out again as it went in: unknown
// members, names in another case, and every other form of the same value.
func decodeExactly[T any](data []byte, into *T) error {
	if err := privacy.DecodeJSON(data, into); err != nil {
		return fmt.Errorf("receipt: the document has another form: %w", privacy.ErrInvalid)
	}
	again, err := privacy.CanonicalJSON(*into)
	if err != nil || !bytes.Equal(again, data) {
		return fmt.Errorf("receipt: the document is not in its canonical form: %w", privacy.ErrInvalid)
	}
	return nil
}

// Encode returns the canonical JSON (RFC 8785) of the receipt, with the errors of
// Validate.
func (r Receipt) Encode() ([]byte, error) {
	if err := r.Validate(); err != nil {
		return nil, err
	}
	return privacy.CanonicalJSON(r)
}

package proof

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/merkle"
)

// Signer signs checkpoints with Ed25519. The key may be elsewhere.
type Signer interface {
	// Public returns the public key.
	Public() ed25519.PublicKey
	// Sign returns the signature of message, of 64 bytes.
	Sign(ctx context.Context, message []byte) ([]byte, error)
}

// NewSigner returns a Signer with a key in memory. The error matches
// privacy.ErrInvalid for a key of the wrong length.
func NewSigner(key ed25519.PrivateKey) (Signer, error) {
	if len(key) != ed25519.PrivateKeySize {
		return nil, fmt.Errorf("proof: a private key has %d bytes: %w", ed25519.PrivateKeySize, privacy.ErrInvalid)
	}
	return keySigner{slices.Clone(key)}, nil
}

type keySigner struct{ key ed25519.PrivateKey }

func (s keySigner) Public() ed25519.PublicKey {
	return ed25519.PublicKey(slices.Clone(s.key[ed25519.PrivateKeySize-ed25519.PublicKeySize:]))
}

func (s keySigner) Sign(ctx context.Context, message []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return s.key.Sign(nil, message, crypto.Hash(0))
}

// Trust says which checkpoints to believe. It needs no database: whoever has the
// origin and the keys can verify what they were given.
type Trust struct {
	// Origin begins the origin of every tenant's checkpoints. It is a URL
	// without scheme that the operator controls, such as
	// "privacy.example.com/ledger".
	Origin string
	// Keys are the public keys whose signatures count: the present one, and those
	// before it for as long as there are checkpoints by them.
	Keys []ed25519.PublicKey
}

func (t Trust) check() error {
	if t.Origin == "" || !nameFits(t.Origin) {
		return fmt.Errorf("proof: an origin needs text without spaces and plus signs: %w", privacy.ErrInvalid)
	}
	if len(t.Keys) == 0 {
		return fmt.Errorf("proof: no key is trusted: %w", privacy.ErrInvalid)
	}
	for _, key := range t.Keys {
		if len(key) != ed25519.PublicKeySize {
			return fmt.Errorf("proof: a public key has %d bytes: %w", ed25519.PublicKeySize, privacy.ErrInvalid)
		}
	}
	return nil
}

func (t Trust) trusts(key ed25519.PublicKey) bool {
	return slices.ContainsFunc(t.Keys, func(trusted ed25519.PublicKey) bool { return trusted.Equal(key) })
}

// nameFits reports whether text can name a key of a signed note.
func nameFits(name string) bool {
	return utf8.ValidString(name) && !strings.ContainsFunc(name, func(r rune) bool {
		return r == '+' || unicode.IsSpace(r) || unicode.IsControl(r)
	})
}

// OriginOf returns the origin of a tenant's checkpoints: Origin, a slash and the
// tenant, percent-encoded. It is also the name of the keys that sign them.
func (t Trust) OriginOf(tenant privacy.TenantID) string {
	return t.Origin + "/" + strings.ReplaceAll(url.PathEscape(string(tenant)), "+", "%2B")
}

// VerifierKey returns a key for the checkpoints of a tenant, in the text form of
// signed notes that witnesses and monitors take.
func (t Trust) VerifierKey(tenant privacy.TenantID, key ed25519.PublicKey) string {
	name := t.OriginOf(tenant)
	id := keyID(name, key)
	return name + "+" + hex.EncodeToString(id[:]) + "+" + base64.StdEncoding.EncodeToString(append([]byte{algorithmEd25519}, key...))
}

// algorithmEd25519 is the signature type of Ed25519 in signed notes.
const algorithmEd25519 = 0x01

func keyID(name string, key ed25519.PublicKey) [4]byte {
	sum := sha256.Sum256(slices.Concat([]byte(name), []byte{'\n', algorithmEd25519}, key))
	return [4]byte(sum[:4])
}

// Checkpoint says what a tree was at a size. It is the verified content of a
// signed note.
type Checkpoint struct {
	// Origin names the tree.
	Origin string
	Size   uint64
	Root   merkle.Hash
	// Note is the signed note itself, as it can be given away.
	Note []byte
}

// ErrCheckpoint reports that a checkpoint is malformed, is that of another tree,
// or has no valid signature of a trusted key. It matches privacy.ErrInvalid.
var ErrCheckpoint = fmt.Errorf("proof: the checkpoint cannot be trusted: %w", privacy.ErrInvalid)

func checkpointText(origin string, size uint64, root merkle.Hash) string {
	return fmt.Sprintf("%s\n%d\n%s\n", origin, size, base64.StdEncoding.EncodeToString(root[:]))
}

var errSignature = errors.New("proof: the signer returned no valid signature of a trusted key")

// sign returns the note on a tree's size and root.
func (t Trust) sign(ctx context.Context, signer Signer, tenant privacy.TenantID, size uint64, root merkle.Hash) ([]byte, error) {
	name := t.OriginOf(tenant)
	text := checkpointText(name, size, root)
	signature, err := signer.Sign(ctx, []byte(text))
	if err != nil {
		return nil, fmt.Errorf("proof: sign: %w", err)
	}
	key := signer.Public() // which may have been replaced since it was trusted
	if !t.trusts(key) || !ed25519.Verify(key, []byte(text), signature) {
		return nil, errSignature
	}
	id := keyID(name, key)
	return fmt.Appendf(nil, "%s\n%s%s %s\n", text, signaturePrefix, name, base64.StdEncoding.EncodeToString(append(id[:], signature...))), nil
}

const (
	signaturePrefix = "— "
	// maxNote bounds what is parsed; witnesses may have added signatures.
	maxNote       = 64 << 10
	maxSignatures = 100
)

// Verify reads a checkpoint of a tenant's tree and checks its signature. There
// may be further signatures, of witnesses, which it ignores; one by a trusted key
// that does not fit makes it fail. The error matches ErrCheckpoint.
func (t Trust) Verify(tenant privacy.TenantID, note []byte) (Checkpoint, error) {
	if err := t.check(); err != nil {
		return Checkpoint{}, fmt.Errorf("%w: %w", ErrCheckpoint, err)
	}
	text, signatures, ok := splitNote(note)
	if !ok {
		return Checkpoint{}, ErrCheckpoint
	}
	checkpoint, ok := parseText(text)
	if !ok || checkpoint.Origin != t.OriginOf(tenant) || !t.signed(checkpoint.Origin, text, signatures) {
		return Checkpoint{}, ErrCheckpoint
	}
	checkpoint.Note = slices.Clone(note)
	return checkpoint, nil
}

// noteSignature is a line below the text of a note.
type noteSignature struct {
	name      string
	id        [4]byte
	signature []byte
}

// splitNote splits a note at its last empty line.
func splitNote(note []byte) (text []byte, signatures []noteSignature, ok bool) {
	if len(note) > maxNote || !utf8.Valid(note) || bytes.ContainsFunc(note, func(r rune) bool { return r < 0x20 && r != '\n' || r == utf8.RuneError }) {
		return nil, nil, false
	}
	split := bytes.LastIndex(note, []byte("\n\n"))
	if split < 0 || !bytes.HasSuffix(note, []byte("\n")) {
		return nil, nil, false
	}
	lines := strings.Split(strings.TrimSuffix(string(note[split+2:]), "\n"), "\n")
	if len(lines) > maxSignatures {
		return nil, nil, false
	}
	for _, line := range lines {
		rest, found := strings.CutPrefix(line, signaturePrefix)
		name, encoded, separated := strings.Cut(rest, " ")
		data, err := base64.StdEncoding.Strict().DecodeString(encoded)
		if !found || !separated || name == "" || !nameFits(name) || err != nil || len(data) < 5 {
			return nil, nil, false
		}
		signatures = append(signatures, noteSignature{name: name, id: [4]byte(data[:4]), signature: data[4:]})
	}
	return note[:split+1], signatures, true
}

// parseText reads the three lines of a checkpoint. What follows them is an
// extension, which has no meaning here.
func parseText(text []byte) (Checkpoint, bool) {
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	if len(lines) < 3 || slices.Contains(lines, "") {
		return Checkpoint{}, false
	}
	size, err := strconv.ParseUint(lines[1], 10, 64)
	if err != nil || strconv.FormatUint(size, 10) != lines[1] {
		return Checkpoint{}, false
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != merkle.Size {
		return Checkpoint{}, false
	}
	return Checkpoint{Origin: lines[0], Size: size, Root: merkle.Hash(root)}, true
}

// signed reports whether a trusted key has signed the text and none of them has
// a signature that does not fit.
func (t Trust) signed(origin string, text []byte, signatures []noteSignature) bool {
	found := false
	for _, s := range signatures {
		for _, key := range t.Keys {
			if s.name != origin || s.id != keyID(origin, key) {
				continue
			}
			if !ed25519.Verify(key, text, s.signature) {
				return false
			}
			found = true
		}
	}
	return found
}

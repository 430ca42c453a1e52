package proof_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"strings"
	"testing"

	"github.com/labelop/privacykit/consent/proof"
	"github.com/labelop/privacykit/privacy"
)

// checkpointOf returns the checkpoint of a tree of three events.
func checkpointOf(t testing.TB) (proof.Trust, proof.Checkpoint) {
	t.Helper()
	b := newBench(t)
	for range 3 {
		b.record(keyOf(tenant, "s-1"))
	}
	b.place()
	checkpoint, err := b.log().Checkpoint(t.Context(), tenant)
	ok(t, err)
	return b.trust, checkpoint
}

func TestACheckpointHasTheFormOfTheStandard(t *testing.T) {
	trust, checkpoint := checkpointOf(t)
	lines := strings.Split(string(checkpoint.Note), "\n")
	if len(lines) != 6 || lines[0] != "privacy.example.com/ledger/acme" || lines[1] != "3" || lines[3] != "" || lines[5] != "" ||
		!strings.HasPrefix(lines[4], "— privacy.example.com/ledger/acme ") {
		t.Errorf("got %q", lines)
	}
	verified, err := trust.Verify(tenant, checkpoint.Note)
	if err != nil || verified.Size != 3 || verified.Root != checkpoint.Root || verified.Origin != trust.OriginOf(tenant) {
		t.Errorf("got %+v, %v", verified, err)
	}
}

func TestAnOriginNamesOneTenant(t *testing.T) {
	trust := trusting(signerOf(t, 1))
	seen := map[string]privacy.TenantID{}
	for _, tenant := range []privacy.TenantID{"a", "A", "a b", "a+b", "a%20b", "a/b", "ä", "a\u2028b"} {
		origin := trust.OriginOf(tenant)
		if strings.ContainsAny(origin, " +\n") || seen[origin] != "" {
			t.Errorf("%q has the origin %q, as has %q", tenant, origin, seen[origin])
		}
		seen[origin] = tenant
	}
	if key := trust.VerifierKey("a+b", trust.Keys[0]); strings.Count(key, "+") < 2 || !strings.HasPrefix(key, "privacy.example.com/ledger/a%2Bb+") {
		t.Errorf("verifier key %q", key)
	}
}

func TestACheckpointThatCannotBeTrusted(t *testing.T) {
	trust, checkpoint := checkpointOf(t)
	note := string(checkpoint.Note)
	signature := note[strings.Index(note, "\n\n")+2:]
	mine := signerOf(t, 1)
	for name, bad := range map[string]string{
		"empty":               "",
		"without signature":   note[:strings.Index(note, "\n\n")+1],
		"another size":        strings.Replace(note, "\n3\n", "\n4\n", 1),
		"a size with zeros":   strings.Replace(note, "\n3\n", "\n03\n", 1),
		"another signature":   strings.Replace(note, signature[len(signature)-12:len(signature)-6], "AAAAAA", 1),
		"a line less":         strings.Replace(note, "\n3\n", "\n", 1),
		"cut":                 note[:len(note)-2],
		"no line end":         strings.TrimSuffix(note, "\n"),
		"a carriage return":   strings.Replace(note, "\n3\n", "\r\n3\n", 1),
		"a text before":       "x\n" + note,
		"a signature twisted": note + strings.Replace(signature, "— ", "- ", 1),
		"not UTF-8":           note + "\xff",
		"too long":            note + strings.Repeat(signature, 1000),
	} {
		if _, err := trust.Verify(tenant, []byte(bad)); !errors.Is(err, proof.ErrCheckpoint) || !errors.Is(err, privacy.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := trust.Verify("umbra", checkpoint.Note); !errors.Is(err, proof.ErrCheckpoint) {
		t.Errorf("of another tenant: %v", err)
	}
	if _, err := trusting(signerOf(t, 2)).Verify(tenant, checkpoint.Note); !errors.Is(err, proof.ErrCheckpoint) {
		t.Errorf("by a key that is not trusted: %v", err)
	}
	if _, err := (proof.Trust{}).Verify(tenant, checkpoint.Note); !errors.Is(err, proof.ErrCheckpoint) || !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("without a trust: %v", err)
	}
	elsewhere := proof.Trust{Origin: "other.example.com", Keys: []ed25519.PublicKey{mine.Public()}}
	if _, err := elsewhere.Verify(tenant, checkpoint.Note); !errors.Is(err, proof.ErrCheckpoint) {
		t.Errorf("of another operator: %v", err)
	}
}

func TestWitnessesMaySignToo(t *testing.T) {
	trust, checkpoint := checkpointOf(t)
	witnessed := append(bytes.Clone(checkpoint.Note), "— witness.example AAAAAAAAAAAA\n"...)
	if _, err := trust.Verify(tenant, witnessed); err != nil {
		t.Error(err)
	}
}

func TestATrustNeedsAnOriginAndKeys(t *testing.T) {
	b := newBench(t)
	sound := b.trust
	for name, trust := range map[string]proof.Trust{
		"no origin":     {Keys: sound.Keys},
		"a space":       {Origin: "a b", Keys: sound.Keys},
		"a plus":        {Origin: "a+b", Keys: sound.Keys},
		"no key":        {Origin: sound.Origin},
		"half a key":    {Origin: sound.Origin, Keys: []ed25519.PublicKey{sound.Keys[0][:16]}},
		"another's key": {Origin: sound.Origin, Keys: trusting(signerOf(t, 9)).Keys},
	} {
		if _, err := proof.NewSequencer(b.trees, b.signer, trust, nil); !errors.Is(err, privacy.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := proof.NewSigner(make([]byte, 5)); !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("half a private key: %v", err)
	}
	if _, err := proof.NewLog(nil, b.store, sound); !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("no store: %v", err)
	}
}

// brokenSigner signs with another key than it says.
type brokenSigner struct{ proof.Signer }

func (s brokenSigner) Sign(ctx context.Context, message []byte) ([]byte, error) {
	return s.Signer.Sign(ctx, append(message, 'x'))
}

func TestASignatureIsCheckedBeforeItIsStored(t *testing.T) {
	b := newBench(t)
	b.record(keyOf(tenant, "s-1"))
	b.signer = brokenSigner{b.signer}
	if _, err := b.sequencer(b.trees, proof.SequencerOptions{}).Step(t.Context()); err == nil {
		t.Error("an invalid signature was taken")
	}
	if _, err := b.log().Checkpoint(t.Context(), tenant); !errors.Is(err, privacy.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

// replacedSigner has another key than the one it was trusted with.
type replacedSigner struct{ current proof.Signer }

func (s *replacedSigner) Public() ed25519.PublicKey { return s.current.Public() }

func (s *replacedSigner) Sign(ctx context.Context, message []byte) ([]byte, error) {
	return s.current.Sign(ctx, message)
}

// A checkpoint that nobody would trust would end the tree: it is not stored.
func TestAKeyThatIsNotTrustedSignsNothing(t *testing.T) {
	b := newBench(t)
	signer := &replacedSigner{b.signer}
	b.signer = signer
	sequencer := b.sequencer(b.trees, proof.SequencerOptions{})
	b.record(keyOf(tenant, "s-1"))
	for _, other := range []proof.Signer{signerOf(t, 2), keyless{signerOf(t, 1)}} {
		signer.current = other
		if _, err := sequencer.Step(t.Context()); err == nil {
			t.Error("the signature was taken")
		}
	}
	signer.current = signerOf(t, 1)
	if progress, err := sequencer.Step(t.Context()); err != nil || progress.Leaves != 1 {
		t.Errorf("with the trusted key: %+v, %v", progress, err)
	}
	if _, err := b.log().Checkpoint(t.Context(), tenant); err != nil {
		t.Error(err)
	}
}

// keyless has no key that a signature could fit.
type keyless struct{ proof.Signer }

func (keyless) Public() ed25519.PublicKey { return nil }

func FuzzVerifyCheckpoint(f *testing.F) {
	trust, checkpoint := checkpointOf(f)
	f.Add(checkpoint.Note)
	f.Add([]byte("a\n1\nAAAA\n\n— a AAAAAAAA\n"))
	f.Fuzz(func(t *testing.T, note []byte) {
		verified, err := trust.Verify(tenant, note)
		// The root differs from process to process, as salts do.
		if err == nil && (verified.Origin != checkpoint.Origin || verified.Size != checkpoint.Size) {
			t.Error("a forged checkpoint was trusted")
		}
	})
}

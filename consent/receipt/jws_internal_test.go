package receipt

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest/outside"
)

// standardSigner has the key of RFC 8037, appendix A.1.
func standardSigner(t *testing.T) Signer {
	t.Helper()
	seed, err := base64.RawURLEncoding.DecodeString("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := NewSigner(ed25519.NewKeyFromSeed(seed))
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

func TestSignaturesAreThoseOfRFC8037(t *testing.T) {
	signer := standardSigner(t)
	if x := encode(signer.Public()); x != "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" {
		t.Errorf("the public key is %s", x)
	}
	if signer.KeyID() != "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k" { // appendix A.3
		t.Errorf("the thumbprint is %s", signer.KeyID())
	}
	got, err := compact(t.Context(), signer, []byte(`{"alg":"EdDSA"}`), []byte("Example of Ed25519 signing")) // appendix A.4
	const want = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc." +
		"hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
	if err != nil || got != want {
		t.Errorf("got %s, %v", got, err)
	}
	// The document of the appendix is validly signed, but no receipt.
	ring, err := NewKeyring(Key{Public: signer.Public()})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := ring.open(want); !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("another document passes for a receipt: %v", err)
	}
}

// What is signed is canonical JSON as the reference implementation of RFC 8785
// has it.
func TestWhatIsSignedIsCanonical(t *testing.T) {
	dir := outside.Standard(t, "jcs", "testdata")
	files, err := filepath.Glob(filepath.Join(dir, "input", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	signer := standardSigner(t)
	for _, file := range files {
		input, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(filepath.Join(dir, "output", filepath.Base(file)))
		if err != nil {
			t.Fatal(err)
		}
		payload, err := privacy.CanonicalizeJSON(input)
		if err != nil || !bytes.Equal(payload, want) {
			t.Errorf("%s: %v", filepath.Base(file), err)
		}
		if _, err := compact(t.Context(), signer, []byte("{}"), payload); err != nil {
			t.Error(err)
		}
	}
	if len(files) < 6 {
		t.Errorf("only %d cases", len(files))
	}
}

func TestEveryOperationHasATerm(t *testing.T) {
	if n := len(operations()); n < 9 {
		t.Errorf("only %d operations are known", n)
	}
}

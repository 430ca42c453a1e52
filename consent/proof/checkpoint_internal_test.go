package proof

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"testing"
)

// The note and the key that the documentation of Go's package note has.
func TestNotesAreSignedAsOthersSignThem(t *testing.T) {
	const (
		name = "PeterNeumann"
		note = "If you think cryptography is the answer to your problem,\n" +
			"then you don't know what your problem is.\n\n" +
			"— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
	)
	key, err := base64.StdEncoding.DecodeString("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
	if err != nil || key[0] != algorithmEd25519 {
		t.Fatal(err)
	}
	public := ed25519.PublicKey(key[1:])
	if id := keyID(name, public); hex.EncodeToString(id[:]) != "c74f20a3" {
		t.Errorf("key ID is %x", id)
	}
	text, signatures, ok := splitNote([]byte(note))
	if !ok || len(signatures) != 1 {
		t.Fatal("the note cannot be read")
	}
	if !(Trust{Keys: []ed25519.PublicKey{public}}).signed(name, text, signatures) {
		t.Error("the signature is not accepted")
	}
}

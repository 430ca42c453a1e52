package receipt_test

import (
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/consent/receipt"
	"github.com/labelop/privacykit/privacy"
)

func signed(t testing.TB) (string, receipt.Signer) {
	t.Helper()
	document, _ := made(t)
	signer := signerOf(t, 1)
	token, err := receipt.Sign(t.Context(), signer, document)
	ok(t, err)
	return token, signer
}

func encode(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

func TestASignedReceiptIsVerified(t *testing.T) {
	document, _ := made(t)
	signer := signerOf(t, 1)
	token, err := receipt.Sign(t.Context(), signer, document)
	ok(t, err)
	verified, err := ringOf(t, receipt.Key{Public: signer.Public()}).Verify(token, stream)
	if err != nil {
		t.Fatal(err)
	}
	want, err := document.Encode()
	ok(t, err)
	got, err := verified.Encode()
	ok(t, err)
	if string(got) != string(want) || strings.Count(token, ".") != 2 || strings.ContainsAny(token, "=+/") {
		t.Error("another receipt came back")
	}
}

func TestAForgedReceiptIsRefused(t *testing.T) {
	token, signer := signed(t)
	parts := strings.Split(token, ".")
	resign := func(head, payload string) string {
		input := encode(head) + "." + payload
		signature, err := signer.Sign(t.Context(), []byte(input))
		ok(t, err)
		return input + "." + base64.RawURLEncoding.EncodeToString(signature)
	}
	head := func(alg, typ, more string) string {
		return `{"alg":"` + alg + `"` + more + `,"kid":"` + signer.KeyID() + `","typ":"` + typ + `"}`
	}
	sound := head("EdDSA", receipt.Type, "")
	symmetric := func() string {
		input := encode(head("HS256", receipt.Type, "")) + "." + parts[1]
		mac := hmac.New(sha256.New, signer.Public())
		mac.Write([]byte(input))
		return input + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	ok(t, err)
	ring := ringOf(t, receipt.Key{Public: signer.Public()})
	if _, err := ring.Verify(resign(sound, parts[1]), stream); err != nil {
		t.Fatalf("the forger's tools are blunt: %v", err)
	}
	for name, c := range map[string]struct {
		token string
		want  error
	}{
		"empty":                    {"", receipt.ErrMalformed},
		"two parts":                {parts[0] + "." + parts[1], receipt.ErrMalformed},
		"four parts":               {token + ".x", receipt.ErrMalformed},
		"parts exchanged":          {parts[1] + "." + parts[0] + "." + parts[2], receipt.ErrMalformed},
		"cut":                      {token[:len(token)-1], receipt.ErrMalformed},
		"a line break":             {token[:40] + "\n" + token[40:], receipt.ErrMalformed},
		"a carriage return":        {token + "\r", receipt.ErrMalformed},
		"written another way":      {withOtherBits(t, token), receipt.ErrMalformed},
		"algorithm in small":       {resign(head("eddsa", receipt.Type, ""), parts[1]), receipt.ErrAlgorithm},
		"type in capitals":         {resign(head("EdDSA", strings.ToUpper(receipt.Type), ""), parts[1]), receipt.ErrAlgorithm},
		"padding":                  {token + "=", receipt.ErrMalformed},
		"too long":                 {token + strings.Repeat("A", receipt.MaxSigned), receipt.ErrMalformed},
		"no signature":             {parts[0] + "." + parts[1] + ".", receipt.ErrSignature},
		"the signature of another": {parts[0] + "." + parts[1] + "." + base64.RawURLEncoding.EncodeToString(make([]byte, 64)), receipt.ErrSignature},
		"algorithm none":           {encode(head("none", receipt.Type, "")) + "." + parts[1] + ".", receipt.ErrAlgorithm},
		"a symmetric algorithm":    {symmetric(), receipt.ErrAlgorithm},
		"another signed algorithm": {resign(head("RS256", receipt.Type, ""), parts[1]), receipt.ErrAlgorithm},
		"another signed type":      {resign(head("EdDSA", "JWT", ""), parts[1]), receipt.ErrAlgorithm},
		"a critical extension":     {resign(head("EdDSA", receipt.Type, `,"crit":["b64"]`), parts[1]), receipt.ErrMalformed},
		"a key in the header":      {resign(head("EdDSA", receipt.Type, `,"jwk":{}`), parts[1]), receipt.ErrMalformed},
		"two algorithms":           {resign(head("none", receipt.Type, `,"alg":"EdDSA"`), parts[1]), receipt.ErrMalformed},
		"a name in capitals":       {resign(strings.Replace(sound, `"alg"`, `"ALG"`, 1), parts[1]), receipt.ErrMalformed},
		"white space in the head":  {resign(" "+sound, parts[1]), receipt.ErrMalformed},
		"another payload":          {parts[0] + "." + encode(strings.Replace(string(payload), "account-1815", "account-1816", 1)) + "." + parts[2], receipt.ErrSignature},
		"a line break signed":      {resign(sound, parts[1]+"\n"), receipt.ErrMalformed},
		"white space signed":       {resign(sound, encode(" "+string(payload))), privacy.ErrInvalid},
		"a member more signed":     {resign(sound, encode(strings.Replace(string(payload), "{", `{"@note":1,`, 1))), privacy.ErrInvalid},
		"a member in capitals":     {resign(sound, encode(strings.Replace(string(payload), `"@id"`, `"@ID"`, 1))), privacy.ErrInvalid},
		"no receipt signed":        {resign(sound, encode("{}")), privacy.ErrInvalid},
	} {
		got, err := ring.Verify(c.token, stream)
		if !errors.Is(err, c.want) || !errors.Is(err, privacy.ErrInvalid) || !reflect.DeepEqual(got, receipt.Receipt{}) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// withOtherBits sets the bits of the last letter that stand for nothing, so that
// the text decodes to the same signature.
func withOtherBits(t *testing.T, token string) string {
	t.Helper()
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := len(token) - 1
	other := token[:last] + string(letters[strings.IndexByte(letters, token[last])+1])
	signature := func(token string) string {
		data, err := base64.RawURLEncoding.DecodeString(token[strings.LastIndexByte(token, '.')+1:])
		ok(t, err)
		return string(data)
	}
	if signature(other) != signature(token) {
		t.Fatal("the text stands for another signature")
	}
	return other
}

func TestAReceiptIsOfOneStream(t *testing.T) {
	token, signer := signed(t)
	ring := ringOf(t, receipt.Key{Public: signer.Public()})
	for _, other := range []consent.StreamKey{{Tenant: "umbra", Subject: stream.Subject}, {Tenant: stream.Tenant, Subject: "account-1"}, {Tenant: stream.Tenant}, {}} {
		if got, err := ring.Verify(token, other); !errors.Is(err, receipt.ErrOtherStream) || !reflect.DeepEqual(got, receipt.Receipt{}) {
			t.Errorf("%v: %v", other, err)
		}
	}
}

func TestKeysAreReplaced(t *testing.T) {
	token, signer := signed(t)
	at := moment.Add(time.Hour) // when it was made
	next := signerOf(t, 2)
	for _, c := range []struct {
		name string
		keys []receipt.Key
		want error
	}{
		{"in use", []receipt.Key{{Public: signer.Public(), From: at, Until: at.Add(time.Second)}}, nil},
		{"with its successor", []receipt.Key{{Public: next.Public(), From: at.Add(time.Hour)}, {Public: signer.Public(), Until: at.Add(time.Hour)}}, nil},
		{"not yet in use", []receipt.Key{{Public: signer.Public(), From: at.Add(time.Second)}}, receipt.ErrKeyPeriod},
		{"no longer in use", []receipt.Key{{Public: signer.Public(), Until: at}}, receipt.ErrKeyPeriod},
		{"taken out", []receipt.Key{{Public: next.Public()}}, receipt.ErrUnknownKey},
		{"none", nil, receipt.ErrUnknownKey},
		{"another key of the name", []receipt.Key{{ID: signer.KeyID(), Public: next.Public()}}, receipt.ErrSignature},
		{"another name of the key", []receipt.Key{{ID: "k", Public: signer.Public()}}, receipt.ErrUnknownKey},
	} {
		if got, err := ringOf(t, c.keys...).Verify(token, stream); !errors.Is(err, c.want) || (err == nil) == reflect.DeepEqual(got, receipt.Receipt{}) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestKeysThatCannotBe(t *testing.T) {
	key := signerOf(t, 1).Public()
	for name, c := range map[string]struct {
		keys []receipt.Key
		want error
	}{
		"short":  {[]receipt.Key{{Public: key[:31]}}, privacy.ErrInvalid},
		"long":   {[]receipt.Key{{Public: append(key[:32:32], 0)}}, privacy.ErrInvalid},
		"period": {[]receipt.Key{{Public: key, From: moment, Until: moment}}, privacy.ErrInvalid},
		"twice":  {[]receipt.Key{{Public: key}, {Public: key, From: moment}}, privacy.ErrExists},
	} {
		if _, err := receipt.NewKeyring(c.keys...); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := receipt.NewSigner(ed25519.PrivateKey("short")); !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("a short private key: %v", err)
	}
}

// A key that is used is nobody's to change.
func TestKeysShareNothing(t *testing.T) {
	token, signer := signed(t)
	public := signer.Public()
	ring := ringOf(t, receipt.Key{Public: public})
	public[0]++
	if _, err := ring.Verify(token, stream); err != nil {
		t.Errorf("the keyring changed with the slice of its caller: %v", err)
	}
	private := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	mine, err := receipt.NewSigner(private)
	ok(t, err)
	name := mine.KeyID()
	private[ed25519.SeedSize]++
	mine.Public()[0]++
	if mine.KeyID() != name {
		t.Error("the signer changed with the slice of its caller")
	}
}

func TestAReceiptThatIsTooLongIsNotSigned(t *testing.T) {
	document, _ := made(t)
	document.Records[0].Processes[0].Title = strings.Repeat("a", receipt.MaxSigned)
	if got, err := receipt.Sign(t.Context(), signerOf(t, 1), document); !errors.Is(err, privacy.ErrInvalid) || got != "" {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

// broken signs something else.
type broken struct{ receipt.Signer }

func (b broken) Sign(ctx context.Context, message []byte) ([]byte, error) {
	return b.Signer.Sign(ctx, message[1:])
}

func TestASignatureIsCheckedBeforeItIsGivenAway(t *testing.T) {
	document, _ := made(t)
	if _, err := receipt.Sign(t.Context(), broken{signerOf(t, 1)}, document); !errors.Is(err, receipt.ErrSignature) {
		t.Errorf("got %v", err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := receipt.Sign(cancelled, signerOf(t, 1), document); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if _, err := receipt.Sign(t.Context(), signerOf(t, 1), receipt.Receipt{}); !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("an empty receipt: %v", err)
	}
}

// keyless has no key that a signature could fit.
type keyless struct{ receipt.Signer }

func (keyless) Public() ed25519.PublicKey { return nil }

func TestASignerWithoutAKeySignsNothing(t *testing.T) {
	document, _ := made(t)
	if _, err := receipt.Sign(t.Context(), keyless{signerOf(t, 1)}, document); !errors.Is(err, receipt.ErrSignature) {
		t.Errorf("got %v", err)
	}
}

func FuzzVerify(f *testing.F) {
	token, signer := signed(f)
	ring := ringOf(f, receipt.Key{Public: signer.Public()})
	f.Add(token)
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, text string) {
		verified, err := ring.Verify(text, stream)
		if err != nil {
			return
		}
		// The salts of the events differ from process to process, signatures of
		// the same receipt do not.
		if again, err := receipt.Sign(t.Context(), signer, verified); err != nil || again != text {
			t.Errorf("a receipt was believed that was not signed so: %v", err)
		}
	})
}

func FuzzDecode(f *testing.F) {
	document, _ := made(f)
	data, err := document.Encode()
	ok(f, err)
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		decoded, err := receipt.Decode(data)
		if err != nil {
			return
		}
		again, err := decoded.Encode()
		if err != nil || string(again) != string(data) {
			t.Errorf("it comes out as something else: %v", err)
		}
	})
}

func BenchmarkSign(b *testing.B) {
	document, _ := made(b)
	signer := signerOf(b, 1)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := receipt.Sign(b.Context(), signer, document); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	token, signer := signed(b)
	ring := ringOf(b, receipt.Key{Public: signer.Public()})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ring.Verify(token, stream); err != nil {
			b.Fatal(err)
		}
	}
}

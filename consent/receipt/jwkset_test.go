package receipt_test

import (
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/labelop/privacykit/consent/receipt"
	"github.com/labelop/privacykit/privacy"
)

func published(t testing.TB, ring *receipt.Keyring) []byte {
	t.Helper()
	data, err := json.Marshal(ring)
	ok(t, err)
	return data
}

// The key of RFC 8037, appendix A.2, with the thumbprint of its appendix A.3.
func TestAKeyIsPublishedAsRFC8037WritesIt(t *testing.T) {
	public, err := hex.DecodeString("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
	ok(t, err)
	const want = `{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k","use":"sig","alg":"EdDSA","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`
	if got := string(published(t, ringOf(t, receipt.Key{Public: public}))); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := string(published(t, ringOf(t))); got != `{"keys":[]}` {
		t.Errorf("without keys: %s", got)
	}
}

// What is read verifies what the original verifies, also at the edges of the
// periods of keys.
func TestAPublishedKeyringComesBack(t *testing.T) {
	document, _ := made(t)
	created := document.Created
	first, second := signerOf(t, 1), signerOf(t, 2)
	for name, period := range map[string]struct {
		from, until time.Time
		valid       bool
	}{
		"always":            {time.Time{}, time.Time{}, true},
		"from now":          {created, time.Time{}, true},
		"from just after":   {created.Add(time.Nanosecond), time.Time{}, false},
		"from just before":  {created.Add(-time.Nanosecond), time.Time{}, true},
		"until now":         {time.Time{}, created, false},
		"until just after":  {time.Time{}, created.Add(time.Nanosecond), true},
		"until just before": {time.Time{}, created.Add(-time.Nanosecond), false},
	} {
		ring := ringOf(t, receipt.Key{Public: first.Public(), From: period.from, Until: period.until}, receipt.Key{ID: "the next", Public: second.Public()})
		read, err := receipt.ReadKeyring(published(t, ring))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, signer := range []receipt.Signer{first, signerOf(t, 3)} {
			token, err := receipt.Sign(t.Context(), signer, document)
			ok(t, err)
			_, want := ring.Verify(token, stream)
			_, got := read.Verify(token, stream)
			if fmt.Sprint(got) != fmt.Sprint(want) || (got == nil) != (signer.KeyID() == first.KeyID() && period.valid) {
				t.Errorf("%s: %v, the original %v", name, got, want)
			}
		}
		if again := published(t, read); string(again) != string(published(t, read)) {
			t.Errorf("%s: another set the second time", name)
		}
	}
}

const sound = `"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"k"`

func TestKeysOfOthersArePassedOver(t *testing.T) {
	ring, err := receipt.ReadKeyring([]byte(`{"issuer":"https://labelop.example","keys":[
		{"kty":"RSA","n":"AQAB","e":"AQAB"},{"kty":"OKP","crv":"X25519","x":"AQAB"},{` + sound + `,"x5u":"https://labelop.example"}]}`))
	ok(t, err)
	if got := published(t, ring); strings.Count(string(got), `"kty"`) != 1 || !strings.Contains(string(got), `"kid":"k"`) {
		t.Errorf("got %s", got)
	}
}

// The names of members have a case: what differs in it is another member, which
// does not count.
func TestMembersOfAnotherCaseArePassedOver(t *testing.T) {
	evil := encode(strings.Repeat("e", 32))
	ring, err := receipt.ReadKeyring([]byte(`{"KEYS":[{` + strings.Replace(sound, `"k"`, `"evil"`, 1) + `}],"keys":[{` + sound +
		`,"X":"` + evil + `","Kid":"evil","KTY":"RSA","EXP":1,"key_ops":["verify"]}],"kEYS":[]}`))
	ok(t, err)
	want, err := receipt.ReadKeyring([]byte(`{"keys":[{` + sound + `}]}`))
	ok(t, err)
	if !reflect.DeepEqual(ring, want) {
		t.Errorf("got %s", published(t, ring))
	}
}

func TestWhatIsNoJWKSet(t *testing.T) {
	set := func(keys ...string) string { return `{"keys":[` + strings.Join(keys, ",") + `]}` }
	for name, text := range map[string]string{
		"nothing":                 "",
		"no JSON":                 "key",
		"another document":        `["keys"]`,
		"two lists of keys":       `{"keys":[],"keys":[{` + sound + `}]}`,
		"no keys":                 set(),
		"none of ours":            set(`{"kty":"RSA"}`),
		"a curve of another kind": set(strings.Replace(`{`+sound+`}`, "OKP", "EC", 1)),
		"no object":               set(`"key"`),
		"null among the keys":     set("null", `{`+sound+`}`),
		"a name twice":            set(`{`+sound+`}`, `{`+sound+`}`),
		"no name":                 set(strings.Replace(`{`+sound+`}`, `"kid":"k"`, `"kid":""`, 1)),
		"a private key":           set(`{` + sound + `,"d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}`),
		"a key for encryption":    set(`{` + sound + `,"use":"enc"}`),
		"a key for something":     set(`{` + sound + `,"alg":"ES256"}`),
		"a short key":             set(`{"kty":"OKP","crv":"Ed25519","x":"AQAB","kid":"k"}`),
		"a padded key":            set(strings.Replace(`{`+sound+`}`, `URo"`, `URo="`, 1)),
		"an ambiguous key":        set(strings.Replace(`{`+sound+`}`, `URo"`, `URp"`, 1)),
		"a period of text":        set(`{` + sound + `,"exp":"2026"}`),
		"a period of parts":       set(`{` + sound + `,"exp":1.5}`),
		"a period before 1970":    set(`{` + sound + `,"nbf":-1}`),
		"a period that never is":  set(`{` + sound + `,"nbf":9223372036854775807}`),
		"an empty period":         set(`{` + sound + `,"nbf":20,"exp":20}`),
		"a key to derive others":  set(`{` + sound + `,"key_ops":["deriveKey"]}`),
		"a key for nothing":       set(`{` + sound + `,"key_ops":[]}`),
		"a period of nothing":     set(`{` + sound + `,"exp":null}`),
		"a name in capitals":      set(strings.Replace(`{`+sound+`}`, `"kid"`, `"KID"`, 1)),
		"keys in capitals":        `{"Keys":[{` + sound + `}]}`,
		"too long":                set(`{` + sound + `}` + strings.Repeat(" ", receipt.MaxSigned)),
	} {
		ring, err := receipt.ReadKeyring([]byte(text))
		if ring != nil || err == nil || (!isInvalid(err) && name != "a name twice") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzReadKeyring(f *testing.F) {
	f.Add([]byte(`{"keys":[{` + sound + `,"nbf":1,"exp":2}]}`))
	f.Add([]byte(`{"keys":[{"kty":"RSA"},{` + sound + `}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		ring, err := receipt.ReadKeyring(data)
		if err != nil {
			return
		}
		again, err := receipt.ReadKeyring(published(t, ring))
		if err != nil || !reflect.DeepEqual(again, ring) {
			t.Errorf("another keyring came back: %v", err)
		}
	})
}

// ExampleReadKeyring verifies with the keys that an operator publishes.
func ExampleReadKeyring() {
	signer := must(receipt.NewSigner(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))))
	set := must(json.Marshal(must(receipt.NewKeyring(receipt.Key{Public: signer.Public(), From: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}))))
	fmt.Println(string(set))
	_, err := must(receipt.ReadKeyring(set)).Verify("a.forged.receipt", stream)
	fmt.Println(err)
	// Output:
	// {"keys":[{"kty":"OKP","crv":"Ed25519","kid":"9ZP03Nu8GrXPAUkbKNxHOKBzxPX83SShgFkRNK-f2lw","use":"sig","alg":"EdDSA","x":"O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik","nbf":1767225600}]}
	// receipt: not a signed receipt: invalid
}

func isInvalid(err error) bool { return errors.Is(err, privacy.ErrInvalid) }

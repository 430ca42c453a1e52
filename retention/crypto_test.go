package retention_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
)

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	data, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	noError(t, err)
	return data
}

// RFC 4231, section 4, test cases 1, 2, 3, 4, 6 and 7.
func TestMACAgainstRFC4231(t *testing.T) {
	long := bytes.Repeat([]byte{0xaa}, 131)
	cases := []struct {
		key, data []byte
		want      string
	}{
		{bytes.Repeat([]byte{0x0b}, 20), []byte("Hi There"), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
		{[]byte("Jefe"), []byte("what do ya want for nothing?"), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
		{bytes.Repeat([]byte{0xaa}, 20), bytes.Repeat([]byte{0xdd}, 50), "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
		{unhex(t, "0102030405060708090a0b0c0d0e0f10111213141516171819"), bytes.Repeat([]byte{0xcd}, 50), "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
		{long, []byte("Test Using Larger Than Block-Size Key - Hash Key First"), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
		{long, []byte("This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being used by the HMAC algorithm."), "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
	}
	for i, c := range cases {
		equal(t, c.want, hex.EncodeToString(retention.MAC(c.key, c.data)), i)
	}
}

// McGrew and Viega, The Galois/Counter Mode of Operation, test cases 13, 14 and 16.
func TestGCMAgainstPublishedVectors(t *testing.T) {
	zeros := strings.Repeat("00", 32)
	key := "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"
	cases := []struct{ key, nonce, plain, bound, want string }{
		{zeros, zeros[:24], "", "", "530f8afbc74536b9a963b4f1c4cb738b"},
		{zeros, zeros[:24], zeros[:32], "", "cea7403d4d606b6e074ec5d3baf39d18 d0d1c8a799996bf0265b98b5d48ab919"},
		{key, "cafebabefacedbaddecaf888",
			"d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
			"feedfacedeadbeeffeedfacedeadbeefabaddad2",
			"522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662 76fc6ece0f4e1768cddf8853bb2d551b"},
	}
	for i, c := range cases {
		aead, err := retention.GCM(unhex(t, c.key))
		noError(t, err)
		got := aead.Seal(nil, unhex(t, c.nonce), unhex(t, c.plain), unhex(t, c.bound))
		equal(t, strings.ReplaceAll(c.want, " ", ""), hex.EncodeToString(got), i)
	}
	_, err := retention.GCM(make([]byte, 16))
	errorIs(t, err, privacy.ErrInvalid)
}

func TestPseudonyms(t *testing.T) {
	old, young := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	before, err := retention.NewPseudonymiser("2025", map[string][]byte{"2025": old})
	noError(t, err)
	after, err := retention.NewPseudonymiser("2026", map[string][]byte{"2025": old, "2026": young})
	noError(t, err)
	old[0] = 9 // the pseudonymiser has copies
	p := before.Pseudonym("mail", "a@example.org")
	equal(t, p, before.Pseudonym("mail", "a@example.org"))
	isTrue(t, p != before.Pseudonym("log", "a@example.org"), "domains cannot be joined")
	isTrue(t, before.Pseudonym("ab", "c") != before.Pseudonym("a", "bc"))
	isTrue(t, after.Matches(p, "mail", "a@example.org"), "of the key before")
	isTrue(t, !after.Matches(p, "mail", "b@example.org"))
	isTrue(t, !after.Matches("2024"+p[4:], "mail", "a@example.org"), "of no key")
	isTrue(t, after.Outdated(p) && !after.Outdated(after.Pseudonym("mail", "x")))
	for name, keys := range map[string]map[string][]byte{"2025": {}, "a.b": {"a.b": young}, "short": {"short": young[:31]}, "": {"": young}} {
		_, err := retention.NewPseudonymiser(name, keys)
		errorIs(t, err, privacy.ErrInvalid, name)
	}
}

// keyStore is a KeyStore in memory.
type keyStore struct {
	mu       sync.Mutex
	keys     map[string]retention.Key
	noCopies bool
	made     int
}

func (s *keyStore) Ensure(_ context.Context, tenant privacy.TenantID, subject privacy.SubjectID) (retention.Key, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := string(tenant) + "/" + string(subject)
	if key, ok := s.keys[name]; ok {
		return key, nil
	}
	s.made++
	secret := sha256.Sum256([]byte{byte(s.made)})
	s.keys[name] = retention.Key{ID: fmt.Sprint("key-", s.made), Secret: secret[:]}
	return s.keys[name], nil
}

func (s *keyStore) Key(_ context.Context, tenant privacy.TenantID, id string) (retention.Key, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, key := range s.keys {
		if key.ID == id && strings.HasPrefix(name, string(tenant)+"/") {
			return key, nil
		}
	}
	return retention.Key{}, privacy.ErrNotFound
}

func (s *keyStore) Destroy(_ context.Context, tenant privacy.TenantID, subject privacy.SubjectID) ([]retention.KeyDestruction, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := string(tenant) + "/" + string(subject)
	key, ok := s.keys[name]
	if !ok {
		return nil, nil
	}
	delete(s.keys, name)
	return []retention.KeyDestruction{{KeyID: key.ID, DestroyedAt: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), Proof: "log-7", NoCopies: s.noCopies}}, nil
}

func TestEnvelope(t *testing.T) {
	ctx := t.Context()
	store := &keyStore{keys: map[string]retention.Key{}}
	e := retention.NewEnvelope(store)
	plain := []byte("a face")
	sealed, err := e.Seal(ctx, "t1", "s1", "images/7", plain)
	noError(t, err)
	other, err := e.Seal(ctx, "t1", "s2", "images/8", plain)
	noError(t, err)
	again, err := e.Seal(ctx, "t1", "s1", "images/7", plain)
	noError(t, err)
	isTrue(t, !bytes.Equal(sealed, again) && !bytes.Contains(sealed, plain))
	got, err := e.Open(ctx, "t1", "images/7", sealed)
	noError(t, err)
	equal(t, plain, got)

	_, err = e.Open(ctx, "t1", "images/8", sealed)
	errorIs(t, err, privacy.ErrInvalid, "another place")
	_, err = e.Open(ctx, "t2", "images/7", sealed)
	errorIs(t, err, privacy.ErrNotFound, "another tenant")
	for i := range sealed {
		altered := bytes.Clone(sealed)
		altered[i] ^= 1
		_, err := e.Open(ctx, "t1", "images/7", altered)
		isTrue(t, err != nil, "altered at ", i)
		_, err = e.Open(ctx, "t1", "images/7", sealed[:i])
		isTrue(t, err != nil, "cut at ", i)
	}

	destroyed, effect, err := e.Shred(ctx, "t1", "s1")
	noError(t, err)
	equal(t, "key-1", destroyed[0].KeyID)
	isTrue(t, !effect.CountsAsErasure, "a copy of the key may remain")
	_, err = e.Open(ctx, "t1", "images/7", sealed)
	errorIs(t, err, privacy.ErrNotFound, "shredded")
	store.noCopies = true
	_, effect, err = e.Shred(ctx, "t1", "s2")
	noError(t, err)
	isTrue(t, effect.CountsAsErasure)
	equal(t, "2026-03-01", effect.CompleteOn.String())
	_, err = e.Open(ctx, "t1", "images/8", other)
	errorIs(t, err, privacy.ErrNotFound)
	_, effect, err = e.Shred(ctx, "t1", "nobody")
	noError(t, err)
	isTrue(t, !effect.CountsAsErasure, "no key, no destruction")
}

func FuzzEnvelopeOpen(f *testing.F) {
	store := &keyStore{keys: map[string]retention.Key{}}
	e := retention.NewEnvelope(store)
	sealed, err := e.Seal(f.Context(), "t1", "s1", "p", []byte("x"))
	noError(f, err)
	f.Add(sealed)
	f.Add([]byte{1, 255})
	f.Fuzz(func(t *testing.T, data []byte) {
		// The seed is sealed anew in every process; nothing else was ever sealed.
		if plain, err := e.Open(t.Context(), "t1", "p", data); err == nil {
			equal(t, []byte("x"), plain)
		}
	})
}

func TestGeneralise(t *testing.T) {
	date := privacy.MustDate("1984-05-17")
	for precision, want := range map[retention.Precision]string{0: "", retention.PrecisionDecade: "1980s", retention.PrecisionYear: "1984", retention.PrecisionQuarter: "1984-Q2", retention.PrecisionMonth: "1984-05"} {
		equal(t, want, retention.GeneraliseDate(date, precision))
	}
	equal(t, "", retention.GeneraliseDate(privacy.Date{}, retention.PrecisionYear))
	for address, want := range map[string]string{
		"203.0.113.77": "203.0.113.0/24", "::ffff:203.0.113.77": "203.0.113.0/24", "2001:db8:1:2::3": "2001:db8:1::/48", "fe80::1%eth0": "fe80::/48",
	} {
		equal(t, want, retention.GeneraliseIP(netip.MustParseAddr(address)).String())
	}
	isTrue(t, !retention.GeneraliseIP(netip.Addr{}).IsValid())
	latitude, longitude, err := retention.GeneraliseLocation(52.5163, -13.3777, 0.5)
	noError(t, err)
	equal(t, []float64{52.75, -13.25}, []float64{latitude, longitude})
	latitude, _, err = retention.GeneraliseLocation(90, 0, 1)
	noError(t, err)
	equal(t, 90.0, latitude, "not beyond the pole")
	for _, bad := range [][3]float64{{91, 0, 1}, {0, -181, 1}, {0, 0, 0}, {0, 0, 91}} {
		_, _, err := retention.GeneraliseLocation(bad[0], bad[1], bad[2])
		errorIs(t, err, privacy.ErrInvalid)
	}
}

func TestErasureGroundsTableLoads(t *testing.T) {
	table, err := retention.ErasureGrounds()
	noError(t, err)
	equal(t, 7, len(table.Grounds))
	isTrue(t, table.Citation != "" && !table.AsOf.IsZero())
}

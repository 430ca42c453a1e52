package retention

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"strings"

	"github.com/labelop/privacykit/privacy"
)

// minKeyLength is the length of the hash: a shorter key weakens HMAC (RFC 2104).
const minKeyLength = sha256.Size

// Pseudonymiser replaces identifiers by keyed hashes (HMAC-SHA-256). The same
// identifier gives the same pseudonym, so that joins go on working; without the
// key it leads nowhere. Pseudonyms remain personal data as long as a key exists
// (GDPR recital 26): destroying all keys is what may make them anonymous. It is
// immutable and safe for concurrent use.
type Pseudonymiser struct {
	current string
	keys    map[string][]byte
}

// NewPseudonymiser returns a pseudonymiser that makes pseudonyms with the key
// called current and recognises those of all keys. Names of keys have no dot;
// keys have at least 32 bytes and should be random. The error matches
// privacy.ErrInvalid.
//
// To rotate, add a key and make it current; when nothing that was made with an
// old key remains, leave that out.
func NewPseudonymiser(current string, keys map[string][]byte) (*Pseudonymiser, error) {
	p := &Pseudonymiser{current: current, keys: maps.Clone(keys)}
	if p.keys[current] == nil {
		return nil, fmt.Errorf("retention: no key has the current name: %w", privacy.ErrInvalid)
	}
	for name, key := range p.keys {
		if err := privacy.CheckID("name of a key", name); err != nil {
			return nil, fmt.Errorf("retention: %w", err)
		}
		if strings.Contains(name, ".") {
			return nil, fmt.Errorf("retention: the name of a key has no dot: %w", privacy.ErrInvalid)
		}
		if len(key) < minKeyLength {
			return nil, fmt.Errorf("retention: a key has at least %d bytes: %w", minKeyLength, privacy.ErrInvalid)
		}
		p.keys[name] = append([]byte(nil), key...)
	}
	return p, nil
}

// Pseudonym returns the pseudonym of a value in a domain, such as a column, as
// "key.hash". Pseudonyms of different domains cannot be joined.
func (p *Pseudonymiser) Pseudonym(domain, value string) string {
	return p.with(p.current, domain, value)
}

// Matches reports whether a pseudonym is that of a value, made with any of the keys.
func (p *Pseudonymiser) Matches(pseudonym, domain, value string) bool {
	name, _, _ := strings.Cut(pseudonym, ".")
	return p.keys[name] != nil && hmac.Equal([]byte(pseudonym), []byte(p.with(name, domain, value)))
}

// Outdated reports whether a pseudonym was made with another key than the current
// one, or by nobody here.
func (p *Pseudonymiser) Outdated(pseudonym string) bool {
	name, _, _ := strings.Cut(pseudonym, ".")
	return name != p.current
}

func (p *Pseudonymiser) with(name, domain, value string) string {
	return name + "." + base64.RawURLEncoding.EncodeToString(mac(p.keys[name], joined(domain, value)))
}

// joined keeps ("a", "bc") and ("ab", "c") apart.
func joined(parts ...string) []byte {
	var data []byte
	for _, part := range parts {
		data = fmt.Appendf(data, "%d:%s", len(part), part)
	}
	return data
}

func mac(key, data []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(data)
	return h.Sum(nil)
}

package receipt

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// jwk is a key of a JWK Set (RFC 7517) for Ed25519 (RFC 8037). "nbf" and "exp" are
// its period, in seconds since 1970, as OpenID Federation registered them.
type jwk struct {
	Type      string `json:"kty"`
	Curve     string `json:"crv"`
	ID        string `json:"kid"`
	Use       string `json:"use,omitempty"`
	Algorithm string `json:"alg,omitempty"`
	X         string `json:"x"`
	D         string `json:"d,omitempty"`
	From      *int64 `json:"nbf,omitempty"`
	Until     *int64 `json:"exp,omitempty"`
}

const (
	jwkType  = "OKP"
	jwkCurve = "Ed25519"
	jwkUse   = "sig"
)

// MarshalJSON returns the keys as a JWK Set (RFC 7517, RFC 8037), to be published
// where whoever holds a receipt finds it, in the order of their names. The
// periods of the keys go with them.
func (k *Keyring) MarshalJSON() ([]byte, error) {
	set := struct {
		Keys []jwk `json:"keys"`
	}{Keys: []jwk{}}
	for _, id := range slices.Sorted(maps.Keys(k.keys)) {
		key := k.keys[id]
		set.Keys = append(set.Keys, jwk{
			Type: jwkType, Curve: jwkCurve, ID: id, Use: jwkUse, Algorithm: Algorithm, X: encode(key.Public),
			From: seconds(key.From), Until: seconds(key.Until),
		})
	}
	return json.Marshal(set)
}

// seconds rounds up, which is exact for receipts: they are made in whole seconds.
func seconds(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	whole := t.Unix()
	if t.Nanosecond() > 0 {
		whole++
	}
	return &whole
}

// ReadKeyring reads a JWK Set, of which the keys for Ed25519 become the keyring;
// other keys, and members that are not known, are passed over, as RFC 7517 wants
// it. The error matches privacy.ErrInvalid for what is no JWK Set, is longer than
// MaxSigned, or has no such key, for a key without a name or that is malformed,
// one meant for something else than signatures, and a private key, which no set
// that is published may hold; and privacy.ErrExists for two keys of one name.
func ReadKeyring(data []byte) (*Keyring, error) {
	if len(data) > MaxSigned {
		return nil, fmt.Errorf("receipt: a JWK Set of more than %d bytes: %w", MaxSigned, privacy.ErrInvalid)
	}
	if _, err := privacy.CanonicalizeJSON(data); err != nil {
		return nil, errKeySet
	}
	var set map[string]json.RawMessage
	var elements []json.RawMessage
	if json.Unmarshal(data, &set) != nil || !take(set, map[string]any{"keys": &elements}) {
		return nil, errKeySet
	}
	var keys []Key
	for _, element := range elements {
		key, ours, err := readJWK(element)
		if err != nil {
			return nil, err
		}
		if ours {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("receipt: a JWK Set without a key for %s: %w", jwkCurve, privacy.ErrInvalid)
	}
	return NewKeyring(keys...)
}

var (
	errKeySet = fmt.Errorf("receipt: not a JWK Set: %w", privacy.ErrInvalid)
	errJWK    = fmt.Errorf("receipt: a key of the JWK Set cannot be used: %w", privacy.ErrInvalid)
)

// take reads the members of an object that are there, by their exact names, which
// json.Unmarshal is lenient about. It reports whether each has a value of its type.
func take(members map[string]json.RawMessage, into map[string]any) bool {
	for name, target := range into {
		value, present := members[name]
		if present && (string(value) == "null" || json.Unmarshal(value, target) != nil) {
			return false
		}
	}
	return true
}

// jwkVerify is the operation that a key is for, where a set says so.
const jwkVerify = "verify"

// readJWK reports whether a key is one for Ed25519, and returns it.
func readJWK(data []byte) (Key, bool, error) {
	var members map[string]json.RawMessage
	var read jwk
	if json.Unmarshal(data, &members) != nil || members == nil || !take(members, map[string]any{"kty": &read.Type, "crv": &read.Curve}) {
		return Key{}, false, errJWK
	}
	if read.Type != jwkType || read.Curve != jwkCurve {
		return Key{}, false, nil
	}
	operations := []string{jwkVerify}
	sound := take(members, map[string]any{
		"kid": &read.ID, "use": &read.Use, "key_ops": &operations, "alg": &read.Algorithm, "x": &read.X, "d": &read.D, "nbf": &read.From, "exp": &read.Until,
	})
	if !sound || read.ID == "" || read.D != "" || !slices.Contains(operations, jwkVerify) ||
		(read.Use != "" && read.Use != jwkUse) || (read.Algorithm != "" && read.Algorithm != Algorithm) {
		return Key{}, false, errJWK
	}
	key := Key{ID: read.ID}
	var err error
	if key.Public, err = base64.RawURLEncoding.Strict().DecodeString(read.X); err != nil {
		return Key{}, false, errJWK
	}
	from, fromOK := instant(read.From)
	until, untilOK := instant(read.Until)
	if !fromOK || !untilOK {
		return Key{}, false, errJWK
	}
	key.From, key.Until = from, until
	return key, true, nil
}

// lastSecond is the last that can be written with four digits for the year.
const lastSecond = 253402300799

// instant reads seconds since 1970. Far off, a time would wrap round.
func instant(whole *int64) (time.Time, bool) {
	if whole == nil {
		return time.Time{}, true
	}
	return time.Unix(*whole, 0).UTC(), *whole >= 0 && *whole <= lastSecond
}

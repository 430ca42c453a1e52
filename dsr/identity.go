package dsr

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// Challenge is how a case proves identity: a one-time code that was sent to an
// address which the service already holds of the subject, or another Proof. Of
// the code only a salted hash is kept. The identity that was proved lives as
// long as the case, unlike the code.
type Challenge struct {
	// Salt and Hash are in hexadecimal; empty once the code is used up.
	Salt string `json:"salt,omitempty"`
	Hash string `json:"hash,omitempty"`
	// Expires is when the code ends.
	Expires time.Time `json:"expires,omitzero"`
	// AttemptsLeft is how often the code can still be tried.
	AttemptsLeft int `json:"attempts_left,omitempty"`
	// Issued counts the codes of the case.
	Issued int `json:"issued"`
	// VerifiedAt is when the identity was proved, zero if it was not; Method is
	// by what.
	VerifiedAt time.Time `json:"verified_at,omitzero"`
	Method     Method    `json:"method,omitempty"`
}

// The limits of a challenge. With five attempts at each of ten codes a guess
// succeeds once in 2^40 / 50 cases.
const (
	// CodeLife is how long a code can be used.
	CodeLife = 15 * time.Minute
	// CodeAttempts is how often one can be tried.
	CodeAttempts = 5
	// CodesPerCase is how many a case can have.
	CodesPerCase = 10

	codeLength = 8
	// codeAlphabet has 32 characters, none of which is easily misread for another.
	codeAlphabet = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
)

// ErrCode reports a code that does not prove the identity: wrong, expired, used,
// or tried too often. It does not say which. It matches privacy.ErrDenied.
var ErrCode = fmt.Errorf("the code does not prove the identity: %w", privacy.ErrDenied)

// ErrTooManyCodes reports that a case has had all its codes; identity must be
// proved in another way. It matches privacy.ErrDenied.
var ErrTooManyCodes = fmt.Errorf("no more codes for this case: %w", privacy.ErrDenied)

// IssueCode gives a case that waits for identity a new code, which ends the one
// before, and returns it for the host to send. The code is nowhere else: it is
// neither in the case nor in its log. Where the law asks for more than a code
// the error matches ErrProof.
func (p *Procedure) IssueCode(c Case, at time.Time) (change Change, code string, err error) {
	switch {
	case c.Regime != p.regime.Version():
		return Change{}, "", errOtherVersion
	case !c.Blockers.Has(BlockerIdentity):
		return Change{}, "", fmt.Errorf("the case does not wait for identity: %w", privacy.ErrInvalid)
	case c.Identity != nil && c.Identity.Issued >= CodesPerCase:
		return Change{}, "", ErrTooManyCodes
	case !p.IdentityNeeds(c).Code:
		return Change{}, "", ErrProof
	}
	code, salt := newCode(), make([]byte, 16)
	_, _ = rand.Read(salt) // never fails
	next := c.clone()
	next.Version++
	issued := 1
	if c.Identity != nil {
		issued += c.Identity.Issued
	}
	next.Identity = &Challenge{
		Salt: hex.EncodeToString(salt), Hash: hashCode(c, hex.EncodeToString(salt), code),
		Expires: at.Add(CodeLife), AttemptsLeft: CodeAttempts, Issued: issued,
	}
	return Change{Case: next}, code, nil
}

// CheckCode tries a code. If it is right, the change confirms the identity; if
// not, the error matches ErrCode and the change, which counts the attempt, must
// be stored all the same. With any other error there is no change.
func (p *Procedure) CheckCode(c Case, code string, at time.Time) (Change, error) {
	switch {
	case c.Regime != p.regime.Version():
		return Change{}, errOtherVersion
	case c.Identity == nil || !c.Blockers.Has(BlockerIdentity):
		return Change{}, fmt.Errorf("the case does not wait for a code: %w", privacy.ErrInvalid)
	}
	tried := c.clone()
	challenge := tried.Identity
	right := challenge.AttemptsLeft > 0 && at.Before(challenge.Expires) &&
		subtle.ConstantTimeCompare([]byte(hashCode(c, challenge.Salt, code)), []byte(challenge.Hash)) == 1
	challenge.AttemptsLeft--
	if right || challenge.AttemptsLeft <= 0 {
		challenge.Salt, challenge.Hash, challenge.AttemptsLeft = "", "", 0
	}
	if !right {
		tried.Version++
		return Change{Case: tried}, ErrCode
	}
	challenge.VerifiedAt, challenge.Method = at, MethodCode
	return p.Handle(tried, Command{Event: EventIdentityConfirmed, Actor: ActorSystem, At: at})
}

// newCode returns a random code. Its alphabet has 32 characters, so that five
// bits of a byte choose each of them evenly.
func newCode() string {
	raw := make([]byte, codeLength)
	_, _ = rand.Read(raw) // never fails
	for i := range raw {
		raw[i] = codeAlphabet[raw[i]&31]
	}
	return string(raw)
}

// hashCode binds a code to its case, so that it proves nothing elsewhere. Lower
// case and spaces that people type are forgiven.
func hashCode(c Case, salt, code string) string {
	code = strings.ToUpper(strings.Join(strings.Fields(code), ""))
	sum := sha256.Sum256(fmt.Appendf(nil, "%d:%s%d:%s%s:%s", len(c.Tenant), c.Tenant, len(c.ID), c.ID, salt, code))
	return hex.EncodeToString(sum[:])
}
